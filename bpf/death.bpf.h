/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * death.bpf.h - processes that die of a signal, whoever sent it: one record each.
 *
 * What is known of such a death is known at three places (kernel/signal.c, kernel/exit.c):
 *
 *   signal_generate   in the context of whoever sends it, with the siglock of the victim held. A
 *                     signal whose default action ends the process, and that does not dump core,
 *                     has by then ended it (complete_signal(): SIGNAL_GROUP_EXIT and
 *                     group_exit_code are set). Who sent it is kept here: [deaths], [senders].
 *   signal_deliver    in the victim, with the siglock held: get_signal() is about to carry it out.
 *                     The victim is whole yet, with its memory, registers and cgroup: the record
 *                     is made here. All threads of a process that dies come by here; the first one
 *                     tells.
 *   sched_process_exit  only for deaths that no signal was delivered for: seccomp ends a thread
 *                     with do_exit(SIGSYS) or do_exit(SIGKILL); and whatever was missed.
 *
 * With the siglock go disabled interrupts: at the first two nothing preempts the program, so that
 * no kernel skips it (kernel-hooks.md, v), and what one process keeps in [deaths] needs no lock.
 *
 * No death: exit() and exit_group(), also with threads that are ended by it, and exec with threads;
 * a signal with a handler; and a process that sends itself a signal that is no sign of a fault
 * (after a handler has cleaned up, for instance): it chose to.
 *
 * Victims of the OOM killer are told at mark_victim (oom.bpf.h); signal->oom_mm marks them.
 */
#ifndef FAILCNT_DEATH_BPF_H
#define FAILCNT_DEATH_BPF_H

#include "death_sent.bpf.h"
#include "mapping.bpf.h"

/* siginfo_t of 64-bit kernels: signo, errno, code at 0, 4, 8; then by kind from 16 on */
struct death_info {
	__s32 signo, err, code, pad;
	union {
		__u64 addr; /* faults, and where seccomp was called */
		struct {
			__u32 pid, uid;
		};
	};
	__s32 syscall; /* seccomp */
	__u32 arch;
};

static __always_inline void fill_fault(struct fc_death *r, const struct death_info *info)
{
	struct pt_regs *regs = task_pt_regs((void *)bpf_get_current_task());

	r->fault_addr = info->addr;
	r->syscall = info->syscall;
	r->arch = info->arch;
	if (r->how != FC_HOW_FAULT || !(HAS_ADDRESS & BIT(r->sig & 63)))
		return;
#if defined(__TARGET_ARCH_arm64)
	r->ip = BPF_CORE_READ(regs, pc);
#else
	r->ip = BPF_CORE_READ(regs, ip);
#endif
	r->has |= FC_DEATH_IP;
	fill_mapping(&r->code, r->ip);
	if (r->code_si == SI_KERNEL) /* general protection: the processor does not say where */
		return;
	r->has |= FC_DEATH_ADDR;
	fill_mapping(&r->data, r->fault_addr);
}

static __always_inline bool death_unwanted(struct task_struct *task)
{
	if (filter_pid && filter_pid != (__u32)BPF_CORE_READ(task, tgid))
		return true;
	if (filter_by_uid && filter_uid != BPF_CORE_READ(task, cred, uid.val))
		return true;
	return filter_tree && !in_tree(task);
}

/* True: it is told, or nobody wants to know. */
static __noinline int death_tell(struct fc_death_state *d, struct death_info *info, __u32 hook)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fc_death_key key = {};
	struct fc_death_sender *s;
	struct fc_death *r;

	if (!d || !info)
		return true;
	if (d->how == FC_HOW_SELF && !(TELLS_FAULT & BIT(d->sig & 63)))
		return true;
	task = BPF_CORE_READ(task, group_leader);
	if (death_unwanted(task))
		return true;
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r)
		return false;
	r->h.type = FC_TYPE_DEATH;
	r->h.size = sizeof(*r);
	r->h.time = bpf_ktime_get_boot_ns();
	r->has = d->has;
	r->hook = hook;
	r->backend = FC_BACKEND_TRACEPOINT;
	r->sig = d->sig;
	r->how = d->how;
	r->code_si = d->code;
	r->limit = d->limit;
	r->shared_start = d->shared_start;
	r->shared_pid = d->shared_pid;
	r->tid = bpf_get_current_pid_tgid();
	r->pdeath = 0;
	r->fault_addr = r->ip = 0;
	r->syscall = 0;
	r->arch = 0;
	r->code.flags = r->data.flags = 0;
	if (hook == FC_HOOK_DEATH_DELIVER)
		fill_fault(r, info);
	fill_who(&r->victim, task);
	key.start = d->sender_start;
	key.pid = d->sender_pid;
	s = key.pid ? bpf_map_lookup_elem(&senders, &key) : NULL;
	if (s) {
		r->has |= FC_DEATH_SENDER;
		bpf_probe_read_kernel(&r->sender, sizeof(r->sender), &s->who);
	} else {
		r->sender.pid = d->sender_pid;
		r->sender.uid = d->sender_uid;
		r->sender.start = d->sender_start;
		r->sender.comm[0] = r->sender.parent_comm[0] = '\0';
		r->sender.cgroup.len = r->sender.cgroup.cut = 0;
		if (d->sender_pid)
			r->has |= FC_DEATH_SENDER_PID;
	}
	bpf_ringbuf_submit(r, 0);
	return true;
}

