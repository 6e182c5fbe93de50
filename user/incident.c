// SPDX-License-Identifier: GPL-2.0-only
/*
 * incident.c - which refusals and kills belong together.
 *
 * Each open incident is found by keys: hashes of what its events have in
 * common (its processes, its program, its limit). Incidents stand in the order
 * of their latest events, so that those gone silent are at the front.
 */
#include "incident.h"

#include <stdarg.h>
#include <sys/queue.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->left_out = true)
#include <uthash.h>
#include <utlist.h>

#define OPEN_MAX_INCIDENTS 4096
#define KEYS_MAX 65536 /* then processes are known by their program alone */
#define FOLLOWED 4096  /* lines that a followup can still be of */

struct incident_open;

struct key {
	uint64_t hash;
	struct incident_open *of;
	struct key *next; /* of the same incident */
	bool left_out;
	UT_hash_handle hh;
};

struct incident_open {
	int64_t id, first, last;
	unsigned int importance;
	struct key *keys;
	TAILQ_ENTRY(incident_open) entry;
};

struct followed {
	uint64_t line; /* hash of run and seq */
	int64_t id;
};

struct incident_tracker {
	int64_t next_id, now;
	struct key *by_key;
	TAILQ_HEAD(open_list, incident_open) open; /* the one silent longest first */
	unsigned int n_open, n_keys;
	struct followed followed[FOLLOWED];
};

/* What an event can be recognised by; 0: it has no such. */
struct marks {
	uint64_t process; /* and kind of resource */
	uint64_t alone;   /* process, whatever the resource */
	uint64_t program; /* in a cgroup, and kind of resource */
	uint64_t limit;   /* the cgroup or host that was full, and kind of resource */
	int64_t from, to; /* 0: no time */
};

/* FNV-1a over all texts, each with its end; never 0. */
static uint64_t hash_of(const char *first, ...)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	va_list ap;

	va_start(ap, first);
	for (const char *s = first; s; s = va_arg(ap, const char *)) {
		for (; *s; s++)
			h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
		h = (h ^ 0xff) * 0x100000001b3ULL;
	}
	va_end(ap);
	return h ? h : 1;
}

int incident_tracker_new(struct incident_tracker **ret, int64_t next_id)
{
	struct incident_tracker *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->next_id = next_id;
	TAILQ_INIT(&t->open);
	*ret = t;
	return 0;
}

static void close_one(struct incident_tracker *t, struct incident_open *i)
{
	struct key *k, *next;

	for (k = i->keys; k; k = next) {
		next = k->next;
		if (t->by_key) /* it is in there: what an analyzer cannot know */
			HASH_DEL(t->by_key, k);
		free(k);
		t->n_keys--;
	}
	TAILQ_REMOVE(&t->open, i, entry);
	free(i);
	t->n_open--;
}

void incident_tracker_free(struct incident_tracker *t)
{
	if (!t)
		return;
	while (!TAILQ_EMPTY(&t->open))
		close_one(t, TAILQ_FIRST(&t->open));
	free(t);
}

/* The one that hash means, if m is not long after it, nor long before: an old log may come late. */
static struct incident_open *find(const struct incident_tracker *t, uint64_t hash,
				  const struct marks *m)
{
	struct key *k = NULL;

	if (hash)
		HASH_FIND(hh, t->by_key, &hash, sizeof(hash), k);
	if (!k || m->from - k->of->last >= INCIDENT_GAP_NS ||
	    k->of->first - m->to >= INCIDENT_GAP_NS)
		return NULL;
	return k->of;
}

/* From now on hash means i. *ret_new: it did not before. */
static int name(struct incident_tracker *t, uint64_t hash, struct incident_open *i, bool *ret_new)
{
	struct key *k = NULL;

	*ret_new = false;
	if (!hash)
		return 0;
	HASH_FIND(hh, t->by_key, &hash, sizeof(hash), k);
	if (k && k->of == i)
		return 0;
	*ret_new = true;
	if (k) { /* the latest that it was is what it means */
		LL_DELETE(k->of->keys, k);
	} else {
		k = calloc(1, sizeof(*k));
		if (!k)
			return -ENOMEM;
		k->hash = hash;
		HASH_ADD(hh, t->by_key, hash, sizeof(hash), k);
		if (k->left_out) {
			free(k);
			return -ENOMEM;
		}
		t->n_keys++;
	}
	k->of = i;
	LL_PREPEND(i->keys, k);
	return 0;
}

