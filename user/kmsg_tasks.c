// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmsg_tasks.c - the kernel log's table of tasks:
 *
 *   Tasks state (memory values in pages):
 *   [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
 *   [    316]     0   316     8600     8326   102400        0             0 provoke
 *
 * Names may hold anything: numbers are counted from the left, and the rest is the name.
 */
#include "kmsg_tasks.h"

#include <ctype.h>

#define ADJ_MIN (-1000)

enum { NARROW = 7, WIDE = 10 };

static bool is_header(struct kmsg_tasks *t, const char *s)
{
	if (!util_after(s, "[  pid  ]") || !strstr(s, "pgtables_bytes"))
		return false;
	t->wide = strstr(s, "rss_anon") != NULL;
	return true;
}

static bool parse_row(const struct kmsg_tasks *t, const char *s, struct kmsg_task *ret)
{
	long long v[WIDE];
	int n = t->wide ? WIDE : NARROW;
	const char *at = strchr(s, ']');
	char *end;

	if (s[0] != '[' || !at)
		return false;
	at++;
	for (int i = 0; i < n; i++) {
		errno = 0;
		v[i] = strtoll(at, &end, 10);
		if (end == at || errno || (*end && *end != ' '))
			return false;
		at = end;
	}
	if (*at != ' ' || v[1] <= 0 || v[1] > INT32_MAX || v[3] < 0 || v[n - 3] < 0 ||
	    v[n - 2] < 0 || v[n - 1] < ADJ_MIN || v[n - 1] > -ADJ_MIN || v[3] > INT64_MAX / 4 ||
	    v[n - 2] > INT64_MAX / 4)
		return false;
	*ret = (struct kmsg_task){.pid = (int)v[1],
				  .score_adj = (int)v[n - 1],
				  .pages = (uint64_t)v[3] + (uint64_t)v[n - 2],
				  .pgtables = (uint64_t)v[n - 3]};
	util_strlcpy(ret->comm, at + 1, sizeof(ret->comm));
	return true;
}

static void keep(struct kmsg_tasks *t, const struct kmsg_task *row)
{
	unsigned int least = 0;

	t->total++;
	t->exempt += row->score_adj == ADJ_MIN;
	if (t->n < KMSG_TASKS) {
		t->t[t->n++] = *row;
		return;
	}
	for (unsigned int i = 1; i < t->n; i++)
		if (t->t[i].pages < t->t[least].pages)
			least = i;
	if (t->t[least].pages < row->pages)
		t->t[least] = *row;
}

bool kmsg_tasks_line(struct kmsg_tasks *t, const char *text, size_t n, uint64_t lost)
{
	struct kmsg_task row;
	char s[256];

	if (n == 0 || n >= sizeof(s) || text[0] != '[')
		return false;
	memcpy(s, text, n);
	s[n] = '\0';
	if (is_header(t, s)) {
		t->open = true;
		t->n = t->total = t->exempt = t->of = 0;
		t->lost = lost;
		return true;
	}
	if (!t->open || !parse_row(t, s, &row))
		return false;
	keep(t, &row);
	return true;
}

void kmsg_tasks_for(struct kmsg_tasks *t, unsigned int of, uint64_t lost)
{
	t->of = t->open && t->lost == lost ? of : 0;
	t->open = false;
}

static int by_points(const void *pa, const void *pb)
{
	const struct event_candidate *a = pa, *b = pb;

	return a->points == b->points ? 0 : a->points > b->points ? -1 : 1;
}

/* Of two with the same points the kernel takes the one that it comes to later. */
static void victim_first(struct event_candidate *c, unsigned int n, int64_t victim)
{
	for (unsigned int i = 1; i < n && c[i].points == c[0].points; i++) {
		struct event_candidate first = c[0];

		if (c[i].pid != victim)
			continue;
		c[0] = c[i];
		c[i] = first;
	}
}

static void add(struct event *e, enum field f, const struct event_candidate *c)
{
	struct event_candidate *to = event_candidate_add(e, f);

	if (to)
		*to = *c;
}

bool kmsg_tasks_ballot(const struct kmsg_tasks *t, struct event *e, uint64_t total_pages,
		       uint64_t page_size)
{
	struct event_candidate c[KMSG_TASKS];
	unsigned int n = 0, exempt = 0;

	for (unsigned int i = 0; i < t->n; i++)
		if (!total_pages && t->t[i].score_adj && t->t[i].score_adj != ADJ_MIN)
			return false;
	for (unsigned int i = 0; i < t->n; i++) {
		const struct kmsg_task *row = &t->t[i];
		uint64_t pages = row->pages + row->pgtables / page_size;

		if (pages > (uint64_t)INT64_MAX / page_size)
			return false;
		c[n] = (struct event_candidate){
			.pid = row->pid,
			.score_adj = row->score_adj,
			.points = (int64_t)pages + row->score_adj * (int64_t)(total_pages / 1000),
			.held = (int64_t)(pages * page_size),
			.comm = event_keep(e, row->comm),
		};
		if (row->score_adj != ADJ_MIN)
			n++;
		else if (exempt++ < FC_EXEMPT)
			add(e, FIELD_EXEMPTED, &c[n]);
	}
	if (!n)
		return false;
	qsort(c, n, sizeof(c[0]), by_points);
	victim_first(c, n, event_num(e, FIELD_PID));
	for (unsigned int i = 0; i < n && i < EVENT_CANDIDATE_MAX; i++)
		add(e, FIELD_CANDIDATES, &c[i]);
	event_int(e, FIELD_CANDIDATES_TOTAL, t->total - t->exempt);
	event_static(e, FIELD_CANDIDATES_FROM, "kernel-log");
	if (t->exempt)
		event_int(e, FIELD_EXEMPTED_TOTAL, t->exempt);
	return true;
}
