// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_array.c - the fields of an event that are arrays and objects.
 */
#include "counter.h"
#include "json_priv.h"

void json_put_pairs(struct json_line *l, const struct event *e, enum field f)
{
	json_put(l, "{", 1);
	for (unsigned int i = 0; i < e->n_pairs; i++) {
		if (e->pairs[i].field != f)
			continue;
		json_put_key(l, e->pairs[i].key);
		json_put_int(l, e->pairs[i].value);
	}
	json_put(l, "}", 1);
}

static void put_named_text(struct json_line *l, const char *key, const char *s)
{
	if (!s || !*s)
		return;
	json_put_key(l, key);
	json_put_string(l, s);
}

static void put_named_u64(struct json_line *l, const char *key, uint64_t v)
{
	if (v > (uint64_t)EXACT_MAX)
		return;
	json_put_key(l, key);
	json_put_int(l, (int64_t)v);
}

static void put_moved(struct json_line *l, const struct event_moved *m)
{
	json_put(l, "{", 1);
	put_named_text(l, "source", m->source);
	put_named_text(l, "owner", m->owner);
	put_named_text(l, "resource", m->resource);
	if (m->have & COUNTER_HELD)
		put_named_u64(l, "held", m->held);
	if (m->have & COUNTER_LIMIT && m->limit == UINT64_MAX) {
		json_put_key(l, "limit");
		json_put_raw(l, "null,\"limit_unlimited\":true");
	} else if (m->have & COUNTER_LIMIT) {
		put_named_u64(l, "limit", m->limit);
	}
	if (m->have & COUNTER_FAILCNT)
		put_named_u64(l, "failcnt", m->failcnt);
	if (m->delta <= EXACT_MAX && m->delta >= -EXACT_MAX) {
		json_put_key(l, "delta");
		json_put_int(l, m->delta);
	}
	if (m->before)
		put_named_u64(l, "before", m->before);
	put_named_text(l, "relation", relation_name(m->relation));
	json_put(l, "}", 1);
}

static void put_rows(struct json_line *l, const struct event *e)
{
	unsigned int n = e->n_moved < l->rows_max ? e->n_moved : l->rows_max;

	json_put(l, "[", 1);
	for (unsigned int i = 0; i < n; i++) {
		if (i > 0)
			json_put(l, ",", 1);
		put_moved(l, &e->moved[i]);
	}
	json_put(l, "]", 1);
	if (n < e->n_moved || e->moved_left_out > 0)
		l->cut[FIELD_FAILCNT / 64] |= 1ull << FIELD_FAILCNT % 64;
}

static void put_named_int(struct json_line *l, const char *key, bool have, int64_t v)
{
	if (!have || v > EXACT_MAX || v < -EXACT_MAX)
		return;
	json_put_key(l, key);
	json_put_int(l, v);
}

static void put_holder(struct json_line *l, const struct event_holder *h)
{
	json_put(l, "{", 1);
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
		json_put_key(l, "dead");
		json_put_raw(l, h->dead ? "true" : "false");
	}
	json_put(l, "}", 1);
}

static void put_holders(struct json_line *l, const struct event *e)
{
	unsigned int n = e->n_holders < l->rows_max ? e->n_holders : l->rows_max;

	json_put(l, "[", 1);
	for (unsigned int i = 0; i < n; i++) {
		if (i > 0)
			json_put(l, ",", 1);
		put_holder(l, &e->holders[i]);
	}
	json_put(l, "]", 1);
	if (n < e->n_holders || e->holders_left_out > 0)
		l->cut[FIELD_HOLDERS / 64] |= 1ull << FIELD_HOLDERS % 64;
}

static void put_ballot(struct json_line *l, const struct event_ballot *b, bool points)
{
	unsigned int n = b->n < l->rows_max ? b->n : l->rows_max;

	json_put(l, "[", 1);
	for (unsigned int i = 0; i < n; i++) {
		const struct event_candidate *c = &b->c[i];

		json_put_raw(l, i > 0 ? ",{" : "{");
		put_named_int(l, "pid", true, c->pid);
		put_named_text(l, "comm", c->comm);
		put_named_int(l, "points", points, c->points);
		put_named_int(l, "oom_score_adj", points && c->score_adj, c->score_adj);
		put_named_int(l, "held", true, c->held);
		json_put(l, "}", 1);
	}
	json_put(l, "]", 1);
	if (n < b->n)
		l->cut[l->field / 64] |= 1ull << l->field % 64;
}

static void put_before(struct json_line *l, const struct event *e)
{
	json_put(l, "[", 1);
	for (unsigned int i = 0; i < e->n_before; i++) {
		const struct event_before *b = &e->before[i];

		json_put_raw(l, i > 0 ? ",{" : "{");
		put_named_text(l, "resource", b->resource);
		put_named_text(l, "errno", b->errno_name);
		put_named_u64(l, "count", b->count);
		put_named_text(l, "of", b->of_cgroup ? "cgroup" : "process");
		json_put(l, "}", 1);
	}
	json_put(l, "]", 1);
}

void json_put_array(struct json_line *l, const struct event *e, enum field f)
{
	switch ((int)f) {
	case FIELD_HOLDERS:
		put_holders(l, e);
		break;
	case FIELD_CANDIDATES:
		put_ballot(l, &e->candidates, true);
		break;
	case FIELD_EXEMPTED:
		put_ballot(l, &e->exempted, false);
		break;
	case FIELD_BEFORE:
		put_before(l, e);
		break;
	default:
		put_rows(l, e);
		break;
	}
}
