// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_keep.c - what is kept: the newest that fits.
 *
 * The oldest goes first, a slice at a time: its events, the samples of the same
 * time, and incidents that ended by then. An incident that goes on keeps the
 * event of its verdict. What went is written down, one row a cause and day.
 *
 * Each slice gives its pages back to the file system at once. Given back at the
 * end they would cost a search of the list of free pages for each of them: a
 * vacuum of 10 GB took ten minutes so.
 */
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "store_priv.h"

#define SLICE_LEAST 50
#define SLICE 5000            /* events at once: some tens of milliseconds */
#define TURN_MS 100           /* of a recorder, whose events wait meanwhile */
#define PAUSE_MS 120          /* one who waits for the lock looks at least so often */
#define SAMPLES_PART 20       /* of their time is a slice */
#define SERIES_TURNS 60       /* an hour, where the limits work all the time */
#define LEFTOVER_PAGES 1000   /* of what was free before, also given back with a slice */
#define ENOUGH_PART 10        /* a tenth less than the limit, so that it is not hit again at once */
#define LEAST_BYTES (1 << 20) /* what others filled is not made empty by us */
#define DAY_NS 86400000000000LL
#define GIB (1ULL << 30)

void store_keep_default(struct store_keep *k, const struct options *o)
{
	_cleanup_free_ char *path = strdup(o->store ? o->store : STORE_PATH);
	struct statvfs v;
	uint64_t size = 0;

	/* before the first recording neither file nor directory is there */
	if (path && (statvfs(path, &v) == 0 || statvfs(dirname(path), &v) == 0 ||
		     statvfs(dirname(path), &v) == 0))
		size = (uint64_t)v.f_blocks * v.f_frsize;
	*k = (struct store_keep){
		.max_bytes = size && size / 10 < GIB ? size / 10 : GIB,
		.free_bytes = size / 20 < GIB ? size / 20 : GIB,
		.max_age_ns = 90ULL * DAY_NS,
	};
	if (o->max_bytes)
		k->max_bytes = o->max_bytes;
	if (o->has_free_bytes)
		k->free_bytes = o->free_bytes;
	if (o->max_age_ms)
		k->max_age_ns = o->max_age_ms * 1000000;
}

/* Without the log beside the file, which its own limit keeps small. */
static int used_bytes(struct store *s, uint64_t *ret)
{
	int64_t pages, unused, size;
	int err = store_number(s, "PRAGMA page_count", &pages);

	if (!err)
		err = store_number(s, "PRAGMA freelist_count", &unused);
	if (!err)
		err = store_number(s, "PRAGMA page_size", &size);
	if (!err)
		*ret = (uint64_t)((pages - unused) * size);
	return err;
}

/* While somebody reads, what was dropped stays in the log: more would go for nothing. */
static bool too_little_left(struct store *s, uint64_t least)
{
	struct statvfs v;
	int64_t pages = 0, size = 0;
	struct stat st;

	if (!least || statvfs(s->path, &v) < 0 || (uint64_t)v.f_bavail * v.f_frsize >= least)
		return false;
	return stat(s->path, &st) == 0 && store_number(s, "PRAGMA page_count", &pages) == 0 &&
	       store_number(s, "PRAGMA page_size", &size) == 0 &&
	       st.st_size <= pages * size + LEAST_BYTES;
}

/* What must go now. */
struct due {
	const char *why; /* NULL: nothing */
	int64_t until;   /* only what is not younger */
	int64_t slice;   /* events, about: no more than must */
	int64_t sample;  /* none is older; 0: there is none */
};

/* So many events as hold the bytes that are too many; all are as large here. */
static int64_t slice_of(struct store *s, uint64_t used, uint64_t most)
{
	int64_t n = 0, part;

	store_number(s, "SELECT (SELECT max(id) FROM event) - (SELECT min(id) FROM event)", &n);
	part = used ? (int64_t)((double)n * (double)(used - most) / (double)used) : 0;
	return part < SLICE_LEAST ? SLICE_LEAST : part > SLICE ? SLICE : part;
}

/* begun: something went already, then a little more does. */
static int look(struct store *s, const struct store_keep *k, int64_t now, bool begun,
		struct due *ret)
{
	uint64_t used = 0, most = k->max_bytes;
	int64_t oldest = 0;
	int err = used_bytes(s, &used);

