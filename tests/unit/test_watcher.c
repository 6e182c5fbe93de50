// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/watcher.c user/watcher_tree.c user/watcher_notify.c user/correlate.c user/correlate_wait.c user/correlate_counted.c user/baseline.c user/catalogue.c user/field.c user/parse.c user/parse_table.c user/counter.c user/counter_file.c user/counter_ubc.c user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c user/counter_process.c user/counter_user.c ; libs: */
/*
 * test_watcher.c - trees of plain files stand in for cgroups: inotify tells of
 * them too. Time is an argument, so nothing here waits.
 */
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

static void on_emit(void *arg _unused_, struct event *e)
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

static void assert_moved(const struct seen *s, const char *owner, const char *row, int64_t delta,
			 enum relation relation)
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

static const char *full(const char *path)
{
	static char buf[PATH_MAX];

	snprintf(buf, sizeof(buf), "%s/sys/fs/cgroup/%s", root, path);
	return buf;
}

static void make_dir(const char *path)
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
static void put(const char *path, const char *fmt, ...)
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

static int unlink_one(const char *path, const struct stat *st _unused_, int flag _unused_,
		      struct FTW *ftw _unused_)
{
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int setup(void **state _unused_)
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

static int teardown(void **state _unused_)
{
	watcher_close(watcher);
	counters_close(counters);
	counters = NULL;
	remove_tree(root);
	return 0;
}

static void start(void)
{
	const struct counter_options o = {.root = root};

	assert_int_equal(counters_open(&counters, &o), 0);
	assert_int_equal(watcher_open(&watcher, counters, &options), 0);
}

static void run_at(uint64_t ms)
{
	assert_int_equal(watcher_run(watcher, ms, on_emit, NULL), 0);
}

static void v2_group(const char *path, int max, int oom_kill)
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

static void event_at(enum event_kind kind, const char *resource, const char *cgroup,
		     const char *memcg, int64_t seq, uint64_t ms)
{
	struct event e;

	event_init(&e, kind);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_CGROUP, cgroup);
	event_str(&e, FIELD_MEMCG, memcg);
	watcher_event(watcher, &e, seq, ms);
}

static void v2_tree(void)
{
	make_dir("");
	put("cgroup.controllers", "memory pids");
}

static void notified(void **state _unused_)
{
	v2_tree();
	v2_group("a", 7, 0);
	start();
	assert_true(watcher_fd(watcher) >= 0);
	assert_int_equal(watcher_polled(watcher), 0);
	run_at(1000);
	/* Nothing moves, nobody wakes up. */
	assert_int_equal(watcher_timeout(watcher, 1000), -1);
	assert_int_equal(n_seen, 0);
	put("a/pids.events.local", "max 9");
	put("a/pids.events", "max 9");
	run_at(2000);
	assert_int_equal(n_seen, 0);
	assert_int_equal(watcher_timeout(watcher, 2000), 200);
	run_at(2200);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].kind, EVENT_COUNTED);
	assert_moved(&seen[0], "cgroup:/a", "pids", 2, RELATION_OWN);
	assert_non_null(strstr(seen[0].says, "cgroup:/a: pids counted 2"));
	run_at(5000);
	assert_int_equal(n_seen, 1);
	assert_int_equal(watcher_timeout(watcher, 5000), -1);
}

static void claimed_either_way(void **state _unused_)
{
	v2_tree();
	v2_group("a", 0, 0);
	start();
	/* The counter first, the event 150 ms later. */
	put("a/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\noom_group_kill 0");
	put("a/pids.events", "max 3");
	run_at(1000);
	event_at(EVENT_KILLED, "memory", "/a", "/a", 5, 1150);
	run_at(1200);
	assert_int_equal(n_seen, 0);
	assert_int_equal(watcher_timeout(watcher, 1200), 50);
	run_at(1250);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].kind, EVENT_FOLLOWUP);
	assert_int_equal(seen[0].of_seq, 5);
	assert_string_equal(seen[0].resource, "memory");
	assert_moved(&seen[0], "cgroup:/a", "memory.oom_kill", 1, RELATION_OWN);
	assert_moved(&seen[0], "cgroup:/a", "pids", 3, RELATION_COINCIDENT);
	/* The event first. */
	event_at(EVENT_KILLED, "memory", "/a", "/a", 6, 3000);
	put("a/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 2\noom_group_kill 0");
	run_at(3010);
	run_at(3100);
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[1].of_seq, 6);
	run_at(9000);
	assert_int_equal(n_seen, 2);
}

