/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain.h - the sentence and the remedy. Pure: reads the event's fields,
 * sets SAYS and FIX.
 *
 * `fix` is commands that would have worked, computed from held and asked, one
 * per line or joined by " ; "; values are never below what is set now. Where
 * no command helps it says what to do.
 */
#ifndef FAILCNT_EXPLAIN_H
#define FAILCNT_EXPLAIN_H

#include "field.h"

/* kernel.sem as it is set now, for merging; zeros where unknown. */
struct explain_facts {
	uint64_t sem[4]; /* SEMMSL SEMMNS SEMOPM SEMMNI of the namespace that refused */
};

void explain_event(struct event *e, const struct explain_facts *facts);

#endif
