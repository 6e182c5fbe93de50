/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.bpf.h - why mmap, mremap, mprotect, munmap, shmat, fork and shmget said ENOMEM: address
 * space, data, number of maps, commit. Heap: brk.bpf.h. Stack and arguments: stack.bpf.h.
 *
 * The tests are made deep inside (may_expand_vm, map_count, __vm_enough_memory), on the way of
 * every mapping. But they leave no trace when they refuse, so that the same numbers decide at the
 * return of the whole call, where a success costs one comparison. They are asked in the kernel's
 * order. ENOMEM that no number explains is somebody else's: a range that is not mapped, an
 * address that does not exist, no room between two mappings.
 */
#ifndef FAILCNT_MEMORY_BPF_H
#define FAILCNT_MEMORY_BPF_H

#include "commit.bpf.h"
#include "hook.bpf.h"

#define RLIMIT_DATA 2
#define RLIMIT_AS 9
#define RLIM_INFINITY (~0ULL)

/* include/uapi/linux/mman.h and asm-generic/mman-common.h */
#define PROT_WRITE 0x2
#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_TYPE 0x0f
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_GROWSDOWN 0x0100
#define MAP_NORESERVE 0x4000
#define MAP_HUGETLB 0x40000
#define MAP_FIXED_NOREPLACE 0x100000
#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED 2
#define MREMAP_DONTUNMAP 4
#define CLONE_VM 0x100

#define I386_OLD_MMAP 90 /* its arguments are in memory */
#define IPC_SHMAT 21     /* include/uapi/linux/ipc.h */
#define IPC_SHMGET 23

/* How near to vm.max_map_count it refuses: `count > max` of do_mmap and do_brk_flags, `>=` of all
 * that splits, and what move_vma and mremap_to keep back. */
enum { MAPS_NEW = 1, MAPS_SPLIT = 0, MAPS_MOVE = -3, MAPS_MOVE_TO = -5 };

static __always_inline struct mm_struct *current_mm(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, mm);
}

static __always_inline __u64 to_pages(__u64 bytes)
{
	return (bytes + (1ULL << page_shift) - 1) >> page_shift;
}

/*
 * Is a limit in bytes on pages exceeded: held + asked > limit, as may_expand_vm() of mm/mmap.c
 * counts? What is held, and 1; 0: no. This and maps_full() are not static and take numbers only, so
 * that the verifier walks them once: emit.bpf.h.
 */
__noinline __u64 over_rlimit(__u32 which, __u64 pages)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct rlimit r;
	__u64 held;

	if (!mm || !pages)
		return 0;
	if (which == RLIMIT_DATA && KERNEL_VALUE(bool, ignore_rlimit_data, hint_memory.ignore_data))
		return 0;
	held = which == RLIMIT_DATA ? BPF_CORE_READ(mm, data_vm) : BPF_CORE_READ(mm, total_vm);
	bpf_probe_read_kernel(&r, sizeof(r),
			      (void *)__builtin_preserve_access_index(&signal->rlim) +
				      which * sizeof(r));
	if (r.rlim_cur == RLIM_INFINITY || held + pages <= r.rlim_cur >> page_shift)
		return 0;
	/* "Workaround for Valgrind" */
	if (which == RLIMIT_DATA && r.rlim_cur == 0 && held + pages <= r.rlim_max >> page_shift)
		return 0;
	return held + 1;
}

static __always_inline bool refuse_rlimit(struct refusal *w, __u32 which, __u64 pages)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 over = w ? over_rlimit(which, pages) : 0;
	struct signal_struct *signal;
	struct rlimit r;

	if (!over)
		return false;
	signal = BPF_CORE_READ(task, signal);
	bpf_core_read(&r, sizeof(r), &signal->rlim[which]);
	w->held = (over - 1) << page_shift;
	w->asked = pages << page_shift;
	w->limit = r.rlim_cur;
	w->hard = r.rlim_max;
	w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_ASKED | FC_HAS_CERTAIN;
	w->resource = which == RLIMIT_DATA ? FC_DATA : FC_AS;
	return true;
}