static void made_and_removed(void **state _unused_)
{
	v2_tree();
	start();
	run_at(1000);
	/* Made with children at once: nobody watched the parent yet. */
	v2_group("b", 0, 0);
	v2_group("b/c", 0, 1);
	put("b/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\noom_group_kill 0");
	run_at(2000);
	run_at(2100);
	run_at(2300);
	assert_int_equal(n_seen, 1);
	assert_moved(&seen[0], "cgroup:/b/c", "memory.oom_kill", 1, RELATION_OWN);
	assert_string_equal(seen[0].resource, "memory");
	/* Removed while its movement waits: told all the same. */
	put("b/c/pids.events", "max 4");
	run_at(3000);
	remove_tree(full("b/c"));
	run_at(3010);
	run_at(3300);
	assert_int_equal(n_seen, 2);
	assert_moved(&seen[1], "cgroup:/b/c", "pids", 4, RELATION_OWN);
	/* The same name again, and lower: begins at 0. */
	v2_group("b/c", 2, 0);
	run_at(4000);
	run_at(4300);
	assert_int_equal(n_seen, 3);
	assert_moved(&seen[2], "cgroup:/b/c", "pids", 2, RELATION_OWN);
	/* Backwards: another baseline, no event. */
	put("b/c/pids.events", "max 1");
	run_at(5000);
	put("b/c/pids.events", "max 2");
	run_at(6000);
	run_at(6300);
	assert_int_equal(n_seen, 4);
	assert_moved(&seen[3], "cgroup:/b/c", "pids", 1, RELATION_OWN);
}

static void polled(void **state _unused_)
{
	make_dir("memory/m");
	make_dir("pids/m");
	put("memory/m/memory.failcnt", "10");
	put("memory/m/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0");
	put("pids/m/pids.events", "max 0");
	start();
	run_at(1000);
	assert_int_equal(watcher_timeout(watcher, 1000), 1000);
	put("memory/m/memory.failcnt", "15");
	run_at(2000);
	assert_int_equal(n_seen, 0);
	run_at(2200);
	assert_int_equal(n_seen, 1);
	assert_moved(&seen[0], "cgroup:/m", "memory", 5, RELATION_OWN);
	assert_non_null(strstr(seen[0].says, "charge attempts that met the limit; "
					     "reclaim may have satisfied them"));
	/* Pressure: once an interval, what has gathered. */
	put("memory/m/memory.failcnt", "20");
	event_at(EVENT_REFUSED, "nofile", "/x", "", 1, 2250);
	run_at(3000);
	put("memory/m/memory.failcnt", "29");
	run_at(4000);
	assert_int_equal(n_seen, 2);
	assert_moved(&seen[1], "cgroup:/m", "memory", 14, RELATION_OWN);
	/* pids notifies on v1 too. */
	put("pids/m/pids.events", "max 1");
	put("memory/m/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1");
	run_at(4010);
	event_at(EVENT_KILLED, "memory", "/m", "/m", 9, 4100);
	run_at(4200);
	assert_int_equal(n_seen, 3);
	assert_moved(&seen[2], "cgroup:/m", "memory.oom_kill", 1, RELATION_OWN);
	assert_moved(&seen[2], "cgroup:/m", "pids", 1, RELATION_COINCIDENT);
	/* The pids half goes and comes again; the memory half keeps its baseline. */
	remove_tree(full("pids/m"));
	run_at(5200);
	make_dir("pids/m");
	put("pids/m/pids.events", "max 6");
	run_at(6200);
	run_at(6500);
	assert_int_equal(n_seen, 4);
	assert_moved(&seen[3], "cgroup:/m", "pids", 6, RELATION_OWN);
}

/* An event reads its chain and nothing else. */
static void reads(void **state _unused_)
{
	uint64_t before;
	char path[64];

	v2_tree();
	for (int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "s%d", i);
		v2_group(path, 0, 0);
	}
	v2_group("s7/t", 0, 0);
	start();
	run_at(1000);
	before = watcher_reads(watcher);
	for (int i = 0; i < 100; i++)
		event_at(EVENT_KILLED, "memory", "/s7/t", "/s7", i, 2000);
	event_at(EVENT_REFUSED, "nofile", "/s7/t", "", 100, 2010);
	put("s7/t/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 100\noom_group_kill 0");
	run_at(2100);
	/* /s7/t, /s7; the root has no rows, so nothing says that it was read already. */
	assert_true(watcher_reads(watcher) - before <= 8);
	assert_int_equal(n_seen, 101);
	for (int i = 0; i < SEEN_MAX; i++)
		assert_int_equal(seen[i].delta[0], 100);
}

