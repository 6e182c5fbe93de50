// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/parse.c user/parse_stat.c */
/*
 * test_parse_stat.c - statistics of procfs: whole, cut, and not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../user/parse.h"

static struct parse_text text(const char *s)
{
	return (struct parse_text){s, strlen(s)};
}

static void columns(void **state _unused_)
{
	static const char t[] = "entries  drop early_drop\n0000001f 00000001 00000000\n"
				"0000001f 0000000a 00000002\n";
	uint64_t v = 77;

	assert_int_equal(parse_net_stat_sum(text(t), "drop", &v), 0);
	assert_int_equal(v, 11);
	assert_int_equal(parse_net_stat_entries(text(t), &v), 0);
	assert_int_equal(v, 31);
	assert_int_equal(parse_net_stat_sum(text(t), "dropped", &v), -ENODATA);
	assert_int_equal(parse_net_stat_sum(text("a drop\n1 2\n3"), "drop", &v), -EBADMSG);
	assert_int_equal(parse_net_stat_sum(text("a drop\n1\n"), "drop", &v), -EBADMSG);
	assert_int_equal(parse_net_stat_sum(text(""), "drop", &v), -EBADMSG);
	assert_int_equal(v, 31);
}

static void netstat(void **state _unused_)
{
	static const char t[] = "TcpExt: A B\nTcpExt: 1 2\nIpExt: A C\nIpExt: 3 4\n";
	uint64_t v = 77;

	assert_int_equal(parse_netstat(text(t), "TcpExt:", "B", &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(parse_netstat(text(t), "IpExt:", "A", &v), 0);
	assert_int_equal(v, 3);
	assert_int_equal(parse_netstat(text(t), "IpExt:", "B", &v), -ENODATA);
	assert_int_equal(parse_netstat(text(t), "XExt:", "B", &v), -ENODATA);
	assert_int_equal(parse_netstat(text("TcpExt: A\nTcpExt: 1"), "TcpExt:", "A", &v), -EBADMSG);
	assert_int_equal(parse_netstat(text("TcpExt: A\n"), "TcpExt:", "A", &v), -EBADMSG);
	assert_int_equal(v, 3);
}

static void start(void **state _unused_)
{
	static const char t[] =
		"4711 (a) b (S 9) S 1 4711 4711 0 -1 4194560 1 2 3 4 1250 150 0 0 20 0 "
		"7 0 123456 5574656\n";
	uint64_t v = 77;

	assert_int_equal(parse_stat_start(text(t), &v), 0);
	assert_int_equal(v, 123456);
	for (size_t n = 0; n < strlen(t); n++)
		assert_int_equal(parse_stat_start((struct parse_text){t, n}, &v), -EBADMSG);
	assert_int_equal(v, 123456);
}

static void lines(void **state _unused_)
{
	uint64_t v = 77;

	assert_int_equal(parse_count_lines(text(""), NULL, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(parse_count_lines(text("a\nb c\n"), NULL, &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(parse_count_lines(text("pos: 0\ninotify wd:1\ninotifyx\n"), "inotify", &v),
			 0);
	assert_int_equal(v, 1);
	assert_int_equal(parse_count_lines(text("a\nb"), NULL, &v), -EBADMSG);
	assert_int_equal(parse_count_maps(text("0-1 r\n2-3 [vsyscall]\n4-5 [vdso]\n"), &v), 0);
	assert_int_equal(v, 2);
}

static void signed_numbers(void **state _unused_)
{
	static const char *const bad[] = {
		"", "1", "-1", "--1\n", "-\n", " 1\n", "+1\n", "1x\n", "9223372036854775808\n"};
	int64_t v = 77;

	assert_int_equal(parse_signed(text("-1000\n"), &v), 0);
	assert_int_equal(v, -1000);
	assert_int_equal(parse_signed(text("0\n"), &v), 0);
	assert_int_equal(v, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_signed(text(bad[i]), &v), -EBADMSG);
	assert_int_equal(v, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),        cmocka_unit_test(netstat),
		cmocka_unit_test(start),          cmocka_unit_test(lines),
		cmocka_unit_test(signed_numbers),
	};

	return cmocka_run_group_tests_name("parse_stat", tests, NULL, NULL);
}
