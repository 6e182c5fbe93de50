/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_oom.c - memory: who was killed and whose limit it was, what a full group refused,
 * and the limit that is raised is that group's, through whoever set it.
 */
#include "explain_fixture.h"

static void oom_says(void **state _unused_)
{
	killed("oom-memcg", "postgres", "/system.slice/pg.service", 1 << 30);
	event_int(&e, FIELD_RSS_ANON, 900 << 20);
	event_int(&e, FIELD_RSS_FILE, 100 << 20);
	event_int(&e, FIELD_RSS_SHMEM, 0);
	event_int(&e, FIELD_SWAP, 3 << 19);
	event_int(&e, FIELD_TRIGGER_PID, 900);
	event_str(&e, FIELD_TRIGGER_COMM, "backup");
	event_int(&e, FIELD_TOTAL_PAGES, 262144);
	assert_string_equal(
		says(NULL),
		"The kernel killed postgres (pid 812), which had 1000 MiB of memory and 1.5 MiB of "
		"swap, "
		"because the control group /system.slice/pg.service reached its own limit of 1 GiB "
		"(memory.max); the host itself had not run out of memory; backup (pid 900) only "
		"happened "
		"to ask for memory at that moment; total_pages (1 GiB) is the size of what was "
		"full, not "
		"of the victim.");
	event_int(&e, FIELD_TRIGGER_PID, 812);
	assert_lacks(says(NULL), "only happened");
	killed("oom-global", "a", "", 0);
	assert_has(says(NULL), "the whole machine had run out of memory and swap.");
	assert_has(fixed(), "add memory or swap, or limit who grew");
	killed("oom-sysrq", "a", "", 0);
	event_int(&e, FIELD_TRIGGER_PID, 3);
	event_int(&e, FIELD_TOTAL_PAGES, 3);
	assert_has(says(NULL), "somebody asked for it by SysRq-f, not because memory had run out.");
	assert_has(fixed(), "# nothing to raise");
	killed("oom-group", "a", "/x", 1 << 30);
	assert_has(says(NULL), "died with its group");
	killed("oom-cpuset", "a", "", 0);
	assert_has(says(NULL), "its cpuset allows were full");
	killed("oom-mempolicy", "a", "", 0);
	assert_has(says(NULL), "NUMA policy");
	killed("oom-memcg", "", "", 0);
	event_clear(&e, FIELD_PID);
	event_clear(&e, FIELD_LIMIT_NAME);
	event_bool(&e, FIELD_CERTAIN, false);
	assert_has(says(NULL), "The kernel killed a process probably because the control group it "
			       "belongs to reached its own limit; ");
	assert_true(fixed()[0] == '#');
}

static void oom_fix(void **state _unused_)
{
	static const struct {
		const char *memcg, *fix;
	} cases[] = {
		{"/system.slice/pg.service", "systemctl set-property pg.service MemoryMax=1536M"},
		{"/system.slice/system-pg.slice",
		 "systemctl set-property system-pg.slice MemoryMax=1536M"},
		{"/system.slice/a\\x2db.service",
		 "systemctl set-property 'a\\x2db.service' MemoryMax=1536M"},
		{"/system.slice/pg.service/child",
		 "echo 1536M > /sys/fs/cgroup/system.slice/pg.service/child/"
		 "memory.max"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope",
		 "echo 1536M > "
		 "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope/"
		 "memory.max"},
		{"/test", "echo 1536M > /sys/fs/cgroup/test/memory.max"},
		{"/it's $(reboot)", "echo 1536M > '/sys/fs/cgroup/it'\\''s $(reboot)'/memory.max"},
		{"/a\n/reboot", "# raise the memory limit of this control group to 1536 MiB"},
		{"/a/../b", "# raise the memory limit of this control group to 1536 MiB"},
		{"/system.slice/docker-" ID64 ".scope",
		 "docker update --memory 1536M --memory-swap 3072M " ID64},
		{"/docker/" ID64, "docker update --memory 1536M --memory-swap 3072M " ID64},
		{"/docker/" ID64 "/inner",
		 "echo 1536M > /sys/fs/cgroup/docker/" ID64 "/inner/memory.max"},
		{"/machine.slice/libpod-" ID64 ".scope",
		 "podman update --memory 1536M --memory-swap 3072M " ID64},
		{"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID64,
		 "# raise resources.limits.memory of the container in the pod with the uid "
		 "0123456789abcdef0123456789abcdef to 1536Mi or more"},
		{"/machine.slice/101", "vzctl set 101 --ram 1536M --save"},
		{"/lxc.payload.web", "echo 1536M > /sys/fs/cgroup/lxc.payload.web/memory.max"},
	};
	struct explain_facts f = {.memsw = 3ULL << 29};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		killed("oom-memcg", "a", cases[i].memcg, 1 << 30);
		says(NULL);
		assert_string_equal(fixed(), cases[i].fix);
	}
	killed("oom-memcg", "a", "/docker/" ID64, 1 << 30);
	says(&f);
	assert_string_equal(fixed(), "docker update --memory 1536M --memory-swap 2048M " ID64);
	f.memsw = UINT64_MAX;
	says(&f);
	assert_string_equal(fixed(), "docker update --memory 1536M --memory-swap -1 " ID64);
	/* what was cut is another group */
	killed("oom-memcg", "a", "/system.slice/pg.service", 1 << 30);
	event_cut(&e, FIELD_MEMCG);
	says(NULL);
	assert_true(fixed()[0] == '#');
	killed("oom-memcg", "postgres", "/system.slice/pg.service", 1 << 30);
	event_str(&e, FIELD_CGROUP, "/system.slice/pg.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "pg.service");
	says(NULL);
	assert_has(fixed(), "PG_OOM_ADJUST_VALUE=0");
	assert_has(fixed(), "OOMScoreAdjust=-1000");
	assert_lacks(fixed(), "overcommit");
	killed("oom-global", "postgres", "", 0);
	says(NULL);
	assert_has(fixed(), "vm.overcommit_memory=2");
}

