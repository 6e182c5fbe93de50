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
	assert_int_equal(t.n_rows, 35);
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
	/* drop of both processors, in hexadecimal */
	assert_row(&t, "host", "conntrack", PAIR | COUNTER_FAILCNT, 262144, 262144, 17);
	assert_row(&t, "host", "tcp-mem", PAIR | COUNTER_BARRIER, 228, 383868, 575802);
	assert_row(&t, "host", "udp-mem", PAIR | COUNTER_BARRIER, 9, 767736, 1151604);
	assert_row(&t, "host", "tcp-orphans", PAIR, 5, 131072);
	assert_row(&t, "host", "neighbours", PAIR | COUNTER_BARRIER | COUNTER_FAILCNT, 31, 512,
		   1024, 0);
	assert_row(&t, "host", "backlog", COUNTER_LIMIT | COUNTER_FAILCNT, 4096, 17);
	assert_row(&t, "host", "semvmx", COUNTER_LIMIT, 32767);
	assert_row(&t, "host", "ports", COUNTER_LIMIT, 28232);
	assert_row(&t, "host", "map-count", COUNTER_LIMIT, 65530);
	assert_row(&t, "host", "inotify-watches", COUNTER_LIMIT, 8);
	assert_row(&t, "host", "memory", PAIR, UINT64_C(22215683) * 1024,
		   UINT64_C(24684092) * 1024);
	assert_row(&t, "host", "swap", PAIR, 0, UINT64_C(1048576) * 1024);
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
	assert_int_equal(t.n_rows, 17);
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
	/* The machine's own page is no mapping of the process. */
	assert_row(&t, p, "map-count", PAIR, 2, 65530);

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
	assert_row(&t, "uid:1000", "sigpending", all, 3, 96365, 96367);
	assert_row(&t, "uid:1000", "inotify-instances", PAIR, 0, 128);
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

static void put_link(const char *root, const char *path, const char *to)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	assert_int_equal(symlink(to, full), 0);
}

/* What hangs on files: of all processes of a user, or not told at all. */
static void watches(void **state _unused_)
{
	char *root = make_tree(), path[64];
	struct counter_table t = {0};
	struct counters *c;

	put_text(root, "proc/sys/fs/inotify/max_user_instances", "128\n");
	put_text(root, "proc/sys/fs/inotify/max_user_watches", "8\n");
	put_text(root, "proc/sys/fs/epoll/max_user_watches", "100\n");
	put_text(root, "proc/sys/fs/fanotify/max_user_marks", "50\n");
	for (int pid = 7; pid <= 9; pid++) {
		snprintf(path, sizeof(path), "proc/%d/status", pid);
		put_text(root, path, "Uid:\t5\t5\t5\t5\nThreads:\t1\nSigQ:\t1/9\n");
	}
	put_text(root, "proc/7/fd/.keep", "");
	put_text(root, "proc/8/fd/0", "");
	put_link(root, "proc/7/fd/3", "anon_inode:inotify");
	put_text(root, "proc/7/fdinfo/3",
		 "pos:\t0\nflags:\t00\ninotify wd:1 ino:5\ninotify wd:2 ino:6\n");
	put_link(root, "proc/7/fd/4", "anon_inode:[eventpoll]");
	put_text(root, "proc/7/fdinfo/4", "pos:\t0\ntfd:  3 events: 19\ntfd:  5 events: 19\n");
	put_link(root, "proc/8/fd/9", "anon_inode:[fanotify]");
	put_text(root, "proc/8/fdinfo/9",
		 "pos:\t0\nfanotify flags:0 event-flags:0\nfanotify ino:4f sdev:1 mask:1\n");
	put_link(root, "proc/8/fd/10", "anon_inode:inotify");
	put_text(root, "proc/8/fdinfo/10", "pos:\t0\n");
	c = open_root(root);
	assert_int_equal(counters_read(c, "uid:5", &t), 0);
	assert_row(&t, "uid:5", "inotify-instances", PAIR, 2, 128);
	assert_row(&t, "uid:5", "inotify-watches", PAIR, 2, 8);
	assert_row(&t, "uid:5", "epoll-watches", PAIR, 2, 100);
	assert_row(&t, "uid:5", "fanotify-marks", PAIR, 1, 50);
	assert_null(row_of(&t, "uid:5", "fanotify-groups")); /* no limit of it here */
	counters_close(c);
	counter_table_free(&t);
	remove_tree(root);
}

/* Only what is here and can be written; never what a server answers, nor anything below it. */
static void file_systems(void **state _unused_)
{
	static const char mountinfo[] = "22 1 0:21 / /proc rw - proc proc rw\n"
					"27 1 254:0 / / rw - ext4 /dev/vda rw\n"
					"28 1 254:0 /a /bind/of/root rw - ext4 /dev/vda rw\n"
					"30 1 0:30 / /tmp\\040x rw - tmpfs tmpfs rw,size=1k\n"
					"31 1 0:31 / /nfs rw - nfs4 server:/x rw\n"
					"32 1 8:1 / /nfs/below rw - ext4 /dev/sda1 rw\n"
					"33 1 8:2 / /cd ro - iso9660 /dev/sr0 ro\n"
					"34 1 0:34 / /share rw - cifs //server/x rw\n"
					"35 1 0:35 / /nine rw - 9p /dev/root rw\n"
					"36 1 0:36 / /fuse rw - fuse.sshfs x:/ rw\n"
					"37 1 8:3 / /hidden rw - ext4 /dev/sda3 rw\n"
					"38 1 0:38 / /hidden rw - proc proc rw\n";
	static const char *const dirs[] = {"tmp x", "nfs/below", "cd",     "share",
					   "nine",  "fuse",      "hidden", "bind/of/root"};
	char *root = make_tree(), path[64];
	struct counter_table t = {0};
	struct counters *c;

	put_text(root, "proc/sys/fs/mount-max", "100\n");
	put_text(root, "proc/self/mountinfo", mountinfo);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/x", dirs[i]);
		put_text(root, path, "");
	}
	c = open_root(root);
	assert_int_equal(counters_read(c, "host", &t), 0);
	assert_row(&t, "host", "mounts", PAIR, 12, 100);
	assert_int_equal(t.n_owners, 3);
	assert_string_equal(t.owners[1], "fs:/");
	assert_string_equal(t.owners[2], "fs:/tmp x");
	assert_non_null(row_of(&t, "fs:/", "disk"));
	assert_int_equal(row_of(&t, "fs:/", "disk")->have, PAIR | COUNTER_BARRIER);
	counter_table_clear(&t);
	assert_int_equal(counters_read(c, "fs:/tmp x", &t), 0);
	assert_int_equal(counters_read(c, "fs:/bind/of/root", &t), 0);
	assert_int_equal(counters_read(c, "fs:/nfs", &t), -ENOENT);
	assert_int_equal(counters_read(c, "fs:/nfs/below", &t), -ENOENT);
	assert_int_equal(counters_read(c, "fs:/nowhere", &t), -ENOENT);
	assert_int_equal(counters_read(c, "fs:x", &t), -EINVAL);
	counters_close(c);
	counter_table_free(&t);
	remove_tree(root);
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
		cmocka_unit_test(watches), cmocka_unit_test(file_systems),
		cmocka_unit_test(opening), cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
