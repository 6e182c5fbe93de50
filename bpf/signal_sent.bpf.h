/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * signal_sent.bpf.h - the one program at the tracepoint signal_generate, for all hooks that look
 * at signals as they are sent: each program there would cost every signal some 110 instructions
 * before it did anything. Most signals are ignored or handled, and of no interest: what decides
 * that comes first, and is typed, so that a field costs one load.
 */
#ifndef FAILCNT_SIGNAL_SENT_BPF_H
#define FAILCNT_SIGNAL_SENT_BPF_H

#include "death_sent.bpf.h"
#include "oom.bpf.h"
#include "stack.bpf.h"

/* Hooks that get this program: set by the collector before load. */
const volatile bool signal_serves[FC_HOOKS + 1];

/* TRACE_SIGNAL_ of include/trace/events/signal.h */
#define SIGNAL_DELIVERED 0
#define SIGNAL_IGNORED 1
#define SIGNAL_ALREADY_PENDING 2
#define SIGNAL_LOST_INFO 4 /* delivered, without siginfo */
/* Sent by limits, by the OOM killer, for a full stack: looked at whatever becomes of them */
#define SENT_BY_LIMIT (BIT(SIGKILL) | BIT(SIGXCPU) | BIT(SIGXFSZ))
#define SENT_FOR_A_REASON (SENT_BY_LIMIT | BIT(SIGSEGV))

/* The arguments as numbers: a typed pointer may not be compared with one on every kernel. */
struct signal_sent {
	__u64 sig, info, task, group, result;
};

static __always_inline void *handler_of(struct task_struct *task, int sig)
{
	struct sighand_struct *sighand = BPF_CORE_READ(task, sighand);
	void *at = __builtin_preserve_access_index(&sighand->action), *handler = NULL;

	/* sa_handler is the first field of the first field, on every architecture that we run on */
	at += (__u32)(sig - 1) * bpf_core_type_size(struct k_sigaction);
	bpf_probe_read_kernel(&handler, sizeof(handler), at);
	return handler;
}

/* Not inline, and with the repeats in it: hook.bpf.h tells why. */
static __noinline int signal_looked_at(unsigned long long *ctx)
{
	struct task_struct *target;
	struct signal_sent s = {};
	bool self, delivered;
	int sig;

	if (ctx[4] == TRACE_SIGNAL_OVERFLOW_FAIL && signal_serves[FC_HOOK_SIGNAL] &&
	    signal_again((void *)ctx[2]))
		return 0;
	bpf_probe_read_kernel(&s, sizeof(s), ctx);
	target = (void *)s.task;
	sig = s.sig;
	self = s.task == bpf_get_current_task();
	delivered = (int)s.result == SIGNAL_DELIVERED || (int)s.result == SIGNAL_LOST_INFO;
	if (signal_serves[FC_HOOK_STACK] && sig == SIGSEGV && self && s.info > SIG_FROM_KERNEL)
		stack_sigsegv(s.info);
	if (signal_serves[FC_HOOK_SIGNAL] && (int)s.result == TRACE_SIGNAL_OVERFLOW_FAIL)
		signal_refused(target, sig, true);
	else if (signal_serves[FC_HOOK_SIGNAL] && SENT_BY_LIMIT & BIT(sig & 63) && self &&
		 s.info <= SIG_FROM_KERNEL)
		signal_refused(target, sig, false);
	if (signal_serves[FC_HOOK_OOM_KILL] && sig == SIGKILL && s.info == SEND_SIG_PRIV)
		oom_signal(target);
	if (signal_serves[FC_HOOK_DEATH_SIGNAL] && delivered &&
	    (sig == SIGKILL || !handler_of(target, sig)))
		death_signal(target, sig, s.info);
	return 0;
}

/*
 * A load at a fixed place for each signal that servers handle: no typed pointer may have a variable
 * added, and to read it with the helper costs three times as much.
 */
#define HANDLED(n) \
	case n:    \
		return sighand->action[(n)-1].sa.sa_handler
static __always_inline bool has_handler(struct task_struct *task, __u64 sig)
{
	struct sighand_struct *sighand = task->sighand;

	switch (sig) {
		HANDLED(SIGHUP);
		HANDLED(SIGINT);
		HANDLED(10); /* SIGUSR1 */
		HANDLED(12); /* SIGUSR2 */
		HANDLED(SIGALRM);
		HANDLED(15); /* SIGTERM */
		HANDLED(SIGPROF);
	}
	return false;
}

/* (sig, info, task, group, result) */
SEC("tp_btf/signal_generate")
int tpbtf_signal_generate(unsigned long long *ctx)
{
	__u64 sig = ctx[0], result = ctx[4]; /* neither is negative */
	__u64 bit = BIT(sig & 63);

	if (!(bit & SENT_FOR_A_REASON)) {
		if (result == SIGNAL_IGNORED || result == SIGNAL_ALREADY_PENDING ||
		    NEVER_FATAL & bit || has_handler((void *)ctx[2], sig))
			return 0;
	}
	return signal_looked_at(ctx);
}

#endif
