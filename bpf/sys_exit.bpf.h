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

#include "brk.bpf.h"
#include "files.bpf.h"
#include "ipc_more.bpf.h"
#include "locked.bpf.h"
#include "memory.bpf.h"
#include "net.bpf.h"
#include "signals.bpf.h"
#include "space_hooks.bpf.h"
#include "tasks.bpf.h"
#include "users.bpf.h"

/* From calls.def: FC_ERRNO() of each errno that a limit can refuse that call with. */
const volatile __u64 call_errnos[FC_CALLS + 1];
/* The same by number, of native and 32-bit calls together, with those that count for every call. */
const volatile __u64 nr_errnos[FC_CALL_NUMBERS];

#define MAX_ERRNO 4095
#define IS_ERRNO(ret) ((unsigned long)(ret) >= (unsigned long)-MAX_ERRNO)

/* Nobody's: EAGAIN of every empty socket, EINVAL of every readlink() of what is no link. */
static __always_inline bool not_ours(const struct refused_call *c)
{
	__u32 call = c->regs.call;

	/* sigreturn(2) gives back what the call had returned that a signal handler came after. */
	if (c->regs.nr < 0)
		return true;
	if (c->ret == -EMFILE || c->ret == -ENFILE)
		return false;
	if (!IS_ERRNO(c->ret)) /* brk() returns where the heap ends: at less than was asked for? */
		return call != FC_CALL_BRK || (__u64)c->ret >= c->regs.arg[0];
	return call >= FC_CALLS || !(call_errnos[call] & FC_ERRNO(-c->ret));
}

/*
 * Whatever the call, and before all other limits: memcg.bpf.h tells why. While two programs run,
 * for the other one to leave it out as well, the note stays; the next call of the thread has
 * others.
 */
static __always_inline bool exit_memcg(struct refusal *w, const struct refused_call *c)
{
	w->hook = FC_HOOK_CREATE_PIPE; /* of those that are for memory alone, as good as any */
	return may_be_memory(c->ret) && exit_serves[FC_HOOK_CREATE_PIPE] &&
	       refused_by_memcg(w, &c->regs, !hook_handover[FC_HOOK_CREATE_PIPE]);
}

/*
 * Not on the stack: what is in a map the verifier does not follow. One for each of the two
 * programs, which neither interrupt themselves on a processor nor share it.
 */
struct exit_state {
	struct refusal w;
	struct refused_call c;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct exit_state);
} exit_states SEC(".maps");

/*
 * The subsystems one by one, in functions that are not static: the verifier walks such a function
 * once, not once for each way that leads to it, and a start waits for that (350 ms without). It
 * takes numbers only, so that each looks up where the refusal is.
 */
#define AT_EXIT(name, whether)                                                    \
	__noinline int at_exit_##name(__u32 which)                                \
	{                                                                         \
		struct exit_state *s = bpf_map_lookup_elem(&exit_states, &which); \
                                                                                  \
		return s && (whether);                                            \
	}

AT_EXIT(memcg, exit_memcg(&s->w, &s->c))
AT_EXIT(users, exit_users(&s->w, &s->c))
AT_EXIT(files, exit_files(&s->w, &s->c))
AT_EXIT(ipc, exit_ipc(&s->w, &s->c))
AT_EXIT(tasks, exit_tasks(&s->w, &s->c))
AT_EXIT(brk, exit_brk(&s->w, &s->c))
AT_EXIT(memory, exit_memory(&s->w, &s->c))
AT_EXIT(locked, exit_locked(&s->w, &s->c))
AT_EXIT(signals, exit_signals(&s->w, &s->c))
AT_EXIT(space, exit_space(&s->w, &s->c))

/* inotify_init() counts instances before it asks for a descriptor: so users before files. */
static __always_inline bool exit_refused(__u32 which)
{
	return at_exit_users(which) || at_exit_files(which) || at_exit_ipc(which) ||
	       at_exit_tasks(which) || at_exit_brk(which) || at_exit_memory(which) ||
	       at_exit_locked(which) || at_exit_signals(which) || at_exit_space(which);
}

static __always_inline void finish_any(struct fc_refused *r, const struct refused_call *c)
{
	if (c->ret == -ENOSPC || c->ret == -EDQUOT)
		finish_space(r, c);
	else
		finish_exit(r, c);
}

/*
 * One more of what was told already? By the call and its errno, where they have one meaning, or by
 * the numbers (repeat.bpf.h).
 */
