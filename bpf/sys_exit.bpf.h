/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys_exit.bpf.h - the tracepoint backend: one program at the end of every
 * system call, which returns at once for anything that is not one of our
 * errnos. It sees what the program saw, so it misses what no return value
 * tells (SCM_RIGHTS, io_uring), and names a limit only by the numbers.
 */
#ifndef FAILCNT_SYS_EXIT_BPF_H
#define FAILCNT_SYS_EXIT_BPF_H

#include "files.bpf.h"
#include "ipc.bpf.h"

/* Hooks that this backend serves: all, or those that found no better one. */
const volatile bool exit_serves[FC_HOOKS + 1];

/* System calls where EMFILE means another limit too: only the numbers tell. */
const volatile __s32 nr_inotify_init = -1, nr_inotify_init1 = -1, nr_fanotify_init = -1,
		     nr_mq_open = -1;

/* A table this far from full was not what refused, even if another thread closed some since. */
#define SLACK 64

/*
 * Other limits hide behind EMFILE too: those of message queues, inotify and fanotify, and of some
 * drivers. Only fcntl(F_DUPFD) is refused for descriptors while there is room.
 */
static __always_inline bool emfile_is_other(__s64 nr)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct files_struct *files = BPF_CORE_READ(task, files);
	__u64 cur = BPF_CORE_READ(task, signal, rlim[RLIMIT_NOFILE].rlim_cur);
	__u64 most = current_nr_open(), n;

	if (most && most < cur)
		cur = most;
	if (nr == nr_fcntl || BPF_CORE_READ(files, next_fd) >= cur)
		return false;
	if (nr == nr_inotify_init || nr == nr_inotify_init1 || nr == nr_fanotify_init ||
	    nr == nr_mq_open)
		return true;
	return open_descriptors(files, &n) && n + SLACK < cur;
}

/* The hard limit of pipe buffers, for one, says ENFILE as well. */
static __always_inline bool enfile_is_other(void)
{
	__u64 max = current_file_max();

	return &nr_files && max && open_files() + SLACK < max;
}

static __always_inline __s64 current_nr(void)
{
	struct pt_regs *regs = task_pt_regs((void *)bpf_get_current_task());

#if defined(__TARGET_ARCH_arm64)
	return BPF_CORE_READ(regs, syscallno);
#else
	return (__s64)BPF_CORE_READ(regs, orig_ax);
#endif
}

/* Nobody's: ENOTTY of every isatty(), and EINVAL of every readlink() of what is no link. */
static __always_inline bool not_ours(long ret)
{
	__s64 nr;

	if (ret == -EMFILE || ret == -ENFILE)
		return false;
	if (ret != -ENOSPC && ret != -EINVAL)
		return true;
	nr = current_nr();
	return nr != nr_semget && nr != nr_semget_compat && nr != nr_ipc_compat;
}

/* Which hook this system call would have come through; FC_HOOKS: it is no semget(). */
static __always_inline __u8 semget_hook(struct task_regs *regs)
{
	if (!regs->compat)
		return regs->nr == nr_semget ? FC_HOOK_SEMGET : FC_HOOKS;
	if (regs->nr == nr_semget_compat)
		return FC_HOOK_SEMGET_IA32;
	/* The upper half is a version. */
	if (regs->nr == nr_ipc_compat && (regs->arg[0] & 0xffff) == IPC_SEMGET)
		return FC_HOOK_SEMGET_COMPAT;
	return FC_HOOKS;
}

/* Not inline: hook.bpf.h tells why. */
static __noinline int sys_exit_refused(long ret, bool first)
{
	struct task_regs regs;
	__u8 hook;

	if (not_ours(ret))
		return 0;
	current_regs(&regs);
	if (ret == -EMFILE) {
		if (exit_serves[FC_HOOK_ALLOC_FD] && !emfile_is_other(regs.nr) &&
		    !hook_silent(FC_HOOK_ALLOC_FD, first))
			refuse_descriptor(ret, FC_HOOK_ALLOC_FD, FC_BACKEND_TRACEPOINT);
		return 0;
	}
	if (ret == -ENFILE) {
		if (exit_serves[FC_HOOK_ALLOC_EMPTY_FILE] && !enfile_is_other() &&
		    !hook_silent(FC_HOOK_ALLOC_EMPTY_FILE, first))
			refuse_file(ret, FC_HOOK_ALLOC_EMPTY_FILE, FC_BACKEND_TRACEPOINT);
		return 0;
	}
	hook = semget_hook(&regs);
	if (hook == FC_HOOKS)
		return 0;
	if (ret == -ENOSPC && exit_serves[FC_HOOK_NEWARY] && !hook_silent(FC_HOOK_NEWARY, first))
		refuse_set(ret, FC_HOOK_NEWARY, FC_BACKEND_TRACEPOINT);
	if (ret == -EINVAL && exit_serves[hook] && !hook_silent(hook, first))
		refuse_set_size(ret, hook, FC_BACKEND_TRACEPOINT);
	return 0;
}

/* -28 ENOSPC ... -22 EINVAL: one comparison sends everything else away. */
#define MAYBE_OURS(ret) ((unsigned long)(ret) + ENOSPC <= ENOSPC - EINVAL)

SEC("raw_tp/sys_exit")
int rawtp_sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	long ret = ctx->args[1];

	if (MAYBE_OURS(ret))
		sys_exit_refused(ret, true);
	return 0;
}

/* The same for preemptible kernels, where raw_tp programs are skipped. Costs more. */
SEC("tracepoint/raw_syscalls/sys_exit")
int tp_sys_exit(struct trace_event_raw_sys_exit *ctx)
{
	long ret = ctx->ret;

	if (MAYBE_OURS(ret))
		sys_exit_refused(ret, false);
	return 0;
}

#endif
