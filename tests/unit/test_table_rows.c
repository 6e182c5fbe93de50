// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/table*.c user/publish_read.c user/oom*.c user/counter*.c user/parse*.c
 * user/catalogue.c user/field.c */
/*
 * test_table_rows.c - the last column from failcnt's own counts, the old rows,
 * and what is near its limit.
 */
#include "counter_fixture.h"

#include "../../user/catalogue.h"
#include "../../user/table.h"

static int64_t failcnt_of(const struct counter_table *t, const char *owner, const char *name)
{
	const struct counter_row *r = row_of(t, owner, name);

	if (!r)
		return -2;
	if (!(r->have & COUNTER_FAILCNT))
		return -1;
	return (int64_t)r->failcnt;
}

static void counted(void **state _unused_)
{
	struct counters *c = open_root(fixture("host"));
	struct counter_table t = {0};
	struct published *p = NULL;

	assert_int_equal(published_read(&p, c), 0);
	assert_non_null(p);
	assert_int_equal(published_since(p), 1763773200000000000);
	assert_int_equal(counters_read(c, NULL, &t), 0);
	assert_true(table_count(&t, p, c) > 0);
	assert_int_equal(failcnt_of(&t, "host", "file-max"), 0);
	assert_int_equal(row_of(&t, "host", "file-max")->counted_since, 1763773200000000000);
	/* A row that the host has no other number of. */
	assert_int_equal(failcnt_of(&t, "host", "nofile"), 12);
	assert_int_equal(failcnt_of(&t, "host", "memory"), 2);
	/* The kernel's own count stays, and is marked as nothing else. */
	assert_int_equal(failcnt_of(&t, "host", "conntrack"), 17);
	assert_int_equal(row_of(&t, "host", "conntrack")->counted_since, 0);
	/* No resource of the catalogue: nobody counts it. */
	assert_int_equal(failcnt_of(&t, "host", "inode-nr"), -1);
	assert_int_equal(failcnt_of(&t, "uid:1000", "nofile"), 9);
	assert_int_equal(failcnt_of(&t, "uid:0", "nofile"), -2);
	/* Each row of the catalogue, once. */
	for (unsigned int i = 1; i < FC_RESOURCES; i++) {
		const char *id = catalogue_get(i)->id;
		unsigned int n = 0;

		for (size_t k = 0; k < t.n_rows; k++)
			n += util_streq(counter_owner(&t, &t.rows[k]), "host") &&
			     util_streq(t.rows[k].name, id);
		if (n > 1)
			fail_msg("%s is there %u times", id, n);
	}
	counter_table_clear(&t);
	assert_int_equal(counters_read(c, "pid:4711", &t), 0);
	/* All its rows that the catalogue has: those that were never refused too. */
	assert_true(table_count(&t, p, c) > 1);
	assert_int_equal(failcnt_of(&t, "pid:4711", "nofile"), 9);
	assert_int_equal(failcnt_of(&t, "pid:4711", "as"), 0);
	assert_int_equal(failcnt_of(&t, "pid:4711", "semmni"), -2);
	counters_close(c);
	counter_table_free(&t);
	published_free(p);
}

/* Nobody counts: a dash, never 0; and the host has all the rows all the same. */
static void uncounted(void **state _unused_)
{
	struct counters *c = open_root(fixture("host"));
	struct counter_table t = {0};

	assert_int_equal(counters_read(c, "host", &t), 0);
	assert_int_equal(table_count(&t, NULL, c), 0);
	for (unsigned int i = 1; i < FC_RESOURCES; i++) {
		bool found = false;

		for (size_t k = 0; k < t.n_rows; k++)
			found |= util_streq(t.rows[k].name, catalogue_get(i)->id);
		if (!found)
			fail_msg("no row %s", catalogue_get(i)->id);
	}
	for (size_t k = 0; k < t.n_rows; k++)
		if (t.rows[k].have & COUNTER_FAILCNT && !util_streq(t.rows[k].name, "conntrack") &&
		    !util_streq(t.rows[k].name, "neighbours") &&
		    !util_streq(t.rows[k].name, "backlog"))
			fail_msg("%s has a count", t.rows[k].name);
	counters_close(c);
	counter_table_free(&t);
}

