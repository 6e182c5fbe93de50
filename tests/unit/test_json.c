/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/json.c user/field.c ; libs: -ljson-c */
/*
 * test_json.c - the writer against a reader that is not ours: whatever bytes
 * and sizes go in, a line of valid JSON within the bound comes out, and says
 * what was put in.
 */
#include "json_fixture.h"

/* What a text must read as, worked out another way than the writer does: byte by byte. */
static void expect_text(const char *in, char *out)
{
	size_t n = strlen(in);
	uint32_t code;

	while (n > 0) {
		size_t len = utf8_next(in, n, &code);

		if (len == 0) {
			out += sprintf(out, "\\x%02x", (unsigned char)*in);
			len = 1;
		} else {
			memcpy(out, in, len);
			out += len;
		}
		in += len;
		n -= len;
	}
	*out = '\0';
}

static void check_text(const char *in)
{
	char want[2048];
	json_object *o;

	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_COMM, in);
	o = written();
	expect_text(in, want);
	if (*in)
		assert_string_equal(text_of(o, "comm"), want);
	for (size_t i = 0; i + 1 < line_len; i++)
		assert_true((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
	json_object_put(o);
}

/* Each kind of byte that is no UTF-8, spelled out so that utf8_next() itself is under test. */
static void bad_bytes(void **state _unused_)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"a\\b\"c", "\"a\\\\b\\\"c\""},
		{"a\nb\t\x1b[0m\x7f", "\"a\\u000ab\\u0009\\u001b[0m\\u007f\""},
		{"\xc2\x9b"
		 "1m",
		 "\"\\u009b1m\""},                  /* C1: CSI */
		{"\x80", "\"\\\\x80\""},            /* stray */
		{"\xc0\xaf", "\"\\\\xc0\\\\xaf\""}, /* overlong '/' */
		{"\xc1\xbf", "\"\\\\xc1\\\\xbf\""},
		{"\xe0\x9f\xbf", "\"\\\\xe0\\\\x9f\\\\xbf\""},
		{"\xf0\x8f\xbf\xbf", "\"\\\\xf0\\\\x8f\\\\xbf\\\\xbf\""},
		{"\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\""}, /* surrogate */
		{"\xed\x9f\xbf", "\"\xed\x9f\xbf\""},
		{"\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""}, /* U+10FFFF */
		{"\xf4\x90\x80\x80", "\"\\\\xf4\\\\x90\\\\x80\\\\x80\""},
		{"\xf8\x88\x80\x80\x80", "\"\\\\xf8\\\\x88\\\\x80\\\\x80\\\\x80\""},
		{"\xff\xfe", "\"\\\\xff\\\\xfe\""},
		{"\xe2\x82", "\"\\\\xe2\\\\x82\""}, /* cut off */
		{"\xe2\x82"
		 "a",
		 "\"\\\\xe2\\\\x82a\""},
		{"\xef\xbf\xbd", "\"\xef\xbf\xbd\""}, /* somebody's own U+FFFD */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *at;

		check_text(cases[i].in);
		at = strstr(line, "\"comm\":");
		assert_non_null(at);
		assert_memory_equal(at + 7, cases[i].want, strlen(cases[i].want));
	}
}

static void random_bytes(void **state _unused_)
{
	/* Bytes that begin and continue sequences, more often than chance would have them. */
	static const unsigned char often[] = {0xc2, 0xe2, 0xed, 0xf0, 0xf4, 0x80, 0x9f,
					      0xbf, 0x82, '"',  '\\', 'x',  0x1b};
	char in[256];

	srandom(20261122);
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)random() % (sizeof(in) - 1);

		for (size_t i = 0; i < n; i++)
			in[i] = (char)(random() % 2 ? often[(size_t)random() % sizeof(often)]
						    : random() % 255 + 1);
		in[n] = '\0';
		check_text(in);
	}
}

static void every_byte(void **state _unused_)
{
	for (int a = 1; a < 256; a++)
		for (int b = 1; b < 256; b++)
			check_text((char[]){(char)a, (char)b, '\0'});
}

static void types(void **state _unused_)
{
	json_object *o;

	event_init(&e, EVENT_REFUSED);
	event_int(&e, FIELD_PID, 4711);
	event_int(&e, FIELD_OOM_SCORE_ADJ, -1000);
	event_int(&e, FIELD_TIME, 1763789593000000007);
	event_int(&e, FIELD_FIRST, -1);
	event_int(&e, FIELD_LAST, INT64_MIN);
	event_u64(&e, FIELD_HELD, (uint64_t)1 << 53);
	event_u64(&e, FIELD_LIMIT, UINT64_MAX);
	event_bool(&e, FIELD_CERTAIN, false);
	o = written();
	assert_string_equal(text_of(o, "event"), "refused");
	assert_string_equal(text_of(o, "time"), "2025-11-22T05:33:13.000000007Z");
	assert_string_equal(text_of(o, "first"), "1969-12-31T23:59:59.999999999Z");
	assert_string_equal(text_of(o, "last"), "1677-09-21T00:12:43.145224192Z");
	assert_non_null(strstr(line, "\"schema\":1,"));
	assert_non_null(strstr(line, "\"pid\":4711,"));
	assert_non_null(strstr(line, "\"oom_score_adj\":-1000"));
	assert_non_null(strstr(line, "\"held\":9007199254740992,"));
	assert_non_null(strstr(line, "\"limit\":null,\"limit_unlimited\":true"));
	assert_non_null(strstr(line, "\"certain\":false"));
	assert_null(json_object_object_get(o, "uid"));
	assert_false(json_object_object_get_ex(o, "truncated", NULL));
	json_object_put(o);
}

