/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counter_cgroup.h - between finding a cgroup's directory (counter_hierarchy.c)
 * and making rows of its files (counter_cgroup.c).
 */
#ifndef FAILCNT_COUNTER_CGROUP_H
#define FAILCNT_COUNTER_CGROUP_H

#include "counter_priv.h"

/* The rows of an open cgroup directory, for the newest owner of t. */
int counter_cgroup2_rows(struct counters *c, int dir, struct counter_table *t);
int counter_cgroup1_rows(struct counters *c, enum counter_hierarchy h, int dir,
			 struct counter_table *t);

#endif
