// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/oom*.c user/table_oom.c user/table.c user/counter*.c user/parse*.c */
/*
 * test_oom_rank.c - who goes first, measured as oom_badness() does: on the
 * host, below a limit of either cgroup version, and what changes the outcome.
 */
#include "counter_fixture.h"

#include "../../user/table.h"

static void put_process(const char *root, int pid, const char *name, unsigned int rss_kib,
			unsigned int swap_kib, unsigned int pte_kib, int adj, int score,
			const char *cgroup)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "proc/%d/status", pid);
	snprintf(text, sizeof(text),
		 "Name:\t%s\nVmRSS:\t%u kB\nVmSwap:\t%u kB\nVmPTE:\t%u kB\nThreads:\t1\n", name,
		 rss_kib, swap_kib, pte_kib);
	put_text(root, path, text);
	snprintf(path, sizeof(path), "proc/%d/oom_score_adj", pid);
	snprintf(text, sizeof(text), "%d\n", adj);
	put_text(root, path, text);
	snprintf(path, sizeof(path), "proc/%d/oom_score", pid);
	snprintf(text, sizeof(text), "%d\n", score);
	put_text(root, path, text);
	snprintf(path, sizeof(path), "proc/%d/cgroup", pid);
	put_text(root, path, cgroup);
}

/* 4,000,000 KiB of memory and 1,000,000 of swap; init, two of a service, one of another, a thread.
 */
static char *make_host(const char *a, const char *b)
{
	char *root = make_tree();

	put_text(root, "proc/meminfo", "MemTotal: 4000000 kB\nSwapTotal: 1000000 kB\n");
	put_text(root, "proc/sys/vm/panic_on_oom", "0\n");
	put_text(root, "proc/sys/vm/swappiness", "60\n");
	put_process(root, 1, "init", 9000, 0, 40, 0, 0, "0::/\n");
	put_process(root, 10, "db", 400000, 100000, 2000, 0, 733, a);
	put_process(root, 11, "small", 4000, 0, 40, 0, 667, a);
	put_process(root, 12, "batch", 8000, 0, 40, 300, 868, b);
	put_process(root, 13, "sshd", 6000, 0, 40, -1000, 0, b);
	put_process(root, 14, "lowered", 90000, 0, 400, -500, 345, b);
	put_text(root, "proc/15/status", "Name:\tkworker\nThreads:\t1\n");
	put_text(root, "proc/15/oom_score_adj", "0\n");
	return root;
}

static void assert_order(const struct oom_rank *r, const char *names)
{
	char got[256] = "";

	for (size_t i = 0; i < r->n; i++) {
		strcat(got, i ? " " : "");
		strcat(got, r->c[i].comm);
	}
	assert_string_equal(got, names);
}

static char *printed(const struct oom_rank *r, unsigned int most)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_int_equal(table_oom_print(f, r, most), 0);
	fclose(f);
	return text;
}

