/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * brk.bpf.h - a heap that may not grow: brk(2) knows no errno, it returns the old end.
 *
 * Reasons, in the order of brk() of mm/mmap.c: RLIMIT_DATA over data and heap; memory that must be
 * locked (RLIMIT_MEMLOCK, after mlockall(MCL_FUTURE)); address space and data; number of maps;
 * commit; the memory of a cgroup, for the map itself. Without any of them something lies in the
 * way, which is no limit.
 */
#ifndef FAILCNT_BRK_BPF_H
#define FAILCNT_BRK_BPF_H

#include "locked.bpf.h"

/* do_brk_flags() asks mlock_future_ok() first, where mlockall(MCL_FUTURE) locks the heap too. */
static __always_inline bool refuse_brk_locked(struct refusal *w, __u64 pages)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!(BPF_CORE_READ(task, mm, def_flags) & VM_LOCKED) || !mm_over(w, pages))
		return false;
	w->has |= FC_HAS_CERTAIN;
	return true;
}

/* c->ret is where the heap ends, for brk() knows no errno. */
static __always_inline bool refuse_brk(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_DATA].rlim_cur);
	struct mm_struct *mm = current_mm();
	__u64 now = BPF_CORE_READ(mm, brk), asked = c->regs.arg[0], data, pages;

	if (!mm || c->regs.call != FC_CALL_BRK || asked <= now ||
	    asked > BPF_CORE_READ(mm, task_size))
		return false;
	w->err = ENOMEM; /* as the C library says */
	/* hook.bpf.h asks it of calls that say ENOMEM themselves. */
	if (refused_by_memcg(w, &c->regs, !c->by_exit || !hook_handover[FC_HOOK_BRK]))
		return true;
	/* check_data_rlimit() of include/linux/mm.h, with which brk begins */
	data = now - BPF_CORE_READ(mm, start_brk) + BPF_CORE_READ(mm, end_data) -
	       BPF_CORE_READ(mm, start_data);
	if (limit != RLIM_INFINITY && data + (asked - now) > limit) {
		w->resource = FC_DATA;
		w->held = data;
		w->asked = asked - now;
		w->limit = limit;
		w->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_DATA].rlim_max);
		w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_ASKED | FC_HAS_CERTAIN;
		return true;
	}
	pages = to_pages(asked) - to_pages(now);
	if (refuse_brk_locked(w, pages))
		return true;
	return refuse_space(w, pages) || refuse_data(w, pages) || refuse_maps(w, MAPS_NEW) ||
	       refuse_commit(w, pages);
}

/* The two that refuse_brk() finds most, with loads alone. */
static __always_inline __u64 sure_brk(void)
{
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct typed_call c;
	__u64 now, asked, data, pages, limit;

	if (!typed_call(&c) || c.call != FC_CALL_BRK)
		return 0;
	mm = c.task->mm;
	signal = c.task->signal;
	if (!mm || !signal)
		return 0;
	now = mm->brk;
	asked = TASK_ARG0(c.regs);
	if (asked <= now || asked > mm->task_size || mm->def_flags & VM_LOCKED)
		return 0;
	limit = signal->rlim[RLIMIT_DATA].rlim_cur;
	data = now - mm->start_brk + mm->end_data - mm->start_data;
	if (limit != RLIM_INFINITY && data + (asked - now) > limit)
		return REPEAT_AT(FC_REPEAT_HEAP_DATA, 1);
	pages = to_pages(asked) - to_pages(now);
	limit = signal->rlim[RLIMIT_AS].rlim_cur;
	if (pages && limit != RLIM_INFINITY && mm->total_vm + pages > limit >> page_shift)
		return REPEAT_AT(FC_REPEAT_HEAP_AS, 1);
	return 0;
}

/* brk() tells by its value alone, against what was asked for: fexit has that at hand. */
#define BRK_PROGRAMS(hook, fn, reg)                                                       \
	REFUSED_FUNCTION_SURE(hook, fn, false, sure_brk(), refuse_brk, tell(&w, &c.regs)) \
	SEC("fexit/" #fn)                                                                 \
	int fexit_##fn(unsigned long long *ctx)                                           \
	{                                                                                 \
		struct pt_regs *regs = (struct pt_regs *)ctx[0];                          \
		if (ctx[1] < regs->reg)                                                   \
			refused_##fn(ctx[1], FC_BACKEND_FEXIT, 0, 0, 0);                  \
		return 0;                                                                 \
	}                                                                                 \
	SEC("kretprobe/" #fn)                                                             \
	int kretprobe_##fn(struct pt_regs *ctx)                                           \
	{                                                                                 \
		__u64 ret = PT_REGS_RC(ctx), asked;                                       \
		TASK_REG(asked, reg);                                                     \
		if (ret < asked)                                                          \
			refused_##fn(ret, FC_BACKEND_KPROBE, 0, 0, 0);                    \
		return 0;                                                                 \
	}
#define BRK_(hook, fn, reg) BRK_PROGRAMS(hook, fn, reg) /* fn may be a macro */
#if defined(__TARGET_ARCH_arm64)
BRK_(FC_HOOK_BRK, SYSCALL_FN(brk), regs[0])
#else
BRK_(FC_HOOK_BRK, SYSCALL_FN(brk), di)
BRK_(FC_HOOK_BRK_IA32, __ia32_sys_brk, bx)
#endif

/* At sys_exit: sys_exit.bpf.h says when. Inline, for calls may be 8 deep. */
static __always_inline bool exit_brk(struct refusal *w, const struct refused_call *c)
{
	if (c->regs.call != FC_CALL_BRK)
		return false;
	w->hook = c->regs.compat ? FC_HOOK_BRK_IA32 : FC_HOOK_BRK;
	return exit_serves[w->hook] && refuse_brk(w, c);
}

#endif
