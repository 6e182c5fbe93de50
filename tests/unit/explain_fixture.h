/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_fixture.h - a refusal to explain, and what was said of it.
 */
#ifndef EXPLAIN_FIXTURE_H
#define EXPLAIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../bpf/event.h"
#include "../../user/explain.h"

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HOST_IPC "ipc:[4026531839]"
#define OTHER_IPC "ipc:[4026532201]"

static struct event e;

_unused_ static void amounts(int64_t held, int64_t limit, int64_t hard, int64_t asked)
{
	if (held >= 0)
		event_int(&e, FIELD_HELD, held);
	if (limit >= 0)
		event_int(&e, FIELD_LIMIT, limit);
	if (hard >= 0)
		event_int(&e, FIELD_LIMIT_HARD, hard);
	if (asked >= 0)
		event_int(&e, FIELD_ASKED, asked);
}

/* By pid 900, "db", of user 1000. */
_unused_ static void refused_db(const char *resource, const char *error, int64_t held,
				int64_t limit, int64_t asked)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_ERRNO, error);
	event_str(&e, FIELD_COMM, "db");
	event_int(&e, FIELD_PID, 900);
	event_int(&e, FIELD_UID, 1000);
	amounts(held, limit, -1, asked);
}

/* By whom one names; pid 0: nobody knows. */
_unused_ static void refused_by(const char *resource, const char *measure, const char *name,
				int64_t pid)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_MEASURE, measure);
	event_str(&e, FIELD_COMM, name);
	if (pid)
		event_int(&e, FIELD_PID, pid);
}

_unused_ static void killed(const char *cause, const char *comm, const char *memcg, int64_t limit)
{
	event_init(&e, EVENT_KILLED);
	event_static(&e, FIELD_RESOURCE, "memory");
	event_static(&e, FIELD_CAUSE, cause);
	event_str(&e, FIELD_COMM, comm);
	event_int(&e, FIELD_PID, 812);
	event_str(&e, FIELD_MEMCG, memcg);
	event_static(&e, FIELD_LIMIT_NAME, "memory.max");
	if (limit)
		event_int(&e, FIELD_LIMIT, limit);
}

_unused_ static const char *says(const struct explain_facts *f)
{
	explain_event(&e, f);
	return event_text(&e, FIELD_SAYS);
}

_unused_ static const char *fix(const struct explain_facts *f)
{
	explain_event(&e, f);
	return event_text(&e, FIELD_FIX);
}

/* Of what says() explained last. */
_unused_ static const char *fixed(void)
{
	return event_text(&e, FIELD_FIX);
}

#define assert_has(text, part)                                   \
	do {                                                     \
		const char *in_ = (text);                        \
		if (!strstr(in_, part))                          \
			fail_msg("no \"%s\" in: %s", part, in_); \
	} while (0)
#define assert_lacks(text, part)                              \
	do {                                                  \
		const char *in_ = (text);                     \
		if (strstr(in_, part))                        \
			fail_msg("\"%s\" in: %s", part, in_); \
	} while (0)

#endif
