// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_hierarchy.c - where cgroups are: the mounts, the way from a cgroup's
 * path to its directory, and the walk over all of them.
 *
 * A container may see only a part of a hierarchy mounted; mountinfo then names
 * that part as the mount's root. Paths here are always those of the whole
 * hierarchy, so the part's name is taken off the front, and put back.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>

#include "counter_cgroup.h"

static const char *const v1_controllers[] = {
	[COUNTER_V1_MEMORY] = "memory",
	[COUNTER_V1_PIDS] = "pids",
	[COUNTER_V1_HUGETLB] = "hugetlb",
};

static void mount_close(struct counter_mount *m)
{
	util_closep(&m->fd);
	free(m->point);
	free(m->prefix);
	*m = (struct counter_mount){.fd = -1};
}

void counter_mounts_close(struct counters *c)
{
	for (int i = 0; i < COUNTER_HIERARCHIES; i++)
		mount_close(&c->mounts[i]);
}

/* Takes a mount that can be opened; one of the whole hierarchy wins over one of a part. */
static int mount_take(struct counters *c, enum counter_hierarchy h, const char *point,
		      const char *prefix)
{
	struct counter_mount *m = &c->mounts[h];
	struct counter_mount new = {.fd = -1};

	/* "/..": mounted outside of our cgroup namespace; its names begin at our root. */
	if (util_streq(prefix, "/") || util_after(prefix, "/.."))
		prefix = "";
	if (m->fd >= 0 && (!m->prefix[0] || prefix[0]))
		return 0;
	new.fd = counter_open(c, point, O_PATH | O_DIRECTORY);
	if (new.fd < 0)
		return 0;
	new.point = strdup(point);
	new.prefix = strdup(prefix);
	if (!new.point || !new.prefix) {
		mount_close(&new);
		return -ENOMEM;
	}
	mount_close(m);
	*m = new;
	return 0;
}

static int mount_line(struct counters *c, struct parse_text line)
{
	char point[PATH_MAX], prefix[PATH_MAX];
	const char *below = NULL;
	struct parse_mount m;
	int r = 0;

	if (parse_mount(line, &m) < 0 ||
	    (!parse_is(m.fstype, "cgroup") && !parse_is(m.fstype, "cgroup2")) ||
	    parse_unescape(m.point, point, sizeof(point)) < 0 ||
	    parse_unescape(m.root, prefix, sizeof(prefix)) < 0)
		return 0;
	/* The mountinfo of a root directory's own procfs may name points as we see them. */
	if (c->root_path[0])
		below = util_after(point, c->root_path);
	if (!below || below[0] != '/')
		below = point;
	if (parse_is(m.fstype, "cgroup2"))
		return mount_take(c, COUNTER_V2, below, prefix);
	for (int h = 0; !r && h < COUNTER_V2; h++)
		if (parse_in_list(m.options, v1_controllers[h]))
			r = mount_take(c, (enum counter_hierarchy)h, below, prefix);
	return r;
}

/* Without mountinfo: where everybody mounts them. */
static int mounts_guess(struct counters *c)
{
	_cleanup_close_ int v2 = counter_open(c, "sys/fs/cgroup/cgroup.controllers", O_PATH);
	_cleanup_close_ int hybrid = -1;
	int r = 0;

	if (v2 >= 0)
		return mount_take(c, COUNTER_V2, "/sys/fs/cgroup", "");
	hybrid = counter_open(c, "sys/fs/cgroup/unified/cgroup.controllers", O_PATH);
	if (hybrid >= 0)
		r = mount_take(c, COUNTER_V2, "/sys/fs/cgroup/unified", "");
	for (int h = 0; !r && h < COUNTER_V2; h++) {
		char point[64];

		snprintf(point, sizeof(point), "/sys/fs/cgroup/%s", v1_controllers[h]);
		r = mount_take(c, (enum counter_hierarchy)h, point, "");
	}
	return r;
}

/* "hugepages-2048kB" as hugetlb files write it: mem_fmt() in mm/hugetlb_cgroup.c. */
static void huge_size_add(struct counters *c, const char *dir_name)
{
	const char *s = util_after(dir_name, "hugepages-");
	size_t digits = s ? strspn(s, "0123456789") : 0;
	char *buf = c->huge[c->n_huge];
	size_t size = sizeof(c->huge[0]);
	uint64_t kb;

	if (!digits || !util_streq(s + digits, "kB") || parse_u64(s, digits, &kb) < 0 ||
	    kb > UINT64_C(1) << 40)
		return;
	if (kb >= 1024 * 1024)
		snprintf(buf, size, "%lluGB", (unsigned long long)kb / (1024 * 1024));
	else if (kb >= 1024)
		snprintf(buf, size, "%lluMB", (unsigned long long)kb / 1024);
	else
		snprintf(buf, size, "%lluKB", (unsigned long long)kb);
	c->n_huge++;
}

