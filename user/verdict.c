// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.c - an OOM kill seen by tracepoints alone, settled with what the
 * kernel log says of it.
 *
 * The kernel prints "oom-kill:constraint=..." before it kills the one it chose
 * (unless it printed ten in five seconds), and "Tasks in ... are going to be
 * killed" before the members of a group. Without either, the walk up the
 * victim's cgroups stands, and the event says that it was inferred.
 */
#include "verdict.h"

#define GROUP_NS 2000000000ULL /* kills of one group follow each other at once */

static const char *const causes[] = {
	[FC_CONSTRAINT_NONE] = "oom-global",
	[FC_CONSTRAINT_CPUSET] = "oom-cpuset",
	[FC_CONSTRAINT_MEMORY_POLICY] = "oom-mempolicy",
	[FC_CONSTRAINT_MEMCG] = "oom-memcg",
};

/* Those of another limit were weighed, or by another size. */
static void forget_ballot(struct event *e)
{
	static const enum field fields[] = {FIELD_CANDIDATES, FIELD_CANDIDATES_TOTAL,
					    FIELD_CANDIDATES_FROM, FIELD_EXEMPTED,
					    FIELD_EXEMPTED_TOTAL};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		event_clear(e, fields[i]);
	e->candidates.n = e->exempted.n = 0;
}

/* The walk named another limit than the kernel: what was read of that one is not this one's. */
static void forget_walk(struct event *e)
{
	event_clear(e, FIELD_HELD);
	event_clear(e, FIELD_LIMIT);
	event_clear(e, FIELD_LIMIT_UNLIMITED);
	event_clear(e, FIELD_MEMCG);
	event_clear(e, FIELD_FAILCNT);
	event_clear(e, FIELD_MEMORY);
	e->n_moved = 0;
	forget_ballot(e);
}

static const char *name_of_limit(enum fc_constraint c, bool v1)
{
	switch (c) {
	case FC_CONSTRAINT_MEMCG:
		return v1 ? "memory.limit_in_bytes" : "memory.max";
	case FC_CONSTRAINT_CPUSET:
		return "cpuset.mems";
	case FC_CONSTRAINT_MEMORY_POLICY:
		return "the memory policy's nodes";
	default:
		return "memory and swap of the host";
	}
}

/* Where both name the same cgroup, what the walk read of it stands. */
static void settle_limit(struct event *e, const struct kmsg_line *l, bool v1)
{
	bool memcg = l->constraint == FC_CONSTRAINT_MEMCG && l->order != -1;
	bool walk = event_has(e, FIELD_MEMCG);

	if (memcg && walk &&
	    (!l->oom_memcg[0] || util_streq(event_text(e, FIELD_MEMCG), l->oom_memcg)))
		return;
	if (memcg || walk)
		forget_walk(e);
	if (memcg)
		event_str(e, FIELD_MEMCG, l->oom_memcg);
	event_static(e, FIELD_LIMIT_NAME, name_of_limit(l->constraint, v1));
}

static void settle_request(struct event *e, const struct kmsg_line *l, const struct gfp_table *gfp)
{
	char words[GFP_WORDS];

	if (!(l->have & KMSG_HAS_ORDER) || l->order < 0)
		return;
	event_int(e, FIELD_ORDER, l->order);
	if (l->have & KMSG_HAS_GFP && gfp)
		event_str(e, FIELD_GFP_FLAGS, gfp_words(words, l->gfp, gfp));
}

static void settle_chosen(struct event *e, const struct kmsg_victim *v, bool v1)
{
	const struct kmsg_line *l = &v->line;

	if (!(l->have & KMSG_HAS_CONSTRAINT))
		return;
	event_static(e, FIELD_CAUSE,
		     l->have & KMSG_HAS_ORDER && l->order == -1 ? "oom-sysrq"
								: causes[l->constraint]);
	/* "order=-1" tells sysrq; without that line a host-wide kill may be either. */
	event_bool(e, FIELD_CERTAIN,
		   !l->doubtful &&
			   (l->constraint != FC_CONSTRAINT_NONE || l->have & KMSG_HAS_ORDER));
	if (!l->doubtful)
		settle_limit(e, l, v1);
}

