/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mounts.h - which file system was full: where it is mounted, what kind it is,
 * and how full it is now.
 *
 * The kernel's record has at most a device number, or a path. The mount table
 * of the process (/proc/PID/mountinfo), or else our own, makes a mount point of
 * it; statfs(2) there, in the mount namespace of the process, tells the sizes
 * and decides between blocks and inodes where the hook could not.
 *
 * statfs() of a file system whose server is gone waits for ever. So only file
 * systems of a list are asked, and only where nothing else lies on the way.
 */
#ifndef FAILCNT_MOUNTS_H
#define FAILCNT_MOUNTS_H

#include "event.h"
#include "parse.h"

#define MOUNTS_POINT 1024
#define MOUNTS_TYPE 64
#define MOUNTS_MEMORY 64 /* processes */

/* What statfs says, in bytes or inodes. */
struct mounts_usage {
	bool known;
	uint64_t total;
	uint64_t free;      /* for root too; total - free is in use */
	uint64_t available; /* for everybody: without what is reserved for root */
};

struct mounts_found {
	char point[MOUNTS_POINT]; /* as the process sees it */
	char fstype[MOUNTS_TYPE];
	uint32_t major, minor;
	bool may_ask; /* statfs cannot hang: it and what lies above it is local */
};

/*
 * In a mount table: of the device number, the mount whose root is the file system's own, else any;
 * of an absolute path, the mount that it leads to, symbolic links not followed. -ENOENT.
 */
int mounts_by_device(struct parse_text table, uint32_t major, uint32_t minor,
		     struct mounts_found *ret);
int mounts_by_path(struct parse_text table, const char *path, struct mounts_found *ret);

/*
 * The mount table and the root directory in whose view the event's path or device means what it
 * did. *ret: what *ret_table is a part of, to be freed.
 */
int mounts_view(const struct event *e, const struct event_facts *facts, int proc_fd, char **ret,
		struct parse_text *ret_table, int *ret_root);

/* What was found out of the first refusals of a process, for those that were folded; zeroed first.
 */
struct mounts_memory {
	struct {
		uint64_t start;
		uint32_t pid;
		bool inodes; /* and not blocks, as the hook took it for */
		struct mounts_found mount;
	} was[MOUNTS_MEMORY];
	size_t next;
};

struct statfs;

/*
 * FC_DISK or FC_INODES: which of the two a call found used up, by what is free a moment later.
 * sure: it is used up still. asked: bytes, 0 unknown.
 */
unsigned int mounts_used_up(const char *fstype, const char *call, const struct statfs *s,
			    uint64_t asked, bool *ret_sure);

/*
 * Completes a refusal of disk, inodes or quota: MOUNT, DEVICE, FILESYSTEM, and where they are
 * missing HELD and LIMIT; CERTAIN, and which of disk and inodes it was, also in facts. *ret: what
 * statfs said of the event's resource.
 */
void mounts_event(struct event *e, struct event_facts *facts, int proc_fd,
		  struct mounts_memory *memory, struct mounts_usage *ret);

#endif
