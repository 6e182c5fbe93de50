// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: queued signals, timers, and limits that end in a signal. What counts by user is done as
 * a user who has nothing.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY_ELSE 54321 /* a uid */

static void limit_to(int resource, long soft, long hard)
{
	struct rlimit limit = {soft, hard};

	if (setrlimit(resource, &limit))
		fail("setrlimit");
}

static void become_nobody_else(void)
{
	if (setresgid(NOBODY_ELSE, NOBODY_ELSE, NOBODY_ELSE) ||
	    setresuid(NOBODY_ELSE, NOBODY_ELSE, NOBODY_ELSE))
		skip("setresuid: %s", strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
}

/* Signals that stay in the queue. */
static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGTERM);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static long queue_signal(pid_t to)
{
	return sigqueue(to, SIGRTMIN, (union sigval){.sival_int = 1});
}

static void must_work(long ret)
{
	if (ret < 0)
		fail("refused before the limit");
}

static void must_fail(long ret, int err)
{
	if (ret >= 0 || errno != err)
		fail("not refused as expected");
}

static bool signal_again(void)
{
	return queue_signal(getpid()) == 0;
}

static int refuse_signals(long n)
{
	limit_to(RLIMIT_SIGPENDING, 3, 4);
	become_nobody_else();
	block_all();
	for (int i = 0; i < 3; i++)
		must_work(queue_signal(getpid()));
	for (long i = 0; i < n; i++)
		must_fail(queue_signal(getpid()), EAGAIN);
	truth(getpid(), n,
	      "\"expect\":{\"resource\":\"sigpending\",\"errno\":\"EAGAIN\",\"held\":3,\"limit\":3,"
	      "\"asked\":1,\"limit_hard\":4,\"limit_uid\":%d,\"uid\":%d,\"measure\":\"signals\","
	      "\"limit_name\":\"RLIMIT_SIGPENDING\",\"syscall\":\"rt_sigqueueinfo\","
	      "\"backend\":\"tracepoint\"}",
	      NOBODY_ELSE, NOBODY_ELSE);
	prove(signal_again);
	return 0;
}

static int sig_queue(int argc, char **argv)
{
	(void)argc, (void)argv;
	return refuse_signals(1);
}

static int sig_queue_flood(int argc, char **argv)
{
	return refuse_signals(number(argc, argv, 0, 100000));
}

/* The limit is the receiver's: the sender is refused, whatever its own is. */
static int sig_queue_other(int argc, char **argv)
{
	gate *ready = gate_make();
	pid_t pid = spawn();

	(void)argc, (void)argv;
	if (!pid) {
		limit_to(RLIMIT_SIGPENDING, 2, 2);
		become_nobody_else();
		block_all();
		gate_open(ready);
		for (;;)
			pause();
	}
	gate_wait(ready);
	must_work(queue_signal(pid));
	must_work(queue_signal(pid));
	must_fail(queue_signal(pid), EAGAIN);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"sigpending\",\"errno\":\"EAGAIN\",\"held\":2,\"limit\":2,"
	      "\"limit_uid\":%d,\"uid\":0,\"backend\":\"tracepoint\",\"pid\":%d}",
	      NOBODY_ELSE, getpid());
	kill(pid, SIGKILL);
	reap(pid);
	return 0;
}

static long new_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
	timer_t timer;

	return timer_create(CLOCK_MONOTONIC, &event, &timer);
}

static bool timer_again(void)
{
	return new_timer() == 0;
}

static int timer_limit(int argc, char **argv)
{
	(void)argc, (void)argv;
	limit_to(RLIMIT_SIGPENDING, 2, 2);
	become_nobody_else();
	must_work(new_timer());
	must_work(new_timer());
	must_fail(new_timer(), EAGAIN);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"sigpending\",\"errno\":\"EAGAIN\",\"held\":2,\"limit\":2,"
	      "\"asked\":1,\"limit_uid\":%d,\"syscall\":\"timer_create\"}",
	      NOBODY_ELSE);
	prove(timer_again);
	return 0;
}

