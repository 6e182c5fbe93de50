/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/kmsg.c user/kmsg_parse.c ; libs: */
/*
 * test_kmsg.c - lines as kernels from 4.19 to 7.3 print them, names that try to
 * be keys, and what becomes of several lines about one kill.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "../../user/kmsg.h"

#define OOM "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"

#define EACH_SIZE (KMSG_HAS_TOTAL_VM | KMSG_HAS_ANON | KMSG_HAS_FILE | KMSG_HAS_SHMEM)

static struct kmsg_line l;

static enum kmsg_kind parse(const char *s)
{
	/* exactly as long as it is, so that the sanitizer sees a read behind it */
	size_t n = strlen(s);
	char *copy = malloc(n ? n : 1);
	enum kmsg_kind kind;

	memcpy(copy, s, n);
	kind = kmsg_parse(copy, n, &l);
	free(copy);
	assert_int_equal(kind, l.kind);
	return kind;
}

static void oom_lines(void **state _unused_)
{
	assert_int_equal(parse(OOM "oom_memcg=/a,task_memcg=/a/b,task=provoke,pid=13138,uid=1000"),
			 KMSG_OOM);
	assert_int_equal(l.constraint, FC_CONSTRAINT_MEMCG);
	assert_int_equal(l.pid, 13138);
	assert_int_equal(l.uid, 1000);
	assert_string_equal(l.comm, "provoke");
	assert_string_equal(l.oom_memcg, "/a");
	assert_string_equal(l.task_memcg, "/a/b");
	assert_false(l.doubtful);
	assert_int_equal(
		parse("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=docker-1.scope,"
		      "mems_allowed=0-1,3,global_oom,task_memcg=/user.slice,task=a b,pid=7,uid=0"),
		KMSG_OOM);
	assert_int_equal(l.constraint, FC_CONSTRAINT_NONE);
	assert_string_equal(l.oom_memcg, "");
	assert_string_equal(l.task_memcg, "/user.slice");
	assert_string_equal(l.comm, "a b");
	assert_int_equal(
		parse("oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=/,"
		      "mems_allowed=0-1,global_oom,task_memcg=/,task=x,pid=7,uid=4294967294"),
		KMSG_OOM);
	assert_int_equal(l.constraint, FC_CONSTRAINT_MEMORY_POLICY);
	assert_int_equal(l.uid, 4294967294U);
	assert_int_equal(
		parse(OOM
		      "oom_memcg=/a\\x5cx2db\\x0a,task_memcg=/a\\x5cx2db\\x0a/c,task=\\xc3\\xa9,"
		      "pid=1,uid=0"),
		KMSG_OOM);
	assert_string_equal(l.oom_memcg, "/a\\x2db\n");
	assert_string_equal(l.comm, "\xc3\xa9");
}

