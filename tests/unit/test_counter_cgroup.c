// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/parse.c user/parse_table.c user/counter.c user/counter_file.c user/counter_ubc.c
 * user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c user/counter_process.c
 * user/counter_user.c */
/*
 * test_counter_cgroup.c - rows of cgroups of both versions, the walk over
 * them, and the way from a cgroup's path to its directory.
 */
#include "counter_fixture.h"

#define ROW ALL_FIVE
#define BOTH (COUNTER_FAILCNT | COUNTER_FAILCNT_LOCAL)
#define NO COUNTER_UNLIMITED

static void v2_service(void **state _unused_)
{
	static const char path[] = "/system.slice/postgresql.service";
	static const char owner[] = "cgroup:/system.slice/postgresql.service";
	struct counters *c = open_root(fixture("cgroup2"));
	struct counter_table t = {0};

	assert_true(counters_have(c, COUNTER_CGROUP2));
	assert_false(counters_have(c, COUNTER_CGROUP1));
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP2, path, &t), 0);
	assert_int_equal(t.n_rows, 13);
	assert_int_equal(t.n_owners, 1);
	assert_row(&t, owner, "memory", ROW | BOTH, 268435456, 268435456, 201326592, 268435456, 3,
		   3);
	assert_row(&t, owner, "memory.oom_kill", BOTH, 2, 2);
	assert_row(&t, owner, "memory.oom_group_kill", BOTH, 1, 1);
	assert_row(&t, owner, "memory.max", BOTH, 40, 40);
	assert_row(&t, owner, "memory.high", BOTH, 5, 5);
	assert_row(&t, owner, "swap", ROW, 1048576, 2097152, NO, 2097152, 8);
	assert_row(&t, owner, "swap.max", COUNTER_FAILCNT, 9);
	assert_row(&t, owner, "pids", (ROW & ~COUNTER_BARRIER) | BOTH, 20, 24, 24, 4, 4);
	assert_row(&t, owner, "hugetlb.2MB", COUNTER_HELD | COUNTER_LIMIT | BOTH, 4194304, 6291456,
		   3, 2);
	assert_row(&t, owner, "hugetlb.2MB.rsvd", COUNTER_HELD | COUNTER_LIMIT, 2097152, NO);
	assert_row(&t, owner, "hugetlb.1GB", COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT, 0, NO,
		   0);
	assert_row(&t, owner, "misc.sev", ROW & ~COUNTER_BARRIER, 1, 4, 10, 6);
	assert_row(&t, owner, "misc.sev_es", ROW & ~COUNTER_BARRIER, 0, 0, NO, 0);
	assert_string_equal(row_of(&t, owner, "pids")->unit, "tasks");
	assert_int_equal(row_of(&t, owner, "pids")->source, COUNTER_CGROUP2);

	/* A service's parent counts its refusals, none of them its own. */
	counter_table_clear(&t);
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP2, "/system.slice/", &t), 0);
	assert_row(&t, "cgroup:/system.slice", "pids", (ROW & ~COUNTER_BARRIER) | BOTH, 30, 40, NO,
		   4, 0);
	counters_close(c);
	counter_table_free(&t);
}

static void v2_old_kernel(void **state _unused_)
{
	struct counters *c = open_root(fixture("cgroup2"));
	struct counter_table t = {0};

	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP2, "/user.slice", &t), 0);
	assert_row(&t, "cgroup:/user.slice", "memory", ROW & ~COUNTER_MAXHELD, 1000, NO, NO, 0);
	assert_null(row_of(&t, "cgroup:/user.slice", "memory.oom_group_kill"));
	assert_null(row_of(&t, "cgroup:/user.slice", "swap"));
	/* The root has few files and no rows: not an error, and no owner without rows. */
	counter_table_clear(&t);
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP2, "/", &t), 0);
	assert_int_equal(t.n_rows, 0);
	assert_int_equal(t.n_owners, 0);
	counters_close(c);
	counter_table_free(&t);
}

