// SPDX-License-Identifier: GPL-2.0-only
/*
 * baseline.c - the table of owners and their failure counters, and what a
 * reading makes of it.
 */
#include "baseline.h"

struct baseline_owner *baseline_find(const struct baseline *b, enum counter_source s,
				     const char *owner)
{
	struct baseline_owner *o = NULL;
	size_t n = strlen(owner);
	_cleanup_free_ char *big = NULL;
	char small[256], *key = small;

	if (n + 2 > sizeof(small))
		key = big = malloc(n + 2);
	if (!key)
		return NULL;
	key[0] = (char)('0' + s);
	memcpy(key + 1, owner, n + 1);
	HASH_FIND(hh, b->owners, key, n + 1, o);
	return o;
}

static struct baseline_owner *owner_add(struct baseline *b, enum counter_source s,
					const char *owner)
{
	size_t n = strlen(owner);
	struct baseline_owner *o = calloc(1, sizeof(*o) + n + 2);

	if (!o)
		return NULL;
	o->source = s;
	o->name = o->key + 1;
	o->key[0] = (char)('0' + s);
	memcpy(o->name, owner, n + 1);
	HASH_ADD_KEYPTR(hh, b->owners, o->key, n + 1, o);
	/* HASH_NONFATAL_OOM: an element without a table was not added. */
	if (!o->hh.tbl) {
		free(o);
		return NULL;
	}
	b->n_ubc += s == COUNTER_UBC;
	return o;
}

static void owner_free(struct baseline *b, struct baseline_owner *o)
{
	if (!b->owners)
		return; /* never: o is in it */
	HASH_DEL(b->owners, o);
	b->n_ubc -= o->source == COUNTER_UBC;
	for (unsigned int i = 0; i < o->n_rows; i++)
		free(o->rows[i].moving);
	free(o->rows);
	free(o);
}

void baseline_free(struct baseline *b)
{
	struct baseline_owner *o, *next;

	HASH_ITER (hh, b->owners, o, next)
		owner_free(b, o);
	while (b->n_names)
		free(b->names[--b->n_names]);
	*b = (struct baseline){0};
}

/* All sources have a few dozen names; a broken table may have any, so there is a bound. */
static int intern(struct baseline *b, const char *name, const char **ret)
{
	unsigned int i = 0;

	while (i < b->n_names && !util_streq(b->names[i], name))
		i++;
	if (i == BASELINE_NAMES)
		return -ENOSPC;
	if (i == b->n_names) {
		b->names[i] = strdup(name);
		if (!b->names[i])
			return -ENOMEM;
		b->n_names++;
	}
	*ret = b->names[i];
	return 0;
}

static struct baseline_row *row_find(const struct baseline_owner *o, const char *name)
{
	for (unsigned int i = 0; i < o->n_rows; i++)
		if (util_streq(o->rows[i].name, name))
			return &o->rows[i];
	return NULL;
}

/* A row that reads 0. */
static int row_add(struct baseline *b, struct baseline_owner *o, const char *name,
		   struct baseline_row **ret)
{
	struct baseline_row *rows;
	const char *kept;
	int r;