static __noinline bool refuse_space(struct refusal *w, __u64 pages)
{
	return refuse_rlimit(w, RLIMIT_AS, pages);
}

static __noinline bool refuse_data(struct refusal *w, __u64 pages)
{
	return refuse_rlimit(w, RLIMIT_DATA, pages);
}

/* How many there are, and 1, where those are too many; 0: they are not. */
__noinline __u64 maps_full(int from)
{
	__s64 max = KERNEL_VALUE(__u32, sysctl_max_map_count, hint_memory.max_map_count);
	struct mm_struct *mm = current_mm();
	__s64 count = BPF_CORE_READ(mm, map_count);

	return !max || count < max + from ? 0 : count + 1;
}

static __noinline bool refuse_maps(struct refusal *w, int from)
{
	__u64 full = w ? maps_full(from) : 0;

	if (!full)
		return false;
	w->resource = FC_MAP_COUNT;
	w->held = full - 1;
	w->limit = KERNEL_VALUE(__u32, sysctl_max_map_count, hint_memory.max_map_count);
	w->asked = 1;
	w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_ASKED | FC_HAS_CERTAIN;
	return true;
}

/* True, but only the likeliest explanation. */
static __always_inline bool perhaps(struct refusal *w)
{
	w->has &= ~FC_HAS_CERTAIN;
	return true;
}

/* is_data_mapping() of mm/internal.h */
static __always_inline bool is_data(__u32 prot, __u32 flags)
{
	return prot & PROT_WRITE && (flags & (MAP_TYPE | MAP_GROWSDOWN)) == MAP_PRIVATE;
}

/* accountable_mapping() of mm/mmap.c, and shmem_acct_size() for shared memory without a file */
static __always_inline bool is_promised(__u32 prot, __u32 flags)
{
	if (flags & MAP_HUGETLB || (flags & MAP_NORESERVE && overcommit_mode() != OVERCOMMIT_NEVER))
		return false;
	if ((flags & MAP_TYPE) == MAP_PRIVATE)
		return prot & PROT_WRITE;
	return flags & MAP_ANONYMOUS && (flags & MAP_TYPE) == MAP_SHARED;
}

static __always_inline bool refuse_mmap(struct refusal *w, const struct refused_call *c)
{
	__u64 addr = c->regs.arg[0], len = c->regs.arg[1], pages = to_pages(len);
	__u32 prot = c->regs.arg[2], flags = c->regs.arg[3];
	struct mm_struct *mm = current_mm();
	__u64 size = BPF_CORE_READ(mm, task_size);
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (c->regs.call != FC_CALL_MMAP || (c->regs.compat && c->regs.nr == I386_OLD_MMAP))
		return refuse_maps(w,
				   MAPS_NEW); /* of an exec, or with arguments that nobody knows */
	/* There is no such address: whatever the limits are, this one was not for them. */
	if (!len || len > size || (fixed && addr > size - len))
		return false;
	if (refuse_maps(w, MAPS_NEW))
		return true;
	/* What is there already at a fixed address need not be added: how much, nobody knows. */
	if (refuse_space(w, pages) || (is_data(prot, flags) && refuse_data(w, pages)))
		return !fixed || perhaps(w);
	if (is_promised(prot, flags) && refuse_commit(w, pages))
		return true;
	return fixed && refuse_maps(w, MAPS_SPLIT) && perhaps(w);
}

/*
 * What refuse_mmap() finds most, with loads alone. Before the first two it asks for the number of
 * maps, whose limit is elsewhere: as many as there were is as few as it was then. And where they
 * were too many, so are as many again: do_mmap() asks for that before anything but the length.
 */
