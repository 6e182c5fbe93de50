// SPDX-License-Identifier: GPL-2.0-only
/* Which types of a kernel are picked out for libbpf, and that they are as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "types.h"

/* A kernel: struct task { struct part p; struct other *o; u32 a[4]; union { u32 b; }; state s; } */
static struct btf *kernel(void)
{
	struct btf *b = btf__new_empty();
	int u32 = btf__add_int(b, "unsigned int", 4, 0), other, ptr, part, array, either, state;

	other = btf__add_struct(b, "other", 4);
	btf__add_field(b, "x", u32, 0, 0);
	ptr = btf__add_ptr(b, other);
	part = btf__add_struct(b, "part", 16);
	btf__add_field(b, "n", u32, 0, 0);
	btf__add_field(b, "next", ptr, 64, 0);
	array = btf__add_array(b, u32, u32, 4);
	either = btf__add_union(b, NULL, 4);
	btf__add_field(b, "b", u32, 0, 0);
	state = btf__add_enum(b, "state", 4);
	btf__add_enum_value(b, "RUNNING", 7);
	state = btf__add_const(b, btf__add_typedef(b, "state_t", state));
	btf__add_struct(b, "task", 56);
	btf__add_field(b, "p", part, 0, 0);
	btf__add_field(b, "o", ptr, 128, 0);
	btf__add_field(b, "a", array, 192, 0);
	btf__add_field(b, NULL, either, 320, 0);
	btf__add_field(b, "s", state, 352, 0);
	btf__add_struct(b, "nobody", 4);
	btf__add_field(b, "x", u32, 0, 0);
	return b;
}

/* What a program names: a form of the task, an enumeration, and what only a module has. */
static struct btf *ours(void)
{
	struct btf *b = btf__new_empty();

	btf__add_struct(b, "task___old", 0);
	btf__add_struct(b, "of_module", 0);
	btf__add_enum(b, "state", 4);
	return b;
}

static const struct btf_type *find(const struct btf *b, const char *name, uint32_t kind)
{
	int id = btf__find_by_name_kind(b, name, kind);

	return id > 0 ? btf__type_by_id(b, id) : NULL;
}

static uint32_t count(const struct btf *b, const char *name)
{
	uint32_t n = 0;

	for (uint32_t id = 1; id < btf__type_cnt(b); id++)
		n += !strcmp(btf__name_by_offset(b, btf__type_by_id(b, id)->name_off), name);
	return n;
}

static void named_types_are_whole(void **state)
{
	struct btf *k = kernel(), *o = ours(), *picked = NULL;
	static const uint32_t at[] = {0, 128, 192, 320, 352};
	static const int sizes[] = {16, 8, 16, 4, 4};
	const struct btf_type *t;

	(void)state;
	assert_int_equal(types_pick(&picked, o, &k, 1), 0);
	t = find(picked, "task", BTF_KIND_STRUCT);
	assert_non_null(t);
	assert_int_equal(t->size, 56);
	assert_int_equal(btf_vlen(t), 5);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(btf_members(t)[i].offset, at[i]);
		assert_int_equal(btf__resolve_size(picked, btf_members(t)[i].type), sizes[i]);
	}
	assert_string_equal(btf__name_by_offset(picked, btf_members(t)[2].name_off), "a");
	t = find(picked, "state", BTF_KIND_ENUM);
	assert_non_null(t);
	assert_int_equal(btf_enum(t)[0].val, 7);
	btf__free(picked);
	btf__free(o);
	btf__free(k);
}

static void nothing_else_is_picked(void **state)
{
	struct btf *k = kernel(), *o = ours(), *picked = NULL;
	const struct btf_type *t;

	(void)state;
	assert_int_equal(types_pick(&picked, o, &k, 1), 0);
	assert_int_equal(count(picked, "nobody"), 0);
	assert_int_equal(count(picked, "other"), 0); /* a pointer is no part */
	assert_int_equal(count(picked, "part"), 1);
	t = find(picked, "task", BTF_KIND_STRUCT);
	t = btf__type_by_id(picked, btf_members(t)[1].type);
	assert_true(btf_is_ptr(t));
	assert_int_equal(t->type, 0);
	btf__free(picked);
	btf__free(o);
	btf__free(k);
}

static void modules_add_what_the_kernel_lacks(void **state)
{
	struct btf *k = kernel(), *o = ours(), *picked = NULL;
	struct btf *from[2] = {k, btf__new_empty_split(k)};
	const struct btf_type *t;

	(void)state;
	btf__add_struct(from[1], "task", 8);
	btf__add_struct(from[1], "of_module", 16);
	btf__add_field(from[1], "p", btf__find_by_name_kind(k, "part", BTF_KIND_STRUCT), 0, 0);
	assert_int_equal(types_pick(&picked, o, from, 2), 0);
	t = find(picked, "of_module", BTF_KIND_STRUCT);
	assert_non_null(t);
	assert_int_equal(btf__resolve_size(picked, btf_members(t)[0].type), 16);
	assert_int_equal(count(picked, "task"), 1);
	assert_int_equal(find(picked, "task", BTF_KIND_STRUCT)->size, 56);
	assert_int_equal(count(picked, "part"), 1);
	btf__free(picked);
	btf__free(o);
	btf__free(from[1]);
	btf__free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_types_are_whole),
		cmocka_unit_test(nothing_else_is_picked),
		cmocka_unit_test(modules_add_what_the_kernel_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
