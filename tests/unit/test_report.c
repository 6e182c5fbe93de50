/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_report.c - the model of a report: every count is in its interval and in
 * the sum, like incidents are one card, its size has an end, and a curve is
 * only drawn of whose limit it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/counter.h"
#include "../../user/report_model.h"

#define NS 1000000000LL
#define HOUR (3600 * NS)
#define DAY (24 * HOUR)
#define START (1795348800 * NS) /* 2026-11-22 12:00 UTC */

static struct event e;
static struct report *r;
static struct report_chart_maker maker;

static int setup(void **state _unused_)
{
	return report_new(&r, START, START + DAY, 0);
}

static int teardown(void **state _unused_)
{
	report_free(r);
	r = NULL;
	return 0;
}

static void make(enum event_kind kind, const char *resource, const char *comm, const char *cgroup)
{
	event_init(&e, kind);
	event_int(&e, FIELD_TIME, START + HOUR);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_COMM, comm);
	event_str(&e, FIELD_CGROUP, cgroup);
	event_int(&e, FIELD_PID, 7);
}

static void incident(int64_t id, int64_t at, uint64_t refused, uint64_t killed)
{
	struct incident i = {.id = id,
			     .first = at,
			     .last = at + NS,
			     .refused = refused,
			     .killed = killed,
			     .verdict = &e};

	assert_int_equal(report_add_incident(r, &i), 0);
}

static void test_round_steps(void **state _unused_)
{
	assert_int_equal(report_round_step(DAY, 120), 15 * 60 * NS);
	assert_int_equal(report_round_step(NS, 120), NS);
	assert_int_equal(report_round_step(119 * NS, 120), NS);
	assert_int_equal(report_round_step(120 * NS, 120), 2 * NS);
	for (int64_t ns = NS; ns < INT64_MAX / 3; ns = ns * 3 / 2 + 1)
		assert_true(ns / report_round_step(ns, 120) < 120);
}

/* Odd beginnings, lengths and time zones: all of it is within the intervals that there are. */
static void test_intervals_cover_all(void **state _unused_)
{
	static const long zones[] = {0, 3600, -34200, 20700, 50400};

	for (int64_t span = NS; span < 4000 * DAY; span = span * 2 + 7)
		for (size_t z = 0; z < ARRAY_SIZE(zones); z++) {
			int64_t since = START + span / 7 + 1, until = since + span;
			struct report *x;

			assert_int_equal(report_new(&x, since, until, zones[z]), 0);
			assert_true(x->n_buckets >= 1 && x->n_buckets <= REPORT_BUCKETS);
			assert_true(x->base <= since && since < x->base + x->width);
			assert_true(x->base + (int64_t)x->n_buckets * x->width >= until);
			assert_int_equal((x->base + zones[z] * NS) % x->width, 0);
			assert_int_equal(report_add_count(x, "a", since, 1, 0, 0), 0);
			assert_int_equal(report_add_count(x, "a", until - 1, 1, 0, 0), 0);
			assert_int_equal(x->refused, 2);
			assert_true(x->lanes[0].refused_in[0] >= 1);
			assert_true(x->lanes[0].refused_in[x->n_buckets - 1] >= 1);
			report_free(x);
		}
	assert_int_equal(report_new(&r, START, START, 0), -EINVAL);
}

static void test_counts(void **state _unused_)
{
	make(EVENT_REFUSED, "nofile", "nginx", "/a");
	event_int(&e, FIELD_COUNT, 41);
	assert_int_equal(report_add_event(r, &e), 0);
	make(EVENT_REFUSED, "nofile", "nginx", "/a");
	assert_int_equal(report_add_event(r, &e), 0);
	make(EVENT_KILLED, NULL, "convert", "/b");
	event_str(&e, FIELD_CAUSE, "fault");
	assert_int_equal(report_add_event(r, &e), 0);
	make(EVENT_COUNTED, "memory", NULL, NULL);
	assert_int_equal(report_add_event(r, &e), 0);
	make(EVENT_REFUSED, "nofile", "nginx", "/a");
	event_int(&e, FIELD_TIME, START + DAY); /* no more */
	assert_int_equal(report_add_event(r, &e), 0);
	assert_int_equal(report_finish(r), 0);
	assert_int_equal(r->refused, 42);
	assert_int_equal(r->killed, 1);
	assert_int_equal(r->counted, 1);
	assert_int_equal(r->n_lanes, 3);
	assert_string_equal(r->lanes[0].name, "fault"); /* kills first */
	assert_string_equal(r->lanes[1].name, "nofile");
	assert_int_equal(r->lanes[1].refused_in[HOUR / r->width], 42);
}

