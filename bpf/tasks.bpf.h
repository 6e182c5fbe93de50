/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tasks.bpf.h - why fork, clone and execve said EAGAIN; fork's ENOMEM: memory.bpf.h.
 *
 * copy_process() (kernel/fork.c) makes every task, and asks in this order: RLIMIT_NPROC of the
 * user, threads-max of the host, alloc_pid() for a number below pid_max at each level of pid
 * namespaces, and pids_can_fork() for each cgroup upwards. All four refuse with EAGAIN, and all
 * that was counted is undone when copy_process() returns.
 *
 * Only copy_process() tells, or the end of the system call, so that a fork is never told twice
 * whatever backend a hook has. alloc_pid() and pids_can_fork() only note for it that it was they,
 * and the numbers of that instant; without a note the numbers decide which limit is full. EAGAIN
 * has other reasons too (a SCHED_DEADLINE task may not fork: sched_fork()): where nothing is full
 * nothing is told. ENOMEM of alloc_pid() says that PID 1 of the namespace has exited: no limit.
 *
 * execve() is refused by RLIMIT_NPROC after setuid(), which itself does not fail any more: it sets
 * PF_NPROC_EXCEEDED, and execve() looks again (do_execveat_common() of fs/exec.c).
 */
#ifndef FAILCNT_TASKS_BPF_H
#define FAILCNT_TASKS_BPF_H

#include "memory.bpf.h"
#include "pids.bpf.h"

#define PF_NPROC_EXCEEDED 0x00001000
#define RESERVED_PIDS 300 /* kernel/pid.c: numbers below are given out only once */
#define PIDNS_ADDING (1U << 31)
#define PIDNS_LEVELS 8 /* deeper ones are not looked at: the kernel allows 32 */

/* What /proc/sys says, for kernels that hide the addresses of variables. */
__u64 hint_threads_max, hint_pid_max;

/* ---- nproc ---- */

/* copy_process(): neither root nor who may exceed it. */
static __always_inline bool nproc_exempt(struct task_struct *task)
{
	return !BPF_CORE_READ(task, real_cred, user, uid.val) ||
	       is_capable(task, CAP_SYS_RESOURCE) || is_capable(task, CAP_SYS_ADMIN);
}

/* Before 5.14 the user has one count, for all namespaces. */
static __always_inline bool user_full(struct task_note *n, struct user_struct *user, int more,
				      int exactly)
{
	if (!bpf_core_field_exists(user->processes))
		return false;
	n->held = BPF_CORE_READ(user, processes.counter);
	n->limit_uid = BPF_CORE_READ(user, uid.val);
	return is_full(n->held + more - 1, n->limit, exactly);
}

/* is_rlimit_overlimit() of kernel/ucount.c: the first level that is full. */
static __always_inline bool users_full(struct task_note *n, struct ucounts *u, int more,
				       int exactly)
{
	struct user_namespace *ns;
	int i;

	for (i = 0; i < USERNS_LEVELS; i++) {
		if (!u)
			return false;
		ns = BPF_CORE_READ(u, ns);
		n->held = RLIMIT_COUNT(u, UCOUNT_RLIMIT_NPROC);
		if (is_full(n->held + more - 1, n->limit, exactly))
			break;
		n->has &= ~FC_HAS_HARD; /* above, a hard limit says nothing */
		n->limit = RLIMIT_OF_USERNS(ns, UCOUNT_RLIMIT_NPROC);
		u = BPF_CORE_READ(ns, ucounts);
	}
	if (i == USERNS_LEVELS)
		return false;
	n->limit_uid = BPF_CORE_READ(u, uid.val);
	if (BPF_CORE_READ(ns, level)) {
		n->ns_kind = FC_NS_USER;
		n->ns = BPF_CORE_READ(ns, ns.inum);
	}
	return true;
}

/* `more` tasks are asked for. */
__noinline int note_nproc(int more, int exactly)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, real_cred);
	struct task_note n = {.resource = FC_NPROC,
			      .has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_UID};

	if (nproc_exempt(task))
		return 0;
	n.limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_NPROC].rlim_cur);
	n.hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_NPROC].rlim_max);
	if (bpf_core_field_exists(cred->ucounts)) {
		if (!users_full(&n, BPF_CORE_READ(cred, ucounts), more, exactly))
			return 0;
	} else if (!user_full(&n, BPF_CORE_READ(cred, user), more, exactly)) {
		return 0;
	}
	if (exactly)
		n.has |= FC_HAS_CERTAIN;
	return leave_note(&n);
}

/* ---- pid-max ---- */

/* 6.14 has pid_max in each pid namespace. */
static __always_inline __u64 pidns_max(struct pid_namespace *ns)
{
	int n = 0;

	if (bpf_core_field_exists(ns->pid_max))
		n = BPF_CORE_READ(ns, pid_max);
	else if (ADDR(pid_max))
		bpf_probe_read_kernel(&n, sizeof(n), ADDR(pid_max));
	return n > 0 ? n : hint_pid_max;
}

static __always_inline __u64 pidns_held(struct pid_namespace *ns)
{
	return BPF_CORE_READ(ns, pid_allocated) & ~PIDNS_ADDING;
}

/*
 * The level with the least room, for numbers are asked for at each. Numbers below 300 are mostly
 * unused: not seen in alloc_pid() itself, the least that "full" means is that all above are in use.
 */
