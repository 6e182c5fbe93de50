/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_model.h - what a report shows, made of what a store holds: counts in
 * intervals of time by resource, groups of incidents that are alike, usage
 * around them, and what was lost. Pure: it is fed, and knows no store.
 *
 * Its size depends on the limits below and not on how much it is fed.
 * Times are CLOCK_REALTIME nanoseconds. 0 or -errno.
 */
#ifndef FAILCNT_REPORT_MODEL_H
#define FAILCNT_REPORT_MODEL_H

#include "field.h"
#include "store.h"

#define REPORT_BUCKETS 120 /* intervals of the timeline, at most */
#define REPORT_LANES 14    /* resources shown, at most; the rest is one more lane */
#define REPORT_KILLS 20    /* cards of kills, the latest first */
#define REPORT_REFUSALS 12 /* cards of refusals, the most first */
#define REPORT_TOP 10      /* rows of a table */
#define REPORT_LINES 12    /* gaps and drops told one by one */
#define REPORT_COLUMNS 200 /* of one chart */
#define REPORT_TRAIL 6     /* kinds of events that led to one */

struct report_lane {
	char name[40]; /* a resource, or the cause of kills that have none */
	uint64_t refused, killed, counted;
	uint64_t refused_in[REPORT_BUCKETS], killed_in[REPORT_BUCKETS], counted_in[REPORT_BUCKETS];
};

/* The highest value of each column of time; a column without one has that of the one before. */
struct report_chart {
	int64_t from, to;
	bool points; /* what refusals told: between them nothing is known */
	char owner[256], resource[64], unit[32]; /* resource "": there is no chart */
	bool has[REPORT_COLUMNS], limited[REPORT_COLUMNS];
	uint64_t held[REPORT_COLUMNS], limit[REPORT_COLUMNS];
};

/* Events of one kind in the latest incident of a card. */
struct report_trail {
	enum event_kind kind;
	char resource[40], comm[32], what[32]; /* what: errno or cause */
	uint64_t count;
	int64_t first, last;
};

/* Incidents that are alike: of the same resource (or cause), program and place. */
struct report_card {
	unsigned int rank; /* of a kill: the lower, the sooner it is shown */
	bool kill;
	int64_t id; /* the latest of them; its own first and last: */
	int64_t id_first, id_last;
	uint64_t incidents, refused, killed, counted;
	int64_t first, last;
	struct event *verdict; /* of the latest; NULL until it was given */
	struct event *found;   /* a followup with holders or counter rows; NULL: none */
	struct report_trail trail[REPORT_TRAIL];
	unsigned int n_trail;
	uint64_t trail_left_out; /* events of other kinds than those */
	bool partial;            /* only the last events of it were looked at */
	struct report_chart chart;
};

struct report_top {
	char *name;
	uint64_t refused, killed;
};

struct report_tops {
	struct report_top row[REPORT_TOP];
	unsigned int n;
	uint64_t left_out, left_refused, left_killed;
};

#define REPORT_STAGES 16
struct report_stage {
	char stage[32], hook[64];
	uint64_t lost;
	bool at_most; /* some of it may be no event */
};

struct report_gap {
	int64_t from, to;
	const char *why; /* static */
};

struct report_groups;

struct report {
	int64_t since, until; /* of what is shown */
	int64_t base, width;  /* of the intervals: number i begins at base + i * width */
	unsigned int n_buckets;
	uint64_t refused, killed, counted, incidents;
	uint64_t untimed;          /* of those: at no known time */
	bool watch_unknown;        /* whether somebody watched all the time is not known */
	struct report_lane *lanes; /* most first after report_finish() */
	unsigned int n_lanes, cap_lanes;
	unsigned int lanes_left_out; /* how many are together in the last one */
	struct report_groups *groups;
	struct report_card *kills, *refusals; /* after report_finish() */
	unsigned int n_kills, n_refusals;
	uint64_t kills_left_out, refusals_left_out; /* groups that have no card */
	struct report_tops cgroups, programs;
	struct report_stage stages[REPORT_STAGES];
	unsigned int n_stages;
	uint64_t lost;
	bool lost_at_most;
	struct report_gap gaps[REPORT_LINES]; /* the longest, in the order of time */
	unsigned int n_gaps;
	uint64_t gaps_all;
	int64_t begun;       /* of the recording; 0: not known */
	int64_t asked_since; /* before since, where the recording begins later than was asked for; 0
			      */
	int64_t unwatched;   /* ns within since and until */
	int64_t gap_in[REPORT_BUCKETS];           /* ns of each interval in which nobody watched */
	struct store_dropped drops[REPORT_LINES]; /* the latest */
	unsigned int n_drops;
	uint64_t drops_all, dropped_events;
	char host[65], kernel[65], recorder[32]; /* "" unknown */
};

/*
 * since < until. zone: seconds east of UTC, to which the intervals are laid, so that they begin
 * at round times. *ret is freed with report_free(). -EINVAL, -ENOMEM.
 */
int report_new(struct report **ret, int64_t since, int64_t until, long zone);
void report_free(struct report *r);
static inline void report_freep(struct report **r)
{
	report_free(*r);
}

/* Feeding, in any order. What lies outside of since and until is passed over; time 0: unknown. */
int report_add_count(struct report *r, const char *lane, int64_t time, uint64_t refused,
		     uint64_t killed, uint64_t counted);
int report_add_event(struct report *r, const struct event *e); /* of any kind */
int report_add_incident(struct report *r, const struct incident *i);
int report_add_top(struct report_tops *t, const char *name, uint64_t refused, uint64_t killed);
void report_add_gap(struct report *r, int64_t from, int64_t to, const char *why); /* to 0: open */
void report_add_dropped(struct report *r, const struct store_dropped *d);

/* Sorts the lanes and makes the cards, whose members verdict to chart are filled next. */
int report_finish(struct report *r);

int report_card_verdict(struct report_card *c, const struct event *e);
int report_card_event(struct report_card *c, const struct event *e);
void report_card_done(struct report_card *c); /* after the last event */

/* The times that the chart of c is to show. */
void report_chart_span(const struct report *r, const struct report_card *c, int64_t *ret_from,
		       int64_t *ret_to);
/*
 * Whose rows may tell the usage of c, best first: number n as in counter.h ("cgroup:/a"), into buf.
 * False: no more.
 */
bool report_chart_owner(const struct report_card *c, unsigned int n, char *buf, size_t size);
/*
 * Nobody samples the limits of a process: there its own refusals tell, when they came, how much it
 * had. Before the events of c, and with each of them; samples, where there are any, take its place.
 */
void report_chart_points(const struct report *r, struct report_card *c);
void report_chart_point(struct report_card *c, const struct event *e);
void report_chart_points_done(struct report_card *c);
/* Samples come by series and time, as store_each_sample() gives them; the best series stays. */
struct report_chart_maker {
	struct report_chart now, best;
	int rank, best_rank; /* 0: no use */
	const struct report_card *card;
};
void report_chart_begin(struct report_chart_maker *m, const struct report_card *c, int64_t from,
			int64_t to);
void report_chart_sample(struct report_chart_maker *m, const struct store_sample *s);
bool report_chart_end(struct report_chart_maker *m, struct report_card *c); /* is there one? */

/* A round number of nanoseconds, so that ns has at most this many of them. */
int64_t report_round_step(int64_t ns, unsigned int most);

/* A copy of its own; NULL: no memory. */
struct event *report_event_copy(const struct event *e);

#endif
