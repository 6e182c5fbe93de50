/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ballot.bpf.h - whom the OOM killer weighed, with which points.
 *
 * mm/oom_kill.c, all of it under oom_lock, so that one decision runs at a time on a host and one
 * state is enough:
 *   out_of_memory(oc)                a decision begins                        [begin]
 *     oom_evaluate_task(task, oc)    once for each process that may be weighed [evaluate]
 *     oom_kill_process(oc)           oc->chosen dies: oom.bpf.h takes the ballot
 * A decision that ends without a kill (a victim is on its way out already, nobody is left) leaves
 * its ballot behind, and the next [begin] throws it away. Reads of /proc/PID/oom_score go through
 * oom_badness() alone and are never seen here.
 *
 * The points are computed as oom_badness() does, from the same counters. Of each process that the
 * kernel preferred to all before it, its own number is taken: oc->chosen_points, at the next call.
 *
 * Where oom_evaluate_task() cannot be hooked, all tasks are gone over at the kill (rawtp_ballot),
 * by the same rule.
 */
#ifndef FAILCNT_BALLOT_BPF_H
#define FAILCNT_BALLOT_BPF_H

#include "commit.bpf.h"

#define OOM_SCORE_ADJ_MIN (-1000) /* include/uapi/linux/oom.h */
#define MPOL_BIND 2               /* include/uapi/linux/mempolicy.h */
#define NODE_WORDS 16             /* MAX_NUMNODES is 1024 at most */
#define FIND_MM_THREADS 16        /* a leader that ended has left its memory to other threads */
#define BALLOT_TASKS (1 << 18)
#define BALLOT_GROUP_NS 2000000000ULL

enum { WEIGHED_NOT, WEIGHED_CANDIDATE, WEIGHED_EXEMPT };

struct ballot_state {
	__u32 tid; /* who decides */
	__u32 on;  /* b is of the decision of tid that has not killed yet */
	struct task_struct *last_task, *chosen;
	__u32 last_is;
	__u32 worst;                /* of b.candidate */
	nodemask_t *nodemask;       /* of oc: the same for all that are weighed */
	__u32 of_memcg, seen;       /* seen: nodemask and of_memcg are known */
	__u64 group_id, group_time; /* of the latest kill, for rawtp_ballot */
	struct fc_candidate last;
	struct fc_ballot b;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ballot_state);
} ballots SEC(".maps");

static __always_inline struct ballot_state *ballot_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ballots, &zero);
}

static __always_inline void ballot_reset(struct ballot_state *st, __u8 source, __u64 total_pages)
{
	st->tid = (__u32)bpf_get_current_pid_tgid();
	st->on = 1;
	st->last_task = st->chosen = NULL;
	st->worst = 0;
	st->seen = 0;
	st->b.total = st->b.exempt_total = 0;
	st->b.n = st->b.n_exempt = 0;
	st->b.source = source;
	st->b.total_pages = total_pages;
}

/* nodes_intersects() */
static __noinline bool nodes_meet(const void *a, const void *b)
{
	__u32 words = bpf_core_type_size(nodemask_t) / 8, i;

	for (i = 0; i < NODE_WORDS && i < words; i++) {
		__u64 in_a = 0, in_b = 0;

		bpf_probe_read_kernel(&in_a, sizeof(in_a), a + 8 * i);
		bpf_probe_read_kernel(&in_b, sizeof(in_b), b + 8 * i);
		if (in_a & in_b)
			return true;
	}
	return false;
}

/* mempolicy_in_oom_domain() of mm/mempolicy.c */
static __always_inline bool policy_meets(struct task_struct *task, nodemask_t *mask)
{
	struct mempolicy *policy = BPF_CORE_READ(task, mempolicy);
	struct mempolicy___v *old = (void *)policy;

	if (!policy || BPF_CORE_READ(policy, mode) != MPOL_BIND)
		return true;
	if (bpf_core_field_exists(policy->nodes))
		return nodes_meet(__builtin_preserve_access_index(&policy->nodes), mask);
	return nodes_meet(__builtin_preserve_access_index(&old->v.nodes), mask);
}

