// SPDX-License-Identifier: GPL-2.0-only
/*
 * attach.c - which backend each hook gets, and why.
 *
 * For each hook the backends are tried in order of cost (kernel-hooks: fexit,
 * kprobe, tracepoint); the first that the kernel's facts allow is taken, and
 * the reason why the cheaper ones were not is kept for doctor.
 */
#include "attach.h"

/* No reason to trace every system call of the host. */
#define IF_TRACED "32-bit programs, where no other hook needs sys_exit"

/* One program for all hooks that look at signals as they are sent (bpf/signal_sent.bpf.h) */
#define SIGNAL_SENT "tpbtf_signal_generate"

#if defined(__aarch64__)
#define SYS(name) "__arm64_sys_" name
#else
#define SYS(name) "__x64_sys_" name
#endif

enum { EXIT = 1, OPTIONAL = 2, MODULE = 4, OPT_IN = 8, HELPS = 16 };

/* A literal, or NULL where it is empty. */
#define OR_NULL(s) (sizeof(s) > 1 ? (s) : NULL)

/* Programs of each kind of hook: hooks.def says how they are named. */
#define PROGRAMS_RETURN(f)                                          \
	.on_return = true, .program[FC_BACKEND_FEXIT] = "fexit_" f, \
	.program[FC_BACKEND_KPROBE] = "kretprobe_" f
#define PROGRAMS_ARGS(f) PROGRAMS_RETURN(f), .entry = "kprobe_" f
#define PROGRAMS_ENTRY(f) \
	.program[FC_BACKEND_FEXIT] = "fentry_" f, .program[FC_BACKEND_KPROBE] = "kprobe_" f
#define PROGRAMS_AFTER(f) .after = true, .program[FC_BACKEND_FEXIT] = "fexit_" f
#define PROGRAMS_TP(f) .on_return = false

const struct attach_hook attach_hooks[FC_HOOKS] = {
#define HOOK(enum_, kind, function_, name_, tracepoint, sees_, flags, misses_) \
	[FC_HOOK_##enum_] = {                                                  \
		.name = sizeof(name_) > 1 ? (name_) : (function_),             \
		.function = OR_NULL(function_),                                \
		.sees = sees_,                                                 \
		PROGRAMS_##kind(function_),                                    \
		.program[FC_BACKEND_TRACEPOINT] = OR_NULL(tracepoint),         \
		.misses[FC_BACKEND_TRACEPOINT] = OR_NULL(misses_),             \
		.by_sys_exit = (flags)&EXIT,                                   \
		.optional = (flags)&OPTIONAL,                                  \
		.module = (flags)&MODULE,                                      \
		.opt_in = (flags)&OPT_IN,                                      \
		.helps = (flags)&HELPS,                                        \
	},
#include "../bpf/hooks.def"
#undef HOOK
};

const char *attach_backend_name(enum fc_backend b)
{
	static const char *const names[FC_BACKENDS] = {
		[FC_BACKEND_NONE] = "none",
		[FC_BACKEND_FEXIT] = "fexit",
		[FC_BACKEND_KPROBE] = "kprobe",
		[FC_BACKEND_TRACEPOINT] = "tracepoint",
	};

	return b < FC_BACKENDS ? names[b] : "none";
}

static const enum kernel_mechanism mechanism_of[FC_BACKENDS] = {
	[FC_BACKEND_FEXIT] = KERNEL_FEXIT,
	[FC_BACKEND_KPROBE] = KERNEL_KPROBE,
	[FC_BACKEND_TRACEPOINT] = KERNEL_RAW_TP,
};

