// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.c - fills a store through its own interface, as record does, with what
 * a month of a busy host could look like: bursts of refusals of one process,
 * some of them folded, now and then an OOM kill.
 *   store FILE EVENTS     prints: events, seconds, events a second, processor time of one
 *   store FILE -          JSON lines of standard input: how the fixtures were made
 */
#include <time.h>

#include "../../user/json_read.h"
#include "../../user/store.h"

#define BURST 100
#define BATCH 5000
#define MONTH_NS (30 * 86400 * 1000000000LL)

static double seconds(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void who(struct event *e, uint64_t burst)
{
	static const char *const comm[] = {"nginx", "postgres", "java", "php-fpm", "redis-server",
					   "sshd",  "cron",     "node", "python3", "mariadbd"};
	uint64_t program = burst % 10, pid = 1000 + burst * 7 % 4000000;

	event_int(e, FIELD_PID, (int64_t)pid);
	event_int(e, FIELD_TID, (int64_t)pid);
	event_int(e, FIELD_PPID, 1);
	event_int(e, FIELD_UID, (int64_t)(program * 11));
	event_int(e, FIELD_STARTED_AT, 1760000000000000000LL + (int64_t)burst);
	event_static(e, FIELD_COMM, comm[program]);
	event_static(e, FIELD_PARENT_COMM, "systemd");
	event_fmt(e, FIELD_EXE, "/usr/sbin/%s", comm[program]);
	event_fmt(e, FIELD_CGROUP, "/system.slice/%s.service", comm[program]);
	event_int(e, FIELD_CGROUP_ID, 71183);
	event_fmt(e, FIELD_SYSTEMD_UNIT, "%s.service", comm[program]);
}

static void refused(struct event *e, uint64_t n)
{
	static const char *const resource[] = {"nofile", "pids", "semmni", "map-count", "disk"};
	static const char *const error[] = {"EMFILE", "EAGAIN", "ENOSPC", "ENOMEM", "ENOSPC"};
	uint64_t r = n / BURST % 5;

	event_init(e, EVENT_REFUSED);
	event_static(e, FIELD_RESOURCE, resource[r]);
	event_static(e, FIELD_ERRNO, error[r]);
	event_static(e, FIELD_SYSCALL, "openat");
	who(e, n / BURST);
	event_static(e, FIELD_LIMIT_NAME, "RLIMIT_NOFILE");
	event_int(e, FIELD_HELD, 1024);
	event_int(e, FIELD_LIMIT, 1024);
	event_int(e, FIELD_LIMIT_HARD, 524288);
	event_static(e, FIELD_MEASURE, "files");
	event_bool(e, FIELD_CERTAIN, true);
	event_static(e, FIELD_BACKEND, "fexit");
	if (n % BURST > 8)
		event_int(e, FIELD_COUNT, (int64_t)(n % 977));
	event_fmt(e, FIELD_SAYS,
		  "%s (pid %lld) could not open a file because it had 1024 files open (sockets "
		  "and pipes are files too) and its limit (RLIMIT_NOFILE, \"ulimit -n\") is 1024.",
		  e->str[FIELD_COMM], (long long)e->num[FIELD_PID]);
	event_fmt(e, FIELD_FIX, "prlimit --pid %lld --nofile=2048:524288",
		  (long long)e->num[FIELD_PID]);
}

static void killed(struct event *e, uint64_t n)
{
	event_init(e, EVENT_KILLED);
	event_static(e, FIELD_CAUSE, "oom-memcg");
	event_static(e, FIELD_RESOURCE, "memory");
	who(e, n / BURST);
	event_static(e, FIELD_SIGNAL, "SIGKILL");
	event_fmt(e, FIELD_MEMCG, "%s", e->str[FIELD_CGROUP]);
	event_int(e, FIELD_RSS_ANON, 1073741824);
	event_static(e, FIELD_SAYS, "The kernel killed it because its control group was full.");
	event_static(e, FIELD_FIX, "systemctl set-property x.service MemoryMax=2G");
}

static void common(struct event *e, int64_t time, uint64_t seq)
{
	event_int(e, FIELD_TIME, time);
	event_int(e, FIELD_UPTIME_US, time / 1000 % 10000000000);
	event_static(e, FIELD_BOOT_ID, "aae695b9-ad9c-4c40-bb11-7a829e47348f");
	event_static(e, FIELD_RUN, "a9b181f1c200c5c0");
	event_int(e, FIELD_SEQ, (int64_t)seq);
	event_static(e, FIELD_HOST, "bench");
}

static int fill(struct store *s, uint64_t n)
{
	static struct event e;
	struct timespec now;
	int64_t begin;
	int err;

	clock_gettime(CLOCK_REALTIME, &now);
	begin = now.tv_sec * 1000000000LL - MONTH_NS;
	event_init(&e, EVENT_STARTED);
	common(&e, begin, 0);
	err = store_add(s, &e, NULL, 0);
	for (uint64_t i = 0; !err && i < n; i++) {
		i % 10007 == 10006 ? killed(&e, i) : refused(&e, i);
		common(&e, begin + (int64_t)((double)MONTH_NS / (double)n * (double)i), i + 1);
		err = store_add(s, &e, NULL, 0);
		if (!err && i % BATCH == BATCH - 1)
			err = store_commit(s, false);
	}
	return err ? err : store_commit(s, true);
}

/* The lines, and the samples of one row that fills up. */
static int fill_lines(struct store *s)
{
	struct counter_row row = {.source = COUNTER_CGROUP2,
				  .have = COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT,
				  .name = "memory",
				  .unit = "bytes",
				  .limit = 512 << 20};
	char *owner = "cgroup:/system.slice/shop.service";
	struct counter_table t = {.rows = &row, .n_rows = 1, .owners = &owner, .n_owners = 1};
	static struct event e;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int err = 0;

	while (!err && (n = getline(&line, &size, stdin)) > 0) {
		if (json_read_event(&e, line, (size_t)n) < 0)
			return -EBADMSG;
		err = store_add(s, &e, line, (size_t)n);
		if (!err)
			err = store_commit(s, true);
		row.held += 64 << 20;
		row.failcnt = row.held > row.limit;
		if (!err && event_has(&e, FIELD_TIME))
			err = store_sample(s, &t, e.num[FIELD_TIME] - 30000000000);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct store *s = NULL;
	uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	int err;

	bool lines = argc == 3 && util_streq(argv[2], "-");

	if (n == 0 && !lines) {
		fprintf(stderr, "usage: store FILE EVENTS\n");
		return 2;
	}
	err = store_open(&s, argv[1], STORE_WRITE);
	if (!err)
		err = lines ? fill_lines(s) : fill(s, n);
	if (err) {
		fprintf(stderr, "store: %s\n", s ? store_why(s) : strerror(-err));
		return 1;
	}
	store_close(s);
	if (lines)
		return 0;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%llu events in %.1f s: %.0f a second, %.1f us of processor time each\n",
	       (unsigned long long)n, wall, (double)n / wall, cpu / (double)n * 1e6);
	return 0;
}
