/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * net.bpf.h - sockets, neighbours, conntrack, ports, backlogs.
 */
#ifndef FAILCNT_NET_BPF_H
#define FAILCNT_NET_BPF_H

#include "hook.bpf.h"

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_net(struct refusal *w, const struct refused_call *c)
{
	return false;
}

#endif
