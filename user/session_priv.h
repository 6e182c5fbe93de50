/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_priv.h - between session.c and session_log.c.
 */
#ifndef FAILCNT_SESSION_PRIV_H
#define FAILCNT_SESSION_PRIV_H

#include "session.h"

/* Opens the kernel log, where it may be read: s->log. After the hooks: they tell the same better.
 */
void session_log_open(struct session *s, void (*on_event)(void *arg, struct event *e));
/* Reads and tells what is there. */
void session_log_run(struct session *s, uint64_t now_ms);

#endif
