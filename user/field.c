// SPDX-License-Identifier: GPL-2.0-only
/*
 * field.c - the table of fields, and an event as a bag of values by field.
 *
 * A setter replaces what was there; a value that nobody can state (NULL, "", a
 * number that JSON readers would change silently) makes the field absent.
 * Texts go into the event's pool, so that an event owns all it says and needs
 * no allocation.
 */
#include <assert.h>
#include <stdarg.h>

#include "field.h"
#include "utf8.h"

/* Doubles, and with them most readers of JSON, count exactly up to here. */
#define EXACT_MAX ((int64_t)1 << 53)

const struct field_def field_defs[FIELDS] = {
#define FIELD(name, key, type) [FIELD_##name] = {key, TYPE_##type},
#include "fields.def"
#undef FIELD
};

int field_by_key(const char *key)
{
	for (int f = 0; f < FIELDS; f++)
		if (util_streq(field_defs[f].key, key))
			return f;
	return -1;
}

const char *event_kind_name(enum event_kind k)
{
	static const char *const names[EVENT_KINDS] = {
		[EVENT_NONE] = "",           [EVENT_STARTED] = "started",
		[EVENT_STOPPED] = "stopped", [EVENT_REFUSED] = "refused",
		[EVENT_KILLED] = "killed",   [EVENT_COUNTED] = "counted",
		[EVENT_LOST] = "lost",       [EVENT_FOLLOWUP] = "followup",
		[EVENT_ROW] = "row",
	};

	return (unsigned int)k < EVENT_KINDS ? names[k] : "";
}

const char *relation_name(enum relation r)
{
	static const char *const names[] = {
		[RELATION_OWN] = "own",
		[RELATION_RELATED] = "related",
		[RELATION_COINCIDENT] = "coincident",
	};

	return (unsigned int)r < ARRAY_SIZE(names) ? names[r] : "";
}

static void mark(struct event *e, enum field f)
{
	e->have[f / 64] |= 1ull << f % 64;
}

static void unmark(struct event *e, enum field f)
{
	e->have[f / 64] &= ~(1ull << f % 64);
}

void event_init(struct event *e, enum event_kind kind)
{
	memset(e, 0, offsetof(struct event, pool));
	e->kind = kind;
	event_int(e, FIELD_SCHEMA, 1);
	event_static(e, FIELD_EVENT, event_kind_name(kind));
}

bool event_has(const struct event *e, enum field f)
{
	return e->have[f / 64] >> f % 64 & 1;
}

void event_clear(struct event *e, enum field f)
{
	unmark(e, f);
	e->cut[f / 64] &= ~(1ull << f % 64);
}

void event_cut(struct event *e, enum field f)
{
	e->cut[f / 64] |= 1ull << f % 64;
}

void event_int(struct event *e, enum field f, int64_t v)
{
	assert(field_defs[f].type == TYPE_INT || field_defs[f].type == TYPE_TIME);
	unmark(e, f);
	if (field_defs[f].type == TYPE_INT && (v > EXACT_MAX || v < -EXACT_MAX))
		return;
	e->num[f] = v;
	mark(e, f);
}

void event_u64(struct event *e, enum field f, uint64_t v)
{
	bool has_limit = f == FIELD_LIMIT || f == FIELD_BARRIER;
	enum field flag = f == FIELD_LIMIT ? FIELD_LIMIT_UNLIMITED : FIELD_BARRIER_UNLIMITED;

	assert(field_defs[f].type == TYPE_INT || field_defs[f].type == TYPE_TIME);
	unmark(e, f);
	if (has_limit) {
		unmark(e, flag);
		if (v == UINT64_MAX)
			event_bool(e, flag, true);
	}
	if (v <= INT64_MAX)
		event_int(e, f, (int64_t)v);
}

void event_bool(struct event *e, enum field f, bool v)
{
	assert(field_defs[f].type == TYPE_BOOL);
	e->num[f] = v;
	mark(e, f);
}

/* Ends what stands at the end of the pool, n bytes of which were cut off there if cut. */
static void take_from_pool(struct event *e, enum field f, size_t n, bool cut)
{
	char *text = e->pool + e->pool_used;

	if (cut) {
		event_cut(e, f);
		n = utf8_cut(text, n);
		/* Half a command is another command. */
		if (f == FIELD_FIX)
			n = 0;
	}
	text[n] = '\0';
	if (n == 0)
		return;
	e->str[f] = text;
	e->pool_used += n + 1;
	mark(e, f);
}

