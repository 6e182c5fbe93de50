/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.h - parsers of procfs and cgroup text. Pure: bytes in, values out, no
 * files, no allocation. Every one takes a length, for the text may hold NUL
 * bytes or end anywhere.
 *
 * The kernel ends every line of these files with '\n'. Text that ends without
 * one was cut, and then its last number may be the beginning of a longer one:
 * it is refused, never believed.
 *
 * Errors, for all of them: -EBADMSG what was looked for is there but cannot be
 * read, or the text was cut where it might have been; -ENODATA it is not
 * there. Outputs are untouched on failure.
 */
#ifndef FAILCNT_PARSE_H
#define FAILCNT_PARSE_H

#include "util.h"

#define PARSE_UNLIMITED UINT64_MAX

/* A piece of somebody else's text; borrowed, not ended by NUL. */
struct parse_text {
	const char *s;
	size_t n;
};

/* Takes the next line off rest, without its '\n'; *ret_whole tells whether it had one. */
bool parse_next_line(struct parse_text *rest, struct parse_text *ret_line, bool *ret_whole);

/* Takes the next word, between blanks (space and tab), off line. */
bool parse_next_word(struct parse_text *line, struct parse_text *ret_word);

static inline bool parse_is(struct parse_text t, const char *literal)
{
	return t.n == strlen(literal) && memcmp(t.s, literal, t.n) == 0;
}

/* t is one of the names of a comma separated list, such as mount options. */
bool parse_in_list(struct parse_text list, const char *name);

/*
 * A whole decimal number and nothing else: "12abc", "", "-1", "+1", " 1" and
 * what exceeds 64 bits are -EINVAL or -ERANGE. *ret untouched on failure.
 */
int parse_u64(const char *s, size_t n, uint64_t *ret);

/*
 * A number, or PARSE_UNLIMITED for any way in which a kernel writes that there
 * is no limit: "max" (cgroup v2, pids), "unlimited" (/proc/PID/limits), and
 * LONG_MAX, ULONG_MAX and what lies so near below them that it can only be
 * LONG_MAX rounded to pages of up to 64 KiB (cgroup v1: PAGE_COUNTER_MAX *
 * PAGE_SIZE) or ULONG_MAX less 16 MiB (kernel.shmall, include/uapi/linux/shm.h).
 * -EINVAL, -ERANGE as parse_u64().
 */
int parse_limit(const char *s, size_t n, uint64_t *ret);

/* A file of one number, or of one limit. */
int parse_value(struct parse_text t, uint64_t *ret);
int parse_value_limit(struct parse_text t, uint64_t *ret);

/* The number at place index (from 0) of the first line: sysctls such as kernel.sem. */
int parse_nth(struct parse_text t, unsigned int index, uint64_t *ret);
int parse_nth_limit(struct parse_text t, unsigned int index, uint64_t *ret);

/* The value of "key value" lines: memory.events, memory.oom_control, misc.max. */
int parse_keyed(struct parse_text t, const char *key, uint64_t *ret);
int parse_keyed_limit(struct parse_text t, const char *key, uint64_t *ret);

/* "Key:  123 kB" in bytes, or "Key:  123" as it is: meminfo, /proc/PID/status. The first number. */
int parse_colon(struct parse_text t, const char *key, uint64_t *ret);

/* "3/96365": two numbers. */
int parse_pair(struct parse_text t, uint64_t *ret_a, uint64_t *ret_b);

/* "SigQ:\t3/96365" in /proc/PID/status: the number of queued signals. */
int parse_sigq(struct parse_text t, uint64_t *ret);

/* Soft and hard limit of one row of /proc/PID/limits, by its label ("Max open files"). */
int parse_rlimit(struct parse_text t, const char *label, uint64_t *ret_soft, uint64_t *ret_hard);

/* utime + stime of /proc/PID/stat, in clock ticks; comm may hold blanks and brackets. */
int parse_stat_cpu(struct parse_text t, uint64_t *ret);

