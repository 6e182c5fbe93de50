/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * minute.h - by how much failure counters moved in the last minute, so that a kill can tell what
 * led there. Pure; bounded: the row that moved longest ago makes room.
 */
#ifndef FAILCNT_MINUTE_H
#define FAILCNT_MINUTE_H

#include "baseline.h"

struct minute;

/* NULL: out of memory. */
struct minute *minute_new(void);
void minute_free(struct minute *m);

/* The row, whose name outlives m, moved by delta; what it reads now is remembered with it. */
void minute_note(struct minute *m, const struct baseline_owner *o, const struct baseline_row *row,
		 uint64_t delta, uint64_t now_ms);

/* A row that moved. */
struct minute_row {
	enum counter_source source;
	const char *owner, *name;
	unsigned int have; /* enum counter_have */
	uint64_t held, limit, failcnt;
	uint64_t moved; /* in the minute before now_ms, with a grain of 5 s */
};

/* Each row that moved in the minute before now_ms, in no order. */
void minute_each(const struct minute *m, uint64_t now_ms,
		 void (*cb)(void *arg, const struct minute_row *r), void *arg);

#endif