static void v2_malformed(void **state _unused_)
{
	static const char owner[] = "cgroup:/bad";
	struct counters *c = open_root(fixture("cgroup2"));
	struct counter_table t = {0};

	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP2, "/bad", &t), 0);
	assert_row(&t, owner, "memory", COUNTER_FAILCNT | COUNTER_MALFORMED, 2);
	assert_row(&t, owner, "memory.max", COUNTER_FAILCNT, 1);
	assert_row(&t, owner, "memory.high", COUNTER_MALFORMED);
	/* "oom_kill 3" without its newline may have been 30. */
	assert_row(&t, owner, "memory.oom_kill", COUNTER_MALFORMED);
	assert_row(&t, owner, "pids", COUNTER_FAILCNT | COUNTER_MALFORMED, 4);
	counters_close(c);
	counter_table_free(&t);
}

static void v1_container(void **state _unused_)
{
	static const char owner[] = "cgroup:/lxc/web";
	struct counters *c = open_root(fixture("cgroup1"));
	struct counter_table t = {0};

	assert_true(counters_have(c, COUNTER_CGROUP1));
	/* Hybrid: v2 is mounted as well, with no controller. */
	assert_true(counters_have(c, COUNTER_CGROUP2));
	assert_int_equal(counters_read(c, owner, &t), 0);
	assert_int_equal(t.n_owners, 1);
	assert_int_equal(t.n_rows, 8);
	assert_row(&t, owner, "memory", ROW, 20971520, 20971520, 10485760, 20971520, 48832);
	assert_row(&t, owner, "memsw", ROW & ~COUNTER_BARRIER, 10485760, 10485760, 41943040, 0);
	assert_row(&t, owner, "kmem", ROW & ~COUNTER_BARRIER, 10485760, 10485760, NO, 0);
	assert_row(&t, owner, "kmem.tcp", ROW & ~COUNTER_BARRIER, 10485760, 10485760, NO, 0);
	assert_row(&t, owner, "memory.oom_kill", COUNTER_FAILCNT, 2);
	assert_row(&t, owner, "pids", COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT, 64, 64, 7);
	/* Mounted at a point with a blank in its name. */
	assert_row(&t, owner, "hugetlb.2MB", ROW & ~COUNTER_BARRIER, 4194304, 6291456, 6291456, 5);
	assert_int_equal(row_of(&t, owner, "hugetlb.2MB")->source, COUNTER_CGROUP1);
	counter_table_clear(&t);
	/* Before Linux 4.13 oom_control has no such line. */
	assert_int_equal(counters_read(c, "cgroup:/old", &t), 0);
	assert_null(row_of(&t, "cgroup:/old", "memory.oom_kill"));
	assert_non_null(row_of(&t, "cgroup:/old", "memsw"));
	counters_close(c);
	counter_table_free(&t);
}

struct seen {
	char text[512];
	const char *stop;
};

static int see(void *arg, const char *path)
{
	struct seen *s = arg;

	snprintf(s->text + strlen(s->text), sizeof(s->text) - strlen(s->text), "%s ", path);
	return s->stop && util_streq(s->stop, path) ? 42 : 0;
}

static void each(void **state _unused_)
{
	struct counters *c = open_root(fixture("cgroup2"));
	struct seen s = {0}, stop = {.stop = "/system.slice"}, v1 = {0};

	assert_int_equal(counters_each_cgroup(c, COUNTER_CGROUP2, see, &s), 0);
	assert_string_equal(s.text, "/ /bad /system.slice /system.slice/postgresql.service "
				    "/user.slice ");
	assert_int_equal(counters_each_cgroup(c, COUNTER_CGROUP2, see, &stop), 42);
	assert_string_equal(stop.text, "/ /bad /system.slice ");
	assert_int_equal(counters_each_cgroup(c, COUNTER_CGROUP1, see, &v1), 0);
	assert_string_equal(v1.text, "");
	assert_int_equal(counters_each_cgroup(c, COUNTER_HOST, see, &v1), -EINVAL);
	counters_close(c);

	/* v1: what one controller has and another has not is told once all the same. */
	c = open_root(fixture("cgroup1"));
	assert_int_equal(counters_each_cgroup(c, COUNTER_CGROUP1, see, &v1), 0);
	assert_string_equal(v1.text, "/ /lxc /lxc/web /old /only-pids ");
	counters_close(c);
}

