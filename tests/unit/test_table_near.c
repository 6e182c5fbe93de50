// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/table*.c user/publish_read.c user/oom*.c user/counter*.c user/parse*.c
 * user/catalogue.c user/field.c */
/*
 * test_table_near.c - how full a row is, of which limit, and in which order.
 */
#include "counter_fixture.h"

#include "../../user/table.h"

static int64_t percent(enum counter_source s, const char *name, uint64_t held, uint64_t barrier,
		       uint64_t limit)
{
	struct counter_row r = {.source = s,
				.have = COUNTER_HELD | COUNTER_BARRIER | COUNTER_LIMIT,
				.held = held,
				.barrier = barrier,
				.limit = limit};
	uint64_t v;

	util_strlcpy(r.name, name, sizeof(r.name));
	return table_percent(&r, &v) < 0 ? -1 : (int64_t)v;
}

static void which_limit(void **state _unused_)
{
	const uint64_t no = COUNTER_UNLIMITED;
	struct counter_row r = {.source = COUNTER_HOST, .have = COUNTER_LIMIT, .limit = 5};
	uint64_t v = 77;

	/* Refused at the soft limit; elsewhere the barrier only slows down. */
	assert_int_equal(percent(COUNTER_PROCESS, "nofile", 80, 100, 1000), 80);
	assert_int_equal(percent(COUNTER_UBC, "numproc", 80, 100, 1000), 80);
	assert_int_equal(percent(COUNTER_HOST, "disk", 80, 100, 1000), 80);
	assert_int_equal(percent(COUNTER_CGROUP2, "memory", 80, 100, 1000), 8);
	assert_int_equal(percent(COUNTER_HOST, "tcp-mem", 80, 100, 1000), 8);
	assert_int_equal(percent(COUNTER_CGROUP2, "memory", 80, 100, no), -1);
	assert_int_equal(percent(COUNTER_PROCESS, "as", 1, no, 1000), 0);
	assert_int_equal(percent(COUNTER_PROCESS, "as", 1, no, no), -1);
	/* Whole percent, never rounded up to full; beyond 64 bits too. */
	assert_int_equal(percent(COUNTER_HOST, "x", 999, no, 1000), 99);
	assert_int_equal(percent(COUNTER_HOST, "x", 1001, no, 1000), 100);
	assert_int_equal(percent(COUNTER_HOST, "x", no - 2, no, no - 1), 99);
	assert_int_equal(percent(COUNTER_HOST, "x", 2, no, 1), 200);
	/* Switched off is not full, unless somebody has some. */
	assert_int_equal(percent(COUNTER_CGROUP2, "swap", 0, no, 0), -1);
	assert_int_equal(percent(COUNTER_CGROUP2, "swap", 1, no, 0), 100);
	/* Limits that no kernel enforces, and sizes of one object. */
	assert_int_equal(percent(COUNTER_PROCESS, "rss", 100, 100, 100), -1);
	assert_int_equal(percent(COUNTER_HOST, "semmsl", 100, no, 100), -1);
	assert_int_equal(table_percent(&r, &v), -ENODATA);
	assert_int_equal(v, 77);
}

static void order(void **state _unused_)
{
	static const struct {
		const char *owner, *name;
		uint64_t percent;
	} want[] = {
		{"host", "conntrack", 100}, {"pid:4711", "memlock", 100}, {"host", "memory", 90}};
	struct counters *c = open_root(fixture("host"));
	struct table_near n = {.percent = 80};
	struct published *p = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	assert_int_equal(published_read(&p, c), 0);
	assert_int_equal(table_near_read(&n, c, NULL, p), 0);
	assert_int_equal(n.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < n.n; i++) {
		assert_string_equal(n.rows[i].owner, want[i].owner);
		assert_string_equal(n.rows[i].row.name, want[i].name);
		assert_int_equal(n.rows[i].percent, want[i].percent);
	}
	assert_string_equal(n.rows[1].comm, "a) b (S 9");
	assert_int_equal(n.rows[2].row.failcnt, 2);
	f = open_memstream(&text, &size);
	assert_int_equal(table_near_print(f, &n), 0);
	fclose(f);
	assert_non_null(strstr(text, "percent  owner "));
	assert_non_null(strstr(text, "    100  pid:4711[a) b (S 9] "));
	free(text);
	table_near_free(&n);
	/* One owner alone; and a share that nothing has. */
	n.percent = 1;
	assert_int_equal(table_near_read(&n, c, "uid:1001", p), 0);
	assert_int_equal(n.n, 0);
	assert_int_equal(table_near_read(&n, c, "uid:1000", p), 0);
	assert_int_equal(n.n, 1); /* 2 of 200 keys */
	table_near_free(&n);
	assert_int_equal(table_near_read(&n, c, "uid:7", p), -ENOENT);
	assert_int_equal(table_near_read(&n, c, "x", p), -EINVAL);
	published_free(p);
	counters_close(c);
}

