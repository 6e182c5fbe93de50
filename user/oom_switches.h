/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom_switches.h - settings with which nobody is killed when memory runs out: the kernel panics,
 * or the processes of a cgroup hang.
 */
#ifndef FAILCNT_OOM_SWITCHES_H
#define FAILCNT_OOM_SWITCHES_H

#include "counter.h"

#define OOM_SWITCHES_CGROUPS 8 /* told one by one; of more the number */

/* Calls say for each with a sentence, and returns how many there are. */
unsigned int oom_switches(struct counters *c, void (*say)(void *arg, const char *sentence),
			  void *arg);

#endif
