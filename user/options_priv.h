/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options_priv.h - a row of the option table, between options.c, which has the
 * table, and options_value.c, which reads the values.
 */
#ifndef FAILCNT_OPTIONS_PRIV_H
#define FAILCNT_OPTIONS_PRIV_H

#include "options.h"

enum row_type {
	ROW_FLAG,     /* bool */
	ROW_COUNT,    /* unsigned int: how often it was given */
	ROW_U64,      /* uint64_t between min and max */
	ROW_USER,     /* uint64_t, also by name */
	ROW_SIZE,     /* uint64_t bytes between min and max */
	ROW_DURATION, /* uint64_t milliseconds between min and max */
	ROW_STRING,   /* const char *, accepted by ok() */
	ROW_ENUM,     /* int: index into words */
	ROW_LIST,     /* const char *[OPTIONS_RESOURCES_MAX], each accepted by ok() */
};

struct row {
	const char *name;
	char letter; /* 0: none */
	enum row_type type;
	unsigned int commands; /* enum opt_command */
	size_t at;             /* the member of struct options */
	size_t at_more;        /* bool has_..., or the number of a list; 0: none */
	uint64_t min, max;
	bool (*ok)(const char *s);
	void (*known)(char *buf, size_t size); /* lists what there is, for the error */
	const char *const *words;
	const char *arg, *wants, *help;
};

#define OPTION_ROWS_MAX 64
extern const struct row option_rows[];
extern const size_t option_rows_n;

/* Puts arg (NULL for flags) into the row's member of o. 0 or -EINVAL. */
int option_set(const struct row *r, const char *arg, struct options *o);

/* What the row wants, in words: "a number from 1 to 100". */
void option_describe(const struct row *r, char *buf, size_t size);
/* buf: the value that was meant, of those that a row knows; NULL: none is near. */
const char *option_guess(const struct row *r, const char *arg, char *buf, size_t size);

#endif
