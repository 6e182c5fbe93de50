// SPDX-License-Identifier: GPL-2.0-only
/*
 * latency.c - how long it takes from a refusal to its line.
 *
 *   latency [-n REFUSALS] [-g GAP_MS] FAILCNT BACKEND
 *
 * One process after the other is refused a descriptor, GAP_MS apart, for repeats of one process are
 * counted and not told at once. The event's own uptime_us, which the kernel's program took, is
 * subtracted from the time when the end of its line was read from the pipe. Prints one line for
 * each: name and number, in microseconds: median, p99, max; and how many of how many were seen.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 10000
#define LAST_MS 2000 /* after the last refusal */

static pid_t watcher;
static int lines;
static long taken[MOST];
static int n_taken, wanted = 200, gap_ms = 10;

static void fail(const char *what)
{
	fprintf(stderr, "latency: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static void start(const char *failcnt, const char *backend)
{
	char option[64];
	int fds[2];

	snprintf(option, sizeof(option), "--backend=%s", backend);
	if (pipe(fds) < 0)
		fail("pipe");
	watcher = fork();
	if (watcher == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(failcnt, failcnt, "watch", "--json", "--quiet", "--name=latency", option,
		      NULL);
		_exit(127);
	}
	close(fds[1]);
	lines = fds[0];
	if (watcher < 0)
		fail(failcnt);
}

/* Whole lines of what has come; true once one of them has this text. */
static int take(const char *text)
{
	static char buf[1 << 16];
	static size_t have;
	ssize_t n = read(lines, buf + have, sizeof(buf) - 1 - have);
	long now = now_us(CLOCK_BOOTTIME);
	int found = 0;
	char *end;

	if (n <= 0)
		fail("the watcher ended");
	have += (size_t)n;
	buf[have] = '\0';
	while ((end = strchr(buf, '\n'))) {
		const char *at = strstr(buf, "\"uptime_us\":");

		*end = '\0';
		found |= strstr(buf, text) != NULL;
		if (strstr(buf, "\"event\":\"refused\"") && !strstr(buf, "\"count\":") && at &&
		    n_taken < MOST)
			taken[n_taken++] = now - strtol(at + 12, NULL, 10);
		have -= (size_t)(end + 1 - buf);
		memmove(buf, end + 1, have + 1);
	}
	return found;
}

static void listen_for(int ms)
{
	long until = now_us(CLOCK_MONOTONIC) + ms * 1000L, left;
	struct pollfd p = {.fd = lines, .events = POLLIN};

	while ((left = until - now_us(CLOCK_MONOTONIC)) > 0 && n_taken < wanted)
		if (poll(&p, 1, (int)(left / 1000) + 1) > 0)
			take("\n");
}

static void refuse_one(void)
{
	struct rlimit none = {.rlim_cur = 1, .rlim_max = 1024};
	pid_t pid = fork();

	if (pid == 0)
		_exit(setrlimit(RLIMIT_NOFILE, &none) < 0 || dup(0) >= 0 || errno != EMFILE);
	if (pid < 0)
		fail("fork");
	/* The line first: waiting for the child would take the time that is measured. */
	listen_for(gap_ms);
	if (waitpid(pid, &(int){0}, 0) != pid)
		fail("waitpid");
}

static int by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "n:g:")) != -1)
		if (opt == 'n')
			wanted = atoi(optarg);
		else if (opt == 'g')
			gap_ms = atoi(optarg);
	if (argc - optind != 2 || wanted < 1 || wanted > MOST || gap_ms < 1) {
		fprintf(stderr, "usage: latency [-n REFUSALS] [-g GAP_MS] FAILCNT BACKEND\n");
		return 2;
	}
	start(argv[optind], argv[optind + 1]);
	while (!take("\"event\":\"started\""))
		;
	for (int i = 0; i < wanted; i++)
		refuse_one();
	listen_for(LAST_MS);
	kill(watcher, SIGINT);
	waitpid(watcher, NULL, 0);
	if (!n_taken) {
		fprintf(stderr, "latency: no line came\n");
		return 1;
	}
	qsort(taken, (size_t)n_taken, sizeof(*taken), by_size);
	printf("median %ld\np99 %ld\nmax %ld\nseen %d of %d\n", taken[n_taken / 2],
	       taken[(n_taken * 99 - 1) / 100], taken[n_taken - 1], n_taken, wanted);
	return n_taken == wanted ? 0 : 1;
}
