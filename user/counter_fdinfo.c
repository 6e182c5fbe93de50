// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_fdinfo.c - what the kernel counts for a user and tells of no user:
 * inotify and fanotify groups, their watches and marks, watches of epoll.
 *
 * They are files. Each process shows its own, with what hangs on them, in
 * /proc/PID/fdinfo; a file that several descriptors lead to, after a fork or a
 * dup, is one all the same, and kcmp(2) tells (and orders them, so that a sort
 * finds them). The owner is taken to be the user of the process: of one that
 * changed its user id later it is not.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>

#include "counter_priv.h"

/* As fs/notify and fs/eventpoll.c name their files, and the lines of their fdinfo. */
static const struct {
	const char *link, *line;
} kinds[COUNTER_FD_KINDS] = {
	[COUNTER_FD_INOTIFY] = {"anon_inode:inotify", "inotify"},
	[COUNTER_FD_EPOLL] = {"anon_inode:[eventpoll]", "tfd:"},
	[COUNTER_FD_FANOTIFY] = {"anon_inode:[fanotify]", "fanotify"},
};

static int kind_of(int dir, const char *name)
{
	char link[32];
	ssize_t n = readlinkat(dir, name, link, sizeof(link) - 1);

	if (n <= 0)
		return -1;
	link[n] = '\0';
	for (int k = 0; k < COUNTER_FD_KINDS; k++)
		if (util_streq(link, kinds[k].link))
			return k;
	return -1;
}

/* "fanotify flags:..." is the group itself, every other line one mark. */
static int count_marks(struct parse_text text, int kind, uint64_t *ret)
{
	struct parse_text line;
	uint64_t n = 0, self = 0;
	bool whole;
	int r = parse_count_lines(text, kinds[kind].line, &n);

	while (!r && kind == COUNTER_FD_FANOTIFY && parse_next_line(&text, &line, &whole))
		self += line.n > 15 && memcmp(line.s, "fanotify flags:", 15) == 0;
	if (!r)
		*ret = n - self;
	return r;
}

static int add_file(struct counters *c, struct counter_fds *fds, uint32_t uid, const char *pid,
		    const char *fd, int kind)
{
	struct counter_fd new = {.uid = uid, .kind = kind};
	char path[64];
	uint64_t n = 0;
	int r;

	snprintf(path, sizeof(path), "proc/%.12s/fdinfo/%.12s", pid, fd);
	r = counter_slurp(c, path, COUNTER_TABLE_FILE_MAX);
	if (!r)
		r = count_marks(counter_text(&c->buf), kind, &n);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* closed meanwhile */
	if (fds->n == fds->cap) {
		size_t cap = fds->cap ? fds->cap * 2 : 64;
		struct counter_fd *p = reallocarray(fds->f, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		fds->f = p;
		fds->cap = cap;
	}
	new.pid = (int)strtol(pid, NULL, 10);
	new.fd = (int)strtol(fd, NULL, 10);
	new.n = n;
	fds->f[fds->n++] = new;
	return 0;
}

int counter_fds_add(struct counters *c, struct counter_fds *fds, uint32_t uid, const char *pid)
{
	const struct dirent *e;
	char path[64];
	int fd, r = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "proc/%.12s/fd", pid);
	fd = counter_open(c, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd == -ESRCH ? -ENOENT : fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!r && (e = readdir(dir))) {
		int kind = e->d_name[0] == '.' ? -1 : kind_of(fd, e->d_name);

		if (kind >= 0)
			r = add_file(c, fds, uid, pid, e->d_name, kind);
	}
	closedir(dir);
	return r;
}

static int by_number(const struct counter_fd *a, const struct counter_fd *b)
{
	return a->pid != b->pid ? (a->pid > b->pid) - (a->pid < b->pid)
				: (a->fd > b->fd) - (a->fd < b->fd);
}

/* Below 0, 0, above 0: kcmp() orders by the kernel's pointers, in disguise. */
static int by_file(const void *pa, const void *pb)
{
	const struct counter_fd *a = pa, *b = pb;
	long r;

	if (a->uid != b->uid)
		return a->uid < b->uid ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind - b->kind;
	if (!a->real)
		return by_number(a, b);
	r = syscall(SYS_kcmp, a->pid, b->pid, KCMP_FILE, (unsigned long)a->fd,
		    (unsigned long)b->fd);
	return r == 0 ? 0 : r == 1 ? -1 : r == 2 ? 1 : by_number(a, b);
}

void counter_fds_sort(struct counters *c, struct counter_fds *fds)
{
	size_t kept = 0;

	for (size_t i = 0; i < fds->n; i++)
		fds->f[i].real = !c->root_path[0]; /* in a fixture pids are nobody's */
	/* A kernel without kcmp(), or a filter that forbids it: no number is better than a wrong
	 * one. */
	if (fds->n > 1 && !c->root_path[0] &&
	    syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0) < 0)
		fds->unknown = true;
	if (fds->n)
		qsort(fds->f, fds->n, sizeof(*fds->f), by_file);
	for (size_t i = 0; i < fds->n; i++)
		if (kept == 0 || by_file(&fds->f[kept - 1], &fds->f[i]) != 0)
			fds->f[kept++] = fds->f[i];
	fds->n = kept;
}

void counter_fds_count(const struct counter_fds *fds, uint32_t uid, struct counter_fd_usage *ret)
{
	struct counter_fd_usage u = {0};

	for (size_t i = 0; i < fds->n; i++) {
		if (fds->f[i].uid != uid)
			continue;
		u.files[fds->f[i].kind]++;
		u.marks[fds->f[i].kind] += fds->f[i].n;
	}
	*ret = u;
}

static int add_usage(struct counters *c, const char *name, const char *unit, uint64_t held,
		     const char *sysctl, struct counter_table *t)
{
	struct counter_row row = counter_row_of(COUNTER_USER, name, unit);
	uint64_t limit = 0;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "proc/sys/fs/%s", sysctl);
	r = counter_slurp(c, path, COUNTER_FILE_MAX);
	if (!r)
		r = parse_value_limit(counter_text(&c->buf), &limit);
	if (counter_put(&row, COUNTER_LIMIT, r, limit) < 0)
		return -ENOMEM;
	/* A kernel without the limit has none of it to use up. */
	if (!(row.have & COUNTER_LIMIT))
		return 0;
	counter_put(&row, COUNTER_HELD, 0, held);
	return counter_add(t, &row);
}

int counter_fds_rows(struct counters *c, const struct counter_fd_usage *u, struct counter_table *t)
{
	const struct {
		const char *name, *unit, *sysctl;
		uint64_t held;
	} rows[] = {
		{"inotify-instances", "instances", "inotify/max_user_instances",
		 u->files[COUNTER_FD_INOTIFY]},
		{"inotify-watches", "watches", "inotify/max_user_watches",
		 u->marks[COUNTER_FD_INOTIFY]},
		{"epoll-watches", "watches", "epoll/max_user_watches", u->marks[COUNTER_FD_EPOLL]},
		{"fanotify-groups", "groups", "fanotify/max_user_groups",
		 u->files[COUNTER_FD_FANOTIFY]},
		{"fanotify-marks", "marks", "fanotify/max_user_marks",
		 u->marks[COUNTER_FD_FANOTIFY]},
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(rows); i++)
		r = add_usage(c, rows[i].name, rows[i].unit, rows[i].held, rows[i].sysctl, t);
	return r;
}
