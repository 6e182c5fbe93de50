/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/verdict.c user/kmsg.c user/kmsg_parse.c user/field.c ; libs: */
/*
 * test_verdict.c - what the walk up the cgroups inferred, against what the
 * kernel log says: who is believed, and when an event may say "certain".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/verdict.h"

#define SECOND 1000000000ULL
#define CHOSEN(constraint, where)                         \
	"oom-kill:constraint=CONSTRAINT_" constraint      \
	",nodemask=(null),cpuset=/,mems_allowed=0," where \
	",task_memcg=/a/b,task=java,pid=4711,uid=0"
#define KILLED                                                                                 \
	"Memory cgroup out of memory: Killed process 4711 (java) total-vm:1kB, anon-rss:1kB, " \
	"file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0"

static struct event e;
static struct event_facts facts;
static struct kmsg k;
static struct verdict_group last;
static uint64_t now_us;

static void line(const char *text)
{
	struct kmsg_line l;

	kmsg_parse(text, strlen(text), &l);
	now_us += 10;
	kmsg_add(&k, &l, now_us, now_us);
}

static void fresh(void)
{
	kmsg_init(&k);
	memset(&last, 0, sizeof(last));
	now_us = 1000;
}

/* What the tracepoints alone know: memcg NULL where the walk found no full one. */
static void walk(int pid, const char *memcg)
{
	facts = (struct event_facts){
		.resource = FC_MEMORY, .pid = pid, .by_walk = true, .time = 50 * SECOND};
	event_init(&e, EVENT_KILLED);
	event_int(&e, FIELD_PID, pid);
	event_int(&e, FIELD_TRIGGER_PID, 815);
	event_bool(&e, FIELD_CERTAIN, false);
	event_static(&e, FIELD_CAUSE, memcg ? "oom-memcg" : "oom-global");
	event_static(&e, FIELD_LIMIT_NAME, memcg ? "memory.max" : "memory and swap of the host");
	if (!memcg)
		return;
	event_static(&e, FIELD_MEMCG, memcg);
	event_int(&e, FIELD_HELD, 4096);
	event_int(&e, FIELD_LIMIT, 8192);
	event_moved_add(&e)->delta = 1;
}

static void judge(void)
{
	verdict_oom(&e, &facts, &k, now_us > 2000000 ? now_us - 2000000 : 0, &last);
}

static void must_be(const char *cause, bool certain, const char *memcg, const char *limit_name)
{
	assert_string_equal(event_text(&e, FIELD_CAUSE), cause);
	assert_int_equal(event_num(&e, FIELD_CERTAIN), certain);
	assert_string_equal(event_text(&e, FIELD_MEMCG), memcg);
	assert_string_equal(event_text(&e, FIELD_LIMIT_NAME), limit_name);
}

/* What was read of the cgroup that the walk found is there, or all of it is gone. */
static void readings(bool kept)
{
	assert_int_equal(event_has(&e, FIELD_HELD), kept);
	assert_int_equal(event_has(&e, FIELD_LIMIT), kept);
	assert_int_equal(event_has(&e, FIELD_FAILCNT), kept);
	assert_int_equal(e.n_moved, kept);
}

static void silent_log(void **state _unused_)
{
	fresh();
	walk(4711, "/a");
	judge();
	must_be("oom-memcg", false, "/a", "memory.max");
	readings(true);
	line(CHOSEN("NONE", "global_oom")); /* about somebody else */
	walk(4712, "/a");
	judge();
	must_be("oom-memcg", false, "/a", "memory.max");
	walk(4712, NULL);
	judge();
	must_be("oom-global", false, "", "memory and swap of the host");
}

/* Where struct oom_control was read nothing is left to ask. */
static void seen_in_the_kernel(void **state _unused_)
{
	fresh();
	line(CHOSEN("NONE", "global_oom"));
	walk(4711, "/a");
	facts.by_walk = false;
	event_bool(&e, FIELD_CERTAIN, true);
	judge();
	must_be("oom-memcg", true, "/a", "memory.max");
	readings(true);
}

