/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - counter rows for people and scripts: in the layout of
 * /proc/user_beancounters, in that file's very rows, near their limits, and
 * who the OOM killer would take.
 *
 * Printing functions return -errno of the writing, -EIO where stdio does not
 * tell; out is not flushed. Control characters of names, and bytes that are
 * not UTF-8, are printed as \xNN.
 */
#ifndef FAILCNT_TABLE_H
#define FAILCNT_TABLE_H

#include "counter.h"
#include "oom_rank.h"
#include "publish.h"

struct table_options {
	bool all; /* also rows of cgroups that have no limit and never refused */
};

/*
 * Prints t, with its first line "Version: 2.5" and the headings, in the rows'
 * units (which the layout does not show). Unlimited is "unlimited", unknown is
 * "-"; failcnt is the last column, so that awk '$NF > 0' finds refusals.
 * o NULL: the defaults. Returns how many rows were left out because o->all was
 * false.
 */
int table_print(FILE *out, const struct counter_table *t, const struct table_options *o);

/*
 * Fills failcnt of rows that have none of their own from what was published
 * (p NULL: nothing), adds rows of resources that an owner was refused and has
 * no row of, and to the host all of the catalogue. Returns how many it knew.
 */
int table_count(struct counter_table *t, const struct published *p, struct counters *c);

/*
 * The rows of user_beancounters version 2.5, all 24, in their order and layout,
 * with what this kernel has of them; owner NULL or "host" is uid 0. t has the
 * rows of owner (and for the host those of all users), after table_count().
 * Unknown is "-", no limit 9223372036854775807. -EINVAL: an owner that has no
 * such rows (a process, a file system).
 */
int table_compat(FILE *out, struct counters *c, const struct counter_table *t,
		 const struct published *p, const char *owner);

/*
 * What OpenVZ's own file says, as it is; owner "ct:ID": that container alone.
 * -ENOENT: there is no such file, or container.
 */
int table_compat_ubc(FILE *out, struct counters *c, const char *owner);

/* A row and how full it is. */
struct table_near_row {
	struct counter_row row;
	char *owner;
	char comm[16]; /* of a process */
	uint64_t percent;
};
struct table_near {
	struct table_near_row *rows;
	size_t n, cap;
	unsigned int percent; /* the least that is taken */
	size_t hidden;        /* processes that we may not look at */
};

/* How full, in whole percent, of the limit that refuses; -ENODATA: no limit, or not known. */
int table_percent(const struct counter_row *r, uint64_t *ret);

/* The rows of the whole machine, processes too, fullest first. owner NULL: all. */
int table_near_read(struct table_near *n, struct counters *c, const char *owner,
		    const struct published *p);
void table_near_free(struct table_near *n);
int table_near_print(FILE *out, const struct table_near *n);

/* most 0: all candidates; else that many, then how many more there are. */
int table_oom_print(FILE *out, const struct oom_rank *rank, unsigned int most);

#endif