static void put_process(const char *root, int pid, const char *limits, const char *status)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/limits", pid);
	put_text(root, path, limits);
	snprintf(path, sizeof(path), "proc/%d/status", pid);
	put_text(root, path, status);
}

/* What the kernel counts for a user stands there once, not with each of its processes. */
static void once_a_user(void **state _unused_)
{
	static const char limits[] =
		"Max processes 10 20 processes\nMax pending signals 4 4 signals\n";
	static const char tighter[] = "Max processes 9 20 processes\n";
	static const char status[] = "Uid:\t5\t5\t5\t5\nThreads:\t3\nSigQ:\t4/4\n";
	char *root = make_tree();
	struct table_near n = {.percent = 80};
	struct counters *c;

	put_process(root, 7, limits, status);
	put_process(root, 8, limits, status);
	put_process(root, 9, tighter, status);
	c = open_root(root);
	assert_int_equal(table_near_read(&n, c, NULL, NULL), 0);
	/* Nine tasks: 100 % of 9 for one of them, 90 % of 10 for the user; signals. */
	assert_int_equal(n.n, 3);
	assert_string_equal(n.rows[0].owner, "pid:9");
	assert_string_equal(n.rows[0].row.name, "nproc");
	assert_string_equal(n.rows[1].owner, "uid:5");
	assert_string_equal(n.rows[1].row.name, "sigpending");
	assert_string_equal(n.rows[2].owner, "uid:5");
	assert_int_equal(n.rows[2].percent, 90);
	table_near_free(&n);
	counters_close(c);
	remove_tree(root);
}

/* Looking less closely at what is far must not lose what is near. */
static void shortcuts(void **state _unused_)
{
	char *root = make_tree(), *maps, path[64];
	struct table_near n = {.percent = 80};
	struct counters *c;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	char status[128];
	size_t len = 0;

	put_text(root, "proc/sys/vm/max_map_count", "100\n");
	snprintf(status, sizeof(status), "Uid:\t5\t5\t5\t5\nFDSize:\t64\nVmSize:\t%llu kB\n",
		 (unsigned long long)(85 * page / 1024));
	put_process(root, 7, "Max open files 10 20 files\n", status);
	put_process(root, 8, "Max open files 100 200 files\n", status);
	maps = calloc(90, 16);
	for (int i = 0; i < 85; i++)
		len += (size_t)snprintf(maps + len, 90 * 16 - len, "%04x-%04x r\n", i, i + 1);
	put_bytes(root, "proc/7/maps", maps, len);
	free(maps);
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), "proc/7/fd/%d", i);
		put_text(root, path, "");
	}
	c = open_root(root);
	assert_int_equal(table_near_read(&n, c, NULL, NULL), 0);
	assert_int_equal(n.n, 2);
	assert_string_equal(n.rows[0].row.name, "nofile");
	assert_int_equal(n.rows[0].percent, 90);
	assert_string_equal(n.rows[1].row.name, "map-count");
	assert_int_equal(n.rows[1].percent, 85);
	table_near_free(&n);
	counters_close(c);
	remove_tree(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_limit),
		cmocka_unit_test(order),
		cmocka_unit_test(once_a_user),
		cmocka_unit_test(shortcuts),
	};

	return cmocka_run_group_tests_name("table_near", tests, NULL, NULL);
}
