/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_tasks.c - refused processes: the sentence names whose limit it was, and the remedy
 * goes to who set it.
 */
#include "explain_fixture.h"

static void refused(const char *resource, const char *call, int64_t held, int64_t limit)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_static(&e, FIELD_MEASURE, "tasks");
	event_static(&e, FIELD_ERRNO, "EAGAIN");
	event_str(&e, FIELD_SYSCALL, call);
	event_str(&e, FIELD_COMM, "java");
	event_int(&e, FIELD_PID, 900);
	event_int(&e, FIELD_UID, 1000);
	event_bool(&e, FIELD_CERTAIN, true);
	event_int(&e, FIELD_ASKED, 1);
	if (held >= 0)
		event_int(&e, FIELD_HELD, held);
	if (limit >= 0)
		event_int(&e, FIELD_LIMIT, limit);
}

static void nproc(void **state _unused_)
{
	refused("nproc", "clone3", 4096, 4096);
	event_int(&e, FIELD_LIMIT_HARD, 16384);
	event_int(&e, FIELD_LIMIT_UID, 1000);
	event_str(&e, FIELD_CGROUP, "/system.slice/app.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "app.service");
	assert_has(
		says(NULL),
		"java (pid 900) of app.service could not start another process or thread because "
		"user 1000 has 4096 tasks");
	assert_has(fixed(), "prlimit --pid 900 --nproc=8192:16384\n");
	assert_has(fixed(), "LimitNPROC=8192:16384");
	/* the hard limit goes up where it must */
	refused("nproc", "clone", 4096, 4096);
	event_int(&e, FIELD_LIMIT_HARD, 4096);
	says(NULL);
	assert_has(fixed(), "prlimit --pid 900 --nproc=8192:8192");
	refused("nproc", "execve", 12, 10);
	event_int(&e, FIELD_LIMIT_HARD, 10);
	assert_has(says(NULL), "could not run another program because user 1000 has 12");
	assert_has(event_text(&e, FIELD_SAYS), "setuid to that user had succeeded");
	refused("nproc", "clone", 4096, 4096);
	assert_has(says(&(struct explain_facts){.hard_unlimited = true}), "\"ulimit -u\"");
	assert_has(fixed(), "prlimit --pid 900 --nproc=8192:unlimited");
	/* in a user namespace: the limit of who made it, and no prlimit of this one helps */
	refused("nproc", "clone", 4, 4);
	event_int(&e, FIELD_LIMIT_UID, 1000);
	assert_has(says(NULL), "when the user namespace was made");
	assert_true(fixed()[0] == '#');
}

static void host(void **state _unused_)
{
	refused("threads-max", "fork", 30000, 30000);
	assert_has(says(NULL), "the whole machine has 30000 tasks");
	assert_has(fixed(), "sysctl -w kernel.threads-max=60000\n");
	refused("threads-max", "fork", -1, 30000);
	event_bool(&e, FIELD_CERTAIN, false);
	assert_has(says(NULL), "probably because the whole machine has reached the limit of 30000");
	refused("pid-max", "clone", 32500, 32768);
	assert_has(says(NULL), "32500 process and thread numbers in use and the limit is 32768");
	assert_has(fixed(), "sysctl -w kernel.pid_max=65536\n");
	refused("pid-max", "clone", 4194000, 4194304);
	says(NULL);
	assert_true(fixed()[0] == '#');
	refused("pid-max", "clone", 3000000, 3000000);
	says(NULL);
	assert_has(fixed(), "kernel.pid_max=4194304\n");
	/* of a pid namespace */
	refused("pid-max", "clone", 500, 500);
	event_str(&e, FIELD_NAMESPACE, "pid:[4026532999]");
	assert_has(says(NULL), "because its pid namespace has 500");
	assert_has(fixed(), "nsenter -t 900 -p sysctl -w kernel.pid_max=1000");
}

static void pids(void **state _unused_)
{
	static const struct {
		const char *cgroup, *fix;
		bool v1;
	} cases[] = {
		{"/system.slice/app.service", "systemctl set-property app.service TasksMax=200",
		 false},
		{"/user.slice/user-1000.slice",
		 "systemctl set-property user-1000.slice TasksMax=200", false},
		{"/system.slice/docker-" ID64 ".scope", "docker update --pids-limit 200 " ID64,
		 false},
		{"/docker/" ID64, "docker update --pids-limit 200 " ID64, true},
		{"/machine.slice/libpod-" ID64 ".scope", "podman update --pids-limit 200 " ID64,
		 false},
		{"/test", "echo 200 > /sys/fs/cgroup/test/pids.max", false},
		{"/test", "echo 200 > /sys/fs/cgroup/pids/test/pids.max", true},
		{"/it's $(reboot)", "echo 200 > '/sys/fs/cgroup/it'\\''s $(reboot)/pids.max'",
		 false},
		{"/a/../b", "# raise pids.max of this control group to 200", false},
		{"", "# raise pids.max of the control group that is full", false},
		{"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID64,
		 "# raise podPidsLimit of the kubelet on this node to 200 or more (pod uid "
		 "0123456789abcdef0123456789abcdef)",
		 false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct explain_facts f = {.has_more = true, .more = {cases[i].v1}};

		refused("pids", "clone", 100, 100);
		event_str(&e, FIELD_LIMIT_CGROUP, cases[i].cgroup);
		assert_has(says(&f), "100 tasks, processes and threads together");
		assert_string_equal(fixed(), cases[i].fix);
	}
	/* version 1 beside a memory hierarchy that is mounted elsewhere */
	refused("pids", "clone", 100, 100);
	event_str(&e, FIELD_LIMIT_CGROUP, "/test");
	says(&(struct explain_facts){.has_more = true,
				     .more = {1},
				     .memory_is_v1 = true,
				     .memory_mount = "/cgroup/memory"});
	assert_string_equal(fixed(), "echo 200 > /cgroup/pids/test/pids.max");
	/* and of version 2 there, which systemd mounts aside */
	refused("pids", "clone", 100, 100);
	event_str(&e, FIELD_LIMIT_CGROUP, "/test");
	says(&(struct explain_facts){
		.has_more = true, .memory_is_v1 = true, .memory_mount = "/cgroup/memory"});
	assert_string_equal(fixed(), "echo 200 > /sys/fs/cgroup/unified/test/pids.max");
	/* what was cut is another group */
	refused("pids", "clone", 100, 100);
	event_str(&e, FIELD_LIMIT_CGROUP, "/system.slice/app.service");
	event_cut(&e, FIELD_LIMIT_CGROUP);
	says(NULL);
	assert_true(fixed()[0] == '#');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nproc),
		cmocka_unit_test(host),
		cmocka_unit_test(pids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
