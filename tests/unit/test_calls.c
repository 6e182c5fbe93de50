/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_calls.c - with which errnos the program at sys_exit looks closer, by the number of the call:
 * too few would lose refusals, too many cost every read() that finds nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/syscall.h>

#include "../../user/calls.h"

static struct calls calls;

static bool looks(int nr, int err)
{
	return calls.by_nr[nr] & FC_ERRNO(err);
}

static int fill(void **state _unused_)
{
	calls_fill(&calls);
	return 0;
}

/* Whatever the call: descriptors, files, memory of a cgroup. */
static void for_every_call(void **state _unused_)
{
	for (int nr = 0; nr < FC_CALL_NUMBERS; nr++) {
		assert_true(looks(nr, EMFILE));
		assert_true(looks(nr, ENFILE));
		assert_true(looks(nr, ENOMEM));
		assert_true(looks(nr, ENOBUFS));
	}
}

static void nothing_else_of_others(void **state _unused_)
{
	assert_false(looks(SYS_read, EAGAIN));
	assert_false(looks(SYS_futex, EAGAIN));
	assert_false(looks(SYS_readlinkat, EINVAL));
	assert_false(looks(SYS_getppid, EPERM));
}

/* All that calls.def says, of either table. */
static void all_of_calls_def(void **state _unused_)
{
	for (int compat = 0; compat < 2; compat++)
		for (int nr = 0; nr < FC_CALL_NUMBERS; nr++) {
			uint64_t errnos = calls.errnos[calls.of[compat][nr]];

			assert_true((calls.by_nr[nr] & errnos) == errnos);
		}
	assert_true(looks(SYS_clone, EAGAIN));
	assert_true(looks(SYS_semget, EINVAL));
	assert_true(looks(SYS_semget, ENOSPC));
	assert_true(looks(SYS_mmap, EPERM));
	assert_true(looks(SYS_write, EDQUOT));
}

/* What the program looks at first: no more than is in calls.def, and no less. */
static void our_errnos(void **state _unused_)
{
	uint64_t all = 0;

	for (int nr = 0; nr < FC_CALL_NUMBERS; nr++)
		all |= calls.by_nr[nr];
	assert_int_equal(all, FC_OUR_ERRNOS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_every_call),
		cmocka_unit_test(nothing_else_of_others),
		cmocka_unit_test(all_of_calls_def),
		cmocka_unit_test(our_errnos),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
