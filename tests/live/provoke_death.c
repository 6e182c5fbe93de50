// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deaths by a signal from elsewhere: in each way that one can be sent, and to many at once. The
 * witness is the wait status. "dies" is what the event must say; where it comes from without
 * a call that names its target is in provoke_ends.c, what a process does to itself in
 * provoke_fault.c.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provoke_death.h"

#define MANY 10000

void must_die(int status, int sig)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == sig)
		return;
	fprintf(stderr, "provoke: it ended with wait status %#x, and not with signal %d\n", status,
		sig);
	exit(1);
}

void wait_for_it(gate *ready)
{
	if (ready)
		gate_open(ready);
	for (;;)
		pause();
}

/* A child that waits to be killed. */
static pid_t victim(void)
{
	gate *ready = gate_make();
	pid_t pid = spawn();

	if (!pid)
		wait_for_it(ready);
	gate_wait(ready);
	return pid;
}

#define BY_PARENT "\"by_pid\":%d,\"by_comm\":\"provoke\",\"by_uid\":0,\"requested_by\":\"parent\""

static int by_parent(pid_t pid, long sent, int sig, const char *name)
{
	if (sent)
		skip("%s: %s", name, strerror(errno));
	must_die(reap(pid), sig);
	truth(pid, 1, "\"dies\":{\"cause\":\"signal\",\"signal\":\"%s\"," BY_PARENT "}", name,
	      getpid());
	return 0;
}

static int with_kill(int argc, char **argv)
{
	pid_t pid = victim();

	(void)argc, (void)argv;
	return by_parent(pid, kill(pid, SIGKILL), SIGKILL, "SIGKILL");
}

static int with_term(int argc, char **argv)
{
	pid_t pid = victim();

	(void)argc, (void)argv;
	return by_parent(pid, kill(pid, SIGTERM), SIGTERM, "SIGTERM");
}

static int with_quit(int argc, char **argv)
{
	pid_t pid = victim();

	(void)argc, (void)argv;
	return by_parent(pid, kill(pid, SIGQUIT), SIGQUIT, "SIGQUIT");
}

static int with_tkill(int argc, char **argv)
{
	pid_t pid = victim();

	(void)argc, (void)argv;
	return by_parent(pid, syscall(SYS_tkill, pid, SIGUSR1), SIGUSR1, "SIGUSR1");
}

static int with_tgkill(int argc, char **argv)
{
	pid_t pid = victim();

	(void)argc, (void)argv;
	return by_parent(pid, syscall(SYS_tgkill, pid, pid, SIGKILL), SIGKILL, "SIGKILL");
}

static int with_sigqueue(int argc, char **argv)
{
	pid_t pid = victim();

	(void)argc, (void)argv;
	return by_parent(pid, sigqueue(pid, SIGRTMIN + 3, (union sigval){.sival_int = 1}),
			 SIGRTMIN + 3, "SIGRTMIN+3");
}

static int with_pidfd(int argc, char **argv)
{
	pid_t pid = victim();
	int fd = syscall(SYS_pidfd_open, pid, 0);

	(void)argc, (void)argv;
	return by_parent(pid, syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), SIGKILL,
			 "SIGKILL");
}

/* It is dead only when it lets the signal through. */
static int blocked(int argc, char **argv)
{
	gate *ready = gate_make(), *sent = gate_make();
	pid_t pid = spawn();
	sigset_t term;

	(void)argc, (void)argv;
	if (!pid) {
		sigemptyset(&term);
		sigaddset(&term, SIGTERM);
		sigprocmask(SIG_BLOCK, &term, NULL);
		gate_open(ready);
		gate_wait(sent);
		sigprocmask(SIG_UNBLOCK, &term, NULL);
		_exit(0);
	}
	gate_wait(ready);
	if (kill(pid, SIGTERM))
		fail("kill");
	gate_open(sent);
	return by_parent(pid, 0, SIGTERM, "SIGTERM");
}

/* Somebody else, under another name: who that is for is told by the name. */
int by_other(const char *name, const char *requested, const char *more)
{
	pid_t pid = victim(), killer = spawn();

	if (!killer) {
		if (name)
			prctl(PR_SET_NAME, name);
		_exit(kill(pid, SIGKILL) ? 1 : 0);
	}
	if (reap(killer))
		fail("kill");
	must_die(reap(pid), SIGKILL);
	truth(pid, 1,
	      "\"dies\":{\"cause\":\"signal\",\"signal\":\"SIGKILL\",\"by_pid\":%d,"
	      "\"by_comm\":\"%s\",\"by_uid\":0,\"by_parent_comm\":\"provoke\","
	      "\"requested_by\":\"%s\"}%s",
	      killer, name ? name : "provoke", requested, more);
	return 0;
}

static int other(int argc, char **argv)
{
	(void)argc, (void)argv;
	return by_other(NULL, "other", "");
}

