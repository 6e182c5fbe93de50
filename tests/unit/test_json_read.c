/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/json_read.c user/json_scan.c user/json.c user/field.c user/when.c ; libs: */
/*
 * test_json_read.c - what is written is read again to the last field, and what
 * is no line of ours is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/counter.h"
#include "../../user/json.h"
#include "../../user/json_read.h"

static struct event e, back;
static char line[JSON_LINE_MAX], again[JSON_LINE_MAX];

/* Something in every field of the contract. */
static void fill(void)
{
	struct event_moved *m;
	struct event_holder *h;
	struct event_before *b;

	event_init(&e, EVENT_REFUSED);
	for (enum field f = FIELD_TIME; f < FIELDS; f++) {
		if (field_defs[f].type == TYPE_INT)
			event_int(&e, f, (f % 2 ? -1 : 1) * (1LL << 50) - f);
		else if (field_defs[f].type == TYPE_TIME)
			event_int(&e, f, 1795356192000000001LL + f);
		else if (field_defs[f].type == TYPE_BOOL)
			event_bool(&e, f, f % 3 == 0);
		else if (field_defs[f].type == TYPE_STR)
			event_fmt(&e, f, "%s \"\\\n\x01 \xc3\xa9", field_defs[f].key);
		else if (field_defs[f].type == TYPE_OBJECT)
			event_pair(&e, f, "one", f);
	}
	event_clear(&e, FIELD_LIMIT_UNLIMITED);
	event_clear(&e, FIELD_BARRIER_UNLIMITED);
	m = event_moved_add(&e);
	*m = (struct event_moved){.source = "cgroup2",
				  .owner = "cgroup:/a",
				  .resource = "memory.max",
				  .have = COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT,
				  .held = 5,
				  .limit = UINT64_MAX,
				  .failcnt = 7,
				  .delta = -2,
				  .before = 4097,
				  .relation = RELATION_RELATED};
	h = event_holder_add(&e);
	*h = (struct event_holder){.have = HOLDER_PID | HOLDER_UID | HOLDER_HELD | HOLDER_COUNT |
					   HOLDER_LAST_PID | HOLDER_DEAD,
				   .pid = 1,
				   .uid = 2,
				   .held = 3,
				   .count = 4,
				   .last_pid = 5,
				   .dead = true,
				   .comm = "c",
				   .kind = "k",
				   .cgroup = "/g",
				   .object = "o"};
	for (int i = 0; i < 2; i++) {
		*event_candidate_add(&e, FIELD_CANDIDATES) = (struct event_candidate){
			.pid = 9 - i, .comm = "big", .points = 100, .score_adj = -i, .held = 4096};
		*event_candidate_add(&e, FIELD_EXEMPTED) =
			(struct event_candidate){.pid = i, .comm = "safe", .held = 1};
	}
	b = event_before_add(&e);
	*b = (struct event_before){
		.resource = "as", .errno_name = "ENOMEM", .count = 37, .of_cgroup = true};
}

static size_t written(void)
{
	size_t n = json_event(&e, line, sizeof(line));

	assert_in_range(n, 2, sizeof(line));
	return n;
}

static void every_field(void **state)
{
	size_t n, m;

	(void)state;
	fill();
	n = written();
	assert_int_equal(json_read_event(&back, line, n), 0);
	assert_int_equal(back.kind, EVENT_REFUSED);
	for (enum field f = 0; f < FIELDS; f++)
		if (event_has(&e, f) != event_has(&back, f))
			fail_msg("%s is not read", field_defs[f].key);
	m = json_event(&back, again, sizeof(again));
	assert_int_equal(n, m);
	assert_memory_equal(line, again, n);
}

static void every_kind(void **state)
{
	(void)state;
	for (enum event_kind k = EVENT_NONE + 1; k < EVENT_KINDS; k++) {
		event_init(&e, k);
		assert_int_equal(json_read_event(&back, line, written()), 0);
		assert_int_equal(back.kind, k);
	}
}

