/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/event*.c user/requested.c user/identity.c user/field.c user/catalogue.c user/attach.c
 * ; libs: */
/*
 * test_event_death.c - a death by a signal: its cause, who sent it and for whom, and what is told
 * when a part of it is missing.
 */
#include <linux/audit.h>
#include <signal.h>

#include "event_fixture.h"

#include "../../user/filter.h"
#include "../../user/requested.h"

static struct fc_death d;

static void make_death(int sig, enum fc_how how)
{
	memset(&d, 0, sizeof(d));
	d.h = (struct fc_header){.type = FC_TYPE_DEATH, .size = sizeof(d), .time = 123456789012};
	d.has = FC_HAS_CERTAIN;
	d.hook = FC_HOOK_DEATH_DELIVER;
	d.backend = FC_BACKEND_TRACEPOINT;
	d.sig = (uint8_t)sig;
	d.how = (uint8_t)how;
	d.tid = 4711;
	make_who(&d.victim, 4711, "postgres");
}

static void sent_by(uint32_t pid, const char *comm)
{
	d.has |= FC_DEATH_SENDER;
	make_who(&d.sender, pid, comm);
	PATH(&d.sender.cgroup, "cron.service\0system.slice");
}

static void whole(void **state _unused_)
{
	static const enum field all[] = {
		FIELD_TIME,    FIELD_UPTIME_US,  FIELD_CAUSE,          FIELD_SIGNAL,
		FIELD_CERTAIN, FIELD_BACKEND,    FIELD_BY_PID,         FIELD_BY_COMM,
		FIELD_BY_UID,  FIELD_BY_CGROUP,  FIELD_BY_PARENT_COMM, FIELD_BY_UNIT,
		FIELD_PID,     FIELD_TID,        FIELD_PPID,           FIELD_UID,
		FIELD_VPID,    FIELD_STARTED_AT, FIELD_COMM,           FIELD_PARENT_COMM,
		FIELD_CGROUP,  FIELD_CGROUP_ID,  FIELD_REQUESTED_BY,
	};

	make_death(SIGKILL, FC_HOW_PROCESS);
	sent_by(815, "kill");
	assert_int_equal(DECODE(&d, &v2), 0);
	assert_int_equal(e.kind, EVENT_KILLED);
	must_have_only(all, ARRAY_SIZE(all));
	must_say(FIELD_CAUSE, "signal");
	must_say(FIELD_SIGNAL, "SIGKILL");
	must_be(FIELD_CERTAIN, true);
	must_be(FIELD_BY_PID, 815);
	must_say(FIELD_BY_COMM, "kill");
	must_say(FIELD_BY_PARENT_COMM, "parent");
	must_say(FIELD_BY_UNIT, "cron.service");
	must_say(FIELD_REQUESTED_BY, "other");
	must_be(FIELD_PID, 4711);
	must_be(FIELD_TID, 4711);
	assert_int_equal(facts.pid, 4711);
	assert_int_equal(facts.start, 70000004711);
	assert_int_equal(facts.death.sender_start, 70000000815);
}

