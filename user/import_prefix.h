/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * import_prefix.h - what others put before the kernel's words: stamps, hosts,
 * priorities, marks of quotation. Pure.
 */
#ifndef FAILCNT_IMPORT_PREFIX_H
#define FAILCNT_IMPORT_PREFIX_H

#include "util.h"

/* When something was logged, as far as it says. */
struct import_stamp {
	bool has_time, has_uptime;
	int64_t time;    /* CLOCK_REALTIME ns */
	uint64_t uptime; /* us of printk's clock */
};

enum import_origin {
	ORIGIN_UNKNOWN,
	ORIGIN_KERNEL,  /* the line says that the kernel wrote it */
	ORIGIN_PROGRAM, /* or that ident did */
};

struct import_prefix {
	size_t len; /* the message begins there */
	struct import_stamp at;
	enum import_origin origin;
	char host[64];  /* "" not there */
	char ident[32]; /* PROGRAM: who */
	int64_t ident_pid;
	bool has_ident_pid;
	size_t program;  /* where host and ident begin, in case that they are none */
	bool has_stamp;  /* any stamp, also one that tells no time, such as of `dmesg -d` */
	uint64_t caller; /* "[T123]" or "[C1]", as text in one number; 0: not there */
};

/* s ends with NUL. now: for dates without a year, CLOCK_REALTIME ns. */
void import_prefix(const char *s, int64_t now, struct import_prefix *ret);

/* A date and time at the beginning of s; returns how many bytes it is, 0: none. ret_ns: local time
 * where it names no zone. "2026-11-22T12:00:01.5+0100", "Nov 22 12:00:01", "Sun Nov 22 12:00:01
 * 2026", "Sun 2026-11-22 12:00:01 CET" */
size_t import_date(const char *s, int64_t now, int64_t *ret_ns);

#endif
