/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * repeats.h - what programs counted under a verdict that still holds, which is not in the fold
 * table yet (bpf/fold.bpf.h).
 *
 * The kernel moves such a count into the table when another process is refused on that processor:
 * it is taken away here first, and then added there. So who reads the table first and this second
 * never counts anything twice; what was on its way he finds the next time.
 */
#ifndef FAILCNT_REPEATS_H
#define FAILCNT_REPEATS_H

#include "../bpf/event.h"
#include "util.h"

struct repeats {
	const struct fc_repeat *kernel; /* the kernel writes there while we read */
	uint32_t size;
	struct fc_repeat *read; /* of as many entries: what was read, the first n of them */
	uint32_t n;
	bool moving; /* one was on its way from one key to the next */
};

/* Anew. Waits some milliseconds for a task that was preempted on such a way. */
void repeats_read(struct repeats *r);

/* Adds what was read of that key to its entry. */
void repeats_add(const struct repeats *r, const struct fc_fold_key *key, struct fc_fold *fold);

/* Was that key in one of them, or may it have been? */
bool repeats_hold(const struct repeats *r, const struct fc_fold_key *key);

#endif