static void causes(void **state _unused_)
{
	static const struct {
		int sig;
		enum fc_how how;
		const char *cause, *requested, *signal;
	} rows[] = {
		{SIGSEGV, FC_HOW_FAULT, "fault", "", "SIGSEGV"},
		{SIGABRT, FC_HOW_SELF, "fault", "", "SIGABRT"},
		{SIGXCPU, FC_HOW_RLIMIT, "rlimit", "", "SIGXCPU"},
		{SIGSYS, FC_HOW_SECCOMP, "seccomp", "", "SIGSYS"},
		{SIGSYS, FC_HOW_UNKNOWN, "seccomp", "", "SIGSYS"},
		{SIGINT, FC_HOW_TTY, "signal", "tty", "SIGINT"},
		{SIGPIPE, FC_HOW_PIPE, "signal", "", "SIGPIPE"},
		{SIGALRM, FC_HOW_TIMER, "signal", "", "SIGALRM"},
		{SIGKILL, FC_HOW_NAMESPACE, "signal", "parent", "SIGKILL"},
		{SIGTERM, FC_HOW_PARENT, "signal", "parent", "SIGTERM"},
		{SIGKILL, FC_HOW_OOM_SHARED, "oom-group", "", "SIGKILL"},
		{SIGKILL, FC_HOW_KERNEL, "signal", "", "SIGKILL"},
		{64, FC_HOW_TIMER, "signal", "", "SIGRTMIN+30"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_death(rows[i].sig, rows[i].how);
		assert_int_equal(DECODE(&d, &v2), 0);
		must_say(FIELD_CAUSE, rows[i].cause);
		must_say(FIELD_SIGNAL, rows[i].signal);
		must_say(FIELD_REQUESTED_BY, rows[i].requested);
		assert_false(event_has(&e, FIELD_BY_PID));
	}
}

static void senders(void **state _unused_)
{
	static const struct {
		uint32_t pid;
		const char *comm, *requested;
		bool session, plain;
	} rows[] = {
		{1, "systemd", "service-manager", false, true},
		{1, "init", "service-manager", false, true},
		{900, "systemd", "service-manager", false, true}, /* of a user */
		{900, "systemd-oomd", "oomd", false, false},
		{900, "earlyoom", "oomd", true, false},
		{900, "dockerd", "container-runtime", false, true},
		{900, "conmon", "container-runtime", false, true},
		{900, "containerd-shim", "container-runtime", false, true},
		{900, "runc", "container-runtime", false, true},
		{4710, "postmaster", "parent", false, false},
		{4710, "bash", "tty", true, true},
		{900, "bash", "other", false, false},
		{900, "system", "other", false, false}, /* no part of a name */
	};
	const struct options only = {.unrequested = true}, all = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_death(SIGKILL, FC_HOW_PROCESS);
		sent_by(rows[i].pid, rows[i].comm);
		if (rows[i].session)
			d.has |= FC_DEATH_BY_SESSION;
		assert_int_equal(DECODE(&d, &v2), 0);
		must_say(FIELD_REQUESTED_BY, rows[i].requested);
		assert_int_equal(requested_plainly(&e), rows[i].plain);
		assert_int_equal(filter_pass(&e, &only), !rows[i].plain);
		assert_true(filter_pass(&e, &all));
	}
	/* What feeds `head` in a shell's pipeline, and a server that lost its client. */
	make_death(SIGPIPE, FC_HOW_PIPE);
	util_strlcpy(d.victim.parent_comm, "bash", FC_COMM);
	assert_int_equal(DECODE(&d, &v2), 0);
	assert_false(filter_pass(&e, &only));
	util_strlcpy(d.victim.parent_comm, "systemd", FC_COMM);
	assert_int_equal(DECODE(&d, &v2), 0);
	assert_true(filter_pass(&e, &only));
}

