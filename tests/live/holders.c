/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenes for the live tests of holders: a program that does not close what its
 * clients have closed, semaphore sets left behind by the dead, a storm. Each
 * prints the pid that is refused, and stays until its input ends.
 *
 * usage: holders close-wait N | dead-sets N | live-sets N | storm PROCESSES TIMES | crowd N
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void stay(void)
{
	char c;

	while (read(0, &c, 1) > 0)
		;
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void files(rlim_t n)
{
	struct rlimit r = {n, n};

	if (setrlimit(RLIMIT_NOFILE, &r))
		die("setrlimit");
}

static void close_wait(int n)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (s < 0 || bind(s, (void *)&a, size) || listen(s, 64) ||
	    getsockname(s, (void *)&a, &size))
		die("listen");
	if (child() == 0) {
		for (int i = 0; i < n; i++) {
			int fd = socket(AF_INET, SOCK_STREAM, 0);

			if (connect(fd, (void *)&a, size))
				break; /* refused for good: the server has no descriptor left */
			close(fd);
		}
		_exit(0);
	}
	/* What is open already, and room for n - 1: one connection cannot be accepted. */
	files((rlim_t)(n - 1) + (rlim_t)s + 1);
	for (int i = 0; i < n; i++)
		if (accept(s, NULL, NULL) < 0)
			break;
	if (errno != EMFILE)
		die("accept");
	printf("%d\n", getpid());
	fflush(stdout);
	stay();
}

static void limit_sets(int n)
{
	FILE *f = fopen("/proc/sys/kernel/sem", "w");

	if (!f || fprintf(f, "250 32000 32 %d\n", n) < 0 || fclose(f))
		die("kernel.sem");
}

static void make_set(void)
{
	int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

	if (id < 0 || semctl(id, 0, SETVAL, 1))
		die("semget");
}

/* An IPC namespace that lives by this descriptor alone, so that nobody old is in it. */
static int new_namespace(int n)
{
	int up[2], done[2], fd;
	char path[64], c;
	pid_t pid;

	if (pipe(up) || pipe(done))
		die("pipe");
	pid = child();
	if (pid == 0) {
		if (unshare(CLONE_NEWIPC))
			die("unshare");
		limit_sets(n);
		if (write(up[1], "x", 1) != 1 || read(done[0], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	if (read(up[0], &c, 1) != 1)
		exit(1);
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || write(done[1], "x", 1) != 1)
		die(path);
	waitpid(pid, NULL, 0);
	return fd;
}

/* Each set was made and operated by a process that is gone; the one refused comes later. */
static void dead_sets(int n, int after)
{
	int fd = new_namespace(n);
	pid_t refused = 0;

	if (!after) {
		refused = child();
		if (refused == 0) {
			if (setns(fd, CLONE_NEWIPC))
				die("setns");
			sleep(4);
			if (semget(IPC_PRIVATE, 1, IPC_CREAT | 0600) >= 0 || errno != ENOSPC)
				die("semget was not refused");
			printf("%d\n", getpid());
			fflush(stdout);
			stay();
			_exit(0);
		}
		usleep(100000);
	}
	for (int i = 0; i < n; i++) {
		pid_t pid = child();

		if (pid == 0) {
			if (setns(fd, CLONE_NEWIPC))
				die("setns");
			make_set();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	if (after) {
		sleep(4);
		refused = child();
		if (refused == 0) {
			if (setns(fd, CLONE_NEWIPC))
				die("setns");
			if (semget(IPC_PRIVATE, 1, IPC_CREAT | 0600) >= 0 || errno != ENOSPC)
				die("semget was not refused");
			printf("%d\n", getpid());
			fflush(stdout);
			stay();
			_exit(0);
		}
	}
	waitpid(refused, NULL, 0);
}

static void storm(int processes, int times)
{
	for (int i = 0; i < processes; i++) {
		if (child())
			continue;
		files(32);
		while (dup(0) >= 0)
			;
		for (int k = 1; k < times; k++)
			dup(0);
		sleep(2); /* the dead hold nothing */
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	printf("%d\n", getpid());
	fflush(stdout);
}

/* Many processes that do nothing; then one refusal whose holders are looked for among them all. */
static void crowd(int n)
{
	for (int i = 0; i < n; i++)
		if (child() == 0) {
			pause();
			_exit(0);
		}
	if (unshare(CLONE_NEWIPC))
		die("unshare");
	limit_sets(1);
	make_set();
	if (semget(IPC_PRIVATE, 1, IPC_CREAT | 0600) >= 0 || errno != ENOSPC)
		die("semget was not refused");
	printf("%d\n", getpid());
	fflush(stdout);
	stay();
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;

	if (n > 0 && !strcmp(argv[1], "close-wait"))
		close_wait(n);
	else if (n > 0 && !strcmp(argv[1], "dead-sets"))
		dead_sets(n, 1);
	else if (n > 0 && !strcmp(argv[1], "live-sets"))
		dead_sets(n, 0);
	else if (n > 0 && argc > 3 && !strcmp(argv[1], "storm"))
		storm(n, atoi(argv[3]));
	else if (n > 0 && !strcmp(argv[1], "crowd"))
		crowd(n);
	else
		return 2;
	return 0;
}
