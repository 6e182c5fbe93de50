// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/correlate.c user/correlate_wait.c user/minute.c user/correlate_counted.c
 * user/baseline.c user/catalogue.c user/field.c ; libs: */
/*
 * test_correlate.c - verdicts on rows that moved; tables are made by hand.
 */
#include "correlate_fixture.h"

static void oom_rows(uint64_t n, uint64_t pids)
{
	v2("cgroup:/", "memory.oom_kill", n, NO_LOCAL);
	v2("cgroup:/a", "memory.oom_kill", n, 0);
	v2("cgroup:/a", "memory", n, (int64_t)n);
	v2("cgroup:/a", "memory.max", n * 40, 0);
	v2("cgroup:/a/b", "memory.oom_kill", n, (int64_t)n);
	v2("cgroup:/a/b", "pids", pids, (int64_t)pids);
	v2("cgroup:/other", "memory.oom_kill", n, (int64_t)n);
}

static void oom_v2(void **state _unused_)
{
	oom_rows(1, 5);
	take(true, 0);
	event_at(EVENT_KILLED, "memory", "/a/b", "/a", 11, 1000);
	oom_rows(2, 8);
	take(false, 1100);
	run_at(1100);
	assert_int_equal(n_seen, 1);
	assert_int_equal(last.kind, EVENT_FOLLOWUP);
	assert_int_equal(event_num(&last, FIELD_OF_SEQ), 11);
	assert_int_equal(event_num(&last, FIELD_TIME), 42);
	assert_string_equal(event_text(&last, FIELD_RESOURCE), "memory");
	assert_int_equal(last.n_moved, 6);
	assert_row("cgroup:/a", "memory.oom_kill", 1, RELATION_OWN);
	assert_row("cgroup:/a/b", "memory.oom_kill", 1, RELATION_RELATED);
	assert_row("cgroup:/", "memory.oom_kill", 1, RELATION_RELATED);
	assert_row("cgroup:/a", "memory.max", 40, RELATION_RELATED);
	assert_row("cgroup:/a/b", "pids", 3, RELATION_COINCIDENT);
	assert_int_equal(last.moved[0].relation, RELATION_OWN);
	assert_int_equal(last.moved[0].have, COUNTER_FAILCNT | COUNTER_HELD | COUNTER_LIMIT);
	assert_int_equal(last.moved[0].limit, 100);
	/* The stranger's comes by itself. */
	run_at(1300);
	assert_int_equal(n_seen, 2);
	assert_int_equal(last.kind, EVENT_COUNTED);
	assert_row("cgroup:/other", "memory.oom_kill", 1, RELATION_OWN);
	assert_string_equal(event_text(&last, FIELD_OWNER), "cgroup:/other");
	assert_string_equal(event_text(&last, FIELD_SOURCE), "cgroup2");
	assert_string_equal(event_text(&last, FIELD_BACKEND), "counter");
}

static void oom_v1(void **state _unused_)
{
	v1("cgroup:/v", "memory.oom_kill", 0);
	v1("cgroup:/v", "memory", 100);
	take(true, 0);
	event_at(EVENT_KILLED, "memory", "/v", "/v", 1, 1000);
	v1("cgroup:/v", "memory.oom_kill", 1);
	v1("cgroup:/v", "memory", 170);
	take(false, 1100);
	run_at(1100);
	assert_row("cgroup:/v", "memory.oom_kill", 1, RELATION_OWN);
	assert_row("cgroup:/v", "memory", 70, RELATION_RELATED);
	/* Out of memory host-wide: counted in the cgroup, refused by another. */
	event_at(EVENT_KILLED, "memory", "/v", "", 2, 2000);
	v1("cgroup:/v", "memory.oom_kill", 2);
	take(false, 2100);
	run_at(2100);
	assert_row("cgroup:/v", "memory.oom_kill", 1, RELATION_RELATED);
	/* Killed by a signal: nothing is of its kind. */
	event_at(EVENT_KILLED, NULL, "/v", "", 3, 3000);
	v1("cgroup:/v", "memory.oom_kill", 3);
	take(false, 3100);
	run_at(3100);
	assert_row("cgroup:/v", "memory.oom_kill", 1, RELATION_COINCIDENT);
}

