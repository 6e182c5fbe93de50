// SPDX-License-Identifier: GPL-2.0-only
/*
 * correlate_wait.c - events of one chain and resource that wait for their
 * rows, the rows given to them, and the verdict on each: the event's own, a
 * related one, or a coincidence.
 */
#include "catalogue.h"
#include "correlate_priv.h"

#define SEQS_MAX 65536 /* events of one chain and resource in one batch */
#define MOVED_MAX 1024 /* rows of one chain */

void correlate_wait_free(struct wait *w)
{
	for (size_t i = 0; i < w->n_moved; i++)
		free(w->moved[i].owner);
	free(w->moved);
	free(w->seqs);
	free(w);
}

static bool is_above(const char *path, const char *of)
{
	const char *rest = util_after(of, path);

	return *of && (util_streq(path, "/") || (rest && (!*rest || *rest == '/')));
}

bool correlate_in_chain(const struct wait *w, const struct baseline_owner *o)
{
	const char *path = util_after(o->name, "cgroup:");

	if (o->source == COUNTER_UBC)
		return *w->ct && util_streq(o->name, w->ct);
	return path &&
	       (is_above(path, w->cgroup) || is_above(path, w->memcg) || is_above(path, w->limit));
}

static int moved_add(struct wait *w, enum counter_source source, const char *owner,
		     const char *name, struct moved **ret)
{
	struct moved *m;

	if (w->n_moved == MOVED_MAX)
		return -ENOBUFS;
	if (w->n_moved == w->cap_moved) {
		size_t cap = w->cap_moved ? w->cap_moved * 2 : 8;

		m = reallocarray(w->moved, cap, sizeof(*m));
		if (!m)
			return -ENOMEM;
		w->moved = m;
		w->cap_moved = cap;
	}
	m = &w->moved[w->n_moved];
	*m = (struct moved){.source = source, .owner = strdup(owner), .name = name};
	if (!m->owner)
		return -ENOMEM;
	w->n_moved++;
	*ret = m;
	return 0;
}

static struct moved *find_moved(const struct wait *w, enum counter_source source, const char *owner,
				const char *name)
{
	for (size_t i = 0; i < w->n_moved; i++)
		if (w->moved[i].name == name && w->moved[i].source == source &&
		    util_streq(w->moved[i].owner, owner))
			return &w->moved[i];
	return NULL;
}

int correlate_give(struct wait *w, const struct baseline_owner *o, const struct baseline_row *row,
		   uint64_t delta, uint64_t local)
{
	struct moved *m = find_moved(w, o->source, o->name, row->name);
	int r;

	if (!m) {
		r = moved_add(w, o->source, o->name, row->name, &m);
		if (r < 0)
			return r == -ENOBUFS ? 0 : r;
	}
	m->have = row->have;
	m->held = row->held;
	m->limit = row->limit;
	m->failcnt = row->failcnt;
	m->delta += delta;
	m->local += local;
	return 0;
}

