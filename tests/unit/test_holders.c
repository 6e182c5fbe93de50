/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_holders.c - who holds what, from a procfs of files: descriptors by kind,
 * tasks by program, zombies, mounts, keys; and how it is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "holders_fixture.h"

/* The line of /proc/net/tcp of a socket: get_tcp4_sock() of net/ipv4/tcp_ipv4.c. */
static size_t tcp_line(char *buf, size_t size, int n, int state, unsigned long inode)
{
	return (size_t)snprintf(
		buf, size,
		"%4d: 0100007F:1F90 0100007F:%04X %02X 00000000:00000000 "
		"00:00000000 00000000     0        0 %lu 1 0000000000000000 100 0 0 "
		"10 0\n",
		n, 0xC000 + n, state, inode);
}

static void close_wait(void **state _unused_)
{
	static char tcp[65536];
	char target[64];
	size_t n = (size_t)sprintf(tcp, "  sl  local_address rem_address   st tx_queue rx_queue tr "
					"tm->when retrnsmt   uid  timeout inode\n");

	put_proc(812, "nginx", 33, 1, 'S', 1, 100);
	for (int i = 0; i < 90; i++) {
		snprintf(target, sizeof(target), "socket:[%d]", 5000 + i);
		put_link(target, "proc/812/fd/%d", i + 10);
		n += tcp_line(tcp + n, sizeof(tcp) - n, i, 8, 5000 + (unsigned long)i);
	}
	put_link("socket:[5000]", "proc/812/fd/200"); /* a dup of the first */
	put_link("socket:[9000]", "proc/812/fd/201"); /* in no table */
	put_link("socket:[9001]", "proc/812/fd/202");
	n += tcp_line(tcp + n, sizeof(tcp) - n, 91, 10, 9001);
	tcp_line(tcp + n, sizeof(tcp) - n, 92, 6, 0); /* TIME_WAIT belongs to nobody */
	put(tcp, "proc/812/net/tcp");
	put_link("/var/log/nginx/access.log", "proc/812/fd/0");
	put_link("/var/log/nginx/error.log", "proc/812/fd/1");
	put_link("pipe:[33]", "proc/812/fd/2");
	put_link("anon_inode:[eventpoll]", "proc/812/fd/3");
	put_link("anon_inode:inotify", "proc/812/fd/4");

	assert_int_equal(gather("nofile", 812), 0);
	assert_int_equal(found.total, 7);
	assert_int_equal(found.holder[0].held, 91);
	assert_int_equal(found.holder[0].pid, 812);
	assert_string_equal(found.holder[0].comm, "nginx");
	assert_string_equal(found.holder[0].kind, "TCP sockets in CLOSE_WAIT");
	assert_string_equal(found.holder[0].object, "local port 8080");
	assert_string_equal(found.holder[1].kind, "files");
	assert_int_equal(found.holder[1].held, 2);
	assert_has(found.holder[1].object, "/var/log/nginx");
	assert_has(found.says, "91 of the 98 descriptors of nginx (pid 812) are TCP sockets in "
			       "CLOSE_WAIT, most of them with local port 8080");
	assert_has(found.says, "raising the limit only delays it");
}

/* A server with as many clients: nothing is wrong with it, and nothing is said. */
static void established(void **state _unused_)
{
	static char tcp[65536];
	char target[64];
	size_t n = (size_t)sprintf(tcp, "  sl  local_address rem_address   st\n");

	put_proc(812, "nginx", 33, 1, 'S', 1, 100);
	for (int i = 0; i < 90; i++) {
		snprintf(target, sizeof(target), "socket:[%d]", 5000 + i);
		put_link(target, "proc/812/fd/%d", i + 10);
		n += tcp_line(tcp + n, sizeof(tcp) - n, i, 1, 5000 + (unsigned long)i);
	}
	put(tcp, "proc/812/net/tcp");
	assert_int_equal(gather("nofile", 812), 0);
	assert_string_equal(found.holder[0].kind, "TCP sockets in ESTABLISHED");
	assert_string_equal(found.says, "");
}

static void same_file(void **state _unused_)
{
	put_proc(5, "leaky", 0, 1, 'S', 1, 100);
	for (int i = 0; i < 60; i++)
		put_link("/etc/hosts", "proc/5/fd/%d", i);
	for (int i = 60; i < 70; i++)
		put_link("/var/lib/x", "proc/5/fd/%d", i);
	assert_int_equal(gather("nofile", 5), 0);
	assert_string_equal(found.holder[0].object, "/etc/hosts");
	assert_has(found.says,
		   "60 of the 70 descriptors of leaky (pid 5) are one and the same file, "
		   "/etc/hosts");
}

