/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * attach.h - which backend each hook gets, and why. Pure: facts in, plan out.
 */
#ifndef FAILCNT_ATTACH_H
#define FAILCNT_ATTACH_H

#include "../bpf/event.h"
#include "kernel.h"
#include "options.h"

#define ATTACH_WHY 128

/* One row a hook: the function, its programs, and what each backend cannot see of it. */
struct attach_hook {
	const char *name;     /* of the hook, for people: the kernel function or tracepoint */
	const char *function; /* for BTF and kprobes; NULL: a tracepoint for every backend */
	const char *program[FC_BACKENDS]; /* NULL: that backend needs none, or has none */
	const char *entry; /* goes with the kretprobe: keeps the function's arguments; NULL: none */
	const char *misses[FC_BACKENDS]; /* NULL: nothing */
	const char *sees;                /* what it is for, in a few words */
	bool optional; /* a kernel may lack the function and lose nothing that others do not see */
	bool by_sys_exit; /* the tracepoint backend sees it at sys_exit */
	bool module;      /* the function may be in a module that is not loaded */
	bool opt_in;      /* it taxes what is done often: only when disk is asked for */
	bool helps;       /* tells nothing by itself, see hooks.def */
	bool after;       /* rather by its tracepoint, whatever the backend */
	bool on_return;   /* its programs look at return values: another backend can take over */
};
extern const struct attach_hook attach_hooks[FC_HOOKS];

const char *attach_backend_name(enum fc_backend b);

struct attach_choice {
	enum fc_backend backend; /* FC_BACKEND_NONE: cannot be had */
	char why[ATTACH_WHY];    /* one clause */
	bool left_out;           /* by what was asked for, not by the kernel */
};

struct attach_plan {
	struct attach_choice hook[FC_HOOKS];
};

/* A program that the kernel refused although its mechanism works: that hook falls back by itself.
 */
struct attach_refusal {
	bool refused;
	int error; /* 0: the kernel was not asked, see attach_hook.opt_in */
	bool at_attach;
};
typedef struct attach_refusal attach_refusals[FC_HOOKS][FC_BACKENDS];

void attach_plan(struct attach_plan *ret, const struct kernel_facts *facts, enum opt_backend wanted,
		 attach_refusals refusals);

/* Nobody asked for what opt-in hooks are for: they are no choice, and the plan says why. */
void attach_leave_out(attach_refusals refusals, const struct kernel_facts *facts,
		      enum opt_backend wanted);

/* The module that has the function of a hook which may be in one; NULL: of the others. */
const char *attach_module(enum fc_hook h);

/* Can hooks do without the program at sys_exit here? */
bool attach_spares_sys_exit(const struct kernel_facts *facts);

/* Does this hook see anything there? A tracepoint backend that has no tracepoint for it does not.
 */
bool attach_sees(const struct attach_plan *plan, enum fc_hook h);

/* What --backend=events sees of it, counters and the kernel log included; NULL: nothing. */
const char *attach_events_see(unsigned int resource);

/* Does any hook use the program at sys_exit? */
bool attach_uses_sys_exit(const struct attach_plan *plan);

/* Is its tracepoint's program one that other hooks have too? It is attached once. */
bool attach_shared(enum fc_hook h);

#endif
