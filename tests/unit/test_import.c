/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: all of user/ but main and the commands ; libs: */
/*
 * test_import.c - texts that were made to find the edges: who else can write
 * such lines, what is missing, what is joined and what is not, times, losses,
 * files that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <zlib.h>

#include "../../user/import.h"

#define NOW 1796083200000000000LL /* 2026-12-01T00:00:00Z */
#define KILLED                                                                           \
	"Memory cgroup out of memory: Killed process 7 (x) total-vm:9kB, anon-rss:4kB, " \
	"file-rss:0kB, shmem-rss:0kB, UID:33 pgtables:8kB oom_score_adj:0\n"

static struct event seen[16];
static unsigned int n;
static struct import_stats stats;

static void on_event(void *arg _unused_, struct event *e)
{
	assert_true(n < ARRAY_SIZE(seen));
	seen[n] = *e;
	/* texts are in the pool, which has moved */
	for (int f = 0; f < FIELDS; f++)
		if (e->str[f] >= e->pool && e->str[f] < e->pool + EVENT_POOL)
			seen[n].str[f] = seen[n].pool + (e->str[f] - e->pool);
	n++;
}

static int read_bytes(const void *data, size_t size, struct import_options *o)
{
	int fd = memfd_create("log", MFD_CLOEXEC), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	n = 0;
	memset(&stats, 0, sizeof(stats));
	o->now_ns = NOW;
	o->stats = &stats;
	err = import_read(fd, o, on_event, NULL);
	close(fd);
	return err;
}

static unsigned int read_text(const char *s)
{
	struct import_options o = {0};

	assert_int_equal(read_bytes(s, strlen(s), &o), 0);
	return n;
}

static const char *text_of(unsigned int i, enum field f)
{
	return event_text(&seen[i], f);
}

static void programs_are_not_the_kernel(void **state _unused_)
{
	assert_int_equal(read_text("Nov 22 12:00:00 h java[9]: " KILLED), 0);
	assert_int_equal(read_text("Nov 22 12:00:00 h monitor: " KILLED), 0);
	assert_int_equal(read_text("12,1,2,-;" KILLED), 0);
	assert_int_equal(read_text("{\"_TRANSPORT\":\"stdout\",\"SYSLOG_IDENTIFIER\":\"app\","
				   "\"MESSAGE\":\"Out of memory: Killed process 1 (x)\"}\n"),
			 0);
	assert_int_equal(read_text("Nov 22 12:00:00 h kernel: " KILLED), 1);
	assert_int_equal(read_text("we saw \"Out of memory: Killed process\" and were puzzled\n"),
			 0);
}

static void only_what_is_there(void **state _unused_)
{
	assert_int_equal(read_text("Out of memory: Killed process 12345 (postgres).\n"), 1);
	assert_string_equal(text_of(0, FIELD_COMM), "postgres");
	assert_string_equal(text_of(0, FIELD_CAUSE), "oom-global");
	assert_string_equal(text_of(0, FIELD_BACKEND), "import");
	assert_false(event_num(&seen[0], FIELD_CERTAIN));
	assert_false(event_has(&seen[0], FIELD_TIME));
	assert_false(event_has(&seen[0], FIELD_UPTIME_US));
	assert_false(event_has(&seen[0], FIELD_RSS_ANON));
	assert_false(event_has(&seen[0], FIELD_UID));
	assert_false(event_has(&seen[0], FIELD_LIMIT));
	assert_false(event_has(&seen[0], FIELD_TRIGGER_COMM));
	assert_true(event_has(&seen[0], FIELD_SAYS));
}

