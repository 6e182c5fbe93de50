/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sink_priv.h - between sink.c, which writes, and sink_*.c, which format. A
 * format is a pure function: an event becomes whole lines in a buffer.
 */
#ifndef FAILCNT_SINK_PRIV_H
#define FAILCNT_SINK_PRIV_H

#include "sink.h"

/* Largest text of one event, of any format. */
#define SINK_BUFFER 16384

/* Writes e, ended by a newline, into buf; returns the number of bytes, at most size. */
typedef size_t sink_format_fn(const struct sink_options *o, const struct event *e, char *buf,
			      size_t size);

sink_format_fn sink_text_format;
sink_format_fn sink_json_format;

/* A text in the making. What does not fit is left out, whole characters at a time. */
struct text {
	const struct sink_options *o;
	const struct event *e;
	char *buf;
	size_t size, len;
};

void text_n(struct text *t, const char *s, size_t n); /* unprintable bytes as \xNN */
void text_add(struct text *t, const char *s);
void text_f(struct text *t, const char *fmt, ...) _printf_(2, 3);
void text_raw(struct text *t, const char *s); /* our own line ends and colours, as they are */
void text_clock(struct text *t, int64_t ns);  /* "14:03:12.481" */
void text_count(struct text *t, int64_t n);   /* "48,211" */
void text_bytes(struct text *t, int64_t n);   /* "512.0 MiB" */

/* Fields of t->e; before stands before them. Nothing at all where they are unknown. */
void text_field(struct text *t, const char *before, enum field f);
void text_who(struct text *t, const char *before, enum field comm, enum field pid);
void text_usage(struct text *t, const char *before); /* "1024 of 1024 files (RLIMIT_NOFILE)" */
/* Who holds it: "nginx[812] 29,000 TCP sockets in CLOSE_WAIT; 12 pipes and 3 more" */
void text_holders(struct text *t, const char *before);
/* Lines of an OOM kill: who was weighed, what the memory was. sink_text_oom.c */
void text_oom(struct text *t);

#endif
