/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdict.h - an OOM kill seen by tracepoints alone, settled with what the
 * kernel log says of it. Pure.
 */
#ifndef FAILCNT_VERDICT_H
#define FAILCNT_VERDICT_H

#include "event.h"
#include "field.h"
#include "kmsg.h"

/* Kills of one group, one after the other, by the same trigger. */
struct verdict_group {
	uint64_t id;   /* of the cgroup; 0: none */
	uint64_t time; /* CLOCK_BOOTTIME ns of the first kill */
	int64_t trigger;
	char memcg[FC_PATH + 16]; /* whose limit fired for the first one; "" unknown */
	char limit_name[64];
	int64_t limit; /* its limit in bytes; 0: unknown */
};

/*
 * Settles CAUSE, CERTAIN and MEMCG of e, where facts->by_walk says that they were inferred; other
 * events only leave their mark in *last. since: the caller's clock, as kmsg_find_victim() takes it.
 */
void verdict_oom(struct event *e, const struct event_facts *facts, const struct kmsg *k,
		 uint64_t since, struct verdict_group *last);

#endif
