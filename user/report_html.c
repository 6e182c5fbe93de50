// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_html.c - the page as a whole: its head, the sentence that says it all,
 * its sections in the order in which somebody asks.
 */
#include "report_html.h"

static void head(struct page *p)
{
	html_raw(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src '");
	html_raw(p, report_style_hash);
	html_raw(p, "'; base-uri 'none'; form-action 'none'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"referrer\" content=\"no-referrer\">\n"
		    "<meta name=\"generator\" content=\"failcnt " FAILCNT_VERSION "\">\n"
		    "<title>failcnt report");
	if (p->r->host[0]) {
		html_raw(p, " of ");
		html_text(p, p->r->host);
	}
	html_raw(p, "</title>\n<style>");
	html_raw(p, report_style);
	html_raw(p, "</style>\n</head>\n");
}

static void one_sentence(struct page *p)
{
	const struct report *r = p->r;

	html_raw(p, "<h1>");
	if (r->killed + r->refused + r->counted == 0)
		html_raw(p, "Nothing was refused and nobody was killed");
	if (r->killed > 0) {
		html_times(p, r->killed, "process", "processes");
		html_f(p, " %s killed%s", r->killed == 1 ? "was" : "were",
		       r->refused > 0 ? ", and " : "");
	}
	if (r->refused > 0) {
		html_times(p, r->refused, "request", "requests");
		html_f(p, " %s refused", r->refused == 1 ? "was" : "were");
	}
	if (r->killed + r->refused == 0 && r->counted > 0) {
		html_raw(p, "Failure counters moved, but nobody was seen to be refused");
	}
	html_raw(p, "</h1>\n");
}

static void time_and_host(struct page *p)
{
	const struct report *r = p->r;
	unsigned int parts = HTML_YEAR | (r->until - r->since < 600000000000 ? HTML_SECONDS : 0);

	html_raw(p, "<p>From ");
	html_clock(p, r->since, parts);
	html_raw(p, " to ");
	html_clock(p, r->until, parts);
	html_raw(p, " (");
	html_span(p, r->until - r->since);
	html_f(p, "%s)", p->look->utc ? ", UTC" : "");
	if (r->host[0]) {
		html_raw(p, ", on <b>");
		html_name(p, r->host);
		html_raw(p, "</b>");
	}
	html_raw(p, ".");
	if (r->asked_since)
		html_raw(p, " The recording begins only then.");
	if (r->untimed > 0) {
		html_raw(p, " The recording does not tell when ");
		html_count(p, r->untimed);
		html_raw(p, " of it happened.");
	}
	if (p->look->filter) {
		html_raw(p, " Only what matches <code>");
		html_text(p, p->look->filter);
		html_raw(p, "</code>.");
	}
}

static const struct report_lane *most_refused(const struct report *r, const bool *told)
{
	const struct report_lane *most = NULL;

	for (unsigned int i = 0; i < r->n_lanes - (r->lanes_left_out > 0); i++)
		if (!told[i] && r->lanes[i].refused > (most ? most->refused : 0))
			most = &r->lanes[i];
	return most;
}

static void how_many(struct page *p, const char *before, uint64_t n, const char *name)
{
	html_raw(p, before);
	html_count(p, n);
	html_raw(p, " × ");
	html_name(p, name);
}

/* The three that matter most of each. */
static void of_what(struct page *p)
{
	const struct report *r = p->r;
	bool told[REPORT_LANES + 1] = {};
	const struct report_lane *l;
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->n_lanes - (r->lanes_left_out > 0) && n < 3; i++)
		if (r->lanes[i].killed > 0)
			how_many(p, n++ == 0 ? " Killed: " : ", ", r->lanes[i].killed,
				 r->lanes[i].name);
	html_raw(p, n > 0 ? "." : "");
	for (n = 0; n < 3 && (l = most_refused(r, told)); n++) {
		told[l - r->lanes] = true;
		how_many(p, n == 0 ? " Refused most: " : ", ", l->refused, l->name);
	}
	html_raw(p, n > 0 ? "." : "");
	if (r->counted > 0) {
		html_raw(p, " ");
		html_times(p, r->counted, "time", "times");
		html_raw(p, " a failure counter of the kernel moved, with nobody named.");
	}
	html_raw(p, "</p>\n");
}

