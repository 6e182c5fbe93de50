// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - counter rows in the layout that OpenVZ's users know.
 *
 * The kernel wrote "%10s  %-12s %20lu %20lu %20lu %20lu %20lu": scripts cut it
 * at blanks, people read it by its columns, so both must hold. An owner too
 * long for the first column stands on a line of its own above its rows.
 */
#include "table.h"
#include "utf8.h"

#define UID_WIDTH 10
#define NAME_WIDTH 12
#define VALUE_WIDTH 20

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

/* The label of an owner, made visible and with its colon; the caller's. */
static char *label_of(const char *owner)
{
	/* A container's number stands alone, as in OpenVZ's table. */
	const char *ct = util_after(owner, "ct:");
	const char *s = ct ? ct : owner;
	size_t n = strlen(s), size = n * 4 + 2; /* each byte may become \xNN */
	char *label = malloc(size);

	if (!label)
		return NULL;
	n = utf8_visible(s, n, label, size - 2, NULL);
	memcpy(label + n, ":", 2);
	return label;
}

static const char *value_text(const struct counter_row *r, enum counter_have what, uint64_t v,
			      char *buf, size_t size)
{
	bool limit = what == COUNTER_LIMIT || what == COUNTER_BARRIER;

	if (!(r->have & (unsigned int)what))
		return "-";
	if (limit && v == COUNTER_UNLIMITED)
		return "unlimited";
	snprintf(buf, size, "%llu", (unsigned long long)v);
	return buf;
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
	char line[UID_WIDTH + COUNTER_NAME_MAX + ARRAY_SIZE(columns) * (VALUE_WIDTH + 2) + 8];
	int n;

	n = snprintf(line, sizeof(line), "%*s  %-*s", UID_WIDTH, label, name_width, r->name);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		char buf[VALUE_WIDTH + 2];

		n += snprintf(line + n, sizeof(line) - (size_t)n, " %*s", VALUE_WIDTH,
			      value_text(r, columns[i].what, columns[i].v, buf, sizeof(buf)));
	}
	/* A line whole, at once. */
	fprintf(out, "%s\n", line);
}

static int print_owner(FILE *out, const char *owner, int name_width, const struct counter_row *r)
{
	_cleanup_free_ char *label = label_of(owner);
	bool fits;

	if (!label)
		return -ENOMEM;
	fits = strlen(label) <= UID_WIDTH;
	if (!fits)
		fprintf(out, "%s\n", label);
	print_row(out, fits ? label : "", name_width, r);
	return 0;
}

int table_print(FILE *out, const struct counter_table *t, const struct table_options *o)
{
	const char *owner = NULL;
	int name_width = NAME_WIDTH;
	int hidden = 0, r;

	for (size_t i = 0; i < t->n_rows; i++) {
		int n = (int)strlen(t->rows[i].name);

		if (is_shown(&t->rows[i], o) && n > name_width)
			name_width = n;
	}
	errno = 0;
	fprintf(out, "Version: 2.5\n%*s  %-*s %*s %*s %*s %*s %*s\n", UID_WIDTH, "uid", name_width,
		"resource", VALUE_WIDTH, "held", VALUE_WIDTH, "maxheld", VALUE_WIDTH, "barrier",
		VALUE_WIDTH, "limit", VALUE_WIDTH, "failcnt");
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
	if (ferror(out))
		return errno ? -errno : -EIO;
	return hidden;
}
