// SPDX-License-Identifier: GPL-2.0-only
/*
 * What led to a kill: who set the victim's oom_score_adj, and the counters that moved before.
 */
#define _GNU_SOURCE
#include "provoke_oom.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BY_BACKEND "\"fexit\":{\"backend\":\"fexit\"},\"kprobe\":{\"backend\":\"kprobe\"}"

static void set_adj(pid_t pid, int adj)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	if (write_file(path, "%d", adj))
		_exit(1);
}

/* One that has little, in the cgroup, until it is told to take more; and one that is larger. */
static pid_t member(const struct group *g, long first, gate *ready, gate *more)
{
	pid_t pid = spawn();

	if (pid) {
		gate_wait(ready);
		return pid;
	}
	group_join(g);
	eat(first);
	gate_open(ready);
	if (more)
		gate_wait(more);
	else
		for (;;)
			pause();
	for (;;)
		eat(MIB);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Set twice by another process; so it is taken though another one is larger. */
static int adj(int argc, char **argv)
{
	struct hierarchy h;
	struct group g;
	gate *more = gate_make();
	pid_t victim, big, setter;

	(void)argc, (void)argv;
	make_limited(&g, &h, 64 * MIB);
	victim = member(&g, MIB, gate_make(), more);
	big = member(&g, 24 * MIB, gate_make(), NULL);
	setter = spawn();
	if (!setter) {
		prctl(PR_SET_NAME, "setter");
		set_adj(victim, 100);
		set_adj(victim, 700);
		_exit(0);
	}
	if (reap(setter))
		fail("oom_score_adj");
	gate_open(more);
	must_be_killed(reap(victim));
	end(big);
	truth(victim, 1,
	      "\"dies\":{\"cause\":\"oom-memcg\",\"resource\":\"memory\",\"signal\":\"SIGKILL\","
	      "\"memcg\":\"%s\",\"oom_score_adj\":700,\"adj_from\":100,\"adj_of_pid\":null,"
	      "\"adj_by_pid\":%d,\"adj_by_comm\":\"setter\",\"adj_by_uid\":0,"
	      "\"adj_by_parent_comm\":\"provoke\",\"adj_set_at\":{\"any\":true},"
	      "\"says\":{\"re\":\"set from 100 to 700 by setter\"}}," BY_BACKEND,
	      g.path, setter);
	return 0;
}

/* Set by a process for itself; its child has it too. */
static int adj_inherited(int argc, char **argv)
{
	volatile pid_t *inherits = shared(sizeof(*inherits));
	struct hierarchy h;
	struct group g;
	pid_t pid, child;
	int status;

	(void)argc, (void)argv;
	make_limited(&g, &h, 32 * MIB);
	pid = spawn();
	if (!pid) {
		set_adj(getpid(), 600);
		group_join(&g);
		child = spawn();
		if (!child)
			for (;;)
				eat(MIB);
		*inherits = child;
		status = reap(child);
		_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 1);
	}
	if (reap(pid))
		fail("its child");
	truth(*inherits, 1,
	      "\"dies\":{\"cause\":\"oom-memcg\",\"resource\":\"memory\",\"signal\":\"SIGKILL\","
	      "\"memcg\":\"%s\",\"oom_score_adj\":600,\"adj_from\":null,\"adj_of_pid\":%d,"
	      "\"adj_of_comm\":\"provoke\",\"adj_by_pid\":%d,\"adj_by_comm\":\"provoke\","
	      "\"says\":{\"re\":\"inherited from provoke .pid %d.*set to 600 by "
	      "itself\"}}," BY_BACKEND,
	      g.path, pid, pid, pid);
	return 0;
}

#define REFUSED 5

/* Forks are refused; that its cgroup counted them comes with the kill that follows. */
static int counters(int argc, char **argv)
{
	struct hierarchy h, hm;
	struct group g, gm;
	volatile int *done = shared(sizeof(*done));
	pid_t pid;
	long counted;

	(void)argc, (void)argv;
	find_hierarchy(&h, "pids");
	make_group(&g, &h, NULL, NULL);
	group_set(&g, "pids.max", "1");
	if (h.version == 1) { /* where a process is, is told by this hierarchy */
		find_hierarchy(&hm, "memory");
		make_group(&gm, &hm, NULL, NULL);
	}
	pid = spawn();
	if (!pid) {
		group_join(&g);
		if (h.version == 1)
			group_join(&gm);
		for (int i = 0; i < REFUSED; i++)
			if (fork() >= 0 || errno != EAGAIN)
				_exit(1);
		*done = 1;
		for (;;)
			pause();
	}
	while (!*done) {
		if (waitpid(pid, NULL, WNOHANG) > 0)
			fail("fork not refused");
		usleep(1000);
	}
	counted = group_get(&g, "pids.events", "max");
	usleep(2000000); /* with the refusals its row is told once; how long this is matters little
			  */
	kill(pid, SIGABRT);
	reap(pid);
	usleep(500000); /* the rows are read a moment after the kill */
	truth(pid, 1,
	      "\"dies\":{\"cause\":\"signal\",\"signal\":\"SIGABRT\",\"before\":{\"row\":"
	      "{\"resource\":\"pids\",\"errno\":\"EAGAIN\",\"count\":%d,\"of\":\"process\"}}},"
	      "\"moved\":{\"owner\":\"cgroup:%s\",\"resource\":\"pids\",\"sum\":%ld}",
	      REFUSED, g.path, counted);
	return 0;
}

const struct provocation led_provocations[] = {
	{"die-adj", adj, "OOM kill of one whose oom_score_adj another set", NULL},
	{"die-adj-inherited", adj_inherited, "OOM kill of one that inherited oom_score_adj", NULL},
	{"die-counters", counters, "forks are refused, then it is killed", NULL},
	{0},
};
