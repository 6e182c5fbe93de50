/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store_priv.h - between the parts of the store: the open file, its prepared
 * statements, and what waits to be written. Nobody else knows SQLite.
 */
#ifndef FAILCNT_STORE_PRIV_H
#define FAILCNT_STORE_PRIV_H

#include <sqlite3.h>

#include "incident.h"
#include "store.h"

#define STORE_APPLICATION 0x66636e74 /* "fcnt": PRAGMA application_id */
#define STORE_VERSION 1
#define STORE_QUEUE_MAX \
	((size_t)16 << 20) /* bytes of lines that wait while nothing can be written */
#define STORE_MEMORY_BATCH ((size_t)1 << 20)

/* Statements of the writer, made when first used. */
enum store_sql {
	SQL_ADD_EVENT,
	SQL_ADD_INCIDENT,
	SQL_ADD_TO_INCIDENT,
	SQL_SET_VERDICT,
	SQL_ADD_MEMBER,
	SQL_COUNT_MEMBER,
	SQL_STARTED,
	SQL_STOPPED,
	SQL_ALIVE,
	SQL_FIND_SERIES,
	SQL_ADD_SERIES,
	SQL_ADD_SAMPLE,
	SQL_IMPORTED,
	STORE_SQLS,
};

struct store_series;

struct store {
	enum store_mode mode;
	char *path;
	sqlite3 *db;  /* NULL: it cannot be opened now */
	int lock;     /* the file itself, with flock(2), for a writer; closed after db, whose locks
			 would go with it */
	bool watched; /* a reader's: somebody recorded into it when it was opened */
	sqlite3_stmt *sql[STORE_SQLS];
	char why[640];
	struct incident_tracker *tracker; /* NULL: to be made from what is stored */
	char *queue;                      /* lines, each ended by a newline */
	size_t queued, room;
	unsigned int pending;
	char run[24];  /* whose signs of life come */
	char *hello;   /* how it began: for a file that is begun later; NULL: nobody records */
	int64_t alive; /* the latest, to be written; 0: nothing new */
	uint64_t unreadable; /* a reader's: rows that hold no event */
	struct store_series *series;
	unsigned int reading; /* number of the latest one */
	unsigned int turns;   /* in which samples were dropped */
};

/* Keeps a sentence and returns err. */
int store_say(struct store *s, int err, const char *fmt, ...) _printf_(3, 4);
/* The same from SQLite's last error. */
int store_fail(struct store *s);
int store_exec(struct store *s, const char *sql);
/* Of a store that is open to be written: is its file no longer there? */
bool store_gone(struct store *s);
/* Is there a file of that name with `end` added? */
bool store_beside(const struct store *s, const char *end);
/* One number: PRAGMA, count(*) ... */
int store_number(struct store *s, const char *sql, int64_t *ret);
/* The prepared statement, reset; NULL: see store_fail(). */
sqlite3_stmt *store_sql(struct store *s, enum store_sql which);
/* Runs a statement that returns no rows. */
int store_step(struct store *s, sqlite3_stmt *q);

static inline void store_finalizep(sqlite3_stmt **q)
{
	sqlite3_finalize(*q);
}
#define _cleanup_stmt_ _cleanup_(store_finalizep)

void store_forget(struct store *s); /* what was read of the file or prepared for it */
void store_shut(struct store *s);

/* store_schema.c: makes a new store, or brings an old one up to date. */
int store_schema(struct store *s);
/* store_import.c */
extern const char store_imported_sql[];
/* store_sample.c */
void store_series_free(struct store *s);

/* store_query.c: a SELECT in the making. */
#define STORE_BINDS 96
struct store_select {
	char text[8192];
	size_t len;
	struct {
		const char *text; /* NULL: number */
		int64_t number;
	} bind[STORE_BINDS];
	unsigned int n_binds;
	bool full;
};
int store_functions(struct store *s); /* those that its conditions call */
void store_sql_add(struct store_select *w, const char *sql);
void store_sql_text(struct store_select *w, const char *v); /* one ? more, with its value */
void store_sql_number(struct store_select *w, int64_t v);
/* " AND ..." for each condition of q, on incidents i with verdict v, or on events e. */
void store_where_incident(struct store_select *w, const struct store_query *q);
void store_where_event(struct store_select *w, const struct store_query *q);
/* To be finalized by the caller. */
int store_prepare(struct store *s, const struct store_select *w, sqlite3_stmt **ret);

#endif
