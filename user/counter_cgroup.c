// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_cgroup.c - rows of one cgroup directory, v1 and v2, as tables: a row
 * is a prefix of file names and what each file means.
 *
 * A v2 counter in *.events counts this cgroup and all below it, unless the
 * hierarchy is mounted with memory_localevents or pids_localevents;
 * *.events.local counts this one alone (Documentation/admin-guide/cgroup-v2.rst).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>

#include "counter_cgroup.h"

/* A line of an events file, and the row that it makes; the first is the failcnt of its row. */
struct event_key {
	const char *row;
	const char *key;
};

struct cgroup_row {
	const char *controller; /* as in cgroup.controllers */
	const char *row;
	const char *prefix; /* "memory.swap": its files are memory.swap.max, ... */
	const char *unit;
	struct event_key events[5];
};

static const struct cgroup_row v2_rows[] = {
	{"memory",
	 "memory",
	 "memory",
	 "bytes",
	 {{"memory", "oom"},
	  {"memory.oom_kill", "oom_kill"},
	  {"memory.oom_group_kill", "oom_group_kill"},
	  {"memory.max", "max"},
	  {"memory.high", "high"}}},
	{"memory", "swap", "memory.swap", "bytes", {{"swap", "fail"}, {"swap.max", "max"}}},
	{"pids", "pids", "pids", "tasks", {{"pids", "max"}}},
};

/* The v1 pids controller has the files of v2. */
static const struct cgroup_row v1_pids = {"pids", "pids", "pids", "tasks", {{"pids", "max"}}};

static const struct cgroup_row v1_rows[] = {
	{.row = "memory", .prefix = "memory", .unit = "bytes"},
	{.row = "memsw", .prefix = "memory.memsw", .unit = "bytes"},
	{.row = "kmem", .prefix = "memory.kmem", .unit = "bytes"},
	{.row = "kmem.tcp", .prefix = "memory.kmem.tcp", .unit = "bytes"},
};

/* A file that is one member of a row. */
struct member_file {
	const char *suffix;
	enum counter_have what;
};

static const struct member_file v2_files[] = {
	{"current", COUNTER_HELD},
	{"peak", COUNTER_MAXHELD},
	{"high", COUNTER_BARRIER},
	{"max", COUNTER_LIMIT},
};

static const struct member_file v1_files[] = {
	{"usage_in_bytes", COUNTER_HELD},
	{"max_usage_in_bytes", COUNTER_MAXHELD},
	{"soft_limit_in_bytes", COUNTER_BARRIER},
	{"limit_in_bytes", COUNTER_LIMIT},
	{"failcnt", COUNTER_FAILCNT},
};

