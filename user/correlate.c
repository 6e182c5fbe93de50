// SPDX-License-Identifier: GPL-2.0-only
/*
 * correlate.c - events that wait for their rows, and the verdict on each row:
 * the event's own, a related one, or a coincidence.
 *
 * Events of one chain and resource wait together. A row that moves is given to
 * everyone who waits and has its owner in the chain; one that nobody waits for
 * is kept as unclaimed, and an event that arrives later takes it along. So it
 * does not matter whether the counter or the event comes first, and a row is
 * never told both ways.
 *
 * Readings are made for a batch of events, at most one batch in settle_ms
 * however many events there are: an event joins the batch before it as long as
 * half of settle_ms remains for its own rows to move.
 */
#include "baseline.h"
#include "correlate_priv.h"

#define WAITS_MAX 1024 /* different chains and resources at one time */

struct correlate {
	struct baseline base;
	struct correlate_options o;
	struct minute *minute;
	uint64_t lag_ms;
	struct wait *waits, **tail; /* in the order in which they are due */
	size_t n_waits;
	uint64_t batch_due;
};

int correlate_new(struct correlate **ret, const struct correlate_options *o)
{
	struct correlate *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->minute = minute_new();
	if (!c->minute) {
		free(c);
		return -ENOMEM;
	}
	c->o = *o;
	c->tail = &c->waits;
	c->base.reading = 1;
	*ret = c;
	return 0;
}

void correlate_free(struct correlate *c)
{
	struct wait *w;

	if (!c)
		return;
	while ((w = c->waits)) {
		c->waits = w->next;
		correlate_wait_free(w);
	}
	baseline_free(&c->base);
	minute_free(c->minute);
	free(c);
}

struct taking {
	struct correlate *c;
	uint64_t now_ms;
};

static int row_moved(void *arg, struct baseline_owner *o, struct baseline_row *row, uint64_t delta,
		     uint64_t local)
{
	const struct taking *t = arg;
	struct correlate *c = t->c;
	struct baseline_moving *m = row->moving;
	bool claimed = false;
	int r = 0;

	minute_note(c->minute, o, row, delta, t->now_ms);
	/* What children lent long ago and the parent never showed explains nothing now. */
	if (m && !m->delta && t->now_ms > m->implied_at + 2 * c->o.settle_ms + c->lag_ms)
		m->implied = 0;
	for (struct wait *w = c->waits; w && !r; w = w->next) {
		if (!correlate_in_chain(w, o))
			continue;
		r = correlate_give(w, o, row, delta, local);
		claimed = true;
	}
	if (claimed) {
		row->claimed_at = t->now_ms;
		if (m)
			m->implied -= m->implied < delta ? m->implied : delta;
		return r;
	}
	m = baseline_moving(&c->base, o, row);
	if (!m)
		return -ENOMEM;
	if (!m->delta)
		m->since = t->now_ms;
	m->delta += delta;
	m->local += local;
	return 0;
}

int correlate_rows(struct correlate *c, const struct counter_table *t, bool first, uint64_t now_ms)
{
	struct taking taking = {c, now_ms};

	return baseline_update(&c->base, t, first, now_ms, row_moved, &taking);
}

void correlate_round(struct correlate *c)
{
	c->base.reading++;
}

bool correlate_is_read(const struct correlate *c, enum counter_source s, const char *owner)
{
	const struct baseline_owner *o = baseline_find(&c->base, s, owner);

	return o && o->reading == c->base.reading;
}

int correlate_born(struct correlate *c, enum counter_source s, const char *owner)
{
	return baseline_born(&c->base, s, owner);
}

void correlate_gone(struct correlate *c, enum counter_source s, const char *owner)
{
	baseline_gone(&c->base, s, owner);
}

void correlate_gone_part(struct correlate *c, const char *owner, const char *controller)
{
	baseline_zero(&c->base, owner, controller);
}

void correlate_gone_ubc(struct correlate *c)
{
	baseline_gone_ubc(&c->base);
}

void correlate_lag(struct correlate *c, uint64_t lag_ms)
{
	c->lag_ms = lag_ms;
}

/* When an event of now is read: see the top. */
static uint64_t batch_of(struct correlate *c, uint64_t now_ms)
{
	uint64_t settle = c->o.settle_ms;

	if (c->batch_due <= now_ms || !c->waits)
		c->batch_due = now_ms + settle;
	else if (c->batch_due - now_ms < (settle + 1) / 2)
		c->batch_due += settle;
	return c->batch_due;
}

/*
 * Whose row of user_beancounters an event can move: its container's; inside a
 * container there is one table only, and on a host what is in no container
 * belongs to 0.
 */
