/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/sink.c user/sink_text.c user/sink_text_part.c user/sink_json.c user/json.c
 * user/field.c ; libs: */
/*
 * test_sink.c - whole lines, in order, onto descriptors that are slow, full or
 * gone.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "../../user/sink_priv.h"

static struct event e;
static char text[SINK_BUFFER + 1];
static char dir[] = "/tmp/test_sink.XXXXXX", path[64];

static struct event *refused(void)
{
	event_init(&e, EVENT_REFUSED);
	event_int(&e, FIELD_TIME, 1763789593481000000);
	event_str(&e, FIELD_RESOURCE, "nofile");
	event_str(&e, FIELD_ERRNO, "EMFILE");
	event_str(&e, FIELD_SYSCALL, "accept4");
	event_int(&e, FIELD_PID, 3813);
	event_str(&e, FIELD_COMM, "nginx");
	return &e;
}

static size_t read_file(const char *name)
{
	int fd = open(name, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	close(fd);
	text[n] = '\0';
	return (size_t)n;
}

static void numbering_and_reopen(void **state _unused_)
{
	char moved[80];
	struct sink *s;
	struct stat st;
	int64_t seq = 0;

	umask(0);
	assert_int_equal(sink_open(&s, SINK_JSON, path, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(sink_write(s, refused(), &seq), 0);
	assert_int_equal(seq, 1);
	snprintf(moved, sizeof(moved), "%s.1", path);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(sink_write(s, &e, &seq), 0);
	assert_int_equal(sink_reopen(s), 0);
	assert_int_equal(sink_write(s, &e, &seq), 0);
	assert_int_equal(seq, 3);
	read_file(moved);
	assert_non_null(strstr(text, "\"seq\":1,"));
	assert_non_null(strstr(text, "\"seq\":2,"));
	read_file(path);
	assert_non_null(strstr(text, "\"seq\":3,"));
	assert_null(strstr(text, "\"seq\":2,"));
	assert_int_equal(sink_lost(s), 0);
	sink_free(s);
	sink_free(NULL);
	unlink(moved);
	unlink(path);
	assert_int_equal(sink_open(&s, SINK_JSON, "/nonexistent/x", NULL), -ENOENT);
	assert_int_equal(sink_new(&s, SINK_JSON, -1, NULL), -EINVAL);
}

/* A file that cannot grow stands in for a full disk: the write is short, then refused. */
static void full_file(void **state _unused_)
{
	struct rlimit old, small;
	struct sink *s;
	int64_t seq = 0;
	size_t one;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(sink_open(&s, SINK_JSON, path, NULL), 0);
	assert_int_equal(sink_write(s, refused(), &seq), 0);
	one = read_file(path);
	small = (struct rlimit){one + 10, old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(sink_write(s, &e, &seq), -EFBIG);
	assert_int_equal(seq, 1); /* untouched */
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(read_file(path), one); /* taken back */
	assert_int_equal(sink_lost(s), 1);
	assert_int_equal(sink_write(s, &e, &seq), 0);
	assert_int_equal(seq, 3);
	assert_int_equal(read_file(path), 2 * one);
	sink_free(s);
	unlink(path);
}

/* The same onto a descriptor of the caller, which is not ours to shorten. */
static void full_foreign_file(void **state _unused_)
{
	struct rlimit old, small;
	struct sink *s;
	size_t one;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	getrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(sink_new(&s, SINK_JSON, fd, NULL), 0);
	assert_int_equal(sink_reopen(s), 0);
	assert_int_equal(sink_write(s, refused(), NULL), 0);
	one = read_file(path);
	small = (struct rlimit){one + 10, old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(sink_write(s, &e, NULL), -EFBIG);
	assert_int_equal(sink_write(s, &e, NULL), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(sink_write(s, &e, NULL), 0);
	assert_int_equal(sink_write(s, &e, NULL), 0);
	assert_int_equal(read_file(path), one + 10 + 1 + 2 * one);
	assert_int_equal(text[one + 10], '\n');
	assert_int_equal(text[one + 11], '{');
	assert_int_equal(text[2 * one + 11], '{');
	sink_free(s);
	assert_int_equal(fcntl(fd, F_GETFD), 0); /* still the caller's */
	close(fd);

	/* A program that died while it wrote: its half line is ended first. */
	truncate(path, (off_t)one + 10);
	assert_int_equal(sink_open(&s, SINK_JSON, path, NULL), 0);
	small = (struct rlimit){one + 20, old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(sink_write(s, &e, NULL), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(sink_write(s, &e, NULL), 0);
	assert_int_equal(read_file(path), one + 10 + 1 + one);
	assert_int_equal(text[one + 10], '\n');
	assert_int_equal(text[one + 11], '{');
	sink_free(s);
	unlink(path);
}

static void full_device(void **state _unused_)
{
	int fd = open("/dev/full", O_WRONLY);
	struct sink *s;

	assert_int_equal(sink_new(&s, SINK_TEXT, fd, NULL), 0);
	assert_int_equal(sink_write(s, refused(), NULL), -ENOSPC);
	assert_int_equal(sink_lost(s), 1);
	sink_free(s);
	close(fd);
}

static void reader_gone(void **state _unused_)
{
	struct sink *s;
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(sink_new(&s, SINK_JSON, p[1], NULL), 0);
	close(p[0]);
	assert_int_equal(sink_write(s, refused(), NULL), -EPIPE);
	sink_free(s);
	close(p[1]);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A reader that stands still costs one second once, not one for every event. */
static void reader_stalled(void **state _unused_)
{
	uint64_t written = 0, lines = 0;
	struct sink *s;
	double begin;
	ssize_t n;
	int p[2];

	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(sink_new(&s, SINK_JSON, p[1], NULL), 0);
	while (sink_write(s, refused(), NULL) == 0)
		written++;
	begin = seconds();
	for (int i = 0; i < 50; i++)
		assert_int_equal(sink_write(s, &e, NULL), -EAGAIN);
	assert_true(seconds() - begin < 0.5);
	assert_int_equal(sink_lost(s), 51);
	while ((n = read(p[0], text, 1000)) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += text[i] == '\n';
	assert_int_equal(lines, written);
	assert_int_equal(sink_write(s, &e, NULL), 0); /* it reads again */
	n = read(p[0], text, sizeof(text) - 1);
	assert_true(n > 1);
	text[n] = '\0';
	assert_non_null(strstr(text, "\n{") ?: (*text == '{' ? text : NULL));
	sink_free(s);
	close(p[0]);
	close(p[1]);
}

static void *slow_reader(void *arg)
{
	char buf[701];
	size_t *total = arg;
	ssize_t n;

	while ((n = read((int)total[0], buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			total[1] += buf[i] == '\n';
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	return NULL;
}

static void on_alarm(int sig _unused_)
{
}

/* Short writes, a full pipe and signals in between: every line arrives. */
static void reader_slow(void **state _unused_)
{
	struct sigaction act = {.sa_handler = on_alarm};
	static char says[5000];
	size_t total[2] = {0};
	pthread_t reader;
	struct sink *s;
	timer_t timer;
	int p[2];

	memset(says, 's', sizeof(says) - 1);
	for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
		assert_int_equal(pipe(p), 0);
		fcntl(p[1], F_SETFL, flags);
		fcntl(p[1], F_SETPIPE_SZ, 4096);
		sigaction(SIGALRM, &act, NULL); /* no SA_RESTART: writes end with EINTR */
		timer_create(CLOCK_MONOTONIC, NULL, &timer);
		timer_settime(timer, 0, &(struct itimerspec){{0, 3000000}, {0, 3000000}}, NULL);
		total[0] = (size_t)p[0];
		total[1] = 0;
		pthread_create(&reader, NULL, slow_reader, total);
		assert_int_equal(sink_new(&s, SINK_JSON, p[1], NULL), 0);
		refused();
		event_static(&e, FIELD_SAYS, says);
		for (int i = 0; i < 200; i++)
			assert_int_equal(sink_write(s, &e, NULL), 0);
		close(p[1]);
		timer_delete(timer);
		assert_int_equal(sink_lost(s), 0);
		sink_free(s); /* the sink has the pipe open too: only now does it end for the reader
			       */
		pthread_join(reader, NULL);
		assert_int_equal(total[1], 200);
		close(p[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbering_and_reopen), cmocka_unit_test(full_file),
		cmocka_unit_test(full_foreign_file),    cmocka_unit_test(full_device),
		cmocka_unit_test(reader_gone),          cmocka_unit_test(reader_stalled),
		cmocka_unit_test(reader_slow),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/out.json", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
