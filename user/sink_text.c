// SPDX-License-Identifier: GPL-2.0-only
/*
 * sink_text.c - an event as a person reads it: one line that can be scanned
 * (when, what, which resource, who, how full), then indented lines for the
 * sentence, the remedy and the counters that moved.
 *
 * What is unknown is not shown.
 */
#include "counter.h"
#include "sink_priv.h"

static void add_moved(struct text *t, const struct event_moved *m)
{
	text_f(t, "%.64s of ", m->resource ? m->resource : "?");
	text_add(t, m->owner && *m->owner ? m->owner : "?");
	if (m->delta == EVENT_DELTA_UNKNOWN) {
		text_f(t, " %llu in all", (unsigned long long)m->failcnt);
		return;
	}
	if (m->delta || !m->before)
		text_f(t, " %+lld", (long long)m->delta);
	if (m->before) {
		text_add(t, m->delta ? ", +" : " +");
		text_count(t, (int64_t)m->before);
		text_add(t, " in the minute before");
	}
	if (t->e->kind != EVENT_COUNTED) {
		text_f(t, " (%s)", relation_name(m->relation));
		return;
	}
	if (m->have & COUNTER_FAILCNT)
		text_f(t, " (%llu in all)", (unsigned long long)m->failcnt);
	if (m->have & COUNTER_HELD)
		text_f(t, ", now %llu", (unsigned long long)m->held);
	if (m->have & COUNTER_LIMIT && m->limit != UINT64_MAX)
		text_f(t, " of %llu", (unsigned long long)m->limit);
}

static void add_all_moved(struct text *t, const char *before)
{
	for (unsigned int i = 0; i < t->e->n_moved; i++) {
		text_add(t, i == 0 ? before : t->e->kind == EVENT_COUNTED ? "; " : ", ");
		add_moved(t, &t->e->moved[i]);
	}
	if (t->e->moved_left_out > 0)
		text_f(t, " and %u more", t->e->moved_left_out);
}

/* skip_zero: only what there is. Returns whether there was any. */
static bool add_pairs(struct text *t, const char *before, enum field f, bool skip_zero)
{
	const char *between = before;

	for (unsigned int i = 0; i < t->e->n_pairs; i++) {
		if (t->e->pairs[i].field != f || (skip_zero && t->e->pairs[i].value == 0))
			continue;
		text_f(t, "%s%s ", between, t->e->pairs[i].key);
		text_count(t, t->e->pairs[i].value);
		between = ", ";
	}
	return between != before;
}

static void add_span(struct text *t)
{
	if (event_has(t->e, FIELD_FIRST)) {
		text_add(t, ", from ");
		text_clock(t, t->e->num[FIELD_FIRST]);
	}
	if (event_has(t->e, FIELD_LAST)) {
		text_add(t, event_has(t->e, FIELD_FIRST) ? " to " : ", until ");
		text_clock(t, t->e->num[FIELD_LAST]);
	}
}

/* Where it belongs, in the words its owner uses. */
static void add_place(struct text *t)
{
	if (event_has(t->e, FIELD_CONTAINER)) {
		text_field(t, "  ", FIELD_CONTAINER_RUNTIME);
		text_add(t, event_has(t->e, FIELD_CONTAINER_RUNTIME) ? " " : "  container ");
		text_f(t, "%.12s", t->e->str[FIELD_CONTAINER]);
		text_field(t, "  pod ", FIELD_POD_UID);
	} else if (event_has(t->e, FIELD_SYSTEMD_UNIT)) {
		text_field(t, "  unit ", FIELD_SYSTEMD_UNIT);
	} else {
		text_field(t, "  cgroup ", FIELD_CGROUP);
	}
}

static void add_certain(struct text *t)
{
	if (event_has(t->e, FIELD_CERTAIN) && !t->e->num[FIELD_CERTAIN])
		text_add(t, "  (inferred)");
}

static void show_refused(struct text *t)
{
	text_who(t, " ", FIELD_COMM, FIELD_PID);
	text_field(t, " ", FIELD_SYSCALL);
	text_field(t, " ", FIELD_ERRNO);
	text_field(t, " ", FIELD_SIGNAL);
	if (event_has(t->e, FIELD_COUNT)) {
		text_add(t, ": ");
		text_count(t, t->e->num[FIELD_COUNT]);
		text_add(t, " more");
		if (event_has(t->e, FIELD_FIRST)) {
			text_add(t, " since ");
			text_clock(t, t->e->num[FIELD_FIRST]);
		}
	}
	text_usage(t, event_has(t->e, FIELD_COUNT) ? ", " : ": ");
	text_field(t, "  object ", FIELD_OBJECT);
	add_place(t);
	add_certain(t);
}

