/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * freed.h - how long after an OOM kill the victim's memory was free: a follow-up.
 */
#ifndef FAILCNT_FREED_H
#define FAILCNT_FREED_H

#include "event.h"
#include "field.h"

#define FREED_WAIT_MS 60000
#define FREED_MAX 64

struct freed_kill {
	uint64_t start;  /* of the victim; 0: this place is free */
	uint64_t due_ms; /* the caller's clock */
	int64_t seq;
	uint32_t pid;
	char comm[FC_COMM + 1];
};

/* Zero it first. The oldest is forgotten where there are more than FREED_MAX at a time. */
struct freed {
	struct freed_kill kill[FREED_MAX];
	unsigned int n;
};

/* A kill was told as seq. */
void freed_note(struct freed *f, const struct event *e, const struct event_facts *facts,
		int64_t seq, uint64_t now_ms);

/* A record of FC_TYPE_FREED: false where no kill waits for it, else e is the follow-up. */
bool freed_record(struct freed *f, struct event *e, const struct fc_freed *r,
		  const struct event_context *c);

/* When the first of them is late; UINT64_MAX: none waits. */
uint64_t freed_next(const struct freed *f);
/* Is any of them late? */
bool freed_due(const struct freed *f, uint64_t now_ms);

/*
 * One whose memory was not free in time, as a follow-up that says so; false: none. proc: a
 * directory; of a process that is no longer there nobody can say when its memory was free.
 */
bool freed_late(struct freed *f, struct event *e, int proc, uint64_t now_ms);

#endif
