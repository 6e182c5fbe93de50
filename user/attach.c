// SPDX-License-Identifier: GPL-2.0-only
/*
 * attach.c - which backend each hook gets, and why.
 *
 * For each hook the backends are tried in order of cost (kernel-hooks: fexit,
 * kprobe, tracepoint); the first that the kernel's facts allow is taken, and
 * the reason why the cheaper ones were not is kept for doctor.
 */
#include "attach.h"

#define NO_SCM "descriptors refused inside recvmsg (SCM_RIGHTS), io_uring"
/* No reason to trace every system call of the host. */
#define IF_TRACED "32-bit programs, where no other hook needs sys_exit"
#define BY_WALK "the constraint: inferred from the victim's cgroups and the kernel log"

const struct attach_hook attach_hooks[FC_HOOKS] = {
	[FC_HOOK_ALLOC_FD] =
		{
			.name = "alloc_fd",
			.function = "alloc_fd",
			.sees = "EMFILE: nofile, nr-open",
			.program = {[FC_BACKEND_FEXIT] = "fexit_alloc_fd",
				    [FC_BACKEND_KPROBE] = "kretprobe_alloc_fd"},
			.misses = {[FC_BACKEND_TRACEPOINT] = NO_SCM},
			.by_sys_exit = true,
		},
	[FC_HOOK_ALLOC_EMPTY_FILE] =
		{
			.name = "alloc_empty_file",
			.function = "alloc_empty_file",
			.sees = "ENFILE: file-max",
			.program = {[FC_BACKEND_FEXIT] = "fexit_alloc_empty_file",
				    [FC_BACKEND_KPROBE] = "kretprobe_alloc_empty_file"},
			.misses = {[FC_BACKEND_TRACEPOINT] = "io_uring"},
			.by_sys_exit = true,
		},
	[FC_HOOK_NEWARY] =
		{
			.name = "newary",
			.function = "newary",
			.sees = "ENOSPC of semget: semmni, semmns",
			.program = {[FC_BACKEND_FEXIT] = "fexit_newary",
				    [FC_BACKEND_KPROBE] = "kretprobe_newary"},
			.by_sys_exit = true,
		},
	[FC_HOOK_SEMGET] =
		{
			.name = "semget",
			.sees = "EINVAL of semget: semmsl",
#if defined(__aarch64__)
			.function = "__arm64_sys_semget",
			.program = {[FC_BACKEND_FEXIT] = "fexit___arm64_sys_semget",
				    [FC_BACKEND_KPROBE] = "kretprobe___arm64_sys_semget"},
#else
			.function = "__x64_sys_semget",
			.program = {[FC_BACKEND_FEXIT] = "fexit___x64_sys_semget",
				    [FC_BACKEND_KPROBE] = "kretprobe___x64_sys_semget"},
#endif
			.by_sys_exit = true,
		},
	[FC_HOOK_SEMGET_COMPAT] =
		{
			.name = "ksys_semget",
			.function = "ksys_semget",
			.sees = "EINVAL of a 32-bit program's ipc(2): semmsl",
			.optional = true,
			.program = {[FC_BACKEND_FEXIT] = "fexit_ksys_semget",
				    [FC_BACKEND_KPROBE] = "kretprobe_ksys_semget"},
			.misses = {[FC_BACKEND_TRACEPOINT] = IF_TRACED},
			.by_sys_exit = true,
		},
	[FC_HOOK_SEMGET_IA32] =
		{
			.name = "ia32 semget",
			.function = "__ia32_sys_semget",
			.sees = "EINVAL of a 32-bit program's semget(2): semmsl",
			.optional = true,
			.program = {[FC_BACKEND_FEXIT] = "fexit___ia32_sys_semget",
				    [FC_BACKEND_KPROBE] = "kretprobe___ia32_sys_semget"},
			.misses = {[FC_BACKEND_TRACEPOINT] = IF_TRACED},
			.by_sys_exit = true,
		},
	[FC_HOOK_OOM_CONTEXT] =
		{
			.name = "oom_kill_process",
			.function = "oom_kill_process",
			.sees = "OOM: whose limit, why",
			.program = {[FC_BACKEND_FEXIT] = "fentry_oom_kill_process",
				    [FC_BACKEND_KPROBE] = "kprobe_oom_kill_process"},
			.misses = {[FC_BACKEND_TRACEPOINT] = BY_WALK},
		},
	[FC_HOOK_OOM_KILL] =
		{
			.name = "__oom_kill_process",
			.function = "__oom_kill_process",
			.sees = "OOM: that it was a kill",
			.program = {[FC_BACKEND_FEXIT] = "fentry___oom_kill_process",
				    [FC_BACKEND_KPROBE] = "kprobe___oom_kill_process",
				    [FC_BACKEND_TRACEPOINT] = "rawtp_signal_generate"},
		},
	[FC_HOOK_OOM_VICTIM] =
		{
			.name = "mark_victim",
			.sees = "OOM: the victim",
			.program = {[FC_BACKEND_TRACEPOINT] = "rawtp_mark_victim"},
			.misses = {[FC_BACKEND_TRACEPOINT] =
					   "other processes with the victim's address space"},
		},
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
		snprintf(buf, size, "this kernel has no function %s", hook->function);
	else if (r->refused)
		snprintf(buf, size, "%s was refused at %s: %s", attach_backend_name(b),
			 r->at_attach ? "attach" : "load", strerror(-r->error));
	else
		return NULL;
	return buf;
}

static void choose(struct attach_choice *ret, enum fc_hook h, const struct kernel_facts *facts,
		   enum opt_backend wanted, attach_refusals refusals)
{
	static const enum fc_backend order[] = {FC_BACKEND_FEXIT, FC_BACKEND_KPROBE,
						FC_BACKEND_TRACEPOINT};
	static const enum opt_backend option[] = {OPT_FEXIT, OPT_KPROBE, OPT_TRACEPOINT};
	bool only_tracepoint = !attach_hooks[h].function;
	char buf[ATTACH_WHY];
	const char *why;

	ret->backend = FC_BACKEND_NONE;
	ret->why[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (only_tracepoint && order[i] != FC_BACKEND_TRACEPOINT)
			continue;
		if (wanted != OPT_AUTO && wanted != option[i] && !only_tracepoint)
			continue;
		why = obstacle(h, order[i], facts, refusals, buf, sizeof(buf));
		if (!why) {
			ret->backend = order[i];
			if (!ret->why[0])
				util_strlcpy(ret->why,
					     only_tracepoint      ? "a tracepoint on every backend"
					     : wanted != OPT_AUTO ? "as asked with --backend"
								  : "the cheapest that works",
					     sizeof(ret->why));
			return;
		}
		/* The first obstacle is the one that a person can do something about. */
		if (!ret->why[0])
			util_strlcpy(ret->why, why, sizeof(ret->why));
	}
}

void attach_plan(struct attach_plan *ret, const struct kernel_facts *facts, enum opt_backend wanted,
		 attach_refusals refusals)
{
	memset(ret, 0, sizeof(*ret));
	for (int h = 0; h < FC_HOOKS; h++)
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
