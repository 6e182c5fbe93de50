// SPDX-License-Identifier: GPL-2.0-only
/*
 * correlate_counted.c - counters that moved and no event claimed them: nothing
 * is lost because no hook exists for it.
 *
 * Each refusal counter is an event of its own. Counters of pressure move all
 * the time in a cgroup that lives at its limit, and come together, once an
 * interval for each owner.
 */
#include "catalogue.h"
#include "correlate_priv.h"

static const char *const source_names[COUNTER_SOURCES] = {
	[COUNTER_UBC] = "ubc",   [COUNTER_CGROUP1] = "cgroup1", [COUNTER_CGROUP2] = "cgroup2",
	[COUNTER_HOST] = "host", [COUNTER_PROCESS] = "process", [COUNTER_USER] = "user",
};

const char *correlate_source_name(enum counter_source s)
{
	return s < COUNTER_SOURCES ? source_names[s] : "";
}

/*
 * v1 counts a charge that did not fit before reclaim is tried; v2 calls that high and max. The
 * counters kmem and kmem.tcp are tried without reclaim: __memcg_kmem_charge(),
 * mem_cgroup_charge_skmem() of mm/memcontrol.c.
 */
bool correlate_is_pressure(enum counter_source s, const char *row)
{
	if (s == COUNTER_CGROUP1)
		return util_streq(row, "memory") || util_streq(row, "memsw");
	return s == COUNTER_CGROUP2 &&
	       (util_streq(row, "memory.max") || util_streq(row, "memory.high"));
}

static const struct {
	const char *row;
	bool prefix;
	const char *what;
} meanings[] = {
	{"memory.oom_kill", false, "processes that the OOM killer killed"},
	{"memory.oom_group_kill", false, "kills of a whole cgroup for lack of memory"},
	{"memory", false, "allocations that found no memory below the limit, even after reclaim"},
	{"kmem.tcp", false,
	 "memory of sockets that the limit refused: packets are dropped, senders wait"},
	{"kmem", false, "requests for kernel memory that the limit refused"},
	{"swap", true, "pages that the swap limit, or full swap, kept in memory"},
	{"pids", false, "forks that the limit refused"},
	{"hugetlb.", true, "huge pages that the limit refused"},
	{"misc.", true, "charges that the limit refused"},
};

static const char *meaning(enum counter_source s, const char *row)
{
	if (correlate_is_pressure(s, row))
		return "charge attempts that met the limit; reclaim may have satisfied them";
	for (size_t i = 0; s != COUNTER_UBC && i < ARRAY_SIZE(meanings); i++)
		if (meanings[i].prefix ? util_after(row, meanings[i].row) != NULL
				       : util_streq(row, meanings[i].row))
			return meanings[i].what;
	return "requests that the limit refused";
}

/* The one resource that counts itself in this row. */
static const struct resource *resource_of(const char *row)
{
	const struct resource *found = NULL;

	for (unsigned int r = FC_RESOURCE_NONE + 1; r < FC_RESOURCES; r++) {
		if (catalogue_relation(r, row) != RELATION_OWN)
			continue;
		if (found)
			return NULL;
		found = catalogue_get(r);
	}
	return found;
}

/* Of what moved, the part that no child tells. */
static uint64_t own_part(const struct baseline_owner *o, const struct baseline_row *row)
{
	const struct baseline_moving *m = row->moving;
	uint64_t rest = m->delta > m->implied ? m->delta - m->implied : 0;

	if (!baseline_hierarchical(o, row))
		return m->delta;
	return rest > m->local ? rest : m->local;
}

/* When it is certain that no event claims it and whose it is. */
static uint64_t certain_at(const struct baseline_owner *o, const struct baseline_row *row,
			   const struct correlate_grace *g)
{
	const struct baseline_moving *m = row->moving;
	uint64_t due = m->since + g->grace_ms;

	/* It may be a child's, which is read later. */
	if (baseline_hierarchical(o, row) && own_part(o, row) > m->local)
		due += g->lag_ms;
	/* It may be of repeats, which the kernel counts and which come as one event. */
	if (row->claimed_at && m->since <= row->claimed_at + FOLDED_MS)
		due += FOLDED_MS;
	return due;
}

static uint64_t due_at(const struct baseline_owner *o, const struct baseline_row *row,
		       const struct correlate_grace *g)
{
	uint64_t due = certain_at(o, row, g);

	if (o->pressed && correlate_is_pressure(o->source, row->name) &&
	    due < o->pressed_at + g->interval_ms)
		due = o->pressed_at + g->interval_ms;
	return due;
}

