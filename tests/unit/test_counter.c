// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/parse.c user/parse_table.c user/counter.c user/counter_file.c user/counter_ubc.c
 * user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c user/counter_process.c
 * user/counter_user.c */
/*
 * test_counter.c - rows of the host, of processes and of users; owners' names.
 * Those of OpenVZ and of cgroups have files of their own.
 */
#include "counter_fixture.h"

#define PAIR (COUNTER_HELD | COUNTER_LIMIT)
#define SOFT_HARD (COUNTER_BARRIER | COUNTER_LIMIT)
#define NO COUNTER_UNLIMITED

static void host(void **state _unused_)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct counters *c = open_root(fixture("host"));
	struct counter_table t = {0};

	assert_true(counters_have(c, COUNTER_HOST));
	assert_int_equal(counters_read(c, "host", &t), 0);
	assert_int_equal(t.n_owners, 1);
	assert_int_equal(t.n_rows, 26);
	assert_row(&t, "host", "file-max", PAIR, 868, 2466177);
	assert_row(&t, "host", "nr-open", COUNTER_LIMIT, 1048576);
	assert_row(&t, "host", "semmsl", PAIR, 19, 250);
	assert_row(&t, "host", "semmns", PAIR, 36, 32000);
	assert_row(&t, "host", "semopm", COUNTER_LIMIT, 100);
	assert_row(&t, "host", "semmni", PAIR, 2, 128);
	assert_row(&t, "host", "shmmni", PAIR, 1, 4096);
	assert_row(&t, "host", "shmall", PAIR, (4097 + page - 1) / page, NO);
	assert_row(&t, "host", "shmmax", PAIR, 4097, 33554432);
	assert_row(&t, "host", "msgmni", PAIR, 0, 32000);
	assert_row(&t, "host", "pid-max", PAIR, 97, 32768);
	assert_row(&t, "host", "threads-max", PAIR, 97, 192730);
	assert_row(&t, "host", "pty", PAIR, 3, 4096);
	assert_row(&t, "host", "aio", PAIR, 65, 65536);
	/* The one that waits holds no lock. */
	assert_row(&t, "host", "numflock", COUNTER_HELD, 2);
	assert_row(&t, "host", "dcachesize", COUNTER_HELD, 41396);
	assert_row(&t, "host", "conntrack", PAIR, 262144, 262144);
	assert_row(&t, "host", "tcp-mem", PAIR | COUNTER_BARRIER, 228, 383868, 575802);
	assert_row(&t, "host", "udp-mem", PAIR | COUNTER_BARRIER, 9, 767736, 1151604);
	assert_row(&t, "host", "tcp-orphans", PAIR, 5, 131072);
	assert_row(&t, "host", "neighbours", PAIR | COUNTER_BARRIER, 31, 512, 1024);
	assert_row(&t, "host", "commit", PAIR, 68404 * 1024, UINT64_C(12342044) * 1024);
	assert_row(&t, "host", "hugepages", PAIR, 7, 13);
	assert_row(&t, "host", "numtcpsock", COUNTER_HELD, 22);
	assert_row(&t, "host", "numothersock", COUNTER_HELD, 290);
	counters_close(c);
	counter_table_free(&t);
}

/* Overcommit has a limit in mode 2 alone; and what is not there is not told. */
static void host_sparse(void **state _unused_)
{
	char *root = make_tree();
	struct counter_table t = {0};
	struct counters *c;

	put_text(root, "proc/sys/vm/overcommit_memory", "0\n");
	put_text(root, "proc/sys/kernel/sem", "250\t32000\n");
	put_text(root, "proc/sys/fs/file-nr", "-8\t0\t5\n");
	put_text(root, "proc/sysvipc/sem", "  key semid perms nsems\n 0 0 600 1x\n");
	put_text(root, "proc/meminfo",
		 "Committed_AS:   1 kB\nCommitLimit:  2 kB\n"
		 "HugePages_Total: 1\nHugePages_Free: 2\n"
		 "HugePages_Rsvd: 0\nHugePages_Surp: 0\n");
	put_text(root, "proc/net/sockstat", "sockets: used 1\nTCP: inuse 0 alloc 2 mem ");
	c = open_root(root);
	assert_false(counters_have(c, COUNTER_PROCESS));
	assert_int_equal(counters_read(c, NULL, &t), 0);
	assert_row(&t, "host", "commit", PAIR, 1024, NO);
	assert_row(&t, "host", "semmsl", COUNTER_LIMIT | COUNTER_MALFORMED, 250);
	assert_row(&t, "host", "semmni", COUNTER_MALFORMED);
	assert_row(&t, "host", "file-max", COUNTER_MALFORMED);
	assert_row(&t, "host", "hugepages", COUNTER_MALFORMED);
	assert_row(&t, "host", "tcp-mem", COUNTER_MALFORMED);
	assert_null(row_of(&t, "host", "pty"));
	counters_close(c);
	counter_table_free(&t);
	remove_tree(root);
}

