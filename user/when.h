/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * when.h - points in time as people write them. Pure but for the time zone
 * (TZ) of localtime(3).
 */
#ifndef FAILCNT_WHEN_H
#define FAILCNT_WHEN_H

#include "util.h"

/*
 * RFC 3339 with its zone ("Z", "+02:00") and up to nine digits of a second, and
 * nothing else. *ret: CLOCK_REALTIME nanoseconds. -EINVAL; -ERANGE before 1970 or after 2261.
 */
int when_rfc3339(const char *s, int64_t *ret);

/*
 * What -S and -U take: RFC 3339; "2026-11-22 14:03:12", "2026-11-22 14:03", "2026-11-22";
 * "14:03" and "14:03:12" (the last time it was so late: yesterday's where today's is to come);
 * "now", "today", "yesterday" (midnight), also with a time ("yesterday 14:03");
 * "5 minutes ago", "2h ago", "-90s", "-1d"; "@1763820192". Without a zone it is local time, or
 * with utc UTC. now: CLOCK_REALTIME nanoseconds. -EINVAL, -ERANGE.
 */
int when_parse(const char *s, int64_t now, bool utc, int64_t *ret);

/* For error messages. */
#define WHEN_WANTS                                                              \
	"a time such as 02:00, yesterday, '1 hour ago', '2026-11-22 14:03' or " \
	"2026-11-22T14:03:12Z"

/* "2026-11-22 14:03:12" (with ms: ".481") into buf, at least 32 bytes; utc as above. */
void when_print(int64_t ns, bool utc, bool ms, char *buf, size_t size);

/* "3 min", "1 h 20 min", "2 days": a duration for people. */
void when_span(int64_t ns, char *buf, size_t size);

#endif
