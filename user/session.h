/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one run from the ring to the line: what the live commands share.
 * The command says what ends it (a descriptor that it reads itself), where the
 * lines go, and may look at each event.
 */
#ifndef FAILCNT_SESSION_H
#define FAILCNT_SESSION_H

#include "counter.h"
#include "freed.h"
#include "kernel_log.h"
#include "options.h"
#include "pace.h"
#include "pipeline.h"
#include "stream.h"
#include "tracer.h"
#include "watcher.h"

/* What a command wants of it. Pointers outlive the session. */
struct session_use {
	const struct options *options;
	int fd;                      /* polled beside the rest */
	void (*readable)(void *arg); /* fd is readable */
	bool (*patient)(void *arg);  /* of a reader that takes nothing: sink_options */
	void (*told)(void *arg, const struct event *e); /* what passed the filters; NULL: nobody */
	struct sink *sink;     /* lines go there as well, and it is the session's; NULL: nowhere */
	int out;               /* lines go there; -1: to --output alone */
	bool ends_with_reader; /* nobody reads out any more: end */
	void *arg;
};

struct session {
	struct session_use use;
	struct stream stream;
	struct pipeline *pipeline;
	struct tracer *tracer; /* NULL: counters alone */
	struct counters *counters;
	struct watcher *watcher;       /* NULL: no counters, or nobody to tell */
	struct holders_watch *holders; /* NULL: nobody is looked for */
	struct kernel_log *log;        /* NULL: it cannot be read, or is not to be */
	struct publish *publish;       /* NULL: not for others, see publish_open() */
	struct pace pace;              /* when to wake up unasked */
	struct freed freed;            /* kills whose memory is not free yet */
	uint64_t told;                 /* events written, for --count */
	bool stop;                     /* to be set by readable() */
	int unwritten;                 /* -errno of the last line */
	struct tracer_events events;
};

/* The output and the counters; -errno after one sentence. To be closed in any case. */
int session_open(struct session *s, const struct session_use *use);

/*
 * The hooks; -errno after one sentence that says what is missing. The session still runs
 * then, on counters alone, if there are any (s->watcher).
 */
int session_attach(struct session *s);

/* What a session without hooks still sees, for a sentence; NULL: nothing. */
const char *session_rest(const struct session *s);

/* The first line. */
void session_started(struct session *s);

/* Until s->stop, --count or --duration; -errno. */
int session_loop(struct session *s);

/* Tells what is still under way, and the last line. */
void session_finish(struct session *s);

void session_close(struct session *s);

#endif
