/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/run_report.c user/sink_text_part.c user/field.c ; libs: */
/*
 * test_run_report.c - events folded into blocks: the sum is exact, kills stand
 * first, blocks that read the same are one, and no name drives the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/run_report.h"

#define AT 1763789593481000000 /* 05:33:13.481 UTC */

static struct event e;
static struct run_report *r;
static char *text;
static struct run_report_look look = {
	.utc = true, .name = "make", .ended = "ended with exit status 2"};

static int setup(void **state _unused_)
{
	look.quiet = false;
	return run_report_new(&r);
}

static int teardown(void **state _unused_)
{
	free(text);
	text = NULL;
	run_report_free(r);
	return 0;
}

static void make(enum event_kind kind, const char *comm, int64_t pid, const char *resource)
{
	event_init(&e, kind);
	event_int(&e, FIELD_TIME, AT);
	event_str(&e, FIELD_COMM, comm);
	event_int(&e, FIELD_PID, pid);
	event_str(&e, FIELD_RESOURCE, resource);
	if (kind == EVENT_REFUSED) {
		event_str(&e, FIELD_ERRNO, "EMFILE");
	} else {
		event_str(&e, FIELD_CAUSE, "oom-memcg");
		event_str(&e, FIELD_SIGNAL, "SIGKILL");
	}
	event_fmt(&e, FIELD_SAYS, "%s (pid %lld) was refused.", comm, (long long)pid);
	event_str(&e, FIELD_FIX, "fix it\n# for ever");
}

static void folded(int64_t n)
{
	event_int(&e, FIELD_COUNT, n);
	event_int(&e, FIELD_FIRST, AT + 1000000000);
	event_int(&e, FIELD_LAST, AT + 2000000000);
	event_str(&e, FIELD_SAYS, "repeats");
}

static void add(void)
{
	run_report_add(r, &e);
}

static const char *told(void)
{
	free(text);
	text = NULL;
	assert_int_equal(run_report_text(r, &look, &text), 0);
	return text;
}

static void nothing(void **state _unused_)
{
	assert_string_equal(told(),
			    "failcnt: make ended with exit status 2; no refusal and no kill "
			    "of it or its children was seen\n");
	assert_false(run_report_any(r));
	look.quiet = true;
	assert_string_equal(told(), "");
	event_init(&e, EVENT_STARTED);
	add();
	event_init(&e, EVENT_FOLLOWUP);
	add();
	assert_string_equal(told(), "");
}

static void order(void **state _unused_)
{
	make(EVENT_REFUSED, "cc", 5, "nofile");
	add();
	make(EVENT_REFUSED, "ld", 6, "nofile");
	event_str(&e, FIELD_FIX, "ulimit");
	add();
	folded(1000000); /* the texts stay those of the one that came whole */
	add();
	make(EVENT_KILLED, "cc1", 7, "memory");
	add();
	assert_string_equal(told(),
			    "failcnt: make ended with exit status 2; it and its children were "
			    "refused 1,000,002 "
			    "times and killed once\n"
			    "KILLED   memory   cc1[7] oom-memcg SIGKILL, 1 time, at 05:33:13.481\n"
			    "    cc1 (pid 7) was refused.\n"
			    "    fix: fix it\n"
			    "         # for ever\n"
			    "REFUSED  nofile   ld[6] EMFILE, 1,000,001 times, from 05:33:13.481 to "
			    "05:33:15.481\n"
			    "    ld (pid 6) was refused.\n"
			    "    fix: ulimit\n"
			    "REFUSED  nofile   cc[5] EMFILE, 1 time, at 05:33:13.481\n"
			    "    cc (pid 5) was refused.\n"
			    "    fix: fix it\n"
			    "         # for ever\n" +
				    0);
}

/* All but the name and the pid is the same. */
static void same(void **state _unused_)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		make(EVENT_REFUSED, names[i], 10 + (int64_t)i, "nofile");
		add();
	}
	make(EVENT_REFUSED, "f", 20, "nofile"); /* another remedy is another block */
	event_str(&e, FIELD_FIX, "something else");
	add();
	assert_non_null(strstr(told(),
			       "\nREFUSED  nofile   a, b, c and 2 more names in 5 processes "
			       "EMFILE, 5 times, from 05:33:13.481\n"));
	assert_non_null(strstr(text, "\nREFUSED  nofile   f[20] EMFILE, 1 time, "));
}

static void lost(void **state _unused_)
{
	event_init(&e, EVENT_LOST);
	event_int(&e, FIELD_LOST, 12);
	event_str(&e, FIELD_STAGE, "hook");
	event_str(&e, FIELD_HOOK, "alloc_fd");
	event_bool(&e, FIELD_AT_MOST, true); /* as stream_lost_event() makes it of this stage */
	add();
	look.quiet = true; /* a loss is no good news either */
	assert_string_equal(
		told(),
		"failcnt: make ended with exit status 2; no refusal and no kill of it "
		"or its children was seen, but at most 12 events were lost\n"
		"LOST     -        at most 12 at stage hook (alloc_fd): of the whole host, so "
		"perhaps of others\n");
}

/* More names than there is room for are counted; none of them drives the terminal. */
static void many(void **state _unused_)
{
	char name[32];
	const char *at;
	int blocks = 0;

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "\033[2J\n%d", i);
		make(EVENT_REFUSED, name, 100 + i, "nofile");
		event_fmt(&e, FIELD_FIX, "%d", i);
		add();
	}
	for (at = told(); (at = strstr(at, "\nREFUSED ")); at++)
		blocks++;
	assert_int_equal(blocks, 256);
	assert_non_null(strstr(text, "were refused 300 times\n"));
	assert_non_null(strstr(text, "\nfailcnt: and 44 more, of other names than these 256\n"));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "\\x1b[2J\\x0a7[107]"));
}

static void processes(void **state _unused_)
{
	for (int i = 0; i < 40; i++) {
		make(EVENT_REFUSED, "cc", 100 + i % 16, "nofile");
		add();
	}
	assert_non_null(strstr(told(), "cc in 16 processes EMFILE, 40 times"));
	make(EVENT_REFUSED, "cc", 200, "nofile");
	add();
	assert_non_null(strstr(told(), "cc in more than 16 processes EMFILE, 41 times"));
}

/* A line longer than its room is cut, and ended. */
static void long_text(void **state _unused_)
{
	static char big[12000];

	memset(big, 'x', sizeof(big) - 1);
	make(EVENT_REFUSED, "cc", 5, "nofile");
	event_str(&e, FIELD_SAYS, big);
	add();
	make(EVENT_KILLED, "", 6, "memory"); /* no name is known */
	add();
	assert_int_equal(text == NULL, 1);
	assert_int_equal(told()[strlen(text) - 1], '\n');
	assert_non_null(strstr(text, "\nKILLED   memory   (names not kept)[6] oom-memcg"));
	assert_non_null(strstr(text, "\nREFUSED  nofile   cc[5]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(order, setup, teardown),
		cmocka_unit_test_setup_teardown(same, setup, teardown),
		cmocka_unit_test_setup_teardown(lost, setup, teardown),
		cmocka_unit_test_setup_teardown(many, setup, teardown),
		cmocka_unit_test_setup_teardown(processes, setup, teardown),
		cmocka_unit_test_setup_teardown(long_text, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