	r = intern(b, name, &kept);
	if (r < 0)
		return r;
	rows = reallocarray(o->rows, o->n_rows + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	o->rows = rows;
	*ret = &rows[o->n_rows++];
	**ret = (struct baseline_row){.name = kept, .have = COUNTER_FAILCNT};
	return 0;
}

/*
 * pids.events counts descendants where it has a pids.events.local beside it;
 * on kernels before that, and on v1, it counts the forking task's own cgroup.
 * The other files of v2 do on every kernel that has BPF ring buffers.
 */
bool baseline_hierarchical(const struct baseline_owner *o, const struct baseline_row *row)
{
	return o->source == COUNTER_CGROUP2 &&
	       ((row->have & COUNTER_FAILCNT_LOCAL) || !util_streq(row->name, "pids"));
}

struct baseline_moving *baseline_moving(struct baseline *b, struct baseline_owner *o,
					struct baseline_row *row)
{
	if (!row->moving)
		row->moving = calloc(1, sizeof(*row->moving));
	if (row->moving && !o->active) {
		o->active = true;
		o->next_active = b->active;
		b->active = o;
	}
	return row->moving;
}

/* Lends a child's movement to its parent, where that one is known. */
static int imply(struct baseline *b, const struct baseline_owner *o, const char *name,
		 uint64_t delta, uint64_t now_ms)
{
	_cleanup_free_ char *up = strdup(o->name);
	struct baseline_owner *parent;
	struct baseline_row *row;
	struct baseline_moving *m;
	char *slash;
	int r;

	if (!up)
		return -ENOMEM;
	slash = strrchr(up, '/');
	if (!slash || !slash[1])
		return 0;
	/* "cgroup:/a" is below "cgroup:/". */
	slash[slash[-1] == ':'] = '\0';
	parent = baseline_find(b, o->source, up);
	if (!parent || parent->gone)
		return 0;
	row = row_find(parent, name);
	if (!row) {
		r = row_add(b, parent, name, &row);
		if (r < 0)
			return r;
	}
	m = baseline_moving(b, parent, row);
	if (!m)
		return -ENOMEM;
	m->implied += delta;
	m->implied_at = now_ms;
	return 0;
}

static void row_take(struct baseline_row *row, const struct counter_row *r)
{
	row->have =
		r->have & (COUNTER_FAILCNT | COUNTER_FAILCNT_LOCAL | COUNTER_HELD | COUNTER_LIMIT);
	row->failcnt = r->failcnt;
	row->local = r->failcnt_local;
	row->held = r->held;
	row->limit = r->limit;
}

struct update {
	struct baseline *b;
	uint64_t now_ms;
	baseline_moved_fn *moved;
	void *arg;
};

/* as_is: what is read of a row that was not there is no movement. */
static int row_update(const struct update *u, struct baseline_owner *o, const struct counter_row *r,
		      bool as_is)
{
	bool readable = (r->have & COUNTER_FAILCNT) && !(r->have & COUNTER_MALFORMED);
	struct baseline_row *row = row_find(o, r->name), old;
	uint64_t delta, local = 0;
	int err;

	if (!row && !readable && !(as_is && (r->have & COUNTER_MALFORMED)))
		return 0;
	if (!row) {
		err = row_add(u->b, o, r->name, &row);
		if (err < 0)
			return err == -ENOSPC ? 0 : err;
		if (as_is)
			row->have = 0;
	}
	if (!readable)
		return 0;
	old = *row;
	row_take(row, r);
	/* Backwards: another cgroup, or a counter set back. Forward by half of all numbers: no
	 * counter. */
	if (!(old.have & COUNTER_FAILCNT) || r->failcnt <= old.failcnt ||
	    r->failcnt - old.failcnt > INT64_MAX)
		return 0;
	delta = r->failcnt - old.failcnt;
	if ((r->have & COUNTER_FAILCNT_LOCAL) && r->failcnt_local > old.local)
		local = r->failcnt_local - old.local;
	if (local > delta)
		local = delta;
	err = 0;
	if (baseline_hierarchical(o, row))
		err = imply(u->b, o, row->name, delta, u->now_ms);
	return err ? err : u->moved(u->arg, o, row, delta, local);
}

int baseline_update(struct baseline *b, const struct counter_table *t, bool first, uint64_t now_ms,
		    baseline_moved_fn *moved, void *arg)
{
	const struct update u = {.b = b, .now_ms = now_ms, .moved = moved, .arg = arg};
	struct baseline_owner *o = NULL;
	const char *name = NULL;
	bool as_is = false;
	int r = 0;

	for (size_t i = 0; !r && i < t->n_rows; i++) {
		const struct counter_row *row = &t->rows[i];

		/* Rows of which it is not known whose they are cannot be compared. */
		if (util_streq(counter_owner(t, row), "ct:?"))
			continue;
		if (!o || counter_owner(t, row) != name || row->source != o->source) {
			name = counter_owner(t, row);
			o = baseline_find(b, row->source, name);
			if (!o) {
				o = owner_add(b, row->source, name);
				if (!o)
					return -ENOMEM;
				o->learned = first ? b->reading : 0;
			}
			/* A container's table may have been unreadable before: never from 0. */
			as_is = row->source == COUNTER_UBC || (first && o->learned == b->reading);
			o->gone = false;
			o->reading = b->reading;
		}
		r = row_update(&u, o, row, as_is);
	}
	return r;
}

int baseline_born(struct baseline *b, enum counter_source s, const char *owner)
{
	struct baseline_owner *o = baseline_find(b, s, owner);

	if (!o)
		return owner_add(b, s, owner) ? 0 : -ENOMEM;
	/* Known and there: v1 controllers make a cgroup each under one name. */
	o->gone = false;
	return 0;
}

/* What comes next under this name begins at 0; a container's table is never taken to. */
static void row_zero(const struct baseline_owner *o, struct baseline_row *row)
{
	row->failcnt = 0;
	row->local = 0;
	if (o->source == COUNTER_UBC)
		row->have &= ~(unsigned int)COUNTER_FAILCNT;
	else
		row->have |= COUNTER_FAILCNT;
}

static void forget(struct baseline *b, struct baseline_owner *o)
{
	if (!o->active) {
		owner_free(b, o);
		return;
	}
	o->gone = true;
	for (unsigned int i = 0; i < o->n_rows; i++)
		row_zero(o, &o->rows[i]);
}

void baseline_gone(struct baseline *b, enum counter_source s, const char *owner)
{
	struct baseline_owner *o = baseline_find(b, s, owner);

	if (o)
		forget(b, o);
}

void baseline_gone_ubc(struct baseline *b)
{
	struct baseline_owner *o, *next;

	HASH_ITER (hh, b->owners, o, next)
		if (o->source == COUNTER_UBC && o->reading != b->reading)
			forget(b, o);
}

void baseline_zero(struct baseline *b, const char *owner, const char *controller)
{
	struct baseline_owner *o = baseline_find(b, COUNTER_CGROUP1, owner);

	for (unsigned int i = 0; o && i < o->n_rows; i++) {
		const char *name = o->rows[i].name;
		const char *of = util_streq(name, "pids")       ? "pids"
				 : util_after(name, "hugetlb.") ? "hugetlb"
								: "memory";

		if (util_streq(of, controller))
			row_zero(o, &o->rows[i]);
	}
}

void baseline_sweep(struct baseline *b)
{
	struct baseline_owner **at = &b->active, *o;

	while ((o = *at)) {
		bool moving = false;

		for (unsigned int i = 0; i < o->n_rows; i++) {
			struct baseline_row *row = &o->rows[i];

			if (row->moving && !row->moving->delta && !row->moving->implied) {
				free(row->moving);
				row->moving = NULL;
			}
			moving |= row->moving != NULL;
		}
		if (moving) {
			at = &o->next_active;
			continue;
		}
		*at = o->next_active;
		o->next_active = NULL;
		o->active = false;
		if (o->gone)
			owner_free(b, o);
	}
}
