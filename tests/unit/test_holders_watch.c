/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_holders_watch.c - which events are looked at and how often, what joins
 * another followup, and that the process that looks can die or be slow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../../user/holders_watch.h"
#include "holders_fixture.h"

static struct event e, told;
static unsigned int n_told;

static void emit(void *arg _unused_, struct event *from)
{
	n_told++;
	told = *from; /* its strings lie in *from's pool, which stays until the next */
}

static void refused(const char *resource, int64_t pid, const char *comm)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_COMM, comm);
	event_str(&e, FIELD_CGROUP, "/a");
	event_int(&e, FIELD_PID, pid);
	event_int(&e, FIELD_UID, getuid());
}

/* Runs it until so many are told, and a moment longer for one too many. */
static void settle(struct holders_watch *w, uint64_t now, unsigned int want)
{
	struct pollfd p = {.events = POLLIN};

	do {
		p.fd = holders_watch_fd(w);
		if (poll(&p, 1, n_told < want ? 5000 : 80) <= 0)
			return;
		holders_watch_run(w, now, emit, NULL);
	} while (p.fd >= 0);
}

static void ask_of(struct holders_watch *w, int64_t pid, const char *comm, int64_t seq,
		   uint64_t now, unsigned int want)
{
	n_told = 0;
	refused("nofile", pid, comm);
	holders_watch_event(w, &e, seq, now);
	settle(w, now, want);
	assert_int_equal(n_told, want);
}

static struct holders_watch *begin(uint64_t join_ms)
{
	for (int pid = 5; pid < 9; pid++) {
		put_proc(pid, "x", 0, 1, 'S', 1, 1);
		put_link("pipe:[1]", "proc/%d/fd/0", pid);
	}
	return holders_watch_new(fixture, 4096, join_ms);
}

static void once_per_limit(void **state _unused_)
{
	struct holders_watch *w = begin(0);

	ask_of(w, 5, "x", 1, 100000, 1);
	assert_int_equal(event_num(&told, FIELD_OF_SEQ), 1);
	assert_string_equal(event_text(&told, FIELD_RESOURCE), "nofile");
	assert_int_equal(told.n_holders, 1);
	assert_int_equal(told.holders[0].pid, 5);
	ask_of(w, 5, "x", 2, 100010, 0); /* the same limit */
	ask_of(w, 6, "x", 3, 100900, 0); /* the same program, no pause */
	ask_of(w, 6, "x", 4, 101800, 0);
	ask_of(w, 7, "y", 5, 101800, 1); /* another program */
	ask_of(w, 6, "x", 6, 105000, 1); /* quiet for three seconds */
	ask_of(w, 5, "x", 7, 109000, 0); /* 10 s since it was looked at? no */
	ask_of(w, 5, "x", 8, 112100, 1);
	ask_of(w, 404, "z", 9, 112100, 0); /* it has gone: nothing is told */
	ask_of(w, 8, "z", 10, 112101, 1);  /* and the next of its program is looked at */
	ask_of(w, 8, "v", 0, 120000, 0);   /* written nowhere */
	n_told = 0;
	refused("nofile", 404, "q"); /* gone; while that is found out another one comes */
	holders_watch_event(w, &e, 21, 130000);
	refused("nofile", 6, "q");
	holders_watch_event(w, &e, 22, 130000);
	settle(w, 130000, 1);
	assert_int_equal(n_told, 1);
	assert_int_equal(event_num(&told, FIELD_OF_SEQ), 22);
	holders_watch_free(w);
}

static void storm(void **state _unused_)
{
	struct holders_watch *w = begin(0);

	n_told = 0;
	for (int i = 0; i < 20000; i++) {
		refused("nofile", 5 + i % 4, "x");
		holders_watch_event(w, &e, i + 1, 100000 + (uint64_t)i / 10);
	}
	settle(w, 102000, 1);
	assert_int_equal(n_told, 1);
	refused("file-max", 6, "x"); /* everybody's: but not now */
	holders_watch_event(w, &e, 20001, 101999);
	settle(w, 102000, 2);
	assert_int_equal(n_told, 2);
	assert_int_equal(event_num(&told, FIELD_OF_SEQ), 20001);
	assert_true(event_num(&told, FIELD_HOLDERS_INCOMPLETE));
	assert_int_equal(told.n_holders, 1);
	assert_int_equal(told.holders[0].pid, 6);
	holders_watch_free(w);
}

/* Asks and takes the answer, which then waits for rows. */
static void answered(struct holders_watch *w, int64_t pid, const char *comm, int64_t seq,
		     uint64_t now)
{
	struct pollfd p = {.fd = holders_watch_fd(w), .events = POLLIN};

	n_told = 0;
	refused("nofile", pid, comm);
	holders_watch_event(w, &e, seq, now);
	assert_int_equal(poll(&p, 1, 5000), 1);
	holders_watch_run(w, now, emit, NULL);
	assert_int_equal(n_told, 0);
}