static void host(void **state _unused_)
{
	const int64_t page = sysconf(_SC_PAGESIZE), total = INT64_C(5000000) * 1024 / page;
	char *root = make_host("0::/a\n", "0::/b\n"), why[160], *text;
	struct counters *c = open_root(root);
	struct oom_rank r;

	assert_int_equal(oom_rank_read(&r, c, NULL), 0);
	/* A thread of the kernel has no memory, and is nobody here. */
	assert_order(&r, "batch db small lowered sshd init");
	assert_int_equal(oom_rank_eligible(&r), 4);
	assert_int_equal(r.total_pages, total);
	assert_int_equal(r.c[1].points, INT64_C(502000) * 1024 / page);
	assert_int_equal(r.c[0].points,
			 INT64_C(8000) * 1024 / page + 40 * 1024 / page + 300 * (total / 1000));
	assert_true(r.c[3].points < 0);
	assert_string_equal(r.c[1].cgroup, "/a");
	oom_rank_why(&r, 0, why, sizeof(why));
	assert_string_equal(why, "holds 7.9 MiB, raised by oom_score_adj 300 (as if 1.4 GiB more)");
	oom_rank_why(&r, 1, why, sizeof(why));
	assert_string_equal(why, "largest memory: 490.2 MiB");
	oom_rank_why(&r, 3, why, sizeof(why));
	assert_string_equal(why,
			    "holds 88.3 MiB, lowered by oom_score_adj -500 (as if 2.4 GiB less)");
	oom_rank_why(&r, 4, why, sizeof(why));
	assert_string_equal(why, "exempt: oom_score_adj is -1000");
	oom_rank_why(&r, 5, why, sizeof(why));
	assert_string_equal(why, "exempt: init is never killed");
	text = printed(&r, 1);
	assert_non_null(strstr(text, "First by points: batch (pid 12): holds 7.9 MiB, raised"));
	assert_null(strstr(text, "small"));
	assert_non_null(strstr(text, "sshd")); /* the exempt always */
	free(text);
	assert_false(oom_rank_panics(&r));
	oom_rank_free(&r);
	assert_int_equal(oom_rank_read(&r, c, "uid:1"), -EINVAL);
	assert_int_equal(oom_rank_read(&r, c, "cgroup:a"), -EINVAL);
	assert_int_equal(oom_rank_read(&r, c, "cgroup:/a"), -ENOENT);
	counters_close(c);
	remove_tree(root);
}

/* The limit takes the place of the host's memory: adj weighs less, and the order turns. */
static void cgroup2(void **state _unused_)
{
	const int64_t page = sysconf(_SC_PAGESIZE);
	char *root = make_host("0::/a/x\n", "0::/ab\n"), *text;
	struct counters *c;
	struct oom_rank r;

	put_process(root, 16, "helper", 4000, 0, 40, 100, 700, "0::/a/x\n");
	put_text(root, "sys/fs/cgroup/cgroup.controllers", "memory\n");
	put_text(root, "sys/fs/cgroup/ab/memory.max", "max\n");
	put_text(root, "sys/fs/cgroup/a/memory.max", "1024000000\n");
	put_text(root, "sys/fs/cgroup/a/memory.swap.max", "max\n");
	put_text(root, "sys/fs/cgroup/a/memory.oom.group", "0\n");
	put_text(root, "sys/fs/cgroup/a/x/memory.max", "max\n");
	put_text(root, "sys/fs/cgroup/a/x/memory.oom.group", "1\n");
	c = open_root(root);
	assert_int_equal(oom_rank_read(&r, c, "cgroup:/a"), 0);
	assert_order(&r, "db helper small");
	assert_string_equal(r.domain, "/a");
	assert_string_equal(r.group, "/a/x");
	/* memory.max, and all swap there is, for memory.swap.max sets no end. */
	assert_int_equal(r.total_pages, 1024000000 / page + INT64_C(1000000) * 1024 / page);
	text = printed(&r, 0);
	assert_non_null(strstr(text, "With it all processes of /a/x would go (memory.oom.group)"));
	free(text);
	oom_rank_free(&r);
	put_text(root, "sys/fs/cgroup/a/memory.swap.max", "4096000\n");
	assert_int_equal(oom_rank_read(&r, c, "cgroup:/a/x/"), 0);
	assert_int_equal(r.total_pages, (1024000000 + 4096000) / page);
	assert_string_equal(r.asked, "/a/x");
	assert_string_equal(r.domain, "/a");
	text = printed(&r, 0);
	assert_non_null(strstr(text, "/a/x has no memory limit of its own: the limit of /a "));
	free(text);
	oom_rank_free(&r);
	put_text(root, "proc/sys/vm/swappiness", "0\n");
	assert_int_equal(oom_rank_read(&r, c, "cgroup:/a"), 0);
	assert_int_equal(r.total_pages, 1024000000 / page);
	oom_rank_free(&r);
	/* No limit up to the root: only the host can run out. /a is no part of /ab. */
	assert_int_equal(oom_rank_read(&r, c, "cgroup:/ab"), 0);
	assert_order(&r, "batch lowered sshd");
	assert_null(r.domain);
	text = printed(&r, 0);
	assert_non_null(strstr(text, "/ab has no memory limit, nor has any cgroup above it"));
	free(text);
	oom_rank_free(&r);
	counters_close(c);
	remove_tree(root);
}