static void many(void **state _unused_)
{
	size_t before = 0;
	char path[64];

	v2_tree();
	start();
	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "churn%d", i);
		v2_group(path, 1, 0);
		run_at(1000 + (uint64_t)i * 10);
		remove_tree(full(path));
		run_at(1005 + (uint64_t)i * 10);
		if (i == 1000)
			before = mallinfo2().uordblks;
	}
	assert_int_equal(watcher_flush(watcher, 100000, on_emit, NULL), 0);
	assert_int_equal(n_seen, 5000);
	/* Under a sanitizer mallinfo2() says 0 both times, and the sanitizer looks itself. */
	assert_true(mallinfo2().uordblks < before + 65536);
}

/* More than the queue of inotify holds: 16384 as a rule. */
static void overflow(void **state _unused_)
{
	char path[64];

	v2_tree();
	v2_group("o", 0, 0);
	v2_group("gone", 0, 0);
	start();
	run_at(1000);
	for (int i = 0; i < 12000; i++) {
		snprintf(path, sizeof(path), "d%d", i % 2);
		make_dir(path);
		remove_tree(full(path));
	}
	remove_tree(full("gone"));
	v2_group("new", 3, 0);
	put("o/pids.events", "max 2");
	run_at(2000);
	run_at(2300);
	assert_int_equal(n_seen, 2);
	put("new/pids.events", "max 4");
	run_at(3000);
	run_at(3300);
	assert_int_equal(n_seen, 3);
	assert_moved(&seen[2], "cgroup:/new", "pids", 1, RELATION_OWN);
}

static void beancounters(const char *path, int ct1, int ct2)
{
	FILE *f = fopen(path, "w");

	fprintf(f, "Version: 2.5\n       uid  resource held maxheld barrier limit failcnt\n"
		   "      101: kmemsize 1 2 3 4 0\n           numfile 9 9 9 9 %d\n"
		   "      102: kmemsize 1 2 3 4 0\n           numfile 9 9 9 9 %d\n", ct1, ct2);
	fclose(f);
}

static void ubc(void **state _unused_)
{
	char path[PATH_MAX];
	struct event e;

	snprintf(path, sizeof(path), "%s/proc", root);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/proc/user_beancounters", root);
	beancounters(path, 1, 1);
	start();
	assert_int_equal(watcher_fd(watcher), -1);
	run_at(1000);
	assert_int_equal(watcher_timeout(watcher, 1000), 1000);
	beancounters(path, 3, 2);
	event_init(&e, EVENT_REFUSED);
	event_static(&e, FIELD_RESOURCE, "nofile");
	event_static(&e, FIELD_CONTAINER, "101");
	event_static(&e, FIELD_CONTAINER_RUNTIME, "openvz");
	watcher_event(watcher, &e, 1, 1500);
	run_at(1600);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].n, 1);
	assert_moved(&seen[0], "ct:101", "numfile", 2, RELATION_OWN);
	run_at(1800);
	assert_int_equal(n_seen, 2);
	assert_moved(&seen[1], "ct:102", "numfile", 1, RELATION_OWN);
	run_at(3000);
	assert_int_equal(n_seen, 2);
}

/* systemd switches controllers on after it made the cgroup. */
static void controller_enabled(void **state _unused_)
{
	v2_tree();
	make_dir("p/q");
	put("p/cgroup.subtree_control", "x");
	start();
	run_at(1000);
	v2_group("p/q", 0, 0);
	put("p/cgroup.subtree_control", "pids");
	run_at(2000);
	put("p/q/pids.events", "max 1");
	run_at(2200);
	run_at(2400);
	assert_int_equal(n_seen, 1);
	assert_moved(&seen[0], "cgroup:/p/q", "pids", 1, RELATION_OWN);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(notified), TEST(claimed_either_way), TEST(made_and_removed), TEST(polled),
		TEST(reads),	TEST(many),		  TEST(overflow),	  TEST(ubc),
		TEST(controller_enabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
