// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_report.c - what a command was refused, as a text at its end.
 *
 * Folded twice: events of one name, resource and error become one block as
 * they come; at the end blocks that would read the same but for the name, as
 * those of a pool's threads do, become one.
 */
#include "run_report.h"

#include "sink_priv.h"

#define BLOCKS 256 /* more names are counted, not told */
#define PIDS 16
#define NAMES_SHOWN 3
#define BLOCK_TEXT 8192

struct block {
	enum event_kind kind;
	char name[64], resource[32], what[64]; /* what: the errno, or cause and signal */
	uint64_t count;
	bool at_most;        /* of what was lost: perhaps no event */
	int64_t first, last; /* CLOCK_REALTIME ns; 0: unknown */
	int64_t pids[PIDS];
	unsigned int n_pids;
	bool more_pids, whole; /* whole: the texts are those of an event that came whole */
	int64_t pid;           /* of the event that the texts are of */
	char *says, *fix;
	unsigned int order;
	const struct block *same; /* reads as this one, and is told with it */
};

struct run_report {
	struct block block[BLOCKS];
	unsigned int n;
	uint64_t refused, killed, lost, untold;
	bool lost_at_most;
};

int run_report_new(struct run_report **ret)
{
	struct run_report *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	*ret = r;
	return 0;
}

void run_report_free(struct run_report *r)
{
	for (unsigned int i = 0; r && i < r->n; i++) {
		free(r->block[i].says);
		free(r->block[i].fix);
	}
	free(r);
}

static void make_key(struct block *key, const struct event *e)
{
	key->kind = e->kind;
	if (e->kind == EVENT_LOST) {
		util_strlcpy(key->name, event_text(e, FIELD_STAGE), sizeof(key->name));
		util_strlcpy(key->what, event_text(e, FIELD_HOOK), sizeof(key->what));
		return;
	}
	util_strlcpy(key->name, event_text(e, FIELD_COMM), sizeof(key->name));
	util_strlcpy(key->resource, event_text(e, FIELD_RESOURCE), sizeof(key->resource));
	if (e->kind == EVENT_REFUSED)
		util_strlcpy(key->what, event_text(e, FIELD_ERRNO), sizeof(key->what));
	else
		snprintf(key->what, sizeof(key->what), "%s %s", event_text(e, FIELD_CAUSE),
			 event_text(e, FIELD_SIGNAL));
}

static struct block *find(struct run_report *r, const struct block *key)
{
	struct block *b;

	for (unsigned int i = 0; i < r->n; i++) {
		b = &r->block[i];
		if (b->kind == key->kind && util_streq(b->name, key->name) &&
		    util_streq(b->resource, key->resource) && util_streq(b->what, key->what))
			return b;
	}
	if (r->n == BLOCKS)
		return NULL;
	b = &r->block[r->n];
	*b = *key;
	b->order = r->n++;
	return b;
}

static void note_pid(struct block *b, int64_t pid)
{
	for (unsigned int i = 0; i < b->n_pids; i++)
		if (b->pids[i] == pid)
			return;
	if (b->n_pids < PIDS)
		b->pids[b->n_pids++] = pid;
	else
		b->more_pids = true;
}

static void note_time(struct block *b, int64_t first, int64_t last)
{
	if (first && (!b->first || first < b->first))
		b->first = first;
	if (last > b->last)
		b->last = last;
}

/* The first event that came whole says more than one that stands for repeats. */
static void note_texts(struct block *b, const struct event *e, bool whole)
{
	char *says, *fix;

	if (!event_has(e, FIELD_SAYS) || (b->says && (b->whole || !whole)))
		return;
	says = strdup(event_text(e, FIELD_SAYS));
	fix = strdup(event_text(e, FIELD_FIX));
	if (!says || !fix) {
		free(says);
		free(fix);
		return; /* then without */
	}
	free(b->says);
	free(b->fix);
	b->says = says;
	b->fix = fix;
	b->whole = whole;
	b->pid = event_num(e, FIELD_PID);
}

static uint64_t weight(const struct event *e)
{
	if (e->kind == EVENT_LOST)
		return (uint64_t)event_num(e, FIELD_LOST);
	return event_has(e, FIELD_COUNT) ? (uint64_t)event_num(e, FIELD_COUNT) : 1;
}

