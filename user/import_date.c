// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_date.c - dates as logs write them. Pure, but for the zone of this
 * machine, which is taken where a date names none: set TZ to that of the log.
 */
#include <ctype.h>
#include <time.h>

#include "import_prefix.h"

#define NS 1000000000LL
#define DAY_NS (24 * 3600 * NS)

/* n digits, and no more of them */
static bool digits(const char **at, int least, int most, int *ret)
{
	int n = 0, v = 0;

	while (n < most && isdigit((unsigned char)(*at)[n])) {
		v = v * 10 + ((*at)[n] - '0');
		n++;
	}
	if (n < least || isdigit((unsigned char)(*at)[n]))
		return false;
	*at += n;
	*ret = v;
	return true;
}

static bool is(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static bool month(const char **at, int *ret)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int m = 0; m < 12; m++) {
		if (strncmp(*at, names + 3 * m, 3) == 0) {
			*at += 3;
			*ret = m;
			return true;
		}
	}
	return false;
}

static bool weekday(const char **at)
{
	static const char names[] = "SunMonTueWedThuFriSat";

	for (int d = 0; d < 7; d++) {
		if (strncmp(*at, names + 3 * d, 3) == 0) {
			*at += 3;
			is(at, ',');
			return true;
		}
	}
	return false;
}

/* ".123456" or ",123456" */
static void fraction(const char **at, int64_t *ret_ns)
{
	int64_t unit = NS / 10;

	*ret_ns = 0;
	if ((**at != '.' && **at != ',') || !isdigit((unsigned char)(*at)[1]))
		return;
	for (++*at; isdigit((unsigned char)**at); ++*at, unit /= 10)
		*ret_ns += (**at - '0') * unit;
}

static bool clock_time(const char **at, struct tm *tm, int64_t *ret_ns)
{
	if (!digits(at, 2, 2, &tm->tm_hour) || !is(at, ':') || !digits(at, 2, 2, &tm->tm_min) ||
	    !is(at, ':') || !digits(at, 2, 2, &tm->tm_sec))
		return false;
	fraction(at, ret_ns);
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 61;
}

/* "Z", "+0100", "+01:00", " UTC"; *ret_s: seconds east */
static bool zone(const char **at, int *ret_s)
{
	const char *z = *at;
	int h, m = 0, sign;

	*ret_s = 0;
	if (is(at, 'Z'))
		return true;
	if (strncmp(z, " UTC", 4) == 0 || strncmp(z, " GMT", 4) == 0) {
		*at += 4;
		return true;
	}
	if (*z == ' ' && (z[1] == '+' || z[1] == '-'))
		z++;
	if (*z != '+' && *z != '-')
		return false;
	sign = *z++ == '-' ? -1 : 1;
	if (isdigit((unsigned char)z[0]) && isdigit((unsigned char)z[1]) &&
	    isdigit((unsigned char)z[2])) {
		if (!digits(&z, 4, 4, &h))
			return false;
		m = h % 100;
		h /= 100;
	} else if (!digits(&z, 2, 2, &h) || !is(&z, ':') || !digits(&z, 2, 2, &m)) {
		return false;
	}
	*at = z;
	*ret_s = sign * (h * 3600 + m * 60);
	return true;
}

/* "2026-11-22T12:00:01": date and time of day. */
static bool iso(const char **at, struct tm *tm, int64_t *ret_ns)
{
	if (!digits(at, 4, 4, &tm->tm_year) || !is(at, '-') || !digits(at, 2, 2, &tm->tm_mon) ||
	    !is(at, '-') || !digits(at, 2, 2, &tm->tm_mday) || (!is(at, 'T') && !is(at, ' ')) ||
	    !clock_time(at, tm, ret_ns))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return tm->tm_year >= 70 && tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	       tm->tm_mday <= 31;
}

/* "Nov 22 12:00:01", and a year behind it or before the time */
static bool syslog_date(const char **at, struct tm *tm, int64_t *ret_ns, bool *ret_year)
{
	const char *year;

	*ret_year = false;
	if (!month(at, &tm->tm_mon) || !is(at, ' '))
		return false;
	is(at, ' ');
	if (!digits(at, 1, 2, &tm->tm_mday) || tm->tm_mday < 1 || tm->tm_mday > 31 || !is(at, ' '))
		return false;
	year = *at;
	if (digits(&year, 4, 4, &tm->tm_year) && is(&year, ' ')) {
		*ret_year = true;
		*at = year;
	}
	if (!clock_time(at, tm, ret_ns))
		return false;
	year = *at;
	if (!*ret_year && is(&year, ' ') && digits(&year, 4, 4, &tm->tm_year) &&
	    tm->tm_year >= 1990 && tm->tm_year < 2200 && (!*year || strchr(" ]:", *year))) {
		*ret_year = true;
		*at = year;
	}
	tm->tm_year -= *ret_year ? 1900 : tm->tm_year;
	return !*ret_year || tm->tm_year >= 70;
}

/* mktime() looks at the zone's file each time, and lines of one minute follow each other. */
static int64_t local_ns(struct tm tm, int64_t ns)
{
	static struct tm minute;
	static int64_t begins;
	int second = tm.tm_sec;

	tm.tm_sec = 0;
	if (begins == 0 || memcmp(&tm, &minute, sizeof(tm)) != 0) {
		struct tm now = tm;

		now.tm_isdst = -1;
		begins = (int64_t)mktime(&now);
		minute = tm;
	}
	return (begins + second) * NS + ns;
}

/* The latest year in which that is not in the future: a log is of the past. */
static int64_t guess_year(struct tm tm, int64_t ns, int64_t now)
{
	time_t s = (time_t)(now / NS);
	struct tm today;
	int64_t t;

	if (!gmtime_r(&s, &today))
		return 0;
	tm.tm_year = today.tm_year + 1;
	do {
		tm.tm_year--;
		t = local_ns(tm, ns);
	} while (t > now + DAY_NS && tm.tm_year > 70);
	return t;
}

size_t import_date(const char *s, int64_t now, int64_t *ret_ns)
{
	const char *at = s;
	struct tm tm = {0};
	int64_t ns = 0, t;
	int east;

	if (weekday(&at) && !is(&at, ' '))
		return 0;
	if (isdigit((unsigned char)*at)) {
		if (!iso(&at, &tm, &ns))
			return 0;
		if (zone(&at, &east))
			t = ((int64_t)timegm(&tm) - east) * NS + ns;
		else
			t = local_ns(tm, ns);
	} else {
		bool year;

		if (!syslog_date(&at, &tm, &ns, &year))
			return 0;
		t = year ? local_ns(tm, ns) : guess_year(tm, ns, now);
	}
	*ret_ns = t;
	return (size_t)(at - s);
}
