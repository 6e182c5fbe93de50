// SPDX-License-Identifier: GPL-2.0-only
/*
 * pace.c - when the loop has to wake up by itself.
 */
#include "pace.h"

/* What is due so soon is done now: others wake the loop too. */
#define EARLY_MS 300

void pace_init(struct pace *p, uint64_t refresh_ms, uint64_t misses_ms, uint64_t now_ms)
{
	*p = (struct pace){.refresh_ms = refresh_ms,
			   .misses_ms = misses_ms,
			   .active_at = now_ms,
			   .sweep_at = now_ms + PACE_SWEEP_MS,
			   .refresh_at = refresh_ms ? now_ms + refresh_ms : PACE_NEVER};
}

void pace_active(struct pace *p, uint64_t now_ms)
{
	/* As a flood begins half of it may be missed, until the hook has moved. */
	uint64_t wait = p->asleep && p->misses_ms ? PACE_MISSED_MS : PACE_SWEEP_MS;

	p->active_at = now_ms;
	p->asleep = false;
	if (p->sweep_at > now_ms + wait)
		p->sweep_at = now_ms + wait;
}

void pace_log_read(struct pace *p, uint64_t now_ms)
{
	p->log_at = now_ms + PACE_SWEEP_MS;
}

bool pace_log_open(const struct pace *p, uint64_t now_ms)
{
	return now_ms >= p->log_at;
}

static bool is_quiet(const struct pace *p, uint64_t now_ms)
{
	return now_ms - p->active_at >= PACE_QUIET_MS;
}

bool pace_sweep_due(const struct pace *p, uint64_t now_ms)
{
	uint64_t early = is_quiet(p, now_ms) ? EARLY_MS : 0;

	return p->sweep_at != PACE_NEVER && now_ms + early >= p->sweep_at;
}

bool pace_swept(struct pace *p, bool found, uint64_t now_ms)
{
	bool awake = !p->asleep;

	if (found)
		p->active_at = now_ms;
	p->asleep = is_quiet(p, now_ms);
	if (!p->asleep)
		p->sweep_at = now_ms + PACE_SWEEP_MS;
	else
		p->sweep_at = p->misses_ms ? now_ms + p->misses_ms : PACE_NEVER;
	return awake && p->asleep;
}

bool pace_refresh(struct pace *p, uint64_t now_ms)
{
	if (p->refresh_at == PACE_NEVER || now_ms + EARLY_MS < p->refresh_at)
		return false;
	p->refresh_at = now_ms + p->refresh_ms;
	return true;
}

uint64_t pace_due(const struct pace *p, uint64_t now_ms)
{
	uint64_t due = p->sweep_at < p->refresh_at ? p->sweep_at : p->refresh_at;

	return p->log_at > now_ms && p->log_at < due ? p->log_at : due;
}
