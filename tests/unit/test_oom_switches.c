// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/oom_switches.c user/counter*.c user/parse*.c */
/*
 * test_oom_switches.c - settings with which nobody is killed.
 */
#include "counter_fixture.h"

#include "../../user/oom_switches.h"

static char said[8192];

static void say(void *arg, const char *sentence)
{
	(void)arg;
	strcat(said, sentence);
	strcat(said, "\n");
}

static unsigned int ask(const char *root)
{
	struct counters *c = open_root(root);
	unsigned int n;

	said[0] = '\0';
	n = oom_switches(c, say, NULL);
	counters_close(c);
	return n;
}

static void panic(void **state _unused_)
{
	char *root = make_tree();

	put_text(root, "proc/sys/vm/panic_on_oom", "0\n");
	assert_int_equal(ask(root), 0);
	assert_string_equal(said, "");
	put_text(root, "proc/sys/vm/panic_on_oom", "1\n");
	assert_int_equal(ask(root), 1);
	assert_non_null(strstr(said, "vm.panic_on_oom is 1: when the whole host"));
	put_text(root, "proc/sys/vm/panic_on_oom", "2\n");
	assert_int_equal(ask(root), 1);
	assert_non_null(strstr(said, "be it a control group's"));
	remove_tree(root);
}

static void cgroups(void **state _unused_)
{
	char *root = make_tree(), path[96];

	put_text(root, "proc/self/mountinfo",
		 "30 1 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
	put_text(root, "proc/cgroups",
		 "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
		 "memory\t3\t5\t1\n");
	put_text(root, "sys/fs/cgroup/memory/memory.oom_control",
		 "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	put_text(root, "sys/fs/cgroup/memory/a/memory.oom_control",
		 "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n");
	put_text(root, "sys/fs/cgroup/memory/b/memory.oom_control",
		 "oom_kill_disable 1\nunder_oom 1\noom_kill 0\n");
	assert_int_equal(ask(root), 2);
	assert_non_null(strstr(said, "control group /a: at its limit its processes hang"));
	assert_non_null(strstr(said, "control group /b, and processes of it hang now"));
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "sys/fs/cgroup/memory/c%d/memory.oom_control", i);
		put_text(root, path, "oom_kill_disable 1\nunder_oom 0\n");
	}
	assert_int_equal(ask(root), 22);
	assert_non_null(strstr(said, "14 more control groups"));
	assert_non_null(strstr(said, "in 1 of all processes hang now"));
	remove_tree(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(panic),
		cmocka_unit_test(cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
