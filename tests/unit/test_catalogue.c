/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/catalogue.c ; libs: */
/*
 * test_catalogue.c - every row of the catalogue is complete and found again by
 * its id, and names never come out wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/syscall.h>

#include "../../user/catalogue.h"

static void rows(void **state _unused_)
{
	assert_null(catalogue_get(FC_RESOURCE_NONE));
	assert_null(catalogue_get(FC_RESOURCES));
	assert_null(catalogue_get(UINT32_MAX));
	for (unsigned int i = 1; i < FC_RESOURCES; i++) {
		const struct resource *r = catalogue_get(i);

		assert_non_null(r);
		assert_true(r->id[0] && r->limit_name[0] && r->measure[0]);
		assert_non_null(r->own);
		assert_non_null(r->related);
		assert_int_equal(catalogue_by_id(r->id), i);
	}
	assert_int_equal(catalogue_by_id("nofile"), FC_NOFILE);
	assert_int_equal(catalogue_by_id("nofil"), FC_RESOURCE_NONE);
	assert_int_equal(catalogue_by_id(""), FC_RESOURCE_NONE);
}

static void relations(void **state _unused_)
{
	assert_int_equal(catalogue_relation(FC_NOFILE, "numfile"), RELATION_OWN);
	assert_int_equal(catalogue_relation(FC_NOFILE, "nofile"), RELATION_OWN);
	assert_int_equal(catalogue_relation(FC_NR_OPEN, "nofile"), RELATION_RELATED);
	assert_int_equal(catalogue_relation(FC_MEMORY, "oomguarpages"), RELATION_OWN);
	assert_int_equal(catalogue_relation(FC_MEMORY, "memory"), RELATION_RELATED);
	assert_int_equal(catalogue_relation(FC_MEMORY, "swappages"), RELATION_RELATED);
	assert_int_equal(catalogue_relation(FC_MEMORY, "memory.oo"), RELATION_COINCIDENT);
	assert_int_equal(catalogue_relation(FC_MEMORY, ""), RELATION_COINCIDENT);
	assert_int_equal(catalogue_relation(FC_MEMORY, "memory memsw"), RELATION_COINCIDENT);
	assert_int_equal(catalogue_relation(FC_RESOURCES, "numfile"), RELATION_COINCIDENT);
}

static void errnos(void **state _unused_)
{
	assert_string_equal(catalogue_errno(EMFILE), "EMFILE");
	assert_string_equal(catalogue_errno(ENOSPC), "ENOSPC");
	assert_null(catalogue_errno(0));
	assert_null(catalogue_errno(-EMFILE));
	assert_null(catalogue_errno(4095));
	assert_int_equal(catalogue_errno_by_name("ENFILE"), ENFILE);
	assert_int_equal(catalogue_errno_by_name("EWOULDBLOCK"), EAGAIN);
	assert_int_equal(catalogue_errno_by_name("ENOTSUP"), EOPNOTSUPP);
	assert_int_equal(catalogue_errno_by_name("enfile"), 0);
	assert_int_equal(catalogue_errno_by_name("E"), 0);
	assert_int_equal(catalogue_errno_by_name("0"), 0);
	for (int e = 1; e < 134; e++) {
		if (catalogue_errno(e))
			assert_int_equal(catalogue_errno_by_name(catalogue_errno(e)), e);
	}
}

static void calls(void **state _unused_)
{
	assert_string_equal(catalogue_syscall(SYS_openat, false), "openat");
	assert_string_equal(catalogue_syscall(SYS_accept4, false), "accept4");
	assert_string_equal(catalogue_syscall(SYS_semget, false), "semget");
	assert_string_equal(catalogue_syscall(SYS_recvmsg, false), "recvmsg");
#ifdef SYS_read
	assert_string_equal(catalogue_syscall(SYS_read, false), "read");
#endif
	assert_null(catalogue_syscall(-1, false));
	assert_null(catalogue_syscall(-1, true));
	assert_null(catalogue_syscall(0, true));
	assert_null(catalogue_syscall(SYS_getpid, false));
	assert_null(catalogue_syscall(INT32_MAX, false));
	assert_null(catalogue_syscall(INT32_MAX, true));
	assert_string_equal(catalogue_syscall(5, true), "open");
	assert_string_equal(catalogue_syscall(437, true), "openat2");
#ifdef __x86_64__
	assert_string_equal(catalogue_syscall(2, false), "open");
	assert_string_equal(catalogue_syscall(117, true), "ipc");
	assert_string_equal(catalogue_syscall(102, true), "socketcall");
	assert_string_equal(catalogue_syscall(295, true), "openat");
	assert_string_equal(catalogue_syscall(393, true), "semget");
	assert_null(catalogue_syscall(299, true));
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(relations),
		cmocka_unit_test(errnos),
		cmocka_unit_test(calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
