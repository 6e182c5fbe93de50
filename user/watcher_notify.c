// SPDX-License-Identifier: GPL-2.0-only
/*
 * watcher_notify.c - what inotify says becomes nodes made, nodes gone and
 * nodes to be read; and the files of which it says nothing, looked at cheaply.
 */
#include <fcntl.h>
#include <sys/inotify.h>

#include "watcher_tree.h"

static int on_child(struct tree *t, struct tree_node *n, const struct inotify_event *ev)
{
	_cleanup_free_ char *path = NULL;
	struct tree_node *child;
	int r;

	r = tree_child(n, ev->name, &path);
	if (r < 0)
		return r;
	if (ev->mask & (IN_CREATE | IN_MOVED_TO))
		return tree_add(t, n->hierarchy, path, ev->mask & IN_MOVED_TO);
	if (ev->mask & IN_MOVED_FROM)
		tree_gone_below(t, n->hierarchy, path);
	child = tree_find(t, n->hierarchy, path);
	if (child)
		tree_gone(t, child);
	return 0;
}

/* In a cgroup file system files come without a word; elsewhere (a fixture) one at a time. */
static void on_file(struct tree *t, struct tree_node *n, const struct inotify_event *ev)
{
	if (!(ev->mask & (IN_CREATE | IN_MOVED_TO)) ||
	    (!tree_notifies(ev->name) && !tree_silent(n->hierarchy, ev->name)))
		return;
	tree_rescan(t, n);
	tree_dirty(t, n);
}

static int on_event(struct tree *t, const struct inotify_event *ev)
{
	struct tree_watch *w = NULL;
	struct tree_node *n;

	if (ev->mask & IN_Q_OVERFLOW) {
		t->overflow = true;
		return 0;
	}
	HASH_FIND_INT(t->watches, &ev->wd, w);
	if (!w)
		return 0;
	n = w->node;
	if (w->what == WATCH_DIR && (ev->mask & (IN_IGNORED | IN_DELETE_SELF | IN_UNMOUNT))) {
		tree_gone(t, n);
		return 0;
	}
	if (ev->mask & IN_IGNORED) {
		tree_watch_free(t, w);
		return 0;
	}
	if (w->what == WATCH_DIR && ev->len && (ev->mask & IN_ISDIR))
		return on_child(t, n, ev);
	if (w->what == WATCH_DIR && ev->len)
		on_file(t, n, ev);
	if (w->what == WATCH_EVENTS)
		tree_dirty(t, n);
	if (w->what == WATCH_SUBTREE) {
		n->children = true;
		tree_rescan(t, n);
	}
	return 0;
}

static int add_hierarchies(struct tree *t, enum counter_source s, const char *path)
{
	int r = 0;

	for (int h = 0; h < TREE_HIERARCHIES && !r; h++)
		if ((s == COUNTER_CGROUP2) == (h == TREE_V2))
			r = tree_add(t, (enum tree_hierarchy)h, path, t->starting);
	/* Watched before the walk goes on, and so before its children are listed elsewhere. */
	return r < 0 ? r : tree_scan(t);
}

static int add_cgroup1(void *arg, const char *path)
{
	return add_hierarchies(arg, COUNTER_CGROUP1, path);
}

static int add_cgroup2(void *arg, const char *path)
{
	return add_hierarchies(arg, COUNTER_CGROUP2, path);
}

static int walk(struct tree *t)
{
	int r = 0;

	if (counters_have(t->c, COUNTER_CGROUP1))
		r = counters_each_cgroup(t->c, COUNTER_CGROUP1, add_cgroup1, t);
	if (!r && counters_have(t->c, COUNTER_CGROUP2))
		r = counters_each_cgroup(t->c, COUNTER_CGROUP2, add_cgroup2, t);
	return r;
}

/* The queue overflowed: anything may have been made, removed or counted. */
static int look_at_everything(struct tree *t)
{
	struct tree_node *n, *next;
	int r;

	t->overflow = false;
	t->seen++;
	for (n = t->nodes; n; n = n->hh.next) {
		tree_rescan(t, n);
		tree_dirty(t, n);
	}
	r = tree_scan(t);
	if (!r)
		r = walk(t);
	if (r < 0)
		return r;
	HASH_ITER (hh, t->nodes, n, next)
		if (n->seen != t->seen)
			tree_gone(t, n);
	return 0;
}

int tree_drain(struct tree *t)
{
	ssize_t got;
	int r = 0;

	while (!r && t->fd >= 0 && (got = read(t->fd, t->buf, sizeof(t->buf))) > 0)
		for (ssize_t at = 0; at < got && !r;) {
			const struct inotify_event *ev = (const void *)(t->buf + at);

			r = on_event(t, ev);
			at += (ssize_t)(sizeof(*ev) + ev->len);
		}
	if (!r)
		r = tree_scan(t);
	if (!r && t->overflow)
		r = look_at_everything(t);
	return r;
}

int tree_look(struct tree *t, struct tree_node *n)
{
	tree_rescan(t, n);
	return tree_scan(t);
}

int tree_open(struct tree *t, struct counters *c, struct correlate *correlate)
{
	int r;

	t->c = c;
	t->correlate = correlate;
	t->starting = true;
	t->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	r = walk(t);
	t->starting = false;
	/* Nothing there to be told of: the descriptor would never say anything. */
	if (!t->watches && t->fd >= 0) {
		close(t->fd);
		t->fd = -1;
	}
	return r;
}

void tree_close(struct tree *t)
{
	struct tree_node *n, *next;

	/* One close drops all watches of the kernel at once. */
	util_closep(&t->fd);
	t->fd = -1;
	HASH_ITER (hh, t->nodes, n, next)
		tree_free(t, n);
}

/* FNV-1a; a counter that is set back and counts up to the same text again has not moved either. */
static uint64_t digest(uint64_t h, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
	return h;
}

bool tree_poll(struct tree *t, struct tree_node *n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	_cleanup_close_ int dir = -1;
	char text[256];

	if (tree_dir(t, n->hierarchy, n->path, t->dir, sizeof(t->dir)) < 0)
		return false;
	dir = open(t->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned int i = 0; dir >= 0 && i < t->n_polled; i++) {
		_cleanup_close_ int fd =
			openat(dir, t->polled[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text));

		h = digest(h, text, got > 0 ? (size_t)got : 0);
		h = digest(h, "", 1);
	}
	if (h == n->digest)
		return false;
	n->digest = h;
	return true;
}
