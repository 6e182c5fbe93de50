/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom.bpf.h - OOM kills: who was killed, who asked, whose limit fired.
 *
 * mm/oom_kill.c, in order, in the context of the task that asked:
 *   oom_kill_process(oc)          struct oom_control: constraint, memcg, order   [context]
 *   __oom_kill_process(victim)    once for each process, also for a group's      [kill]
 *     SIGKILL to the victim       tracepoint signal_generate
 *     mark_oom_victim(victim)     tracepoint mark_victim                         [victim]
 * mark_victim alone proves nothing: it also comes for tasks that were exiting
 * already. A kill is told there, and only after [kill], or SIGKILL, of the same
 * victim; what happened before is kept by the asking thread.
 */
#ifndef FAILCNT_OOM_BPF_H
#define FAILCNT_OOM_BPF_H

#include "memcg.bpf.h"
#include "ballot.bpf.h"
#include "oom_adj.bpf.h"
#include "oom_freed.bpf.h"
#include "oom_memory.bpf.h"

#define SIGKILL 9
#define SEND_SIG_PRIV 1 /* the kernel itself */

/* From BTF: the tracepoint's first argument is a task, and not a pid. */
const volatile bool mark_victim_has_task;

struct oom_state {
	struct mem_cgroup *memcg;
	__u64 total_pages;
	__s64 points;
	struct signal_struct *chosen;
	struct signal_struct *killing; /* SIGKILL is on its way; NULL: told already */
	struct task_struct *task;
	__s32 order;
	__u32 gfp;
	__u32 constraint;
	__u32 context; /* 1: the fields above are of this kill */
	__u8 backend, pad[7];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* thread that asked */
	__type(value, struct oom_state);
} ooms SEC(".maps");

static __always_inline void oom_context(struct oom_control *oc, __u8 backend)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct task_struct *chosen = BPF_CORE_READ(oc, chosen);
	struct oom_state s = {};

	s.memcg = BPF_CORE_READ(oc, memcg);
	s.total_pages = BPF_CORE_READ(oc, totalpages);
	s.points = BPF_CORE_READ(oc, chosen_points);
	s.chosen = BPF_CORE_READ(chosen, signal);
	s.order = BPF_CORE_READ(oc, order);
	s.gfp = BPF_CORE_READ(oc, gfp_mask);
	s.constraint = BPF_CORE_READ(oc, constraint);
	s.context = 1;
	s.backend = backend;
	bpf_map_update_elem(&ooms, &tid, &s, BPF_ANY);
	ballot_closed(oc);
}

static __always_inline void oom_killing(struct task_struct *victim, __u8 backend)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct oom_state *s = bpf_map_lookup_elem(&ooms, &tid);
	struct oom_state fresh = {};

	if (!s) {
		fresh.backend = backend;
		bpf_map_update_elem(&ooms, &tid, &fresh, BPF_ANY);
		s = bpf_map_lookup_elem(&ooms, &tid);
		if (!s)
			return;
	}
	s->killing = BPF_CORE_READ(victim, signal);
	s->task = victim;
	s->backend = backend;
}

static __always_inline void read_counter(struct fc_page_counter *to, struct page_counter *c)
{
	__s64 usage = BPF_CORE_READ(c, usage.counter);

	to->usage = usage > 0 ? usage : 0;
	to->max = BPF_CORE_READ(c, max);
	to->watermark = BPF_CORE_READ(c, watermark);
	to->failcnt = BPF_CORE_READ(c, failcnt);
}

static __always_inline void fill_memcg(struct fc_oom *o, struct mem_cgroup *memcg)
{
	struct kernfs_node *kn = memcg_kn(memcg);

	__builtin_memset(&o->memcg, 0, __builtin_offsetof(struct fc_memcg, path));
	o->memcg.path.len = o->memcg.path.cut = 0;
	if (!memcg)
		return;
	o->memcg.id = kn ? BPF_CORE_READ(kn, id) : 0;
	read_counter(&o->memcg.memory, __builtin_preserve_access_index(&memcg->memory));
	read_counter(&o->memcg.swap, __builtin_preserve_access_index(&memcg->swap));
	o->memcg.oom = memcg_event(memcg, MEMCG_OOM);
	o->memcg.oom_kill = memcg_event(memcg, MEMCG_OOM_KILL);
	o->memcg.oom_group_kill = memcg_event(memcg, MEMCG_OOM_GROUP_KILL);
	fill_path(&o->memcg.path, kn);
	o->has |= FC_HAS_MEMCG | FC_HAS_EVENTS | FC_HAS_FAILCNT |
		  (memory_is_v1 ? FC_HAS_MEMSW : FC_HAS_SWAP);
}

/* The highest cgroup below limit that is killed as a whole (mem_cgroup_get_oom_group). */
static __always_inline __u64 oom_group(struct task_struct *victim, struct mem_cgroup *limit)
{
	struct mem_cgroup *memcg = css_set_memcg(BPF_CORE_READ(victim, cgroups)), *group = NULL;
	int i;

	for (i = 0; i < MEMCG_LEVELS && memcg; i++) {
		struct page_counter *parent = BPF_CORE_READ(memcg, memory.parent);

		if (BPF_CORE_READ(memcg, oom_group))
			group = memcg;
		if (memcg == limit || !parent)
			break;
		memcg = (void *)parent - bpf_core_field_offset(struct mem_cgroup, memory);
	}
	return group ? BPF_CORE_READ(memcg_kn(group), id) : 0;
}

