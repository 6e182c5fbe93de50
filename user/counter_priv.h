/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counter_priv.h - what the counter_*.c files share: the opened root, reading
 * a file whole, building a row. Nobody else includes it.
 */
#ifndef FAILCNT_COUNTER_PRIV_H
#define FAILCNT_COUNTER_PRIV_H

#include <limits.h>

#include "counter.h"
#include "parse.h"

/* Bounds of what is read: a table of a thousand containers, mounts of a busy host, the rest. */
#define COUNTER_BEANCOUNTERS_MAX (4u << 20)
#define COUNTER_MOUNTINFO_MAX (16u << 20)
#define COUNTER_TABLE_FILE_MAX (4u << 20)
#define COUNTER_FILE_MAX (64u << 10)
#define COUNTER_MAPS_MAX (64u << 20)

#define COUNTER_HUGE_SIZES 8

/* Where a hierarchy of cgroups is mounted; v1 controllers mounted together have one each. */
enum counter_hierarchy {
	COUNTER_V1_MEMORY,
	COUNTER_V1_PIDS,
	COUNTER_V1_HUGETLB,
	COUNTER_V2,
	COUNTER_HIERARCHIES
};

struct counter_mount {
	int fd;       /* -1: not mounted */
	char *point;  /* below the root directory, begins with '/' */
	char *prefix; /* the cgroup that is mounted there, "" for the hierarchy's root */
};

/* A file's text; one buffer serves all readings of a struct counters. */
struct counter_buf {
	char *s;
	size_t n, cap;
};

struct counters {
	int root_fd;
	char *root_path;    /* absolute, "" for "/" */
	char *beancounters; /* NULL: proc/user_beancounters below root */
	bool have[COUNTER_SOURCES];
	struct counter_mount mounts[COUNTER_HIERARCHIES];
	char huge[COUNTER_HUGE_SIZES][16]; /* "2MB", "1GB": as in the names of hugetlb files */
	size_t n_huge;
	struct counter_buf buf;
	struct counter_users *users; /* kept while every process is read; NULL: counted anew */
};

/*
 * Opens path, relative to the root directory, as if that were "/": links
 * cannot lead out of it. flags: O_RDONLY and O_DIRECTORY; O_CLOEXEC is added.
 */
int counter_open(const struct counters *c, const char *path, int flags);

/* Opens path below an open directory, through no link at all. */
int counter_open_beneath(int dirfd, const char *path, int flags);

/*
 * Reads a file whole. -EFBIG where it is longer than max; -ENOENT where it is
 * not there, or has nothing to say (no such controller, feature switched off,
 * the cgroup or process has just gone); -EACCES. b->s is valid until the next reading.
 */
int counter_slurp_at(struct counter_buf *b, int dirfd, const char *path, size_t max);
int counter_slurp(struct counters *c, const char *path, size_t max);
int counter_slurp_fd(struct counter_buf *b, int fd, size_t max);

static inline struct parse_text counter_text(const struct counter_buf *b)
{
	return (struct parse_text){b->s, b->n};
}

/*
 * Sets one member of a row by the result of reading it: absent for -ENOENT,
 * -EACCES and -ENODATA, malformed for other errors. Returns -ENOMEM alone.
 */
__attribute__((nonnull(1))) int counter_put(struct counter_row *r, enum counter_have what,
					    int result, uint64_t v);

struct counter_row counter_row_of(enum counter_source source, const char *name, const char *unit);

/* Adds the row to the newest owner, unless nothing is known of it. */
int counter_add(struct counter_table *t, const struct counter_row *r);

/* Makes owner (printf) the newest owner, unless it is already. */
int counter_own(struct counter_table *t, const char *fmt, ...) _printf_(2, 3);

/* Forgets the rows and owners behind a mark. */
void counter_table_cut(struct counter_table *t, size_t n_rows, size_t n_owners);

/* The subdirectories of a directory, sorted; freed with counter_names_free(). Consumes fd. */
struct counter_names {
	char **names;
	size_t n, cap;
};
int counter_subdirs(int fd, struct counter_names *ret);
void counter_names_free(struct counter_names *names);

/* counter_hierarchy.c */
int counter_mounts_find(struct counters *c);
void counter_mounts_close(struct counters *c);
int counter_cgroup_read_all(struct counters *c, struct counter_table *t);
int counter_cgroup_read_one(struct counters *c, const char *path, struct counter_table *t);

/* counter_ubc.c: id NULL is every container. */
bool counter_ubc_exists(const struct counters *c);
int counter_ubc_read(struct counters *c, const char *id, struct counter_table *t);
int counter_ubc_slurp(struct counters *c); /* the table whole, into c->buf */

/* counter_host.c */
int counter_host_read(struct counters *c, struct counter_table *t);

/* counter_host_sum.c: rows of the host that are made of several numbers. */
int counter_host_sums(struct counters *c, struct counter_table *t);

/* counter_fs.c: owners "fs:/MOUNT". */
int counter_fs_read(struct counters *c, struct counter_table *t);
int counter_fs_read_one(struct counters *c, const char *point, struct counter_table *t);

/* counter_process.c, counter_user.c: uid -1 is every user. */
int counter_process_read(struct counters *c, uint64_t pid, struct counter_table *t);
int counter_user_read(struct counters *c, int64_t uid, struct counter_table *t);

/* percent not 0: what can be seen to be below that share of its limit need not be counted. */
int counter_process_near(struct counters *c, uint64_t pid, unsigned int percent,
			 struct counter_table *t);

/* Tasks of one real uid. */
int counter_user_tasks(struct counters *c, uint32_t uid, uint64_t *ret);

/* vm.max_map_count */
int counter_max_maps(struct counters *c, uint64_t *ret);

/* Counts the tasks of all users once (and reads vm.max_map_count), for all the processes that are
 * read until it is dropped. */
int counter_users_keep(struct counters *c);
void counter_users_drop(struct counters *c);

/* counter_fdinfo.c: files that a user has only so many of. */
enum { COUNTER_FD_INOTIFY, COUNTER_FD_EPOLL, COUNTER_FD_FANOTIFY, COUNTER_FD_KINDS };

struct counter_fd {
	uint32_t uid;
	int kind, pid, fd;
	bool real;  /* of this machine: kcmp() knows it */
	uint64_t n; /* watches or marks on it */
};
struct counter_fds {
	struct counter_fd *f;
	size_t n, cap;
	bool unknown; /* which of them are one file */
};
struct counter_fd_usage {
	uint64_t files[COUNTER_FD_KINDS], marks[COUNTER_FD_KINDS];
};

/* Adds those of one process. -ENOENT: gone; -EACCES: they may not be seen. */
int counter_fds_add(struct counters *c, struct counter_fds *fds, uint32_t uid, const char *pid);
/* Each file once. */
void counter_fds_sort(struct counters *c, struct counter_fds *fds);
void counter_fds_count(const struct counter_fds *fds, uint32_t uid, struct counter_fd_usage *ret);
int counter_fds_rows(struct counters *c, const struct counter_fd_usage *u, struct counter_table *t);

#endif
