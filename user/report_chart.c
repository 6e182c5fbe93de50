// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_chart.c - usage against its limit: a curve over the time around an
 * incident, and bars of a part in a whole.
 *
 * The curve is stretched to the width that there is, the words beside it are
 * not: they stand in the outer drawing.
 */
#include "report_html.h"

#define PLOT 90 /* height of the curve; the times stand below */

static uint64_t chart_top(const struct report_chart *c)
{
	uint64_t most = 1;

	for (unsigned int i = 0; i < REPORT_COLUMNS; i++) {
		if (c->has[i] && c->held[i] > most)
			most = c->held[i];
		if (c->has[i] && c->limited[i] && c->limit[i] > most)
			most = c->limit[i];
	}
	return most;
}

/* 0 at the top; there is room for a line of text above the highest. */
static double height_of(uint64_t v, uint64_t top)
{
	return 100.0 - 78.0 * (double)v / (double)top;
}

/* A step for each change. Returns where it ended; -1: there was nothing. */
static double steps(struct page *p, const struct report_chart *c, uint64_t top, bool limit,
		    double *ret_first)
{
	double last = -1;

	for (unsigned int i = 0; i < REPORT_COLUMNS; i++) {
		uint64_t v = limit ? c->limit[i] : c->held[i];
		double y;

		if (!c->has[i] || (limit && !c->limited[i]))
			continue;
		y = height_of(v, top);
		if (last < 0) {
			*ret_first = i;
			html_f(p, "M%u %.1f", i, y);
		} else if (y != last) {
			html_f(p, "H%uV%.1f", i, y);
		}
		last = y;
	}
	if (last >= 0)
		html_f(p, "H%d", REPORT_COLUMNS);
	return last;
}

/* A short line for each. */
static void dashes(struct page *p, const struct report_chart *c, uint64_t top, bool limit)
{
	for (unsigned int i = 0; i < REPORT_COLUMNS; i++)
		if (c->has[i])
			html_f(p, "M%u %.1fh1", i,
			       height_of(limit ? c->limit[i] : c->held[i], top));
}

static void points(struct page *p, const struct report_chart *c, uint64_t top)
{
	html_f(p,
	       "<svg y=\"0\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d 100\" "
	       "preserveAspectRatio=\"none\"><path class=\"limit\" d=\"",
	       PLOT, REPORT_COLUMNS);
	dashes(p, c, top, true);
	html_raw(p, "\"/><path class=\"held\" d=\"");
	dashes(p, c, top, false);
	html_raw(p, "\"/></svg>");
}

static void curve(struct page *p, const struct report_chart *c, uint64_t top)
{
	double first = 0;

	html_f(p,
	       "<svg y=\"0\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d 100\" "
	       "preserveAspectRatio=\"none\"><path class=\"area\" d=\"",
	       PLOT, REPORT_COLUMNS);
	if (steps(p, c, top, false, &first) >= 0)
		html_f(p, "V100H%.0fz", first);
	html_raw(p, "\"/><path class=\"held\" d=\"");
	steps(p, c, top, false, &first);
	html_raw(p, "\"/><path class=\"limit\" d=\"");
	steps(p, c, top, true, &first);
	html_raw(p, "\"/></svg>");
}

static double across(const struct report_chart *c, int64_t time)
{
	double x = 100.0 * (double)(time - c->from) / (double)(c->to - c->from);

	return x < 0 ? 0 : x > 100 ? 100 : x;
}

/* When the incident was: its beginning to its end, behind the curve. */
static void during(struct page *p, const struct report_card *card)
{
	double from = across(&card->chart, card->id_first),
	       to = across(&card->chart, card->id_last);

	if (to - from > 0.5)
		html_f(p, "<rect class=\"during\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"%d\"/>",
		       from, to - from, PLOT);
}

