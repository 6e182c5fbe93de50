// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_oom_event.c - a kill by the OOM killer as an event, from what its
 * report says; what it does not say stays absent.
 */
#include "explain.h"
#include "identity.h"
#include "import_priv.h"

#define PAGE 4096
#define HUNG_LINES 20000
#define HUNG_NS 600000000000LL

/* Sizes of pages differ; the victim's are printed in pages (table) and in kB. */
static int64_t page_size(const struct import_task *row, const struct kmsg_line *l)
{
	int64_t kib = (int64_t)((l->rss_anon + l->rss_file + l->rss_shmem) / 1024);

	if (!row || row->rss < 64)
		return PAGE;
	for (int64_t size = 64; size > 4; size /= 4)
		if (kib > row->rss * size / 2)
			return size * 1024;
	return PAGE;
}

static const char *cause(const struct kmsg_line *l, bool member)
{
	static const char *const names[] = {
		[FC_CONSTRAINT_NONE] = "oom-global",
		[FC_CONSTRAINT_CPUSET] = "oom-cpuset",
		[FC_CONSTRAINT_MEMORY_POLICY] = "oom-mempolicy",
		[FC_CONSTRAINT_MEMCG] = "oom-memcg",
	};

	if (member)
		return "oom-group";
	if (l->have & KMSG_HAS_ORDER && l->order == -1)
		return "oom-sysrq";
	return names[l->constraint];
}

static void set_memcg(struct event *e, const struct import_oom *o, const char *memcg,
		      struct explain_facts *facts)
{
	const struct import_usage *u = &o->memory, *s = &o->memsw;
	const uint64_t near = 8 * PAGE; /* pages charged in batches lag behind */
	/* v1 charges memory and swap together first */
	bool sum = s->has && s->usage + near > s->limit && u->usage + near <= u->limit;
	struct event_moved *row;
	char owner[KMSG_PATH + 16];
	/* "Task in" is of kernels before 5.0, where control groups of version 2 were rare */
	bool v1 = o->is_v1 || (o->task_cgroup[0] && !o->swap.has);

	facts->memory_is_v1 = v1;
	event_str(e, FIELD_MEMCG, memcg);
	event_static(e, FIELD_LIMIT_NAME,
		     sum  ? "memory.memsw.limit_in_bytes"
		     : v1 ? "memory.limit_in_bytes"
			  : "memory.max");
	if (!u->has)
		return;
	facts->memsw = s->has         ? s->limit
		       : !o->swap.has ? 0
		       : u->limit == UINT64_MAX || o->swap.limit == UINT64_MAX
			       ? UINT64_MAX
			       : u->limit + o->swap.limit;
	u = sum ? s : u;
	event_u64(e, FIELD_HELD, u->usage);
	event_u64(e, FIELD_LIMIT, u->limit);
	if (!memcg[0])
		return;
	row = event_moved_add(e);
	if (!row)
		return;
	snprintf(owner, sizeof(owner), "cgroup:%s", memcg);
	row->source = v1 ? "cgroup1" : "cgroup2";
	row->owner = event_keep(e, owner);
	row->resource = sum ? "memsw" : v1 ? "memory" : "memory.max";
	row->held = u->usage;
	row->limit = u->limit;
	row->failcnt = u->failcnt;
	row->delta = EVENT_DELTA_UNKNOWN;
	row->have = 1 << 0 | 1 << 3 | 1 << 4; /* HELD, LIMIT, FAILCNT of counter.h */
	row->relation = RELATION_OWN;
}

static void pair(struct event *e, enum field f, const char *key, int64_t v, int64_t unit)
{
	if (v >= 0 && v <= INT64_MAX / unit)
		event_pair(e, f, key, v * unit);
}

static void set_memcg_memory(struct event *e, const struct import_oom *o)
{
	const struct import_memcg *g = &o->memcg;
	bool limited = o->swap.has && o->swap.limit != UINT64_MAX;

	pair(e, FIELD_MEMORY, "anon", g->anon, 1);
	pair(e, FIELD_MEMORY, "file", g->file, 1);
	pair(e, FIELD_MEMORY, "shmem", g->shmem, 1);
	pair(e, FIELD_MEMORY, "kernel", g->kernel, 1);
	pair(e, FIELD_MEMORY, "sock", g->sock, 1);
	pair(e, FIELD_MEMORY, "swap", o->swap.has ? (int64_t)o->swap.usage : g->swap, 1);
	pair(e, FIELD_MEMORY, "swap_limit", limited ? (int64_t)o->swap.limit : -1, 1);
}