/* Its pid went to another process, or it is not there: nothing is told of the wrong one. */
static void another_process(void **state _unused_)
{
	put_proc(5, "new", 0, 1, 'S', 1, 100 * (unsigned long)sysconf(_SC_CLK_TCK));
	put_link("/etc/hosts", "proc/5/fd/0");
	ask.uptime_us = 99 * 1000000LL;
	assert_int_equal(gather("nofile", 5), -ESRCH);
	assert_int_equal(found.n, 0);
	ask.uptime_us = 101 * 1000000LL;
	assert_int_equal(gather("nofile", 5), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(gather("nofile", 6), -ESRCH);
}

static void file_max(void **state _unused_)
{
	for (int pid = 100; pid < 130; pid++) {
		put_proc(pid, "many", 0, 1, 'S', 1, 1);
		for (int i = 0; i < pid - 99; i++)
			put_link("/dev/null", "proc/%d/fd/%d", pid, i);
	}
	ask.limit = 58;
	assert_int_equal(gather("file-max", 100), 0);
	assert_int_equal(found.total, 30);
	assert_int_equal(found.n, EVENT_HOLDER_MAX);
	for (unsigned int i = 0; i < found.n; i++) {
		assert_int_equal(found.holder[i].pid, 129 - i);
		assert_int_equal(found.holder[i].held, 30 - i);
	}
	assert_has(found.says, "many (pid 129) alone has 30 of the 465 descriptors");
	ask.self_only = true; /* a storm */
	assert_int_equal(gather("file-max", 110), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.holder[0].pid, 110);
	assert_true(found.incomplete);
	assert_string_equal(found.says, "");
}

static void tasks(void **state _unused_)
{
	put_proc(1, "init", 0, 0, 'S', 1, 1);
	for (int pid = 10; pid < 30; pid++)
		put_proc(pid, "worker", 1000, 1, 'S', 2, 1);
	put_proc(40, "java", 1000, 1, 'S', 15, 1);
	put_proc(41, "java", 1001, 1, 'S', 500, 1);
	ask.limit_uid = 1000;
	assert_int_equal(gather("nproc", 10), 0);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.holder[0].comm, "worker");
	assert_int_equal(found.holder[0].uid, 1000);
	assert_int_equal(found.holder[0].held, 40);
	assert_int_equal(found.holder[0].count, 20);
	assert_int_equal(found.holder[0].have & HOLDER_PID, 0);
	assert_int_equal(found.holder[1].pid, 40);
	assert_string_equal(found.says, "");
	assert_int_equal(gather("threads-max", 10), 0);
	assert_int_equal(found.total, 3 + 4);
	assert_int_equal(found.holder[0].held, 500);
	assert_int_equal(found.holder[0].uid, 1001);
}

static void zombies(void **state _unused_)
{
	put_proc(7, "lazy", 1000, 1, 'S', 1, 1);
	for (int pid = 10; pid < 40; pid++)
		put_proc(pid, "child", 1000, 7, 'Z', 1, 1);
	ask.limit_uid = 1000;
	assert_int_equal(gather("nproc", 7), 0);
	assert_has(found.says,
		   "30 of the 31 tasks are zombies, dead children for which lazy (pid 7) "
		   "does not wait");
}

static void by_descriptor(void **state _unused_)
{
	put_proc(10, "tail", 1000, 1, 'S', 1, 1);
	put_link("anon_inode:inotify", "proc/10/fd/3");
	put_link("anon_inode:inotify", "proc/10/fd/4");
	put("pos:\t0\nflags:\t00\ninotify wd:2 ino:1 sdev:1\ninotify wd:1 ino:2 sdev:1\n",
	    "proc/10/fdinfo/3");
	put("pos:\t0\ninotify wd:1 ino:2 sdev:1\n", "proc/10/fdinfo/4");
	put_proc(11, "other", 1001, 1, 'S', 1, 1);
	put_link("anon_inode:inotify", "proc/11/fd/3");
	put_link("anon_inode:[eventpoll]", "proc/10/fd/5");
	put("pos:\t0\ntfd:        7 events:       19 data: 7\n", "proc/10/fdinfo/5");
	put_link("/dev/ptmx", "proc/11/fd/9");
	ask.limit_uid = 1000;
	assert_int_equal(gather("inotify-watches", 10), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.holder[0].held, 3);
	assert_int_equal(found.holder[0].count, 2);
	assert_int_equal(gather("inotify-instances", 10), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.holder[0].held, 2);
	assert_int_equal(gather("epoll-watches", 10), 0);
	assert_int_equal(found.holder[0].held, 1);
	assert_int_equal(gather("pty", 10), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.holder[0].pid, 11);
}

