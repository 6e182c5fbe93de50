/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_html.h - the page of a report: one HTML file that loads nothing, runs
 * nothing, and can be read on a telephone and on paper.
 *
 * Names are bytes that strangers chose. They come to the page through
 * html_text() and html_name() alone; html_f() is for our own words and numbers.
 */
#ifndef FAILCNT_REPORT_HTML_H
#define FAILCNT_REPORT_HTML_H

#include "report_model.h"

struct report_look {
	bool utc;
	int64_t now;        /* when it is made */
	const char *filter; /* "-r nofile"; NULL: none */
	const char *store;  /* where it is from; NULL: not said */
	const char
		*from; /* how info and list are told that: "--store"; NULL: that is the default */
};

/* Writes the whole page. 0, or -errno of what could not be written. */
int report_html(FILE *f, const struct report *r, const struct report_look *look);

/* The rest is between the files report_*.c. */
struct page {
	FILE *f;
	const struct report_look *look;
	const struct report *r;
	unsigned int n_ids; /* so that each is another one */
};

extern const char report_style[]; /* of <style> */
extern const char report_style_hash[];

static inline void html_raw(struct page *p, const char *s)
{
	fputs(s, p->f);
}
void html_f(struct page *p, const char *fmt, ...) _printf_(2, 3);
void html_textn(struct page *p, const char *s, size_t n); /* escaped; unprintable bytes as \xNN */
void html_text(struct page *p, const char *s);
void html_name(struct page *p, const char *s);  /* the same, and does not turn its neighbours */
void html_lines(struct page *p, const char *s); /* with its line ends */
void html_count(struct page *p, uint64_t n);
void html_times(struct page *p, uint64_t n, const char *one, const char *many); /* "2 gaps" */
void html_bytes(struct page *p, uint64_t n);
void html_amount(struct page *p, uint64_t n, const char *measure); /* "12 files", "3.0 MiB" */
void html_span(struct page *p, int64_t ns);                        /* "3 h 12 min" */

enum html_clock { HTML_DAY = 1, HTML_YEAR = 2, HTML_SECONDS = 4, HTML_MILLI = 8, HTML_DATE = 16 };
void html_clock(struct page *p, int64_t ns, unsigned int parts); /* enum html_clock */
void html_time(struct page *p, int64_t ns);                      /* <time>, to the millisecond */
void html_from_to(struct page *p, int64_t from, int64_t to);

/* Seconds east of UTC at that time, as the page shows it. */
long report_zone(bool utc, int64_t ns);

void report_timeline(struct page *p);
void report_usage(struct page *p, const struct report_card *c);
/* A bar of part in whole, all of the width; part above whole is all of it. */
void report_bar(struct page *p, uint64_t part, uint64_t whole, const char *css_class);
void report_cards(struct page *p);
void report_evidence(struct page *p, const struct report_card *c);
void report_tables(struct page *p);

#endif
