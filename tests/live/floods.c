// SPDX-License-Identifier: GPL-2.0-only
/*
 * floods.c - repeats that look like those before them and are others': of a process that got the
 * number of one that has just ended, at the limit of another namespace, of another file system.
 * What is told of them must not be told of those.
 *
 *   floods KIND N M     is refused N times in the first way, then M times in the second, and prints
 *                       {"pid":PID,"n":N,"first":WHERE,"m":M,"second":WHERE}, which is a comm, a
 *                       namespace or a device. In namespaces of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 16

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* As struct clone_args of linux/sched.h, of 5.5: set_tid. */
static pid_t fork_as(pid_t want)
{
	uint64_t args[10] = {[4] = SIGCHLD, [8] = want ? (uintptr_t)&want : 0, [9] = want ? 1 : 0};

	return syscall(SYS_clone3, args, sizeof(args));
}

static void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		fail("a child");
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static void refuse_dups(const char *name, long n)
{
	prctl(PR_SET_NAME, name);
	for (long i = 0; i < n; i++)
		if (dup(1) >= 0 || errno != EMFILE)
			_exit(1);
	_exit(0);
}

static double same_pid_once(long n, long m, pid_t *ret)
{
	pid_t pid = fork_as(0);
	double ended;

	if (pid == 0)
		refuse_dups("first", n);
	wait_for(pid);
	ended = now_ms();
	if (fork_as(pid) == 0)
		refuse_dups("second", m);
	wait_for(pid);
	*ret = pid;
	return now_ms() - ended;
}

/* On one processor, one after the other in less than the 10 ms for which a verdict holds. */
static void same_pid(long n, long m)
{
	int tries = 200;
	cpu_set_t one;
	pid_t pid;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0 ||
	    setrlimit(RLIMIT_NOFILE, &(struct rlimit){LIMIT, LIMIT}) < 0)
		fail("a limit");
	while (dup(1) < LIMIT - 1)
		;
	while (same_pid_once(n, m, &pid) > 5)
		if (!--tries)
			fail("it takes too long");
	printf("{\"pid\":%d,\"n\":%ld,\"first\":\"first\",\"m\":%ld,\"second\":\"second\"}\n", pid,
	       n, m);
}

static void refuse_sets(long n)
{
	for (long i = 0; i < n; i++)
		if (semget(IPC_PRIVATE, 1, 0600) >= 0 || errno != ENOSPC)
			fail("semget was not refused");
}

static void own_sets(char *namespace)
{
	struct stat st;
	int fd;

	if (unshare(CLONE_NEWIPC) < 0)
		fail("unshare");
	fd = open("/proc/sys/kernel/sem", O_WRONLY);
	if (fd < 0 || write(fd, "250 1000 32 0", 13) != 13 || stat("/proc/self/ns/ipc", &st) < 0)
		fail("kernel.sem");
	close(fd);
	sprintf(namespace, "ipc:[%lu]", (unsigned long)st.st_ino);
}

static void namespaces(long n, long m)
{
	char first[32], second[32];
	int other;

	own_sets(first);
	other = open("/proc/self/ns/ipc", O_RDONLY);
	own_sets(second);
	if (setns(other, CLONE_NEWIPC) < 0)
		fail("setns");
	close(other);
	other = open("/proc/self/ns/ipc", O_RDONLY);
	refuse_sets(n);
	if (unshare(CLONE_NEWIPC) < 0)
		fail("unshare");
	close(other);
	own_sets(second);
	refuse_sets(m);
	printf("{\"pid\":%d,\"n\":%ld,\"first\":\"%s\",\"m\":%ld,\"second\":\"%s\"}\n", getpid(), n,
	       first, m, second);
}

/* A file that fills its file system. */
static int full_file(const char *dir, char *device)
{
	static const char page[4096];
	struct stat st;
	char path[64];
	int fd;

	if (mount("floods", dir, "tmpfs", 0, "size=4k,mode=700") < 0)
		fail("mount");
	snprintf(path, sizeof(path), "%s/full", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, page, sizeof(page)) != sizeof(page))
		fail("a full file system");
	if (fstat(fd, &st) < 0)
		fail("fstat");
	sprintf(device, "%u:%u", major(st.st_dev), minor(st.st_dev));
	return fd;
}

static void refuse_writes(int fd, long n)
{
	for (long i = 0; i < n; i++)
		if (write(fd, "x", 1) >= 0 || errno != ENOSPC)
			fail("write was not refused");
}

static void mounts(long n, long m)
{
	char device[32], other[32];
	int first, second;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail("unshare");
	first = full_file("/mnt", device);
	second = full_file("/media", other);
	refuse_writes(first, n);
	refuse_writes(second, m);
	printf("{\"pid\":%d,\"n\":%ld,\"first\":\"%s\",\"m\":%ld,\"second\":\"%s\"}\n", getpid(), n,
	       device, m, other);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(long n, long m);
	} kinds[] = {{"same-pid", same_pid}, {"namespaces", namespaces}, {"mounts", mounts}};

	for (size_t i = 0; argc == 4 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[1], kinds[i].name)) {
			kinds[i].run(atol(argv[2]), atol(argv[3]));
			return 0;
		}
	fprintf(stderr, "usage: floods same-pid|namespaces|mounts N M\n");
	return 2;
}