uint64_t correlate_counted_due(const struct baseline *b, const struct correlate_grace *g)
{
	uint64_t due = UINT64_MAX;

	for (const struct baseline_owner *o = b->active; o; o = o->next_active)
		for (unsigned int i = 0; i < o->n_rows; i++) {
			const struct baseline_row *row = &o->rows[i];

			if (row->moving && row->moving->delta && due_at(o, row, g) < due)
				due = due_at(o, row, g);
		}
	return due;
}

static void begin(struct event *e, const struct baseline_owner *o, const struct correlate_now *now)
{
	event_init(e, EVENT_COUNTED);
	event_int(e, FIELD_TIME, now->realtime_ns);
	event_int(e, FIELD_UPTIME_US, now->uptime_us);
	event_static(e, FIELD_BACKEND, "counter");
	event_static(e, FIELD_SOURCE, correlate_source_name(o->source));
	event_str(e, FIELD_OWNER, o->name);
}

static void add_row(struct event *e, const struct baseline_owner *o, const struct baseline_row *row,
		    uint64_t delta)
{
	struct event_moved *m = event_moved_add(e);

	if (!m)
		return;
	m->source = correlate_source_name(o->source);
	m->owner = event_text(e, FIELD_OWNER);
	m->resource = event_keep(e, row->name);
	m->have = row->have & (COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT);
	m->held = row->held;
	m->limit = row->limit;
	m->failcnt = row->failcnt;
	m->delta = delta > INT64_MAX ? INT64_MAX : (int64_t)delta;
	m->relation = RELATION_OWN;
}

/* What was told, or is told by the children, is no longer waiting. */
static void settle(struct baseline_moving *m)
{
	m->implied -= m->implied < m->delta ? m->implied : m->delta;
	m->delta = 0;
	m->local = 0;
}

static void tell_row(const struct baseline_owner *o, const struct baseline_row *row, uint64_t delta,
		     const struct correlate_now *now, correlate_emit_fn *emit, void *arg)
{
	const struct resource *res = resource_of(row->name);
	struct event e;

	begin(&e, o, now);
	if (res)
		event_static(&e, FIELD_RESOURCE, res->id);
	add_row(&e, o, row, delta);
	event_fmt(&e, FIELD_SAYS, "%s: %s counted %llu: %s", o->name, row->name,
		  (unsigned long long)delta, meaning(o->source, row->name));
	emit(arg, &e);
}

static bool is_due(const struct baseline_owner *o, const struct baseline_row *row,
		   const struct correlate_grace *g, const struct correlate_now *now)
{
	return row->moving && row->moving->delta && (now->all || due_at(o, row, g) <= now->ms);
}

/* All counters of pressure in one event, where one of them is due. */
static void tell_pressure(struct baseline_owner *o, const struct correlate_grace *g,
			  const struct correlate_now *now, correlate_emit_fn *emit, void *arg)
{
	uint64_t total = 0;
	bool due = false;
	struct event e;

	for (unsigned int i = 0; i < o->n_rows; i++)
		due |= correlate_is_pressure(o->source, o->rows[i].name) &&
		       is_due(o, &o->rows[i], g, now);
	if (!due)
		return;
	begin(&e, o, now);
	for (unsigned int i = 0; i < o->n_rows; i++) {
		struct baseline_row *row = &o->rows[i];

		if (!row->moving || !row->moving->delta ||
		    !correlate_is_pressure(o->source, row->name) ||
		    (!now->all && certain_at(o, row, g) > now->ms))
			continue;
		if (own_part(o, row)) {
			total += own_part(o, row);
			add_row(&e, o, row, own_part(o, row));
		}
		settle(row->moving);
	}
	if (!e.n_moved)
		return;
	o->pressed = true;
	o->pressed_at = now->ms;
	event_fmt(&e, FIELD_SAYS, "%s: %s%s counted %llu: %s", o->name, e.moved[0].resource,
		  e.n_moved > 1 ? " and others" : "", (unsigned long long)total,
		  meaning(o->source, e.moved[0].resource));
	emit(arg, &e);
}

void correlate_counted(struct baseline *b, const struct correlate_grace *g,
		       const struct correlate_now *now, correlate_emit_fn *emit, void *arg)
{
	for (struct baseline_owner *o = b->active; o; o = o->next_active) {
		tell_pressure(o, g, now, emit, arg);
		for (unsigned int i = 0; i < o->n_rows; i++) {
			struct baseline_row *row = &o->rows[i];
			struct baseline_moving *m = row->moving;

			if (is_due(o, row, g, now) &&
			    !correlate_is_pressure(o->source, row->name)) {
				uint64_t delta = own_part(o, row);

				settle(m);
				if (delta)
					tell_row(o, row, delta, now, emit, arg);
			}
			/* A child's movement that its parent never showed: a mount with local
			 * events. */
			if (m && !m->delta && now->ms > m->implied_at + g->grace_ms + g->lag_ms)
				m->implied = 0;
		}
	}
	baseline_sweep(b);
}
