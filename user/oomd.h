/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oomd.h - was it systemd-oomd, or somebody of that name?
 */
#ifndef FAILCNT_OOMD_H
#define FAILCNT_OOMD_H

#include "death.h"
#include "field.h"

/*
 * Of a kill that was requested by an `oomd`: looks for systemd-oomd's mark on the cgroups of the
 * victim, below mount (of cgroup v2; NULL: there is none), and says in e and d what was found. A
 * systemd-oomd without its unit whose mark is nowhere is none. Other kills are left alone.
 */
void oomd_event(struct event *e, struct death_facts *d, const char *mount);

#endif
