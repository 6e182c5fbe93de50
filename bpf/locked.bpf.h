/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * locked.bpf.h - memory that may not be swapped out: RLIMIT_MEMLOCK. Huge pages: hugetlb.bpf.h.
 *
 * Who has CAP_IPC_LOCK is never refused. What is locked is counted in three places: in the address
 * space (mm->locked_vm: mlock, mmap, mremap, vfio), for the user in a user namespace (SHM_LOCK and
 * huge pages of shmget: they outlive the process) and for the user (io_uring: user->locked_vm).
 *
 * mlock_future_ok(), which refuses mmap and mremap, is inlined into some of its callers only: so
 * the outer functions are looked at, and the kernel's own sum is made once more. ENOMEM of mlock()
 * has another meaning too, that a part of the range is not mapped: what fits is not reported.
 */
#ifndef FAILCNT_LOCKED_BPF_H
#define FAILCNT_LOCKED_BPF_H

#include "hugetlb.bpf.h"
#include "memory.bpf.h"
#include "rlimit.bpf.h"

#define PAGES(bytes) (((bytes) + (1ULL << page_shift) - 1) >> page_shift)
#define MAP_LOCKED 0x2000
#define VM_LOCKED 0x2000
#define MCL_CURRENT 1
#define SHM_LOCK 11
#define I386_OLD_MMAP 90 /* its arguments are in memory */

/* The limit in bytes; false: it is none for this task. `held` and `asked` come in pages. */
static __always_inline bool memlock_over(struct refusal *w, __u64 held, __u64 asked)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (is_capable(task, CAP_IPC_LOCK))
		return false;
	w->resource = FC_MEMLOCK;
	fill_rlimit(w, task, RLIMIT_MEMLOCK);
	w->held = held << page_shift;
	w->asked = asked << page_shift;
	w->has |= FC_HAS_HELD | FC_HAS_ASKED;
	return w->limit < NO_LIMIT && held + asked > w->limit >> page_shift;
}

/* Of the address space of the process. */
static __always_inline bool mm_over(struct refusal *w, __u64 asked)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return memlock_over(w, BPF_CORE_READ(task, mm, locked_vm), asked);
}

/* can_do_mlock(): EPERM where the limit is 0. */
static __always_inline bool may_not_lock(struct refusal *w, __u64 asked)
{
	mm_over(w, asked);
	w->has |= FC_HAS_CERTAIN;
	return w->resource == FC_MEMLOCK && w->limit == 0;
}

/* do_mlock(): what of the range is locked already is not counted again, which only matters, and
 * cannot be seen, where neither is too much alone. */
static __always_inline bool refuse_mlock(struct refusal *w, const struct refused_call *c)
{
	__u64 start = c->regs.arg[0], len = c->regs.arg[1];
	__u64 asked = PAGES(len + (start & ((1ULL << page_shift) - 1)));

	if (c->regs.call != FC_CALL_MLOCK)
		return false;
	if (c->ret == -EPERM)
		return may_not_lock(w, asked);
	if (!mm_over(w, asked))
		return false;
	if (!w->held || w->asked > w->limit)
		w->has |= FC_HAS_CERTAIN;
	return true;
}

/* mlockall(): all that is mapped is compared with the limit. */
static __always_inline bool refuse_mlockall(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 locked = BPF_CORE_READ(task, mm, locked_vm);
	__u64 total = BPF_CORE_READ(task, mm, total_vm);
	__u64 rest = total > locked ? total - locked : 0;

	if (c->ret == -EPERM)
		return may_not_lock(w, rest);
	w->has |= FC_HAS_CERTAIN;
	return c->regs.arg[0] & MCL_CURRENT && mm_over(w, rest);
}