static int oomd(int argc, char **argv)
{
	(void)argc, (void)argv;
	/* The name is all there is, where no cgroup could have a mark; else it has none. */
	return by_other("systemd-oomd", "oomd",
			",\"v2\":{\"requested_by\":\"other\",\"says\":{\"re\":\"has no mark\"}}");
}

static int earlyoom(int argc, char **argv)
{
	(void)argc, (void)argv;
	return by_other("earlyoom", "oomd", "");
}

static int runtime(int argc, char **argv)
{
	(void)argc, (void)argv;
	return by_other("containerd-shim", "container-runtime", "");
}

static void print_pids(char *text, size_t size, const pid_t *pids, int n)
{
	size_t at = 0;

	for (int i = 0; i < n; i++)
		at += snprintf(text + at, size - at, "%s%d", i ? "," : "", pids[i]);
}

/* Children in one process group, or each for itself. */
static int kill_many(int n, bool group, int sig, const char *name)
{
	static pid_t pids[MANY];
	static char text[8 * MANY];
	gate *go = gate_make();
	volatile int *ready = shared(sizeof(*ready));
	pid_t leader = 0;

	for (int i = 0; i < n; i++) {
		pids[i] = spawn();
		if (!pids[i]) {
			if (group)
				setpgid(0, leader);
			__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
			gate_wait(go);
			wait_for_it(NULL);
		}
		if (group && i == 0)
			leader = pids[0];
		if (group)
			setpgid(pids[i], leader);
	}
	while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < n)
		usleep(1000);
	if (group && kill(-leader, sig))
		fail("kill");
	for (int i = 0; !group && i < n; i++)
		if (kill(pids[i], sig))
			fail("kill");
	for (int i = 0; i < n; i++)
		must_die(reap(pids[i]), sig);
	print_pids(text, sizeof(text), pids, n);
	truth(pids[0], n,
	      "\"pids\":[%s],\"dies\":{\"cause\":\"signal\",\"signal\":\"%s\"," BY_PARENT "}", text,
	      name, getpid());
	return 0;
}

static int group(int argc, char **argv)
{
	return kill_many(number(argc, argv, 0, 50), true, SIGKILL, "SIGKILL");
}

/* Short processes, one after the other: each is made, killed and reaped. */
static int storm(int argc, char **argv)
{
	static pid_t pids[MANY];
	static char text[8 * MANY];
	int n = number(argc, argv, 0, 300);

	if (n > MANY)
		n = MANY;
	for (int i = 0; i < n; i++) {
		pids[i] = spawn();
		if (!pids[i])
			wait_for_it(NULL);
		if (kill(pids[i], SIGKILL))
			fail("kill");
		must_die(reap(pids[i]), SIGKILL);
	}
	print_pids(text, sizeof(text), pids, n);
	truth(pids[0], n,
	      "\"pids\":[%s],\"dies\":{\"cause\":\"signal\",\"signal\":\"SIGKILL\"," BY_PARENT "}",
	      text, getpid());
	return 0;
}

static int at_once(int argc, char **argv)
{
	int n = number(argc, argv, 0, 300);

	return kill_many(n > MANY ? MANY : n, false, SIGTERM, "SIGTERM");
}

static void *thread(void *ready)
{
	__atomic_add_fetch((int *)ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static int threads(int argc, char **argv)
{
	int n = number(argc, argv, 0, 200), *ready = shared(sizeof(*ready));
	pid_t pid = spawn();

	if (!pid) {
		pthread_attr_t small;
		pthread_t id;

		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, 65536);
		for (int i = 1; i < n; i++)
			if (pthread_create(&id, &small, thread, ready))
				_exit(1);
		thread(ready);
	}
	while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < n)
		usleep(1000);
	return by_parent(pid, kill(pid, SIGKILL), SIGKILL, "SIGKILL");
}

const struct provocation death_provocations[] = {
	{"die-kill", with_kill, "kill -9 by the parent", NULL},
	{"die-term", with_term, "SIGTERM without a handler", NULL},
	{"die-quit", with_quit, "SIGQUIT", NULL},
	{"die-tkill", with_tkill, "tkill", NULL},
	{"die-tgkill", with_tgkill, "tgkill", NULL},
	{"die-sigqueue", with_sigqueue, "a real-time signal", NULL},
	{"die-pidfd", with_pidfd, "pidfd_send_signal", NULL},
	{"die-blocked", blocked, "SIGTERM that was blocked for a while", NULL},
	{"die-other", other, "kill -9 by another process", NULL},
	{"die-oomd", oomd, "by a process called systemd-oomd", NULL},
	{"die-earlyoom", earlyoom, "by a process called earlyoom", NULL},
	{"die-runtime", runtime, "by a process called containerd-shim", NULL},
	{"die-group", group, "[N] a process group of 50", NULL},
	{"die-often", storm, "[N] short processes, each killed", NULL},
	{"die-many", at_once, "[N] processes, killed one after the other", NULL},
	{"die-threads", threads, "[N] a process with 200 threads", NULL},
	{0},
};
