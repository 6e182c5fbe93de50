/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * selftest_priv.h - failures that hurt nobody, one function each. They run in a child and return
 * its exit status.
 */
#ifndef FAILCNT_SELFTEST_PRIV_H
#define FAILCNT_SELFTEST_PRIV_H

#include "util.h"

enum { PROVOKED, IMPOSSIBLE };

bool selftest_write(const char *path, const char *text);
/* A limit of an IPC namespace of one's own. */
bool selftest_own_ipc(const char *path, const char *value);

/* ---- selftest_ipc.c ---- */

int refuse_semopm(void);
int refuse_semvmx(void);
int refuse_shmmni(void);
int refuse_shmall(void);
int refuse_shmmax(void);
int refuse_msgmni(void);
int refuse_mq_bytes(void);
int refuse_timer(void);
int refuse_signal(void);
int refuse_fsize(void);

/* ---- selftest_limits.c ---- */

int refuse_as(void);
int refuse_data(void);
int refuse_nproc(void);
int refuse_memlock(void);

#endif
