/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_holders_owner.c - a limit of a user in a user namespace is held by what is in it or below
 * it, and a limit of a pid namespace by its processes: from a procfs of files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "holders_fixture.h"

#define FIRST 4026531837U
#define OUTER 4026532001U /* made by uid 1000 */
#define INNER 4026532002U /* made by uid 100000, in OUTER */
#define OTHER 4026532003U /* made by root */

/* proc/PID/ns/user: "INODE OWNER INODE OWNER ...", lowest first; the owner of the first is -1. */
static int levels(void *arg _unused_, int proc, struct owner_level *ret, int max)
{
	int fd = openat(proc, "ns/user", O_RDONLY), n = 0;
	char text[256] = "", *at = text;
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return -ENOENT;
	while (n < max && *at) {
		ret[n].ns = (uint32_t)strtoul(at, &at, 10);
		ret[n].owner = strtoll(at, &at, 10);
		ret[n].first = ret[n].ns == FIRST;
		n++;
		at += *at == ' ';
	}
	return n;
}

static bool in_pid_ns(void *arg _unused_, int proc, uint32_t ns)
{
	char path[32];

	snprintf(path, sizeof(path), "ns/pid/%u", ns);
	return faccessat(proc, path, F_OK, 0) == 0;
}

static void put_user(int pid, const char *comm, int uid, const char *namespaces)
{
	put_proc(pid, comm, uid, 1, 'S', 1, 1);
	put(namespaces, "proc/%d/ns/user", pid);
	put_link("anon_inode:inotify", "proc/%d/fd/3", pid);
}

/* The same user numbers everywhere: only the namespaces tell them apart. */
static void put_everybody(void)
{
	put_user(10, "host-root", 0, "4026531837 -1");
	put_user(11, "host-user", 1000, "4026531837 -1");
	put_user(20, "outer", 1000, "4026532001 1000 4026531837 -1");
	put_user(21, "outer-sub", 100000, "4026532001 1000 4026531837 -1");
	put_user(22, "inner", 100007, "4026532002 100000 4026532001 1000 4026531837 -1");
	put_user(30, "other", 1000, "4026532003 0 4026531837 -1");
	env.user_levels = levels;
	env.in_pid_ns = in_pid_ns;
}

static bool held_by(int pid)
{
	for (unsigned int i = 0; i < found.n; i++)
		if (found.holder[i].pid == pid)
			return true;
	return false;
}

static void user_of_the_first(void **state _unused_)
{
	put_everybody();
	ask.limit_uid = 1000;
	ask.user_ns = FIRST;
	assert_int_equal(gather("inotify-instances", 20), 0);
	assert_int_equal(found.total, 4);
	assert_true(held_by(11) && held_by(20) && held_by(21) && held_by(22));
	/* rlimits do not name the first namespace */
	ask.user_ns = 0;
	assert_int_equal(gather("nproc", 20), 0);
	assert_int_equal(found.total, 4);
	assert_false(held_by(30) || held_by(10));
}

static void user_of_a_namespace(void **state _unused_)
{
	put_everybody();
	ask.limit_uid = 1000;
	ask.user_ns = OUTER;
	assert_int_equal(gather("inotify-instances", 20), 0);
	assert_int_equal(found.total, 1);
	assert_true(held_by(20));
	ask.limit_uid = 100000;
	assert_int_equal(gather("inotify-instances", 20), 0);
	assert_int_equal(found.total, 2);
	assert_true(held_by(21) && held_by(22));
	ask.limit_uid = 0;
	ask.user_ns = FIRST;
	assert_int_equal(gather("inotify-instances", 20), 0);
	assert_int_equal(found.total, 2);
	assert_true(held_by(10) && held_by(30));
}

/* A user's, in whatever namespace: struct user_struct is one for all of them. */
static void user_of_all(void **state _unused_)
{
	put_everybody();
	put_link("anon_inode:[eventpoll]", "proc/11/fd/5");
	put_link("anon_inode:[eventpoll]", "proc/30/fd/5");
	put_link("anon_inode:[eventpoll]", "proc/22/fd/5");
	ask.limit_uid = 1000;
	assert_int_equal(gather("epoll-watches", 11), 0);
	assert_int_equal(found.total, 2);
	assert_true(held_by(11) && held_by(30));
}

static void pid_namespace(void **state _unused_)
{
	put_everybody();
	put("", "proc/20/ns/pid/4026532100");
	put("", "proc/22/ns/pid/4026532100");
	ask.pid_ns = 4026532100U;
	assert_int_equal(gather("pid-max", 20), 0);
	assert_true(held_by(20) && held_by(22));
	assert_false(held_by(10) || held_by(11) || held_by(21));
	/* two users, and a program of each */
	assert_int_equal(found.total, 4);
}

/* The same user of another namespace is another limit. */
static void asked(void **state _unused_)
{
	char key[2][HOLDERS_KEY], program[HOLDERS_KEY];
	static struct event e;

	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, "inotify-instances");
	event_int(&e, FIELD_LIMIT_UID, 0);
	event_str(&e, FIELD_NAMESPACE, "user:[4026532001]");
	holders_ask_of(&ask, &e, 3);
	assert_int_equal(ask.user_ns, OUTER);
	assert_int_equal(ask.limit_uid, 0);
	holders_owner(&ask, key[0], program);
	event_str(&e, FIELD_NAMESPACE, "user:[4026532003]");
	holders_ask_of(&ask, &e, 4);
	holders_owner(&ask, key[1], program);
	assert_string_not_equal(key[0], key[1]);
	event_str(&e, FIELD_NAMESPACE, "pid:[4026532100]");
	event_str(&e, FIELD_RESOURCE, "pid-max");
	holders_ask_of(&ask, &e, 5);
	assert_int_equal(ask.pid_ns, 4026532100U);
	assert_int_equal(ask.user_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_open, fixture_close)
		T(user_of_the_first),
		T(user_of_a_namespace),
		T(user_of_all),
		T(pid_namespace),
		T(asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
