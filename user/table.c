// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - counter rows in the layout that OpenVZ's users know.
 *
 * The kernel wrote "%10s  %-12s %20lu %20lu %20lu %20lu %20lu": scripts cut it
 * at blanks, people read it by its columns, so both must hold. An owner too
 * long for the first column stands on a line of its own above its rows.
 */
#include "table_priv.h"
#include "utf8.h"

static bool no_limit(const struct counter_row *r, enum counter_have what, uint64_t v)
{
	return !(r->have & (unsigned int)what) || v == COUNTER_UNLIMITED;
}

/* Every cgroup has counters: those that could refuse nothing, and have not, are only in the way. */
static bool is_idle(const struct counter_row *r)
{
	return (r->source == COUNTER_CGROUP1 || r->source == COUNTER_CGROUP2) &&
	       !(r->have & COUNTER_MALFORMED) && no_limit(r, COUNTER_LIMIT, r->limit) &&
	       no_limit(r, COUNTER_BARRIER, r->barrier) &&
	       (!(r->have & COUNTER_FAILCNT) || r->failcnt == 0);
}

static bool is_shown(const struct counter_row *r, const struct table_options *o)
{
	return (o && o->all) || !is_idle(r);
}

char *table_visible(const char *name, const char *suffix)
{
	size_t n = strlen(name), more = strlen(suffix);
	size_t size = n * 4 + more + 1; /* each byte may become \xNN */
	char *s = malloc(size);

	if (!s)
		return NULL;
	n = utf8_visible(name, n, s, size - more - 1, NULL);
	memcpy(s + n, suffix, more + 1);
	return s;
}

const char *table_value(const struct counter_row *r, enum counter_have what, uint64_t v, char *buf)
{
	bool limit = what == COUNTER_LIMIT || what == COUNTER_BARRIER;

	if (!(r->have & (unsigned int)what))
		return "-";
	if (limit && v == COUNTER_UNLIMITED)
		return "unlimited";
	snprintf(buf, 24, "%llu", (unsigned long long)v);
	return buf;
}

int table_written(FILE *out)
{
	return !ferror(out) ? 0 : errno ? -errno : -EIO;
}

static void print_row(FILE *out, const char *label, int name_width, const struct counter_row *r)
{
	const struct {
		enum counter_have what;
		uint64_t v;
	} columns[] = {
		{COUNTER_HELD, r->held},       {COUNTER_MAXHELD, r->maxheld},
		{COUNTER_BARRIER, r->barrier}, {COUNTER_LIMIT, r->limit},
		{COUNTER_FAILCNT, r->failcnt},
	};
	char line[TABLE_UID_WIDTH + COUNTER_NAME_MAX +
		  ARRAY_SIZE(columns) * (TABLE_VALUE_WIDTH + 2) + 8];
	int n;

	n = snprintf(line, sizeof(line), "%*s  %-*s", TABLE_UID_WIDTH, label, name_width, r->name);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		char buf[24];

		n += snprintf(line + n, sizeof(line) - (size_t)n, " %*s", TABLE_VALUE_WIDTH,
			      table_value(r, columns[i].what, columns[i].v, buf));
	}
	/* A line whole, at once. */
	fprintf(out, "%s\n", line);
}

static int print_owner(FILE *out, const char *owner, int name_width, const struct counter_row *r)
{
	/* A container's number stands alone, as in OpenVZ's table. */
	const char *ct = util_after(owner, "ct:");
	_cleanup_free_ char *label = table_visible(ct ? ct : owner, ":");
	bool fits;

	if (!label)
		return -ENOMEM;
	fits = strlen(label) <= TABLE_UID_WIDTH;
	if (!fits)
		fprintf(out, "%s\n", label);
	print_row(out, fits ? label : "", name_width, r);
	return 0;
}

int table_print(FILE *out, const struct counter_table *t, const struct table_options *o)
{
	const char *owner = NULL;
	int name_width = TABLE_NAME_WIDTH;
	int hidden = 0, r;

	for (size_t i = 0; i < t->n_rows; i++) {
		int n = (int)strlen(t->rows[i].name);

		if (is_shown(&t->rows[i], o) && n > name_width)
			name_width = n;
	}
	errno = 0;
	fprintf(out, "Version: 2.5\n%*s  %-*s %*s %*s %*s %*s %*s\n", TABLE_UID_WIDTH, "uid",
		name_width, "resource", TABLE_VALUE_WIDTH, "held", TABLE_VALUE_WIDTH, "maxheld",
		TABLE_VALUE_WIDTH, "barrier", TABLE_VALUE_WIDTH, "limit", TABLE_VALUE_WIDTH,
		"failcnt");
	for (size_t i = 0; i < t->n_rows; i++) {
		const struct counter_row *row = &t->rows[i];

		if (!is_shown(row, o)) {
			hidden++;
		} else if (owner && util_streq(owner, counter_owner(t, row))) {
			print_row(out, "", name_width, row);
		} else {
			owner = counter_owner(t, row);
			r = print_owner(out, owner, name_width, row);
			if (r < 0)
				return r;
		}
	}
	r = table_written(out);
	return r < 0 ? r : hidden;
}
