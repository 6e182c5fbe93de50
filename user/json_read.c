// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_read.c - the reverse of json.c: one strict pass over the line, straight
 * into the event. Values of known keys are taken by the type that the table of
 * fields gives them; everything else is checked and passed over.
 */
#include "json_read.h"

#include "counter.h"
#include "json_scan.h"
#include "when.h"

static int keep(struct json_reader *r, const char **ret)
{
	if (json_string(r) < 0)
		return -EBADMSG;
	*ret = event_keep(r->e, r->text);
	return 0;
}

static int number(struct json_reader *r, unsigned int *have, unsigned int flag, int64_t *ret)
{
	*have |= flag;
	return json_integer(r, ret);
}

static int take_moved(struct json_reader *r, void *into, const char *key)
{
	struct event_moved *m = into;
	bool yes;
	int err;

	if (util_streq(key, "source"))
		return keep(r, &m->source);
	if (util_streq(key, "owner"))
		return keep(r, &m->owner);
	if (util_streq(key, "resource"))
		return keep(r, &m->resource);
	if (util_streq(key, "held"))
		return number(r, &m->have, COUNTER_HELD, (int64_t *)&m->held);
	if (util_streq(key, "failcnt"))
		return number(r, &m->have, COUNTER_FAILCNT, (int64_t *)&m->failcnt);
	if (util_streq(key, "delta"))
		return json_integer(r, &m->delta);
	if (util_streq(key, "before"))
		return json_integer(r, (int64_t *)&m->before);
	if (util_streq(key, "limit_unlimited")) {
		err = json_boolean(r, &yes);
		if (!err && yes) {
			m->have |= COUNTER_LIMIT;
			m->limit = UINT64_MAX;
		}
		return err;
	}
	if (util_streq(key, "limit") && !json_word(r, "null"))
		return number(r, &m->have, COUNTER_LIMIT, (int64_t *)&m->limit);
	if (util_streq(key, "relation") && json_string(r) == 0) {
		for (enum relation n = RELATION_OWN; n <= RELATION_COINCIDENT; n++)
			if (util_streq(r->text, relation_name(n)))
				m->relation = n;
		return 0;
	}
	return util_streq(key, "limit") ? 0 : json_skip(r, 2);
}

static int take_holder(struct json_reader *r, void *into, const char *key)
{
	struct event_holder *h = into;

	if (util_streq(key, "comm"))
		return keep(r, &h->comm);
	if (util_streq(key, "cgroup"))
		return keep(r, &h->cgroup);
	if (util_streq(key, "kind"))
		return keep(r, &h->kind);
	if (util_streq(key, "object"))
		return keep(r, &h->object);
	if (util_streq(key, "pid"))
		return number(r, &h->have, HOLDER_PID, &h->pid);
	if (util_streq(key, "uid"))
		return number(r, &h->have, HOLDER_UID, &h->uid);
	if (util_streq(key, "held"))
		return number(r, &h->have, HOLDER_HELD, &h->held);
	if (util_streq(key, "count"))
		return number(r, &h->have, HOLDER_COUNT, &h->count);
	if (util_streq(key, "last_pid"))
		return number(r, &h->have, HOLDER_LAST_PID, &h->last_pid);
	if (util_streq(key, "dead")) {
		h->have |= HOLDER_DEAD;
		return json_boolean(r, &h->dead);
	}
	return json_skip(r, 2);
}

static int take_candidate(struct json_reader *r, void *into, const char *key)
{
	struct event_candidate *c = into;

	if (util_streq(key, "pid"))
		return json_integer(r, &c->pid);
	if (util_streq(key, "comm"))
		return keep(r, &c->comm);
	if (util_streq(key, "points"))
		return json_integer(r, &c->points);
	if (util_streq(key, "oom_score_adj"))
		return json_integer(r, &c->score_adj);
	if (util_streq(key, "held"))
		return json_integer(r, &c->held);
	return json_skip(r, 2);
}

static int candidate(struct json_reader *r, enum field f)
{
	struct event_candidate *c = event_candidate_add(r->e, f);

	if (!c)
		return json_skip(r, 1);
	/* Unknown, as a log of another kernel may leave it. */
	*c = (struct event_candidate){.points = INT64_MIN, .held = INT64_MIN, .comm = ""};
	return json_object(r, take_candidate, c);
}

static int take_before(struct json_reader *r, void *into, const char *key)
{
	struct event_before *b = into;
	int err;

	if (util_streq(key, "resource"))
		return keep(r, &b->resource);
	if (util_streq(key, "errno"))
		return keep(r, &b->errno_name);
	if (util_streq(key, "count"))
		return json_integer(r, (int64_t *)&b->count);
	if (!util_streq(key, "of"))
		return json_skip(r, 2);
	err = json_string(r);
	b->of_cgroup = !err && util_streq(r->text, "cgroup");
	return err;
}

