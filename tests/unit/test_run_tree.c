/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/run_tree.c ; libs: */
/*
 * test_run_tree.c - who descends from whom, in a procfs of our own making and
 * in the real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../user/run_tree.h"

static char dir[] = "/tmp/failcnt-tree.XXXXXX";
static struct run_tree t = {.proc = -1, .root = 100};

/* The head of a real line (proc_pid_stat(5)); start is in ticks. */
static void put(int pid, const char *comm, char state, int ppid, unsigned long start)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d", dir, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%d/stat", dir, pid);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
		"%d (%s) %c %d 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 %lu 2424832 208 "
		"18446744073709551615\n",
		pid, comm, state, ppid, start);
	fclose(f);
}

static int setup(void **state _unused_)
{
	assert_non_null(mkdtemp(dir));
	t.proc = open(dir, O_RDONLY | O_DIRECTORY);
	t.since = 5000ULL * 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK); /* tick 5000 */
	put(1, "init", 'S', 0, 1);
	put(100, "failcnt", 'S', 1, 4000);
	put(101, "make", 'S', 100, 5001);
	put(102, "a) S 1 (b", 'S', 101, 5002);
	put(103, "sleep 3) Z", 'R', 102, 5003);
	put(104, "gone", 'Z', 101, 5004);
	put(110, "before", 'S', 100, 4500); /* root had it already */
	put(111, "child", 'S', 110, 6000);
	put(120, "stranger", 'S', 1, 6000);
	put(121, "orphan", 'S', 9999, 6000);
	put(130, "own parent", 'S', 130, 6000); /* must end */
	return 0;
}

static int teardown(void **state _unused_)
{
	char command[64];

	close(t.proc);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void has(void **state _unused_)
{
	static const int in[] = {101, 102, 103, 104},
			 out[] = {1, 100, 110, 111, 120, 121, 130, 7777, 0, -1};

	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		assert_true(run_tree_has(&t, in[i]));
	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		assert_false(run_tree_has(&t, out[i]));
}

static void running(void **state _unused_)
{
	assert_int_equal(run_tree_running(&t), 3);
	assert_int_equal(run_tree_running(&t), 3); /* and once more with the same descriptor */
	assert_int_equal(run_tree_running(&(struct run_tree){.proc = -1}), -EBADF);
}

/* Deeper than the kernel side climbs. */
static void deep(void **state _unused_)
{
	for (int i = 0; i < 70; i++)
		put(200 + i, "deep", 'S', i ? 199 + i : 100, 6000);
	assert_true(run_tree_has(&t, 200 + 63));
	assert_false(run_tree_has(&t, 200 + 64));
}

static void real(void **state _unused_)
{
	struct run_tree now = {.proc = open("/proc", O_RDONLY | O_DIRECTORY), .root = getpid()};
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_true(run_tree_has(&now, child));
	assert_false(run_tree_has(&now, getpid()));
	assert_int_equal(run_tree_running(&now), 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(run_tree_running(&now), 0);
	close(now.proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has),
		cmocka_unit_test(running),
		cmocka_unit_test(deep),
		cmocka_unit_test(real),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
