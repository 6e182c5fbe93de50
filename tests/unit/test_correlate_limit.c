// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/correlate.c user/correlate_wait.c user/minute.c user/correlate_counted.c
 * user/baseline.c user/catalogue.c user/field.c ; libs: */
/*
 * test_correlate_limit.c - a refusal by the limit of a cgroup takes its counter along, wherever the
 * process itself is, and repeats that are told later do too; a counter of what refuses nobody comes
 * by itself.
 */
#include "correlate_fixture.h"

/*
 * Swap refuses nobody, so that no event claims its counters: __mem_cgroup_try_charge_swap() in
 * mm/memcontrol.c counts max and fail where the limit kept a page in memory, and fail alone where
 * the host had no swap left.
 */
static void swap_counted(void **state _unused_)
{
	v2("cgroup:/a", "swap", 8, 8);
	v2("cgroup:/a", "swap.max", 5, 5);
	take(true, 0);
	v2("cgroup:/a", "swap", 9, 9);
	v2("cgroup:/a", "swap.max", 5, 5);
	take(false, 1100);
	run_at(9000);
	assert_int_equal(n_seen, 1);
	assert_int_equal(last.kind, EVENT_COUNTED);
	assert_string_equal(event_text(&last, FIELD_RESOURCE), "swap");
	assert_row("cgroup:/a", "swap", 1, RELATION_OWN);
	v2("cgroup:/a", "swap", 9, 9);
	v2("cgroup:/a", "swap.max", 7, 7);
	take(false, 9100);
	run_at(20000);
	assert_int_equal(n_seen, 2);
	assert_int_equal(last.kind, EVENT_COUNTED);
	assert_string_equal(event_text(&last, FIELD_RESOURCE), "swap");
	assert_row("cgroup:/a", "swap.max", 2, RELATION_OWN);
}

static void elsewhere(void **state _unused_)
{
	/* Version 1: the process is in another group of the memory hierarchy. */
	v1("cgroup:/limited", "pids", 0);
	take(true, 0);
	event_at(EVENT_REFUSED, "pids", "/memory", "/limited", 1, 1000);
	v1("cgroup:/limited", "pids", 1);
	take(false, 1100);
	run_at(1100);
	assert_int_equal(n_seen, 1);
	assert_row("cgroup:/limited", "pids", 1, RELATION_OWN);
	run_at(9000);
	assert_int_equal(n_seen, 1);
}

/* Read between the two counts of one refusal: whose limit it was is known all the same. */
static void local_late(void **state _unused_)
{
	v2("cgroup:/a", "pids", 0, 0);
	take(true, 0);
	event_at(EVENT_REFUSED, "pids", "/a/b", "/a", 1, 1000);
	v2("cgroup:/a", "pids", 1, 0);
	take(false, 1100);
	run_at(1100);
	assert_row("cgroup:/a", "pids", 1, RELATION_OWN);
}

static void repeats(void **state _unused_)
{
	v2("cgroup:/a", "pids", 0, 0);
	take(true, 0);
	event_at(EVENT_REFUSED, "pids", "/a", "/a", 1, 1000);
	v2("cgroup:/a", "pids", 8, 8);
	take(false, 1100);
	run_at(1100);
	assert_int_equal(n_seen, 1);
	/* More of them, told a second later: not unexplained meanwhile. */
	v2("cgroup:/a", "pids", 50, 50);
	take(false, 1200);
	run_at(1900);
	assert_int_equal(n_seen, 1);
	event_at(EVENT_REFUSED, "pids", "/a", "/a", 2, 2000);
	run_at(2100);
	assert_int_equal(n_seen, 2);
	assert_row("cgroup:/a", "pids", 42, RELATION_OWN);
	/* And what nobody tells is told in the end. */
	v2("cgroup:/a", "pids", 51, 51);
	take(false, 2200);
	run_at(2500);
	assert_int_equal(n_seen, 2);
	run_at(4000);
	assert_int_equal(n_seen, 3);
	assert_int_equal(last.kind, EVENT_COUNTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(elsewhere),
		TEST(local_late),
		TEST(repeats),
		TEST(swap_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
