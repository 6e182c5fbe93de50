// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_text.c - words of the page: names made harmless, numbers and times as
 * a person reads them.
 */
#include <stdarg.h>
#include <time.h>

#include "report_html.h"
#include "utf8.h"

#define NS 1000000000LL

void html_f(struct page *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(p->f, fmt, ap);
	va_end(ap);
}

static void escape(struct page *p, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		switch (s[i]) {
		case '&':
			html_raw(p, "&amp;");
			break;
		case '<':
			html_raw(p, "&lt;");
			break;
		case '>':
			html_raw(p, "&gt;");
			break;
		case '"':
			html_raw(p, "&quot;");
			break;
		case '\'':
			html_raw(p, "&#39;");
			break;
		default:
			putc(s[i], p->f);
		}
	}
}

void html_textn(struct page *p, const char *s, size_t n)
{
	char piece[512];

	while (n > 0) {
		size_t taken, out = utf8_visible(s, n, piece, sizeof(piece), &taken);

		escape(p, piece, out);
		if (taken == 0)
			return;
		s += taken;
		n -= taken;
	}
}

void html_text(struct page *p, const char *s)
{
	html_textn(p, s, strlen(s));
}

/* A path may be broken behind each of its slashes, and only then elsewhere. */
void html_name(struct page *p, const char *s)
{
	html_raw(p, "<bdi>");
	while (*s) {
		size_t n = strcspn(s, "/");

		html_textn(p, s, n + (s[n] == '/'));
		s += n;
		if (*s == '/' && *++s)
			html_raw(p, "<wbr>");
	}
	html_raw(p, "</bdi>");
}

void html_lines(struct page *p, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "\n");

		html_textn(p, s, n);
		s += n;
		if (*s == '\n') {
			html_raw(p, "\n");
			s++;
		}
	}
}

void html_count(struct page *p, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			putc(',', p->f);
		putc(digits[i], p->f);
	}
}

void html_times(struct page *p, uint64_t n, const char *one, const char *many)
{
	html_count(p, n);
	html_f(p, " %s", n == 1 ? one : many);
}

void html_bytes(struct page *p, uint64_t n)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)n / 1024;
	size_t i = 0;

	if (n < 1024) {
		html_f(p, "%llu\u00a0B", (unsigned long long)n);
		return;
	}
	for (; v >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1024;
	html_f(p, v < 100 && v != (double)(uint64_t)v ? "%.1f\u00a0%s" : "%.0f\u00a0%s", v,
	       units[i]);
}

void html_amount(struct page *p, uint64_t n, const char *measure)
{
	if (util_streq(measure, "bytes")) {
		html_bytes(p, n);
		return;
	}
	html_count(p, n);
	if (*measure) {
		/* Together as long as they need little room. */
		html_raw(p, n < 1000000 ? "\u00a0" : " ");
		html_text(p, measure);
	}
}

/* Two units at most: the rest is not what matters. */
void html_span(struct page *p, int64_t ns)
{
	static const struct {
		int64_t ns;
		const char *name;
	} units[] = {{86400 * NS, "d"}, {3600 * NS, "h"}, {60 * NS, "min"}, {NS, "s"}};
	size_t i = 0;

	if (ns < 10 * NS && ns % NS != 0) {
		html_f(p, "%.*f\u00a0s", ns < NS ? 3 : 1, (double)ns / NS);
		return;
	}
	while (i + 1 < ARRAY_SIZE(units) && ns < units[i].ns)
		i++;
	html_f(p, "%lld\u00a0%s", (long long)(ns / units[i].ns), units[i].name);
	if (i + 1 < ARRAY_SIZE(units) && ns % units[i].ns / units[i + 1].ns > 0)
		html_f(p, " %lld\u00a0%s", (long long)(ns % units[i].ns / units[i + 1].ns),
		       units[i + 1].name);
}

static bool broken_down(bool utc, int64_t ns, struct tm *ret)
{
	time_t s = (time_t)(ns / NS - (ns % NS < 0));

	return utc ? gmtime_r(&s, ret) : localtime_r(&s, ret);
}

long report_zone(bool utc, int64_t ns)
{
	struct tm tm;

	return !utc && broken_down(false, ns, &tm) ? tm.tm_gmtoff : 0;
}

void html_clock(struct page *p, int64_t ns, unsigned int parts)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm;

	if (!broken_down(p->look->utc, ns, &tm)) {
		html_raw(p, "?");
		return;
	}
	if (parts & (HTML_DAY | HTML_YEAR | HTML_DATE))
		html_f(p, "%d %s", tm.tm_mday, months[tm.tm_mon]);
	if (parts & HTML_YEAR)
		html_f(p, " %d", tm.tm_year + 1900);
	if (parts & HTML_DATE)
		return;
	if (parts & (HTML_DAY | HTML_YEAR))
		html_raw(p, " ");
	html_f(p, "%02d:%02d", tm.tm_hour, tm.tm_min);
	if (parts & (HTML_SECONDS | HTML_MILLI))
		html_f(p, ":%02d", tm.tm_sec);
	if (parts & HTML_MILLI)
		html_f(p, ".%03d", (int)((ns % NS + NS) % NS / 1000000));
}

void html_time(struct page *p, int64_t ns)
{
	time_t s = (time_t)(ns / NS);
	struct tm tm;
	char at[32];

	if (ns <= 0 || !gmtime_r(&s, &tm) || !strftime(at, sizeof(at), "%FT%TZ", &tm)) {
		html_raw(p, "an unknown time");
		return;
	}
	html_f(p, "<time datetime=\"%s\">", at);
	html_clock(p, ns, HTML_DAY | HTML_MILLI);
	html_raw(p, "</time>");
}

static bool same_day(struct page *p, int64_t a, int64_t b)
{
	struct tm x, y;

	return broken_down(p->look->utc, a, &x) && broken_down(p->look->utc, b, &y) &&
	       x.tm_yday == y.tm_yday && x.tm_year == y.tm_year;
}

void html_from_to(struct page *p, int64_t from, int64_t to)
{
	unsigned int fine = to - from < 120 * NS ? HTML_SECONDS : 0;

	html_clock(p, from, HTML_DAY | fine);
	if (to - from < NS)
		return;
	html_raw(p, " to ");
	html_clock(p, to, (same_day(p, from, to) ? 0 : HTML_DAY) | fine);
}
