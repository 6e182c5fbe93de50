/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/event.c user/event_oom.c user/field.c user/catalogue.c user/attach.c ; libs: */
/*
 * test_event_oom.c - a kill by the OOM killer: its cause, the limit that fired
 * and how full it was, on both versions of cgroups, and the page counters at
 * "no limit".
 */
#include "event_fixture.h"

#include "../../user/counter.h"

static void killed(void **state _unused_)
{
	static const enum field all[] = {
		FIELD_TIME,          FIELD_UPTIME_US,
		FIELD_CAUSE,         FIELD_RESOURCE,
		FIELD_SIGNAL,        FIELD_MEASURE,
		FIELD_LIMIT_NAME,    FIELD_HELD,
		FIELD_LIMIT,         FIELD_CERTAIN,
		FIELD_BACKEND,       FIELD_RSS_ANON,
		FIELD_RSS_FILE,      FIELD_RSS_SHMEM,
		FIELD_SWAP,          FIELD_PGTABLES,
		FIELD_OOM_SCORE_ADJ, FIELD_TOTAL_PAGES,
		FIELD_POINTS,        FIELD_TRIGGER_PID,
		FIELD_TRIGGER_COMM,  FIELD_TRIGGER_CGROUP,
		FIELD_MEMCG,         FIELD_FAILCNT,
		FIELD_PID,           FIELD_TID,
		FIELD_PPID,          FIELD_UID,
		FIELD_VPID,          FIELD_STARTED_AT,
		FIELD_COMM,          FIELD_PARENT_COMM,
		FIELD_CGROUP,        FIELD_CGROUP_ID,
		FIELD_ORDER,         FIELD_GFP_FLAGS,
		FIELD_MEMORY,
	};
	struct fc_oom o;

	make_oom(&o);
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_int_equal(e.kind, EVENT_KILLED);
	must_have_only(all, ARRAY_SIZE(all));
	must_be(FIELD_TIME, OFFSET + 123456789012);
	must_say(FIELD_CAUSE, "oom-memcg");
	must_say(FIELD_RESOURCE, "memory");
	must_say(FIELD_SIGNAL, "SIGKILL");
	must_say(FIELD_MEASURE, "bytes");
	must_say(FIELD_LIMIT_NAME, "memory.max");
	must_be(FIELD_HELD, 8190 * PAGE);
	must_be(FIELD_LIMIT, 8192 * PAGE);
	must_be(FIELD_CERTAIN, true);
	must_say(FIELD_BACKEND, "fexit");
	must_be(FIELD_RSS_ANON, 100 * PAGE);
	must_be(FIELD_RSS_FILE, 20 * PAGE);
	must_be(FIELD_RSS_SHMEM, 3 * PAGE);
	must_be(FIELD_SWAP, 4 * PAGE);
	must_be(FIELD_PGTABLES, 110592); /* bytes on the wire already */
	must_be(FIELD_OOM_SCORE_ADJ, -998);
	must_be(FIELD_TOTAL_PAGES, 8192);
	must_be(FIELD_POINTS, 900);
	must_be(FIELD_TRIGGER_PID, 815);
	must_say(FIELD_TRIGGER_COMM, "bystander");
	must_say(FIELD_TRIGGER_CGROUP, "/system.slice/b.service");
	must_say(FIELD_MEMCG, "/system.slice");
	must_be(FIELD_PID, 4711);
	must_say(FIELD_COMM, "java");
	must_say(FIELD_CGROUP, "/system.slice/a.service");
	must_be(FIELD_STARTED_AT, OFFSET - 5 + 70000004711);
	assert_int_equal(facts.resource, FC_MEMORY);
	assert_int_equal(facts.pid, 4711);
	assert_int_equal(facts.tid, 4712);
	assert_int_equal(facts.start, 70000004711);
	assert_int_equal(facts.hook, FC_HOOK_OOM_VICTIM);
	assert_int_equal(facts.group_id, 77);
	assert_int_equal(facts.time, 123456789012);
	assert_int_equal(facts.memsw, (8192 + 100) * PAGE);
	assert_false(facts.by_walk);
}

