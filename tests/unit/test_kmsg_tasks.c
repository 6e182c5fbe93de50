// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel log's table of tasks, as 5.10 and 6.12 print it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/kmsg_tasks.h"

static struct kmsg_tasks t;
static struct event e;

static bool line(const char *s)
{
	return kmsg_tasks_line(&t, s, strlen(s), 0);
}

static void narrow(void **state)
{
	(void)state;
	t = (struct kmsg_tasks){0};
	assert_false(
		line("[    316]     0   316     8600     8326   102400        0             0 a"));
	assert_true(line("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
			 "oom_score_adj name"));
	assert_true(line(
		"[    316]     0   316     8600     8326   102400        4             0 a b 1"));
	assert_true(
		line("[    317]     0   317     8600      100     4096        0           500 c"));
	assert_true(
		line("[    318]     0   318     8600     9000     4096        0         -1000 d"));
	assert_false(line("[    319]     0   319 oops"));
	assert_false(line("oom-kill:constraint=CONSTRAINT_MEMCG"));
	kmsg_tasks_for(&t, 3, 0);
	assert_int_equal(t.of, 3);
	event_init(&e, EVENT_KILLED);
	assert_true(kmsg_tasks_ballot(&t, &e, 20000, 4096));
	assert_int_equal(e.candidates.n, 2);
	assert_int_equal(e.candidates.c[0].pid, 317);
	assert_int_equal(e.candidates.c[0].points, 101 + 500 * 20);
	assert_int_equal(e.candidates.c[1].points, 8326 + 4 + 25);
	assert_string_equal(e.candidates.c[1].comm, "a b 1");
	assert_int_equal(event_num(&e, FIELD_CANDIDATES_TOTAL), 2);
	assert_int_equal(event_num(&e, FIELD_EXEMPTED_TOTAL), 1);
	assert_int_equal(e.exempted.c[0].pid, 318);
	/* What oom_score_adj weighs is not known: no order is better than a wrong one. */
	event_init(&e, EVENT_KILLED);
	assert_false(kmsg_tasks_ballot(&t, &e, 0, 4096));
	assert_false(event_has(&e, FIELD_CANDIDATES));
}

static void wide(void **state)
{
	(void)state;
	t = (struct kmsg_tasks){0};
	assert_true(line("[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "
			 "pgtables_bytes swapents oom_score_adj name"));
	assert_true(line("[    423]     0   423     8463     8275     8174      101         0   "
			 "102400        0             0 provoke"));
	kmsg_tasks_for(&t, 1, 0);
	event_init(&e, EVENT_KILLED);
	assert_true(kmsg_tasks_ballot(&t, &e, 8192, 4096));
	assert_int_equal(e.candidates.c[0].points, 8275 + 25);
	assert_string_equal(e.candidates.c[0].comm, "provoke");
	assert_string_equal(event_text(&e, FIELD_CANDIDATES_FROM), "kernel-log");
}

/* A part of the table was not read: it is not the whole ballot. */
static void with_a_gap(void **state)
{
	(void)state;
	t = (struct kmsg_tasks){0};
	assert_true(line("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
			 "oom_score_adj name"));
	kmsg_tasks_for(&t, 1, 5);
	assert_int_equal(t.of, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(narrow),
		cmocka_unit_test(wide),
		cmocka_unit_test(with_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
