// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long until a victim's memory was free.
 */
#include "event_fixture.h"

#include <fcntl.h>

#include "../../user/freed.h"

static struct freed f;

static void kill_told(int64_t seq)
{
	struct fc_oom o;

	make_oom(&o);
	assert_int_equal(DECODE(&o, &v2), 0);
	facts.host = &o.host;
	freed_note(&f, &e, &facts, seq, 1000);
}

static void in_time(void **state)
{
	struct fc_freed r = {.start = 70000000000 + 4711, .pid = 4711, .killed = 5000000000};

	(void)state;
	f = (struct freed){0};
	kill_told(17);
	r.h.time = 5012999999;
	assert_true(freed_record(&f, &e, &r, &v2));
	assert_int_equal(e.kind, EVENT_FOLLOWUP);
	must_be(FIELD_OF_SEQ, 17);
	must_be(FIELD_FREED_MS, 12);
	must_be(FIELD_PID, 4711);
	assert_false(freed_record(&f, &e, &r, &v2)); /* once */
	kill_told(0);                                /* filtered out: nobody was told of the kill */
	assert_false(freed_record(&f, &e, &r, &v2));
}

static void another_process(void **state)
{
	struct fc_freed r = {.start = 1, .pid = 4711, .killed = 5000000000};

	(void)state;
	f = (struct freed){0};
	kill_told(17);
	assert_false(freed_record(&f, &e, &r, &v2));
}

static void too_late(void **state)
{
	_cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	f = (struct freed){0};
	kill_told(17);
	f.kill[0].pid = (uint32_t)getpid();
	assert_false(freed_due(&f, 1000 + FREED_WAIT_MS - 1));
	assert_false(freed_late(&f, &e, proc, 1000 + FREED_WAIT_MS - 1));
	assert_true(freed_due(&f, 1000 + FREED_WAIT_MS));
	assert_true(freed_late(&f, &e, proc, 1000 + FREED_WAIT_MS));
	must_be(FIELD_OF_SEQ, 17);
	assert_false(event_has(&e, FIELD_FREED_MS));
	assert_non_null(strstr(event_text(&e, FIELD_SAYS), "60 seconds after the kill"));
	assert_false(freed_late(&f, &e, proc, 1000 + FREED_WAIT_MS));
	/* Gone: nobody can say when. */
	kill_told(18);
	f.kill[1].pid = 0x7fffffff;
	assert_false(freed_late(&f, &e, proc, 1000 + FREED_WAIT_MS));
	assert_false(freed_due(&f, 1000 + FREED_WAIT_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_time),
		cmocka_unit_test(another_process),
		cmocka_unit_test(too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
