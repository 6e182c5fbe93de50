/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/import_prefix.c user/import_date.c user/kmsg_parse.c ; libs: */
/*
 * test_import_prefix.c - what logs put before the kernel's words, piece by
 * piece and piled up; and what looks like a prefix and is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "../../user/import_prefix.h"

#define NOW 1796083200000000000LL  /* 2026-12-01T00:00:00Z */
#define NOON 1795348800000000000LL /* 2026-11-22T12:00:00Z, a Sunday */
#define MS 1000000LL

static struct import_prefix p;

static const char *rest(const char *s)
{
	/* exactly as long as it is, so that the sanitizer sees a read behind it */
	static char *copy;

	free(copy);
	copy = strdup(s);
	import_prefix(copy, NOW, &p);
	assert_true(p.len <= strlen(copy));
	return copy + p.len;
}

static void has_time(int64_t ns)
{
	assert_true(p.has_stamp);
	assert_true(p.at.has_time);
	assert_int_equal(p.at.time, ns);
}

static void dates(void **state _unused_)
{
	static const struct {
		const char *s;
		int64_t ns;
	} good[] = {
		{"2026-11-22T12:00:00Z", NOON},
		{"2026-11-22T13:00:00.250+01:00", NOON + 250 * MS},
		{"2026-11-22T13:00:00,250000+0100", NOON + 250 * MS},
		{"2026-11-22 12:00:00", NOON},
		{"2026-11-22 14:00:00 +0200", NOON},
		{"Sun 2026-11-22 12:00:00 UTC", NOON},
		{"Nov 22 12:00:00", NOON},
		{"Nov 22 12:00:00.000001", NOON + 1000},
		{"Sun Nov 22 12:00:00 2026", NOON},
		{"Nov 22 2026 12:00:00", NOON},
		{"Jan  2 00:00:00", 1767312000LL * 1000000000},
		/* it would be in the future: of the year before */
		{"Dec 24 12:00:00", 1766577600LL * 1000000000},
	};
	static const char *const bad[] = {"",
					  "Nov",
					  "Nov 22",
					  "Nov 22 25:00:00",
					  "Nov 22 12:00",
					  "Nox 22 12:00:00",
					  "2026-13-01T00:00:00Z",
					  "2026-11-22",
					  "12:00:00",
					  "Sunday",
					  "20261122T120000Z"};
	int64_t ns;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ns = 0;
		assert_int_equal(import_date(good[i].s, NOW, &ns), strlen(good[i].s));
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(import_date(bad[i], NOW, &ns), 0);
}

static void zone_of_the_log(void **state _unused_)
{
	int64_t ns;

	/* another minute than any before: the conversion of a minute is remembered */
	setenv("TZ", "EST5EDT", 1);
	tzset();
	assert_int_not_equal(import_date("Nov 22 07:01:00", NOW, &ns), 0);
	assert_int_equal(ns, NOON + 60000 * MS);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void kernel_stamps(void **state _unused_)
{
	assert_string_equal(rest("[   12.345678] text"), "text");
	assert_true(p.at.has_uptime);
	assert_int_equal(p.at.uptime, 12345678);
	assert_false(p.at.has_time);
	assert_string_equal(rest("[   12.345678][   T12] text"), "text");
	assert_int_not_equal(p.caller, 0);
	assert_string_equal(rest("<6>[    0.000000] text"), "text");
	assert_int_equal(p.origin, ORIGIN_KERNEL);
	assert_string_equal(rest("[Sun Nov 22 12:00:00 2026] text"), "text");
	has_time(NOON);
	assert_string_equal(rest("kern  :warn  : [   1.000002] text"), "text");
	assert_int_equal(p.at.uptime, 1000002);
	assert_int_equal(p.origin, ORIGIN_KERNEL);
	assert_string_equal(rest("6,1234,567890,-;text"), "text");
	assert_int_equal(p.at.uptime, 567890);
	assert_string_equal(rest("4,1,2,-,caller=T9;text"), "text");
	assert_string_equal(rest("12,1234,567890,-;text"), "text");
	assert_int_equal(p.origin, ORIGIN_PROGRAM);
	assert_string_equal(rest("[  +0.000002] text"), "text");
	assert_true(p.has_stamp);
	assert_false(p.at.has_uptime);
}

static void hosts_and_programs(void **state _unused_)
{
	assert_string_equal(rest("Nov 22 12:00:00 db1 kernel: text"), "text");
	has_time(NOON);
	assert_string_equal(p.host, "db1");
	assert_int_equal(p.origin, ORIGIN_KERNEL);
	assert_string_equal(rest("Nov 22 12:00:00 db1 kernel: [  1.000000] text"), "text");
	assert_int_equal(p.at.uptime, 1000000);
	assert_string_equal(rest("<4>1 2026-11-22T12:00:00Z db1 kernel - - - text"), "text");
	has_time(NOON);
	assert_string_equal(p.host, "db1");
	assert_int_equal(p.origin, ORIGIN_KERNEL);
	assert_string_equal(rest("Nov 22 12:00:00 db1 systemd-oomd[812]: Killed /x"), "Killed /x");
	assert_int_equal(p.origin, ORIGIN_PROGRAM);
	assert_string_equal(p.ident, "systemd-oomd");
	assert_int_equal(p.ident_pid, 812);
	assert_string_equal(rest("1795348800.250000 db1 kernel: text"), "text");
	has_time(NOON + 250 * MS);
	assert_string_equal(rest("Nov 22 12:00:00 db1 TCP: out of memory"),
			    "db1 TCP: out of memory");
	assert_int_not_equal(p.origin, ORIGIN_PROGRAM);
}

static void others(void **state _unused_)
{
	assert_string_equal(rest("> > | [ 1.000000] text"), "text");
	assert_string_equal(rest("120: [ 1.000000] text"), "text");
	assert_string_equal(rest("   17\t[ 1.000000] text"), "text");
	assert_string_equal(rest("2026-11-22T12:00:00.000000001Z stdout F [ 1.000000] text"),
			    "text");
	has_time(NOON + 1);
	assert_string_equal(rest("[pod/web-1/app] 2026-11-22T12:00:00Z text"), "text");
	assert_string_equal(rest("node_1  | [ 1.000000] text"), "text");
	assert_string_equal(rest("messages-20261122:Nov 22 12:00:00 db1 kernel: text"), "text");
	assert_string_equal(rest("* `[ 1.000000] text"), "text");
}

static void no_prefix(void **state _unused_)
{
	static const char *const lines[] = {
		"[ 1234]     0  1234     100      10       2        0             0 bash",
		"[  pid  ]   uid  tgid total_vm",
		"java invoked oom-killer: gfp_mask=0xd0, order=0",
		"Out of memory: Killed process 1 (x)",
		"VFS: file-max limit 12 reached",
		"4096 pages RAM",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_string_equal(rest(lines[i]), lines[i]);
		assert_false(p.has_stamp);
		assert_int_equal(p.origin, ORIGIN_UNKNOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),         cmocka_unit_test(zone_of_the_log),
		cmocka_unit_test(kernel_stamps), cmocka_unit_test(hosts_and_programs),
		cmocka_unit_test(others),        cmocka_unit_test(no_prefix),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
