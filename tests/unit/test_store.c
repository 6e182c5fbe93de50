/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/store*.c user/incident.c user/json*.c user/field.c user/when.c ; libs: -lsqlite3 */
/*
 * test_store.c - what goes in comes out, also after the writer was gone; what
 * cannot be written waits; what is too much goes, oldest first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/store.h"

#define SECOND 1000000000LL
#define T0 (1700000000 * SECOND)

static char dir[] = "/tmp/failcnt-test-store-XXXXXX";
static char path[64];
static struct store *s;
static struct event e;

static int setup_group(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown_group(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/f.db", dir);
	return store_open(&s, path, STORE_WRITE);
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char file[80];

	(void)state;
	store_close(s);
	s = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
	return 0;
}

static void add(const char *resource, int64_t pid, double at)
{
	event_init(&e, EVENT_REFUSED);
	event_int(&e, FIELD_TIME, T0 + (int64_t)(at * SECOND));
	event_static(&e, FIELD_RUN, "r1");
	event_static(&e, FIELD_RESOURCE, resource);
	event_static(&e, FIELD_ERRNO, "EMFILE");
	event_int(&e, FIELD_PID, pid);
	event_int(&e, FIELD_STARTED_AT, T0 - pid);
	event_fmt(&e, FIELD_COMM, "p%lld", (long long)pid);
	event_static(&e, FIELD_CGROUP, "/a");
	assert_int_equal(store_add(s, &e, NULL, 0), 0);
}

static void commit(void)
{
	if (store_commit(s, false) != 0)
		fail_msg("%s", store_why(s));
	assert_int_equal(store_pending(s), 0);
}

static int count_incident(void *arg, const struct incident *i)
{
	(void)i;
	++*(uint64_t *)arg;
	return 0;
}

static uint64_t incidents(struct store *of)
{
	struct store_query q = {};
	uint64_t n = 0;

	assert_int_equal(store_each_incident(of, &q, count_incident, &n), 0);
	return n;
}

static int count_event(void *arg, const struct event *got, int64_t incident)
{
	(void)got;
	(void)incident;
	++*(uint64_t *)arg;
	return 0;
}

static uint64_t events(struct store *of)
{
	struct store_query q = {};
	uint64_t n = 0;

	assert_int_equal(store_each_event(of, &q, count_event, &n), 0);
	return n;
}

static int keep_incident(void *arg, const struct incident *i)
{
	struct incident *into = arg;

	*into = *i;
	into->verdict = NULL;
	return 0;
}

static void reopen(void)
{
	store_close(s);
	assert_int_equal(store_open(&s, path, STORE_WRITE), 0);
}

static void in_and_out(void **state)
{
	struct store_query q = {};
	struct store *reader = NULL;
	struct incident i = {};
	struct stat st;

	(void)state;
	add("nofile", 10, 0);
	assert_int_equal(store_pending(s), 1);
	assert_int_equal(events(s), 0);
	commit();
	add("nofile", 10, 1);
	event_int(&e, FIELD_COUNT, 99);
	event_int(&e, FIELD_FIRST, T0 + SECOND);
	assert_int_equal(store_add(s, &e, NULL, 0), 0);
	commit();
	assert_int_equal(store_open(&reader, path, STORE_READ), 0); /* beside the writer */
	assert_int_equal(events(reader), 3);
	assert_int_equal(store_each_incident(reader, &q, keep_incident, &i), 0);
	store_close(reader);
	assert_int_equal(i.id, 1);
	assert_int_equal(i.refused, 101);
	assert_int_equal(i.events, 3);
	assert_int_equal(i.processes, 1);
	assert_int_equal(i.last - i.first, SECOND);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

/* The next writer goes on with the incidents of the last, and its numbers. */
static void goes_on(void **state)
{
	(void)state;
	add("nofile", 10, 0);
	add("nofile", 20, 1);
	reopen();
	add("nofile", 10, 30);
	commit();
	assert_int_equal(incidents(s), 2);
	add("nofile", 10, 100);
	reopen();
	assert_int_equal(incidents(s), 3);
	assert_int_equal(events(s), 4);
}

