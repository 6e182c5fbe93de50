/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/sink_text.c user/sink_text_part.c user/field.c ; libs: */
/*
 * test_sink_text.c - the text that a person reads, byte for byte, and that no
 * name in it drives a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/counter.h"
#include "../../user/sink_priv.h"
#include "../../user/utf8.h"

static struct event e;
static char text[SINK_BUFFER + 1];

static void refused(void)
{
	event_init(&e, EVENT_REFUSED);
	event_int(&e, FIELD_TIME, 1763789593481000000);
	event_str(&e, FIELD_RESOURCE, "nofile");
	event_str(&e, FIELD_ERRNO, "EMFILE");
	event_str(&e, FIELD_SYSCALL, "accept4");
	event_int(&e, FIELD_PID, 3813);
	event_str(&e, FIELD_COMM, "nginx");
}

static const char *formatted(bool color, bool verbose)
{
	struct sink_options o = {.utc = true, .color = color, .verbose = verbose};
	size_t n = sink_text_format(&o, &e, text, SINK_BUFFER);

	assert_in_range(n, 1, SINK_BUFFER);
	assert_int_equal(text[n - 1], '\n');
	text[n] = '\0';
	return text;
}

static void text_refused(void **state _unused_)
{
	refused();
	event_str(&e, FIELD_SYSTEMD_UNIT, "nginx.service");
	event_str(&e, FIELD_OBJECT, "0.0.0.0:80");
	event_u64(&e, FIELD_HELD, 1024);
	event_u64(&e, FIELD_LIMIT, 1024);
	event_str(&e, FIELD_MEASURE, "files");
	event_str(&e, FIELD_LIMIT_NAME, "RLIMIT_NOFILE");
	event_str(&e, FIELD_SAYS, "nginx has all 1024 files open.");
	event_str(&e, FIELD_FIX, "prlimit --pid 3813\nsystemctl edit nginx");
	event_bool(&e, FIELD_CERTAIN, true);
	assert_string_equal(
		formatted(false, false),
		"05:33:13.481 REFUSED  nofile   nginx[3813] accept4 EMFILE: 1024 of 1024 files "
		"(RLIMIT_NOFILE)  object 0.0.0.0:80  unit nginx.service\n"
		"    nginx has all 1024 files open.\n"
		"    fix: prlimit --pid 3813\n"
		"         systemctl edit nginx\n");
	refused();
	event_int(&e, FIELD_COUNT, 48211);
	event_int(&e, FIELD_FIRST, 1763789593481000000);
	event_bool(&e, FIELD_CERTAIN, false);
	assert_string_equal(
		formatted(true, false),
		"05:33:13.481 \033[33mREFUSED \033[0m nofile   nginx[3813] accept4 EMFILE: "
		"48,211 more since 05:33:13.481  (inferred)\n");
	event_init(&e, EVENT_REFUSED); /* nothing is known */
	assert_string_equal(formatted(false, false), "--:--:--.--- REFUSED  -       \n");
}

