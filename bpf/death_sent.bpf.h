/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * death_sent.bpf.h - signals that end a process, as they are sent: by whom, and why. death.bpf.h
 * says how this is joined with what happens to the victim.
 */
#ifndef FAILCNT_DEATH_SENT_BPF_H
#define FAILCNT_DEATH_SENT_BPF_H

#include "signals.bpf.h"

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGSEGV 11
#define SIGPIPE 13
#define SIGALRM 14
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGIO 29
#define SIGSYS 31
#define BIT(sig) (1ULL << (sig))
/* SIGCHLD, SIGCONT, SIGURG, SIGWINCH are ignored, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU only stop */
#define NEVER_FATAL (BIT(17) | BIT(18) | BIT(23) | BIT(28) | BIT(19) | BIT(20) | BIT(21) | BIT(22))
/* SIG_KERNEL_COREDUMP_MASK of include/linux/signal.h: they end a process only when delivered */
#define DUMPS_CORE                                                                               \
	(BIT(SIGQUIT) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) | BIT(SIGFPE) | BIT(SIGSEGV) | \
	 BIT(SIGBUS) | BIT(SIGSYS) | BIT(SIGXCPU) | BIT(SIGXFSZ))
/* What a process that has found a fault of its own may send itself */
#define TELLS_FAULT                                                                             \
	(BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGBUS) | \
	 BIT(SIGSYS))
#define HAS_ADDRESS (BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGBUS))

#define SIGNAL_NOINFO 0 /* SEND_SIG_NOINFO: for current; SEND_SIG_PRIV is 1: the kernel itself */
#define SI_KERNEL 0x80
#define SI_TIMER (-2)
#define SI_ASYNCNL (-60)
#define SYS_SECCOMP 1
#define PF_EXITING 0x00000004
#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */
#define SIGNAL_UNKILLABLE 0x00000040
#define SECCOMP_MODE_STRICT 1
#define SECCOMP_MODE_FILTER 2
#define SECCOMP_MODE_DEAD 3 /* from 5.17 on, while it is being killed */
#define SENDER_FRESH_NS 1000000000ULL

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fc_death_key);
	__type(value, struct fc_death_state);
} deaths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, struct fc_death_key);
	__type(value, struct fc_death_sender);
} senders SEC(".maps");

/* Too large for the stack. */
static const struct fc_death_sender no_sender;

/* The latest SIGKILL that the kernel itself sent, by the thread in whose context it was. */
struct kernel_kill {
	struct signal_struct *signal;
	struct mm_struct *mm;
	__u64 start;
	__u32 pid, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct kernel_kill);
} kernel_kills SEC(".maps");

static __always_inline struct fc_death_key death_key_of(struct task_struct *task)
{
	struct fc_death_key k = {};

	k.start = BPF_CORE_READ(task, group_leader, start_boottime);
	k.pid = BPF_CORE_READ(task, tgid);
	return k;
}

/*
 * __oom_kill_process(): SIGKILL to the victim, mark_oom_victim(), which sets signal->oom_mm, and
 * then SIGKILL to each other process that has the same address space.
 */
static __always_inline bool shares_victim(struct fc_death_state *d, struct task_struct *target)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct kernel_kill *k = bpf_map_lookup_elem(&kernel_kills, &tid), now = {};
	struct signal_struct *signal;

	now.mm = BPF_CORE_READ(target, mm);
	now.signal = BPF_CORE_READ(target, signal);
	if (k && k->mm && k->mm == now.mm && k->signal != now.signal) {
		signal = k->signal;
		if (BPF_CORE_READ(signal, oom_mm) == now.mm) {
			d->shared_start = k->start;
			d->shared_pid = k->pid;
			return true;
		}
	}
	now.start = BPF_CORE_READ(target, group_leader, start_boottime);
	now.pid = BPF_CORE_READ(target, tgid);
	bpf_map_update_elem(&kernel_kills, &tid, &now, BPF_ANY);
	return false;
}

