/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the provocations of tasks share: provoke_tasks.c has it.
 */
#ifndef PROVOKE_TASKS_H
#define PROVOKE_TASKS_H

#include "provoke.h"

/* A process that does nothing until its parent ends, or -errno. */
int fork_idle(void);

#endif
