/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/incident.c user/field.c ; libs: */
/*
 * test_incident.c - what belongs together is one incident, what does not is
 * another, and counts add up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/incident.h"

#define SECOND 1000000000LL
#define T0 (1700000000 * SECOND)

static struct incident_tracker *t;
static struct event e;

static int setup(void **state)
{
	(void)state;
	return incident_tracker_new(&t, 1);
}

static int teardown(void **state)
{
	(void)state;
	incident_tracker_free(t);
	t = NULL;
	return 0;
}

static struct incident_step add(void)
{
	struct incident_step step = {.id = -1};

	assert_int_equal(incident_add(t, &e, &step), 0);
	return step;
}

/* A refusal of a process, s seconds after the beginning. */
static void refused(const char *resource, int64_t pid, const char *comm, double s)
{
	event_init(&e, EVENT_REFUSED);
	event_static(&e, FIELD_RESOURCE, resource);
	event_int(&e, FIELD_PID, pid);
	event_int(&e, FIELD_STARTED_AT, T0 - pid);
	event_static(&e, FIELD_COMM, comm);
	event_static(&e, FIELD_CGROUP, "/a");
	event_int(&e, FIELD_TIME, T0 + (int64_t)(s * SECOND));
}

static void oom(int64_t pid, const char *comm, const char *memcg, double s)
{
	refused("memory", pid, comm, s);
	e.kind = EVENT_KILLED;
	event_static(&e, FIELD_CAUSE, memcg ? "oom-memcg" : "oom-global");
	if (memcg)
		event_static(&e, FIELD_MEMCG, memcg);
}

static void same_process(void **state)
{
	struct incident_step step;

	(void)state;
	refused("nofile", 10, "nginx", 0);
	step = add();
	assert_int_equal(step.id, 1);
	assert_true(step.opened && step.verdict && step.newcomer);
	assert_int_equal(step.refused, 1);
	refused("nofile", 10, "a-thread", 59); /* its comm is the thread's */
	event_int(&e, FIELD_COUNT, 1000);
	step = add();
	assert_int_equal(step.id, 1);
	assert_false(step.opened || step.verdict || step.newcomer);
	assert_int_equal(step.refused, 1000);
	refused("nofile", 10, "nginx", 59 + 59.9); /* since the last, not the first */
	assert_int_equal(add().id, 1);
	refused("nofile", 10, "nginx", 59 + 59.9 + 60);
	assert_int_equal(add().id, 2);
}

static void same_program(void **state)
{
	struct incident_step step;

	(void)state;
	refused("nofile", 10, "nginx", 0);
	assert_int_equal(add().id, 1);
	refused("nofile", 11, "nginx", 1);
	step = add();
	assert_int_equal(step.id, 1);
	assert_true(step.newcomer && !step.opened);
	refused("nofile", 12, "bash", 2);
	assert_int_equal(add().id, 2);
	refused("nofile", 13, "nginx", 3);
	event_static(&e, FIELD_CGROUP, "/b");
	assert_int_equal(add().id, 3);
	refused("semmni", 10, "nginx", 4);
	assert_int_equal(add().id, 4);
	refused("nofile", 10, "nginx", 4);
	event_static(&e, FIELD_HOST, "another"); /* where its pid 10 is somebody else */
	assert_int_equal(add().id, 5);
}

static void reused_pid(void **state)
{
	(void)state;
	refused("nofile", 10, "nginx", 0);
	assert_int_equal(add().id, 1);
	refused("nofile", 10, "bash", 1);
	event_int(&e, FIELD_STARTED_AT, T0);
	assert_int_equal(add().id, 2);
}

/* One decision takes several; the refusals before belong to it. */
static void one_decision(void **state)
{
	struct incident_step step;

	(void)state;
	refused("commit", 20, "java", 0);
	assert_int_equal(add().id, 1);
	oom(20, "java", "/big", 1);
	step = add();
	assert_int_equal(step.id, 1);
	assert_true(step.verdict); /* a kill says more than a refusal */
	assert_int_equal(step.killed, 1);
	oom(21, "helper", "/big", 1.1);
	step = add();
	assert_int_equal(step.id, 1);
	assert_true(step.newcomer && !step.verdict);
	oom(22, "helper", "/small", 1.2); /* helper was in it: its program, its cgroup */
	assert_int_equal(add().id, 1);
	oom(23, "other", "/third", 1.3);
	assert_int_equal(add().id, 2);
	oom(24, "first", NULL, 2); /* the host was short of memory already: commit */
	assert_int_equal(add().id, 1);
	oom(25, "second", NULL, 63);
	assert_int_equal(add().id, 3);
	oom(26, "third", NULL, 64);
	assert_int_equal(add().id, 3);
}

