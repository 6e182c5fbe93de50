/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.bpf.h - why mmap, brk, mlock and their kin said ENOMEM or EAGAIN: address space,
 * locked memory, number of maps, commit, huge pages; and the stack.
 */
#ifndef FAILCNT_MEMORY_BPF_H
#define FAILCNT_MEMORY_BPF_H

#include "hook.bpf.h"

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_memory(struct refusal *w, const struct refused_call *c)
{
	return false;
}

#endif
