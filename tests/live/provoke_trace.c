// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deaths by whoever traces the process, as debuggers and sandboxes do: none of them sends a signal
 * in its own name (kernel/ptrace.c). The witness is the wait status.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provoke_death.h"

#define DIES "\"dies\":{\"cause\":\"signal\",\"signal\":\"%s\",\"by_pid\":%d,\"certain\":%s,"

/* A child that has stopped, traced. */
static pid_t traced(void)
{
	pid_t pid = spawn();
	int status;

	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(1);
		for (;;)
			getppid();
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		fail("tracing");
	return pid;
}

/* ptrace_request(): SIGKILL without siginfo, as cgroup.kill sends it */
static int by_ptrace_kill(int argc, char **argv)
{
	pid_t pid = traced();

	(void)argc, (void)argv;
	ptrace(PTRACE_KILL, pid, NULL, NULL);
	must_die(reap(pid), SIGKILL);
	truth(pid, 1, DIES "\"requested_by\":\"parent\",\"says\":{\"re\":\"which traced it\"}}",
	      "SIGKILL", getpid(), "true");
	return 0;
}

/* exit_ptrace() */
static int tracer_ends(int argc, char **argv)
{
	pid_t *pid = shared(sizeof(*pid)), middle;

	(void)argc, (void)argv;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	middle = spawn();
	if (!middle) {
		*pid = traced();
		if (ptrace(PTRACE_SETOPTIONS, *pid, NULL, (void *)PTRACE_O_EXITKILL))
			_exit(1);
		_exit(0);
	}
	if (reap(middle))
		fail("PTRACE_O_EXITKILL");
	must_die(reap(*pid), SIGKILL);
	truth(*pid, 1, DIES "\"says\":{\"re\":\"PTRACE_O_EXITKILL\"}}", "SIGKILL", middle, "true");
	return 0;
}

/* ptrace_report_syscall(): the process sends it to itself, as the kernel */
static int injected(int argc, char **argv)
{
	pid_t pid = traced();
	int status;

	(void)argc, (void)argv;
	if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) || waitpid(pid, &status, 0) != pid ||
	    !WIFSTOPPED(status) || ptrace(PTRACE_CONT, pid, NULL, (void *)SIGTERM))
		fail("PTRACE_SYSCALL");
	/* its arrival is seen too */
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTERM ||
	    ptrace(PTRACE_CONT, pid, NULL, (void *)SIGTERM))
		fail("PTRACE_CONT");
	must_die(reap(pid), SIGTERM);
	truth(pid, 1, DIES "\"requested_by\":\"parent\",\"says\":{\"re\":\"which traced it\"}}",
	      "SIGTERM", getpid(), "false");
	return 0;
}

const struct provocation trace_provocations[] = {
	{"die-ptrace-kill", by_ptrace_kill, "PTRACE_KILL", NULL},
	{"die-ptrace-end", tracer_ends, "PTRACE_O_EXITKILL: the tracer ends", NULL},
	{"die-ptrace-inject", injected, "a tracer has it go on with SIGTERM", NULL},
	{0},
};