/* Why this hook cannot have this backend; NULL: it can. */
static const char *obstacle(enum fc_hook h, enum fc_backend b, const struct kernel_facts *facts,
			    attach_refusals refusals, char *buf, size_t size)
{
	const struct attach_hook *hook = &attach_hooks[h];
	const struct kernel_trial *t = &facts->trial[mechanism_of[b]];
	const struct attach_refusal *r = &refusals[h][b];

	if (!hook->program[b] && b != FC_BACKEND_TRACEPOINT)
		return "this hook is a tracepoint";
	if (t->stage != KERNEL_WORKS)
		snprintf(buf, size, "%s is refused here at %s: %s", attach_backend_name(b),
			 t->stage == KERNEL_AT_LOAD ? "load" : "attach", strerror(-t->error));
	else if (b != FC_BACKEND_TRACEPOINT && hook->function && !facts->has_function[h])
		snprintf(buf, size, "this kernel has no function %s%s", hook->function,
			 hook->module ? " now: its module is not loaded; watch attaches when it is"
				      : "");
	else if (b == FC_BACKEND_TRACEPOINT && facts->no_tracepoint[h])
		snprintf(buf, size, "%s", facts->no_tracepoint[h]);
	else if (b == FC_BACKEND_TRACEPOINT && !hook->program[b] && !hook->by_sys_exit &&
		 !hook->misses[b])
		snprintf(buf, size, "no tracepoint tells of it");
	else if (r->refused && r->error == 0)
		snprintf(buf, size,
			 "opt-in: it would tax every system call; ask for it with -r disk");
	else if (b == FC_BACKEND_FEXIT && facts->fexit[h].stage != KERNEL_WORKS)
		snprintf(buf, size, "fexit is refused at %s for this function: %s",
			 facts->fexit[h].stage == KERNEL_AT_LOAD ? "load" : "attach",
			 strerror(-facts->fexit[h].error));
	else if (r->refused)
		snprintf(buf, size, "%s was refused at %s: %s", attach_backend_name(b),
			 r->at_attach ? "attach" : "load", strerror(-r->error));
	else
		return NULL;
	return buf;
}

/* A module that is not there has nothing to tell: no reason to trace every system call. */
static bool not_loaded(enum fc_hook h, const struct kernel_facts *facts, enum opt_backend wanted)
{
	return attach_hooks[h].module && !facts->has_function[h] && wanted != OPT_TRACEPOINT &&
	       attach_spares_sys_exit(facts);
}

bool attach_spares_sys_exit(const struct kernel_facts *facts)
{
	return facts->trial[KERNEL_FEXIT].stage == KERNEL_WORKS ||
	       facts->trial[KERNEL_KPROBE].stage == KERNEL_WORKS;
}

const char *attach_module(enum fc_hook h)
{
	static const char *const modules[FC_HOOKS] = {
		[FC_HOOK_EXT4_FULL] = "ext4",
		[FC_HOOK_CONNTRACK_ALLOC] = "nf_conntrack",
	};

	return modules[h];
}

/* Why --backend=events leaves this hook out; NULL: it does not. */
static const char *not_of_events(enum fc_hook h, const struct kernel_facts *facts)
{
	if (!attach_hooks[h].program[FC_BACKEND_TRACEPOINT] || facts->no_tracepoint[h])
		return "--backend=events hooks no system call";
	return attach_hooks[h].helps ? "of no use without hooks on system calls" : NULL;
}

static void choose_events(struct attach_choice *ret, enum fc_hook h,
			  const struct kernel_facts *facts, attach_refusals refusals)
{
	const char *why = not_of_events(h, facts);
	char buf[ATTACH_WHY];

	ret->backend = FC_BACKEND_NONE;
	ret->left_out = why;
	if (!why)
		why = obstacle(h, FC_BACKEND_TRACEPOINT, facts, refusals, buf, sizeof(buf));
	if (!why)
		ret->backend = FC_BACKEND_TRACEPOINT;
	util_strlcpy(ret->why, why ? why : "as asked with --backend", sizeof(ret->why));
}

/*
 * Where fexit may miss calls of it and it cannot move when it does, for nothing marks a call at its
 * entry (tracer_move.c): so from the start what misses none.
 */
static bool cannot_move(enum fc_hook h, const struct kernel_facts *facts, enum opt_backend wanted)
{
	const struct attach_hook *hook = &attach_hooks[h];

	return wanted == OPT_AUTO && facts->may_preempt && hook->function && !hook->on_return &&
	       !hook->after;
}