static void process(void **state _unused_)
{
	const uint64_t seconds = 1400 / (uint64_t)sysconf(_SC_CLK_TCK);
	const unsigned int all = SOFT_HARD | COUNTER_HELD;
	static const char p[] = "pid:4711";
	struct counters *c = open_root(fixture("host"));
	struct counter_table t = {0};

	assert_true(counters_have(c, COUNTER_PROCESS));
	assert_int_equal(counters_read(c, p, &t), 0);
	assert_int_equal(t.n_rows, 16);
	assert_row(&t, p, "cpu", all, seconds, NO, NO);
	assert_row(&t, p, "fsize", SOFT_HARD, NO, NO);
	assert_row(&t, p, "data", all, 1388 * 1024, NO, NO);
	assert_row(&t, p, "stack", all, 132 * 1024, 8388608, NO);
	assert_row(&t, p, "core", SOFT_HARD, 0, NO);
	assert_row(&t, p, "rss", all | COUNTER_MAXHELD, 4520 * 1024, 4600 * 1024, NO, NO);
	assert_row(&t, p, "nproc", all, 12, 96365, 96366);
	assert_row(&t, p, "nofile", all, 5, 20000, 524288);
	assert_row(&t, p, "memlock", all, 65536, 65536, 8388608);
	assert_row(&t, p, "as", all | COUNTER_MAXHELD, 5444 * 1024, 5524 * 1024, 1073741824, NO);
	assert_row(&t, p, "locks", SOFT_HARD, NO, NO);
	assert_row(&t, p, "sigpending", all, 3, 96365, 96367);
	assert_row(&t, p, "msgqueue", SOFT_HARD, 819200, 819201);
	assert_row(&t, p, "nice", SOFT_HARD, 0, 0);
	assert_row(&t, p, "rttime", SOFT_HARD, NO, NO);

	/* No memory of its own, and no descriptors to be seen. */
	counter_table_clear(&t);
	assert_int_equal(counters_read(c, "pid:2", &t), 0);
	assert_row(&t, "pid:2", "as", SOFT_HARD, 1073741824, NO);
	assert_row(&t, "pid:2", "nofile", SOFT_HARD, 20000, 524288);
	counters_close(c);
	counter_table_free(&t);
}

static void process_cut(void **state _unused_)
{
	static const char p[] = "pid:9000";
	struct counters *c = open_root(fixture("host"));
	struct counter_table t = {0};

	assert_int_equal(counters_read(c, p, &t), 0);
	assert_row(&t, p, "cpu", SOFT_HARD | COUNTER_MALFORMED, NO, NO);
	assert_row(&t, p, "nproc", SOFT_HARD | COUNTER_MALFORMED, 96365, 96366);
	assert_row(&t, p, "nofile", COUNTER_MALFORMED);
	assert_row(&t, p, "as", COUNTER_MALFORMED);
	counters_close(c);
	counter_table_free(&t);
}

