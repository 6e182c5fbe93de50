// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/parse.c user/parse_table.c */
/*
 * test_parse.c - each parser by itself: what it takes, and that it takes
 * nothing else. Text that was cut is tried at every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/parse.h"

#define UNTOUCHED UINT64_C(424242)

static struct parse_text text(const char *s)
{
	return (struct parse_text){s, strlen(s)};
}

/* A copy in memory that ends where the text ends, so that reading on is seen by the sanitizer. */
static struct parse_text exact(const char *s, size_t n)
{
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, s, n);
	return (struct parse_text){copy, n};
}

static void words_and_lines(void **state _unused_)
{
	struct parse_text rest = text(" a\tbc  \n\nend"), line, word;
	bool whole = false;

	assert_true(parse_next_line(&rest, &line, &whole));
	assert_true(whole);
	assert_true(parse_next_word(&line, &word) && parse_is(word, "a"));
	assert_true(parse_next_word(&line, &word) && parse_is(word, "bc"));
	assert_false(parse_next_word(&line, &word));
	assert_true(parse_next_line(&rest, &line, &whole));
	assert_int_equal(line.n, 0);
	assert_true(parse_next_line(&rest, &line, &whole));
	assert_false(whole);
	assert_true(parse_is(line, "end"));
	assert_false(parse_next_line(&rest, &line, &whole));

	assert_true(parse_in_list(text("rw,memory"), "memory"));
	assert_true(parse_in_list(text("memory"), "memory"));
	assert_false(parse_in_list(text("rw,memory2,xmemory,"), "memory"));
	assert_false(parse_in_list(text(""), "memory"));
}

static void numbers(void **state _unused_)
{
	static const char *const bad[] = {"", "12abc", "-1", "+1", " 1", "1 ", "0x1", "1\n", "a"};
	static const char *const large[] = {"18446744073709551616", "99999999999999999999999"};
	uint64_t v = UNTOUCHED;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_u64(bad[i], strlen(bad[i]), &v), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(large); i++)
		assert_int_equal(parse_u64(large[i], strlen(large[i]), &v), -ERANGE);
	assert_int_equal(parse_u64("1\0002", 3, &v), -EINVAL);
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(parse_u64("18446744073709551615", 20, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(parse_u64("123456", 3, &v), 0);
	assert_int_equal(v, 123);
}

static void limits(void **state _unused_)
{
	static const char *const none[] = {
		"max",
		"unlimited",
		"9223372036854775807",
		"9223372036854771712",
		"9223372036854710272",
		"18446744073709551615",
		"18446744073692774399",
		"8796093018112",
	};
	static const char *const some[] = {"0", "9223372036854710271", "2147483647",
					   "8796093018111"};
	uint64_t v = UNTOUCHED;

	assert_int_equal(parse_limit("maximum", 7, &v), -EINVAL);
	assert_int_equal(parse_limit("-1", 2, &v), -EINVAL);
	assert_int_equal(v, UNTOUCHED);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		assert_int_equal(parse_limit(none[i], strlen(none[i]), &v), 0);
		assert_true(v == PARSE_UNLIMITED);
	}
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		assert_int_equal(parse_limit(some[i], strlen(some[i]), &v), 0);
		assert_true(v == strtoull(some[i], NULL, 10));
	}
}

static void values(void **state _unused_)
{
	uint64_t v = UNTOUCHED;

	assert_int_equal(parse_value(text("12"), &v), -EBADMSG);
	assert_int_equal(parse_value(text(""), &v), -EBADMSG);
	assert_int_equal(parse_value(text("\n"), &v), -EBADMSG);
	assert_int_equal(parse_value(text("max\n"), &v), -EBADMSG);
	assert_int_equal(parse_value(text("1\n2\n"), &v), -EBADMSG);
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(parse_value(text("12\n"), &v), 0);
	assert_int_equal(v, 12);
	assert_int_equal(parse_value_limit(text("max\n"), &v), 0);
	assert_true(v == PARSE_UNLIMITED);

	v = UNTOUCHED;
	assert_int_equal(parse_nth(text("250\t32000\n"), 2, &v), -EBADMSG);
	assert_int_equal(parse_nth(text("250\t32000"), 1, &v), -EBADMSG);
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(parse_nth(text("250\t32000\n"), 1, &v), 0);
	assert_int_equal(v, 32000);
	assert_int_equal(parse_nth_limit(text("9223372036854775807\n"), 0, &v), 0);
	assert_true(v == PARSE_UNLIMITED);
}

