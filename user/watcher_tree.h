/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watcher_tree.h - the cgroup directories that exist, kept by inotify: which
 * were made and removed, and whose counters the kernel says have moved.
 *
 * kernfs tells a watcher of mkdir and rmdir as any file system does, but not
 * of the files that appear when a controller is switched on; hence the watch
 * on cgroup.subtree_control. A file that counts is watched itself: a watch on
 * its directory would hear of it only while its inode happens to be cached.
 */
#ifndef FAILCNT_WATCHER_TREE_H
#define FAILCNT_WATCHER_TREE_H

#include "correlate.h"
#include "counter.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#include <limits.h>

/* A v1 hierarchy each, then v2. */
enum tree_hierarchy { TREE_MEMORY, TREE_PIDS, TREE_HUGETLB, TREE_V2, TREE_HIERARCHIES };

struct tree_watch;

struct tree_node {
	UT_hash_handle hh;
	struct tree_node *dirty_prev, *dirty_next, *scan_prev, *scan_next;
	struct tree_watch *watches;
	enum tree_hierarchy hierarchy;
	bool dirty;                                  /* its counters are to be read */
	bool scan;                                   /* its directory is to be read */
	bool children;                               /* and those right below it */
	bool polls;                                  /* has counters that never notify */
	bool unwatched;                              /* could not be watched in full */
	bool hangs;                                  /* its OOM killer is off, and it is full */
	bool as_is;                                  /* renamed: its counters did not begin at 0 */
	unsigned int n_read;                         /* 0, 1, or more */
	uint64_t read_at, read_before, digest, seen; /* the last reading and the one before it */
	char *path;                                  /* in key */
	char key[];
};

enum watched { WATCH_DIR, WATCH_SUBTREE, WATCH_EVENTS };

struct tree_watch {
	UT_hash_handle hh;
	struct tree_watch *next; /* of the same node */
	struct tree_node *node;
	int wd;
	enum watched what;
};

#define TREE_POLLED 16

struct tree {
	struct counters *c;
	struct correlate *correlate;
	int fd; /* inotify; -1: no instance to be had */
	struct tree_node *nodes;
	struct tree_watch *watches;
	struct tree_node *dirty, *scan;
	unsigned int n_polls, n_unwatched;
	char polled[TREE_POLLED][64]; /* names of files that never notify, as found */
	unsigned int n_polled;
	bool starting, overflow;
	uint64_t seen;
	char dir[PATH_MAX], file[PATH_MAX + NAME_MAX + 2];
	char buf[65536] __attribute__((aligned(8)));
};

/* Finds and watches every cgroup; all are dirty then. */
int tree_open(struct tree *t, struct counters *c, struct correlate *correlate);
void tree_close(struct tree *t);

/* Takes what inotify has to say. */
int tree_drain(struct tree *t);
/* Looks at an unwatched directory again. */
int tree_look(struct tree *t, struct tree_node *n);

static inline enum counter_source tree_source(const struct tree_node *n)
{
	return n->hierarchy == TREE_V2 ? COUNTER_CGROUP2 : COUNTER_CGROUP1;
}

/* No longer dirty: its counters were read. */
void tree_clean(struct tree *t, struct tree_node *n);

/* Whether the files of n that never notify have another content than last time. */
bool tree_poll(struct tree *t, struct tree_node *n);

/*
 * Between watcher_tree.c (nodes and watches) and watcher_notify.c (what the
 * kernel says of them). notifies: files whose change the kernel tells; silent:
 * counters whose change it may not tell.
 */
bool tree_notifies(const char *name);
bool tree_silent(enum tree_hierarchy h, const char *name);
int tree_dir(struct tree *t, enum tree_hierarchy h, const char *path, char *buf, size_t size);
struct tree_node *tree_find(const struct tree *t, enum tree_hierarchy h, const char *path);
int tree_child(const struct tree_node *n, const char *name, char **ret);
/* as_is: its counters did not begin at 0. Where it is there already nothing changes. */
int tree_add(struct tree *t, enum tree_hierarchy h, const char *path, bool as_is);
void tree_gone(struct tree *t, struct tree_node *n);
void tree_gone_below(struct tree *t, enum tree_hierarchy h, const char *top);
void tree_dirty(struct tree *t, struct tree_node *n);
void tree_rescan(struct tree *t, struct tree_node *n);
int tree_scan(struct tree *t); /* reads the directories that wait for it */
void tree_watch_free(struct tree *t, struct tree_watch *w);
void tree_free(struct tree *t, struct tree_node *n);

#endif
