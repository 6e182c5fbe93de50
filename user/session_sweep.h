/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_sweep.h - between session.c and session_sweep.c.
 */
#ifndef FAILCNT_SESSION_SWEEP_H
#define FAILCNT_SESSION_SWEEP_H

#include "session.h"

/* follow: counter rows just after are worth a followup. Returns the number it was told as; 0: it
 * was not. */
int64_t session_tell(struct session *s, struct event *e, bool follow);

/* A record of FC_TYPE_FREED. */
void session_freed(struct session *s, const void *data, size_t size);

/* Tells the records that wait; -errno. */
int session_run_tracer(struct session *s);
/* The kernel log has lines. */
void session_run_log(struct session *s);
/* Repeats and losses; pace.h says when. may_move: hooks that missed calls. */
void session_sweep(struct session *s, bool may_move);

#endif
