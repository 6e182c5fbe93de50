// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_read.c - what was recorded, one row a call. Each function is one
 * SELECT; rows are read while they are asked for.
 */
#include <fcntl.h>

#include "json_read.h"
#include "store_priv.h"

/* What a row of the running statement becomes for the caller; other than 0 ends the reading. */
typedef int row_fn(sqlite3_stmt *q, void *arg);

static int each_row(struct store *s, const struct store_select *w, row_fn *row, void *arg)
{
	_cleanup_stmt_ sqlite3_stmt *q = NULL;
	int err = store_prepare(s, w, &q), code = SQLITE_DONE;

	while (!err && (code = sqlite3_step(q)) == SQLITE_ROW)
		err = row(q, arg);
	if (err)
		return err;
	return code == SQLITE_DONE ? 0 : store_fail(s);
}

static const char *column_text(sqlite3_stmt *q, int at)
{
	const char *t = (const char *)sqlite3_column_text(q, at);

	return t ? t : "";
}

static int column_event(sqlite3_stmt *q, int at, struct event *e)
{
	const char *line = column_text(q, at);

	return json_read_event(e, line, (size_t)sqlite3_column_bytes(q, at));
}

/* Newest first is chosen inside, oldest first shown outside. */
static void order(struct store_select *w, const struct store_query *q, const char *up,
		  const char *down)
{
	store_sql_add(w, q->newest ? down : up);
	if (q->most) {
		store_sql_add(w, " LIMIT ?");
		store_sql_number(w, (int64_t)q->most);
	}
}

/* A row that is damaged is left out and counted. */
static int unreadable(struct store *s)
{
	s->unreadable++;
	return 0;
}

struct incident_reader {
	struct store *s;
	int (*cb)(void *arg, const struct incident *i);
	void *arg;
	struct event verdict;
};

static int incident_row(sqlite3_stmt *q, void *arg)
{
	struct incident_reader *r = arg;
	struct incident i = {.id = sqlite3_column_int64(q, 0),
			     .first = sqlite3_column_int64(q, 1),
			     .last = sqlite3_column_int64(q, 2),
			     .refused = (uint64_t)sqlite3_column_int64(q, 3),
			     .killed = (uint64_t)sqlite3_column_int64(q, 4),
			     .counted = (uint64_t)sqlite3_column_int64(q, 5),
			     .events = (uint64_t)sqlite3_column_int64(q, 6),
			     .processes = (uint64_t)sqlite3_column_int64(q, 7),
			     .verdict = &r->verdict};

	return column_event(q, 8, &r->verdict) < 0 ? unreadable(r->s) : r->cb(r->arg, &i);
}

int store_each_incident(struct store *s, const struct store_query *q,
			int (*cb)(void *arg, const struct incident *i), void *arg)
{
	static struct incident_reader r; /* one thread */
	struct store_select w = {};

	r.s = s;
	r.cb = cb;
	r.arg = arg;
	store_sql_add(&w, "SELECT i.id, i.first, i.last, i.refused, i.killed, i.counted, i.events,"
			  " i.processes, v.line FROM incident i JOIN event v ON v.id = i.verdict"
			  " WHERE 1");
	store_where_incident(&w, q);
	order(&w, q, " ORDER BY i.first, i.id", " ORDER BY i.first DESC, i.id DESC");
	return each_row(s, &w, incident_row, &r);
}

struct event_reader {
	struct store *s;
	int (*cb)(void *arg, const struct event *e, int64_t incident);
	void *arg;
	struct event e;
};

static int event_row(sqlite3_stmt *q, void *arg)
{
	struct event_reader *r = arg;

	if (column_event(q, 1, &r->e) < 0)
		return unreadable(r->s);
	return r->cb(r->arg, &r->e, sqlite3_column_int64(q, 0));
}

int store_each_event(struct store *s, const struct store_query *q,
		     int (*cb)(void *arg, const struct event *e, int64_t incident), void *arg)
{
	struct event_reader *r = malloc(sizeof(*r)); /* the callback may read events as well */
	struct store_select w = {};
	int err;

	if (!r)
		return -ENOMEM;
	r->s = s;
	r->cb = cb;
	r->arg = arg;
	/* The lines are fetched last: sorting is of numbers alone. */
	store_sql_add(&w,
		      "SELECT t.incident, t.line FROM (SELECT e.id, e.time FROM event e WHERE 1");
	store_where_event(&w, q);
	order(&w, q, " ORDER BY e.time, e.id", " ORDER BY e.time DESC, e.id DESC");
	store_sql_add(&w, ") f CROSS JOIN event t ON t.id = f.id ORDER BY ");
	store_sql_add(&w, q->newest ? "f.time DESC, f.id DESC" : "f.time, f.id");
	err = each_row(s, &w, event_row, r);
	free(r);
	return err;
}