static void log_agrees(void **state _unused_)
{
	fresh();
	line(CHOSEN("MEMCG", "oom_memcg=/a"));
	walk(4711, "/a");
	judge();
	must_be("oom-memcg", true, "/a", "memory.max");
	readings(true);
	line(KILLED); /* the same one, later */
	walk(4711, "/a");
	judge();
	must_be("oom-memcg", true, "/a", "memory.max");
}

/* The kernel knows: what was read of another cgroup is not shown. */
static void log_names_another(void **state _unused_)
{
	fresh();
	line(CHOSEN("MEMCG", "oom_memcg=/a"));
	walk(4711, "/a/b");
	judge();
	must_be("oom-memcg", true, "/a", "memory.max");
	readings(false);
	walk(4711, NULL); /* no longer full when the walk came by */
	judge();
	must_be("oom-memcg", true, "/a", "memory.max");
	walk(4711, NULL);
	facts.memory_is_v1 = true;
	judge();
	must_be("oom-memcg", true, "/a", "memory.limit_in_bytes");
}

static void log_says_host(void **state _unused_)
{
	fresh();
	line(CHOSEN("NONE", "global_oom"));
	walk(4711, "/a");
	judge();
	/* Without "order=" it may as well have been the f key. */
	must_be("oom-global", false, "", "memory and swap of the host");
	readings(false);
	fresh();
	line("x invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, "
	     "oom_score_adj=0");
	line(CHOSEN("NONE", "global_oom"));
	walk(4711, "/a");
	judge();
	must_be("oom-global", true, "", "memory and swap of the host");
	fresh();
	line("kworker/0:1 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, "
	     "oom_score_adj=0");
	line(CHOSEN("NONE", "global_oom"));
	walk(4711, "/a");
	judge();
	must_be("oom-sysrq", true, "", "memory and swap of the host");
	readings(false);
}

static void log_says_nodes(void **state _unused_)
{
	fresh();
	line(CHOSEN("CPUSET", "global_oom"));
	walk(4711, "/a");
	judge();
	must_be("oom-cpuset", true, "", "cpuset.mems");
	readings(false);
	walk(4711, NULL);
	judge();
	must_be("oom-cpuset", true, "", "cpuset.mems");
	fresh();
	line(CHOSEN("MEMORY_POLICY", "global_oom"));
	walk(4711, NULL);
	judge();
	must_be("oom-mempolicy", true, "", "the memory policy's nodes");
}

/* Who could be killed is in the log; how much the nodes have comes from elsewhere. */
static void ballot_of_nodes(void **state _unused_)
{
	static const char *const table[] = {
		"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj "
		"name",
		"[   4711]     0  4711     8600     8000     8192        0          1000 java",
		"[   4712]     0  4712     8600     9000     8192        0             0 big",
	};

	for (int known = 0; known < 2; known++) {
		fresh();
		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			assert_true(kmsg_tasks_line(&k.tasks, table[i], strlen(table[i]), 0));
		line("oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=x,"
		     "mems_allowed=0-1,4,global_oom,task_memcg=/a/b,task=java,pid=4711,uid=0");
		assert_string_equal(k.victims[0].line.nodes, "0-1,4");
		walk(4711, NULL);
		facts.page_size = 4096;
		event_pair(&e, FIELD_HOST_MEMORY, "swap_total", 0);
		facts.node_pages = known ? 100000 : 0;
		judge();
		must_be("oom-cpuset", true, "", "cpuset.mems");
		assert_int_equal(e.candidates.n, known ? 2 : 0);
	}
	assert_int_equal(e.candidates.c[0].pid, 4711);
	assert_int_equal(e.candidates.c[0].points, 8002 + 100000);
	assert_string_equal(event_text(&e, FIELD_CANDIDATES_FROM), "kernel-log");
	/* A list ends where the next key begins; without an end it is not whole. */
	fresh();
	line("oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=2,cpuset=/,mems_allowed=0-3,"
	     "global_oom,task_memcg=/a/b,task=java,pid=4711,uid=0");
	assert_string_equal(k.victims[0].line.nodes, "2");
	fresh();
	line(CHOSEN("NONE", "global_oom"));
	assert_string_equal(k.victims[0].line.nodes, "");
}

