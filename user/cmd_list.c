// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_list.c - one line an incident, oldest first, and between them when
 * nobody watched.
 */
#include <sys/ioctl.h>
#include <time.h>

#include "cmd.h"
#include "json.h"
#include "log.h"
#include "look.h"
#include "utf8.h"
#include "when.h"

#define GAP_LEAST_NS 1000000000LL
#define WIDTH_LEAST 80

struct gaps {
	struct store_gap *gap;
	size_t n, cap, next;
};

struct list {
	const struct options *o;
	struct gaps gaps;
	size_t width; /* of the terminal; 0: none, nothing is cut */
	uint64_t incidents, shown_gaps;
	bool headed;
};

/* A name is somebody else's text: nothing in it drives the terminal. */
static size_t visible(const char *s, char *buf, size_t size)
{
	size_t n = utf8_visible(s, strlen(s), buf, size - 1, NULL);

	buf[n] = '\0';
	return n;
}

static void write_event(const struct event *e)
{
	char line[JSON_LINE_MAX];

	fwrite(line, 1, json_event(e, line, sizeof(line)), stdout);
}

static void gap_json(const struct store_gap *g)
{
	static struct event e;

	event_init(&e, EVENT_LOST);
	event_static(&e, FIELD_STAGE, "down");
	event_int(&e, FIELD_TIME, g->from);
	event_int(&e, FIELD_FIRST, g->from);
	if (g->to)
		event_int(&e, FIELD_LAST, g->to);
	write_event(&e);
}

static void gap_text(const struct list *l, const struct store_gap *g)
{
	char from[32], to[32], span[32];
	size_t day = 0;

	when_print(g->from, l->o->utc, false, from, sizeof(from));
	if (!g->to) {
		printf("-- since %s: not recording%s\n", from,
		       g->stopped ? "" : " (the recorder was killed)");
		return;
	}
	when_print(g->to, l->o->utc, false, to, sizeof(to));
	when_span(g->to - g->from, span, sizeof(span));
	if (strncmp(from, to, 11) == 0)
		day = 11; /* the same: its date once */
	printf("-- %s to %s: not recording (%s%s)\n", from, to + day, span,
	       g->stopped ? "" : "; the recorder was killed");
}

/* Those that ended before time; 0: all. */
static void show_gaps(struct list *l, int64_t time)
{
	for (; l->gaps.next < l->gaps.n; l->gaps.next++) {
		const struct store_gap *g = &l->gaps.gap[l->gaps.next];

		if (time && g->from >= time)
			break;
		l->o->json ? gap_json(g) : gap_text(l, g);
		l->shown_gaps++;
	}
}

