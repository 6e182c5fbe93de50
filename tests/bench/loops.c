// SPDX-License-Identifier: GPL-2.0-only
/*
 * loops.c - what one operation costs, in nanoseconds. In a machine where each
 * instruction takes one nanosecond (tests/vm/run.sh -i) that is a count of
 * instructions, the kernel's included, and the same in every run.
 *
 * Each operation runs in batches that are shorter than the time between two
 * ticks, so that in most of them nothing but the operation runs; the cheapest
 * batch of a round is the round's cost. Rounds are repeated until two in a row
 * agree, because the first ones still fill the kernel's caches.
 *
 *   loops [PID]    one line for each operation: name, ns, "=" when two rounds agreed or "~",
 *                  rounds, and ns without what process PID ran meanwhile: the one that is told;
 *                  LOOPS="dup+close ..." in the environment: these and no others
 */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SETTLE_S 5 /* of uptime: before that, the clock of a new machine is not steady */
#define ROUNDS 20
#define BATCH_NS 250000 /* a tick comes every 4,000,000 */
#define BATCHES 200
#define EMPTY 50       /* batches of nothing */
#define SMALL_LIMIT 16 /* of descriptors, where they are to be refused */
#define NOWHENCE 99    /* of lseek */

struct operation {
	const char *name;
	void (*run)(void);
	bool refused; /* with RLIMIT_NOFILE used up */
	bool aside;   /* only where LOOPS names it */
};

static int file, sink = -1, watcher = -1;

static void fail(const char *what)
{
	fprintf(stderr, "loops: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void op_getppid(void)
{
	syscall(SYS_getppid);
}

static void op_dup(void)
{
	int fd = dup(file);

	if (fd < 0)
		fail("dup");
	close(fd);
}

static void op_open(void)
{
	int fd = open("/dev/null", O_RDONLY);

	if (fd < 0)
		fail("open");
	close(fd);
}

static void op_read(void)
{
	char c;

	if (read(file, &c, 1) != 1)
		fail("read");
}

static void op_write(void)
{
	if (write(sink, "x", 1) != 1)
		fail("write");
}

/* Given back, and faulted in again. */
static void op_fault(void)
{
	static char *page;

	if (!page)
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || madvise(page, 4096, MADV_DONTNEED))
		fail("madvise");
	*(volatile char *)page = 1;
}

static void op_mmap(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	munmap(p, 4096);
}

/* Of the heap: one page more, and back. */
static void op_brk(void)
{
	static char *end;

	if (!end)
		end = (char *)syscall(SYS_brk, 0);
	if ((char *)syscall(SYS_brk, end + 4096) != end + 4096 ||
	    (char *)syscall(SYS_brk, end) != end)
		fail("brk");
}

static void op_futex(void)
{
	static int word;

	if (syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0))
		fail("futex");
}

static void op_semget(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);

	if (id < 0 || semctl(id, 0, IPC_RMID))
		fail("semget");
}

static void op_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		fail("fork");
}

static void handler(int sig)
{
	(void)sig;
}

/* A signal that ends nobody: ignored by default, and handled. */
static void op_kill_ignored(void)
{
	if (kill(getpid(), SIGWINCH))
		fail("kill");
}

static void op_kill_handled(void)
{
	static bool ready;

	if (!ready)
		signal(SIGUSR1, handler);
	ready = true;
	if (kill(getpid(), SIGUSR1))
		fail("kill");
}

/* One that ends a process, and its end. */
static void op_kill_dies(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0 || kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		fail("fork and kill");
}

static void op_refused(void)
{
	if (dup(file) >= 0 || errno != EMFILE)
		fail("dup at the limit");
}

/*
 * Failures with errnos that we look at, and which are none of ours. This call allocates nothing:
 * one that takes a path (readlink of a directory) differs by 3 with what else has had names there.
 */
static void op_einval(void)
{
	if (lseek(file, 0, NOWHENCE) >= 0 || errno != EINVAL)
		fail("lseek from nowhere");
}

/* What a server sees as often as success: nothing there to read yet. */
static void op_eagain(void)
{
	static int end[2] = {-1, -1};
	char c;

	if (end[0] < 0 && pipe2(end, O_NONBLOCK))
		fail("pipe");
	if (read(end[0], &c, 1) >= 0 || errno != EAGAIN)
		fail("read of an empty pipe");
}

static void op_enotty(void)
{
	if (isatty(file) || errno != ENOTTY)
		fail("isatty");
}

/* To look how many descriptors a process has: what a watcher that polls would do. */
static void op_look(void)
{
	struct stat st;

	if (stat("/proc/1/fd", &st))
		fail("/proc/1/fd");
}

