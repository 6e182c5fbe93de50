/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipeline.h - what happens to a decoded event before it is written: the
 * kernel log is asked where a cause was inferred, it is identified, explained.
 */
#ifndef FAILCNT_PIPELINE_H
#define FAILCNT_PIPELINE_H

#include "event.h"
#include "util.h"

struct pipeline;

/* context must outlive the pipeline. */
int pipeline_new(struct pipeline **ret, const struct event_context *context);
void pipeline_free(struct pipeline *p);

void pipeline_run(struct pipeline *p, struct event *e, const struct event_facts *facts);

#endif
