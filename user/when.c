// SPDX-License-Identifier: GPL-2.0-only
/*
 * when.c - points in time as people write them. Each form is tried in turn;
 * what is only half understood is refused.
 */
#include "when.h"

#include <time.h>

#define SECOND 1000000000LL
#define LAST_YEAR 2261 /* 64 bits of nanoseconds end in 2262 */

/* What is written, before it is a point in time. */
struct written {
	int year, month, day;
	int hour, minute, second;
	int64_t ns;
};

/* Exactly n digits. */
static bool digits(const char **s, int n, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if ((*s)[i] < '0' || (*s)[i] > '9')
			return false;
		v = v * 10 + (*s)[i] - '0';
	}
	*s += n;
	*ret = v;
	return true;
}

static bool letter(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool read_date(const char **s, struct written *w)
{
	return digits(s, 4, &w->year) && letter(s, '-') && digits(s, 2, &w->month) &&
	       letter(s, '-') && digits(s, 2, &w->day) && w->month >= 1 && w->month <= 12 &&
	       w->day >= 1 && w->day <= days_of(w->year, w->month);
}

static bool read_fraction(const char **s, int64_t *ret)
{
	int64_t unit = SECOND / 10, ns = 0;

	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; ++*s, unit /= 10) {
		if (unit == 0)
			return false;
		ns += (**s - '0') * unit;
	}
	*ret = ns;
	return true;
}

/* "14:03", "14:03:12", "14:03:12.481" */
static bool read_clock(const char **s, struct written *w)
{
	w->second = 0;
	w->ns = 0;
	if (!digits(s, 2, &w->hour) || !letter(s, ':') || !digits(s, 2, &w->minute) ||
	    w->hour > 23 || w->minute > 59)
		return false;
	if (letter(s, ':') && (!digits(s, 2, &w->second) || w->second > 60))
		return false;
	return !letter(s, '.') || read_fraction(s, &w->ns);
}

/* Days since 1970-01-01, of the Gregorian calendar. */
static int64_t days_since_epoch(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = y / 400, of_era = y % 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int as_utc(const struct written *w, int64_t zone_s, int64_t *ret)
{
	int64_t s = days_since_epoch(w->year, w->month, w->day) * 86400 + w->hour * 3600 +
		    w->minute * 60 + w->second - zone_s;

	if (s < 0 || w->year > LAST_YEAR)
		return -ERANGE;
	*ret = s * SECOND + w->ns;
	return 0;
}

static int as_local(const struct written *w, bool utc, int64_t *ret)
{
	struct tm tm = {.tm_year = w->year - 1900,
			.tm_mon = w->month - 1,
			.tm_mday = w->day,
			.tm_hour = w->hour,
			.tm_min = w->minute,
			.tm_sec = w->second,
			.tm_isdst = -1};
	time_t t;

	if (utc)
		return as_utc(w, 0, ret);
	t = mktime(&tm);
	if (t < 0 || w->year > LAST_YEAR)
		return -ERANGE;
	*ret = (int64_t)t * SECOND + w->ns;
	return 0;
}

static bool read_zone(const char **s, int64_t *ret)
{
	int sign = **s == '-' ? -1 : 1, hour, minute;

	if (letter(s, 'Z')) {
		*ret = 0;
		return true;
	}
	if (!letter(s, '+') && !letter(s, '-'))
		return false;
	if (!digits(s, 2, &hour) || !letter(s, ':') || !digits(s, 2, &minute) || hour > 23 ||
	    minute > 59)
		return false;
	*ret = sign * (hour * 3600 + minute * 60);
	return true;
}

int when_rfc3339(const char *s, int64_t *ret)
{
	struct written w;
	int64_t zone;

	if (!read_date(&s, &w) || !letter(&s, 'T') || !read_clock(&s, &w) ||
	    !read_zone(&s, &zone) || *s)
		return -EINVAL;
	return as_utc(&w, zone, ret);
}

static void split(int64_t ns, bool utc, struct written *w)
{
	time_t t = (time_t)(ns / SECOND);
	struct tm tm = {.tm_mday = 1, .tm_year = 70};

	utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm);
	*w = (struct written){.year = tm.tm_year + 1900,
			      .month = tm.tm_mon + 1,
			      .day = tm.tm_mday,
			      .hour = tm.tm_hour,
			      .minute = tm.tm_min,
			      .second = tm.tm_sec,
			      .ns = ns % SECOND};
}

