/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watcher_fixture.h - trees of plain files that stand in for cgroups (inotify
 * tells of them too), a watcher on them, and what it told. Time is an argument,
 * so nothing here waits.
 */
#ifndef WATCHER_FIXTURE_H
#define WATCHER_FIXTURE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "../../user/watcher.h"

static char root[64];
static struct counters *counters;
static struct watcher *watcher;
static const struct watcher_options options = {.interval_ms = 1000, .settle_ms = 100};

#define SEEN_MAX 64
static struct seen {
	enum event_kind kind;
	int64_t of_seq, delta[EVENT_MOVED_MAX];
	char owner[EVENT_MOVED_MAX][128], row[EVENT_MOVED_MAX][32], says[256], resource[32];
	enum relation relation[EVENT_MOVED_MAX];
	unsigned int n;
} seen[SEEN_MAX];
static unsigned int n_seen;

_unused_ static void on_emit(void *arg _unused_, struct event *e)
{
	struct seen *s = &seen[n_seen++ % SEEN_MAX];

	memset(s, 0, sizeof(*s));
	s->kind = e->kind;
	s->of_seq = event_num(e, FIELD_OF_SEQ);
	s->n = e->n_moved;
	util_strlcpy(s->says, event_text(e, FIELD_SAYS), sizeof(s->says));
	util_strlcpy(s->resource, event_text(e, FIELD_RESOURCE), sizeof(s->resource));
	for (unsigned int i = 0; i < e->n_moved; i++) {
		util_strlcpy(s->owner[i], e->moved[i].owner, sizeof(s->owner[i]));
		util_strlcpy(s->row[i], e->moved[i].resource, sizeof(s->row[i]));
		s->delta[i] = e->moved[i].delta;
		s->relation[i] = e->moved[i].relation;
	}
}

_unused_ static void assert_moved(const struct seen *s, const char *owner, const char *row,
				  int64_t delta, enum relation relation)
{
	for (unsigned int i = 0; i < s->n; i++) {
		if (!util_streq(s->owner[i], owner) || !util_streq(s->row[i], row))
			continue;
		assert_int_equal(s->delta[i], delta);
		assert_int_equal(s->relation[i], relation);
		return;
	}
	fail_msg("%s %s did not move", owner, row);
}

_unused_ static const char *full(const char *path)
{
	static char buf[PATH_MAX];

	snprintf(buf, sizeof(buf), "%s/sys/fs/cgroup/%s", root, path);
	return buf;
}

_unused_ static void make_dir(const char *path)
{
	char *p = strdup(full(path));

	for (char *s = p + strlen(root) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		mkdir(p, 0755);
		*s = '/';
	}
	assert_true(mkdir(p, 0755) == 0 || errno == EEXIST);
	free(p);
}

/* As the kernel would: never empty in between. */
static void put(const char *path, const char *fmt, ...) _printf_(2, 3);
_unused_ static void put(const char *path, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int fd, n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text[n++] = '\n';
	fd = open(full(path), O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)n), n);
	assert_int_equal(ftruncate(fd, n), 0);
	close(fd);
}

_unused_ static int unlink_one(const char *path, const struct stat *st _unused_, int flag _unused_,
			       struct FTW *ftw _unused_)
{
	return remove(path);
}

_unused_ static void remove_tree(const char *path)
{
	nftw(path, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

_unused_ static int setup(void **state _unused_)
{
	n_seen = 0;
	watcher = NULL;
	/* Memory is faster than a disk for trees that come and go. */
	util_strlcpy(root, "/dev/shm/test_watcher.XXXXXX", sizeof(root));
	if (mkdtemp(root))
		return 0;
	util_strlcpy(root, "/tmp/test_watcher.XXXXXX", sizeof(root));
	return mkdtemp(root) ? 0 : -1;
}

_unused_ static int teardown(void **state _unused_)
{
	watcher_close(watcher);
	counters_close(counters);
	counters = NULL;
	remove_tree(root);
	return 0;
}

_unused_ static void start(void)
{
	const struct counter_options o = {.root = root};

	assert_int_equal(counters_open(&counters, &o), 0);
	assert_int_equal(watcher_open(&watcher, counters, &options), 0);
}

_unused_ static void run_at(uint64_t ms)
{
	assert_int_equal(watcher_run(watcher, ms, on_emit, NULL), 0);
}

_unused_ static void v2_group(const char *path, int max, int oom_kill)
{
	char file[256];

	make_dir(path);
	snprintf(file, sizeof(file), "%s/pids.events", path);
	put(file, "max %d", max);
	snprintf(file, sizeof(file), "%s/pids.events.local", path);
	put(file, "max %d", max);
	snprintf(file, sizeof(file), "%s/memory.events", path);
	put(file, "low 0\nhigh 0\nmax 0\noom 0\noom_kill %d\noom_group_kill 0", oom_kill);
}

_unused_ static void event_at(enum event_kind kind, const char *resource, const char *cgroup,
			      const char *memcg, int64_t seq, uint64_t ms)
{
	struct event e;

	event_init(&e, kind);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_CGROUP, cgroup);
	event_str(&e, FIELD_MEMCG, memcg);
	watcher_event(watcher, &e, seq, ms);
}

_unused_ static void v2_tree(void)
{
	make_dir("");
	put("cgroup.controllers", "memory pids");
}

#endif
