/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sink_store.h - a sink whose lines go into a store.
 */
#ifndef FAILCNT_SINK_STORE_H
#define FAILCNT_SINK_STORE_H

#include "sink.h"
#include "store.h"

/* s outlives the sink. What the store's queue has no room for is lost, stage `store`. */
int sink_store_new(struct sink **ret, struct store *s);

#endif
