// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_keep.c - what is kept: the newest that fits.
 *
 * The oldest goes first, a slice at a time: its events, the samples of the same
 * time, and incidents that ended by then. An incident that goes on keeps the
 * event of its verdict. What went is written down, one row a cause and day.
 */
#include <libgen.h>
#include <sys/statvfs.h>

#include "store_priv.h"

#define SLICE_LEAST 50
#define SLICE 5000            /* events at once: some tens of milliseconds */
#define SLICES 4              /* while somebody records, and a call */
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

static bool too_little_left(const struct store *s, uint64_t least)
{
	struct statvfs v;

	return least && statvfs(s->path, &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize < least;
}

/* What must go now. */
struct due {
	const char *why; /* NULL: nothing */
	int64_t until;   /* only what is not younger */
	int64_t slice;   /* events, about: no more than must */
};

/* So many events as hold the bytes that are too many; all are as large here. */
static int64_t slice_of(struct store *s, uint64_t used, uint64_t most)
{
	int64_t n = 0, part;

	store_number(s, "SELECT max(id) - min(id) FROM event", &n);
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
	if (begun)
		most -= most / ENOUGH_PART;
	*ret = (struct due){.until = INT64_MAX, .slice = SLICE};
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

/* The time of the last event of the oldest slice. -ENODATA: there is none. */
static int slice_end(struct store *s, const struct due *due, int64_t *ret)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "SELECT max(time) FROM (SELECT time FROM event WHERE time <= %lld AND NOT EXISTS"
		 "(SELECT 1 FROM incident i WHERE i.id = event.incident AND i.verdict = event.id"
		 " AND i.last > event.time) ORDER BY time LIMIT %lld) HAVING count(*) > 0",
		 (long long)due->until, (long long)due->slice);
	return store_number(s, sql, ret);
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
	static const char events[] = "DELETE FROM event WHERE time <= ?1 AND NOT EXISTS(SELECT 1"
				     " FROM incident i WHERE i.id = event.incident AND"
				     " i.verdict = event.id)";
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

static int drop_slice(struct store *s, const struct due *due, struct store_dropped *d)
{
	struct store_dropped before = *d, part = {.time = d->time, .why = d->why};
	uint64_t used = 0, left = 0;
	int64_t end;
	int err = slice_end(s, due, &end);

	if (err)
		return err;
	used_bytes(s, &used);
	err = store_exec(s, "BEGIN IMMEDIATE");
	if (err)
		return err;
	part.until = end;
	err = drop_until(s, end, &part);
	if (!err && used_bytes(s, &left) == 0 && used > left)
		part.bytes = used - left;
	if (!err)
		err = write_down(s, &part);
	if (!err)
		err = store_exec(s, "COMMIT");
	if (err) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		*d = before;
		return err;
	}
	d->until = end;
	d->events += part.events;
	d->incidents += part.incidents;
	d->samples += part.samples;
	d->bytes += part.bytes;
	return 0;
}

int store_vacuum(struct store *s, const struct store_keep *k, int64_t now, bool all,
		 struct store_dropped *ret)
{
	struct store_dropped d = {.time = now};
	struct due due = {};
	bool begun = false;
	int err = s->db ? look(s, k, now, false, &due) : -ENOTCONN;

	for (int n = 0; !err && due.why && (all || n < SLICES); n++) {
		d.why = due.why;
		err = drop_slice(s, &due, &d);
		begun = true;
		if (!err)
			err = look(s, k, now, begun, &due);
	}
	if (err == -ENODATA) /* nothing is left that could go */
		err = 0;
	if (!err && begun) /* what is free in the file is given back: others may need it */
		err = store_exec(s, all ? "PRAGMA incremental_vacuum"
					: "PRAGMA incremental_vacuum(5000)");
	if (!err && begun)
		err = store_exec(s, all ? "PRAGMA wal_checkpoint(TRUNCATE)"
					: "PRAGMA wal_checkpoint(PASSIVE)");
	if (!err)
		*ret = d;
	return err;
}
