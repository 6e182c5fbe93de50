/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memcg.bpf.h - memory of a cgroup that a system call asked for in vain: ENOMEM, and what some make
 * of it, at memory.max.
 *
 * The charge itself (try_charge() of mm/memcontrol.c) is on the way of every page fault, and no
 * function runs only when it fails. But before it fails it tries to reclaim, and that nothing could
 * be reclaimed is told by a tracepoint, mm_vmscan_memcg_reclaim_end(0). That is noted here for the
 * call under way, with the first cgroup from the leaf upwards that is full. Mostly the OOM killer
 * makes room then, and the call succeeds. It fails where the killer may not be asked (an allocation
 * with __GFP_RETRY_MAYFAIL or __GFP_NORETRY, a large one, oom_kill_disable of cgroup v1), or finds
 * nobody to kill (all of them have oom_score_adj -1000). So an errno for want of memory in the same
 * call is that cgroup's: as good as seen, but inferred.
 *
 * A page fault has no errno, and is not noted. One inside a system call becomes its EFAULT.
 */
#ifndef FAILCNT_MEMCG_BPF_H
#define FAILCNT_MEMCG_BPF_H

#include "emit.bpf.h"

#define CHARGE_PAGES 8 /* a walk for the culprit allows for a charge of so many pages */
#define MEMCG_LEVELS 16

/* What a call in vain was, so that another call of the same thread is not taken for it. */
struct reclaim_note {
	__u64 start; /* of the process: numbers of threads are used again */
	__u64 arg[4];
	__s32 nr;
	__u8 variant, pad[3];
	__u64 held, limit;
	struct kernfs_node *owner;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* thread */
	__type(value, struct reclaim_note);
} reclaims SEC(".maps");

static __always_inline bool counter_is_full(struct page_counter *c)
{
	__s64 usage = BPF_CORE_READ(c, usage.counter);

	return usage + CHARGE_PAGES > (__s64)BPF_CORE_READ(c, max);
}

/* The first ancestor of the task's cgroup that is full. */
static __always_inline struct mem_cgroup *full_memcg(struct task_struct *task)
{
	struct mem_cgroup *memcg = css_set_memcg(BPF_CORE_READ(task, cgroups));
	int i;

	for (i = 0; i < MEMCG_LEVELS && memcg; i++) {
		struct page_counter *parent = BPF_CORE_READ(memcg, memory.parent);

		if (counter_is_full(__builtin_preserve_access_index(&memcg->memory)) ||
		    (memory_is_v1 &&
		     counter_is_full(__builtin_preserve_access_index(&memcg->swap))))
			return memcg;
		if (!parent)
			return NULL;
		memcg = (void *)parent - bpf_core_field_offset(struct mem_cgroup, memory);
	}
	return NULL;
}

static __always_inline __u64 process_start(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/* Not inline: hook.bpf.h tells why. */
static __noinline int note_reclaim(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct reclaim_note n = {};
	struct mem_cgroup *memcg;
	struct page_counter *c;
	struct task_regs regs;

	if (filter_resources && !want_resource[FC_MEMORY])
		return 0;
	current_regs(&regs);
	if (regs.nr < 0)
		return 0;
	memcg = full_memcg(task);
	if (!memcg)
		return 0;
	c = __builtin_preserve_access_index(&memcg->memory);
	n.variant = memory_is_v1 ? FC_VARIANT_MEMORY_V1 : 0;
	/* Version 1 charges memory and swap first (do_memsw_account()). */
	if (memory_is_v1 && counter_is_full(__builtin_preserve_access_index(&memcg->swap))) {
		c = __builtin_preserve_access_index(&memcg->swap);
		n.variant = FC_VARIANT_MEMORY_MEMSW;
	}
	__sync_fetch_and_add(&repeat_notes, 1);
	n.start = process_start();
	n.nr = regs.nr;
	__builtin_memcpy(n.arg, regs.arg, sizeof(n.arg));
	n.held = BPF_CORE_READ(c, usage.counter);
	n.limit = BPF_CORE_READ(c, max);
	n.owner = memcg_kn(memcg);
	bpf_map_update_elem(&reclaims, &tid, &n, BPF_ANY);
	return 0;
}

/* (nr_reclaimed) */
SEC("raw_tp/mm_vmscan_memcg_reclaim_end")
int rawtp_memcg_reclaim_end(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[0] == 0)
		note_reclaim();
	return 0;
}

/*
 * What system calls make of it: create_pipe_files() and __sock_create() say ENFILE where they found
 * no memory for an inode, inet_create() says ENOBUFS.
 */
static __always_inline bool may_be_memory(long ret)
{
	return ret == -ENOMEM || ret == -ENFILE || ret == -ENOBUFS;
}

/* Two are there for EAGAIN alone, and have no room on the stack for a question that is none; of
 * unix sockets __sock_create() asks. */
static __always_inline bool asks_memcg(enum fc_hook hook)
{
	return hook != FC_HOOK_ALLOC_PID && hook != FC_HOOK_PIDS_CAN_FORK &&
	       hook != FC_HOOK_UNIX_CREATE;
}

/*
 * Was it refused by a cgroup? To be asked before any other limit, for those are tested before
 * memory is asked for. forget: it will be told now. A packet is nobody's, whatever the task below
 * is doing.
 */
static __noinline bool refused_by_memcg(struct refusal *w, const struct task_regs *regs,
					bool forget)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct reclaim_note *n = bpf_map_lookup_elem(&reclaims, &tid);

	if (!w || !regs || !n || w->hook == FC_HOOK_CONNTRACK_ALLOC || n->nr != regs->nr ||
	    n->arg[0] != regs->arg[0] || n->arg[1] != regs->arg[1] || n->arg[2] != regs->arg[2] ||
	    n->arg[3] != regs->arg[3] || n->start != process_start())
		return false;
	w->resource = FC_MEMORY;
	w->variant = n->variant;
	w->held = n->held << page_shift;
	w->limit = n->limit << page_shift;
	w->owner = n->owner;
	w->has = FC_HAS_HELD | FC_HAS_LIMIT;
	if (forget)
		bpf_map_delete_elem(&reclaims, &tid);
	return true;
}

#endif
