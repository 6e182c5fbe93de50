// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_ubc.c - rows of OpenVZ's own table.
 *
 * /proc/user_beancounters has every container that the reader may see, one
 * below the other: the container's id stands on its first row only. So the
 * owner of a row is whatever came last, and wherever a first row may have been
 * lost the owner is unknown ("ct:?") until the next id.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>

#include "counter_priv.h"

#define UBC_FILE "proc/user_beancounters"
#define UNKNOWN_OWNER "?"

static const struct {
	const char *name, *unit;
} units[] = {
	{"kmemsize", "bytes"},    {"lockedpages", "pages"},    {"privvmpages", "pages"},
	{"shmpages", "pages"},    {"numproc", "tasks"},        {"physpages", "pages"},
	{"vmguarpages", "pages"}, {"oomguarpages", "pages"},   {"numtcpsock", "sockets"},
	{"numflock", "locks"},    {"numpty", "ptys"},          {"numsiginfo", "signals"},
	{"tcpsndbuf", "bytes"},   {"tcprcvbuf", "bytes"},      {"othersockbuf", "bytes"},
	{"dgramrcvbuf", "bytes"}, {"numothersock", "sockets"}, {"dcachesize", "bytes"},
	{"numfile", "files"},     {"numiptent", "entries"},    {"swappages", "pages"},
};

static const char *unit_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (util_streq(units[i].name, name))
			return units[i].unit;
	return NULL;
}

bool counter_ubc_exists(const struct counters *c)
{
	_cleanup_close_ int fd = c->beancounters ? open(c->beancounters, O_PATH | O_CLOEXEC)
						 : counter_open(c, UBC_FILE, O_PATH);
	_cleanup_close_ int dir = c->beancounters ? -1 : counter_open(c, "proc/bc", O_PATH);

	return fd >= 0 || dir >= 0;
}

/* What is known while the lines go by. */
struct reading {
	struct counter_table *t;
	const char *only;             /* the container asked for, or NULL */
	char owner[64 + 1];           /* of the rows now */
	char first[COUNTER_NAME_MAX]; /* its first row, to notice when another's begin */
	bool found;
};

static bool wanted(struct reading *g)
{
	bool yes = !g->only || util_streq(g->only, g->owner);

	g->found |= yes;
	return yes;
}

static void set_owner(struct reading *g, struct parse_text id)
{
	snprintf(g->owner, sizeof(g->owner), "%.*s", (int)id.n, id.s);
	g->first[0] = '\0';
}

static void lose_owner(struct reading *g)
{
	set_owner(g, (struct parse_text){UNKNOWN_OWNER, 1});
}

static int add(struct reading *g, const struct counter_row *row)
{
	int r;

	if (!wanted(g))
		return 0;
	r = counter_own(g->t, "ct:%s", g->owner);
	return r < 0 ? r : counter_add(g->t, row);
}

/* What could not be read at all: one row "?" says so, however many lines they were. */
static int add_mark(struct reading *g)
{
	struct counter_row row = counter_row_of(COUNTER_UBC, "?", NULL);
	const struct counter_table *t = g->t;

	if (t->n_rows) {
		const struct counter_row *last = &t->rows[t->n_rows - 1];
		const char *id = util_after(counter_owner(t, last), "ct:");

		if (last->source == COUNTER_UBC && util_streq(last->name, "?") && id &&
		    util_streq(id, g->owner))
			return 0;
	}
	row.have = COUNTER_MALFORMED;
	return add(g, &row);
}

static int add_row(struct reading *g, const struct parse_ubc *u)
{
	static const enum counter_have what[PARSE_UBC_COLUMNS] = {
		[PARSE_UBC_HELD] = COUNTER_HELD,       [PARSE_UBC_MAXHELD] = COUNTER_MAXHELD,
		[PARSE_UBC_BARRIER] = COUNTER_BARRIER, [PARSE_UBC_LIMIT] = COUNTER_LIMIT,
		[PARSE_UBC_FAILCNT] = COUNTER_FAILCNT,
	};
	struct counter_row row;
	char name[COUNTER_NAME_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)u->name.n, u->name.s);
	/* The first row again, without an id: the line that had the id is lost. */
	if (!u->owner.n && util_streq(name, g->first))
		lose_owner(g);
	if (util_streq(name, "dummy"))
		return 0;
	if (!g->first[0])
		util_strlcpy(g->first, name, sizeof(g->first));
	row = counter_row_of(COUNTER_UBC, name, unit_of(name));
	row.have = u->malformed ? COUNTER_MALFORMED : 0;
	for (int i = 0; i < PARSE_UBC_COLUMNS; i++)
		if (u->have & 1u << i)
			counter_put(&row, what[i], 0, u->value[i]);
	return add(g, &row);
}