static void chosen_and_not_seen_dead(void **state _unused_)
{
	assert_int_equal(read_text("Out of memory: Kill process 5 (java) score 900 or sacrifice "
				   "child\n"),
			 1);
	assert_int_equal(event_num(&seen[0], FIELD_PID), 5);
	assert_int_equal(event_num(&seen[0], FIELD_OOM_SCORE), 900);
	assert_false(event_num(&seen[0], FIELD_CERTAIN));
	assert_int_equal(stats.cut, 1);
	/* another one is killed for it: a child */
	assert_int_equal(read_text("Out of memory: Kill process 5 (java) score 900 or sacrifice "
				   "child\nKilled process 6 (sh) total-vm:1kB, anon-rss:1kB, "
				   "file-rss:0kB\n"),
			 1);
	assert_int_equal(event_num(&seen[0], FIELD_PID), 6);
	assert_false(event_has(&seen[0], FIELD_OOM_SCORE));
	assert_int_equal(stats.cut, 0);
}

static void one_report_knows_nothing_of_another(void **state _unused_)
{
	assert_int_equal(read_text("[1.000000] a invoked oom-killer: gfp_mask=0xcc0, order=3\n"
				   "[1.000001] memory: usage 100kB, limit 100kB, failcnt 5\n"
				   "[1.000002] " KILLED
				   "[9.000000] Memory cgroup out of memory: Killed process 8 (y) "
				   "total-vm:9kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n"),
			 2);
	assert_string_equal(text_of(0, FIELD_TRIGGER_COMM), "a");
	assert_int_equal(event_num(&seen[0], FIELD_LIMIT), 102400);
	assert_int_equal(event_num(&seen[0], FIELD_ORDER), 3);
	assert_false(event_has(&seen[1], FIELD_TRIGGER_COMM));
	assert_false(event_has(&seen[1], FIELD_LIMIT));
	assert_false(event_has(&seen[1], FIELD_ORDER));
	/* two minutes later it is not the same report, nor on another host, nor after a boot */
	assert_int_equal(read_text("[1.000000] a invoked oom-killer: gfp_mask=0xcc0, order=3\n"
				   "[200.000002] " KILLED),
			 1);
	assert_false(event_has(&seen[0], FIELD_TRIGGER_COMM));
	assert_int_equal(read_text("Nov 22 12:00:00 h1 kernel: a invoked oom-killer: gfp_mask=0x1, "
				   "order=3\nNov 22 12:00:00 h2 kernel: " KILLED),
			 1);
	assert_false(event_has(&seen[0], FIELD_TRIGGER_COMM));
}

static void twice_and_dead_once(void **state _unused_)
{
	assert_int_equal(read_text("[1.000000] " KILLED "[1.500000] " KILLED), 1);
	assert_int_equal(read_text("[1.000000] " KILLED "[99.000000] " KILLED), 2);
}

static void sysrq(void **state _unused_)
{
	assert_int_equal(read_text("kworker/0:1 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), "
				   "order=-1, oom_score_adj=0\nOut of memory: Killed process 7 (x) "
				   "total-vm:9kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n"),
			 1);
	assert_string_equal(text_of(0, FIELD_CAUSE), "oom-sysrq");
}

static void printed_in_pieces(void **state _unused_)
{
	assert_int_equal(
		read_text("[1.000000] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),"
			  "cpuset=/,mems_allowed=0\n"
			  "[1.000001] usb 1-1: new device\n"
			  "[1.000002] ,oom_memcg=/a,task_memcg=/a/b,task=x,pid=7,uid=33\n"
			  "[1.000003] " KILLED),
		1);
	assert_string_equal(text_of(0, FIELD_MEMCG), "/a");
	assert_string_equal(text_of(0, FIELD_CGROUP), "/a/b");
	assert_true(event_num(&seen[0], FIELD_CERTAIN));
}

static void names_that_look_like_keys(void **state _unused_)
{
	assert_int_equal(read_text("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
				   "mems_allowed=0,oom_memcg=/a,oom_memcg=/b,task_memcg=/a,task=x,"
				   "pid=7,uid=33\n" KILLED),
			 1);
	assert_false(event_has(&seen[0], FIELD_MEMCG));
	assert_false(event_num(&seen[0], FIELD_CERTAIN));
}

