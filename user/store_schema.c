// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_schema.c - the tables, for sqlite3 users and for our own later
 * versions.
 *
 * PRAGMA user_version says which steps a file has taken; a newer failcnt takes
 * those that are missing, in one transaction each. A step, once released, is
 * never changed: add the next one. Times are nanoseconds since 1970 (0: a log
 * without times). What a query looks for is a column; all of an event is in
 * `line`, the JSON of the contract, so that nothing is lost between versions.
 *
 *   event     one line of watch, in the order of writing
 *   incident  events that belong together; verdict: its most important event
 *   member    the processes of an incident
 *   watch     when somebody watched: alive is the last sign of life
 *   series    a counter row; sample: its numbers from time on (only changes)
 *   dropped   what the limits of the store have cost
 * Views with times as text: incidents, refusals, counters.
 */
#include "store_priv.h"

#define TIME_TEXT(column)                                                             \
	"CASE " column " WHEN 0 THEN NULL ELSE strftime('%Y-%m-%dT%H:%M:%S', " column \
	" / 1000000000, 'unixepoch') || printf('.%03dZ', " column " / 1000000 % 1000) END"

static const char *const steps[STORE_VERSION] = {
	"CREATE TABLE event(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, event TEXT NOT NULL,"
	" incident INTEGER, resource TEXT, errno TEXT, pid INTEGER, comm TEXT, uid INTEGER,"
	" cgroup TEXT, count INTEGER NOT NULL, line TEXT NOT NULL);"
	"CREATE INDEX event_time ON event(time);"
	"CREATE INDEX event_incident ON event(incident, resource, errno)"
	" WHERE incident IS NOT NULL;"

	"CREATE TABLE incident(id INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL, refused INTEGER NOT NULL, killed INTEGER NOT NULL,"
	" counted INTEGER NOT NULL, events INTEGER NOT NULL, processes INTEGER NOT NULL,"
	" verdict INTEGER NOT NULL);"
	"CREATE INDEX incident_first ON incident(first);"
	"CREATE INDEX incident_last ON incident(last);"

	"CREATE TABLE member(incident INTEGER NOT NULL, pid INTEGER NOT NULL,"
	" started INTEGER NOT NULL, comm TEXT, uid INTEGER, cgroup TEXT, exe TEXT,"
	" PRIMARY KEY(incident, pid, started)) WITHOUT ROWID;"

	"CREATE TABLE watch(id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, boot_id TEXT,"
	" host TEXT, version TEXT, kernel TEXT, started INTEGER NOT NULL,"
	" alive INTEGER NOT NULL, stopped INTEGER);"

	"CREATE TABLE series(id INTEGER PRIMARY KEY, source TEXT NOT NULL, owner TEXT NOT NULL,"
	" resource TEXT NOT NULL, unit TEXT, UNIQUE(source, owner, resource));"
	/* an unlimited barrier or limit is -1, an unknown number NULL */
	"CREATE TABLE sample(series INTEGER NOT NULL, time INTEGER NOT NULL, held INTEGER,"
	" maxheld INTEGER, barrier INTEGER, \"limit\" INTEGER, failcnt INTEGER,"
	" PRIMARY KEY(series, time)) WITHOUT ROWID;"

	"CREATE TABLE dropped(id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	" until INTEGER NOT NULL, why TEXT NOT NULL, events INTEGER NOT NULL,"
	" incidents INTEGER NOT NULL, samples INTEGER NOT NULL, bytes INTEGER NOT NULL);"

	"CREATE VIEW incidents AS SELECT i.id, " TIME_TEXT("i.first") " AS first, " TIME_TEXT(
		"i.last") " AS last, v.event, v.resource, v.errno, v.line ->> '$.cause' AS cause,"
			  " v.pid, v.comm, v.uid, v.cgroup, i.refused, i.killed, i.counted, "
			  "i.processes,"
			  " v.line ->> '$.held' AS held, v.line ->> '$.limit' AS \"limit\","
			  " v.line ->> '$.limit_name' AS limit_name, v.line ->> '$.says' AS says,"
			  " v.line ->> '$.fix' AS fix FROM incident i JOIN event v ON v.id = "
			  "i.verdict;"
			  "CREATE VIEW refusals AS SELECT id, " TIME_TEXT(
				  "time") " AS time, resource, errno,"
					  " count, pid, comm, uid, cgroup, incident, line ->> "
					  "'$.syscall' AS syscall,"
					  " line ->> '$.held' AS held, line ->> '$.limit' AS "
					  "\"limit\","
					  " line ->> '$.object' AS object, line ->> '$.says' AS "
					  "says"
					  " FROM event WHERE event = 'refused';"
					  "CREATE VIEW counters AS SELECT " TIME_TEXT(
						  "s.time") " AS time, r.source, r.owner,"
							    " r.resource, r.unit, s.held, "
							    "s.maxheld,"
							    " CASE s.barrier WHEN -1 THEN "
							    "'unlimited' ELSE s.barrier END AS "
							    "barrier,"
							    " CASE s.\"limit\" WHEN -1 THEN "
							    "'unlimited' ELSE s.\"limit\" END AS "
							    "\"limit\","
							    " s.failcnt FROM sample s JOIN series "
							    "r ON r.id = s.series;",
};

static int take_step(struct store *s, int64_t version)
{
	char end[96];
	int err = store_exec(s, "BEGIN IMMEDIATE");

	if (err)
		return err;
	snprintf(end, sizeof(end), "PRAGMA user_version=%lld; COMMIT", (long long)version + 1);
	err = store_exec(s, steps[version]);
	if (!err)
		err = store_exec(s, end);
	if (err)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* What can only be chosen before the first table. A new file has no other reader to lock out. */
static int make(struct store *s)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id=%d",
		 STORE_APPLICATION);
	return store_exec(s, sql);
}

int store_schema(struct store *s)
{
	int64_t version;
	int err = store_number(s, "PRAGMA user_version", &version);

	if (err < 0)
		return err;
	if (version > STORE_VERSION)
		return store_say(s, -EPROTO,
				 "%s was written by a newer failcnt (store version %lld, this one "
				 "knows %d): look at it with that one",
				 s->path, (long long)version, STORE_VERSION);
	if (s->mode == STORE_READ)
		return version > 0 ? 0 : store_say(s, -ENOENT, "%s holds nothing yet", s->path);
	if (version == 0)
		err = make(s);
	for (; !err && version < STORE_VERSION; version++)
		err = take_step(s, version);
	return err;
}
