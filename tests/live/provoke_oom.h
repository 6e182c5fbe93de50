/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What provoke_oom.c and provoke_ballot.c share.
 */
#ifndef PROVOKE_OOM_H
#define PROVOKE_OOM_H

#include "provoke.h"

/* Touches that many more bytes. */
void eat(long bytes);
/* A memory cgroup with that limit and no swap. h is found here. */
void make_limited(struct group *g, struct hierarchy *h, long bytes);
/* Kills that the cgroup counts. */
long oom_kills(const struct group *g);
/* Fails unless a wait status says so. */
void must_be_killed(int status);

#endif
