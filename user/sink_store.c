// SPDX-License-Identifier: GPL-2.0-only
/*
 * sink_store.c - events into the store's queue. Who owns the store says when
 * they are committed.
 */
#include "sink_store.h"

static int take(void *arg, const struct event *e, const char *line, size_t n)
{
	return store_add(arg, e, line, n);
}

int sink_store_new(struct sink **ret, struct store *s)
{
	return sink_new_on(ret, "store", take, s);
}
