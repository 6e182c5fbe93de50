// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_usage.c - usage against its limit in the time around an incident, from
 * the samples of counter rows.
 *
 * Only rows of whose limit it was tell it, and of those only one with that limit: the row that
 * counts this very resource comes first.
 */
#include "catalogue.h"
#include "counter.h"
#include "report_priv.h"

#define BEFORE (10 * 60 * NS)
#define AFTER (5 * 60 * NS)
/* Of a long incident its end is shown. */
#define LONGEST (2 * 3600 * NS)

void report_chart_span(const struct report *r, const struct report_card *c, int64_t *ret_from,
		       int64_t *ret_to)
{
	int64_t from = c->id_first - BEFORE, to = c->id_last + AFTER;

	if (to - from > LONGEST)
		from = to - LONGEST;
	if (from < r->begun)
		from = r->begun < c->id_first ? r->begun : c->id_first - NS;
	if (to > r->until)
		to = r->until > c->id_last ? r->until : c->id_last + NS;
	/* A row that nobody read any more is not known to have stayed as it was. */
	for (unsigned int i = 0; i < r->n_gaps; i++) {
		if (r->gaps[i].from > c->id_last && r->gaps[i].from < to)
			to = r->gaps[i].from;
		if (r->gaps[i].to < c->id_first && r->gaps[i].to > from)
			from = r->gaps[i].to;
	}
	*ret_from = from;
	*ret_to = to;
}

static bool named_cgroup(const struct event *e, enum field f, char *buf, size_t size)
{
	if (!event_has(e, f))
		return false;
	return snprintf(buf, size, "cgroup:%s", event_text(e, f)) < (int)size;
}

static bool numbered(const struct event *e, enum field f, const char *word, char *buf, size_t size)
{
	if (!event_has(e, f))
		return false;
	return snprintf(buf, size, "%s:%lld", word, (long long)event_num(e, f)) < (int)size;
}

/*
 * Whose limit it was. Somebody else's usage, even of the same resource, would be a wrong picture:
 * of a cgroup that was full the host tells nothing.
 */
static bool limit_owner(const struct event *e, char *buf, size_t size)
{
	if (event_has(e, FIELD_MEMCG))
		return named_cgroup(e, FIELD_MEMCG, buf, size);
	if (event_has(e, FIELD_LIMIT_CGROUP))
		return named_cgroup(e, FIELD_LIMIT_CGROUP, buf, size);
	if (event_has(e, FIELD_LIMIT_UID))
		return numbered(e, FIELD_LIMIT_UID, "uid", buf, size);
	if (event_has(e, FIELD_MOUNT))
		return snprintf(buf, size, "fs:%s", event_text(e, FIELD_MOUNT)) < (int)size;
	if (event_has(e, FIELD_OWNER))
		return util_strlcpy(buf, event_text(e, FIELD_OWNER), size);
	if (util_after(event_text(e, FIELD_LIMIT_NAME), "RLIMIT_"))
		return numbered(e, FIELD_PID, "pid", buf, size);
	return util_strlcpy(buf, "host", size);
}

/*
 * The counters are those of the first namespaces, whose inode numbers are fixed
 * (include/linux/proc_ns.h, PROC_IPC_INIT_INO and its neighbours).
 */
static bool is_counted_there(const struct event *e)
{
	static const char *const first[] = {"ipc:[4026531839]", "user:[4026531837]",
					    "pid:[4026531836]"};

	if (!event_has(e, FIELD_NAMESPACE))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (util_streq(event_text(e, FIELD_NAMESPACE), first[i]))
			return true;
	return false;
}

bool report_chart_owner(const struct report_card *c, unsigned int n, char *buf, size_t size)
{
	const struct event *e = c->verdict;

	if (!e || !event_has(e, FIELD_RESOURCE) || !is_counted_there(e))
		return false;
	if (n == 0)
		return limit_owner(e, buf, size);
	/* Then those whose failure counter moved for it. */
	for (unsigned int i = 0; i < e->n_moved; i++) {
		if (e->moved[i].relation != RELATION_OWN || !e->moved[i].owner)
			continue;
		if (--n == 0)
			return util_strlcpy(buf, e->moved[i].owner, size);
	}
	return false;
}

static bool same_text(const struct event *a, const struct event *b, enum field f)
{
	return util_streq(event_text(a, f), event_text(b, f));
}

void report_chart_points(const struct report *r, struct report_card *c)
{
	const struct event *e = c->verdict;
	struct report_chart *x = &c->chart;

	if (c->id_first <= 0 || !util_after(event_text(e, FIELD_LIMIT_NAME), "RLIMIT_") ||
	    !event_has(e, FIELD_PID) || event_has(e, FIELD_LIMIT_UID))
		return;
	report_chart_span(r, c, &x->from, &x->to);
	snprintf(x->owner, sizeof(x->owner), "%s[%lld]", event_text(e, FIELD_COMM),
		 (long long)e->num[FIELD_PID]);
	util_strlcpy(x->unit, event_text(e, FIELD_MEASURE), sizeof(x->unit));
	x->points = true;
}