static const char *why_chosen(enum fc_hook h, enum fc_backend b, const struct kernel_facts *facts,
			      enum opt_backend wanted)
{
	if (b == FC_BACKEND_KPROBE && cannot_move(h, facts, wanted))
		return "fexit would miss calls: this kernel preempts";
	return wanted != OPT_AUTO ? "as asked with --backend" : "the cheapest that works";
}

static void choose(struct attach_choice *ret, enum fc_hook h, const struct kernel_facts *facts,
		   enum opt_backend wanted, attach_refusals refusals)
{
	static const enum fc_backend cheapest[] = {FC_BACKEND_FEXIT, FC_BACKEND_KPROBE,
						   FC_BACKEND_TRACEPOINT},
				     exact[] = {FC_BACKEND_KPROBE, FC_BACKEND_FEXIT,
						FC_BACKEND_TRACEPOINT};
	static const enum opt_backend option[FC_BACKENDS] = {
		[FC_BACKEND_FEXIT] = OPT_FEXIT,
		[FC_BACKEND_KPROBE] = OPT_KPROBE,
		[FC_BACKEND_TRACEPOINT] = OPT_TRACEPOINT,
	};
	const enum fc_backend *order = cannot_move(h, facts, wanted) ? exact : cheapest;
	bool only_tracepoint =
		!attach_hooks[h].function || (attach_hooks[h].after && !facts->no_tracepoint[h]);
	char buf[ATTACH_WHY];
	const char *why;

	ret->backend = FC_BACKEND_NONE;
	ret->why[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(cheapest); i++) {
		if (only_tracepoint && order[i] != FC_BACKEND_TRACEPOINT)
			continue;
		if (wanted != OPT_AUTO && wanted != option[order[i]] && !only_tracepoint)
			continue;
		if (order[i] == FC_BACKEND_TRACEPOINT && not_loaded(h, facts, wanted))
			continue;
		why = obstacle(h, order[i], facts, refusals, buf, sizeof(buf));
		if (!why) {
			ret->backend = order[i];
			if (!ret->why[0])
				util_strlcpy(ret->why,
					     only_tracepoint
						     ? "a tracepoint on every backend"
						     : why_chosen(h, order[i], facts, wanted),
					     sizeof(ret->why));
			return;
		}
		/* The first obstacle is the one that a person can do something about. */
		if (!ret->why[0])
			util_strlcpy(ret->why, why, sizeof(ret->why));
	}
}

void attach_leave_out(attach_refusals refusals, const struct kernel_facts *facts,
		      enum opt_backend wanted)
{
	/* Where sys_exit is traced anyway they cost nothing more. */
	if (wanted == OPT_TRACEPOINT || !attach_spares_sys_exit(facts))
		return;
	for (int h = 0; h < FC_HOOKS; h++)
		for (int b = 0; b < FC_BACKENDS; b++)
			if (attach_hooks[h].opt_in)
				refusals[h][b].refused = true;
}

void attach_plan(struct attach_plan *ret, const struct kernel_facts *facts, enum opt_backend wanted,
		 attach_refusals refusals)
{
	memset(ret, 0, sizeof(*ret));
	for (int h = 0; h < FC_HOOKS; h++)
		if (wanted == OPT_EVENTS)
			choose_events(&ret->hook[h], h, facts, refusals);
		else
			choose(&ret->hook[h], h, facts, wanted, refusals);
}

bool attach_uses_sys_exit(const struct attach_plan *plan)
{
	for (int h = 0; h < FC_HOOKS; h++)
		if (plan->hook[h].backend == FC_BACKEND_TRACEPOINT && attach_hooks[h].by_sys_exit &&
		    !attach_hooks[h].optional)
			return true;
	return false;
}

bool attach_shared(enum fc_hook h)
{
	const char *name = attach_hooks[h].program[FC_BACKEND_TRACEPOINT];

	return name && util_streq(name, SIGNAL_SENT);
}

bool attach_sees(const struct attach_plan *plan, enum fc_hook h)
{
	enum fc_backend b = plan->hook[h].backend;

	return b == FC_BACKEND_TRACEPOINT
		       ? attach_hooks[h].program[b] || attach_hooks[h].by_sys_exit
		       : b != FC_BACKEND_NONE;
}