static __always_inline __u64 sure_typed(long ret)
{
	struct typed_call c;

	if (!typed_call(&c))
		return 0;
	switch (c.call) {
	case FC_CALL_SEMGET:
		return ret == -ENOSPC ? sure_set() : 0;
	case FC_CALL_MSGGET:
		return ret == -ENOSPC ? sure_queue() : 0;
	case FC_CALL_INOTIFY_INIT:
		return ret == -EMFILE ? sure_instances(c.task) : 0;
	case FC_CALL_INOTIFY_ADD_WATCH:
	case FC_CALL_FANOTIFY_MARK:
		return ret == -ENOSPC ? REPEAT_AT(FC_REPEAT_UCOUNT, 0) : 0;
	case FC_CALL_EPOLL_CTL:
		return ret == -ENOSPC ? REPEAT_AT(FC_REPEAT_EPOLL, 0) : 0;
	case FC_CALL_IO_SETUP:
		return ret == -EAGAIN ? REPEAT_AT(FC_REPEAT_AIO, 0) : 0;
	case FC_CALL_FORK:
	case FC_CALL_CLONE:
	case FC_CALL_CLONE3:
		return ret == -EAGAIN ? sure_task(true) : 0;
	case FC_CALL_MMAP:
		return sure_mmap(ret);
	case FC_CALL_BRK:
		return sure_brk();
	case FC_CALL_SHMGET:
		return sure_segment(ret);
	case FC_CALL_WRITE:
	case FC_CALL_PWRITE:
	case FC_CALL_WRITE_FD:
		return ret == -ENOSPC ? sure_write() : 0;
	}
	return 0;
}

__noinline __u64 sure_call(__u64 nr, long ret)
{
	__u8 call = native_call(nr);
	__u32 verdict = FC_REPEAT_ALLOC_FD, more = 0;
	__u64 at;

	if (ret != -EMFILE || call == FC_CALL_INOTIFY_INIT || call == FC_CALL_FANOTIFY_INIT ||
	    call == FC_CALL_MQ_OPEN) {
		at = sure_typed(ret);
		if (!at)
			return 0;
		verdict = REPEAT_VERDICT(at);
		more = REPEAT_PLACE(at);
	}
	return REPEAT_AT(verdict, (1 + (__u32)nr) | verdict << 10 | more << 18);
}

/* Of each verdict. */
static const __u8 repeat_hook[FC_REPEAT_VERDICTS] = {
#define REPEAT(name, hook, resource) [FC_REPEAT_##name] = hook,
#include "repeats.def"
#undef REPEAT
};

/* Not inline, as below. */
static __noinline bool sys_exit_again(__u64 nr, long ret, bool first)
{
	__u64 at = sure_call(nr, ret);
	__u32 verdict = REPEAT_VERDICT(at);
	__u64 hook;

	if (!at || verdict >= FC_REPEAT_VERDICTS)
		return false;
	hook = repeat_hook[verdict];
	asm volatile("" : "+r"(hook)); /* what the table has the verifier does not know */
	if (hook >= FC_HOOKS || !exit_serves[hook] || hook_handover[hook] ||
	    hook_elsewhere(hook, first))
		return false;
	return repeat_count(first ? FC_REPEAT_RAW_EXIT : FC_REPEAT_EXIT, at);
}

static __always_inline bool exit_tell(struct exit_state *s, bool first)
{
	__u64 at;

	if (!s->c.regs.compat && s->c.regs.nr >= 0 && repeat_alone()) {
		at = sure_call(s->c.regs.nr, s->c.ret);
		s->w.way = first ? FC_REPEAT_RAW_EXIT : FC_REPEAT_EXIT;
		s->w.verdict = REPEAT_VERDICT(at);
		s->w.place = REPEAT_PLACE(at);
	}
	if (s->w.hook < FC_HOOKS && !hook_silent(s->w.hook, first))
		tell_whole(&s->w, &s->c, finish_any);
	return true;
}

AT_EXIT(tell, exit_tell(s, which))

/* Not inline: hook.bpf.h tells why. */
static __noinline int sys_exit_refused(bool first, long ret, __u64 nr)
{
	__u32 which = first;
	struct exit_state *s;
	struct task_regs regs; /* what is read back from a map has no bounds */

	if (ret < -EDQUOT || sys_exit_again(nr, ret, first))
		return 0;
	s = bpf_map_lookup_elem(&exit_states, &which);
	if (!s)
		return 0;
	current_regs(&regs);
	__builtin_memset(s, 0, sizeof(*s));
	s->c.ret = ret;
	s->c.by_exit = true;
	s->c.regs = regs;
	s->w.backend = FC_BACKEND_TRACEPOINT;
	s->w.err = -ret;
	if (at_exit_memcg(which) || (!not_ours(&s->c) && exit_refused(which)))
		at_exit_tell(which);
	return 0;
}

