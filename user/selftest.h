/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * selftest.h - refuse yourself something, and see whether it is seen: attached
 * is not enough, for a hook on a function that the compiler inlined attaches
 * and stays silent.
 *
 * Each failure is provoked in a child with a namespace, an rlimit or a cgroup
 * of its own and hurts nobody. Where this kernel may preempt the hook's program and so skip it,
 * one that was not seen is provoked again, a few times.
 */
#ifndef FAILCNT_SELFTEST_H
#define FAILCNT_SELFTEST_H

#include "kernel.h"
#include "tracer.h"

enum selftest_result { SELFTEST_SEEN, SELFTEST_NOT_SEEN, SELFTEST_NOT_POSSIBLE };

struct selftest {
	const char *name;      /* what is provoked */
	enum fc_hook hook;     /* through which hook it must be seen */
	unsigned int resource; /* enum fc_resource; FC_RESOURCE_NONE: a kill */
	enum selftest_result result;
	unsigned int tries;  /* more than one only where a preempted program may miss a call */
	uint64_t latency_us; /* from the refusal in the kernel to reading the record, when seen */
	char why[96];        /* not possible: what stood in the way */
};

#define SELFTEST_MAX 64

/* Runs all of them on t; returns how many rows of ret it filled. Takes at most a few seconds. */
unsigned int selftest_run(struct tracer *t, const struct kernel_facts *k,
			  struct selftest ret[SELFTEST_MAX]);

#endif
