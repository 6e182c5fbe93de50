// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom the OOM killer weighs: processes of known size and oom_score_adj in a cgroup of their own,
 * while another one reads every /proc/PID/oom_score; and a cgroup that files on tmpfs have filled.
 */
#define _GNU_SOURCE
#include "provoke_oom.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

struct voter {
	const char *name;
	long mib;
	int adj;
};

/* By points, in a cgroup of 96 MiB: 12 + 38 MiB, 24, 6, 16 - 29 MiB; the rest is exempt. */
static const struct voter voters[] = {
	{"raised", 12, 400},   {"big", 24, 0},       {"small", 6, 0},
	{"lowered", 16, -300}, {"exempt", 8, -1000},
};

static _Noreturn void vote(const struct voter *v, const struct group *g, volatile int *ready)
{
	prctl(PR_SET_NAME, v->name);
	if (write_file("/proc/self/oom_score_adj", "%d", v->adj))
		_exit(1);
	group_join(g);
	eat(v->mib * MIB);
	__atomic_add_fetch(ready, 1, __ATOMIC_RELAXED);
	for (;;)
		pause();
}

/* The same scoring function of the kernel, and no decision. */
static _Noreturn void read_scores(void)
{
	for (;;) {
		DIR *proc = opendir("/proc");
		struct dirent *d;

		while (proc && (d = readdir(proc))) {
			char path[300];

			snprintf(path, sizeof(path), "/proc/%s/oom_score", d->d_name);
			read_number(path, NULL);
		}
		if (proc)
			closedir(proc);
		usleep(500);
	}
}

static void finish(const pid_t *pids, size_t n, size_t but)
{
	for (size_t i = 0; i < n; i++) {
		if (i == but)
			continue;
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

static int ballot(int argc, char **argv)
{
	long limit = number(argc, argv, 0, 96) * MIB;
	size_t n = ARRAY_SIZE(voters);
	pid_t pids[ARRAY_SIZE(voters)], asker, reader;
	volatile int *ready = shared(sizeof(*ready));
	struct hierarchy h;
	struct group g;
	int status;

	make_limited(&g, &h, limit);
	reader = spawn();
	if (!reader)
		read_scores();
	for (size_t i = 0; i < n; i++) {
		pids[i] = spawn();
		if (!pids[i])
			vote(&voters[i], &g, ready);
	}
	while (*ready < (int)n) {
		if (waitpid(-1, NULL, WNOHANG) > 0)
			skip("oom_score_adj may not be lowered here");
		usleep(1000);
	}
	asker = spawn();
	if (!asker) {
		prctl(PR_SET_NAME, "asker");
		if (write_file("/proc/self/oom_score_adj", "-1000"))
			_exit(1);
		group_join(&g);
		eat(34 * MIB);
		_exit(0);
	}
	if (reap(asker))
		fail("the one that asks");
	status = reap(pids[0]);
	must_be_killed(status);
	finish(pids, n, 0);
	finish(&reader, 1, 1);
	truth(pids[0], 1,
	      "\"cause\":\"oom-memcg\",\"trigger_pid\":%d,\"status\":%d,\"cgroup\":\"%s\","
	      "\"memcg\":\"%s\",\"version\":%d,\"limit\":%ld,\"oom_kill\":%ld,\"comm\":\"raised\","
	      "\"oom_score_adj\":400,\"ballot\":[%d,%d,%d,%d],\"exempt\":[%d,%d],"
	      "\"mib\":[%d,%d,%d,%d]",
	      asker, status, g.path, g.path, h.version, limit, oom_kills(&g), pids[0], pids[1],
	      pids[2], pids[3], pids[4], asker, 12, 24, 6, 16);
	return 0;
}

/* Most of the cgroup's memory is a file, and no process has it. */
static int tmpfs_full(int argc, char **argv)
{
	long limit = number(argc, argv, 0, 32) * MIB;
	static char dir[] = "/tmp/failcnt-provoke-XXXXXX", block[65536];
	char path[64];
	struct hierarchy h;
	struct group g;
	pid_t pid;
	int status;

	make_limited(&g, &h, limit);
	if (!mkdtemp(dir))
		fail("mkdtemp");
	pid = spawn();
	if (!pid) {
		int fd;

		group_join(&g);
		if (mount("failcnt", dir, "tmpfs", 0, "size=64m"))
			_exit(1);
		snprintf(path, sizeof(path), "%s/file", dir);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		for (long done = 0; done < limit / 4 * 3; done += (long)sizeof(block))
			if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
				_exit(1);
		for (;;)
			eat(MIB);
	}
	status = reap(pid);
	umount(dir);
	rmdir(dir);
	must_be_killed(status);
	truth(pid, 1,
	      "\"cause\":\"oom-memcg\",\"status\":%d,\"cgroup\":\"%s\",\"memcg\":\"%s\","
	      "\"version\":%d,\"limit\":%ld,\"oom_kill\":%ld,\"shmem\":%ld",
	      status, g.path, g.path, h.version, limit, oom_kills(&g), limit / 4 * 3);
	return 0;
}

const struct provocation ballot_provocations[] = {
	{"oom-ballot", ballot, "[MIB] five of known size and oom_score_adj are weighed", "memory"},
	{"oom-tmpfs", tmpfs_full, "[MIB] files on tmpfs fill the cgroup", "memory"},
	{0},
};
