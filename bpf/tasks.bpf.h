/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tasks.bpf.h - why fork, clone and execve said EAGAIN.
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

#include "rlimit.bpf.h"

#define PF_NPROC_EXCEEDED 0x00001000
#define RESERVED_PIDS 300 /* kernel/pid.c: numbers below are given out only once */
#define PIDNS_ADDING (1U << 31)
#define PIDNS_LEVELS 33 /* MAX_PID_NS_LEVEL 32 */
#define CGROUP_LEVELS 16
#define NOTE_VALID_NS 100000000ULL /* a note older than this is not of this fork */

/* Variables of the kernel, where its symbol table tells their addresses. 6.14 has pid_max in each
 * pid namespace instead. */
extern const void nr_threads __ksym __weak;
extern const void max_threads __ksym __weak;
extern const void pid_max __ksym __weak;

/* What /proc/sys says, for kernels that hide those addresses. */
__u64 hint_threads_max, hint_pid_max;

/* What an inner function found when it refused. */
struct task_note {
	__u64 time, held, limit;
	struct kernfs_node *owner;
	__u32 ns;
	__u16 resource;
	bool v1;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HANDOVER_SLOTS);
	__type(key, __u64); /* thread */
	__type(value, struct task_note);
} task_notes SEC(".maps");

/* How far below the limit a count may be a moment later, when others exited since. */
static __always_inline __u64 task_slack(__u64 limit)
{
	return limit / 8 < 64 ? limit / 8 : 64;
}

static __always_inline bool is_full(__u64 held, __u64 limit, bool exactly)
{
	return limit < NO_LIMIT && held + 1 + (exactly ? 0 : task_slack(limit)) > limit;
}

/* ---- nproc ---- */

/* is_rlimit_overlimit() of kernel/ucount.c: which level is full; `more` tasks are asked for. */
static __always_inline bool users_full(struct refusal *w, struct task_struct *task, bool exactly,
				       int more)
{
	struct ucounts *u = BPF_CORE_READ(task, real_cred, ucounts);
	int i;

	w->has = FC_HAS_HARD;
	for (i = 0; u && i < USERNS_LEVELS; i++) {
		struct user_namespace *ns = BPF_CORE_READ(u, ns);

		w->held = RLIMIT_COUNT(u, UCOUNT_RLIMIT_NPROC);
		if (is_full(w->held + more - 1, w->limit, exactly)) {
			w->has |= FC_HAS_LIMIT | FC_HAS_HELD;
			fill_user(w, u);
			return true;
		}
		w->has = 0; /* above, a hard limit says nothing */
		w->limit = RLIMIT_OF_USERNS(ns, UCOUNT_RLIMIT_NPROC);
		u = BPF_CORE_READ(ns, ucounts);
	}
	return false;
}

static __always_inline bool nproc_full(struct refusal *w, bool exactly, int more)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct user_struct *user = BPF_CORE_READ(task, real_cred, user);

	/* copy_process(): neither root nor who may exceed it. */
	if (!BPF_CORE_READ(user, uid.val) || is_capable(task, CAP_SYS_RESOURCE) ||
	    is_capable(task, CAP_SYS_ADMIN))
		return false;
	w->resource = FC_NPROC;
	fill_rlimit(w, task, RLIMIT_NPROC);
	if (bpf_core_field_exists(task->real_cred->ucounts))
		return users_full(w, task, exactly, more);
	if (!bpf_core_field_exists(user->processes))
		return false;
	w->held = BPF_CORE_READ(user, processes.counter);
	w->limit_uid = BPF_CORE_READ(user, uid.val);
	w->has |= FC_HAS_HELD | FC_HAS_UID;
	return is_full(w->held + more - 1, w->limit, exactly);
}

/* ---- pid-max ---- */

