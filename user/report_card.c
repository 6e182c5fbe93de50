// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_card.c - incidents that are alike become one card: the program that
 * was refused descriptors every hour is one trouble and not twenty-four.
 *
 * Only numbers are kept of a group until it is known which ones are shown.
 */
#include <uthash.h>

#include "report_priv.h"
#include "requested.h"
#include "utf8.h"

/* Groups that are told apart; further ones are counted as left out. */
#define GROUPS_MAX 8192

struct group {
	UT_hash_handle hh;
	struct report_card card;
	char key[];
};

struct report_groups {
	struct group *table;
	uint64_t kills_without, refusals_without;
};

const char *report_place(const struct event *e)
{
	static const enum field fields[] = {FIELD_MEMCG,     FIELD_LIMIT_CGROUP, FIELD_SYSTEMD_UNIT,
					    FIELD_CONTAINER, FIELD_CGROUP,       FIELD_OWNER};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (event_has(e, fields[i]))
			return event_text(e, fields[i]);
	return "";
}

void report_copy(char *dst, const char *src, size_t size)
{
	if (!util_strlcpy(dst, src, size))
		dst[utf8_cut(dst, size - 1)] = '\0';
}

void report_groups_free(struct report_groups *g)
{
	struct group *x, *next;

	if (!g)
		return;
	HASH_ITER (hh, g->table, x, next) {
		HASH_DEL(g->table, x);
		free(x);
	}
	free(g);
}

/* Deaths of a signal differ by what it was, who sent it and where the program was then. */
static const char *of_death(const struct event *e, enum field f)
{
	return event_has(e, FIELD_RESOURCE) ? "" : event_text(e, f);
}

/* Which kills are shown where there are too many: a stopped service may not hide the OOM killer. */
static unsigned int rank_of(const struct event *e)
{
	if (event_has(e, FIELD_RESOURCE))
		return 0;
	if (!util_streq(event_text(e, FIELD_CAUSE), "signal"))
		return 1;
	return requested_plainly(e) ? 3 : 2;
}

static int group_of(struct report_groups *g, const struct incident *i, bool kill,
		    struct group **ret)
{
	const struct event *e = i->verdict;
	struct group *x;
	char key[512];
	int n;

	n = snprintf(key, sizeof(key), "%d %s %s %s %s %s %s %s %s", kill, report_lane_name(e),
		     event_text(e, FIELD_CAUSE), of_death(e, FIELD_SIGNAL),
		     of_death(e, FIELD_BY_COMM), of_death(e, FIELD_MAP_OBJECT),
		     of_death(e, FIELD_MAP_OFFSET), event_text(e, FIELD_COMM), report_place(e));
	if (n >= (int)sizeof(key))
		n = sizeof(key) - 1;
	HASH_FIND(hh, g->table, key, (unsigned int)n, x);
	if (!x) {
		if (HASH_COUNT(g->table) >= GROUPS_MAX)
			return -ENOSPC;
		x = calloc(1, sizeof(*x) + (size_t)n + 1);
		if (!x)
			return -ENOMEM;
		memcpy(x->key, key, (size_t)n);
		x->card.kill = kill;
		x->card.first = i->first;
		HASH_ADD(hh, g->table, key, (unsigned int)n, x);
	}
	*ret = x;
	return 0;
}

