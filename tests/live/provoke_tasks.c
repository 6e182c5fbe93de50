// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of processes: by pids.max, alone and at the instant of an OOM kill; by the limit of a
 * user; and an ordinary kill that must not be taken for one. Those of the host: provoke_pid.c.
 */
#define _GNU_SOURCE
#include "provoke_tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A user whom nothing else runs as; what an earlier provocation left is not counted for it. */
static uid_t nobody_else;
static struct attempt *attempt;

/* A process that does nothing, or -errno: here a refused fork is no failure. */
int fork_idle(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			pause();
		_exit(0);
	}
	return 0;
}

static int fork_one(void)
{
	return -fork_idle();
}

/* Forks until it is refused: how many it made; *err: why no more. */
static long fork_all(long most, int *err)
{
	long n = 0;

	while (n < most && !(*err = -fork_idle()))
		n++;
	return n;
}

/* ---- pids.max of a cgroup ---- */

/* Before 6.11 the refusal is counted in the cgroup of who forks. */
static void pids_truth(pid_t pid, long n, const struct group *g, const struct group *in, long limit)
{
	long events = group_get(g, "pids.events", "max");

	if (in)
		events += group_get(in, "pids.events", "max");
	truth(pid, n,
	      "\"pids_cgroup\":\"%s\",\"events_max\":%ld,"
	      "\"expect\":{\"resource\":\"pids\",\"errno\":\"EAGAIN\",\"syscall\":\"clone\","
	      "\"limit_name\":\"pids.max\",\"measure\":\"tasks\",\"held\":%ld,\"limit\":%ld,"
	      "\"asked\":1,\"limit_cgroup\":\"%s\",\"fix\":{\"re\":\"pids.max\"}}",
	      g->path, events, limit, limit, g->path);
	prove_child(attempt);
}

/* Fills the limit of `limited` from within `in`, and is refused n times. */
static pid_t fill_pids(const struct group *in, long limit, long n)
{
	int status, err = 0;
	pid_t pid;

	attempt = attempt_make();
	pid = spawn();
	if (!pid) {
		group_join(in);
		for (long i = 1; i < limit; i++)
			if (fork_idle())
				_exit(1);
		for (long i = 0; i < n; i++)
			if ((err = -fork_idle()) != EAGAIN)
				_exit(1);
		attempt_refused(attempt, err, fork_one);
	}
	status = attempt_wait(attempt, pid, &err);
	if (status || err != EAGAIN) {
		errno = err;
		fail("fork not refused");
	}
	return pid;
}

static int pids_max(int argc, char **argv)
{
	long limit = number(argc, argv, 0, 3), n = number(argc, argv, 1, 1);
	struct hierarchy h;
	struct group g;
	pid_t pid;

	find_hierarchy(&h, "pids");
	make_group(&g, &h, NULL, NULL);
	group_set(&g, "pids.max", "%ld", limit);
	pid = fill_pids(&g, limit, n);
	pids_truth(pid, n, &g, NULL, limit);
	return 0;
}

static int pids_max_often(int argc, char **argv)
{
	char *args[] = {"3", "100"};

	(void)argc, (void)argv;
	return pids_max(2, args);
}

/* The limit is that of the cgroup above, and not the larger one of its own. */
static int pids_max_parent(int argc, char **argv)
{
	struct group above, below;
	struct hierarchy h;
	pid_t pid;

	(void)argc, (void)argv;
	find_hierarchy(&h, "pids");
	make_group(&above, &h, NULL, NULL);
	make_group(&below, &h, &above, "below");
	group_set(&above, "pids.max", "4");
	group_set(&below, "pids.max", "1000");
	pid = fill_pids(&below, 4, 1);
	pids_truth(pid, 1, &above, &below, 4);
	return 0;
}

/* From outside into a cgroup that is full: clone3(CLONE_INTO_CGROUP), as service managers do. */
static int pids_into_cgroup(int argc, char **argv)
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	struct hierarchy h;
	struct group g;
	long pid;
	int fd;

	(void)argc, (void)argv;
	find_hierarchy(&h, "pids");
	if (h.version != 2)
		skip("CLONE_INTO_CGROUP is for cgroup v2");
	make_group(&g, &h, NULL, NULL);
	group_set(&g, "pids.max", "0");
	fd = open(g.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	args.cgroup = fd;
	pid = fd < 0 ? -1 : syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(1);
	if (fd < 0 || pid > 0 || errno != EAGAIN)
		fail("clone3 not refused");
	truth(getpid(), 1,
	      "\"pids_cgroup\":\"%s\",\"expect\":{\"resource\":\"pids\",\"errno\":"
	      "\"EAGAIN\",\"syscall\":\"clone3\",\"held\":0,\"limit\":0,\"limit_cgroup\":\"%s\"}",
	      g.path, g.path);
	return 0;
}

/* ---- the limit of a user ---- */

