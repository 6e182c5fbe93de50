// SPDX-License-Identifier: GPL-2.0-only
/*
 * makers.c - scenes for makers.sh: semaphore sets that a process made which is told, and one more
 * that is refused. Each in an IPC namespace of its own.
 *
 *   makers lives | ended | reused      prints "maker PID" and "refused", then stays until it is
 * ended
 *
 * reused: another process has the pid of the one that made them (ns_last_pid, as root of the
 * machine).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETS 4

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void limit_sets(void)
{
	FILE *f = fopen("/proc/sys/kernel/sem", "w");

	if (!f || fprintf(f, "250 32000 32 %d\n", SETS) < 0 || fclose(f))
		die("kernel.sem");
}

static void make_sets(void)
{
	prctl(PR_SET_NAME, "set-maker");
	for (int i = 0; i < SETS; i++)
		if (semget(IPC_PRIVATE, 1, IPC_CREAT | 0600) < 0)
			die("semget");
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

/* The next process gets this pid. */
static void take_pid(pid_t wanted)
{
	for (int i = 0; i < 100; i++) {
		FILE *f = fopen("/proc/sys/kernel/ns_last_pid", "w");
		pid_t pid;

		if (!f || fprintf(f, "%d", wanted - 1) < 0 || fclose(f))
			die("ns_last_pid");
		pid = child();
		if (pid == 0) {
			prctl(PR_SET_NAME, "impostor");
			pause();
		}
		if (pid == wanted)
			return;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	die("the pid was not given again");
}

int main(int argc, char **argv)
{
	const char *scene = argc == 2 ? argv[1] : "";
	int told[2];
	pid_t maker;
	char c;

	if (unshare(CLONE_NEWIPC) || pipe(told))
		die("unshare");
	limit_sets();
	maker = child();
	if (maker == 0) {
		make_sets();
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		if (strcmp(scene, "lives") == 0)
			pause();
		_exit(0);
	}
	if (read(told[0], &c, 1) != 1)
		die("the maker");
	if (strcmp(scene, "lives") != 0)
		waitpid(maker, NULL, 0);
	if (strcmp(scene, "reused") == 0) {
		usleep(50000); /* start times are told in ticks of 10 ms */
		take_pid(maker);
	}
	printf("maker %d\n", maker);
	if (semget(IPC_PRIVATE, 1, IPC_CREAT | 0600) >= 0 || errno != ENOSPC)
		die("semget was not refused");
	puts("refused");
	fflush(stdout);
	pause();
	return 0;
}
