/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stall.bpf.h - a page fault that a full memory cgroup refuses, where its OOM killer is switched
 * off (cgroup v1, memory.oom_control): the process gets no error, it waits.
 *
 * mem_cgroup_oom() then leaves the cgroup in current->memcg_in_oom, and pagefault_out_of_memory()
 * calls mem_cgroup_oom_synchronize(true), which waits until there is room or a signal. All of it
 * runs only then. In version 2 nothing is left there.
 */
#ifndef FAILCNT_STALL_BPF_H
#define FAILCNT_STALL_BPF_H

#include "hook.bpf.h"

static __noinline int stall_begins(__u8 backend)
{
	struct refusal w = {.hook = FC_HOOK_MEMCG_STALL, .backend = backend, .err = ENOMEM};
	struct task_struct *task = (void *)bpf_get_current_task();
	struct refused_call c = {};
	struct mem_cgroup *memcg;
	struct page_counter *n;

	if (!bpf_core_field_exists(task->memcg_in_oom) ||
	    hook_silent(FC_HOOK_MEMCG_STALL, backend == FC_BACKEND_FEXIT))
		return 0;
	memcg = BPF_CORE_READ(task, memcg_in_oom);
	if (!memcg)
		return 0;
	n = __builtin_preserve_access_index(&memcg->memory);
	w.variant = memory_is_v1 ? FC_VARIANT_MEMORY_V1 : 0;
	if (memory_is_v1 && counter_is_full(__builtin_preserve_access_index(&memcg->swap))) {
		n = __builtin_preserve_access_index(&memcg->swap);
		w.variant = FC_VARIANT_MEMORY_MEMSW;
	}
	w.resource = FC_MEMORY;
	w.held = BPF_CORE_READ(n, usage.counter) << page_shift;
	w.limit = BPF_CORE_READ(n, max) << page_shift;
	w.owner = memcg_kn(memcg);
	w.has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_CERTAIN;
	c.regs.nr = -1; /* of a fault in a system call it would not be the call that failed */
	tell(&w, &c.regs);
	return 0;
}

/* (handle): false only clears what is left there. */
SEC("fentry/mem_cgroup_oom_synchronize")
int fentry_mem_cgroup_oom_synchronize(unsigned long long *ctx)
{
	if (ctx[0] & 0xff)
		stall_begins(FC_BACKEND_FEXIT);
	return 0;
}

SEC("kprobe/mem_cgroup_oom_synchronize")
int kprobe_mem_cgroup_oom_synchronize(struct pt_regs *ctx)
{
	if (PT_REGS_PARM1(ctx) & 0xff)
		stall_begins(FC_BACKEND_KPROBE);
	return 0;
}

#endif
