// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_tasks.c - nproc, threads-max, pid-max, pids: whose tasks they are.
 *
 * Three thousand processes of one program are one line: tasks are added up by
 * user and program. Zombies are told apart, for it is their parent that holds
 * them, and no limit helps against one that never waits.
 */
#include "holders_priv.h"

#define ZOMBIES_LEAST 16

struct tasks {
	struct tally *programs; /* "UID comm": n processes, amount tasks, tag a pid */
	struct tally *users;
	struct tally *parents; /* of zombies */
	uint64_t all, zombies;
	bool by_user; /* only of limit_uid */
	struct gather *g;
};

static int on_proc(struct gather *g, const struct proc *p, void *arg)
{
	struct tasks *t = arg;
	struct tally_entry *e;
	struct proc_status s;
	char key[128];

	if (proc_status(p, &s) < 0 || s.uid < 0 ||
	    (t->by_user && !owner_counts(g, p, &s, OWNER_REAL)) || !owner_in_pid_ns(g, p))
		return 0;
	if (s.threads < 1)
		s.threads = 1;
	t->all += (uint64_t)s.threads;
	if (s.state == 'Z') {
		t->zombies++;
		snprintf(key, sizeof(key), "%lld", (long long)s.ppid);
		tally_add(t->parents, key, 1, 0);
	}
	snprintf(key, sizeof(key), "%lld", (long long)s.uid);
	e = tally_add(t->users, key, 1, (uint64_t)s.threads);
	snprintf(key, sizeof(key), "%lld %s", (long long)s.uid, s.comm);
	e = tally_add(t->programs, key, 1, (uint64_t)s.threads);
	if (e && !e->tag)
		e->tag = p->pid;
	return 0;
}

static void on_program(void *arg, const struct tally_entry *e)
{
	struct tasks *t = arg;
	struct holder h = {.have = HOLDER_UID | HOLDER_HELD | HOLDER_COUNT,
			   .held = (int64_t)e->amount,
			   .count = (int64_t)e->n};
	char *comm;

	h.uid = strtoll(e->key, &comm, 10);
	util_strlcpy(h.comm, comm + (*comm == ' '), sizeof(h.comm));
	if (e->n == 1) {
		h.have |= HOLDER_PID;
		h.pid = e->tag;
	}
	gather_offer(t->g, &h);
}

static void on_user(void *arg, const struct tally_entry *e)
{
	struct tasks *t = arg;
	struct holder h = {.have = HOLDER_UID | HOLDER_HELD | HOLDER_COUNT,
			   .uid = strtoll(e->key, NULL, 10),
			   .held = (int64_t)e->amount,
			   .count = (int64_t)e->n};

	util_strlcpy(h.kind, "tasks of the user in all", sizeof(h.kind));
	gather_offer(t->g, &h);
}

static void says_zombies(struct gather *g, const struct tasks *t)
{
	const struct tally_entry *top = tally_top(t->parents, false);
	char name[GATHER_NAME] = "its parent";
	struct proc p = {.dir = -1};
	int64_t pid;

	if (!top || top->n < ZOMBIES_LEAST || top->n * 2 < t->all || g->f->incomplete)
		return;
	pid = strtoll(top->key, NULL, 10);
	if (proc_open(g, pid, &p) == 0) {
		gather_name(p.comm, name);
		proc_close(&p);
	}
	gather_says(
		g,
		"%llu of the %llu tasks are zombies, dead children for which %s (pid %lld) does "
		"not wait; raising the limit only delays it. They go when it waits for them, or "
		"ends.",
		(unsigned long long)top->n, (unsigned long long)t->all, name, (long long)pid);
}

static int tell(struct gather *g, struct tasks *t, bool users,
		int (*walk)(struct gather *g, struct tasks *t))
{
	int r;

	t->g = g;
	if ((r = tally_new(&t->programs)) < 0 || (r = tally_new(&t->users)) < 0 ||
	    (r = tally_new(&t->parents)) < 0)
		return r;
	r = walk(g, t);
	if (r < 0)
		return r;
	util_strlcpy(g->f->measure, "tasks", sizeof(g->f->measure));
	g->f->incomplete |= tally_other(t->programs) > 0;
	/* One user is no news where there is no other. */
	if (users && tally_size(t->users) > 1)
		tally_each(t->users, on_user, t);
	tally_each(t->programs, on_program, t);
	says_zombies(g, t);
	return 0;
}

static int walk_all(struct gather *g, struct tasks *t)
{
	const struct walk_where where = {.by = t->by_user ? OWNER_REAL : OWNER_NOBODY,
					 .pid_ns = true};

	return proc_walk_status(g, &where, on_proc, t);
}

static int walk_group(struct gather *g, struct tasks *t)
{
	const struct walk_where where = {.controller = "pids", .path = g->ask->limit_cgroup};

	return proc_walk_status(g, &where, on_proc, t);
}

static void tasks_free(struct tasks *t)
{
	tally_free(t->programs);
	tally_free(t->users);
	tally_free(t->parents);
}

int gather_user_tasks(struct gather *g)
{
	struct tasks t = {.by_user = true};
	int r = tell(g, &t, false, walk_all);

	tasks_free(&t);
	return r;
}

int gather_all_tasks(struct gather *g)
{
	struct tasks t = {0};
	int r = tell(g, &t, true, walk_all);

	tasks_free(&t);
	return r;
}

int gather_cgroup_tasks(struct gather *g)
{
	struct tasks t = {0};
	int r;

	if (!g->ask->limit_cgroup[0])
		return -ENOTSUP;
	r = tell(g, &t, false, walk_group);
	/* Where the limit is an ancestor's: which of those below it have them. */
	if (!r && !g->ask->self_only)
		cgroups_offer(g, "pids", g->ask->limit_cgroup, "pids.current");
	tasks_free(&t);
	return r;
}
