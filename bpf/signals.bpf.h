/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * signals.bpf.h - queued signals, timers, and limits that end in a signal.
 */
#ifndef FAILCNT_SIGNALS_BPF_H
#define FAILCNT_SIGNALS_BPF_H

#include "hook.bpf.h"

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_signals(struct refusal *w, const struct refused_call *c)
{
	return false;
}

#endif
