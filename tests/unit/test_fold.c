/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/fold.c user/fold_gone.c ; libs: */
/*
 * test_fold.c - the kernel's counts only grow; what is told is the difference,
 * once, and the sum of what was told is the count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../user/fold.h"

static const struct fc_fold_key key = {
	.start = 500, .pid = 4711, .resource = FC_NOFILE, .err = EMFILE};
static const struct fold_known *const untouched = (const void *)&key;

static struct folds *make(void)
{
	struct folds *f = NULL;

	assert_int_equal(folds_new(&f), 0);
	assert_non_null(f);
	assert_int_equal(folds_count(f), 0);
	return f;
}

static uint64_t told(struct folds *f, const struct fc_fold_key *k, uint64_t count)
{
	const struct fc_fold fold = {.count = count};
	const struct fold_known *known = untouched;
	uint64_t n = folds_new_since(f, k, &fold, &known);

	if (n)
		assert_ptr_not_equal(known, untouched);
	else
		assert_ptr_equal(known, untouched);
	return n;
}

static void note(struct folds *f, const struct fc_fold_key *k, const char *cgroup)
{
	struct fc_refused r = {
		.resource = k->resource, .err = k->err, .who = {.start = k->start, .pid = k->pid}};

	folds_note(f, &r, cgroup);
}

static void differences(void **state _unused_)
{
	struct folds *f = make();
	uint64_t sum = 0, count = 0;

	assert_int_equal(told(f, &key, 0), 0);
	assert_int_equal(folds_count(f), 0); /* all came whole: nothing to remember */
	assert_int_equal(told(f, &key, 1), 1);
	assert_int_equal(told(f, &key, 1), 0);
	assert_int_equal(told(f, &key, 11), 10);
	assert_int_equal(told(f, &key, 11), 0);
	assert_int_equal(told(f, &key, 10), 0); /* never less than nothing */
	assert_int_equal(told(f, &key, 12), 1);
	assert_int_equal(folds_count(f), 1);
	folds_forget(f, &key);
	for (int i = 0; i < 1000; i++) {
		count += i % 7;
		sum += told(f, &key, count);
	}
	assert_int_equal(sum, count);
	assert_true(told(f, &key, UINT64_MAX) == UINT64_MAX - count);
	folds_free(f);
}

/* Each part of the key makes another entry. */
static void keys(void **state _unused_)
{
	struct fc_fold_key others[5];
	struct folds *f = make();

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = key;
	others[1].start++;
	others[2].pid++;
	others[3].resource++;
	others[4].err++;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(told(f, &others[i], 100 + i), 100 + i);
	assert_int_equal(folds_count(f), ARRAY_SIZE(others));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(told(f, &others[i], 101 + i), 1);
	folds_free(f);
}

static void known(void **state _unused_)
{
	const struct fc_fold fold = {.count = 3}, more = {.count = 4};
	const struct fold_known *k = NULL;
	struct fc_fold_key other = key;
	struct folds *f = make();
	char path[] = "/a/b";

	note(f, &key, path);
	path[1] = 'x';                                            /* it keeps a copy */
	assert_int_equal(folds_new_since(f, &key, &fold, &k), 3); /* nothing of it was told */
	assert_string_equal(k->cgroup, "/a/b");
	note(f, &key, "/c"); /* the first one is kept */
	assert_int_equal(folds_new_since(f, &key, &more, &k), 1);
	assert_string_equal(k->cgroup, "/a/b");
	other.pid++;
	note(f, &other, "");
	note(f, &other, NULL);
	assert_int_equal(folds_new_since(f, &other, &fold, &k), 3);
	assert_null(k->cgroup);
	note(f, &other, "/late");
	assert_int_equal(folds_new_since(f, &other, &more, &k), 1);
	assert_string_equal(k->cgroup, "/late");
	folds_free(f);
}

/* The latest says whose limit it is; where they differ, it is not known of those that were folded.
 */
static void limits(void **state _unused_)
{
	struct fc_refused r = {.resource = FC_SIGPENDING,
			       .err = EAGAIN,
			       .has = FC_HAS_MORE | FC_HAS_UID | FC_HAS_LIMIT,
			       .limit_uid = 33,
			       .more = {12},
			       .who = {.start = 7, .pid = 8}};
	const struct fc_fold_key k = {
		.start = 7, .pid = 8, .resource = FC_SIGPENDING, .err = EAGAIN};
	const struct fold_known *got = NULL;
	struct fc_fold fold = {.count = 1};
	struct folds *f = make();

	assert_int_equal(folds_new_since(f, &k, &fold, &got), 1);
	assert_false(got->whole);
	folds_note(f, &r, NULL);
	folds_note(f, &r, NULL);
	fold.count++;
	assert_int_equal(folds_new_since(f, &k, &fold, &got), 1);
	assert_true(got->whole && !got->mixed);
	assert_int_equal(got->limit.has, FC_HAS_MORE | FC_HAS_UID);
	assert_int_equal(got->limit.limit_uid, 33);
	assert_int_equal(got->limit.more[0], 12);
	r.more[0] = 13; /* another process was to get the signal */
	folds_note(f, &r, NULL);
	fold.count++;
	assert_int_equal(folds_new_since(f, &k, &fold, &got), 1);
	assert_true(got->mixed);
	folds_free(f);
}

