/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run_report.h - what a command was refused, as a text at its end: events of
 * one name, resource and error are one block, kills first, then the most
 * frequent. Pure.
 */
#ifndef FAILCNT_RUN_REPORT_H
#define FAILCNT_RUN_REPORT_H

#include "field.h"

struct run_report;

struct run_report_look {
	bool utc, color, quiet; /* quiet: only blocks, nothing where there are none */
	const char *name;       /* of the command */
	const char *ended;      /* "ended with exit status 1" */
};

int run_report_new(struct run_report **ret);
void run_report_free(struct run_report *r);

/* Takes refused, killed and lost; the rest is passed over. */
void run_report_add(struct run_report *r, const struct event *e);

/* Was there any? */
bool run_report_any(const struct run_report *r);

/* Once, at the end. Allocates the text, whole lines: "" where there is nothing to say. -ENOMEM. */
int run_report_text(struct run_report *r, const struct run_report_look *look, char **ret);

#endif
