// SPDX-License-Identifier: GPL-2.0-only
/*
 * times.c - how long a watcher takes to begin, to tell and to end, and what it
 * needs while nothing happens.
 *
 *   times FAILCNT BACKEND
 *
 * prints one line for each: name and number. The times are in microseconds,
 * each the median of RUNS runs:
 *   started   from exec to the line `started`
 *   cpu       processor time of that: the same on a busy machine
 *   first     from exec to the line of a first refusal, provoked as soon as it has started
 *   told      from a refusal to its line
 *   exit      from SIGINT to the end of the process
 *   rss       VmRSS after IDLE_S seconds, in KiB
 *   idle      processor time of these seconds, in microseconds per second
 *   wakes     how often it woke up in them, in 10 seconds
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS 5
#define QUIET_S 8 /* until all that came at the start is told */
#define IDLE_S 10
#define PATIENCE_S 100

struct watcher {
	pid_t pid;
	FILE *lines;
};

static void fail(const char *what)
{
	fprintf(stderr, "times: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static void start(struct watcher *w, char **argv)
{
	char backend[64];
	int fds[2];

	snprintf(backend, sizeof(backend), "--backend=%s", argv[2]);
	if (pipe(fds) < 0)
		fail("pipe");
	w->pid = vfork();
	if (w->pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(argv[1], argv[1], "watch", "--json", "--quiet", backend, NULL);
		_exit(127);
	}
	close(fds[1]);
	w->lines = fdopen(fds[0], "r");
	if (w->pid < 0 || !w->lines)
		fail(argv[1]);
}

static void wait_for(struct watcher *w, const char *one, const char *other)
{
	static char line[16384];

	while (fgets(line, sizeof(line), w->lines))
		if (strstr(line, one) && strstr(line, other))
			return;
	errno = ENODATA;
	fail(one);
}

static void end(struct watcher *w)
{
	static char rest[4096];

	kill(w->pid, SIGINT);
	while (fgets(rest, sizeof(rest), w->lines))
		;
	if (waitpid(w->pid, NULL, 0) != w->pid)
		fail("waitpid");
	fclose(w->lines);
}

/* One descriptor is refused to this process. */
static void be_refused(void)
{
	struct rlimit old, none;

	if (getrlimit(RLIMIT_NOFILE, &old) < 0)
		fail("getrlimit");
	none = old;
	none.rlim_cur = 1;
	if (setrlimit(RLIMIT_NOFILE, &none) < 0 || dup(0) >= 0 || errno != EMFILE)
		fail("dup at the limit");
	setrlimit(RLIMIT_NOFILE, &old);
}

static int by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static void print_median(const char *name, long *us)
{
	qsort(us, RUNS, sizeof(*us), by_size);
	printf("%s %ld\n", name, us[RUNS / 2]);
}

/* The first number in /proc/PID/FILE after this text. */
static long number_of(pid_t pid, const char *file, const char *after)
{
	char path[64], text[4096] = "";
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	f = fopen(path, "r");
	if (!f || fread(text, 1, sizeof(text) - 1, f) == 0)
		fail(path);
	fclose(f);
	at = strstr(text, after);
	return at ? strtol(at + strlen(after), NULL, 10) : -1;
}

static void measure_times(char **argv)
{
	long started[RUNS], cpu[RUNS], first[RUNS], told[RUNS], ended[RUNS];
	char pid[32];

	snprintf(pid, sizeof(pid), "\"pid\":%d,", getpid());
	for (int i = 0; i < RUNS; i++) {
		long begin = now_us(), refused, interrupted;
		struct watcher w;

		start(&w, argv);
		wait_for(&w, "\"event\":\"started\"", "");
		started[i] = now_us() - begin;
		cpu[i] = number_of(w.pid, "schedstat", "") / 1000;
		refused = now_us();
		be_refused();
		wait_for(&w, "\"event\":\"refused\"", pid);
		told[i] = now_us() - refused;
		first[i] = now_us() - begin;
		interrupted = now_us();
		end(&w);
		ended[i] = now_us() - interrupted;
	}
	print_median("started", started);
	print_median("cpu", cpu);
	print_median("first", first);
	print_median("told", told);
	print_median("exit", ended);
}

static void measure_idle(char **argv)
{
	struct watcher w;
	long ran, woke;

	start(&w, argv);
	wait_for(&w, "\"event\":\"started\"", "");
	sleep(QUIET_S);
	ran = number_of(w.pid, "schedstat", "");
	woke = number_of(w.pid, "status", "\nvoluntary_ctxt_switches:");
	sleep(IDLE_S);
	printf("rss %ld\n", number_of(w.pid, "status", "VmRSS:"));
	printf("idle %ld\n", (number_of(w.pid, "schedstat", "") - ran) / 1000 / IDLE_S);
	printf("wakes %ld\n",
	       (number_of(w.pid, "status", "\nvoluntary_ctxt_switches:") - woke) * 10 / IDLE_S);
	end(&w);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: times FAILCNT BACKEND\n");
		return 2;
	}
	alarm(PATIENCE_S);
	measure_times(argv);
	measure_idle(argv);
	return 0;
}
