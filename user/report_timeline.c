// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_timeline.c - when it happened: a lane for each resource, refusals as
 * bars, kills as marks, hatched where nobody watched.
 *
 * Everything is placed by percent of the width, so that the same drawing fits a
 * telephone and paper and no letter is stretched. The same is said in words:
 * the label of each drawing, and the number beside it.
 */
#include "report_html.h"

#define NS 1000000000LL
#define HEIGHT 34 /* of a lane, as the style says */
#define TICKS 9

static double percent(const struct page *p, int64_t time)
{
	const struct report *r = p->r;

	if (time < r->since)
		time = r->since;
	if (time > r->until)
		time = r->until;
	return 100.0 * (double)(time - r->since) / (double)(r->until - r->since);
}

static int64_t begins(const struct page *p, unsigned int i)
{
	return p->r->base + (int64_t)i * p->r->width;
}

/* From the first round time on; the caller begins with *at = 0. */
static bool next_tick(const struct page *p, int64_t step, int64_t *at)
{
	int64_t zone = report_zone(p->look->utc, p->r->since) * NS;

	if (*at == 0)
		*at = ((p->r->since + zone) / step + 1) * step - zone;
	else
		*at += step;
	return *at < p->r->until;
}

static void grid(struct page *p)
{
	int64_t step = report_round_step(p->r->until - p->r->since, TICKS), at = 0;

	while (next_tick(p, step, &at))
		html_f(p, "<rect class=\"grid\" x=\"%.2f%%\" width=\"1\" height=\"%d\"/>",
		       percent(p, at), HEIGHT);
}

static bool is_whole(const struct report *r, unsigned int i)
{
	return i < r->n_buckets && r->gap_in[i] >= r->width * 9 / 10;
}

static void gap(struct page *p, double from, double to)
{
	html_f(p,
	       "<rect class=\"gap\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"%d\"><title>not "
	       "recording</title></rect>",
	       from, to - from < 0.3 ? 0.3 : to - from, HEIGHT);
}

/*
 * Neighbouring intervals without a recording are one rectangle. Of one that has a part, the part
 * is as wide as it was long; where in it that was is less than a bar's width.
 */
static void gaps(struct page *p)
{
	const struct report *r = p->r;

	for (unsigned int i = 0, end; i < r->n_buckets; i = end) {
		int64_t from = begins(p, i), to = from + r->gap_in[i];

		end = i + 1;
		if (r->gap_in[i] == 0)
			continue;
		if (is_whole(r, i) || is_whole(r, end)) {
			from = begins(p, end) - r->gap_in[i];
			while (is_whole(r, end))
				end++;
			to = begins(p, end);
			if (end < r->n_buckets)
				to += r->gap_in[end++];
		}
		gap(p, percent(p, from), percent(p, to));
	}
}

static void interval_title(struct page *p, const struct report_lane *l, unsigned int i)
{
	html_raw(p, "<title>");
	html_from_to(p, begins(p, i), begins(p, i + 1));
	html_raw(p, ": ");
	if (l->killed_in[i]) {
		html_count(p, l->killed_in[i]);
		html_raw(p, " killed ");
	}
	if (l->refused_in[i]) {
		html_count(p, l->refused_in[i]);
		html_raw(p, " refused ");
	}
	if (l->counted_in[i]) {
		html_count(p, l->counted_in[i]);
		html_raw(p, " counted");
	}
	html_raw(p, "</title>");
}

/* Of n > 0: exact at powers of two, a straight line between them. */
static double log2_of(uint64_t n)
{
	int whole = 63 - __builtin_clzll(n);

	return whole + (double)n / (double)(1ull << whole) - 1;
}

/* most: in one interval of any lane. */
static void bar(struct page *p, const struct report_lane *l, unsigned int i, uint64_t most)
{
	uint64_t n = l->refused_in[i] + l->counted_in[i];
	double x = percent(p, begins(p, i)), w = percent(p, begins(p, i + 1)) - x;
	double h = 4 + (HEIGHT - 8) * log2_of(n + 1) / log2_of(most + 1);

	html_raw(p, "<g>");
	interval_title(p, l, i);
	html_f(p,
	       "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" height=\"%.1f\"/></g>",
	       l->refused_in[i] ? "ref" : "cnt", x, HEIGHT - h, w * 0.86, h);
}

static void mark(struct page *p, const struct report_lane *l, unsigned int i)
{
	double x = (percent(p, begins(p, i)) + percent(p, begins(p, i + 1))) / 2;

	/* A mark is as wide at the edges as elsewhere: it stays inside. */
	x = x < 1.3 ? 1.3 : x > 98.7 ? 98.7 : x;
	html_f(p, "<svg class=\"mark\" x=\"%.2f%%\"><g>", x);
	interval_title(p, l, i);
	html_f(p,
	       "<rect class=\"kill\" x=\"-1\" y=\"8\" width=\"2\" height=\"%d\"/>"
	       "<path class=\"kill\" d=\"M0 2 6 8 0 14-6 8z\"/></g></svg>",
	       HEIGHT - 8);
}

