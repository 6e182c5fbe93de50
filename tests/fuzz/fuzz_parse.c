// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/parse.c user/parse_table.c user/counter.c user/counter_file.c user/counter_ubc.c
 * user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c user/counter_process.c
 * user/counter_user.c user/table.c */
/*
 * fuzz_parse.c - the same bytes to every parser, and as a table of beancounters
 * through the reader and the printer. Besides what the sanitizers see, a parser
 * that fails must leave its output alone.
 *
 *   clang -fsanitize=fuzzer,address,undefined tests/fuzz/fuzz_parse.c $NEEDS
 *   ./fuzz_parse -max_total_time=60 CORPUS tests/fixtures/beancounters
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mman.h>

#include "../../user/parse.h"
#include "../../user/table.h"

#define UNTOUCHED UINT64_C(0x5afe5afe5afe5afe)

static void check(int result, uint64_t v)
{
	if (result > 0 || (result < 0 && v != UNTOUCHED))
		abort();
}

#define NUMBER(call)                    \
	do {                            \
		uint64_t v = UNTOUCHED; \
		int result = (call);    \
		check(result, v);       \
	} while (0)

static void numbers(struct parse_text t)
{
	uint64_t hard = UNTOUCHED;

	NUMBER(parse_u64(t.s, t.n, &v));
	NUMBER(parse_limit(t.s, t.n, &v));
	NUMBER(parse_value(t, &v));
	NUMBER(parse_value_limit(t, &v));
	NUMBER(parse_nth(t, 2, &v));
	NUMBER(parse_nth_limit(t, 0, &v));
	NUMBER(parse_pair(t, &v, &hard));
	NUMBER(parse_keyed(t, "max", &v));
	NUMBER(parse_keyed_limit(t, "oom_kill", &v));
	NUMBER(parse_colon(t, "VmSize:", &v));
	NUMBER(parse_sigq(t, &v));
	NUMBER(parse_rlimit(t, "Max open files", &v, &hard));
	NUMBER(parse_stat_cpu(t, &v));
	NUMBER(parse_loadavg_tasks(t, &v));
	NUMBER(parse_sockstat(t, "TCP:", "mem", &v));
	NUMBER(parse_count_locks(t, &v));
	NUMBER(parse_net_stat_entries(t, &v));
	NUMBER(parse_net_stat_sum(t, "drop", &v));
	NUMBER(parse_netstat(t, "TcpExt:", "ListenOverflows", &v));
	NUMBER(parse_stat_start(t, &v));
	NUMBER(parse_count_lines(t, "tfd:", &v));
	NUMBER(parse_count_maps(t, &v));
}

static void lines(struct parse_text t)
{
	struct parse_text line;
	struct parse_column col;
	bool whole;
	char buf[64];

	parse_column(t, "nsems", 4096, &col);
	parse_unescape(t, buf, sizeof(buf));
	parse_in_list(t, "memory");
	while (parse_next_line(&t, &line, &whole)) {
		struct parse_key_user k;
		struct parse_mount m;
		struct parse_ubc u;

		parse_key_user(line, &k);
		parse_mount(line, &m);
		parse_ubc_line(line, whole, &u);
	}
}

/* One reader and one file for all runs: the file's contents change. */
static void beancounters(const uint8_t *data, size_t n)
{
	static int fd = -1;
	struct counter_table t = {0};
	struct counter_options o = {.root = "/dev"};
	struct counters *c = NULL;
	char path[64];
	FILE *out;

	if (fd < 0)
		fd = memfd_create("fuzz", 0);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	o.beancounters = path;
	out = fopen("/dev/null", "w");
	if (!out || counters_open(&c, &o) < 0)
		abort();
	if (counters_read(c, NULL, &t) == 0 && table_print(out, &t, NULL) < 0)
		abort();
	fclose(out);
	counters_close(c);
	counter_table_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct parse_text t = {(const char *)data, n};

	numbers(t);
	lines(t);
	beancounters(data, n);
	return 0;
}