void event_strn(struct event *e, enum field f, const char *s, size_t n)
{
	size_t room = EVENT_POOL - e->pool_used;

	assert(field_defs[f].type == TYPE_STR);
	unmark(e, f);
	n = s ? strnlen(s, n) : 0;
	if (n == 0)
		return;
	if (room == 0) {
		event_cut(e, f);
		return;
	}
	memcpy(e->pool + e->pool_used, s, n < room ? n : room - 1);
	take_from_pool(e, f, n < room ? n : room - 1, n >= room);
}

void event_str(struct event *e, enum field f, const char *s)
{
	event_strn(e, f, s, SIZE_MAX);
}

void event_static(struct event *e, enum field f, const char *s)
{
	assert(field_defs[f].type == TYPE_STR);
	unmark(e, f);
	if (!s || !*s)
		return;
	e->str[f] = s;
	mark(e, f);
}

void event_fmt(struct event *e, enum field f, const char *fmt, ...)
{
	size_t room = EVENT_POOL - e->pool_used;
	va_list ap;
	int n;

	assert(field_defs[f].type == TYPE_STR);
	unmark(e, f);
	if (room == 0) {
		event_cut(e, f);
		return;
	}
	va_start(ap, fmt);
	n = vsnprintf(e->pool + e->pool_used, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		take_from_pool(e, f, (size_t)n < room ? (size_t)n : room - 1, (size_t)n >= room);
}

void event_pair(struct event *e, enum field f, const char *key, int64_t v)
{
	struct event_pair *p = e->pairs;

	assert(field_defs[f].type == TYPE_OBJECT);
	mark(e, f);
	while (p < e->pairs + e->n_pairs && !(p->field == f && util_streq(p->key, key)))
		p++;
	if (p == e->pairs + EVENT_PAIR_MAX || v > EXACT_MAX || v < -EXACT_MAX) {
		event_cut(e, f);
		return;
	}
	if (p == e->pairs + e->n_pairs)
		e->n_pairs++;
	*p = (struct event_pair){.field = f, .key = key, .value = v};
}

bool event_pair_num(const struct event *e, enum field f, const char *key, int64_t *ret)
{
	for (unsigned int i = 0; event_has(e, f) && i < e->n_pairs; i++) {
		if (e->pairs[i].field != f || !util_streq(e->pairs[i].key, key))
			continue;
		*ret = e->pairs[i].value;
		return true;
	}
	return false;
}

struct event_candidate *event_candidate_add(struct event *e, enum field f)
{
	struct event_ballot *b = f == FIELD_EXEMPTED ? &e->exempted : &e->candidates;

	mark(e, f);
	if (b->n == EVENT_CANDIDATE_MAX) {
		b->left_out++;
		event_cut(e, f);
		return NULL;
	}
	memset(&b->c[b->n], 0, sizeof(b->c[b->n]));
	return &b->c[b->n++];
}

struct event_moved *event_moved_add(struct event *e)
{
	struct event_moved *m;

	mark(e, FIELD_FAILCNT);
	if (e->n_moved == EVENT_MOVED_MAX) {
		e->moved_left_out++;
		event_cut(e, FIELD_FAILCNT);
		return NULL;
	}
	m = &e->moved[e->n_moved++];
	memset(m, 0, sizeof(*m));
	return m;
}

struct event_holder *event_holder_add(struct event *e)
{
	struct event_holder *h;

	mark(e, FIELD_HOLDERS);
	if (e->n_holders == EVENT_HOLDER_MAX) {
		e->holders_left_out++;
		event_cut(e, FIELD_HOLDERS);
		return NULL;
	}
	h = &e->holders[e->n_holders++];
	memset(h, 0, sizeof(*h));
	return h;
}

struct event_before *event_before_add(struct event *e)
{
	mark(e, FIELD_BEFORE);
	if (e->n_before == EVENT_BEFORE_MAX) {
		event_cut(e, FIELD_BEFORE);
		return NULL;
	}
	e->before[e->n_before] = (struct event_before){.resource = "", .errno_name = ""};
	return &e->before[e->n_before++];
}

const char *event_keep(struct event *e, const char *s)
{
	size_t n = s ? strlen(s) : 0;
	char *text = e->pool + e->pool_used;

	if (n == 0 || n >= EVENT_POOL - e->pool_used)
		return "";
	memcpy(text, s, n + 1);
	e->pool_used += n + 1;
	return text;
}
