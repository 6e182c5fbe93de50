/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracer_priv.h - between tracer.c (load, attach) and tracer_sweep.c (what is
 * done once a second).
 */
#ifndef FAILCNT_TRACER_PRIV_H
#define FAILCNT_TRACER_PRIV_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>

#include "../bpf/event.h" /* before the skeleton, which has its structures in it */
#include "failcnt.skel.h"
#include "repeats.h"
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
	struct bpf_link *modules;           /* tells of modules that are loaded */
	struct failcnt_bpf *late[FC_HOOKS]; /* of hooks in modules that came later */
	const char *spare[FC_HOOKS];        /* program to move to; NULL: none */
	bool spare_sys_exit;
	bool no_spare; /* the kernel refused one of the spare programs */

	int slow_fd; /* 0: none */

	bool tracefs_sought;
	const char *tracefs; /* where return probes are made; NULL: it cannot be written */
	unsigned int probes; /* how many were */
	bool closing;        /* a child does the rest */

	uint64_t missed_told[FC_HOOKS]; /* calls that were skipped, told so far */
	uint64_t sys_exit_told;
	uint64_t stat_told[FC_STATS];
	uint64_t overflow_told[FC_RESOURCES];
	uint64_t deaths_at; /* CLOCK_MONOTONIC ms: looked for in the table */
	uint32_t sweeps;
	struct repeats repeats;
	bool folds_crowded; /* more than half of the fold table is in use */
};

/* bpf_program__attach(), for a return probe with room for many calls at a time; NULL and errno. */
struct bpf_link *tracer_attach(struct tracer *t, const struct bpf_program *p);
/* What maker made of them for that, when nobody holds them open any more. */
void tracer_probes_remove(struct tracer *t, pid_t maker);

/* Before the links are closed: tracer_detach.c. */
void tracer_detach(struct tracer *t);

/* The program that hook h may move to, loaded but not attached; NULL: none. */
const char *tracer_spare(struct tracer *t, enum fc_hook h);

/* recursion_misses of a program. */
uint64_t tracer_program_missed(const struct bpf_program *p);
/* Tells what of n calls was not told as missed yet: of a hook, of the program at sys_exit. */
void tracer_tell_missed(struct tracer *t, const struct tracer_events *ev, enum fc_hook h,
			uint64_t n);
void tracer_tell_missed_exits(struct tracer *t, const struct tracer_events *ev, uint64_t n);

/* To the program that misses none: tracer_move.c. */
void tracer_move_hook(struct tracer *t, enum fc_hook h, const struct tracer_events *ev);
void tracer_move_sys_exit(struct tracer *t, const struct tracer_events *ev);

/* Before the load: p is not to be loaded. */
void tracer_leave_out(struct bpf_program *p);

/*
 * From here to tracer_last() nobody preempts us: while bpf(2) reads or writes a map the kernel runs
 * no program of a probe on that processor. False: we are not the first, and nothing is to be
 * undone.
 */
struct tracer_rank {
	int policy;
	struct sched_param param;
};
bool tracer_first(const struct tracer *t, struct tracer_rank *before);
void tracer_last(const struct tracer_rank *before);

/* bpf_map_lookup_batch() of a hash map, so that no probe misses a call meanwhile. */
int tracer_walk(const struct tracer *t, const struct bpf_map *map, uint32_t *in, uint32_t *out,
		void *keys, void *values, uint32_t *n);

/* What programs counted beside the fold table: tracer_repeats.c. */
int tracer_repeats_open(struct tracer *t);
void tracer_repeats_close(struct tracer *t);

/* What the fold table had no room for, and how large the table is: tracer_overflow.c. False: there
 * was nothing new. */
bool tracer_overflow(struct tracer *t, const struct tracer_events *ev);
void tracer_fold_size(struct tracer *t);

/* Deaths that the ring had no room for: tracer_death.c. False: there were none. */
bool tracer_deaths(struct tracer *t, const struct tracer_events *ev);
/* While records come: that table holds what dies in a second or so, and a storm can be faster. */
void tracer_deaths_soon(struct tracer *t, const struct tracer_events *ev);

/* One more, opened and not loaded; NULL and errno. Not failcnt_bpf__open(): whoever calls that has
 * a copy of all programs in his file. */
struct failcnt_bpf *tracer_object(void);
/* The same, with *types, a file of the kernel's types that is to be open until it is loaded. */
struct failcnt_bpf *tracer_object_typed(int *types);

/* What programs read as constants: options and facts. */
void tracer_rodata(const struct tracer *t, struct failcnt_bpf *s);

/* Hooks in modules of the kernel that are loaded while we run: tracer_modules.c. */
void tracer_modules_choose(struct tracer *t);
void tracer_modules_attach(struct tracer *t);
/* False: the record is none of a module. */
bool tracer_modules_record(struct tracer *t, const void *data, size_t size);
void tracer_modules_close(struct tracer *t);

#endif
