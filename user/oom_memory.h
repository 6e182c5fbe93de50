/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom_memory.h - HOST_MEMORY of an OOM kill: how the whole machine stood.
 */
#ifndef FAILCNT_OOM_MEMORY_H
#define FAILCNT_OOM_MEMORY_H

#include "event.h"
#include "field.h"

/*
 * From what the record has, read in the kernel at the kill. Where the kernel hides its variables,
 * from meminfo below proc (a directory), which is a moment later: then HOST_MEMORY_LATER says so.
 */
void oom_memory_host(struct event *e, const struct fc_host *h, int proc, uint64_t page_size);

#endif
