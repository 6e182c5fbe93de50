/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook.bpf.h - one body, every backend.
 *
 *   ON_RETURN(hook, function, type, failed, body)
 *
 * makes the programs fexit_FUNCTION and kretprobe_FUNCTION; both test the
 * return value as `type ret` with the expression `failed` and then call
 *
 *   bool body(struct refusal *w, const struct refused_call *c)
 *
 * which finds out whether a limit refused, and which: true with *w filled when
 * it is to be told (hook, backend and err = -ret are set already). Nothing else
 * runs when the call succeeded: body is in a function of its own
 * (refused_FUNCTION), because what it needs of stack and saved registers would
 * be set up at the entry of the program.
 *
 * ON_RETURN_SURE and its kin: for what is refused in floods, `sure` finds out at a small price
 * whether it is one more of the same (repeat.bpf.h).
 *
 * ON_RETURN_ARGS is for a body that needs the first three arguments of the
 * function: a kretprobe does not have them, so that a third program,
 * kprobe_FUNCTION, keeps them at each call. Only for functions that run rarely.
 *
 * finish(w, c), where it is given to ON_RETURN_WHOLE, completes a record that
 * is told whole: costly reading that repeats are not to pay for.
 *
 * How many arguments the function has on this kernel, and so where fexit finds
 * the return value, the collector reads from BTF (hook_nargs).
 *
 * The tracepoint backend has one program for all hooks: sys_exit.bpf.h. It
 * calls the same bodies with c->by_exit set and without arguments.
 *
 * Moving a running hook. Preemptible kernels skip fexit and raw_tp programs
 * (kernel-hooks.md, v). To move such a hook without losing or doubling a call,
 * both programs run for a while: the first marks each call that it told, and
 * the second, which always runs later in the same call, leaves those out.
 */
#ifndef FAILCNT_HOOK_BPF_H
#define FAILCNT_HOOK_BPF_H

#include "memcg.bpf.h"
#include "probe_missed.bpf.h"

#define HANDOVER_SLOTS 1024
#define COUNTER_CPUS 512

/*
 * The exact sum, as percpu_counter_sum_positive(); the central count alone is a batch off a CPU.
 * Of more CPUs than these only the central count is read.
 */
static __noinline __u64 percpu_total(const struct percpu_counter *c, __u32 cpus)
{
	__s64 n = BPF_CORE_READ(c, count);
	void *percpu = BPF_CORE_READ(c, counters);
	__u32 cpu;

	for (cpu = 0; cpu < cpus; cpu++) {
		__u64 offset = 0;
		__s32 delta = 0;

		if (cpu >= possible_cpus || !ADDR(__per_cpu_offset))
			break;
		bpf_probe_read_kernel(&offset, sizeof(offset),
				      (const void *)ADDR(__per_cpu_offset) + 8 * cpu);
		bpf_probe_read_kernel(&delta, sizeof(delta), percpu + offset);
		n += delta;
	}
	return n > 0 ? n : 0;
}

/* Hooks that the program at sys_exit serves: all, or those that found no better one. */
const volatile bool exit_serves[FC_HOOKS + 1];

/* Written by the collector. */
__u8 hook_via[FC_HOOKS + 1];      /* the backend that tells; 0: whichever is attached */
__u8 hook_handover[FC_HOOKS + 1]; /* 1: both run; the first marks, the second obeys */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HANDOVER_SLOTS);
	__type(key, __u64); /* thread, hook */
	__type(value, __u8);
} handover SEC(".maps");

/* Another program tells of it. */
static __always_inline bool hook_elsewhere(__u8 hook, bool first)
{
	return hook_via[hook] && (hook_via[hook] == 1) != first;
}

/* first: the program that runs earlier in a call than the one that takes over. */
static __always_inline bool hook_silent(__u8 hook, bool first)
{
	__u64 key = bpf_get_current_pid_tgid() << 8 | hook;
	__u8 one = 1;

	if (!hook_handover[hook])
		return hook_elsewhere(hook, first);
	if (first) {
		if (hook_via[hook] != 1)
			return true;
		bpf_map_update_elem(&handover, &key, &one, BPF_ANY);
		return false;
	}
	return bpf_map_delete_elem(&handover, &key) == 0;
}

/* How many arguments each hook's function has here, from BTF. */
const volatile __u8 hook_nargs[FC_HOOKS + 1];

/* The call that was refused, as a body sees it. */
struct refused_call {
	struct task_regs regs;
	long ret;
	__u64 arg[3]; /* of the function; see has_args */
	bool has_args;
	bool by_exit; /* seen at sys_exit: only the numbers tell which limit it was */
};