int report_add_incident(struct report *r, const struct incident *i)
{
	struct report_card *c;
	struct group *x;
	int err;

	if (!r->groups)
		r->groups = calloc(1, sizeof(*r->groups));
	if (!r->groups)
		return -ENOMEM;
	err = group_of(r->groups, i, i->killed > 0, &x);
	if (err == -ENOMEM)
		return err;
	r->incidents++;
	if (err < 0) {
		*(i->killed > 0 ? &r->groups->kills_without : &r->groups->refusals_without) += 1;
		return 0;
	}
	c = &x->card;
	c->incidents++;
	c->refused += i->refused;
	c->killed += i->killed;
	c->counted += i->counted;
	if (c->incidents == 1 || rank_of(i->verdict) < c->rank)
		c->rank = rank_of(i->verdict);
	if (i->first < c->first)
		c->first = i->first;
	if (i->last >= c->last) {
		c->last = i->last;
		c->id = i->id;
		c->id_first = i->first;
		c->id_last = i->last;
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct report_card *x = a, *y = b;

	if (x->last != y->last)
		return x->last > y->last ? -1 : 1;
	return x->id > y->id ? -1 : x->id < y->id;
}

static int by_rank(const void *a, const void *b)
{
	const struct report_card *x = a, *y = b;

	return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : by_time(a, b);
}

static int by_number(const void *a, const void *b)
{
	const struct report_card *x = a, *y = b;
	uint64_t nx = x->refused + x->counted, ny = y->refused + y->counted;

	if (nx != ny)
		return nx > ny ? -1 : 1;
	return by_time(a, b);
}

/* All groups of one sort, the first most of them in order. */
static int pick(struct report_groups *g, bool kill, unsigned int most, struct report_card **ret,
		unsigned int *ret_n, uint64_t *ret_left)
{
	struct report_card *cards;
	unsigned int n = 0;
	struct group *x, *next;

	HASH_ITER (hh, g->table, x, next)
		n += x->card.kill == kill;
	if (n == 0)
		return 0;
	cards = calloc(n, sizeof(*cards));
	if (!cards)
		return -ENOMEM;
	n = 0;
	HASH_ITER (hh, g->table, x, next)
		if (x->card.kill == kill)
			cards[n++] = x->card;
	qsort(cards, n, sizeof(*cards), kill ? by_rank : by_number);
	*ret = cards;
	*ret_n = n < most ? n : most;
	*ret_left += n - *ret_n;
	return 0;
}

int report_groups_pick(struct report *r)
{
	struct report_groups *g = r->groups;
	int err;

	if (!g)
		return 0;
	r->kills_left_out = g->kills_without;
	r->refusals_left_out = g->refusals_without;
	err = pick(g, true, REPORT_KILLS, &r->kills, &r->n_kills, &r->kills_left_out);
	if (err == 0)
		err = pick(g, false, REPORT_REFUSALS, &r->refusals, &r->n_refusals,
			   &r->refusals_left_out);
	report_groups_free(g);
	r->groups = NULL;
	return err;
}

static void copy_ballot(struct event *to, struct event_ballot *into, const struct event_ballot *b)
{
	*into = *b;
	for (unsigned int i = 0; i < b->n; i++)
		into->c[i].comm = event_keep(to, b->c[i].comm);
}

static void copy_arrays(struct event *to, const struct event *e)
{
	memcpy(to->moved, e->moved, sizeof(e->moved));
	to->n_moved = e->n_moved;
	to->moved_left_out = e->moved_left_out;
	for (unsigned int i = 0; i < e->n_moved; i++) {
		to->moved[i].source = event_keep(to, e->moved[i].source);
		to->moved[i].owner = event_keep(to, e->moved[i].owner);
		to->moved[i].resource = event_keep(to, e->moved[i].resource);
	}
	memcpy(to->holders, e->holders, sizeof(e->holders));
	to->n_holders = e->n_holders;
	to->holders_left_out = e->holders_left_out;
	for (unsigned int i = 0; i < e->n_holders; i++) {
		to->holders[i].comm = event_keep(to, e->holders[i].comm);
		to->holders[i].kind = event_keep(to, e->holders[i].kind);
		to->holders[i].cgroup = event_keep(to, e->holders[i].cgroup);
		to->holders[i].object = event_keep(to, e->holders[i].object);
	}
	copy_ballot(to, &to->candidates, &e->candidates);
	copy_ballot(to, &to->exempted, &e->exempted);
	memcpy(to->pairs, e->pairs, sizeof(e->pairs));
	to->n_pairs = e->n_pairs;
	for (unsigned int i = 0; i < e->n_pairs; i++)
		to->pairs[i].key = event_keep(to, e->pairs[i].key);
}

struct event *report_event_copy(const struct event *e)
{
	struct event *to = calloc(1, sizeof(*to));

	if (!to)
		return NULL;
	to->kind = e->kind;
	memcpy(to->num, e->num, sizeof(e->num));
	memcpy(to->cut, e->cut, sizeof(e->cut));
	for (int f = 0; f < FIELDS; f++) {
		if (!event_has(e, f))
			continue;
		if (field_defs[f].type == TYPE_STR)
			event_str(to, f, e->str[f]);
		else
			to->have[f / 64] |= 1ull << f % 64;
	}
	copy_arrays(to, e);
	return to;
}

int report_card_verdict(struct report_card *c, const struct event *e)
{
	struct event *copy = report_event_copy(e);

	if (!copy)
		return -ENOMEM;
	free(c->verdict);
	c->verdict = copy;
	return 0;
}

static bool same_trail(const struct report_trail *t, const struct report_trail *u)
{
	return t->kind == u->kind && util_streq(t->resource, u->resource) &&
	       util_streq(t->comm, u->comm) && util_streq(t->what, u->what);
}

static void add_trail(struct report_card *c, const struct event *e)
{
	int64_t time = event_num(e, FIELD_TIME);
	struct report_trail new = {.kind = e->kind}, *t = c->trail;

	report_copy(new.resource, event_text(e, FIELD_RESOURCE), sizeof(new.resource));
	report_copy(new.comm, event_text(e, FIELD_COMM), sizeof(new.comm));
	report_copy(new.what, event_text(e, e->kind == EVENT_KILLED ? FIELD_CAUSE : FIELD_ERRNO),
		    sizeof(new.what));
	while (t < c->trail + c->n_trail && !same_trail(t, &new))
		t++;
	if (t == c->trail + REPORT_TRAIL) {
		c->trail_left_out += report_times(e);
		return;
	}
	if (t == c->trail + c->n_trail) {
		*t = new;
		t->first = t->last = time;
		c->n_trail++;
	}
	t->count += report_times(e);
	if (time < t->first)
		t->first = time;
	if (time > t->last)
		t->last = time;
}

/* What was found out about the verdict's own event; of a limit that several share also about
 * another. */
static bool is_about(const struct event *verdict, const struct event *e)
{
	bool own = util_after(event_text(verdict, FIELD_LIMIT_NAME), "RLIMIT_");

	if (event_has(e, FIELD_OF_SEQ) &&
	    event_num(e, FIELD_OF_SEQ) == event_num(verdict, FIELD_SEQ))
		return true;
	return !own || !event_has(e, FIELD_PID) ||
	       event_num(e, FIELD_PID) == event_num(verdict, FIELD_PID);
}

int report_card_event(struct report_card *c, const struct event *e)
{
	if (e->kind == EVENT_REFUSED || e->kind == EVENT_KILLED || e->kind == EVENT_COUNTED)
		add_trail(c, e);
	if (e->kind != EVENT_FOLLOWUP || (e->n_holders == 0 && e->n_moved == 0))
		return 0;
	if (c->verdict && !is_about(c->verdict, e))
		return 0;
	/* The latest that names holders: it stands nearest to the end. */
	if (c->found && c->found->n_holders > 0 && e->n_holders == 0)
		return 0;
	free(c->found);
	c->found = report_event_copy(e);
	return c->found ? 0 : -ENOMEM;
}

static int by_first(const void *a, const void *b)
{
	const struct report_trail *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

void report_card_done(struct report_card *c)
{
	if (c->n_trail > 0)
		qsort(c->trail, c->n_trail, sizeof(*c->trail), by_first);
}
