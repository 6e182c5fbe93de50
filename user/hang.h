/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hang.h - control groups (v1) at their limit whose OOM killer is switched off: nobody is killed
 * there, and whoever asks for memory waits.
 */
#ifndef FAILCNT_HANG_H
#define FAILCNT_HANG_H

#include "counter.h"
#include "field.h"

/*
 * Looks at the cgroup path of the memory hierarchy of v1. *hangs: what was found the last time, and
 * now. True: it hangs and did not before; e is the refusal that tells it, with sentence and remedy,
 * but for its time.
 */
bool hang_look(struct counters *c, const char *path, bool *hangs, struct event *e);

#endif