struct sample_reader {
	int (*cb)(void *arg, const struct store_sample *r);
	void *arg;
};

static uint64_t column_number(sqlite3_stmt *q, int at, unsigned int flag, unsigned int *have)
{
	int64_t v = sqlite3_column_int64(q, at);

	if (sqlite3_column_type(q, at) == SQLITE_NULL)
		return 0;
	*have |= flag;
	return v < 0 ? COUNTER_UNLIMITED : (uint64_t)v;
}

static int sample_row(sqlite3_stmt *q, void *arg)
{
	struct sample_reader *r = arg;
	struct store_sample sample = {.time = sqlite3_column_int64(q, 4),
				      .source = column_text(q, 0),
				      .owner = column_text(q, 1),
				      .resource = column_text(q, 2),
				      .unit = column_text(q, 3)};

	sample.held = column_number(q, 5, COUNTER_HELD, &sample.have);
	sample.maxheld = column_number(q, 6, COUNTER_MAXHELD, &sample.have);
	sample.barrier = column_number(q, 7, COUNTER_BARRIER, &sample.have);
	sample.limit = column_number(q, 8, COUNTER_LIMIT, &sample.have);
	sample.failcnt = column_number(q, 9, COUNTER_FAILCNT, &sample.have);
	return r->cb(r->arg, &sample);
}

int store_each_sample(struct store *s, int64_t since, int64_t until, const char *owner,
		      const char *resource, int (*cb)(void *arg, const struct store_sample *r),
		      void *arg)
{
	struct sample_reader r = {.cb = cb, .arg = arg};
	struct store_select w = {};

	store_sql_add(&w,
		      "SELECT r.source, r.owner, r.resource, r.unit, s.time, s.held, s.maxheld,"
		      " s.barrier, s.\"limit\", s.failcnt FROM series r CROSS JOIN sample s ON"
		      " s.series = r.id WHERE s.time >= ifnull((SELECT max(b.time) FROM sample b"
		      " WHERE b.series = r.id AND b.time <= ?), 0)");
	store_sql_number(&w, since);
	if (until) {
		store_sql_add(&w, " AND s.time <= ?");
		store_sql_number(&w, until);
	}
	if (owner) {
		store_sql_add(&w, " AND r.owner = ?");
		store_sql_text(&w, owner);
	}
	if (resource) {
		store_sql_add(&w, " AND r.resource = ?");
		store_sql_text(&w, resource);
	}
	store_sql_add(&w, " ORDER BY r.source, r.owner, r.resource, s.time");
	return each_row(s, &w, sample_row, &r);
}

struct gap_reader {
	int (*cb)(void *arg, const struct store_gap *g);
	void *arg;
	int64_t since, until;
	int64_t end; /* of watching, so far; 0: none yet */
	bool stopped;
};

static int tell_gap(const struct gap_reader *r, int64_t to)
{
	struct store_gap g = {.from = r->end, .to = to, .stopped = r->stopped};

	if (!r->end || (to && to < r->since) || (r->until && r->end > r->until))
		return 0;
	return r->cb(r->arg, &g);
}

static int gap_row(sqlite3_stmt *q, void *arg)
{
	struct gap_reader *r = arg;
	int64_t started = sqlite3_column_int64(q, 0), end = sqlite3_column_int64(q, 1);
	int err = 0;

	if (started > r->end)
		err = tell_gap(r, started);
	if (end > r->end) {
		r->end = end;
		r->stopped = sqlite3_column_int64(q, 2);
	}
	return err;
}