static void rows(void **state _unused_)
{
	struct event_moved *m;
	json_object *o;

	event_init(&e, EVENT_COUNTED);
	m = event_moved_add(&e);
	*m = (struct event_moved){.source = "ubc",
				  .owner = "ct:101",
				  .resource = "numfile",
				  .have = COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT,
				  .held = 5,
				  .limit = 6,
				  .failcnt = 7,
				  .delta = 2,
				  .relation = RELATION_OWN};
	m = event_moved_add(&e);
	*m = (struct event_moved){.source = "cgroup2",
				  .owner = "cgroup:/a\"b",
				  .resource = "memory",
				  .have = COUNTER_LIMIT,
				  .limit = UINT64_MAX,
				  .delta = 1,
				  .relation = RELATION_RELATED};
	event_pair(&e, FIELD_TOTALS, "refused", 3);
	event_pair(&e, FIELD_BACKENDS, "fexit", 4);
	event_pair(&e, FIELD_TOTALS, "killed", 0);
	o = written();
	assert_non_null(strstr(line, "\"backends\":{\"fexit\":4},"
				     "\"totals\":{\"refused\":3,\"killed\":0}"));
	assert_non_null(strstr(line, "\"failcnt\":[{\"source\":\"ubc\",\"owner\":\"ct:101\","
				     "\"resource\":\"numfile\",\"held\":5,\"limit\":6,"
				     "\"failcnt\":7,\"delta\":2,\"relation\":\"own\"},"
				     "{\"source\":\"cgroup2\",\"owner\":\"cgroup:/a\\\"b\","
				     "\"resource\":\"memory\",\"limit\":null,"
				     "\"limit_unlimited\":true,"
				     "\"delta\":1,\"relation\":\"related\"}]"));
	json_object_put(o);
	while (event_moved_add(&e))
		;
	event_cut(&e, FIELD_CGROUP);
	o = written();
	assert_true(truncated(o, "failcnt"));
	assert_true(truncated(o, "cgroup"));
	json_object_put(o);
}

/* Who holds it: what is unknown is absent; the top stays where not all fit, and that is said. */
static void holders(void **state _unused_)
{
	static char text[900];
	json_object *o, *a;

	event_init(&e, EVENT_FOLLOWUP);
	*event_holder_add(&e) = (struct event_holder){
		.have = HOLDER_PID | HOLDER_HELD,
		.pid = 812,
		.held = 29000,
		.comm = "nginx",
		.kind = "TCP sockets in CLOSE_WAIT",
		.object = "",
	};
	*event_holder_add(&e) = (struct event_holder){
		.have = HOLDER_UID | HOLDER_COUNT | HOLDER_LAST_PID | HOLDER_DEAD,
		.uid = 0,
		.count = 3,
		.last_pid = 77,
		.dead = true,
		.cgroup = "/a",
	};
	event_holder_add(&e);
	event_bool(&e, FIELD_HOLDERS_INCOMPLETE, true);
	o = written();
	assert_string_equal(
		json_object_to_json_string_ext(json_object_object_get(o, "holders"),
					       JSON_C_TO_STRING_PLAIN |
						       JSON_C_TO_STRING_NOSLASHESCAPE),
		"[{\"pid\":812,\"comm\":\"nginx\",\"kind\":\"TCP sockets in "
		"CLOSE_WAIT\",\"held\":29000},"
		"{\"uid\":0,\"cgroup\":\"/a\",\"count\":3,\"last_pid\":77,\"dead\":true},{}]");
	assert_false(truncated(o, "holders"));
	json_object_put(o);
	memset(text, 'x', sizeof(text) - 1);
	event_init(&e, EVENT_FOLLOWUP);
	for (int i = 0; i < EVENT_HOLDER_MAX; i++)
		*event_holder_add(&e) = (struct event_holder){
			.have = HOLDER_PID, .pid = i, .comm = text, .object = text};
	o = written();
	a = json_object_object_get(o, "holders");
	assert_true(truncated(o, "holders"));
	assert_true(json_object_array_length(a) > 0);
	assert_int_equal(
		json_object_get_int(json_object_object_get(json_object_array_get_idx(a, 0), "pid")),
		0);
	json_object_put(o);
	event_init(&e, EVENT_FOLLOWUP);
	while (event_holder_add(&e))
		;
	o = written();
	assert_true(truncated(o, "holders"));
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_bytes),  cmocka_unit_test(random_bytes),
		cmocka_unit_test(every_byte), cmocka_unit_test(types),
		cmocka_unit_test(rows),       cmocka_unit_test(holders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