static void paths(void **state _unused_)
{
	char buf[PATH_MAX], want[PATH_MAX], *root = realpath(fixture("cgroup1"), NULL);
	struct counters *c = open_root(fixture("cgroup1"));

	assert_non_null(root);
	assert_int_equal(counters_cgroup_path(c, COUNTER_CGROUP1, "memory", "/lxc/web",
					      "memory.oom_control", buf, sizeof(buf)),
			 0);
	snprintf(want, sizeof(want), "%s/sys/fs/cgroup/memory/lxc/web/memory.oom_control", root);
	assert_string_equal(buf, want);
	assert_int_equal(access(buf, R_OK), 0);
	assert_int_equal(
		counters_cgroup_path(c, COUNTER_CGROUP1, "pids", "/", NULL, buf, sizeof(buf)), 0);
	snprintf(want, sizeof(want), "%s/sys/fs/cgroup/pids", root);
	assert_string_equal(buf, want);
	assert_int_equal(
		counters_cgroup_path(c, COUNTER_CGROUP2, NULL, "/a/", "x", buf, sizeof(buf)), 0);
	snprintf(want, sizeof(want), "%s/sys/fs/cgroup/unified/a/x", root);
	assert_string_equal(buf, want);
	assert_int_equal(
		counters_cgroup_path(c, COUNTER_CGROUP1, "cpu", "/", NULL, buf, sizeof(buf)),
		-ENOENT);
	assert_int_equal(
		counters_cgroup_path(c, COUNTER_CGROUP1, "pids", "/../..", NULL, buf, sizeof(buf)),
		-EINVAL);
	assert_int_equal(counters_cgroup_path(c, COUNTER_CGROUP1, "pids", "/", NULL, buf, 10),
			 -ENAMETOOLONG);
	counters_close(c);
	free(root);
}

static void refused_paths(void **state _unused_)
{
	static const char *const bad[] = {"",   "lxc",        "/..",   "/lxc/..",  "/../../etc",
					  "/.", "/lxc/./web", "//lxc", "/lxc//web"};
	struct counters *c = open_root(fixture("cgroup1"));
	struct counter_table t = {0};
	char path[PATH_MAX + 2];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP1, bad[i], &t), -EINVAL);
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP1, path, &t), -EINVAL);
	path[300] = '\0';
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP1, path, &t), -ENOENT);
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP1, "/lxc/gone", &t), -ENOENT);
	assert_int_equal(counters_read_cgroup(c, COUNTER_UBC, "/lxc", &t), -EINVAL);
	assert_int_equal(t.n_rows, 0);
	assert_int_equal(t.n_owners, 0);
	counters_close(c);
	counter_table_free(&t);
}

/* A container of docker on v1: its own cgroup is what is mounted, under the host's name. */
static void part_mounted(void **state _unused_)
{
	char *root = make_tree(), buf[PATH_MAX];
	struct counter_table t = {0};
	struct seen s = {0};
	struct counters *c;

	put_text(root, "proc/self/mountinfo",
		 "35 31 0:32 /docker/4fa6 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
		 "36 31 0:33 /docker/4fa6 /sys/fs/cgroup/part ro - cgroup cgroup rw,pids\n"
		 "37 31 0:33 / /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
		 "38 31 0:33 / /nowhere ro - cgroup cgroup rw,hugetlb\n"
		 "no line of mountinfo\n"
		 "39 31 0:33 / /cut");
	put_text(root, "sys/fs/cgroup/memory/memory.failcnt", "3\n");
	put_text(root, "sys/fs/cgroup/memory/sub/memory.failcnt", "2\n");
	put_text(root, "sys/fs/cgroup/memory/7/memory.failcnt", "1\n");
	put_text(root, "sys/fs/cgroup/part/pids.current", "1\n");
	put_text(root, "sys/fs/cgroup/pids/docker/4fa6/pids.current", "9\n");
	c = open_root(root);
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP1, "/docker/4fa6/sub", &t), 0);
	assert_row(&t, "cgroup:/docker/4fa6/sub", "memory", COUNTER_FAILCNT, 2);
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP1, "/docker/4fa6", &t), 0);
	assert_row(&t, "cgroup:/docker/4fa6", "memory", COUNTER_FAILCNT, 3);
	/* The mount of the whole hierarchy wins. */
	assert_row(&t, "cgroup:/docker/4fa6", "pids", COUNTER_HELD, 9);
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP1, "/docker/4fa67", &t), -ENOENT);
	assert_int_equal(counters_each_cgroup(c, COUNTER_CGROUP1, see, &s), 0);
	assert_string_equal(s.text, "/docker/4fa6 /docker/4fa6/7 /docker/4fa6/sub / /docker ");
	assert_int_equal(counters_cgroup_path(c, COUNTER_CGROUP1, "memory", "/docker/4fa6/sub",
					      NULL, buf, sizeof(buf)),
			 0);
	assert_int_equal(access(buf, X_OK), 0);
	assert_int_equal(counters_cgroup_path(c, COUNTER_CGROUP1, "memory", "/other", NULL, buf,
					      sizeof(buf)),
			 -ENOENT);
	counters_close(c);
	counter_table_free(&t);
	remove_tree(root);
}

