/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What provoke_memory.c and provoke_commit.c share.
 */
#ifndef PROVOKE_MEMORY_H
#define PROVOKE_MEMORY_H

#include <stdbool.h>

#define PAGE 4096L
#define BIG (64 * MIB)
#define RW (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

/* The number after `key` in a file, or -1. Allocates nothing. */
long in_file(const char *path, const char *key);
/* The same of /proc/self/status, which has KiB: in bytes. */
long size_of(const char *key);
/* The soft limit, from now on; the hard one is unlimited. */
void limit_to(int which, long soft);
/* Fails unless it was refused with that errno. */
void must_be(bool refused, int err);

#endif
