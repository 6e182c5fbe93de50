/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between provoke_death.c and provoke_fault.c.
 */
#ifndef PROVOKE_DEATH_H
#define PROVOKE_DEATH_H

/* Ends with status 1 where the wait status is not that of a death by sig. */
void must_die(int status, int sig);

#endif
