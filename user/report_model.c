// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_model.c - counts by resource and interval of time, and what was lost.
 *
 * An interval is a round length of time and begins at a round time, so that a
 * person can name it: "from 03:15 to 03:30".
 */
#include "report_priv.h"

/* Lanes that are counted; a store of a stranger could name any number of resources. */
#define LANES_MAX 256

int64_t report_round_step(int64_t ns, unsigned int most)
{
	static const int64_t seconds[] = {1,      2,      5,       10,      15,     30,
					  60,     120,    300,     600,     900,    1800,
					  3600,   7200,   10800,   21600,   43200,  86400,
					  172800, 604800, 1209600, 2592000, 7776000};
	int64_t step = 0;

	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		step = seconds[i] * NS;
		if (ns / step < most)
			return step;
	}
	while (ns / step >= most)
		step *= 2;
	return step;
}

int report_new(struct report **ret, int64_t since, int64_t until, long zone)
{
	_cleanup_(report_freep) struct report *r = NULL;
	int64_t shift = zone * NS, into;

	if (since >= until)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->since = since;
	r->until = until;
	/* One less: the first and the last may both be cut. */
	r->width = report_round_step(until - since, REPORT_BUCKETS - 1);
	into = (since + shift) % r->width;
	r->base = since - (into < 0 ? into + r->width : into);
	r->n_buckets = (unsigned int)((until - 1 - r->base) / r->width) + 1;
	*ret = TAKE_PTR(r);
	return 0;
}

static void card_free(struct report_card *c)
{
	free(c->verdict);
	free(c->found);
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (unsigned int i = 0; i < r->n_kills; i++)
		card_free(&r->kills[i]);
	for (unsigned int i = 0; i < r->n_refusals; i++)
		card_free(&r->refusals[i]);
	for (unsigned int i = 0; i < r->cgroups.n; i++)
		free(r->cgroups.row[i].name);
	for (unsigned int i = 0; i < r->programs.n; i++)
		free(r->programs.row[i].name);
	report_groups_free(r->groups);
	free(r->kills);
	free(r->refusals);
	free(r->lanes);
	free(r);
}

static struct report_lane *lane_of(struct report *r, const char *name)
{
	struct report_lane *l;

	for (unsigned int i = 0; i < r->n_lanes; i++)
		if (strncmp(r->lanes[i].name, name, sizeof(r->lanes[i].name) - 1) == 0)
			return &r->lanes[i];
	if (r->n_lanes == LANES_MAX)
		return &r->lanes[LANES_MAX - 1];
	if (r->n_lanes == r->cap_lanes) {
		unsigned int cap = r->cap_lanes ? 2 * r->cap_lanes : 16;

		l = realloc(r->lanes, cap * sizeof(*l));
		if (!l)
			return NULL;
		r->lanes = l;
		r->cap_lanes = cap;
	}
	l = &r->lanes[r->n_lanes++];
	memset(l, 0, sizeof(*l));
	util_strlcpy(l->name, r->n_lanes == LANES_MAX ? "others" : name, sizeof(l->name));
	return l;
}

int report_add_count(struct report *r, const char *lane, int64_t time, uint64_t refused,
		     uint64_t killed, uint64_t counted)
{
	struct report_lane *l;
	bool timed = time != 0;
	unsigned int i;

	if ((timed && (time < r->base || time >= r->until)) || refused + killed + counted == 0)
		return 0;
	l = lane_of(r, lane && *lane ? lane : "unknown");
	if (!l)
		return -ENOMEM;
	l->refused += refused;
	l->killed += killed;
	l->counted += counted;
	r->refused += refused;
	r->killed += killed;
	r->counted += counted;
	if (!timed) {
		r->untimed += refused + killed + counted;
		return 0;
	}
	i = (unsigned int)((time - r->base) / r->width);
	l->refused_in[i] += refused;
	l->killed_in[i] += killed;
	l->counted_in[i] += counted;
	return 0;
}

/* Losses of one place are one line; where there is no room for more places, the last has them. */
static void add_lost(struct report *r, const struct event *e)
{
	const char *stage = event_text(e, FIELD_STAGE), *hook = event_text(e, FIELD_HOOK);
	uint64_t n = (uint64_t)event_num(e, FIELD_LOST);
	struct report_stage *s = r->stages;

	/* Times when nobody watched are gaps, and come as such. */
	if (util_streq(stage, "down"))
		return;
	while (s < r->stages + r->n_stages &&
	       (strncmp(s->stage, stage, sizeof(s->stage) - 1) != 0 ||
		strncmp(s->hook, hook, sizeof(s->hook) - 1) != 0))
		s++;
	if (s == r->stages + REPORT_STAGES) {
		s--;
		util_strlcpy(s->stage, "several", sizeof(s->stage));
		s->hook[0] = '\0';
	} else if (s == r->stages + r->n_stages) {
		r->n_stages++;
		util_strlcpy(s->stage, stage, sizeof(s->stage));
		util_strlcpy(s->hook, hook, sizeof(s->hook));
	}
	s->lost += n;
	s->at_most |= event_num(e, FIELD_AT_MOST) != 0;
	r->lost += n;
	r->lost_at_most |= event_num(e, FIELD_AT_MOST) != 0;
}

