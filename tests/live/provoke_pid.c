// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of processes by limits of the whole host (threads-max, pid_max) and of a pid namespace;
 * and forks that fail without a limit.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 2000

/* Children that wait, until one is refused: how many; *err: why no more. All of them end here, for
 * nobody else can fork as long as they are there. */
static long fork_until(long most, int *err)
{
	static pid_t made[MOST];
	long n = 0, i;

	*err = 0;
	while (n < most && n < MOST) {
		pid_t parent = getpid(), pid = fork();

		if (pid < 0) {
			*err = errno;
			break;
		}
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (getppid() == parent)
				pause();
			_exit(0);
		}
		made[n++] = pid;
	}
	for (i = 0; i < n; i++)
		kill(made[i], SIGKILL);
	for (i = 0; i < n; i++)
		waitpid(made[i], NULL, 0);
	return n;
}

static long tasks_now(void)
{
	char line[128];
	long n = -1;

	read_line("/proc/loadavg", line, sizeof(line));
	sscanf(line, "%*s %*s %*s %*d/%ld", &n);
	return n;
}

static long made_before;

static bool forks_more(void)
{
	int err;

	return fork_until(made_before + 1, &err) == made_before + 1;
}

static int threads_max(int argc, char **argv)
{
	long limit = tasks_now() + number(argc, argv, 0, 10);
	char text[32];
	int err;

	need_vm();
	snprintf(text, sizeof(text), "%ld", limit);
	write_until_exit("/proc/sys/kernel/threads-max", text);
	made_before = fork_until(MOST, &err);
	if (err != EAGAIN) {
		errno = err;
		fail("fork not refused");
	}
	/* The number of tasks is a sum that others take part in. */
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"threads-max\",\"errno\":\"EAGAIN\",\"syscall\":\"clone\","
	      "\"limit_name\":\"kernel.threads-max\",\"measure\":\"tasks\",\"limit\":%ld,\"asked\":"
	      "1,"
	      "\"held\":{\"min\":%ld,\"max\":%ld},"
	      "\"fix\":{\"re\":\"sysctl -w kernel.threads-max=\"}}",
	      limit, limit, limit + 2);
	prove(forks_more);
	return 0;
}

static int pid_max(int argc, char **argv)
{
	static const char last[] = "/proc/sys/kernel/ns_last_pid";
	long limit = number(argc, argv, 0, 700);
	char text[32];
	int err;

	need_vm();
	/* Undone last: the next pids are not those of earlier provocations. */
	read_line(last, text, sizeof(text));
	if (text[0])
		write_until_exit(last, text);
	snprintf(text, sizeof(text), "%ld", limit);
	write_until_exit("/proc/sys/kernel/pid_max", text);
	made_before = fork_until(MOST, &err);
	if (err != EAGAIN) {
		errno = err;
		fail("fork not refused");
	}
	/* The first 300 numbers are given out only once: they may be free. */
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"pid-max\",\"errno\":\"EAGAIN\",\"syscall\":\"clone\","
	      "\"limit_name\":\"kernel.pid_max\",\"measure\":\"pids\",\"limit\":%ld,\"asked\":1,"
	      "\"held\":{\"min\":%ld,\"max\":%ld},\"fix\":{\"re\":\"sysctl -w kernel.pid_max=\"}},"
	      "\"tracepoint\":{\"certain\":false}",
	      limit, limit - 300, limit);
	prove(forks_more);
	return 0;
}

struct told {
	struct attempt *attempt;
	long held;
	pid_t pid;
	gate set, go;
	char namespace[64];
};

/* 0 or errno */
static int fork_more(void)
{
	return forks_more() ? 0 : EAGAIN;
}

/* PID 1 of a namespace of its own, and all it can make. */
static void fill_namespace(struct told *t)
{
	pid_t pid;
	int err;

	if (unshare(CLONE_NEWPID))
		_exit(77);
	pid = fork();
	if (!pid) {
		ssize_t n = readlink("/proc/self/ns/pid_for_children", t->namespace,
				     sizeof(t->namespace) - 1);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		t->namespace[n > 0 ? n : 0] = '\0';
		if (write_file("/proc/sys/kernel/pid_max", "301"))
			_exit(1);
		gate_open(&t->set);
		gate_wait(&t->go);
		made_before = fork_until(MOST, &err);
		t->held = 1 + made_before;
		attempt_refused(t->attempt, err, fork_more);
	}
	t->pid = pid;
	_exit(reap(pid) ? 1 : 0);
}

