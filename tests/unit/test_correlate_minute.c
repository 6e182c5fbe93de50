// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/correlate.c user/correlate_wait.c user/minute.c user/correlate_counted.c
 * user/baseline.c user/catalogue.c user/field.c ; libs: */
/*
 * test_correlate_minute.c - what moved in the minute before a kill is told with it, and with
 * nothing else.
 */
#include "correlate_fixture.h"

static const struct event_moved *moved(const char *owner, const char *name)
{
	for (unsigned int i = 0; i < last.n_moved; i++)
		if (util_streq(last.moved[i].owner, owner) &&
		    util_streq(last.moved[i].resource, name))
			return &last.moved[i];
	return NULL;
}

static void rows(uint64_t n, uint64_t pids, uint64_t kills)
{
	v2("cgroup:/", "pids", pids, NO_LOCAL);
	v2("cgroup:/a", "memory.max", n, 0);
	v2("cgroup:/a", "memory.oom_kill", kills, 0);
	v2("cgroup:/a", "pids", pids, 0);
	v2("cgroup:/a/b", "pids", pids, (int64_t)pids);
	v2("cgroup:/other", "memory.max", n, (int64_t)n);
}

static void before_a_kill(void **state _unused_)
{
	rows(1, 1, 0);
	take(true, 0);
	rows(41, 3, 0);
	take(false, 100000);
	run_at(101000); /* told as counted, then */
	n_seen = 0;
	rows(141, 4, 0);
	take(false, 130000);
	run_at(131000);
	n_seen = 0;
	event_at(EVENT_KILLED, "memory", "/a/b", "/a", 11, 140000);
	rows(142, 4, 1);
	take(false, 140100);
	run_at(140100);
	assert_int_equal(n_seen, 1);
	assert_row("cgroup:/a", "memory.oom_kill", 1, RELATION_OWN);
	assert_int_equal(moved("cgroup:/a", "memory.oom_kill")->before, 0);
	assert_row("cgroup:/a", "memory.max", 1, RELATION_RELATED);
	assert_int_equal(moved("cgroup:/a", "memory.max")->before, 140);
	/* it did not move now, but had before; what is of another kind only in these two cgroups */
	assert_row("cgroup:/a/b", "pids", 0, RELATION_COINCIDENT);
	assert_int_equal(moved("cgroup:/a/b", "pids")->before, 3);
	assert_int_equal(moved("cgroup:/a/b", "pids")->failcnt, 4);
	assert_non_null(moved("cgroup:/a", "pids"));
	assert_null(moved("cgroup:/", "pids"));
	assert_null(moved("cgroup:/other", "memory.max"));
}

/* By a signal, and nothing moves: what led there is told all the same. A minute later it is not. */
static void before_a_signal(void **state _unused_)
{
	rows(1, 1, 0);
	take(true, 0);
	rows(1, 38, 0);
	take(false, 100000);
	run_at(101000);
	n_seen = 0;
	event_at(EVENT_KILLED, NULL, "/a/b", "", 12, 120000);
	run_at(120100);
	assert_int_equal(n_seen, 1);
	assert_row("cgroup:/a/b", "pids", 0, RELATION_COINCIDENT);
	assert_int_equal(moved("cgroup:/a/b", "pids")->before, 37);
	assert_int_equal(last.n_moved, 1);
	event_at(EVENT_KILLED, NULL, "/a/b", "", 13, 165000);
	run_at(165100);
	assert_int_equal(n_seen, 1);
}

static void not_before_a_refusal(void **state _unused_)
{
	rows(1, 1, 0);
	take(true, 0);
	rows(1, 38, 0);
	take(false, 100000);
	run_at(101000);
	n_seen = 0;
	event_at(EVENT_REFUSED, "nofile", "/a/b", "", 12, 120000);
	run_at(120100);
	assert_int_equal(n_seen, 0);
}

/* More rows than there is room for: the latest are there. */
static void bounded(void **state _unused_)
{
	char owner[64];

	for (int i = 0; i < 700; i++) {
		snprintf(owner, sizeof(owner), "cgroup:/x/%d", i);
		v2(owner, "pids", 0, 0);
	}
	take(true, 0);
	for (int i = 0; i < 700; i++) {
		snprintf(owner, sizeof(owner), "cgroup:/x/%d", i);
		v2(owner, "pids", 7, 7);
		take(false, 1000 + (uint64_t)i);
	}
	run_at(5000);
	n_seen = 0;
	event_at(EVENT_KILLED, NULL, "/x/699", "", 1, 6000);
	run_at(6100);
	assert_int_equal(n_seen, 1);
	assert_int_equal(moved("cgroup:/x/699", "pids")->before, 7);
	event_at(EVENT_KILLED, NULL, "/x/0", "", 2, 7000);
	run_at(7100);
	assert_int_equal(n_seen, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(before_a_kill),
		TEST(before_a_signal),
		TEST(not_before_a_refusal),
		TEST(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