static void one_writer(void **state)
{
	struct store *second = NULL;

	(void)state;
	assert_int_equal(store_open(&second, path, STORE_WRITE), -EBUSY);
	assert_non_null(strstr(store_why(second), "another failcnt records"));
	store_close(second);
}

/* Removed, what follows goes into a new file; where none can be made it waits, with a limit. */
static void waits(void **state)
{
	static char line[4096];
	uint64_t taken = 0;
	int err = 0;

	(void)state;
	add("nofile", 10, 0);
	commit();
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	add("nofile", 10, 1);
	assert_true(store_commit(s, true) < 0);
	assert_non_null(strstr(store_why(s), "is a directory"));
	assert_int_equal(store_pending(s), 1);
	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"schema\":1,\"event\":\"lost\"}", 27);
	while (err == 0 && taken < 10000) {
		err = store_add(s, &e, line, sizeof(line));
		taken += err == 0;
	}
	assert_int_equal(err, -ENOBUFS);
	assert_in_range(taken, 4000, 4100); /* 16 MiB */
	assert_int_equal(rmdir(path), 0);
	commit();
	assert_int_equal(events(s), 1 + taken);
	assert_int_equal(incidents(s), 1);
}

static int keep_dropped(void *arg, const struct store_dropped *d)
{
	*(struct store_dropped *)arg = *d;
	((struct store_dropped *)arg)->why = NULL;
	return 0;
}

static const struct store_vacuum all;

static int interrupt(void *arg, const struct store_dropped *d)
{
	*(uint64_t *)arg = d->events;
	return -EINTR;
}

static void too_much(void **state)
{
	struct store_keep keep = {.max_bytes = 1 << 20};
	struct store_dropped d = {}, said = {};
	struct stat st;
	uint64_t before, first = 0;
	struct store_vacuum early = {.progress = interrupt, .arg = &first};

	(void)state;
	for (int i = 0; i < 4000; i++) {
		add("nofile", 10 + i / 10, i * 10);
		event_fmt(&e, FIELD_SAYS, "%0500d", i);
		assert_int_equal(store_add(s, &e, NULL, 0), 0);
		if (i % 500 == 499)
			commit();
	}
	before = events(s);
	assert_int_equal(before, 8000);
	assert_int_equal(store_vacuum(s, &keep, T0 + 50000 * SECOND, &early, &d), -EINTR);
	assert_true(d.events > 0 && d.events == first);
	assert_int_equal(events(s), before - first);
	assert_int_equal(store_vacuum(s, &keep, T0 + 50000 * SECOND, &all, &d), 0);
	assert_string_equal(d.why, "size");
	d.events += first;
	assert_in_range(d.events, 4000, 7900);
	assert_int_equal(events(s), before - d.events);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 1 << 18, 1 << 20); /* no more than must */
	assert_int_equal(store_each_dropped(s, 0, 0, keep_dropped, &said), 0);
	assert_int_equal(said.events, d.events);
	assert_int_equal(said.until, d.until);
	/* the newest are there, and each incident has its verdict */
	assert_in_range(incidents(s), 2, 200);
	assert_int_equal(store_vacuum(s, &keep, T0 + 50000 * SECOND, &all, &d), 0);
	assert_int_equal(d.events, 0);
}

static void too_old(void **state)
{
	struct store_keep keep = {.max_age_ns = 100 * SECOND};
	struct store_query q = {};
	struct store_dropped d = {};
	struct incident i = {};

	(void)state;
	add("nofile", 10, 0);
	add("semmni", 20, 50); /* goes on: its verdict stays */
	add("semmni", 20, 100);
	add("semmni", 20, 150);
	commit();
	assert_int_equal(store_vacuum(s, &keep, T0 + 210 * SECOND, &all, &d), 0);
	assert_string_equal(d.why, "age");
	assert_int_equal(d.events, 2);
	assert_int_equal(d.incidents, 1);
	assert_int_equal(store_each_incident(s, &q, keep_incident, &i), 0);
	assert_int_equal(i.id, 2);
	assert_int_equal(i.refused, 3); /* it was so often, whatever is left of it */
}

