/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack.bpf.h - a stack that may not grow, and arguments that do not fit on a new one.
 *
 * The stack of a process's first thread grows when something below it is touched: a page fault,
 * expand_downwards() (mm/mmap.c), which asks RLIMIT_AS and RLIMIT_STACK. What it refuses becomes
 * SIGSEGV, as a wild pointer does that hits the gap below the stack: the stack pointer tells which
 * it was. Stacks of threads are mappings of a fixed size, and no limit of the kernel's.
 *
 * execve() gives the strings of a new program a quarter of RLIMIT_STACK, at least 128 KiB and at
 * most 6 MiB (bprm_stack_limits() of fs/exec.c), and says E2BIG; to a single string of 128 KiB or
 * more too. copy_strings() moves bprm->p below bprm->argmin only for the first of the two, and
 * free_bprm() runs after either.
 */
#ifndef FAILCNT_STACK_BPF_H
#define FAILCNT_STACK_BPF_H

#include "memory.bpf.h"

#define RLIMIT_STACK 3
#define SIGSEGV 11
#define SEGV_MAPERR 1
#define STK_LIM (8ULL << 20)   /* _STK_LIM of include/uapi/linux/resource.h */
#define ARG_MAX (128ULL << 10) /* include/uapi/linux/limits.h */
/* A push of many registers, and then some: how far below the stack pointer a program may touch */
#define BELOW_SP (65536 + 256)

/* size: what the stack would have; grow: by how much, in bytes */
static __always_inline bool refuse_growth(struct refusal *w, __u64 size, __u64 grow)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_STACK].rlim_cur);

	if (refuse_space(w, grow >> page_shift))
		return true;
	if (size > limit) {
		w->resource = FC_STACK;
		w->held = size - grow;
		w->asked = grow;
		w->limit = limit;
		w->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_STACK].rlim_max);
		w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_ASKED | FC_HAS_CERTAIN;
		return true;
	}
	return refuse_commit(w, grow >> page_shift);
}

/* Is it the stack pointer that went there? Mappings and other stacks lie below mmap_base. */
static __always_inline bool near_sp(struct mm_struct *mm, __u64 addr)
{
	struct pt_regs *regs = task_pt_regs((void *)bpf_get_current_task());
	__u64 sp = BPF_CORE_READ(regs, sp);

	return sp >= BPF_CORE_READ(mm, mmap_base) && addr + BELOW_SP >= sp;
}

static __always_inline bool refuse_stack(struct refusal *w, const struct refused_call *c)
{
	struct vm_area_struct *vma = (void *)c->arg[0];
	__u64 addr = c->arg[1], start = BPF_CORE_READ(vma, vm_start);
	struct mm_struct *mm = current_mm();

	/* Another's: the new stack of an exec, what a debugger looks at. */
	if (!c->has_args || !mm || BPF_CORE_READ(vma, vm_mm) != mm || !near_sp(mm, addr))
		return false;
	addr &= ~((1ULL << page_shift) - 1);
	return addr < start && refuse_growth(w, BPF_CORE_READ(vma, vm_end) - addr, start - addr);
}

ON_RETURN_ARGS(FC_HOOK_STACK, expand_downwards, int, ret == -ENOMEM, refuse_stack)

/*
 * The tracepoint backend sees the signal. Where the stack begins follows from what the kernel puts
 * there at an exec: 8 bytes, the name of the program, then the environment, whose end mm tells;
 * how large it is, from the number of pages in stacks.
 */
static __noinline int stack_signal(__u64 addr)
{
	struct refusal w = {.hook = FC_HOOK_STACK, .backend = FC_BACKEND_TRACEPOINT, .err = ENOMEM};
	__u64 page = 1ULL << page_shift, end, held;
	struct mm_struct *mm = current_mm();
	struct task_regs regs;

	if (!mm || !near_sp(mm, addr))
		return 0;
	end = (BPF_CORE_READ(mm, env_end) + 9 + page - 1) & ~(page - 1);
	held = BPF_CORE_READ(mm, stack_vm) << page_shift;
	addr &= ~(page - 1);
	if (addr >= end - held)
		return 0;
	current_regs(&regs);
	if (refuse_growth(&w, end - addr, end - held - addr))
		tell(&w, &regs);
	return 0;
}

/* A SIGSEGV of the current task; from: its siginfo_t. */
static __always_inline int stack_sigsegv(__u64 from)
{
	/* siginfo_t of 64-bit kernels: signo, errno, code at 0, 4, 8; the address at 16 */
	struct {
		int signo, err, code, pad;
		__u64 addr;
	} info = {};

	bpf_probe_read_kernel(&info, sizeof(info), (void *)from);
	return info.code == SEGV_MAPERR ? stack_signal(info.addr) : 0;
}

static __noinline int args_refused(struct linux_binprm *bprm, __u8 backend)
{
	struct refusal w = {.hook = FC_HOOK_ARGS, .backend = backend, .err = E2BIG};
	__u64 p = BPF_CORE_READ(bprm, p), min = BPF_CORE_READ(bprm, argmin), pointers;
	__u64 soft = BPF_CORE_READ(bprm, rlim_stack.rlim_cur);
	struct refused_call c = {};

	if (hook_silent(FC_HOOK_ARGS, backend == FC_BACKEND_FEXIT))
		return 0;
	w.limit = soft / 4 < STK_LIM / 4 * 3 ? soft / 4 : STK_LIM / 4 * 3;
	if (w.limit < ARG_MAX)
		w.limit = ARG_MAX;
	pointers = 8 * ((__u64)BPF_CORE_READ(bprm, argc) + BPF_CORE_READ(bprm, envc));
	if (min && p < min)
		w.asked = w.limit + (min - p); /* until then: the rest was not looked at */
	else if (!min && pointers >= w.limit)
		w.asked = pointers;
	else
		return 0;
	current_regs(&c.regs);
	w.resource = FC_STACK;
	w.variant = FC_VARIANT_STACK_ARGS;
	w.more[0] = soft;
	w.has = FC_HAS_LIMIT | FC_HAS_ASKED | FC_HAS_CERTAIN | FC_HAS_MORE;
	tell(&w, &c.regs);
	return 0;
}

/* The new program has taken over its memory when the exec succeeded. */
#define ARGS_PROGRAM(section, name, bprm_, backend)          \
	SEC(section)                                         \
	int name(void *ctx)                                  \
	{                                                    \
		struct linux_binprm *bprm = (void *)(bprm_); \
		if (BPF_CORE_READ(bprm, mm))                 \
			args_refused(bprm, backend);         \
		return 0;                                    \
	}
ARGS_PROGRAM("fentry/free_bprm", fentry_free_bprm, *(__u64 *)ctx, FC_BACKEND_FEXIT)
ARGS_PROGRAM("kprobe/free_bprm", kprobe_free_bprm, PT_REGS_PARM1((struct pt_regs *)ctx),
	     FC_BACKEND_KPROBE)

#endif
