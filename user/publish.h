/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * publish.h - the failures that a running watch has counted, for `table`.
 *
 * A run that sees everything (no filter) keeps one file in /run/failcnt, named
 * PID-START: what each owner was refused since it began. It is written anew
 * and renamed, at most once a second and only when something changed, and
 * removed at the end. A file whose process is gone, or of another boot, counts
 * for nothing; the next run removes it.
 *
 *   failcnt-counts 1
 *   boot_id ID             of the kernel
 *   pid N START            who counts: START is field 22 of /proc/PID/stat
 *   pid_ns INODE           the pid namespace that pids belong to
 *   since NS               CLOCK_REALTIME when it began
 *   complete 0|1           1: every hook is there, what is not listed did not happen
 *   unseen RESOURCE        but of this: nothing that is attached tells of it
 *   lost N                 events that could not be told: counts are at least
 *   unattributed N         refusals missing below uid, cgroup or pid (PUBLISH_OWNERS)
 *   unattributed_pids N    the same of processes alone (PUBLISH_PIDS)
 *   count OWNER RESOURCE N [START]   OWNER: host, uid:N, cgroup:PATH, pid:N with its START;
 *                          blanks and what cannot be printed as \ooo
 *   end
 */
#ifndef FAILCNT_PUBLISH_H
#define FAILCNT_PUBLISH_H

#include "attach.h"
#include "counter.h"
#include "field.h"
#include "options.h"

/* (owner, resource) pairs kept: of users and cgroups together, and of live processes. */
#define PUBLISH_OWNERS 4096
#define PUBLISH_PIDS 1024

struct publish;

/*
 * plan: which hooks are attached; NULL: none. *ret is NULL, with 0, where there is nothing to
 * publish: a filter is given, no hook is attached, or there is no /run (below o->root).
 * -errno where the file cannot be made; -EPERM: the directory is somebody else's.
 */
int publish_open(struct publish **ret, const struct options *o, const struct attach_plan *plan);

/* p may be NULL, for all of these. Counts what e tells: refusals and OOM kills. */
void publish_event(struct publish *p, const struct event *e);
/* n events that will never be told: counts are at least, from now on. */
void publish_lost(struct publish *p, uint64_t n);
/* now_ms: CLOCK_MONOTONIC. Writes what changed, unless it wrote within the last second. */
void publish_flush(struct publish *p, uint64_t now_ms);
/* Something is not written yet. */
bool publish_pending(const struct publish *p);
/* Removes the file. */
void publish_close(struct publish *p);

/* What all running programs have published, read once. */
struct published;

/* *ret is NULL, with 0, where nobody publishes. Freed with published_free(). */
int published_read(struct published **ret, struct counters *c);
void published_free(struct published *p);
static inline void published_freep(struct published **p)
{
	published_free(*p);
}

/*
 * How often owner was refused resource since *ret_since (CLOCK_REALTIME ns);
 * of a cgroup with those below it. -ENODATA: not known.
 */
int published_get(const struct published *p, struct counters *c, const char *owner,
		  unsigned int resource, uint64_t *ret_n, int64_t *ret_since);

/* The earliest beginning of those that publish, and what they lost together. */
int64_t published_since(const struct published *p);
uint64_t published_lost(const struct published *p);

#endif