static int before(struct json_reader *r)
{
	struct event_before *b = event_before_add(r->e);

	return b ? json_object(r, take_before, b) : json_skip(r, 1);
}

/* A longer array than an event holds is cut, as when it is made. */
static int array_entry(struct json_reader *r, enum field f)
{
	int k;

	if (f == FIELD_FAILCNT) {
		struct event_moved *m = event_moved_add(r->e);

		if (!m)
			return json_skip(r, 1);
		m->delta = EVENT_DELTA_UNKNOWN;
		return json_object(r, take_moved, m);
	}
	if (f == FIELD_HOLDERS) {
		struct event_holder *h = event_holder_add(r->e);

		if (!h)
			return json_skip(r, 1);
		h->comm = h->kind = h->cgroup = h->object = "";
		return json_object(r, take_holder, h);
	}
	if (f == FIELD_CANDIDATES || f == FIELD_EXEMPTED)
		return candidate(r, f);
	if (f == FIELD_BEFORE)
		return before(r);
	if (f != FIELD_TRUNCATED)
		return json_skip(r, 1);
	if (json_string(r) < 0)
		return -EBADMSG;
	k = field_by_key(r->text);
	if (k >= 0)
		event_cut(r->e, (enum field)k);
	return 0;
}

static int array(struct json_reader *r, enum field f)
{
	if (!json_next_is(r, '['))
		return -EBADMSG;
	if (json_next_is(r, ']'))
		return 0;
	do {
		if (array_entry(r, f) < 0)
			return -EBADMSG;
	} while (json_next_is(r, ','));
	return json_next_is(r, ']') ? 0 : -EBADMSG;
}

static int take_pair(struct json_reader *r, void *into, const char *key)
{
	int64_t v;

	if (json_integer(r, &v) < 0)
		return -EBADMSG;
	event_pair(r->e, *(const enum field *)into, event_keep(r->e, key), v);
	return 0;
}

static int take_kind(struct json_reader *r)
{
	if (json_string(r) < 0)
		return -EBADMSG;
	for (enum event_kind k = EVENT_NONE + 1; k < EVENT_KINDS; k++) {
		if (!util_streq(r->text, event_kind_name(k)))
			continue;
		r->e->kind = k;
		event_static(r->e, FIELD_EVENT, event_kind_name(k));
		return 0;
	}
	return -ENOMSG;
}

static int take_number(struct json_reader *r, enum field f)
{
	int64_t v;

	if (json_word(r, "null")) /* no limit: what says so is a key of its own */
		return 0;
	if (json_integer(r, &v) < 0)
		return -EBADMSG;
	if (f == FIELD_SCHEMA && v != 1)
		return -EPROTO;
	event_int(r->e, f, v);
	return 0;
}

static int take_value(struct json_reader *r, enum field f)
{
	int64_t ns;
	bool yes;

	if (f == FIELD_EVENT)
		return take_kind(r);
	switch (field_defs[f].type) {
	case TYPE_INT:
		return take_number(r, f);
	case TYPE_STR:
		if (json_string(r) < 0)
			return -EBADMSG;
		event_strn(r->e, f, r->text, r->len);
		return 0;
	case TYPE_TIME:
		if (json_string(r) < 0 || when_rfc3339(r->text, &ns) < 0)
			return -EBADMSG;
		event_int(r->e, f, ns);
		return 0;
	case TYPE_BOOL:
		if (json_boolean(r, &yes) < 0)
			return -EBADMSG;
		event_bool(r->e, f, yes);
		return 0;
	case TYPE_ARRAY:
		return array(r, f);
	case TYPE_OBJECT:
		return json_object(r, take_pair, &f);
	}
	return -EBADMSG;
}

/* Keys come in the order of the table: the next one is seldom far. */
static int field_from(unsigned int *at, const char *key)
{
	for (unsigned int i = 0; i < FIELDS; i++) {
		unsigned int f = (*at + i) % FIELDS;

		if (!util_streq(field_defs[f].key, key))
			continue;
		*at = f + 1;
		return (int)f;
	}
	return -1;
}

static int take_field(struct json_reader *r, void *into, const char *key)
{
	int f = field_from(into, key);

	return f >= 0 ? take_value(r, (enum field)f) : json_skip(r, 1);
}

int json_read_event(struct event *e, const char *line, size_t n)
{
	static struct json_reader r; /* one thread; too large for a stack */
	unsigned int at = 0;
	int err;

	if (n > JSON_READ_MAX)
		return -EBADMSG;
	r.p = line;
	r.end = line + n;
	r.e = e;
	event_init(e, EVENT_NONE);
	event_clear(e, FIELD_SCHEMA);
	err = json_object(&r, take_field, &at);
	if (err < 0)
		return err;
	json_blanks(&r);
	if (r.p != r.end || e->kind == EVENT_NONE || !event_has(e, FIELD_SCHEMA))
		return -EBADMSG;
	return 0;
}
