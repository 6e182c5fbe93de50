// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/watcher.c user/watcher_tree.c user/watcher_notify.c user/correlate.c
 * user/correlate_wait.c user/minute.c user/correlate_counted.c user/baseline.c user/catalogue.c
 * user/field.c user/parse.c user/parse_table.c user/counter.c user/counter_file.c
 * user/counter_ubc.c user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c
 * user/counter_process.c user/counter_user.c ; libs: */
/*
 * test_watcher.c - what moved is told once, with its event or without, whatever
 * way the counter is heard of.
 */
#include "watcher_fixture.h"

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

static void beancounters(const char *path, int ct1, int ct2)
{
	FILE *f = fopen(path, "w");

	fprintf(f,
		"Version: 2.5\n       uid  resource held maxheld barrier limit failcnt\n"
		"      101: kmemsize 1 2 3 4 0\n           numfile 9 9 9 9 %d\n"
		"      102: kmemsize 1 2 3 4 0\n           numfile 9 9 9 9 %d\n",
		ct1, ct2);
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
		TEST(ubc),      TEST(controller_enabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
