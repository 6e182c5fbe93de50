// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/correlate.c user/correlate_wait.c user/correlate_counted.c user/baseline.c
 * user/catalogue.c user/field.c ; libs: */
/*
 * test_correlate_limit.c - a refusal by the limit of a cgroup takes its counter along, wherever the
 * process itself is, and repeats that are told later do too.
 */
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

static void on_emit(void *arg _unused_, struct event *e)
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

static int setup(void **state _unused_)
{
	const struct correlate_options o = {.settle_ms = 100, .interval_ms = 1000};

	n_seen = 0;
	return correlate_new(&c, &o);
}

static int teardown(void **state _unused_)
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
static void row(enum counter_source s, const char *owner, const char *name, uint64_t failcnt,
		int64_t local)
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

static void v1(const char *owner, const char *name, uint64_t failcnt)
{
	row(COUNTER_CGROUP1, owner, name, failcnt, NO_LOCAL);
}

static void v2(const char *owner, const char *name, uint64_t failcnt, int64_t local)
{
	row(COUNTER_CGROUP2, owner, name, failcnt, local);
}

static void take(bool first, uint64_t ms)
{
	correlate_round(c);
	assert_int_equal(correlate_rows(c, &table, first, ms), 0);
	counter_table_clear(&table);
}

static void run_at(uint64_t ms)
{
	const struct correlate_now now = {.ms = ms, .realtime_ns = 42, .uptime_us = 7};

	correlate_run(c, &now, on_emit, NULL);
}

static void event_at(enum event_kind kind, const char *resource, const char *cgroup,
		     const char *limit, int64_t seq, uint64_t ms)
{
	struct event e;

	event_init(&e, kind);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_CGROUP, cgroup);
	event_str(&e, FIELD_LIMIT_CGROUP, limit);
	assert_int_equal(correlate_event(c, &e, seq, ms), 0);
}

static void assert_row(const char *owner, const char *name, int64_t delta, enum relation relation)
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

static void elsewhere(void **state _unused_)
{
	/* Version 1: the process is in another group of the memory hierarchy. */
	v1("cgroup:/limited", "pids", 0);
	take(true, 0);
	event_at(EVENT_REFUSED, "pids", "/memory", "/limited", 1, 1000);
	v1("cgroup:/limited", "pids", 1);
	take(false, 1100);
	run_at(1100);
	assert_int_equal(n_seen, 1);
	assert_row("cgroup:/limited", "pids", 1, RELATION_OWN);
	run_at(9000);
	assert_int_equal(n_seen, 1);
}

/* Read between the two counts of one refusal: whose limit it was is known all the same. */
static void local_late(void **state _unused_)
{
	v2("cgroup:/a", "pids", 0, 0);
	take(true, 0);
	event_at(EVENT_REFUSED, "pids", "/a/b", "/a", 1, 1000);
	v2("cgroup:/a", "pids", 1, 0);
	take(false, 1100);
	run_at(1100);
	assert_row("cgroup:/a", "pids", 1, RELATION_OWN);
}

static void repeats(void **state _unused_)
{
	v2("cgroup:/a", "pids", 0, 0);
	take(true, 0);
	event_at(EVENT_REFUSED, "pids", "/a", "/a", 1, 1000);
	v2("cgroup:/a", "pids", 8, 8);
	take(false, 1100);
	run_at(1100);
	assert_int_equal(n_seen, 1);
	/* More of them, told a second later: not unexplained meanwhile. */
	v2("cgroup:/a", "pids", 50, 50);
	take(false, 1200);
	run_at(1900);
	assert_int_equal(n_seen, 1);
	event_at(EVENT_REFUSED, "pids", "/a", "/a", 2, 2000);
	run_at(2100);
	assert_int_equal(n_seen, 2);
	assert_row("cgroup:/a", "pids", 42, RELATION_OWN);
	/* And what nobody tells is told in the end. */
	v2("cgroup:/a", "pids", 51, 51);
	take(false, 2200);
	run_at(2500);
	assert_int_equal(n_seen, 2);
	run_at(4000);
	assert_int_equal(n_seen, 3);
	assert_int_equal(last.kind, EVENT_COUNTED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(elsewhere),
		TEST(local_late),
		TEST(repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
