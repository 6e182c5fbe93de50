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

#define HOST_IPC "ipc:[4026531839]"
#define OTHER_IPC "ipc:[4026532201]"

static struct event e;

_unused_ static void refused(const char *resource, const char *error, int64_t held, int64_t limit,
			     int64_t asked)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_ERRNO, error);
	event_str(&e, FIELD_COMM, "db");
	event_int(&e, FIELD_PID, 900);
	event_int(&e, FIELD_UID, 1000);
	if (held >= 0)
		event_int(&e, FIELD_HELD, held);
	if (limit >= 0)
		event_int(&e, FIELD_LIMIT, limit);
	if (asked >= 0)
		event_int(&e, FIELD_ASKED, asked);
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