/* Of a cgroup with those below it; the kernel's own counters stay. */
static void counted_cgroup(void **state _unused_)
{
	char *root = make_tree();
	struct counter_table t = {0};
	struct published *p = NULL;
	struct counters *c;

	put_text(root, "sys/fs/cgroup/cgroup.controllers", "pids\n");
	put_text(root, "sys/fs/cgroup/a/pids.current", "1\n");
	put_text(root, "sys/fs/cgroup/a/pids.max", "5\n");
	put_text(root, "sys/fs/cgroup/a/pids.events", "max 3\n");
	put_text(root, "proc/sys/kernel/random/boot_id", "B\n");
	put_text(root, "proc/5/stat", "5 (x) S 1 1 1 0 -1 1 1 2 3 4 5 6 0 0 20 0 1 0 42 1\n");
	put_text(root, "run/failcnt/5-42",
		 "failcnt-counts 1\nboot_id B\npid 5 42\nsince 7\ncomplete 1\n"
		 "count cgroup:/a/b nofile 4\ncount cgroup:/a/c nofile 5\ncount cgroup:/ab nofile "
		 "1\n"
		 "end\n");
	c = open_root(root);
	assert_int_equal(published_read(&p, c), 0);
	assert_int_equal(counters_read(c, "cgroup:/a", &t), 0);
	assert_int_equal(table_count(&t, p, c), 1);
	assert_int_equal(failcnt_of(&t, "cgroup:/a", "pids"), 3);
	assert_int_equal(failcnt_of(&t, "cgroup:/a", "nofile"), 9);
	assert_int_equal(failcnt_of(&t, "cgroup:/a", "semmni"), -2);
	published_free(p);
	counters_close(c);
	counter_table_free(&t);
	remove_tree(root);
}

static char *compat(const char *root, const char *owner, int want)
{
	struct counters *c = open_root(root);
	bool host = !owner || util_streq(owner, "host");
	struct counter_table t = {0};
	struct published *p = NULL;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	int r;

	assert_int_equal(published_read(&p, c), 0);
	r = counters_read(c, host ? "host" : owner, &t);
	if (!r && host)
		r = counters_read_users(c, &t);
	if (!r)
		r = table_compat(f, c, &t, p, owner);
	assert_int_equal(r, want);
	fclose(f);
	published_free(p);
	counters_close(c);
	counter_table_free(&t);
	return text;
}

/* Line for line as wide as the kernel's, with its names in its order. */
static void old_layout(void **state _unused_)
{
	char *got = compat(fixture("host"), NULL, 0), *at = got, line[256];
	FILE *f = fopen(fixture("beancounters/host-3-containers.txt"), "r");

	assert_non_null(f);
	for (int i = 0; i < 26; i++) {
		size_t n = strcspn(at, "\n");

		assert_non_null(fgets(line, sizeof(line), f));
		assert_int_equal(n, strcspn(line, "\n"));
		if (i < 2)
			assert_memory_equal(at, line, n);
		/* uid: of the first row alone; then the name in its columns. */
		if (i >= 2)
			assert_memory_equal(at + 11, line + 11, 13);
		if (i > 2)
			assert_memory_equal(at, "            ", 12);
		at += n + 1;
	}
	assert_string_equal(at, "");
	fclose(f);
	free(got);
}