static void names_like_keys(void **state _unused_)
{
	assert_int_equal(
		parse(OOM "oom_memcg=/a,task_memcg=/a/b,task=,pid=1,uid=0,pid=4711,uid=33"),
		KMSG_OOM);
	assert_int_equal(l.pid, 4711);
	assert_int_equal(l.uid, 33);
	assert_string_equal(l.comm, ",pid=1,uid=0");
	assert_int_equal(parse(OOM "oom_memcg=/a,task_memcg=/a/b,task=x,task=y,pid=4711,uid=33"),
			 KMSG_OOM);
	assert_string_equal(l.comm, "x,task=y");
	assert_true(l.doubtful);
	/* a path that holds keys: the split at which the victim is below the limit is the one */
	assert_int_equal(parse(OOM
			       "oom_memcg=/a,task_memcg=/x,task_memcg=/a,task_memcg=/x/y,task=z,"
			       "pid=2,uid=0"),
			 KMSG_OOM);
	assert_string_equal(l.oom_memcg, "/a,task_memcg=/x");
	assert_string_equal(l.task_memcg, "/a,task_memcg=/x/y");
	assert_true(l.doubtful);
	/* a cpuset that plays a limit: nothing fits, nothing is believed but the pid */
	assert_int_equal(parse("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_"
			       "allowed=0,"
			       "oom_memcg=/fake,task_memcg=/fake,mems_allowed=0,oom_memcg=/a,"
			       "task_memcg=/a,task=z,pid=3,uid=0"),
			 KMSG_OOM);
	assert_true(l.doubtful);
	assert_int_equal(l.pid, 3);
	assert_int_equal(parse("a order=9 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=2, "
			       "oom_score_adj=0"),
			 KMSG_INVOKED);
	assert_string_equal(l.comm, "a order=9");
	assert_int_equal(l.order, 2);
	assert_int_equal(parse("Out of memory: Killed process 12 (a) total-vm:1) total-vm:35340kB, "
			       "anon-rss:4kB, file-rss:8kB, shmem-rss:0kB, UID:0 pgtables:108kB "
			       "oom_score_adj:-999"),
			 KMSG_KILLED);
	assert_string_equal(l.comm, "a) total-vm:1");
	assert_int_equal(l.total_vm, 35340 * 1024);
	assert_int_equal(l.score_adj, -999);
}

static void other_lines(void **state _unused_)
{
	assert_int_equal(
		parse("kworker/0:1 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, "
		      "oom_score_adj=0"),
		KMSG_INVOKED);
	assert_int_equal(l.order, -1);
	assert_int_equal(l.gfp, 0xcc0);
	assert_string_equal(l.comm, "kworker/0:1");
	assert_int_equal(
		parse("postgres invoked oom-killer: gfp_mask=0x24201ca(GFP_HIGHUSER_MOVABLE|"
		      "__GFP_COLD), nodemask=0, order=0, oom_score_adj=0"),
		KMSG_INVOKED);
	assert_int_equal(l.order, 0);
	assert_int_equal(
		parse("Memory cgroup out of memory: Killed process 13138 (provoke) "
		      "total-vm:35340kB, anon-rss:32640kB, file-rss:972kB, shmem-rss:0kB, UID:0 "
		      "pgtables:108kB oom_score_adj:0"),
		KMSG_KILLED);
	assert_true(l.memcg);
	assert_int_equal(l.rss_anon, 32640 * 1024);
	assert_int_equal(l.have, EACH_SIZE | KMSG_HAS_SIZES | KMSG_HAS_PGTABLES |
					 KMSG_HAS_SCORE_ADJ | KMSG_HAS_UID);
	assert_int_equal(
		parse("Killed process 99 (mysqld) total-vm:100kB, anon-rss:1kB, file-rss:0kB, "
		      "shmem-rss:0kB"),
		KMSG_KILLED);
	assert_int_equal(l.have, EACH_SIZE | KMSG_HAS_SIZES);
	assert_int_equal(parse("Killed process 99 (mysqld), UID 27, total-vm:100kB, anon-rss:1kB, "
			       "file-rss:0kB, shmem-rss:0kB"),
			 KMSG_OTHER);
	assert_int_equal(
		parse("Tasks in /a b/c are going to be killed due to memory.oom.group set"),
		KMSG_GROUP);
	assert_string_equal(l.task_memcg, "/a b/c");
	assert_int_equal(parse("VFS: file-max limit 9223372036854775807 reached"), KMSG_FILE_MAX);
	assert_true(l.limit == INT64_MAX);
	assert_int_equal(parse("VFS: file-max limit x reached"), KMSG_OTHER);
	assert_int_equal(parse("VFS: file-max limit 12"), KMSG_OTHER);
	assert_int_equal(parse(""), KMSG_OTHER);
	assert_int_equal(parse("oom-kill:constraint=CONSTRAINT_NEW,pid=1,uid=0"), KMSG_OTHER);
	assert_int_equal(parse("oom-kill:constraint=CONSTRAINT_NONE,task=a,pid=99999999999,uid=0"),
			 KMSG_OTHER);
	assert_int_equal(parse("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null)"), KMSG_OTHER);
	assert_int_equal(l.pid, 0);
	assert_int_equal(parse("Out of memory: Killed process 1x (a) total-vm:1kB"), KMSG_KILLED);
	assert_int_equal(l.have, KMSG_HAS_TOTAL_VM); /* and not HAS_SIZES: not all of them */
}

