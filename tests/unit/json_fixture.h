/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_fixture.h - what the tests of the writer share: an event, the line that is written of it,
 * and what a reader that is not ours finds in there.
 */
#ifndef JSON_FIXTURE_H
#define JSON_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "../../user/counter.h"
#include "../../user/json.h"
#include "../../user/utf8.h"

static struct event e;
static char line[JSON_LINE_MAX + 16];
static size_t line_len;

/* Writes e and reads it again with json-c, strictly; the caller puts it. */
static json_object *written(void)
{
	json_tokener *tok = json_tokener_new();
	json_object *o;

	memset(line, 0x7e, sizeof(line));
	line_len = json_event(&e, line, JSON_LINE_MAX);
	assert_in_range(line_len, 3, JSON_LINE_MAX);
	assert_int_equal(line[JSON_LINE_MAX], 0x7e);
	assert_int_equal(line[line_len - 1], '\n');
	assert_null(memchr(line, '\n', line_len - 1));
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, line, (int)line_len);
	assert_int_equal(json_tokener_get_error(tok), json_tokener_success);
	json_tokener_free(tok);
	assert_true(json_object_is_type(o, json_type_object));
	return o;
}

static const char *text_of(json_object *o, const char *key)
{
	json_object *v = json_object_object_get(o, key);

	assert_true(json_object_is_type(v, json_type_string));
	return json_object_get_string(v);
}

static bool truncated(json_object *o, const char *key)
{
	json_object *a = json_object_object_get(o, "truncated");

	for (size_t i = 0; a && i < json_object_array_length(a); i++)
		if (util_streq(json_object_get_string(json_object_array_get_idx(a, i)), key))
			return true;
	return false;
}

#endif
