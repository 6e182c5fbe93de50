/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * baseline.h - the last known failure counters of every owner, and by how much
 * a new reading exceeds them. Pure: nothing is read here.
 *
 * Counters of a new cgroup begin at 0, so whatever a cgroup that was not there
 * before shows is movement. What goes backwards (a cgroup made anew under the
 * same name) becomes the new baseline, and nothing moved.
 *
 * A counter of cgroup v2 counts its descendants too. So each movement of a
 * child is lent to its parent as `implied`: of the parent's own movement only
 * what no child explains is worth telling (its own, and that of children which
 * were gone before anybody could read them).
 */
#ifndef FAILCNT_BASELINE_H
#define FAILCNT_BASELINE_H

#include "counter.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Movement that nobody was told of yet. Times are milliseconds. */
struct baseline_moving {
	uint64_t delta, local, since;
	uint64_t implied, implied_at; /* explained by children; may come before the delta itself */
};

struct baseline_row {
	const char *name; /* interned in the baseline */
	unsigned int
		have; /* enum counter_have; without COUNTER_FAILCNT the next value is taken as is */
	uint64_t failcnt, local, held, limit;
	uint64_t claimed_at;            /* ms: when an event last took along what moved; 0: never */
	struct baseline_moving *moving; /* NULL: nothing */
};

struct baseline_owner {
	UT_hash_handle hh;
	struct baseline_owner *next_active; /* those with some row->moving */
	struct baseline_row *rows;
	unsigned int n_rows;
	enum counter_source source;
	bool active, gone, pressed;
	uint64_t pressed_at; /* when its pressure was last told; valid if pressed */
	uint64_t reading;    /* number of the newest round it was read in */
	uint64_t learned; /* of the one in which its rows were taken as they were; 0: they began at
			     0 */
	char *name;       /* in key */
	char key[];       /* the source as one character, then the owner */
};

#define BASELINE_NAMES 256

struct baseline {
	struct baseline_owner *owners; /* uthash */
	struct baseline_owner *active;
	unsigned int n_ubc;
	char *names[BASELINE_NAMES];
	unsigned int n_names;
	uint64_t reading; /* number of the round, from 1; counted by the user */
};

/* Called for each row that moved; local is the part that is this cgroup's alone, where known. */
typedef int baseline_moved_fn(void *arg, struct baseline_owner *o, struct baseline_row *row,
			      uint64_t delta, uint64_t local);

void baseline_free(struct baseline *b); /* the content, not b */

struct baseline_owner *baseline_find(const struct baseline *b, enum counter_source s,
				     const char *owner);

/*
 * Takes a reading. first: owners not seen before existed before us, their
 * values are the baseline; otherwise a cgroup not seen before began at 0.
 */
int baseline_update(struct baseline *b, const struct counter_table *t, bool first, uint64_t now_ms,
		    baseline_moved_fn *moved, void *arg);

/* A cgroup was made: its counters begin at 0. */
int baseline_born(struct baseline *b, enum counter_source s, const char *owner);
/* An owner has gone; it stays until what moved in it is told. */
void baseline_gone(struct baseline *b, enum counter_source s, const char *owner);
/* Containers which the last full reading of user_beancounters did not have. */
void baseline_gone_ubc(struct baseline *b);
/* The rows of one v1 controller ("memory", "pids", "hugetlb") of this owner begin at 0 again. */
void baseline_zero(struct baseline *b, const char *owner, const char *controller);

/* row's record of movement, made where there is none; NULL: no memory. */
struct baseline_moving *baseline_moving(struct baseline *b, struct baseline_owner *o,
					struct baseline_row *row);
/* Frees records of movement that are empty, owners that have gone, and the list's dead wood. */
void baseline_sweep(struct baseline *b);

/* True where the row of an ancestor counts this one's failures too. */
bool baseline_hierarchical(const struct baseline_owner *o, const struct baseline_row *row);

#endif