/* The moment of the verdict, before it. */
static void moment(struct page *p, const struct report_card *card)
{
	double at = across(&card->chart, card->id_last);

	if (card->verdict && event_has(card->verdict, FIELD_TIME))
		at = across(&card->chart, event_num(card->verdict, FIELD_TIME));
	html_f(p,
	       "<svg class=\"mark\" x=\"%.2f%%\"><rect class=\"%s\" x=\"-1\" width=\"2\" "
	       "height=\"%d\"/></svg>",
	       at < 0.3    ? 0.3
	       : at > 99.7 ? 99.7
			   : at,
	       card->kill ? "kill" : "ref", PLOT);
}

static bool last_limit(const struct report_chart *c, uint64_t *ret)
{
	for (unsigned int i = REPORT_COLUMNS; i > 0; i--)
		if (c->has[i - 1])
			return c->limited[i - 1] ? (*ret = c->limit[i - 1], true) : false;
	return false;
}

static void words(struct page *p, const struct report_card *card, uint64_t top, bool limited,
		  uint64_t limit)
{
	const struct report_chart *c = &card->chart;

	if (limited) {
		html_f(p, "<text class=\"halo\" x=\"2\" y=\"%.1f\">limit ",
		       height_of(limit, top) * PLOT / 100 - 5);
		html_amount(p, limit, c->unit);
		html_raw(p, "</text>");
	}
	html_f(p, "<text x=\"0\" y=\"%d\">", PLOT + 14);
	html_clock(p, c->from, 0);
	html_f(p, "</text><text class=\"end\" x=\"100%%\" y=\"%d\">", PLOT + 14);
	html_clock(p, c->to, 0);
	html_raw(p, "</text>");
}

static void caption(struct page *p, const struct report_card *card, bool limited, uint64_t limit)
{
	const struct report_chart *c = &card->chart;
	uint64_t most = 0;

	for (unsigned int i = 0; i < REPORT_COLUMNS; i++)
		most = c->has[i] && c->held[i] > most ? c->held[i] : most;
	html_raw(p, "<figcaption>Usage: <b>");
	html_name(p, c->resource);
	html_raw(p, "</b> of ");
	html_name(p, c->owner);
	html_raw(p, ", at most ");
	html_amount(p, most, c->unit);
	if (limited) {
		html_raw(p, "; limit (dashed) ");
		html_amount(p, limit, c->unit);
	} else {
		html_raw(p, "; no limit");
	}
	html_f(p, "%s. The upright line is the moment of %s.</figcaption>",
	       c->points ? ", as its refusals told" : "",
	       card->kill      ? "the kill"
	       : card->refused ? "the refusal"
			       : "its report");
}

void report_usage(struct page *p, const struct report_card *card)
{
	const struct report_chart *c = &card->chart;
	uint64_t top = chart_top(c), limit = 0;
	bool limited;

	if (!c->resource[0])
		return;
	limited = last_limit(c, &limit);
	html_raw(p,
		 "<figure class=\"usage\"><svg class=\"plot\" role=\"img\" aria-label=\"Usage of ");
	html_text(p, c->resource);
	html_raw(p, " from ");
	html_from_to(p, c->from, c->to);
	html_raw(p, "\">");
	during(p, card);
	c->points ? points(p, c, top) : curve(p, c, top);
	moment(p, card);
	html_f(p, "<rect class=\"grid\" y=\"%d\" width=\"100%%\" height=\"1\"/>", PLOT);
	words(p, card, top, limited, limit);
	html_raw(p, "</svg>");
	caption(p, card, limited, limit);
	html_raw(p, "</figure>\n");
}

void report_bar(struct page *p, uint64_t part, uint64_t whole, const char *css_class)
{
	double w = whole == 0 ? 0 : part >= whole ? 100 : 100.0 * (double)part / (double)whole;

	html_f(p,
	       "<svg class=\"bar\" aria-hidden=\"true\"><rect class=\"rail\" width=\"100%%\" "
	       "height=\"8\"/><rect class=\"%s\" width=\"%.1f%%\" height=\"8\"/></svg>",
	       css_class, part > 0 && w < 0.5 ? 0.5 : w);
}