/* do_mmap(): MAP_LOCKED, or mlockall(MCL_FUTURE) before. */
static __always_inline bool refuse_mmap_locked(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	bool asks = c->regs.arg[3] & MAP_LOCKED;

	if (c->regs.call != FC_CALL_MMAP || (c->regs.compat && c->regs.nr == I386_OLD_MMAP))
		return false;
	if (!asks && !(BPF_CORE_READ(task, mm, def_flags) & VM_LOCKED))
		return false;
	if (c->ret == -EPERM)
		return asks && may_not_lock(w, PAGES(c->regs.arg[1]));
	w->has |= FC_HAS_CERTAIN;
	return c->ret == -EAGAIN && mm_over(w, PAGES(c->regs.arg[1]));
}

static __always_inline bool refuse_mremap_locked(struct refusal *w, const struct refused_call *c)
{
	__u64 before = PAGES(c->regs.arg[1]), after = PAGES(c->regs.arg[2]);

	w->has |= FC_HAS_CERTAIN;
	return c->ret == -EAGAIN && after > before && mm_over(w, after - before);
}

/* Of the user: before 5.14 in struct user_struct. Pages. */
static __always_inline __u64 user_locked_shm(struct refusal *w)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct user_struct *user = BPF_CORE_READ(task, cred, user);
	struct ucounts *u;

	if (bpf_core_field_exists(user->locked_shm)) {
		w->limit_uid = BPF_CORE_READ(user, uid.val);
		w->has |= FC_HAS_UID;
		return BPF_CORE_READ(user, locked_shm);
	}
	u = BPF_CORE_READ(task, cred, ucounts);
	fill_user(w, u);
	return RLIMIT_COUNT(u, UCOUNT_RLIMIT_MEMLOCK);
}

/* user_shm_lock(size): shmctl says ENOMEM; hugetlb_file_setup() makes EPERM of it. */
static __always_inline bool refuse_shm_lock(struct refusal *w, const struct refused_call *c)
{
	w->err = c->regs.call == FC_CALL_SHMCTL ? ENOMEM : EPERM;
	if (!c->has_args || !memlock_over(w, user_locked_shm(w), PAGES(c->arg[0])))
		return false;
	w->has |= FC_HAS_CERTAIN;
	return true;
}

/* At the end of shmctl(SHM_LOCK) ENOMEM means nothing else, but how much it was is not known. */
static __always_inline bool exit_shm_lock(struct refusal *w, const struct refused_call *c)
{
	if (c->regs.arg[1] != SHM_LOCK || c->ret != -ENOMEM)
		return false;
	memlock_over(w, user_locked_shm(w), 0);
	/* How much it was about nothing tells here: only a limit that is reached is sure. */
	w->has &= ~(FC_HAS_ASKED | FC_HAS_CERTAIN);
	if (w->held >= w->limit)
		w->has |= FC_HAS_CERTAIN;
	return w->resource == FC_MEMLOCK;
}

/*
 * __io_account_mem(user, pages): registered buffers. From 6.18 on it may be inlined into
 * io_account_mem(ctx, pages), later (user, mm, pages), which then tells: where the kernel has that,
 * the inner one does not. The ring has no user where it may lock as much as it likes.
 */
static __always_inline bool refuse_io_mem(struct refusal *w, const struct refused_call *c)
{
	struct io_ring_ctx *ctx = (void *)c->arg[0];
	struct user_struct *user = (void *)c->arg[0];
	__u64 asked = c->arg[1];

	if (!c->has_args)
		return false;
	if (w->hook == FC_HOOK_IO_ACCOUNT_MEM) {
		if (hook_nargs[FC_HOOK_IO_ACCOUNT])
			return false;
	} else if (hook_nargs[FC_HOOK_IO_ACCOUNT] == 2) {
		user = BPF_CORE_READ(ctx, user);
	} else {
		asked = c->arg[2];
	}
	if (!memlock_over(w, BPF_CORE_READ(user, locked_vm.counter), asked))
		return false;
	w->limit_uid = BPF_CORE_READ(user, uid.val);
	w->has |= FC_HAS_UID | FC_HAS_CERTAIN;
	return true;
}

/* __account_locked_vm(mm, pages, inc): what vfio pins for a device. */
static __always_inline bool refuse_account(struct refusal *w, const struct refused_call *c)
{
	struct mm_struct *mm = (void *)c->arg[0];

	if (!c->has_args || !memlock_over(w, BPF_CORE_READ(mm, locked_vm), c->arg[1]))
		return false;
	w->has |= FC_HAS_CERTAIN;
	return true;
}

