/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table_compat.h - between table_compat.c, the rows of user_beancounters, and
 * table_compat_sum.c, the numbers that no one counter row tells.
 */
#ifndef FAILCNT_TABLE_COMPAT_H
#define FAILCNT_TABLE_COMPAT_H

#include "table_priv.h"

enum scale { ONE, TO_PAGES, TO_BYTES };
enum owner_kind { OWNER_HOST, OWNER_CGROUP, OWNER_USER, OWNER_CONTAINER };

struct compat {
	struct counters *c;
	const struct counter_table *t;
	const struct published *p;
	const char *owner; /* "host", "cgroup:...", "uid:N" */
	enum owner_kind kind;
	uint64_t page;
};

/* The row of x->owner of that name; NULL: none, or no name. */
const struct counter_row *compat_find(const struct compat *x, const char *name);

/* Copies all but failcnt, in the unit of to. from NULL: nothing. */
void compat_take(const struct compat *x, const struct counter_row *from, enum scale s,
		 struct counter_row *to);

/* What a row has beside, or instead of, one of today's rows. */
void compat_sum_host(const struct compat *x, const char *name, struct counter_row *to);
void compat_sum_cgroup(const struct compat *x, const char *name, struct counter_row *to);

#endif
