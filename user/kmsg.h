/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmsg.h - what the kernel log says about kills: the words of mm/oom_kill.c and
 * fs/file_table.c, and a ring of the latest victims.
 *
 * kmsg_parse() is pure and serves live records and imported text alike.
 * kmsg_read() takes records from a descriptor of /dev/kmsg, opened non-blocking
 * (and moved to its end, unless old news is wanted).
 */
#ifndef FAILCNT_KMSG_H
#define FAILCNT_KMSG_H

#include "../bpf/event.h"
#include "kmsg_tasks.h"
#include "util.h"

enum kmsg_kind {
	KMSG_OTHER,
	KMSG_INVOKED,  /* "X invoked oom-killer: ..."; ratelimited with the next: 10 in 5 s */
	KMSG_OOM,      /* "oom-kill:constraint=...": who was chosen, and for whose limit */
	KMSG_KILLED,   /* "...: Killed process N (X) ...": always there */
	KMSG_GROUP,    /* "Tasks in X are going to be killed due to memory.oom.group set" */
	KMSG_FILE_MAX, /* "VFS: file-max limit N reached"; only on a new maximum */
	KMSG_CHOSEN,   /* until 5.0: "Kill process N (X) score S or sacrifice child"; see kmsg_old.c
			*/
};

enum kmsg_have {
	KMSG_HAS_CONSTRAINT = 1 << 0,
	KMSG_HAS_ORDER = 1 << 1,
	KMSG_HAS_SIZES = 1 << 2,
	KMSG_HAS_PGTABLES = 1 << 3,
	KMSG_HAS_SCORE_ADJ = 1 << 4,
	KMSG_HAS_UID = 1 << 5,
	KMSG_HAS_GFP = 1 << 6,
	/* one by one, where older kernels do not print all of them (HAS_SIZES) */
	KMSG_HAS_TOTAL_VM = 1 << 7,
	KMSG_HAS_ANON = 1 << 8,
	KMSG_HAS_FILE = 1 << 9,
	KMSG_HAS_SHMEM = 1 << 10,
	KMSG_HAS_SWAP = 1 << 11,
	KMSG_HAS_SCORE = 1 << 12,
	KMSG_HAS_UB = 1 << 13,
};

#define KMSG_TEXT 1024 /* a line of the kernel log is no longer (LOG_LINE_MAX) */
#define KMSG_PATH 512

/* What a line, or all lines about one victim, say. Texts are as the kernel had them, "\x0a" undone.
 */
struct kmsg_line {
	enum kmsg_kind kind;
	unsigned int have; /* enum kmsg_have */
	bool memcg;        /* KILLED: "Memory cgroup out of memory", not the host */
	bool doubtful; /* a name looks like the keys around it: paths may be wrong, pid is not */
	int pid;
	uint32_t uid;
	char comm[FC_COMM]; /* of the victim; INVOKED: of who asked */
	enum fc_constraint constraint;
	int order; /* -1: sysrq */
	uint32_t gfp;
	int score_adj;
	uint64_t total_vm, rss_anon, rss_file, rss_shmem, pgtables; /* bytes */
	uint64_t limit;                                             /* FILE_MAX */
	uint64_t swap;                                              /* bytes; OpenVZ */
	uint32_t ub;                                                /* OpenVZ: the container */
	int score;      /* CHOSEN: as /proc/PID/oom_score */
	char nodes[64]; /* OOM: those that the constraint allows, as "0-1,4"; "" unknown */
	char oom_memcg[KMSG_PATH];  /* whose limit fired; "" the host's, or too long */
	char task_memcg[KMSG_PATH]; /* where the victim was; GROUP: the group */
};

/* One line without its time stamp. n bytes, no NUL needed. *ret is written in any case. */
enum kmsg_kind kmsg_parse(const char *text, size_t n, struct kmsg_line *ret);

/* The same for lines that only kernels before 5.0, RHEL's and OpenVZ's print, in imported text:
 * KILLED, CHOSEN, INVOKED (kmsg_old.c). */
enum kmsg_kind kmsg_parse_old(const char *text, size_t n, struct kmsg_line *ret);

/* The head of a /dev/kmsg record, "prio,seq,usec,flags[,caller=..];text\n KEY=value\n..." */
struct kmsg_head {
	unsigned int facility; /* 0: the kernel; anything else was written by a process */
	uint64_t seq, usec;
	const char *text; /* in the record */
	size_t len;
};
int kmsg_parse_head(const char *record, size_t n, struct kmsg_head *ret); /* -EBADMSG */

/* Everything known about one killed process. */
struct kmsg_victim {
	struct kmsg_line line; /* have: what was seen of it; kind: KMSG_KILLED once it was killed */
	uint64_t usec;         /* printk's own clock: neither CLOCK_BOOTTIME nor CLOCK_MONOTONIC */
	uint64_t seen;         /* the caller's clock when its last line was read */
	bool chosen;           /* "oom-kill:" named it */
	bool member;         /* killed with the group of the one before; limit and order are its */
	char asker[FC_COMM]; /* who invoked the OOM killer; "" unknown */
	char group[KMSG_PATH]; /* member: the cgroup that has memory.oom.group */
};

#define KMSG_VICTIMS 64

struct kmsg {
	struct kmsg_victim victims[KMSG_VICTIMS];
	unsigned int n; /* how many there ever were: the newest is at (n - 1) % KMSG_VICTIMS */
	bool has_asked; /* an "invoked" line waits for its victim */
	struct kmsg_line asked;
	bool in_group; /* kills that follow are members of group_path */
	uint64_t group_usec;
	unsigned int group_of; /* number of the chosen one, counted as n is; 0: not known */
	char group_path[KMSG_PATH];
	uint64_t file_max_limit, file_max_seen; /* the latest KMSG_FILE_MAX; 0 none */
	struct kmsg_tasks tasks;                /* the latest table of tasks */
	uint64_t next_seq;
	uint64_t overruns; /* how often the reader was too slow */
	uint64_t lost;     /* records that it missed thereby */
	uint64_t malformed;
};

void kmsg_init(struct kmsg *k);

/* Takes a parsed line into the ring. */
void kmsg_add(struct kmsg *k, const struct kmsg_line *l, uint64_t usec, uint64_t seen);

/*
 * Reads all that is there (at most 4096 records a call). now: microseconds of the clock that
 * kmsg_find_victim() is asked in. Returns the number of records read, or -errno.
 */
int kmsg_read(struct kmsg *k, int fd, uint64_t now);

/* The newest victim pid, the chosen one before others, whose last line was read at since or later
 * (the kernel prints after it kills); NULL: not seen, or not yet. Valid until the next call that
 * adds. */
const struct kmsg_victim *kmsg_find_victim(const struct kmsg *k, int pid, uint64_t since);

#endif
