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

/*
 * Pages that are present in the nodes of a list such as "0-1,4", as zoneinfo below proc has it
 * (node_present_pages() of the kernel); 0: not known.
 */
uint64_t oom_memory_nodes(int proc, const char *nodes);

#endif
