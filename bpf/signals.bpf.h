/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * signals.bpf.h - queued signals, timers, and limits that end in a signal.
 *
 * One program at the tracepoint signal_generate, on every backend; it runs in
 * the sender's context, with the siglock held, so that nothing preempts it:
 *
 *   sigpending  A real-time signal that finds the queue of the target's user
 *               full is dropped: result 3 (kernel/signal.c,
 *               __send_signal_locked). rt_sigqueueinfo() and its kin then say
 *               EAGAIN; of other senders (mq_notify, SIGIO) nobody is told.
 *               Result 4, a signal that arrives without its siginfo, is no
 *               refusal: it arrives.
 *   cpu         check_process_timers() (kernel/time/posix-cpu-timers.c) sends
 *               SIGXCPU at the soft limit, raises that by a second, and
 *               SIGKILL at the hard one. RLIMIT_RTTIME does the same: the CPU
 *               time tells.
 *   fsize       Whoever says EFBIG for RLIMIT_FSIZE sends SIGXFSZ right before
 *               (generic_write_check_limits, inode_newsize_ok). The tracepoint
 *               fires when it is ignored too; so no write costs anything.
 *
 * timer_create() takes a queued signal in advance, without a tracepoint.
 */
#ifndef FAILCNT_SIGNALS_BPF_H
#define FAILCNT_SIGNALS_BPF_H

#include "files.bpf.h"
#include "rlimit.bpf.h"

#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_SIGPENDING 11
#define SIGKILL 9
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIG_FROM_KERNEL 1 /* SEND_SIG_NOINFO, SEND_SIG_PRIV; else a pointer: a process sent it */
#define TRACE_SIGNAL_OVERFLOW_FAIL 3 /* include/trace/events/signal.h */
#define NSEC_PER_SEC 1000000000ULL

/* task: who would have got the signal, or whose timer it is. */
static __always_inline bool refuse_sigpending(struct refusal *w, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, real_cred);
	bool held = cred_rlimit(cred, UCOUNT_RLIMIT_SIGPENDING, sigpending, &w->held);

	w->resource = FC_SIGPENDING;
	w->limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_SIGPENDING].rlim_cur);
	w->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_SIGPENDING].rlim_max);
	w->asked = 1;
	w->limit_uid = BPF_CORE_READ(cred, uid.val);
	w->more[0] = w->dev = BPF_CORE_READ(task, tgid); /* no device: for whose_limit() */
	w->has = FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_ASKED | FC_HAS_UID | FC_HAS_MORE;
	if (held)
		w->has |= FC_HAS_HELD;
	if (held && w->held + 1 > w->limit)
		w->has |= FC_HAS_CERTAIN;
	/* So far from full it was no limit, but memory. */
	return !held || w->held + SLACK >= w->limit;
}

/* refuse_sigpending() once more, with loads alone: is the queue of its user full for this task? */
static __always_inline bool sigpending_full(struct task_struct *task)
{
	const struct cred *cred;
	struct ucounts *u = NULL;
	__s64 held;

	if (!bpf_core_enum_value_exists(enum rlimit_type, UCOUNT_RLIMIT_SIGPENDING) ||
	    !bpf_core_field_exists(u->rlimit))
		return false;
	cred = task->real_cred;
	if (!cred || !task->signal)
		return false;
	u = cred->ucounts;
	if (!u)
		return false;
	held = RLIMIT_COUNT(u, UCOUNT_RLIMIT_SIGPENDING);
	return held >= 0 && (__u64)held + 1 > task->signal->rlim[RLIMIT_SIGPENDING].rlim_cur;
}

static __always_inline bool refuse_timer(struct refusal *w, const struct refused_call *c)
{
	return refuse_sigpending(w, (void *)bpf_get_current_task());
}

ON_RETURN(FC_HOOK_TIMER_CREATE, do_timer_create, int, ret == -EAGAIN, refuse_timer)

static __always_inline bool refuse_signal(struct refusal *w, const struct task_regs *regs,
					  struct task_struct *target, int sig)
{
	w->err = EAGAIN;
	w->nobody = regs->call != FC_CALL_SIGQUEUE;
	if (w->nobody)
		w->err = FC_ERR_SIGNAL + sig; /* no call fails: the signal is lost */
	return refuse_sigpending(w, target);
}

