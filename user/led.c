// SPDX-License-Identifier: GPL-2.0-only
/*
 * led.c - what led to a kill.
 *
 * Refusals are counted by process, resource and errno, in twelve parts of five seconds each, so
 * that "in the minute before" is true of folded repeats too. Kills are remembered for those that
 * follow from them: processes that had the victim's memory, and those of a pid namespace whose
 * first process was killed.
 */
#include "led.h"

#include <signal.h>

#include "catalogue.h"

#define ENTRIES 512
#define KILLS 256
#define PARTS 12
#define PART_NS 5000000000ULL
#define SAID 3                /* of each kind in the sentence; BEFORE has more */
#define NEAR_NS 2000000000ULL /* a fault comes right after the refusal that it is about */

struct entry {
	uint64_t start, cgroup_id, last;
	uint64_t count[PARTS], part[PARTS]; /* part: which five seconds, since boot */
	uint32_t pid;
	unsigned int resource;
	char errno_name[16];
};

struct kill {
	uint64_t start, time;
	uint32_t pid;
	char comm[FC_COMM * 4], cause[16], requested_by[24];
	char memcg[512];
};

struct led {
	struct entry entry[ENTRIES];
	struct kill kill[KILLS];
	unsigned int n_kills;
};

struct led *led_new(void)
{
	return calloc(1, sizeof(struct led));
}

void led_free(struct led *l)
{
	free(l);
}

static struct entry *find_entry(struct led *l, const struct event *e, const struct event_facts *f)
{
	const char *name = event_text(e, FIELD_ERRNO);
	struct entry *oldest = l->entry;

	for (struct entry *at = l->entry; at < l->entry + ENTRIES; at++) {
		if (at->pid == f->pid && at->start == f->start && at->resource == f->resource &&
		    util_streq(at->errno_name, name))
			return at;
		if (at->last < oldest->last)
			oldest = at;
	}
	*oldest = (struct entry){.pid = f->pid, .start = f->start, .resource = f->resource};
	util_strlcpy(oldest->errno_name, name, sizeof(oldest->errno_name));
	return oldest;
}

static void note_refusal(struct led *l, const struct event *e, const struct event_facts *f)
{
	uint64_t n = event_has(e, FIELD_COUNT) ? (uint64_t)event_num(e, FIELD_COUNT) : 1;
	uint64_t part = f->time / PART_NS;
	struct entry *at;

	if (f->pid == 0 || f->resource == FC_RESOURCE_NONE)
		return;
	at = find_entry(l, e, f);
	if (at->part[part % PARTS] != part)
		at->count[part % PARTS] = 0;
	at->part[part % PARTS] = part;
	at->count[part % PARTS] += n;
	at->cgroup_id = (uint64_t)event_num(e, FIELD_CGROUP_ID);
	at->last = f->time;
}

static uint64_t count_before(const struct entry *at, uint64_t time)
{
	uint64_t part = time / PART_NS, n = 0;

	for (unsigned int i = 0; i < PARTS; i++)
		if (at->part[i] + PARTS > part && at->part[i] <= part)
			n += at->count[i];
	return n;
}

static bool is_own(const struct entry *at, const struct event_facts *f)
{
	return at->pid == f->pid && at->start == f->start;
}

/* One entry of BEFORE, or more of one that is there. */
static void add_before(struct event *e, const struct entry *at, uint64_t n, bool own)
{
	const struct resource *r = catalogue_get(at->resource);
	int err = catalogue_errno_by_name(at->errno_name);
	const char *name = err ? catalogue_errno(err) : "";
	struct event_before *b = NULL;

	for (unsigned int i = 0; i < e->n_before; i++)
		if (e->before[i].of_cgroup == !own && e->before[i].resource == r->id &&
		    util_streq(e->before[i].errno_name, name))
			b = &e->before[i];
	if (!b)
		b = event_before_add(e);
	if (!b)
		return;
	b->resource = r->id;
	b->errno_name = name;
	b->of_cgroup = !own;
	b->count += n;
}

static void set_before(const struct led *l, struct event *e, const struct event_facts *f)
{
	uint64_t cgroup = (uint64_t)event_num(e, FIELD_CGROUP_ID);

	for (int pass = 0; pass < 2; pass++) {
		bool own = pass == 0;

		for (const struct entry *at = l->entry; at < l->entry + ENTRIES; at++) {
			uint64_t n = at->pid ? count_before(at, f->time) : 0;

			if (n == 0 || is_own(at, f) != own)
				continue;
			/* What it died of is not what led there. */
			if (own && (at->resource == f->death.near ||
				    (f->death.how == FC_HOW_RLIMIT && at->resource == f->resource)))
				continue;
			/* The root of a hierarchy (1) holds what belongs to nobody together. */
			if (!own && (cgroup <= 1 || at->cgroup_id != cgroup))
				continue;
			add_before(e, at, n, own);
		}
	}
}