static __always_inline __u64 sure_mmap(long ret)
{
	struct mm_struct *mm;
	struct signal_struct *signal;
	struct typed_call c;
	__u64 len, pages, limit;
	__u32 flags, place;

	if (ret != -ENOMEM || !typed_call(&c) || c.call != FC_CALL_MMAP)
		return 0;
	mm = c.task->mm;
	signal = c.task->signal;
	len = TASK_ARG1(c.regs);
	flags = TASK_ARG3(c.regs);
	if (!mm || !signal || !len || flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ||
	    len > mm->task_size)
		return 0;
	pages = to_pages(len);
	place = mm->map_count | 1U << 31;
	limit = signal->rlim[RLIMIT_AS].rlim_cur;
	if (limit != RLIM_INFINITY && mm->total_vm + pages > limit >> page_shift)
		return REPEAT_AT(FC_REPEAT_AS, place);
	limit = signal->rlim[RLIMIT_DATA].rlim_cur;
	if (limit != RLIM_INFINITY && limit && is_data(TASK_ARG2(c.regs), flags) &&
	    mm->data_vm + pages > limit >> page_shift)
		return REPEAT_AT(FC_REPEAT_DATA, place);
	return REPEAT_AT(FC_REPEAT_MAPS, place);
}

static __always_inline bool refuse_mremap(struct refusal *w, const struct refused_call *c)
{
	__u64 old = to_pages(c->regs.arg[1]), new = to_pages(c->regs.arg[2]), pages;
	__u32 flags = c->regs.arg[3];
	struct mm_struct *mm = current_mm();
	bool moves = flags & MREMAP_MAYMOVE;

	if (c->regs.arg[2] > BPF_CORE_READ(mm, task_size))
		return false;
	pages = flags & MREMAP_DONTUNMAP ? old : new > old ? new - old : 0;
	if (flags & MREMAP_FIXED && refuse_maps(w, MAPS_MOVE_TO))
		return true;
	if (refuse_space(w, pages))
		return true;
	/* Without leave to move, what lies behind is a reason too; and not every mapping is data,
	 * or promised. */
	if (refuse_data(w, pages))
		return moves || perhaps(w);
	if (moves && refuse_maps(w, MAPS_MOVE))
		return true;
	return moves && refuse_commit(w, pages);
}

/* Seen in mprotect_fixup() it was no hole in the range, for which mprotect says ENOMEM too. */
static __always_inline bool refuse_mprotect(struct refusal *w, const struct refused_call *c)
{
	__u64 pages = to_pages(c->regs.arg[1]);
	bool writable = c->regs.call == FC_CALL_MPROTECT && c->regs.arg[2] & PROT_WRITE;

	if (refuse_maps(w, MAPS_SPLIT) || (writable && refuse_data(w, pages)) ||
	    (writable && refuse_commit(w, pages)))
		return !c->by_exit || perhaps(w);
	return false;
}

static __always_inline bool refuse_munmap(struct refusal *w, const struct refused_call *c)
{
	return refuse_maps(w, MAPS_SPLIT);
}

/* The size of the segment is not among the arguments. */
static __always_inline bool refuse_shmat(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = current_mm();

	if (refuse_maps(w, MAPS_NEW))
		return true;
	w->limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_AS].rlim_cur);
	w->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_AS].rlim_max);
	if (w->limit == RLIM_INFINITY)
		return false;
	w->resource = FC_AS;
	w->held = BPF_CORE_READ(mm, total_vm) << page_shift;
	w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_HARD;
	return true;
}

/*
 * dup_mmap() of kernel/fork.c promises the child all that the parent was promised: its data and
 * its stack, in mode 2. Threads share it. What clone3() was told is not among its arguments.
 * copy_process() tells (tasks.bpf.h).
 */