/* A system call that a full group refused. */
static void charge(const char *call, const char *err, const char *group)
{
	refused_by("memory", "bytes", "worker", 812);
	event_static(&e, FIELD_LIMIT_NAME, "memory.max");
	event_str(&e, FIELD_SYSCALL, call);
	event_str(&e, FIELD_ERRNO, err);
	if (group)
		event_str(&e, FIELD_LIMIT_CGROUP, group);
	event_bool(&e, FIELD_CERTAIN, false);
	amounts(1 << 30, 1 << 30, -1, -1);
}

static void charges(void **state _unused_)
{
	charge("clone", "ENOMEM", "/system.slice/pg.service");
	assert_string_equal(
		says(NULL),
		"worker (pid 812) was refused memory in the kernel for clone, probably because the "
		"control group /system.slice/pg.service was at its own limit of 1 GiB "
		"(memory.max), nothing in it could be reclaimed, and the OOM killer was not asked "
		"or found nobody to kill; \"cannot allocate memory\" is about the group here, not "
		"about the host.");
	assert_string_equal(fixed(), "systemctl set-property pg.service MemoryMax=1536M");
	charge("pipe2", "ENFILE", "/x");
	assert_has(says(NULL), "ENFILE (\"too many open files in system\") only means here");
	assert_string_equal(fixed(), "echo 1536M > /sys/fs/cgroup/x/memory.max");
	charge("socket", "ENOBUFS", "/docker/" ID64);
	assert_has(says(NULL), "ENOBUFS (\"no buffer space\") only means here");
	assert_string_equal(fixed(), "docker update --memory 1536M --memory-swap 3072M " ID64);
	/* which group, nobody knows */
	charge("clone", "ENOMEM", NULL);
	assert_has(says(NULL), "because the control group it belongs to was at");
	assert_true(fixed()[0] == '#');
	charge("clone", "ENOMEM", "/system.slice/pg.service");
	event_cut(&e, FIELD_LIMIT_CGROUP);
	says(NULL);
	assert_true(fixed()[0] == '#');
}

/* A page fault: no system call, and no errno that anybody sees. */
static void stall(void **state _unused_)
{
	charge("", "ENOMEM", "/batch");
	event_static(&e, FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	event_bool(&e, FIELD_CERTAIN, true);
	assert_string_equal(says(NULL), "worker (pid 812) waits for memory and does nothing else: "
					"the control group /batch is at "
					"its own limit of 1 GiB (memory.limit_in_bytes), and its "
					"OOM killer is switched off "
					"(memory.oom_control), so that nobody is killed for it; "
					"the program looks as if it hung.");
	assert_has(fixed(), "memory.limit_in_bytes\n# or end a process of the group");
}

/* Version 1: memory and swap together bound memory, and are charged first. To raise one helps
 * nobody where the other is as full. */
static void both_of_v1(void **state)
{
	struct explain_facts f = {.memory_is_v1 = true, .memsw = 3ULL << 29};

	(void)state;
	killed("oom-memcg", "a", "/web", 1 << 30);
	event_static(&e, FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	says(&f);
	assert_string_equal(
		fixed(),
		"m=/sys/fs/cgroup/memory/web; s=$m/memory.memsw.limit_in_bytes; [ ! -e \"$s\" ] || "
		"[ \"$(cat \"$s\")\" -ge 2147483648 ] || echo 2048M > \"$s\"\n"
		"echo 1536M > \"$m\"/memory.limit_in_bytes");
	f.memsw = 1 << 30;
	says(&f);
	assert_has(fixed(), "-ge 1610612736 ] || echo 1536M > \"$s\"\necho 1536M > ");
	f.memsw = UINT64_MAX;
	says(&f);
	assert_has(fixed(), "-ge 1610612736 ] || echo 1536M > \"$s\"\necho 1536M > ");
	/* a unit: systemd raises memory alone */
	killed("oom-memcg", "a", "/system.slice/pg.service", 1 << 30);
	event_static(&e, FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	says(&f);
	assert_string_equal(fixed(), "systemctl set-property pg.service MemoryMax=1536M");
	f.memsw = 1 << 30;
	says(&f);
	assert_has(fixed(), "m=/sys/fs/cgroup/memory/system.slice/pg.service; s=");
	assert_has(fixed(), "\nsystemctl set-property pg.service MemoryMax=1536M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_of_v1), cmocka_unit_test(oom_says), cmocka_unit_test(oom_fix),
		cmocka_unit_test(charges),    cmocka_unit_test(stall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
