/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * obstacle.h - why nothing can be traced here, in one sentence with the next
 * step. Pure: the facts of kernel.h in, words out.
 */
#ifndef FAILCNT_OBSTACLE_H
#define FAILCNT_OBSTACLE_H

#include "kernel.h"
#include "options.h"

#define OBSTACLE_TEXT 256

/* True: something stands in the way, and buf says what and what to do. */
bool obstacle(const struct kernel_facts *facts, enum opt_backend wanted, char *buf, size_t size);

#endif