/* pids come again: a line of long ago is about another process. */
static void old_news(void **state _unused_)
{
	fresh();
	line(CHOSEN("NONE", "global_oom"));
	now_us += 5000000;
	walk(4711, "/a");
	judge();
	must_be("oom-memcg", false, "/a", "memory.max");
}

/* A name that pretends to be keys: the cause stands, paths are not believed. */
static void forged(void **state _unused_)
{
	fresh();
	line("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
	     "oom_memcg=/evil,task_memcg=/x,oom_memcg=/y,task_memcg=/"
	     "z,task=a,task=b,pid=4711,uid=0");
	walk(4711, "/a");
	judge();
	must_be("oom-memcg", false, "/a", "memory.max");
	readings(true);
}

static void member(int pid, uint64_t ns)
{
	walk(pid, NULL); /* the first one's memory is free already */
	facts.group_id = 77;
	facts.time = ns;
}

static void groups(void **state _unused_)
{
	fresh();
	walk(4711, "/a");
	facts.group_id = 77;
	judge();
	assert_string_equal(event_text(&e, FIELD_CAUSE), "oom-memcg"); /* the chosen one */
	member(4712, 51 * SECOND);
	judge();
	must_be("oom-group", false, "/a", "memory.max");
	assert_int_equal(event_num(&e, FIELD_LIMIT), 8192); /* of the first: its limit is theirs */
	assert_false(event_has(&e, FIELD_HELD));
	member(4713, 51 * SECOND + 1);
	event_int(&e, FIELD_TRIGGER_PID, 816); /* somebody else asked: another kill */
	judge();
	must_be("oom-global", false, "", "memory and swap of the host");
	fresh();
	walk(4711, "/a");
	facts.group_id = 77;
	judge();
	member(4712, 52 * SECOND); /* too late to be of the same kill */
	judge();
	must_be("oom-global", false, "", "memory and swap of the host");
	member(4713, 52 * SECOND + 1); /* but this one follows that one */
	judge();
	assert_string_equal(event_text(&e, FIELD_CAUSE), "oom-group");
	member(4714, 51 * SECOND); /* time does not run backwards */
	judge();
	assert_string_equal(event_text(&e, FIELD_CAUSE), "oom-global");
	fresh();
	walk(4711, "/a"); /* without a group nobody follows */
	judge();
	walk(4712, "/a");
	judge();
	must_be("oom-memcg", false, "/a", "memory.max");
}

static void groups_in_the_log(void **state _unused_)
{
	fresh();
	line(CHOSEN("MEMCG", "oom_memcg=/a"));
	line(KILLED);
	line("Tasks in /a/b are going to be killed due to memory.oom.group set");
	walk(4711, "/a");
	facts.group_id = 77;
	judge();
	must_be("oom-memcg", true, "/a", "memory.max");
	member(4712, 50 * SECOND + 1);
	judge();
	must_be("oom-group", true, "/a", "memory.max");
	walk(4713, "/a"); /* still full: what was read of it stands */
	facts.group_id = 77;
	judge();
	must_be("oom-group", true, "/a", "memory.max");
	readings(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent_log),
		cmocka_unit_test(seen_in_the_kernel),
		cmocka_unit_test(log_agrees),
		cmocka_unit_test(log_names_another),
		cmocka_unit_test(log_says_host),
		cmocka_unit_test(log_says_nodes),
		cmocka_unit_test(ballot_of_nodes),
		cmocka_unit_test(old_news),
		cmocka_unit_test(forged),
		cmocka_unit_test(groups),
		cmocka_unit_test(groups_in_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
