// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the loop wakes up by itself: not at all, once it has been quiet; and while it is not, in
 * time for what is counted in silence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "pace.h"

/* Sweeps whenever they are due until nothing is; when that was. */
static uint64_t run_down(struct pace *p, uint64_t now)
{
	for (int i = 0; i < 100 && pace_due(p, now) != PACE_NEVER; i++) {
		now = pace_due(p, now);
		if (pace_sweep_due(p, now))
			pace_swept(p, false, now);
	}
	return now;
}

static void sleeps_when_quiet(void **state)
{
	struct pace p;
	uint64_t now;

	(void)state;
	pace_init(&p, 0, 0, 1000);
	now = run_down(&p, 1000);
	assert_int_equal(pace_due(&p, now), PACE_NEVER);
	assert_in_range(now, 1000 + PACE_QUIET_MS, 1000 + PACE_QUIET_MS + PACE_SWEEP_MS);
}

/* Whatever comes in silence within FOLD_QUIET_NS of the last one is swept. */
static void sweeps_after_the_last(void **state)
{
	struct pace p;
	uint64_t now;

	(void)state;
	pace_init(&p, 0, 0, 0);
	run_down(&p, 0);
	now = 100000;
	pace_active(&p, now);
	assert_int_equal(pace_due(&p, now), now + PACE_SWEEP_MS);
	assert_in_range(run_down(&p, now), now + 5000 + PACE_SWEEP_MS, now + 20000);
}

/* Something found starts it anew, each time. */
static void goes_on_while_it_finds(void **state)
{
	struct pace p;
	uint64_t now = 0;

	(void)state;
	pace_init(&p, 0, 0, now);
	for (int i = 0; i < 50; i++) {
		assert_true(pace_due(&p, now) <= now + PACE_SWEEP_MS);
		now = pace_due(&p, now);
		assert_true(pace_sweep_due(&p, now));
		pace_swept(&p, true, now);
	}
	assert_in_range(run_down(&p, now), now + PACE_QUIET_MS, now + 2 * PACE_QUIET_MS);
}

/* A record under way does not put off a sweep that is due. */
static void is_not_put_off(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 0, 0, 0);
	for (uint64_t now = 0; now < PACE_SWEEP_MS; now += 10)
		pace_active(&p, now);
	assert_true(pace_sweep_due(&p, PACE_SWEEP_MS));
}

static void asks_for_misses(void **state)
{
	struct pace p;
	uint64_t now = 0;

	(void)state;
	pace_init(&p, 0, 10000, now);
	for (int i = 0; i < 20; i++) {
		uint64_t due = pace_due(&p, now);

		assert_true(due != PACE_NEVER);
		if (now > 2 * PACE_QUIET_MS)
			assert_int_equal(due - now, 10000);
		now = due;
		pace_swept(&p, false, now);
	}
	/* The first record after it: soon, for it may be a flood; and then once a second. */
	now += 1000;
	pace_active(&p, now);
	assert_int_equal(pace_due(&p, now), now + PACE_MISSED_MS);
	pace_active(&p, now + 10);
	assert_int_equal(pace_due(&p, now + 10), now + PACE_MISSED_MS);
	now += PACE_MISSED_MS;
	pace_swept(&p, false, now);
	pace_active(&p, now + 1);
	assert_int_equal(pace_due(&p, now + 1), now + PACE_SWEEP_MS);
}

/* With another source that wakes the loop each 700 ms, the limits wake it no more often. */
static void rides_along(void **state)
{
	uint64_t now = 100000;
	struct pace p;
	int read = 0;

	(void)state;
	pace_init(&p, 1000, 0, 0);
	run_down(&p, 0);
	while (pace_refresh(&p, now))
		;
	for (int i = 0; i < 100; i++) {
		now += 700;
		assert_true(pace_due(&p, now) > now || pace_refresh(&p, now) || ++read);
		read += pace_refresh(&p, now);
	}
	assert_in_range(read, 0, 100);
	assert_true(pace_refresh(&p, now + 1000));
	assert_false(pace_refresh(&p, now + 1100));
}

/* However much is written to the kernel log, it is read once a second. */
static void reads_the_log_at_times(void **state)
{
	struct pace p;
	uint64_t now;

	(void)state;
	pace_init(&p, 0, 0, 0);
	now = run_down(&p, 0);
	assert_true(pace_log_open(&p, now));
	pace_log_read(&p, now);
	assert_false(pace_log_open(&p, now + 999));
	assert_int_equal(pace_due(&p, now + 1), now + PACE_SWEEP_MS);
	assert_true(pace_log_open(&p, now + PACE_SWEEP_MS));
	assert_int_equal(pace_due(&p, now + PACE_SWEEP_MS), PACE_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleeps_when_quiet),      cmocka_unit_test(sweeps_after_the_last),
		cmocka_unit_test(goes_on_while_it_finds), cmocka_unit_test(is_not_put_off),
		cmocka_unit_test(asks_for_misses),        cmocka_unit_test(rides_along),
		cmocka_unit_test(reads_the_log_at_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
