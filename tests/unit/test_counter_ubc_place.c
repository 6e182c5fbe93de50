// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/parse.c user/parse_table.c user/counter.c user/counter_file.c user/counter_ubc.c
 * user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c user/counter_process.c
 * user/counter_user.c */
/*
 * test_counter_ubc_place.c - where OpenVZ's tables are: below a root, and nowhere else.
 */
#include "counter_fixture.h"

static void own_directories(void **state _unused_)
{
	struct counter_table t = {0};
	struct counters *c = open_root(fixture("openvz"));

	assert_true(counters_have(c, COUNTER_UBC));
	assert_false(counters_have(c, COUNTER_CGROUP2));
	assert_int_equal(counters_read(c, NULL, &t), 0);
	/* 101 stands in both, and is told once. */
	assert_int_equal(t.n_owners, 2);
	assert_int_equal(t.n_rows, 40);
	assert_row(&t, "ct:102", "numproc", ALL_FIVE, 9, 240, 240, 240, 3);

	counter_table_clear(&t);
	assert_int_equal(counters_read(c, "ct:102", &t), 0);
	assert_int_equal(t.n_rows, 20);
	assert_int_equal(counters_read(c, "ct:103", &t), -ENOENT);
	assert_int_equal(counters_read(c, "ct:../101", &t), -EINVAL);
	assert_int_equal(counters_read(c, "ct:", &t), -EINVAL);
	assert_int_equal(t.n_rows, 20);
	counters_close(c);
	counter_table_free(&t);
}

/* A link in somebody else's tree leads to that tree, not to our files. */
static void link_stays_inside(void **state _unused_)
{
	struct counter_table t = {0};
	char *root = make_tree(), *outside = make_tree();
	char target[PATH_MAX], link[PATH_MAX];
	struct counters *c;

	put_text(outside, "secret", "        1:  numfile 1 2 3 4 5\n");
	put_text(root, "proc/loadavg", "");
	snprintf(target, sizeof(target), "%s/secret", outside);
	snprintf(link, sizeof(link), "%s/proc/user_beancounters", root);
	assert_int_equal(symlink(target, link), 0);
	c = open_root(root);
	assert_int_equal(counters_read(c, NULL, &t), 0);
	assert_int_equal(t.n_rows, 0);
	counters_close(c);
	counter_table_free(&t);
	remove_tree(root);
	remove_tree(outside);
}

static void no_such_file(void **state _unused_)
{
	const struct counter_options o = {.beancounters = "/nonexistent/file"};
	struct counters *c = NULL;

	assert_int_equal(counters_open(&c, &o), -ENOENT);
	assert_null(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_directories),
		cmocka_unit_test(link_stays_inside),
		cmocka_unit_test(no_such_file),
	};

	return cmocka_run_group_tests_name("counter_ubc_place", tests, NULL, NULL);
}