/* A fork may be refused in one cgroup, and the next one in another. */
static void limit_cgroups(void **state _unused_)
{
	struct fc_refused r = {.resource = FC_PIDS,
			       .err = EAGAIN,
			       .has = FC_HAS_OWNER,
			       .owner = {.len = 2, .text = "a"},
			       .who = {.start = 7, .pid = 8}};
	const struct fc_fold_key k = {.start = 7, .pid = 8, .resource = FC_PIDS, .err = EAGAIN};
	const struct fold_known *got = NULL;
	struct fc_fold fold = {.count = 1};
	struct folds *f = make();

	folds_note(f, &r, NULL);
	folds_note(f, &r, NULL);
	assert_int_equal(folds_new_since(f, &k, &fold, &got), 1);
	assert_string_equal(got->limit_cgroup, "/a");
	assert_false(got->mixed);
	r.owner.text[0] = 'b';
	folds_note(f, &r, NULL);
	fold.count++;
	assert_int_equal(folds_new_since(f, &k, &fold, &got), 1);
	assert_true(got->mixed);
	folds_free(f);
}

static void forget(void **state _unused_)
{
	struct fc_fold_key other = key;
	struct folds *f = make();

	folds_forget(f, &key);
	assert_int_equal(told(f, &key, 10), 10);
	other.start++; /* the same pid, later */
	assert_int_equal(told(f, &other, 5), 5);
	note(f, &other, "/a");
	folds_forget(f, &other);
	assert_int_equal(folds_count(f), 1);
	assert_int_equal(told(f, &key, 10), 0);
	assert_int_equal(told(f, &other, 5), 5); /* a new life counts from 0 */
	folds_forget(f, &key);
	folds_forget(f, &other);
	folds_forget(f, &other);
	assert_int_equal(folds_count(f), 0);
	folds_free(f);
	folds_free(NULL);
}

static void many(void **state _unused_)
{
	struct fc_fold_key k = key;
	struct folds *f = make();

	for (k.pid = 1; k.pid <= 20000; k.pid++)
		assert_int_equal(told(f, &k, k.pid), k.pid);
	assert_int_equal(folds_count(f), 20000);
	for (k.pid = 1; k.pid <= 20000; k.pid++)
		assert_int_equal(told(f, &k, k.pid + 2), 2);
	for (k.pid = 2; k.pid <= 20000; k.pid += 2)
		folds_forget(f, &k);
	assert_int_equal(folds_count(f), 10000);
	folds_free(f);
}

/* The table by program has differences of its own, and names that differ in one byte. */
static void programs(void **state _unused_)
{
	struct fc_coarse_key k = {.comm = "nginx", .uid = 33, .resource = FC_NOFILE, .err = EMFILE};
	struct fc_coarse_key other = k;
	struct folds *f = make();

	other.comm[FC_COMM - 1] = 'x';
	assert_int_equal(folds_new_of_program(f, &k, 7), 7);
	assert_int_equal(folds_new_of_program(f, &k, 7), 0);
	assert_int_equal(folds_new_of_program(f, &k, 6), 0);
	assert_int_equal(folds_new_of_program(f, &other, 5), 5);
	assert_int_equal(folds_new_of_program(f, &k, 9), 2);
	assert_int_equal(folds_count(f), 0);
	folds_free(f);
}

/* Whose entry may be taken out: of a process that is gone, where that can be known. */
static void gone(void **state _unused_)
{
	const uint64_t second = 1000000000ULL, now = 5000 * second;
	struct fold_gone_look look = {.now = now, .sees_all = true};
	struct fc_fold_key live = {.start = UINT64_MAX, .pid = getpid()}, dead = live, nobody = {};
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	dead.pid = child;
	assert_true(fold_gone(&dead, &look, now - 11 * second));
	assert_false(fold_gone(&dead, &look, now - 9 * second));
	look.crowded = true;
	assert_true(fold_gone(&dead, &look, now - 1));
	assert_false(fold_gone(&dead, &look, now));
	assert_false(fold_gone(&live, &look, now - 11 * second));
	assert_false(fold_gone(&nobody, &look, 0));
	/* another process has its number by now: found out in one of 64 sweeps */
	live.start = 0;
	for (look.sweep = 0; !fold_gone(&live, &look, now - 1);)
		assert_true(look.sweep++ < 64);
	/* in another pid namespace its number says nothing */
	look.sees_all = false;
	assert_false(fold_gone(&dead, &look, now - 1));
	assert_false(fold_gone(&dead, &look, now - 599 * second));
	assert_true(fold_gone(&dead, &look, now - 601 * second));
	assert_true(fold_gone(&live, &look, now - 601 * second));
	assert_false(fold_gone(&nobody, &look, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gone),     cmocka_unit_test(differences),
		cmocka_unit_test(keys),     cmocka_unit_test(known),
		cmocka_unit_test(limits),   cmocka_unit_test(limit_cgroups),
		cmocka_unit_test(forget),   cmocka_unit_test(many),
		cmocka_unit_test(programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