static int huge_sizes_find(struct counters *c)
{
	int fd = counter_open(c, "sys/kernel/mm/hugepages", O_RDONLY | O_DIRECTORY);
	struct counter_names names = {0};
	int r;

	if (fd >= 0) {
		r = counter_subdirs(fd, &names);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < names.n && c->n_huge < COUNTER_HUGE_SIZES; i++)
		huge_size_add(c, names.names[i]);
	counter_names_free(&names);
	/* A tree without that directory: the sizes of x86. */
	if (fd < 0) {
		huge_size_add(c, "hugepages-2048kB");
		huge_size_add(c, "hugepages-1048576kB");
	}
	return 0;
}

int counter_mounts_find(struct counters *c)
{
	struct parse_text text, line;
	bool whole, found = false;
	int r;

	r = counter_slurp(c, "proc/self/mountinfo", COUNTER_MOUNTINFO_MAX);
	if (r == -ENOMEM)
		return r;
	text = r < 0 ? (struct parse_text){0} : counter_text(&c->buf);
	while (parse_next_line(&text, &line, &whole)) {
		r = whole ? mount_line(c, line) : 0;
		if (r < 0)
			return r;
	}
	for (int i = 0; i < COUNTER_HIERARCHIES; i++)
		found |= c->mounts[i].fd >= 0;
	r = found ? 0 : mounts_guess(c);
	return r < 0 ? r : huge_sizes_find(c);
}

