// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter.c - counter rows from every source: opening a root directory, the
 * table of rows, and which source an owner's name asks.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>

#include "counter_priv.h"

void counter_table_cut(struct counter_table *t, size_t n_rows, size_t n_owners)
{
	while (t->n_owners > n_owners)
		free(t->owners[--t->n_owners]);
	t->n_rows = n_rows;
}

void counter_table_clear(struct counter_table *t)
{
	counter_table_cut(t, 0, 0);
	t->hidden = false;
}

void counter_table_free(struct counter_table *t)
{
	counter_table_clear(t);
	free(t->rows);
	free(t->owners);
	*t = (struct counter_table){0};
}

int counter_own(struct counter_table *t, const char *fmt, ...)
{
	_cleanup_free_ char *name = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&name, fmt, ap);
	va_end(ap);
	if (n < 0) {
		name = NULL;
		return -ENOMEM;
	}
	if (t->n_owners && util_streq(t->owners[t->n_owners - 1], name))
		return 0;
	if (t->n_owners == t->cap_owners) {
		size_t cap = t->cap_owners ? t->cap_owners * 2 : 16;
		char **p = reallocarray(t->owners, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		t->owners = p;
		t->cap_owners = cap;
	}
	t->owners[t->n_owners++] = TAKE_PTR(name);
	return 0;
}

struct counter_row counter_row_of(enum counter_source source, const char *name, const char *unit)
{
	struct counter_row r = {.source = source, .unit = unit};

	util_strlcpy(r.name, name, sizeof(r.name));
	return r;
}

int counter_add(struct counter_table *t, const struct counter_row *r)
{
	if (!r->have)
		return 0;
	if (t->n_rows == t->cap_rows) {
		size_t cap = t->cap_rows ? t->cap_rows * 2 : 64;
		struct counter_row *p = reallocarray(t->rows, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		t->rows = p;
		t->cap_rows = cap;
	}
	t->rows[t->n_rows] = *r;
	t->rows[t->n_rows++].owner = (unsigned int)(t->n_owners - 1);
	return 0;
}

static uint64_t *member(struct counter_row *r, enum counter_have what)
{
	switch (what) {
	case COUNTER_HELD:
		return &r->held;
	case COUNTER_MAXHELD:
		return &r->maxheld;
	case COUNTER_BARRIER:
		return &r->barrier;
	case COUNTER_LIMIT:
		return &r->limit;
	case COUNTER_FAILCNT:
		return &r->failcnt;
	case COUNTER_FAILCNT_LOCAL:
		return &r->failcnt_local;
	case COUNTER_MALFORMED:
		break;
	}
	return NULL;
}

int counter_put(struct counter_row *r, enum counter_have what, int result, uint64_t v)
{
	uint64_t *m = member(r, what);

	if (result == -ENOMEM)
		return result;
	if (result == -ENOENT || result == -ENODATA || result == -EACCES)
		return 0;
	if (result < 0 || !m) {
		r->have |= COUNTER_MALFORMED;
		return 0;
	}
	*m = v;
	r->have |= what;
	return 0;
}

static bool has_process(const struct counters *c)
{
	int fd = counter_open(c, "proc", O_RDONLY | O_DIRECTORY);
	struct dirent *e;
	bool found = false;
	DIR *dir;

	if (fd < 0)
		return false;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return false;
	}
	while (!found && (e = readdir(dir)))
		found = e->d_name[0] >= '1' && e->d_name[0] <= '9';
	closedir(dir);
	return found;
}

static bool exists(const struct counters *c, const char *path)
{
	_cleanup_close_ int fd = counter_open(c, path, O_PATH);

	return fd >= 0;
}

static int sources_find(struct counters *c)
{
	int r;

	r = counter_mounts_find(c);
	if (r < 0)
		return r;
	c->have[COUNTER_UBC] = counter_ubc_exists(c);
	if (c->beancounters && !c->have[COUNTER_UBC])
		return -ENOENT;
	c->have[COUNTER_CGROUP1] = c->mounts[COUNTER_V1_MEMORY].fd >= 0 ||
				   c->mounts[COUNTER_V1_PIDS].fd >= 0 ||
				   c->mounts[COUNTER_V1_HUGETLB].fd >= 0;
	c->have[COUNTER_CGROUP2] = c->mounts[COUNTER_V2].fd >= 0;
	c->have[COUNTER_HOST] = exists(c, "proc/sys");
	c->have[COUNTER_PROCESS] = has_process(c);
	c->have[COUNTER_USER] = c->have[COUNTER_PROCESS] || exists(c, "proc/key-users");
	return 0;
}

