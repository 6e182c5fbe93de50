// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - one event, one JSON line, never longer than JSON_LINE_MAX.
 *
 * Strings hold what others chose and always leave as valid UTF-8: control
 * characters as \u00XX, and a byte that is no UTF-8 as the four characters
 * \xNN, so that a person still sees which byte it was.
 *
 * A line is written to fit limits (how long a text, how many rows). The first
 * try has none; only a line that came out too long is written again, with the
 * largest limits that fit: first the longest texts are cut, then rows are left
 * out, then texts are cut further. Each cut is named in `truncated`.
 */
#include <time.h>

#include "json_priv.h"
#include "utf8.h"

#define TEXT_ENOUGH 256 /* texts are not cut below this while there are rows to leave out */
#define TEXT_LEAST 40   /* with every text this long and no rows, every event fits */

void json_put(struct json_line *l, const char *s, size_t n)
{
	if (l->full || n > l->size - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->buf + l->len, s, n);
	l->len += n;
}

void json_put_raw(struct json_line *l, const char *s)
{
	json_put(l, s, strlen(s));
}

void json_put_int(struct json_line *l, int64_t v)
{
	char text[24];

	json_put(l, text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)v));
}

/* The character that s begins with, as it stands in JSON; returns how many bytes of s it is. */
static size_t encode(const char *s, size_t n, char out[8], size_t *ret_len)
{
	unsigned char c = (unsigned char)*s;
	uint32_t code;
	size_t taken = utf8_next(s, n, &code);

	if (taken == 0) {
		*ret_len = (size_t)snprintf(out, 8, "\\\\x%02x", c);
		return 1;
	}
	if (utf8_is_control(code)) {
		*ret_len = (size_t)snprintf(out, 8, "\\u%04x", code & 0xff);
	} else if (c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		*ret_len = 2;
	} else {
		memcpy(out, s, taken);
		*ret_len = taken;
	}
	return taken;
}

/* The first bytes of s that take no more than max bytes encoded; *ret_whole: that is all of s. */
static void put_text(struct json_line *l, const char *s, size_t max, bool *ret_whole)
{
	size_t n = strlen(s), used = 0, len;
	char unit[8];

	while (n > 0) {
		size_t taken = encode(s, n, unit, &len);

		if (len > max - used || l->full)
			break;
		json_put(l, unit, len);
		used += len;
		s += taken;
		n -= taken;
	}
	*ret_whole = n == 0;
}

void json_put_string(struct json_line *l, const char *s)
{
	bool whole;

	json_put(l, "\"", 1);
	put_text(l, s, l->text_max, &whole);
	json_put(l, "\"", 1);
	if (!whole)
		l->cut[l->field / 64] |= 1ull << l->field % 64;
}

/* Keys are our own words: nothing to escape. */
void json_put_key(struct json_line *l, const char *key)
{
	json_put_raw(l, l->buf[l->len - 1] == '{' ? "\"" : ",\"");
	json_put_raw(l, key);
	json_put_raw(l, "\":");
}

static void put_time(struct json_line *l, int64_t ns)
{
	int64_t s = ns / 1000000000, rest = ns % 1000000000;
	char text[48];
	struct tm tm;
	time_t t;

	if (rest < 0) {
		rest += 1000000000;
		s--;
	}
	t = (time_t)s;
	gmtime_r(&t, &tm); /* any 64-bit number of nanoseconds is a year of four digits */
	json_put(l, text,
		 (size_t)snprintf(text, sizeof(text), "\"%04d-%02d-%02dT%02d:%02d:%02d.%09dZ\"",
				  tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
				  tm.tm_min, tm.tm_sec, (int)rest));
}

static void put_truncated(struct json_line *l, const struct event *e)
{
	bool any = false;

	for (unsigned int f = 0; f < FIELDS; f++) {
		if (!((e->cut[f / 64] | l->cut[f / 64]) >> f % 64 & 1))
			continue;
		if (!any)
			json_put_key(l, field_defs[FIELD_TRUNCATED].key);
		json_put_raw(l, any ? ",\"" : "[\"");
		json_put_raw(l, field_defs[f].key);
		json_put(l, "\"", 1);
		any = true;
	}
	if (any)
		json_put(l, "]", 1);
}