static void text_killed(void **state _unused_)
{
	struct event_moved *m;

	event_init(&e, EVENT_KILLED);
	event_int(&e, FIELD_TIME, 0);
	event_str(&e, FIELD_RESOURCE, "memory");
	event_str(&e, FIELD_CAUSE, "oom-memcg");
	event_int(&e, FIELD_PID, 4242);
	event_str(&e, FIELD_COMM, "postgres");
	event_str(&e, FIELD_MEMCG, "/system.slice/postgresql.service");
	event_u64(&e, FIELD_HELD, 512 << 20);
	event_u64(&e, FIELD_LIMIT, 512 << 20);
	event_str(&e, FIELD_MEASURE, "bytes");
	event_str(&e, FIELD_LIMIT_NAME, "memory.max");
	event_u64(&e, FIELD_RSS_ANON, 480 << 20);
	event_u64(&e, FIELD_RSS_FILE, 0);
	event_int(&e, FIELD_TRIGGER_PID, 99);
	event_str(&e, FIELD_TRIGGER_COMM, "checkpointer");
	m = event_moved_add(&e);
	*m = (struct event_moved){.owner = "cgroup:/x", .resource = "memory.oom_kill", .delta = 1};
	m = event_moved_add(&e);
	*m = (struct event_moved){.owner = "cgroup:/x",
				  .resource = "pids",
				  .delta = 3,
				  .relation = RELATION_COINCIDENT};
	event_int(&e, FIELD_UID, 33);
	event_str(&e, FIELD_EXE, "/bin/postgres");
	assert_string_equal(
		formatted(false, true),
		"00:00:00.000 KILLED   memory   postgres[4242] oom-memcg in "
		"/system.slice/postgresql.service: 512.0 MiB of 512.0 MiB (memory.max); "
		"victim had 480.0 MiB anon; memory was asked for by checkpointer[99]\n"
		"    counters: memory.oom_kill of cgroup:/x +1 (own), "
		"pids of cgroup:/x +3 (coincident)\n"
		"    uid 33, exe /bin/postgres\n");
	event_int(&e, FIELD_TRIGGER_PID, 4242);
	assert_non_null(strstr(formatted(false, false), "; it asked for memory itself\n"));
	e.kind = EVENT_FOLLOWUP;
	event_clear(&e, FIELD_COMM);
	event_clear(&e, FIELD_PID);
	event_clear(&e, FIELD_HELD);
	event_clear(&e, FIELD_LIMIT);
	event_clear(&e, FIELD_LIMIT_NAME);
	assert_string_equal(formatted(false, false),
			    "00:00:00.000   (follow-up) memory.oom_kill of cgroup:/x +1 (own), "
			    "pids of cgroup:/x +3 (coincident)\n");
}

static void text_others(void **state _unused_)
{
	struct event_moved *m;

	event_init(&e, EVENT_COUNTED);
	event_int(&e, FIELD_TIME, 0);
	m = event_moved_add(&e);
	*m = (struct event_moved){.owner = "ct:101",
				  .resource = "kmemsize",
				  .delta = 3,
				  .have = COUNTER_FAILCNT | COUNTER_HELD | COUNTER_LIMIT,
				  .failcnt = 27,
				  .held = 10,
				  .limit = 20};
	assert_string_equal(formatted(false, false),
			    "00:00:00.000 COUNTED  -        kmemsize of ct:101 +3 (27 in all), "
			    "now 10 of 20\n");
	event_init(&e, EVENT_LOST);
	event_int(&e, FIELD_TIME, 0);
	event_int(&e, FIELD_LOST, 1234567);
	event_str(&e, FIELD_STAGE, "ringbuf");
	event_str(&e, FIELD_HOOK, "alloc_fd");
	event_int(&e, FIELD_FIRST, 0);
	event_int(&e, FIELD_LAST, 1000000000);
	assert_string_equal(formatted(false, false),
			    "00:00:00.000 LOST 1,234,567 lost at stage ringbuf (alloc_fd), "
			    "from 00:00:00.000 to 00:00:01.000\n");
	event_bool(&e, FIELD_AT_MOST, true);
	assert_string_equal(formatted(false, false),
			    "00:00:00.000 LOST at most 1,234,567 lost at stage ringbuf (alloc_fd), "
			    "from 00:00:00.000 to 00:00:01.000\n");
	event_init(&e, EVENT_STARTED);
	event_int(&e, FIELD_TIME, 0);
	event_str(&e, FIELD_VERSION, "0.1");
	event_str(&e, FIELD_HOST, "h");
	event_str(&e, FIELD_KERNEL, "6.1.0");
	event_pair(&e, FIELD_BACKENDS, "fexit", 5);
	event_pair(&e, FIELD_BACKENDS, "kprobe", 1);
	assert_string_equal(
		formatted(false, false),
		"00:00:00.000 STARTED failcnt 0.1 on h, Linux 6.1.0; hooks: fexit 5, kprobe 1\n");
	event_init(&e, EVENT_STOPPED);
	event_int(&e, FIELD_TIME, 0);
	event_pair(&e, FIELD_TOTALS, "refused", 1234);
	event_pair(&e, FIELD_TOTALS, "lost", 0);
	assert_string_equal(formatted(false, false),
			    "00:00:00.000 STOPPED refused 1,234, lost 0\n");
}