static int count_sample(void *arg, const struct store_sample *r)
{
	struct store_sample *into = arg;

	into->time++;
	into->held = r->held;
	into->limit = r->limit;
	into->have = r->have;
	return 0;
}

static void samples(void **state)
{
	char *owner = "cgroup:/a";
	struct counter_row row = {.source = COUNTER_CGROUP2,
				  .have = COUNTER_HELD | COUNTER_LIMIT,
				  .name = "memory",
				  .unit = "bytes",
				  .held = 1000,
				  .limit = 100000};
	struct counter_table t = {.rows = &row, .n_rows = 1, .owners = &owner, .n_owners = 1};
	struct store_sample seen = {};

	(void)state;
	assert_int_equal(store_sample(s, &t, T0), 0);
	row.held += 10; /* too little to be drawn */
	assert_int_equal(store_sample(s, &t, T0 + SECOND), 0);
	row.held += 2000;
	assert_int_equal(store_sample(s, &t, T0 + 2 * SECOND), 0);
	row.limit = COUNTER_UNLIMITED;
	assert_int_equal(store_sample(s, &t, T0 + 3 * SECOND), 0);
	assert_int_equal(store_each_sample(s, 0, 0, NULL, NULL, count_sample, &seen), 0);
	assert_int_equal(seen.time, 2);
	row.limit = 50000;
	assert_int_equal(store_sample(s, &t, T0 + 4 * SECOND), 0);
	seen.time = 0;
	assert_int_equal(store_each_sample(s, 0, 0, "cgroup:/a", "memory", count_sample, &seen), 0);
	assert_int_equal(seen.time, 3);
	assert_int_equal(seen.held, 3010);
	assert_int_equal(seen.limit, 50000);
	seen.time = 0; /* what held at that time was sampled before it */
	assert_int_equal(store_each_sample(s, T0 + 3 * SECOND, T0 + 3 * SECOND, NULL, NULL,
					   count_sample, &seen),
			 0);
	assert_int_equal(seen.time, 1);
	assert_int_equal(store_each_sample(s, 0, 0, "cgroup:/b", NULL, count_sample, &seen), 0);
	assert_int_equal(seen.time, 1);
}

/* Nothing was refused for months: samples stay within the limits all the same, and series too. */
static void samples_too_old(void **state)
{
	char *owner = "cgroup:/a";
	struct counter_row row = {.source = COUNTER_CGROUP2,
				  .have = COUNTER_HELD | COUNTER_LIMIT,
				  .name = "memory",
				  .unit = "bytes",
				  .limit = 100000};
	struct counter_table t = {.rows = &row, .n_rows = 1, .owners = &owner, .n_owners = 1};
	struct store_keep keep = {.max_age_ns = 100 * SECOND};
	struct store_sample seen = {};
	struct store_dropped d = {};

	(void)state;
	for (int i = 0; i < 200; i++) {
		row.held = (uint64_t)i % 2 * 5000;
		assert_int_equal(store_sample(s, &t, T0 + i * SECOND), 0);
	}
	assert_int_equal(store_vacuum(s, &keep, T0 + 200 * SECOND, &all, &d), 0);
	assert_string_equal(d.why, "age");
	assert_int_equal(d.events, 0);
	assert_in_range(d.samples, 100, 102);
	assert_int_equal(store_each_sample(s, 0, 0, NULL, NULL, count_sample, &seen), 0);
	assert_int_equal(seen.time, 200 - (int64_t)d.samples);
	assert_int_equal(store_vacuum(s, &keep, T0 + 2000 * SECOND, &all, &d), 0);
	seen.time = 0;
	assert_int_equal(store_each_sample(s, 0, 0, NULL, NULL, count_sample, &seen), 0);
	assert_int_equal(seen.time, 0);
	/* its series went with them: it gets another */
	row.held = 20000;
	assert_int_equal(store_sample(s, &t, T0 + 2000 * SECOND), 0);
	assert_int_equal(store_each_sample(s, 0, 0, "cgroup:/a", NULL, count_sample, &seen), 0);
	assert_int_equal(seen.time, 1);
}