static void test_untimed(void **state _unused_)
{
	assert_int_equal(report_add_count(r, "memory", 0, 0, 3, 0), 0);
	assert_int_equal(r->killed, 3);
	assert_int_equal(r->untimed, 3);
	for (unsigned int i = 0; i < r->n_buckets; i++)
		assert_int_equal(r->lanes[0].killed_in[i], 0);
}

/* Lanes of a stranger's store are folded, and their sum is still whole. */
static void test_lanes_are_bounded(void **state _unused_)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "resource-%u", i);
		assert_int_equal(report_add_count(r, name, START + i * NS, i, 0, 0), 0);
	}
	assert_int_equal(report_finish(r), 0);
	assert_int_equal(r->n_lanes, REPORT_LANES + 1);
	for (unsigned int l = 0; l < r->n_lanes; l++)
		for (unsigned int i = 0; i < r->n_buckets; i++)
			sum += r->lanes[l].refused_in[i];
	assert_int_equal(sum, 999 * 1000 / 2);
	assert_int_equal(r->refused, sum);
}

static void test_alike_are_one_card(void **state _unused_)
{
	make(EVENT_REFUSED, "nofile", "nginx", "/a");
	for (int i = 0; i < 24; i++)
		incident(i + 1, START + i * HOUR, 10, 0);
	make(EVENT_REFUSED, "nofile", "php", "/a");
	incident(30, START, 1000, 0);
	make(EVENT_KILLED, "nofile", "nginx", "/a");
	incident(31, START, 5, 1);
	assert_int_equal(report_finish(r), 0);
	assert_int_equal(r->incidents, 26);
	assert_int_equal(r->n_refusals, 2);
	assert_int_equal(r->refusals[0].id, 30); /* the most first */
	assert_int_equal(r->refusals[1].incidents, 24);
	assert_int_equal(r->refusals[1].refused, 240);
	assert_int_equal(r->refusals[1].id, 24); /* the latest */
	assert_int_equal(r->refusals[1].first, START);
	assert_int_equal(r->n_kills, 1);
	assert_true(r->kills[0].kill);
}

static void test_cards_are_bounded(void **state _unused_)
{
	for (int i = 0; i < 10000; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), "p%d", i);
		make(i % 2 ? EVENT_KILLED : EVENT_REFUSED, "memory", comm, "/a");
		incident(i + 1, START + i * NS, 1, i % 2);
	}
	assert_int_equal(report_finish(r), 0);
	assert_int_equal(r->n_kills, REPORT_KILLS);
	assert_int_equal(r->kills[0].id, 8192); /* the newest of those told apart */
	assert_int_equal(r->n_kills + r->kills_left_out, 5000);
	assert_int_equal(r->n_refusals + r->refusals_left_out, 5000);
}

