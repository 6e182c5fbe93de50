// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kills as systemd-oomd makes them, by a program of that name: it counts in an attribute of the
 * cgroup, kills what is in it, and counts once more (oomd_cgroup_kill() of its oomd-util.c). And
 * by somebody else, in a cgroup that still has that attribute.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "provoke_death.h"

#define VICTIMS 2

static void mark(const struct group *g, const char *name, const char *n)
{
	if (setxattr(g->dir, name, n, strlen(n), 0))
		fail(name);
}

static void own_group(struct group *g, struct hierarchy *h)
{
	find_hierarchy(h, "memory");
	if (h->version == 1)
		skip("systemd-oomd needs cgroup v2");
	make_group(g, h, NULL, NULL);
}

static void fill(const struct group *g, pid_t *pids)
{
	for (int i = 0; i < VICTIMS; i++) {
		gate *ready = gate_make();

		pids[i] = spawn();
		if (!pids[i]) {
			group_join(g);
			gate_open(ready);
			for (;;)
				pause();
		}
		gate_wait(ready);
	}
}

/* How the killer is called, whether it marks the cgroup first, and uses cgroup.kill. */
static int kill_group(const char *name, bool marks, bool at_once, const char *more)
{
	struct hierarchy h;
	struct group g;
	pid_t pids[VICTIMS], killer;
	char path[600];

	own_group(&g, &h);
	snprintf(path, sizeof(path), "%s/cgroup.kill", g.dir);
	if (at_once && access(path, W_OK))
		skip("this kernel has no cgroup.kill");
	mark(&g, "user.oomd_ooms", "4");
	fill(&g, pids);
	killer = spawn();
	if (!killer) {
		prctl(PR_SET_NAME, name);
		if (marks)
			mark(&g, "user.oomd_ooms", "5");
		if (at_once && write_file(path, "1"))
			_exit(1);
		for (int i = 0; i < VICTIMS && !at_once; i++)
			if (kill(pids[i], SIGKILL))
				_exit(1);
		if (marks)
			mark(&g, "user.oomd_kill", "2");
		_exit(0);
	}
	if (reap(killer))
		fail("the killer");
	for (int i = 0; i < VICTIMS; i++)
		must_die(reap(pids[i]), SIGKILL);
	usleep(1000000); /* the attribute is read when the kill is told, and goes with the cgroup */
	truth(pids[0], VICTIMS,
	      "\"pids\":[%d,%d],\"dies\":{\"cause\":\"signal\",\"signal\":\"SIGKILL\","
	      "\"cgroup\":\"%s\",\"by_pid\":%d,\"by_comm\":\"%s\",%s}",
	      pids[0], pids[1], g.path, killer, name, more);
	return 0;
}

#define BY_OOMD                                         \
	"\"requested_by\":\"oomd\",\"oomd_ooms\":5,"    \
	"\"oomd_cgroup\":{\"re\":\"failcnt-provoke\"}," \
	"\"says\":{\"re\":\"which had chosen the control group .*not an administrator\"}"

static int each(int argc, char **argv)
{
	(void)argc, (void)argv;
	return kill_group("systemd-oomd", true, false, BY_OOMD);
}

static int together(int argc, char **argv)
{
	(void)argc, (void)argv;
	return kill_group("systemd-oomd", true, true, BY_OOMD);
}

static int decoy(int argc, char **argv)
{
	(void)argc, (void)argv;
	return kill_group("bash", false, false, "\"requested_by\":\"other\",\"oomd_ooms\":null");
}

const struct provocation oomd_provocations[] = {
	{"die-oomd-marked", each, "as systemd-oomd does: attribute, kill -9 of each", NULL},
	{"die-oomd-group", together, "the same by cgroup.kill", NULL},
	{"die-oomd-decoy", decoy, "kill -9 by a shell where that attribute is old", NULL},
	{0},
};