/* Who sent the signal, or where it crashed. */
static void add_sender(struct text *t)
{
	text_who(t, " from ", FIELD_BY_COMM, FIELD_BY_PID);
	text_field(t, ", ", FIELD_REQUESTED_BY);
	text_field(t, " in ", FIELD_MAP_OBJECT);
	text_field(t, "+", FIELD_MAP_OFFSET);
	text_field(t, " at address ", FIELD_FAULT_ADDR);
}

static void show_killed(struct text *t)
{
	static const struct {
		enum field f;
		const char *word;
	} parts[] = {{FIELD_RSS_ANON, "anon"},
		     {FIELD_RSS_FILE, "file"},
		     {FIELD_RSS_SHMEM, "shmem"},
		     {FIELD_SWAP, "swap"}};
	const char *between = "; victim had ";

	text_who(t, " ", FIELD_COMM, FIELD_PID);
	text_field(t, " ", FIELD_CAUSE);
	text_field(t, " ", FIELD_SIGNAL);
	add_sender(t);
	text_field(t, " in ", FIELD_MEMCG);
	text_usage(t, ": ");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (event_num(t->e, parts[i].f) <= 0)
			continue;
		text_add(t, between);
		text_bytes(t, t->e->num[parts[i].f]);
		text_f(t, " %s", parts[i].word);
		between = ", ";
	}
	if (event_has(t->e, FIELD_TRIGGER_PID) && event_has(t->e, FIELD_PID) &&
	    t->e->num[FIELD_TRIGGER_PID] == t->e->num[FIELD_PID])
		text_add(t, "; it asked for memory itself");
	else
		text_who(t, "; memory was asked for by ", FIELD_TRIGGER_COMM, FIELD_TRIGGER_PID);
	add_place(t);
	add_certain(t);
}

static void show_counted(struct text *t)
{
	add_all_moved(t, " ");
	add_certain(t);
}

static void show_lost(struct text *t)
{
	text_add(t, event_num(t->e, FIELD_AT_MOST) ? " at most " : " ");
	text_count(t, event_num(t->e, FIELD_LOST));
	text_field(t, " lost at stage ", FIELD_STAGE);
	if (event_has(t->e, FIELD_HOOK)) {
		text_field(t, " (", FIELD_HOOK);
		text_add(t, ")");
	}
	add_span(t);
}

static void show_started(struct text *t)
{
	text_field(t, " failcnt ", FIELD_VERSION);
	text_field(t, " on ", FIELD_HOST);
	text_field(t, ", Linux ", FIELD_KERNEL);
	text_field(t, " ", FIELD_ARCH);
	if (!add_pairs(t, "; hooks: ", FIELD_BACKENDS, true) && event_has(t->e, FIELD_BACKENDS))
		text_add(t, "; no hooks: counters alone");
}

static void show_stopped(struct text *t)
{
	add_pairs(t, " ", FIELD_TOTALS, false);
}

static void show_followup(struct text *t)
{
	text_who(t, " ", FIELD_COMM, FIELD_PID);
	text_usage(t, ": ");
	if (event_has(t->e, FIELD_FREED_MS))
		text_f(t, ": its memory was free %lld ms after the kill",
		       (long long)t->e->num[FIELD_FREED_MS]);
	add_all_moved(t, " ");
	if (t->e->n_moved == 0 && t->e->n_holders > 0)
		text_field(t, " ", FIELD_RESOURCE);
	text_holders(t, t->e->n_moved ? "; held by " : ": held by ");
}

static void show_row(struct text *t)
{
	text_field(t, " ", FIELD_OWNER);
	text_field(t, " ", FIELD_RESOURCE);
	text_usage(t, ": ");
	if (event_has(t->e, FIELD_COUNTED_FAILCNT))
		text_f(t, ", failed %lld", (long long)t->e->num[FIELD_COUNTED_FAILCNT]);
}

