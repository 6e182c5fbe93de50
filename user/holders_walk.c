// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_walk.c - many processes at once: by BPF iterators where there are
 * any, else by their files in /proc. Gatherers do not see which it was: what an
 * iterator cannot tell as /proc does is read there, of the few that matter.
 *
 * An iterator is read to its end before the first process is looked at, so that
 * one that fails half way leaves nothing behind, and /proc is walked.
 */
#include <sys/stat.h>

#include "holders_iter.h"
#include "holders_priv.h"

#define RECORDS_MAX (1U << 20) /* more is no answer for a person either */

struct records {
	char *at;
	size_t size, n, cap;
	bool cut;
	bool (*keep)(const char *link); /* anonymous inodes that are looked for; NULL: all */
};

static int add_record(struct records *r, const void *record)
{
	if (r->n == RECORDS_MAX) {
		r->cut = true;
		return 1;
	}
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 512;
		char *at = reallocarray(r->at, cap, r->size);

		if (!at)
			return -ENOMEM;
		r->at = at;
		r->cap = cap;
	}
	memcpy(r->at + r->n++ * r->size, record, r->size);
	return 0;
}

static int on_task(void *arg, const struct fc_iter_task *t)
{
	return add_record(arg, t);
}

static int on_fd(void *arg, const struct fc_iter_fd *f)
{
	const struct records *r = arg;
	char link[64];

	if (f->kind == FC_FD_ANON && r->keep) {
		snprintf(link, sizeof(link), "anon_inode:%.*s", FC_ITER_NAME, f->name);
		if (!r->keep(link))
			return 0;
	}
	return add_record(arg, f);
}

/* Late: what there is will do, and it is said that it is not all. */
static int finish(struct gather *g, const struct records *r, int result)
{
	if (result == -ETIME || r->cut)
		g->f->incomplete = true;
	return result == -ETIME ? 0 : result;
}

static int read_tasks(struct gather *g, const struct fc_iter_want *want, struct records *r)
{
	return finish(g, r,
		      holders_iter_tasks(g->env->iter, want, g->env->deadline_ms, on_task, r));
}

/* Who is walked, as the iterator knows it. */
static int want_who(struct gather *g, const struct walk_where *where, struct fc_iter_want *want)
{
	_cleanup_close_ int dir = -1;
	struct stat st;
	bool v1;
	int r;

	if (where->by == OWNER_REAL)
		owner_want(g, where->by, want);
	if (where->pid_ns)
		want->pid_ns = g->ask->pid_ns;
	if (!where->controller)
		return 0;
	r = cgroup_open(g, where->controller, where->path, &dir, &v1);
	if (r < 0)
		return r;
	if (fstat(dir, &st) < 0)
		return -errno;
	want->cgroup = st.st_ino;
	want->controller = util_streq(where->controller, "memory") ? FC_ITER_MEMORY : FC_ITER_PIDS;
	return 0;
}

static void status_of(struct gather *g, const struct fc_iter_task *t, struct proc_status *s)
{
	uint64_t page = g->env->page_size;

	*s = (struct proc_status){
		.state = t->has & FC_ITER_ZOMBIE ? 'Z' : 'S',
		.ppid = t->ppid,
		.uid = t->uid,
		.euid = t->euid,
		.threads = t->threads,
		.rss = t->rss * page,
		.data = t->data * page,
		.huge = t->huge * page,
	};
	util_strlcpy(s->comm, t->comm, sizeof(s->comm));
}

static int walk_proc(struct gather *g, const struct walk_where *where, proc_fn *cb, void *arg)
{
	if (where->controller)
		return proc_walk_cgroup(g, where->controller, where->path, cb, arg);
	return proc_walk(g, cb, arg);
}

static int visit_known(struct gather *g, const struct fc_iter_task *t, proc_fn *cb, void *arg)
{
	struct proc_status s;
	struct proc p = {.dir = -1, .pid = t->pid, .task = t, .known = &s, .counted = true};

	status_of(g, t, &s);
	util_strlcpy(p.comm, s.comm, sizeof(p.comm));
	return cb(g, &p, arg);
}

int proc_walk_status(struct gather *g, const struct walk_where *where, proc_fn *cb, void *arg)
{
	struct records tasks = {.size = sizeof(struct fc_iter_task)};
	struct fc_iter_want want = {};
	int r = 0;

	if (!g->env->iter || g->ask->self_only || want_who(g, where, &want) < 0 ||
	    read_tasks(g, &want, &tasks) < 0) {
		free(tasks.at);
		return walk_proc(g, where, cb, arg);
	}
	for (size_t i = 0; !r && i < tasks.n; i++)
		r = visit_known(g, (struct fc_iter_task *)tasks.at + i, cb, arg);
	free(tasks.at);
	return r < 0 ? r : 0;
}

static uint64_t value_of(const struct fc_iter_task *t, enum walk_by by)
{
	return by == WALK_RSS ? t->rss : by == WALK_DATA ? t->data : t->huge;
}

static int by_rss(const void *a, const void *b)
{
	uint64_t x = value_of(a, WALK_RSS), y = value_of(b, WALK_RSS);

	return x > y ? -1 : x < y;
}

static int by_data(const void *a, const void *b)
{
	uint64_t x = value_of(a, WALK_DATA), y = value_of(b, WALK_DATA);

	return x > y ? -1 : x < y;
}

static int by_huge(const void *a, const void *b)
{
	uint64_t x = value_of(a, WALK_HUGE), y = value_of(b, WALK_HUGE);

	return x > y ? -1 : x < y;
}