static int add_gap(void *arg, const struct store_gap *g)
{
	struct gaps *all = arg;

	if (g->to && g->to - g->from < GAP_LEAST_NS)
		return 0;
	if (all->n == all->cap) {
		size_t cap = all->cap ? 2 * all->cap : 16;
		struct store_gap *more = reallocarray(all->gap, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		all->gap = more;
		all->cap = cap;
	}
	all->gap[all->n++] = *g;
	return 0;
}

/* One line that is the verdict's event, with the incident's counts: it can be read again. */
static int incident_json(const struct incident *i)
{
	static struct event e;
	uint64_t n;

	look_what(i, &n);
	e = *i->verdict; /* its texts stay those of the verdict's pool, which is there */
	event_int(&e, FIELD_INCIDENT, i->id);
	event_u64(&e, FIELD_COUNT, n);
	if (i->first) {
		event_int(&e, FIELD_FIRST, i->first);
		event_int(&e, FIELD_LAST, i->last);
	}
	write_event(&e);
	return 0;
}

/* What a person wants to know in a line; without a sentence, how full it was. */
static void verdict(const struct event *v, char *buf, size_t size)
{
	char text[1024];

	if (event_has(v, FIELD_SAYS))
		snprintf(text, sizeof(text), "%s", v->str[FIELD_SAYS]);
	else if (event_has(v, FIELD_HELD) && event_has(v, FIELD_LIMIT))
		snprintf(text, sizeof(text), "%lld of %lld %s (%s)", (long long)v->num[FIELD_HELD],
			 (long long)v->num[FIELD_LIMIT], event_text(v, FIELD_MEASURE),
			 event_text(v, FIELD_LIMIT_NAME));
	else if (v->n_moved && v->moved[0].delta != EVENT_DELTA_UNKNOWN)
		snprintf(text, sizeof(text), "%s of %s %+lld", v->moved[0].resource,
			 v->moved[0].owner, (long long)v->moved[0].delta);
	else
		snprintf(text, sizeof(text), "%s %s %s", event_text(v, FIELD_ERRNO),
			 event_text(v, FIELD_CAUSE), event_text(v, FIELD_SIGNAL));
	text[strcspn(text, "\n")] = '\0';
	visible(text, buf, size);
}

static void head(struct list *l)
{
	if (!l->headed && !l->o->json)
		printf("%6s  %-19s  %-7s  %-22s %-10s %9s  %s\n", "ID", "TIME", "WHAT", "WHO",
		       "RESOURCE", "COUNT", "VERDICT");
	l->headed = true;
}

static void incident_text(const struct list *l, const struct incident *i)
{
	char time[32] = "-", who[160], shown[640], resource[320] = "-", says[4096];
	uint64_t n;
	const char *what = look_what(i, &n);
	size_t left = l->width > 88 ? l->width - 88 : 0, len;

	if (i->first)
		when_print(i->first, l->o->utc, false, time, sizeof(time));
	look_who(i, who, sizeof(who));
	visible(who, shown, sizeof(shown));
	if (event_has(i->verdict, FIELD_RESOURCE))
		visible(i->verdict->str[FIELD_RESOURCE], resource, sizeof(resource));
	verdict(i->verdict, says, sizeof(says));
	len = strlen(says);
	if (l->width && len > left) {
		len = left > 3 ? utf8_cut(says, left - 3) : 0;
		strcpy(says + len, left > 3 ? "..." : "");
	}
	printf("%6lld  %-19s  %-7s  %-22s %-10s %9llu  %s\n", (long long)i->id, time, what, shown,
	       resource, (unsigned long long)n, says);
}

static int on_incident(void *arg, const struct incident *i)
{
	struct list *l = arg;

	head(l);
	show_gaps(l, i->first ? i->first : 1);
	l->incidents++;
	l->o->json ? (void)incident_json(i) : incident_text(l, i);
	return ferror(stdout) ? -EPIPE : 0;
}

static int on_dropped(void *arg, const struct store_dropped *d)
{
	const struct list *l = arg;
	char until[32];

	if (d->events == 0) /* samples alone */
		return 0;
	when_print(d->until, l->o->utc, false, until, sizeof(until));
	log_info("%llu events until %s were dropped for the limit of %s",
		 (unsigned long long)d->events, until, d->why);
	return 0;
}

static size_t terminal_width(void)
{
	struct winsize w;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return 0;
	return w.ws_col > WIDTH_LEAST ? w.ws_col : WIDTH_LEAST;
}

int cmd_list(const struct options *o)
{
	_cleanup_(store_closep) struct store *s = NULL;
	struct list l = {.o = o, .width = terminal_width()};
	struct store_query q;
	int err;

	if (look_query(&q, o, "list") < 0)
		return EXIT_USAGE;
	if (look_open(&s, o) < 0)
		return EXIT_NOTHING;
	err = store_each_dropped(s, q.since, q.until, on_dropped, &l);
	if (!err)
		err = store_each_gap(s, q.since, q.until, add_gap, &l.gaps);
	if (!err)
		err = store_each_incident(s, &q, on_incident, &l);
	if (!err && !ferror(stdout))
		show_gaps(&l, 0);
	free(l.gaps.gap);
	if (err < 0 && err != -EPIPE) {
		log_error("%s", store_why(s));
		return EXIT_NOTHING;
	}
	look_damage(s);
	if (!err && l.incidents == 0) {
		log_info("No incidents found.");
		return EXIT_NOTHING;
	}
	return EXIT_DONE;
}
