/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/requested.c user/identity.c user/field.c user/catalogue.c ; libs: */
/*
 * test_explain_death.c - sentences about processes that died of a signal, and which of the faults
 * have a limit behind them.
 */
#include <signal.h>

#include "explain_fixture.h"

static struct death_facts death;
static const struct explain_facts f = {.death = &death, .page_size = 4096};

static void dead(const char *cause, int sig, const char *signal, enum fc_how how)
{
	death = (struct death_facts){.sig = sig, .how = how};
	event_init(&e, EVENT_KILLED);
	event_static(&e, FIELD_CAUSE, cause);
	event_static(&e, FIELD_SIGNAL, signal);
	event_str(&e, FIELD_COMM, "postgres");
	event_int(&e, FIELD_PID, 900);
}

static void by(int64_t pid, const char *comm, const char *requested)
{
	event_int(&e, FIELD_BY_PID, pid);
	event_int(&e, FIELD_BY_UID, 0);
	event_str(&e, FIELD_BY_COMM, comm);
	event_str(&e, FIELD_REQUESTED_BY, requested);
}

static void sent(void **state _unused_)
{
	dead("signal", SIGKILL, "SIGKILL", FC_HOW_PROCESS);
	by(815, "bash", "other");
	event_str(&e, FIELD_BY_PARENT_COMM, "sshd");
	assert_string_equal(says(&f),
			    "postgres (pid 900) was killed with SIGKILL by bash (pid 815, "
			    "uid 0) under sshd.");
	assert_has(fix(&f), "# nothing to raise: ask who runs as uid 0");
	/* a server process of PostgreSQL */
	event_str(&e, FIELD_PARENT_COMM, "postgres");
	assert_has(says(&f), "ends all connections and recovers");
	dead("signal", SIGTERM, "SIGTERM", FC_HOW_PROCESS);
	by(815, "postgres", "parent");
	event_str(&e, FIELD_PARENT_COMM, "postgres");
	assert_lacks(says(&f), "recovers");
	assert_has(says(&f), ", its own parent; it has no handler for that signal.");
	dead("signal", SIGKILL, "SIGKILL", FC_HOW_PROCESS);
	by(815, "systemd-oomd", "oomd");
	event_str(&e, FIELD_BY_UNIT, "systemd-oomd.service");
	event_str(&e, FIELD_CGROUP, "/system.slice/postgresql.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "postgresql.service");
	assert_has(says(&f), "it was not an administrator");
	assert_has(fix(&f), "journalctl -u systemd-oomd.service");
	assert_has(fix(&f),
		   "\nsystemctl set-property postgresql.service ManagedOOMPreference=avoid");
	event_str(&e, FIELD_OOMD_CGROUP, "/system.slice/postgresql.service");
	event_int(&e, FIELD_OOMD_OOMS, 2);
	event_pair(&e, FIELD_HOST_MEMORY, "total", INT64_C(4) << 30);
	event_pair(&e, FIELD_HOST_MEMORY, "available", INT64_C(200) << 20);
	assert_has(says(&f), ", which had chosen the control group "
			     "/system.slice/postgresql.service (it has done so 2 times): that "
			     "program kills when memory gets short");
	assert_has(says(&f), "; right after it 200 MiB of the host's 4 GiB were available");
	assert_has(fix(&f), "journalctl MESSAGE_ID=d989611b15e44c9dbf31e3c81256e4ed");
	dead("signal", SIGKILL, "SIGKILL", FC_HOW_PROCESS);
	by(815, "systemd-oomd", "other");
	death.oomd = OOMD_UNMARKED;
	assert_has(says(&f), "which calls itself so; but systemd-oomd marks a control group");
	assert_lacks(says(&f), "not an administrator");
	dead("signal", SIGKILL, "SIGKILL", FC_HOW_PROCESS);
	event_str(&e, FIELD_CGROUP, "/system.slice/postgresql.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "postgresql.service");
	by(1, "systemd", "service-manager");
	assert_has(says(&f), "does not stop in time");
	assert_has(fix(&f), "# why it was stopped: journalctl -u postgresql.service");
}

static void kernels(void **state _unused_)
{
	dead("signal", SIGINT, "SIGINT", FC_HOW_TTY);
	assert_has(says(&f), "pressed Ctrl-C");
	dead("signal", SIGHUP, "SIGHUP", FC_HOW_TTY);
	assert_has(fix(&f), "nohup");
	dead("signal", SIGPIPE, "SIGPIPE", FC_HOW_PIPE);
	assert_has(says(&f), "nobody reads any more");
	assert_has(fix(&f), "IgnoreSIGPIPE=yes");
	event_str(&e, FIELD_PARENT_COMM, "bash");
	dead("signal", SIGALRM, "SIGALRM", FC_HOW_TIMER);
	assert_has(says(&f), "a timer that it had set itself");
	dead("signal", SIGKILL, "SIGKILL", FC_HOW_UNKNOWN);
	assert_has(says(&f), "who sent it was not seen");
	dead("signal", SIGKILL, "SIGKILL", FC_HOW_NAMESPACE);
	by(815, "nginx", "parent");
	assert_has(says(&f),
		   "because the first process of its pid namespace ended, nginx (pid 815");
	dead("signal", SIGKILL, "SIGKILL", FC_HOW_TRACER);
	by(815, "gdb", "other");
	assert_string_equal(says(&f), "postgres (pid 900) was killed with SIGKILL by gdb (pid 815, "
				      "uid 0), which traced it, as a debugger does (ptrace).");
	death.si_code = SI_KERNEL;
	assert_has(says(&f), "because the process that traced it ended, gdb (pid 815");
	dead("oom-memcg", SIGKILL, "SIGKILL", FC_HOW_OOM_SHARED);
	death.shared_pid = 815;
	death.shared_comm = "java";
	assert_has(says(&f), "had the same memory as java (pid 815), the victim");
}

static void faults(void **state _unused_)
{
	dead("fault", SIGSEGV, "SIGSEGV", FC_HOW_FAULT);
	event_static(&e, FIELD_FAULT_ADDR, "0x8");
	event_static(&e, FIELD_MAP_OBJECT, "libpq.so.5");
	event_static(&e, FIELD_MAP_OFFSET, "0x1a2b0");
	death.addr = 8;
	assert_string_equal(says(&f),
			    "postgres (pid 900) crashed with SIGSEGV in libpq.so.5+0x1a2b0: "
			    "it used a null pointer (address 0x8).");
	assert_has(fix(&f), "# no limit helps");
	assert_has(fix(&f), "libpq.so.5+0x1a2b0");
	death.near = FC_STACK;
	assert_has(says(&f), "its stack had to grow and could not, because a limit was reached "
			     "(RLIMIT_STACK)");
	assert_lacks(fix(&f), "no limit helps");
	dead("fault", SIGABRT, "SIGABRT", FC_HOW_SELF);
	assert_has(says(&f), "it gave up by itself (abort)");
}

static void bus(void **state _unused_)
{
	dead("fault", SIGBUS, "SIGBUS", FC_HOW_FAULT);
	death.si_code = 2;
	death.data_flags = FC_MAP_LOOKED | FC_MAP_FOUND | FC_MAP_FILE;
	util_strlcpy(death.data_name, "base.dat", sizeof(death.data_name));
	death.data_size = 100;
	death.data_offset = 4096;
	assert_has(says(&f), "the file base.dat that it had mapped is shorter (100 bytes)");
	death.data_offset = 4095; /* the rest of its last page is there */
	assert_lacks(says(&f), "shorter");
	assert_has(says(&f), "it is full, or a disk has failed");
	death.near = FC_DISK;
	assert_has(says(&f), "the file system of base.dat, which it had mapped, is full");
	death.near = FC_RESOURCE_NONE;
	death.data_flags |= FC_MAP_HUGE;
	assert_has(says(&f), "no huge page left");
	assert_has(fix(&f), "vm.nr_hugepages");
	death.si_code = 4;
	assert_has(says(&f), "memory itself is broken");
}

static void limits(void **state _unused_)
{
	dead("rlimit", SIGXCPU, "SIGXCPU", FC_HOW_RLIMIT);
	death.has = FC_HAS_LIMIT;
	death.limit = 1;
	assert_has(says(&f), "(RLIMIT_CPU, 1 second)");
	assert_has(fix(&f), "LimitCPU=");
	dead("rlimit", SIGXFSZ, "SIGXFSZ", FC_HOW_RLIMIT);
	assert_has(says(&f), "(RLIMIT_FSIZE)");
	assert_has(fix(&f), "ulimit -f");
	dead("seccomp", SIGSYS, "SIGSYS", FC_HOW_SECCOMP);
	event_static(&e, FIELD_SYSCALL, "clone3");
	assert_has(says(&f), "seccomp filter, which does not allow clone3.");
	dead("seccomp", SIGSYS, "SIGSYS", FC_HOW_SECCOMP);
	death.has_syscall = death.syscall_32 = true;
	death.syscall = 110;
	assert_has(says(&f), "which does not allow system call 110 of 32-bit programs.");
	death.has = FC_DEATH_STRICT;
	assert_has(says(&f), "strict mode");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sent), cmocka_unit_test(kernels), cmocka_unit_test(faults),
		cmocka_unit_test(bus),  cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
