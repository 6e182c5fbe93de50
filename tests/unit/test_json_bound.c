/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/json.c user/field.c ; libs: -ljson-c */
/*
 * test_json_bound.c - the longest line: what is cut where not all fits, and that it is said.
 */
#include "json_fixture.h"

/* A line may be exactly as long as the bound; with one byte more something is cut and named. */
static void boundary(void **state _unused_)
{
	static const char *const units[] = {"x", "\"", "\x01", "\xff", "\xe2\x82\xac"};
	static char text[JSON_LINE_MAX * 3];
	size_t bare;

	event_init(&e, EVENT_REFUSED);
	event_static(&e, FIELD_EXE, "?");
	json_object_put(written());
	bare = line_len - 1;
	for (size_t n = JSON_LINE_MAX - bare - 3; n < JSON_LINE_MAX - bare + 4; n++) {
		json_object *o;

		memset(text, 'x', n);
		text[n] = '\0';
		event_static(&e, FIELD_EXE, text);
		o = written();
		assert_int_equal(truncated(o, "exe"), n > JSON_LINE_MAX - bare);
		if (n <= JSON_LINE_MAX - bare)
			assert_int_equal(line_len, bare + n);
		json_object_put(o);
	}
	for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
		json_object *o;

		text[0] = '\0';
		for (size_t i = 0; i < JSON_LINE_MAX / strlen(units[u]); i++)
			strcat(text + i * strlen(units[u]), units[u]);
		o = written();
		assert_true(truncated(o, "exe"));
		assert_true(line_len > JSON_LINE_MAX - 16); /* no room is wasted */
		json_object_put(o);
	}
}

static void longest_first(void **state _unused_)
{
	static char exe[6000], says[3000], fix[6000];
	json_object *o;

	memset(exe, 'e', sizeof(exe) - 1);
	memset(says, 's', sizeof(says) - 1);
	memset(fix, 'f', sizeof(fix) - 1);
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_COMM, "nginx");
	event_str(&e, FIELD_EXE, exe);
	event_str(&e, FIELD_SAYS, says);
	o = written();
	assert_true(truncated(o, "exe"));
	assert_false(truncated(o, "says"));
	assert_string_equal(text_of(o, "comm"), "nginx");
	json_object_put(o);
	event_str(&e, FIELD_FIX, fix);
	o = written();
	assert_true(truncated(o, "fix")); /* a command is whole or absent */
	assert_null(json_object_object_get(o, "fix"));
	json_object_put(o);
}

/* Every field at once, as long as can be: there is always a line that fits. */
static void everything(void **state _unused_)
{
	static char text[JSON_LINE_MAX];

	for (size_t n = 1; n < sizeof(text); n += 1 + n / 4) {
		memset(text, n % 2 ? '\xff' : 'x', n);
		text[n] = '\0';
		event_init(&e, EVENT_KILLED);
		for (int f = FIELD_EVENT + 1; f < FIELDS; f++) {
			if (field_defs[f].type == TYPE_STR)
				event_static(&e, f, text);
			else if (field_defs[f].type == TYPE_BOOL)
				event_bool(&e, f, false);
			else if (field_defs[f].type == TYPE_INT || field_defs[f].type == TYPE_TIME)
				event_int(&e, f, -((int64_t)1 << 53));
			event_cut(&e, f);
		}
		for (int i = 0; i < EVENT_PAIR_MAX; i++)
			event_pair(&e, i % 2 ? FIELD_TOTALS : FIELD_BACKENDS,
				   &"a_rather_long_key_"[i], -((int64_t)1 << 53));
		for (int i = 0; i < EVENT_MOVED_MAX; i++)
			*event_moved_add(&e) = (struct event_moved){.source = text,
								    .owner = text,
								    .resource = text,
								    .have = ~0u,
								    .held = (uint64_t)1 << 53,
								    .limit = UINT64_MAX,
								    .failcnt = UINT64_MAX,
								    .delta = INT64_MIN};
		for (int i = 0; i < EVENT_HOLDER_MAX; i++)
			*event_holder_add(&e) = (struct event_holder){.have = ~0u,
								      .pid = INT64_MIN,
								      .held = (int64_t)1 << 53,
								      .comm = text,
								      .kind = text,
								      .cgroup = text,
								      .object = text};
		json_object_put(written());
	}
	assert_int_equal(json_event(&e, line, 1), 0);
	assert_int_equal(json_event(&e, line, 100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boundary),
		cmocka_unit_test(longest_first),
		cmocka_unit_test(everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
