// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_evidence.c - what the verdict rests on: the victim's memory, who held
 * the resource, which counters moved, and every other field of the event, by
 * its name in the contract.
 */
#include "counter.h"
#include "report_html.h"

static void memory_row(struct page *p, const char *name, uint64_t n, uint64_t most)
{
	html_f(p, "<tr><th scope=\"row\">%s</th><td class=\"num\">", name);
	html_bytes(p, n);
	html_raw(p, "</td><td class=\"wide\">");
	report_bar(p, n, most, "use");
	html_raw(p, "</td></tr>\n");
}

/* Of an OOM kill: what its memory was. */
static void memory(struct page *p, const struct event *e)
{
	static const struct {
		enum field f;
		const char *name;
	} parts[] = {{FIELD_RSS_ANON, "anonymous"},
		     {FIELD_RSS_FILE, "files"},
		     {FIELD_RSS_SHMEM, "shared"},
		     {FIELD_SWAP, "swap"},
		     {FIELD_PGTABLES, "page tables"}};
	int64_t most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (event_num(e, parts[i].f) > most)
			most = event_num(e, parts[i].f);
	if (most == 0)
		return;
	html_raw(p, "<table><caption>Memory of the victim</caption>\n");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (event_has(e, parts[i].f) && event_num(e, parts[i].f) >= 0)
			memory_row(p, parts[i].name, (uint64_t)event_num(e, parts[i].f),
				   (uint64_t)most);
	html_raw(p, "</table>\n");
}

/* What the memory of the cgroup, or of the host, was. */
static void pairs(struct page *p, const struct event *e, enum field f, const char *title)
{
	int64_t most = 1;

	if (!event_has(e, f))
		return;
	for (unsigned int i = 0; i < e->n_pairs; i++)
		if (e->pairs[i].field == f && e->pairs[i].value > most)
			most = e->pairs[i].value;
	html_f(p, "<table><caption>%s</caption>\n", title);
	for (unsigned int i = 0; i < e->n_pairs; i++)
		if (e->pairs[i].field == f && e->pairs[i].value >= 0)
			memory_row(p, e->pairs[i].key, (uint64_t)e->pairs[i].value, (uint64_t)most);
	html_raw(p, "</table>\n");
}

static void candidate(struct page *p, const struct event_candidate *c, bool weighed, bool victim)
{
	html_raw(p, "<tr><th scope=\"row\">");
	html_name(p, c->comm ? c->comm : "");
	html_f(p, " pid %lld%s</th><td class=\"num\">", (long long)c->pid,
	       victim ? " <span class=\"dim\">killed</span>" : "");
	if (!weighed)
		html_raw(p, "exempt");
	else if (c->points != INT64_MIN)
		html_f(p, "%lld", (long long)c->points);
	html_raw(p, "</td><td class=\"num\">");
	if (c->held >= 0)
		html_bytes(p, (uint64_t)c->held);
	html_raw(p, "</td><td class=\"num\">");
	if (weighed)
		html_f(p, "%lld", (long long)c->score_adj);
	html_raw(p, "</td></tr>\n");
}

static void ballot(struct page *p, const struct event *e)
{
	int64_t more = event_num(e, FIELD_CANDIDATES_TOTAL) - (int64_t)e->candidates.n +
		       event_num(e, FIELD_EXEMPTED_TOTAL) - (int64_t)e->exempted.n;

	if (!event_has(e, FIELD_CANDIDATES) && !event_has(e, FIELD_EXEMPTED))
		return;
	html_raw(p, "<table><caption>Whom the OOM killer weighed</caption>\n<thead><tr>"
		    "<th scope=\"col\">process</th><th scope=\"col\" class=\"num\">points</th>"
		    "<th scope=\"col\" class=\"num\">held</th>"
		    "<th scope=\"col\" class=\"num\">oom_score_adj</th></tr></thead>\n");
	for (unsigned int i = 0; i < e->candidates.n; i++)
		candidate(p, &e->candidates.c[i], true,
			  event_has(e, FIELD_PID) &&
				  e->candidates.c[i].pid == event_num(e, FIELD_PID));
	for (unsigned int i = 0; i < e->exempted.n; i++)
		candidate(p, &e->exempted.c[i], false, false);
	html_raw(p, "</table>\n");
	if (more > 0)
		html_f(p, "<p class=\"dim\">and %lld more</p>\n", (long long)more);
}

static void holder_who(struct page *p, const struct event_holder *h)
{
	if (h->comm && *h->comm)
		html_name(p, h->comm);
	if (h->have & HOLDER_PID)
		html_f(p, " pid %lld", (long long)h->pid);
	else if (h->have & HOLDER_UID)
		html_f(p, " uid %lld", (long long)h->uid);
	if (h->cgroup && *h->cgroup) {
		html_raw(p, " ");
		html_name(p, h->cgroup);
	}
	if (h->object && *h->object) {
		html_raw(p, " <span class=\"dim\">");
		html_name(p, h->object);
		html_raw(p, "</span>");
	}
	if (h->have & HOLDER_LAST_PID)
		html_f(p, " last used by pid %lld", (long long)h->last_pid);
	if (h->have & HOLDER_DEAD && h->dead)
		html_raw(p, " (its users are gone)");
}

