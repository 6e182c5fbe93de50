/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_priv.h - the line that json.c and json_array.c write together.
 */
#ifndef FAILCNT_JSON_PRIV_H
#define FAILCNT_JSON_PRIV_H

#include "json.h"

#define EXACT_MAX ((int64_t)1 << 53)

struct json_line {
	char *buf;
	size_t size, len;
	bool full;
	size_t text_max; /* encoded bytes of one text */
	unsigned int rows_max;
	enum field field; /* the one being written */
	uint64_t cut[(FIELDS + 63) / 64];
};

/* What does not fit any more makes the line full. */
void json_put(struct json_line *l, const char *s, size_t n);
void json_put_raw(struct json_line *l, const char *s);
void json_put_int(struct json_line *l, int64_t v);
void json_put_key(struct json_line *l, const char *key);
/* In quotes, escaped, cut to text_max. */
void json_put_string(struct json_line *l, const char *s);

/* json_array.c: fields of more than one value */
void json_put_array(struct json_line *l, const struct event *e, enum field f);
void json_put_pairs(struct json_line *l, const struct event *e, enum field f);

#endif
