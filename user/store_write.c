// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_write.c - lines wait in memory until they are committed together.
 *
 * A line leaves the queue when the transaction that holds it has ended well:
 * whatever fails, the lines are still there for the next try, until the queue
 * is full. Which incidents are open is then made anew from what is stored.
 */
#include <sys/stat.h>

#include "json.h"
#include "json_read.h"
#include "store_priv.h"

/* `->>` and strict columns need no less than 3.38, which Debian 12 has. */
_Static_assert(SQLITE_VERSION_NUMBER >= 3038000, "SQLite 3.38 or newer");

static const char *const texts[STORE_SQLS] = {
	[SQL_ADD_EVENT] =
		"INSERT INTO event(time, event, incident, resource, errno, pid, comm, uid,"
		" cgroup, count, line) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
	[SQL_ADD_INCIDENT] = "INSERT INTO incident(id, first, last, refused, killed, counted,"
			     " events, processes, verdict) VALUES(?1,?2,?3,?4,?5,?6,1,?7,?8)",
	[SQL_ADD_TO_INCIDENT] = "UPDATE incident SET last = max(last, ?2), refused = refused + ?3,"
				" killed = killed + ?4, counted = counted + ?5,"
				" events = events + 1 WHERE id = ?1",
	[SQL_SET_VERDICT] = "UPDATE incident SET verdict = ?2 WHERE id = ?1",
	[SQL_ADD_MEMBER] = "INSERT OR IGNORE INTO member(incident, pid, started, comm, uid, cgroup,"
			   " exe) VALUES(?1,?2,?3,?4,?5,?6,?7)",
	[SQL_COUNT_MEMBER] = "UPDATE incident SET processes = processes + 1 WHERE id = ?1",
	[SQL_STARTED] =
		"INSERT INTO watch(run, boot_id, host, version, kernel, started, alive)"
		" VALUES(?1,?2,?3,?4,?5,?6,?6) ON CONFLICT(run) DO UPDATE SET stopped = NULL",
	[SQL_STOPPED] = "UPDATE watch SET stopped = ?2, alive = max(alive, ?2) WHERE run = ?1",
	[SQL_ALIVE] = "UPDATE watch SET alive = max(alive, ?1) WHERE run = ?2",
	[SQL_FIND_SERIES] = "SELECT id FROM series WHERE source = ?1 AND owner = ?2 AND"
			    " resource = ?3",
	[SQL_ADD_SERIES] = "INSERT INTO series(source, owner, resource, unit) VALUES(?1,?2,?3,?4)",
	/* The series may be gone, and its number another's: see store_keep.c. */
	[SQL_ADD_SAMPLE] = "INSERT OR REPLACE INTO sample(series, time, held, maxheld, barrier,"
			   " \"limit\", failcnt) SELECT id,?2,?3,?4,?5,?6,?7 FROM series"
			   " WHERE id = ?1 AND source = ?8 AND owner = ?9 AND resource = ?10",
};

sqlite3_stmt *store_sql(struct store *s, enum store_sql which)
{
	const char *text = which == SQL_IMPORTED ? store_imported_sql : texts[which];

	if (!s->sql[which] && sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT,
						 &s->sql[which], NULL) != SQLITE_OK)
		return NULL;
	sqlite3_reset(s->sql[which]);
	sqlite3_clear_bindings(s->sql[which]);
	return s->sql[which];
}

int store_step(struct store *s, sqlite3_stmt *q)
{
	int code = sqlite3_step(q);

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return store_fail(s);
	sqlite3_reset(q);
	return 0;
}

static void bind_text(sqlite3_stmt *q, int at, const struct event *e, enum field f)
{
	if (event_has(e, f))
		sqlite3_bind_text(q, at, e->str[f], -1, SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *q, int at, const struct event *e, enum field f)
{
	if (event_has(e, f))
		sqlite3_bind_int64(q, at, e->num[f]);
}

static int add_event(struct store *s, const struct event *e, const struct incident_step *step,
		     const char *line, size_t n, int64_t *ret_id)
{
	sqlite3_stmt *q = store_sql(s, SQL_ADD_EVENT);
	int err;

	if (!q)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, event_num(e, FIELD_TIME));
	sqlite3_bind_text(q, 2, event_kind_name(e->kind), -1, SQLITE_STATIC);
	if (step->id)
		sqlite3_bind_int64(q, 3, step->id);
	bind_text(q, 4, e, FIELD_RESOURCE);
	bind_text(q, 5, e, FIELD_ERRNO);
	bind_number(q, 6, e, FIELD_PID);
	bind_text(q, 7, e, FIELD_COMM);
	bind_number(q, 8, e, FIELD_UID);
	bind_text(q, 9, e, FIELD_CGROUP);
	sqlite3_bind_int64(q, 10,
			   event_has(e, FIELD_COUNT)  ? e->num[FIELD_COUNT]
			   : event_has(e, FIELD_LOST) ? e->num[FIELD_LOST]
						      : 1);
	sqlite3_bind_text(q, 11, line, (int)n, SQLITE_STATIC);
	err = store_step(s, q);
	if (!err)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	return err;
}

