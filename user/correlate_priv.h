/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * correlate_priv.h - what the correlate*.c files share: events that wait for
 * their rows. Nobody else includes it.
 */
#ifndef FAILCNT_CORRELATE_PRIV_H
#define FAILCNT_CORRELATE_PRIV_H

#include "baseline.h"
#include "correlate.h"
#include "minute.h"

/* A row that moved while an event waited. */
struct moved {
	enum counter_source source;
	char *owner;
	const char *name; /* interned in the baseline */
	unsigned int have;
	uint64_t held, limit, failcnt, delta, local;
	uint64_t before; /* of a kill: by how much more in the minute before it */
	enum relation relation;
};

struct wait {
	struct wait *next;
	uint64_t due;
	enum event_kind kind;
	unsigned int resource;
	const char *cgroup, *memcg, *limit, *ct; /* in text; "" unknown */
	int64_t *seqs;
	size_t n_seqs, cap_seqs;
	struct moved *moved;
	size_t n_moved, cap_moved;
	char text[];
};

/* e waits; without seqs and due yet. NULL: no memory. */
struct wait *correlate_wait_new(const struct event *e, const char *ct);
void correlate_wait_free(struct wait *w);
bool correlate_same(const struct wait *a, const struct wait *b);
int correlate_seq_add(struct wait *w, int64_t seq);

bool correlate_in_chain(const struct wait *w, const struct baseline_owner *o);
/* The row moved while w waited. */
int correlate_give(struct wait *w, const struct baseline_owner *o, const struct baseline_row *row,
		   uint64_t delta, uint64_t local);
/* A kill also gets what moved in the minute before: to be called last, before it is told. */
void correlate_give_minute(struct wait *w, const struct minute *m, uint64_t now_ms);
/* One followup for each event, where rows moved. */
void correlate_tell(struct wait *w, const struct correlate_now *now, correlate_emit_fn *emit,
		    void *arg);

/* Repeats of an event come together, at least once a second: so late they may be. */
#define FOLDED_MS 1500

/* Movement that no event claimed. */
struct correlate_grace {
	uint64_t grace_ms, lag_ms, interval_ms;
};
void correlate_counted(struct baseline *b, const struct correlate_grace *g,
		       const struct correlate_now *now, correlate_emit_fn *emit, void *arg);
uint64_t correlate_counted_due(const struct baseline *b, const struct correlate_grace *g);

#endif
