// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_count.c - how much happened when: events added up by kind of trouble and
 * interval of time, by SQLite itself, so that millions cost no decoding.
 */
#include "store_priv.h"

static uint64_t number(sqlite3_stmt *q, int at)
{
	int64_t v = sqlite3_column_int64(q, at);

	return v > 0 ? (uint64_t)v : 0;
}

int store_each_count(struct store *s, const struct store_query *q, int64_t base, int64_t width,
		     store_count_fn *cb, void *arg)
{
	_cleanup_stmt_ sqlite3_stmt *rows = NULL;
	struct store_select w = {};
	int err, code = SQLITE_DONE;

	store_sql_add(&w, "SELECT ifnull(e.resource, ifnull(e.line ->> '$.cause', '')) AS lane,"
			  " iif(e.time > 0, (e.time - ?) / ?, -1) AS at,"
			  " sum(iif(e.event = 'refused', e.count, 0)),"
			  " sum(iif(e.event = 'killed', e.count, 0)),"
			  " sum(iif(e.event = 'counted', e.count, 0)) FROM event e"
			  " WHERE e.event IN ('refused', 'killed', 'counted')");
	store_sql_number(&w, base);
	store_sql_number(&w, width);
	store_where_event(&w, q);
	store_sql_add(&w, " GROUP BY lane, at");
	err = store_prepare(s, &w, &rows);
	while (!err && (code = sqlite3_step(rows)) == SQLITE_ROW) {
		const char *lane = (const char *)sqlite3_column_text(rows, 0);
		int64_t at = sqlite3_column_int64(rows, 1);

		err = cb(arg, lane ? lane : "", at < 0 ? 0 : base + at * width, number(rows, 2),
			 number(rows, 3), number(rows, 4));
	}
	return err ? err : code == SQLITE_DONE ? 0 : store_fail(s);
}

int store_last_watch(struct store *s,
		     void (*cb)(void *arg, const char *host, const char *version,
				const char *kernel),
		     void *arg)
{
	_cleanup_stmt_ sqlite3_stmt *row = NULL;
	struct store_select w = {};
	const char *text[3];
	int err;

	store_sql_add(&w, "SELECT host, version, kernel FROM watch ORDER BY started DESC LIMIT 1");
	err = store_prepare(s, &w, &row);
	if (err)
		return err;
	err = sqlite3_step(row);
	if (err == SQLITE_DONE)
		return -ENODATA;
	if (err != SQLITE_ROW)
		return store_fail(s);
	for (int i = 0; i < 3; i++) {
		text[i] = (const char *)sqlite3_column_text(row, i);
		if (!text[i])
			text[i] = "";
	}
	cb(arg, text[0], text[1], text[2]);
	return 0;
}

bool store_in_memory(const struct store *s)
{
	return s->mode == STORE_MEMORY;
}
