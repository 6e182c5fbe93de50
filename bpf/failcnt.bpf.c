// SPDX-License-Identifier: GPL-2.0-only
/*
 * failcnt.bpf.c - the one object: every hook of every backend. The collector
 * loads only the programs that it chose (user/attach.c).
 */
#include "vmlinux.h"

#include "event.h"

#include "files.bpf.h"
#include "ipc_more.bpf.h"
#include "locked.bpf.h"
#include "memory.bpf.h"
#include "modules.bpf.h"
#include "net.bpf.h"
#include "oom.bpf.h"
#include "oom_tasks.bpf.h"
#include "signals.bpf.h"
#include "space.bpf.h"
#include "stack.bpf.h"
#include "stall.bpf.h"
#include "sys_exit.bpf.h"
#include "tasks.bpf.h"
#include "users.bpf.h"
#include "writeback.bpf.h"

#include "signal_sent.bpf.h"
#include "death.bpf.h" /* names of memory.bpf.h that ipc.bpf.h must not find yet */

char LICENSE[] SEC("license") = "GPL"; /* GPL-2.0-only, in the spelling that the kernel knows */