static void text_holders_of(void **state _unused_)
{
	event_init(&e, EVENT_FOLLOWUP);
	event_int(&e, FIELD_TIME, 0);
	event_str(&e, FIELD_RESOURCE, "nofile");
	event_str(&e, FIELD_MEASURE, "files");
	*event_holder_add(&e) = (struct event_holder){.have = HOLDER_PID | HOLDER_HELD,
						      .pid = 812,
						      .held = 29000,
						      .comm = "nginx",
						      .kind = "TCP sockets in CLOSE_WAIT",
						      .object = "local port 80"};
	*event_holder_add(&e) = (struct event_holder){.have = HOLDER_PID | HOLDER_HELD,
						      .pid = 812,
						      .held = 3,
						      .comm = "nginx",
						      .kind = "pipes"};
	event_str(&e, FIELD_SAYS, "It leaks.");
	assert_string_equal(formatted(false, false),
			    "00:00:00.000   (follow-up) nofile: held by nginx[812] 29,000 TCP "
			    "sockets in CLOSE_WAIT (local port 80); 3 pipes\n    It leaks.\n");
	event_init(&e, EVENT_FOLLOWUP);
	event_int(&e, FIELD_TIME, 0);
	event_str(&e, FIELD_RESOURCE, "memory");
	event_str(&e, FIELD_MEASURE, "bytes");
	*event_holder_add(&e) =
		(struct event_holder){.have = HOLDER_HELD, .held = 1 << 20, .cgroup = "/a"};
	*event_holder_add(&e) = (struct event_holder){.have = HOLDER_UID | HOLDER_HELD |
							      HOLDER_LAST_PID | HOLDER_DEAD,
						      .uid = 26,
						      .held = 4096,
						      .last_pid = 7,
						      .dead = true};
	event_int(&e, FIELD_HOLDERS_TOTAL, 5);
	event_bool(&e, FIELD_HOLDERS_INCOMPLETE, true);
	assert_string_equal(
		formatted(false, false),
		"00:00:00.000   (follow-up) memory: held by /a 1.0 MiB; uid 26 4.0 KiB, "
		"last used by pid 7, last users gone and 3 more (incomplete)\n");
}

/* No name drives a terminal, whichever field it is in; and the text ends, however long. */
static void text_hostile(void **state _unused_)
{
	static const char bad[] = "a\033[2J\r\n\x07\x7f\xc2\x9b"
				  "1m\xff\xe2\x80\xae";
	static char big[8000];
	uint32_t code;

	for (size_t i = 0; i < sizeof(big) - 1; i++)
		big[i] = bad[i % (sizeof(bad) - 1)];
	for (int kind = EVENT_STARTED; kind < EVENT_KINDS; kind++) {
		event_init(&e, kind);
		for (int f = FIELD_EVENT + 1; f < FIELDS; f++)
			if (field_defs[f].type == TYPE_STR)
				event_static(&e, f, kind % 2 ? bad : big);
		for (int i = 0; i < EVENT_MOVED_MAX; i++)
			*event_moved_add(&e) = (struct event_moved){
				.source = bad, .owner = big, .resource = bad, .have = ~0u};
		for (int i = 0; i < EVENT_HOLDER_MAX; i++)
			*event_holder_add(&e) = (struct event_holder){.comm = bad,
								      .kind = bad,
								      .cgroup = bad,
								      .object = big,
								      .have = ~0u};
		formatted(false, true);
		for (const char *s = text; *s;) {
			size_t len = utf8_next(s, strlen(s), &code);

			assert_true(len > 0);
			assert_true(code == '\n' || !utf8_is_control(code));
			assert_int_not_equal(code, 0x202e);
			s += len;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_refused),    cmocka_unit_test(text_killed),
		cmocka_unit_test(text_others),     cmocka_unit_test(text_hostile),
		cmocka_unit_test(text_holders_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