static int read_text(struct counters *c, int dir, const char *prefix, const char *suffix)
{
	char name[NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s.%s", prefix, suffix);
	return counter_slurp_at(&c->buf, dir, name, COUNTER_FILE_MAX);
}

static int put_files(struct counters *c, int dir, const char *prefix,
		     const struct member_file *files, size_t n, struct counter_row *row)
{
	for (size_t i = 0; i < n; i++) {
		bool limit = files[i].what == COUNTER_LIMIT || files[i].what == COUNTER_BARRIER;
		uint64_t v = 0;
		int r;

		r = read_text(c, dir, prefix, files[i].suffix);
		if (!r)
			r = limit ? parse_value_limit(counter_text(&c->buf), &v)
				  : parse_value(counter_text(&c->buf), &v);
		r = counter_put(row, files[i].what, r, v);
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_events(struct counters *c, int dir, const struct cgroup_row *spec, const char *file,
		      enum counter_have what, struct counter_row *rows)
{
	int read, r;

	if (!spec->events[0].key)
		return 0;
	read = read_text(c, dir, spec->prefix, file);
	for (size_t i = 0; i < ARRAY_SIZE(spec->events) && spec->events[i].key; i++) {
		uint64_t v = 0;

		r = read < 0 ? read : parse_keyed(counter_text(&c->buf), spec->events[i].key, &v);
		r = counter_put(&rows[i], what, r, v);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_v2_row(struct counters *c, int dir, enum counter_source source,
		      const struct cgroup_row *spec, struct counter_table *t)
{
	struct counter_row rows[ARRAY_SIZE(spec->events)];
	size_t n;
	int r;

	rows[0] = counter_row_of(source, spec->row, spec->unit);
	for (n = 1; n < ARRAY_SIZE(rows) && spec->events[n].key; n++)
		rows[n] = counter_row_of(source, spec->events[n].row, NULL);
	r = put_files(c, dir, spec->prefix, v2_files, ARRAY_SIZE(v2_files), &rows[0]);
	if (!r)
		r = put_events(c, dir, spec, "events", COUNTER_FAILCNT, rows);
	if (!r)
		r = put_events(c, dir, spec, "events.local", COUNTER_FAILCNT_LOCAL, rows);
	for (size_t i = 0; !r && i < n; i++)
		r = counter_add(t, &rows[i]);
	return r;
}

/* hugetlb.2MB and hugetlb.2MB.rsvd of either version, for each size this machine has. */
static int add_hugetlb(struct counters *c, int dir, enum counter_source source,
		       struct counter_table *t)
{
	int r = 0;

	for (size_t i = 0; !r && i < c->n_huge * 2; i++) {
		char name[COUNTER_NAME_MAX];
		struct cgroup_row spec = {.row = name, .prefix = name, .unit = "bytes"};
		struct counter_row row;

		snprintf(name, sizeof(name), "hugetlb.%s%s", c->huge[i / 2], i % 2 ? ".rsvd" : "");
		if (source == COUNTER_CGROUP2) {
			/* Reservations have no events of their own. */
			if (i % 2 == 0)
				spec.events[0] = (struct event_key){name, "max"};
			r = add_v2_row(c, dir, source, &spec, t);
			continue;
		}
		row = counter_row_of(source, name, "bytes");
		r = put_files(c, dir, name, v1_files, ARRAY_SIZE(v1_files), &row);
		if (!r)
			r = counter_add(t, &row);
	}
	return r;
}

/* A name of the misc controller ("sev_es", "tdx"), so that "misc." and it make a row's name. */
#define MISC_NAME_MAX (COUNTER_NAME_MAX - (int)sizeof("misc."))

/* misc.current lists "NAME number"; the others the same names, events as "NAME.max number". */
static int misc_row(struct counters *c, int dir, const char *res, struct counter_table *t)
{
	static const struct {
		const char *suffix, *key_suffix;
		enum counter_have what;
	} files[] = {
		{"current", "", COUNTER_HELD},
		{"peak", "", COUNTER_MAXHELD},
		{"max", "", COUNTER_LIMIT},
		{"events", ".max", COUNTER_FAILCNT},
		{"events.local", ".max", COUNTER_FAILCNT_LOCAL},
	};
	char name[COUNTER_NAME_MAX], key[MISC_NAME_MAX + sizeof(".max")];
	struct counter_row row;
	int r;

	snprintf(name, sizeof(name), "misc.%.*s", MISC_NAME_MAX, res);
	row = counter_row_of(COUNTER_CGROUP2, name, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		uint64_t v = 0;

		snprintf(key, sizeof(key), "%.*s%s", MISC_NAME_MAX, res, files[i].key_suffix);
		r = read_text(c, dir, "misc", files[i].suffix);
		if (!r)
			r = files[i].what == COUNTER_LIMIT
				    ? parse_keyed_limit(counter_text(&c->buf), key, &v)
				    : parse_keyed(counter_text(&c->buf), key, &v);
		r = counter_put(&row, files[i].what, r, v);
		if (r < 0)
			return r;
	}
	return counter_add(t, &row);
}

static int add_misc(struct counters *c, int dir, struct counter_table *t)
{
	char names[16][MISC_NAME_MAX + 1];
	struct parse_text text, line, word;
	size_t n = 0;
	bool whole;
	int r;

	r = read_text(c, dir, "misc", "current");
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	text = counter_text(&c->buf);
	/* The names first: reading the other files takes the buffer. */
	while (n < ARRAY_SIZE(names) && parse_next_line(&text, &line, &whole)) {
		if (!parse_next_word(&line, &word) || word.n >= sizeof(names[n]) ||
		    memchr(word.s, '\0', word.n))
			continue;
		memcpy(names[n], word.s, word.n);
		names[n++][word.n] = '\0';
	}
	for (size_t i = 0; i < n; i++) {
		r = misc_row(c, dir, names[i], t);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Which controllers a v2 cgroup has: files of the others need not be tried.
 * Without the file (a fixture) all are.
 */
static int v2_controllers(struct counters *c, int dir, char *buf, size_t size)
{
	struct parse_text text, line, word;
	size_t n = 0;
	bool whole;
	int r;

	r = counter_slurp_at(&c->buf, dir, "cgroup.controllers", COUNTER_FILE_MAX);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		snprintf(buf, size, "memory,pids,hugetlb,misc,");
		return 0;
	}
	text = counter_text(&c->buf);
	buf[0] = '\0';
	if (!parse_next_line(&text, &line, &whole))
		return 0;
	while (parse_next_word(&line, &word) && n + word.n + 2 < size)
		n += (size_t)snprintf(buf + n, size - n, "%.*s,", (int)word.n, word.s);
	return 0;
}

int counter_cgroup2_rows(struct counters *c, int dir, struct counter_table *t)
{
	char buf[256];
	struct parse_text controllers = {buf, 0};
	int r;

	r = v2_controllers(c, dir, buf, sizeof(buf));
	if (r < 0)
		return r;
	controllers.n = strlen(buf);
	for (size_t i = 0; !r && i < ARRAY_SIZE(v2_rows); i++)
		if (parse_in_list(controllers, v2_rows[i].controller))
			r = add_v2_row(c, dir, COUNTER_CGROUP2, &v2_rows[i], t);
	if (!r && parse_in_list(controllers, "hugetlb"))
		r = add_hugetlb(c, dir, COUNTER_CGROUP2, t);
	if (!r && parse_in_list(controllers, "misc"))
		r = add_misc(c, dir, t);
	return r;
}

/* v1 memory.oom_control: "oom_kill N", since Linux 4.13. */
static int add_v1_oom_kill(struct counters *c, int dir, struct counter_table *t)
{
	struct counter_row row = counter_row_of(COUNTER_CGROUP1, "memory.oom_kill", NULL);
	uint64_t v = 0;
	int r;

	r = read_text(c, dir, "memory", "oom_control");
	if (!r)
		r = parse_keyed(counter_text(&c->buf), "oom_kill", &v);
	r = counter_put(&row, COUNTER_FAILCNT, r, v);
	return r < 0 ? r : counter_add(t, &row);
}

int counter_cgroup1_rows(struct counters *c, enum counter_hierarchy h, int dir,
			 struct counter_table *t)
{
	int r = 0;

	if (h == COUNTER_V1_PIDS)
		return add_v2_row(c, dir, COUNTER_CGROUP1, &v1_pids, t);
	if (h == COUNTER_V1_HUGETLB)
		return add_hugetlb(c, dir, COUNTER_CGROUP1, t);
	for (size_t i = 0; !r && i < ARRAY_SIZE(v1_rows); i++) {
		struct counter_row row =
			counter_row_of(COUNTER_CGROUP1, v1_rows[i].row, v1_rows[i].unit);

		r = put_files(c, dir, v1_rows[i].prefix, v1_files, ARRAY_SIZE(v1_files), &row);
		if (!r)
			r = counter_add(t, &row);
	}
	return r ? r : add_v1_oom_kill(c, dir, t);
}
