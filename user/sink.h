/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sink.h - where events go. A sink is a table of functions over a descriptor;
 * no sink knows where events come from.
 *
 * One event is one write(2). A write that fails is counted and said: sink_write
 * returns -errno, and the caller reports `lost`, stage `sink`. -EPIPE means that
 * the reader has gone: the program ends quietly.
 */
#ifndef FAILCNT_SINK_H
#define FAILCNT_SINK_H

#include "field.h"

struct sink;

enum sink_kind { SINK_TEXT, SINK_JSON };

struct sink_options {
	bool utc;
	bool color;
	bool verbose;
	bool date;       /* text: the day too, where it may not be today */
	bool unnumbered; /* no seq: the events are not of this run */
	/* A reader of a pipe that takes nothing is waited for as long as this says true (asked
	 * every tenth of a second); NULL: for a second. What is then not written is lost, and
	 * counted. */
	bool (*patient)(void *arg);
	void *patient_arg;
};

/* Is fd open for writing? One that was closed when we were started is not (main.c). */
bool sink_can_write(int fd);
/* fd stays the caller's. *ret is freed with sink_free(). */
int sink_new(struct sink **ret, enum sink_kind kind, int fd, const struct sink_options *o);
/* path is opened for appending (O_APPEND|O_CREAT, mode 0640); sink_reopen() opens it anew (SIGHUP).
 */
int sink_open(struct sink **ret, enum sink_kind kind, const char *path,
	      const struct sink_options *o);
/*
 * JSON lines go to a function and to no descriptor: take is given the event and its line, n bytes
 * with the newline, and returns 0 or -errno. stage: what its losses are called; static.
 */
int sink_new_on(struct sink **ret, const char *stage,
		int (*take)(void *arg, const struct event *e, const char *line, size_t n),
		void *arg);
int sink_reopen(struct sink *s);
void sink_free(struct sink *s);

/* Numbers the line (seq, from 1, in this stream), formats and writes it. *ret_seq: its number.
 * A partial write of a full disk is completed or undone as far as the file allows: a reader never
 * sees half a line glued to the next. */
int sink_write(struct sink *s, struct event *e, int64_t *ret_seq);
bool sink_writes(const struct sink *s);       /* not of sink_new_on() */
const char *sink_path(const struct sink *s);  /* NULL: the descriptor is the caller's */
const char *sink_stage(const struct sink *s); /* "sink", or what sink_new_on() was told */
uint64_t sink_lost(const struct sink *s);     /* what could not be written so far: a folded line
					       * stands for all its repeats, started, stopped and
					       * followup for none */

#endif
