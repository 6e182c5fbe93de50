/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys_exit.bpf.h - the tracepoint backend: one program at the end of every
 * system call, which returns at once for anything that is not one of our
 * errnos. It sees what the program saw, so it misses what no return value
 * tells (SCM_RIGHTS, io_uring), and names a limit only by the numbers.
 *
 * Each subsystem has a function exit_SUBSYSTEM(w, c) beside its hooks: true
 * with *w filled, w->hook too, when the call was refused by one of its limits
 * (and exit_serves[w->hook]). Not inline, for the stack has 512 bytes in all.
 * calls.def says which calls and errnos come so far.
 */
#ifndef FAILCNT_SYS_EXIT_BPF_H
#define FAILCNT_SYS_EXIT_BPF_H

#include "files.bpf.h"
#include "ipc.bpf.h"
#include "locked.bpf.h"
#include "memory.bpf.h"
#include "net.bpf.h"
#include "signals.bpf.h"
#include "space.bpf.h"
#include "tasks.bpf.h"
#include "users.bpf.h"

/* From calls.def: bit e & 63 for each errno that a limit can refuse that call with. */
const volatile __u64 call_errnos[FC_CALLS + 1];

#define MAX_ERRNO 4095

/* Nobody's: EAGAIN of every empty socket, EINVAL of every readlink() of what is no link. */
static __always_inline bool not_ours(const struct refused_call *c)
{
	__u32 call = c->regs.call;

	if (c->ret == -EMFILE || c->ret == -ENFILE)
		return false;
	return call >= FC_CALLS || !(call_errnos[call] >> (-c->ret & 63) & 1);
}

static __always_inline bool exit_refused(struct refusal *w, const struct refused_call *c)
{
	return exit_files(w, c) || exit_ipc(w, c) || exit_users(w, c) || exit_tasks(w, c) ||
	       exit_memory(w, c) || exit_locked(w, c) || exit_signals(w, c) || exit_space(w, c) ||
	       exit_net(w, c);
}

/* Not inline: hook.bpf.h tells why. */
static __noinline int sys_exit_refused(long ret, bool first)
{
	struct refused_call c = {.ret = ret, .by_exit = true};
	struct refusal w = {.backend = FC_BACKEND_TRACEPOINT, .err = -ret};

	current_regs(&c.regs);
	if (not_ours(&c) || !exit_refused(&w, &c) || w.hook >= FC_HOOKS)
		return 0;
	if (!hook_silent(w.hook, first))
		tell_whole(&w, &c, finish_exit);
	return 0;
}

/*
 * The only thing that every system call pays for. Errnos are bits of one word, those above 63
 * folded into it: what comes through is looked at more closely.
 */
#define IS(e) (1ULL << ((e)&63))
#define OUR_ERRNOS                                                                                \
	(IS(E2BIG) | IS(EAGAIN) | IS(ENOMEM) | IS(EINVAL) | IS(ENFILE) | IS(EMFILE) | IS(EFBIG) | \
	 IS(ENOSPC) | IS(ERANGE) | IS(EPERM) | IS(EADDRNOTAVAIL) | IS(ENOBUFS) | IS(EDQUOT))
#define MAYBE_OURS(ret) \
	((unsigned long)(ret) >= (unsigned long)-EDQUOT && OUR_ERRNOS >> (-(ret)&63) & 1)

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