static const struct kind {
	const char *word, *color;
	bool resource; /* has a column for it */
	void (*show)(struct text *t);
} kinds[EVENT_KINDS] = {
	[EVENT_STARTED] = {"STARTED", "\033[2m", false, show_started},
	[EVENT_STOPPED] = {"STOPPED", "\033[2m", false, show_stopped},
	[EVENT_REFUSED] = {"REFUSED", "\033[33m", true, show_refused},
	[EVENT_KILLED] = {"KILLED", "\033[1;31m", true, show_killed},
	[EVENT_COUNTED] = {"COUNTED", "\033[36m", true, show_counted},
	[EVENT_LOST] = {"LOST", "\033[1;35m", false, show_lost},
	[EVENT_FOLLOWUP] = {"  (follow-up)", "\033[2m", false, show_followup},
	[EVENT_ROW] = {"ROW", "\033[2m", false, show_row},
};

/* A text of several lines, each indented; the word stands before the first. */
static void add_lines(struct text *t, const char *word, enum field f)
{
	const char *s = event_text(t->e, f);

	for (bool first = true; *s; first = false) {
		size_t n = strcspn(s, "\n");

		text_add(t, "    ");
		text_f(t, "%*s", (int)strlen(word), first ? word : "");
		text_n(t, s, n);
		text_raw(t, "\n");
		s += n + (s[n] == '\n');
	}
}

/* -v: what the first line leaves out, by its key in the contract. */
static void add_details(struct text *t)
{
	static const enum field fields[] = {
		FIELD_TID,           FIELD_VPID,       FIELD_PPID,           FIELD_PARENT_COMM,
		FIELD_UID,           FIELD_EXE,        FIELD_CGROUP,         FIELD_CONTAINER,
		FIELD_NAMESPACE,     FIELD_LIMIT_HARD, FIELD_TRIGGER_CGROUP, FIELD_PGTABLES,
		FIELD_OOM_SCORE_ADJ, FIELD_POINTS,     FIELD_TOTAL_PAGES,    FIELD_ORDER,
		FIELD_GFP_FLAGS,     FIELD_BY_UID,     FIELD_BY_PARENT_COMM, FIELD_BY_CGROUP,
		FIELD_SI_CODE,       FIELD_BACKEND};
	const char *between = "    ";

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!event_has(t->e, fields[i]))
			continue;
		text_f(t, "%s%s ", between, field_defs[fields[i]].key);
		if (field_defs[fields[i]].type == TYPE_STR)
			text_add(t, t->e->str[fields[i]]);
		else
			text_f(t, "%lld", (long long)t->e->num[fields[i]]);
		between = ", ";
	}
	if (between[0] == ',')
		text_raw(t, "\n");
}

size_t sink_text_format(const struct sink_options *o, const struct event *e, char *buf, size_t size)
{
	const struct kind *k = &kinds[(unsigned int)e->kind < EVENT_KINDS ? e->kind : EVENT_NONE];
	struct text t = {.o = o, .e = e, .buf = buf, .size = size - 1};

	if (!k->show)
		return 0;
	if (event_has(e, FIELD_TIME))
		text_clock(&t, e->num[FIELD_TIME]);
	else if (event_has(e, FIELD_UPTIME_US))
		text_f(&t, "[%5lld.%06lld]", (long long)e->num[FIELD_UPTIME_US] / 1000000,
		       (long long)e->num[FIELD_UPTIME_US] % 1000000);
	else
		text_add(&t, "--:--:--.---");
	text_add(&t, " ");
	if (o->color)
		text_raw(&t, k->color);
	text_f(&t, k->resource ? "%-8s" : "%s", k->word);
	if (o->color)
		text_raw(&t, "\033[0m");
	if (k->resource)
		text_f(&t, " %-8.32s", event_has(e, FIELD_RESOURCE) ? e->str[FIELD_RESOURCE] : "-");
	k->show(&t);
	text_raw(&t, "\n");
	add_lines(&t, "", FIELD_SAYS);
	add_lines(&t, "fix: ", FIELD_FIX);
	if (e->kind == EVENT_REFUSED || e->kind == EVENT_KILLED) {
		size_t before = t.len;

		add_all_moved(&t, "    counters: ");
		if (t.len > before)
			text_raw(&t, "\n");
		text_oom(&t);
	}
	if (o->verbose)
		add_details(&t);
	if (t.buf[t.len - 1] != '\n')
		t.buf[t.len++] = '\n'; /* the byte kept back: the text filled the buffer */
	return t.len;
}