/* The number of tasks on the machine: /proc/loadavg "0.40 0.14 0.04 1/97 5515" gives 97. */
int parse_loadavg_tasks(struct parse_text t, uint64_t *ret);

/* A number of /proc/net/sockstat: line "TCP:", key "mem". */
int parse_sockstat(struct parse_text t, const char *line, const char *key, uint64_t *ret);

/*
 * What a table with a line of headings says of one column: /proc/sysvipc/sem,
 * shm, msg. sum counts each entry in whole units of unit, rounded up.
 */
struct parse_column {
	uint64_t count, sum, max;
};
int parse_column(struct parse_text t, const char *heading, uint64_t unit, struct parse_column *ret);

/* The lines of a file, those that have " -> " (waiters in /proc/locks) left out. */
int parse_count_locks(struct parse_text t, uint64_t *ret);

/* The entries of a table of /proc/net/stat: hexadecimal, first column, same on each processor. */
int parse_net_stat_entries(struct parse_text t, uint64_t *ret);

/* The sum over all processors of another column of such a table. */
int parse_net_stat_sum(struct parse_text t, const char *heading, uint64_t *ret);

/* A number of /proc/net/netstat: a line of names, then a line of values, both begin with line. */
int parse_netstat(struct parse_text t, const char *line, const char *key, uint64_t *ret);

/* When a process started, in clock ticks since boot: field 22 of /proc/PID/stat. */
int parse_stat_start(struct parse_text t, uint64_t *ret);

/* The lines of a file; word: only those that begin with it (fdinfo: "inotify", "tfd:"). */
int parse_count_lines(struct parse_text t, const char *word, uint64_t *ret);

/* The mappings in /proc/PID/maps; [vsyscall] is the machine's, in no process's map_count. */
int parse_count_maps(struct parse_text t, uint64_t *ret);

/* A number that may be below zero, and its newline: oom_score_adj. */
int parse_signed(struct parse_text t, int64_t *ret);

/* One line of /proc/key-users: "uid: usage nkeys/nikeys qnkeys/maxkeys qnbytes/maxbytes". */
struct parse_key_user {
	uint64_t uid, keys, keys_max, bytes, bytes_max;
};
int parse_key_user(struct parse_text line, struct parse_key_user *ret);

/* One line of /proc/PID/mountinfo; root and point still have their \040 escapes. */
struct parse_mount {
	struct parse_text root, point, fstype, options;
};
int parse_mount(struct parse_text line, struct parse_mount *ret);

/* Undoes the octal escapes of mountinfo. -ENAMETOOLONG; -EBADMSG for a NUL. */
int parse_unescape(struct parse_text t, char *buf, size_t size);

enum parse_ubc_kind {
	PARSE_UBC_BLANK,   /* nothing, "Version: 2.5", or the headings */
	PARSE_UBC_ROW,     /* a row; it may be malformed in part */
	PARSE_UBC_GARBAGE, /* no row; malformed */
	PARSE_UBC_FOREIGN, /* another version or other headings: what follows is not ours */
};

enum {
	PARSE_UBC_HELD,
	PARSE_UBC_MAXHELD,
	PARSE_UBC_BARRIER,
	PARSE_UBC_LIMIT,
	PARSE_UBC_FAILCNT,
	PARSE_UBC_COLUMNS
};

/* A line of user_beancounters version 2.x, or of /proc/bc/ID/resources, which has no uid. */
struct parse_ubc {
	struct parse_text owner; /* "43287" without its colon; n 0: the line has none */
	struct parse_text name;
	bool indented;     /* the uid column is blank: the row belongs to the owner above */
	bool malformed;    /* some of the columns could not be read */
	unsigned int have; /* 1 << column */
	uint64_t value[PARSE_UBC_COLUMNS];
};

/* whole: the line had its '\n'. Other than for PARSE_UBC_ROW only owner and indented are set. */
enum parse_ubc_kind parse_ubc_line(struct parse_text line, bool whole, struct parse_ubc *ret);

#endif