/* Pages of RAM and swap in use, of total: where the kernel's symbol table tells where to look. */
static __always_inline void fill_host(struct fc_oom *o)
{
	__s64 free = 0, swap = 0;

	o->host_held = 0;
	if (o->constraint != FC_CONSTRAINT_NONE || !ADDR(vm_zone_stat) || !ADDR(nr_swap_pages) ||
	    !o->total_pages)
		return;
	bpf_probe_read_kernel(&free, sizeof(free),
			      (const void *)ADDR(vm_zone_stat) +
				      8 * bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES));
	bpf_probe_read_kernel(&swap, sizeof(swap), ADDR(nr_swap_pages));
	if (free + swap < (__s64)o->total_pages) {
		o->host_held = o->total_pages - free - swap;
		o->has |= FC_HAS_HELD;
	}
}

static __always_inline void oom_victim(__u64 arg)
{
	struct task_struct *current = (void *)bpf_get_current_task(), *victim;
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct oom_state *s = bpf_map_lookup_elem(&ooms, &tid);
	struct mem_cgroup *memcg;
	struct mm_struct *mm;
	struct fc_oom *o;

	if (!s || !s->killing)
		return; /* exiting already: no kill */
	victim = mark_victim_has_task ? (void *)arg : s->task;
	if (BPF_CORE_READ(victim, signal) != s->killing)
		return;
	if (filter_resources && !want_resource[FC_MEMORY])
		return;
	if (filter_tree && !in_tree(victim))
		return;
	o = bpf_ringbuf_reserve(&events, sizeof(*o), 0);
	if (!o) {
		count_stat(FC_STAT_RING_FULL);
		s->killing = NULL;
		return;
	}
	o->h.type = FC_TYPE_OOM;
	o->h.size = sizeof(*o);
	o->h.time = bpf_ktime_get_boot_ns();
	o->has = s->context ? FC_HAS_CONTEXT | FC_HAS_CERTAIN : 0;
	o->hook = FC_HOOK_OOM_VICTIM;
	o->backend = s->backend;
	o->constraint = s->constraint;
	o->order = s->order;
	o->gfp = s->gfp;
	o->points = s->points;
	o->total_pages = s->total_pages;
	o->member = s->context && s->killing != s->chosen;
	memcg = s->context ? s->memcg : full_memcg(victim);
	if (!s->context)
		o->constraint = memcg ? FC_CONSTRAINT_MEMCG : FC_CONSTRAINT_NONE;
	o->group_id = oom_group(victim, memcg);
	mm = BPF_CORE_READ(victim, signal, oom_mm);
	o->rss_file = mm_rss(mm, 0);
	o->rss_anon = mm_rss(mm, 1);
	o->swap = mm_rss(mm, 2);
	o->rss_shmem = mm_rss(mm, 3);
	o->pgtables = BPF_CORE_READ(mm, pgtables_bytes.counter);
	o->score_adj = BPF_CORE_READ(victim, signal, oom_score_adj);
	o->pad = 0;
	fill_host(o);
	fill_who(&o->victim, victim);
	fill_who(&o->trigger, current);
	fill_memcg(o, memcg);
	ballot_take(&o->ballot);
	fill_split(&o->split, memcg);
	fill_host_memory(&o->host);
	fill_adj(&o->adj, victim, o->score_adj);
	freed_expect(mm, o->victim.start, o->victim.pid, o->h.time);
	s->killing = NULL;
	bpf_ringbuf_submit(o, 0);
}

SEC("fentry/oom_kill_process")
int fentry_oom_kill_process(unsigned long long *ctx)
{
	oom_context((void *)ctx[0], FC_BACKEND_FEXIT);
	return 0;
}

SEC("kprobe/oom_kill_process")
int kprobe_oom_kill_process(struct pt_regs *ctx)
{
	oom_context((void *)PT_REGS_PARM1(ctx), FC_BACKEND_KPROBE);
	return 0;
}

SEC("fentry/__oom_kill_process")
int fentry___oom_kill_process(unsigned long long *ctx)
{
	oom_killing((void *)ctx[0], FC_BACKEND_FEXIT);
	return 0;
}

SEC("kprobe/__oom_kill_process")
int kprobe___oom_kill_process(struct pt_regs *ctx)
{
	oom_killing((void *)PT_REGS_PARM1(ctx), FC_BACKEND_KPROBE);
	return 0;
}

/* The kernel itself sends SIGKILL to a process. */
static __noinline int oom_signal(struct task_struct *victim)
{
	oom_killing(victim, FC_BACKEND_TRACEPOINT);
	return 0;
}

SEC("raw_tp/mark_victim")
int rawtp_mark_victim(struct bpf_raw_tracepoint_args *ctx)
{
	oom_victim(ctx->args[0]);
	return 0;
}

#endif
