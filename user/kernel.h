/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel.h - what this kernel allows, found by really loading and attaching
 * tiny programs. A kernel that lists a function in its BTF may still refuse the
 * load (lockdown, KPROBES=n: EPERM, ENOENT), or take it and refuse the attach
 * (fentry on arm64 before 6.x: ENOTSUPP), so both stages are tried.
 */
#ifndef FAILCNT_KERNEL_H
#define FAILCNT_KERNEL_H

#include "../bpf/event.h"
#include "gfp.h"
#include "ksyms.h"
#include "util.h"

enum kernel_mechanism {
	KERNEL_BPF,        /* bpf(2) at all, and a ring buffer */
	KERNEL_FEXIT,      /* BTF trampolines */
	KERNEL_KPROBE,     /* kprobes by perf_event_open(2) */
	KERNEL_RAW_TP,     /* raw tracepoints */
	KERNEL_TRACEPOINT, /* classic tracepoints: needs tracefs */
	KERNEL_MECHANISMS,
};

enum kernel_stage { KERNEL_WORKS, KERNEL_AT_LOAD, KERNEL_AT_ATTACH };

struct kernel_trial {
	enum kernel_stage stage; /* where it was refused */
	int error;               /* -errno there; 0: works */
};

struct kernel_facts {
	struct kernel_trial trial[KERNEL_MECHANISMS];
	int btf_error;               /* of /sys/kernel/btf/vmlinux; 0: there */
	bool has_function[FC_HOOKS]; /* BTF or the symbol table lists the hook's function */
	uint8_t nargs[FC_HOOKS];     /* how many arguments it has, from BTF */
	/* Functions of a shape that older kernels make no trampoline for: what a trial came to */
	struct kernel_trial fexit[FC_HOOKS];
	struct gfp_table gfp;
	struct ksyms ksyms;
	const char *no_tracepoint[FC_HOOKS]; /* why this kernel has none for it; NULL: it has */
	bool mark_victim_has_task;           /* the tracepoint's argument is a task, not a pid */
	bool hugetlb_reserve_is_bool; /* and not a number: what hugetlb_reserve_pages() returns */
	bool may_preempt; /* built to preempt kernel code, or able to: fexit and raw_tp may miss */
	bool has_capability; /* CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN */
	bool memory_is_v1;
};

const char *kernel_mechanism_name(enum kernel_mechanism m);

/* Part of the facts. What is set later, while the kernel runs, is not seen. */
bool kernel_may_preempt(void);
/* Functions of hooks that are in modules, as far as facts do not have them yet. */
struct btf;
void kernel_find_modules(struct kernel_facts *facts, struct btf *vmlinux);

/* Fills *ret; never fails: what cannot be found out counts as refused, with its error. */
void kernel_probe(struct kernel_facts *ret);

#endif
