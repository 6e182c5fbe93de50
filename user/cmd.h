/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cmd.h - subcommands: each is one file cmd_NAME.c and one row of the table in
 * main.c. A subcommand returns the exit status; what it has left in stdout's
 * buffer main() writes, and a failure of that is status 1.
 */
#ifndef FAILCNT_CMD_H
#define FAILCNT_CMD_H

#include "options.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_NOTHING = 1, /* nothing found, or failed */
	EXIT_USAGE = 2,
	EXIT_DENIED = 3, /* the kernel or the privileges do not allow it */
	EXIT_LOSS = 4,   /* events were lost and --fail-on-loss was given */
};

int cmd_watch(const struct options *o);
int cmd_run(const struct options *o);
int cmd_table(const struct options *o);
int cmd_import(const struct options *o);
int cmd_record(const struct options *o);
int cmd_list(const struct options *o);
int cmd_info(const struct options *o);
int cmd_report(const struct options *o);
int cmd_vacuum(const struct options *o);
int cmd_doctor(const struct options *o);

#endif