static void other_files(void **state _unused_)
{
	put("    0:     6 5/5 3/1000000 80/25000000\n 1000:    20 20/20 20/200 400/20000\n",
	    "proc/key-users");
	put_proc(3, "app", 0, 1, 'S', 1, 1);
	put("22 1 0:20 / / rw - overlay overlay rw\n23 22 0:21 / /proc rw - proc proc rw\n"
	    "24 22 0:22 / /a rw - overlay overlay rw\n",
	    "proc/3/mountinfo");
	assert_int_equal(gather("keys", 3), 0);
	assert_int_equal(found.holder[0].uid, 1000);
	assert_int_equal(found.holder[0].held, 20);
	assert_int_equal(gather("mounts", 3), 0);
	assert_string_equal(found.holder[0].kind, "overlay mounts");
	assert_int_equal(found.holder[0].held, 2);
	assert_int_equal(gather("hugepages", 3), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.holder[0].held, 4096 * 1024);
	assert_int_equal(gather("commit", 3), 0);
	assert_int_equal(found.holder[0].held, (60 + 132) * 1024);
	assert_int_equal(gather("semopm", 3), -ENOTSUP);
	assert_false(holders_known("semopm"));
	assert_true(holders_known("nofile"));
}

static void maps(void **state _unused_)
{
	static char text[200000];
	size_t n = 0;

	put_proc(3, "jvm", 0, 1, 'S', 1, 1);
	for (int i = 0; i < 1500; i++)
		n += (size_t)sprintf(text + n, "%x000-%x000 rw-p 00000000 00:00 0 \n",
				     0x1000 + 2 * i, 0x1001 + 2 * i);
	n += (size_t)sprintf(text + n, "7f0000000-7f0100000 r-xp 00000000 08:01 99       "
				       "             /usr/lib/libc.so.6\n");
	put(text, "proc/3/maps");
	put("1000-3000 rw-p 00000000 00:00 0 \nSize:   8 kB\nLocked:     8 kB\n"
	    "4000-5000 r--p 00000000 08:01 9    /x\nLocked:     0 kB\n",
	    "proc/3/smaps");
	assert_int_equal(gather("map-count", 3), 0);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.holder[0].held, 1500);
	assert_string_equal(found.holder[0].object, "anonymous memory");
	assert_string_equal(found.holder[1].object, "/usr/lib/libc.so.6");
	assert_has(found.says,
		   "1500 of the 1501 mappings of jvm (pid 3) are anonymous memory, most "
		   "of them of 4 KiB");
	assert_int_equal(gather("as", 3), 0);
	assert_int_equal(found.holder[0].held, 1500 * 4096);
	assert_int_equal(found.holder[1].held, 0x100000);
	assert_int_equal(gather("data", 3), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(gather("memlock", 3), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.holder[0].held, 8192);
}

/* What was asked is what the event says, and what was found is what the followup says. */
static void to_and_from_events(void **state _unused_)
{
	static struct event e;
	char key[HOLDERS_KEY], program[HOLDERS_KEY];

	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, "semmni");
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026532201]");
	event_int(&e, FIELD_PID, 5);
	holders_ask_of(&ask, &e, 42);
	assert_int_equal(ask.ipc_ns, 4026532201u);
	assert_int_equal(ask.seq, 42);
	assert_int_equal(ask.limit, -1);
	holders_owner(&ask, key, program);
	assert_string_equal(key, "semmni ipc 4026532201");
	assert_string_equal(program, "");
	event_str(&e, FIELD_RESOURCE, "nofile");
	event_str(&e, FIELD_COMM, "nginx");
	event_str(&e, FIELD_CGROUP, "/a");
	holders_ask_of(&ask, &e, 42);
	holders_owner(&ask, key, program);
	assert_string_equal(key, "nofile pid 5");
	assert_string_equal(program, "nofile nginx /a");

	put_proc(5, "x", 0, 1, 'S', 1, 1);
	put_link("pipe:[1]", "proc/5/fd/0");
	assert_int_equal(gather("nofile", 5), 0);
	event_init(&e, EVENT_FOLLOWUP);
	holders_tell(&found, &e);
	assert_int_equal(event_num(&e, FIELD_OF_SEQ), 42);
	assert_int_equal(e.n_holders, 1);
	assert_string_equal(e.holders[0].kind, "pipes");
	assert_int_equal(event_num(&e, FIELD_HOLDERS_TOTAL), 1);
	assert_false(event_has(&e, FIELD_SAYS));
	assert_false(event_has(&e, FIELD_HOLDERS_INCOMPLETE));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(close_wait),
		TEST(established),
		TEST(same_file),
		TEST(another_process),
		TEST(file_max),
		TEST(tasks),
		TEST(zombies),
		TEST(by_descriptor),
		TEST(other_files),
		TEST(maps),
		TEST(to_and_from_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