static void holders(struct page *p, const struct event *e, const char *measure)
{
	int64_t most = 1, total = event_num(e, FIELD_HOLDERS_TOTAL);

	if (e->n_holders == 0)
		return;
	for (unsigned int i = 0; i < e->n_holders; i++)
		if (e->holders[i].have & HOLDER_HELD && e->holders[i].held > most)
			most = e->holders[i].held;
	html_raw(p, "<table><caption>Who held it</caption>\n");
	for (unsigned int i = 0; i < e->n_holders; i++) {
		const struct event_holder *h = &e->holders[i];
		bool kind = h->kind && *h->kind;

		html_raw(p, "<tr><th scope=\"row\">");
		holder_who(p, h);
		if (kind) {
			html_raw(p, " <span class=\"dim\">");
			html_name(p, h->kind);
			html_raw(p, "</span>");
		}
		html_raw(p, "</th><td class=\"num\">");
		if (h->have & HOLDER_HELD && h->held >= 0)
			html_amount(p, (uint64_t)h->held, kind ? "" : measure);
		html_raw(p, "</td><td class=\"wide\">");
		if (h->have & HOLDER_HELD && h->held >= 0)
			report_bar(p, (uint64_t)h->held, (uint64_t)most, "use");
		html_raw(p, "</td></tr>\n");
	}
	html_raw(p, "</table>\n");
	if (total > (int64_t)e->n_holders)
		html_f(p, "<p class=\"dim\">and %lld more</p>\n",
		       (long long)(total - (int64_t)e->n_holders));
}

static void moved(struct page *p, const struct event *e)
{
	if (e->n_moved == 0)
		return;
	html_raw(p, "<table><caption>Failure counters that moved</caption>\n");
	for (unsigned int i = 0; i < e->n_moved; i++) {
		const struct event_moved *m = &e->moved[i];

		html_raw(p, "<tr><th scope=\"row\">");
		html_name(p, m->resource && *m->resource ? m->resource : "?");
		html_raw(p, " <span class=\"dim block\">");
		html_name(p, m->owner ? m->owner : "");
		html_raw(p, "</span></th><td class=\"num\">");
		if (m->delta == 0 && m->before)
			; /* before it alone */
		else if (m->delta != EVENT_DELTA_UNKNOWN)
			html_f(p, "+%lld", (long long)m->delta);
		else if (m->have & COUNTER_FAILCNT)
			html_f(p, "%llu in all", (unsigned long long)m->failcnt);
		if (m->before)
			html_f(p, "%s+%llu before", m->delta ? ", " : "",
			       (unsigned long long)m->before);
		html_f(p, "</td><td>%s</td></tr>\n", relation_name(m->relation));
	}
	html_raw(p, "</table>\n");
}

static bool is_bytes(const struct event *e, enum field f)
{
	switch (f) {
	case FIELD_RSS_ANON:
	case FIELD_RSS_FILE:
	case FIELD_RSS_SHMEM:
	case FIELD_SWAP:
	case FIELD_PGTABLES:
	case FIELD_RSS:
		return true;
	case FIELD_HELD:
	case FIELD_LIMIT:
	case FIELD_LIMIT_HARD:
	case FIELD_ASKED:
		return util_streq(event_text(e, FIELD_MEASURE), "bytes");
	default:
		return false;
	}
}

static void value(struct page *p, const struct event *e, enum field f)
{
	int64_t n = event_num(e, f);

	switch (field_defs[f].type) {
	case TYPE_STR:
		html_name(p, event_text(e, f));
		break;
	case TYPE_BOOL:
		html_raw(p, n ? "yes" : "no");
		break;
	case TYPE_TIME:
		html_time(p, n);
		break;
	default:
		html_f(p, "%lld", (long long)n);
		if (n >= 1024 && is_bytes(e, f)) {
			html_raw(p, " (");
			html_bytes(p, (uint64_t)n);
			html_raw(p, ")");
		}
	}
}

static bool is_told(enum field f)
{
	return f == FIELD_SCHEMA || f == FIELD_EVENT || f == FIELD_SAYS || f == FIELD_FIX ||
	       field_defs[f].type == TYPE_ARRAY || field_defs[f].type == TYPE_OBJECT;
}

static void all_fields(struct page *p, const struct event *e)
{
	html_raw(p, "<dl>\n");
	for (int f = 0; f < FIELDS; f++) {
		if (is_told(f) || !event_has(e, f))
			continue;
		html_f(p, "<div><dt>%s</dt><dd>", field_defs[f].key);
		value(p, e, f);
		html_raw(p, "</dd></div>\n");
	}
	html_raw(p, "</dl>\n");
}

void report_evidence(struct page *p, const struct report_card *c)
{
	const struct event *e = c->verdict;
	const struct event *h = e->n_holders == 0 && c->found ? c->found : e;
	const struct event *m = e->n_moved == 0 && c->found ? c->found : e;

	html_raw(p, "<div class=\"tables\">\n");
	memory(p, e);
	pairs(p, e, FIELD_MEMORY, "Memory of the cgroup");
	pairs(p, e, FIELD_HOST_MEMORY,
	      event_num(e, FIELD_HOST_MEMORY_LATER) ? "Memory of the host, a moment later"
						    : "Memory of the host");
	ballot(p, e);
	holders(p, h, event_text(e, FIELD_MEASURE));
	moved(p, m);
	html_raw(p, "</div>\n<details><summary>All that is known of it</summary>\n");
	all_fields(p, e);
	html_raw(p, "</details>\n");
}
