/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * users.bpf.h - limits of a user, and of the host's objects: inotify, fanotify, epoll,
 * mounts, aio, ptys, keys, namespaces.
 */
#ifndef FAILCNT_USERS_BPF_H
#define FAILCNT_USERS_BPF_H

#include "hook.bpf.h"

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_users(struct refusal *w, const struct refused_call *c)
{
	return false;
}

#endif
