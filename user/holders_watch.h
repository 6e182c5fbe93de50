/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders_watch.h - asks who holds what ran out, after the event and beside the
 * loop, and tells it in the event's followup.
 *
 * At most one limit is looked at once in HOLDERS_INTERVAL_MS, and while many
 * processes of one program are refused, one of them. Single-threaded; the work
 * is done by a process of its own, which was forked at the start: reading
 * another process's maps can block for as long as that one likes, and when no
 * process can be made any more is when it is wanted.
 *
 * All times are CLOCK_MONOTONIC milliseconds. w NULL, where there is no such
 * process: nothing is done.
 */
#ifndef FAILCNT_HOLDERS_WATCH_H
#define FAILCNT_HOLDERS_WATCH_H

#include "holders.h"

/* Holders change slowly against this, and a tenth of a second of reading in it is no load. */
#define HOLDERS_INTERVAL_MS 10000
/* What a person waits for; what is not found by then is not told. */
#define HOLDERS_DEADLINE_MS 2000
/* Lines in a second from which on nobody but the process that was refused is looked at. */
#define HOLDERS_STORM 100

struct holders_watch;

/*
 * Starts the process that looks; NULL, and said, where it cannot. root: where procfs and cgroups
 * are; NULL: "/". join_ms: how long after an event a followup with counter rows may come; 0: none.
 */
struct holders_watch *holders_watch_new(const char *root, uint64_t page_size, uint64_t join_ms);
void holders_watch_free(struct holders_watch *w);

/* The number of the BPF map that tells who made semaphore sets (tracer_makers()); 0: none. */
void holders_watch_makers(struct holders_watch *w, uint32_t map_id);

/* To be polled for reading; it can change between two runs; -1: nothing will come. */
int holders_watch_fd(const struct holders_watch *w);

/* An event was written as line seq; 0: nowhere. Waits for nothing. */
void holders_watch_event(struct holders_watch *w, const struct event *e, int64_t seq,
			 uint64_t now_ms);

/* When holders_watch_run() has something to do; UINT64_MAX: only when the fd is readable. */
uint64_t holders_watch_due(const struct holders_watch *w);

/* Where e is another stage's followup, about to be written: what is known joins it. */
void holders_watch_join(struct holders_watch *w, struct event *e);

/* Tells what was found, by emit; e is valid during the call. */
void holders_watch_run(struct holders_watch *w, uint64_t now_ms,
		       void (*emit)(void *arg, struct event *e), void *arg);

/* The end of a run: waits a little for what is asked already. */
void holders_watch_flush(struct holders_watch *w, uint64_t now_ms,
			 void (*emit)(void *arg, struct event *e), void *arg);

/* Limits that were not looked at because too many waited, or the run ended. */
uint64_t holders_watch_skipped(const struct holders_watch *w);
/* Limits that were looked at without an answer in time. */
uint64_t holders_watch_unanswered(const struct holders_watch *w);

/* holders_helper.c: the process that looks. Its end of a socket pair is in *ret_fd. */
int holders_helper_start(const char *root, uint64_t page_size, int *ret_fd, pid_t *ret_pid);

#endif