static void counted(void **state)
{
	(void)state;
	oom(20, "java", "/big", 0);
	assert_int_equal(add().id, 1);
	event_init(&e, EVENT_COUNTED);
	event_static(&e, FIELD_RESOURCE, "swap");
	event_static(&e, FIELD_OWNER, "cgroup:/big");
	event_int(&e, FIELD_TIME, T0 + SECOND);
	assert_int_equal(add().id, 1);
	event_static(&e, FIELD_OWNER, "cgroup:/else");
	assert_int_equal(add().id, 2);
	assert_int_equal(add().counted, 1);
}

/* A crash after the refusal that led to it. */
static void killed_after(void **state)
{
	(void)state;
	refused("as", 30, "worker", 0);
	assert_int_equal(add().id, 1);
	refused("as", 30, "worker", 1);
	e.kind = EVENT_KILLED;
	event_clear(&e, FIELD_RESOURCE);
	event_static(&e, FIELD_CAUSE, "fault");
	assert_int_equal(add().id, 1);
	event_int(&e, FIELD_PID, 31);
	event_static(&e, FIELD_COMM, "stranger");
	assert_int_equal(add().id, 2);
}

static void died(int64_t pid, const char *cause, const char *signal, double s)
{
	refused("", pid, "worker", s);
	e.kind = EVENT_KILLED;
	event_clear(&e, FIELD_RESOURCE);
	event_static(&e, FIELD_CAUSE, cause);
	event_static(&e, FIELD_SIGNAL, signal);
}

static void deaths(void **state)
{
	(void)state;
	died(20, "fault", "SIGSEGV", 0);
	assert_int_equal(add().id, 1);
	died(21, "signal", "SIGKILL", 1);
	assert_int_equal(add().id, 2);
	died(22, "fault", "SIGSEGV", 2);
	assert_int_equal(add().id, 1);
	died(23, "signal", "SIGTERM", 3);
	assert_int_equal(add().id, 3);
	/* another place in the program, or another who killed it, is another cause */
	died(24, "fault", "SIGSEGV", 4);
	event_static(&e, FIELD_MAP_OBJECT, "libpq.so.5");
	event_static(&e, FIELD_MAP_OFFSET, "0x1a2b0");
	assert_int_equal(add().id, 4);
	died(25, "fault", "SIGSEGV", 5);
	assert_int_equal(add().id, 1);
	died(26, "signal", "SIGKILL", 6);
	event_static(&e, FIELD_BY_COMM, "systemd-oomd");
	event_static(&e, FIELD_REQUESTED_BY, "oomd");
	assert_int_equal(add().id, 5);
	died(27, "signal", "SIGKILL", 7);
	event_static(&e, FIELD_BY_COMM, "systemd-oomd");
	event_static(&e, FIELD_REQUESTED_BY, "oomd");
	assert_int_equal(add().id, 5);
}

static void followups(void **state)
{
	struct incident_step step;

	(void)state;
	refused("nofile", 10, "nginx", 0);
	event_static(&e, FIELD_RUN, "r1");
	event_int(&e, FIELD_SEQ, 7);
	assert_int_equal(add().id, 1);
	event_init(&e, EVENT_FOLLOWUP);
	event_static(&e, FIELD_RUN, "r1");
	event_int(&e, FIELD_OF_SEQ, 7);
	step = add();
	assert_int_equal(step.id, 1);
	assert_int_equal(step.refused + step.killed + step.counted, 0);
	event_static(&e, FIELD_RUN, "r2");
	assert_int_equal(add().id, 0);
	event_init(&e, EVENT_STARTED);
	assert_int_equal(add().id, 0);
	event_init(&e, EVENT_LOST);
	assert_int_equal(add().id, 0);
}