/*
 * What every system call pays for: so each instruction counts, and README says how many there are.
 * The context stays in the register where it came, the result in the one where it is handed on.
 *
 *   failed         Errnos are bits of one word, those above 64 folded into it. EAGAIN of read() is
 *                  as frequent as success: so the number tells whether a limit can refuse that
 *                  call with that errno.
 *   succeeded      with less than any heap's address, which read() and its kin return at most;
 *   an address     or one that mmap() returns, from the upper end: above any heap. brk() knows no
 *                  errno, but returns the old end of the heap, less than was asked for. 32-bit
 *                  programs ask in another register.
 */
#define ORDINARY (4UL << 20)
#if defined(__TARGET_ARCH_arm64)
#define MMAP_LOWEST 0xc00000000000UL
#define NR(regs) ((__u32)(regs)->syscallno)
#define NR_BRK 214 /* asm-generic/unistd.h */
#define ASKED orig_x0
#define ASKED_32BIT orig_x0
#else
#define MMAP_LOWEST 0x700000000000UL
#define NR(regs) ((regs)->orig_ax)
#define NR_BRK 12 /* asm/unistd_64.h; of 32-bit programs chdir, which returns no address */
#define ASKED di
#define ASKED_32BIT bx
#endif
#define NR_BRK_32BIT 45 /* asm/unistd_32.h, and of arm; of 64-bit programs no address */

/* Is it one of them? A shift counts by the lowest 6 bits of ret: bit -ret - 1 becomes the sign. */
static __always_inline bool errno_among(__u64 errnos, long ret)
{
	asm("%0 <<= %1" : "+r"(errnos) : "r"(ret));
	return (__s64)errnos < 0;
}

static __always_inline bool may_refuse(__u64 nr, long ret)
{
	return errno_among(nr_errnos[nr & (FC_CALL_NUMBERS - 1)], ret);
}

/* Not inline, so that nothing is kept for it where it is not called. */
static __noinline int brk_returned(bool first, long ret)
{
	return exit_serves[FC_HOOK_BRK] ? sys_exit_refused(first, ret, NR_BRK) : 0;
}

/* Typed: what stands in the registers costs one load each. */
SEC("tp_btf/sys_exit")
int tpbtf_sys_exit(unsigned long long *ctx)
{
	struct pt_regs *regs;
	long ret = ctx[1];
	__u64 nr;

	if (ret < 0) {
		if (!errno_among(FC_OUR_ERRNOS, ret))
			return 0;
		regs = (struct pt_regs *)ctx[0];
		if (may_refuse(NR(regs), ret))
			sys_exit_refused(true, ret, NR(regs));
		return 0;
	}
	if ((__u64)ret < ORDINARY || (__u64)ret >= MMAP_LOWEST)
		return 0;
	regs = (struct pt_regs *)ctx[0];
	nr = NR(regs);
	if (nr == NR_BRK) {
		if ((__u64)ret < regs->ASKED)
			brk_returned(true, ret);
		return 0;
	}
	barrier_var(nr); /* else 45 is compared first */
	if (nr == NR_BRK_32BIT && (__u64)ret < regs->ASKED_32BIT)
		brk_returned(true, ret);
	return 0;
}

static __noinline int brk_returned_classic(long ret, __u64 nr)
{
	__u64 asked;

	if (nr == NR_BRK)
		TASK_REG(asked, ASKED);
	else
		TASK_REG(asked, ASKED_32BIT);
	/* not by brk_returned(): calls may be 8 deep */
	return (__u64)ret < asked && exit_serves[FC_HOOK_BRK] ? sys_exit_refused(false, ret, NR_BRK)
							      : 0;
}

/* The same for preemptible kernels, where typed programs are skipped. Costs more. */
SEC("tracepoint/raw_syscalls/sys_exit")
int tp_sys_exit(struct trace_event_raw_sys_exit *ctx)
{
	long ret = ctx->ret;

	if (ret < 0) {
		if (errno_among(FC_OUR_ERRNOS, ret) && may_refuse(ctx->id, ret))
			sys_exit_refused(false, ret, ctx->id);
		return 0;
	}
	if ((__u64)ret < ORDINARY || (__u64)ret >= MMAP_LOWEST)
		return 0;
	if (ctx->id == NR_BRK || ctx->id == NR_BRK_32BIT)
		brk_returned_classic(ret, ctx->id);
	return 0;
}

#endif
