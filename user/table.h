/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - counter rows printed in the layout of /proc/user_beancounters.
 */
#ifndef FAILCNT_TABLE_H
#define FAILCNT_TABLE_H

#include "counter.h"

struct table_options {
	bool all; /* also rows of cgroups that have no limit and never refused */
};

/*
 * Prints t, with its first line "Version: 2.5" and the headings, in the rows'
 * units (which the layout does not show). Unlimited is "unlimited", unknown is
 * "-"; failcnt is the last column, so that awk '$NF > 0' finds refusals.
 * Control characters of an owner's name, and bytes that are not UTF-8, are
 * printed as \xNN. o NULL: the defaults.
 *
 * Returns how many rows were left out because o->all was false, or -errno of
 * the writing, -EIO where stdio does not tell. out is not flushed.
 */
int table_print(FILE *out, const struct counter_table *t, const struct table_options *o);

#endif
