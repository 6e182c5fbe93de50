// SPDX-License-Identifier: GPL-2.0-only
/*
 * table_near.c - what is near its limit, of everybody, fullest first.
 *
 * Which of two limits counts is a matter of the source: a process is refused at
 * its soft rlimit, everybody but root at the blocks kept back on a disk, an
 * OpenVZ container at the barrier; elsewhere the barrier only slows down.
 */
#include "table_priv.h"

/* Set, and enforced by no kernel of today (getrlimit(2)), or a size and no usage. */
static bool is_enforced(const struct counter_row *r)
{
	static const char *const dead[] = {"rss", "locks", "core", "nice", "rtprio"};

	for (size_t i = 0; r->source == COUNTER_PROCESS && i < ARRAY_SIZE(dead); i++)
		if (util_streq(r->name, dead[i]))
			return false;
	/* Sizes of the largest object, which no other makes fuller. */
	return r->source != COUNTER_HOST ||
	       (!util_streq(r->name, "semmsl") && !util_streq(r->name, "shmmax"));
}

static bool barrier_refuses(const struct counter_row *r)
{
	return r->source == COUNTER_UBC || r->source == COUNTER_PROCESS ||
	       r->source == COUNTER_USER ||
	       (r->source == COUNTER_HOST && util_streq(r->name, "disk"));
}

/* The limit that refuses; COUNTER_UNLIMITED where there is none. */
static uint64_t limit_of(const struct counter_row *r)
{
	uint64_t limit = r->have & COUNTER_LIMIT ? r->limit : COUNTER_UNLIMITED;

	if (r->have & COUNTER_BARRIER && barrier_refuses(r) && r->barrier < limit)
		limit = r->barrier;
	return limit;
}

int table_percent(const struct counter_row *r, uint64_t *ret)
{
	uint64_t limit = limit_of(r);

	if (!(r->have & COUNTER_HELD) || limit == COUNTER_UNLIMITED || !is_enforced(r))
		return -ENODATA;
	/* A limit of nothing, with nothing held, is how things are switched off. */
	if (limit == 0 && r->held == 0)
		return -ENODATA;
	if (limit == 0)
		*ret = 100;
	else
		*ret = (uint64_t)((unsigned __int128)r->held * 100 / limit);
	return 0;
}

static void take_comm(struct counters *c, const char *owner, char *buf, size_t size)
{
	const char *pid = util_after(owner, "pid:");
	_cleanup_free_ char *text = NULL;
	char path[64];
	size_t n;

	if (!pid)
		return;
	snprintf(path, sizeof(path), "proc/%.12s/comm", pid);
	if (counters_slurp(c, path, &text, &n) < 0)
		return;
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	util_strlcpy(buf, text, size);
}

struct taking {
	struct table_near *n;
	struct counters *c;
	const struct published *p;
};