static const struct operation operations[] = {
	{.name = "getppid", .run = op_getppid},
	{.name = "dup+close", .run = op_dup},
	{.name = "open+close", .run = op_open},
	{.name = "read", .run = op_read},
	{.name = "write", .run = op_write},
	{.name = "madvise+fault", .run = op_fault},
	{.name = "mmap+munmap", .run = op_mmap},
	{.name = "brk+brk", .run = op_brk},
	{.name = "futex", .run = op_futex},
	{.name = "semget+rmid", .run = op_semget},
	{.name = "kill-ignored", .run = op_kill_ignored},
	{.name = "kill-handled", .run = op_kill_handled},
	{.name = "look", .run = op_look, .aside = true},
	{.name = "EINVAL", .run = op_einval},
	{.name = "EAGAIN", .run = op_eagain},
	{.name = "ENOTTY", .run = op_enotty},
	/* After one of these a preemptible kernel may have missed a call, and cost more from then
	   on. */
	{.name = "fork+exit", .run = op_fork},
	{.name = "fork+kill", .run = op_kill_dies},
	{.name = "dup-refused", .run = op_refused, .refused = true},
};

static long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

/* How long the watcher has run: exact whenever it does not run. */
static long watcher_ns(void)
{
	char text[64] = "";

	if (watcher < 0 || pread(watcher, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return strtol(text, NULL, 10);
}

struct cost {
	long all, own;
	long aside; /* how long it took to ask for the watcher's time, before and after */
};

static struct cost batch(const struct operation *o, int n)
{
	long before = now_ns(), theirs = watcher_ns(), begin = now_ns(), end;
	struct cost c;

	for (int i = 0; i < n; i++)
		o->run();
	end = now_ns();
	c.all = end - begin;
	c.own = c.all - (watcher_ns() - theirs);
	c.aside = begin - before + now_ns() - end;
	return c;
}

/* As long as it takes when nothing else runs in it. */
static long least_aside(void)
{
	long least = LONG_MAX;

	for (int i = 0; i < EMPTY; i++) {
		struct cost c = batch(NULL, 0);

		if (c.aside < least)
			least = c.aside;
	}
	return least;
}

/*
 * Where the watcher ran while its time was asked for, that would be taken from what it is no part
 * of: such a batch says nothing without it.
 */
static struct cost one_round(const struct operation *o, int n, long aside)
{
	struct cost best = {.all = LONG_MAX, .own = LONG_MAX};

	for (int i = 0; i < BATCHES; i++) {
		struct cost c = batch(o, n);

		if (c.all < best.all)
			best.all = c.all;
		if (c.own < best.own && c.aside <= aside + aside / 2)
			best.own = c.own;
	}
	if (best.own > best.all)
		best.own = best.all;
	return (struct cost){.all = (best.all + n / 2) / n, .own = (best.own + n / 2) / n};
}

static void measure(const struct operation *o)
{
	struct cost last = {-1, -1, 0}, now = {0};
	long aside = least_aside();
	int n, round;

	batch(o, 20);
	n = BATCH_NS / (batch(o, 10).all / 10 + 1);
	if (n < 1)
		n = 1;
	for (round = 1; round <= ROUNDS; round++) {
		now = one_round(o, n, aside);
		if (now.all == last.all)
			break;
		last = now;
	}
	printf("%s %ld %s %d %ld\n", o->name, now.all, round <= ROUNDS ? "=" : "~",
	       round <= ROUNDS ? round : ROUNDS, now.own);
	fflush(stdout);
}

/* Descriptors of this process are refused from now on. */
static void use_up(void)
{
	struct rlimit r = {SMALL_LIMIT, SMALL_LIMIT};

	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		fail("setrlimit");
	while (dup(file) >= 0)
		;
}

static void settle(void)
{
	struct timespec ts;

	do {
		usleep(100000);
		clock_gettime(CLOCK_BOOTTIME, &ts);
	} while (ts.tv_sec < SETTLE_S);
}

int main(int argc, char **argv)
{
	const char *only = getenv("LOOPS");
	char path[64];

	if (argc == 2) {
		snprintf(path, sizeof(path), "/proc/%s/schedstat", argv[1]);
		watcher = open(path, O_RDONLY | O_CLOEXEC);
		if (watcher < 0)
			fail(path);
	}
	file = open("/dev/zero", O_RDONLY);
	sink = open("/dev/null", O_WRONLY);
	if (file < 0 || sink < 0)
		fail("/dev/zero, /dev/null");
	settle();
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		if (only ? !strstr(only, operations[i].name) : operations[i].aside)
			continue;
		if (operations[i].refused)
			use_up();
		measure(&operations[i]);
	}
	return 0;
}
