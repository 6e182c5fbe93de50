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

struct pipeline_options {
	const struct event_context *context; /* must outlive the pipeline */
	const char *memory_mount;            /* of the memory controller; "": unknown; copied */
	bool again;                          /* explain_facts */
};

int pipeline_new(struct pipeline **ret, const struct pipeline_options *o);
void pipeline_free(struct pipeline *p);

/* False: this kill was told already, or was our own doing, and e is to be dropped. */
bool pipeline_run(struct pipeline *p, struct event *e, struct event_facts *facts);

/* The kernel log's descriptor, readable when there are lines; -1: it cannot be read. */
int pipeline_log_fd(const struct pipeline *p);
/* Takes these lines: to be called soon, for how old a line is counts from then. */
void pipeline_tick(struct pipeline *p);

#endif