static void container_of(const struct correlate *c, const struct event *e, char *buf, size_t size)
{
	const struct baseline_owner *o;

	buf[0] = '\0';
	if (!c->base.n_ubc)
		return;
	if (event_has(e, FIELD_CONTAINER) &&
	    util_streq(event_text(e, FIELD_CONTAINER_RUNTIME), "openvz")) {
		snprintf(buf, size, "ct:%s", event_text(e, FIELD_CONTAINER));
		return;
	}
	util_strlcpy(buf, "ct:0", size);
	for (o = c->base.owners; c->base.n_ubc == 1 && o; o = o->hh.next)
		if (o->source == COUNTER_UBC)
			util_strlcpy(buf, o->name, size);
}

/* Takes along what moved before the event arrived. */
static int claim(struct correlate *c, struct wait *w, uint64_t now_ms)
{
	int r = 0;

	for (struct baseline_owner *o = c->base.active; o && !r; o = o->next_active) {
		if (!correlate_in_chain(w, o))
			continue;
		for (unsigned int i = 0; i < o->n_rows && !r; i++) {
			struct baseline_moving *m = o->rows[i].moving;

			if (!m || !m->delta)
				continue;
			r = correlate_give(w, o, &o->rows[i], m->delta, m->local);
			m->implied -= m->implied < m->delta ? m->implied : m->delta;
			m->delta = 0;
			m->local = 0;
			o->rows[i].claimed_at = now_ms;
		}
	}
	return r;
}

static void wait_freep(struct wait **w)
{
	if (*w)
		correlate_wait_free(*w);
}

int correlate_event(struct correlate *c, const struct event *e, int64_t seq, uint64_t now_ms)
{
	_cleanup_(wait_freep) struct wait *new = NULL;
	struct wait *w;
	char ct[80];
	int r;

	if (e->kind != EVENT_REFUSED && e->kind != EVENT_KILLED)
		return 0;
	container_of(c, e, ct, sizeof(ct));
	if (!event_has(e, FIELD_CGROUP) && !event_has(e, FIELD_MEMCG) &&
	    !event_has(e, FIELD_LIMIT_CGROUP) && !ct[0])
		return 0;
	new = correlate_wait_new(e, ct);
	if (!new)
		return -ENOMEM;
	new->due = batch_of(c, now_ms);
	for (w = c->waits; w; w = w->next)
		if (correlate_same(w, new))
			return correlate_seq_add(w, seq);
	if (c->n_waits == WAITS_MAX)
		return -ENOBUFS;
	r = correlate_seq_add(new, seq);
	if (r < 0)
		return r;
	w = TAKE_PTR(new);
	*c->tail = w;
	c->tail = &w->next;
	c->n_waits++;
	return claim(c, w, now_ms);
}

static bool is_due(const struct wait *w, const struct correlate_now *now)
{
	return now->all || w->due <= now->ms;
}

/* A cgroup and its ancestors, the deepest first. */
static int each_above(const char *path, int (*cb)(void *arg, const char *owner), void *arg)
{
	_cleanup_free_ char *owner = NULL;
	char *from, *slash;
	int r;

	if (!*path)
		return 0;
	if (asprintf(&owner, "cgroup:%s", path) < 0) {
		owner = NULL;
		return -ENOMEM;
	}
	from = owner + strlen("cgroup:");
	r = cb(arg, owner);
	while (!r && (slash = strrchr(from, '/')) && slash[1]) {
		slash[slash == from] = '\0';
		r = cb(arg, owner);
	}
	return r;
}

int correlate_chains(const struct correlate *c, const struct correlate_now *now,
		     int (*cb)(void *arg, const char *owner), void *arg)
{
	int r = 0;

	for (const struct wait *w = c->waits; w && !r && is_due(w, now); w = w->next) {
		r = each_above(w->cgroup, cb, arg);
		if (!r && !util_streq(w->memcg, w->cgroup))
			r = each_above(w->memcg, cb, arg);
		if (!r && !util_streq(w->limit, w->cgroup))
			r = each_above(w->limit, cb, arg);
		if (!r && *w->ct)
			r = cb(arg, w->ct);
	}
	return r;
}

static struct correlate_grace grace_of(const struct correlate *c)
{
	return (struct correlate_grace){2 * c->o.settle_ms, c->lag_ms, c->o.interval_ms};
}

void correlate_run(struct correlate *c, const struct correlate_now *now, correlate_emit_fn *emit,
		   void *arg)
{
	const struct correlate_grace grace = grace_of(c);
	struct wait *w;

	while ((w = c->waits) && is_due(w, now)) {
		c->waits = w->next;
		if (!c->waits)
			c->tail = &c->waits;
		c->n_waits--;
		correlate_give_minute(w, c->minute, now->ms);
		correlate_tell(w, now, emit, arg);
		correlate_wait_free(w);
	}
	correlate_counted(&c->base, &grace, now, emit, arg);
}

uint64_t correlate_due(const struct correlate *c)
{
	const struct correlate_grace grace = grace_of(c);
	uint64_t counted = correlate_counted_due(&c->base, &grace);

	return c->waits && c->waits->due < counted ? c->waits->due : counted;
}