/* How far the pages of an iterator can be from those of /proc: three counters (files, anonymous,
 * shared memory), of which each processor keeps back a batch (lib/percpu_counter.c). */
static uint64_t lag_of(enum walk_by by)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t n = cpus > 0 ? (uint64_t)cpus : 1;

	return by == WALK_RSS ? 3 * n * (2 * n > 32 ? 2 * n : 32) : 0;
}

/* The largest, and whoever could be one of them: their exact numbers are in /proc. */
static int visit_top(struct gather *g, struct records *tasks, enum walk_by by, proc_fn *cb,
		     void *arg)
{
	static int (*const order[])(const void *a, const void *b) = {
		[WALK_RSS] = by_rss, [WALK_DATA] = by_data, [WALK_HUGE] = by_huge};
	const struct fc_iter_task *task = (const struct fc_iter_task *)tasks->at;
	uint64_t least = 0, lag = lag_of(by);
	int r = 0;

	qsort(tasks->at, tasks->n, tasks->size, order[by]);
	if (tasks->n >= EVENT_HOLDER_MAX)
		least = value_of(&task[EVENT_HOLDER_MAX - 1], by);
	for (size_t i = 0; i < tasks->n && value_of(&task[i], by); i++) {
		if (i >= EVENT_HOLDER_MAX && value_of(&task[i], by) + 2 * lag < least)
			g->f->total++;
		else if (!r && !gather_late(g))
			r = proc_visit(g, task[i].pid, NULL, cb, arg);
	}
	return r < 0 ? r : 0;
}

int proc_walk_top(struct gather *g, const struct walk_where *where, enum walk_by by, proc_fn *cb,
		  void *arg)
{
	struct records tasks = {.size = sizeof(struct fc_iter_task)};
	struct fc_iter_want want = {};
	int r;

	if (!g->env->iter || g->ask->self_only || want_who(g, where, &want) < 0 ||
	    read_tasks(g, &want, &tasks) < 0) {
		free(tasks.at);
		return walk_proc(g, where, cb, arg);
	}
	r = tasks.n ? visit_top(g, &tasks, by, cb, arg) : 0;
	free(tasks.at);
	return r;
}

int proc_walk_fds(struct gather *g, const struct walk_fds *what, proc_fn *cb, void *arg)
{
	struct records fds = {.size = sizeof(struct fc_iter_fd), .keep = what->keep};
	struct fc_iter_want want = {.kinds = what->kinds};
	int r = -ENOTSUP;

	if (what->by == OWNER_EFFECTIVE)
		owner_want(g, what->by, &want);
	if (g->env->iter && !g->ask->self_only)
		r = finish(
			g, &fds,
			holders_iter_fds(g->env->iter, &want, 0, g->env->deadline_ms, on_fd, &fds));
	if (r < 0) {
		free(fds.at);
		return proc_walk(g, cb, arg);
	}
	for (size_t i = 0, end; !r && i < fds.n && !gather_late(g); i = end) {
		const struct fc_iter_fd *f = (struct fc_iter_fd *)fds.at + i;
		struct proc_only only = {.fd = f, .counted = want.of_user};

		for (end = i; end < fds.n && f[end - i].pid == f->pid; end++)
			only.n++;
		r = proc_visit(g, f->pid, &only, cb, arg);
	}
	free(fds.at);
	return r < 0 ? r : 0;
}

int walk_pending(struct gather *g,
		 int (*cb)(struct gather *g, const struct fc_iter_task *t, void *arg), void *arg)
{
	struct records tasks = {.size = sizeof(struct fc_iter_task)};
	struct fc_iter_want want = {.pending = 1};
	int r;

	owner_want(g, OWNER_REAL, &want);
	r = g->env->iter && !g->ask->self_only ? read_tasks(g, &want, &tasks) : -ENOTSUP;
	for (size_t i = 0; !r && i < tasks.n; i++)
		r = cb(g, (struct fc_iter_task *)tasks.at + i, arg);
	free(tasks.at);
	return r;
}

struct one {
	struct gather *g;
	struct records files;
	int (*cb)(struct gather *g, const struct fc_iter_fd *f, void *arg);
	void *arg;
};

static int on_one(void *arg, const struct fc_iter_fd *f)
{
	struct one *o = arg;
	int r = o->cb(o->g, f, o->arg);

	return r == -ENOTSUP ? add_record(&o->files, f) : r;
}

int proc_fds_known(struct gather *g, const struct proc *p,
		   int (*known)(struct gather *g, const struct fc_iter_fd *f, void *arg), fd_fn *cb,
		   void *arg)
{
	const struct fc_iter_want want = {.kinds = (1U << FC_FD_KINDS) - 1};
	struct one o = {
		.g = g, .files = {.size = sizeof(struct fc_iter_fd)}, .cb = known, .arg = arg};
	struct proc_only only;
	struct proc with = *p;
	int r;

	if (!holders_iter_one(g->env->iter))
		return proc_fds(g, p, cb, arg);
	r = holders_iter_fds(g->env->iter, &want, p->pid, g->env->deadline_ms, on_one, &o);
	r = finish(g, &o.files, r);
	if (!r) {
		only = (struct proc_only){.fd = (struct fc_iter_fd *)o.files.at, .n = o.files.n};
		with.only = &only;
		r = proc_fds(g, &with, cb, arg);
	}
	free(o.files.at);
	return r;
}
