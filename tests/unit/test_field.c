/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/field.c ; libs: */
/*
 * test_field.c - what is set is there, what nobody can state is absent, and
 * what does not fit is marked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/field.h"

static struct event e;

static bool is_cut(enum field f)
{
	return e.cut[f / 64] >> f % 64 & 1;
}

static void keys(void **state _unused_)
{
	assert_int_equal(field_by_key("schema"), FIELD_SCHEMA);
	assert_int_equal(field_by_key("truncated"), FIELD_TRUNCATED);
	assert_int_equal(field_by_key("failcnt"), FIELD_FAILCNT);
	assert_int_equal(field_by_key(""), -1);
	assert_int_equal(field_by_key("nofile"), -1);
	for (int f = 0; f < FIELDS; f++)
		assert_int_equal(field_by_key(field_defs[f].key), f); /* no key twice */
	for (int k = EVENT_NONE; k < EVENT_KINDS; k++)
		assert_non_null(event_kind_name(k));
	assert_string_equal(event_kind_name(EVENT_KINDS), "");
	assert_string_equal(event_kind_name(-1), "");
	assert_string_equal(relation_name(RELATION_COINCIDENT), "coincident");
	assert_string_equal(relation_name(99), "");
}

static void empty(void **state _unused_)
{
	memset(&e, 0xaa, sizeof(e));
	event_init(&e, EVENT_REFUSED);
	for (int f = 0; f < FIELDS; f++) {
		assert_int_equal(event_has(&e, f), f == FIELD_SCHEMA || f == FIELD_EVENT);
		assert_false(is_cut(f));
	}
	assert_int_equal(event_num(&e, FIELD_SCHEMA), 1);
	assert_string_equal(event_text(&e, FIELD_EVENT), "refused");
	assert_string_equal(event_text(&e, FIELD_COMM), "");
	assert_int_equal(event_num(&e, FIELD_PID), 0);
	assert_int_equal(e.n_moved + e.n_pairs + e.pool_used, 0);
}

static void numbers(void **state _unused_)
{
	const int64_t exact = (int64_t)1 << 53;

	event_init(&e, EVENT_REFUSED);
	event_int(&e, FIELD_OOM_SCORE_ADJ, -1000);
	assert_int_equal(event_num(&e, FIELD_OOM_SCORE_ADJ), -1000);
	event_int(&e, FIELD_HELD, exact);
	assert_true(event_has(&e, FIELD_HELD));
	event_int(&e, FIELD_HELD, exact + 1);
	assert_false(event_has(&e, FIELD_HELD));
	event_int(&e, FIELD_HELD, -exact - 1);
	assert_false(event_has(&e, FIELD_HELD));
	event_int(&e, FIELD_TIME, INT64_MAX); /* a time is a string: it has no such bound */
	assert_true(event_has(&e, FIELD_TIME));
	event_u64(&e, FIELD_HELD, (uint64_t)exact + 1);
	assert_false(event_has(&e, FIELD_HELD));
	event_u64(&e, FIELD_HELD, UINT64_MAX);
	assert_false(event_has(&e, FIELD_HELD));
	event_bool(&e, FIELD_CERTAIN, false);
	assert_true(event_has(&e, FIELD_CERTAIN));
	event_clear(&e, FIELD_CERTAIN);
	assert_false(event_has(&e, FIELD_CERTAIN));
}

static void limits(void **state _unused_)
{
	event_init(&e, EVENT_ROW);
	event_u64(&e, FIELD_LIMIT, UINT64_MAX);
	assert_false(event_has(&e, FIELD_LIMIT));
	assert_true(event_num(&e, FIELD_LIMIT_UNLIMITED));
	event_u64(&e, FIELD_LIMIT, 0);
	assert_true(event_has(&e, FIELD_LIMIT));
	assert_false(event_has(&e, FIELD_LIMIT_UNLIMITED));
	event_u64(&e, FIELD_LIMIT, UINT64_MAX - 1);
	assert_false(event_has(&e, FIELD_LIMIT));
	assert_false(event_has(&e, FIELD_LIMIT_UNLIMITED));
	event_u64(&e, FIELD_BARRIER, UINT64_MAX);
	assert_true(event_num(&e, FIELD_BARRIER_UNLIMITED));
	assert_false(event_has(&e, FIELD_LIMIT_UNLIMITED));
}