/* An ordinary signal arrives, if without its siginfo, however full the queue is. */
static int sig_full(int argc, char **argv)
{
	(void)argc, (void)argv;
	limit_to(RLIMIT_SIGPENDING, 0, 0);
	become_nobody_else();
	block_all();
	must_work(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 1}));
	must_work(kill(getpid(), SIGRTMIN));
	truth(getpid(), 1, "\"limit_reached\":false");
	return 0;
}

static struct attempt *attempt;
static volatile bool told_to_stop;

/* The kernel itself raises the soft limit by a second when it sends the signal. */
static int burn_more(void)
{
	told_to_stop = false;
	while (clock() < 5 * CLOCKS_PER_SEC / 2 && !told_to_stop)
		;
	return told_to_stop ? ETIME : 0;
}

static void on_xcpu_again(int sig)
{
	(void)sig;
	told_to_stop = true;
}

static void on_xcpu(int sig)
{
	signal(sig, on_xcpu_again);
	attempt_refused(attempt, 0, burn_more);
}

static pid_t burn(long soft, long hard)
{
	struct sigaction action = {.sa_handler = on_xcpu, .sa_flags = SA_NODEFER};
	pid_t pid;

	attempt = attempt_make();
	pid = spawn();
	if (pid)
		return pid;
	sigaction(SIGXCPU, &action, NULL);
	limit_to(RLIMIT_CPU, soft, hard);
	for (;;)
		;
}

static int cpu_soft(int argc, char **argv)
{
	pid_t pid = burn(1, 5);
	int err;

	(void)argc, (void)argv;
	if (attempt_wait(attempt, pid, &err))
		fail("no SIGXCPU");
	truth(pid, 1,
	      "\"expect\":{\"resource\":\"cpu\",\"errno\":null,\"signal\":\"SIGXCPU\",\"held\":1,"
	      "\"limit\":1,\"limit_hard\":5,\"measure\":\"seconds\",\"limit_name\":\"RLIMIT_CPU\","
	      "\"syscall\":null,\"backend\":\"tracepoint\"}");
	prove_child(attempt);
	return 0;
}

static int cpu_hard(int argc, char **argv)
{
	pid_t pid = burn(1, 1);
	int status = reap(pid);

	(void)argc, (void)argv;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail("no SIGKILL");
	truth(pid, 1,
	      "\"expect\":{\"resource\":\"cpu\",\"errno\":null,\"signal\":\"SIGKILL\",\"held\":1,"
	      "\"limit\":1,\"limit_hard\":1,\"backend\":\"tracepoint\"}");
	return 0;
}