/* oom_cpuset_eligible(), of the thread that leads; mask: of the policy that ran out, or NULL */
static __always_inline bool nodes_eligible(struct task_struct *task, nodemask_t *mask)
{
	struct task_struct *current = (void *)bpf_get_current_task();

	if (mask)
		return policy_meets(task, mask);
	return nodes_meet(__builtin_preserve_access_index(&current->mems_allowed),
			  __builtin_preserve_access_index(&task->mems_allowed));
}

/* find_lock_task_mm() */
static __always_inline struct mm_struct *find_mm(struct task_struct *task,
						 struct signal_struct *signal)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct list_head *at;
	int i;

	if (mm)
		return mm;
	at = BPF_CORE_READ(signal, thread_head.next);
	for (i = 0; i < FIND_MM_THREADS && at; i++) {
		struct task_struct *thread =
			(void *)at - bpf_core_field_offset(struct task_struct, thread_node);

		if (at == __builtin_preserve_access_index(&signal->thread_head))
			break;
		mm = BPF_CORE_READ(thread, mm);
		if (mm)
			return mm;
		at = BPF_CORE_READ(at, next);
	}
	return NULL;
}

/* Would it be told? Then its name is worth reading. */
static __always_inline bool in_top(const struct ballot_state *st, __s64 points)
{
	__u32 worst = st->worst;

	return st->b.n < FC_CANDIDATES || worst >= FC_CANDIDATES ||
	       points > st->b.candidate[worst].points;
}

/* oom_badness(), and what oom_evaluate_task() asks before it. victim: is chosen already. */
static __always_inline __u32 weigh(struct ballot_state *st, struct task_struct *task,
				   struct task_struct *victim, __s64 thousandth)
{
	struct fc_candidate *c = &st->last;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct mm_struct *mm;

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD || BPF_CORE_READ(task, tgid) == 1)
		return WEIGHED_NOT; /* oom_unkillable_task() */
	mm = find_mm(task, signal);
	if (!mm || (BPF_CORE_READ(signal, oom_mm) && task != victim))
		return WEIGHED_NOT; /* ended, or dying of an earlier kill */
	c->pid = BPF_CORE_READ(task, tgid);
	c->score_adj = BPF_CORE_READ(signal, oom_score_adj);
	c->rss = mm_rss(mm, 0) + mm_rss(mm, 1) + mm_rss(mm, 3);
	c->swap = mm_rss(mm, 2);
	c->pgtables = (__u64)BPF_CORE_READ(mm, pgtables_bytes.counter) >> page_shift;
	c->points = c->rss + c->swap + c->pgtables + c->score_adj * thousandth;
	if (c->score_adj == OOM_SCORE_ADJ_MIN || in_top(st, c->points))
		bpf_probe_read_kernel_str(c->comm, FC_COMM, task->comm);
	else
		c->comm[0] = '\0';
	if (c->score_adj == OOM_SCORE_ADJ_MIN)
		return WEIGHED_EXEMPT;
	/* in_vfork() */
	if (BPF_CORE_READ(task, vfork_done) && BPF_CORE_READ(task, real_parent, mm) == mm)
		return WEIGHED_NOT;
	return WEIGHED_CANDIDATE;
}

static __always_inline void find_worst(struct ballot_state *st)
{
	__s64 least = st->b.candidate[0].points;
	__u32 i;

	st->worst = 0;
	for (i = 1; i < FC_CANDIDATES; i++) {
		if (i >= st->b.n || st->b.candidate[i].points >= least)
			continue;
		least = st->b.candidate[i].points;
		st->worst = i;
	}
}

/* Those with fewer points than the least of the top are only counted. */
static __always_inline void put_candidate(struct ballot_state *st)
{
	struct fc_ballot *b = &st->b;
	__u32 at = b->n;

	b->total++;
	if (at >= FC_CANDIDATES) {
		at = st->worst;
		if (at >= FC_CANDIDATES || st->last.points <= b->candidate[at].points)
			return;
	} else {
		b->n++;
	}
	b->candidate[at] = st->last;
	find_worst(st);
}

