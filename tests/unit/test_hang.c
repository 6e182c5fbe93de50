// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/hang.c user/explain*.c user/counter*.c user/parse*.c */
/*
 * test_hang.c - full cgroups whose OOM killer is switched off: told once, the topmost alone.
 */
#include "counter_fixture.h"

#include "../../user/hang.h"

static char *root;
static struct event e;
static bool a, b;

static void control(const char *cgroup, int off, int under)
{
	char path[96], text[64];

	snprintf(path, sizeof(path), "sys/fs/cgroup/memory/%s/memory.oom_control", cgroup);
	snprintf(text, sizeof(text), "oom_kill_disable %d\nunder_oom %d\noom_kill 0\n", off, under);
	put_text(root, path, text);
}

static bool look(const char *path, bool *hangs)
{
	struct counters *c = open_root(root);
	bool told = hang_look(c, path, hangs, &e);

	counters_close(c);
	return told;
}

static void told_once(void **state _unused_)
{
	root = make_tree();
	put_text(root, "proc/self/mountinfo",
		 "30 1 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
	put_text(root, "proc/cgroups",
		 "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
		 "memory\t3\t5\t1\n");
	put_text(root, "proc/77/wchan", "do_wait");
	put_text(root, "proc/78/wchan", "mem_cgroup_oom_synchronize");
	put_text(root, "proc/78/comm", "eater\n");
	put_text(root, "proc/78/status", "Name:\teater\nPPid:\t77\nUid:\t1000\t0\t0\t0\n");
	put_text(root, "sys/fs/cgroup/memory/a/cgroup.procs", "77\n78\n");
	put_text(root, "sys/fs/cgroup/memory/a/memory.usage_in_bytes", "33554432\n");
	put_text(root, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "33554432\n");
	control(".", 0, 0);
	control("a", 0, 1); /* the OOM killer is at work */
	control("a/b", 1, 0);
	assert_false(look("/a", &a));
	assert_false(look("/a/b", &b));
	control("a", 1, 1);
	control("a/b", 1, 1);
	assert_true(look("/a", &a));
	assert_string_equal(event_text(&e, FIELD_LIMIT_CGROUP), "/a");
	assert_int_equal(event_num(&e, FIELD_LIMIT), 33554432);
	assert_int_equal(event_num(&e, FIELD_PID), 78);
	assert_string_equal(event_text(&e, FIELD_COMM), "eater");
	assert_int_equal(event_num(&e, FIELD_PPID), 77);
	assert_int_equal(event_num(&e, FIELD_UID), 1000);
	assert_non_null(strstr(event_text(&e, FIELD_SAYS),
			       "eater (pid 78) hangs, as does every other process"));
	assert_non_null(strstr(event_text(&e, FIELD_FIX), "memory.oom_control"));
	/* It is below one that hangs; and it was told. */
	assert_false(look("/a/b", &b));
	assert_false(look("/a", &a));
	/* Over, and again; nobody may be looked at. */
	control("a", 1, 0);
	assert_false(look("/a", &a));
	control("a", 1, 1);
	put_text(root, "proc/78/wchan", "0");
	assert_true(look("/a", &a));
	assert_false(event_has(&e, FIELD_PID));
	assert_non_null(strstr(event_text(&e, FIELD_SAYS), "Processes hang that ask for memory"));
	remove_tree(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