static void keys(void **state _unused_)
{
	static const char events[] = "low 0\nhigh 12\nmax 3\noom 1 2\noom_kill x\n";
	uint64_t v = UNTOUCHED;

	assert_int_equal(parse_keyed(text(events), "oom_group_kill", &v), -ENODATA);
	assert_int_equal(parse_keyed(text(events), "oom", &v), -EBADMSG);
	assert_int_equal(parse_keyed(text(events), "oom_kill", &v), -EBADMSG);
	assert_int_equal(parse_keyed(text("max 1"), "max", &v), -EBADMSG);
	assert_int_equal(parse_keyed(text("max\n"), "max", &v), -EBADMSG);
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(parse_keyed(text(events), "high", &v), 0);
	assert_int_equal(v, 12);
	assert_int_equal(parse_keyed_limit(text("sev max\n"), "sev", &v), 0);
	assert_true(v == PARSE_UNLIMITED);

	assert_int_equal(parse_colon(text("A:\t 12 kB\n"), "A:", &v), 0);
	assert_int_equal(v, 12288);
	assert_int_equal(parse_colon(text("HugePages_Free:  7\n"), "HugePages_Free:", &v), 0);
	assert_int_equal(v, 7);
	v = UNTOUCHED;
	assert_int_equal(parse_colon(text("A: 18446744073709551615 kB\n"), "A:", &v), -EBADMSG);
	assert_int_equal(parse_colon(text("A: 12"), "A:", &v), -EBADMSG);
	assert_int_equal(parse_colon(text("A: -1 kB\n"), "A:", &v), -EBADMSG);
	assert_int_equal(parse_sigq(text("SigQ:\t3\n"), &v), -EBADMSG);
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(parse_sigq(text("SigQ:\t3/96365\n"), &v), 0);
	assert_int_equal(v, 3);
}

static void rlimits(void **state _unused_)
{
	static const char rows[] =
		"Limit                     Soft Limit           Hard Limit           Units     \n"
		"Max processes             96365                unlimited            processes \n"
		"Max open files            20000                \n"
		"Max nice priority         0                    0                    \n"
		"Max pending signals       5";
	uint64_t soft = UNTOUCHED, hard = UNTOUCHED;

	assert_int_equal(parse_rlimit(text(rows), "Max open files", &soft, &hard), -EBADMSG);
	assert_int_equal(parse_rlimit(text(rows), "Max pending signals", &soft, &hard), -EBADMSG);
	assert_int_equal(parse_rlimit(text(rows), "Max", &soft, &hard), -EBADMSG);
	assert_int_equal(parse_rlimit(text("Max a 1 2\n"), "Max b", &soft, &hard), -ENODATA);
	assert_int_equal(soft, UNTOUCHED);
	assert_int_equal(hard, UNTOUCHED);
	assert_int_equal(parse_rlimit(text(rows), "Max processes", &soft, &hard), 0);
	assert_int_equal(soft, 96365);
	assert_true(hard == PARSE_UNLIMITED);
	assert_int_equal(parse_rlimit(text(rows), "Max nice priority", &soft, &hard), 0);
	assert_int_equal(hard, 0);
}

static void process_lines(void **state _unused_)
{
	uint64_t v = UNTOUCHED;

	assert_int_equal(parse_stat_cpu(text("1 (a) b) S 1 1 1 0 -1 4 1 2 3 4 7\n"), &v), -EBADMSG);
	assert_int_equal(parse_stat_cpu(text("1 (a) S 1 1 1 0 -1 4 1 2 3 4 7 8"), &v), -EBADMSG);
	assert_int_equal(parse_stat_cpu(text("no bracket\n"), &v), -EBADMSG);
	assert_int_equal(parse_stat_cpu((struct parse_text){NULL, 0}, &v), -EBADMSG);
	assert_int_equal(parse_stat_cpu(text(")"), &v), -EBADMSG);
	assert_int_equal(parse_loadavg_tasks(text("0.40 0.14 0.04 1 5515\n"), &v), -EBADMSG);
	assert_int_equal(parse_loadavg_tasks(text("0.40 0.14\n"), &v), -EBADMSG);
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(parse_stat_cpu(text("1 (a) b) S 1 1 1 0 -1 4 1 2 3 4 7 80 9\n"), &v), 0);
	assert_int_equal(v, 87);
	assert_int_equal(parse_loadavg_tasks(text("0.40 0.14 0.04 1/97 5515\n"), &v), 0);
	assert_int_equal(v, 97);
}