__noinline int note_pid_max(int seen)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid_namespace *ns = BPF_CORE_READ(task, nsproxy, pid_ns_for_children), *least = ns;
	struct task_note n = {.resource = FC_PID_MAX, .has = FC_HAS_HELD | FC_HAS_LIMIT};
	__s64 room, min = NO_LIMIT;
	int i;

	for (i = 0; ns && i < PIDNS_LEVELS; i++) {
		room = (__s64)pidns_max(ns) - (__s64)pidns_held(ns);
		if (room <= min) {
			min = room;
			least = ns;
		}
		ns = BPF_CORE_READ(ns, parent);
	}
	n.held = pidns_held(least);
	n.limit = pidns_max(least);
	if (!n.limit)
		n.has = FC_HAS_HELD;
	if (bpf_core_field_exists(least->pid_max)) {
		n.ns_kind = FC_NS_PID;
		n.ns = BPF_CORE_READ(least, ns.inum);
	}
	if (seen)
		n.has |= FC_HAS_CERTAIN;
	else if (!n.limit || n.held + RESERVED_PIDS < n.limit)
		return 0;
	return leave_note(&n);
}

/* ---- threads-max ---- */

/* All tasks have a number in the first namespace: where nr_threads is hidden, as many as that. */
static __always_inline __u64 host_pids(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *first = __builtin_preserve_access_index(&pid->numbers[0]);
	struct pid_namespace *ns = BPF_CORE_READ(first, ns);

	return pidns_held(ns);
}

__noinline int note_threads_max(int exactly)
{
	struct task_note n = {.resource = FC_THREADS_MAX, .has = FC_HAS_LIMIT};
	int max = 0, count = 0;

	if (exactly && (!ADDR(nr_threads) || !ADDR(max_threads)))
		return 0; /* one of the numbers is not the kernel's own */
	if (ADDR(max_threads))
		bpf_probe_read_kernel(&max, sizeof(max), ADDR(max_threads));
	n.limit = max > 0 ? (__u64)max : hint_threads_max;
	if (ADDR(nr_threads)) {
		bpf_probe_read_kernel(&count, sizeof(count), ADDR(nr_threads));
		n.held = count;
		n.has |= FC_HAS_HELD;
	} else {
		n.held = host_pids();
	}
	if (!n.limit || !is_full(n.held, n.limit, exactly))
		return 0;
	if (exactly)
		n.has |= FC_HAS_CERTAIN;
	return leave_note(&n);
}

/* ---- what the inner functions note: copy_process() tells ---- */

static __always_inline bool alloc_pid_refused(struct refusal *w, const struct refused_call *c)
{
	__sync_fetch_and_add(&repeat_notes, 1);
	note_pid_max(1);
	return false;
}

/* ---- the verdict ---- */

/* In the kernel's own order, where nothing was noted. */
static __always_inline bool any_full(int exactly)
{
	return note_nproc(1, exactly) || note_threads_max(exactly) || note_pids(0, exactly);
}

/* verdict: what sure_task() said, who has taken the mark then. */
__noinline int note_task(int verdict)
{
	if (verdict == FC_REPEAT_PIDS || take_pids_mark())
		return note_seen_pids(0);
	return any_full(1) || any_full(0) || note_pid_max(0);
}

static __always_inline bool refuse_task(struct refusal *w, const struct refused_call *c)
{
	if (!take_note(w) && (!note_task(w->verdict) || !take_note(w)))
		return false;
	if (w->verdict == FC_REPEAT_PIDS)
		w->place = pids_place();
	w->asked = 1;
	w->has |= FC_HAS_ASKED;
	return true;
}

/* do_execveat_common(): the task is counted already, so that more than the limit is too many. */
static __always_inline bool refuse_exec(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, flags) & PF_NPROC_EXCEEDED && note_nproc(0, 1) && take_note(w);
}

/* ENOMEM: what was promised to the parent cannot be promised once more (memory.bpf.h). */
static __always_inline bool refuse_copy(struct refusal *w, const struct refused_call *c)
{
	return c->ret == -ENOMEM ? refuse_fork(w, c) : refuse_task(w, c);
}

ON_RETURN_SURE(FC_HOOK_COPY_PROCESS, copy_process, long, copy_failed(&ret),
	       ret == -EAGAIN ? sure_task(false) : 0, refuse_copy)
ON_RETURN(FC_HOOK_ALLOC_PID, alloc_pid, long, ret == -EAGAIN, alloc_pid_refused)

ON_RETURN(FC_HOOK_EXECVE, SYSCALL_FN(execve), int, ret == -EAGAIN, refuse_exec)
ON_RETURN(FC_HOOK_EXECVEAT, SYSCALL_FN(execveat), int, ret == -EAGAIN, refuse_exec)
#if !defined(__TARGET_ARCH_arm64)
ON_RETURN(FC_HOOK_EXECVE_IA32, __ia32_compat_sys_execve, int, ret == -EAGAIN, refuse_exec)
#endif

/* Which hook this system call would have come through; FC_HOOKS: it makes and runs nothing. */
static __always_inline __u8 task_hook(const struct task_regs *regs)
{
	if (regs->call == FC_CALL_FORK || regs->call == FC_CALL_CLONE ||
	    regs->call == FC_CALL_CLONE3)
		return FC_HOOK_COPY_PROCESS;
	if (regs->call == FC_CALL_EXECVE)
		return regs->compat ? FC_HOOK_EXECVE_IA32 : FC_HOOK_EXECVE;
	if (regs->call == FC_CALL_EXECVEAT)
		return FC_HOOK_EXECVEAT;
	return FC_HOOKS;
}

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_tasks(struct refusal *w, const struct refused_call *c)
{
	__u8 hook = task_hook(&c->regs);

	if (c->ret != -EAGAIN || hook == FC_HOOKS || !exit_serves[hook])
		return false;
	w->hook = hook;
	return hook == FC_HOOK_COPY_PROCESS ? refuse_task(w, c) : refuse_exec(w, c);
}

#endif