/* Any number of services that were stopped since does not hide the OOM killer, nor a crash. */
static void test_grave_kills_come_first(void **state _unused_)
{
	make(EVENT_KILLED, "memory", "postgres", "/a");
	event_static(&e, FIELD_CAUSE, "oom-memcg");
	incident(1, START, 0, 1);
	make(EVENT_KILLED, "", "nginx", "/a");
	event_clear(&e, FIELD_RESOURCE);
	event_static(&e, FIELD_CAUSE, "fault");
	event_static(&e, FIELD_SIGNAL, "SIGSEGV");
	event_static(&e, FIELD_MAP_OBJECT, "libc.so.6");
	incident(2, START + NS, 0, 1);
	event_static(&e, FIELD_MAP_OBJECT, "libssl.so.3"); /* elsewhere: another card */
	incident(3, START + 2 * NS, 0, 1);
	for (int i = 0; i < 2 * REPORT_KILLS; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), "p%d", i);
		make(EVENT_KILLED, "", comm, "/a");
		event_clear(&e, FIELD_RESOURCE);
		event_static(&e, FIELD_CAUSE, "signal");
		event_static(&e, FIELD_SIGNAL, "SIGTERM");
		event_static(&e, FIELD_REQUESTED_BY, i == 0 ? "other" : "service-manager");
		incident(4 + i, START + (10 + i) * NS, 0, 1);
	}
	assert_int_equal(report_finish(r), 0);
	assert_int_equal(r->n_kills, REPORT_KILLS);
	assert_int_equal(r->kills[0].id, 1);
	assert_int_equal(r->kills[1].id, 3);
	assert_int_equal(r->kills[2].id, 2);
	assert_int_equal(r->kills[3].id, 4);
}

static void test_verdict_is_a_copy(void **state _unused_)
{
	struct event *copy;

	make(EVENT_KILLED, "memory", "postgres", "/a");
	event_str(&e, FIELD_SAYS, "It was killed.");
	event_cut(&e, FIELD_SAYS);
	event_moved_add(&e)->owner = "cgroup:/a";
	event_holder_add(&e)->comm = "holder";
	copy = report_event_copy(&e);
	memset(&e, 0xff, sizeof(e));
	assert_string_equal(event_text(copy, FIELD_COMM), "postgres");
	assert_string_equal(event_text(copy, FIELD_SAYS), "It was killed.");
	assert_int_equal(event_num(copy, FIELD_PID), 7);
	assert_false(event_has(copy, FIELD_ERRNO));
	assert_string_equal(copy->moved[0].owner, "cgroup:/a");
	assert_string_equal(copy->holders[0].comm, "holder");
	free(copy);
}

static void test_trail(void **state _unused_)
{
	struct report_card c = {.kill = true};

	for (int i = 0; i < 100; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), "p%d", i % 8);
		make(EVENT_REFUSED, "as", comm, "/a");
		event_int(&e, FIELD_TIME, START - i * NS);
		event_int(&e, FIELD_COUNT, 2);
		assert_int_equal(report_card_event(&c, &e), 0);
	}
	report_card_done(&c);
	assert_int_equal(c.n_trail, REPORT_TRAIL);
	for (unsigned int i = 1; i < c.n_trail; i++)
		assert_true(c.trail[i - 1].first <= c.trail[i].first);
	assert_int_equal(c.trail[0].count + c.trail[1].count + c.trail[2].count + c.trail[3].count +
				 c.trail[4].count + c.trail[5].count + c.trail_left_out,
			 200);
}

/* A followup of another process' own limit says nothing about this one. */
static void test_followup_of_another(void **state _unused_)
{
	struct report_card c = {};

	make(EVENT_REFUSED, "nofile", "nginx", "/a");
	event_str(&e, FIELD_LIMIT_NAME, "RLIMIT_NOFILE");
	assert_int_equal(report_card_verdict(&c, &e), 0);
	make(EVENT_FOLLOWUP, "nofile", "php", "/a");
	event_int(&e, FIELD_PID, 8);
	event_holder_add(&e);
	assert_int_equal(report_card_event(&c, &e), 0);
	assert_null(c.found);
	event_int(&e, FIELD_PID, 7);
	assert_int_equal(report_card_event(&c, &e), 0);
	assert_non_null(c.found);
	free(c.verdict);
	free(c.found);
}

