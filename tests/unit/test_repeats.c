/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/repeats.c ; libs: */
/*
 * test_repeats.c - counts beside the fold table: added to their own entry, from every processor;
 * what is on its way between two keys is not added, and nobody is forgotten meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/repeats.h"

static const struct fc_fold_key key = {
	.start = 500, .pid = 4711, .resource = FC_NOFILE, .err = EMFILE};
static const struct fc_fold_key reused = {
	.start = 900, .pid = 4711, .resource = FC_NOFILE, .err = EMFILE};

static struct fc_repeat kernel[4], copy[4];

static struct repeats make(void)
{
	memset(kernel, 0, sizeof(kernel));
	memset(copy, 0xff, sizeof(copy));
	return (struct repeats){.kernel = kernel, .size = 4, .read = copy};
}

static void adds_up_over_processors(void **state _unused_)
{
	struct repeats r = make();
	struct fc_fold f = {.count = 10, .last = 50};

	kernel[0] = (struct fc_repeat){.turn = 2, .key = key, .count = 5, .last = 70};
	kernel[2] = (struct fc_repeat){.turn = 8, .key = key, .count = 7, .last = 60};
	kernel[3] = (struct fc_repeat){.turn = 2, .key = reused, .count = 100, .last = 90};
	repeats_read(&r);
	assert_int_equal(r.n, 3);
	repeats_add(&r, &key, &f);
	assert_int_equal(f.count, 22);
	assert_int_equal(f.last, 70);
	assert_true(repeats_hold(&r, &key));
	assert_true(repeats_hold(&r, &reused));
}

static void nothing_of_others(void **state _unused_)
{
	struct repeats r = make();
	struct fc_fold f = {.count = 10, .last = 50};

	kernel[1] = (struct fc_repeat){.turn = 2, .key = reused, .count = 100, .last = 90};
	repeats_read(&r);
	repeats_add(&r, &key, &f);
	assert_int_equal(f.count, 10);
	assert_int_equal(f.last, 50);
	assert_false(repeats_hold(&r, &key));
}

/* Held, with nothing counted: the entry must stay, for more may come. */
static void held_without_a_count(void **state _unused_)
{
	struct repeats r = make();
	struct fc_fold f = {.count = 10, .last = 50};

	kernel[1] = (struct fc_repeat){.turn = 2, .key = key, .last = 90};
	repeats_read(&r);
	repeats_add(&r, &key, &f);
	assert_int_equal(f.count, 10);
	assert_int_equal(f.last, 50);
	assert_true(repeats_hold(&r, &key));
}

static void on_its_way(void **state _unused_)
{
	struct repeats r = make();
	struct fc_fold f = {.count = 10, .last = 50};

	kernel[1] = (struct fc_repeat){.turn = 3, .key = key, .count = 5, .last = 90};
	repeats_read(&r);
	assert_true(r.moving);
	repeats_add(&r, &key, &f);
	assert_int_equal(f.count, 10);
	assert_true(repeats_hold(&r, &key)); /* and any other */
	assert_true(repeats_hold(&r, &reused));
	kernel[1].turn = 4;
	repeats_read(&r);
	assert_false(r.moving);
	repeats_add(&r, &key, &f);
	assert_int_equal(f.count, 15);
	assert_false(repeats_hold(&r, &reused));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_over_processors),
		cmocka_unit_test(nothing_of_others),
		cmocka_unit_test(held_without_a_count),
		cmocka_unit_test(on_its_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
