// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_tables.c - where most was refused, and what the report does not know:
 * gaps, losses, what was dropped to keep the store small.
 */
#include "report_html.h"

static void top(struct page *p, const struct report_tops *t, const char *caption, const char *what)
{
	uint64_t most = 1;
	bool kills = false;

	if (t->n == 0)
		return;
	for (unsigned int i = 0; i < t->n; i++) {
		most = t->row[i].refused > most ? t->row[i].refused : most;
		kills = kills || t->row[i].killed > 0;
	}
	html_f(p,
	       "<table><caption>%s</caption>\n<thead><tr><th scope=\"col\">%s</th><th "
	       "scope=\"col\" class=\"num\">refused</th>",
	       caption, what);
	html_raw(p, kills ? "<th scope=\"col\" class=\"num\">killed</th>" : "");
	html_raw(p, "<th class=\"wide\" aria-hidden=\"true\"></th></tr></thead>\n<tbody>");
	for (unsigned int i = 0; i < t->n; i++) {
		html_raw(p, "<tr><th scope=\"row\">");
		html_name(p, t->row[i].name);
		html_raw(p, "</th><td class=\"num\">");
		html_count(p, t->row[i].refused);
		html_raw(p, "</td>");
		if (kills) {
			html_raw(p, "<td class=\"num\">");
			html_count(p, t->row[i].killed);
			html_raw(p, "</td>");
		}
		html_raw(p, "<td class=\"wide\">");
		report_bar(p, t->row[i].refused, most, "ref");
		html_raw(p, "</td></tr>\n");
	}
	html_raw(p, "</tbody></table>\n");
	if (t->left_out > 0) {
		html_raw(p, "<p class=\"dim\">and ");
		html_count(p, t->left_out);
		html_raw(p, " more, together ");
		html_count(p, t->left_refused);
		html_raw(p, " refused, ");
		html_count(p, t->left_killed);
		html_raw(p, " killed</p>\n");
	}
}

static void gaps(struct page *p)
{
	const struct report *r = p->r;

	if (r->n_gaps == 0)
		return;
	html_raw(p,
		 "<table><caption>Nobody watched</caption>\n<thead><tr><th scope=\"col\">from, to"
		 "</th><th scope=\"col\" class=\"num\">for</th><th scope=\"col\">why</th></tr>"
		 "</thead>\n<tbody>");
	for (unsigned int i = 0; i < r->n_gaps; i++) {
		html_raw(p, "<tr><th scope=\"row\">");
		html_from_to(p, r->gaps[i].from, r->gaps[i].to);
		html_raw(p, "</th><td class=\"num\">");
		html_span(p, r->gaps[i].to - r->gaps[i].from);
		html_f(p, "</td><td>%s</td></tr>\n", r->gaps[i].why);
	}
	html_raw(p, "</tbody></table>\n");
	if (r->gaps_all > r->n_gaps) {
		html_raw(p, "<p class=\"dim\">and ");
		html_times(p, r->gaps_all - r->n_gaps, "shorter time", "shorter times");
		html_raw(p, "</p>\n");
	}
}

static const char *stage_words(const char *stage)
{
	static const struct {
		const char *stage, *words;
	} known[] = {
		{"hook", "the kernel did not run the program"},
		{"ringbuf", "the buffer out of the kernel was full"},
		{"fold", "too many different ones at once"},
		{"decode", "a record could not be read"},
		{"store", "the store could not be written"},
		{"sink", "an output could not be written"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (util_streq(known[i].stage, stage))
			return known[i].words;
	return stage;
}

static void losses(struct page *p)
{
	const struct report *r = p->r;

	if (r->n_stages == 0)
		return;
	html_raw(p, "<table><caption>Events lost</caption>\n<thead><tr><th scope=\"col\">why</th>"
		    "<th scope=\"col\" class=\"num\">how many</th></tr></thead>\n<tbody>");
	for (unsigned int i = 0; i < r->n_stages; i++) {
		html_raw(p, "<tr><th scope=\"row\">");
		html_text(p, stage_words(r->stages[i].stage));
		if (r->stages[i].hook[0]) {
			html_raw(p, " <span class=\"dim\">");
			html_name(p, r->stages[i].hook);
			html_raw(p, "</span>");
		}
		html_raw(p, "</th><td class=\"num\">");
		html_raw(p, r->stages[i].at_most ? "at most " : "");
		html_count(p, r->stages[i].lost);
		html_raw(p, "</td></tr>\n");
	}
	html_raw(p, "</tbody></table>\n");
}

static void drops(struct page *p)
{
	const struct report *r = p->r;

	if (r->n_drops == 0)
		return;
	html_raw(p, "<table><caption>Dropped to keep the store within its limits</caption>\n<thead>"
		    "<tr><th scope=\"col\">when</th><th scope=\"col\">because of</th><th "
		    "scope=\"col\">all before</th><th scope=\"col\" class=\"num\">events</th></tr>"
		    "</thead>\n<tbody>");
	for (unsigned int i = 0; i < r->n_drops; i++) {
		html_raw(p, "<tr><th scope=\"row\">");
		html_clock(p, r->drops[i].time, HTML_DAY);
		html_raw(p, "</th><td>");
		html_text(p, r->drops[i].why ? r->drops[i].why : "");
		html_raw(p, "</td><td>");
		html_clock(p, r->drops[i].until, HTML_DAY);
		html_raw(p, "</td><td class=\"num\">");
		html_count(p, r->drops[i].events);
		html_raw(p, "</td></tr>\n");
	}
	html_raw(p, "</tbody></table>\n");
	if (r->drops_all > r->n_drops) {
		html_raw(p, "<p class=\"dim\">and ");
		html_times(p, r->drops_all - r->n_drops, "earlier time", "earlier times");
		html_raw(p, "; ");
		html_times(p, r->dropped_events, "event", "events");
		html_raw(p, " in all</p>\n");
	}
}

void report_tables(struct page *p)
{
	const struct report *r = p->r;

	if (r->cgroups.n + r->programs.n > 0) {
		html_raw(p,
			 "<section><h2>Where most was refused</h2>\n<div class=\"tables\"><div>");
		top(p, &r->cgroups, "Control groups", "control group");
		html_raw(p, "</div><div>");
		top(p, &r->programs, "Programs", "program");
		html_raw(p, "</div></div></section>\n");
	}
	html_raw(p, "<section><h2>What is not in here</h2>\n");
	if (r->watch_unknown)
		html_raw(p, "<p>This recording does not tell whether somebody watched all the "
			    "time.</p>\n");
	else if (r->n_gaps + r->n_stages + r->n_drops == 0)
		html_raw(p,
			 "<p>Nothing is missing: it was recorded all the time, no event was lost, "
			 "and none of that time was dropped since.</p>\n");
	html_raw(p, "<div class=\"tables\"><div>");
	gaps(p);
	html_raw(p, "</div><div>");
	losses(p);
	drops(p);
	html_raw(p, "</div></div></section>\n");
}
