/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * correlate.h - which failure counters moved with an event, and which moved
 * without one. Pure: rows and events in, verdicts out, time as an argument.
 *
 * A baseline holds the last known rows of every owner. Rows read anew are
 * compared with it; each row that moved is either told with an event that was
 * waiting for it (`followup`) or, after a grace in which the event may still
 * arrive, on its own (`counted`).
 *
 * The chain of an event is its cgroup and the cgroup whose limit fired or
 * refused, with all ancestors of both, and its OpenVZ container: only rows of
 * those owners can come with it.
 */
#ifndef FAILCNT_CORRELATE_H
#define FAILCNT_CORRELATE_H

#include "counter.h"
#include "field.h"

/* See watcher.h for the part with descriptors. */

struct correlate;

struct correlate_options {
	uint64_t settle_ms;   /* from an event to the reading of its rows; `counted` waits twice as
				 long */
	uint64_t interval_ms; /* pressure is told once in this time for each owner */
};

/* Now, on three clocks: CLOCK_MONOTONIC ms decides, the others are written into events. */
struct correlate_now {
	uint64_t ms;
	int64_t realtime_ns, uptime_us;
	bool all; /* the end: nothing is waited for any more */
};

typedef void correlate_emit_fn(void *arg, struct event *e);

int correlate_new(struct correlate **ret, const struct correlate_options *o);
void correlate_free(struct correlate *c);
static inline void correlate_freep(struct correlate **c)
{
	correlate_free(*c);
}

/*
 * Takes a reading. first: owners not seen before existed before the program;
 * otherwise a cgroup not seen before is new, and its counters began at 0.
 */
int correlate_rows(struct correlate *c, const struct counter_table *t, bool first, uint64_t now_ms);

/* Begins a round of readings: what was read in it need not be read again. */
void correlate_round(struct correlate *c);
bool correlate_is_read(const struct correlate *c, enum counter_source s, const char *owner);

/* A cgroup was made or removed. */
int correlate_born(struct correlate *c, enum counter_source s, const char *owner);
void correlate_gone(struct correlate *c, enum counter_source s, const char *owner);
/* Of a v1 cgroup only the part of one controller was removed. */
void correlate_gone_part(struct correlate *c, const char *owner, const char *controller);
/* Containers that were not in this round's reading of user_beancounters. */
void correlate_gone_ubc(struct correlate *c);

/* Some v2 cgroups are read only this often, so that a child's movement may show late. 0: none. */
void correlate_lag(struct correlate *c, uint64_t lag_ms);

/*
 * An event was written as line seq; it waits for its rows. -ENOBUFS: too many
 * wait, it will have no followup. Events other than refused and killed are ignored.
 */
int correlate_event(struct correlate *c, const struct event *e, int64_t seq, uint64_t now_ms);

/* Calls cb for the owners of each waiting event that is due; the same one may come repeatedly. */
int correlate_chains(const struct correlate *c, const struct correlate_now *now,
		     int (*cb)(void *arg, const char *owner), void *arg);

/* Tells what is due. To be called when the chains are read. */
void correlate_run(struct correlate *c, const struct correlate_now *now, correlate_emit_fn *emit,
		   void *arg);

/* When correlate_run() has something to tell, in ms; UINT64_MAX: nothing waits. */
uint64_t correlate_due(const struct correlate *c);

/* Charge attempts that met a limit before reclaim: not refusals. */
bool correlate_is_pressure(enum counter_source s, const char *row);

const char *correlate_source_name(enum counter_source s);

#endif