/* 0: not in the text; a machine that is out of memory has some of each. */
static void host_pages(struct event *e, const char *key, int64_t pages, int64_t page)
{
	pair(e, FIELD_HOST_MEMORY, key, pages ? pages : -1, page);
}

static void set_host_memory(struct event *e, const struct import_memory *m, int64_t page)
{
	int64_t total = m->ram - m->reserved + (m->swap_total_kib * 1024) / page;
	int64_t swap_free = m->swap_free_kib * 1024 / page;

	if (m->ram > 0 && m->reserved >= 0)
		host_pages(e, "total", m->ram - m->reserved, page);
	if (m->has) {
		host_pages(e, "free", m->free, page);
		host_pages(e, "anon", m->anon, page);
		host_pages(e, "file", m->file, page);
		host_pages(e, "shmem", m->shmem, page);
		host_pages(e, "slab", m->slab, page);
		host_pages(e, "slab_unreclaimable", m->slab_unreclaimable, page);
		host_pages(e, "pagetables", m->pagetables, page);
	}
	if (m->has_swap) {
		pair(e, FIELD_HOST_MEMORY, "swap_total", m->swap_total_kib, 1024);
		pair(e, FIELD_HOST_MEMORY, "swap_free", m->swap_free_kib, 1024);
	}
	if (m->ram <= 0 || m->reserved < 0 || !m->has_swap || total <= 0 ||
	    total >= INT64_MAX / page)
		return;
	event_int(e, FIELD_LIMIT, total * page);
	event_int(e, FIELD_TOTAL_PAGES, total);
	if (m->free > 0 && total > m->free + swap_free)
		event_int(e, FIELD_HELD, (total - m->free - swap_free) * page);
}

/* What was full, and the tasks that were weighed against it. */
static void set_limit(struct event *e, const struct import_oom *o, const struct kmsg_line *l,
		      int64_t page, struct explain_facts *facts)
{
	const char *memcg = l->oom_memcg[0] ? l->oom_memcg : o->limit_cgroup;
	bool sysrq = l->have & KMSG_HAS_ORDER && l->order == -1;
	int64_t total = 0;

	if (l->have & KMSG_HAS_UB) {
		return; /* which of the limits of an OpenVZ container is not said */
	} else if (l->constraint == FC_CONSTRAINT_MEMCG) {
		set_memcg(e, o, memcg, facts);
		set_memcg_memory(e, o);
		if (o->memory.has && o->memory.limit != UINT64_MAX)
			total = (int64_t)o->memory.limit / page +
				(o->swap.has && o->swap.limit != UINT64_MAX
					 ? (int64_t)o->swap.limit / page
					 : 0);
	} else {
		event_static(e, FIELD_LIMIT_NAME,
			     l->constraint == FC_CONSTRAINT_CPUSET ? "cpuset.mems"
			     : l->constraint == FC_CONSTRAINT_MEMORY_POLICY
				     ? "the memory policy's nodes"
				     : "memory and swap of the host");
		set_host_memory(e, &o->host, page);
		total = event_num(e, FIELD_TOTAL_PAGES);
		if (sysrq || l->constraint != FC_CONSTRAINT_NONE) {
			event_clear(e, FIELD_LIMIT);
			event_clear(e, FIELD_HELD);
			event_clear(e, FIELD_TOTAL_PAGES);
		}
	}
	import_tasks_rank(&o->tasks, e, total, page);
}

