/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between provoke_death.c, provoke_ends.c, provoke_fault.c and provoke_live.c.
 */
#ifndef PROVOKE_DEATH_H
#define PROVOKE_DEATH_H

/* Ends with status 1 where the wait status is not that of a death by sig. */
void must_die(int status, int sig);
/* A victim: says that it is ready (NULL: to nobody), and waits to be killed. */
_Noreturn void wait_for_it(gate *ready);
/* A thread that does nothing. */
void *waits(void *unused);
/* Killed by a process of that name: the event says requested, and more. */
int by_other(const char *name, const char *requested, const char *more);

#endif
