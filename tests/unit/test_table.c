// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/table.c user/parse.c user/parse_table.c user/counter.c user/counter_file.c
 * user/counter_ubc.c user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c
 * user/counter_process.c user/counter_user.c */
/*
 * test_table.c - the layout: OpenVZ's own table must come out as it went in,
 * and everything else in the same columns.
 */
#include "counter_fixture.h"

#include "../../user/table.h"

static const char headings[] =
	"Version: 2.5\n       uid  resource                     held              maxheld"
	"              barrier                limit              failcnt\n";

/* The table as text, the caller's. */
static char *printed(const struct counter_table *t, bool all, int want_hidden)
{
	const struct table_options o = {.all = all};
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_int_equal(table_print(f, t, &o), want_hidden);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void replace(char *text, const char *from, const char *to)
{
	for (char *p = text; (p = strstr(p, from)); p += strlen(to)) {
		memmove(p + strlen(to), p + strlen(from), strlen(p + strlen(from)) + 1);
		memcpy(p, to, strlen(to));
	}
}

/* Byte for byte OpenVZ's, without its dummy rows and with unlimited as a word. */
static void as_openvz(void **state _unused_)
{
	struct counter_options o = {0};
	struct counter_table t = {0};
	struct counters *c = NULL;
	char file[PATH_MAX], want[8192], line[256], *got;
	FILE *f;

	snprintf(file, sizeof(file), "%s", fixture("beancounters/vps-entry-plan.txt"));
	o.beancounters = file;
	assert_int_equal(counters_open(&c, &o), 0);
	assert_int_equal(counters_read(c, "ct:43287", &t), 0);
	got = printed(&t, false, 0);
	f = fopen(file, "r");
	assert_non_null(f);
	want[0] = '\0';
	while (fgets(line, sizeof(line), f))
		if (!strstr(line, "dummy"))
			strcat(want, line);
	fclose(f);
	replace(want, " 9223372036854775807", "           unlimited");
	assert_string_equal(got, want);
	free(got);
	counters_close(c);
	counter_table_free(&t);
}

/* A table made by hand: owners o[0..], each row of the owner it names. */
static struct counter_table by_hand(char **owners, size_t n_owners, struct counter_row *rows,
				    size_t n_rows)
{
	return (struct counter_table){
		.owners = owners, .n_owners = n_owners, .rows = rows, .n_rows = n_rows};
}

static void owners_and_unknown(void **state _unused_)
{
	char *owners[] = {(char *)"host", (char *)"cgroup:/system.slice/x.service",
			  (char *)"uid:1000", (char *)"ct:1234567890"};
	struct counter_row rows[] = {
		{COUNTER_HOST, 0, COUNTER_HELD | COUNTER_LIMIT, "pty", NULL, .held = 3,
		 .limit = 4096},
		{COUNTER_CGROUP2, 1, COUNTER_FAILCNT, "pids", NULL, .failcnt = 9},
		{COUNTER_CGROUP2, 1, COUNTER_LIMIT, "swap", NULL, .limit = 0},
		{COUNTER_USER, 2, COUNTER_BARRIER | COUNTER_LIMIT, "nproc", NULL,
		 .barrier = UINT64_MAX - 1, .limit = COUNTER_UNLIMITED},
		{COUNTER_UBC, 3, COUNTER_MALFORMED, "?", .unit = NULL},
	};
	struct counter_table t = by_hand(owners, 4, rows, ARRAY_SIZE(rows));
	char *got = printed(&t, false, 0);
	static const char want[] =
		"     host:  pty                             3                    -"
		"                    -                 4096                    -\n"
		"cgroup:/system.slice/x.service:\n"
		"            pids                            -                    -"
		"                    -                    -                    9\n"
		"            swap                            -                    -"
		"                    -                    0                    -\n"
		" uid:1000:  nproc                           -                    -"
		" 18446744073709551614            unlimited                    -\n"
		"1234567890:\n"
		"            ?                               -                    -"
		"                    -                    -                    -\n";

	assert_memory_equal(got, headings, strlen(headings));
	assert_string_equal(got + strlen(headings), want);
	free(got);
}

static void long_names(void **state _unused_)
{
	char *owners[] = {(char *)"host"};
	struct counter_row rows[] = {
		{COUNTER_CGROUP2, 0, COUNTER_FAILCNT, "memory.oom_group_kill", NULL, .failcnt = 1},
		{COUNTER_HOST, 0, COUNTER_HELD, "pty", NULL, .held = 3},
		{COUNTER_CGROUP2, 0, COUNTER_FAILCNT, "hugetlb.1048576kB.rsvd.and.more",
		 .unit = NULL},
	};
	struct counter_table t = by_hand(owners, 1, rows, ARRAY_SIZE(rows));
	char *got = printed(&t, false, 1), *line;
	size_t width = 0;

	/* All lines behind the first are of one width; hidden rows do not widen them. */
	line = strchr(got, '\n') + 1;
	assert_int_equal(strcspn(line, "\n"), 10 + 2 + strlen("memory.oom_group_kill") + 5 * 21);
	for (; *line; line = strchr(line, '\n') + 1) {
		assert_true(!width || strcspn(line, "\n") == width);
		width = strcspn(line, "\n");
	}
	free(got);
	got = printed(&t, true, 0);
	line = strchr(got, '\n') + 1;
	assert_int_equal(strcspn(line, "\n"), 10 + 2 + 31 + 5 * 21);
	free(got);
}

static void hiding(void **state _unused_)
{
	char *owners[] = {(char *)"cgroup:/a", (char *)"host"};
	struct counter_row rows[] = {
		{COUNTER_CGROUP2, 0, COUNTER_HELD, "h1", NULL, .held = 1},
		{COUNTER_CGROUP1, 0, COUNTER_LIMIT | COUNTER_FAILCNT, "h2", NULL,
		 .limit = COUNTER_UNLIMITED},
		{COUNTER_CGROUP2, 0, COUNTER_LIMIT, "s1", NULL, .limit = 5},
		{COUNTER_CGROUP2, 0, COUNTER_LIMIT | COUNTER_BARRIER, "s2", NULL, .barrier = 5,
		 .limit = COUNTER_UNLIMITED},
		{COUNTER_CGROUP2, 0, COUNTER_FAILCNT, "s3", NULL, .failcnt = 1},
		{COUNTER_CGROUP2, 0, COUNTER_HELD | COUNTER_MALFORMED, "s4", .unit = NULL},
		{COUNTER_HOST, 1, COUNTER_HELD, "s5", .unit = NULL},
	};
	struct counter_table t = by_hand(owners, 2, rows, ARRAY_SIZE(rows));
	char *got = printed(&t, false, 2);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[8];

		snprintf(name, sizeof(name), " %s ", rows[i].name);
		assert_int_equal(strstr(got, name) != NULL, rows[i].name[0] == 's');
	}
	free(got);
	free(printed(&t, true, 0));
}

static void hostile_names(void **state _unused_)
{
	char *owners[] = {(char *)"cgroup:/a\nb\x1b[31m\xff\xc2\x9b\xc3\xa9\\x2d"};
	struct counter_row rows[] = {{COUNTER_HOST, 0, COUNTER_HELD, "pty", NULL, .held = 1}};
	struct counter_table t = by_hand(owners, 1, rows, 1);
	char *got = printed(&t, false, 0);
	static const char want[] = "cgroup:/a\\x0ab\\x1b[31m\\xff\\xc2\\x9b\xc3\xa9\\x2d:\n";

	assert_memory_equal(got + strlen(headings), want, strlen(want));
	free(got);
}

static void nothing_and_full(void **state _unused_)
{
	struct counter_table t = {0};
	char *got = printed(&t, false, 0);
	FILE *full = fopen("/dev/full", "w");

	assert_string_equal(got, headings);
	free(got);
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(table_print(full, &t, NULL), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_openvz),     cmocka_unit_test(owners_and_unknown),
		cmocka_unit_test(long_names),    cmocka_unit_test(hiding),
		cmocka_unit_test(hostile_names), cmocka_unit_test(nothing_and_full),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
