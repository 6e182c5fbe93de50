// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends that are no death by a signal, though something looks like one: nothing may be told of them.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provoke_death.h"

static int run_survivor(void (*child)(pid_t), bool is_told, int status)
{
	gate *ready = gate_make();
	pid_t pid = spawn();

	if (!pid) {
		gate_open(ready);
		child(getpid());
		_exit(status);
	}
	gate_wait(ready);
	if (is_told) {
		usleep(50000);
		kill(pid, SIGTERM);
	}
	if (reap(pid) != (status << 8)) {
		errno = 0;
		fail("it did not end as it must");
	}
	truth(pid, 1, "\"limit_reached\":false");
	return 0;
}

static void just_ends(pid_t self)
{
	(void)self;
}

static void on_term(int sig)
{
	(void)sig;
	_exit(3);
}

static void handles(pid_t self)
{
	(void)self;
	signal(SIGTERM, on_term);
	for (;;)
		pause();
}

static void start_threads(int n)
{
	pthread_t id;

	for (int i = 0; i < n; i++)
		pthread_create(&id, NULL, waits, NULL);
}

/* exec and exit end the other threads. */
static void execs(pid_t self)
{
	(void)self;
	start_threads(20);
	usleep(10000);
	execl("/proc/self/exe", "provoke", "LIVE-ON", NULL);
	_exit(1);
}

static void exits_with_threads(pid_t self)
{
	(void)self;
	start_threads(20);
	usleep(10000);
	exit(5);
}

static void *ends(void *unused)
{
	return unused;
}

static void threads_end(pid_t self)
{
	pthread_t id[20];

	(void)self;
	for (int i = 0; i < 20; i++)
		pthread_create(&id[i], NULL, ends, NULL);
	for (int i = 0; i < 20; i++)
		pthread_join(id[i], NULL);
}

#define SURVIVES(name, child, told, status)               \
	static int name(int argc, char **argv)            \
	{                                                 \
		(void)argc, (void)argv;                   \
		return run_survivor(child, told, status); \
	}
SURVIVES(live_exit, just_ends, false, 1)
SURVIVES(live_handler, handles, true, 3)
SURVIVES(live_exec, execs, false, 2)
SURVIVES(live_threads, exits_with_threads, false, 5)
SURVIVES(live_thread_ends, threads_end, false, 0)

/* After a handler has cleaned up: it sends itself the same signal, so that its parent knows. */
static void again(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
}

static int live_raise(int argc, char **argv)
{
	gate *ready = gate_make();
	pid_t pid = spawn();

	(void)argc, (void)argv;
	if (!pid) {
		signal(SIGTERM, again);
		gate_open(ready);
		for (;;)
			pause();
	}
	gate_wait(ready);
	kill(pid, SIGTERM);
	must_die(reap(pid), SIGTERM);
	truth(pid, 1, "\"limit_reached\":false");
	return 0;
}

const struct provocation live_provocations[] = {
	{"live-exit", live_exit, "exit(1)", NULL},
	{"live-handler", live_handler, "a handler of SIGTERM that exits", NULL},
	{"live-exec", live_exec, "exec with other threads", NULL},
	{"live-threads", live_threads, "exit with other threads", NULL},
	{"live-thread-ends", live_thread_ends, "threads that end", NULL},
	{"live-raise", live_raise, "a handler that cleans up and raises the signal again", NULL},
	{0},
};