static void texts(void **state _unused_)
{
	static const char bytes[] = {'a', 'b', '\0', 'c'};

	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_COMM, NULL);
	assert_false(event_has(&e, FIELD_COMM));
	event_str(&e, FIELD_COMM, "");
	assert_false(event_has(&e, FIELD_COMM));
	event_strn(&e, FIELD_COMM, bytes, sizeof(bytes));
	assert_string_equal(event_text(&e, FIELD_COMM), "ab");
	event_strn(&e, FIELD_EXE, "abc", 2);
	assert_string_equal(event_text(&e, FIELD_EXE), "ab");
	event_static(&e, FIELD_CAUSE, "signal");
	assert_string_equal(event_text(&e, FIELD_CAUSE), "signal");
	event_fmt(&e, FIELD_NAMESPACE, "ipc:[%u]", 4026532201u);
	assert_string_equal(event_text(&e, FIELD_NAMESPACE), "ipc:[4026532201]");
	event_fmt(&e, FIELD_NAMESPACE, "%s", "");
	assert_false(event_has(&e, FIELD_NAMESPACE));
	event_fmt(&e, FIELD_SAYS, "%s, %s", event_text(&e, FIELD_COMM), event_text(&e, FIELD_EXE));
	assert_string_equal(event_text(&e, FIELD_SAYS), "ab, ab"); /* reads the pool it writes */
	assert_string_equal(event_keep(&e, "kept"), "kept");
	assert_string_equal(event_keep(&e, NULL), "");
}

/* The pool may be filled to its last byte, with any setter, at any boundary. */
static void full_pool(void **state _unused_)
{
	char big[EVENT_POOL + 8];

	for (size_t left = 0; left < 6; left++) {
		event_init(&e, EVENT_REFUSED);
		memset(big, 'x', sizeof(big));
		big[EVENT_POOL - 1 - left] = '\0';
		event_str(&e, FIELD_EXE, big);
		assert_false(is_cut(FIELD_EXE));
		event_str(&e, FIELD_OBJECT, "\xe2\x82\xac\xe2\x82\xac"); /* two euro signs */
		assert_true(is_cut(FIELD_OBJECT));
		assert_string_equal(event_text(&e, FIELD_OBJECT), left >= 4 ? "\xe2\x82\xac" : "");
		event_fmt(&e, FIELD_SAYS, "%s", "more than is left");
		assert_true(is_cut(FIELD_SAYS));
		event_fmt(&e, FIELD_FIX, "prlimit --pid %d", 1);
		assert_true(is_cut(FIELD_FIX));
		assert_false(event_has(&e, FIELD_FIX)); /* never half a command */
		assert_string_equal(event_keep(&e, "more than is left"), "");
		assert_true(e.pool_used <= EVENT_POOL);
	}
	event_init(&e, EVENT_REFUSED);
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	event_str(&e, FIELD_EXE, big);
	assert_true(is_cut(FIELD_EXE));
	assert_int_equal(strlen(event_text(&e, FIELD_EXE)), EVENT_POOL - 1);
	event_str(&e, FIELD_COMM, "a");
	assert_true(is_cut(FIELD_COMM));
	assert_false(event_has(&e, FIELD_COMM));
	assert_string_equal(event_keep(&e, "a"), "");
	event_clear(&e, FIELD_COMM);
	assert_false(is_cut(FIELD_COMM));
}

static void tables(void **state _unused_)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
					    "j", "k", "l", "m", "n", "o", "p", "q"};

	event_init(&e, EVENT_STARTED);
	for (int i = 0; i < EVENT_MOVED_MAX; i++) {
		struct event_moved *m = event_moved_add(&e);

		assert_non_null(m);
		assert_null(m->source);
		memset(m, 0xaa, sizeof(*m));
	}
	assert_false(is_cut(FIELD_FAILCNT));
	assert_null(event_moved_add(&e));
	assert_null(event_moved_add(&e));
	assert_int_equal(e.moved_left_out, 2);
	assert_true(is_cut(FIELD_FAILCNT));
	for (size_t i = 0; i < EVENT_PAIR_MAX; i++)
		event_pair(&e, FIELD_BACKENDS, names[i], (int64_t)i);
	event_pair(&e, FIELD_BACKENDS, "c", 77); /* said again: replaced */
	assert_int_equal(e.n_pairs, EVENT_PAIR_MAX);
	assert_int_equal(e.pairs[2].value, 77);
	assert_false(is_cut(FIELD_BACKENDS));
	event_pair(&e, FIELD_BACKENDS, names[EVENT_PAIR_MAX], 1);
	assert_int_equal(e.n_pairs, EVENT_PAIR_MAX);
	assert_true(is_cut(FIELD_BACKENDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),   cmocka_unit_test(empty), cmocka_unit_test(numbers),
		cmocka_unit_test(limits), cmocka_unit_test(texts), cmocka_unit_test(full_pool),
		cmocka_unit_test(tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
