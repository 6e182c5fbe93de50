// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cgroup (v1) whose OOM killer is switched off: at its limit nobody is killed, and who asks
 * waits.
 */
#define _GNU_SOURCE
#include "provoke_oom.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Hooks see the process itself when it begins to wait. */
#define BY_HOOK                                           \
	"\"errno\":\"ENOMEM\",\"oom_kill_disable\":null," \
	"\"says\":{\"re\":\" waits for memory .*OOM killer is switched off\"}"

/* The witness is under_oom of the cgroup; then the limit is raised, and the process ends by itself.
 */
static int hang(int argc, char **argv)
{
	long limit = 24 * MIB;
	struct hierarchy h;
	struct group g;
	pid_t pid;

	(void)argc, (void)argv;
	find_hierarchy(&h, "memory");
	if (h.version == 2)
		skip("cgroup v2 has no such switch");
	make_group(&g, &h, NULL, NULL);
	group_set(&g, "memory.limit_in_bytes", "%ld", limit);
	group_set(&g, "memory.oom_control", "1");
	pid = spawn();
	if (!pid) {
		group_join(&g);
		eat(limit + 8 * MIB);
		_exit(0);
	}
	for (int i = 0; i < 20000 && group_get(&g, "memory.oom_control", "under_oom") != 1; i++)
		usleep(1000);
	if (waitpid(pid, NULL, WNOHANG) || group_get(&g, "memory.oom_control", "under_oom") != 1)
		fail("it does not hang");
	usleep(3000000); /* the counters of v1 are looked at once in an interval of 0.7 s */
	group_set(&g, "memory.limit_in_bytes", "%ld", 2 * limit);
	if (reap(pid))
		fail("it did not go on");
	truth(pid, 1,
	      "\"nobody\":true,\"expect\":{\"resource\":\"memory\",\"errno\":null,\"backend\":"
	      "\"counter\",\"pid\":%d,\"comm\":\"provoke\",\"limit_cgroup\":\"%s\","
	      "\"limit\":%ld,\"held\":{\"min\":%ld,\"max\":%ld},\"measure\":\"bytes\","
	      "\"limit_name\":\"memory.limit_in_bytes\",\"oom_kill_disable\":true,\"says\":{\"re\":"
	      "\"hangs.*OOM killer is switched off\"},\"fix\":{\"re\":\"memory.oom_control\"}},"
	      "\"fexit\":{" BY_HOOK ",\"backend\":\"fexit\"},"
	      "\"kprobe\":{" BY_HOOK ",\"backend\":\"kprobe\"}",
	      pid, g.path, limit, limit - 16 * 4096, limit);
	return 0;
}

const struct provocation hang_provocations[] = {
	{"memory-hang", hang, "cgroup v1: full, and its OOM killer is switched off", "memory"},
	{0},
};