/* A shortage of memory shows in several ways. */
static const char *kind_of(const struct event *e)
{
	const char *resource = event_text(e, FIELD_RESOURCE);

	if (util_streq(resource, "swap") || util_streq(resource, "commit"))
		return "memory";
	return resource;
}

static bool by_oom(const struct event *e)
{
	return e->kind == EVENT_KILLED && util_streq(kind_of(e), "memory");
}

/* Whose limit: a cgroup, or for memory without one the host. */
static uint64_t limit_of(const struct event *e, const char *host, const char *kind)
{
	const char *path = event_text(e, FIELD_MEMCG);
	const char *owner = util_after(event_text(e, FIELD_OWNER), "cgroup:");

	if (!*path)
		path = event_text(e, FIELD_LIMIT_CGROUP);
	if (!*path && owner)
		path = owner;
	if (!*path && (!util_streq(kind, "memory") || e->kind == EVENT_COUNTED))
		path = event_text(e, FIELD_OWNER);
	else if (!*path)
		path = "host";
	return *path && *kind ? hash_of("limit", host, kind, path, NULL) : 0;
}

/*
 * A program that crashes again and again at one place is one incident; that it does elsewhere is
 * another, and so is that somebody killed it, and that somebody else did.
 */
static const char *of_death(const struct event *e, enum field f)
{
	return event_has(e, FIELD_RESOURCE) ? "" : event_text(e, f);
}

static void recognise(const struct event *e, struct marks *m)
{
	const char *host = event_text(e, FIELD_HOST), *kind = kind_of(e);
	int64_t time = event_has(e, FIELD_TIME) ? event_num(e, FIELD_TIME)
						: event_num(e, FIELD_UPTIME_US) * 1000;
	char id[64];

	*m = (struct marks){.from = time, .to = time};
	if (event_has(e, FIELD_FIRST) && event_num(e, FIELD_FIRST) < time)
		m->from = event_num(e, FIELD_FIRST);
	if (event_num(e, FIELD_LAST) > time)
		m->to = event_num(e, FIELD_LAST);
	if (event_has(e, FIELD_PID)) {
		snprintf(id, sizeof(id), "%lld %lld", (long long)e->num[FIELD_PID],
			 (long long)event_num(e, FIELD_STARTED_AT));
		m->process = hash_of("process", host, kind, id, NULL);
		m->alone = hash_of("alone", host, id, NULL);
	}
	/* of folded ones only the number of the cgroup is known */
	if (event_has(e, FIELD_CGROUP_ID))
		snprintf(id, sizeof(id), "%lld", (long long)e->num[FIELD_CGROUP_ID]);
	else
		id[0] = '\0';
	if (event_has(e, FIELD_COMM))
		m->program = hash_of("program", host, kind, of_death(e, FIELD_CAUSE),
				     of_death(e, FIELD_SIGNAL), of_death(e, FIELD_MAP_OBJECT),
				     of_death(e, FIELD_MAP_OFFSET), of_death(e, FIELD_BY_COMM),
				     of_death(e, FIELD_REQUESTED_BY), e->str[FIELD_COMM],
				     *id ? id : event_text(e, FIELD_CGROUP), NULL);
	m->limit = limit_of(e, host, kind);
}

static struct incident_open *belongs(const struct incident_tracker *t, const struct event *e,
				     const struct marks *m)
{
	struct incident_open *i = by_oom(e) ? find(t, m->limit, m) : NULL;

	if (!i)
		i = find(t, m->process, m);
	if (!i && e->kind == EVENT_KILLED && !event_has(e, FIELD_RESOURCE))
		i = find(t, m->alone, m);
	if (!i)
		i = find(t, m->program, m);
	if (!i && e->kind == EVENT_COUNTED)
		i = find(t, m->limit, m);
	return i;
}

static void make_room(struct incident_tracker *t, int64_t now)
{
	struct incident_open *i;

	while ((i = TAILQ_FIRST(&t->open)) &&
	       (now - i->last >= INCIDENT_GAP_NS || t->n_open >= OPEN_MAX_INCIDENTS))
		close_one(t, i);
}

