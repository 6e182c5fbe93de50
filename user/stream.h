/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stream.h - one run's output: what every line has in common, the sinks, and
 * the totals.
 */
#ifndef FAILCNT_STREAM_H
#define FAILCNT_STREAM_H

#include "event.h"
#include "field.h"
#include "options.h"
#include "sink.h"

#define STREAM_SINKS 3

/* How long a reader that takes nothing is waited for: sink_options. */
struct stream_patience {
	bool (*patient)(void *arg);
	void *arg;
};

/* What a reader of one sink's lines adds up. */
struct stream_totals {
	uint64_t refused, killed, counted, lost;
	bool lost_at_most; /* some of lost may be no event */
};

struct stream {
	struct event_context context;
	char boot_id[40], run[24], host[65], kernel[65], arch[65];
	struct sink *sink[STREAM_SINKS];
	unsigned int n_sinks;
	struct stream_totals totals[STREAM_SINKS]; /* of the lines that each sink took */
	uint64_t told[STREAM_SINKS];               /* of a sink's own losses, told on it */
	int trouble[STREAM_SINKS];                 /* -errno: even that could not be told on it */
	bool complained[STREAM_SINKS];             /* of that trouble */
	bool reader_gone;                          /* EPIPE: end quietly */
};

/* Opens stdout and what --output names; clocks and names of the host. p NULL: a second. */
int stream_open(struct stream *s, const struct options *o, const struct stream_patience *p);
/* The same with another descriptor in the place of stdout; -1: only what --output names. */
int stream_open_on(struct stream *s, int fd, const struct options *o,
		   const struct stream_patience *p);
/* One more, before the others, whose lines' numbers are its: it is the stream's from now on. */
void stream_add(struct stream *s, struct sink *sink);
void stream_close(struct stream *s);
void stream_reopen(struct stream *s); /* SIGHUP */

/* Adds what every line has, writes it, counts it. Returns the line's seq; 0: nowhere written. */
int64_t stream_emit(struct stream *s, struct event *e);

/* Makes e: n events are lost there. hook NULL: not of one hook. */
void stream_lost_event(struct event *e, const char *stage, const char *hook, uint64_t n);
/* Reports what the sinks could not write since the last call, on what works again. */
void stream_report_sinks(struct stream *s);
/* Where even that cannot be written, a sentence on stderr says so, once for each trouble. */
void stream_complain(struct stream *s);
/* There is something to report that nobody could be told yet. */
bool stream_sinks_pending(const struct stream *s);

/* Events that could not be written, nor that told. */
uint64_t stream_untold(const struct stream *s);

/* The last line; -errno where it could not be written. */
int stream_stopped(struct stream *s);

/* The clocks drift apart when the time is set: read the offset anew. */
void stream_clock(struct stream *s);

#endif