/* The limit that the fault is about: of the same process, and just now. */
static unsigned int refused_just_now(const struct led *l, const struct event_facts *f)
{
	const struct entry *best = NULL;

	for (const struct entry *at = l->entry; at < l->entry + ENTRIES; at++) {
		bool fits = f->death.sig == SIGSEGV
				    ? at->resource == FC_STACK || at->resource == FC_AS ||
					      at->resource == FC_COMMIT
				    : at->resource == FC_HUGEPAGES || at->resource == FC_DISK ||
					      at->resource == FC_QUOTA || at->resource == FC_INODES;

		if (!at->pid || !is_own(at, f) || !fits || at->last > f->time ||
		    f->time - at->last > NEAR_NS)
			continue;
		if (!best || at->last > best->last)
			best = at;
	}
	return best ? best->resource : FC_RESOURCE_NONE;
}

static const struct kill *find_kill(const struct led *l, uint32_t pid, uint64_t start)
{
	for (const struct kill *k = l->kill; k < l->kill + KILLS; k++)
		if (k->pid == pid && k->start == start)
			return k;
	return NULL;
}

static void note_kill(struct led *l, const struct event *e, const struct event_facts *f)
{
	struct kill *k = &l->kill[l->n_kills++ % KILLS];

	*k = (struct kill){.pid = f->pid, .start = f->start, .time = f->time};
	util_strlcpy(k->comm, event_text(e, FIELD_COMM), sizeof(k->comm));
	util_strlcpy(k->cause, event_text(e, FIELD_CAUSE), sizeof(k->cause));
	util_strlcpy(k->requested_by, event_text(e, FIELD_REQUESTED_BY), sizeof(k->requested_by));
	util_strlcpy(k->memcg, event_text(e, FIELD_MEMCG), sizeof(k->memcg));
}

/* It had the memory of a victim of the OOM killer: its cause is that one's. */
static void join_shared(const struct led *l, struct event *e, struct event_facts *f)
{
	const struct kill *k = find_kill(l, f->death.shared_pid, f->death.shared_start);

	event_static(e, FIELD_RESOURCE, catalogue_get(FC_MEMORY)->id);
	f->resource = FC_MEMORY;
	if (!k || !util_after(k->cause, "oom-")) {
		event_bool(e, FIELD_CERTAIN, false);
		return;
	}
	event_str(e, FIELD_CAUSE, k->cause);
	event_str(e, FIELD_MEMCG, k->memcg);
	f->death.shared_comm = event_keep(e, k->comm);
}

void led_event(struct led *l, struct event *e, struct event_facts *f)
{
	const struct kill *k;

	if (e->kind == EVENT_REFUSED)
		note_refusal(l, e, f);
	if (e->kind != EVENT_KILLED)
		return;
	if (f->death.how == FC_HOW_FAULT)
		f->death.near = refused_just_now(l, f);
	set_before(l, e, f);
	if (f->death.how == FC_HOW_OOM_SHARED)
		join_shared(l, e, f);
	/* The first process was killed on somebody's behalf: so was what died with it. */
	if (f->death.how == FC_HOW_NAMESPACE) {
		k = find_kill(l, (uint32_t)event_num(e, FIELD_BY_PID), f->death.sender_start);
		if (k && k->requested_by[0])
			event_str(e, FIELD_REQUESTED_BY, k->requested_by);
	}
	note_kill(l, e, f);
}

static void add(char *buf, size_t size, const struct event_before *b, const char *between)
{
	size_t n = strlen(buf);

	snprintf(buf + n, size - n, "%s%s%s%s %llu time%s", between, b->resource,
		 b->errno_name[0] ? " " : "", b->errno_name, (unsigned long long)b->count,
		 b->count == 1 ? "" : "s");
}

/* Slices, and the scopes of logins, hold what has nothing to do with each other. */
static bool of_strangers(const char *cgroup)
{
	const char *leaf = strrchr(cgroup, '/');
	size_t n;

	if (!leaf || !leaf[1])
		return true;
	n = strlen(++leaf);
	return (n > 6 && util_streq(leaf + n - 6, ".slice")) || util_after(leaf, "session-") ||
	       util_streq(leaf, "init.scope");
}

/*
 * What others were refused led to a kill where memory ran out or the process found a fault in
 * itself; not where somebody else wished its end.
 */
static bool others_matter(const struct event *e)
{
	const char *cause = event_text(e, FIELD_CAUSE);

	return (util_after(cause, "oom-") || util_streq(cause, "fault") ||
		util_streq(event_text(e, FIELD_REQUESTED_BY), "oomd")) &&
	       !of_strangers(event_text(e, FIELD_CGROUP));
}

void led_says(struct event *e)
{
	static const char *const begin[] = {" In the minute before, it was refused ",
					    " Others of its control group were refused "};
	char says[4096], more[1024] = "";

	for (int pass = 0; pass < (others_matter(e) ? 2 : 1); pass++) {
		unsigned int any = 0;

		for (unsigned int i = 0; i < e->n_before && any < SAID; i++) {
			if (e->before[i].of_cgroup != (pass == 1))
				continue;
			add(more, sizeof(more), &e->before[i], any ? ", " : begin[pass]);
			any++;
		}
		if (any && strlen(more) + 2 < sizeof(more))
			strcat(more, pass == 1 ? " in the minute before." : ".");
	}
	if (!more[0] || !event_has(e, FIELD_SAYS))
		return;
	if ((size_t)snprintf(says, sizeof(says), "%s%s", event_text(e, FIELD_SAYS), more) <
	    sizeof(says))
		event_str(e, FIELD_SAYS, says);
}
