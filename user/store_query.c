// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_query.c - the filters of the command line as conditions of a SELECT.
 * Every value of a person is bound, never written into the text.
 *
 * Incidents (i, with the event v of their verdict) are asked for by their
 * processes (member) and, where that is not enough, by any of their events.
 */
#include "json_read.h"
#include "requested.h"
#include "store_priv.h"

void store_sql_add(struct store_select *w, const char *sql)
{
	size_t n = strlen(sql);

	if (n >= sizeof(w->text) - w->len) {
		w->full = true;
		return;
	}
	memcpy(w->text + w->len, sql, n + 1);
	w->len += n;
}

void store_sql_text(struct store_select *w, const char *v)
{
	if (w->n_binds == STORE_BINDS)
		w->full = true;
	else
		w->bind[w->n_binds++].text = v;
}

void store_sql_number(struct store_select *w, int64_t v)
{
	store_sql_text(w, NULL);
	if (!w->full)
		w->bind[w->n_binds - 1].number = v;
}

int store_prepare(struct store *s, const struct store_select *w, sqlite3_stmt **ret)
{
	sqlite3_stmt *q = NULL;

	if (w->full)
		return store_say(s, -E2BIG, "too many conditions at once: give fewer");
	if (!s->db)
		return store_say(s, -ENOENT, "%s is not open", s->path);
	if (sqlite3_prepare_v2(s->db, w->text, (int)w->len, &q, NULL) != SQLITE_OK)
		return store_fail(s);
	for (unsigned int i = 0; i < w->n_binds; i++) {
		if (w->bind[i].text)
			sqlite3_bind_text(q, (int)i + 1, w->bind[i].text, -1, SQLITE_TRANSIENT);
		else
			sqlite3_bind_int64(q, (int)i + 1, w->bind[i].number);
	}
	*ret = q;
	return 0;
}

/* requested(LINE): whether the kill was plainly somebody's wish. */
static void requested(sqlite3_context *c, int n _unused_, sqlite3_value **v)
{
	static struct event e; /* one thread */
	const char *line = (const char *)sqlite3_value_text(v[0]);

	sqlite3_result_int(
		c, line && json_read_event(&e, line, (size_t)sqlite3_value_bytes(v[0])) == 0 &&
			   requested_plainly(&e));
}

int store_functions(struct store *s)
{
	return sqlite3_create_function(s->db, "requested", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
				       NULL, requested, NULL, NULL) == SQLITE_OK
		       ? 0
		       : store_fail(s);
}

/* " AND BEFORE ? AFTER" */
static void number(struct store_select *w, const char *sql, int64_t v)
{
	store_sql_add(w, sql);
	store_sql_number(w, v);
}

static void text(struct store_select *w, const char *sql, const char *v)
{
	store_sql_add(w, sql);
	store_sql_text(w, v);
}

/* path itself and what is below it; column is ours. */
static void below(struct store_select *w, const char *column, const char *path)
{
	char sql[160];

	if (path[strspn(path, "/")] == '\0') {
		snprintf(sql, sizeof(sql), "%s IS NOT NULL", column);
		store_sql_add(w, sql);
		return;
	}
	/* SQLite counts characters: it has to measure the path itself */
	snprintf(sql, sizeof(sql), "(%s = rtrim(?, '/') OR substr(%s, 1, 1 + length(", column,
		 column);
	text(w, sql, path);
	text(w, "rtrim(?, '/'))) = ", path);
	text(w, "rtrim(?, '/') || '/')", path);
}

/* "field=value" of an event e; the caller has checked the field. */
static void field_value(struct store_select *w, const char *match, const char *event)
{
	int n = (int)strcspn(match, "="), f;
	const char *value = match + n + 1;
	char sql[192], key[64];

	snprintf(key, sizeof(key), "%.*s", n, match);
	f = field_by_key(key);
	/* SQLite makes numbers of them, people write what they see */
	if (f >= 0 && field_defs[f].type == TYPE_BOOL && util_listed("true yes", value))
		value = "1";
	else if (f >= 0 && field_defs[f].type == TYPE_BOOL && util_listed("false no", value))
		value = "0";
	snprintf(sql, sizeof(sql), "CAST(%s.line ->> '$.%.*s' AS TEXT) = ?", event, n, match);
	text(w, sql, value);
}

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 11;
}

static void match_incident(struct store_select *w, const char *m)
{
	static const char member[] =
		" AND EXISTS(SELECT 1 FROM member m WHERE m.incident = i.id AND ";

	if (util_after(m, "id=") && is_number(m + 3)) {
		number(w, " AND i.id = ?", strtoll(m + 3, NULL, 10));
	} else if (strchr(m, '=') && *m != '/') {
		store_sql_add(w, " AND EXISTS(SELECT 1 FROM event e WHERE e.incident = i.id AND ");
		field_value(w, m, "e");
		store_sql_add(w, ")");
	} else if (is_number(m)) {
		store_sql_add(w, member);
		number(w, "m.pid = ?)", strtoll(m, NULL, 10));
	} else if (*m == '/') { /* of a program, or a cgroup */
		store_sql_add(w, member);
		text(w, "(m.exe = ? OR ", m);
		below(w, "m.cgroup", m);
		store_sql_add(w, "))");
	} else {
		store_sql_add(w, member);
		text(w, "m.comm = substr(?, 1, 15))", m);
	}
}