static void set_victim(struct event *e, const struct import_oom *o, const struct kmsg_line *l,
		       const struct import_task *row, int64_t page)
{
	event_int(e, FIELD_PID, l->pid);
	event_str(e, FIELD_COMM, l->comm);
	if (l->have & KMSG_HAS_UID)
		event_int(e, FIELD_UID, l->uid);
	else if (row)
		event_int(e, FIELD_UID, row->uid);
	if (l->have & KMSG_HAS_ANON)
		event_u64(e, FIELD_RSS_ANON, l->rss_anon);
	if (l->have & KMSG_HAS_FILE)
		event_u64(e, FIELD_RSS_FILE, l->rss_file);
	if (l->have & KMSG_HAS_SHMEM)
		event_u64(e, FIELD_RSS_SHMEM, l->rss_shmem);
	if (l->have & KMSG_HAS_PGTABLES)
		event_u64(e, FIELD_PGTABLES, l->pgtables);
	else if (row && row->pgtables)
		event_int(e, FIELD_PGTABLES, row->pgtables);
	if (l->have & KMSG_HAS_SWAP)
		event_u64(e, FIELD_SWAP, l->swap);
	else if (row && import_tasks_have_swap(&o->tasks))
		event_int(e, FIELD_SWAP, row->swap * page);
	if (l->have & KMSG_HAS_SCORE_ADJ)
		event_int(e, FIELD_OOM_SCORE_ADJ, l->score_adj);
	else if (row && import_tasks_have_adj(&o->tasks))
		event_int(e, FIELD_OOM_SCORE_ADJ, row->adj);
	if (o->has_chosen && o->chosen.pid == l->pid && o->chosen.have & KMSG_HAS_SCORE)
		event_int(e, FIELD_OOM_SCORE, o->chosen.score);
	event_str(e, FIELD_CGROUP, l->task_memcg[0] ? l->task_memcg : o->task_cgroup);
	identity_event(e, -1, 0);
	if (l->have & KMSG_HAS_UB) {
		event_fmt(e, FIELD_CONTAINER, "%u", l->ub);
		event_static(e, FIELD_CONTAINER_RUNTIME, "openvz");
	}
}

/* Processes that hung before it: the machine had been out of memory for longer. */
static void add_hung(struct import *im, struct event *e)
{
	bool near = im->hung && im->stats.lines - im->hung_line < HUNG_LINES;

	if (near && im->hung_at.has_time && event_has(e, FIELD_TIME))
		near = llabs(event_num(e, FIELD_TIME) - im->hung_at.time) < HUNG_NS;
	if (near && event_has(e, FIELD_SAYS))
		event_fmt(e, FIELD_SAYS,
			  "%s Before it, the kernel reported %u time%s that a task was blocked "
			  "for more than two minutes.",
			  event_text(e, FIELD_SAYS), im->hung, im->hung == 1 ? "" : "s");
	im->hung = 0;
}

/* Is the constraint known, or only that no control group is named? Before 4.20 a kill within a
 * cpuset or a policy reads the same; on one node they are all the same memory. */
static bool is_certain(const struct import_oom *o, const struct kmsg_line *l, bool member)
{
	bool one_node = o->host.has && !o->host.other_nodes;

	if (l->doubtful)
		return false;
	if (member)
		return true;
	if (!(l->have & KMSG_HAS_CONSTRAINT))
		return one_node && l->have & KMSG_HAS_ORDER;
	return l->constraint != FC_CONSTRAINT_NONE || l->have & KMSG_HAS_ORDER || o->host.has;
}

/* seen: that it was killed, and not only that it was chosen */
void import_oom_killed(struct import *im, const struct kmsg_victim *v, const struct import_msg *m,
		       bool seen)
{
	struct event *e = import_begin(im, EVENT_KILLED, m);
	const struct import_oom *o = &im->oom;
	struct explain_facts facts = {0};
	struct kmsg_line l = v->line;
	const struct import_task *row = import_tasks_find(&o->tasks, l.pid);
	int64_t page = page_size(row, &l);

	if (l.doubtful)
		l.oom_memcg[0] = l.task_memcg[0] = '\0';
	/* 5.0 printed CONSTRAINT_NONE of control groups as well */
	if (o->limit_cgroup[0] || l.memcg || l.oom_memcg[0]) {
		l.constraint = FC_CONSTRAINT_MEMCG;
		l.have |= KMSG_HAS_CONSTRAINT;
	}
	event_static(e, FIELD_CAUSE, cause(&l, v->member));
	event_static(e, FIELD_SIGNAL, "SIGKILL");
	event_static(e, FIELD_RESOURCE, "memory");
	event_static(e, FIELD_MEASURE, "bytes");
	event_bool(e, FIELD_CERTAIN, seen && is_certain(o, &l, v->member));
	set_victim(e, o, &l, row, page);
	if (v->asker[0])
		event_str(e, FIELD_TRIGGER_COMM, v->asker);
	if (v->asker[0] && o->asker_pid > 0)
		event_int(e, FIELD_TRIGGER_PID, o->asker_pid);
	if (l.have & KMSG_HAS_ORDER)
		event_int(e, FIELD_ORDER, l.order);
	set_limit(e, o, &l, page, &facts);
	facts.page_size = (uint64_t)page;
	explain_event(e, &facts);
	add_hung(im, e);
	im->stats.killed++;
	import_hold(im);
}