/* Sent by a process, and no limit's. */
static int cpu_none(int argc, char **argv)
{
	(void)argc, (void)argv;
	signal(SIGXCPU, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	must_work(kill(getpid(), SIGXCPU));
	must_work(raise(SIGXFSZ));
	truth(getpid(), 1, "\"limit_reached\":false");
	return 0;
}

static int fd;

static void own_file(void)
{
	char path[] = "/tmp/failcnt-provoke-XXXXXX";

	fd = mkstemp(path);
	if (fd < 0 || unlink(path))
		skip("a file in /tmp: %s", strerror(errno));
}

static long add(size_t n)
{
	static const char zeros[100];

	return write(fd, zeros, n);
}

static bool write_again(void)
{
	return add(100) == 100;
}

static void ignored(int sig)
{
	(void)sig;
}

/* A file as large as it may be; large enough for the truth, which may be written to one too. */
static void own_full_file(void (*handler)(int))
{
	own_file();
	signal(SIGXFSZ, handler);
	limit_to(RLIMIT_FSIZE, MIB, 2 * MIB);
	must_work(ftruncate(fd, MIB - 50));
	must_work(lseek(fd, 0, SEEK_END));
	if (add(100) != 50) /* as much as fits */
		fail("write");
}

static void too_large(long n, long asked, const char *call)
{
	truth(getpid(), n,
	      "\"expect\":{\"resource\":\"fsize\",\"errno\":\"EFBIG\",\"signal\":\"SIGXFSZ\","
	      "\"limit\":%ld,\"limit_hard\":%ld,\"held\":%ld,\"asked\":%ld,\"syscall\":\"%s\","
	      "\"measure\":\"bytes\",\"limit_name\":\"RLIMIT_FSIZE\",\"backend\":\"tracepoint\"}",
	      MIB, 2 * MIB, MIB, asked, call);
}

static int refuse_write(void (*handler)(int))
{
	own_full_file(handler);
	must_fail(add(100), EFBIG);
	too_large(1, 100, "write");
	prove(write_again);
	return 0;
}

static int fsize_write(int argc, char **argv)
{
	(void)argc, (void)argv;
	return refuse_write(SIG_IGN);
}

static int fsize_signal(int argc, char **argv)
{
	(void)argc, (void)argv;
	return refuse_write(ignored);
}

static int fsize_truncate(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_full_file(SIG_IGN);
	must_fail(ftruncate(fd, MIB + 904), EFBIG);
	too_large(1, 904, "ftruncate");
	return 0;
}

/* The hole before it counts as well. */
static int fsize_behind(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_full_file(SIG_IGN);
	must_fail(pwrite(fd, "failcnt", 7, MIB + 1000), EFBIG);
	too_large(1, 1007, "pwrite64");
	return 0;
}

static int fsize_flood(int argc, char **argv)
{
	long n = number(argc, argv, 0, 100000);

	own_full_file(SIG_IGN);
	for (long i = 0; i < n; i++)
		must_fail(add(100), EFBIG);
	too_large(n, 100, "write");
	return 0;
}

#ifdef __x86_64__
/* Opened as 32-bit programs do without O_LARGEFILE: the same errno above 2 GiB, and no limit. */
static int fsize_none(int argc, char **argv)
{
	static const char path[] = "/tmp/failcnt-provoke-small"; /* in the low 4 GiB */
	long ret;

	(void)argc, (void)argv;
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(5L), "b"(path), "c"((long)O_RDWR | O_CREAT), "d"(0600L)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)ret == -ENOSYS)
		skip("this kernel runs no 32-bit programs");
	fd = ret;
	unlink(path);
	if (lseek(fd, 0x7fffffff, SEEK_SET) < 0)
		fail("lseek");
	must_fail(add(1), EFBIG);
	truth(getpid(), 1, "\"errno\":\"EFBIG\",\"limit_reached\":false");
	return 0;
}
#endif

const struct provocation signal_provocations[] = {
	{"sig-queue", sig_queue, "sigqueue: the user's queue is full", "sigpending"},
	{"sig-queue-other", sig_queue_other, "sigqueue to a process of another user", "sigpending"},
	{"sig-queue-flood", sig_queue_flood, "[N] N signals too many", "sigpending"},
	{"sig-full", sig_full, "a full queue, and signals that arrive all the same", NULL},
	{"timer", timer_limit, "timer_create: the user's queue is full", "sigpending"},
	{"cpu-soft", cpu_soft, "SIGXCPU at the soft limit", "cpu"},
	{"cpu-hard", cpu_hard, "SIGKILL at the hard limit", "cpu"},
	{"cpu-none", cpu_none, "SIGXCPU and SIGXFSZ from a process", NULL},
	{"fsize-write", fsize_write, "write with SIGXFSZ ignored", "fsize"},
	{"fsize-signal", fsize_signal, "write with SIGXFSZ handled", "fsize"},
	{"fsize-truncate", fsize_truncate, "ftruncate beyond the limit", "fsize"},
	{"fsize-behind", fsize_behind, "pwrite behind the end of the file and the limit", "fsize"},
	{"fsize-flood", fsize_flood, "[N] N writes beyond the limit", "fsize"},
#ifdef __x86_64__
	{"fsize-none", fsize_none, "EFBIG of a file opened without O_LARGEFILE", NULL},
#endif
	{0},
};