static bool unlimited(const struct event *e, enum field f)
{
	return (f == FIELD_LIMIT && event_num(e, FIELD_LIMIT_UNLIMITED)) ||
	       (f == FIELD_BARRIER && event_num(e, FIELD_BARRIER_UNLIMITED));
}

static void put_value(struct json_line *l, const struct event *e, enum field f)
{
	if (unlimited(e, f)) {
		json_put_raw(l, "null");
		return;
	}
	switch (field_defs[f].type) {
	case TYPE_INT:
		json_put_int(l, e->num[f]);
		break;
	case TYPE_STR:
		json_put_string(l, e->str[f]);
		break;
	case TYPE_BOOL:
		json_put_raw(l, e->num[f] ? "true" : "false");
		break;
	case TYPE_TIME:
		put_time(l, e->num[f]);
		break;
	case TYPE_ARRAY:
		json_put_array(l, e, f);
		break;
	case TYPE_OBJECT:
		json_put_pairs(l, e, f);
		break;
	}
}

/* Half a command is another command: a remedy is there in full or not at all. */
static bool leave_out_fix(struct json_line *l, const struct event *e)
{
	size_t n = strlen(e->str[FIELD_FIX]), used = 0, len;
	char unit[8];

	for (size_t i = 0; i < n; used += len)
		i += encode(e->str[FIELD_FIX] + i, n - i, unit, &len);
	if (used <= l->text_max)
		return false;
	l->cut[FIELD_FIX / 64] |= 1ull << FIELD_FIX % 64;
	return true;
}

/* Writes the line within limits; tells whether it fitted. */
static bool attempt(struct json_line *l, const struct event *e, size_t text_max,
		    unsigned int rows_max)
{
	l->len = 0;
	l->full = false;
	l->text_max = text_max;
	l->rows_max = rows_max;
	memset(l->cut, 0, sizeof(l->cut));
	json_put(l, "{", 1);
	for (unsigned int f = 0; f < FIELDS; f++) {
		if (f == FIELD_TRUNCATED || (!event_has(e, f) && !unlimited(e, f)))
			continue;
		if (f == FIELD_FIX && leave_out_fix(l, e))
			continue;
		l->field = f;
		json_put_key(l, field_defs[f].key);
		put_value(l, e, f);
	}
	put_truncated(l, e);
	json_put(l, "}\n", 2);
	return !l->full;
}

/* The largest text_max from low to below high that fits; SIZE_MAX: not even low. */
static size_t widest_text(struct json_line *l, const struct event *e, size_t low, size_t high,
			  unsigned int rows)
{
	if (!attempt(l, e, low, rows))
		return SIZE_MAX;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (attempt(l, e, middle, rows))
			low = middle;
		else
			high = middle;
	}
	return low;
}

size_t json_event(const struct event *e, char *buf, size_t size)
{
	struct json_line l = {.buf = buf, .size = size < JSON_LINE_MAX ? size : JSON_LINE_MAX};
	unsigned int rows = EVENT_MOVED_MAX > EVENT_HOLDER_MAX ? EVENT_MOVED_MAX : EVENT_HOLDER_MAX;
	size_t text;

	if (size < 2)
		return 0;
	if (attempt(&l, e, JSON_LINE_MAX, rows))
		return l.len;
	text = widest_text(&l, e, TEXT_ENOUGH, JSON_LINE_MAX, rows);
	while (text == SIZE_MAX && rows > 0)
		if (attempt(&l, e, TEXT_ENOUGH, --rows))
			text = TEXT_ENOUGH;
	if (text == SIZE_MAX)
		text = widest_text(&l, e, TEXT_LEAST, TEXT_ENOUGH, 0);
	return text != SIZE_MAX && attempt(&l, e, text, rows) ? l.len : 0;
}
