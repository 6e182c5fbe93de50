// SPDX-License-Identifier: GPL-2.0-only
/*
 * table_count.c - the last column where the kernel has none: what failcnt
 * counted itself, and a row for each resource of the catalogue that the host
 * can run out of.
 */
#include "catalogue.h"
#include "table_priv.h"

/* The resource that a row is about; FC_RESOURCE_NONE: none. */
static unsigned int resource_of(const struct counter_row *r)
{
	unsigned int id = catalogue_by_id(r->name);

	for (unsigned int i = FC_RESOURCE_NONE + 1; !id && i < FC_RESOURCES; i++)
		if (catalogue_relation(i, r->name) == RELATION_OWN)
			id = i;
	return id;
}

/* The row counts this resource, or shows a part of it ("keys.bytes" of keys). */
static bool covers(const struct counter_row *r, unsigned int resource)
{
	const char *part = util_after(r->name, catalogue_get(resource)->id);

	return (part && (!*part || *part == '.')) ||
	       catalogue_relation(resource, r->name) == RELATION_OWN;
}

struct filling {
	const struct published *p;
	struct counters *c;
	const struct counter_table *from;
	struct counter_table to; /* rows alone */
	unsigned int filled;
};

static int push(struct filling *f, const struct counter_row *r)
{
	struct counter_table *t = &f->to;

	if (t->n_rows == t->cap_rows) {
		size_t cap = t->cap_rows ? t->cap_rows * 2 : 64;
		struct counter_row *rows = reallocarray(t->rows, cap, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		t->rows = rows;
		t->cap_rows = cap;
	}
	t->rows[t->n_rows++] = *r;
	return 0;
}

static bool ask(struct filling *f, struct counter_row *r, unsigned int resource)
{
	const char *owner = f->from->owners[r->owner];
	int64_t since;
	uint64_t n;

	if (published_get(f->p, f->c, owner, resource, &n, &since) < 0)
		return false;
	r->failcnt = n;
	r->counted_since = since;
	r->have |= COUNTER_FAILCNT;
	return true;
}

static int copy_row(struct filling *f, const struct counter_row *row)
{
	struct counter_row r = *row;
	unsigned int resource = resource_of(&r);

	if (!(r.have & COUNTER_FAILCNT) && r.source != COUNTER_UBC && resource)
		f->filled += ask(f, &r, resource);
	return push(f, &r);
}

/* One run of rows of an owner is copied: what it still lacks. */
static int add_missing(struct filling *f, size_t first)
{
	const struct counter_row *any = &f->to.rows[first];
	struct counter_row r = {.source = any->source, .owner = any->owner};
	bool host = util_streq(f->from->owners[r.owner], "host");
	size_t end = f->to.n_rows;
	int err = 0;

	for (unsigned int i = FC_RESOURCE_NONE + 1; !err && i < FC_RESOURCES; i++) {
		struct counter_row new = r;
		bool there = false, counts = false, known;

		for (size_t k = first; k < end; k++) {
			if (!covers(&f->to.rows[k], i))
				continue;
			there = true;
			counts |= (f->to.rows[k].have & COUNTER_FAILCNT) ||
				  resource_of(&f->to.rows[k]) == i;
		}
		/* Parts of a resource alone ("namespaces.user") have nowhere to show the whole's.
		 */
		if (counts)
			continue;
		util_strlcpy(new.name, catalogue_get(i)->id, sizeof(new.name));
		new.unit = catalogue_get(i)->measure;
		known = ask(f, &new, i);
		/* Of others only what happened: not each limit is a limit of theirs. */
		if (!(host ? known || !there : known && new.failcnt))
			continue;
		f->filled += known;
		err = push(f, &new);
	}
	return err;
}

int table_count(struct counter_table *t, const struct published *p, struct counters *c)
{
	struct filling f = {.p = p, .c = c, .from = t};
	size_t first = 0;
	int r = 0;

	for (size_t i = 0; !r && i < t->n_rows; i++) {
		r = copy_row(&f, &t->rows[i]);
		if (r || (i + 1 < t->n_rows && t->rows[i + 1].owner == t->rows[i].owner))
			continue;
		if (t->rows[i].source != COUNTER_UBC &&
		    !util_after(counter_owner(t, &t->rows[i]), "fs:"))
			r = add_missing(&f, first);
		first = f.to.n_rows;
	}
	if (r < 0) {
		free(f.to.rows);
		return r;
	}
	free(t->rows);
	t->rows = f.to.rows;
	t->n_rows = f.to.n_rows;
	t->cap_rows = f.to.cap_rows;
	return (int)f.filled;
}
