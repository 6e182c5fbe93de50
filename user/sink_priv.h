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

#endif
