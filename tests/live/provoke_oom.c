// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kills for lack of memory: by the limit of a memory cgroup, of a NUMA node, of the machine, and
 * by hand. The cgroups are made for the occasion; the rest happens in virtual machines only.
 */
#define _GNU_SOURCE
#include "provoke_oom.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MPOL_BIND
#define MPOL_BIND 2
#endif

/* Small steps, so that no single mapping is refused. */
void eat(long bytes)
{
	for (long done = 0; done < bytes; done += MIB) {
		char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		for (long at = 0; at < MIB; at += 4096)
			p[at] = 1;
	}
}

static _Noreturn void eat_all(void)
{
	for (;;)
		eat(MIB);
}

void make_limited(struct group *g, struct hierarchy *h, long bytes)
{
	bool v2;
	char path[600];

	find_hierarchy(h, "memory");
	v2 = h->version == 2;
	make_group(g, h, NULL, NULL);
	group_set(g, v2 ? "memory.max" : "memory.limit_in_bytes", "%ld", bytes);
	/* No room to swap to: a host with swap would only become slow. Not every kernel has it. */
	snprintf(path, sizeof(path), "%s/%s", g->dir,
		 v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
	write_file(path, "%ld", v2 ? 0 : bytes);
}

long oom_kills(const struct group *g)
{
	return group_get(g, g->of->version == 2 ? "memory.events" : "memory.oom_control",
			 "oom_kill");
}

void must_be_killed(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	fprintf(stderr, "provoke: the victim ended with wait status %#x\n", status);
	exit(1);
}

static struct group killed_in;
static long killed_at;

/* A quarter more than was allowed. */
static bool eats_again(void)
{
	pid_t pid = spawn();

	if (!pid) {
		group_join(&killed_in);
		eat(killed_at / 4 * 5);
		_exit(0);
	}
	return reap(pid) == 0;
}

/* By its own group's limit, or by that of the group above. */
static int killed_by_group(long limit, bool nested)
{
	struct hierarchy h;
	struct group g, inner;
	pid_t pid;
	int status;

	make_limited(&g, &h, limit);
	inner = g;
	/* Version 1 without it counts every group alone; 5.11 and later have nothing else. */
	if (nested && h.version == 1 && group_get(&g, "memory.use_hierarchy", NULL) == 0)
		group_set(&g, "memory.use_hierarchy", "1");
	if (nested)
		make_group(&inner, &h, &g, "inner");
	pid = spawn();
	if (!pid) {
		group_join(&inner);
		eat_all();
	}
	status = reap(pid);
	must_be_killed(status);
	truth(pid, 1,
	      "\"cause\":\"oom-memcg\",\"status\":%d,\"cgroup\":\"%s\",\"memcg\":\"%s\","
	      "\"version\":%d,\"limit\":%ld,\"oom_kill\":%ld",
	      status, inner.path, g.path, h.version, limit, oom_kills(&inner));
	killed_in = inner;
	killed_at = limit;
	prove(eats_again);
	return 0;
}

static int memcg(int argc, char **argv)
{
	return killed_by_group(number(argc, argv, 0, 32) * MIB, false);
}

static int memcg_nested(int argc, char **argv)
{
	return killed_by_group(number(argc, argv, 0, 32) * MIB, true);
}

/* A large idle process dies of what a small busy one asks for. */
static int memcg_bystander(int argc, char **argv)
{
	long limit = number(argc, argv, 0, 32) * MIB;
	struct hierarchy h;
	struct group g;
	gate *start = gate_make();
	volatile int *ready = shared(sizeof(*ready));
	pid_t big, small;
	int status;

	make_limited(&g, &h, limit);
	small = spawn();
	if (!small) {
		/*
		 * On 7.3 a victim leaves the cgroup's list of tasks milliseconds before it gives
		 * its memory back: who still asks meanwhile would be killed next, were it not
		 * exempt.
		 */
		write_file("/proc/self/oom_score_adj", "-1000");
		group_join(&g);
		gate_wait(start);
		eat(limit / 2);
		_exit(0);
	}
	big = spawn();
	if (!big) {
		group_join(&g);
		eat(limit / 10 * 7);
		*ready = 1;
		for (;;)
			pause();
	}
	while (!*ready)
		usleep(1000);
	gate_open(start);
	if (reap(small))
		fail("the small process");
	status = reap(big);
	must_be_killed(status);
	truth(big, 1,
	      "\"cause\":\"oom-memcg\",\"trigger_pid\":%d,\"status\":%d,\"cgroup\":\"%s\","
	      "\"memcg\":\"%s\",\"version\":%d,\"limit\":%ld,\"oom_kill\":%ld",
	      small, status, g.path, g.path, h.version, limit, oom_kills(&g));
	return 0;
}

/* One is too many, and all three are killed. */
static int group_kill(int argc, char **argv)
{
	long limit = number(argc, argv, 0, 32) * MIB;
	struct hierarchy h;
	struct group g;
	gate *start = gate_make();
	pid_t pids[3];
	char group_kills[48] = "";

	make_limited(&g, &h, limit);
	if (h.version == 1)
		skip("cgroup v1 has no memory.oom.group");
	group_set(&g, "memory.oom.group", "1");
	for (int i = 0; i < 3; i++) {
		pids[i] = spawn();
		if (pids[i])
			continue;
		group_join(&g);
		eat(MIB);
		gate_wait(start);
		if (i == 2)
			eat_all();
		for (;;)
			pause();
	}
	while (group_get(&g, "memory.current", NULL) < 3 * MIB)
		usleep(1000);
	gate_open(start);
	for (int i = 0; i < 3; i++)
		must_be_killed(reap(pids[i]));
	/* Since 5.17. */
	if (group_get(&g, "memory.events", "oom_group_kill") >= 0)
		snprintf(group_kills, sizeof(group_kills), ",\"oom_group_kill\":%ld",
			 group_get(&g, "memory.events", "oom_group_kill"));
	/* The kernel counts one kill more than there are dead: the first victim twice. */
	truth(pids[2], 3,
	      "\"cause\":\"oom-group\",\"pids\":[%d,%d,%d],\"status\":9,"
	      "\"cgroup\":\"%s\",\"memcg\":\"%s\",\"version\":2,\"limit\":%ld,\"oom_kill\":%ld%s",
	      pids[0], pids[1], pids[2], g.path, g.path, limit, oom_kills(&g), group_kills);
	return 0;
}

static int sleeper(void *unused)
{
	(void)unused;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

/* Two processes with one address space: both die, the kernel names one victim. */
static int vm_shared(int argc, char **argv)
{
	long limit = number(argc, argv, 0, 32) * MIB;
	struct hierarchy h;
	struct group g;
	volatile pid_t *other = shared(sizeof(*other));
	pid_t pid;
	int status;

	make_limited(&g, &h, limit);
	/* The orphan is ours then. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = spawn();
	if (!pid) {
		static char stack[65536] __attribute__((aligned(16)));

		group_join(&g);
		*other = clone(sleeper, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
		if (*other < 0)
			_exit(1);
		eat_all();
	}
	status = reap(pid);
	must_be_killed(status);
	must_be_killed(reap(*other));
	truth(pid, 2,
	      "\"cause\":\"oom-memcg\",\"pids\":[%d,%d],\"status\":%d,\"cgroup\":\"%s\","
	      "\"memcg\":\"%s\",\"version\":%d,\"limit\":%ld,\"oom_kill\":%ld",
	      pid, *other, status, g.path, g.path, h.version, limit, oom_kills(&g));
	return 0;
}

static void be_first_victim(void)
{
	if (write_file("/proc/self/oom_score_adj", "1000"))
		_exit(1);
}

static int global(int argc, char **argv)
{
	pid_t pid;
	int status;

	(void)argc, (void)argv;
	need_vm();
	pid = spawn();
	if (!pid) {
		be_first_victim();
		eat_all();
	}
	status = reap(pid);
	must_be_killed(status);
	truth(pid, 1, "\"cause\":\"oom-global\",\"status\":%d,\"oom_score_adj\":1000,\"limit\":%ld",
	      status, read_number("/proc/meminfo", "MemTotal") * 1024);
	return 0;
}

static long node0_bytes(void)
{
	need_vm();
	if (access("/sys/devices/system/node/node1", F_OK))
		skip("one NUMA node only");
	return read_number("/sys/devices/system/node/node0/meminfo", "MemTotal") * 1024;
}

static int cpuset(int argc, char **argv)
{
	long limit = node0_bytes();
	struct hierarchy h;
	struct group g;
	pid_t pid;
	int status;

	(void)argc, (void)argv;
	find_hierarchy(&h, "cpuset");
	make_group(&g, &h, NULL, NULL);
	group_set(&g, "cpuset.cpus", "0");
	group_set(&g, "cpuset.mems", "0");
	pid = spawn();
	if (!pid) {
		group_join(&g);
		be_first_victim();
		eat_all();
	}
	status = reap(pid);
	must_be_killed(status);
	truth(pid, 1,
	      "\"cause\":\"oom-cpuset\",\"status\":%d,\"cgroup\":\"%s\",\"version\":%d,"
	      "\"nodes\":\"0\",\"limit\":%ld",
	      status, g.path, h.version, limit);
	return 0;
}

static int mempolicy(int argc, char **argv)
{
	long limit = node0_bytes();
	unsigned long nodes = 1;
	pid_t pid;
	int status;

	(void)argc, (void)argv;
	pid = spawn();
	if (!pid) {
		if (syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 8 * sizeof(nodes)))
			_exit(1);
		be_first_victim();
		eat_all();
	}
	status = reap(pid);
	must_be_killed(status);
	truth(pid, 1, "\"cause\":\"oom-mempolicy\",\"status\":%d,\"nodes\":\"0\",\"limit\":%ld",
	      status, limit);
	return 0;
}

/* By hand: the machine is short of nothing. */
static int sysrq(int argc, char **argv)
{
	volatile int *ready = shared(sizeof(*ready));
	pid_t pid;
	int status, err;

	(void)argc, (void)argv;
	need_vm();
	pid = spawn();
	if (!pid) {
		be_first_victim();
		eat(16 * MIB);
		*ready = 1;
		for (;;)
			pause();
	}
	while (!*ready)
		usleep(1000);
	err = write_file("/proc/sysrq-trigger", "f");
	if (err)
		skip("/proc/sysrq-trigger: %s", strerror(-err));
	status = reap(pid);
	must_be_killed(status);
	truth(pid, 1, "\"cause\":\"oom-sysrq\",\"status\":%d,\"oom_score_adj\":1000", status);
	return 0;
}

const struct provocation oom_provocations[] = {
	{"oom-memcg", memcg, "[MIB] limit of the victim's own cgroup", "memory"},
	{"oom-memcg-nested", memcg_nested, "[MIB] limit of the cgroup above the victim's",
	 "memory"},
	{"oom-memcg-bystander", memcg_bystander, "[MIB] the victim is not who asked", "memory"},
	{"oom-group", group_kill, "[MIB] memory.oom.group: three die", "memory"},
	{"oom-vm-shared", vm_shared, "[MIB] two processes with one address space", "memory"},
	{"oom-global", global, "VM: all memory", "memory"},
	{"oom-cpuset", cpuset, "VM with two NUMA nodes: cpuset.mems", "memory"},
	{"oom-mempolicy", mempolicy, "VM with two NUMA nodes: MPOL_BIND", "memory"},
	{"oom-sysrq", sysrq, "VM: the f key", "memory"},
	{0},
};
