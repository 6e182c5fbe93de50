// SPDX-License-Identifier: GPL-2.0-only
/*
 * minute.c - movements of counter rows, in twelve parts of five seconds each.
 */
#include "minute.h"

#define ROWS 512
#define PARTS 12
#define PART_MS 5000

struct entry {
	struct minute_row row; /* owner is ours; moved is not used */
	char *owner;
	uint64_t last;                      /* ms */
	uint64_t count[PARTS], part[PARTS]; /* part: which five seconds */
};

struct minute {
	struct entry entry[ROWS];
	unsigned int n;
};

struct minute *minute_new(void)
{
	return calloc(1, sizeof(struct minute));
}

void minute_free(struct minute *m)
{
	for (unsigned int i = 0; m && i < m->n; i++)
		free(m->entry[i].owner);
	free(m);
}

static struct entry *find(struct minute *m, const struct baseline_owner *o,
			  const struct baseline_row *row)
{
	struct entry *oldest = m->entry;
	char *owner;

	for (struct entry *e = m->entry; e < m->entry + m->n; e++) {
		if (e->row.name == row->name && e->row.source == o->source &&
		    util_streq(e->owner, o->name))
			return e;
		if (e->last < oldest->last)
			oldest = e;
	}
	owner = strdup(o->name);
	if (!owner)
		return NULL;
	if (m->n < ROWS)
		oldest = &m->entry[m->n++];
	free(oldest->owner);
	*oldest = (struct entry){.owner = owner};
	oldest->row.source = o->source;
	oldest->row.owner = owner;
	oldest->row.name = row->name;
	return oldest;
}

void minute_note(struct minute *m, const struct baseline_owner *o, const struct baseline_row *row,
		 uint64_t delta, uint64_t now_ms)
{
	uint64_t part = now_ms / PART_MS;
	struct entry *e = find(m, o, row);

	if (!e)
		return;
	if (e->part[part % PARTS] != part)
		e->count[part % PARTS] = 0;
	e->part[part % PARTS] = part;
	e->count[part % PARTS] += delta;
	e->last = now_ms;
	e->row.have = row->have & (COUNTER_HELD | COUNTER_LIMIT | COUNTER_FAILCNT);
	e->row.held = row->held;
	e->row.limit = row->limit;
	e->row.failcnt = row->failcnt;
}

void minute_each(const struct minute *m, uint64_t now_ms,
		 void (*cb)(void *arg, const struct minute_row *r), void *arg)
{
	uint64_t part = now_ms / PART_MS;

	for (const struct entry *e = m->entry; e < m->entry + m->n; e++) {
		struct minute_row r = e->row;

		for (unsigned int i = 0; i < PARTS; i++)
			if (e->part[i] + PARTS > part && e->part[i] <= part)
				r.moved += e->count[i];
		if (r.moved)
			cb(arg, &r);
	}
}