/* What such a program does not do, whatever it is called. */
static void not_oomd(void **state _unused_)
{
	static const struct {
		const char *comm;
		int sig;
		const char *requested;
	} rows[] = {
		{"systemd-oomd", SIGTERM, "other"},
		{"earlyoom", SIGTERM, "oomd"},
		{"earlyoom", SIGHUP, "other"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_death(rows[i].sig, FC_HOW_PROCESS);
		sent_by(900, rows[i].comm);
		assert_int_equal(DECODE(&d, &v2), 0);
		must_say(FIELD_REQUESTED_BY, rows[i].requested);
	}
}

static void missing(void **state _unused_)
{
	/* Its sending was not seen, or nothing remembers who it was. */
	make_death(SIGKILL, FC_HOW_UNKNOWN);
	d.has = 0;
	assert_int_equal(DECODE(&d, &v2), 0);
	must_say(FIELD_CAUSE, "signal");
	must_be(FIELD_CERTAIN, false);
	make_death(SIGTERM, FC_HOW_PROCESS);
	assert_int_equal(DECODE(&d, &v2), 0);
	must_be(FIELD_CERTAIN, false);
	must_say(FIELD_REQUESTED_BY, "");
	/* Only numbers are known of the sender. */
	d.has |= FC_DEATH_SENDER_PID;
	d.sender.pid = 815;
	assert_int_equal(DECODE(&d, &v2), 0);
	must_be(FIELD_CERTAIN, true);
	must_be(FIELD_BY_PID, 815);
	assert_false(event_has(&e, FIELD_BY_COMM));
	assert_false(event_has(&e, FIELD_BY_CGROUP));
	/* Told from the table: no path is not the root. */
	d.has |= FC_DEATH_LEFT;
	assert_int_equal(DECODE(&d, &v2), 0);
	assert_false(event_has(&e, FIELD_CGROUP));
	must_be(FIELD_CGROUP_ID, 6305);
}

static void fault(void **state _unused_)
{
	make_death(SIGSEGV, FC_HOW_FAULT);
	d.has |= FC_DEATH_IP | FC_DEATH_ADDR;
	d.code_si = 1;
	d.fault_addr = 0xffffffffff600000;
	d.code.flags = FC_MAP_LOOKED | FC_MAP_FOUND | FC_MAP_FILE;
	d.code.offset = 0x1a2b0;
	memset(d.code.name, 'l', FC_NAME); /* without an end */
	assert_int_equal(DECODE(&d, &v2), 0);
	must_be(FIELD_SI_CODE, 1);
	must_say(FIELD_FAULT_ADDR, "0xffffffffff600000");
	must_say(FIELD_MAP_OFFSET, "0x1a2b0");
	assert_int_equal(strlen(event_text(&e, FIELD_MAP_OBJECT)), FC_NAME);
	d.has &= ~FC_DEATH_ADDR;
	d.code.flags = FC_MAP_LOOKED;
	assert_int_equal(DECODE(&d, &v2), 0);
	assert_false(event_has(&e, FIELD_FAULT_ADDR));
	assert_false(event_has(&e, FIELD_MAP_OBJECT));
	assert_false(event_has(&e, FIELD_MAP_OFFSET));
}

static void limits(void **state _unused_)
{
	make_death(SIGXFSZ, FC_HOW_RLIMIT);
	d.has |= FC_HAS_LIMIT;
	d.limit = 4096;
	assert_int_equal(DECODE(&d, &v2), 0);
	must_say(FIELD_RESOURCE, "fsize");
	must_say(FIELD_LIMIT_NAME, "RLIMIT_FSIZE");
	must_be(FIELD_LIMIT, 4096);
	make_death(SIGXCPU, FC_HOW_RLIMIT);
	d.has |= FC_HAS_LIMIT;
	d.limit = UINT64_MAX;
	assert_int_equal(DECODE(&d, &v2), 0);
	must_say(FIELD_LIMIT_NAME, "RLIMIT_RTTIME");
	assert_false(event_has(&e, FIELD_RESOURCE));
}

static void bad(void **state _unused_)
{
	make_death(0, FC_HOW_PROCESS);
	assert_int_equal(DECODE(&d, &v2), -EBADMSG);
	make_death(65, FC_HOW_PROCESS);
	assert_int_equal(DECODE(&d, &v2), -EBADMSG);
	make_death(SIGKILL, FC_HOWS);
	assert_int_equal(DECODE(&d, &v2), -EBADMSG);
	make_death(SIGKILL, FC_HOW_PROCESS);
	d.hook = FC_HOOKS;
	assert_int_equal(DECODE(&d, &v2), -EBADMSG);
	make_death(SIGKILL, FC_HOW_PROCESS);
	d.backend = FC_BACKENDS;
	assert_int_equal(DECODE(&d, &v2), -EBADMSG);
	make_death(SIGKILL, FC_HOW_PROCESS);
	d.victim.cgroup.len = FC_PATH + 1;
	assert_int_equal(DECODE(&d, &v2), -EBADMSG);
	make_death(SIGKILL, FC_HOW_PROCESS);
	sent_by(1, "systemd");
	d.sender.cgroup.cut = 2;
	assert_int_equal(DECODE(&d, &v2), -EBADMSG);
	make_death(SIGKILL, FC_HOW_PROCESS);
	d.h.size--;
	assert_int_equal(DECODE(&d, &v2), -EBADMSG);
}

/* A number means another call to a 32-bit program: 11 is execve there, munmap on x86-64. */
static void seccomp_call(void **state _unused_)
{
	make_death(SIGSYS, FC_HOW_SECCOMP);
	d.code_si = 1;
	d.syscall = 11;
	d.arch = AUDIT_ARCH_I386;
	assert_int_equal(DECODE(&d, &v2), 0);
	must_say(FIELD_SYSCALL, "execve");
	assert_true(facts.death.syscall_32);
	d.syscall = 60000;
	d.arch = AUDIT_ARCH_X86_64;
	assert_int_equal(DECODE(&d, &v2), 0);
	assert_false(event_has(&e, FIELD_SYSCALL));
	assert_true(facts.death.has_syscall);
	assert_int_equal(facts.death.syscall, 60000);
	assert_false(facts.death.syscall_32);
	d.has |= FC_DEATH_STRICT;
	assert_int_equal(DECODE(&d, &v2), 0);
	assert_false(facts.death.has_syscall);
}

static void traced(void **state _unused_)
{
	make_death(SIGKILL, FC_HOW_TRACER);
	sent_by(815, "gdb");
	assert_int_equal(DECODE(&d, &v2), 0);
	must_be(FIELD_BY_PID, 815);
	must_say(FIELD_REQUESTED_BY, "other");
	must_be(FIELD_CERTAIN, true);
	d.how = FC_HOW_INJECTED;
	assert_int_equal(DECODE(&d, &v2), 0);
	must_be(FIELD_CERTAIN, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),        cmocka_unit_test(causes),
		cmocka_unit_test(senders),      cmocka_unit_test(not_oomd),
		cmocka_unit_test(missing),      cmocka_unit_test(fault),
		cmocka_unit_test(limits),       cmocka_unit_test(bad),
		cmocka_unit_test(seccomp_call), cmocka_unit_test(traced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
