// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_import.c - the same log again adds nothing, in whatever form it comes.
 *
 * An event is what it is by facts of the kernel: what happened, to whom, and
 * when. Its sentences another version may word differently, and of its time a
 * log may keep the seconds alone (syslog, dmesg -T), the microseconds since
 * boot alone (dmesg), or both. So two events are one where what happened is
 * the same, no host is another, and what both know of the time agrees:
 *   - both know when after boot: that, within what the clocks of two sources
 *     differ by; the calendar only has to be of about the same day
 *   - else the calendar, within two seconds: a second may be cut or rounded,
 *     and the daemon that wrote it down was a little later
 *   - else, or where the calendar of dmesg -T is wrong since a suspend: where
 *     the same process died with the very same memory or at the same address
 *   - where neither knows of any time
 * A log may well hold the same line twice, and both count: each stored event is
 * found once. Those of a recorder have a run, and are never taken for imported.
 */
#include "store_priv.h"

/* A quote within a string of JSON is escaped: what is found is the key itself. */
#define IS_IMPORTED "instr(line, '\"run\":\"') = 0"
/* Of a cut log it may be unknown whose memory it was. */
#define BODY(line)                                                                    \
	"json_array(" line " ->> '$.event', iif(" line " ->> '$.cause' LIKE 'oom-%'," \
	" 'oom', " line " ->> '$.cause'), " line " ->> '$.resource', " line           \
	" ->> '$.errno', " line " ->> '$.pid', " line " ->> '$.comm', " line          \
	" ->> '$.stage', " line " ->> '$.lost')"
/* NULL: nothing that only one process has. */
#define MARK(line)                                                                        \
	"iif(" line " ->> '$.pid' IS NULL OR coalesce(" line " ->> '$.rss_anon'," line    \
	" ->> '$.fault_addr') IS NULL, NULL, json_array(" line " ->> '$.rss_anon', " line \
	" ->> '$.rss_file', " line " ->> '$.fault_addr'))"
#define CLOCKS_US "10000"
#define SECONDS_NS "2000000000"
#define DAY_NS "86400000000000"

int store_import_begin(struct store *s)
{
	static const char table[] =
		"CREATE TEMP TABLE IF NOT EXISTS imported(id INTEGER PRIMARY KEY, body TEXT,"
		" time INTEGER, uptime INTEGER, host TEXT, mark TEXT, used INTEGER);"
		"CREATE INDEX IF NOT EXISTS temp.imported_time ON imported(body, time);"
		"CREATE INDEX IF NOT EXISTS temp.imported_uptime ON imported(body, uptime);"
		"CREATE INDEX IF NOT EXISTS temp.imported_mark ON imported(mark)"
		" WHERE mark IS NOT NULL;"
		"CREATE TEMP TABLE IF NOT EXISTS imported_until(id INTEGER)";
	/* Only what the log before has added is read anew: the store may be large. */
	static const char fill[] =
		"UPDATE temp.imported SET used = 0;"
		"INSERT INTO temp.imported SELECT id, " BODY(
			"line") ", nullif(time, 0),"
				" line ->> '$.uptime_us', line ->> '$.host', " MARK(
					"line") ", 0 FROM main.event"
						" WHERE id > (SELECT ifnull(max(id), 0) FROM "
						"temp.imported_until) AND " IS_IMPORTED
						"; INSERT INTO temp.imported_until SELECT max(id) "
						"FROM main.event";
	int err = store_commit(s, false);

	if (!err)
		err = store_exec(s, table);
	if (!err)
		err = store_exec(s, fill);
	return err;
}

int store_import_known(struct store *s, const struct event *e, const char *line, size_t n)
{
	sqlite3_stmt *q = store_sql(s, SQL_IMPORTED);
	int err;

	if (!q)
		return store_fail(s);
	sqlite3_bind_text(q, 1, line, (int)n, SQLITE_STATIC);
	if (event_has(e, FIELD_TIME))
		sqlite3_bind_int64(q, 2, e->num[FIELD_TIME]);
	if (event_has(e, FIELD_UPTIME_US))
		sqlite3_bind_int64(q, 3, e->num[FIELD_UPTIME_US]);
	if (event_has(e, FIELD_HOST))
		sqlite3_bind_text(q, 4, e->str[FIELD_HOST], -1, SQLITE_STATIC);
	err = store_step(s, q);
	return err ? err : sqlite3_changes(s->db) > 0;
}

/* Of hosts one may be told with its domain. Each of the four is asked by an index of its own. */
#define FIND "(SELECT id FROM temp.imported WHERE NOT used AND "
#define SAME_HOST                                                                 \
	" AND (host IS NULL OR ?4 IS NULL OR host = ?4 OR substr(host || '.', 1," \
	" length(?4) + 1) = ?4 || '.' OR substr(?4 || '.', 1, length(host) + 1) = host || '.')"
const char store_imported_sql[] =
	"UPDATE temp.imported SET used = 1 WHERE id = coalesce(" FIND "body = " BODY(
		"?1") " AND uptime BETWEEN ?3 - " CLOCKS_US " AND ?3 + " CLOCKS_US
		      " AND (time IS NULL OR ?2 IS NULL OR abs(time - ?2) <= " DAY_NS ")" SAME_HOST
		      " ORDER BY abs(uptime - ?3), id LIMIT 1), " FIND "body = " BODY(
			      "?1") " AND time BETWEEN ?2 - " SECONDS_NS " AND ?2 + " SECONDS_NS
				    " AND (uptime IS NULL OR ?3 IS NULL)" SAME_HOST
				    " ORDER BY abs(time - ?2), id LIMIT 1), " FIND
				    "mark = " MARK("?1") " AND body = " BODY(
					    "?1") " AND (uptime IS NULL OR ?3 IS NULL)"
						  " AND (time IS NULL OR ?2 IS NULL OR abs(time - "
						  "?2) <= " DAY_NS ")" SAME_HOST
						  " ORDER BY id LIMIT 1), " FIND "body = " BODY(
							  "?1") " AND time IS NULL AND ?2 IS NULL "
								"AND uptime IS NULL AND"
								" ?3 IS NULL" SAME_HOST
								" ORDER BY id LIMIT 1))";
