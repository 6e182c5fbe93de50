// SPDX-License-Identifier: GPL-2.0-only
/*
 * sink_json.c - JSON lines: the event contract for programs. Times are UTC and
 * nothing is coloured, whatever the options say.
 */
#include "json.h"
#include "sink_priv.h"

_Static_assert(SINK_BUFFER >= JSON_LINE_MAX, "a line fits");

size_t sink_json_format(const struct sink_options *o _unused_, const struct event *e, char *buf,
			size_t size)
{
	return json_event(e, buf, size);
}
