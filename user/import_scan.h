/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * import_scan.h - which of the phrases that import knows stands in a line, and
 * where: all of them looked for in one pass over the bytes.
 *
 * Most lines of a log hold none, so that the time of an import is the time of
 * this pass.
 */
#ifndef FAILCNT_IMPORT_SCAN_H
#define FAILCNT_IMPORT_SCAN_H

#include "util.h"

enum scan_kind {
	SCAN_NONE,
	SCAN_TEXT,  /* stands somewhere in a message that import reads */
	SCAN_START, /* such a message begins with it */
	SCAN_KEY,   /* of a record of several lines (JSON, journal export): its time, its end */
};

struct scan_hit {
	enum scan_kind kind;
	size_t at; /* where it begins */
};

/* Built at the first call; 0 or -ENOMEM. */
int scan_init(void);

/* The first phrase in the n bytes of s; kind SCAN_NONE: none. */
struct scan_hit scan_line(const char *s, size_t n);

#endif
