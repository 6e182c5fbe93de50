/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * import_file.h - a kernel log that the command line names: opened, read, and
 * what is wrong with it said.
 */
#ifndef FAILCNT_IMPORT_FILE_H
#define FAILCNT_IMPORT_FILE_H

#include "import.h"
#include "options.h"

/* What messages call the file: "-" is standard input. */
const char *import_file_name(const char *file);

/*
 * import_read() of file, with what o says of it. -errno after one sentence; *stats is written in
 * any case.
 */
int import_file(const char *file, const struct options *o, struct import_stats *stats,
		void (*on_event)(void *arg, struct event *e), void *arg);

/* What the log itself has lost, or is not whole. */
void import_file_warn(const struct import_stats *s);

#endif