static void nothing_moved(void **state _unused_)
{
	v1("cgroup:/v", "memory", 100);
	take(true, 0);
	event_at(EVENT_KILLED, "memory", "/v", "/v", 1, 1000);
	v1("cgroup:/v", "memory", 100);
	take(false, 1100);
	run_at(1100);
	assert_int_equal(n_seen, 0);
	assert_true(correlate_due(c) == UINT64_MAX);
}

/* One batch: all get the same, the baseline moves once. */
static void together(void **state _unused_)
{
	v2("cgroup:/a", "pids", 0, 0);
	take(true, 0);
	for (int i = 0; i < 50; i++)
		event_at(EVENT_REFUSED, "nofile", "/a", "", i, 1000 + (uint64_t)i);
	event_at(EVENT_REFUSED, "nofile", "/a", "", 50, 1090);
	v2("cgroup:/a", "pids", 4, 4);
	take(false, 1100);
	run_at(1100);
	assert_int_equal(n_seen, 50);
	for (int i = 0; i < 50; i++)
		assert_int_equal(seqs[i], i);
	assert_row("cgroup:/a", "pids", 4, RELATION_COINCIDENT);
	/* The late one has its own rows still to come, and gets both. */
	assert_int_equal(correlate_due(c), 1200);
	v2("cgroup:/a", "pids", 5, 5);
	take(false, 1200);
	run_at(1200);
	assert_int_equal(n_seen, 51);
	assert_row("cgroup:/a", "pids", 5, RELATION_COINCIDENT);
	run_at(9000);
	assert_int_equal(n_seen, 51);
}

/* A charge that meets these limits may still be satisfied; of kernel memory and sockets on v1 it is
 * refused. */
static void pressure(void **state _unused_)
{
	assert_true(correlate_is_pressure(COUNTER_CGROUP1, "memory"));
	assert_true(correlate_is_pressure(COUNTER_CGROUP1, "memsw"));
	assert_false(correlate_is_pressure(COUNTER_CGROUP1, "kmem"));
	assert_false(correlate_is_pressure(COUNTER_CGROUP1, "kmem.tcp"));
	assert_true(correlate_is_pressure(COUNTER_CGROUP2, "memory.max"));
	assert_false(correlate_is_pressure(COUNTER_CGROUP2, "memory.oom_kill"));
}

static void in_order(uint64_t parent, uint64_t child, bool child_first)
{
	if (child_first)
		v2("cgroup:/p/c", "pids", child, (int64_t)child);
	v2("cgroup:/p", "pids", parent, 0);
	if (!child_first)
		v2("cgroup:/p/c", "pids", child, (int64_t)child);
}

static void ancestors_implied(void **state _unused_)
{
	in_order(0, 0, false);
	take(true, 0);
	in_order(2, 2, false);
	take(false, 1000);
	run_at(1200);
	assert_int_equal(n_seen, 1);
	assert_row("cgroup:/p/c", "pids", 2, RELATION_OWN);
	in_order(3, 3, true);
	take(false, 2000);
	run_at(2200);
	assert_int_equal(n_seen, 2);
	assert_row("cgroup:/p/c", "pids", 1, RELATION_OWN);
	/* The parent read before, the child a little later. */
	v2("cgroup:/p", "pids", 4, 0);
	take(false, 3000);
	v2("cgroup:/p/c", "pids", 4, 4);
	take(false, 3100);
	run_at(3200);
	run_at(3300);
	assert_int_equal(n_seen, 3);
	assert_row("cgroup:/p/c", "pids", 1, RELATION_OWN);
	/* A child that went before it was read: the parent tells. And its own. */
	v2("cgroup:/p", "pids", 10, 2);
	v2("cgroup:/p/c", "pids", 5, 5);
	take(false, 4000);
	run_at(4200);
	assert_int_equal(n_seen, 5);
	assert_true(correlate_due(c) == UINT64_MAX);
}

