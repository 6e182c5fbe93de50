/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table_event.h - rows of the tables as events, for JSON lines.
 */
#ifndef FAILCNT_TABLE_EVENT_H
#define FAILCNT_TABLE_EVENT_H

#include "field.h"
#include "table.h"

/* e is initialised here. */
void table_row_event(struct event *e, const char *owner, const struct counter_row *r);
void table_near_event(struct event *e, const struct table_near_row *r);
void table_oom_event(struct event *e, const struct oom_rank *rank, size_t i);

#endif
