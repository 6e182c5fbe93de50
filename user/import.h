/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * import.h - kernel log text in, events out: the same as live ones, as far as
 * the text says it (backend "import").
 *
 * Any log that holds the kernel's lines will do: dmesg, journalctl, syslog
 * files, /dev/kmsg, JSON of these, logs of containers, a pasted ticket; also
 * compressed by gzip. It is read once from the beginning to the end, in memory
 * that does not grow with it.
 */
#ifndef FAILCNT_IMPORT_H
#define FAILCNT_IMPORT_H

#include "field.h"

struct import_stats {
	uint64_t bytes, lines; /* after decompression */
	uint64_t killed, refused, lost;
	uint64_t cut;          /* reports of the OOM killer whose victim is not in the text */
	uint64_t too_long;     /* lines of which only the beginning was read */
	bool ends_early;       /* the compressed data is damaged or cut: what came before counts */
	char first_cut[96];    /* the beginning of the first line of such a report */
	const char *converter; /* no text: the command that makes text of such a file; or NULL */
};

struct import_options {
	/* When the machine was booted, for logs that have only the time since: CLOCK_REALTIME ns.
	 */
	bool has_boot;
	int64_t boot_ns;
	/* Dates that have no year are the latest ones before this; 0: the file's own time, now
	 * where that is no file. CLOCK_REALTIME ns. */
	int64_t now_ns;
	struct import_stats *stats; /* NULL: not wanted. Written also when an error is returned. */
};

/*
 * Calls on_event for each event, in the order of the text; *e is the callee's until it returns.
 * fd stays the caller's. Returns 0, also where nothing was found, or
 *   -ENODATA  the text is empty
 *   -EILSEQ   this is no text
 *   -errno    it cannot be read (-EISDIR: a directory), or no memory
 */
int import_read(int fd, const struct import_options *o,
		void (*on_event)(void *arg, struct event *e), void *arg);

#endif
