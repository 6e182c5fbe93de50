// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_walk.c - maps are read and written so that no probe misses a call meanwhile.
 *
 * While bpf(2) is at a map the kernel runs no probe's program and no classic tracepoint's on that
 * processor (bpf_disable_instrumentation() in bpf_map_copy_value(), bpf_map_update_value(),
 * map_delete_elem() and the walks; trace_call_bpf() skips and counts). Where the kernel preempts,
 * we can be preempted there, for as long as others have to run: up to 3 % of a flood was skipped.
 * As a real-time task for as long as it takes nobody preempts us. What can be read without bpf(2)
 * is: globals, and maps that are mapped.
 */
#include "tracer_priv.h"

#include "log.h"

bool tracer_first(const struct tracer *t, struct tracer_rank *before)
{
	const struct sched_param first = {.sched_priority = 1};

	if (!t->facts.may_preempt)
		return false;
	before->policy = sched_getscheduler(0);
	return before->policy >= 0 && before->policy != SCHED_FIFO && before->policy != SCHED_RR &&
	       sched_getparam(0, &before->param) == 0 &&
	       sched_setscheduler(0, SCHED_FIFO, &first) == 0;
}

void tracer_last(const struct tracer_rank *before)
{
	if (sched_setscheduler(0, before->policy, &before->param) < 0)
		log_debug("sched_setscheduler: %s", strerror(errno));
}

int tracer_walk(const struct tracer *t, const struct bpf_map *map, uint32_t *in, uint32_t *out,
		void *keys, void *values, uint32_t *n)
{
	struct tracer_rank before;
	bool first = tracer_first(t, &before);
	int err, saved;

	err = bpf_map_lookup_batch(bpf_map__fd(map), in, out, keys, values, n, NULL);
	saved = errno;
	if (first)
		tracer_last(&before);
	errno = saved;
	return err;
}