static void numbers(struct page *p, const struct report_lane *l)
{
	const char *between = "";

	if (l->killed) {
		html_count(p, l->killed);
		html_raw(p, " killed");
		between = ", ";
	}
	if (l->refused) {
		html_raw(p, between);
		html_count(p, l->refused);
		html_raw(p, " refused");
		between = ", ";
	}
	if (l->counted) {
		html_raw(p, between);
		html_count(p, l->counted);
		html_raw(p, " counted");
	}
}

/* What there is to see, for those who do not. */
static void lane_label(struct page *p, const struct report_lane *l)
{
	unsigned int busy = 0, peak = 0;

	for (unsigned int i = 0; i < p->r->n_buckets; i++) {
		uint64_t n = l->refused_in[i] + l->killed_in[i] + l->counted_in[i];

		busy += n > 0;
		if (n > l->refused_in[peak] + l->killed_in[peak] + l->counted_in[peak])
			peak = i;
	}
	html_text(p, l->name);
	html_raw(p, ": ");
	numbers(p, l);
	html_f(p, ", in %u of %u intervals; most from ", busy, p->r->n_buckets);
	html_from_to(p, begins(p, peak), begins(p, peak + 1));
}

static void lane(struct page *p, const struct report_lane *l, uint64_t most)
{
	html_raw(p, "<li><div class=\"who\"><b>");
	html_name(p, l->name);
	html_raw(p, "</b> <span>");
	numbers(p, l);
	html_raw(p, "</span></div><svg class=\"lane\" role=\"img\" aria-label=\"");
	lane_label(p, l);
	html_raw(p, "\">");
	grid(p);
	gaps(p);
	for (unsigned int i = 0; i < p->r->n_buckets; i++)
		if (l->refused_in[i] + l->counted_in[i] > 0)
			bar(p, l, i, most);
	for (unsigned int i = 0; i < p->r->n_buckets; i++)
		if (l->killed_in[i] > 0)
			mark(p, l, i);
	html_raw(p, "</svg></li>\n");
}

static void axis(struct page *p)
{
	int64_t step = report_round_step(p->r->until - p->r->since, TICKS), at = 0;
	unsigned int fine = step < 60 * NS ? HTML_SECONDS : 0, n = 0;
	unsigned int year = step >= 60 * 86400 * NS ? HTML_YEAR : 0;

	html_raw(p, "<li class=\"axis\" aria-hidden=\"true\"><div class=\"who\"></div><svg "
		    "class=\"ticks\">");
	for (; next_tick(p, step, &at); n++) {
		double x = percent(p, at);
		int64_t day = 86400 * NS;
		bool midnight = (at + report_zone(p->look->utc, at) * NS) % day == 0;

		if (x < 4 || x > 96)
			continue; /* would be cut */
		html_f(p, "<text x=\"%.2f%%\" y=\"13\"%s>", x, n % 2 ? " class=\"odd\"" : "");
		html_clock(p, at, midnight ? HTML_DATE | year : fine);
		html_raw(p, "</text>");
	}
	html_raw(p, "</svg></li>\n");
}

static void key(struct page *p)
{
	const struct report *r = p->r;

	html_raw(p, "<p class=\"key\">");
	if (r->refused)
		html_raw(p, "<span><svg class=\"sw\" aria-hidden=\"true\"><rect class=\"ref\" "
			    "x=\"1\" y=\"6\" width=\"4\" height=\"8\"/><rect class=\"ref\" "
			    "x=\"6\" y=\"1\" width=\"4\" height=\"13\"/></svg>refusals (height: "
			    "logarithm of "
			    "their number)</span> ");
	if (r->counted)
		html_raw(p, "<span><svg class=\"sw\" aria-hidden=\"true\"><rect class=\"cnt\" "
			    "x=\"2\" y=\"2\" width=\"7\" height=\"11\"/></svg>counted by the "
			    "kernel, with nobody named</span> ");
	if (r->killed)
		html_raw(p, "<span><svg class=\"sw\" aria-hidden=\"true\"><path class=\"kill\" "
			    "d=\"M6 1 12 7 6 13 0 7z\"/></svg>kills</span> ");
	if (r->gaps_all)
		html_raw(p, "<span><svg class=\"sw\" aria-hidden=\"true\"><rect class=\"gap\" "
			    "width=\"14\" height=\"14\"/></svg>not recording</span> ");
	html_raw(p, "<span>one bar is ");
	html_span(p, r->width);
	html_raw(p, "</span></p>\n");
}

void report_timeline(struct page *p)
{
	const struct report *r = p->r;
	uint64_t most = 1;

	for (unsigned int l = 0; l < r->n_lanes; l++)
		for (unsigned int i = 0; i < r->n_buckets; i++) {
			uint64_t n = r->lanes[l].refused_in[i] + r->lanes[l].counted_in[i];

			most = n > most ? n : most;
		}
	html_raw(p, "<section><h2>When</h2>\n");
	key(p);
	html_raw(p, "<ol class=\"lanes\">\n");
	for (unsigned int l = 0; l < r->n_lanes; l++)
		lane(p, &r->lanes[l], most);
	axis(p);
	html_raw(p, "</ol></section>\n");
}
