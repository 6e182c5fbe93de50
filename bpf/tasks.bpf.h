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
#include "rlimit.bpf.h"

#define PF_NPROC_EXCEEDED 0x00001000
#define RESERVED_PIDS 300 /* kernel/pid.c: numbers below are given out only once */
#define PIDNS_ADDING (1U << 31)
#define PIDNS_LEVELS 8 /* deeper ones are not looked at: the kernel allows 32 */
#define CGROUP_LEVELS 16
#define NOTE_VALID_NS 100000000ULL /* a note older than this is not of this fork */

/* What /proc/sys says, for kernels that hide the addresses of variables. */
__u64 hint_threads_max, hint_pid_max;

/*
 * Which limit it was, and its numbers: from an inner function when it refused, or found when
 * copy_process() returned. The functions that find it are not static, because the verifier goes
 * through such a function once and not once for each way to it; they can only return a number, so
 * that they leave a note.
 */
struct task_note {
	__u64 time, held, limit, hard;
	struct kernfs_node *owner;
	__u32 has, ns, limit_uid;
	__u16 resource;
	__u8 ns_kind;
	bool v1;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HANDOVER_SLOTS);
	__type(key, __u64); /* thread */
	__type(value, struct task_note);
} task_notes SEC(".maps");

static __always_inline int leave_note(struct task_note *note)
{
	__u64 thread = bpf_get_current_pid_tgid();

	note->time = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&task_notes, &thread, note, BPF_ANY);
	return 1;
}

static __always_inline bool take_note(struct refusal *w)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct task_note *note = bpf_map_lookup_elem(&task_notes, &thread);

	if (!note)
		return false;
	w->resource = note->resource;
	w->has = note->has;
	w->held = note->held;
	w->limit = note->limit;
	w->hard = note->hard;
	w->owner = note->owner;
	w->ns = note->ns;
	w->ns_kind = note->ns_kind;
	w->limit_uid = note->limit_uid;
	w->more[0] = note->v1;
	bpf_map_delete_elem(&task_notes, &thread);
	return bpf_ktime_get_boot_ns() - note->time < NOTE_VALID_NS;
}

/* A moment later others may have exited: then what is nearly full is the likely one. */
static __always_inline bool is_full(__u64 held, __u64 limit, int exactly)
{
	__u64 slack = limit / 8 < 64 ? limit / 8 : 64;

	return limit < NO_LIMIT && held + 1 + (exactly ? 0 : slack) > limit;
}

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

/* ---- pids ---- */

static __always_inline struct cgroup_subsys_state *pids_css(struct css_set *set)
{
	struct cgroup_subsys_state *css = NULL;

	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		bpf_probe_read_kernel(
			&css, sizeof(css),
			(void *)__builtin_preserve_access_index(&set->subsys) +
				8 * bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
	return css;
}

/*
 * pids_try_charge() of kernel/cgroup/pids.c: upwards, without the root; the first that is full.
 * cgroups: a struct css_set, 0: those of the caller.
 */
__noinline int note_pids(__u64 cgroups, int exactly)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct css_set *set = cgroups ? (struct css_set *)cgroups : BPF_CORE_READ(task, cgroups);
	struct task_note n = {.resource = FC_PIDS, .has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_MORE};
	struct cgroup_subsys_state *css = pids_css(set), *parent;
	int i;

	for (i = 0; i < CGROUP_LEVELS; i++) {
		struct pids_cgroup *p =
			(void *)css - bpf_core_field_offset(struct pids_cgroup, css);

		parent = css ? BPF_CORE_READ(css, parent) : NULL;
		if (!parent)
			return 0;
		n.held = BPF_CORE_READ(p, counter.counter);
		n.limit = BPF_CORE_READ(p, limit.counter);
		if (is_full(n.held, n.limit, exactly))
			break;
		css = parent;
	}
	if (i == CGROUP_LEVELS)
		return 0;
	n.owner = BPF_CORE_READ(css, cgroup, kn);
	n.v1 = BPF_CORE_READ(css, cgroup, root, hierarchy_id) != 0;
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

/* The cgroups may be others than the caller's: CLONE_INTO_CGROUP. */
static __always_inline bool can_fork_refused(struct refusal *w, const struct refused_call *c)
{
	struct task_note n = {.resource = FC_PIDS, .has = FC_HAS_CERTAIN};
	__u64 cgroups = 0;

	/* As a number: a function that is verified by itself takes no pointer of the kernel. */
	__sync_fetch_and_add(&repeat_notes, 1);
	if (c->has_args)
		bpf_probe_read_kernel(&cgroups, sizeof(cgroups), &c->arg[1]);
	if (!note_pids(cgroups, 1))
		leave_note(&n); /* it was it, whoever left since */
	return false;
}

/* ---- the verdict ---- */

/* In the kernel's own order, where nothing was noted. */
static __always_inline bool any_full(int exactly)
{
	return note_nproc(1, exactly) || note_threads_max(exactly) || note_pids(0, exactly);
}

static __always_inline bool refuse_task(struct refusal *w, const struct refused_call *c)
{
	if (!take_note(w)) {
		if (!any_full(1) && !any_full(0) && !note_pid_max(0))
			return false;
		if (!take_note(w))
			return false;
	}
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
	       ret == -EAGAIN ? sure_nproc() : 0, refuse_copy)
ON_RETURN(FC_HOOK_ALLOC_PID, alloc_pid, long, ret == -EAGAIN, alloc_pid_refused)
ON_RETURN_ARGS(FC_HOOK_PIDS_CAN_FORK, pids_can_fork, int, ret == -EAGAIN, can_fork_refused)
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