static __always_inline __u64 pidns_max(struct pid_namespace *ns)
{
	int n = 0;

	if (bpf_core_field_exists(ns->pid_max))
		n = BPF_CORE_READ(ns, pid_max);
	else if (&pid_max)
		bpf_probe_read_kernel(&n, sizeof(n), &pid_max);
	return n > 0 ? n : hint_pid_max;
}

static __always_inline __u64 pidns_held(struct pid_namespace *ns)
{
	return BPF_CORE_READ(ns, pid_allocated) & ~PIDNS_ADDING;
}

/* The level with the least room: numbers are asked for at each. */
static __always_inline void fill_pidns(struct refusal *w)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid_namespace *ns = BPF_CORE_READ(task, nsproxy, pid_ns_for_children), *least = ns;
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
	w->resource = FC_PID_MAX;
	w->has = FC_HAS_HELD;
	w->held = pidns_held(least);
	w->limit = pidns_max(least);
	if (w->limit)
		w->has |= FC_HAS_LIMIT;
	if (bpf_core_field_exists(least->pid_max)) {
		w->ns_kind = FC_NS_PID;
		w->ns = BPF_CORE_READ(least, ns.inum);
	}
}

/* Numbers below 300 are mostly unused: all above them in use is the least that "full" means. */
static __always_inline bool pids_used_up(const struct refusal *w)
{
	return w->limit && w->held + RESERVED_PIDS >= w->limit;
}

/* ---- threads-max ---- */

/* All tasks have a number in the first namespace: where nr_threads is hidden, as many as that. */
static __always_inline __u64 host_pids(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *first = __builtin_preserve_access_index(&pid->numbers[0]);
	struct pid_namespace *ns = BPF_CORE_READ(first, ns);

	return pidns_held(ns);
}

static __always_inline bool threads_full(struct refusal *w, bool exactly)
{
	int max = 0, n = 0;

	w->resource = FC_THREADS_MAX;
	w->has = FC_HAS_LIMIT;
	w->ns_kind = FC_NS_NONE;
	if (&max_threads)
		bpf_probe_read_kernel(&max, sizeof(max), &max_threads);
	w->limit = max > 0 ? (__u64)max : hint_threads_max;
	if (!w->limit)
		return false;
	if (&nr_threads) {
		bpf_probe_read_kernel(&n, sizeof(n), &nr_threads);
		w->held = n;
		w->has |= FC_HAS_HELD;
	} else {
		w->held = host_pids((void *)bpf_get_current_task());
	}
	if (exactly && (!&nr_threads || !&max_threads))
		return false; /* neither number is the kernel's own */
	return is_full(w->held, w->limit, exactly);
}

/* ---- pids ---- */

/* pids_try_charge() of kernel/cgroup/pids.c: upwards, without the root; the first that is full. */
static __always_inline bool cgroups_full(struct refusal *w, struct css_set *set, bool exactly)
{
	struct cgroup_subsys_state *css = NULL, *parent;
	int i;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id) || !set)
		return false;
	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)__builtin_preserve_access_index(&set->subsys) +
				      8 * bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
	for (i = 0; css && i < CGROUP_LEVELS; i++) {
		struct pids_cgroup *p =
			(void *)css - bpf_core_field_offset(struct pids_cgroup, css);

		parent = BPF_CORE_READ(css, parent);
		if (!parent)
			return false;
		w->held = BPF_CORE_READ(p, counter.counter);
		w->limit = BPF_CORE_READ(p, limit.counter);
		if (is_full(w->held, w->limit, exactly)) {
			w->resource = FC_PIDS;
			w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_MORE;
			w->owner = BPF_CORE_READ(css, cgroup, kn);
			w->more[0] = BPF_CORE_READ(css, cgroup, root, hierarchy_id) != 0;
			return true;
		}
		css = parent;
	}
	return false;
}

static __always_inline struct css_set *current_cgroups(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, cgroups);
}

/* ---- what the inner functions note ---- */