static void causes(void **state _unused_)
{
	static const struct {
		unsigned int has;
		uint8_t constraint, member;
		int order;
		const char *cause, *limit_name;
	} cases[] = {
		{FC_HAS_CONTEXT, FC_CONSTRAINT_NONE, 0, 0, "oom-global",
		 "memory and swap of the host"},
		{FC_HAS_CONTEXT, FC_CONSTRAINT_CPUSET, 0, 0, "oom-cpuset", "cpuset.mems"},
		{FC_HAS_CONTEXT, FC_CONSTRAINT_MEMORY_POLICY, 0, 0, "oom-mempolicy",
		 "the memory policy's nodes"},
		{FC_HAS_CONTEXT | FC_HAS_MEMCG, FC_CONSTRAINT_MEMCG, 0, 0, "oom-memcg",
		 "memory.max"},
		{FC_HAS_CONTEXT | FC_HAS_MEMCG, FC_CONSTRAINT_MEMCG, 1, 0, "oom-group",
		 "memory.max"},
		{FC_HAS_CONTEXT, FC_CONSTRAINT_NONE, 0, -1, "oom-sysrq",
		 "memory and swap of the host"},
		{0, FC_CONSTRAINT_NONE, 0, -1, "oom-global", "memory and swap of the host"},
	};
	struct fc_oom o;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_oom(&o);
		o.has = cases[i].has;
		o.constraint = cases[i].constraint;
		o.member = cases[i].member;
		o.order = cases[i].order;
		assert_int_equal(DECODE(&o, &v2), 0);
		must_say(FIELD_CAUSE, cases[i].cause);
		must_say(FIELD_LIMIT_NAME, cases[i].limit_name);
		must_be(FIELD_CERTAIN, false);
		assert_int_equal(facts.by_walk, !(cases[i].has & FC_HAS_CONTEXT));
		assert_int_equal(event_has(&e, FIELD_POINTS),
				 cases[i].has & FC_HAS_CONTEXT && !cases[i].member);
		assert_int_equal(event_has(&e, FIELD_TOTAL_PAGES), !facts.by_walk);
	}
}

static void of_the_host(void **state _unused_)
{
	struct fc_oom o;

	make_oom(&o);
	o.constraint = FC_CONSTRAINT_NONE;
	o.host_held = 8000;
	assert_int_equal(DECODE(&o, &v2), 0);
	must_be(FIELD_LIMIT, 8192 * PAGE); /* total_pages */
	assert_false(event_has(&e, FIELD_HELD));
	assert_false(event_has(&e, FIELD_MEMCG)); /* of a cgroup, but not its limit */
	assert_false(event_has(&e, FIELD_FAILCNT));
	o.has |= FC_HAS_HELD;
	assert_int_equal(DECODE(&o, &v2), 0);
	must_be(FIELD_HELD, 8000 * PAGE);
	o.order = -1; /* by hand: the host is short of nothing */
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_has(&e, FIELD_LIMIT));
	o.order = 0;
	o.total_pages = 0;
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_has(&e, FIELD_LIMIT));
	o.points = INT64_MIN; /* not scored */
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_has(&e, FIELD_POINTS));
	o.points = INT64_MAX;
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_has(&e, FIELD_POINTS));
	o.points = -7;
	assert_int_equal(DECODE(&o, &v2), 0);
	must_be(FIELD_POINTS, -7);
}