static void unlimited(void **state)
{
	(void)state;
	event_init(&e, EVENT_ROW);
	event_u64(&e, FIELD_LIMIT, UINT64_MAX);
	assert_int_equal(json_read_event(&back, line, written()), 0);
	assert_false(event_has(&back, FIELD_LIMIT));
	assert_true(event_num(&back, FIELD_LIMIT_UNLIMITED));
}

static void cut(void **state)
{
	static char text[9000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_OBJECT, text);
	assert_int_equal(json_read_event(&back, line, written()), 0);
	assert_true(back.cut[FIELD_OBJECT / 64] >> FIELD_OBJECT % 64 & 1);
}

static int read_text(const char *s)
{
	return json_read_event(&back, s, strlen(s));
}

#define HEAD "{\"schema\":1,\"event\":\"refused\""

static void tolerated(void **state)
{
	(void)state;
	assert_int_equal(read_text(HEAD "}"), 0);
	assert_int_equal(read_text(" { \"event\" : \"killed\" , \"schema\" : 1 }\r\n"), 0);
	assert_int_equal(back.kind, EVENT_KILLED);
	/* keys of later versions, of any type */
	assert_int_equal(read_text(HEAD ",\"new\":[{\"a\":[1.5e3,null,\"x\\u0041\"]},{},[]],"
					"\"newer\":-0.1,\"pid\":7}"),
			 0);
	assert_int_equal(event_num(&back, FIELD_PID), 7);
	assert_int_equal(read_text(HEAD ",\"comm\":\"\\ud83d\\ude00\\t\\/\"}"), 0);
	assert_string_equal(event_text(&back, FIELD_COMM), "\xf0\x9f\x98\x80\t/");
}

static void refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"{",
		"{}",
		"[]",
		"null",
		"x",
		HEAD,
		HEAD "}x",
		HEAD ",}",
		HEAD ",\"pid\":\"7\"}",
		HEAD ",\"pid\":7.5}",
		HEAD ",\"pid\":07}",
		HEAD ",\"pid\":}",
		HEAD ",\"pid\":99999999999999999999}",
		HEAD ",\"comm\":7}",
		HEAD ",\"comm\":\"\\x\"}",
		HEAD ",\"comm\":\"\\u00\"}",
		HEAD ",\"comm\":\"\\ud83d\"}",
		HEAD ",\"comm\":\"\\u0000\"}",
		HEAD ",\"comm\":\"a\nb\"}",
		HEAD ",\"comm\":\"a}",
		HEAD ",\"time\":\"yesterday\"}",
		HEAD ",\"certain\":1}",
		HEAD ",\"failcnt\":{}}",
		HEAD ",\"failcnt\":[1]}",
		HEAD ",\"totals\":[]}",
		HEAD ",\"new\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}",
		"{\"event\":\"refused\"}",
		"{\"schema\":1}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (read_text(wrong[i]) != -EBADMSG)
			fail_msg("taken: %s", wrong[i]);
	assert_int_equal(read_text("{\"schema\":2,\"event\":\"refused\"}"), -EPROTO);
	assert_int_equal(read_text("{\"schema\":1,\"event\":\"dreamt\"}"), -ENOMSG);
}

/* No byte behind the end is read: the sanitizer sees it. */
static void every_prefix(void **state)
{
	size_t n;

	(void)state;
	fill();
	n = written();
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '}'))
		n--;
	for (size_t i = 0; i <= n; i++) {
		char *copy = malloc(i ? i : 1);

		assert_non_null(copy);
		memcpy(copy, line, i);
		assert_int_not_equal(json_read_event(&back, copy, i), 0);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field),  cmocka_unit_test(every_kind),
		cmocka_unit_test(unlimited),    cmocka_unit_test(cut),
		cmocka_unit_test(tolerated),    cmocka_unit_test(refused),
		cmocka_unit_test(every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