static __always_inline bool note_task(const struct refusal *w)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct task_note note = {
		.time = bpf_ktime_get_boot_ns(),
		.held = w->has & FC_HAS_HELD ? w->held : 0,
		.limit = w->has & FC_HAS_LIMIT ? w->limit : 0,
		.owner = w->owner,
		.ns = w->ns,
		.resource = w->resource,
		.v1 = w->more[0],
	};

	bpf_map_update_elem(&task_notes, &thread, &note, BPF_ANY);
	return false; /* copy_process() tells */
}

static __always_inline bool note_pid(struct refusal *w, const struct refused_call *c)
{
	fill_pidns(w);
	return note_task(w);
}

/* The cgroups may be others than the caller's: CLONE_INTO_CGROUP. */
static __always_inline bool note_pids(struct refusal *w, const struct refused_call *c)
{
	struct css_set *set = c->has_args ? (struct css_set *)c->arg[1] : NULL;

	if (!cgroups_full(w, set ? set : current_cgroups(), true)) {
		w->resource = FC_PIDS; /* it was it, whoever left since */
		w->has = 0;
		w->owner = NULL;
	}
	return note_task(w);
}

static __always_inline bool take_note(struct refusal *w)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct task_note *note = bpf_map_lookup_elem(&task_notes, &thread);

	if (!note)
		return false;
	w->resource = note->resource;
	w->held = note->held;
	w->limit = note->limit;
	w->owner = note->owner;
	w->ns = note->ns;
	w->more[0] = note->v1;
	w->ns_kind = w->ns ? FC_NS_PID : FC_NS_NONE;
	w->has = (w->limit ? FC_HAS_LIMIT | FC_HAS_HELD : 0) | (w->owner ? FC_HAS_MORE : 0);
	bpf_map_delete_elem(&task_notes, &thread);
	return bpf_ktime_get_boot_ns() - note->time < NOTE_VALID_NS;
}

/* ---- the verdict ---- */

/* In the kernel's own order. */
static __always_inline bool any_full(struct refusal *w, bool exactly)
{
	if (nproc_full(w, exactly, 1) || threads_full(w, exactly))
		return true;
	w->has = 0;
	return cgroups_full(w, current_cgroups(), exactly);
}

static __always_inline bool refuse_task(struct refusal *w, const struct refused_call *c)
{
	if (take_note(w) || any_full(w, true)) {
		w->has |= FC_HAS_CERTAIN;
	} else if (!any_full(w, false)) {
		fill_pidns(w);
		if (!pids_used_up(w))
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

	if (!(BPF_CORE_READ(task, flags) & PF_NPROC_EXCEEDED) || !nproc_full(w, true, 0))
		return false;
	w->has |= FC_HAS_CERTAIN;
	return true;
}

ON_RETURN(FC_HOOK_COPY_PROCESS, copy_process, long, ret == -EAGAIN, refuse_task)
ON_RETURN(FC_HOOK_ALLOC_PID, alloc_pid, long, ret == -EAGAIN, note_pid)
ON_RETURN_ARGS(FC_HOOK_PIDS_CAN_FORK, pids_can_fork, int, ret == -EAGAIN, note_pids)
ON_RETURN(FC_HOOK_EXECVE, SYSCALL_FN(execve), int, ret == -EAGAIN, refuse_exec)
ON_RETURN(FC_HOOK_EXECVEAT, SYSCALL_FN(execveat), int, ret == -EAGAIN, refuse_exec)
#if !defined(__TARGET_ARCH_arm64)
ON_RETURN(FC_HOOK_EXECVE_IA32, __ia32_compat_sys_execve, int, ret == -EAGAIN, refuse_exec)
#endif

/* Which hook this system call would have come through; FC_HOOKS: it makes and runs nothing. */
static __always_inline __u8 task_hook(const struct task_regs *regs)
{
	if (regs->call == FC_CALL_FORK)
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

	if (hook == FC_HOOKS || !exit_serves[hook])
		return false;
	w->hook = hook;
	return hook == FC_HOOK_COPY_PROCESS ? refuse_task(w, c) : refuse_exec(w, c);
}

#endif
