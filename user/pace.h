/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pace.h - when the loop has to wake up by itself. Pure: the caller's clock, in
 * milliseconds.
 *
 * What the kernel counts in silence (repeats, losses) follows something that it
 * told: so the tables are swept once a second from the first record on, until
 * nothing has come for so long that the next refusal is told whole. After that
 * nobody wakes up, but for what has no other way to be known.
 */
#ifndef FAILCNT_PACE_H
#define FAILCNT_PACE_H

#include "util.h"

#define PACE_SWEEP_MS 1000
#define PACE_MISSED_MS 50 /* the first one, where programs may miss calls */
/* After FOLD_QUIET_NS (bpf/emit.bpf.h) without one, a refusal comes whole again: 5 s, and one
 * sweep more. */
#define PACE_QUIET_MS 6000
#define PACE_NEVER UINT64_MAX

struct pace {
	uint64_t sweep_at; /* PACE_NEVER: not before something comes */
	uint64_t active_at;
	bool asleep;         /* nothing has come for so long that nothing is swept for */
	uint64_t log_at;     /* the kernel log is not looked at before */
	uint64_t refresh_at; /* of refresh_ms */
	/* 0: not needed here; see tracer_polls() */
	uint64_t refresh_ms; /* limits that this kernel tells in /proc alone */
	uint64_t misses_ms;  /* calls that programs did not look at */
};

void pace_init(struct pace *p, uint64_t refresh_ms, uint64_t misses_ms, uint64_t now_ms);
/* Something came: from the ring, or to be told later. */
void pace_active(struct pace *p, uint64_t now_ms);
/* The kernel log was read: not again for a second, however much is written there. */
void pace_log_read(struct pace *p, uint64_t now_ms);
bool pace_log_open(const struct pace *p, uint64_t now_ms);
bool pace_sweep_due(const struct pace *p, uint64_t now_ms);
/* Swept; found: there was something, or something is still to be told. True when it falls asleep.
 */
bool pace_swept(struct pace *p, bool found, uint64_t now_ms);
/* True once each refresh_ms; a little early rather than wake up twice. */
bool pace_refresh(struct pace *p, uint64_t now_ms);
/* When to wake up; PACE_NEVER: not at all. */
uint64_t pace_due(const struct pace *p, uint64_t now_ms);

#endif
