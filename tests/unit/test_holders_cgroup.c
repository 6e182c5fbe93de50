/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_holders_cgroup.c - memory and tasks of cgroups of either version, from files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "holders_fixture.h"

#define V2 "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
#define V1                                                                  \
	"31 22 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" \
	"32 22 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"

static void begin(const char *mountinfo)
{
	const struct counter_options o = {.root = fixture};

	put(mountinfo, "proc/self/mountinfo");
	put("memory pids\n", "sys/fs/cgroup/cgroup.controllers");
	assert_int_equal(counters_open(&env.counters, &o), 0);
}

static const struct holder *of_cgroup(const char *path)
{
	for (unsigned int i = 0; i < found.n; i++)
		if (util_streq(found.holder[i].cgroup, path))
			return &found.holder[i];
	return NULL;
}

/* What a cgroup has without its children; processes below it, and no others. */
static void memory_v2(void **state _unused_)
{
	put("1000000\n", "sys/fs/cgroup/web/memory.current");
	put("600000\n", "sys/fs/cgroup/web/db/memory.current");
	put("100000\n", "sys/fs/cgroup/web/app/memory.current");
	put("anon 100\nshmem 0\n", "sys/fs/cgroup/web/memory.stat");
	put("10\n", "sys/fs/cgroup/web/cgroup.procs");
	put("11\n999\n", "sys/fs/cgroup/web/db/cgroup.procs"); /* 999 has gone */
	begin(V2);
	for (int pid = 10; pid < 13; pid++)
		put_proc(pid, "app", 0, 1, 'S', 1, 1);
	ask.killed = true;
	util_strlcpy(ask.limit_cgroup, "/web", sizeof(ask.limit_cgroup));
	assert_int_equal(gather("memory", 10), 0);
	assert_int_equal(found.total, 2 + 3);
	assert_int_equal(of_cgroup("/web/db")->held, 600000);
	assert_int_equal(of_cgroup("/web")->held, 300000);
	assert_int_equal(of_cgroup("/web/app")->held, 100000);
	assert_string_equal(found.holder[0].cgroup, "/web/db");
	assert_int_equal(found.holder[2].pid, 11);
	assert_int_equal(found.holder[2].held, 110 * 1024);
	assert_string_equal(found.says, "");
	assert_string_equal(found.measure, "bytes");
}

/* Files on tmpfs stay whoever is killed. */
static void shmem_v1(void **state _unused_)
{
	put("104857600\n", "sys/fs/cgroup/memory/web/memory.usage_in_bytes");
	put("shmem 5\ntotal_cache 1\ntotal_shmem 94371840\n",
	    "sys/fs/cgroup/memory/web/memory.stat");
	put("10\n", "sys/fs/cgroup/memory/web/cgroup.procs");
	begin(V1);
	put_proc(10, "app", 0, 1, 'S', 1, 1);
	util_strlcpy(ask.limit_cgroup, "/web", sizeof(ask.limit_cgroup));
	assert_int_equal(gather("memory", 10), 0);
	assert_int_equal(found.total, 2);
	assert_has(found.says, "90 MiB of its 100 MiB are shared memory and files on tmpfs");
}

/* All of a group was killed: what is left is not worth a sentence. */
static void next_to_nothing(void **state _unused_)
{
	put("8192\n", "sys/fs/cgroup/memory/web/memory.usage_in_bytes");
	put("total_shmem 8192\n", "sys/fs/cgroup/memory/web/memory.stat");
	put("10\n", "sys/fs/cgroup/memory/web/cgroup.procs");
	begin(V1);
	put_proc(10, "app", 0, 1, 'S', 1, 1);
	util_strlcpy(ask.limit_cgroup, "/web", sizeof(ask.limit_cgroup));
	assert_int_equal(gather("memory", 10), 0);
	assert_string_equal(found.says, "");
}

/* The host's own limit: every process, and every cgroup from the root. */
static void host(void **state _unused_)
{
	put("500000\n", "sys/fs/cgroup/a/memory.current");
	put("700000\n", "sys/fs/cgroup/b/memory.current");
	begin(V2);
	put_proc(10, "app", 0, 1, 'S', 1, 1);
	assert_int_equal(gather("memory", 10), 0);
	assert_string_equal(found.holder[0].cgroup, "/b");
	assert_int_equal(of_cgroup("/a")->held, 500000);
	assert_int_equal(found.holder[2].pid, 10);
}

static void pids(void **state _unused_)
{
	put("10\n11\n", "sys/fs/cgroup/pids/web/cgroup.procs");
	put("12\n", "sys/fs/cgroup/pids/web/deep/cgroup.procs");
	put("13\n", "sys/fs/cgroup/pids/other/cgroup.procs");
	begin(V1);
	put_proc(10, "sh", 0, 1, 'S', 1, 1);
	put_proc(11, "java", 1000, 1, 'S', 80, 1);
	put_proc(12, "sh", 0, 1, 'S', 1, 1);
	put_proc(13, "sh", 0, 1, 'S', 1, 1);
	util_strlcpy(ask.limit_cgroup, "/web", sizeof(ask.limit_cgroup));
	assert_int_equal(gather("pids", 10), 0);
	assert_int_equal(found.total, 2);
	assert_int_equal(found.holder[0].held, 80);
	assert_int_equal(found.holder[0].pid, 11);
	assert_int_equal(found.holder[1].held, 2);
	ask.limit_cgroup[0] = '\0'; /* whose limit it was is not known */
	assert_int_equal(gather("pids", 10), -ENOTSUP);
	util_strlcpy(ask.limit_cgroup, "/gone", sizeof(ask.limit_cgroup));
	assert_int_equal(gather("pids", 10), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(memory_v2), TEST(shmem_v1), TEST(next_to_nothing),
					   TEST(host), TEST(pids)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