int store_each_gap(struct store *s, int64_t since, int64_t until,
		   int (*cb)(void *arg, const struct store_gap *g), void *arg)
{
	struct gap_reader r = {.cb = cb, .arg = arg, .since = since, .until = until};
	struct store_select w = {};
	int err;

	store_sql_add(&w, "SELECT started, ifnull(stopped, alive), stopped IS NOT NULL FROM watch"
			  " ORDER BY started");
	err = each_row(s, &w, gap_row, &r);
	if (err || s->watched || s->mode == STORE_MEMORY)
		return err;
	return tell_gap(&r, 0);
}

bool store_lacks_log(struct store *s)
{
	unsigned char version =
		0; /* 2 where there is a log: "File format version numbers" of SQLite */
	_cleanup_close_ int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int64_t open_end = 0;

	if (s->watched || s->mode != STORE_READ || store_beside(s, "-wal"))
		return false;
	if (fd < 0 || pread(fd, &version, 1, 18) != 1 || version != 2)
		return false;
	return store_number(s,
			    "SELECT ifnull((SELECT stopped IS NULL FROM watch ORDER BY started DESC"
			    " LIMIT 1), NOT EXISTS(SELECT 1 FROM event))",
			    &open_end) == 0 &&
	       open_end;
}

struct dropped_reader {
	int (*cb)(void *arg, const struct store_dropped *d);
	void *arg;
};

static int dropped_row(sqlite3_stmt *q, void *arg)
{
	struct dropped_reader *r = arg;
	struct store_dropped d = {.time = sqlite3_column_int64(q, 0),
				  .until = sqlite3_column_int64(q, 1),
				  .why = column_text(q, 2),
				  .events = (uint64_t)sqlite3_column_int64(q, 3),
				  .incidents = (uint64_t)sqlite3_column_int64(q, 4),
				  .samples = (uint64_t)sqlite3_column_int64(q, 5),
				  .bytes = (uint64_t)sqlite3_column_int64(q, 6)};

	return r->cb(r->arg, &d);
}

int store_each_dropped(struct store *s, int64_t since, int64_t until,
		       int (*cb)(void *arg, const struct store_dropped *d), void *arg)
{
	struct dropped_reader r = {.cb = cb, .arg = arg};
	struct store_select w = {};

	store_sql_add(&w, "SELECT time, until, why, events, incidents, samples, bytes FROM dropped"
			  " WHERE until >= ? AND (? = 0 OR time <= ?) ORDER BY id");
	store_sql_number(&w, since);
	store_sql_number(&w, until);
	store_sql_number(&w, until);
	return each_row(s, &w, dropped_row, &r);
}

struct top_reader {
	int (*cb)(void *arg, const char *name, uint64_t refused, uint64_t killed);
	void *arg;
};

static int top_row(sqlite3_stmt *q, void *arg)
{
	struct top_reader *r = arg;

	return r->cb(r->arg, column_text(q, 0), (uint64_t)sqlite3_column_int64(q, 1),
		     (uint64_t)sqlite3_column_int64(q, 2));
}

int store_each_top(struct store *s, const struct store_query *q, enum field field,
		   int (*cb)(void *arg, const char *name, uint64_t refused, uint64_t killed),
		   void *arg)
{
	struct top_reader r = {.cb = cb, .arg = arg};
	struct store_select w = {};
	const char *column = field == FIELD_CGROUP ? "e.cgroup"
			     : field == FIELD_COMM ? "e.comm"
						   : "e.resource";

	store_sql_add(&w, "SELECT ");
	store_sql_add(&w, column);
	store_sql_add(&w, ", sum(iif(e.event = 'refused', e.count, 0)) AS n,"
			  " sum(e.event = 'killed') FROM event e WHERE e.event IN ('refused',"
			  " 'killed') AND ");
	store_sql_add(&w, column);
	store_sql_add(&w, " IS NOT NULL");
	store_where_event(&w, q);
	store_sql_add(&w, " GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1");
	if (q->most) {
		store_sql_add(&w, " LIMIT ?");
		store_sql_number(&w, (int64_t)q->most);
	}
	return each_row(s, &w, top_row, &r);
}

int store_span(struct store *s, int64_t *ret_first, int64_t *ret_last)
{
	int64_t first, last;
	int err = store_number(s, "SELECT time FROM event WHERE time > 0 ORDER BY time LIMIT 1",
			       &first);

	if (!err)
		err = store_number(s, "SELECT time FROM event ORDER BY time DESC LIMIT 1", &last);
	if (!err) {
		*ret_first = first;
		*ret_last = last;
	}
	return err;
}