static void cgroup1(void **state _unused_)
{
	const int64_t page = sysconf(_SC_PAGESIZE);
	char *root = make_host("4:cpu,memory:/a\n0::/other\n", "4:cpu,memory:/b:c\n"), *text;
	struct counters *c;
	struct oom_rank r;

	put_text(root, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "409600000\n");
	put_text(root, "sys/fs/cgroup/memory/a/memory.memsw.limit_in_bytes", "819200000\n");
	put_text(root, "sys/fs/cgroup/memory/a/memory.swappiness", "60\n");
	put_text(root, "sys/fs/cgroup/memory/a/memory.oom_control",
		 "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n");
	put_text(root, "sys/fs/cgroup/memory/b:c/memory.limit_in_bytes", "409600000\n");
	put_text(root, "sys/fs/cgroup/memory/b:c/memory.swappiness", "0\n");
	c = open_root(root);
	assert_int_equal(oom_rank_read(&r, c, "cgroup:/a"), 0);
	assert_true(r.v1);
	assert_order(&r, "db small");
	assert_int_equal(r.total_pages, 819200000 / page);
	assert_true(r.kill_disabled);
	text = printed(&r, 0);
	assert_non_null(strstr(text, "its processes would hang, none would be killed"));
	free(text);
	oom_rank_free(&r);
	assert_int_equal(oom_rank_read(&r, c, "cgroup:/b:c"), 0);
	assert_order(&r, "batch lowered sshd");
	assert_int_equal(r.total_pages, 409600000 / page);
	assert_false(r.kill_disabled);
	oom_rank_free(&r);
	counters_close(c);
	remove_tree(root);
}

static void switches(void **state _unused_)
{
	char *root = make_host("0::/a\n", "0::/b\n"), *text;
	struct counters *c = open_root(root);
	struct oom_rank r;

	put_text(root, "proc/sys/vm/panic_on_oom", "1\n");
	assert_int_equal(oom_rank_read(&r, c, "host"), 0);
	assert_true(oom_rank_panics(&r));
	text = printed(&r, 0);
	assert_non_null(strstr(text, "vm.panic_on_oom is 1: the kernel would panic"));
	free(text);
	/* 1 is for the host alone, 2 for cgroups too. */
	r.domain = strdup("/a");
	assert_false(oom_rank_panics(&r));
	r.panic_on_oom = 2;
	assert_true(oom_rank_panics(&r));
	oom_rank_free(&r);
	put_text(root, "proc/sys/vm/panic_on_oom", "0\n");
	put_text(root, "proc/sys/vm/oom_kill_allocating_task", "1\n");
	assert_int_equal(oom_rank_read(&r, c, "host"), 0);
	text = printed(&r, 0);
	assert_non_null(strstr(text, "vm.oom_kill_allocating_task is set"));
	free(text);
	oom_rank_free(&r);
	counters_close(c);
	remove_tree(root);
}

/* The machine that runs the test: the scores of a process that we know. */
static void this_machine(void **state _unused_)
{
	struct counters *c = open_root(NULL);
	bool found = false;
	struct oom_rank r;

	assert_int_equal(oom_rank_read(&r, c, NULL), 0);
	for (size_t i = 0; i < r.n; i++) {
		found |= r.c[i].pid == (uint64_t)getpid() && r.c[i].rss > 0;
		/* proc_oom_score(), since Linux 5.9; earlier kernels have another scale. */
		if (!r.c[i].exempt && r.c[i].has_score && r.c[i].score > 100) {
			int64_t want =
				(1000 + r.c[i].points * 1000 / (int64_t)r.total_pages) * 2 / 3;

			assert_true(llabs(want - (int64_t)r.c[i].score) <= 3);
		}
	}
	assert_true(found);
	oom_rank_free(&r);
	counters_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host),         cmocka_unit_test(cgroup2),
		cmocka_unit_test(cgroup1),      cmocka_unit_test(switches),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests_name("oom_rank", tests, NULL, NULL);
}
