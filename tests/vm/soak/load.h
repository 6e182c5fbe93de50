/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the soak test's witness share. A round is one child that is refused something a
 * number of times, or dies; it counts by itself what its calls returned, in memory that its parent
 * prints once it has ended: nothing that the child is out of can spoil the count.
 */
#ifndef SOAK_LOAD_H
#define SOAK_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096L
#define MIB (1024L * 1024)
#define TALLIES 24
#define DECOY "-" /* the errno of a call that no limit ended */

struct tally {
	char resource[24];
	int err, count;
};

struct round {
	uint64_t random;
	int left; /* so many refusals are still wanted */
	struct tally tallies[TALLIES];
};

struct kind {
	const char *name, *resource;
	bool (*prepare)(void); /* once, in the parent; false: cannot be here */
	void (*run)(struct round *r);
	int as; /* a user of its own: 0 stays root */
};

struct death {
	const char *name, *cause; /* as failcnt calls it; NULL: no kill */
	void (*die)(struct round *r);
	int (*kill)(pid_t pid); /* what the parent does to it; NULL: nothing */
};

/* Each ends with an entry without a name. */
extern const struct kind ipc_kinds[], object_kinds[], task_kinds[], space_kinds[];
extern const struct death deaths[];

extern char dir[64]; /* of this load alone: dir/full (16 inodes), dir/disk (64 KiB), dir/room */
extern int user;     /* the first of the users that are this load's alone */
extern struct round *round_now; /* shared with the children */

uint64_t pick(struct round *r, uint64_t n); /* 0 .. n - 1 */
/* Counts a call that ended with -1 as a refusal of `resource`, or a decoy. Returns ret. */
long tally(struct round *r, const char *resource, long ret);
void decoys(struct round *r, int n);
void limit(int what, unsigned long soft);
bool cgroup_v2(void);
/* False and a line on stderr where it cannot be written. */
bool set(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "load: what: errno" on stderr, and the end. */
_Noreturn void fail(const char *what);

/* witness.c */
int read_acct(const char *path);
int switch_acct(const char *path);
int connect_often(int argc, char **argv);

#endif