static void joined_or_not(void **state _unused_)
{
	assert_int_equal(
		read_text("[1.000000] Memory cgroup out of memory: Killed process 7 (x) "
			  "total-vm:9kB, anon-\nrss:4kB, file-rss:0kB,\nshmem-rss:0kB, UID:33"
			  " pgtables:8kB oom_score_adj:0\n\nWhat can I do, total-vm:12kB?\n"),
		1);
	assert_int_equal(event_num(&seen[0], FIELD_RSS_ANON), 4096);
	assert_int_equal(event_num(&seen[0], FIELD_UID), 33);
	/* what has a stamp of its own belongs to nobody else */
	assert_int_equal(read_text("[1.000000] Out of memory: Killed process 7 (x)\n"
				   "[1.000001] total-vm:9kB, anon-rss:4kB\n"),
			 1);
	assert_false(event_has(&seen[0], FIELD_RSS_ANON));
	assert_int_equal(
		read_text("Out of memory: Killed process 7 (x).\n"
			  "y invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0\n"),
		1);
	assert_int_equal(event_num(&seen[0], FIELD_PID), 7);
}

static void times(void **state _unused_)
{
	struct import_options o = {.has_boot = true, .boot_ns = 1000000000LL * 1000};

	assert_int_equal(read_bytes("[5.000001] " KILLED, strlen("[5.000001] " KILLED), &o), 0);
	assert_int_equal(event_num(&seen[0], FIELD_TIME), 1005000001000LL);
	assert_int_equal(event_num(&seen[0], FIELD_UPTIME_US), 5000001);
	/* the log itself tells when the machine was booted; after the next boot that is over */
	assert_int_equal(read_text("[    2.000000] rtc_cmos 00:01: setting system clock to "
				   "2023-01-01T12:00:00 UTC (1672574400)\n[5.000000] " KILLED
				   "[    0.000000] Linux version 6.1\n[   99.000000] " KILLED),
			 2);
	assert_int_equal(event_num(&seen[0], FIELD_TIME), 1672574403LL * 1000000000);
	assert_false(event_has(&seen[1], FIELD_TIME));
}

static void repeats_and_losses(void **state _unused_)
{
	assert_int_equal(
		read_text("Nov 22 12:00:00 h kernel: message repeated 5 times: [ [12.000000] "
			  "nf_conntrack: table full, dropping packet]\n"),
		1);
	assert_int_equal(event_num(&seen[0], FIELD_COUNT), 5);
	assert_int_equal(stats.refused, 5);
	assert_string_equal(text_of(0, FIELD_RESOURCE), "conntrack");
	assert_int_equal(read_text("show_signal_msg: 12 callbacks suppressed\n"), 1);
	assert_int_equal(event_num(&seen[0], FIELD_LOST), 12);
	assert_string_equal(text_of(0, FIELD_STAGE), "kmsg");
	assert_string_equal(text_of(0, FIELD_HOOK), "show_signal_msg");
	/* of messages that are none of ours */
	assert_int_equal(read_text("ext4_warning: 12 callbacks suppressed\n"), 0);
	assert_int_equal(read_text("net_ratelimit: 12 callbacks suppressed\n"), 0);
}