ON_RETURN(FC_HOOK_DO_MLOCK, do_mlock, int, ret == -ENOMEM || ret == -EPERM, refuse_mlock)
ON_RETURN(FC_HOOK_MLOCKALL, SYSCALL_FN(mlockall), int, ret == -ENOMEM || ret == -EPERM,
	  refuse_mlockall)
/* One program for each function: what memory.bpf.h knows of it, and what is locked. */
static __always_inline bool refuse_any_mmap(struct refusal *w, const struct refused_call *c)
{
	return c->ret == -ENOMEM ? refuse_mmap(w, c) : refuse_mmap_locked(w, c);
}

static __always_inline bool refuse_any_mremap(struct refusal *w, const struct refused_call *c)
{
	return c->ret == -ENOMEM ? refuse_mremap(w, c) : refuse_mremap_locked(w, c);
}

ON_RETURN_SURE(FC_HOOK_MMAP, vm_mmap_pgoff, long, ret == -ENOMEM || ret == -EAGAIN || ret == -EPERM,
	       sure_mmap(ret), refuse_any_mmap)
ON_RETURN(FC_HOOK_MREMAP, SYSCALL_FN(mremap), long, ret == -ENOMEM || ret == -EAGAIN,
	  refuse_any_mremap)
#if !defined(__TARGET_ARCH_arm64)
ON_RETURN(FC_HOOK_MREMAP_IA32, __ia32_sys_mremap, long, ret == -ENOMEM || ret == -EAGAIN,
	  refuse_any_mremap)
#endif
ON_RETURN_ARGS(FC_HOOK_USER_SHM_LOCK, user_shm_lock, int, ret == 0, refuse_shm_lock)
ON_RETURN_ARGS(FC_HOOK_IO_ACCOUNT_MEM, __io_account_mem, int, ret == -ENOMEM, refuse_io_mem)
ON_RETURN_ARGS(FC_HOOK_IO_ACCOUNT, io_account_mem, int, ret == -ENOMEM, refuse_io_mem)
ON_RETURN_ARGS(FC_HOOK_ACCOUNT_LOCKED_VM, __account_locked_vm, int, ret == -ENOMEM, refuse_account)

/* Which hook this system call would have come through; FC_HOOKS: it locks nothing. */
static __always_inline __u8 locked_hook(const struct refused_call *c)
{
	switch (c->regs.call) {
	case FC_CALL_MLOCK:
		return FC_HOOK_DO_MLOCK;
	case FC_CALL_MLOCKALL:
		return FC_HOOK_MLOCKALL;
	case FC_CALL_MMAP:
		return c->ret == -ENOMEM ? FC_HOOK_HUGETLB_RESERVE : FC_HOOK_MMAP;
	case FC_CALL_MREMAP:
		return c->regs.compat ? FC_HOOK_MREMAP_IA32 : FC_HOOK_MREMAP;
	case FC_CALL_SHMCTL:
		return FC_HOOK_USER_SHM_LOCK;
	case FC_CALL_SHMGET:
		return FC_HOOK_HUGETLB_RESERVE;
	}
	return FC_HOOKS;
}

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_locked(struct refusal *w, const struct refused_call *c)
{
	__u8 hook = locked_hook(c);

	if (hook >= FC_HOOKS || !exit_serves[hook])
		return false;
	w->hook = hook;
	switch (hook) {
	case FC_HOOK_DO_MLOCK:
		return refuse_mlock(w, c);
	case FC_HOOK_MLOCKALL:
		return refuse_mlockall(w, c);
	case FC_HOOK_MMAP:
		return refuse_mmap_locked(w, c);
	case FC_HOOK_MREMAP:
	case FC_HOOK_MREMAP_IA32:
		return refuse_mremap_locked(w, c);
	case FC_HOOK_USER_SHM_LOCK:
		return exit_shm_lock(w, c);
	}
	return exit_hugetlb(w, c);
}

#endif
