/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracer_priv.h - between tracer.c (load, attach) and tracer_sweep.c (what is
 * done once a second).
 */
#ifndef FAILCNT_TRACER_PRIV_H
#define FAILCNT_TRACER_PRIV_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../bpf/event.h" /* before the skeleton, which has its structures in it */
#include "failcnt.skel.h"
#include "tracer.h"

#define RAW_SYS_EXIT "tpbtf_sys_exit"
#define CLASSIC_SYS_EXIT "tp_sys_exit"

struct tracer {
	struct failcnt_bpf *skel;
	struct kernel_facts facts;
	struct tracer_options options;
	struct attach_plan plan;
	attach_refusals refusals;
	struct ring_buffer *ring;
	struct folds *folds;
	const struct tracer_events *events; /* during a call */

	struct bpf_link *link[FC_HOOKS];       /* of the hook's own program */
	struct bpf_link *spare_link[FC_HOOKS]; /* of the one it moved to */
	struct bpf_link *entry_link[FC_HOOKS]; /* keeps the arguments for a kretprobe */
	bool signal_sent; /* the program that several hooks share is attached */
	struct bpf_link *sys_exit, *sys_exit_spare;
	const char *spare[FC_HOOKS]; /* program to move to; NULL: none */
	bool spare_sys_exit;
	bool no_spare; /* the kernel refused one of the spare programs */

	uint64_t missed_told[FC_HOOKS]; /* calls that were skipped, told so far */
	uint64_t sys_exit_told;
	uint64_t stat_told[FC_STATS];
	uint64_t overflow_told[FC_RESOURCES];
};

/* The program that hook h may move to, loaded but not attached; NULL: none. */
const char *tracer_spare(struct tracer *t, enum fc_hook h);

/* Deaths that the ring had no room for: tracer_death.c. */
void tracer_deaths(struct tracer *t, const struct tracer_events *ev);

#endif