/* Names that people do not choose, and one level too many for a path. */
static void odd_names(void **state _unused_)
{
	char *root = make_tree();
	struct counter_table t = {0};
	struct counters *c;

	put_text(root, "sys/fs/cgroup/memory/a\nb c/memory.failcnt", "1\n");
	put_text(root, "sys/fs/cgroup/memory/dev-disk-by\\x2duuid.mount/memory.failcnt", "2\n");
	put_text(root, "sys/fs/cgroup/memory/\xff\x01/memory.failcnt", "3\n");
	c = open_root(root);
	assert_int_equal(counters_read(c, NULL, &t), 0);
	assert_row(&t, "cgroup:/a\nb c", "memory", COUNTER_FAILCNT, 1);
	assert_row(&t, "cgroup:/dev-disk-by\\x2duuid.mount", "memory", COUNTER_FAILCNT, 2);
	assert_row(&t, "cgroup:/\xff\x01", "memory", COUNTER_FAILCNT, 3);
	assert_int_equal(t.n_rows, 3);
	counters_close(c);
	counter_table_free(&t);
	remove_tree(root);
}

/* Files of 1 MB and links where a number belongs. */
static void hostile_files(void **state _unused_)
{
	size_t n = 1 << 20;
	char *root = make_tree(), *outside = make_tree(), *big = malloc(n);
	char link[PATH_MAX], target[PATH_MAX];
	struct counter_table t = {0};
	struct counters *c;

	assert_non_null(big);
	memset(big, '1', n);
	put_bytes(root, "sys/fs/cgroup/memory/a/memory.usage_in_bytes", big, n);
	put_text(root, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "4096\n");
	put_text(root, "sys/fs/cgroup/memory/a/memory.failcnt", "");
	put_text(outside, "number", "7\n");
	snprintf(target, sizeof(target), "%s/number", outside);
	snprintf(link, sizeof(link), "%s/sys/fs/cgroup/memory/a/memory.max_usage_in_bytes", root);
	assert_int_equal(symlink(target, link), 0);
	snprintf(link, sizeof(link), "%s/sys/fs/cgroup/memory/linked", root);
	assert_int_equal(symlink("a", link), 0);
	snprintf(link, sizeof(link), "%s/sys/fs/cgroup/memory/a/memory.memsw.failcnt", root);
	assert_int_equal(mkfifo(link, 0600), 0);
	c = open_root(root);
	assert_int_equal(counters_read(c, NULL, &t), 0);
	assert_row(&t, "cgroup:/a", "memory", COUNTER_LIMIT | COUNTER_MALFORMED, 4096);
	assert_row(&t, "cgroup:/a", "memsw", COUNTER_MALFORMED);
	assert_int_equal(t.n_owners, 1);
	assert_int_equal(counters_read_cgroup(c, COUNTER_CGROUP1, "/linked", &t), -ENOENT);
	counters_close(c);
	counter_table_free(&t);
	remove_tree(root);
	remove_tree(outside);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_service),    cmocka_unit_test(v2_old_kernel),
		cmocka_unit_test(v2_malformed),  cmocka_unit_test(v1_container),
		cmocka_unit_test(each),          cmocka_unit_test(paths),
		cmocka_unit_test(refused_paths), cmocka_unit_test(part_mounted),
		cmocka_unit_test(odd_names),     cmocka_unit_test(hostile_files),
	};

	return cmocka_run_group_tests_name("counter_cgroup", tests, NULL, NULL);
}
