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

#include "counter.h"
#include "json.h"
#include "utf8.h"

#define EXACT_MAX ((int64_t)1 << 53)
#define TEXT_ENOUGH 256 /* texts are not cut below this while there are rows to leave out */
#define TEXT_LEAST 40   /* with every text this long and no rows, every event fits */

struct line {
	char *buf;
	size_t size, len;
	bool full;
	size_t text_max; /* encoded bytes of one text */
	unsigned int rows_max;
	enum field field; /* the one being written */
	uint64_t cut[(FIELDS + 63) / 64];
};

static void put(struct line *l, const char *s, size_t n)
{
	if (l->full || n > l->size - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->buf + l->len, s, n);
	l->len += n;
}

static void put_raw(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void put_int(struct line *l, int64_t v)
{
	char text[24];

	put(l, text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)v));
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
static void put_text(struct line *l, const char *s, size_t max, bool *ret_whole)
{
	size_t n = strlen(s), used = 0, len;
	char unit[8];

	while (n > 0) {
		size_t taken = encode(s, n, unit, &len);

		if (len > max - used || l->full)
			break;
		put(l, unit, len);
		used += len;
		s += taken;
		n -= taken;
	}
	*ret_whole = n == 0;
}

static void put_string(struct line *l, const char *s)
{
	bool whole;

	put(l, "\"", 1);
	put_text(l, s, l->text_max, &whole);
	put(l, "\"", 1);
	if (!whole)
		l->cut[l->field / 64] |= 1ull << l->field % 64;
}

/* Keys are our own words: nothing to escape. */
static void put_key(struct line *l, const char *key)
{
	put_raw(l, l->buf[l->len - 1] == '{' ? "\"" : ",\"");
	put_raw(l, key);
	put_raw(l, "\":");
}

static void put_time(struct line *l, int64_t ns)
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
	put(l, text,
	    (size_t)snprintf(text, sizeof(text), "\"%04d-%02d-%02dT%02d:%02d:%02d.%09dZ\"",
			     tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			     tm.tm_sec, (int)rest));
}

static void put_pairs(struct line *l, const struct event *e, enum field f)
{
	put(l, "{", 1);
	for (unsigned int i = 0; i < e->n_pairs; i++) {
		if (e->pairs[i].field != f)
			continue;
		put_key(l, e->pairs[i].key);
		put_int(l, e->pairs[i].value);
	}
	put(l, "}", 1);
}

static void put_named_text(struct line *l, const char *key, const char *s)
{
	if (!s || !*s)
		return;
	put_key(l, key);
	put_string(l, s);
}

static void put_named_u64(struct line *l, const char *key, uint64_t v)
{
	if (v > (uint64_t)EXACT_MAX)
		return;
	put_key(l, key);
	put_int(l, (int64_t)v);
}

static void put_moved(struct line *l, const struct event_moved *m)
{
	put(l, "{", 1);
	put_named_text(l, "source", m->source);
	put_named_text(l, "owner", m->owner);
	put_named_text(l, "resource", m->resource);
	if (m->have & COUNTER_HELD)
		put_named_u64(l, "held", m->held);
	if (m->have & COUNTER_LIMIT && m->limit == UINT64_MAX) {
		put_key(l, "limit");
		put_raw(l, "null,\"limit_unlimited\":true");
	} else if (m->have & COUNTER_LIMIT) {
		put_named_u64(l, "limit", m->limit);
	}
	if (m->have & COUNTER_FAILCNT)
		put_named_u64(l, "failcnt", m->failcnt);
	if (m->delta <= EXACT_MAX && m->delta >= -EXACT_MAX) {
		put_key(l, "delta");
		put_int(l, m->delta);
	}
	put_named_text(l, "relation", relation_name(m->relation));
	put(l, "}", 1);
}

static void put_rows(struct line *l, const struct event *e)
{
	unsigned int n = e->n_moved < l->rows_max ? e->n_moved : l->rows_max;

	put(l, "[", 1);
	for (unsigned int i = 0; i < n; i++) {
		if (i > 0)
			put(l, ",", 1);
		put_moved(l, &e->moved[i]);
	}
	put(l, "]", 1);
	if (n < e->n_moved || e->moved_left_out > 0)
		l->cut[FIELD_FAILCNT / 64] |= 1ull << FIELD_FAILCNT % 64;
}

static void put_named_int(struct line *l, const char *key, bool have, int64_t v)
{
	if (!have || v > EXACT_MAX || v < -EXACT_MAX)
		return;
	put_key(l, key);
	put_int(l, v);
}

static void put_holder(struct line *l, const struct event_holder *h)
{
	put(l, "{", 1);
	put_named_int(l, "pid", h->have & HOLDER_PID, h->pid);
	put_named_int(l, "uid", h->have & HOLDER_UID, h->uid);
	put_named_text(l, "comm", h->comm);
	put_named_text(l, "cgroup", h->cgroup);
	put_named_text(l, "kind", h->kind);
	put_named_text(l, "object", h->object);
	put_named_int(l, "held", h->have & HOLDER_HELD, h->held);
	put_named_int(l, "count", h->have & HOLDER_COUNT, h->count);
	put_named_int(l, "last_pid", h->have & HOLDER_LAST_PID, h->last_pid);
	if (h->have & HOLDER_DEAD) {
		put_key(l, "dead");
		put_raw(l, h->dead ? "true" : "false");
	}
	put(l, "}", 1);
}

