// SPDX-License-Identifier: GPL-2.0-only
/*
 * info_field.c - `Key: value` of every field that an event has: numbers with their
 * bytes, and the lists of an OOM kill as tables.
 */
#include "counter.h"
#include "info_priv.h"
#include "utf8.h"
#include "when.h"

#define KEY_WIDTH 16

void info_key(const char *key)
{
	printf("%*s: ", KEY_WIDTH, key);
}

void info_text(const char *s, size_t n)
{
	char buf[4096];

	while (n > 0) {
		size_t taken, len = utf8_visible(s, n, buf, sizeof(buf), &taken);

		if (taken == 0)
			break;
		fwrite(buf, 1, len, stdout);
		s += taken;
		n -= taken;
	}
}

void info_lines(const char *key, const char *s)
{
	for (bool first = true; *s || first; first = false) {
		size_t n = strcspn(s, "\n");

		if (first)
			info_key(key);
		else
			printf("%*s", KEY_WIDTH + 2, "");
		info_text(s, n);
		putchar('\n');
		s += n + (s[n] == '\n');
	}
}

static bool in_bytes(const struct event *e, enum field f)
{
	static const enum field always[] = {FIELD_RSS_ANON, FIELD_RSS_FILE, FIELD_RSS_SHMEM,
					    FIELD_SWAP,     FIELD_PGTABLES, FIELD_RSS};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (always[i] == f)
			return true;
	return util_streq(event_text(e, FIELD_MEASURE), "bytes") &&
	       (f == FIELD_HELD || f == FIELD_LIMIT || f == FIELD_LIMIT_HARD || f == FIELD_ASKED);
}

static void put_number(const struct event *e, enum field f)
{
	printf("%lld", (long long)e->num[f]);
	if (in_bytes(e, f) && e->num[f] >= 1 << 20)
		printf(" (%.1f MiB)", (double)e->num[f] / (1 << 20));
	putchar('\n');
}

static void put_moved(const struct event *e)
{
	for (unsigned int m = 0; m < e->n_moved; m++) {
		const struct event_moved *row = &e->moved[m];

		info_key(m == 0 ? "failcnt" : "");
		info_text(row->resource, strlen(row->resource));
		printf(" of ");
		info_text(row->owner, strlen(row->owner));
		if (row->delta != EVENT_DELTA_UNKNOWN && (row->delta || !row->before))
			printf(" %+lld", (long long)row->delta);
		else if (row->delta != EVENT_DELTA_UNKNOWN)
			; /* before it alone */
		else if (row->have & COUNTER_FAILCNT)
			printf(" %llu in all", (unsigned long long)row->failcnt);
		if (row->before)
			printf("%s +%llu in the minute before", row->delta ? "," : "",
			       (unsigned long long)row->before);
		printf(" (%s)\n", relation_name(row->relation));
	}
}

/* What was refused in the minute before a kill. */
static void put_before(const struct event *e)
{
	for (unsigned int i = 0; i < e->n_before; i++) {
		const struct event_before *b = &e->before[i];

		info_key(i == 0 ? "before" : "");
		info_text(b->resource, strlen(b->resource));
		if (*b->errno_name) {
			putchar(' ');
			info_text(b->errno_name, strlen(b->errno_name));
		}
		printf(" %llu time%s%s\n", (unsigned long long)b->count, b->count == 1 ? "" : "s",
		       b->of_cgroup ? ", others of its cgroup" : "");
	}
}

static void bytes(int64_t n, char *buf, size_t size)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
	double v = (double)n / 1024;
	size_t i = 0;

	for (; v >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1024;
	if (n < 1024)
		snprintf(buf, size, "%lld B", (long long)n);
	else
		snprintf(buf, size, "%.1f %s", v, units[i]);
}

/* One a line: points (pages), what it held, oom_score_adj, who. What is unknown is "-". */
static void put_ballot(const struct event *e, enum field f, const struct event_ballot *b)
{
	bool weighed = f == FIELD_CANDIDATES;
	enum field all = weighed ? FIELD_CANDIDATES_TOTAL : FIELD_EXEMPTED_TOTAL;
	long long more = event_num(e, all) - (long long)b->n;

	info_key(field_defs[f].key);
	printf("%12s %11s %6s  process\n", "points", "held", "adj");
	for (unsigned int i = 0; i < b->n; i++) {
		const struct event_candidate *c = &b->c[i];
		char points[24] = "-", held[24] = "-", adj[24] = "-";

		if (c->points != INT64_MIN && weighed)
			snprintf(points, sizeof(points), "%lld", (long long)c->points);
		if (c->held != INT64_MIN)
			bytes(c->held, held, sizeof(held));
		if (weighed)
			snprintf(adj, sizeof(adj), "%lld", (long long)c->score_adj);
		printf("%*s%12s %11s %6s  ", KEY_WIDTH + 2, "", points, held, adj);
		info_text(c->comm, strlen(c->comm));
		printf("[%lld]%s\n", (long long)c->pid,
		       event_has(e, FIELD_PID) && c->pid == e->num[FIELD_PID] ? "  <- killed" : "");
	}
	if (more > 0)
		printf("%*sand %lld more\n", KEY_WIDTH + 2, "", more);
}

static void put_pairs(const struct event *e, enum field f)
{
	const char *key = field_defs[f].key;
	char text[24];

	for (unsigned int i = 0; i < e->n_pairs; i++) {
		const struct event_pair *p = &e->pairs[i];

		if (p->field != f)
			continue;
		bytes(p->value, text, sizeof(text));
		if (key)
			info_key(key);
		else
			printf("%*s", KEY_WIDTH + 2, "");
		printf("%-18s %11s\n", p->key, text);
		key = NULL;
	}
}

static void put_field(const struct event *e, enum field f, bool utc)
{
	const char *key = field_defs[f].key;
	char time[40];

	switch (field_defs[f].type) {
	case TYPE_STR:
		info_lines(key, e->str[f]);
		break;
	case TYPE_TIME:
		when_print(e->num[f], utc, true, time, sizeof(time));
		info_key(key);
		printf("%s\n", time);
		break;
	case TYPE_BOOL:
		info_key(key);
		printf("%s\n", e->num[f] ? "yes" : "no");
		break;
	case TYPE_INT:
		info_key(key);
		put_number(e, f);
		break;
	case TYPE_ARRAY:
		if (f == FIELD_FAILCNT)
			put_moved(e);
		else if (f == FIELD_BEFORE)
			put_before(e);
		else if (f == FIELD_CANDIDATES)
			put_ballot(e, f, &e->candidates);
		else if (f == FIELD_EXEMPTED)
			put_ballot(e, f, &e->exempted);
		break;
	case TYPE_OBJECT:
		put_pairs(e, f);
		break;
	}
}

/* Told above in words, or of no use to a person. */
static bool is_told(enum field f)
{
	static const enum field told[] = {
		FIELD_SCHEMA,   FIELD_EVENT, FIELD_TIME,  FIELD_UPTIME_US, FIELD_RUN,  FIELD_SEQ,
		FIELD_INCIDENT, FIELD_COUNT, FIELD_FIRST, FIELD_LAST,      FIELD_SAYS, FIELD_FIX};

	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (told[i] == f)
			return true;
	return false;
}

void info_fields(const struct event *e, const struct info_options *o)
{
	for (enum field f = 0; f < FIELDS; f++)
		if (event_has(e, f) && !is_told(f))
			put_field(e, f, o->utc);
}
