// SPDX-License-Identifier: GPL-2.0-only
/* needs: all of user/ but main and the commands */
/*
 * fuzz_import.c - any bytes as a log: line by line through the reader's state,
 * every event through both formats. Besides what the sanitizers see: an event
 * has what an event must have, nothing is told that was not counted, and a
 * line never makes more than a few events.
 *
 *   clang -fsanitize=fuzzer,address,undefined tests/fuzz/fuzz_import.c $NEEDS
 *   ./fuzz_import -max_total_time=60 -max_len=8192 CORPUS tests/fixtures/kmsg
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../user/import_priv.h"
#include "../../user/json.h"
#include "../../user/sink_priv.h"

static void on_event(void *arg, struct event *e)
{
	static char line[JSON_LINE_MAX], text[SINK_BUFFER];
	const struct sink_options o = {.utc = true, .date = true, .verbose = true};
	uint64_t *n = arg;
	size_t len = json_event(e, line, sizeof(line));

	if (len == 0 || line[len - 1] != '\n' || memchr(line, '\n', len - 1))
		abort();
	if (sink_text_format(&o, e, text, sizeof(text)) == 0)
		abort();
	if (e->kind != EVENT_KILLED && e->kind != EVENT_REFUSED && e->kind != EVENT_LOST)
		abort();
	if (e->kind == EVENT_KILLED && !event_has(e, FIELD_CERTAIN))
		abort();
	++*n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct import_options o = {.now_ns = 1796083200000000000LL};
	static struct import im;
	const char *at = (const char *)data, *end = at + n, *newline;
	uint64_t events = 0;

	setenv("TZ", "UTC", 1);
	if (import_init(&im, &o, on_event, &events) < 0)
		abort();
	while (at < end) {
		newline = memchr(at, '\n', (size_t)(end - at));
		newline = newline ? newline : end;
		import_line(&im, at, (size_t)(newline - at));
		at = newline < end ? newline + 1 : end;
	}
	import_end(&im);
	if (events > im.stats.killed + im.stats.refused + im.stats.lost)
		abort();
	import_done(&im);
	return 0;
}