static void users(void **state _unused_)
{
	const unsigned int all = SOFT_HARD | COUNTER_HELD;
	struct counters *c = open_root(fixture("host"));
	struct counter_table t = {0};

	assert_int_equal(counters_read(c, "uid:1000", &t), 0);
	assert_int_equal(t.n_owners, 1);
	/* Threads of two processes; the limit is that of the first. */
	assert_row(&t, "uid:1000", "nproc", all, 12, 96365, 96366);
	assert_row(&t, "uid:1000", "keys", PAIR, 2, 200);
	assert_row(&t, "uid:1000", "keys.bytes", PAIR, 36, 20000);
	counter_table_clear(&t);
	assert_int_equal(counters_read(c, "uid:1001", &t), 0);
	assert_int_equal(t.n_rows, 2);
	counter_table_clear(&t);
	assert_int_equal(counters_read(c, "uid:1002", &t), 0);
	assert_row(&t, "uid:1002", "nproc", SOFT_HARD | COUNTER_MALFORMED, 96365, 96366);
	counter_table_clear(&t);
	assert_int_equal(counters_read(c, "uid:1003", &t), -ENOENT);

	/* Everybody: the host, then users by number; no processes. */
	assert_int_equal(counters_read(c, NULL, &t), 0);
	assert_int_equal(t.n_owners, 5);
	assert_string_equal(t.owners[0], "host");
	assert_string_equal(t.owners[1], "uid:0");
	assert_string_equal(t.owners[4], "uid:1002");
	counters_close(c);
	counter_table_free(&t);
}

static void owners(void **state _unused_)
{
	static const char *const bad[] = {"",
					  "x",
					  "pid:",
					  "pid:x",
					  "pid:1x",
					  "pid:-1",
					  "uid:",
					  "uid:4294967295",
					  "pid:2147483648",
					  "cgroup:",
					  "cgroup:x",
					  "HOST",
					  "host:",
					  "ct",
					  "uid:+1"};
	struct counters *c = open_root(fixture("host"));
	struct counter_table t = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(counters_read(c, bad[i], &t), -EINVAL);
	assert_int_equal(counters_read(c, "pid:77", &t), -ENOENT);
	assert_int_equal(counters_read(c, "ct:1", &t), -ENOENT);
	assert_int_equal(counters_read(c, "cgroup:/", &t), -ENOENT);
	assert_int_equal(t.n_rows, 0);
	assert_int_equal(t.n_owners, 0);
	counters_close(c);
	c = open_root(fixture("openvz"));
	assert_int_equal(counters_read(c, "host", &t), -ENOENT);
	counters_close(c);
	counter_table_free(&t);
}

static void opening(void **state _unused_)
{
	const struct counter_options missing = {.root = "/nonexistent"};
	const struct counter_options file = {.root = "/etc/passwd"};
	struct counters *c = NULL;

	assert_int_equal(counters_open(&c, &missing), -ENOENT);
	assert_int_equal(counters_open(&c, &file), -ENOTDIR);
	assert_null(c);
	counters_close(NULL);
	counters_closep(&c);
}

/* The machine that runs the test: this process at least has limits, and the numbers are its own. */
static void this_machine(void **state _unused_)
{
	struct counter_table t = {0};
	struct counters *c = open_root(NULL);
	const struct counter_row *r;
	char owner[32];

	snprintf(owner, sizeof(owner), "pid:%d", (int)getpid());
	assert_int_equal(counters_read(c, owner, &t), 0);
	r = row_of(&t, owner, "nofile");
	assert_non_null(r);
	assert_true(r->held >= 3 && r->held < 100);
	assert_int_equal(r->barrier, sysconf(_SC_OPEN_MAX));
	r = row_of(&t, owner, "nproc");
	assert_true(r->have & COUNTER_HELD && r->held >= 1);
	counter_table_clear(&t);
	assert_int_equal(counters_read(c, NULL, &t), 0);
	assert_non_null(row_of(&t, "host", "pid-max"));
	for (size_t i = 0; i < t.n_rows; i++)
		if (t.rows[i].have & COUNTER_MALFORMED)
			fail_msg("%s of %s is malformed", t.rows[i].name,
				 counter_owner(&t, &t.rows[i]));
	counters_close(c);
	counter_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host),    cmocka_unit_test(host_sparse),
		cmocka_unit_test(process), cmocka_unit_test(process_cut),
		cmocka_unit_test(users),   cmocka_unit_test(owners),
		cmocka_unit_test(opening), cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
