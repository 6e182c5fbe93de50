/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tasks.bpf.h - why fork, clone and execve said EAGAIN.
 */
#ifndef FAILCNT_TASKS_BPF_H
#define FAILCNT_TASKS_BPF_H

#include "hook.bpf.h"

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_tasks(struct refusal *w, const struct refused_call *c)
{
	return false;
}

#endif