int counters_open(struct counters **ret, const struct counter_options *o)
{
	_cleanup_(counters_closep) struct counters *c = calloc(1, sizeof(*c));
	const char *root = o && o->root ? o->root : "/";
	int r;

	if (!c)
		return -ENOMEM;
	c->root_fd = -1;
	for (int i = 0; i < COUNTER_HIERARCHIES; i++)
		c->mounts[i].fd = -1;
	c->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->root_fd < 0)
		return -errno;
	c->root_path = realpath(root, NULL);
	if (!c->root_path)
		return -errno;
	if (util_streq(c->root_path, "/"))
		c->root_path[0] = '\0';
	if (o && o->beancounters) {
		c->beancounters = strdup(o->beancounters);
		if (!c->beancounters)
			return -ENOMEM;
	}
	r = sources_find(c);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(c);
	return 0;
}

void counters_close(struct counters *c)
{
	if (!c)
		return;
	counter_mounts_close(c);
	util_closep(&c->root_fd);
	free(c->root_path);
	free(c->beancounters);
	free(c->buf.s);
	counter_users_drop(c);
	free(c);
}

bool counters_have(const struct counters *c, enum counter_source s)
{
	return s < COUNTER_SOURCES && c->have[s];
}

/*
 * Every source, the shortest first. One that cannot be read does not hide the
 * others: its error is kept for the end.
 */
static int read_all(struct counters *c, struct counter_table *t)
{
	int kept, r;

	kept = counter_ubc_read(c, NULL, t);
	/* Inside other containers the file may be there and closed; nobody asked for it. */
	if (kept == -ENOENT || (kept == -EACCES && !c->beancounters))
		kept = 0;
	if (kept == -ENOMEM)
		return kept;
	r = counter_host_read(c, t);
	if (!r)
		r = counter_user_read(c, -1, t);
	if (!r)
		r = counter_cgroup_read_all(c, t);
	return r < 0 ? r : kept;
}

static int owner_number(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v;

	if (parse_u64(s, strlen(s), &v) < 0 || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

static int read_owner(struct counters *c, const char *owner, struct counter_table *t)
{
	const char *rest;
	uint64_t v;
	int r;

	if (util_streq(owner, "host"))
		return c->have[COUNTER_HOST] ? counter_host_read(c, t) : -ENOENT;
	if ((rest = util_after(owner, "ct:")))
		return *rest ? counter_ubc_read(c, rest, t) : -EINVAL;
	if ((rest = util_after(owner, "cgroup:")))
		return counter_cgroup_read_one(c, rest, t);
	if ((rest = util_after(owner, "fs:")))
		return counter_fs_read_one(c, rest, t);
	if ((rest = util_after(owner, "uid:"))) {
		/* (uid_t)-1 is nobody's. */
		r = owner_number(rest, UINT32_MAX - 1, &v);
		return r < 0 ? r : counter_user_read(c, (int64_t)v, t);
	}
	if ((rest = util_after(owner, "pid:"))) {
		r = owner_number(rest, INT32_MAX, &v);
		return r < 0 ? r : counter_process_read(c, v, t);
	}
	return -EINVAL;
}

int counters_read(struct counters *c, const char *owner, struct counter_table *t)
{
	size_t rows = t->n_rows, owners = t->n_owners;
	int r;

	r = owner ? read_owner(c, owner, t) : read_all(c, t);
	/* -EFBIG and, of one source among all, -EACCES come with the rows that could be read. */
	if (r < 0 && r != -EFBIG && (owner || r == -ENOMEM))
		counter_table_cut(t, rows, owners);
	return r;
}

int counters_read_users(struct counters *c, struct counter_table *t)
{
	return counter_user_read(c, -1, t);
}

static int copy_out(const struct counter_buf *b, char **ret, size_t *ret_n)
{
	char *s = malloc(b->n + 1);

	if (!s)
		return -ENOMEM;
	if (b->n)
		memcpy(s, b->s, b->n);
	s[b->n] = '\0';
	*ret = s;
	*ret_n = b->n;
	return 0;
}

int counters_slurp(struct counters *c, const char *path, char **ret, size_t *ret_n)
{
	int r = counter_slurp(c, path, COUNTER_TABLE_FILE_MAX);

	return r < 0 ? r : copy_out(&c->buf, ret, ret_n);
}

int counters_slurp_ubc(struct counters *c, char **ret, size_t *ret_n)
{
	int r = counter_ubc_slurp(c);

	return r < 0 ? r : copy_out(&c->buf, ret, ret_n);
}

int counters_open_dir(struct counters *c, const char *path)
{
	return counter_open(c, path, O_RDONLY | O_DIRECTORY);
}
