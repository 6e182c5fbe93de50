// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_read.c - fills the model of a report from a store: first the counts
 * and groups, then for each card what it shows of its latest incident.
 */
#include "report_priv.h"
#include "report_read.h"

#define DAY (24 * 3600 * NS)
/* Of one incident so many events are looked at for what led to it. */
#define TRAIL_EVENTS 2000

static int on_count(void *arg, const char *lane, int64_t time, uint64_t refused, uint64_t killed,
		    uint64_t counted)
{
	return report_add_count(arg, lane, time, refused, killed, counted);
}

static int on_incident(void *arg, const struct incident *i)
{
	return report_add_incident(arg, i);
}

static int on_event(void *arg, const struct event *e, int64_t incident _unused_)
{
	return report_add_event(arg, e);
}

static int on_top(void *arg, const char *name, uint64_t refused, uint64_t killed)
{
	return report_add_top(arg, name, refused, killed);
}

static int on_gap(void *arg, const struct store_gap *g)
{
	report_add_gap(arg, g->from, g->to,
		       g->stopped ? "the recorder was stopped" : "the recorder was killed");
	return 0;
}

static int on_dropped(void *arg, const struct store_dropped *d)
{
	report_add_dropped(arg, d);
	return 0;
}

static void on_watch(void *arg, const char *host, const char *version, const char *kernel)
{
	struct report *r = arg;

	report_copy(r->host, host, sizeof(r->host));
	report_copy(r->recorder, version, sizeof(r->recorder));
	report_copy(r->kernel, kernel, sizeof(r->kernel));
}

/* When the recording did, and when it was to. 0: not known, no later. */
struct began {
	int64_t first, asked;
};

/* What nobody asked for is the last day. Events without a time are in no range. */
static int range(struct store *s, struct store_query *q, int64_t now, struct began *ret)
{
	int64_t first = 0, last = 0;
	int err = store_span(s, &first, &last);

	if (err < 0 && err != -ENODATA)
		return err;
	if (err == -ENODATA && !q->since && !q->until)
		return 0;
	if (store_in_memory(s) && last && (!q->until || q->until > last))
		q->until = last + 1;
	if (!q->until)
		q->until = !q->since && last && last < now - DAY ? last + 1 : now;
	if (q->since && first > q->since && first < q->until) {
		ret->asked = q->since;
		q->since = first;
	}
	if (!q->since)
		q->since = first > q->until - DAY && first < q->until ? first : q->until - DAY;
	if (q->until - q->since < NS)
		q->since = q->until - NS;
	ret->first = first;
	return 0;
}

/* What there is no telling of: gaps and losses, whatever is asked for. */
static int read_missing(struct report *r, struct store *s)
{
	struct store_query lost = {.since = r->since, .until = r->until, .kinds = 1 << EVENT_LOST};
	int err = store_last_watch(s, on_watch, r);

	r->watch_unknown = err == -ENODATA;
	if (err == -ENODATA)
		err = 0;
	if (!err)
		err = store_each_gap(s, r->since, r->until, on_gap, r);
	if (!err)
		err = store_each_event(s, &lost, on_event, r);
	if (!err)
		err = store_each_dropped(s, r->since, r->until, on_dropped, r);
	return err;
}

static int read_all(struct report *r, struct store *s, const struct store_query *q)
{
	struct store_query latest =
		*q; /* first: where there are too many to tell apart, they stay */
	int err = store_each_count(s, q, r->base, r->width, on_count, r);

	latest.newest = true;
	if (!err)
		err = store_each_incident(s, &latest, on_incident, r);
	if (!err)
		err = store_each_top(s, q, FIELD_CGROUP, on_top, &r->cgroups);
	if (!err)
		err = store_each_top(s, q, FIELD_COMM, on_top, &r->programs);
	if (!err)
		err = read_missing(r, s);
	return err ? err : report_finish(r);
}

struct card_reader {
	struct report *r;
	struct report_card *card;
	uint64_t events;
};

static int on_verdict(void *arg, const struct incident *i)
{
	struct card_reader *c = arg;

	c->events = i->events;
	if (event_has(i->verdict, FIELD_HOST) && !c->r->host[0])
		report_copy(c->r->host, event_text(i->verdict, FIELD_HOST), sizeof(c->r->host));
	return report_card_verdict(c->card, i->verdict);
}

static int on_card_event(void *arg, const struct event *e, int64_t incident _unused_)
{
	report_chart_point(arg, e);
	return report_card_event(arg, e);
}

static int on_sample(void *arg, const struct store_sample *sample)
{
	report_chart_sample(arg, sample);
	return 0;
}

static int read_chart(struct report *r, struct store *s, struct report_card *c)
{
	static struct report_chart_maker m; /* large */
	char owner[256];
	int64_t from, to;
	int err = 0;

	if (c->id_first <= 0)
		return 0;
	report_chart_span(r, c, &from, &to);
	for (unsigned int n = 0; !err && report_chart_owner(c, n, owner, sizeof(owner)); n++) {
		report_chart_begin(&m, c, from, to);
		err = store_each_sample(s, from, to, owner, NULL, on_sample, &m);
		if (!err && report_chart_end(&m, c))
			break;
	}
	return err;
}

static int read_card(struct report *r, struct store *s, struct report_card *c)
{
	struct card_reader reader = {.r = r, .card = c};
	struct store_query q = {.incident = c->id};
	int err = store_each_incident(s, &q, on_verdict, &reader);

	c->partial = reader.events > TRAIL_EVENTS;
	q.newest = c->partial;
	q.most = TRAIL_EVENTS;
	if (!err && c->verdict)
		report_chart_points(r, c);
	if (!err)
		err = store_each_event(s, &q, on_card_event, c);
	if (!err) {
		report_card_done(c);
		report_chart_points_done(c);
	}
	return err || !c->verdict ? err : read_chart(r, s, c);
}

int report_read(struct report **ret, struct store *s, const struct store_query *asked, int64_t now,
		long zone)
{
	_cleanup_(report_freep) struct report *r = NULL;
	struct store_query q = *asked;
	struct began began = {};
	int err = range(s, &q, now, &began);

	if (!err && q.until)
		err = report_new(&r, q.since, q.until + 1, zone);
	else if (!err)
		err = report_new(&r, now - DAY, now, zone);
	if (!err) {
		r->asked_since = began.asked;
		r->begun = began.first;
	}
	if (!err)
		err = read_all(r, s, &q);
	for (unsigned int i = 0; !err && i < r->n_kills; i++)
		err = read_card(r, s, &r->kills[i]);
	for (unsigned int i = 0; !err && i < r->n_refusals; i++)
		err = read_card(r, s, &r->refusals[i]);
	if (!err)
		*ret = TAKE_PTR(r);
	return err;
}