void run_report_add(struct run_report *r, const struct event *e)
{
	struct block key = {}, *b;
	uint64_t n = weight(e);
	int64_t time = event_num(e, FIELD_TIME);

	if (e->kind == EVENT_REFUSED)
		r->refused += n;
	else if (e->kind == EVENT_KILLED)
		r->killed += n;
	else if (e->kind == EVENT_LOST)
		r->lost += n;
	else
		return;
	r->lost_at_most |= event_num(e, FIELD_AT_MOST) != 0;
	make_key(&key, e);
	b = find(r, &key);
	if (!b) {
		r->untold += n;
		return;
	}
	b->count += n;
	b->at_most |= event_num(e, FIELD_AT_MOST) != 0;
	if (event_has(e, FIELD_PID))
		note_pid(b, event_num(e, FIELD_PID));
	note_time(b, event_has(e, FIELD_FIRST) ? event_num(e, FIELD_FIRST) : time,
		  event_has(e, FIELD_LAST) ? event_num(e, FIELD_LAST) : time);
	note_texts(b, e, !event_has(e, FIELD_COUNT));
}

bool run_report_any(const struct run_report *r)
{
	return r->refused || r->killed || r->lost;
}

/* The sentence without its subject, "NAME (pid N)"; all of it where that is not how it begins. */
static const char *predicate(const struct block *b)
{
	char pid[40];
	const char *at;

	snprintf(pid, sizeof(pid), " (pid %lld)", (long long)b->pid);
	at = b->pid ? strstr(b->says, pid) : NULL;
	return at ? at + strlen(pid) : b->says;
}

static bool reads_same(const struct block *a, const struct block *b)
{
	return a->kind == b->kind && a->says && b->says && util_streq(a->resource, b->resource) &&
	       util_streq(a->what, b->what) && util_streq(a->fix, b->fix) &&
	       util_streq(predicate(a), predicate(b));
}

static void absorb(struct block *into, struct block *b)
{
	b->same = into;
	into->count += b->count;
	for (unsigned int i = 0; i < b->n_pids; i++)
		note_pid(into, b->pids[i]);
	into->more_pids |= b->more_pids;
	note_time(into, b->first, b->last);
}

static void fold_same(struct run_report *r)
{
	for (unsigned int i = 0; i < r->n; i++)
		for (unsigned int j = i + 1; !r->block[i].same && j < r->n; j++)
			if (!r->block[j].same && reads_same(&r->block[i], &r->block[j]))
				absorb(&r->block[i], &r->block[j]);
}

