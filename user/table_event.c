// SPDX-License-Identifier: GPL-2.0-only
/*
 * table_event.c - rows of the tables as events: what is unknown stays absent.
 */
#include "parse.h"
#include "table_event.h"

static const char *source_name(enum counter_source s)
{
	static const char *const names[COUNTER_SOURCES] = {
		[COUNTER_UBC] = "ubc",         [COUNTER_CGROUP1] = "cgroup1",
		[COUNTER_CGROUP2] = "cgroup2", [COUNTER_HOST] = "host",
		[COUNTER_PROCESS] = "process", [COUNTER_USER] = "user",
	};

	return names[s];
}

void table_row_event(struct event *e, const char *owner, const struct counter_row *r)
{
	const struct {
		unsigned int have;
		enum field field;
		uint64_t value;
	} values[] = {
		{COUNTER_HELD, FIELD_HELD, r->held},
		{COUNTER_MAXHELD, FIELD_MAXHELD, r->maxheld},
		{COUNTER_BARRIER, FIELD_BARRIER, r->barrier},
		{COUNTER_LIMIT, FIELD_LIMIT, r->limit},
		{COUNTER_FAILCNT, FIELD_COUNTED_FAILCNT, r->failcnt},
	};

	event_init(e, EVENT_ROW);
	event_static(e, FIELD_SOURCE, source_name(r->source));
	event_str(e, FIELD_OWNER, owner);
	event_str(e, FIELD_RESOURCE, r->name);
	event_str(e, FIELD_UNIT, r->unit);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (r->have & values[i].have)
			event_u64(e, values[i].field, values[i].value);
	if (r->have & COUNTER_FAILCNT && r->counted_since)
		event_int(e, FIELD_COUNTED_SINCE, r->counted_since);
}

void table_near_event(struct event *e, const struct table_near_row *r)
{
	const char *pid = util_after(r->owner, "pid:");
	uint64_t n;

	table_row_event(e, r->owner, &r->row);
	event_u64(e, FIELD_PERCENT, r->percent);
	if (!pid || parse_u64(pid, strlen(pid), &n) < 0)
		return;
	event_u64(e, FIELD_PID, n);
	event_str(e, FIELD_COMM, r->comm);
}

void table_oom_event(struct event *e, const struct oom_rank *rank, size_t i)
{
	const struct oom_candidate *o = &rank->c[i];
	char why[160];

	event_init(e, EVENT_ROW);
	event_static(e, FIELD_SOURCE, !rank->asked ? "host" : rank->v1 ? "cgroup1" : "cgroup2");
	if (rank->asked)
		event_fmt(e, FIELD_OWNER, "cgroup:%s", rank->asked);
	else
		event_static(e, FIELD_OWNER, "host");
	event_static(e, FIELD_RESOURCE, "memory");
	event_str(e, FIELD_MEMCG, rank->domain);
	event_u64(e, FIELD_PID, o->pid);
	event_str(e, FIELD_COMM, o->comm);
	event_str(e, FIELD_CGROUP, o->cgroup);
	event_bool(e, FIELD_EXEMPT, o->exempt);
	if (!o->exempt) {
		event_u64(e, FIELD_RANK, i + 1);
		event_int(e, FIELD_POINTS, o->points);
	}
	if (o->has_score)
		event_u64(e, FIELD_OOM_SCORE, o->score);
	event_int(e, FIELD_OOM_SCORE_ADJ, o->adj);
	event_u64(e, FIELD_TOTAL_PAGES, rank->total_pages);
	event_u64(e, FIELD_RSS, o->rss);
	event_u64(e, FIELD_SWAP, o->swap);
	event_u64(e, FIELD_PGTABLES, o->tables);
	event_str(e, FIELD_OOM_GROUP, rank->group);
	if (rank->v1 && rank->domain)
		event_bool(e, FIELD_OOM_KILL_DISABLE, rank->kill_disabled);
	if (!rank->domain)
		event_bool(e, FIELD_OOM_KILL_ALLOCATING, rank->kill_allocating);
	if (rank->panic_on_oom >= 0)
		event_int(e, FIELD_PANIC_ON_OOM, rank->panic_on_oom);
	oom_rank_why(rank, i, why, sizeof(why));
	event_str(e, FIELD_SAYS, why);
}