static void how_sure(struct page *p)
{
	const struct report *r = p->r;
	bool sure = r->gaps_all == 0 && r->lost == 0 && !r->watch_unknown;

	html_f(p, "<p class=\"note %s\">", sure ? "good" : "bad");
	if (sure) {
		html_raw(p, "Recorded all the time, without a loss.");
	} else {
		html_raw(p, "There may have been more: ");
		if (r->watch_unknown)
			html_raw(p, "whether somebody watched all the time is not known");
		if (r->gaps_all > 0) {
			html_raw(p, "nobody watched for ");
			html_span(p, r->unwatched);
			html_f(p, " (%.0f&nbsp;%%)",
			       100.0 * (double)r->unwatched / (double)(r->until - r->since));
		}
		if (r->lost > 0) {
			html_raw(p, r->gaps_all > 0 || r->watch_unknown ? ", and " : "");
			html_raw(p, r->lost_at_most ? "at most " : "");
			html_times(p, r->lost, "event was lost", "events were lost");
		}
		html_raw(p, ".");
	}
	html_raw(p, "</p>\n");
}

/* As it is typed into a shell: a name with anything else than these in it is quoted. */
static void command(struct page *p, const char *words)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./:+,@%";
	const char *name = p->look->store;
	char part[4096];
	bool quoted;

	html_f(p, "<code>failcnt %s", words);
	if (p->look->from && name) {
		quoted = !name[0] || name[strspn(name, plain)];
		html_f(p, " %s %s", p->look->from, quoted ? "'" : "");
		for (size_t n; *name; name += n) {
			n = strcspn(name, "'");
			snprintf(part, sizeof(part), "%.*s", (int)n, name);
			html_name(p, part);
			if (name[n] && ++n)
				html_raw(p, "'\\''");
		}
		html_raw(p, quoted ? "'" : "");
	}
	html_raw(p, "</code>");
}

static void foot(struct page *p)
{
	const struct report *r = p->r;

	html_raw(p, "<footer><p>Made by failcnt " FAILCNT_VERSION " on ");
	html_clock(p, p->look->now, HTML_YEAR);
	if (p->look->store) {
		html_raw(p, " from ");
		html_name(p, p->look->store);
	}
	if (r->kernel[0]) {
		html_raw(p, "; recorded on Linux ");
		html_name(p, r->kernel);
		html_raw(p, " by failcnt ");
		html_name(p, r->recorder);
	}
	html_raw(p, ". ");
	command(p, "info id=NUMBER");
	html_raw(p, " tells everything of an incident, ");
	command(p, "list");
	html_raw(p, " lists them all.</p></footer>\n");
}

int report_html(FILE *f, const struct report *r, const struct report_look *look)
{
	struct page p = {.f = f, .look = look, .r = r};

	head(&p);
	html_raw(&p, "<body>\n<header>\n<p class=\"brand\">failcnt report</p>\n");
	one_sentence(&p);
	time_and_host(&p);
	of_what(&p);
	how_sure(&p);
	/* Drawings refer to it by its name. */
	html_raw(&p, "</header>\n<svg class=\"defs\" aria-hidden=\"true\"><defs><pattern "
		     "id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
		     "patternTransform=\"rotate(45)\"><rect class=\"hatch\" width=\"2\" "
		     "height=\"6\"/></pattern></defs></svg>\n<main>\n");
	if (r->n_lanes > 0 || r->gaps_all > 0)
		report_timeline(&p);
	report_cards(&p);
	report_tables(&p);
	html_raw(&p, "</main>\n");
	foot(&p);
	html_raw(&p, "</body>\n</html>\n");
	errno = 0;
	if (fflush(f) != 0 || ferror(f))
		return errno ? -errno : -EIO;
	return 0;
}