static int read_text(struct reading *g, struct parse_text text)
{
	struct parse_text line;
	bool whole;
	int r = 0;

	while (!r && parse_next_line(&text, &line, &whole)) {
		struct parse_ubc u;
		enum parse_ubc_kind kind = parse_ubc_line(line, whole, &u);

		if (u.owner.n)
			set_owner(g, u.owner);
		switch (kind) {
		case PARSE_UBC_BLANK:
			break;
		case PARSE_UBC_ROW:
			r = add_row(g, &u);
			break;
		case PARSE_UBC_GARBAGE:
			if (!u.owner.n && !u.indented)
				lose_owner(g);
			r = add_mark(g);
			break;
		case PARSE_UBC_FOREIGN:
			lose_owner(g);
			return add_mark(g);
		}
	}
	return r;
}

/* Too long: what the text would have been is not known of anybody. */
static int read_file(struct counters *c, struct reading *g, int slurped)
{
	int r;

	if (slurped == -EFBIG) {
		g->only = NULL;
		lose_owner(g);
		r = add_mark(g);
		return r < 0 ? r : -EFBIG;
	}
	return slurped < 0 ? slurped : read_text(g, counter_text(&c->buf));
}

int counter_ubc_slurp(struct counters *c)
{
	_cleanup_close_ int fd = -1;

	if (!c->beancounters)
		return counter_slurp(c, UBC_FILE, COUNTER_BEANCOUNTERS_MAX);
	/* Named by the person: it may be a link, or a pipe. */
	fd = open(c->beancounters, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : counter_slurp_fd(&c->buf, fd, COUNTER_BEANCOUNTERS_MAX);
}

/* /proc/bc/ID/resources: the rows of one container, without its id. */
static int read_bc(struct counters *c, struct reading *g, const char *id)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "proc/bc/%s/resources", id) >= (int)sizeof(path))
		return -ENOENT;
	set_owner(g, (struct parse_text){id, strlen(id)});
	return read_file(c, g, counter_slurp(c, path, COUNTER_FILE_MAX));
}

static bool has_owner(const struct counter_table *t, const char *id)
{
	for (size_t i = 0; i < t->n_owners; i++) {
		const char *ct = util_after(t->owners[i], "ct:");

		if (ct && util_streq(ct, id))
			return true;
	}
	return false;
}

/* Containers that the table does not list, from their own directories. */
static int read_bc_others(struct counters *c, struct reading *g)
{
	int fd = counter_open(c, "proc/bc", O_RDONLY | O_DIRECTORY);
	struct counter_names names = {0};
	int r;

	if (fd < 0)
		return 0;
	r = counter_subdirs(fd, &names);
	for (size_t i = 0; !r && i < names.n; i++) {
		if (has_owner(g->t, names.names[i]))
			continue;
		r = read_bc(c, g, names.names[i]);
		if (r == -ENOENT || r == -EACCES)
			r = 0;
	}
	counter_names_free(&names);
	return r;
}

static bool valid_id(const char *id)
{
	return *id && strlen(id) <= 64 &&
	       !id[strspn(id, "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

int counter_ubc_read(struct counters *c, const char *id, struct counter_table *t)
{
	struct reading g = {.t = t, .only = id, .owner = UNKNOWN_OWNER};
	int r;

	if (id && !valid_id(id))
		return -EINVAL;
	if (!c->have[COUNTER_UBC])
		return -ENOENT;
	r = read_file(c, &g, counter_ubc_slurp(c));
	if (c->beancounters)
		return r < 0 || g.found || !id ? r : -ENOENT;
	if (id)
		return (r == 0 && g.found) || (r < 0 && r != -ENOENT && r != -EACCES)
			       ? r
			       : read_bc(c, &g, id);
	if (r == -ENOENT || r == 0)
		r = read_bc_others(c, &g);
	return r;
}