/* Which of the two limits of v1 fired: memory and swap together are charged first. */
static void limits_of_v1(void **state _unused_)
{
	struct fc_oom o;

	make_oom(&o);
	o.has |= FC_HAS_MEMSW;
	o.memcg.memory = (struct fc_page_counter){.usage = 8190, .max = 8192};
	o.memcg.swap = (struct fc_page_counter){.usage = 8190, .max = NO_LIMIT};
	assert_int_equal(DECODE(&o, &v1), 0);
	must_say(FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	must_be(FIELD_LIMIT, 8192 * PAGE);
	assert_true(facts.memsw == UINT64_MAX);
	o.memcg.memory = (struct fc_page_counter){.usage = 5000, .max = 8192};
	o.memcg.swap = (struct fc_page_counter){.usage = 8190, .max = 8192};
	assert_int_equal(DECODE(&o, &v1), 0);
	must_say(FIELD_LIMIT_NAME, "memory.memsw.limit_in_bytes");
	must_be(FIELD_HELD, 8190 * PAGE);
	must_be(FIELD_LIMIT, 8192 * PAGE);
	assert_int_equal(facts.memsw, 8192 * PAGE);
	/* swap on top: full together while a part of it is swapped out */
	o.memcg.swap = (struct fc_page_counter){.usage = 9999, .max = 10000};
	assert_int_equal(DECODE(&o, &v1), 0);
	must_say(FIELD_LIMIT_NAME, "memory.memsw.limit_in_bytes");
	must_be(FIELD_HELD, 9999 * PAGE);
	must_be(FIELD_LIMIT, 10000 * PAGE);
	o.memcg.swap.usage = 9000;
	assert_int_equal(DECODE(&o, &v1), 0);
	must_say(FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	/* both: the remedy is told of both */
	o.memcg.memory.usage = 8190;
	o.memcg.swap.usage = 9999;
	assert_int_equal(DECODE(&o, &v1), 0);
	must_say(FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	assert_int_equal(facts.memsw, 10000 * PAGE);
	o.memcg.memory.usage = 5000;
	o.has &= ~FC_HAS_MEMSW;
	assert_int_equal(DECODE(&o, &v1), 0);
	must_say(FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	must_be(FIELD_HELD, 5000 * PAGE);
}

static void no_limit(void **state _unused_)
{
	static const uint64_t none[] = {NO_LIMIT, NO_LIMIT + 1, UINT64_MAX / PAGE, INT64_MAX,
					UINT64_MAX};
	struct fc_oom o;

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		make_oom(&o);
		o.memcg.memory.max = none[i];
		assert_int_equal(DECODE(&o, &v2), 0);
		assert_false(event_has(&e, FIELD_LIMIT));
		must_be(FIELD_LIMIT_UNLIMITED, true);
		assert_true(facts.memsw == UINT64_MAX);
		assert_int_equal(e.n_moved, 1);
		assert_true(e.moved[0].limit == COUNTER_UNLIMITED);
		make_oom(&o);
		o.memcg.swap.max = none[i];
		assert_int_equal(DECODE(&o, &v2), 0);
		assert_true(facts.memsw == UINT64_MAX);
		must_be(FIELD_LIMIT, 8192 * PAGE);
	}
	make_oom(&o);
	o.memcg.memory.max = ((uint64_t)1 << 53) / PAGE;
	assert_int_equal(DECODE(&o, &v2), 0);
	must_be(FIELD_LIMIT, (int64_t)1 << 53);
	o.memcg.memory.max++; /* too large for JSON's readers, but a limit */
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_has(&e, FIELD_LIMIT));
	assert_false(event_has(&e, FIELD_LIMIT_UNLIMITED));
}

/* A number of pages that is no number of bytes is unknown, and never a small one. */
static void too_many_pages(void **state _unused_)
{
	static const uint64_t many[] = {((uint64_t)1 << 52) + 1, (uint64_t)1 << 52, UINT64_MAX,
					UINT64_MAX / PAGE + 1, (uint64_t)-3};
	struct fc_oom o;

	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		make_oom(&o);
		o.rss_anon = o.rss_file = o.rss_shmem = o.swap = o.memcg.memory.usage = many[i];
		assert_int_equal(DECODE(&o, &v2), 0);
		assert_false(event_has(&e, FIELD_RSS_ANON));
		assert_false(event_has(&e, FIELD_RSS_FILE));
		assert_false(event_has(&e, FIELD_RSS_SHMEM));
		assert_false(event_has(&e, FIELD_SWAP));
		assert_false(event_has(&e, FIELD_HELD));
		assert_true(e.moved[0].held > (uint64_t)1 << 53); /* the writer leaves it out */
		o.constraint = FC_CONSTRAINT_NONE;
		o.has |= FC_HAS_HELD;
		o.host_held = o.total_pages = many[i];
		assert_int_equal(DECODE(&o, &v2), 0);
		assert_false(event_has(&e, FIELD_HELD));
		assert_false(event_has(&e, FIELD_LIMIT));
		assert_false(event_has(&e, FIELD_LIMIT_UNLIMITED));
	}
}

static void row_that_moved(void **state _unused_)
{
	struct fc_oom o;

	make_oom(&o);
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_int_equal(e.n_moved, 1);
	assert_string_equal(e.moved[0].source, "cgroup2");
	assert_string_equal(e.moved[0].owner, "cgroup:/system.slice");
	assert_string_equal(e.moved[0].resource, "memory.oom_kill");
	assert_int_equal(e.moved[0].have, COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT);
	assert_int_equal(e.moved[0].held, 8190 * PAGE);
	assert_int_equal(e.moved[0].limit, 8192 * PAGE);
	assert_int_equal(e.moved[0].failcnt, 5);
	assert_int_equal(e.moved[0].delta, 1);
	assert_int_equal(e.moved[0].relation, RELATION_OWN);
	assert_int_equal(DECODE(&o, &v1), 0);
	assert_int_equal(e.n_moved, 1);
	assert_string_equal(e.moved[0].source, "cgroup1");
	o.memcg.id++; /* v1 counts in the victim's own cgroup alone */
	assert_int_equal(DECODE(&o, &v1), 0);
	assert_int_equal(e.n_moved, 0);
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_int_equal(e.n_moved, 1);
	o.has &= ~FC_HAS_EVENTS;
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_int_equal(e.n_moved, 0);
	o.has |= FC_HAS_EVENTS;
	o.memcg.path.cut = 1; /* whose row would it be? */
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_int_equal(e.n_moved, 0);
	assert_false(event_has(&e, FIELD_MEMCG));
	assert_true(is_cut(FIELD_MEMCG));
}

/* Who set oom_score_adj. */
static void adj(void **state _unused_)
{
	struct fc_oom o;

	make_oom(&o);
	o.adj = (struct fc_adj){.when = 100000000000,
				.value = -998,
				.of_pid = 4711,
				.by_pid = 1,
				.by_uid = 0,
				.of_comm = "java",
				.by_comm = "systemd",
				.by_parent_comm = "swapper/0"};
	assert_int_equal(DECODE(&o, &v2), 0);
	must_be(FIELD_ADJ_SET_AT, OFFSET + 100000000000);
	assert_false(event_has(&e, FIELD_ADJ_FROM)); /* it is not known */
	assert_false(event_has(&e, FIELD_ADJ_OF_PID));
	must_be(FIELD_ADJ_BY_PID, 1);
	must_say(FIELD_ADJ_BY_COMM, "systemd");
	must_say(FIELD_ADJ_BY_PARENT_COMM, "swapper/0");
	o.adj.has_from = 1;
	o.adj.of_pid = 4000; /* of an ancestor */
	assert_int_equal(DECODE(&o, &v2), 0);
	must_be(FIELD_ADJ_FROM, 0);
	must_be(FIELD_ADJ_OF_PID, 4000);
	must_say(FIELD_ADJ_OF_COMM, "java");
	o.adj.when = o.h.time + 1; /* what came after the kill did not lead there */
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_has(&e, FIELD_ADJ_SET_AT));
	assert_false(event_has(&e, FIELD_ADJ_BY_PID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed),         cmocka_unit_test(causes),
		cmocka_unit_test(of_the_host),    cmocka_unit_test(limits_of_v1),
		cmocka_unit_test(no_limit),       cmocka_unit_test(too_many_pages),
		cmocka_unit_test(row_that_moved), cmocka_unit_test(adj),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
