/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store.h - everything that was seen, in one SQLite file: events as they were
 * written, the incidents that they make (incident.h), samples of counter rows,
 * and when somebody watched.
 *
 * One process writes (STORE_WRITE locks), any number read meanwhile. A store in
 * memory has the same interface: what was read from an export or a log is
 * looked at as a recording is.
 *
 * Times are CLOCK_REALTIME nanoseconds. 0 or -errno; after a failure
 * store_why() is one sentence for a person, with the next step.
 * The schema is in store_schema.c.
 */
#ifndef FAILCNT_STORE_H
#define FAILCNT_STORE_H

#include "counter.h"
#include "field.h"
#include "options.h"

#define STORE_PATH "/var/lib/failcnt/failcnt.db"

struct store;

enum store_mode {
	STORE_READ,   /* what is there: a live store, a copy, one in a read-only directory */
	STORE_WRITE,  /* made if it is not there (0640; its directory 0750), locked, brought up to
			 date */
	STORE_VACUUM, /* changed beside a recorder that is running */
	STORE_MEMORY, /* path is ignored; nothing is kept */
};

/*
 * *ret is set in any case, for store_why(), unless -ENOMEM; to be closed.
 * -ENOENT no such store, -EACCES, -EBUSY another writer, -EROFS, -ENOSPC, -EBADMSG damaged or not
 * a store, -EPROTO made by a newer failcnt.
 */
int store_open(struct store **ret, const char *path, enum store_mode mode);
void store_close(struct store *s); /* writes what is pending; NULL is fine */
static inline void store_closep(struct store **s)
{
	store_close(*s);
}
/* Opens the file anew (SIGHUP), or where that failed. What is pending stays so. As store_open(). */
int store_reopen(struct store *s);
/* "" when nothing failed. Valid until the next call. */
const char *store_why(const struct store *s);

/* Writing ---------------------------------------------------------------- */

/*
 * Adds one event, of any kind that watch writes; line is the JSON of it, n bytes without the
 * newline; NULL: made here. It is on disk after store_commit(), and read by nobody before.
 * -ENOBUFS: so much waits that there is no room; commit now and then.
 */
int store_add(struct store *s, const struct event *e, const char *line, size_t n);

/*
 * Before the events of one log are added: an earlier import may have been of the same one, in the
 * same or another form. store_import_known() is 1 for an event, e and its line of n bytes, as often
 * as the store had it from imports when this one began; 0: it is new.
 */
int store_import_begin(struct store *s);
int store_import_known(struct store *s, const struct event *e, const char *line, size_t n);

/* One reading of counter rows at time: those that changed since the last are kept. */
int store_sample(struct store *s, const struct counter_table *t, int64_t time);

/* Events and samples that wait for store_commit(). */
unsigned int store_pending(const struct store *s);

/* sure: also on the disk itself (fsync), for what must survive the machine. */
int store_commit(struct store *s, bool sure);

/* Somebody still watches, at time. Written with the next commit. */
int store_alive(struct store *s, int64_t time);

/* Gives back memory that is only kept for the next line. */
void store_trim(struct store *s);

/* What to keep. 0: no such limit. */
struct store_keep {
	uint64_t max_bytes;  /* of the file; its log, beside it, is a few MiB more */
	uint64_t free_bytes; /* of the file system, for others */
	uint64_t max_age_ns;
};
/* What o says, or where it says nothing: a tenth of the file system, at most 1 GiB; 5 % of it free,
 * at most 1 GiB; 90 days. */
void store_keep_default(struct store_keep *k, const struct options *o);

/* What went, and until when. */
struct store_dropped {
	int64_t time; /* when it was dropped */
	int64_t until;
	uint64_t events, incidents, samples, bytes;
	const char *why; /* "size", "age", "free space"; NULL: nothing went */
};
struct store_vacuum {
	/* Called after each slice with what went so far; other than 0 ends it and is returned.
	 * NULL: nobody wants to know. */
	int (*progress)(void *arg, const struct store_dropped *d);
	void *arg;
};
/*
 * Drops the oldest until the limits hold, in slices, between which a recorder has its turn; v NULL:
 * it is that recorder, and only what can be done in a tenth of a second is.
 * Each cause is said by a row that store_each_dropped() reads, and the sum in *ret, which is set
 * also where it ended early.
 */