	if (!err && k->max_age_ns) {
		err = store_number(s, "SELECT time FROM event WHERE time > 0 ORDER BY time LIMIT 1",
				   &oldest);
		if (err == -ENODATA)
			err = 0;
	}
	if (err)
		return err;
	if (ret->sample && (!oldest || ret->sample < oldest))
		oldest = ret->sample;
	if (begun)
		most -= most / ENOUGH_PART;
	*ret = (struct due){.until = INT64_MAX, .slice = SLICE, .sample = ret->sample};
	if (k->max_bytes && used > most) {
		ret->why = "size";
		ret->slice = slice_of(s, used, most);
	} else if (too_little_left(s, k->free_bytes) && used > LEAST_BYTES) {
		ret->why = "free space";
		ret->slice = slice_of(s, used, used - used / ENOUGH_PART);
	} else if (oldest && now - oldest > (int64_t)k->max_age_ns) {
		ret->why = "age";
		ret->until = now - (int64_t)k->max_age_ns;
	}
	return 0;
}

/* The time of the last event of the oldest slice, and whether no other follows it. */
static int slice_end(struct store *s, const struct due *due, int64_t *ret, bool *ret_last)
{
	_cleanup_stmt_ sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(s->db,
			       "SELECT max(time), count(*) FROM (SELECT time FROM event WHERE"
			       " time <= ?1 ORDER BY time LIMIT ?2)",
			       -1, &q, NULL) != SQLITE_OK)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, due->until);
	sqlite3_bind_int64(q, 2, due->slice);
	if (sqlite3_step(q) != SQLITE_ROW)
		return store_fail(s);
	if (sqlite3_column_int64(q, 1) == 0)
		return -ENODATA;
	*ret = sqlite3_column_int64(q, 0);
	*ret_last = sqlite3_column_int64(q, 1) < due->slice;
	return 0;
}

static int drop(struct store *s, const char *sql, int64_t until, uint64_t *count)
{
	_cleanup_stmt_ sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, until);
	if (sqlite3_step(q) != SQLITE_DONE)
		return store_fail(s);
	*count += (uint64_t)sqlite3_changes64(s->db);
	return 0;
}

static int drop_until(struct store *s, int64_t until, struct store_dropped *d)
{
	static const char incidents[] = "DELETE FROM incident WHERE last <= ?1";
	/* after those that ended, these are the few that go on */
	static const char events[] = "DELETE FROM event WHERE time <= ?1 AND id NOT IN (SELECT"
				     " verdict FROM incident WHERE first <= ?1)";
	static const char members[] = "DELETE FROM member WHERE incident IN (SELECT id FROM"
				      " incident WHERE last <= ?1)";
	static const char samples[] = "DELETE FROM sample WHERE series IN (SELECT id FROM series)"
				      " AND time <= ?1";
	uint64_t ignored = 0;
	int err = drop(s, members, until, &ignored);

	if (!err)
		err = drop(s, incidents, until, &d->incidents);
	if (!err)
		err = drop(s, events, until, &d->events);
	if (!err)
		err = drop(s, samples, until, &d->samples);
	if (!err)
		err = drop(s,
			   "DELETE FROM watch WHERE alive <= ?1 AND id < (SELECT max(id) FROM"
			   " watch)",
			   until, &ignored);
	return err;
}

/* One row a cause and day: the limits work all the time. */
static int write_down(struct store *s, const struct store_dropped *d)
{
	_cleanup_stmt_ sqlite3_stmt *q = NULL;
	static const char sql[] =
		"INSERT OR REPLACE INTO dropped(id, time, until, why, events, incidents, samples,"
		" bytes) SELECT max(o.id), ?1, max(?2, ifnull(max(o.until), 0)), ?3,"
		" ?4 + ifnull(sum(o.events), 0), ?5 + ifnull(sum(o.incidents), 0),"
		" ?6 + ifnull(sum(o.samples), 0), ?7 + ifnull(sum(o.bytes), 0) FROM"
		" (SELECT * FROM dropped WHERE why = ?3 AND time > ?8 ORDER BY id DESC LIMIT 1) o";

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, d->time);
	sqlite3_bind_int64(q, 2, d->until);
	sqlite3_bind_text(q, 3, d->why, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 4, (int64_t)d->events);
	sqlite3_bind_int64(q, 5, (int64_t)d->incidents);
	sqlite3_bind_int64(q, 6, (int64_t)d->samples);
	sqlite3_bind_int64(q, 7, (int64_t)d->bytes);
	sqlite3_bind_int64(q, 8, d->time - DAY_NS);
	return store_step(s, q);
}

static int drop_and_say(struct store *s, int64_t end, struct store_dropped *part)
{
	uint64_t used = 0, left = 0;
	int err = used_bytes(s, &used);

	part->until = end;
	if (!err)
		err = drop_until(s, end, part);
	if (!err)
		err = used_bytes(s, &left);
	if (!err && used > left)
		part->bytes = used - left;
	if (err || part->events + part->incidents + part->samples == 0)
		return err;
	return write_down(s, part);
}

