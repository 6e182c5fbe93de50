// SPDX-License-Identifier: GPL-2.0-only
/*
 * oom_memory.c - the host's memory with an OOM kill, in the words of /proc/meminfo.
 */
#include "oom_memory.h"

#include <fcntl.h>

#include "parse.h"

static char zoneinfo[262144];

static size_t slurp(int proc, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	while (fd >= 0 && n < size && (got = read(fd, buf + n, size - n)) > 0)
		n += (size_t)got;
	return n;
}

/* Pages: the sum of "low" of all zones; 0: not known. It changes only when somebody sets it. */
static uint64_t low_marks(int proc)
{
	struct parse_text text = {zoneinfo, slurp(proc, "zoneinfo", zoneinfo, sizeof(zoneinfo))};
	struct parse_text line;
	uint64_t sum = 0;
	bool whole;

	while (parse_next_line(&text, &line, &whole)) {
		char copy[64];
		unsigned long long n;

		snprintf(copy, sizeof(copy), "%.*s", (int)line.n, line.s);
		if (whole && sscanf(copy, " low %llu", &n) == 1)
			sum += n;
	}
	return sum;
}

static bool in_list(const char *list, unsigned long node)
{
	while (*list) {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			return false;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if (node >= from && node <= to)
			return true;
		list = *end == ',' ? end + 1 : end;
		if (*end && *end != ',')
			return false;
	}
	return false;
}

uint64_t oom_memory_nodes(int proc, const char *nodes)
{
	struct parse_text text = {zoneinfo, slurp(proc, "zoneinfo", zoneinfo, sizeof(zoneinfo))};
	struct parse_text line;
	bool whole, counts = false;
	uint64_t sum = 0;

	while (parse_next_line(&text, &line, &whole)) {
		unsigned long long n;
		unsigned long node;
		char copy[64];

		snprintf(copy, sizeof(copy), "%.*s", (int)line.n, line.s);
		if (sscanf(copy, "Node %lu, zone", &node) == 1)
			counts = in_list(nodes, node);
		else if (whole && counts && sscanf(copy, " present %llu", &n) == 1)
			sum += n;
	}
	return sum;
}

static uint64_t less_half(uint64_t n, uint64_t low)
{
	return n - (n / 2 < low ? n / 2 : low);
}

/* si_mem_available() of mm/page_alloc.c (mm/show_mem.c) */
static bool available(const struct fc_host *h, int proc, uint64_t *ret)
{
	uint64_t low, sum;

	if (!(h->has & FC_HOST_FREE) || !(h->has & FC_HOST_CACHE))
		return false;
	low = low_marks(proc);
	if (!low)
		return false;
	sum = h->free + less_half(h->file, low) + less_half(h->reclaimable, low);
	*ret = sum > h->reserve ? sum - h->reserve : 0;
	return true;
}

static void pair(struct event *e, const char *key, uint64_t pages, uint64_t page_size)
{
	if (pages <= (uint64_t)INT64_MAX / page_size)
		event_pair(e, FIELD_HOST_MEMORY, key, (int64_t)(pages * page_size));
}

static void from_meminfo(struct event *e, int proc)
{
	static const struct {
		const char *line, *key;
	} lines[] = {
		{"MemTotal:", "total"},         {"MemFree:", "free"},
		{"MemAvailable:", "available"}, {"SwapTotal:", "swap_total"},
		{"SwapFree:", "swap_free"},     {"Committed_AS:", "committed"},
		{"Hugetlb:", "huge_pages"},
	};
	char buf[8192];
	struct parse_text text = {buf, slurp(proc, "meminfo", buf, sizeof(buf))};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		uint64_t n;

		if (parse_colon(text, lines[i].line, &n) < 0)
			continue;
		event_pair(e, FIELD_HOST_MEMORY, lines[i].key, (int64_t)n);
		event_bool(e, FIELD_HOST_MEMORY_LATER, true);
	}
}

void oom_memory_host(struct event *e, const struct fc_host *h, int proc, uint64_t page_size)
{
	uint64_t n;

	if (!(h->has & FC_HOST_FREE)) {
		if (proc >= 0)
			from_meminfo(e, proc);
		return;
	}
	if (h->total)
		pair(e, "total", h->total, page_size);
	pair(e, "free", h->free, page_size);
	if (proc >= 0 && available(h, proc, &n))
		pair(e, "available", n, page_size);
	if (h->has & FC_HOST_SWAP) {
		pair(e, "swap_total", h->swap_total, page_size);
		pair(e, "swap_free", h->swap_free, page_size);
	}
	if (h->has & FC_HOST_COMMITTED)
		pair(e, "committed", h->committed, page_size);
	if (h->has & FC_HOST_HUGE)
		pair(e, "huge_pages", h->huge, page_size);
}
