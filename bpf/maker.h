/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maker.h - who made a semaphore set: the notes that ipc.bpf.h leaves and user/holders_maker.c
 * reads.
 *
 * The kernel keeps no creator's pid of a semaphore set. A note is one element of an array, at a
 * place that follows from the set: another set that falls on it takes its place. So a set may have
 * no note, but never a wrong one: namespace and id stand in it, and an id is not given again before
 * its sequence number has gone round (ipc/util.h: 2^16 sets at the same index).
 */
#ifndef FAILCNT_MAKER_H
#define FAILCNT_MAKER_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define FC_MAKERS 4096 /* a power of two */

struct fc_maker {
	__u64 start;   /* of the process, nanoseconds since boot: with pid its identity */
	char comm[16]; /* where it can be written as two words */
	__u32 ns;      /* inode of the IPC namespace */
	__s32 id;      /* of the set */
	__u32 pid;     /* 0: nobody has written here */
};

static inline __u32 fc_maker_slot(__u32 ns, __s32 id)
{
	return ((__u32)id + (ns * 2654435769U >> 20)) & (FC_MAKERS - 1);
}

#endif
