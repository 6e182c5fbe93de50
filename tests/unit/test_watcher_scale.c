// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/watcher.c user/watcher_tree.c user/watcher_notify.c user/correlate.c
 * user/correlate_wait.c user/minute.c user/correlate_counted.c user/baseline.c user/catalogue.c
 * user/field.c user/parse.c user/parse_table.c user/counter.c user/counter_file.c
 * user/counter_ubc.c user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c
 * user/counter_process.c user/counter_user.c ; libs: */
/*
 * test_watcher_scale.c - many cgroups, cgroups that come and go, and the limits
 * of inotify.
 */
#include "watcher_fixture.h"

/* Stands in front of libc's: the kernel's limit is everybody's, so it is not lowered here. */
static int watches_left = -1;

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (watches_left == 0) {
		errno = ENOSPC;
		return -1;
	}
	watches_left -= watches_left > 0;
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
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

/* Where inotify has no room left the cgroup is looked at instead, until there is. */
static void no_room(void **state _unused_)
{
	v2_tree();
	v2_group("a", 0, 0);
	v2_group("a/b", 0, 0);
	watches_left = 2;
	start();
	assert_int_equal(watcher_polled(watcher), 2);
	run_at(1000);
	assert_int_equal(watcher_timeout(watcher, 1000), 1000);
	v2_group("a/b/c", 1, 0);
	put("a/b/pids.events", "max 1");
	put("a/pids.events", "max 1");
	run_at(2000);
	assert_int_equal(watcher_polled(watcher), 3);
	run_at(3000);
	run_at(3200);
	assert_int_equal(n_seen, 1);
	assert_moved(&seen[0], "cgroup:/a/b/c", "pids", 1, RELATION_OWN);
	remove_tree(full("a/b"));
	run_at(4000);
	assert_int_equal(watcher_polled(watcher), 1);
	watches_left = -1;
	run_at(5000);
	assert_int_equal(watcher_polled(watcher), 0);
	assert_int_equal(watcher_timeout(watcher, 5000), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(reads),
		TEST(many),
		TEST(overflow),
		TEST(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
