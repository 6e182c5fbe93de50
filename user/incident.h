/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * incident.h - which refusals and kills belong together. Pure: no clock, no
 * file, and nothing is kept of an event but what it can be recognised by.
 *
 * An event belongs to an open incident (one whose last event is less than
 * INCIDENT_GAP_NS before it)
 *   1. of the same process (pid and start) and kind of resource;
 *   2. else of the same program in the same cgroup, and kind of resource; of kills without a
 *      resource, cause and signal;
 *   3. else, of memory, of the same limit: the cgroup that was full, or the host;
 *   4. a kill without a resource: of the same process;
 *   5. a followup: that of the event which it follows.
 * Otherwise it begins one. Memory, swap and commit are one kind of resource:
 * the refusals before an OOM kill are part of it, and what one decision of the
 * OOM killer took, or one cgroup lost again and again, is one incident.
 */
#ifndef FAILCNT_INCIDENT_H
#define FAILCNT_INCIDENT_H

#include "field.h"

#define INCIDENT_GAP_NS 60000000000LL

struct incident_tracker;

/* What an event is to its incident. */
struct incident_step {
	int64_t id;    /* 0: it is no part of any: started, stopped, lost, row */
	bool opened;   /* it is the first */
	bool verdict;  /* the most important so far: its says and fix are the incident's */
	bool newcomer; /* its process was not in this incident before */
	int64_t time;  /* CLOCK_REALTIME ns; of a log without times uptime; 0: none at all */
	uint64_t refused, killed, counted; /* what it adds: a folded one its count */
};

/* next_id: the first incident's, from 1. */
int incident_tracker_new(struct incident_tracker **ret, int64_t next_id);
void incident_tracker_free(struct incident_tracker *t);

/*
 * Events come in the order in which they were written; one that is a little older than those
 * before it is as good. Memory is bounded: of very many incidents at once the one that was
 * silent longest is closed early. -ENOMEM.
 */
int incident_add(struct incident_tracker *t, const struct event *e, struct incident_step *ret);

/*
 * Goes on with an incident that another tracker has begun: e is one of its events, last the time
 * of its latest. Call it for its verdict last. 0 or -ENOMEM.
 */
int incident_resume(struct incident_tracker *t, int64_t id, int64_t last, const struct event *e);

/* How much an event says about its incident: 0 nothing; a kill more than a refusal, one with a
 * remedy more than one without. */
unsigned int incident_importance(const struct event *e);

#endif
