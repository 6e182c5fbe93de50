/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - the command line: one typed table, from which the parser, the
 * numbers' checks and the help text all come.
 */
#ifndef FAILCNT_OPTIONS_H
#define FAILCNT_OPTIONS_H

#include "util.h"

#define OPTIONS_RESOURCES_MAX 64
#define OPTIONS_MATCH_MAX 1024 /* files of an import */

enum opt_backend { OPT_AUTO, OPT_FEXIT, OPT_KPROBE, OPT_TRACEPOINT, OPT_EVENTS };
enum opt_color { OPT_COLOR_AUTO, OPT_COLOR_ALWAYS, OPT_COLOR_NEVER };

struct options {
	/* filters */
	uint64_t pid, uid; /* see has_pid, has_uid */
	bool has_pid, has_uid, kills;
	bool unrequested; /* run has it always */
	const char *name, *cgroup, *errno_name;
	const char *resources[OPTIONS_RESOURCES_MAX];
	unsigned int n_resources;
	uint64_t duration_ms;      /* 0: no end */
	uint64_t count;            /* 0: no end */
	const char *since, *until; /* as given: when.h; NULL: no such end */
	const char *boot_time;     /* the same; of the machine that a log is of */
	const char *from;          /* a kernel log to look at instead of a store; "-": stdin */
	/* the store */
	const char *html;               /* where the report goes; "-": stdout; NULL: not said */
	const char *store;              /* NULL: STORE_PATH */
	uint64_t max_bytes, max_age_ms; /* 0: the default */
	uint64_t free_bytes;            /* see has_free_bytes */
	bool has_free_bytes;
	uint64_t sample_ms; /* 10000 */
	/* table */
	uint64_t near; /* percent; 0: not asked for */
	bool oom, compat;
	/* the rest */
	bool json, utc, quiet, fail_on_loss;
	unsigned int verbose;
	enum opt_backend backend;
	enum opt_color color;
	uint64_t interval_ms;                     /* 700 */
	const char *root, *beancounters, *output; /* output: "json:FILE" */
	const char *match[OPTIONS_MATCH_MAX];     /* positional */
	unsigned int n_match;
	char **rest; /* the command line to run, perhaps empty, ended by NULL */
	/* set by run, of which they are the filter; no option: only descendants of this pid */
	uint64_t tree;       /* 0: everybody */
	uint32_t tree_ns;    /* inode number of its pid namespace */
	uint64_t tree_since; /* CLOCK_BOOTTIME ns: children made before are not meant */
	/* asked for instead of the command */
	bool help, version;
};

/* Which subcommands an option applies to. */
enum opt_command {
	OPT_WATCH = 1 << 0,
	OPT_TABLE = 1 << 1,
	OPT_DOCTOR = 1 << 2,
	OPT_RUN = 1 << 3,
	OPT_RECORD = 1 << 4,
	OPT_LIST = 1 << 5,
	OPT_INFO = 1 << 6,
	OPT_VACUUM = 1 << 7,
	OPT_REPORT = 1 << 8,
	OPT_IMPORT = 1 << 9,
};

/* A subcommand: one row of the table in main.c. */
struct command {
	const char *name;
	int (*run)(const struct options *o); /* returns enum exit_status */
	enum opt_command options;
	bool rest;              /* what follows the options is a command line, and not ours */
	unsigned int max_match; /* how many words without a dash it takes */
	const char *args;       /* their names for the help: " [OWNER]"; "" none */
	const char *help;       /* one line */
	const char *more;       /* lines, each ended: explanation and examples */
};

/*
 * Reads argv[1...] for command c. Returns 0, or -EINVAL after one sentence on
 * stderr that says what is wrong and what to do. Strings of *o are those of
 * argv. With --help or --version the rest of the line is not looked at.
 */
int options_parse(struct options *o, int argc, char **argv, const struct command *c);

/* The options of c, one a line. */
void options_help(FILE *f, const struct command *c);

/* Colours for this descriptor? auto: a terminal that is not "dumb", and no NO_COLOR. */
bool options_color(const struct options *o, int fd);

/* How far apart two words are: letters added, left out, changed or swapped. For "did you mean". */
unsigned int options_distance(const char *a, const char *b);

#endif