static void joins(void **state _unused_)
{
	struct holders_watch *w = begin(200);
	static struct event rows;

	answered(w, 5, "x", 11, 100000); /* found, but rows may come */
	assert_int_equal(holders_watch_due(w), 100200);
	event_init(&rows, EVENT_FOLLOWUP);
	event_int(&rows, FIELD_OF_SEQ, 12);
	holders_watch_join(w, &rows);
	assert_int_equal(rows.n_holders, 0); /* another event's */
	event_int(&rows, FIELD_OF_SEQ, 11);
	holders_watch_join(w, &rows);
	assert_int_equal(rows.n_holders, 1);
	holders_watch_run(w, 100300, emit, NULL);
	assert_int_equal(n_told, 0); /* not twice */
	assert_int_equal(holders_watch_due(w), UINT64_MAX);

	answered(w, 6, "y", 13, 100000);
	holders_watch_run(w, 100199, emit, NULL);
	assert_int_equal(n_told, 0);
	holders_watch_run(w, 100200, emit, NULL);
	assert_int_equal(n_told, 1);
	answered(w, 7, "z", 14, 100300);
	holders_watch_flush(w, 100301, emit, NULL); /* the end: at once */
	assert_int_equal(n_told, 1);
	holders_watch_free(w);
}

static int64_t child_of_me(void)
{
	char path[64], text[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strtoll(text, NULL, 10);
}

/* It is killed: the next event is looked at by another. */
static void helper_dies(void **state _unused_)
{
	struct holders_watch *w = begin(0);
	int64_t pid = child_of_me();

	if (pid <= 0) {
		holders_watch_free(w);
		skip();
	}
	kill((pid_t)pid, SIGSTOP); /* stuck */
	ask_of(w, 5, "x", 1, 100000, 0);
	assert_int_equal(holders_watch_due(w), 100000 + HOLDERS_DEADLINE_MS + 1000);
	holders_watch_run(w, 103000, emit, NULL);
	assert_int_equal(holders_watch_fd(w), -1);
	assert_int_equal(holders_watch_unanswered(w), 1);
	ask_of(w, 6, "y", 2, 104000, 1);
	pid = child_of_me();
	kill((pid_t)pid, SIGKILL);
	ask_of(w, 7, "z", 3, 105000, 0);
	ask_of(w, 8, "v", 4, 106000, 1);
	assert_int_equal(holders_watch_unanswered(w), 2);
	assert_int_equal(holders_watch_skipped(w), 0);
	holders_watch_free(w);
	assert_int_equal(child_of_me(), 0);
}

/* The run ends while one is looked at and others wait: none of them is lost in silence. */
static void ends_early(void **state _unused_)
{
	struct holders_watch *w = begin(0);
	int64_t pid = child_of_me();

	if (pid <= 0) {
		holders_watch_free(w);
		skip();
	}
	kill((pid_t)pid, SIGSTOP);
	n_told = 0;
	for (int i = 5; i < 8; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), "c%d", i);
		refused("nofile", i, comm);
		holders_watch_event(w, &e, i, 100000);
	}
	holders_watch_flush(w, 100001, emit, NULL);
	assert_int_equal(n_told, 0);
	assert_int_equal(holders_watch_unanswered(w), 1);
	assert_int_equal(holders_watch_skipped(w), 2);
	holders_watch_free(w);
}

static void nobody(void **state _unused_)
{
	refused("nofile", 5, "x");
	assert_int_equal(holders_watch_fd(NULL), -1);
	holders_watch_event(NULL, &e, 1, 1);
	holders_watch_run(NULL, 1, emit, NULL);
	holders_watch_flush(NULL, 1, emit, NULL);
	holders_watch_join(NULL, &e);
	assert_int_equal(holders_watch_due(NULL), UINT64_MAX);
	holders_watch_free(NULL);
}

/* The real procfs: this process's own pipes, inotify watches and mappings. */
static void really(void **state _unused_)
{
	struct holders_watch *w = holders_watch_new(NULL, 4096, 0);
	int fd = inotify_init1(IN_CLOEXEC), pipes[80][2], pair[2];

	n_told = 0;
	for (int i = 0; i < 80; i++)
		assert_int_equal(pipe(pipes[i]), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	refused("nofile", getpid(), "me");
	holders_watch_event(w, &e, 1, 1000);
	settle(w, 1000, 1);
	assert_int_equal(n_told, 1);
	assert_string_equal(told.holders[0].kind, "pipes");
	assert_true(told.holders[0].held >= 160);
	for (unsigned int i = 0; i < told.n_holders; i++)
		if (util_streq(told.holders[i].kind, "unix sockets"))
			n_told++;
	assert_int_equal(n_told, 2); /* sockets are found in the tables of its namespace */

	assert_true(inotify_add_watch(fd, "/tmp", IN_CREATE) >= 0);
	assert_true(inotify_add_watch(fd, "/proc", IN_CREATE) >= 0);
	refused("inotify-watches", getpid(), "me");
	holders_watch_event(w, &e, 2, 3000);
	settle(w, 3000, 3);
	assert_int_equal(n_told, 3);
	for (unsigned int i = 0; i < told.n_holders; i++)
		if (told.holders[i].pid == getpid())
			assert_int_equal(told.holders[i].held, 2);
	refused("map-count", getpid(), "me");
	holders_watch_event(w, &e, 3, 3000);
	settle(w, 3000, 4);
	assert_int_equal(n_told, 4);
	assert_true(told.n_holders > 1);
	for (int i = 0; i < 80; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	close(pair[0]);
	close(pair[1]);
	close(fd);
	holders_watch_free(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(once_per_limit), TEST(storm),  TEST(joins),  TEST(helper_dies),
		TEST(ends_early),     TEST(nobody), TEST(really),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
