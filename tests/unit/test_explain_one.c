/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_one.c - limits of one, and of two: "1 set exists", "2 sets exist".
 */
#include "explain_fixture.h"

static const struct {
	const char *resource, *limit_name, *measure, *one, *two;
} cases[] = {
	{"nofile", "RLIMIT_NOFILE", "files", "it had 1 file open (", "it had 2 files open ("},
	{"file-max", "fs.file-max", "unix sockets", "1 unix socket exists on",
	 "2 unix sockets exist on"},
	{"semmni", "kernel.sem[3] SEMMNI", "sets", "1 set exists and the limit is 1 (",
	 "2 sets exist and the limit is 2 ("},
	{"semmns", "kernel.sem[1] SEMMNS", "semaphores", "1 semaphore exists and",
	 "2 semaphores exist and"},
	{"msgmni", "kernel.msgmni", "queues", "1 queue exists and", "2 queues exist and"},
	{"shmmni", "kernel.shmmni", "segments", "1 segment exists and", "2 segments exist and"},
	{"inotify-instances", "fs.inotify.max_user_instances", "instances",
	 "has 1 inotify instance and the limit is 1", "has 2 inotify instances and"},
	{"inotify-watches", "user.max_inotify_watches", "watches", "has 1 inotify watch and",
	 "has 2 inotify watches and"},
	{"namespaces", "user.max_uts_namespaces", "namespaces", "has 1 UTS namespace and",
	 "has 2 UTS namespaces and"},
	{"epoll-watches", "fs.epoll.max_user_watches", "watches", "has 1 epoll watch and",
	 "has 2 epoll watches and"},
	{"keys", "kernel.keys.maxkeys", "keys", "has 1 key and", "has 2 keys and"},
	{"keys", "kernel.keys.maxbytes", "bytes", "has 1 byte of keys and",
	 "has 2 bytes of keys and"},
	{"mounts", "fs.mount-max", "mounts", "has 1 mount and", "has 2 mounts and"},
	{"aio", "fs.aio-max-nr", "requests", "for 1 request because", "for 2 requests because"},
	{"aio", "fs.aio-max-nr", "requests", "together have 1 request set up",
	 "together have 2 requests set up"},
	{"pty", "kernel.pty.max", "terminals", "1 is in use and", "2 are in use and"},
	{"nproc", "RLIMIT_NPROC", "tasks", "has 1 task, processes and threads together,",
	 "has 2 tasks, processes and threads together,"},
	{"pid-max", "kernel.pid_max", "tasks", "has 1 process and thread number in use and",
	 "has 2 process and thread numbers in use and"},
};

static const char *of(size_t i, int64_t n)
{
	static const struct explain_facts none;

	refused_db(cases[i].resource, "ENOSPC", n, n, n);
	event_str(&e, FIELD_LIMIT_NAME, cases[i].limit_name);
	event_str(&e, FIELD_MEASURE, cases[i].measure);
	return says(&none);
}

static void one_and_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_has(of(i, 1), cases[i].one);
		assert_has(of(i, 2), cases[i].two);
	}
}

/* Where only the limit is known. */
static void limit_alone(void **state)
{
	static const struct explain_facts none;

	(void)state;
	refused_db("pids", "EAGAIN", -1, 1, 1);
	assert_has(says(&none), "has reached the limit of 1 task, processes and threads");
	refused_db("pids", "EAGAIN", -1, -1, 1);
	assert_has(says(&none), "has too many tasks, processes and threads together, (pids.max");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_and_more),
		cmocka_unit_test(limit_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