/* At its delivery, what is known from the sending, or else from the siginfo. */
static __always_inline void death_join(struct fc_death_state *d, const struct fc_death_state *known,
				       int sig, const struct death_info *info)
{
	if (known && known->sig == sig) {
		*d = *known;
		d->has |= FC_HAS_CERTAIN;
		return;
	}
	d->sig = sig;
	d->how = FC_HOW_UNKNOWN;
	if (!info->signo)
		return;
	d->code = info->code;
	if (info->code == SYS_SECCOMP && sig == SIGSYS)
		d->how = FC_HOW_SECCOMP;
	else if (info->code > 0)
		d->how = FC_HOW_FAULT;
	if (d->how != FC_HOW_UNKNOWN) {
		d->has |= FC_HAS_CERTAIN;
		return;
	}
	/* Its sending was missed. The number is that of the pid namespace of the victim. */
	d->how = info->code == SI_TIMER ? FC_HOW_TIMER : FC_HOW_PROCESS;
}

/* It may be a victim: of a SIGKILL by the kernel that has no other explanation. */
static __always_inline bool of_oom_killer(const struct fc_death_state *d)
{
	return d->sig == SIGKILL &&
	       (d->how == FC_HOW_KERNEL || d->how == FC_HOW_UNKNOWN || d->how == FC_HOW_INJECTED);
}

/* from: where the address of its siginfo stands */
static __noinline int death_delivered(int sig, const void *from)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	__u32 flags = BPF_CORE_READ(signal, flags);
	struct fc_death_key key = death_key_of(task);
	struct death_info info = {};
	struct fc_death_state *known, d = {};
	__u64 siginfo = 0;

	bpf_probe_read_kernel(&siginfo, sizeof(siginfo), from);
	if (flags & SIGNAL_GROUP_EXIT) {
		/* Ended already, by that one or by exit_group(); each thread gets a SIGKILL. */
		sig = BPF_CORE_READ(signal, group_exit_code) & 0x7f;
		if (!sig)
			return 0;
	} else {
		/* SIGKILL without it: exec ends the other threads */
		if (sig == SIGKILL || flags & SIGNAL_UNKILLABLE)
			return 0;
		if (siginfo > SIG_FROM_KERNEL)
			bpf_probe_read_kernel(&info, sizeof(info), (void *)siginfo);
	}
	known = bpf_map_lookup_elem(&deaths, &key);
	if (known && known->told)
		return 0;
	death_join(&d, known, sig, &info);
	d.told = 1;
	if (of_oom_killer(&d) && BPF_CORE_READ(signal, oom_mm))
		; /* told at mark_victim */
	else
		d.told = death_tell(&d, &info, FC_HOOK_DEATH_DELIVER);
	bpf_map_update_elem(&deaths, &key, &d, BPF_ANY);
	return 0;
}

/* (sig, info, k_sigaction): typed, because most signals that are delivered have a handler. */
SEC("tp_btf/signal_deliver")
int tpbtf_death_deliver(unsigned long long *ctx)
{
	struct k_sigaction *action = (void *)ctx[2];
	__u64 sig = ctx[0];

	if (sig != SIGKILL && action->sa.sa_handler)
		return 0;
	if (NEVER_FATAL & BIT(sig & 63))
		return 0;
	return death_delivered(sig, &ctx[1]);
}

/* No room in the ring: the collector finds it in the table. */
static __always_inline void death_leave(struct fc_death_state *d, struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct kernfs_node *kn = task_cgroup_kn(task);

	d->left = 1;
	d->when = bpf_ktime_get_boot_ns();
	d->uid = BPF_CORE_READ(task, cred, uid.val);
	d->ppid = BPF_CORE_READ(parent, tgid);
	d->cgroup_id = kn ? BPF_CORE_READ(kn, id) : 0;
	bpf_probe_read_kernel_str(d->comm, FC_COMM, BPF_CORE_READ(task, group_leader)->comm);
	bpf_probe_read_kernel_str(d->parent_comm, FC_COMM, parent->comm);
	count_stat(FC_STAT_DEATHS_LEFT);
}

/* The last thread of a process ends with a signal's status. */
static __noinline int death_exit(int sig)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct fc_death_key key = death_key_of(task);
	struct death_info info = {};
	struct fc_death_state *known, d = {};
	int mode = 0;

	if (BPF_CORE_READ(signal, live.counter) || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	/* Before 5.17 the status is the first thread's, where nothing ended the whole group. */
	if (!(BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT))
		sig = BPF_CORE_READ(task, group_leader, exit_code) & 0x7f;
	known = bpf_map_lookup_elem(&deaths, &key);
	if (!sig || (known && known->told))
		return 0;
	death_join(&d, known, sig, &info);
	if (bpf_core_field_exists(task->seccomp))
		mode = BPF_CORE_READ(task, seccomp.mode);
	if (d.how == FC_HOW_UNKNOWN &&
	    ((sig == SIGSYS && mode >= SECCOMP_MODE_FILTER) ||
	     (sig == SIGKILL && (mode == SECCOMP_MODE_STRICT || mode == SECCOMP_MODE_DEAD)))) {
		d.how = FC_HOW_SECCOMP;
		d.has |= FC_HAS_CERTAIN;
		if (sig == SIGKILL)
			d.has |= FC_DEATH_STRICT;
	}
	d.told = 1;
	if (of_oom_killer(&d) && BPF_CORE_READ(signal, oom_mm))
		; /* told at mark_victim */
	else if (!death_tell(&d, &info, FC_HOOK_DEATH_EXIT))
		death_leave(&d, task);
	bpf_map_update_elem(&deaths, &key, &d, BPF_ANY);
	return 0;
}

/* Most end by themselves: typed, so that this costs a few instructions. */
SEC("tp_btf/sched_process_exit")
int tpbtf_death_exit(unsigned long long *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct signal_struct *signal = task->signal;
	int code = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->exit_code;

	if (!(code & 0x7f))
		return 0;
	return death_exit(code & 0x7f);
}

#endif
