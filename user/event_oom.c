// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_oom.c - decode: an OOM kill. Whose limit fired is not always the
 * victim's cgroup, and what that limit is called depends on the hierarchy.
 */
#include "event_priv.h"

#include "attach.h"
#include "catalogue.h"

static const char *oom_cause(const struct fc_oom *o)
{
	if (o->member)
		return "oom-group";
	if (o->has & FC_HAS_CONTEXT && o->order == -1)
		return "oom-sysrq";
	switch (o->constraint) {
	case FC_CONSTRAINT_MEMCG:
		return "oom-memcg";
	case FC_CONSTRAINT_CPUSET:
		return "oom-cpuset";
	case FC_CONSTRAINT_MEMORY_POLICY:
		return "oom-mempolicy";
	default:
		return "oom-global";
	}
}

/* No host has so many pages: then the number stays absent instead of wrapping round to a small one.
 */
static uint64_t page_bytes(uint64_t pages, const struct event_context *c)
{
	return pages > (uint64_t)INT64_MAX / c->page_size ? INT64_MAX : pages * c->page_size;
}

/* Page counters say "no limit" with LONG_MAX / PAGE_SIZE. */
static uint64_t counter_bytes(uint64_t pages, const struct event_context *c)
{
	return pages >= (uint64_t)INT64_MAX / c->page_size ? UINT64_MAX : pages * c->page_size;
}

/* Memory and swap together that the cgroup may use: v1 has a counter for it, v2 one for swap. */
static uint64_t memsw_bytes(const struct fc_oom *o, const struct event_context *c)
{
	uint64_t memory = counter_bytes(o->memcg.memory.max, c),
		 swap = counter_bytes(o->memcg.swap.max, c);

	if (c->memory_is_v1 || swap == UINT64_MAX)
		return swap;
	return memory == UINT64_MAX ? UINT64_MAX : memory + swap;
}

static void set_moved_memcg(struct event *e, const struct fc_oom *o, const struct event_context *c)
{
	const struct fc_page_counter *m = &o->memcg.memory;
	struct event_moved *row;
	char owner[FC_PATH + 32];

	/* v1 counts a kill in the victim's own cgroup alone, v2 also in all above it. */
	if (!(o->has & FC_HAS_EVENTS) || !event_has(e, FIELD_MEMCG) ||
	    (c->memory_is_v1 && o->memcg.id != o->victim.cgroup_id))
		return;
	row = event_moved_add(e);
	if (!row)
		return;
	snprintf(owner, sizeof(owner), "cgroup:%s", event_text(e, FIELD_MEMCG));
	row->source = c->memory_is_v1 ? "cgroup1" : "cgroup2";
	row->owner = event_keep(e, owner);
	row->resource = "memory.oom_kill";
	row->held = page_bytes(m->usage, c);
	row->limit = counter_bytes(m->max, c);
	row->failcnt = o->memcg.oom_kill;
	row->delta = 1;
	row->have = 1 << 0 | 1 << 3 | 1 << 4; /* HELD, LIMIT, FAILCNT of counter.h */
	row->relation = RELATION_OWN;
}

/* The limit that fired: v1 charges memory and swap together first, which may be full while memory
 * is not (a part was swapped out). Both full: memory is named, and the remedy raises both. */
static int set_memcg(struct event *e, const struct fc_oom *o, const struct event_context *c)
{
	const struct fc_page_counter *m = &o->memcg.memory, *s = &o->memcg.swap;
	bool memsw = o->has & FC_HAS_MEMSW && s->usage + 8 > s->max && m->usage + 8 <= m->max;
	int err = event_set_path(e, FIELD_MEMCG, &o->memcg.path);

	if (err < 0)
		return err;
	if (memsw)
		m = s;
	event_static(e, FIELD_LIMIT_NAME,
		     !c->memory_is_v1 ? "memory.max"
		     : memsw          ? "memory.memsw.limit_in_bytes"
				      : "memory.limit_in_bytes");
	event_u64(e, FIELD_HELD, page_bytes(m->usage, c));
	event_u64(e, FIELD_LIMIT, counter_bytes(m->max, c));
	set_moved_memcg(e, o, c);
	return 0;
}

static int set_limit_of_kill(struct event *e, const struct fc_oom *o, const struct event_context *c)
{
	bool sysrq = o->has & FC_HAS_CONTEXT && o->order == -1;

	if (o->has & FC_HAS_MEMCG && o->constraint == FC_CONSTRAINT_MEMCG)
		return set_memcg(e, o, c);
	event_static(e, FIELD_LIMIT_NAME,
		     o->constraint == FC_CONSTRAINT_CPUSET ? "cpuset.mems"
		     : o->constraint == FC_CONSTRAINT_MEMORY_POLICY
			     ? "the memory policy's nodes"
			     : "memory and swap of the host");
	if (o->has & FC_HAS_CONTEXT && o->total_pages && !sysrq)
		event_u64(e, FIELD_LIMIT, page_bytes(o->total_pages, c));
	if (o->has & FC_HAS_HELD)
		event_u64(e, FIELD_HELD, page_bytes(o->host_held, c));
	return 0;
}

