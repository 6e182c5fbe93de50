/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counter.h - counter rows from every source that a Linux host has.
 *
 * A row is one line of a beancounter table: what is held, the most that was
 * ever held, barrier, limit, and how often the kernel said no. OpenVZ kept
 * that table itself (ubc); elsewhere the same numbers stand in the cgroup
 * files, in sysctls and in /proc/PID/limits.
 *
 * All files are read below a root directory descriptor, so that a fixture
 * tree or a container's root can stand in for the host's /proc and /sys.
 *
 * Errors: 0 or -errno. A file that is not there is no error: the row, or the
 * field of the row, is absent. A file that is malformed never crashes the
 * reader: the field is absent and the row carries COUNTER_MALFORMED. Text of
 * user_beancounters that is no row at all makes one row named "?", and rows
 * whose container is not known (the line with its id is damaged) belong to
 * "ct:?".
 */
#ifndef FAILCNT_COUNTER_H
#define FAILCNT_COUNTER_H

#include "util.h"

enum counter_source {
	COUNTER_UBC,     /* /proc/user_beancounters, /proc/bc/ID/resources (OpenVZ) */
	COUNTER_CGROUP1, /* cgroup v1: memory, hugetlb, pids */
	COUNTER_CGROUP2, /* cgroup v2: memory, swap, pids, hugetlb, misc */
	COUNTER_HOST,    /* sysctls of the host with their usage */
	COUNTER_PROCESS, /* /proc/PID/limits with usage */
	COUNTER_USER,    /* per-user limits with usage */
	COUNTER_SOURCES,
};

/* Which members of a row are known; what is unknown is absent, never 0. */
enum counter_have {
	COUNTER_HELD = 1 << 0,
	COUNTER_MAXHELD = 1 << 1,
	COUNTER_BARRIER = 1 << 2,
	COUNTER_LIMIT = 1 << 3,
	COUNTER_FAILCNT = 1 << 4,
	COUNTER_FAILCNT_LOCAL = 1 << 5, /* cgroup v2 *.local: this cgroup alone */
	COUNTER_MALFORMED = 1 << 6,     /* something in the row's text could not be read */
};

/* A barrier or limit that is no limit: "max", "unlimited", LONG_MAX, a page counter's maximum. */
#define COUNTER_UNLIMITED UINT64_MAX

/* Longest name of a row ("hugetlb.1048576kB.rsvd", "max_inotify_instances"). */
#define COUNTER_NAME_MAX 32

struct counter_row {
	enum counter_source source;
	unsigned int owner;          /* index into counter_table.owners */
	unsigned int have;           /* enum counter_have */
	char name[COUNTER_NAME_MAX]; /* the source's own name: "numfile", "memory", "pids" */
	const char *unit; /* static: "bytes", "pages", "files", "tasks", ...; NULL unknown */
	uint64_t held, maxheld, barrier, limit, failcnt, failcnt_local;
	int64_t counted_since; /* CLOCK_REALTIME ns: failcnt is failcnt's own count; 0: the source's
				*/
};

/*
 * Rows of any number of owners, in reading order. Owners are written as on
 * the command line: "ct:43287", "cgroup:/system.slice/a.service", "uid:1000",
 * "pid:4711", "host", "fs:/var". The table owns its memory; rows are valid until the next
 * call that adds to it.
 */
struct counter_table {
	struct counter_row *rows;
	size_t n_rows, cap_rows;
	char **owners;
	size_t n_owners, cap_owners;
	bool hidden; /* there is something of a process that we may not look at */
};

void counter_table_clear(struct counter_table *t); /* keeps the memory for the next reading */
void counter_table_free(struct counter_table *t);
static inline const char *counter_owner(const struct counter_table *t, const struct counter_row *r)
{
	return t->owners[r->owner];
}

/* Opaque: root descriptor, cgroup mounts found, files kept open. */
struct counters;

struct counter_options {
	const char *root;         /* NULL: "/" */
	const char *beancounters; /* NULL: proc/user_beancounters below root */
};

/*
 * Finds out which sources exist. *ret is the caller's, freed with counters_close().
 * -ENOENT, -ENOTDIR, -EACCES of the root directory; -ENOENT: no such beancounters file.
 */
int counters_open(struct counters **ret, const struct counter_options *o);
void counters_close(struct counters *c);
static inline void counters_closep(struct counters **c)
{
	counters_close(*c);
}

/* True where the source exists on this machine (below this root). */
bool counters_have(const struct counters *c, enum counter_source s);

/*
 * Adds the rows of one owner ("ct:ID", "cgroup:PATH", "uid:N", "pid:N",
 * "fs:/MOUNT", "host" with its file systems) or, with NULL, of every owner of the machine except
 * processes. -EINVAL: not an owner's form. -ENOENT: no such owner. -EFBIG: user_beancounters is
 * longer than 4 MiB; a row "?" of "ct:?" marks it. That, and with NULL every error but -ENOMEM,
 * leaves the rows that could be read in the table; after other errors the table is as it was.
 * cgroup:PATH takes the v1 (memory, pids, hugetlb) and the v2 files of PATH.
 */
int counters_read(struct counters *c, const char *owner, struct counter_table *t);

/* Adds the rows of one cgroup directory of one source, not of its ancestors; cheap: a few opens. */
int counters_read_cgroup(struct counters *c, enum counter_source s, const char *path,
			 struct counter_table *t);

/* Adds the rows of every user. */
int counters_read_users(struct counters *c, struct counter_table *t);

/*
 * Calls cb with the rows of each process in turn, until it returns other than
 * 0; they are gone with the next. Tasks of users are counted once. percent not
 * 0: rows that can be seen to be below that share of their limit may be missing.
 */
int counters_each_process(struct counters *c, unsigned int percent,
			  int (*cb)(void *arg, const struct counter_table *t), void *arg);

/* Calls cb for every process, by number, until it returns other than 0. */
int counters_each_pid(struct counters *c, int (*cb)(void *arg, uint64_t pid), void *arg);

/*
 * Reads one file below the root directory, at most 4 MiB; *ret is NULL or the
 * caller's and ended by a NUL that *ret_n does not count. -ENOENT, -EACCES, -EFBIG.
 */
int counters_slurp(struct counters *c, const char *path, char **ret, size_t *ret_n);
/* The same of user_beancounters, wherever it is. */
int counters_slurp_ubc(struct counters *c, char **ret, size_t *ret_n);

/* A descriptor of a directory below the root; -errno. The caller's. */
int counters_open_dir(struct counters *c, const char *path);

/* Calls cb for every cgroup directory of s, parents first, until it returns other than 0. */
int counters_each_cgroup(struct counters *c, enum counter_source s,
			 int (*cb)(void *arg, const char *path), void *arg);

/*
 * The absolute path (below the real root directory, for inotify) of a file or
 * directory of a cgroup; file NULL: the directory of the controller.
 * controller: "memory", "pids", "hugetlb" for v1, ignored for v2.
 * -ENOENT where that hierarchy is not mounted; -ENAMETOOLONG.
 */
int counters_cgroup_path(const struct counters *c, enum counter_source s, const char *controller,
			 const char *path, const char *file, char *buf, size_t size);

#endif