static int push(struct table_near *n, const struct table_near_row *row)
{
	if (n->n == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 32;
		struct table_near_row *p = reallocarray(n->rows, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		n->rows = p;
		n->cap = cap;
	}
	n->rows[n->n++] = *row;
	return 0;
}

static int take(void *arg, const struct counter_table *t)
{
	struct taking *g = arg;
	int r = 0;

	for (size_t i = 0; !r && i < t->n_rows; i++) {
		struct table_near_row row = {.row = t->rows[i]};

		if (table_percent(&t->rows[i], &row.percent) < 0 || row.percent < g->n->percent)
			continue;
		row.owner = strdup(counter_owner(t, &t->rows[i]));
		if (!row.owner)
			return -ENOMEM;
		take_comm(g->c, row.owner, row.comm, sizeof(row.comm));
		r = push(g->n, &row);
		if (r)
			free(row.owner);
	}
	return r;
}

/* Processes alone do not come with their last column filled: only those that are near are asked. */
static int take_process(void *arg, const struct counter_table *t)
{
	struct taking *g = arg;
	struct counter_table some = *t;
	uint64_t percent;
	bool any = false;
	int r;

	g->n->hidden += t->hidden;
	for (size_t i = 0; i < t->n_rows && !any; i++)
		any = table_percent(&t->rows[i], &percent) == 0 && percent >= g->n->percent;
	if (!any)
		return 0;
	/* table_count() makes the rows anew; these belong to who reads them. */
	some.rows = malloc(t->n_rows * sizeof(*some.rows));
	if (!some.rows)
		return -ENOMEM;
	memcpy(some.rows, t->rows, t->n_rows * sizeof(*some.rows));
	some.cap_rows = t->n_rows;
	r = table_count(&some, g->p, g->c);
	if (r >= 0)
		r = take(g, &some);
	free(some.rows);
	return r;
}

/* The kernel counts these for the user; each of its processes shows the same. */
static bool is_of_user(const struct table_near_row *a)
{
	return (a->row.source == COUNTER_PROCESS || a->row.source == COUNTER_USER) &&
	       (util_streq(a->row.name, "nproc") || util_streq(a->row.name, "sigpending"));
}

static int by_fill(const void *pa, const void *pb)
{
	const struct table_near_row *a = pa, *b = pb;
	int r;

	if (a->percent != b->percent)
		return a->percent > b->percent ? -1 : 1;
	r = strcmp(a->row.name, b->row.name);
	if (r)
		return r;
	if (is_of_user(a) && a->row.held != b->row.held)
		return a->row.held > b->row.held ? -1 : 1;
	if (is_of_user(a) && limit_of(&a->row) != limit_of(&b->row))
		return limit_of(&a->row) < limit_of(&b->row) ? -1 : 1;
	/* The user before its processes. */
	if (a->row.source != b->row.source)
		return a->row.source > b->row.source ? -1 : 1;
	return strverscmp(a->owner, b->owner);
}

static void fold_users(struct table_near *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->n; i++) {
		const struct table_near_row *last = kept ? &n->rows[kept - 1] : NULL;
		const struct table_near_row *row = &n->rows[i];

		if (last && is_of_user(last) && row->row.source == COUNTER_PROCESS &&
		    util_streq(last->row.name, row->row.name) && last->row.held == row->row.held &&
		    limit_of(&last->row) == limit_of(&row->row))
			free(row->owner);
		else
			n->rows[kept++] = *row;
	}
	n->n = kept;
}

int table_near_read(struct table_near *n, struct counters *c, const char *owner,
		    const struct published *p)
{
	struct taking g = {.n = n, .c = c, .p = p};
	struct counter_table t = {0};
	int r;

	r = counters_read(c, owner, &t);
	/* One source that cannot be read does not hide the others. */
	if (r < 0 && (owner || r == -ENOMEM))
		goto out;
	n->hidden = t.hidden;
	r = table_count(&t, p, c);
	if (r >= 0)
		r = take(&g, &t);
	if (r >= 0 && !owner)
		r = counters_each_process(c, n->percent, take_process, &g);
	if (r < 0)
		goto out;
	if (n->n)
		qsort(n->rows, n->n, sizeof(*n->rows), by_fill);
	fold_users(n);
	r = 0;
out:
	counter_table_free(&t);
	return r;
}

void table_near_free(struct table_near *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->rows[i].owner);
	free(n->rows);
	*n = (struct table_near){0};
}

/* One line a row: the owner behind the name, for it may be long; failcnt last, as everywhere. */
int table_near_print(FILE *out, const struct table_near *n)
{
	errno = 0;
	fprintf(out, "%7s  %-24s %-17s %20s %20s %20s\n", "percent", "owner", "resource", "held",
		"limit", "failcnt");
	for (size_t i = 0; i < n->n; i++) {
		const struct table_near_row *r = &n->rows[i];
		_cleanup_free_ char *owner = NULL, *comm = table_visible(r->comm, "]");
		char held[24], limit[24], failcnt[24], named[72] = "";
		struct counter_row shown = r->row;

		if (!comm)
			return -ENOMEM;
		/* "pid:4711[nginx]" */
		if (r->comm[0])
			snprintf(named, sizeof(named), "[%s", comm);
		owner = table_visible(r->owner, named);
		if (!owner)
			return -ENOMEM;
		shown.limit = limit_of(&r->row);
		shown.have |= COUNTER_LIMIT;
		fprintf(out, "%7llu  %-24s %-17s %20s %20s %20s\n", (unsigned long long)r->percent,
			owner, r->row.name, table_value(&shown, COUNTER_HELD, shown.held, held),
			table_value(&shown, COUNTER_LIMIT, shown.limit, limit),
			table_value(&shown, COUNTER_FAILCNT, shown.failcnt, failcnt));
	}
	return table_written(out);
}
