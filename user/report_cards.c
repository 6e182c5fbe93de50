// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_cards.c - the kills, and the limits that were hit: what happened in a
 * sentence, how full it was, what to do.
 */
#include "report_html.h"

/* A cause in the words of somebody who never saw one. */
static const char *cause_words(const char *cause)
{
	static const struct {
		const char *cause, *words;
	} known[] = {
		{"oom-global", "the host was out of memory"},
		{"oom-memcg", "out of memory: the limit of its control group"},
		{"oom-cpuset", "out of memory on its nodes (cpuset)"},
		{"oom-mempolicy", "out of memory on its nodes (memory policy)"},
		{"oom-group", "out of memory: killed with its group"},
		{"oom-sysrq", "the OOM killer, by SysRq"},
		{"signal", "by a signal"},
		{"fault", "by a fault of its own"},
		{"rlimit", "by a limit's signal"},
		{"seccomp", "by a seccomp filter"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (util_streq(known[i].cause, cause))
			return known[i].words;
	return cause;
}

static void who(struct page *p, const struct event *e)
{
	if (event_has(e, FIELD_COMM))
		html_name(p, event_text(e, FIELD_COMM));
	else if (event_has(e, FIELD_PID))
		html_f(p, "process %lld", (long long)event_num(e, FIELD_PID));
	else
		html_name(p, event_has(e, FIELD_OWNER) ? event_text(e, FIELD_OWNER) : "somebody");
}

/* Where the cause alone says little. */
static void which_signal(struct page *p, const struct event *e)
{
	const char *cause = event_text(e, FIELD_CAUSE);

	if (!util_listed("signal fault", cause) || !event_has(e, FIELD_SIGNAL))
		return;
	html_raw(p, " (");
	html_text(p, event_text(e, FIELD_SIGNAL));
	if (event_has(e, FIELD_BY_COMM)) {
		html_raw(p, " from ");
		html_name(p, event_text(e, FIELD_BY_COMM));
	}
	html_raw(p, ")");
}

static void heading(struct page *p, const struct report_card *c)
{
	const struct event *e = c->verdict;

	html_raw(p, "<h3>");
	who(p, e);
	if (c->kill) {
		html_raw(p, ": ");
		html_text(p, event_has(e, FIELD_CAUSE) ? cause_words(event_text(e, FIELD_CAUSE))
						       : "killed");
		which_signal(p, e);
	} else {
		html_raw(p, ": ");
		html_name(p, event_text(e, FIELD_RESOURCE));
		if (event_has(e, FIELD_ERRNO)) {
			html_raw(p, ", ");
			html_text(p, event_text(e, FIELD_ERRNO));
		}
	}
	html_raw(p, "</h3>\n");
}

static void how_often(struct page *p, const struct report_card *c)
{
	const char *between = "";

	html_raw(p, "<p class=\"when\"><b>");
	if (c->killed > 0) {
		html_count(p, c->killed);
		html_raw(p, " killed");
		between = ", ";
	}
	if (c->refused > 0) {
		html_raw(p, between);
		html_count(p, c->refused);
		html_raw(p, " refused");
		between = ", ";
	}
	if (c->counted > 0) {
		html_raw(p, between);
		html_count(p, c->counted);
		html_raw(p, " counted");
	}
	html_raw(p, "</b> ");
	if (c->first <= 0) {
		html_raw(p, "at an unknown time");
	} else {
		html_from_to(p, c->first, c->last);
	}
	if (c->incidents > 1) {
		html_raw(p, ", ");
		html_count(p, c->incidents);
		html_raw(p, " incidents; below is the latest, ");
	} else {
		html_raw(p, ", ");
	}
	html_f(p, "incident %lld</p>\n", (long long)c->id);
}

static bool has_fullness(const struct event *e)
{
	return event_has(e, FIELD_HELD) && event_has(e, FIELD_LIMIT) &&
	       event_num(e, FIELD_HELD) >= 0;
}

/* How full it was. Without a limit there is nothing to compare. */
static void fullness(struct page *p, const struct event *e, bool bar)
{
	const char *measure = event_text(e, FIELD_MEASURE);
	uint64_t held = (uint64_t)event_num(e, FIELD_HELD);
	uint64_t limit = (uint64_t)event_num(e, FIELD_LIMIT);

	if (!has_fullness(e))
		return;
	html_raw(p, "<p class=\"full\">");
	if (util_streq(measure, "bytes"))
		html_bytes(p, held);
	else
		html_count(p, held);
	html_raw(p, " of ");
	html_amount(p, limit, measure);
	if (event_num(e, FIELD_ASKED) > 1) {
		html_raw(p, ", and ");
		html_amount(p, (uint64_t)event_num(e, FIELD_ASKED), measure);
		html_raw(p, " more were asked for");
	}
	if (event_has(e, FIELD_LIMIT_NAME)) {
		html_raw(p, " <span class=\"dim\">");
		html_name(p, event_text(e, FIELD_LIMIT_NAME));
		html_raw(p, "</span>");
	}
	html_raw(p, "</p>");
	if (bar)
		report_bar(p, held, limit, e->kind == EVENT_KILLED ? "kill" : "ref");
}

static void remedy(struct page *p, const struct event *e)
{
	if (!event_has(e, FIELD_FIX))
		return;
	html_raw(p, "<h4>What helps</h4>\n<pre tabindex=\"0\"><code>");
	html_lines(p, event_text(e, FIELD_FIX));
	html_raw(p, "</code></pre>\n");
}

static void verdict(struct page *p, const struct event *e)
{
	html_raw(p, "<p class=\"says\">");
	if (event_has(e, FIELD_SAYS))
		html_lines(p, event_text(e, FIELD_SAYS));
	else
		html_raw(p, "No more is known of it.");
	html_raw(p, "</p>\n");
	if (event_has(e, FIELD_CERTAIN) && !event_num(e, FIELD_CERTAIN))
		html_raw(p, "<p class=\"dim\">Inferred from what else is known: the cause itself "
			    "was not seen.</p>\n");
}

/* What stood before it in the same incident; alone it would say the sentence above again. */
static void trail(struct page *p, const struct report_card *c)
{
	if (c->n_trail < 2)
		return;
	html_f(p, "<h4>%s</h4>\n<ul class=\"trail\">",
	       c->partial ? "At the end of this incident" : "In this incident");
	for (unsigned int i = 0; i < c->n_trail; i++) {
		const struct report_trail *t = &c->trail[i];

		html_raw(p, "<li><b>");
		html_count(p, t->count);
		html_f(p, "</b> %s: ", event_kind_name(t->kind));
		if (t->comm[0]) {
			html_name(p, t->comm);
			html_raw(p, ", ");
		}
		html_name(p, t->resource[0] ? t->resource : t->what);
		if (t->what[0] && t->resource[0]) {
			html_raw(p, " ");
			html_text(p, t->what);
		}
		html_raw(p, " <span class=\"dim\">");
		html_clock(p, t->first, HTML_SECONDS);
		if (t->last - t->first >= 1000000000) {
			html_raw(p, " to ");
			html_clock(p, t->last, HTML_SECONDS);
		}
		html_raw(p, "</span></li>");
	}
	if (c->trail_left_out > 0) {
		html_raw(p, "<li>and ");
		html_times(p, c->trail_left_out, "event of another kind", "events of other kinds");
		html_raw(p, "</li>");
	}
	html_raw(p, "</ul>\n");
}

static void card(struct page *p, const struct report_card *c)
{
	if (!c->verdict)
		return;
	html_f(p, "<article class=\"card %s\">\n", c->kill ? "killed" : "refused");
	heading(p, c);
	how_often(p, c);
	verdict(p, c->verdict);
	if (!has_fullness(c->verdict) && !c->chart.resource[0] && c->n_trail < 2) {
		remedy(p, c->verdict);
		report_evidence(p, c);
		html_raw(p, "</article>\n");
		return;
	}
	html_raw(p, "<div class=\"two\"><div>\n");
	fullness(p, c->verdict, !c->chart.resource[0]);
	report_usage(p, c);
	trail(p, c);
	html_raw(p, "</div><div>\n");
	remedy(p, c->verdict);
	html_raw(p, "</div></div>\n");
	report_evidence(p, c);
	html_raw(p, "</article>\n");
}

static void more(struct page *p, uint64_t n, const char *one, const char *many, const char *list)
{
	if (n == 0)
		return;
	html_raw(p, "<p class=\"dim\">And ");
	html_times(p, n, one, many);
	html_f(p, " that %s not shown here: <code>%s</code> lists all.</p>\n",
	       n == 1 ? "is" : "are", list);
}

void report_cards(struct page *p)
{
	const struct report *r = p->r;

	if (r->n_kills > 0) {
		html_raw(p, "<section><h2>Who was killed</h2>\n");
		for (unsigned int i = 0; i < r->n_kills; i++)
			card(p, &r->kills[i]);
		more(p, r->kills_left_out, "earlier kind of kill", "earlier kinds of kills",
		     "failcnt list -k");
		html_raw(p, "</section>\n");
	}
	if (r->n_refusals > 0) {
		html_raw(p, "<section><h2>Which limits were hit</h2>\n");
		for (unsigned int i = 0; i < r->n_refusals; i++)
			card(p, &r->refusals[i]);
		more(p, r->refusals_left_out, "rarer kind of refusal", "rarer kinds of refusals",
		     "failcnt list");
		html_raw(p, "</section>\n");
	}
}