/* No empty, "." or ".." component: a cgroup's path leads to that cgroup and nowhere else. */
static bool path_valid(const char *path)
{
	if (path[0] != '/' || strnlen(path, PATH_MAX) == PATH_MAX)
		return false;
	while (*path) {
		size_t n = strcspn(++path, "/");

		if ((n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.') ||
		    (n == 0 && path[0]))
			return false;
		path += n;
	}
	return true;
}

/* The path below the mount point, "" or with a leading '/'; NULL: not in the mounted part. */
static const char *path_below(const struct counter_mount *m, const char *path)
{
	const char *rest = util_after(path, m->prefix);

	if (util_streq(path, "/"))
		return m->prefix[0] ? NULL : "";
	return rest && (rest[0] == '/' || !rest[0]) ? rest : NULL;
}

static int cgroup_open(const struct counter_mount *m, const char *path)
{
	const char *below = m->fd >= 0 ? path_below(m, path) : NULL;

	if (!below)
		return -ENOENT;
	return counter_open_beneath(m->fd, below, O_RDONLY | O_DIRECTORY);
}

static bool hierarchy_of(enum counter_source s, enum counter_hierarchy h)
{
	return s == COUNTER_CGROUP2 ? h == COUNTER_V2 : s == COUNTER_CGROUP1 && h != COUNTER_V2;
}

/* "/a/b/" means "/a/b", and so is its owner written. */
static int owner_of(struct counter_table *t, const char *path)
{
	size_t n = strlen(path);

	return counter_own(t, "cgroup:%.*s", (int)(n > 1 && path[n - 1] == '/' ? n - 1 : n), path);
}

int counters_read_cgroup(struct counters *c, enum counter_source s, const char *path,
			 struct counter_table *t)
{
	size_t rows = t->n_rows, owners = t->n_owners;
	bool found = false;
	int r;

	if (!path_valid(path) || (s != COUNTER_CGROUP1 && s != COUNTER_CGROUP2))
		return -EINVAL;
	r = owner_of(t, path);
	for (int i = 0; !r && i < COUNTER_HIERARCHIES; i++) {
		enum counter_hierarchy h = (enum counter_hierarchy)i;
		_cleanup_close_ int dir = -1;

		if (!hierarchy_of(s, h))
			continue;
		dir = cgroup_open(&c->mounts[h], path);
		if (dir < 0)
			continue;
		found = true;
		r = h == COUNTER_V2 ? counter_cgroup2_rows(c, dir, t)
				    : counter_cgroup1_rows(c, h, dir, t);
	}
	if (!r && !found)
		r = -ENOENT;
	if (r < 0)
		counter_table_cut(t, rows, owners);
	else if (t->n_rows == rows)
		counter_table_cut(t, rows, owners);
	return r;
}

int counter_cgroup_read_one(struct counters *c, const char *path, struct counter_table *t)
{
	int v1, v2;

	v1 = counters_read_cgroup(c, COUNTER_CGROUP1, path, t);
	if (v1 < 0 && v1 != -ENOENT)
		return v1;
	v2 = counters_read_cgroup(c, COUNTER_CGROUP2, path, t);
	if (v2 < 0 && v2 != -ENOENT)
		return v2;
	return v1 && v2 ? -ENOENT : 0;
}

struct walk {
	struct counters *c;
	enum counter_hierarchy h;
	int (*cb)(void *arg, const char *path);
	void *arg;
	char path[PATH_MAX]; /* of the whole hierarchy; "" for its root */
};

/* v1: told already when an earlier controller has a cgroup of that path. */
static bool told(const struct walk *w, const char *path)
{
	for (int i = w->h == COUNTER_V2 ? COUNTER_V2 : 0; i < (int)w->h; i++) {
		_cleanup_close_ int fd = cgroup_open(&w->c->mounts[i], path);

		if (fd >= 0)
			return true;
	}
	return false;
}

static int walk_dir(struct walk *w, size_t len)
{
	const char *path = len ? w->path : "/";
	struct counter_names names = {0};
	int fd, r;

	/* A cgroup that has gone meanwhile, or is closed to us, has no rows. */
	fd = cgroup_open(&w->c->mounts[w->h], path);
	if (fd < 0)
		return 0;
	r = counter_subdirs(fd, &names);
	if (!r && !told(w, path))
		r = w->cb(w->arg, path);
	for (size_t i = 0; !r && i < names.n; i++) {
		size_t n = strlen(names.names[i]);

		if (len + 1 + n >= sizeof(w->path))
			continue;
		w->path[len] = '/';
		memcpy(w->path + len + 1, names.names[i], n + 1);
		r = walk_dir(w, len + 1 + n);
		w->path[len] = '\0';
	}
	counter_names_free(&names);
	return r;
}

int counters_each_cgroup(struct counters *c, enum counter_source s,
			 int (*cb)(void *arg, const char *path), void *arg)
{
	int r = 0;

	if (s != COUNTER_CGROUP1 && s != COUNTER_CGROUP2)
		return -EINVAL;
	for (int i = 0; !r && i < COUNTER_HIERARCHIES; i++) {
		struct walk w = {.c = c, .h = (enum counter_hierarchy)i, .cb = cb, .arg = arg};

		if (!hierarchy_of(s, w.h) || c->mounts[i].fd < 0)
			continue;
		util_strlcpy(w.path, c->mounts[i].prefix, sizeof(w.path));
		r = walk_dir(&w, strlen(w.path));
	}
	return r;
}

struct read_each {
	struct counters *c;
	enum counter_source source;
	struct counter_table *t;
};

static int read_each(void *arg, const char *path)
{
	struct read_each *e = arg;
	int r = counters_read_cgroup(e->c, e->source, path, e->t);

	return r == -ENOENT ? 0 : r;
}

int counter_cgroup_read_all(struct counters *c, struct counter_table *t)
{
	struct read_each e = {.c = c, .source = COUNTER_CGROUP1, .t = t};
	int r;

	r = counters_each_cgroup(c, COUNTER_CGROUP1, read_each, &e);
	if (r)
		return r;
	e.source = COUNTER_CGROUP2;
	return counters_each_cgroup(c, COUNTER_CGROUP2, read_each, &e);
}

int counters_cgroup_path(const struct counters *c, enum counter_source s, const char *controller,
			 const char *path, const char *file, char *buf, size_t size)
{
	const struct counter_mount *m = NULL;
	const char *below;
	int n;

	if (!path_valid(path) || (s != COUNTER_CGROUP1 && s != COUNTER_CGROUP2))
		return -EINVAL;
	if (s == COUNTER_CGROUP2)
		m = &c->mounts[COUNTER_V2];
	for (int i = 0; !m && controller && i < COUNTER_V2; i++)
		if (util_streq(controller, v1_controllers[i]))
			m = &c->mounts[i];
	below = m && m->fd >= 0 ? path_below(m, path) : NULL;
	if (!below)
		return -ENOENT;
	n = (int)strlen(below);
	if (n && below[n - 1] == '/')
		n--;
	n = snprintf(buf, size, "%s%s%.*s%s%s", c->root_path, m->point, n, below, file ? "/" : "",
		     file ? file : "");
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