/* The day before now, as mktime(3) reads a day 0; utc: by hand. */
static void day_before(struct written *w)
{
	if (--w->day > 0)
		return;
	if (--w->month == 0) {
		w->month = 12;
		w->year--;
	}
	w->day = days_of(w->year, w->month);
}

static int parse_calendar(const char *s, int64_t now, bool utc, int64_t *ret)
{
	struct written w;
	const char *rest;
	bool dated = true, clock_only = false;
	int64_t t;
	int err;

	split(now, utc, &w);
	rest = util_after(s, "today");
	if (!rest && (rest = util_after(s, "yesterday")))
		day_before(&w);
	if (!rest) {
		rest = s;
		dated = read_date(&rest, &w);
		clock_only = !dated;
	}
	if (!dated) {
		rest = s;
		split(now, utc, &w);
	}
	w.hour = w.minute = w.second = 0;
	w.ns = 0;
	if (dated && *rest && *rest != ' ' && *rest != 'T')
		return -EINVAL;
	if (dated && *rest)
		rest++;
	else if (dated)
		return as_local(&w, utc, ret);
	if (!read_clock(&rest, &w) || *rest)
		return -EINVAL;
	err = as_local(&w, utc, &t);
	if (err == 0 && clock_only && t > now) {
		day_before(&w);
		err = as_local(&w, utc, &t);
	}
	if (err == 0)
		*ret = t;
	return err;
}

/* "90s", "5 minutes", "1h": how long. Returns what stands behind it, or NULL. */
static const char *read_span(const char *s, int64_t *ret)
{
	static const struct {
		const char *names; /* separated by blanks */
		int64_t seconds;
	} units[] = {{"s sec secs second seconds", 1},
		     {"m min mins minute minutes", 60},
		     {"h hour hours", 3600},
		     {"d day days", 86400},
		     {"w week weeks", 7 * 86400}};
	size_t n = strspn(s, "0123456789"), len;
	char name[16] = "";
	int64_t v;

	if (n == 0 || n > 9)
		return NULL;
	v = strtoll(s, NULL, 10);
	s += n;
	s += strspn(s, " ");
	len = strspn(s, "abcdefghijklmnopqrstuvwxyz");
	if (len == 0 || len >= sizeof(name))
		return NULL;
	memcpy(name, s, len);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!util_listed(units[i].names, name))
			continue;
		*ret = v * units[i].seconds;
		return s + len;
	}
	return NULL;
}

static int parse_relative(const char *s, int64_t now, int64_t *ret)
{
	bool minus = *s == '-';
	int64_t seconds;
	const char *rest = read_span(s + minus, &seconds);

	if (!rest || !util_streq(rest, minus ? "" : " ago"))
		return -EINVAL;
	if (seconds > now / SECOND)
		return -ERANGE;
	*ret = now - seconds * SECOND;
	return 0;
}

int when_parse(const char *s, int64_t now, bool utc, int64_t *ret)
{
	size_t n;

	if (util_streq(s, "now")) {
		*ret = now;
		return 0;
	}
	if (*s == '@') {
		n = strspn(s + 1, "0123456789");
		if (n == 0 || n > 10 || s[1 + n] || strtoll(s + 1, NULL, 10) >= INT64_MAX / SECOND)
			return -EINVAL;
		*ret = strtoll(s + 1, NULL, 10) * SECOND;
		return 0;
	}
	if (parse_relative(s, now, ret) == 0 || when_rfc3339(s, ret) == 0)
		return 0;
	return parse_calendar(s, now, utc, ret);
}

void when_print(int64_t ns, bool utc, bool ms, char *buf, size_t size)
{
	struct written w;
	int n;

	split(ns, utc, &w);
	n = snprintf(buf, size, "%04d-%02d-%02d %02d:%02d:%02d", w.year, w.month, w.day, w.hour,
		     w.minute, w.second);
	if (ms && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, ".%03d", (int)(w.ns / 1000000));
}

void when_span(int64_t ns, char *buf, size_t size)
{
	long long s = ns / SECOND, m = s / 60, h = m / 60;

	if (s < 1)
		snprintf(buf, size, "%lld ms", (long long)(ns / 1000000));
	else if (m < 1)
		snprintf(buf, size, "%lld s", s);
	else if (h < 1)
		snprintf(buf, size, "%lld min %lld s", m, s % 60);
	else if (h < 48)
		snprintf(buf, size, "%lld h %lld min", h, m % 60);
	else
		snprintf(buf, size, "%lld days", h / 24);
}