static int add_incident(struct store *s, const struct event *e, const struct incident_step *step,
			int64_t event)
{
	sqlite3_stmt *q = store_sql(s, SQL_ADD_INCIDENT);
	int64_t first = event_has(e, FIELD_FIRST) ? e->num[FIELD_FIRST] : event_num(e, FIELD_TIME);

	if (!q)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, step->id);
	sqlite3_bind_int64(q, 2, first);
	sqlite3_bind_int64(q, 3, event_num(e, FIELD_TIME));
	sqlite3_bind_int64(q, 4, (int64_t)step->refused);
	sqlite3_bind_int64(q, 5, (int64_t)step->killed);
	sqlite3_bind_int64(q, 6, (int64_t)step->counted);
	sqlite3_bind_int64(q, 7, 0);
	sqlite3_bind_int64(q, 8, event);
	return store_step(s, q);
}

static int add_to_incident(struct store *s, const struct event *e, const struct incident_step *step,
			   int64_t event)
{
	sqlite3_stmt *q = store_sql(s, SQL_ADD_TO_INCIDENT);
	int err;

	if (!q)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, step->id);
	sqlite3_bind_int64(q, 2, event_num(e, FIELD_TIME));
	sqlite3_bind_int64(q, 3, (int64_t)step->refused);
	sqlite3_bind_int64(q, 4, (int64_t)step->killed);
	sqlite3_bind_int64(q, 5, (int64_t)step->counted);
	err = store_step(s, q);
	if (err || !step->verdict)
		return err;
	q = store_sql(s, SQL_SET_VERDICT);
	if (!q)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, step->id);
	sqlite3_bind_int64(q, 2, event);
	return store_step(s, q);
}

static int add_member(struct store *s, const struct event *e, const struct incident_step *step)
{
	sqlite3_stmt *q = store_sql(s, SQL_ADD_MEMBER);
	int err;

	if (!q)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, step->id);
	sqlite3_bind_int64(q, 2, event_num(e, FIELD_PID));
	sqlite3_bind_int64(q, 3, event_num(e, FIELD_STARTED_AT));
	bind_text(q, 4, e, FIELD_COMM);
	bind_number(q, 5, e, FIELD_UID);
	bind_text(q, 6, e, FIELD_CGROUP);
	bind_text(q, 7, e, FIELD_EXE);
	err = store_step(s, q);
	if (err || sqlite3_changes(s->db) == 0)
		return err;
	q = store_sql(s, SQL_COUNT_MEMBER);
	if (!q)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, step->id);
	return store_step(s, q);
}

static int add_run(struct store *s, const struct event *e, int64_t time)
{
	sqlite3_stmt *q = store_sql(s, SQL_STARTED);

	if (!q)
		return store_fail(s);
	bind_text(q, 1, e, FIELD_RUN);
	bind_text(q, 2, e, FIELD_BOOT_ID);
	bind_text(q, 3, e, FIELD_HOST);
	bind_text(q, 4, e, FIELD_VERSION);
	bind_text(q, 5, e, FIELD_KERNEL);
	sqlite3_bind_int64(q, 6, time);
	return store_step(s, q);
}

/* A file that was begun meanwhile (SIGHUP, or the old one was removed) does not know the run yet.
 */
static int write_alive(struct store *s)
{
	sqlite3_stmt *q = store_sql(s, SQL_ALIVE);
	static struct event e;
	int err;

	if (!q)
		return store_fail(s);
	sqlite3_bind_int64(q, 1, s->alive);
	sqlite3_bind_text(q, 2, s->run, -1, SQLITE_STATIC);
	err = store_step(s, q);
	if (err || sqlite3_changes(s->db) > 0 || !s->hello ||
	    json_read_event(&e, s->hello, strlen(s->hello)) < 0)
		return err;
	return add_run(s, &e, s->alive);
}

static int keep_hello(struct store *s, const char *line, size_t n)
{
	if (s->mode != STORE_WRITE)
		return 0;
	free(s->hello);
	s->hello = strndup(line, n);
	return s->hello ? 0 : -ENOMEM;
}

/* A line of a run is a sign of life of it. */
static int add_watch(struct store *s, const struct event *e, const char *line, size_t n)
{
	bool started = e->kind == EVENT_STARTED;
	sqlite3_stmt *q;

	if (!event_has(e, FIELD_RUN))
		return 0;
	if (started && ((s->alive && write_alive(s) < 0) || keep_hello(s, line, n) < 0))
		return -EIO;
	if (started)
		util_strlcpy(s->run, e->str[FIELD_RUN], sizeof(s->run));
	if (event_num(e, FIELD_TIME) > s->alive || started)
		s->alive = event_num(e, FIELD_TIME);
	if (started)
		return add_run(s, e, event_num(e, FIELD_TIME));
	if (e->kind != EVENT_STOPPED)
		return 0;
	if (s->hello && write_alive(s) < 0)
		return -EIO;
	q = store_sql(s, SQL_STOPPED);
	if (!q)
		return store_fail(s);
	bind_text(q, 1, e, FIELD_RUN);
	sqlite3_bind_int64(q, 2, event_num(e, FIELD_TIME));
	return store_step(s, q);
}