static __always_inline bool refuse_fork(struct refusal *w, const struct refused_call *c)
{
	struct mm_struct *mm = current_mm();

	if (overcommit_mode() != OVERCOMMIT_NEVER)
		return false;
	if (c->regs.call != FC_CALL_FORK &&
	    (c->regs.call != FC_CALL_CLONE || c->regs.arg[0] & CLONE_VM))
		return false;
	return refuse_commit(w, BPF_CORE_READ(mm, data_vm) + BPF_CORE_READ(mm, stack_vm));
}

/* Of copy_process(), as new_file_failed() of files.bpf.h: it returns a pointer. */
static __always_inline bool copy_failed(long *ret)
{
	long err = 0;

	if ((unsigned long)*ret < (unsigned long)-ENOMEM)
		return false;
	if (*ret == -EAGAIN)
		err = -EAGAIN;
	else if (*ret == -ENOMEM)
		err = -ENOMEM;
	barrier_var(err);
	*ret = err;
	return err;
}

static __always_inline bool refuse_shm_file(struct refusal *w, const struct refused_call *c)
{
	if (c->regs.call == FC_CALL_SHMGET)
		return refuse_commit(w, to_pages(c->regs.arg[1]));
	return c->regs.call == FC_CALL_IPC && (c->regs.arg[0] & 0xffff) == IPC_SHMGET &&
	       refuse_commit(w, to_pages(c->regs.arg[2]));
}

ON_RETURN(FC_HOOK_MUNMAP, __vm_munmap, int, ret == -ENOMEM, refuse_munmap)
ON_RETURN(FC_HOOK_MPROTECT, mprotect_fixup, int, ret == -ENOMEM, refuse_mprotect)
ON_RETURN(FC_HOOK_SHMAT, do_shmat, long, ret == -ENOMEM, refuse_shmat)
ON_RETURN(FC_HOOK_SHM_FILE, shmem_kernel_file_setup, long, ret == -ENOMEM, refuse_shm_file)

/* Here only a cgroup refuses: hook.bpf.h asks that first. */
static __always_inline bool refuse_nothing(struct refusal *w, const struct refused_call *c)
{
	return false;
}

ON_RETURN(FC_HOOK_CREATE_PIPE, create_pipe_files, int, may_be_memory(ret), refuse_nothing)
ON_RETURN(FC_HOOK_PIPE_FCNTL, pipe_fcntl, long, ret == -ENOMEM, refuse_nothing)
ON_RETURN(FC_HOOK_SOCK_CREATE, __sock_create, int, may_be_memory(ret), refuse_nothing)
ON_RETURN(FC_HOOK_BPF, SYSCALL_FN(bpf), int, ret == -ENOMEM, refuse_nothing)

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_memory(struct refusal *w, const struct refused_call *c)
{
	__u32 call = c->regs.call;

#define SERVED(h) (w->hook = (h), exit_serves[h])
	if (c->ret != -ENOMEM)
		return false;
	if (call == FC_CALL_MMAP)
		return SERVED(FC_HOOK_MMAP) && refuse_mmap(w, c);
	if (call == FC_CALL_MUNMAP)
		return SERVED(FC_HOOK_MUNMAP) && refuse_munmap(w, c);
	if (call == FC_CALL_MPROTECT)
		return SERVED(FC_HOOK_MPROTECT) && refuse_mprotect(w, c);
	if (call == FC_CALL_MREMAP)
		return SERVED(c->regs.compat ? FC_HOOK_MREMAP_IA32 : FC_HOOK_MREMAP) &&
		       refuse_mremap(w, c);
	if (call == FC_CALL_SHMAT ||
	    (call == FC_CALL_IPC && (c->regs.arg[0] & 0xffff) == IPC_SHMAT))
		return SERVED(FC_HOOK_SHMAT) && refuse_shmat(w, c);
	if (call == FC_CALL_FORK || call == FC_CALL_CLONE)
		return SERVED(FC_HOOK_COPY_PROCESS) && refuse_fork(w, c);
	return SERVED(FC_HOOK_SHM_FILE) && refuse_shm_file(w, c);
#undef SERVED
}

#endif