static void become(uid_t uid, long soft, long hard)
{
	struct rlimit r = {soft, hard};

	if (setrlimit(RLIMIT_NPROC, &r) || setgid(uid) || setuid(uid))
		_exit(77);
	/* setuid cleared it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Runs `refused` as a user of its own; it returns the errno. */
static pid_t as_user(long soft, long hard, int (*refused)(void), int (*again)(void))
{
	int status, err;
	pid_t pid;

	attempt = attempt_make();
	pid = spawn();

	if (!pid) {
		become(nobody_else, soft, hard);
		attempt_refused(attempt, refused(), again);
	}
	status = attempt_wait(attempt, pid, &err);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("setuid");
	if (status || err != EAGAIN) {
		errno = err;
		fail("not refused");
	}
	return pid;
}

static int fork_four(void)
{
	int err;

	return fork_all(3, &err) == 3 ? -fork_idle() : err;
}

static int nproc(int argc, char **argv)
{
	pid_t pid;

	(void)argc, (void)argv;
	nobody_else = 100000 + getpid();
	pid = as_user(4, 64, fork_four, fork_one);
	truth(pid, 1,
	      "\"expect\":{\"resource\":\"nproc\",\"errno\":\"EAGAIN\",\"syscall\":\"clone\","
	      "\"limit_name\":\"RLIMIT_NPROC\",\"measure\":\"tasks\",\"held\":4,\"limit\":4,"
	      "\"limit_hard\":64,\"asked\":1,\"limit_uid\":%d,\"uid\":%d,\"namespace\":null,"
	      "\"fix\":{\"re\":\"prlimit --pid %d --nproc=\"}}",
	      nobody_else, nobody_else, pid);
	prove_child(attempt);
	return 0;
}

/* setuid() to a user who has too many already succeeds, and execve() then fails. */
static int exec_now(void)
{
	char *const args[] = {"true", NULL};

	execv("/proc/self/exe", args);
	return errno;
}

/* A program that starts returns nothing: a child that the limit holds for as well. */
static int exec_in_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (!pid)
		_exit(exec_now());
	status = reap(pid);
	/* started: provoke says that it knows no such failure */
	return WIFEXITED(status) && WEXITSTATUS(status) == 2 ? 0 : EAGAIN;
}

static int nproc_exec(int argc, char **argv)
{
	volatile int *there = shared(sizeof(*there));
	pid_t first[2], pid;

	(void)argc, (void)argv;
	nobody_else = 100000 + getpid();
	for (int i = 0; i < 2; i++) {
		first[i] = spawn();
		if (!first[i]) {
			become(nobody_else, 64, 64);
			__atomic_add_fetch(there, 1, __ATOMIC_SEQ_CST);
			for (;;)
				pause();
		}
	}
	while (*there < 2)
		usleep(1000);
	pid = as_user(1, 64, exec_now, exec_in_child);
	truth(pid, 1,
	      "\"expect\":{\"resource\":\"nproc\",\"errno\":\"EAGAIN\",\"syscall\":\"execve\","
	      "\"held\":3,\"limit\":1,\"limit_hard\":64,\"limit_uid\":%d}",
	      nobody_else);
	prove_child(attempt);
	for (int i = 0; i < 2; i++) {
		kill(first[i], SIGKILL);
		reap(first[i]);
	}
	return 0;
}

/* What a user may have in a namespace of his own is bounded by his limit when he made it. */
static int fork_in_userns(void)
{
	struct rlimit r = {64, 64};
	int err;

	if (unshare(CLONE_NEWUSER) || setrlimit(RLIMIT_NPROC, &r))
		return errno;
	return fork_all(8, &err) == 3 ? err : 0;
}

static int nproc_userns(int argc, char **argv)
{
	volatile int *err = shared(sizeof(*err));
	pid_t pid;

	(void)argc, (void)argv;
	nobody_else = 100000 + getpid();
	pid = spawn();
	if (!pid) {
		become(nobody_else, 4, 64);
		*err = fork_in_userns();
		_exit(0);
	}
	if (reap(pid) || *err != EAGAIN)
		skip("a user namespace does not count for the user who made it here");
	truth(pid, 1,
	      "\"expect\":{\"resource\":\"nproc\",\"errno\":\"EAGAIN\",\"held\":4,\"limit\":4,"
	      "\"limit_hard\":null,\"limit_uid\":%d,\"namespace\":null}",
	      nobody_else);
	return 0;
}

const struct provocation task_provocations[] = {
	{"pids-max", pids_max, "[LIMIT [N]] N forks at pids.max", "pids"},
	{"pids-max-often", pids_max_often, "100 of them", "pids"},
	{"pids-max-parent", pids_max_parent, "fork at pids.max of the cgroup above", "pids"},
	{"pids-into-cgroup", pids_into_cgroup, "clone3 into a full cgroup", "pids"},
	{"nproc", nproc, "fork at RLIMIT_NPROC", "nproc"},
	{"nproc-exec", nproc_exec, "execve at RLIMIT_NPROC, after setuid", "nproc"},
	{"nproc-userns", nproc_userns, "fork in a user namespace at its maker's limit", "nproc"},
	{0},
};