static size_t column_of(const struct report_chart *c, int64_t time)
{
	int64_t at = time < c->from ? 0 : time - c->from;
	size_t i = (size_t)((double)at / (double)(c->to - c->from) * REPORT_COLUMNS);

	return i < REPORT_COLUMNS ? i : REPORT_COLUMNS - 1;
}

void report_chart_point(struct report_card *c, const struct event *e)
{
	struct report_chart *x = &c->chart;
	int64_t time = event_num(e, FIELD_TIME);
	size_t i;

	if (!x->points || e->kind != EVENT_REFUSED || time < x->from || time >= x->to ||
	    !event_has(e, FIELD_HELD) || !event_has(e, FIELD_LIMIT) || e->num[FIELD_HELD] < 0 ||
	    e->num[FIELD_LIMIT] < 0 ||
	    event_num(e, FIELD_PID) != event_num(c->verdict, FIELD_PID) ||
	    !same_text(e, c->verdict, FIELD_LIMIT_NAME) || !same_text(e, c->verdict, FIELD_MEASURE))
		return;
	i = column_of(x, time);
	if (!x->has[i] || (uint64_t)e->num[FIELD_HELD] > x->held[i])
		x->held[i] = (uint64_t)e->num[FIELD_HELD];
	x->has[i] = x->limited[i] = true;
	x->limit[i] = (uint64_t)e->num[FIELD_LIMIT];
}

/* One or two are no curve: the sentence says as much. */
void report_chart_points_done(struct report_card *c)
{
	struct report_chart *x = &c->chart;
	unsigned int n = 0;

	for (size_t i = 0; i < REPORT_COLUMNS; i++)
		n += x->has[i];
	if (x->points && n > 2)
		util_strlcpy(x->resource, event_text(c->verdict, FIELD_LIMIT_NAME),
			     sizeof(x->resource));
}

void report_chart_begin(struct report_chart_maker *m, const struct report_card *c, int64_t from,
			int64_t to)
{
	memset(m, 0, sizeof(*m));
	m->card = c;
	m->now.from = m->best.from = from;
	m->now.to = m->best.to = to;
}

/* 0: this row does not tell the usage. */
static int rank_of(const struct report_card *c, const struct store_sample *s)
{
	const struct event *e = c->verdict;
	unsigned int id = catalogue_by_id(event_text(e, FIELD_RESOURCE));
	enum relation relation = catalogue_relation(id, s->resource);
	bool limited = s->have & COUNTER_LIMIT && s->limit != COUNTER_UNLIMITED;

	if (id == FC_RESOURCE_NONE || relation == RELATION_COINCIDENT || !(s->have & COUNTER_HELD))
		return 0;
	if (s->unit[0] && event_has(e, FIELD_MEASURE) &&
	    !util_streq(s->unit, event_text(e, FIELD_MEASURE)))
		return 0;
	/* Another limit than the one that refused: of another time, or of something else. */
	if (event_has(e, FIELD_LIMIT) &&
	    !(limited && s->limit == (uint64_t)event_num(e, FIELD_LIMIT)))
		return 0;
	/* Events that are counted ("memory.max") hold nothing; a usage has the resource's name. */
	return 1 + (relation == RELATION_OWN) + 2 * limited +
	       4 * util_streq(s->resource, catalogue_get(id)->id);
}

static void settle(struct report_chart_maker *m)
{
	if (m->rank > m->best_rank) {
		m->best = m->now;
		m->best_rank = m->rank;
	}
	m->rank = 0;
	memset(m->now.has, 0, sizeof(m->now.has));
	memset(m->now.limited, 0, sizeof(m->now.limited));
}

void report_chart_sample(struct report_chart_maker *m, const struct store_sample *s)
{
	struct report_chart *c = &m->now;
	int rank;
	size_t i;

	if (!util_streq(c->owner, s->owner) || !util_streq(c->resource, s->resource)) {
		settle(m);
		if (!util_strlcpy(c->owner, s->owner, sizeof(c->owner)) ||
		    !util_strlcpy(c->resource, s->resource, sizeof(c->resource)) ||
		    !util_strlcpy(c->unit, s->unit, sizeof(c->unit)))
			return;
	}
	if (!(s->have & COUNTER_HELD) || s->time >= c->to)
		return;
	rank = rank_of(m->card, s);
	if (rank > m->rank)
		m->rank = rank;
	i = column_of(c, s->time);
	/* The last before the beginning is followed by those in the same column: the highest. */
	if (!c->has[i] || s->held > c->held[i])
		c->held[i] = s->held;
	c->has[i] = true;
	c->limited[i] = s->have & COUNTER_LIMIT && s->limit != COUNTER_UNLIMITED;
	c->limit[i] = s->limit;
}

bool report_chart_end(struct report_chart_maker *m, struct report_card *c)
{
	settle(m);
	if (m->best_rank == 0)
		return false;
	c->chart = m->best;
	return true;
}
