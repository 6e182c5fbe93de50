/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * correlate_fixture.h - tables made by hand for a correlator, and the last event that it told.
 */
#ifndef CORRELATE_FIXTURE_H
#define CORRELATE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/correlate.h"

static struct correlate *c;
static struct counter_table table;
static struct event last;
static unsigned int n_seen;
static int64_t seqs[128];

_unused_ static void on_emit(void *arg _unused_, struct event *e)
{
	seqs[n_seen++ % 128] = event_num(e, FIELD_OF_SEQ);
	last = *e;
	/* The strings are in the event's own pool. */
	for (unsigned int i = 0; i < e->n_moved; i++) {
		if (e->moved[i].owner >= e->pool && e->moved[i].owner < e->pool + EVENT_POOL)
			last.moved[i].owner = last.pool + (e->moved[i].owner - e->pool);
		last.moved[i].resource = last.pool + (e->moved[i].resource - e->pool);
	}
}

_unused_ static int setup(void **state _unused_)
{
	const struct correlate_options o = {.settle_ms = 100, .interval_ms = 1000};

	n_seen = 0;
	return correlate_new(&c, &o);
}

_unused_ static int teardown(void **state _unused_)
{
	correlate_free(c);
	counter_table_clear(&table);
	free(table.rows);
	free(table.owners);
	table = (struct counter_table){0};
	return 0;
}

/* The table's own code is counter.c's; here only its form is needed. */
void counter_table_clear(struct counter_table *t)
{
	while (t->n_owners)
		free(t->owners[--t->n_owners]);
	t->n_rows = 0;
}

#define NO_LOCAL (-1)
_unused_ static void row(enum counter_source s, const char *owner, const char *name,
			 uint64_t failcnt, int64_t local)
{
	struct counter_row *r;

	table.owners = reallocarray(table.owners, table.n_owners + 1, sizeof(char *));
	table.owners[table.n_owners++] = strdup(owner);
	table.rows = reallocarray(table.rows, table.n_rows + 1, sizeof(*r));
	r = &table.rows[table.n_rows++];
	*r = (struct counter_row){
		.source = s,
		.owner = (unsigned int)table.n_owners - 1,
		.have = COUNTER_FAILCNT | COUNTER_HELD | COUNTER_LIMIT |
			(local >= 0 ? COUNTER_FAILCNT_LOCAL : 0),
		.failcnt = failcnt,
		.failcnt_local = local >= 0 ? (uint64_t)local : 0,
		.held = 90,
		.limit = 100,
	};
	util_strlcpy(r->name, name, sizeof(r->name));
}

_unused_ static void v1(const char *owner, const char *name, uint64_t failcnt)
{
	row(COUNTER_CGROUP1, owner, name, failcnt, NO_LOCAL);
}

_unused_ static void v2(const char *owner, const char *name, uint64_t failcnt, int64_t local)
{
	row(COUNTER_CGROUP2, owner, name, failcnt, local);
}

_unused_ static void take(bool first, uint64_t ms)
{
	correlate_round(c);
	assert_int_equal(correlate_rows(c, &table, first, ms), 0);
	counter_table_clear(&table);
}

_unused_ static void run_at(uint64_t ms)
{
	const struct correlate_now now = {.ms = ms, .realtime_ns = 42, .uptime_us = 7};

	correlate_run(c, &now, on_emit, NULL);
}

/* limit: the cgroup whose limit it was. */
_unused_ static void event_at(enum event_kind kind, const char *resource, const char *cgroup,
			      const char *limit, int64_t seq, uint64_t ms)
{
	struct event e;

	event_init(&e, kind);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_CGROUP, cgroup);
	event_str(&e, kind == EVENT_KILLED ? FIELD_MEMCG : FIELD_LIMIT_CGROUP, limit);
	assert_int_equal(correlate_event(c, &e, seq, ms), 0);
}

_unused_ static void assert_row(const char *owner, const char *name, int64_t delta,
				enum relation relation)
{
	for (unsigned int i = 0; i < last.n_moved; i++) {
		const struct event_moved *m = &last.moved[i];

		if (!util_streq(m->owner, owner) || !util_streq(m->resource, name))
			continue;
		assert_int_equal(m->delta, delta);
		assert_string_equal(relation_name(m->relation), relation_name(relation));
		return;
	}
	fail_msg("%s %s is not told", owner, name);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
