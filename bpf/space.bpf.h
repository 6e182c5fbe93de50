/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space.bpf.h - blocks, inodes and quotas of file systems.
 */
#ifndef FAILCNT_SPACE_BPF_H
#define FAILCNT_SPACE_BPF_H

#include "hook.bpf.h"

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_space(struct refusal *w, const struct refused_call *c)
{
	return false;
}

#endif