/* What the slice has left free, and a little of what was. */
static int give_back(struct store *s)
{
	char sql[64];
	int64_t n = 0;
	int err = store_number(s, "PRAGMA freelist_count", &n);

	if (err || n == 0)
		return err;
	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%lld)",
		 (long long)(n < SLICE + LEFTOVER_PAGES ? n : SLICE + LEFTOVER_PAGES));
	return store_exec(s, sql);
}

static int oldest_sample(struct store *s, int64_t *ret)
{
	return store_number(s,
			    "SELECT ifnull(min((SELECT time FROM sample WHERE series = r.id"
			    " ORDER BY time LIMIT 1)), 0) FROM series r",
			    ret);
}

/* Where samples are older than the events, or there are no events: a part of them alone. */
static int samples_end(struct due *due, int64_t now, int64_t *end, int err)
{
	int64_t part = due->sample + (now - due->sample) / SAMPLES_PART + 1;

	if (!due->sample || (err && err != -ENODATA) || (!err && *end <= part))
		return err;
	*end = part < due->until ? part : due->until;
	due->sample = *end < now && *end < due->until ? *end : 0;
	return 0;
}

static int drop_slice(struct store *s, struct due *due, struct store_dropped *d)
{
	struct store_dropped part = {.time = d->time, .why = due->why};
	int64_t end = 0, sample = due->sample;
	bool last = false;
	int err = samples_end(due, d->time, &end, slice_end(s, due, &end, &last));

	if (!err)
		err = store_exec(s, "BEGIN IMMEDIATE");
	if (err)
		return err;
	err = drop_and_say(s, end, &part);
	if (!err)
		err = store_exec(s, "COMMIT");
	if (err) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return err;
	}
	if (part.events == 0 && part.samples == 0 && due->sample == sample) {
		due->slice *= 4; /* all of them are verdicts of what goes on */
		return last ? -ENODATA : 0;
	}
	if (part.events == 0 && part.samples == 0)
		return 0;
	d->why = due->why;
	d->until = end;
	d->events += part.events;
	d->incidents += part.incidents;
	d->samples += part.samples;
	d->bytes += part.bytes;
	return give_back(s);
}

static bool is_recorded(const struct store *s)
{
	if (s->mode != STORE_VACUUM || flock(s->lock, LOCK_SH | LOCK_NB) < 0)
		return s->mode == STORE_VACUUM;
	flock(s->lock, LOCK_UN);
	return false;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int drop_all(struct store *s, const struct store_keep *k, int64_t now,
		    const struct store_vacuum *v, struct store_dropped *d)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	uint64_t until = now_ms() + TURN_MS;
	struct due due = {};
	int err = oldest_sample(s, &due.sample);

	if (!err)
		err = look(s, k, now, false, &due);
	while (!err && due.why) {
		int64_t slice = due.slice;
		bool nothing;

		err = drop_slice(s, &due, d);
		nothing = due.slice > slice;
		slice = due.slice;
		if (err || (!v && now_ms() >= until))
			break;
		if (v && v->progress)
			err = v->progress(v->arg, d);
		if (!err && v && is_recorded(s))
			nanosleep(&pause, NULL);
		if (!err)
			err = look(s, k, now, d->why != NULL, &due);
		if (nothing)
			due.slice = slice;
	}
	return err == -ENODATA ? 0 : err; /* nothing is left that could go */
}

/* Series that have no sample left: control groups come and go for ever. Each is looked at, so a
 * recorder does it seldom. */
static int drop_series(struct store *s, const struct store_vacuum *v)
{
	if (!v && s->turns++ % SERIES_TURNS != 0)
		return 0;
	return store_exec(s, "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM sample WHERE"
			     " sample.series = series.id)");
}

int store_vacuum(struct store *s, const struct store_keep *k, int64_t now,
		 const struct store_vacuum *v, struct store_dropped *ret)
{
	struct store_dropped d = {.time = now};
	int err = s->db ? drop_all(s, k, now, v, &d) : -ENOTCONN;

	if (!err && d.samples)
		err = drop_series(s, v);
	/* In the turn of a recorder its next commits do that. The first holds up nobody, so that
	 * the second is short; while somebody reads it is left to later ones. */
	for (int64_t left = 1; v && !err && d.why && left;) {
		err = give_back(s);
		if (!err)
			err = store_number(s, "PRAGMA freelist_count", &left);
	}
	if (v && d.why) {
		sqlite3_exec(s->db, "PRAGMA wal_checkpoint(PASSIVE)", NULL, NULL, NULL);
		sqlite3_exec(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	}
	*ret = d;
	return err;
}

void store_trim(struct store *s)
{
	if (s->db)
		sqlite3_db_release_memory(s->db);
}