struct kept_args {
	__u64 arg[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HANDOVER_SLOTS);
	__type(key, __u64); /* thread, hook */
	__type(value, struct kept_args);
} kept SEC(".maps");

static __always_inline int keep_args(__u8 hook, struct pt_regs *ctx)
{
	__u64 key = bpf_get_current_pid_tgid() << 8 | hook;
	struct kept_args k = {{PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx)}};

	bpf_map_update_elem(&kept, &key, &k, BPF_ANY);
	return 0;
}

static __always_inline void take_args(__u8 hook, struct refused_call *c)
{
	__u64 key = bpf_get_current_pid_tgid() << 8 | hook;
	struct kept_args *k = bpf_map_lookup_elem(&kept, &key);

	if (!k)
		return;
	__builtin_memcpy(c->arg, k->arg, sizeof(c->arg));
	c->has_args = true;
	bpf_map_delete_elem(&kept, &key);
}

/*
 * Where fexit's context has the return value: after the arguments, all of 8 bytes. The verifier
 * wants to see a fixed offset at each load, which a compiler would merge into one at the end.
 */
#define FEXIT_SLOT(ctx, i)                                                                  \
	({                                                                                  \
		__u64 v_;                                                                   \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(v_) : "r"(ctx), "i"(8 * (i))); \
		v_;                                                                         \
	})

static __always_inline __u64 fexit_ret(const void *ctx, __u8 hook)
{
	switch (hook_nargs[hook]) {
	case 0:
		return FEXIT_SLOT(ctx, 0);
	case 1:
		return FEXIT_SLOT(ctx, 1);
	case 2:
		return FEXIT_SLOT(ctx, 2);
	case 3:
		return FEXIT_SLOT(ctx, 3);
	case 4:
		return FEXIT_SLOT(ctx, 4);
	case 5:
		return FEXIT_SLOT(ctx, 5);
	case 7: /* 7 and 8: only kernels from 6.6 on load such a program */
		return FEXIT_SLOT(ctx, 7);
	case 8:
		return FEXIT_SLOT(ctx, 8);
	default:
		return FEXIT_SLOT(ctx, 6);
	}
}

#define FEXIT_ARG(ctx, hook, i) (hook_nargs[hook] > (i) ? FEXIT_SLOT(ctx, i) : 0)

/*
 * Is it one more of what was told already? `sure` finds out, from ret, backend_ and arg2, the third
 * argument where that is a number (repeat.bpf.h). Before anything else, for this is what a flood
 * pays for; and not static, so that the verifier walks it, and what comes after it, once.
 */
#define REPEATED_FUNCTION(hook_, fn, sure)                                                        \
	__noinline __u64 repeated_##fn(long ret, __u8 backend_, __u64 arg2)                       \
	{                                                                                         \
		__u64 at;                                                                         \
                                                                                                  \
		/* else the compiler leaves out what is not used, and the verifier asks for it */ \
		asm volatile("" : : "r"(ret), "r"((__u64)backend_), "r"(arg2));                   \
		if (hook_handover[hook_] || hook_elsewhere(hook_, backend_ == FC_BACKEND_FEXIT))  \
			return 0;                                                                 \
		at = repeat_alone() ? (sure) : 0;                                                 \
		return at && repeat_count(repeat_way(backend_), at) ? REPEATED : at;              \
	}
#define REPEATED (~0ULL)

#define REFUSED_FUNCTION(hook, fn, kept_, body, tell_with) \
	REFUSED_FUNCTION_(hook, fn, kept_, 0, body, tell_with)
#define REFUSED_FUNCTION_SURE(hook, fn, kept_, sure, body, tell_with)                        \
	REPEATED_FUNCTION(hook, fn, sure)                                                    \
	REFUSED_FUNCTION_(hook, fn, kept_, repeated_##fn(ret, backend_, SURE_##kept_), body, \
			  tell_with)
#define SURE_true arg2
#define SURE_false 0

#define REFUSED_FUNCTION_(hook_, fn, kept_, repeated, body, tell_with)                        \
	static __noinline int refused_##fn(long ret, __u8 backend_, __u64 arg0, __u64 arg1,   \
					   __u64 arg2)                                        \
	{                                                                                     \
		__u64 at = (repeated);                                                        \
		struct refused_call c;                                                        \
		struct refusal w;                                                             \
                                                                                              \
		if (at == REPEATED)                                                           \
			return 0;                                                             \
		c = (struct refused_call){.ret = ret,                                         \
					  .arg = {arg0, arg1, arg2},                          \
					  .has_args = kept_ && backend_ == FC_BACKEND_FEXIT}; \
		refusal_clear(&w);                                                            \
		w.hook = hook_;                                                               \
		w.backend = backend_;                                                         \
		w.err = -ret;                                                                 \
		w.way = repeat_way(backend_);                                                 \
		w.verdict = REPEAT_VERDICT(at);                                               \
		w.place = REPEAT_PLACE(at);                                                   \
		if (hook_silent(hook_, backend_ == FC_BACKEND_FEXIT))                         \
			return 0;                                                             \
		if (kept_ && backend_ == FC_BACKEND_KPROBE)                                   \
			take_args(hook_, &c);                                                 \
		current_regs(&c.regs);                                                        \
		if ((asks_memcg(hook_) && may_be_memory(ret) &&                               \
		     refused_by_memcg(&w, &c.regs, true)) ||                                  \
		    body(&w, &c))                                                             \
			tell_with;                                                            \
		return 0;                                                                     \
	}

