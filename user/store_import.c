// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_import.c - the same log again adds nothing.
 *
 * An event is what it is by when, what and who, not by its sentences, which
 * another version may word differently. A log may well hold the same line
 * twice, and both count: so it is counted how often the store has each from
 * earlier imports, and so many of them are known. Events of a recorder are
 * another matter: they have a run, and are never taken for imported ones.
 */
#include "store_priv.h"

/* A quote within a string of JSON is escaped: what is found is the key itself. */
#define IS_IMPORTED "instr(line, '\"run\":\"') = 0"
#define IDENTITY(line)                                                                    \
	"json_extract(" line ", '$.time', '$.uptime_us', '$.host', '$.event', '$.cause'," \
	" '$.resource', '$.errno', '$.pid', '$.comm', '$.stage', '$.lost')"

int store_import_begin(struct store *s)
{
	int err = store_commit(s, false);

	if (!err)
		err = store_exec(s, "DROP TABLE IF EXISTS temp.imported;"
				    "CREATE TEMP TABLE imported(identity TEXT PRIMARY KEY,"
				    " n INTEGER NOT NULL) WITHOUT ROWID;"
				    "INSERT INTO temp.imported SELECT " IDENTITY(
					    "line") ", count(*) FROM main.event WHERE " IS_IMPORTED
						    " GROUP BY 1");
	return err;
}

int store_import_known(struct store *s, const char *line, size_t n)
{
	sqlite3_stmt *q = store_sql(s, SQL_IMPORTED);
	int err;

	if (!q)
		return store_fail(s);
	sqlite3_bind_text(q, 1, line, (int)n, SQLITE_STATIC);
	err = store_step(s, q);
	return err ? err : sqlite3_changes(s->db) > 0;
}

const char store_imported_sql[] =
	"UPDATE temp.imported SET n = n - 1 WHERE n > 0 AND identity = " IDENTITY("?1");