static void faults(void **state _unused_)
{
	assert_int_equal(read_text("[1.000000] nginx[812]: segfault at 18 ip 00007f0c2a3b41b0 sp "
				   "00007ffd1 error 4 in libpq.so.5[1a2b0,7f0c2a3b4000+1c000]\n"),
			 1);
	assert_string_equal(text_of(0, FIELD_MAP_OFFSET), "0x1a2b0");
	assert_string_equal(text_of(0, FIELD_FAULT_ADDR), "0x18");
	assert_int_equal(read_text("Web Content[7]: segfault at 0 ip 1 sp 2 error 6\n"), 1);
	assert_string_equal(text_of(0, FIELD_COMM), "Web Content");
	assert_false(event_has(&seen[0], FIELD_MAP_OBJECT));
	/* a log that leaves out "kernel:" */
	assert_int_equal(read_text("2026-11-22T12:00:00Z h nginx[7]: segfault at 0 ip 1 sp 2 error "
				   "6\n"),
			 1);
	assert_string_equal(text_of(0, FIELD_COMM), "nginx");
	assert_int_equal(read_text("traps: x[9] trap divide error ip:401000 sp:7ffd error:0 in "
				   "x[400000+1000]\n"),
			 1);
	assert_string_equal(text_of(0, FIELD_SIGNAL), "SIGFPE");
	assert_string_equal(text_of(0, FIELD_MAP_OFFSET), "0x1000");
	assert_int_equal(
		read_text("x[9]: unhandled level 2 translation fault (11) at 0x00000010, esr "
			  "0x92000006, in x[400000+1000]\n"),
		1);
	assert_string_equal(text_of(0, FIELD_SIGNAL), "SIGSEGV");
	/* the auditor says it once more */
	assert_int_equal(
		read_text("x[9]: segfault at 0 ip 1 sp 2 error 4\naudit: type=1701 "
			  "audit(1.2:3): auid=1 uid=2 gid=3 ses=4 pid=9 comm=\"x\" exe=\"/x\" "
			  "sig=11 res=1\n"),
		1);
	assert_int_equal(
		read_text("type=ANOM_ABEND msg=audit(1.2:3): auid=1 uid=2 gid=3 ses=4 pid=9 "
			  "comm=612062 exe=\"/x\" sig=6 res=1\n"),
		1);
	assert_string_equal(text_of(0, FIELD_COMM), "a b");
	assert_string_equal(text_of(0, FIELD_SIGNAL), "SIGABRT");
}

static void hung_tasks_belong_to_the_kill(void **state _unused_)
{
	assert_int_equal(read_text("[1.000000] INFO: task kswapd0:55 blocked for more than 120 "
				   "seconds.\n[9.000000] " KILLED),
			 1);
	assert_non_null(strstr(text_of(0, FIELD_SAYS), "1 time that a task was blocked"));
	assert_int_equal(read_text("INFO: task nfsd:55 blocked for more than 120 seconds.\n"), 0);
}

static void other_watchers(void **state _unused_)
{
	assert_int_equal(
		read_text("Nov 22 12:00:00 h earlyoom[99]: sending SIGTERM to process 2432 uid "
			  "1000 \"chrome\": oom_score 1280, VmRSS 1234 MiB\n"),
		1);
	assert_string_equal(text_of(0, FIELD_BY_COMM), "earlyoom");
	assert_int_equal(event_num(&seen[0], FIELD_BY_PID), 99);
	assert_false(event_num(&seen[0], FIELD_CERTAIN));
	assert_int_equal(read_text("Nov 22 12:00:00 h x[9]: Killed the cat due to memory loss\n"),
			 0);
}

/* A paragraph: every end of a line became a blank, and it is longer than what is looked at of one.
 */
static void one_paragraph(void **state _unused_)
{
	static const char kill[] =
		"[25462.545490] Memory cgroup out of memory: Killed process 7 (x) "
		"total-vm:9kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:33 "
		"pgtables:8kB oom_score_adj:0 ";
	struct import_options o = {0};
	char text[40000] = "";
	size_t len = 0;

	len += (size_t)sprintf(text,
			       "[25462.545000] x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), "
			       "order=0, oom_score_adj=0 ");
	while (len < 20000)
		len += (size_t)sprintf(text + len, "[25462.545001] something [1] of another sort ");
	len += (size_t)sprintf(
		text + len,
		"[25462.545432] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),"
		"cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=7,uid=33 ");
	len += (size_t)sprintf(text + len, "%s", kill);
	assert_int_equal(read_bytes(text, len, &o), 0);
	assert_int_equal(n, 1);
	assert_string_equal(seen[0].str[FIELD_MEMCG], "/a");
	assert_string_equal(seen[0].str[FIELD_CGROUP], "/a/b");
	assert_int_equal(seen[0].num[FIELD_RSS_ANON], 4096);
	assert_int_equal(stats.lines, 1);
	/* two stamps that follow each other are of one message, as with the kernel's and syslog's
	 */
	assert_int_equal(read_bytes("[ 5.000001] [25462.545490] Memory cgroup out of memory: "
				    "Killed process 7 (x) "
				    "total-vm:9kB, anon-rss:4kB, file-rss:0kB\n",
				    111, &o),
			 0);
	assert_int_equal(n, 1);
}