/* sig: SIGXCPU or SIGKILL, to the current task. */
static __always_inline bool refuse_cpu(struct refusal *w, struct task_regs *regs, int sig)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 ns = BPF_CORE_READ(task, signal, cputimer.cputime_atomic.utime.counter) +
		   BPF_CORE_READ(task, signal, cputimer.cputime_atomic.stime.counter);
	__u64 soft = BPF_CORE_READ(task, signal, rlim[RLIMIT_CPU].rlim_cur);

	regs->nr = -1; /* whatever call the clock interrupted */
	w->resource = FC_CPU;
	w->err = FC_ERR_SIGNAL + sig;
	w->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_CPU].rlim_max);
	w->limit = sig == SIGXCPU ? soft : w->hard;
	w->held = ns / NSEC_PER_SEC;
	w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_CERTAIN;
	return w->held >= w->limit;
}

/* The size of the file, where the call names it by a descriptor, and what was to be added. */
static __always_inline bool refuse_size(struct refusal *w, const struct task_regs *regs)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file = NULL;
	__u64 pos = 0;

	w->resource = FC_FSIZE;
	w->err = EFBIG;
	w->limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_FSIZE].rlim_cur);
	w->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_FSIZE].rlim_max);
	w->has = FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_CERTAIN;
	if (regs->call == FC_CALL_WRITE || regs->call == FC_CALL_PWRITE ||
	    regs->call == FC_CALL_WRITE_FD || regs->call == FC_CALL_FTRUNCATE)
		file = file_of_fd(regs->arg[0]);
	if (file) {
		w->held = BPF_CORE_READ(file, f_inode, i_size);
		w->has |= FC_HAS_HELD;
	}
	if (regs->call == FC_CALL_WRITE || regs->call == FC_CALL_PWRITE) {
		w->asked = regs->arg[2];
		/* Behind the end: the hole before it counts as well. 32-bit programs pass two
		 * halves. */
		if (regs->call == FC_CALL_WRITE)
			pos = file ? BPF_CORE_READ(file, f_pos) : 0;
		else if (!regs->compat)
			pos = regs->arg[3];
		if (file && pos > w->held)
			w->asked += pos - w->held;
		w->has |= FC_HAS_ASKED;
	} else if (regs->call == FC_CALL_FTRUNCATE && !regs->compat && file) {
		w->asked = regs->arg[1] - w->held;
		w->has |= FC_HAS_ASKED;
	}
	return true;
}

/* Only of who is told so: the caller of sigqueue(). */
static __noinline bool signal_again(struct task_struct *target)
{
	struct typed_call c;

	return repeat_alone() && typed_call(&c) && c.call == FC_CALL_SIGQUEUE &&
	       sigpending_full(target) &&
	       repeat_count(FC_REPEAT_FEXIT, REPEAT_AT(FC_REPEAT_SIGNAL, target->tgid));
}

static __noinline int signal_refused(struct task_struct *target, int sig, bool dropped)
{
	struct refusal w = {.hook = FC_HOOK_SIGNAL,
			    .backend = FC_BACKEND_TRACEPOINT,
			    .way = FC_REPEAT_FEXIT,
			    .verdict =
				    dropped && repeat_alone() ? FC_REPEAT_SIGNAL : FC_REPEAT_NONE,
			    .place = BPF_CORE_READ(target, tgid)};
	struct task_regs regs;
	bool ours;

	current_regs(&regs);
	if (dropped)
		ours = refuse_signal(&w, &regs, target, sig);
	else if (sig == SIGXFSZ)
		ours = refuse_size(&w, &regs);
	else
		ours = refuse_cpu(&w, &regs, sig);
	if (ours)
		tell(&w, &regs);
	return 0;
}

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_signals(struct refusal *w, const struct refused_call *c)
{
	if (c->regs.call != FC_CALL_TIMER_CREATE || c->ret != -EAGAIN)
		return false;
	w->hook = FC_HOOK_TIMER_CREATE;
	return exit_serves[w->hook] && refuse_timer(w, c);
}

#endif
