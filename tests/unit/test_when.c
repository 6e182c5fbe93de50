/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/when.c ; libs: */
/*
 * test_when.c - each form of a time that a person writes, and what only looks
 * like one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "../../user/when.h"

#define SECOND 1000000000LL
/* 2026-11-22 14:03:12 UTC, a Sunday; date -u -d @1795356192 */
#define NOW (1795356192 * SECOND)
#define MIDNIGHT (1795305600 * SECOND)
#define DAY (86400 * SECOND)

static int64_t parsed(const char *s)
{
	int64_t t = -1;

	if (when_parse(s, NOW, true, &t) != 0)
		fail_msg("'%s' is not understood", s);
	return t;
}

static void relative(void **state)
{
	(void)state;
	assert_int_equal(parsed("now"), NOW);
	assert_int_equal(parsed("1 hour ago"), NOW - 3600 * SECOND);
	assert_int_equal(parsed("90s ago"), NOW - 90 * SECOND);
	assert_int_equal(parsed("5 minutes ago"), NOW - 300 * SECOND);
	assert_int_equal(parsed("2 weeks ago"), NOW - 14 * DAY);
	assert_int_equal(parsed("-1d"), NOW - DAY);
	assert_int_equal(parsed("-15m"), NOW - 900 * SECOND);
	assert_int_equal(parsed("@1795356000"), 1795356000 * SECOND);
}

static void calendar(void **state)
{
	(void)state;
	assert_int_equal(parsed("today"), MIDNIGHT);
	assert_int_equal(parsed("yesterday"), MIDNIGHT - DAY);
	assert_int_equal(parsed("yesterday 02:00"), MIDNIGHT - DAY + 7200 * SECOND);
	assert_int_equal(parsed("today 02:00:01"), MIDNIGHT + 7201 * SECOND);
	assert_int_equal(parsed("02:00"), MIDNIGHT + 7200 * SECOND);
	assert_int_equal(parsed("14:03"), MIDNIGHT + (14 * 3600 + 180) * SECOND);
	assert_int_equal(parsed("14:04"), MIDNIGHT - DAY + (14 * 3600 + 240) * SECOND);
	assert_int_equal(parsed("2026-11-22"), MIDNIGHT);
	assert_int_equal(parsed("2026-11-22 14:03:12"), NOW);
	assert_int_equal(parsed("2026-11-22T14:03:12"), NOW);
	assert_int_equal(parsed("2026-11-22 14:03:12.481"), NOW + 481000000);
	assert_int_equal(parsed("2026-11-22 23:00"), MIDNIGHT + 23 * 3600 * SECOND);
}

static void yesterday_of_the_first(void **state)
{
	const int64_t first = 1772323200 * SECOND; /* 2026-03-01 00:00 UTC */
	int64_t t;

	(void)state;
	assert_int_equal(when_parse("yesterday", first + SECOND, true, &t), 0);
	assert_int_equal(t, first - DAY);
}

static void rfc3339(void **state)
{
	int64_t t;

	(void)state;
	assert_int_equal(when_rfc3339("2026-11-22T14:03:12Z", &t), 0);
	assert_int_equal(t, NOW);
	assert_int_equal(when_rfc3339("2026-11-22T16:03:12.000000001+02:00", &t), 0);
	assert_int_equal(t, NOW + 1);
	assert_int_equal(when_rfc3339("1970-01-01T00:00:00Z", &t), 0);
	assert_int_equal(t, 0);
	assert_int_equal(when_rfc3339("2024-02-29T00:00:00Z", &t), 0);
	assert_int_equal(t, 1709164800 * SECOND);
	assert_int_equal(parsed("2026-11-22T14:03:12Z"), NOW);
}

static void local(void **state)
{
	int64_t t;

	(void)state;
	setenv("TZ", "UTC-2", 1); /* two hours east */
	tzset();
	assert_int_equal(when_parse("2026-11-22 16:03:12", NOW, false, &t), 0);
	assert_int_equal(t, NOW);
	assert_int_equal(when_parse("2026-11-22 16:03:12", NOW, true, &t), 0);
	assert_int_equal(t, NOW + 7200 * SECOND);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void refused(void **state)
{
	static const char *const wrong[] = {"",
					    "gestern",
					    "1",
					    "12",
					    "25:00",
					    "12:60",
					    "2:00",
					    "2026-13-01",
					    "2026-02-29",
					    "2026-11-22 ",
					    "2026-11-22x",
					    "2026-11-22T14:03:12Zx",
					    "1 hour",
					    "ago",
					    "1 hour  ago",
					    "1hourago",
					    "-",
					    "-1",
					    "--1h",
					    "@",
					    "@12x",
					    "yesterday02:00",
					    "tomorrow",
					    "2026-11-22 14:03:12.",
					    "99999999999s ago",
					    "1 fortnight ago",
					    "2026-11-22T14:03:12.0000000001Z"};
	int64_t t = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (when_parse(wrong[i], NOW, true, &t) == 0)
			fail_msg("'%s' is understood", wrong[i]);
		assert_int_equal(t, 42);
	}
	assert_int_equal(when_rfc3339("2026-11-22T14:03:12", &t), -EINVAL);
	assert_int_equal(when_rfc3339("1969-12-31T23:59:59Z", &t), -ERANGE);
	assert_int_equal(when_rfc3339("9999-01-01T00:00:00Z", &t), -ERANGE);
	assert_int_equal(when_parse("60 years ago", NOW, true, &t), -EINVAL);
	assert_int_equal(t, 42);
}

static void printed(void **state)
{
	char buf[40];

	(void)state;
	when_print(NOW + 481999999, true, true, buf, sizeof(buf));
	assert_string_equal(buf, "2026-11-22 14:03:12.481");
	when_print(NOW, true, false, buf, sizeof(buf));
	assert_string_equal(buf, "2026-11-22 14:03:12");
	when_span(500000, buf, sizeof(buf));
	assert_string_equal(buf, "0 ms");
	when_span(59 * SECOND, buf, sizeof(buf));
	assert_string_equal(buf, "59 s");
	when_span(3661 * SECOND, buf, sizeof(buf));
	assert_string_equal(buf, "1 h 1 min");
	when_span(3 * DAY, buf, sizeof(buf));
	assert_string_equal(buf, "3 days");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relative),
		cmocka_unit_test(calendar),
		cmocka_unit_test(yesterday_of_the_first),
		cmocka_unit_test(rfc3339),
		cmocka_unit_test(local),
		cmocka_unit_test(refused),
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