/* Who set the victim's oom_score_adj; or that of whom it descends from and has it. */
static void set_adj(struct event *e, const struct fc_oom *o, const struct event_context *c)
{
	const struct fc_adj *a = &o->adj;

	if (!a->when || a->when > o->h.time)
		return;
	event_int(e, FIELD_ADJ_SET_AT, event_add_ns(a->when, c->boot_to_real));
	if (a->has_from)
		event_int(e, FIELD_ADJ_FROM, a->from);
	if (a->of_pid != o->victim.pid) {
		event_int(e, FIELD_ADJ_OF_PID, a->of_pid);
		event_strn(e, FIELD_ADJ_OF_COMM, a->of_comm, FC_COMM);
	}
	event_int(e, FIELD_ADJ_BY_PID, a->by_pid);
	event_strn(e, FIELD_ADJ_BY_COMM, a->by_comm, FC_COMM);
	event_int(e, FIELD_ADJ_BY_UID, a->by_uid);
	event_strn(e, FIELD_ADJ_BY_PARENT_COMM, a->by_parent_comm, FC_COMM);
}

int event_decode_oom(struct event *e, struct event_facts *facts, const struct fc_oom *o,
		     const struct event_context *c)
{
	int err;

	if (o->constraint > FC_CONSTRAINT_MEMCG || o->backend == FC_BACKEND_NONE ||
	    o->backend >= FC_BACKENDS || o->hook >= FC_HOOKS)
		return -EBADMSG;
	event_init(e, EVENT_KILLED);
	event_time(e, o->h.time, c);
	event_static(e, FIELD_CAUSE, oom_cause(o));
	event_static(e, FIELD_SIGNAL, "SIGKILL");
	event_set_resource(e, FC_MEMORY);
	event_static(e, FIELD_MEASURE, "bytes");
	event_clear(e, FIELD_LIMIT_NAME);
	event_bool(e, FIELD_CERTAIN, o->has & FC_HAS_CERTAIN);
	event_static(e, FIELD_BACKEND, attach_backend_name(o->backend));
	event_u64(e, FIELD_RSS_ANON, page_bytes(o->rss_anon, c));
	event_u64(e, FIELD_RSS_FILE, page_bytes(o->rss_file, c));
	event_u64(e, FIELD_RSS_SHMEM, page_bytes(o->rss_shmem, c));
	event_u64(e, FIELD_SWAP, page_bytes(o->swap, c));
	event_u64(e, FIELD_PGTABLES, o->pgtables);
	event_int(e, FIELD_OOM_SCORE_ADJ, o->score_adj);
	set_adj(e, o, c);
	err = event_decode_ballot(e, o, c);
	if (err < 0)
		return err;
	if (o->has & FC_HAS_MEMCG && o->constraint == FC_CONSTRAINT_MEMCG)
		event_decode_split(e, o, c);
	if (o->has & FC_HAS_CONTEXT) {
		char words[GFP_WORDS];

		if (o->order >= 0) {
			event_int(e, FIELD_ORDER, o->order);
			event_str(e, FIELD_GFP_FLAGS, gfp_words(words, o->gfp, &c->gfp));
		}
		event_u64(e, FIELD_TOTAL_PAGES, o->total_pages);
		/* A member was not chosen, and LONG_MIN stands for "not scored". */
		if (!o->member && o->points > INT64_MIN / 2 && o->points < 1LL << 53)
			event_int(e, FIELD_POINTS, o->points);
	}
	event_int(e, FIELD_TRIGGER_PID, o->trigger.pid);
	event_strn(e, FIELD_TRIGGER_COMM, o->trigger.comm, FC_COMM);
	err = event_set_path(e, FIELD_TRIGGER_CGROUP, &o->trigger.cgroup);
	if (err < 0)
		return err;
	err = set_limit_of_kill(e, o, c);
	if (err < 0)
		return err;
	facts->resource = FC_MEMORY;
	facts->start = o->victim.start;
	facts->pid = o->victim.pid;
	facts->tid = o->victim.tid;
	facts->hook = o->hook;
	facts->by_walk = !(o->has & FC_HAS_CONTEXT);
	facts->memory_is_v1 = c->memory_is_v1;
	facts->group_id = o->group_id;
	facts->memsw = memsw_bytes(o, c);
	facts->time = o->h.time;
	facts->host = &o->host;
	facts->page_size = c->page_size;
	facts->gfp = &c->gfp;
	return event_set_who(e, &o->victim, c);
}