int store_vacuum(struct store *s, const struct store_keep *k, int64_t now,
		 const struct store_vacuum *v, struct store_dropped *ret);

/* Reading ---------------------------------------------------------------- */

/*
 * What is wanted. The filters and matches of options are those of the command line (pid, uid,
 * name, cgroup, resources, errno, kills, match); an incident is wanted where one of its events is.
 */
struct store_query {
	const struct options *options; /* NULL: everything */
	int64_t since, until;          /* 0: no such end */
	int64_t incident;              /* only this one; 0: all */
	unsigned int kinds;            /* of events: 1 << enum event_kind; 0: all */
	bool newest;                   /* newest first; the default is oldest first */
	uint64_t most;                 /* 0: all */
};

struct incident {
	int64_t id;
	int64_t first, last;               /* 0: a log without times */
	uint64_t refused, killed, counted; /* how often */
	uint64_t events;                   /* lines */
	uint64_t processes;                /* different ones; 0: it was nobody's */
	/* The most important event: who, what, limit, says, fix. Never NULL. */
	const struct event *verdict;
};

/*
 * The cb of all: what it is given is valid during the call; other than 0 ends the reading and is
 * returned. Events that another version wrote have what this one knows of them.
 */
int store_each_incident(struct store *s, const struct store_query *q,
			int (*cb)(void *arg, const struct incident *i), void *arg);

/* incident: 0 where it belongs to none. */
int store_each_event(struct store *s, const struct store_query *q,
		     int (*cb)(void *arg, const struct event *e, int64_t incident), void *arg);

/* One kept sample: the row had these numbers from time on, until the next sample of it. */
struct store_sample {
	int64_t time;
	const char *source, *owner, *resource, *unit; /* unit "": unknown */
	unsigned int have;                            /* enum counter_have */
	uint64_t held, maxheld, barrier, limit, failcnt;
};
/*
 * owner, resource NULL: all. In the order of series (source, owner, resource), then of time; of
 * each series begins the last sample before since, where there is one.
 */
int store_each_sample(struct store *s, int64_t since, int64_t until, const char *owner,
		      const char *resource, int (*cb)(void *arg, const struct store_sample *r),
		      void *arg);

/* How many events could not be read so far, though the file itself could: a damaged one. */
uint64_t store_unreadable(const struct store *s);
/* A reader's: a copy of a file that was recorded into, without its log, seems to be all there is.
 */
bool store_lacks_log(struct store *s);
/*
 * Times when nobody watched, since the first record; the last one is open where nobody does now.
 * stopped: it was ended in order; else it died. A store in memory has no last one.
 */
struct store_gap {
	int64_t from, to; /* to 0: since then */
	bool stopped;
};
int store_each_gap(struct store *s, int64_t since, int64_t until,
		   int (*cb)(void *arg, const struct store_gap *g), void *arg);

int store_each_dropped(struct store *s, int64_t since, int64_t until,
		       int (*cb)(void *arg, const struct store_dropped *d), void *arg);

/* Who was refused most often, most first: field is FIELD_CGROUP, FIELD_COMM or FIELD_RESOURCE. */
int store_each_top(struct store *s, const struct store_query *q, enum field field,
		   int (*cb)(void *arg, const char *name, uint64_t refused, uint64_t killed),
		   void *arg);

/*
 * How much happened when: of each resource (of kills without one: of each cause) and interval of
 * time. Number i begins at base + i * width, base at or before since; time is its beginning, or 0
 * for events without a time. killed and the others are counts of repeats too.
 */
typedef int store_count_fn(void *arg, const char *lane, int64_t time, uint64_t refused,
			   uint64_t killed, uint64_t counted);
int store_each_count(struct store *s, const struct store_query *q, int64_t base, int64_t width,
		     store_count_fn *cb, void *arg);

/* Who recorded last: "" is unknown. -ENODATA: whether anybody watched is not known. */
int store_last_watch(struct store *s,
		     void (*cb)(void *arg, const char *host, const char *version,
				const char *kernel),
		     void *arg);

/* Made of lines that were read: what came after the last of them it cannot know. */
bool store_in_memory(const struct store *s);

/* The times of the first and last event. -ENODATA: there is none. */
int store_span(struct store *s, int64_t *ret_first, int64_t *ret_last);

#endif
