/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the provocations of files share: provoke_files.c has it.
 */
#ifndef PROVOKE_FILES_H
#define PROVOKE_FILES_H

#include <sys/resource.h>

#include "provoke.h"

extern int null_fd; /* open_null() made it */

void limit_files(rlim_t limit);
void open_null(void);
/* Tells it; the exit status. */
int refused_file(long ret, int err, int limit, const char *more);
bool one_file_more(void);

#endif
