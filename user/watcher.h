/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watcher.h - keeps the baselines of the counter rows and tells what moved:
 * the eyes of correlate.c. It is told by the kernel where it can be (inotify on
 * *.events of cgroup v2) and looks once an interval where it cannot (cgroup v1,
 * user_beancounters), and only where those exist. The pids.events of v1
 * notifies on older kernels and no longer on 6.18: it is watched and looked at.
 *
 * All times are CLOCK_MONOTONIC milliseconds. Single-threaded.
 */
#ifndef FAILCNT_WATCHER_H
#define FAILCNT_WATCHER_H

#include "counter.h"
#include "field.h"

struct watcher;

struct watcher_options {
	uint64_t interval_ms; /* how often sources that cannot notify are read; where that takes
			       * more than a twentieth of it, more seldom */
	uint64_t settle_ms;   /* how long after an event its rows are read; also the grace of
				 `counted` */
};

/* Reads the baseline of every cgroup and beancounter of c (which must outlive the watcher). */
int watcher_open(struct watcher **ret, struct counters *c, const struct watcher_options *o);
void watcher_close(struct watcher *w);

/* A hook tells of processes that wait in a full cgroup whose OOM killer is off (hang.h). */
void watcher_leave_hangs(struct watcher *w);

/* To be polled for reading; -1 where nothing notifies. */
int watcher_fd(const struct watcher *w);

/* An event was written as line seq: its rows will follow. Reads nothing now. */
void watcher_event(struct watcher *w, const struct event *e, int64_t seq, uint64_t now_ms);

/* Milliseconds until watcher_run() has something to do; -1: only when the fd is readable. */
int watcher_timeout(const struct watcher *w, uint64_t now_ms);

/*
 * Does what is due and calls emit for each followup and counted event. emit's
 * event is valid during the call.
 */
int watcher_run(struct watcher *w, uint64_t now_ms, void (*emit)(void *arg, struct event *e),
		void *arg);

/* Tells everything that is still waiting, at the end of a run. */
int watcher_flush(struct watcher *w, uint64_t now_ms, void (*emit)(void *arg, struct event *e),
		  void *arg);

/* How many cgroups could not be watched (inotify limits), for doctor; they are polled instead. */
/* Are there counters of which nobody tells, so that they are read each interval_ms? */
bool watcher_polls(const struct watcher *w);
unsigned int watcher_polled(const struct watcher *w);

/* Readings of a cgroup's or of all containers' rows since the start: what watching costs. */
uint64_t watcher_reads(const struct watcher *w);

/* Events that get no followup, because too many waited or memory ran out. */
uint64_t watcher_unfollowed(const struct watcher *w);

#endif
