/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * start.h - from the options to a running tracer, and the sentence that a
 * person gets where that cannot be.
 */
#ifndef FAILCNT_START_H
#define FAILCNT_START_H

#include "kernel.h"
#include "options.h"
#include "tracer.h"

/* Probes the kernel and opens the tracer; -errno after one sentence on stderr with the next step.
 */
int start_tracer(struct tracer **ret, const struct options *o);

/* Who watches the OOM killer should not be its victim. */
void start_stay_alive(void);

#endif
