// SPDX-License-Identifier: GPL-2.0-only
/* Tasks, signals, address space and locked memory. */
#define _GNU_SOURCE
#include "load.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int gate[2]; /* children end when its other end is closed: nobody needs to kill them */

static pid_t child_that_waits(struct round *r)
{
	pid_t pid;
	char c;

	if (pick(r, 2))
		pid = fork();
	else
		pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		close(gate[1]);
		_exit(read(gate[0], &c, 1) == 0 ? 0 : 1);
	}
	return pid;
}

static void fork_until(struct round *r, const char *resource)
{
	if (pipe(gate))
		fail("pipe");
	while (r->left > 0)
		tally(r, resource, child_that_waits(r));
	close(gate[1]);
	while (wait(NULL) > 0)
		;
}

static void nproc(struct round *r)
{
	limit(RLIMIT_NPROC, 3);
	fork_until(r, "nproc");
}

static bool prepare_pids(void)
{
	return !cgroup_v2() || set("/sys/fs/cgroup/cgroup.subtree_control", "+pids +memory");
}

/* A cgroup of this round: what its pids.events says is of this process alone. */
static void pids(struct round *r)
{
	fork_until(r, "pids");
}

static void signals(struct round *r)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};
	union sigval v = {0};
	sigset_t set;
	timer_t timer;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	limit(RLIMIT_SIGPENDING, 2);
	while (r->left > 0) {
		if (pick(r, 2))
			tally(r, "sigpending", sigqueue(getpid(), SIGRTMIN, v));
		else
			tally(r, "sigpending", timer_create(CLOCK_MONOTONIC, &event, &timer));
		tally(r, DECOY, sigqueue(getpid(), 1000, v));                 /* EINVAL */
		tally(r, DECOY, timer_create((clockid_t)77, &event, &timer)); /* EINVAL */
	}
}

static long map(size_t size, int prot, int flags)
{
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static void as(struct round *r)
{
	limit(RLIMIT_AS, 256 * MIB);
	while (r->left > 0)
		tally(r, "as", map((300 + pick(r, 100)) * MIB, PROT_READ, MAP_NORESERVE));
}

static void data(struct round *r)
{
	limit(RLIMIT_DATA, 8 * MIB);
	while (r->left > 0)
		tally(r, "data", map((16 + pick(r, 16)) * MIB, PROT_READ | PROT_WRITE, 0));
}

static void memlock(struct round *r)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	size_t size = MIB;
	void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	limit(RLIMIT_MEMLOCK, 64 << 10);
	if (p == MAP_FAILED)
		fail("mmap");
	while (r->left > 0) {
		tally(r, "memlock", mlock(p, size)); /* ENOMEM */
		if (r->left > 0)
			tally(r, "memlock", map(size, PROT_READ, MAP_LOCKED)); /* EAGAIN */
		tally(r, DECOY, mlock((void *)PAGE, PAGE)); /* ENOMEM: nothing is there */
		tally(r, DECOY, mlock(page, PAGE));
	}
}

/* A limit of 0 is EPERM (mm/mlock.c can_do_mlock()). */
static void memlock_none(struct round *r)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));

	limit(RLIMIT_MEMLOCK, 0);
	while (r->left > 0)
		tally(r, "memlock", mlock(page, PAGE));
}

/* The guest's script has set vm.max_map_count to 1000. Neighbours differ, so that none is merged.
 */
static void map_count(struct round *r)
{
	int i = 0;

	while (r->left > 0)
		tally(r, "map-count", map(PAGE, i++ & 1 ? PROT_READ : PROT_NONE, 0));
}

/* More than there is of memory and swap, in one piece (mm/util.c __vm_enough_memory()). */
static void commit(struct round *r)
{
	while (r->left > 0) {
		tally(r, "commit", map(1UL << (40 + pick(r, 4)), PROT_READ | PROT_WRITE, 0));
		tally(r, DECOY,
		      map(1UL << 57, PROT_READ, 0)); /* ENOMEM: there is no such address */
		tally(r, DECOY,
		      mprotect((void *)PAGE, PAGE, PROT_READ)); /* ENOMEM: nothing is there */
	}
}

static void hugepages(struct round *r)
{
	while (r->left > 0)
		tally(r, "hugepages", map(2 * MIB, PROT_READ | PROT_WRITE, MAP_HUGETLB));
}

const struct kind task_kinds[] = {
	{"nproc", "nproc", NULL, nproc, 1},
	{"pids", "pids", prepare_pids, pids, 0},
	{"sigpending", "sigpending", NULL, signals, 1},
	{"as", "as", NULL, as, 0},
	{"data", "data", NULL, data, 1},
	{"memlock", "memlock", NULL, memlock, 1},
	{"memlock-none", "memlock", NULL, memlock_none, 1},
	{"map-count", "map-count", NULL, map_count, 0},
	{"commit", "commit", NULL, commit, 0},
	{"hugepages", "hugepages", NULL, hugepages, 0},
	{0},
};