#define RETURN_PROGRAMS(hook, fn, kept_, type, failed)                                     \
	SEC("fexit/" #fn)                                                                  \
	int fexit_##fn(unsigned long long *ctx)                                            \
	{                                                                                  \
		type ret = (type)fexit_ret(ctx, hook);                                     \
		if (!(failed))                                                             \
			return 0;                                                          \
		if (kept_)                                                                 \
			refused_##fn((long)ret, FC_BACKEND_FEXIT, FEXIT_ARG(ctx, hook, 0), \
				     FEXIT_ARG(ctx, hook, 1), FEXIT_ARG(ctx, hook, 2));    \
		else                                                                       \
			refused_##fn((long)ret, FC_BACKEND_FEXIT, 0, 0, 0);                \
		return 0;                                                                  \
	}                                                                                  \
	SEC("kretprobe/" #fn)                                                              \
	int kretprobe_##fn(struct pt_regs *ctx)                                            \
	{                                                                                  \
		type ret = (type)PT_REGS_RC(ctx);                                          \
		if (failed) {                                                              \
			probe_note_missed(hook);                                           \
			refused_##fn((long)ret, FC_BACKEND_KPROBE, 0, 0, 0);               \
		}                                                                          \
		return 0;                                                                  \
	}

/* fn is expanded first: it may be a macro for the name on this architecture. */
#define ON_RETURN_(hook, fn, kept_, type, failed, body, tell_with) \
	REFUSED_FUNCTION(hook, fn, kept_, body, tell_with)         \
	RETURN_PROGRAMS(hook, fn, kept_, type, failed)
#define ON_RETURN_SURE_(hook, fn, kept_, type, failed, sure, body, tell_with) \
	REFUSED_FUNCTION_SURE(hook, fn, kept_, sure, body, tell_with)         \
	RETURN_PROGRAMS(hook, fn, kept_, type, failed)
#define KEEP_ARGS_(hook, fn)                 \
	SEC("kprobe/" #fn)                   \
	int kprobe_##fn(struct pt_regs *ctx) \
	{                                    \
		return keep_args(hook, ctx); \
	}

#define ON_RETURN(hook, fn, type, failed, body) \
	ON_RETURN_(hook, fn, false, type, failed, body, tell(&w, &c.regs))
#define ON_RETURN_WHOLE(hook, fn, type, failed, body, finish) \
	ON_RETURN_(hook, fn, false, type, failed, body, tell_whole(&w, &c, finish))
#define ON_RETURN_ARGS(hook, fn, type, failed, body)                      \
	ON_RETURN_(hook, fn, true, type, failed, body, tell(&w, &c.regs)) \
	KEEP_ARGS_(hook, fn)

#define ON_RETURN_SURE(hook, fn, type, failed, sure, body) \
	ON_RETURN_SURE_(hook, fn, false, type, failed, sure, body, tell(&w, &c.regs))
#define ON_RETURN_WHOLE_SURE(hook, fn, type, failed, sure, body, finish) \
	ON_RETURN_SURE_(hook, fn, false, type, failed, sure, body, tell_whole(&w, &c, finish))
#define ON_RETURN_ARGS_SURE(hook, fn, type, failed, sure, body)                      \
	ON_RETURN_SURE_(hook, fn, true, type, failed, sure, body, tell(&w, &c.regs)) \
	KEEP_ARGS_(hook, fn)

/* What only a whole record needs is read here. */
#define tell_whole(w, c, finish)                                      \
	({                                                            \
		struct fc_refused *r_ = refused_begin(w, &(c)->regs); \
		if (r_) {                                             \
			finish(r_, c);                                \
			bpf_ringbuf_submit(r_, 0);                    \
		}                                                     \
	})

#if defined(__TARGET_ARCH_arm64)
#define SYSCALL_FN(name) __arm64_sys_##name
#else
#define SYSCALL_FN(name) __x64_sys_##name
#endif

#endif
