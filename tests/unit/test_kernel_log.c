/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: all of user/ but main and the commands ; libs: */
/*
 * test_kernel_log.c - records of /dev/kmsg become events: which are told, which
 * are left to hooks, when one is known to be whole, and when it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>

#include "../../user/kernel_log.h"

/* One packet is one record, as one read of /dev/kmsg is. */
static int writer;
static struct kernel_log *kernel_log;
static struct told {
	enum event_kind kind;
	char text[FIELDS][64];
	int64_t number[FIELDS];
} told[8];
static unsigned int n_told;
static struct attach_plan plan;
static struct event_context context = {.boot_to_real = 1700000000000000000LL};
static unsigned int seq;

static const enum field texts[] = {FIELD_RESOURCE, FIELD_CGROUP, FIELD_BACKEND, FIELD_CAUSE,
				   FIELD_STAGE};
static const enum field numbers[] = {FIELD_PID, FIELD_LIMIT, FIELD_LOST, FIELD_UPTIME_US,
				     FIELD_TIME};

static void on_event(void *arg, struct event *e)
{
	struct told *t;

	assert_ptr_equal(arg, &n_told);
	assert_true(n_told < ARRAY_SIZE(told));
	t = &told[n_told++];
	memset(t, 0, sizeof(*t));
	t->kind = e->kind;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (event_has(e, texts[i]))
			snprintf(t->text[texts[i]], sizeof(t->text[0]), "%s",
				 event_text(e, texts[i]));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (event_has(e, numbers[i]))
			t->number[numbers[i]] = event_num(e, numbers[i]);
}

static void start(const struct attach_plan *p)
{
	struct kernel_log_options o = {
		.plan = p, .context = &context, .on_event = on_event, .arg = &n_told};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	writer = fds[0];
	o.fd = fds[1];
	n_told = 0;
	seq = 0;
	assert_int_equal(kernel_log_open(&kernel_log, &o), 0);
	assert_int_equal(kernel_log_fd(kernel_log), fds[1]);
}

static int end(void **state _unused_)
{
	kernel_log_close(kernel_log);
	kernel_log = NULL;
	close(writer);
	return 0;
}

static void say_as(unsigned int priority, const char *text)
{
	char record[1024];
	int n = snprintf(record, sizeof(record), "%u,%u,%u,-;%s\n", priority, seq++, 5000000, text);

	assert_int_equal(write(writer, record, (size_t)n), n);
}

static void say(const char *text)
{
	say_as(6, text);
}

static const char fork_rejected[] =
	"cgroup: fork rejected by pids controller in /a.slice/b.service";

/* No hook at all: the log tells of everything. */
static void without_hooks(void **state _unused_)
{
	start(NULL);
	assert_true(kernel_log_due(kernel_log) == UINT64_MAX);
	say("eth0: link is up");
	say(fork_rejected);
	say("Memory cgroup out of memory: Killed process 812 (mysqld) total-vm:1kB, anon-rss:1kB, "
	    "file-rss:0kB, shmem-rss:0kB, UID:27 pgtables:4kB oom_score_adj:0");
	assert_int_equal(kernel_log_run(kernel_log, 1000), 0);
	/* the last of them may have more lines to come */
	assert_true(kernel_log_due(kernel_log) > 1000 && kernel_log_due(kernel_log) < 2000);
	kernel_log_run(kernel_log, kernel_log_due(kernel_log));
	assert_int_equal(n_told, 2);
	assert_int_equal(told[0].kind, EVENT_REFUSED);
	assert_string_equal(told[0].text[FIELD_RESOURCE], "pids");
	assert_string_equal(told[0].text[FIELD_CGROUP], "/a.slice/b.service");
	assert_string_equal(told[0].text[FIELD_BACKEND], "kmsg");
	assert_int_equal(told[1].kind, EVENT_KILLED);
	assert_int_equal(told[1].number[FIELD_PID], 812);
	assert_string_equal(told[1].text[FIELD_CAUSE], "oom-memcg");
	assert_true(kernel_log_due(kernel_log) == UINT64_MAX);
}

