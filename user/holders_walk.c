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
#define TOP_MAX 64             /* looked at for the EVENT_HOLDER_MAX that are told */

_Static_assert(TOP_MAX > EVENT_HOLDER_MAX, "there is something to choose from");

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

/* The cgroup that is walked, as the iterator knows it. */
static int want_cgroup(struct gather *g, const struct walk_where *where, struct fc_iter_want *want)
{
	_cleanup_close_ int dir = -1;
	struct stat st;
	bool v1;
	int r;

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
	struct proc p = {.dir = -1, .pid = t->pid, .task = t, .known = &s};

	status_of(g, t, &s);
	util_strlcpy(p.comm, s.comm, sizeof(p.comm));
	return cb(g, &p, arg);
}

int proc_walk_status(struct gather *g, const struct walk_where *where, proc_fn *cb, void *arg)
{
	struct records tasks = {.size = sizeof(struct fc_iter_task)};
	struct fc_iter_want want = {};
	int r = 0;

	if (!g->env->iter || g->ask->self_only || want_cgroup(g, where, &want) < 0 ||
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

struct top {
	const struct fc_iter_task *task[TOP_MAX];
	size_t n;
	uint64_t others; /* have some, but less than these */
};

static void add_top(struct top *top, const struct fc_iter_task *t, enum walk_by by)
{
	size_t at = top->n;

	if (!value_of(t, by))
		return;
	while (at > 0 && value_of(top->task[at - 1], by) < value_of(t, by))
		at--;
	if (top->n == TOP_MAX)
		top->others++;
	else
		top->n++;
	if (at == TOP_MAX)
		return;
	memmove(&top->task[at + 1], &top->task[at], (top->n - at - 1) * sizeof(top->task[0]));
	top->task[at] = t;
}

int proc_walk_top(struct gather *g, const struct walk_where *where, enum walk_by by, proc_fn *cb,
		  void *arg)
{
	struct records tasks = {.size = sizeof(struct fc_iter_task)};
	struct fc_iter_want want = {};
	struct top top = {};
	int r = 0;

	if (!g->env->iter || g->ask->self_only || want_cgroup(g, where, &want) < 0 ||
	    read_tasks(g, &want, &tasks) < 0) {
		free(tasks.at);
		return walk_proc(g, where, cb, arg);
	}
	for (size_t i = 0; i < tasks.n; i++)
		add_top(&top, (struct fc_iter_task *)tasks.at + i, by);
	for (size_t i = 0; !r && i < top.n && !gather_late(g); i++)
		r = proc_visit(g, top.task[i]->pid, NULL, cb, arg);
	g->f->total += top.others;
	free(tasks.at);
	return r < 0 ? r : 0;
}

int proc_walk_fds(struct gather *g, uint32_t kinds, bool (*keep)(const char *link), proc_fn *cb,
		  void *arg)
{
	struct records fds = {.size = sizeof(struct fc_iter_fd), .keep = keep};
	const struct fc_iter_want want = {.kinds = kinds};
	int r = -ENOTSUP;

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
		struct proc_only only = {.fd = f};

		for (end = i; end < fds.n && f[end - i].pid == f->pid; end++)
			only.n++;
		r = proc_visit(g, f->pid, &only, cb, arg);
	}
	free(fds.at);
	return r < 0 ? r : 0;
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
