// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_json_read.c - any line at all: what is taken can be written again, and
 * reads the same the second time.
 */
#include <stdlib.h>

#include "json.h"
#include "json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char line[JSON_LINE_MAX], again[JSON_LINE_MAX];
	static struct event e;
	size_t len;

	if (json_read_event(&e, (const char *)data, n) < 0)
		return 0;
	len = json_event(&e, line, sizeof(line));
	if (len == 0 || json_read_event(&e, line, len) < 0)
		abort();
	if (json_event(&e, again, sizeof(again)) != len || memcmp(line, again, len) != 0)
		abort();
	return 0;
}