static void stream_line(enum event_kind kind, const char *run, double at)
{
	event_init(&e, kind);
	event_int(&e, FIELD_TIME, T0 + (int64_t)(at * SECOND));
	event_str(&e, FIELD_RUN, run);
	assert_int_equal(store_add(s, &e, NULL, 0), 0);
}

static int keep_gap(void *arg, const struct store_gap *g)
{
	struct store_gap **at = arg;

	*(*at)++ = *g;
	return 0;
}

static void gaps(void **state)
{
	struct store_gap found[8], *at = found;

	(void)state;
	stream_line(EVENT_STARTED, "r1", 0);
	add("nofile", 10, 5); /* the last sign of life */
	stream_line(EVENT_STARTED, "r2", 10);
	commit();
	store_alive(s, T0 + 20 * SECOND);
	commit();
	stream_line(EVENT_STARTED, "r3", 30);
	stream_line(EVENT_STOPPED, "r3", 40);
	stream_line(EVENT_STARTED, "r4", 35); /* two at once: no gap between */
	stream_line(EVENT_STOPPED, "r4", 50);
	commit();
	assert_int_equal(store_each_gap(s, 0, 0, keep_gap, &at), 0);
	assert_int_equal(at - found, 3);
	assert_int_equal(found[0].from, T0 + 5 * SECOND);
	assert_int_equal(found[0].to, T0 + 10 * SECOND);
	assert_false(found[0].stopped);
	assert_int_equal(found[1].from, T0 + 20 * SECOND);
	assert_int_equal(found[1].to, T0 + 30 * SECOND);
	assert_int_equal(found[2].from, T0 + 50 * SECOND);
	assert_int_equal(found[2].to, 0);
	assert_true(found[2].stopped);
}

struct top {
	char name[4][32];
	uint64_t refused[4];
	unsigned int n;
};

static int keep_top(void *arg, const char *name, uint64_t refused, uint64_t killed)
{
	struct top *top = arg;

	(void)killed;
	assert_true(top->n < 4);
	util_strlcpy(top->name[top->n], name, sizeof(top->name[0]));
	top->refused[top->n++] = refused;
	return 0;
}

static void top(void **state)
{
	struct store_query q = {.most = 2};
	struct top got = {};
	int64_t first, last;

	(void)state;
	assert_int_equal(store_span(s, &first, &last), -ENODATA);
	for (int i = 0; i < 6; i++)
		add(i < 3 ? "nofile" : i < 5 ? "semmni" : "pids", 10, i);
	commit();
	assert_int_equal(store_each_top(s, &q, FIELD_RESOURCE, keep_top, &got), 0);
	assert_int_equal(got.n, 2);
	assert_string_equal(got.name[0], "nofile");
	assert_int_equal(got.refused[0], 3);
	assert_string_equal(got.name[1], "semmni");
	assert_int_equal(store_span(s, &first, &last), 0);
	assert_int_equal(first, T0);
	assert_int_equal(last, T0 + 5 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_and_out, setup, teardown),
		cmocka_unit_test_setup_teardown(goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(one_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(waits, setup, teardown),
		cmocka_unit_test_setup_teardown(too_much, setup, teardown),
		cmocka_unit_test_setup_teardown(too_old, setup, teardown),
		cmocka_unit_test_setup_teardown(samples, setup, teardown),
		cmocka_unit_test_setup_teardown(samples_too_old, setup, teardown),
		cmocka_unit_test_setup_teardown(gaps, setup, teardown),
		cmocka_unit_test_setup_teardown(top, setup, teardown),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
