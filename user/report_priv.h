/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_priv.h - between the files of the report's model.
 */
#ifndef FAILCNT_REPORT_PRIV_H
#define FAILCNT_REPORT_PRIV_H

#include "report_model.h"

#define NS 1000000000LL

/* The lane of an event: its resource, or the cause of its death. */
const char *report_lane_name(const struct event *e);
/* How often it happened: of a folded one its count. */
uint64_t report_times(const struct event *e);
/* Whose limit, or where it happened: the cgroup that was full, its unit, container, cgroup. */
const char *report_place(const struct event *e);

void report_groups_free(struct report_groups *g);
/* Copies what fits, whole characters. */
void report_copy(char *dst, const char *src, size_t size);
/* Makes the cards of the groups. */
int report_groups_pick(struct report *r);

#endif