/* The last one that was told wins: it is what runs now. */
static void add_started(struct report *r, const struct event *e)
{
	util_strlcpy(r->host, event_text(e, FIELD_HOST), sizeof(r->host));
	util_strlcpy(r->kernel, event_text(e, FIELD_KERNEL), sizeof(r->kernel));
	util_strlcpy(r->recorder, event_text(e, FIELD_VERSION), sizeof(r->recorder));
}

uint64_t report_times(const struct event *e)
{
	int64_t n = event_num(e, FIELD_COUNT);

	return n > 0 ? (uint64_t)n : 1;
}

const char *report_lane_name(const struct event *e)
{
	if (event_has(e, FIELD_RESOURCE))
		return event_text(e, FIELD_RESOURCE);
	if (event_has(e, FIELD_CAUSE))
		return event_text(e, FIELD_CAUSE);
	return "unknown";
}

int report_add_event(struct report *r, const struct event *e)
{
	uint64_t n = report_times(e);
	int64_t time = event_num(e, FIELD_TIME);

	if (event_has(e, FIELD_HOST) && !r->host[0])
		util_strlcpy(r->host, event_text(e, FIELD_HOST), sizeof(r->host));
	switch (e->kind) {
	case EVENT_STARTED:
		add_started(r, e);
		return 0;
	case EVENT_LOST:
		if (time >= r->since && time < r->until)
			add_lost(r, e);
		return 0;
	case EVENT_REFUSED:
		return report_add_count(r, report_lane_name(e), time, n, 0, 0);
	case EVENT_KILLED:
		return report_add_count(r, report_lane_name(e), time, 0, n, 0);
	case EVENT_COUNTED:
		return report_add_count(r, report_lane_name(e), time, 0, 0, n);
	default:
		return 0;
	}
}

int report_add_top(struct report_tops *t, const char *name, uint64_t refused, uint64_t killed)
{
	char *copy;

	if (t->n == REPORT_TOP) {
		t->left_out++;
		t->left_refused += refused;
		t->left_killed += killed;
		return 0;
	}
	copy = strdup(name && *name ? name : "(unknown)");
	if (!copy)
		return -ENOMEM;
	t->row[t->n++] = (struct report_top){copy, refused, killed};
	return 0;
}

static void mark_gap(struct report *r, int64_t from, int64_t to)
{
	int64_t first = (from - r->base) / r->width, last = (to - 1 - r->base) / r->width;

	for (int64_t i = first; i <= last && i < r->n_buckets; i++) {
		int64_t begin = r->base + i * r->width, end = begin + r->width;

		r->gap_in[i] += (to < end ? to : end) - (from > begin ? from : begin);
	}
}

/* Where there is no room for all, the longest are told one by one. */
void report_add_gap(struct report *r, int64_t from, int64_t to, const char *why)
{
	struct report_gap new = {.from = from, .to = to, .why = why}, *least = r->gaps;

	if (new.to == 0 || new.to > r->until)
		new.to = r->until;
	if (new.from < r->since)
		new.from = r->since;
	if (new.to - new.from < NS) /* one recorder went, the next came */
		return;
	r->gaps_all++;
	r->unwatched += new.to - new.from;
	mark_gap(r, new.from, new.to);
	if (r->n_gaps == REPORT_LINES) {
		for (struct report_gap *g = r->gaps; g < r->gaps + r->n_gaps; g++)
			if (g->to - g->from < least->to - least->from)
				least = g;
		if (least->to - least->from >= new.to - new.from)
			return;
		memmove(least, least + 1, (size_t)(r->gaps + --r->n_gaps - least) * sizeof(new));
	}
	r->gaps[r->n_gaps++] = new;
}

void report_add_dropped(struct report *r, const struct store_dropped *d)
{
	r->drops_all++;
	r->dropped_events += d->events;
	if (r->n_drops == REPORT_LINES) {
		memmove(r->drops, r->drops + 1, (REPORT_LINES - 1) * sizeof(*r->drops));
		r->n_drops--;
	}
	r->drops[r->n_drops++] = *d;
}

static uint64_t lane_weight(const struct report_lane *l)
{
	return l->refused + l->counted;
}

/* Kills first: there are few of them, and they hurt most. */
static int by_weight(const void *a, const void *b)
{
	const struct report_lane *x = a, *y = b;

	if (x->killed != y->killed)
		return x->killed > y->killed ? -1 : 1;
	if (lane_weight(x) != lane_weight(y))
		return lane_weight(x) > lane_weight(y) ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void fold_lanes(struct report *r)
{
	struct report_lane *to = &r->lanes[REPORT_LANES];

	for (unsigned int i = REPORT_LANES + 1; i < r->n_lanes; i++) {
		to->refused += r->lanes[i].refused;
		to->killed += r->lanes[i].killed;
		to->counted += r->lanes[i].counted;
		for (unsigned int b = 0; b < r->n_buckets; b++) {
			to->refused_in[b] += r->lanes[i].refused_in[b];
			to->killed_in[b] += r->lanes[i].killed_in[b];
			to->counted_in[b] += r->lanes[i].counted_in[b];
		}
	}
	r->lanes_left_out = r->n_lanes - REPORT_LANES;
	r->n_lanes = REPORT_LANES + 1;
	snprintf(to->name, sizeof(to->name), "%u others", r->lanes_left_out);
}

int report_finish(struct report *r)
{
	if (r->n_lanes > 0)
		qsort(r->lanes, r->n_lanes, sizeof(*r->lanes), by_weight);
	if (r->n_lanes > REPORT_LANES + 1)
		fold_lanes(r);
	return report_groups_pick(r);
}
