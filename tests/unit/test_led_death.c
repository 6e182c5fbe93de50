/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/led.c user/field.c user/catalogue.c ; libs: */
/*
 * test_led_death.c - what led to a kill: refusals of the last minute and of no other time or
 * process, and what one kill tells of another.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/led.h"

#define S 1000000000ULL

static struct event e;
static struct event_facts f;
static struct led *l;

static int setup(void **state _unused_)
{
	l = led_new();
	return l ? 0 : -1;
}

static int teardown(void **state _unused_)
{
	led_free(l);
	return 0;
}

static void refuse(uint64_t at, uint32_t pid, unsigned int resource, const char *err, int64_t n)
{
	f = (struct event_facts){.pid = pid, .start = pid, .resource = resource, .time = at};
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_ERRNO, err);
	event_int(&e, FIELD_CGROUP_ID, 77);
	if (n > 1)
		event_int(&e, FIELD_COUNT, n);
	led_event(l, &e, &f);
}

static const char *cgroup = "/system.slice/web.service";

static void kill_it(uint64_t at, uint32_t pid, int sig, enum fc_how how)
{
	f = (struct event_facts){.pid = pid, .start = pid, .time = at};
	f.death.sig = sig;
	f.death.how = how;
	event_init(&e, EVENT_KILLED);
	event_int(&e, FIELD_CGROUP_ID, 77);
	event_static(&e, FIELD_SAYS, "It died.");
	event_static(&e, FIELD_CAUSE, how == FC_HOW_FAULT ? "fault" : "signal");
	event_static(&e, FIELD_CGROUP, cgroup);
	led_event(l, &e, &f);
	led_says(&e);
}

static void before(void **state _unused_)
{
	refuse(100 * S, 5, FC_COMMIT, "ENOMEM", 1);
	refuse(139 * S, 5, FC_COMMIT, "ENOMEM", 36);
	refuse(140 * S, 6, FC_NOFILE, "EMFILE", 2);
	refuse(141 * S, 7, FC_NOFILE, "EMFILE", 3);
	kill_it(145 * S, 5, SIGSEGV, FC_HOW_FAULT);
	assert_int_equal(e.n_before, 2);
	assert_string_equal(e.before[0].resource, "commit");
	assert_string_equal(e.before[0].errno_name, "ENOMEM");
	assert_int_equal(e.before[0].count, 37);
	assert_false(e.before[0].of_cgroup);
	assert_int_equal(e.before[1].count, 5);
	assert_true(e.before[1].of_cgroup);
	assert_string_equal(event_text(&e, FIELD_SAYS),
			    "It died. In the minute before, it was refused commit ENOMEM 37 times. "
			    "Others of its control group were refused nofile EMFILE 5 times in the "
			    "minute before.");
	/* a minute later */
	kill_it(190 * S, 5, SIGKILL, FC_HOW_PROCESS);
	assert_int_equal(e.n_before, 2);
	assert_int_equal(e.before[0].count, 36);
	kill_it(205 * S, 5, SIGKILL, FC_HOW_PROCESS);
	assert_int_equal(e.n_before, 0);
	assert_string_equal(event_text(&e, FIELD_SAYS), "It died.");
	/* a pid that was reused */
	refuse(300 * S, 9, FC_NOFILE, "EMFILE", 1);
	f.start = 10;
	event_init(&e, EVENT_KILLED);
	led_event(l, &e, &f);
	assert_int_equal(e.n_before, 0);
}

static const char *others_of(const char *path, enum fc_how how)
{
	cgroup = path;
	kill_it(102 * S, 5, SIGSEGV, how);
	cgroup = "/system.slice/web.service";
	assert_int_equal(e.n_before, 1);
	return event_text(&e, FIELD_SAYS);
}

/* What strangers were refused, and what led to nothing, is no part of the sentence. */
static void others(void **state _unused_)
{
	static const char said[] = "It died. Others of its control group were refused nofile "
				   "EMFILE 2 times in the minute before.";

	refuse(100 * S, 6, FC_NOFILE, "EMFILE", 2);
	assert_string_equal(others_of("/system.slice/web.service", FC_HOW_FAULT), said);
	assert_string_equal(others_of("/docker/4f1", FC_HOW_FAULT), said);
	assert_string_equal(others_of("/system.slice/web.service", FC_HOW_PROCESS), "It died.");
	assert_string_equal(others_of("/user.slice/user-0.slice/session-3.scope", FC_HOW_FAULT),
			    "It died.");
	assert_string_equal(others_of("/user.slice", FC_HOW_FAULT), "It died.");
	assert_string_equal(others_of("/init.scope", FC_HOW_FAULT), "It died.");
}

static void near(void **state _unused_)
{
	refuse(100 * S, 5, FC_STACK, "ENOMEM", 1);
	kill_it(100 * S + 1000, 5, SIGSEGV, FC_HOW_FAULT);
	assert_int_equal(f.death.near, FC_STACK);
	assert_int_equal(e.n_before, 0); /* it is what it died of */
	kill_it(103 * S, 5, SIGSEGV, FC_HOW_FAULT);
	assert_int_equal(f.death.near, FC_RESOURCE_NONE);
	refuse(200 * S, 5, FC_STACK, "ENOMEM", 1);
	kill_it(200 * S, 5, SIGBUS, FC_HOW_FAULT);
	assert_int_equal(f.death.near, FC_RESOURCE_NONE);
	kill_it(200 * S, 6, SIGSEGV, FC_HOW_FAULT);
	assert_int_equal(f.death.near, FC_RESOURCE_NONE);
}

static void joined(void **state _unused_)
{
	/* one with the memory of a victim of the OOM killer */
	f = (struct event_facts){.pid = 5, .start = 5, .time = S};
	event_init(&e, EVENT_KILLED);
	event_static(&e, FIELD_CAUSE, "oom-memcg");
	event_static(&e, FIELD_MEMCG, "/a");
	event_static(&e, FIELD_COMM, "java");
	led_event(l, &e, &f);
	f = (struct event_facts){.pid = 6, .start = 6, .time = S};
	f.death = (struct death_facts){
		.sig = SIGKILL, .how = FC_HOW_OOM_SHARED, .shared_pid = 5, .shared_start = 5};
	event_init(&e, EVENT_KILLED);
	event_bool(&e, FIELD_CERTAIN, true);
	led_event(l, &e, &f);
	assert_string_equal(event_text(&e, FIELD_CAUSE), "oom-memcg");
	assert_string_equal(event_text(&e, FIELD_MEMCG), "/a");
	assert_string_equal(event_text(&e, FIELD_RESOURCE), "memory");
	assert_string_equal(f.death.shared_comm, "java");
	assert_int_equal(event_num(&e, FIELD_CERTAIN), true);
	/* its record was lost */
	f.death.shared_start = 7;
	event_init(&e, EVENT_KILLED);
	event_bool(&e, FIELD_CERTAIN, true);
	led_event(l, &e, &f);
	assert_int_equal(event_num(&e, FIELD_CERTAIN), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(before, setup, teardown),
		cmocka_unit_test_setup_teardown(others, setup, teardown),
		cmocka_unit_test_setup_teardown(near, setup, teardown),
		cmocka_unit_test_setup_teardown(joined, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
