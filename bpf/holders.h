/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders.h - the records of the iterators (holders.bpf.c), and what is asked of them.
 *
 * They pass through a descriptor that user/holders_iter.c reads, one kind of record after the other
 * of the same size. A field whose bit in has is not set is unknown, whatever it holds.
 */
#ifndef FAILCNT_HOLDERS_WIRE_H
#define FAILCNT_HOLDERS_WIRE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define FC_ITER_COMM 16
#define FC_ITER_NAME 24

/* Which controller's hierarchy a cgroup is in. */
enum fc_iter_controller { FC_ITER_EVERYWHERE, FC_ITER_MEMORY, FC_ITER_PIDS };

/* What a descriptor leads to: the names that /proc/PID/fd has for them. */
enum fc_iter_kind {
	FC_FD_FILE,    /* whatever is none of the others: readlink() tells */
	FC_FD_SOCKET,  /* "socket:[INODE]" */
	FC_FD_PIPE,    /* "pipe:[INODE]" */
	FC_FD_ANON,    /* "anon_inode:NAME" */
	FC_FD_PTMX,    /* character device 5:2 */
	FC_FD_DELETED, /* "PATH (deleted)" */
	FC_FD_KINDS
};

/* The one element of the map `wanted`, written before an iterator is read. */
struct fc_iter_want {
	__u64 cgroup; /* the inode of its directory: only what is in it or below; 0: everywhere */
	__u32 controller;
	__u32 kinds;   /* descriptors: 1 << enum fc_iter_kind */
	__u32 pending; /* tasks: each thread that has signals waiting, instead of processes */
	__u32 pid;     /* descriptors: of this process alone; 0: of all */
	__u32 of_user; /* enum fc_iter_of: only what counts for the user uid of user_ns */
	__u32 user_ns; /* inode; 0: the first */
	__u32 uid;
	__u32 pid_ns; /* tasks: with a number in this pid namespace (inode); 0: all */
};

/* How it is counted: not by user; as limits of the user are, by the real uid; of an inotify
 * instance, for whoever made it. */
enum fc_iter_of { FC_ITER_ANYBODY, FC_ITER_RLIMIT, FC_ITER_INOTIFY };

enum {
	FC_ITER_ZOMBIE = 1,
	FC_ITER_FDS = 2, /* fds is known */
	FC_ITER_MM = 4,  /* the pages are known: it has memory of its own */
	FC_ITER_CUT = 8, /* more signals wait than were counted */
};

/* A process; where pending was asked for, a thread. */
struct fc_iter_task {
	__u64 start;           /* CLOCK_BOOTTIME nanoseconds */
	__u64 rss, data, huge; /* pages; rss can lag behind by what processors have not added yet */
	__u32 pid, tid, ppid, uid, euid, threads;
	__u32 ipc_ns; /* inode; 0: unknown */
	__u32 has;
	__u32 fds;
	__u32 pending; /* signals that wait for it, of a leader also those of the process */
	char comm[FC_ITER_COMM];
};

/* A descriptor. */
struct fc_iter_fd {
	__u64 inode;
	__u32 pid, fd;
	__u32 kind;
	__u16 family, type, protocol; /* of a socket */
	__u16 local, remote;          /* ports, in the host's order */
	__u8 state, pad;
	char name[FC_ITER_NAME]; /* of FC_FD_ANON */
};

_Static_assert(sizeof(struct fc_iter_want) == 40, "fc_iter_want");
_Static_assert(sizeof(struct fc_iter_task) == 88, "fc_iter_task");
_Static_assert(sizeof(struct fc_iter_fd) == 56, "fc_iter_fd");

#endif
