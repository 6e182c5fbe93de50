/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook.bpf.h - one body, every backend.
 *
 *   ON_RETURN(hook, function, arguments, type, failed, body)
 *
 * makes the programs fexit_FUNCTION and kretprobe_FUNCTION; both test the
 * return value as `type ret` with the expression `failed` and then call
 * body(ret, hook, backend). Nothing else runs when the call succeeded: body is
 * in a function of its own (refused_FUNCTION), because what it needs of stack
 * and saved registers would be set up at the entry of the program.
 *
 * The tracepoint backend has one program for all hooks: sys_exit.bpf.h.
 *
 * Moving a running hook. Preemptible kernels skip fexit and raw_tp programs
 * (kernel-hooks.md, v). To move such a hook without losing or doubling a call,
 * both programs run for a while: the first marks each call that it told, and
 * the second, which always runs later in the same call, leaves those out.
 */
#ifndef FAILCNT_HOOK_BPF_H
#define FAILCNT_HOOK_BPF_H

#include "emit.bpf.h"

#define HANDOVER_SLOTS 1024

/* Written by the collector. */
__u8 hook_via[FC_HOOKS + 1];      /* the backend that tells; 0: whichever is attached */
__u8 hook_handover[FC_HOOKS + 1]; /* 1: both run; the first marks, the second obeys */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HANDOVER_SLOTS);
	__type(key, __u64); /* thread, hook */
	__type(value, __u8);
} handover SEC(".maps");

/* first: the program that runs earlier in a call than the one that takes over. */
static __always_inline bool hook_silent(__u8 hook, bool first)
{
	__u64 key = bpf_get_current_pid_tgid() << 8 | hook;
	__u8 one = 1;

	if (!hook_handover[hook])
		return hook_via[hook] && (hook_via[hook] == 1) != first;
	if (first) {
		if (hook_via[hook] != 1)
			return true;
		bpf_map_update_elem(&handover, &key, &one, BPF_ANY);
		return false;
	}
	return bpf_map_delete_elem(&handover, &key) == 0;
}

#define ON_RETURN(hook, fn, nargs, type, failed, body)               \
	static __noinline int refused_##fn(long ret, __u8 backend)   \
	{                                                            \
		if (!hook_silent(hook, backend == FC_BACKEND_FEXIT)) \
			body(ret, hook, backend);                    \
		return 0;                                            \
	}                                                            \
	SEC("fexit/" #fn)                                            \
	int fexit_##fn(unsigned long long *ctx)                      \
	{                                                            \
		type ret = (type)ctx[nargs];                         \
		if (failed)                                          \
			refused_##fn(ret, FC_BACKEND_FEXIT);         \
		return 0;                                            \
	}                                                            \
	SEC("kretprobe/" #fn)                                        \
	int kretprobe_##fn(struct pt_regs *ctx)                      \
	{                                                            \
		type ret = (type)PT_REGS_RC(ctx);                    \
		if (failed)                                          \
			refused_##fn(ret, FC_BACKEND_KPROBE);        \
		return 0;                                            \
	}

#endif