int correlate_seq_add(struct wait *w, int64_t seq)
{
	if (w->n_seqs == SEQS_MAX)
		return -ENOBUFS;
	if (w->n_seqs == w->cap_seqs) {
		size_t cap = w->cap_seqs ? w->cap_seqs * 2 : 4;
		int64_t *p = reallocarray(w->seqs, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		w->seqs = p;
		w->cap_seqs = cap;
	}
	w->seqs[w->n_seqs++] = seq;
	return 0;
}

struct wait *correlate_wait_new(const struct event *e, const char *ct)
{
	const char *parts[] = {event_text(e, FIELD_CGROUP), event_text(e, FIELD_MEMCG),
			       event_text(e, FIELD_LIMIT_CGROUP), ct};
	size_t n[ARRAY_SIZE(parts)], sum = 0;
	struct wait *w;
	char *at;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		sum += n[i] = strlen(parts[i]) + 1;
	w = calloc(1, sizeof(*w) + sum);
	if (!w)
		return NULL;
	at = w->text;
	w->cgroup = memcpy(at, parts[0], n[0]);
	w->memcg = memcpy(at + n[0], parts[1], n[1]);
	w->limit = memcpy(at + n[0] + n[1], parts[2], n[2]);
	w->ct = memcpy(at + n[0] + n[1] + n[2], parts[3], n[3]);
	w->kind = e->kind;
	w->resource = catalogue_by_id(event_text(e, FIELD_RESOURCE));
	return w;
}

bool correlate_same(const struct wait *a, const struct wait *b)
{
	return a->due == b->due && a->kind == b->kind && a->resource == b->resource &&
	       util_streq(a->cgroup, b->cgroup) && util_streq(a->memcg, b->memcg) &&
	       util_streq(a->limit, b->limit) && util_streq(a->ct, b->ct);
}

/* Nothing below it in this event counted the same. */
static bool is_deepest(const struct wait *w, const struct moved *m)
{
	for (size_t i = 0; i < w->n_moved; i++)
		if (w->moved[i].source == m->source && w->moved[i].name == m->name &&
		    strlen(w->moved[i].owner) > strlen(m->owner))
			return false;
	return true;
}

/*
 * A name says what is counted, not whose limit it was: a row is the event's
 * own only in the cgroup that refused. For kills that is the one whose limit
 * fired; a kill is counted in the victim's cgroup as well, or (v1) only there.
 */
static enum relation relation_of(const struct wait *w, const struct moved *m)
{
	enum relation r = catalogue_relation(w->resource, m->name);

	if (r != RELATION_OWN || m->source == COUNTER_UBC)
		return r;
	if (correlate_is_pressure(m->source, m->name))
		return RELATION_RELATED;
	if (*w->memcg)
		return util_streq(m->owner + strlen("cgroup:"), w->memcg) ? RELATION_OWN
									  : RELATION_RELATED;
	if (w->kind == EVENT_KILLED)
		return RELATION_RELATED;
	/* The cgroup that refused is known; where none was told or counted, the rows say. */
	if (*w->limit && util_streq(m->owner + strlen("cgroup:"), w->limit))
		return RELATION_OWN;
	if (m->have & COUNTER_FAILCNT_LOCAL)
		return m->local ? RELATION_OWN : RELATION_RELATED;
	return is_deepest(w, m) ? RELATION_OWN : RELATION_RELATED;
}

/* Of the process's own cgroup, and of the one whose limit it was; of those above only its kind. */
static bool leads_to(const struct wait *w, const struct minute_row *r)
{
	const char *path = util_after(r->owner, "cgroup:");

	if (r->source == COUNTER_UBC)
		return *w->ct && util_streq(r->owner, w->ct);
	if (!path || util_streq(path, "/")) /* the root counts what belongs to nobody together */
		return false;
	if (util_streq(path, w->cgroup) || util_streq(path, w->memcg))
		return true;
	return (is_above(path, w->cgroup) || is_above(path, w->memcg)) &&
	       catalogue_relation(w->resource, r->name) != RELATION_COINCIDENT;
}

static void give_minute_row(void *arg, const struct minute_row *r)
{
	struct wait *w = arg;
	struct moved *m = find_moved(w, r->source, r->owner, r->name);

	if (!m && (!leads_to(w, r) || moved_add(w, r->source, r->owner, r->name, &m) < 0))
		return;
	if (!m->have) {
		m->have = r->have;
		m->held = r->held;
		m->limit = r->limit;
		m->failcnt = r->failcnt;
	}
	m->before = r->moved > m->delta ? r->moved - m->delta : 0;
}

void correlate_give_minute(struct wait *w, const struct minute *m, uint64_t now_ms)
{
	if (w->kind == EVENT_KILLED)
		minute_each(m, now_ms, give_minute_row, w);
}

/* The nearest first, for the array has an end. */
static int by_relation(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;
	size_t nx = strlen(x->owner), ny = strlen(y->owner);

	if (x->relation != y->relation)
		return x->relation < y->relation ? -1 : 1;
	if (nx != ny)
		return nx > ny ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void add_rows(struct event *e, const struct wait *w)
{
	for (size_t i = 0; i < w->n_moved; i++) {
		const struct moved *from = &w->moved[i];
		struct event_moved *m = event_moved_add(e);

		if (!m)
			continue;
		m->source = correlate_source_name(from->source);
		m->owner = event_keep(e, from->owner);
		m->resource = event_keep(e, from->name);
		m->have = from->have & (COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT);
		m->held = from->held;
		m->limit = from->limit;
		m->failcnt = from->failcnt;
		m->delta = from->delta > INT64_MAX ? INT64_MAX : (int64_t)from->delta;
		m->before = from->before;
		m->relation = from->relation;
	}
}

void correlate_tell(struct wait *w, const struct correlate_now *now, correlate_emit_fn *emit,
		    void *arg)
{
	const struct resource *res = catalogue_get(w->resource);
	struct event e;

	if (!w->n_moved)
		return;
	for (size_t i = 0; i < w->n_moved; i++)
		w->moved[i].relation = relation_of(w, &w->moved[i]);
	qsort(w->moved, w->n_moved, sizeof(*w->moved), by_relation);
	for (size_t i = 0; i < w->n_seqs; i++) {
		event_init(&e, EVENT_FOLLOWUP);
		event_int(&e, FIELD_TIME, now->realtime_ns);
		event_int(&e, FIELD_UPTIME_US, now->uptime_us);
		event_int(&e, FIELD_OF_SEQ, w->seqs[i]);
		if (res)
			event_static(&e, FIELD_RESOURCE, res->id);
		add_rows(&e, w);
		emit(arg, &e);
	}
}
