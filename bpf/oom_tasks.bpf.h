/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom_tasks.bpf.h - the ballot where the kernel's weighing cannot be hooked: at mark_victim all
 * tasks are gone over, by the rule that the kernel has just followed (select_bad_process()).
 *
 * Runs before rawtp_mark_victim, which takes what it finds. A program of its own, because kernels
 * before 5.17 know no bpf_loop and refuse it; there the kernel log's table of tasks remains.
 */
#ifndef FAILCNT_OOM_TASKS_BPF_H
#define FAILCNT_OOM_TASKS_BPF_H

#include "oom.bpf.h"

struct task_walk {
	struct task_struct *task, *first, *victim;
	struct mem_cgroup *limit; /* NULL: the host's memory ran out */
	__s64 thousandth;
};

/* mem_cgroup_scan_tasks(): who is in that cgroup or below. */
static __always_inline bool is_below(struct task_struct *task, struct mem_cgroup *limit)
{
	struct mem_cgroup *memcg = css_set_memcg(BPF_CORE_READ(task, cgroups));
	int i;

	for (i = 0; i < MEMCG_LEVELS && memcg; i++) {
		struct page_counter *parent;

		if (memcg == limit)
			return true;
		parent = BPF_CORE_READ(memcg, memory.parent);
		if (!parent)
			return false;
		memcg = (void *)parent - bpf_core_field_offset(struct mem_cgroup, memory);
	}
	return false;
}

static long weigh_next(__u32 i, void *arg)
{
	struct ballot_state *st = ballot_state();
	struct task_walk *w = arg;
	struct task_struct *task = w->task;
	struct list_head *next;

	if (!st)
		return 1;
	if (!w->limit || is_below(task, w->limit)) {
		st->last_is = weigh(st, task, w->victim, w->thousandth);
		if (st->last_is == WEIGHED_CANDIDATE && !w->limit && !nodes_eligible(task, NULL))
			st->last_is = WEIGHED_NOT;
		put_last(st);
	}
	next = BPF_CORE_READ(task, tasks.next);
	if (!next)
		return 1;
	w->task = (void *)next - bpf_core_field_offset(struct task_struct, tasks);
	return w->task == w->first;
}

/* mem_cgroup_get_max(), or what constrained_alloc() takes for the host. */
static __always_inline __u64 size_of_limit(struct mem_cgroup *memcg)
{
	__u64 max, swap, all = swap_pages();

	if (!memcg)
		return host_pages() + all;
	max = BPF_CORE_READ(memcg, memory.max);
	swap = BPF_CORE_READ(memcg, swap.max);
	if (memory_is_v1)
		swap = swap > max ? swap - max : 0;
	return max + (swap < all ? swap : all);
}

/* Members of a group that follow the first were not weighed. */
static __always_inline bool follows_group(struct ballot_state *st, __u64 group)
{
	__u64 now = bpf_ktime_get_boot_ns();
	bool follows = group && st->tid == (__u32)bpf_get_current_pid_tgid() &&
		       st->group_id == group && now - st->group_time < BALLOT_GROUP_NS;

	st->group_id = group;
	st->group_time = now;
	return follows;
}

SEC("raw_tp/mark_victim")
int rawtp_ballot(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *current = (void *)bpf_get_current_task(), *victim;
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct oom_state *s = bpf_map_lookup_elem(&ooms, &tid);
	struct ballot_state *st = ballot_state();
	struct task_walk w = {};

	if (!s || !s->killing || !st || (filter_resources && !want_resource[FC_MEMORY]))
		return 0;
	victim = mark_victim_has_task ? (void *)ctx->args[0] : s->task;
	if (BPF_CORE_READ(victim, signal) != s->killing || (s->context && s->killing != s->chosen))
		return 0;
	victim = BPF_CORE_READ(victim, group_leader);
	w.victim = victim;
	w.limit = s->context ? s->memcg : full_memcg(victim);
	if (!s->context && follows_group(st, oom_group(victim, w.limit)))
		return 0;
	ballot_reset(st, FC_BALLOT_TASKS, s->context ? s->total_pages : size_of_limit(w.limit));
	w.thousandth = st->b.total_pages / 1000;
	w.first = w.task = BPF_CORE_READ(current, group_leader);
	bpf_loop(BALLOT_TASKS, weigh_next, &w, 0);
	return 0;
}

#endif
