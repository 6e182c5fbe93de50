// SPDX-License-Identifier: GPL-2.0-only
/*
 * watcher_tree.c - one node a cgroup directory of a hierarchy, one watch an
 * inode. A directory is watched before it is read, so that what is made
 * meanwhile comes one way or the other.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "watcher_tree.h"

#define DIR_MASK (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)

static const char *const controllers[TREE_HIERARCHIES] = {
	[TREE_MEMORY] = "memory",
	[TREE_PIDS] = "pids",
	[TREE_HUGETLB] = "hugetlb",
	[TREE_V2] = NULL,
};

static bool ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && util_streq(s + n - m, suffix);
}

/*
 * pids.events.local as well: mounted with pids_localevents that is the only
 * file of the two which pids_event() in kernel/cgroup/pids.c notifies.
 */
bool tree_notifies(const char *name)
{
	return (ends(name, ".events") && !util_streq(name, "cgroup.events")) ||
	       util_streq(name, "pids.events.local");
}

/*
 * The pids.events of v1 tells nobody (seen on 6.18) since pids_event() in
 * kernel/cgroup/pids.c counts and notifies a local file that v1 does not have.
 */
bool tree_silent(enum tree_hierarchy h, const char *name)
{
	return h != TREE_V2 && (ends(name, ".failcnt") || util_streq(name, "memory.oom_control") ||
				util_streq(name, "pids.events"));
}

struct tree_node *tree_find(const struct tree *t, enum tree_hierarchy h, const char *path)
{
	struct tree_node *n = NULL;
	size_t len = strlen(path);
	char key[PATH_MAX + 1];

	if (len >= PATH_MAX)
		return NULL;
	key[0] = (char)('0' + h);
	memcpy(key + 1, path, len);
	HASH_FIND(hh, t->nodes, key, len + 1, n);
	return n;
}

void tree_dirty(struct tree *t, struct tree_node *n)
{
	if (!n->dirty)
		DL_APPEND2(t->dirty, n, dirty_prev, dirty_next);
	n->dirty = true;
}

void tree_clean(struct tree *t, struct tree_node *n)
{
	if (n->dirty)
		DL_DELETE2(t->dirty, n, dirty_prev, dirty_next);
	n->dirty = false;
}

void tree_rescan(struct tree *t, struct tree_node *n)
{
	if (!n->scan)
		DL_APPEND2(t->scan, n, scan_prev, scan_next);
	n->scan = true;
}

static void set_unwatched(struct tree *t, struct tree_node *n, bool v)
{
	t->n_unwatched -= n->unwatched;
	t->n_unwatched += v;
	n->unwatched = v;
}

void tree_watch_free(struct tree *t, struct tree_watch *w)
{
	LL_DELETE(w->node->watches, w);
	HASH_DEL(t->watches, w);
	free(w);
}

void tree_free(struct tree *t, struct tree_node *n)
{
	while (n->watches) {
		if (t->fd >= 0)
			inotify_rm_watch(t->fd, n->watches->wd);
		tree_watch_free(t, n->watches);
	}
	tree_clean(t, n);
	if (n->scan)
		DL_DELETE2(t->scan, n, scan_prev, scan_next);
	set_unwatched(t, n, false);
	t->n_polls -= n->polls;
	HASH_DEL(t->nodes, n);
	free(n);
}

/* A v1 cgroup has gone when the last of its hierarchies has lost it. */
void tree_gone(struct tree *t, struct tree_node *n)
{
	enum tree_hierarchy h = n->hierarchy;
	enum counter_source source = tree_source(n);
	_cleanup_free_ char *path = strdup(n->path);
	_cleanup_free_ char *owner = NULL;
	bool others = false;

	tree_free(t, n);
	if (!path || asprintf(&owner, "cgroup:%s", path) < 0) {
		owner = NULL;
		return;
	}
	for (int i = 0; source == COUNTER_CGROUP1 && i < TREE_V2; i++)
		others |= tree_find(t, (enum tree_hierarchy)i, path) != NULL;
	if (others)
		correlate_gone_part(t->correlate, owner, controllers[h]);
	else
		correlate_gone(t->correlate, source, owner);
}

static bool is_below(const char *path, const char *top)
{
	const char *rest = util_after(path, top);

	return rest && *rest == '/';
}

void tree_gone_below(struct tree *t, enum tree_hierarchy h, const char *top)
{
	struct tree_node *n, *next;

	HASH_ITER (hh, t->nodes, n, next)
		if (n->hierarchy == h && is_below(n->path, top))
			tree_gone(t, n);
}

static int watch_add(struct tree *t, struct tree_node *n, const char *path, uint32_t mask,
		     enum watched what)
{
	struct tree_watch *w = NULL;
	int wd;

