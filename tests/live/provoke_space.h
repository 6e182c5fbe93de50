/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the provocations of file systems and of quotas share: provoke_space.c has it.
 */
#ifndef PROVOKE_SPACE_H
#define PROVOKE_SPACE_H

#include "provoke.h"

#define SOMEBODY 1000

/* The mount point that is ours, the file "full" in it, MAJOR:MINOR, and the loop device. */
extern char space_dir[64], space_path[128], space_device[64], space_loop[64];
extern int space_written; /* a file for write_again() */
extern int space_made;    /* how many make_file() made */

/* A file system of ours in the machine, mounted with these options. */
void own_ext4(const char *options);
void own_mount(const char *source, const char *type, const char *options);
int new_file(void);
/* Blocks of one page until err: how many were written. */
long fill_file(int fd, int err);
bool write_again(void);
/* FORMAT with the number of those made before; a descriptor or -1. */
int make_file(const char *format);
bool make_again(void);

#endif