/* The time is that of the machine's clocks now, less what has passed since by printk's. */
static void time_of(void **state _unused_)
{
	struct timespec now;
	int64_t at;

	start(NULL);
	say(fork_rejected);
	kernel_log_run(kernel_log, 1000);
	kernel_log_flush(kernel_log);
	clock_gettime(CLOCK_BOOTTIME, &now);
	assert_int_equal(n_told, 1);
	at = told[0].number[FIELD_UPTIME_US];
	assert_true(at <= now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	assert_true(at > (now.tv_sec - 60) * 1000000LL);
	assert_int_equal(told[0].number[FIELD_TIME] / 1000000000,
			 (context.boot_to_real + at * 1000) / 1000000000);
}

/* Hooks tell the same better: who, how full. */
static void with_hooks(void **state _unused_)
{
	for (int h = 0; h < FC_HOOKS; h++)
		plan.hook[h].backend = FC_BACKEND_FEXIT;
	start(&plan);
	say(fork_rejected);
	say("Out of memory: Killed process 812 (mysqld) total-vm:1kB, anon-rss:1kB, file-rss:0kB, "
	    "shmem-rss:0kB, UID:27 pgtables:4kB oom_score_adj:0");
	say("nf_conntrack: nf_conntrack: table full, dropping packet");
	say("oom_kill_process: 7 callbacks suppressed");
	say("net_ratelimit: 7 callbacks suppressed");
	kernel_log_run(kernel_log, 1000);
	kernel_log_flush(kernel_log);
	assert_int_equal(n_told, 0);
}

/* A hook that has no tracepoint there sees nothing: the log does. What it left out is said. */
static void at_tracepoints(void **state _unused_)
{
	for (int h = 0; h < FC_HOOKS; h++)
		plan.hook[h].backend = FC_BACKEND_TRACEPOINT;
	start(&plan);
	say(fork_rejected);
	say("nf_conntrack: nf_conntrack: table full, dropping packet");
	say("net_ratelimit: 7 callbacks suppressed");
	say("__vm_enough_memory: 3 callbacks suppressed"); /* a hook saw these */
	kernel_log_run(kernel_log, 1000);
	kernel_log_flush(kernel_log);
	assert_int_equal(n_told, 2);
	assert_string_equal(told[0].text[FIELD_RESOURCE], "conntrack");
	assert_int_equal(told[1].kind, EVENT_LOST);
	assert_int_equal(told[1].number[FIELD_LOST], 7);
}

static void events_alone(void **state _unused_)
{
	for (int h = 0; h < FC_HOOKS; h++)
		plan.hook[h].backend = attach_hooks[h].program[FC_BACKEND_TRACEPOINT]
					       ? FC_BACKEND_TRACEPOINT
					       : FC_BACKEND_NONE;
	start(&plan);
	say(fork_rejected);
	say("VFS: file-max limit 65536 reached");
	say("mysqld[812]: segfault at 0 ip 0000000000401136 sp 00007ffd error 6 in x[401000+1000]");
	kernel_log_run(kernel_log, 1000);
	kernel_log_flush(kernel_log);
	assert_int_equal(n_told, 2);
	assert_string_equal(told[1].text[FIELD_RESOURCE], "file-max");
	assert_int_equal(told[1].number[FIELD_LIMIT], 65536);
}

/* Anybody who may write to /dev/kmsg can say anything there, but not as the kernel. */
static void forged(void **state _unused_)
{
	start(NULL);
	say_as(14, fork_rejected);
	assert_int_equal(write(writer, "nonsense", 8), 8);
	say_as(6, "");
	kernel_log_run(kernel_log, 1000);
	kernel_log_flush(kernel_log);
	assert_int_equal(n_told, 0);
}

/* The kernel writes over what was not read in time. */
static void overrun(void **state _unused_)
{
	start(NULL);
	say("one");
	seq += 40;
	say(fork_rejected);
	kernel_log_run(kernel_log, 1000);
	kernel_log_flush(kernel_log);
	assert_int_equal(n_told, 2);
	assert_int_equal(told[0].kind, EVENT_LOST);
	assert_int_equal(told[0].number[FIELD_LOST], 40);
	assert_string_equal(told[0].text[FIELD_STAGE], "kmsg");
}

static void none(void **state _unused_)
{
	assert_int_equal(kernel_log_fd(NULL), -1);
	assert_true(kernel_log_due(NULL) == UINT64_MAX);
	assert_int_equal(kernel_log_run(NULL, 1), 0);
	kernel_log_flush(NULL);
	kernel_log_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(without_hooks, end),
		cmocka_unit_test_teardown(time_of, end),
		cmocka_unit_test_teardown(with_hooks, end),
		cmocka_unit_test_teardown(at_tracepoints, end),
		cmocka_unit_test_teardown(events_alone, end),
		cmocka_unit_test_teardown(forged, end),
		cmocka_unit_test_teardown(overrun, end),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
