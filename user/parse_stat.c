// SPDX-License-Identifier: GPL-2.0-only
/*
 * parse_stat.c - statistics of procfs: tables with one line a processor,
 * netstat's pairs of lines, /proc/PID/stat, and files whose lines are counted.
 */
#include "parse.h"

static int column_of(struct parse_text heading, const char *name)
{
	struct parse_text word;

	for (int i = 0; parse_next_word(&heading, &word); i++)
		if (parse_is(word, name))
			return i;
	return -ENODATA;
}

static int hex(struct parse_text t, uint64_t *ret)
{
	uint64_t v = 0;

	if (!t.n || t.n > 16)
		return -EBADMSG;
	for (size_t i = 0; i < t.n; i++) {
		const char *digits = "0123456789abcdef";
		const char *d = t.s[i] ? strchr(digits, t.s[i]) : NULL;

		if (!d)
			return -EBADMSG;
		v = v << 4 | (uint64_t)(d - digits);
	}
	*ret = v;
	return 0;
}

/* The word at place index of line. */
static int word_at(struct parse_text line, int index, struct parse_text *ret)
{
	for (int i = 0; i <= index; i++)
		if (!parse_next_word(&line, ret))
			return -EBADMSG;
	return 0;
}

int parse_net_stat_entries(struct parse_text t, uint64_t *ret)
{
	struct parse_text line, word;
	bool whole;

	if (!parse_next_line(&t, &line, &whole) || column_of(line, "entries") != 0 ||
	    !parse_next_line(&t, &line, &whole) || !whole || !parse_next_word(&line, &word))
		return -EBADMSG;
	return hex(word, ret);
}

int parse_net_stat_sum(struct parse_text t, const char *heading, uint64_t *ret)
{
	struct parse_text line, word = {0};
	uint64_t sum = 0, v;
	bool whole;
	int index;

	if (!parse_next_line(&t, &line, &whole) || !whole)
		return -EBADMSG;
	index = column_of(line, heading);
	if (index < 0)
		return index;
	while (parse_next_line(&t, &line, &whole))
		if (!whole || word_at(line, index, &word) < 0 || hex(word, &v) < 0 ||
		    __builtin_add_overflow(sum, v, &sum))
			return -EBADMSG;
	*ret = sum;
	return 0;
}

int parse_netstat(struct parse_text t, const char *line_name, const char *key, uint64_t *ret)
{
	struct parse_text names, values, word;
	bool whole;
	int index;

	while (parse_next_line(&t, &names, &whole)) {
		values = names;
		if (!parse_next_word(&values, &word) || !parse_is(word, line_name))
			continue;
		index = column_of(names, key);
		if (index < 0)
			return index;
		if (!parse_next_line(&t, &values, &whole) || !whole ||
		    word_at(values, index, &word) < 0)
			return -EBADMSG;
		return parse_u64(word.s, word.n, ret) < 0 ? -EBADMSG : 0;
	}
	return -ENODATA;
}

int parse_stat_start(struct parse_text t, uint64_t *ret)
{
	const char *close = t.n ? memrchr(t.s, ')', t.n) : NULL;
	struct parse_text word = {0};

	if (!close || t.s[t.n - 1] != '\n')
		return -EBADMSG;
	t = (struct parse_text){close + 1, t.n - (size_t)(close + 1 - t.s) - 1};
	/* proc(5): state is field 3, starttime 22. */
	if (word_at(t, 22 - 3, &word) < 0 || parse_u64(word.s, word.n, ret) < 0)
		return -EBADMSG;
	return 0;
}

int parse_count_lines(struct parse_text t, const char *word, uint64_t *ret)
{
	struct parse_text line, first;
	uint64_t n = 0;
	bool whole;

	while (parse_next_line(&t, &line, &whole)) {
		if (!whole)
			return -EBADMSG;
		n += !word || (parse_next_word(&line, &first) && parse_is(first, word));
	}
	*ret = n;
	return 0;
}

int parse_count_maps(struct parse_text t, uint64_t *ret)
{
	static const char gate[] = "[vsyscall]";
	const size_t len = sizeof(gate) - 1;
	struct parse_text line;
	uint64_t n = 0;
	bool whole;

	while (parse_next_line(&t, &line, &whole)) {
		if (!whole)
			return -EBADMSG;
		n += line.n < len || memcmp(line.s + line.n - len, gate, len) != 0;
	}
	*ret = n;
	return 0;
}

int parse_signed(struct parse_text t, int64_t *ret)
{
	bool minus = t.n && t.s[0] == '-';
	uint64_t v;

	if (!t.n || t.s[t.n - 1] != '\n' || parse_u64(t.s + minus, t.n - 1 - minus, &v) < 0 ||
	    v > INT64_MAX)
		return -EBADMSG;
	*ret = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}