/* zap_pid_ns_processes() of kernel/pid_namespace.c: the first process of a pid namespace ends. */
static __always_inline bool from_dying_init(struct task_struct *cur, struct task_struct *target)
{
	struct pid *pid = BPF_CORE_READ(cur, signal, pids[1]); /* PIDTYPE_TGID */
	struct pid *theirs = BPF_CORE_READ(target, signal, pids[1]);
	__u32 level = BPF_CORE_READ(pid, level);
	__u32 size = bpf_core_type_size(struct upid);
	void *numbers = __builtin_preserve_access_index(&pid->numbers);
	void *other = __builtin_preserve_access_index(&theirs->numbers);
	struct upid *own = numbers + (level & 63) * size;
	struct upid *same = other + (level & 63) * size;

	return level > 0 && BPF_CORE_READ(own, nr) == 1 && BPF_CORE_READ(theirs, level) >= level &&
	       BPF_CORE_READ(same, ns) == BPF_CORE_READ(own, ns);
}

static __always_inline bool cpu_used_up(struct task_struct *task)
{
	__u64 ns = BPF_CORE_READ(task, signal, cputimer.cputime_atomic.utime.counter) +
		   BPF_CORE_READ(task, signal, cputimer.cputime_atomic.stime.counter);

	return ns / NSEC_PER_SEC >= BPF_CORE_READ(task, signal, rlim[RLIMIT_CPU].rlim_max);
}

static __always_inline void sent_by_limit(struct fc_death_state *d, struct task_struct *task)
{
	d->how = FC_HOW_RLIMIT;
	d->has |= FC_HAS_LIMIT;
	if (d->sig == SIGXFSZ)
		d->limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_FSIZE].rlim_cur);
	else if (d->sig == SIGXCPU) /* a second is added to it only after this */
		d->limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_CPU].rlim_cur);
	else
		d->limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_CPU].rlim_max);
}

static __always_inline bool traced_by(struct task_struct *target, struct task_struct *cur)
{
	return BPF_CORE_READ(target, ptrace) &&
	       BPF_CORE_READ(target, parent, tgid) == BPF_CORE_READ(cur, tgid);
}

/* SEND_SIG_PRIV: the kernel, on whoever's behalf. */
static __always_inline void sent_by_kernel(struct fc_death_state *d, struct task_struct *cur,
					   struct task_struct *target, bool self)
{
	__u64 bit = BIT(d->sig & 63);

	d->how = FC_HOW_KERNEL;
	if (self && (d->sig == SIGXCPU || (d->sig == SIGKILL && cpu_used_up(target))))
		sent_by_limit(d, target);
	else if (bit & (BIT(SIGHUP) | BIT(SIGINT) | BIT(SIGQUIT)))
		d->how = FC_HOW_TTY; /* n_tty.c isig(), tty_jobctrl.c, kill_orphaned_pgrp() */
	else if (bit & (BIT(SIGALRM) | BIT(SIGVTALRM) | BIT(SIGPROF)))
		d->how = FC_HOW_TIMER;
	else if (d->sig == SIGKILL && shares_victim(d, target))
		d->how = FC_HOW_OOM_SHARED;
	else if (d->sig == SIGKILL && !self && from_dying_init(cur, target))
		d->how = FC_HOW_NAMESPACE;
	else if (!self && d->sig == SIGKILL && BPF_CORE_READ(cur, flags) & PF_EXITING &&
		 traced_by(target, cur))
		d->how = FC_HOW_TRACER; /* exit_ptrace(): PTRACE_O_EXITKILL */
	else if (self && d->sig != SIGIO && BPF_CORE_READ(target, ptrace))
		d->how = FC_HOW_INJECTED; /* ptrace_report_syscall() */
}