static struct incident_open *open_new(struct incident_tracker *t, int64_t id, int64_t first,
				      int64_t last)
{
	struct incident_open *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->id = id;
	i->first = first;
	i->last = last;
	TAILQ_INSERT_TAIL(&t->open, i, entry);
	t->n_open++;
	return i;
}

static int name_all(struct incident_tracker *t, struct incident_open *i, const struct marks *m,
		    bool *ret_newcomer)
{
	bool ignored;
	int err = 0;

	*ret_newcomer = true;
	if (t->n_keys < KEYS_MAX) {
		err = name(t, m->process, i, ret_newcomer);
		if (!err)
			err = name(t, m->alone, i, &ignored);
	}
	if (!err)
		err = name(t, m->program, i, &ignored);
	return err ? err : name(t, m->limit, i, &ignored);
}

static uint64_t line_of(const struct event *e, enum field number)
{
	char seq[32];

	if (!event_has(e, number))
		return 0;
	snprintf(seq, sizeof(seq), "%lld", (long long)e->num[number]);
	return hash_of(event_text(e, FIELD_RUN), seq, NULL);
}

static void follow(struct incident_tracker *t, const struct event *e, struct incident_step *step)
{
	uint64_t line = line_of(e, FIELD_OF_SEQ);
	const struct followed *f = &t->followed[line % FOLLOWED];

	if (line && f->line == line)
		step->id = f->id;
}

static void add_counts(const struct event *e, struct incident_step *step)
{
	uint64_t n = event_has(e, FIELD_COUNT) ? (uint64_t)e->num[FIELD_COUNT] : 1;

	if (e->kind == EVENT_REFUSED)
		step->refused = n;
	else if (e->kind == EVENT_KILLED)
		step->killed = n; /* more than one in what list --json tells of an incident */
	else
		step->counted = 1;
}

unsigned int incident_importance(const struct event *e)
{
	unsigned int n = e->kind == EVENT_KILLED    ? 24
			 : e->kind == EVENT_REFUSED ? 16
			 : e->kind == EVENT_COUNTED ? 8
						    : 0;

	if (n == 0)
		return 0;
	return n + (event_has(e, FIELD_FIX) ? 4 : 0) + (event_has(e, FIELD_SAYS) ? 2 : 0) +
	       (event_num(e, FIELD_CERTAIN) ? 1 : 0);
}

int incident_add(struct incident_tracker *t, const struct event *e, struct incident_step *ret)
{
	struct incident_step step = {};
	struct incident_open *i;
	struct marks m;
	uint64_t line;
	int err;

	recognise(e, &m);
	if (m.to > t->now)
		t->now = m.to;
	if (!m.from)
		m.from = m.to = t->now; /* where its log stands */
	step.time = m.to;
	if (e->kind == EVENT_FOLLOWUP)
		follow(t, e, &step);
	if (incident_importance(e) == 0) {
		*ret = step;
		return 0;
	}
	make_room(t, m.from);
	i = belongs(t, e, &m);
	step.opened = !i;
	if (!i)
		i = open_new(t, t->next_id, m.from, m.to);
	err = i ? name_all(t, i, &m, &step.newcomer) : -ENOMEM;
	if (err)
		return err;
	t->next_id += step.opened;
	step.id = i->id;
	step.newcomer &= m.process != 0;
	step.verdict = incident_importance(e) > i->importance;
	if (step.verdict)
		i->importance = incident_importance(e);
	if (m.from < i->first)
		i->first = m.from;
	if (m.to > i->last)
		i->last = m.to;
	TAILQ_REMOVE(&t->open, i, entry);
	TAILQ_INSERT_TAIL(&t->open, i, entry);
	add_counts(e, &step);
	line = line_of(e, FIELD_SEQ);
	t->followed[line % FOLLOWED] = (struct followed){.line = line, .id = i->id};
	*ret = step;
	return 0;
}

int incident_resume(struct incident_tracker *t, int64_t id, int64_t last, const struct event *e)
{
	struct incident_open *i = TAILQ_LAST(&t->open, open_list);
	struct marks m;
	bool ignored;

	if (!i || i->id != id)
		i = open_new(t, id, last, last);
	if (!i)
		return -ENOMEM;
	if (last > t->now)
		t->now = last;
	i->importance = incident_importance(e);
	recognise(e, &m);
	return name_all(t, i, &m, &ignored);
}
