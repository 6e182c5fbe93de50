/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * info.h - everything about one incident, for people: its verdict, every field
 * that is known, its events, what happened before, and the counter rows that
 * moved meanwhile.
 */
#ifndef FAILCNT_INFO_H
#define FAILCNT_INFO_H

#include "store.h"

struct info_options {
	bool utc, color;
	bool all; /* every event, and not the last ones alone */
};

/* Writes to stdout. -errno: store_why(). */
int info_print(struct store *s, const struct incident *i, const struct info_options *o);

#endif
