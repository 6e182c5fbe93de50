/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the provocations of a user's limits share: provoke_user.c has it.
 */
#ifndef PROVOKE_USER_H
#define PROVOKE_USER_H

#include "provoke.h"

#define OWN_UID 54321 /* of nobody, and so are those that follow */

/* Of the namespace that own_user_namespace() made, as /proc/PID/ns/user names it. */
extern char user_namespace[64];

void own_user_namespace(void);
/* user.NAME of a new user namespace. */
void own_user_limit(const char *name, long limit);
void become_user(uid_t uid);
void must_work_at(long ret, const char *what);
void must_fail_at(long ret, int err, const char *what);
/* A refusal by a limit of the user namespace. */
void told_user_limit(const char *resource, const char *name, const char *err, const char *call,
		     long limit);

#endif
