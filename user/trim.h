/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trim.h - gives back memory that only the start needed, before a long wait.
 */
#ifndef FAILCNT_TRIM_H
#define FAILCNT_TRIM_H

#include "util.h"

/* Free heap; and code that ran once: what runs again comes back from the page cache. */
void trim_memory(void);

/* Whole pages of a file that nobody has written to, or of memory that nobody will read again. */
void trim_unread(const void *at, size_t size);

#endif