static void assert_line(const char *text, const char *name, const char *want)
{
	char key[32], squeezed[256];
	const char *at;
	size_t n = 0;

	snprintf(key, sizeof(key), " %s ", name);
	at = strstr(text, key);
	if (!at)
		fail_msg("no row %s", name);
	for (at++; *at != '\n' && n + 1 < sizeof(squeezed); at++)
		if (*at != ' ' || at[1] != ' ')
			squeezed[n++] = *at;
	squeezed[n] = '\0';
	if (!util_streq(squeezed + strlen(name) + 1, want))
		fail_msg("%s: %s, not %s", name, squeezed + strlen(name) + 1, want);
}

#define NONE "9223372036854775807"

static void old_rows(void **state _unused_)
{
	char *got = compat(fixture("host"), "host", 0);

	assert_non_null(strstr(got, "\n        0:  kmemsize "));
	assert_line(got, "kmemsize", "210534400 - " NONE " " NONE " -");
	assert_line(got, "dummy", "0 0 0 0 0");
	assert_line(got, "numproc", "97 - 32768 32768 0");
	assert_line(got, "vmguarpages", "- - " NONE " " NONE " -");
	assert_line(got, "numflock", "2 - " NONE " " NONE " -");
	assert_line(got, "numfile", "868 - 2466177 2466177 12");
	assert_line(got, "dcachesize", "7948032 - " NONE " " NONE " -");
	assert_line(got, "numiptent", "262144 - 262144 262144 17");
	if (sysconf(_SC_PAGESIZE) == 4096) {
		assert_line(got, "lockedpages", "100 - " NONE " " NONE " 0");
		assert_line(got, "privvmpages", "17101 - 3085511 3085511 0");
		assert_line(got, "physpages", "5553920 - 6171023 6171023 -");
		assert_line(got, "oomguarpages", "5553920 - 6433167 6433167 2");
		assert_line(got, "tcpsndbuf", "933888 - 1572323328 2358484992 0");
	}
	free(got);
	got = compat(fixture("host"), "uid:1000", 0);
	assert_non_null(strstr(got, "\n     1000:  kmemsize "));
	assert_line(got, "numproc", "12 - 96365 96366 0");
	assert_line(got, "numsiginfo", "3 - 96365 96367 0");
	free(got);
	got = compat(fixture("cgroup2"), "cgroup:/system.slice/postgresql.service", 0);
	assert_line(got, "numproc", "20 24 24 24 4");
	assert_line(got, "numfile", "- - " NONE " " NONE " -");
	free(got);
	free(compat(fixture("host"), "pid:4711", -EINVAL));
}

/* OpenVZ's own, as it is. */
static void old_file(void **state _unused_)
{
	struct counters *c = open_root(fixture("openvz"));
	char want[8192], *text = NULL;
	size_t n = 0;
	FILE *f = fopen(fixture("openvz/proc/user_beancounters"), "r");

	assert_non_null(f);
	want[fread(want, 1, sizeof(want) - 1, f)] = '\0';
	fclose(f);
	f = open_memstream(&text, &n);
	assert_int_equal(table_compat_ubc(f, c, NULL), 0);
	fclose(f);
	assert_string_equal(text, want);
	free(text);
	f = open_memstream(&text, &n);
	assert_int_equal(table_compat_ubc(f, c, "ct:101"), 0);
	assert_int_equal(table_compat_ubc(f, c, "ct:77"), -ENOENT);
	assert_int_equal(table_compat_ubc(f, c, "host"), -ENOENT);
	assert_int_equal(table_compat_ubc(f, c, "uid:0"), -ENOENT);
	fclose(f);
	assert_non_null(strstr(text, "      101:  kmemsize "));
	assert_null(strstr(text, "102:"));
	free(text);
	counters_close(c);
	c = open_root(fixture("host"));
	assert_int_equal(table_compat_ubc(stdout, c, NULL), -ENOENT);
	counters_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted),        cmocka_unit_test(uncounted),
		cmocka_unit_test(counted_cgroup), cmocka_unit_test(old_layout),
		cmocka_unit_test(old_rows),       cmocka_unit_test(old_file),
	};

	return cmocka_run_group_tests_name("table_rows", tests, NULL, NULL);
}