static void put_holders(struct line *l, const struct event *e)
{
	unsigned int n = e->n_holders < l->rows_max ? e->n_holders : l->rows_max;

	put(l, "[", 1);
	for (unsigned int i = 0; i < n; i++) {
		if (i > 0)
			put(l, ",", 1);
		put_holder(l, &e->holders[i]);
	}
	put(l, "]", 1);
	if (n < e->n_holders || e->holders_left_out > 0)
		l->cut[FIELD_HOLDERS / 64] |= 1ull << FIELD_HOLDERS % 64;
}

static void put_ballot(struct line *l, const struct event_ballot *b, bool points)
{
	unsigned int n = b->n < l->rows_max ? b->n : l->rows_max;

	put(l, "[", 1);
	for (unsigned int i = 0; i < n; i++) {
		const struct event_candidate *c = &b->c[i];

		put_raw(l, i > 0 ? ",{" : "{");
		put_named_int(l, "pid", true, c->pid);
		put_named_text(l, "comm", c->comm);
		put_named_int(l, "points", points, c->points);
		put_named_int(l, "oom_score_adj", points && c->score_adj, c->score_adj);
		put_named_int(l, "held", true, c->held);
		put(l, "}", 1);
	}
	put(l, "]", 1);
	if (n < b->n)
		l->cut[l->field / 64] |= 1ull << l->field % 64;
}

static void put_before(struct line *l, const struct event *e)
{
	put(l, "[", 1);
	for (unsigned int i = 0; i < e->n_before; i++) {
		const struct event_before *b = &e->before[i];

		put_raw(l, i > 0 ? ",{" : "{");
		put_named_text(l, "resource", b->resource);
		put_named_text(l, "errno", b->errno_name);
		put_named_u64(l, "count", b->count);
		put_named_text(l, "of", b->of_cgroup ? "cgroup" : "process");
		put(l, "}", 1);
	}
	put(l, "]", 1);
}

static void put_truncated(struct line *l, const struct event *e)
{
	bool any = false;

	for (unsigned int f = 0; f < FIELDS; f++) {
		if (!((e->cut[f / 64] | l->cut[f / 64]) >> f % 64 & 1))
			continue;
		if (!any)
			put_key(l, field_defs[FIELD_TRUNCATED].key);
		put_raw(l, any ? ",\"" : "[\"");
		put_raw(l, field_defs[f].key);
		put(l, "\"", 1);
		any = true;
	}
	if (any)
		put(l, "]", 1);
}

static bool unlimited(const struct event *e, enum field f)
{
	return (f == FIELD_LIMIT && event_num(e, FIELD_LIMIT_UNLIMITED)) ||
	       (f == FIELD_BARRIER && event_num(e, FIELD_BARRIER_UNLIMITED));
}

static void put_value(struct line *l, const struct event *e, enum field f)
{
	if (unlimited(e, f)) {
		put_raw(l, "null");
		return;
	}
	switch (field_defs[f].type) {
	case TYPE_INT:
		put_int(l, e->num[f]);
		break;
	case TYPE_STR:
		put_string(l, e->str[f]);
		break;
	case TYPE_BOOL:
		put_raw(l, e->num[f] ? "true" : "false");
		break;
	case TYPE_TIME:
		put_time(l, e->num[f]);
		break;
	case TYPE_ARRAY:
		if (f == FIELD_HOLDERS)
			put_holders(l, e);
		else if (f == FIELD_CANDIDATES)
			put_ballot(l, &e->candidates, true);
		else if (f == FIELD_EXEMPTED)
			put_ballot(l, &e->exempted, false);
		else if (f == FIELD_BEFORE)
			put_before(l, e);
		else
			put_rows(l, e);
		break;
	case TYPE_OBJECT:
		put_pairs(l, e, f);
		break;
	}
}

/* Half a command is another command: a remedy is there in full or not at all. */
static bool leave_out_fix(struct line *l, const struct event *e)
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
static bool attempt(struct line *l, const struct event *e, size_t text_max, unsigned int rows_max)
{
	l->len = 0;
	l->full = false;
	l->text_max = text_max;
	l->rows_max = rows_max;
	memset(l->cut, 0, sizeof(l->cut));
	put(l, "{", 1);
	for (unsigned int f = 0; f < FIELDS; f++) {
		if (f == FIELD_TRUNCATED || (!event_has(e, f) && !unlimited(e, f)))
			continue;
		if (f == FIELD_FIX && leave_out_fix(l, e))
			continue;
		l->field = f;
		put_key(l, field_defs[f].key);
		put_value(l, e, f);
	}
	put_truncated(l, e);
	put(l, "}\n", 2);
	return !l->full;
}

/* The largest text_max from low to below high that fits; SIZE_MAX: not even low. */
static size_t widest_text(struct line *l, const struct event *e, size_t low, size_t high,
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
	struct line l = {.buf = buf, .size = size < JSON_LINE_MAX ? size : JSON_LINE_MAX};
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
