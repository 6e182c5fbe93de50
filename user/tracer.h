/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracer.h - the skeleton: open, load, attach, poll. The only module that
 * knows libbpf's objects; the rest sees records and counts.
 */
#ifndef FAILCNT_TRACER_H
#define FAILCNT_TRACER_H

#include "../bpf/event.h"
#include "attach.h"
#include "fold.h"
#include "kernel.h"
#include "util.h"

struct tracer;

struct tracer_options {
	enum opt_backend backend;
	uint32_t pid, uid; /* filters in the kernel; pid 0: everybody */
	bool has_uid;
	uint32_t tree, tree_ns; /* only descendants of this process: bpf/tree.bpf.h; 0: everybody */
	uint64_t tree_since;
	bool want[FC_RESOURCES]; /* all false: every resource */
};

/*
 * Loads and attaches what the kernel allows; each hook falls back by itself.
 * -ENOTSUP where not one hook could be had. *ret is freed by tracer_close().
 */
int tracer_open(struct tracer **ret, const struct kernel_facts *facts,
		const struct tracer_options *o);

/*
 * Detaches. Taking fexit programs off takes the kernel up to a tenth of a second each: a
 * child process does it, so that the prompt comes back at once.
 */
void tracer_close(struct tracer *t);
/* Another descriptor of which the last close waits for the kernel; it stays the caller's. */
void tracer_close_later(struct tracer *t, int fd);

const struct attach_plan *tracer_plan(const struct tracer *t);
const struct kernel_facts *tracer_facts(const struct tracer *t);

int tracer_fd(const struct tracer *t); /* readable when records wait */

struct tracer_events {
	void (*record)(void *arg, const void *data, size_t size);
	void (*fold)(void *arg, const struct fc_fold_key *key, const struct fc_fold *fold,
		     uint64_t n, const struct fold_known *known);
	/* Where the fold table was full: of a program, or with an empty comm of a resource. */
	void (*overflow)(void *arg, const struct fc_coarse_key *key, const struct fc_overflow *o,
			 uint64_t n);
	/* hook NULL: not of one hook. Numbers are what is new since the last call. */
	void (*lost)(void *arg, const char *stage, const char *hook, uint64_t n);
	/* A hook that missed calls was moved to a backend that does not. */
	void (*moved)(void *arg, const char *hook, const char *from, const char *to);
	void *arg;
};

/* Hands over the records that wait; -errno of libbpf. */
int tracer_consume(struct tracer *t, const struct tracer_events *ev);

/*
 * Once a second while something happens, and at the end: repeats, losses; moves hooks that missed
 * (move). False: there was nothing, and what is refused next comes as a record.
 */
bool tracer_sweep(struct tracer *t, const struct tracer_events *ev, bool move);

/* What nobody tells, and so is to be asked for while nothing happens, in milliseconds; 0: nothing.
 * Limits that this kernel tells in /proc alone: tracer_memory_hints(). */
uint64_t tracer_refresh_ms(const struct tracer *t);
/* Calls that programs missed: tracer_sweep(). */
uint64_t tracer_misses_ms(const struct tracer *t);

/* So that folded records carry the path of their cgroup. */
void tracer_note_cgroup(struct tracer *t, const void *record, const char *cgroup);

/* Values of /proc/sys for kernels that hide the variables. */
void tracer_set_hints(struct tracer *t, uint64_t nr_open, uint64_t file_max);
/* The same of memory; to be read anew each tracer_refresh_ms(). */
void tracer_memory_hints(struct tracer *t);
void tracer_set_task_hints(struct tracer *t, uint64_t threads_max, uint64_t pid_max);
/* One of bpf/hints.def. */
void tracer_set_hint(struct tracer *t, enum fc_hint hint, uint64_t value);

/* The number of the map of who made semaphore sets; 0: it is not to be had. */
uint32_t tracer_makers(const struct tracer *t);

/* Calls that program of a hook did not look at, since it was attached. */
uint64_t tracer_missed(const struct tracer *t, enum fc_hook h);
/* Bytes that the BPF maps take in the kernel, as it says itself; each of them to cb (NULL: not). */
uint64_t tracer_memory(const struct tracer *t,
		       void (*cb)(void *arg, const char *name, uint32_t entries, uint64_t bytes),
		       void *arg);

#endif