/* Pages: what oom_score_adj is thousandths of (mem_cgroup_get_max(), constrained_alloc()). */
static uint64_t size_of_limit(const struct event *e, const struct event_facts *facts)
{
	int64_t limit = 0, swap = 0, swap_limit;

	if (event_has(e, FIELD_MEMCG)) {
		limit = event_num(e, FIELD_LIMIT);
		event_pair_num(e, FIELD_HOST_MEMORY, "swap_total", &swap);
		if (event_pair_num(e, FIELD_MEMORY, "swap_limit", &swap_limit) && swap_limit < swap)
			swap = swap_limit;
	} else if (util_listed("oom-global oom-sysrq", event_text(e, FIELD_CAUSE))) {
		event_pair_num(e, FIELD_HOST_MEMORY, "total", &limit);
		event_pair_num(e, FIELD_HOST_MEMORY, "swap_total", &swap);
	} else if (facts->node_pages &&
		   facts->node_pages < (uint64_t)INT64_MAX / facts->page_size &&
		   event_pair_num(e, FIELD_HOST_MEMORY, "swap_total", &swap)) {
		limit = (int64_t)(facts->node_pages * facts->page_size);
	}
	return limit ? (uint64_t)(limit + swap) / facts->page_size : 0;
}

/* Where no hook saw the weighing: the table that the kernel printed before it killed. */
static void settle_ballot(struct event *e, const struct event_facts *facts, const struct kmsg *k,
			  const struct kmsg_victim *v)
{
	unsigned int of = k->tasks.of;
	bool nodes = v->line.have & KMSG_HAS_CONSTRAINT &&
		     (v->line.constraint == FC_CONSTRAINT_CPUSET ||
		      v->line.constraint == FC_CONSTRAINT_MEMORY_POLICY);

	if (nodes) /* weighed as for the whole host */
		forget_ballot(e);

	if (event_has(e, FIELD_CANDIDATES) || !of || v != &k->victims[(of - 1) % KMSG_VICTIMS] ||
	    k->n - of >= KMSG_VICTIMS || !facts->page_size)
		return;
	kmsg_tasks_ballot(&k->tasks, e, size_of_limit(e, facts), facts->page_size);
}

/* The limit is that of the first one; by now the walk finds it no longer full. */
static void settle_member(struct event *e, const struct verdict_group *first)
{
	if (!first->memcg[0] || util_streq(event_text(e, FIELD_MEMCG), first->memcg))
		return;
	forget_walk(e);
	event_str(e, FIELD_MEMCG, first->memcg);
	event_str(e, FIELD_LIMIT_NAME, first->limit_name);
	if (first->limit)
		event_int(e, FIELD_LIMIT, first->limit);
}

void verdict_oom(struct event *e, const struct event_facts *facts, const struct kmsg *k,
		 uint64_t since, struct verdict_group *last)
{
	int64_t trigger = event_num(e, FIELD_TRIGGER_PID);
	bool follows = facts->group_id && facts->group_id == last->id && trigger == last->trigger &&
		       facts->time - last->time < GROUP_NS;
	const struct kmsg_victim *v = kmsg_find_victim(k, facts->pid, since);

	if (!facts->by_walk)
		return;
	if (v && v->chosen) {
		settle_chosen(e, v, facts->memory_is_v1);
		settle_request(e, &v->line, facts->gfp);
		settle_ballot(e, facts, k, v);
	} else if (follows) {
		event_static(e, FIELD_CAUSE, "oom-group");
		event_bool(e, FIELD_CERTAIN, k->in_group || (v && v->member));
		settle_member(e, last);
	}
	if (follows)
		return;
	*last = (struct verdict_group){.id = facts->group_id,
				       .time = facts->time,
				       .trigger = trigger,
				       .limit = event_num(e, FIELD_LIMIT)};
	util_strlcpy(last->memcg, event_text(e, FIELD_MEMCG), sizeof(last->memcg));
	util_strlcpy(last->limit_name, event_text(e, FIELD_LIMIT_NAME), sizeof(last->limit_name));
}
