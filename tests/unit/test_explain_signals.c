/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_signals.c - sentences and remedies of queued signals, processor time and file size;
 * units are those of each command.
 */
#include "explain_fixture.h"

static void sigpending(void **state _unused_)
{
	struct explain_facts f = {.more = {900}, .has_more = true};

	refused_db("sigpending", "EAGAIN", 3, 3, 1);
	event_int(&e, FIELD_LIMIT_HARD, 4);
	event_int(&e, FIELD_LIMIT_UID, 1000);
	event_str(&e, FIELD_SYSCALL, "rt_sigqueueinfo");
	assert_string_equal(
		says(&f),
		"db (pid 900) could not send a signal because 3 signals (timers count too) are "
		"queued "
		"for the processes of user 1000 and the limit is 3 (RLIMIT_SIGPENDING, \"ulimit "
		"-i\"); the program reports \"Resource temporarily unavailable\".");
	assert_has(fix(&f), "prlimit --pid 900 --sigpending=6:6\n");
	assert_has(fix(&f), "SigQ");
	/* to another process: that one's limit */
	f.more[0] = 77;
	assert_has(says(&f), "could not send a signal to process 77 because");
	assert_has(fix(&f), "prlimit --pid 77 --sigpending=6:6\n");
	assert_lacks(fix(&f), "--pid 900");
	event_clear(&e, FIELD_LIMIT_HARD);
	assert_has(fix(&f), "--sigpending=6:unlimited\n");
	event_str(&e, FIELD_SYSCALL, "timer_create");
	f.more[0] = 900;
	assert_has(says(&f), "could not make a timer because");
	/* nobody asked for it */
	event_clear(&e, FIELD_PID);
	event_clear(&e, FIELD_SYSCALL);
	assert_has(says(&f), "A real-time signal to process 900 was lost because 3");
	assert_has(fix(&f), "prlimit --pid 900 ");
	assert_true(fix(NULL)[0] == '#');
	refused_db("sigpending", "EAGAIN", -1, -1, 1);
	assert_has(says(NULL), "too many signals");
	assert_true(fix(NULL)[0] == '#');
}

static void cpu(void **state _unused_)
{
	refused_db("cpu", "", 3600, 3600, -1);
	event_int(&e, FIELD_LIMIT_HARD, 9000);
	event_static(&e, FIELD_SIGNAL, "SIGXCPU");
	assert_string_equal(says(NULL), "db (pid 900) was told to stop because it had used 3600 s "
					"of processor time and its "
					"soft limit is 3600 s (RLIMIT_CPU, \"ulimit -t\"); unless "
					"it is prepared it dies of "
					"SIGXCPU, and a shell says \"CPU time limit exceeded\".");
	assert_has(fix(NULL), "prlimit --pid 900 --cpu=7200:9000\n#");
	/* more than the second that the kernel gives by itself */
	event_int(&e, FIELD_LIMIT, 1);
	event_int(&e, FIELD_HELD, 1);
	says(NULL);
	assert_has(fix(NULL), "--cpu=3:9000\n");
	event_int(&e, FIELD_LIMIT, 3600);
	event_int(&e, FIELD_HELD, 3600);
	/* the dead have no limits; in limits.conf it is minutes, in a unit seconds */
	event_static(&e, FIELD_SIGNAL, "SIGKILL");
	assert_has(says(NULL), "was killed because");
	assert_has(says(NULL), "hard limit is 3600 s");
	assert_lacks(fix(NULL), "--pid");
	event_str(&e, FIELD_CGROUP, "/user.slice/user-1000.slice/session-1.scope");
	event_str(&e, FIELD_SYSTEMD_UNIT, "session-1.scope");
	assert_has(fix(NULL), "echo ':1000 - cpu 120' >> /etc/security/limits.d/90-cpu.conf");
	event_str(&e, FIELD_CGROUP, "/system.slice/db.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "db.service");
	assert_has(fix(NULL), "LimitCPU=7200:9000");
}

static void fsize(void **state _unused_)
{
	refused_db("fsize", "EFBIG", 1 << 20, 1 << 20, 100);
	event_int(&e, FIELD_LIMIT_HARD, 1 << 20);
	assert_has(says(NULL),
		   "db (pid 900) could not make a file larger because the file has 1 MiB and this "
		   "process may not write beyond 1 MiB of any (RLIMIT_FSIZE, \"ulimit -f\")");
	assert_has(says(NULL), "no disk is full.");
	assert_string_equal(fix(NULL), "prlimit --pid 900 --fsize=2097152:2097152");
	event_str(&e, FIELD_CGROUP, "/user.slice/user-1000.slice/session-1.scope");
	event_str(&e, FIELD_SYSTEMD_UNIT, "session-1.scope");
	assert_has(fix(NULL), "':1000 - fsize 2048'");
	refused_db("fsize", "EFBIG", -1, -1, -1);
	assert_true(fix(NULL)[0] == '#');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigpending),
		cmocka_unit_test(cpu),
		cmocka_unit_test(fsize),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
