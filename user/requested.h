/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * requested.h - on whose behalf a process was killed. Pure.
 */
#ifndef FAILCNT_REQUESTED_H
#define FAILCNT_REQUESTED_H

#include "field.h"
#include "death.h"

/*
 * From the BY_ fields of a kill, its parent and how it came to the signal: a word of the contract
 * (static), or NULL where nobody asked for it.
 */
const char *requested_by(const struct event *e, const struct death_facts *d);

/* Is this one of the programs that kill when memory gets short, as the OOM killer does? */
bool requested_is_oomd(const char *comm);

/* Is comm that of a shell? */
bool requested_is_shell(const char *comm);

/* Was it somebody's wish, whose business it is: what --unrequested leaves out. */
bool requested_plainly(const struct event *e);

#endif
