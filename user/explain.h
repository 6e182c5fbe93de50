/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain.h - the sentence and the remedy. Pure: reads the event's fields,
 * sets SAYS and FIX.
 *
 * `fix` is commands that would have worked, computed from held and asked, one
 * per line, for sh; values are never below what is set now. Where no command
 * helps it says what to do, in lines that begin with '#', so that the whole
 * can be pasted. A name that is not plain text never reaches a command.
 */
#ifndef FAILCNT_EXPLAIN_H
#define FAILCNT_EXPLAIN_H

#include "death.h"
#include "field.h"
#include "mounts.h"

/*
 * What is set now, for merging. Zero or NULL: unknown, and explain does with
 * less. The caller reads it when the event arrives, not at the start.
 */
struct explain_facts {
	/* What the hook read for the remedy: bpf/event.h says what, by resource. Zeros: nothing */
	uint64_t more[4];
	bool hard_unlimited; /* no LIMIT_HARD, because there is none */
	bool has_more;
	bool unsure; /* repeats: it is not known whose limit it was: no remedy */
	/* Inode numbers of the host's own namespaces (stat of /proc/self/ns/...), by enum fc_ns;
	 * 0: unknown */
	uint32_t host_ns[8];
	uint64_t nr_open;         /* /proc/sys/fs/nr_open */
	uint64_t page_size;       /* bytes; 4096 where unknown */
	uint64_t huge_page;       /* bytes: the size that vm.nr_hugepages is about */
	bool memory_is_v1;        /* the memory controller is on cgroup v1 */
	const char *memory_mount; /* its mount point, e.g. "/sys/fs/cgroup/memory" */
	/* How many bytes of memory and swap together the memcg may use: v1 memsw limit, v2
	 * memory.max + memory.swap.max; UINT64_MAX: no limit */
	uint64_t memsw;
	bool again; /* the process has ended when this is read, and will be started anew from a
		     * shell (failcnt run): not its own limits are to be raised, but the shell's */
	const struct death_facts *death; /* of a death by a signal; NULL: none */
	struct mounts_usage space;       /* disk, inodes: of the file system, as statfs tells */
};

/* Sets SAYS and FIX of a `refused` or `killed` event, no other. facts may be NULL. */
void explain_event(struct event *e, const struct explain_facts *facts);

#endif