static void resources(struct store_select *w, const struct options *o, const char *column)
{
	for (unsigned int i = 0; i < o->n_resources; i++) {
		store_sql_add(w, i == 0 ? " AND " : ", ");
		if (i == 0) {
			store_sql_add(w, column);
			store_sql_add(w, " IN (");
		}
		text(w, "?", o->resources[i]);
	}
	if (o->n_resources)
		store_sql_add(w, ")");
}

void store_where_incident(struct store_select *w, const struct store_query *q)
{
	static const char member[] = " AND EXISTS(SELECT 1 FROM member m WHERE m.incident = i.id";
	const struct options *o = q->options;

	if (q->incident)
		number(w, " AND i.id = ?", q->incident);
	if (q->since)
		number(w, " AND i.last >= ?", q->since);
	if (q->until)
		number(w, " AND i.first <= ? AND i.first > 0", q->until);
	if (!o)
		return;
	if (o->kills)
		store_sql_add(w, " AND i.killed > 0");
	if (o->unrequested)
		store_sql_add(w,
			      o->kills ? " AND EXISTS(SELECT 1 FROM event e WHERE e.incident = i.id"
					 " AND e.event = 'killed' AND NOT requested(e.line))"
				       : " AND EXISTS(SELECT 1 FROM event e WHERE e.incident = i.id"
					 " AND e.event IN ('refused', 'killed', 'counted')"
					 " AND NOT (e.event = 'killed' AND requested(e.line)))");
	if (o->has_pid || o->has_uid || o->name) {
		store_sql_add(w, member);
		if (o->has_pid)
			number(w, " AND m.pid = ?", (int64_t)o->pid);
		if (o->has_uid)
			number(w, " AND m.uid = ?", (int64_t)o->uid);
		if (o->name)
			text(w, " AND m.comm = ?", o->name);
		store_sql_add(w, ")");
	}
	if (o->cgroup) { /* also one whose limit it was, of nobody's refusals */
		store_sql_add(w,
			      " AND (EXISTS(SELECT 1 FROM member m WHERE m.incident = i.id AND ");
		below(w, "m.cgroup", o->cgroup);
		store_sql_add(w, ") OR ");
		below(w, "v.line ->> '$.memcg'", o->cgroup);
		store_sql_add(w, " OR ");
		below(w, "substr(v.line ->> '$.owner', 8)", o->cgroup);
		store_sql_add(w, ")");
	}
	if (o->n_resources) {
		store_sql_add(w, " AND EXISTS(SELECT 1 FROM event e WHERE e.incident = i.id");
		resources(w, o, "e.resource");
		store_sql_add(w, ")");
	}
	if (o->errno_name)
		text(w,
		     " AND EXISTS(SELECT 1 FROM event e WHERE e.incident = i.id AND e.resource IN "
		     "(v.resource, 'memory', 'swap', 'commit') AND e.errno = ?)",
		     o->errno_name);
	for (unsigned int i = 0; i < o->n_match; i++)
		match_incident(w, o->match[i]);
}

static void match_event(struct store_select *w, const char *m)
{
	if (util_after(m, "id=") && is_number(m + 3)) {
		number(w, " AND e.incident = ?", strtoll(m + 3, NULL, 10));
	} else if (strchr(m, '=') && *m != '/') {
		store_sql_add(w, " AND ");
		field_value(w, m, "e");
	} else if (is_number(m)) {
		number(w, " AND e.pid = ?", strtoll(m, NULL, 10));
	} else if (*m == '/') {
		text(w, " AND (e.line ->> '$.exe' = ? OR ", m);
		below(w, "e.cgroup", m);
		store_sql_add(w, ")");
	} else {
		text(w, " AND e.comm = substr(?, 1, 15)", m);
	}
}

static void kinds(struct store_select *w, unsigned int which)
{
	const char *between = " AND e.event IN (";

	for (unsigned int k = EVENT_NONE + 1; k < EVENT_KINDS; k++) {
		if (!(which >> k & 1))
			continue;
		store_sql_add(w, between);
		text(w, "?", event_kind_name((enum event_kind)k));
		between = ", ";
	}
	if (which)
		store_sql_add(w, ")");
}

void store_where_event(struct store_select *w, const struct store_query *q)
{
	const struct options *o = q->options;

	if (q->incident)
		number(w, " AND e.incident = ?", q->incident);
	if (q->since)
		number(w, " AND e.time >= ?", q->since);
	if (q->until)
		number(w, " AND e.time <= ?", q->until);
	kinds(w, q->kinds);
	if (!o)
		return;
	if (o->kills)
		store_sql_add(w, " AND e.event = 'killed'");
	if (o->unrequested)
		store_sql_add(w, " AND NOT (e.event = 'killed' AND requested(e.line))");
	if (o->has_pid)
		number(w, " AND e.pid = ?", (int64_t)o->pid);
	if (o->has_uid)
		number(w, " AND e.uid = ?", (int64_t)o->uid);
	if (o->name)
		text(w, " AND e.comm = ?", o->name);
	if (o->cgroup) {
		store_sql_add(w, " AND (");
		below(w, "e.cgroup", o->cgroup);
		store_sql_add(w, " OR ");
		below(w, "e.line ->> '$.memcg'", o->cgroup);
		store_sql_add(w, " OR ");
		below(w, "substr(e.line ->> '$.owner', 8)", o->cgroup);
		store_sql_add(w, ")");
	}
	resources(w, o, "e.resource");
	if (o->errno_name)
		text(w, " AND e.errno = ?", o->errno_name);
	for (unsigned int i = 0; i < o->n_match; i++)
		match_event(w, o->match[i]);
}
