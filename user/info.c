// SPDX-License-Identifier: GPL-2.0-only
/*
 * info.c - one incident in full, as `Key: value` with the keys of the JSON, so
 * that what is read here can be asked for there.
 */
#include "info_priv.h"
#include "look.h"
#include "sink.h"
#include "when.h"

#define EVENTS_SHOWN 20
#define BEFORE_SHOWN 10
#define MOVED_SHOWN 20
#define BEFORE_NS 60000000000LL
#define COUNTERS_NS 300000000000LL

struct info {
	struct store *s;
	const struct info_options *o;
	const struct incident *i;
	struct sink *sink;
	const char *head; /* to be written before the next line; NULL: it is */
};

static void put_when(const struct info *n)
{
	char first[40], last[40], span[32];

	info_key("Time");
	if (!n->i->first) {
		printf("unknown: the log has none");
		if (event_has(n->i->verdict, FIELD_UPTIME_US))
			printf(" (%.3f s after it was booted)",
			       (double)n->i->verdict->num[FIELD_UPTIME_US] / 1e6);
		putchar('\n');
		return;
	}
	when_print(n->i->first, n->o->utc, true, first, sizeof(first));
	when_print(n->i->last, n->o->utc, true, last, sizeof(last));
	when_span(n->i->last - n->i->first, span, sizeof(span));
	if (n->i->last == n->i->first)
		printf("%s\n", first);
	else
		printf("%s to %s (%s)\n", first, last, span);
}

static void put_what(const struct info *n)
{
	static const char *const words[] = {"killed", "refused", "counted"};
	const uint64_t counts[] = {n->i->killed, n->i->refused, n->i->counted};
	const char *between = "";
	char who[160];

	info_key("What");
	for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
		if (!counts[k])
			continue;
		printf("%s%s %llu time%s", between, words[k], (unsigned long long)counts[k],
		       counts[k] == 1 ? "" : "s");
		between = ", ";
	}
	putchar('\n');
	look_who(n->i, who, sizeof(who));
	info_lines("Who", who);
}

static void put_verdict(const struct info *n)
{
	const struct event *v = n->i->verdict;

	info_key("Incident");
	printf("%lld\n", (long long)n->i->id);
	put_when(n);
	put_what(n);
	if (event_has(v, FIELD_SAYS))
		info_lines("Verdict", v->str[FIELD_SAYS]);
	if (event_has(v, FIELD_FIX))
		info_lines("Remedy", v->str[FIELD_FIX]);
	info_fields(v, n->o);
}

static int put_event(void *arg, const struct event *e, int64_t incident _unused_)
{
	struct info *n = arg;
	static struct event shown;
	int64_t seq;
	int err;

	if (n->head)
		printf("\n%s\n", n->head);
	n->head = NULL;
	if (fflush(stdout) != 0) /* the sink writes past it */
		return -errno;
	shown = *e;
	if (e->kind != EVENT_FOLLOWUP) { /* the verdict above has said it; one line each */
		event_clear(&shown, FIELD_SAYS);
		event_clear(&shown, FIELD_FIX);
		shown.n_moved = shown.moved_left_out = 0;
	}
	err = sink_write(n->sink, &shown, &seq);
	return err < 0 ? err : 0;
}

static int put_events(struct info *n)
{
	uint64_t most = n->o->all ? 0 : EVENTS_SHOWN;
	struct store_query q = {.incident = n->i->id, .most = most};
	char head[96];

	snprintf(head, sizeof(head),
		 most && n->i->events > most ? "Its first %llu of %llu events:" : "Its events:",
		 (unsigned long long)most, (unsigned long long)n->i->events);
	n->head = head;
	return store_each_event(n->s, &q, put_event, n);
}

/* What led to it may be another incident. */
static int put_before(struct info *n)
{
	const unsigned int kinds =
		1 << EVENT_REFUSED | 1 << EVENT_KILLED | 1 << EVENT_COUNTED | 1 << EVENT_LOST;
	struct store_query q = {.since = n->i->first - BEFORE_NS,
				.until = n->i->first - 1,
				.kinds = kinds,
				.newest = true,
				.most = BEFORE_SHOWN};

	if (!n->i->first)
		return 0;
	n->head = "Other events in the minute before, latest first:";
	return store_each_event(n->s, &q, put_event, n);
}

struct moved {
	struct info *n;
	char name[512];
	struct store_sample first, last;
	unsigned int shown;
};

static void put_amount(const struct store_sample *r)
{
	if (r->have & COUNTER_HELD)
		printf("%llu", (unsigned long long)r->held);
	else
		printf("-");
	if (r->have & COUNTER_LIMIT && r->limit != COUNTER_UNLIMITED)
		printf(" of %llu", (unsigned long long)r->limit);
	if (r->have & COUNTER_FAILCNT)
		printf(", failed %llu", (unsigned long long)r->failcnt);
}

/* One series is complete. */
static void put_series(struct moved *m)
{
	const struct store_sample *a = &m->first, *b = &m->last;

	if (!m->name[0] || (a->held == b->held && a->failcnt == b->failcnt && a->limit == b->limit))
		return;
	if (m->shown++ >= MOVED_SHOWN)
		return;
	if (m->n->head)
		printf("\n%s\n", m->n->head);
	m->n->head = NULL;
	printf("  ");
	info_text(m->name, strlen(m->name));
	printf(": ");
	put_amount(&m->first);
	printf(" -> ");
	put_amount(&m->last);
	putchar('\n');
}

static bool concerns(const struct info *n, const char *owner)
{
	const struct event *v = n->i->verdict;
	const char *path = util_after(owner, "cgroup:");

	if (path)
		return util_streq(path, event_text(v, FIELD_CGROUP)) ||
		       util_streq(path, event_text(v, FIELD_MEMCG)) ||
		       util_streq(path, event_text(v, FIELD_LIMIT_CGROUP));
	if (util_after(owner, "uid:"))
		return event_has(v, FIELD_UID) && strtoll(owner + 4, NULL, 10) == v->num[FIELD_UID];
	return util_streq(owner, "host") || util_streq(owner, event_text(v, FIELD_OWNER));
}

static int on_sample(void *arg, const struct store_sample *r)
{
	struct moved *m = arg;
	char name[512];

	if (!concerns(m->n, r->owner))
		return 0;
	snprintf(name, sizeof(name), "%s of %s", r->resource, r->owner);
	if (!util_streq(name, m->name)) {
		put_series(m);
		util_strlcpy(m->name, name, sizeof(m->name));
		m->first = *r;
	}
	m->last = *r;
	return 0;
}

static int put_counters(struct info *n)
{
	struct moved m = {.n = n};
	int err;

	if (!n->i->first)
		return 0;
	n->head = "Counters that moved, from five minutes before to a minute after:";
	err = store_each_sample(n->s, n->i->first - COUNTERS_NS, n->i->last + BEFORE_NS, NULL, NULL,
				on_sample, &m);
	if (!err)
		put_series(&m);
	if (m.shown > MOVED_SHOWN)
		printf("  and %u more\n", m.shown - MOVED_SHOWN);
	return err;
}

int info_print(struct store *s, const struct incident *i, const struct info_options *o)
{
	struct sink_options so = {.utc = o->utc, .color = o->color};
	struct info n = {.s = s, .o = o, .i = i};
	int err = sink_new(&n.sink, SINK_TEXT, STDOUT_FILENO, &so);

	if (err < 0)
		return err;
	put_verdict(&n);
	err = put_events(&n);
	if (!err)
		err = put_before(&n);
	if (!err)
		err = put_counters(&n);
	sink_free(n.sink);
	return err;
}