static int resume(struct store *s, sqlite3_stmt *q)
{
	static struct event e;
	int code, err = 0;

	while (!err && (code = sqlite3_step(q)) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(q, 2);

		if (line && json_read_event(&e, line, (size_t)sqlite3_column_bytes(q, 2)) == 0)
			err = incident_resume(s->tracker, sqlite3_column_int64(q, 0),
					      sqlite3_column_int64(q, 1), &e);
	}
	return err ? err : code == SQLITE_DONE ? 0 : store_fail(s);
}

/* The incidents that were open when somebody last wrote here go on. */
static int open_tracker(struct store *s)
{
	static const char recent[] =
		"SELECT i.id, i.last, v.line FROM incident i JOIN event v ON v.id = i.verdict WHERE"
		" i.last > (SELECT max(last) FROM incident) - 60000000000 ORDER BY i.last LIMIT"
		" 1000";
	_cleanup_stmt_ sqlite3_stmt *q = NULL;
	int64_t next;
	int err = store_number(s, "SELECT ifnull(max(id), 0) + 1 FROM incident", &next);

	if (!err)
		err = incident_tracker_new(&s->tracker, next);
	if (!err && sqlite3_prepare_v2(s->db, recent, -1, &q, NULL) != SQLITE_OK)
		err = store_fail(s);
	return err ? err : resume(s, q);
}

static int write_line(struct store *s, const char *line, size_t n)
{
	static struct event e;
	struct incident_step step;
	int64_t id = 0;
	int err = json_read_event(&e, line, n);

	if (err < 0)
		return 0; /* store_add() has read it: never */
	err = incident_add(s->tracker, &e, &step);
	if (!err)
		err = add_event(s, &e, &step, line, n, &id);
	if (!err && step.opened)
		err = add_incident(s, &e, &step, id);
	else if (!err && step.id && e.kind != EVENT_FOLLOWUP)
		err = add_to_incident(s, &e, &step, id);
	if (!err && step.newcomer)
		err = add_member(s, &e, &step);
	return err ? err : add_watch(s, &e, line, n);
}

static int write_queue(struct store *s)
{
	int err = store_exec(s, "BEGIN IMMEDIATE");

	if (!err && !s->tracker)
		err = open_tracker(s);
	for (size_t at = 0, n; !err && at < s->queued; at += n + 1) {
		n = (size_t)((char *)memchr(s->queue + at, '\n', s->queued - at) - (s->queue + at));
		err = write_line(s, s->queue + at, n);
	}
	if (!err && s->alive)
		err = write_alive(s);
	return err ? err : store_exec(s, "COMMIT");
}

int store_commit(struct store *s, bool sure)
{
	int err = s->db && !store_gone(s) ? 0 : store_reopen(s);

	if (err || (s->pending == 0 && !s->alive))
		return err;
	err = store_exec(s, sure ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
	if (!err)
		err = write_queue(s);
	if (err) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		store_forget(s);
		if (err != -EBUSY && err != -ENOSPC && s->mode != STORE_MEMORY)
			store_shut(s); /* it may be another file the next time */
		return err;
	}
	s->queued = s->pending = 0;
	s->alive = 0;
	s->why[0] = '\0';
	return 0;
}

static int make_room(struct store *s, size_t n)
{
	size_t room = s->room ? s->room : 65536;
	char *more;

	while (room < s->queued + n)
		room *= 2;
	if (s->queued + n > STORE_QUEUE_MAX)
		return -ENOBUFS;
	if (room == s->room)
		return 0;
	more = realloc(s->queue, room);
	if (!more)
		return -ENOMEM;
	s->queue = more;
	s->room = room;
	return 0;
}

int store_add(struct store *s, const struct event *e, const char *line, size_t n)
{
	char made[JSON_LINE_MAX];
	int err;

	if (!line) {
		n = json_event(e, made, sizeof(made));
		line = made;
		if (n == 0)
			return -EMSGSIZE;
	}
	while (n > 0 && line[n - 1] == '\n')
		n--;
	err = make_room(s, n + 1);
	if (err < 0)
		return err;
	memcpy(s->queue + s->queued, line, n);
	s->queue[s->queued + n] = '\n';
	s->queued += n + 1;
	s->pending++;
	/* in memory nothing is gained by waiting */
	return s->mode == STORE_MEMORY && s->queued > STORE_MEMORY_BATCH ? store_commit(s, false)
									 : 0;
}

unsigned int store_pending(const struct store *s)
{
	return s->pending;
}

int store_alive(struct store *s, int64_t time)
{
	s->alive = time;
	return 0;
}