	wd = t->fd < 0 ? -1 : inotify_add_watch(t->fd, path, mask);
	if (wd < 0) {
		if (t->fd < 0 || errno == ENOSPC || errno == ENOMEM)
			set_unwatched(t, n, true);
		return 0;
	}
	HASH_FIND_INT(t->watches, &wd, w);
	if (w) {
		/* Two names of one inode: the other node hears of it, this one has to look. */
		if (w->node != n)
			set_unwatched(t, n, true);
		return 0;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	*w = (struct tree_watch){.node = n, .wd = wd, .what = what};
	HASH_ADD_INT(t->watches, wd, w);
	if (!w->hh.tbl) {
		free(w);
		return -ENOMEM;
	}
	LL_PREPEND(n->watches, w);
	return 0;
}

int tree_dir(struct tree *t, enum tree_hierarchy h, const char *path, char *buf, size_t size)
{
	return counters_cgroup_path(t->c, h == TREE_V2 ? COUNTER_CGROUP2 : COUNTER_CGROUP1,
				    controllers[h], path, NULL, buf, size);
}

/* v1 controllers mounted together have one directory: the first of them stands for all. */
static bool is_covered(struct tree *t, enum tree_hierarchy h, const char *path)
{
	for (int i = 0; h != TREE_V2 && i < (int)h; i++)
		if (tree_dir(t, (enum tree_hierarchy)i, path, t->file, sizeof(t->file)) == 0 &&
		    util_streq(t->file, t->dir))
			return true;
	return false;
}

int tree_add(struct tree *t, enum tree_hierarchy h, const char *path, bool as_is)
{
	struct tree_node *n = tree_find(t, h, path);
	_cleanup_free_ char *owner = NULL;
	size_t len = strlen(path);
	struct stat st;

	if (n) {
		n->seen = t->seen;
		return 0;
	}
	if (tree_dir(t, h, path, t->dir, sizeof(t->dir)) < 0 || is_covered(t, h, path) ||
	    stat(t->dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (asprintf(&owner, "cgroup:%s", path) < 0) {
		owner = NULL;
		return -ENOMEM;
	}
	n = calloc(1, sizeof(*n) + len + 2);
	if (!n)
		return -ENOMEM;
	n->hierarchy = h;
	n->as_is = as_is;
	n->seen = t->seen;
	n->key[0] = (char)('0' + h);
	n->path = memcpy(n->key + 1, path, len + 1);
	HASH_ADD_KEYPTR(hh, t->nodes, n->key, len + 1, n);
	if (!n->hh.tbl) {
		free(n);
		return -ENOMEM;
	}
	tree_rescan(t, n);
	tree_dirty(t, n);
	return as_is ? 0 : correlate_born(t->correlate, tree_source(n), owner);
}

int tree_child(const struct tree_node *n, const char *name, char **ret)
{
	if (asprintf(ret, "%s/%s", util_streq(n->path, "/") ? "" : n->path, name) < 0) {
		*ret = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int child_add(struct tree *t, struct tree_node *parent, const char *name, bool as_is)
{
	_cleanup_free_ char *path = NULL;
	struct tree_node *n;
	int r;

	r = tree_child(parent, name, &path);
	if (r < 0)
		return r;
	r = tree_add(t, parent->hierarchy, path, as_is);
	n = parent->children && !r ? tree_find(t, parent->hierarchy, path) : NULL;
	if (n) {
		tree_rescan(t, n);
		tree_dirty(t, n);
	}
	return r;
}

static void remember_polled(struct tree *t, struct tree_node *n, const char *name)
{
	unsigned int i = 0;

	t->n_polls += !n->polls;
	n->polls = true;
	while (i < t->n_polled && !util_streq(t->polled[i], name))
		i++;
	if (i == t->n_polled && i < TREE_POLLED &&
	    util_strlcpy(t->polled[i], name, sizeof(t->polled[i])))
		t->n_polled++;
}

static int entry(struct tree *t, struct tree_node *n, int dir, const struct dirent *e)
{
	bool is_dir = e->d_type == DT_DIR;
	struct stat st;

	if (util_streq(e->d_name, ".") || util_streq(e->d_name, ".."))
		return 0;
	if (e->d_type == DT_UNKNOWN)
		is_dir = fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			 S_ISDIR(st.st_mode);
	if (is_dir)
		return child_add(t, n, e->d_name, t->starting);
	if (tree_silent(n->hierarchy, e->d_name))
		remember_polled(t, n, e->d_name);
	if (!tree_notifies(e->d_name) && !util_streq(e->d_name, "cgroup.subtree_control"))
		return 0;
	if (tree_dir(t, n->hierarchy, n->path, t->dir, sizeof(t->dir)) < 0)
		return 0;
	snprintf(t->file, sizeof(t->file), "%s/%s", t->dir, e->d_name);
	return watch_add(t, n, t->file, IN_MODIFY,
			 tree_notifies(e->d_name) ? WATCH_EVENTS : WATCH_SUBTREE);
}

static int node_scan(struct tree *t, struct tree_node *n)
{
	struct dirent *e;
	int r = 0;
	DIR *dir;

	set_unwatched(t, n, false);
	if (tree_dir(t, n->hierarchy, n->path, t->dir, sizeof(t->dir)) == 0)
		r = watch_add(t, n, t->dir, DIR_MASK, WATCH_DIR);
	if (r < 0)
		return r;
	dir = opendir(t->dir);
	if (!dir) {
		/* No descriptor left is not the same as gone. */
		if (errno == ENOENT || errno == ENODEV)
			tree_gone(t, n);
		else
			set_unwatched(t, n, true);
		return 0;
	}
	while (!r && (e = readdir(dir)))
		r = entry(t, n, dirfd(dir), e);
	closedir(dir);
	n->children = false;
	return r;
}

/* A queue and no recursion: cgroups nest as deep as a path is long. */
int tree_scan(struct tree *t)
{
	struct tree_node *n;
	int r = 0;

	while (!r && (n = t->scan)) {
		DL_DELETE2(t->scan, n, scan_prev, scan_next);
		n->scan = false;
		r = node_scan(t, n);
	}
	return r;
}