static void test_gaps(void **state _unused_)
{
	report_add_gap(r, START - DAY, START + HOUR, "a");
	report_add_gap(r, START + 2 * HOUR, START + 2 * HOUR + NS / 2, "restart");
	report_add_gap(r, START + 23 * HOUR, 0, "b");
	assert_int_equal(r->gaps_all, 2);
	assert_int_equal(r->unwatched, 2 * HOUR);
	assert_int_equal(r->gaps[0].from, START);
	assert_int_equal(r->gaps[1].to, START + DAY);
	for (unsigned int i = 0; i < r->n_buckets; i++) {
		int64_t at = r->base + i * r->width;
		bool in = at < START + HOUR || at >= START + 23 * HOUR;

		assert_int_equal(r->gap_in[i], in ? r->width : 0);
	}
	for (int i = 0; i < 100; i++)
		report_add_gap(r, START + 3 * HOUR + 5 * i * NS,
			       START + 3 * HOUR + (5 * i + 2) * NS, "c");
	assert_int_equal(r->n_gaps, REPORT_LINES);
	assert_int_equal(r->gaps_all, 102);
	assert_string_equal(r->gaps[0].why, "a"); /* the longest stay */
	assert_string_equal(r->gaps[1].why, "b");
}

static void sample(const char *owner, const char *resource, int64_t at, uint64_t held,
		   uint64_t limit)
{
	struct store_sample s = {.time = at,
				 .source = "cgroup2",
				 .owner = owner,
				 .resource = resource,
				 .unit = "bytes",
				 .have = COUNTER_HELD | COUNTER_LIMIT,
				 .held = held,
				 .limit = limit};

	report_chart_sample(&maker, &s);
}

static void begin_chart(struct report_card *c)
{
	int64_t from, to;

	c->id_first = START + HOUR;
	c->id_last = START + HOUR + NS;
	assert_int_equal(report_card_verdict(c, &e), 0);
	report_chart_span(r, c, &from, &to);
	assert_true(from < c->id_first && to > c->id_last);
	report_chart_begin(&maker, c, from, to);
}

static void test_usage(void **state _unused_)
{
	struct report_card c = {};
	char owner[64];

	make(EVENT_KILLED, "memory", "postgres", "/a/b");
	event_str(&e, FIELD_MEMCG, "/a");
	event_str(&e, FIELD_MEASURE, "bytes");
	event_int(&e, FIELD_LIMIT, 1000);
	begin_chart(&c);
	assert_true(report_chart_owner(&c, 0, owner, sizeof(owner)));
	assert_string_equal(owner, "cgroup:/a");
	assert_false(report_chart_owner(&c, 1, owner, sizeof(owner)));
	sample(owner, "memory", START, 300, 1000); /* before: stands at the beginning */
	sample(owner, "memory", START + HOUR - NS, 990, 1000);
	sample(owner, "memory", START + HOUR - NS + 1, 700,
	       1000); /* the same column: the highest */
	sample(owner, "swap", START + HOUR, 5, 1000);
	assert_true(report_chart_end(&maker, &c));
	assert_string_equal(c.chart.resource, "memory");
	assert_true(c.chart.has[0] && c.chart.limited[0]);
	assert_int_equal(c.chart.held[0], 300);
	assert_int_equal(c.chart.held[10 * 60 * REPORT_COLUMNS / (15 * 60 + 1) - 1], 990);
	free(c.verdict);
}

static void test_usage_ends_at_gaps(void **state _unused_)
{
	struct report_card c = {.id_first = START + HOUR, .id_last = START + HOUR + NS};
	int64_t from, to;

	report_add_gap(r, START + HOUR - 120 * NS, START + HOUR - 60 * NS, "a");
	report_add_gap(r, START + HOUR + 30 * NS, START + 2 * HOUR, "b");
	report_chart_span(r, &c, &from, &to);
	assert_int_equal(from, START + HOUR - 60 * NS);
	assert_int_equal(to, START + HOUR + 30 * NS);
}

