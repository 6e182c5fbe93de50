// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page fault that a full memory cgroup refuses while its OOM killer is switched off (cgroup v1):
 * the process gets no error, it waits. What it asks the kernel for is in provoke_charge.c.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define FILLED (4 * MIB)

static int touches(void)
{
	volatile char *p =
		mmap(NULL, 3 * FILLED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (long at = 0; p != MAP_FAILED && at < 3 * FILLED; at += PAGE)
		p[at] = 1;
	return p == MAP_FAILED;
}

static pid_t stalled;

static bool goes_on(void)
{
	for (int i = 0; i < 100; i++) {
		int status;

		if (waitpid(stalled, &status, WNOHANG) == stalled)
			return status == 0;
		usleep(100000);
	}
	return false;
}

/* A page fault: with the OOM killer switched off the process waits in it. */
static int waits(const char *limit_name)
{
	struct hierarchy h;
	struct group g;
	int status;

	find_hierarchy(&h, "memory");
	if (h.version != 1)
		skip("only cgroup v1 can switch the OOM killer off");
	make_group(&g, &h, NULL, NULL);
	group_set(&g, "memory.oom_control", "1");
	group_set(&g, "memory.limit_in_bytes", "%ld", 2 * FILLED);
	group_set(&g, limit_name, "%ld", 2 * FILLED);
	stalled = spawn();
	if (!stalled) {
		group_join(&g);
		_exit(touches());
	}
	for (int i = 0; group_get(&g, "memory.oom_control", "under_oom") != 1; i++) {
		if (i == 10000 || waitpid(stalled, &status, WNOHANG) == stalled)
			fail("does not wait");
		usleep(1000);
	}
	truth(stalled, 1,
	      "\"errno\":\"ENOMEM\",\"cgroup\":\"%s\",\"expect\":{\"resource\":\"memory\","
	      "\"syscall\":null,\"limit_name\":\"%s\",\"measure\":\"bytes\","
	      "\"limit\":%ld,\"held\":{\"min\":%ld,\"max\":%ld},\"cgroup\":\"%s\","
	      "\"limit_cgroup\":\"%s\",\"says\":{\"re\":\" waits for memory \"}},"
	      "\"tracepoint\":{\"errno\":null,\"backend\":\"counter\",\"oom_kill_disable\":true,"
	      "\"limit_name\":\"memory.limit_in_bytes\",\"says\":{\"re\":\"hangs\"}}",
	      g.path, limit_name, 2 * FILLED, 2 * FILLED - 8 * PAGE, 2 * FILLED, g.path, g.path);
	usleep(3000000); /* without a hook the counters of v1 tell, once in an interval of 0.7 s */
	prove(goes_on);
	return 0;
}

static int charge_fault(int argc, char **argv)
{
	(void)argc, (void)argv;
	return waits("memory.limit_in_bytes");
}

/* Where both are full, memory with swap is what the kernel asks first: try_charge_memcg(). */
static int charge_memsw(int argc, char **argv)
{
	(void)argc, (void)argv;
	need_vm(); /* not every host counts swap */
	return waits("memory.memsw.limit_in_bytes");
}

const struct provocation stall_provocations[] = {
	{"charge-fault", charge_fault, "a page fault in one whose OOM killer is off: waits",
	 "memory"},
	{"charge-memsw", charge_memsw, "VM: the same, at the limit of memory and swap together",
	 "memory"},
	{0},
};