/* Since 6.14 each pid namespace has a limit of its own; before, this sets the whole host's. */
static int pid_max_ns(int argc, char **argv)
{
	static const char path[] = "/proc/sys/kernel/pid_max";
	struct told *t = shared(sizeof(*t));
	long before = read_number(path, NULL);
	pid_t pid;
	int err;

	(void)argc, (void)argv;
	need_vm();
	t->attempt = attempt_make();
	pid = spawn();
	if (!pid)
		fill_namespace(t);
	gate_wait(&t->set);
	while (!*(volatile pid_t *)&t->pid)
		usleep(1000);
	if (read_number(path, NULL) != before) {
		write_file(path, "%ld", before);
		kill(t->pid, SIGKILL);
		reap(pid);
		skip("pid_max is the whole host's on this kernel");
	}
	gate_open(&t->go);
	if (attempt_wait(t->attempt, pid, &err) || err != EAGAIN) {
		errno = err;
		fail("fork not refused");
	}
	truth(t->pid, 1,
	      "\"expect\":{\"resource\":\"pid-max\",\"errno\":\"EAGAIN\",\"held\":%ld,\"limit\":"
	      "301,"
	      "\"namespace\":\"%s\",\"fix\":{\"re\":\"nsenter -t %d -p sysctl -w "
	      "kernel.pid_max=\"}},"
	      "\"tracepoint\":{\"certain\":false}",
	      t->held, t->namespace, t->pid);
	prove_child(t->attempt);
	return 0;
}

/* PID 1 of the namespace has exited: ENOMEM, which is no limit. */
static int pidns_dead(int argc, char **argv)
{
	volatile int *err = shared(sizeof(*err));
	pid_t pid = spawn();

	(void)argc, (void)argv;
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(77);
		pid = fork();
		if (!pid)
			_exit(0);
		reap(pid);
		pid = fork();
		if (!pid)
			_exit(0);
		*err = errno;
		_exit(0);
	}
	if (reap(pid))
		skip("unshare(CLONE_NEWPID)");
	if (*err != ENOMEM) {
		errno = *err;
		fail("fork not refused");
	}
	truth(pid, 1, "\"errno\":\"ENOMEM\",\"limit_reached\":false");
	return 0;
}

/* A task of SCHED_DEADLINE may not fork (sched_fork() of kernel/sched/core.c): EAGAIN. */
static int fork_deadline(int argc, char **argv)
{
	struct {
		unsigned int size, policy;
		unsigned long long flags;
		int nice;
		unsigned int priority;
		unsigned long long runtime, deadline, period;
	} attr = {sizeof(attr), 6, 0, 0, 0, 10000000, 100000000, 100000000};
	volatile int *err = shared(sizeof(*err));
	pid_t pid = spawn();

	(void)argc, (void)argv;
	if (!pid) {
		if (syscall(SYS_sched_setattr, 0, &attr, 0))
			_exit(77);
		pid = fork();
		if (!pid)
			_exit(0);
		*err = pid < 0 ? errno : 0;
		_exit(0);
	}
	if (reap(pid))
		skip("SCHED_DEADLINE is not to be had");
	if (*err != EAGAIN) {
		errno = *err;
		fail("fork not refused");
	}
	truth(pid, 1, "\"errno\":\"EAGAIN\",\"limit_reached\":false");
	return 0;
}

const struct provocation pid_provocations[] = {
	{"threads-max", threads_max, "[N] fork at kernel.threads-max", "threads-max"},
	{"pid-max", pid_max, "[LIMIT] fork at kernel.pid_max", "pid-max"},
	{"pid-max-ns", pid_max_ns, "fork at kernel.pid_max of a pid namespace", "pid-max"},
	{"pidns-dead", pidns_dead, "fork where PID 1 has exited: ENOMEM, no limit", NULL},
	{"fork-deadline", fork_deadline, "fork of SCHED_DEADLINE: EAGAIN, no limit", NULL},
	{0},
};