/* Kills, then refusals, then losses; of these the most frequent, then the first. */
static int compare(const void *pa, const void *pb)
{
	static const int rank[EVENT_KINDS] = {
		[EVENT_KILLED] = 0, [EVENT_REFUSED] = 1, [EVENT_LOST] = 2};
	const struct block *a = *(struct block *const *)pa, *b = *(struct block *const *)pb;

	if (a->kind != b->kind)
		return rank[a->kind] - rank[b->kind];
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static void add_lines(struct text *t, const char *word, const char *s)
{
	for (bool first = true; *s; first = false) {
		size_t n = strcspn(s, "\n");

		text_add(t, "    ");
		text_f(t, "%*s", (int)strlen(word), first ? word : "");
		text_n(t, s, n);
		text_raw(t, "\n");
		s += n + (s[n] == '\n');
	}
}

static void add_names(struct text *t, const struct run_report *r, const struct block *b)
{
	unsigned int more = 0, shown = 1;

	text_add(t, *b->name ? b->name : "(names not kept)");
	for (unsigned int i = 0; i < r->n; i++) {
		if (r->block[i].same != b)
			continue;
		if (shown == NAMES_SHOWN) {
			more++;
			continue;
		}
		text_f(t, ", %.63s", r->block[i].name);
		shown++;
	}
	if (more)
		text_f(t, " and %u more names", more);
}

static void add_pids(struct text *t, const struct block *b)
{
	if (b->more_pids)
		text_f(t, " in more than %d processes", PIDS);
	else if (b->n_pids > 1)
		text_f(t, " in %u processes", b->n_pids);
	else if (b->n_pids == 1)
		text_f(t, "[%lld]", (long long)b->pids[0]);
}

static void add_times(struct text *t, const struct block *b)
{
	if (!b->first)
		return;
	text_add(t, b->count > 1 ? ", from " : ", at ");
	text_clock(t, b->first);
	if (b->count > 1 && b->last > b->first) {
		text_add(t, " to ");
		text_clock(t, b->last);
	}
}

static void add_block(struct text *t, const struct run_report *r, const struct block *b)
{
	bool killed = b->kind == EVENT_KILLED;

	if (t->o->color)
		text_raw(t, killed ? "\033[1;31m" : "\033[33m");
	text_f(t, "%-8s", killed ? "KILLED" : "REFUSED");
	if (t->o->color)
		text_raw(t, "\033[0m");
	text_f(t, " %-8.31s ", *b->resource ? b->resource : "-");
	add_names(t, r, b);
	add_pids(t, b);
	text_f(t, " %.63s, ", b->what);
	text_count(t, (int64_t)b->count);
	text_add(t, b->count == 1 ? " time" : " times");
	add_times(t, b);
	text_raw(t, "\n");
	if (b->says)
		add_lines(t, "", b->says);
	if (b->fix)
		add_lines(t, "fix: ", b->fix);
}

static void add_lost(struct text *t, const struct block *b)
{
	text_f(t, "%-8s %-8s %s", "LOST", "-", b->at_most ? "at most " : "");
	text_count(t, (int64_t)b->count);
	text_f(t, " at stage %.63s", b->name);
	if (*b->what)
		text_f(t, " (%.63s)", b->what);
	text_add(t, ": of the whole host, so perhaps of others");
	text_raw(t, "\n");
}

static void add_times_word(struct text *t, const char *word, uint64_t n)
{
	if (n == 0)
		return;
	text_add(t, word);
	text_add(t, " ");
	if (n == 1) {
		text_add(t, "once");
		return;
	}
	text_count(t, (int64_t)n);
	text_add(t, " times");
}

static void add_head(struct text *t, const struct run_report *r, const struct run_report_look *look)
{
	text_f(t, "failcnt: %.200s %.100s; ", look->name, look->ended);
	if (r->refused + r->killed == 0) {
		text_add(t, "no refusal and no kill of it or its children was seen");
	} else {
		text_add(t, "it and its children were ");
		add_times_word(t, "refused", r->refused);
		if (r->refused && r->killed)
			text_add(t, " and ");
		add_times_word(t, "killed", r->killed);
	}
	if (r->lost) {
		text_add(t, r->lost_at_most ? ", but at most " : ", but ");
		text_count(t, (int64_t)r->lost);
		text_add(t, r->lost == 1 ? " event was lost" : " events were lost");
	}
	text_raw(t, "\n");
}

static void add_untold(struct text *t, const struct run_report *r)
{
	text_add(t, "failcnt: and ");
	text_count(t, (int64_t)r->untold);
	text_f(t, " more, of other names than these %d", BLOCKS);
	text_raw(t, "\n");
}

int run_report_text(struct run_report *r, const struct run_report_look *look, char **ret)
{
	struct sink_options o = {.utc = look->utc, .color = look->color};
	size_t size = (size_t)(r->n + 2) * BLOCK_TEXT, done = 0;
	_cleanup_free_ char *buf = malloc(size);
	struct block *sorted[BLOCKS];
	unsigned int n = 0;

	if (!buf)
		return -ENOMEM;
	fold_same(r);
	for (unsigned int i = 0; i < r->n; i++)
		if (!r->block[i].same)
			sorted[n++] = &r->block[i];
	qsort(sorted, n, sizeof(sorted[0]), compare);
	if (!look->quiet || n > 0) {
		struct text t = {.o = &o, .buf = buf, .size = BLOCK_TEXT - 1};

		add_head(&t, r, look);
		done = t.len;
	}
	for (unsigned int i = 0; i < n; i++) {
		struct text t = {.o = &o, .buf = buf + done, .size = BLOCK_TEXT - 1};

		if (sorted[i]->kind == EVENT_LOST)
			add_lost(&t, sorted[i]);
		else
			add_block(&t, r, sorted[i]);
		done += t.len;
		if (buf[done - 1] != '\n')
			buf[done++] = '\n'; /* the byte kept back: the text filled its part */
	}
	if (r->untold) {
		struct text t = {.o = &o, .buf = buf + done, .size = BLOCK_TEXT - 1};

		add_untold(&t, r);
		done += t.len;
	}
	buf[done] = '\0';
	*ret = TAKE_PTR(buf);
	return 0;
}