static void converters(void **state _unused_)
{
	struct import_options o = {0};
	char journal[200] = "LPKSHHRH";

	assert_int_equal(read_bytes("\xfd"
				    "7zXZ\0\0\4\346\326\264F\2",
				    13, &o),
			 -EILSEQ);
	assert_string_equal(stats.converter, "xz -dc");
	/* it has hardly a control character in its first bytes */
	assert_int_equal(read_bytes(journal, sizeof(journal), &o), -EILSEQ);
	assert_string_equal(stats.converter, "journalctl -k --file");
	assert_int_equal(read_bytes("BZ", 2, &o), 0);
	assert_null(stats.converter);
}

static void files(void **state _unused_)
{
	struct import_options o = {0};
	unsigned char zeros[300] = {0};
	uLongf size = 4096;
	char text[] = KILLED, *big = malloc(3 << 20);
	gzFile gz;
	int fd;

	assert_int_equal(read_bytes("", 0, &o), -ENODATA);
	assert_int_equal(read_bytes("\177ELF\1\2\3\4\5\6\7\1\2\3\4\5\6", 17, &o), -EILSEQ);
	assert_int_equal(read_bytes("\xff\xfeO\0u\0t\0", 8, &o), -EILSEQ);
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(import_read(fd, &o, on_event, NULL), -EISDIR);
	close(fd);
	/* a crash leaves a hole of zeros */
	memcpy(zeros + 250, "\nx\n", 3);
	assert_int_equal(read_bytes(zeros, sizeof(zeros), &o), 0);
	/* a line without an end, and one that has none for megabytes */
	assert_int_equal(read_bytes(text, strlen(text) - 1, &o), 0);
	assert_int_equal(n, 1);
	memset(big, 'a', 3 << 20);
	memcpy(big + (3 << 20) - strlen(text) - 1, "\n", 1);
	memcpy(big + (3 << 20) - strlen(text), text, strlen(text));
	assert_int_equal(read_bytes(big, 3 << 20, &o), 0);
	assert_int_equal(n, 1);
	assert_int_equal(stats.too_long, 1);
	free(big);
	/* gzip, whole and cut */
	fd = memfd_create("gz", 0);
	gz = gzdopen(dup(fd), "wb");
	for (int i = 0; i < 50; i++)
		gzwrite(gz, text, (unsigned int)strlen(text));
	gzclose(gz);
	size = (uLongf)lseek(fd, 0, SEEK_END);
	for (int cut = 0; cut < 2; cut++) {
		assert_int_equal(ftruncate(fd, (off_t)size - cut * 12), 0);
		lseek(fd, 0, SEEK_SET);
		n = 0;
		assert_int_equal(import_read(fd, &o, on_event, NULL), 0);
		assert_int_equal(stats.ends_early, cut);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_are_not_the_kernel),
		cmocka_unit_test(only_what_is_there),
		cmocka_unit_test(chosen_and_not_seen_dead),
		cmocka_unit_test(one_report_knows_nothing_of_another),
		cmocka_unit_test(twice_and_dead_once),
		cmocka_unit_test(sysrq),
		cmocka_unit_test(printed_in_pieces),
		cmocka_unit_test(names_that_look_like_keys),
		cmocka_unit_test(joined_or_not),
		cmocka_unit_test(times),
		cmocka_unit_test(repeats_and_losses),
		cmocka_unit_test(faults),
		cmocka_unit_test(hung_tasks_belong_to_the_kill),
		cmocka_unit_test(other_watchers),
		cmocka_unit_test(one_paragraph),
		cmocka_unit_test(converters),
		cmocka_unit_test(files),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
