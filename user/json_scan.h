/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_scan.h - reads one JSON value after the other from a buffer. Pure.
 * Every function passes over the blanks before what it reads; the bool ones
 * tell whether it was there, the others are 0 or -EBADMSG.
 */
#ifndef FAILCNT_JSON_SCAN_H
#define FAILCNT_JSON_SCAN_H

#include "json_read.h"

struct json_reader {
	const char *p, *end;
	struct event *e;
	char text[JSON_READ_MAX + 1]; /* the last string, decoded */
	size_t len;
};

/* Reads the value of key; into is what json_object() was given. 0 or -errno. */
typedef int json_take_fn(struct json_reader *r, void *into, const char *key);

void json_blanks(struct json_reader *r);
bool json_next_is(struct json_reader *r, char c);
bool json_word(struct json_reader *r, const char *w);
/* Into r->text, which holds any string of a line that is no longer than JSON_READ_MAX. NUL is no
 * character of ours. */
int json_string(struct json_reader *r);
/* No fraction, no exponent. */
int json_integer(struct json_reader *r, int64_t *ret);
int json_boolean(struct json_reader *r, bool *ret);
/* Any value; depth: how deep it is already. */
int json_skip(struct json_reader *r, int depth);
int json_object(struct json_reader *r, json_take_fn *take, void *into);

#endif
