/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the provocations of System V IPC and of message queues share: provoke_ipc.c has it.
 */
#ifndef PROVOKE_IPC_H
#define PROVOKE_IPC_H

#include "provoke.h"

/* Of the namespace that own_ipc() made, as /proc/PID/ns/ipc names it. */
extern char ipc_namespace[64];

/* An IPC namespace of one's own, with what write_file() would write to path; path NULL: nothing. */
void own_ipc(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
void must_work(long ret);
void must_fail(long ret, int err);

#ifdef __x86_64__
/* A system call of a 32-bit program: int $0x80 makes it in a 64-bit one too. Skips where the kernel
 * runs none. */
int compat_call(long nr, long b, long c, long d, long si, long di);
/* ipc(2), asked to say what 64-bit programs are told by name. */
void ipc32_must_fail(long call, long first, long second, long third, void *at, int err);
#endif

#endif