static void cut_lines(void **state _unused_)
{
	static const char *const lines[] = {
		OOM "oom_memcg=/a\\x0a,task_memcg=/a\\x0a/b,task=provoke,pid=13138,uid=1000",
		"x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0",
		"Memory cgroup out of memory: Killed process 13138 (pro\\x20) total-vm:35340kB, "
		"anon-rss:32640kB, "
		"file-rss:972kB, shmem-rss:0kB, UID:0 pgtables:108kB oom_score_adj:0",
		"Tasks in /x are going to be killed due to memory.oom.group set",
		"VFS: file-max limit 1234 reached",
	};
	unsigned int seed = 7;
	char *longest = malloc(9000);

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char text[512];

		for (size_t n = 0; n <= strlen(lines[i]); n++) {
			memcpy(text, lines[i], n);
			text[n] = '\0';
			parse(text);
			for (int round = 0; n && round < 20; round++) {
				seed = seed * 1103515245 + 12345;
				text[seed / 65536 % n] = ",=/(x\\ 0:)\xff-"[seed >> 8 & 7];
				parse(text);
			}
		}
	}
	memset(longest, ',', 9000);
	for (size_t n = 0; n < 9000; n += 37)
		kmsg_parse(longest, n, &l);
	free(longest);
}

static struct kmsg k;

static void tell(const char *s, uint64_t usec, uint64_t seen)
{
	assert_int_not_equal(parse(s), KMSG_OTHER);
	kmsg_add(&k, &l, usec, seen);
}

#define KILLED(pid, comm)                                                                \
	"Memory cgroup out of memory: Killed process " #pid " (" comm ") total-vm:8kB, " \
	"anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0"

static void one_kill_and_its_group(void **state _unused_)
{
	const struct kmsg_victim *v;

	kmsg_init(&k);
	assert_null(kmsg_find_victim(&k, 10, 0));
	tell("asker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=3, oom_score_adj=0", 100,
	     1);
	tell(OOM "oom_memcg=/a,task_memcg=/a/b,task=one,pid=10,uid=0", 101, 1);
	tell(KILLED(10, "one"), 102, 1);
	tell("Tasks in /a/b are going to be killed due to memory.oom.group set", 103, 1);
	tell(KILLED(11, "two"), 104, 2);
	tell(KILLED(12, "three"), 105, 2);
	v = kmsg_find_victim(&k, 10, 1);
	assert_non_null(v);
	assert_true(v->chosen && !v->member);
	assert_string_equal(v->asker, "asker");
	assert_int_equal(v->line.order, 3);
	assert_int_equal(v->line.rss_anon, 4096);
	assert_string_equal(v->line.oom_memcg, "/a");
	v = kmsg_find_victim(&k, 12, 1);
	assert_non_null(v);
	assert_true(v->member && !v->chosen);
	assert_string_equal(v->group, "/a/b");
	assert_string_equal(v->line.oom_memcg, "/a");
	assert_string_equal(v->line.comm, "three");
	assert_int_equal(v->line.order, 3);
	assert_null(kmsg_find_victim(&k, 10, 2)); /* an earlier process of that pid */
	/* much later, with the first lines left out: its own kill, of the memcg kind */
	tell(KILLED(13, "four"), 5000000, 9);
	v = kmsg_find_victim(&k, 13, 0);
	assert_false(v->member || v->chosen);
	assert_int_equal(v->line.constraint, FC_CONSTRAINT_MEMCG);
	assert_string_equal(v->line.oom_memcg, "");
	assert_string_equal(v->asker, "");
	tell("VFS: file-max limit 1234 reached", 6000000, 10);
	assert_int_equal(k.file_max_limit, 1234);
}

