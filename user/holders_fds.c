// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_fds.c - resources that descriptors stand for, over all processes:
 * open files, inotify, epoll, pseudo terminals; and asynchronous I/O, which
 * has a mapping instead.
 */
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../bpf/holders.h"
#include "holders_priv.h"

#define PROC_MAGIC 0x9fa0 /* PROC_SUPER_MAGIC of linux/magic.h */

struct wanted {
	bool (*is)(const char *link);
	const char *line; /* lines of fdinfo that begin so are the units; NULL: the descriptors */
	const char *kind;
	enum owner_by by; /* only of limit_uid */
	uint64_t found, lines;
};

static int on_line(struct gather *g _unused_, char *line, void *arg)
{
	struct wanted *w = arg;

	w->lines += util_after(line, w->line) != NULL;
	return 0;
}

static int on_fd(struct gather *g, const struct proc *p, int fds _unused_, const char *name,
		 const char *link, void *arg)
{
	struct wanted *w = arg;
	char path[64];

	if (!w->is(link))
		return 0;
	w->found++;
	if (w->line) {
		snprintf(path, sizeof(path), "fdinfo/%s", name);
		read_lines(g, p->dir, path, on_line, w);
	}
	return 0;
}

static int on_proc(struct gather *g, const struct proc *p, void *arg)
{
	struct wanted *w = arg;
	struct proc_status s;
	struct holder h;
	int r;

	if (w->by && !p->counted && (proc_status(p, &s) < 0 || !owner_counts(g, p, &s, w->by)))
		return 0;
	w->found = w->lines = 0;
	r = proc_fds(g, p, on_fd, w);
	if (r == -EACCES || r == -EPERM)
		g->f->incomplete = true;
	if (!w->found)
		return 0;
	holder_of(&h, p, w->line ? w->lines : w->found);
	if (w->line) {
		h.have |= HOLDER_COUNT;
		h.count = (int64_t)w->found;
	}
	if (w->by && g->ask->limit_uid >= 0) {
		h.have |= HOLDER_UID;
		h.uid = g->ask->limit_uid;
	}
	util_strlcpy(h.kind, w->kind, sizeof(h.kind));
	gather_offer(g, &h);
	return 0;
}

static bool is_inotify(const char *link)
{
	return util_streq(link, "anon_inode:inotify") || util_streq(link, "anon_inode:[inotify]");
}

static bool is_epoll(const char *link)
{
	return util_streq(link, "anon_inode:[eventpoll]");
}

static bool is_ptmx(const char *link)
{
	return util_streq(link, "/dev/ptmx") || util_streq(link, "/dev/pts/ptmx");
}

static int walk(struct gather *g, struct wanted w)
{
	const struct walk_fds what = {.kinds =
					      w.is == is_ptmx ? 1U << FC_FD_PTMX : 1U << FC_FD_ANON,
				      .keep = w.is,
				      .by = w.by};

	util_strlcpy(g->f->measure, w.kind, sizeof(g->f->measure));
	return proc_walk_fds(g, &what, on_proc, &w);
}

int gather_inotify_instances(struct gather *g)
{
	return walk(g, (struct wanted){.is = is_inotify,
				       .kind = "inotify instances",
				       .by = OWNER_EFFECTIVE});
}

int gather_inotify_watches(struct gather *g)
{
	return walk(g, (struct wanted){.is = is_inotify,
				       .line = "inotify wd:", /* fs/notify/fdinfo.c */
				       .kind = "watches",
				       .by = OWNER_EFFECTIVE});
}

int gather_epoll(struct gather *g)
{
	return walk(g, (struct wanted){.is = is_epoll,
				       .line = "tfd:", /* ep_show_fdinfo() of fs/eventpoll.c */
				       .kind = "epoll watches",
				       .by = OWNER_ANY_NS}); /* of the user's, wherever */
}

int gather_pty(struct gather *g)
{
	return walk(g, (struct wanted){.is = is_ptmx, .kind = "ptys"});
}

/* The ring of io_setup() is a mapping with this name: aio_private_file() of fs/aio.c. */
static int on_map(struct gather *g _unused_, char *line, void *arg)
{
	uint64_t *contexts = arg;

	*contexts += strstr(line, " /[aio]") != NULL;
	return 0;
}

static int on_aio(struct gather *g, const struct proc *p, void *arg _unused_)
{
	uint64_t contexts = 0;
	struct holder h;

	if (read_lines(g, p->dir, "maps", on_map, &contexts) < 0 || !contexts)
		return 0;
	holder_of(&h, p, contexts);
	util_strlcpy(h.kind, "aio contexts", sizeof(h.kind));
	gather_offer(g, &h);
	return 0;
}

int gather_aio(struct gather *g)
{
	return proc_walk(g, on_aio, NULL);
}

/* How many descriptors a process has: since 6.2 the size of the directory tells
 * (proc_fd_getattr() of fs/proc/fd.c), before that it is counted. */
struct counting {
	bool size_tells;
	uint64_t all;
};

static int count_fd(struct gather *g _unused_, const struct proc *p _unused_, int fds _unused_,
		    const char *name _unused_, const char *link _unused_, void *arg)
{
	++*(uint64_t *)arg;
	return 0;
}

static int on_files(struct gather *g, const struct proc *p, void *arg)
{
	struct counting *c = arg;
	struct holder h;
	uint64_t n = 0;
	struct stat st;
	int r = 0;

	if (p->task && p->task->has & FC_ITER_FDS)
		n = p->task->fds;
	else if (p->task)
		return proc_visit(g, p->pid, NULL, on_files, arg); /* a huge table */
	else if (c->size_tells)
		r = fstatat(p->dir, "fd", &st, 0) < 0 ? -errno : 0;
	if (!p->task && c->size_tells && !r)
		n = (uint64_t)st.st_size;
	else if (!p->task && !c->size_tells)
		r = proc_fds(g, p, count_fd, &n);
	if (r == -EACCES || r == -EPERM)
		g->f->incomplete = true;
	if (r < 0 || !n)
		return 0;
	c->all += n;
	holder_of(&h, p, n);
	gather_offer(g, &h);
	return 0;
}

int gather_file_max(struct gather *g)
{
	struct counting c = {0};
	const struct holder *top = &g->f->holder[0];
	char name[GATHER_NAME];
	struct statfs fs;
	struct stat st;
	int r;

	c.size_tells = fstatfs(g->env->proc, &fs) == 0 && fs.f_type == PROC_MAGIC &&
		       fstatat(g->env->proc, "self/fd", &st, 0) == 0 && st.st_size > 0;
	util_strlcpy(g->f->measure, "descriptors", sizeof(g->f->measure));
	r = proc_walk_status(g, &(struct walk_where){}, on_files, &c);
	/* Half of the limit in one process is no question of the limit alone. */
	if (!r && g->f->n && !g->f->incomplete && g->ask->limit > 0 &&
	    top->held * 2 >= g->ask->limit)
		gather_says(
			g,
			"%s (pid %lld) alone has %lld of the %lld descriptors that are open; see "
			"what they are before raising the limit: ls -l /proc/%lld/fd",
			gather_name(top->comm, name), (long long)top->pid, (long long)top->held,
			(long long)c.all, (long long)top->pid);
	return r;
}