/* SEND_SIG_NOINFO: the kernel, in the name of the current process. */
static __always_inline void sent_for_current(struct fc_death_state *d, struct task_struct *cur,
					     struct task_struct *target, bool self)
{
	d->how = FC_HOW_PROCESS;
	if (self && d->sig == SIGPIPE)
		d->how = FC_HOW_PIPE;
	else if (self && d->sig == SIGXFSZ)
		sent_by_limit(d, target);
	else if (self)
		d->how = FC_HOW_KERNEL;
	else if (BPF_CORE_READ(cur, flags) & PF_EXITING &&
		 BPF_CORE_READ(target, pdeath_signal) == d->sig)
		d->how = FC_HOW_PARENT;
	else if (d->sig == SIGKILL && traced_by(target, cur))
		d->how = FC_HOW_TRACER; /* PTRACE_KILL */
	else if (d->sig == SIGKILL)
		d->has |= FC_DEATH_NOINFO; /* cgroup.kill */
}

static __always_inline void note_sender(struct fc_death_state *d, struct task_struct *cur,
					struct task_struct *target)
{
	struct fc_death_key key = death_key_of(cur);
	struct fc_death_sender *s = bpf_map_lookup_elem(&senders, &key);
	__u64 now = bpf_ktime_get_boot_ns();
	struct signal_struct *signal = BPF_CORE_READ(target, signal);

	d->sender_start = key.start;
	d->sender_pid = key.pid;
	d->sender_uid = BPF_CORE_READ(cur, cred, uid.val);
	if (BPF_CORE_READ(signal, tty) &&
	    BPF_CORE_READ(signal, pids[3]) == BPF_CORE_READ(cur, signal, pids[1]))
		d->has |= FC_DEATH_BY_SESSION; /* PIDTYPE_SID, PIDTYPE_TGID: its shell */
	if (s && now - s->when < SENDER_FRESH_NS)
		return;
	if (!s) {
		bpf_map_update_elem(&senders, &key, &no_sender, BPF_ANY);
		s = bpf_map_lookup_elem(&senders, &key);
		if (!s)
			return;
	}
	s->when = now;
	fill_who(&s->who, cur);
	bpf_probe_read_kernel_str(s->who.comm, FC_COMM, BPF_CORE_READ(cur, group_leader)->comm);
}

/* By its default action this signal ends target, now or once it is unblocked. */
static __noinline int death_signal(struct task_struct *target, int sig, __u64 info)
{
	struct task_struct *cur = (void *)bpf_get_current_task();
	struct signal_struct *signal = BPF_CORE_READ(target, signal);
	bool self = BPF_CORE_READ(cur, signal) == signal;
	struct fc_death_key key = death_key_of(target);
	struct fc_death_state d = {.sig = sig}, *known;

	if (info > SIG_FROM_KERNEL) {
		bpf_probe_read_kernel(&d.code, sizeof(d.code), (void *)(info + 8)); /* si_code */
		if (d.code > 0 && DUMPS_CORE & BIT(sig & 63))
			return 0; /* a fault: its delivery tells more */
		if (d.code == SI_TIMER)
			d.how = FC_HOW_TIMER;
		else if (d.code > 0 || (d.code < SI_TIMER && d.code >= -5) || d.code == SI_ASYNCNL)
			d.how = FC_HOW_KERNEL; /* SIGIO, mq_notify, aio */
		else
			d.how = self ? FC_HOW_SELF : FC_HOW_PROCESS;
	} else if (info == SIGNAL_NOINFO) {
		sent_for_current(&d, cur, target, self);
	} else {
		d.code = SI_KERNEL;
		sent_by_kernel(&d, cur, target, self);
	}
	known = bpf_map_lookup_elem(&deaths, &key);
	if (known && (known->sealed || known->told))
		return 0;
	d.sealed = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT &&
		   (BPF_CORE_READ(signal, group_exit_code) & 0x7f) == sig;
	if (d.how == FC_HOW_INJECTED)
		cur = BPF_CORE_READ(target, parent);
	if (d.how == FC_HOW_PROCESS || d.how == FC_HOW_NAMESPACE || d.how == FC_HOW_PARENT ||
	    d.how == FC_HOW_TRACER || d.how == FC_HOW_INJECTED)
		note_sender(&d, cur, target);
	bpf_map_update_elem(&deaths, &key, &d, BPF_ANY);
	return 0;
}

#endif