/* Without *.local: what the descendants do not explain. pids counted its own tasks then. */
static void no_local(void **state _unused_)
{
	v2("cgroup:/p", "swap", 0, NO_LOCAL);
	v2("cgroup:/p/c", "swap", 0, NO_LOCAL);
	v2("cgroup:/p", "pids", 0, NO_LOCAL);
	v2("cgroup:/p/c", "pids", 0, NO_LOCAL);
	take(true, 0);
	v2("cgroup:/p", "swap", 7, NO_LOCAL);
	v2("cgroup:/p/c", "swap", 7, NO_LOCAL);
	take(false, 1000);
	run_at(1200);
	assert_int_equal(n_seen, 1);
	assert_row("cgroup:/p/c", "swap", 7, RELATION_OWN);
	v2("cgroup:/p", "pids", 1, NO_LOCAL);
	v2("cgroup:/p/c", "pids", 1, NO_LOCAL);
	take(false, 2000);
	run_at(2200);
	assert_int_equal(n_seen, 3);
}

/* A mount with local events: a parent's own movement is its own, whatever a child lent it. */
static void local_events(void **state _unused_)
{
	v2("cgroup:/p", "memory.oom_kill", 0, 0);
	v2("cgroup:/p/c", "memory.oom_kill", 0, 0);
	take(true, 0);
	v2("cgroup:/p", "memory.oom_kill", 1, 1);
	v2("cgroup:/p/c", "memory.oom_kill", 1, 1);
	take(false, 1000);
	run_at(1200);
	assert_int_equal(n_seen, 2);
}

static void bad_numbers(void **state _unused_)
{
	v1("cgroup:/v", "pids", 5);
	v1("cgroup:/v", "memory", 5);
	table.rows[1].have |= COUNTER_MALFORMED;
	take(true, 0);
	v1("cgroup:/v", "pids", UINT64_MAX);
	v1("cgroup:/v", "memory", 9);
	take(false, 1000);
	v1("cgroup:/v", "pids", 3);
	take(false, 2000);
	v1("cgroup:/v", "pids", 8);
	table.rows[0].have |= COUNTER_MALFORMED;
	take(false, 3000);
	run_at(5000);
	assert_int_equal(n_seen, 0);
	v1("cgroup:/v", "pids", 4);
	v1("cgroup:/v", "memory", 9);
	take(false, 6000);
	run_at(6200);
	assert_int_equal(n_seen, 1);
	assert_row("cgroup:/v", "pids", 1, RELATION_OWN);
}

static void at_the_end(void **state _unused_)
{
	const struct correlate_now now = {.ms = 1001, .all = true};

	v1("cgroup:/v", "pids", 0);
	v1("cgroup:/w", "pids", 0);
	take(true, 0);
	event_at(EVENT_REFUSED, "nofile", "/v", "", 1, 1000);
	v1("cgroup:/v", "pids", 1);
	v1("cgroup:/w", "pids", 1);
	take(false, 1001);
	correlate_run(c, &now, on_emit, NULL);
	assert_int_equal(n_seen, 2);
}

/* More rows than the event has room for: the nearest stay. */
static void crowded(void **state _unused_)
{
	char name[32];

	event_at(EVENT_KILLED, "memory", "/a", "/a", 1, 1000);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "misc.%d", i);
		v2("cgroup:/a", name, 1, 1);
	}
	v2("cgroup:/a", "memory.oom_kill", 1, 1);
	take(false, 1100);
	run_at(1100);
	assert_int_equal(last.n_moved, EVENT_MOVED_MAX);
	assert_int_equal(last.moved_left_out, 31 - EVENT_MOVED_MAX);
	assert_row("cgroup:/a", "memory.oom_kill", 1, RELATION_OWN);
}

static int collect(void *arg, const char *owner)
{
	strcat(arg, owner);
	strcat(arg, " ");
	return 0;
}

static void chains(void **state _unused_)
{
	const struct correlate_now early = {.ms = 1099}, now = {.ms = 1100};
	char text[256] = "";

	event_at(EVENT_KILLED, "memory", "/a/b", "/a", 1, 1000);
	correlate_chains(c, &early, collect, text);
	assert_string_equal(text, "");
	correlate_chains(c, &now, collect, text);
	assert_string_equal(text, "cgroup:/a/b cgroup:/a cgroup:/ cgroup:/a cgroup:/ ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(oom_v2),   TEST(oom_v1),       TEST(nothing_moved),     TEST(together),
		TEST(no_local), TEST(local_events), TEST(bad_numbers),       TEST(at_the_end),
		TEST(crowded),  TEST(chains),       TEST(ancestors_implied), TEST(pressure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