/* What a process's own refusals told, in more than two columns; nobody else's. */
static void test_usage_of_refusals(void **state _unused_)
{
	struct report_card c = {.id_first = START + HOUR, .id_last = START + HOUR + 300 * NS};

	make(EVENT_REFUSED, "nofile", "web", "/a");
	event_int(&e, FIELD_PID, 77);
	event_str(&e, FIELD_LIMIT_NAME, "RLIMIT_NOFILE");
	event_str(&e, FIELD_MEASURE, "files");
	event_int(&e, FIELD_HELD, 64);
	event_int(&e, FIELD_LIMIT, 64);
	assert_int_equal(report_card_verdict(&c, &e), 0);
	report_chart_points(r, &c);
	for (int i = 0; i < 3; i++) {
		report_chart_points_done(&c);
		assert_string_equal(c.chart.resource, "");
		event_int(&e, FIELD_TIME, c.id_first + i * 100 * NS);
		report_chart_point(&c, &e);
	}
	event_int(&e, FIELD_PID, 78);
	event_int(&e, FIELD_HELD, 1000);
	report_chart_point(&c, &e);
	report_chart_points_done(&c);
	assert_string_equal(c.chart.resource, "RLIMIT_NOFILE");
	assert_true(c.chart.points);
	for (int i = 0; i < REPORT_COLUMNS; i++)
		assert_true(!c.chart.has[i] || (c.chart.held[i] == 64 && c.chart.limit[i] == 64));
	free(c.verdict);
}

/* Usage of somebody else, of another limit, or in another namespace is no picture of this. */
static void test_usage_of_others(void **state _unused_)
{
	struct report_card c = {};
	char owner[64];

	make(EVENT_KILLED, "memory", "postgres", "/a/b");
	event_str(&e, FIELD_MEASURE, "bytes");
	event_int(&e, FIELD_LIMIT, 1000);
	begin_chart(&c);
	sample("host", "memory", START, 300, 999999);
	assert_false(report_chart_end(&maker, &c));
	assert_string_equal(c.chart.resource, "");
	make(EVENT_REFUSED, "semmni", "postgres", "/a");
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026532201]");
	assert_int_equal(report_card_verdict(&c, &e), 0);
	assert_false(report_chart_owner(&c, 0, owner, sizeof(owner)));
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026531839]");
	assert_int_equal(report_card_verdict(&c, &e), 0);
	assert_true(report_chart_owner(&c, 0, owner, sizeof(owner)));
	assert_string_equal(owner, "host");
	free(c.verdict);
}

static void test_lost(void **state _unused_)
{
	for (int i = 0; i < 40; i++) {
		event_init(&e, EVENT_LOST);
		event_int(&e, FIELD_TIME, START + HOUR);
		event_str(&e, FIELD_STAGE, i == 39 ? "down" : "hook");
		event_fmt(&e, FIELD_HOOK, "h%d", i);
		event_int(&e, FIELD_LOST, 2);
		assert_int_equal(report_add_event(r, &e), 0);
	}
	assert_false(r->lost_at_most);
	assert_int_equal(r->lost, 78); /* times when nobody watched are gaps */
	assert_int_equal(r->n_stages, REPORT_STAGES);
	assert_string_equal(r->stages[REPORT_STAGES - 1].stage, "several");
	event_str(&e, FIELD_STAGE, "hook");
	event_str(&e, FIELD_HOOK, "h1");
	event_bool(&e, FIELD_AT_MOST, true);
	assert_int_equal(report_add_event(r, &e), 0);
	assert_true(r->lost_at_most && r->stages[1].at_most);
	assert_false(r->stages[0].at_most);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_round_steps),
		T(test_intervals_cover_all),
		T(test_counts),
		T(test_untimed),
		T(test_lanes_are_bounded),
		T(test_alike_are_one_card),
		T(test_cards_are_bounded),
		T(test_grave_kills_come_first),
		T(test_verdict_is_a_copy),
		T(test_trail),
		T(test_followup_of_another),
		T(test_gaps),
		T(test_usage),
		T(test_usage_ends_at_gaps),
		T(test_usage_of_refusals),
		T(test_usage_of_others),
		T(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