/* Of a log without times: by uptime, or in the order of the text. */
static void timeless(void **state)
{
	(void)state;
	oom(20, "java", "/big", 0);
	event_clear(&e, FIELD_TIME);
	event_int(&e, FIELD_UPTIME_US, 5000000);
	assert_int_equal(add().id, 1);
	event_int(&e, FIELD_UPTIME_US, 64000000);
	assert_int_equal(add().id, 1);
	event_int(&e, FIELD_UPTIME_US, 200000000);
	assert_int_equal(add().id, 2);
	event_clear(&e, FIELD_UPTIME_US);
	assert_int_equal(add().id, 2);
}

static void folded(void **state)
{
	(void)state;
	refused("nofile", 10, "nginx", 0);
	assert_int_equal(add().id, 1);
	refused("nofile", 10, "nginx", 100); /* told at its end, begun in time */
	event_int(&e, FIELD_COUNT, 5);
	event_int(&e, FIELD_FIRST, T0 + 50 * SECOND);
	event_int(&e, FIELD_LAST, T0 + 100 * SECOND);
	assert_int_equal(add().id, 1);
}

/* Where the kernel folded from the first on, the path of the cgroup is not known. */
static void only_counted(void **state)
{
	(void)state;
	refused("nofile", 10, "nginx", 0);
	event_int(&e, FIELD_CGROUP_ID, 77);
	assert_int_equal(add().id, 1);
	refused("nofile", 11, "nginx", 1);
	event_int(&e, FIELD_CGROUP_ID, 77);
	event_clear(&e, FIELD_CGROUP);
	assert_int_equal(add().id, 1);
}

static void resumed(void **state)
{
	struct incident_step step;

	(void)state;
	refused("nofile", 10, "nginx", 0);
	event_static(&e, FIELD_SAYS, "x");
	assert_int_equal(incident_resume(t, 41, T0, &e), 0);
	incident_tracker_free(t);
	assert_int_equal(incident_tracker_new(&t, 42), 0);
	assert_int_equal(incident_resume(t, 41, T0, &e), 0);
	step = add();
	assert_int_equal(step.id, 41);
	assert_false(step.opened || step.verdict);
	refused("nofile", 10, "nginx", 70);
	assert_int_equal(add().id, 42);
}

/* Memory is bounded and nothing is lost: each event has its incident, each process is in one. */
static void very_many(void **state)
{
	uint64_t opened = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		refused("pids", 1000 + i, "bomb", i / 10000.0);
		opened += add().opened;
	}
	assert_int_equal(opened, 1);
	for (int i = 0; i < 10000; i++) {
		char cgroup[32];

		snprintf(cgroup, sizeof(cgroup), "/c%d", i);
		refused("pids", 1000 + i, "one", 11);
		event_str(&e, FIELD_CGROUP, cgroup);
		event_int(&e, FIELD_STARTED_AT, T0 + i);
		opened += add().opened;
	}
	assert_int_equal(opened, 10001);
}

static void importance(void **state)
{
	unsigned int plain;

	(void)state;
	refused("nofile", 1, "a", 0);
	plain = incident_importance(&e);
	event_static(&e, FIELD_FIX, "x");
	assert_true(incident_importance(&e) > plain);
	oom(1, "a", NULL, 0);
	assert_true(incident_importance(&e) > plain + 7);
	event_init(&e, EVENT_FOLLOWUP);
	event_static(&e, FIELD_FIX, "x");
	assert_int_equal(incident_importance(&e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_process, setup, teardown),
		cmocka_unit_test_setup_teardown(same_program, setup, teardown),
		cmocka_unit_test_setup_teardown(reused_pid, setup, teardown),
		cmocka_unit_test_setup_teardown(one_decision, setup, teardown),
		cmocka_unit_test_setup_teardown(counted, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_after, setup, teardown),
		cmocka_unit_test_setup_teardown(deaths, setup, teardown),
		cmocka_unit_test_setup_teardown(followups, setup, teardown),
		cmocka_unit_test_setup_teardown(timeless, setup, teardown),
		cmocka_unit_test_setup_teardown(folded, setup, teardown),
		cmocka_unit_test_setup_teardown(only_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(resumed, setup, teardown),
		cmocka_unit_test_setup_teardown(very_many, setup, teardown),
		cmocka_unit_test_setup_teardown(importance, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
