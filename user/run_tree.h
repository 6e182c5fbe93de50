/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run_tree.h - which processes descend from this one, by the parents in
 * /proc: what bpf/tree.bpf.h asks in the kernel.
 */
#ifndef FAILCNT_RUN_TREE_H
#define FAILCNT_RUN_TREE_H

#include <sys/types.h>

#include "util.h"

struct run_tree {
	int proc;       /* directory fd of procfs */
	pid_t root;     /* its pid there */
	uint64_t since; /* CLOCK_BOOTTIME ns: children that root made before are not meant */
};

/* Does pid descend from root, and not root itself? A process that is gone does not. */
bool run_tree_has(const struct run_tree *t, pid_t pid);

/* How many processes that descend from root run (zombies do not); -errno. */
int run_tree_running(const struct run_tree *t);

#endif
