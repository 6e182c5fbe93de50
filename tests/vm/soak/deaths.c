// SPDX-License-Identifier: GPL-2.0-only
/* Children that die, and some that only seem to. The parent sees the wait status of each. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static void waits(struct round *r)
{
	(void)r;
	for (;;)
		pause();
}

static int kills(pid_t pid)
{
	return kill(pid, SIGKILL);
}

static int terminates(pid_t pid)
{
	return kill(pid, SIGTERM);
}

/* left is 0 once the handler is there. */
static int terminates_when_ready(pid_t pid)
{
	while (__atomic_load_n(&round_now->left, __ATOMIC_ACQUIRE))
		usleep(500);
	return kill(pid, SIGTERM);
}

static void uses_null(struct round *r)
{
	(void)r;
	*(volatile int *)NULL = 1;
}

static void aborts(struct round *r)
{
	(void)r;
	abort();
}

static void divides(struct round *r)
{
	volatile int many = 1000, zero = 0; /* 1 / zero is done without a division */

	r->left = many / zero;
}

static void alarms(struct round *r)
{
	const struct itimerval t = {.it_value.tv_usec = 2000};

	setitimer(ITIMER_REAL, &t, NULL);
	waits(r);
}

static void writes_too_far(struct round *r)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/room/xfsz", dir);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	limit(RLIMIT_FSIZE, 0);
	tally(r, "fsize", write(fd, path, 1));
}

static void computes(struct round *r)
{
	volatile unsigned long n = 0;

	(void)r;
	limit(RLIMIT_CPU, 1);
	for (;;)
		n++;
}

static void calls_in_seccomp(struct round *r)
{
	(void)r;
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	syscall(SYS_getpid);
}

/* It is in a cgroup with 16 MiB. */
static void grows(struct round *r)
{
	char *p = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long i;

	(void)r;
	if (p == MAP_FAILED)
		fail("mmap");
	for (i = 0; i < 64 * MIB; i += PAGE)
		p[i] = 1;
}

static void exits(struct round *r)
{
	(void)r;
	_exit(137);
}

static void ends(int signal)
{
	_exit(128 + signal);
}

static void handles(struct round *r)
{
	signal(SIGTERM, ends);
	__atomic_store_n(&r->left, 0, __ATOMIC_RELEASE);
	waits(r);
}

static void raises(struct round *r)
{
	(void)r;
	raise(SIGTERM);
}

const struct death deaths[] = {
	{"killed", "signal", waits, kills},
	{"terminated", "signal", waits, terminates},
	{"null", "fault", uses_null, NULL},
	{"abort", "fault", aborts, NULL},
	{"division", "fault", divides, NULL},
	{"alarm", "signal", alarms, NULL},
	{"xfsz", "rlimit", writes_too_far, NULL},
	{"xcpu", "rlimit", computes, NULL},
	{"seccomp", "seccomp", calls_in_seccomp, NULL},
	{"oom", "oom-memcg", grows, NULL},
	{"exits", NULL, exits, NULL},
	{"handles", NULL, handles, terminates_when_ready},
	{"raises", NULL, raises, NULL},
	{0},
};
