/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run_child.h - the command that `failcnt run` runs: started as if a shell had
 * started it, waiting at a gate until the hooks are attached; signals go
 * through to it, and its end or stop is ours.
 */
#ifndef FAILCNT_RUN_CHILD_H
#define FAILCNT_RUN_CHILD_H

#include <signal.h>

#include "run_tree.h"

struct run_child {
	pid_t pid;
	int gate; /* our end of a socket: what is written opens it, what is read is exec's errno */
	int signals;           /* readable: run_child_signals() has something to do */
	sigset_t mask;         /* as we found them, and as it gets them */
	struct sigaction chld; /* of SIGCHLD */
	struct run_tree tree;
	bool leads_session; /* we do */
	bool released;
	bool ended, killed; /* killed: by a signal */
	int status;         /* as a shell has it: 128 + N when signal N killed it */
};

/*
 * Forks; the child waits at the gate. From here on all signals are blocked here. Before this
 * nothing may be done that a child inherits and argv's program should not see. -errno. To be
 * closed in any case.
 */
int run_child_start(struct run_child *c, char **argv);

/* Opens the gate. */
void run_child_release(struct run_child *c);

/* Passes signals on, reaps, stops with it; sets ended and status. */
void run_child_signals(struct run_child *c);

/* Once it has ended: why it could not be run (a positive errno), or 0. */
int run_child_exec_error(struct run_child *c);

/* A child that still waits at the gate ends without having run anything. */
void run_child_close(struct run_child *c);

#endif