static __always_inline void put_exempt(struct ballot_state *st)
{
	struct fc_ballot *b = &st->b;
	__u32 at = b->n_exempt, i;
	__u64 size = st->last.rss + st->last.swap, least = size;

	b->exempt_total++;
	if (at < FC_EXEMPT) {
		b->n_exempt++;
	} else {
		for (i = 0; i < FC_EXEMPT; i++) {
			if (b->exempt[i].rss + b->exempt[i].swap >= least)
				continue;
			least = b->exempt[i].rss + b->exempt[i].swap;
			at = i;
		}
	}
	if (at < FC_EXEMPT)
		b->exempt[at] = st->last;
}

static __always_inline void put_last(struct ballot_state *st)
{
	if (st->last_is == WEIGHED_CANDIDATE)
		put_candidate(st);
	else if (st->last_is == WEIGHED_EXEMPT)
		put_exempt(st);
	st->last_task = NULL;
	st->last_is = WEIGHED_NOT;
}

/* By now the kernel has compared the one before. */
static __always_inline void ballot_settle(struct ballot_state *st, struct oom_control *oc)
{
	struct task_struct *chosen = BPF_CORE_READ(oc, chosen);

	if (!st->last_task)
		return;
	if (chosen == st->last_task && chosen != st->chosen) {
		st->chosen = chosen;
		st->last.points = BPF_CORE_READ(oc, chosen_points);
		st->last_is = WEIGHED_CANDIDATE;
	}
	put_last(st);
}

static __always_inline int ballot_begin(struct oom_control *oc)
{
	struct ballot_state *st = ballot_state();

	if (!st || (filter_resources && !want_resource[FC_MEMORY]))
		return 0;
	ballot_reset(st, FC_BALLOT_DECISION, 0);
	return 0;
}

static __always_inline int ballot_evaluate(struct task_struct *task, struct oom_control *oc)
{
	struct ballot_state *st = ballot_state();

	if (!st || !st->on || st->tid != (__u32)bpf_get_current_pid_tgid())
		return 0;
	ballot_settle(st, oc);
	if (!st->seen) {
		st->seen = 1;
		st->b.total_pages = BPF_CORE_READ(oc, totalpages);
		st->of_memcg = BPF_CORE_READ(oc, memcg) != NULL;
		st->nodemask = BPF_CORE_READ(oc, nodemask);
	}
	st->last_task = task;
	st->last_is = weigh(st, task, NULL, st->b.total_pages / 1000);
	if (st->last_is == WEIGHED_CANDIDATE && !st->of_memcg &&
	    !nodes_eligible(task, st->nodemask))
		st->last_is = WEIGHED_NOT;
	return 0;
}

/* oom_kill_process(oc): the last one weighed may be the one chosen. */
static __always_inline void ballot_closed(struct oom_control *oc)
{
	struct ballot_state *st = ballot_state();

	if (st && st->on && st->tid == (__u32)bpf_get_current_pid_tgid())
		ballot_settle(st, oc);
}

/* Once: members of a group that die with the one chosen were not weighed. */
static __always_inline void ballot_take(struct fc_ballot *to)
{
	struct ballot_state *st = ballot_state();

	if (st && st->on && st->tid == (__u32)bpf_get_current_pid_tgid()) {
		bpf_probe_read_kernel(to, sizeof(*to), &st->b);
		st->on = 0;
	} else {
		to->source = FC_BALLOT_NONE;
		to->total = to->exempt_total = 0;
		to->n = to->n_exempt = 0;
	}
}

SEC("fentry/out_of_memory")
int fentry_out_of_memory(unsigned long long *ctx)
{
	return ballot_begin((void *)ctx[0]);
}

SEC("kprobe/out_of_memory")
int kprobe_out_of_memory(struct pt_regs *ctx)
{
	return ballot_begin((void *)PT_REGS_PARM1(ctx));
}

SEC("fentry/oom_evaluate_task")
int fentry_oom_evaluate_task(unsigned long long *ctx)
{
	return ballot_evaluate((void *)ctx[0], (void *)ctx[1]);
}

SEC("kprobe/oom_evaluate_task")
int kprobe_oom_evaluate_task(struct pt_regs *ctx)
{
	return ballot_evaluate((void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx));
}

#endif
