// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_maps.c - map-count, as, data, memlock: what a process has mapped,
 * added up by object.
 */
#include <ctype.h>

#include "holders_priv.h"

#define MAPS_LEAST 1000 /* fewer of one kind show nothing */

enum what { ALL, PRIVATE_WRITABLE, LOCKED };

struct maps {
	enum what what;
	struct tally *objects; /* n mappings, amount bytes */
	struct tally *sizes;   /* "SIZE\tOBJECT" */
	uint64_t all;
	const char *last; /* the object whose lines of smaps follow */
	char object[4096];
};

/* "7f00-7f10 rw-p 00000000 00:00 0   NAME": permissions, size and name; false: another line. */
static bool parse_map(char *line, char perms[5], uint64_t *size, const char **name)
{
	unsigned long long from, to;
	int at = 0;

	if (!isxdigit((unsigned char)line[0]) ||
	    sscanf(line, "%llx-%llx %4s %*s %*s %*s %n", &from, &to, perms, &at) != 3 || !at)
		return false;
	*size = to - from;
	*name = line[at] ? line + at : "anonymous memory";
	return true;
}

static void add_map(struct maps *m, uint64_t size, const char *name)
{
	char key[4200];

	m->all++;
	tally_add(m->objects, name, 1, size);
	snprintf(key, sizeof(key), "%llu\t%s", (unsigned long long)size, name);
	tally_add(m->sizes, key, 1, 0);
}

static int on_map(struct gather *g _unused_, char *line, void *arg)
{
	struct maps *m = arg;
	const char *name;
	uint64_t size;
	char perms[5] = "";

	if (parse_map(line, perms, &size, &name)) {
		util_strlcpy(m->object, name, sizeof(m->object));
		if (m->what == ALL ||
		    (m->what == PRIVATE_WRITABLE && perms[1] == 'w' && perms[3] == 'p'))
			add_map(m, size, name);
	} else if (m->what == LOCKED && util_after(line, "Locked:")) {
		size = strtoull(line + strlen("Locked:"), NULL, 10) * 1024;
		if (size)
			tally_add(m->objects, m->object, 1, size);
	}
	return 0;
}

struct telling {
	struct gather *g;
	const struct proc *p;
	bool by_count;
};

static void on_object(void *arg, const struct tally_entry *e)
{
	struct telling *t = arg;
	struct holder h;

	holder_of(&h, t->p, t->by_count ? e->n : e->amount);
	h.have |= HOLDER_COUNT;
	h.count = (int64_t)e->n;
	util_strlcpy(h.object, e->key, sizeof(h.object));
	gather_offer(t->g, &h);
}

static void says_maps(struct gather *g, const struct maps *m, const struct proc *p)
{
	const struct tally_entry *top = tally_top(m->objects, false);
	const struct tally_entry *size = tally_top(m->sizes, false);
	char who[GATHER_NAME], name[GATHER_NAME], each[64] = "";
	const char *tab;

	if (!top || top->n < MAPS_LEAST || top->n * 2 < m->all || g->f->incomplete)
		return;
	tab = size ? strchr(size->key, '\t') : NULL;
	if (tab && util_streq(tab + 1, top->key) && size->n * 2 >= top->n)
		snprintf(each, sizeof(each), ", most of them of %llu KiB",
			 strtoull(size->key, NULL, 10) / 1024);
	gather_says(g, "%llu of the %llu mappings of %s (pid %lld) are %s%s.",
		    (unsigned long long)top->n, (unsigned long long)m->all,
		    gather_name(p->comm, who), (long long)p->pid, gather_name(top->key, name),
		    each);
}

static int gather_maps(struct gather *g, enum what what, bool by_count, const char *measure)
{
	struct maps m = {.what = what};
	struct telling t = {.g = g, .by_count = by_count};
	struct proc p = {.dir = -1};
	int r = proc_open_asked(g, &p);

	if (r < 0)
		return r;
	t.p = &p;
	util_strlcpy(g->f->measure, measure, sizeof(g->f->measure));
	r = tally_new(&m.objects);
	if (!r)
		r = tally_new(&m.sizes);
	if (!r)
		r = read_lines(g, p.dir, what == LOCKED ? "smaps" : "maps", on_map, &m);
	if (!r) {
		g->f->incomplete |= tally_other(m.objects) > 0;
		tally_each(m.objects, on_object, &t);
		if (by_count)
			says_maps(g, &m, &p);
	}
	tally_free(m.objects);
	tally_free(m.sizes);
	proc_close(&p);
	return r;
}

int gather_map_count(struct gather *g)
{
	return gather_maps(g, ALL, true, "maps");
}

int gather_map_bytes(struct gather *g)
{
	return gather_maps(g, util_streq(g->ask->resource, "data") ? PRIVATE_WRITABLE : ALL, false,
			   "bytes");
}

int gather_map_locked(struct gather *g)
{
	return gather_maps(g, LOCKED, false, "bytes");
}