static void large_group(void **state _unused_)
{
	const struct kmsg_victim *v;
	char text[256];

	kmsg_init(&k);
	tell("asker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0", 100,
	     1);
	tell(OOM "oom_memcg=/a,task_memcg=/a/b,task=one,pid=10,uid=0", 101, 1);
	tell(KILLED(10, "one"), 102, 1);
	tell("Tasks in /a/b are going to be killed due to memory.oom.group set", 103, 1);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text),
			 "Memory cgroup out of memory: Killed process %d (m) "
			 "total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB",
			 1000 + i);
		tell(text, 104 + (uint64_t)i, 1);
	}
	assert_null(kmsg_find_victim(&k, 10, 0));
	v = kmsg_find_victim(&k, 1999, 0);
	assert_non_null(v);
	assert_true(v->member);
	assert_string_equal(v->line.oom_memcg, "/a");
	assert_string_equal(v->asker, "asker");
	assert_non_null(kmsg_find_victim(&k, 2000 - KMSG_VICTIMS, 0));
}

static void heads(void **state _unused_)
{
	static const char record[] = "6,339,5140900,-,caller=T1;a;b\n SUBSYSTEM=acpi\n";
	struct kmsg_head h;

	assert_int_equal(kmsg_parse_head(record, sizeof(record) - 1, &h), 0);
	assert_int_equal(h.facility, 0);
	assert_int_equal(h.seq, 339);
	assert_int_equal(h.usec, 5140900);
	assert_int_equal(h.len, 3);
	assert_memory_equal(h.text, "a;b", 3);
	assert_int_equal(kmsg_parse_head("14,1,2,-;", 9, &h), 0);
	assert_int_equal(h.facility, 1);
	assert_int_equal(h.len, 0);
	assert_int_equal(kmsg_parse_head("", 0, &h), -EBADMSG);
	assert_int_equal(kmsg_parse_head("1,2;x", 5, &h), -EBADMSG);
	assert_int_equal(kmsg_parse_head("6,-1,2,-;x", 10, &h), -EBADMSG);
}

/* A datagram socket gives one record a read, as /dev/kmsg does. */
static void reader(void **state _unused_)
{
	static const char *const records[] = {
		"6,10,100,-;a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
		"oom_score_adj=0\n",
		"12,11,101,-;" OOM "oom_memcg=/forged,task_memcg=/forged,task=one,pid=10,uid=0\n",
		"nonsense",
		"6,14,102,-;" OOM "oom_memcg=/a,task_memcg=/a,task=one,pid=10,uid=0\n",
		"3,15,103,-;" KILLED(10, "one") "\n",
	};
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd), 0);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		assert_true(write(fd[1], records[i], strlen(records[i])) > 0);
	kmsg_init(&k);
	assert_int_equal(kmsg_read(&k, fd[0], 77), 5);
	assert_int_equal(k.lost, 2);
	assert_int_equal(k.malformed, 1);
	assert_int_equal(k.n, 1);
	assert_string_equal(kmsg_find_victim(&k, 10, 77)->line.oom_memcg, "/a");
	assert_int_equal(kmsg_read(&k, fd[0], 78), 0);
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(kmsg_read(&k, -1, 78), -EBADF);
}

static void device(void **state _unused_)
{
	_cleanup_close_ int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		skip();
	kmsg_init(&k);
	assert_true(kmsg_read(&k, fd, 1) >= 0);
	assert_int_equal(k.malformed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oom_lines),
		cmocka_unit_test(names_like_keys),
		cmocka_unit_test(other_lines),
		cmocka_unit_test(cut_lines),
		cmocka_unit_test(one_kill_and_its_group),
		cmocka_unit_test(large_group),
		cmocka_unit_test(heads),
		cmocka_unit_test(reader),
		cmocka_unit_test(device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
