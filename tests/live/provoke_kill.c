// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kills: one by the OOM killer at the very moment of a refused fork, and one that is none of its.
 */
#define _GNU_SOURCE
#include "provoke_tasks.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void touch(long bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	for (long at = 0; p != MAP_FAILED && at < bytes; at += 4096)
		p[at] = 1;
}

/* One gate for both: the refusal and the kill fall into the same instant, in one cgroup. */
static int oom_and_pids(int argc, char **argv)
{
	const long limit = 32 * MIB, tasks = 4;
	volatile int *shm = shared(3 * sizeof(*shm)); /* ready, ready, errno */
	struct hierarchy hm, hp;
	struct group gm, gp;
	gate *start = gate_make();
	pid_t eater, forker;

	(void)argc, (void)argv;
	find_hierarchy(&hm, "memory");
	find_hierarchy(&hp, "pids");
	make_group(&gm, &hm, NULL, NULL);
	make_group(&gp, &hp, NULL, NULL);
	group_set(&gm, hm.version == 2 ? "memory.max" : "memory.limit_in_bytes", "%ld", limit);
	group_set(&gp, "pids.max", "%ld", tasks);
	eater = spawn();
	if (!eater) {
		group_join(&gm);
		group_join(&gp);
		touch(limit / 4 * 3);
		shm[0] = 1;
		gate_wait(start);
		touch(4 * limit);
		_exit(1);
	}
	forker = spawn();
	if (!forker) {
		group_join(&gm);
		group_join(&gp);
		if (fork_idle() || fork_idle())
			_exit(1);
		shm[1] = 1;
		gate_wait(start);
		shm[2] = -fork_idle();
		_exit(0);
	}
	while (!shm[0] || !shm[1])
		usleep(1000);
	gate_open(start);
	if (reap(forker) || shm[2] != EAGAIN)
		fail("fork not refused");
	if (!WIFSIGNALED(reap(eater)))
		fail("no OOM kill");
	truth(eater, 1,
	      "\"cause\":\"oom-memcg\",\"pids\":[%d,%d],\"errno\":\"EAGAIN\","
	      "\"cgroup\":\"%s\",\"version\":%d,\"limit\":%ld,\"tasks\":%ld,\"oom_kill\":%ld,"
	      "\"events_max\":%ld",
	      eater, forker, gm.path, hm.version, limit, tasks,
	      group_get(&gm, hm.version == 2 ? "memory.events" : "memory.oom_control", "oom_kill"),
	      group_get(&gp, "pids.events", "max"));
	return 0;
}

static int kill_sigkill(int argc, char **argv)
{
	pid_t pid = spawn();
	int status;

	(void)argc, (void)argv;
	if (!pid)
		for (;;)
			pause();
	kill(pid, SIGKILL);
	status = reap(pid);
	truth(pid, 1,
	      "\"status\":%d,\"dies\":{\"cause\":\"signal\",\"signal\":\"SIGKILL\","
	      "\"by_pid\":%d}",
	      status, getpid());
	return 0;
}

const struct provocation kill_provocations[] = {
	{"oom-and-pids", oom_and_pids, "an OOM kill and a refused fork at once, in one cgroup",
	 "memory"},
	{"kill-sigkill", kill_sigkill, "kill -9: no OOM kill", NULL},
	{0},
};
