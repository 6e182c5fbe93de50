// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_sample.c - counter rows through time, and only what changes.
 *
 * A row is kept where somebody could run into it: it has a limit, or has
 * failed. It has changed when its limits or failures did, or when what it
 * holds moved by more than one part in 128 of its limit: finer no drawing is.
 */
#include "store_priv.h"

#define uthash_nonfatal_oom(entry) ((entry)->left_out = true)
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define FINENESS 128

struct store_series {
	char *name; /* source, owner and resource, with blanks between */
	int64_t id; /* 0: not looked up yet */
	unsigned int seen;
	bool known; /* last is what is stored */
	struct counter_row last;
	bool left_out;
	UT_hash_handle hh;
};

static const char *const sources[COUNTER_SOURCES] = {
	[COUNTER_UBC] = "ubc",   [COUNTER_CGROUP1] = "cgroup1", [COUNTER_CGROUP2] = "cgroup2",
	[COUNTER_HOST] = "host", [COUNTER_PROCESS] = "process", [COUNTER_USER] = "user",
};

static void forget_one(struct store *s, struct store_series *one)
{
	HASH_DEL(s->series, one);
	free(one->name);
	free(one);
}

void store_series_free(struct store *s)
{
	struct store_series *one, *next;

	HASH_ITER (hh, s->series, one, next)
		forget_one(s, one);
}

static bool matters(const struct counter_row *r)
{
	if (r->source == COUNTER_PROCESS)
		return false;
	if (r->have & COUNTER_FAILCNT && r->failcnt > 0)
		return true;
	return (r->have & COUNTER_LIMIT && r->limit != COUNTER_UNLIMITED) ||
	       (r->have & COUNTER_BARRIER && r->barrier != COUNTER_UNLIMITED);
}

static bool changed(const struct counter_row *a, const struct counter_row *b)
{
	uint64_t scale =
		b->have & COUNTER_LIMIT && b->limit != COUNTER_UNLIMITED ? b->limit : b->held;
	uint64_t moved = a->held > b->held ? a->held - b->held : b->held - a->held;

	if ((a->have ^ b->have) & ~(unsigned int)COUNTER_MALFORMED || a->limit != b->limit ||
	    a->barrier != b->barrier || a->failcnt != b->failcnt)
		return true;
	return moved > 0 && moved >= scale / FINENESS;
}

static struct store_series *find_series(struct store *s, const char *owner,
					const struct counter_row *r)
{
	_cleanup_free_ char *name = NULL;
	struct store_series *one = NULL;

	if (asprintf(&name, "%s %s %s", sources[r->source], owner, r->name) < 0) {
		name = NULL;
		return NULL;
	}
	HASH_FIND_STR(s->series, name, one);
	if (one)
		return one;
	one = calloc(1, sizeof(*one));
	if (!one)
		return NULL;
	one->name = name;
	HASH_ADD_KEYPTR(hh, s->series, one->name, strlen(one->name), one);
	if (one->left_out) {
		free(one);
		return NULL;
	}
	TAKE_PTR(name);
	return one;
}

/* The number that the file has for it. */
static int look_up(struct store *s, struct store_series *one, const char *owner,
		   const struct counter_row *r)
{
	sqlite3_stmt *q;

	for (enum store_sql which = SQL_FIND_SERIES; which <= SQL_ADD_SERIES; which++) {
		q = store_sql(s, which);
		if (!q)
			return store_fail(s);
		sqlite3_bind_text(q, 1, sources[r->source], -1, SQLITE_STATIC);
		sqlite3_bind_text(q, 2, owner, -1, SQLITE_STATIC);
		sqlite3_bind_text(q, 3, r->name, -1, SQLITE_STATIC);
		if (which == SQL_ADD_SERIES) {
			sqlite3_bind_text(q, 4, r->unit, -1, SQLITE_STATIC);
			if (store_step(s, q) < 0)
				return store_fail(s);
			one->id = sqlite3_last_insert_rowid(s->db);
		} else if (sqlite3_step(q) == SQLITE_ROW) {
			one->id = sqlite3_column_int64(q, 0);
			sqlite3_reset(q);
			break;
		} else if (sqlite3_reset(q) != SQLITE_OK) {
			return store_fail(s);
		}
		sqlite3_reset(q);
	}
	return 0;
}

static void bind(sqlite3_stmt *q, int at, const struct counter_row *r, unsigned int flag,
		 uint64_t v)
{
	if (r->have & flag)
		sqlite3_bind_int64(q, at, v > INT64_MAX ? -1 : (int64_t)v);
}

static int add_sample(struct store *s, int64_t series, const char *owner,
		      const struct counter_row *r, int64_t time)
{
	sqlite3_stmt *q = store_sql(s, SQL_ADD_SAMPLE);

	if (!q)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, series);
	sqlite3_bind_int64(q, 2, time);
	bind(q, 3, r, COUNTER_HELD, r->held);
	bind(q, 4, r, COUNTER_MAXHELD, r->maxheld);
	bind(q, 5, r, COUNTER_BARRIER, r->barrier);
	bind(q, 6, r, COUNTER_LIMIT, r->limit);
	bind(q, 7, r, COUNTER_FAILCNT, r->failcnt);
	sqlite3_bind_text(q, 8, sources[r->source], -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 9, owner, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 10, r->name, -1, SQLITE_STATIC);
	return store_step(s, q);
}

static int take_row(struct store *s, const char *owner, const struct counter_row *r, int64_t time)
{
	struct store_series *one = find_series(s, owner, r);
	int err = 0;

	if (!one)
		return -ENOMEM;
	one->seen = s->reading;
	if (one->known && !changed(&one->last, r))
		return 0;
	if (one->id)
		err = add_sample(s, one->id, owner, r, time);
	if (!err && (!one->id || sqlite3_changes(s->db) == 0)) {
		err = look_up(s, one, owner, r);
		if (!err)
			err = add_sample(s, one->id, owner, r, time);
	}
	if (!err) {
		one->known = true;
		one->last = *r;
	}
	return err;
}

/* Those that were not there any more: cgroups come and go for ever. */
static void forget_unseen(struct store *s)
{
	struct store_series *one, *next;

	HASH_ITER (hh, s->series, one, next)
		if (one->seen != s->reading)
			forget_one(s, one);
}

int store_sample(struct store *s, const struct counter_table *t, int64_t time)
{
	int err = s->db ? store_exec(s, "BEGIN IMMEDIATE") : -ENOTCONN;

	if (err)
		return err;
	s->reading++;
	for (size_t i = 0; !err && i < t->n_rows; i++)
		if (matters(&t->rows[i]))
			err = take_row(s, counter_owner(t, &t->rows[i]), &t->rows[i], time);
	if (!err)
		err = store_exec(s, "COMMIT");
	if (err) { /* nothing of it is stored */
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		store_series_free(s);
		return err;
	}
	forget_unseen(s);
	return 0;
}