static void tables(void **state _unused_)
{
	static const char sem[] = " key semid perms nsems\n 0 1 600 17\n-5 2 600 19\n";
	struct parse_column col = {1, 2, 3};
	uint64_t v = UNTOUCHED;

	assert_int_equal(parse_column(text(sem), "size", 1, &col), -EBADMSG);
	assert_int_equal(parse_column(text(""), "nsems", 1, &col), -EBADMSG);
	assert_int_equal(parse_column(text(" key nsems\n 1 2\n 3\n"), "nsems", 1, &col), -EBADMSG);
	assert_int_equal(parse_column(text(" n\n18446744073709551615\n1\n"), "n", 1, &col),
			 -EBADMSG);
	assert_int_equal(col.max, 3);
	assert_int_equal(parse_column(text(sem), "nsems", 1, &col), 0);
	assert_int_equal(col.count, 2);
	assert_int_equal(col.sum, 36);
	assert_int_equal(col.max, 19);
	assert_int_equal(parse_column(text(sem), "nsems", 10, &col), 0);
	assert_int_equal(col.sum, 4);

	assert_int_equal(parse_sockstat(text("TCP: inuse 1 mem 9\n"), "TCP:", "mem", &v), 0);
	assert_int_equal(v, 9);
	assert_int_equal(parse_sockstat(text("TCP: inuse 1\n"), "TCP:", "mem", &v), -ENODATA);
	assert_int_equal(parse_sockstat(text("TCP: mem x\n"), "TCP:", "mem", &v), -EBADMSG);

	assert_int_equal(parse_count_locks(text("1: POSIX\n1: -> POSIX\n2: FLOCK\n"), &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(parse_count_locks(text("1: POSIX\n2: FL"), &v), -EBADMSG);
	assert_int_equal(parse_net_stat_entries(text("entries  allocs\n0000001f 0\n"), &v), 0);
	assert_int_equal(v, 31);
	assert_int_equal(parse_net_stat_entries(text("entries\n0000001g\n"), &v), -EBADMSG);
	assert_int_equal(parse_net_stat_entries(text("other\n00\n"), &v), -EBADMSG);
	assert_int_equal(v, 31);
}

static void key_users(void **state _unused_)
{
	static const char *const bad[] = {"",
					  "0:",
					  "0: 9 8/8 3/1 40",
					  "0: 9 8/8 3 40/25",
					  "0 9 8/8 3/1 40/25",
					  "4294967296: 9 8/8 3/1 40/25",
					  ": 9 8/8 3/1 40/25",
					  "0: 9 8/8 3/1/2 40/25"};
	struct parse_key_user k = {.uid = UNTOUCHED};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_key_user(text(bad[i]), &k), -EBADMSG);
	assert_int_equal(k.uid, UNTOUCHED);
	assert_int_equal(parse_key_user(text(" 1000:     2 2/2 3/200 36/20000"), &k), 0);
	assert_int_equal(k.uid, 1000);
	assert_int_equal(k.keys, 3);
	assert_int_equal(k.keys_max, 200);
	assert_int_equal(k.bytes, 36);
	assert_int_equal(k.bytes_max, 20000);
}

static void mounts(void **state _unused_)
{
	struct parse_mount m;
	char buf[16];

	assert_int_equal(parse_mount(text("35 31 0:32 /a /b rw shared:9 master:3 - cgroup none "
					  "rw,memory"),
				     &m),
			 0);
	assert_true(parse_is(m.root, "/a"));
	assert_true(parse_is(m.point, "/b"));
	assert_true(parse_is(m.fstype, "cgroup"));
	assert_true(parse_is(m.options, "rw,memory"));
	assert_int_equal(parse_mount(text("35 31 0:32 /a /b rw shared:9"), &m), -EBADMSG);
	assert_int_equal(parse_mount(text("35 31 0:32 /a"), &m), -EBADMSG);
	assert_int_equal(parse_mount(text(""), &m), -EBADMSG);

	assert_int_equal(parse_unescape(text("/a\\040b\\134c\\9"), buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/a b\\c\\9");
	assert_int_equal(parse_unescape(text("\\000"), buf, sizeof(buf)), -EBADMSG);
	assert_int_equal(parse_unescape(text("0123456789abcdef"), buf, sizeof(buf)), -ENAMETOOLONG);
	assert_int_equal(parse_unescape(text("0123456789abcde"), buf, sizeof(buf)), 0);
}

static void beancounters(void **state _unused_)
{
	struct parse_ubc u;

	assert_int_equal(parse_ubc_line(text("Version: 2.5"), true, &u), PARSE_UBC_BLANK);
	assert_int_equal(parse_ubc_line(text("Version: 3"), true, &u), PARSE_UBC_FOREIGN);
	assert_int_equal(
		parse_ubc_line(text(" uid resource held maxheld barrier limit failcnt"), true, &u),
		PARSE_UBC_BLANK);
	assert_int_equal(parse_ubc_line(text(" uid resource held"), true, &u), PARSE_UBC_FOREIGN);
	assert_int_equal(parse_ubc_line(text("      101:  numproc 1 2 3 max 5"), true, &u),
			 PARSE_UBC_ROW);
	assert_true(parse_is(u.owner, "101"));
	assert_true(parse_is(u.name, "numproc"));
	assert_int_equal(u.have, 0x1f);
	assert_true(u.value[PARSE_UBC_LIMIT] == PARSE_UNLIMITED);
	assert_false(u.malformed);
	assert_int_equal(parse_ubc_line(text("            numproc - 2 3 4 -"), true, &u),
			 PARSE_UBC_ROW);
	assert_true(u.indented);
	assert_false(u.malformed);
	assert_int_equal(u.have, 0x0e);
	/* A number may go on behind the cut, a blank behind it says that it does not. */
	parse_ubc_line(text("            numproc 1 2 3 4 5"), false, &u);
	assert_int_equal(u.have, 0x0f);
	assert_true(u.malformed);
	parse_ubc_line(text("            numproc 1 2 3 4 "), false, &u);
	assert_int_equal(u.have, 0x0f);
	assert_true(u.malformed);
	assert_int_equal(parse_ubc_line(text("            numpr"), false, &u), PARSE_UBC_GARBAGE);
	assert_true(u.indented);
	assert_int_equal(parse_ubc_line(text("   102"), true, &u), PARSE_UBC_GARBAGE);
	assert_false(u.indented);
	assert_int_equal(parse_ubc_line(text(":"), true, &u), PARSE_UBC_GARBAGE);
	assert_int_equal(parse_ubc_line(text("  102:"), true, &u), PARSE_UBC_GARBAGE);
	assert_true(parse_is(u.owner, "102"));
}

/* Every prefix of each text, in memory of just its size: no parser may look behind it. */
static void every_prefix(void **state _unused_)
{
	static const char *const texts[] = {
		"low 0\nmax 3\nsev max\n",
		"SigQ:\t3/96365\nUid:\t0\t0\n",
		"0.40 0.14 0.04 1/97 5515\n",
		"1 (a) S 1 1 1 0 -1 4 1 2 3 4 7 80 9\n",
		"Max open files            20000                20000                files     \n",
		" key nsems\n 0 17\n",
		"35 31 0:32 /a\\040 /b rw - cgroup none rw,memory",
		" 1000:     2 2/2 3/200 36/20000",
		"      101:  numproc   1 2 3 4 5",
		"entries\n0000001f\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (size_t n = 0; n <= strlen(texts[i]); n++) {
			struct parse_text t = exact(texts[i], n);
			struct parse_key_user k;
			struct parse_column col;
			struct parse_mount m;
			struct parse_ubc u;
			uint64_t a, b;
			char buf[8];

			parse_value_limit(t, &a);
			parse_nth(t, 3, &a);
			parse_keyed(t, "max", &a);
			parse_colon(t, "Uid:", &a);
			parse_sigq(t, &a);
			parse_rlimit(t, "Max open files", &a, &b);
			parse_stat_cpu(t, &a);
			parse_loadavg_tasks(t, &a);
			parse_column(t, "nsems", 4096, &col);
			parse_net_stat_entries(t, &a);
			parse_net_stat_sum(t, "entries", &a);
			parse_netstat(t, "TcpExt:", "A", &a);
			parse_stat_start(t, &a);
			parse_count_maps(t, &a);
			parse_count_locks(t, &a);
			parse_key_user(t, &k);
			parse_mount(t, &m);
			parse_unescape(t, buf, sizeof(buf));
			parse_ubc_line(t, n % 2, &u);
			free((void *)(uintptr_t)t.s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_lines),
		cmocka_unit_test(numbers),
		cmocka_unit_test(limits),
		cmocka_unit_test(values),
		cmocka_unit_test(keys),
		cmocka_unit_test(rlimits),
		cmocka_unit_test(process_lines),
		cmocka_unit_test(tables),
		cmocka_unit_test(key_users),
		cmocka_unit_test(mounts),
		cmocka_unit_test(beancounters),
		cmocka_unit_test(every_prefix),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
