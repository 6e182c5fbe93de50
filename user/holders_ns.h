/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders_ns.h - the namespaces of a process, for struct holders_env; proc: its
 * directory below /proc.
 */
#ifndef FAILCNT_HOLDERS_NS_H
#define FAILCNT_HOLDERS_NS_H

#include "holders.h"

int ns_user_levels(void *arg, int proc, struct owner_level *ret, int max);
bool ns_in_pid_ns(void *arg, int proc, uint32_t ns);

#endif
