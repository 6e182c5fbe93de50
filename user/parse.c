// SPDX-License-Identifier: GPL-2.0-only
/*
 * parse.c - the text of procfs and cgroup files as numbers.
 *
 * All are made of three pieces: the next line, the next word, a whole number.
 * A number counts only when the blank or the newline behind it has been seen.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memrchr */
#endif
#include "parse.h"

/*
 * The lowest "limit" that is none. LONG_MAX rounded down to 64 KiB, the largest
 * page that Linux has on the machines of today: 0x7fffffffffff0000.
 */
#define LOWEST_UNLIMITED (((uint64_t)INT64_MAX) & ~UINT64_C(0xffff))

/* PAGE_COUNTER_MAX of a 32 bit kernel, in bytes: LONG_MAX pages of 4 KiB. */
#define UNLIMITED_32BIT_PAGES (UINT64_C(0x7fffffff) * 4096)

bool parse_next_line(struct parse_text *rest, struct parse_text *ret_line, bool *ret_whole)
{
	const char *end;

	if (!rest->n)
		return false;
	end = memchr(rest->s, '\n', rest->n);
	ret_line->s = rest->s;
	ret_line->n = end ? (size_t)(end - rest->s) : rest->n;
	*ret_whole = end != NULL;
	rest->s += ret_line->n + *ret_whole;
	rest->n -= ret_line->n + *ret_whole;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool parse_next_word(struct parse_text *line, struct parse_text *ret_word)
{
	size_t from = 0, to;

	while (from < line->n && is_blank(line->s[from]))
		from++;
	for (to = from; to < line->n && !is_blank(line->s[to]);)
		to++;
	if (from < to)
		*ret_word = (struct parse_text){line->s + from, to - from};
	line->s += to;
	line->n -= to;
	return from < to;
}

bool parse_in_list(struct parse_text list, const char *name)
{
	while (list.n) {
		const char *comma = memchr(list.s, ',', list.n);
		size_t n = comma ? (size_t)(comma - list.s) : list.n;

		if (parse_is((struct parse_text){list.s, n}, name))
			return true;
		n += comma != NULL;
		list.s += n;
		list.n -= n;
	}
	return false;
}

int parse_u64(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	if (!n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

int parse_limit(const char *s, size_t n, uint64_t *ret)
{
	struct parse_text t = {s, n};
	uint64_t v;
	int r;

	if (parse_is(t, "max") || parse_is(t, "unlimited")) {
		*ret = PARSE_UNLIMITED;
		return 0;
	}
	r = parse_u64(s, n, &v);
	if (r < 0)
		return r;
	*ret = v >= LOWEST_UNLIMITED || v == UNLIMITED_32BIT_PAGES ? PARSE_UNLIMITED : v;
	return 0;
}

typedef int (*number_fn)(const char *s, size_t n, uint64_t *ret);

static int value(struct parse_text t, number_fn number, uint64_t *ret)
{
	if (!t.n || t.s[t.n - 1] != '\n')
		return -EBADMSG;
	return number(t.s, t.n - 1, ret) < 0 ? -EBADMSG : 0;
}

int parse_value(struct parse_text t, uint64_t *ret)
{
	return value(t, parse_u64, ret);
}

int parse_value_limit(struct parse_text t, uint64_t *ret)
{
	return value(t, parse_limit, ret);
}

static int nth(struct parse_text t, unsigned int index, number_fn number, uint64_t *ret)
{
	struct parse_text line, word = {0};
	bool whole;

	if (!parse_next_line(&t, &line, &whole) || !whole)
		return -EBADMSG;
	for (unsigned int i = 0; i <= index; i++)
		if (!parse_next_word(&line, &word))
			return -EBADMSG;
	return number(word.s, word.n, ret) < 0 ? -EBADMSG : 0;
}

int parse_nth(struct parse_text t, unsigned int index, uint64_t *ret)
{
	return nth(t, index, parse_u64, ret);
}

int parse_nth_limit(struct parse_text t, unsigned int index, uint64_t *ret)
{
	return nth(t, index, parse_limit, ret);
}

/* The rest of the first line whose first word is key. */
static int find_line(struct parse_text t, const char *key, struct parse_text *ret)
{
	struct parse_text line, word;
	bool whole = true;

	while (parse_next_line(&t, &line, &whole)) {
		if (!whole)
			break;
		if (parse_next_word(&line, &word) && parse_is(word, key)) {
			*ret = line;
			return 0;
		}
	}
	return whole ? -ENODATA : -EBADMSG;
}

static int keyed(struct parse_text t, const char *key, number_fn number, uint64_t *ret)
{
	struct parse_text line, word, more;
	int r;

	r = find_line(t, key, &line);
	if (r < 0)
		return r;
	if (!parse_next_word(&line, &word) || parse_next_word(&line, &more))
		return -EBADMSG;
	return number(word.s, word.n, ret) < 0 ? -EBADMSG : 0;
}

int parse_keyed(struct parse_text t, const char *key, uint64_t *ret)
{
	return keyed(t, key, parse_u64, ret);
}

int parse_keyed_limit(struct parse_text t, const char *key, uint64_t *ret)
{
	return keyed(t, key, parse_limit, ret);
}

int parse_colon(struct parse_text t, const char *key, uint64_t *ret)
{
	struct parse_text line, word, unit;
	uint64_t v;
	int r;

	r = find_line(t, key, &line);
	if (r < 0)
		return r;
	if (!parse_next_word(&line, &word) || parse_u64(word.s, word.n, &v) < 0)
		return -EBADMSG;
	if (parse_next_word(&line, &unit) && parse_is(unit, "kB") &&
	    __builtin_mul_overflow(v, 1024, &v))
		return -EBADMSG;
	*ret = v;
	return 0;
}

int parse_pair(struct parse_text t, uint64_t *ret_a, uint64_t *ret_b)
{
	const char *slash = memchr(t.s, '/', t.n);
	uint64_t a, b;
	size_t n;

	if (!slash)
		return -EBADMSG;
	n = (size_t)(slash - t.s);
	if (parse_u64(t.s, n, &a) < 0 || parse_u64(slash + 1, t.n - n - 1, &b) < 0)
		return -EBADMSG;
	*ret_a = a;
	*ret_b = b;
	return 0;
}

int parse_sigq(struct parse_text t, uint64_t *ret)
{
	struct parse_text line, word;
	uint64_t max;
	int r;

	r = find_line(t, "SigQ:", &line);
	if (r < 0)
		return r;
	return parse_next_word(&line, &word) ? parse_pair(word, ret, &max) : -EBADMSG;
}

/* The line behind a label that holds blanks itself. */
static bool after_label(struct parse_text *line, const char *label)
{
	size_t n = strlen(label);

	if (line->n <= n || memcmp(line->s, label, n) != 0 || !is_blank(line->s[n]))
		return false;
	line->s += n;
	line->n -= n;
	return true;
}

int parse_rlimit(struct parse_text t, const char *label, uint64_t *ret_soft, uint64_t *ret_hard)
{
	struct parse_text line, a, b;
	uint64_t soft, hard;
	bool whole = true;

	while (parse_next_line(&t, &line, &whole)) {
		if (!whole || !after_label(&line, label))
			continue;
		if (!parse_next_word(&line, &a) || !parse_next_word(&line, &b) ||
		    parse_limit(a.s, a.n, &soft) < 0 || parse_limit(b.s, b.n, &hard) < 0)
			return -EBADMSG;
		*ret_soft = soft;
		*ret_hard = hard;
		return 0;
	}
	return whole ? -ENODATA : -EBADMSG;
}

int parse_stat_cpu(struct parse_text t, uint64_t *ret)
{
	const char *close = t.n ? memrchr(t.s, ')', t.n) : NULL;
	struct parse_text word = {0};
	uint64_t utime = 0, stime = 0;

	if (!close || t.s[t.n - 1] != '\n')
		return -EBADMSG;
	t = (struct parse_text){close + 1, t.n - (size_t)(close + 1 - t.s)};
	/* proc(5): state is field 3, utime 14, stime 15. */
	for (int field = 3; field <= 15; field++) {
		if (!parse_next_word(&t, &word))
			return -EBADMSG;
		if (field == 14 && parse_u64(word.s, word.n, &utime) < 0)
			return -EBADMSG;
	}
	if (parse_u64(word.s, word.n, &stime) < 0 || __builtin_add_overflow(utime, stime, &utime))
		return -EBADMSG;
	*ret = utime;
	return 0;
}

int parse_loadavg_tasks(struct parse_text t, uint64_t *ret)
{
	struct parse_text line, word = {0};
	uint64_t running;
	bool whole;

	if (!parse_next_line(&t, &line, &whole) || !whole)
		return -EBADMSG;
	for (int i = 0; i < 4; i++)
		if (!parse_next_word(&line, &word))
			return -EBADMSG;
	return parse_pair(word, &running, ret);
}

int parse_sockstat(struct parse_text t, const char *line_name, const char *key, uint64_t *ret)
{
	struct parse_text line, name, word;
	int r;

	r = find_line(t, line_name, &line);
	if (r < 0)
		return r;
	while (parse_next_word(&line, &name) && parse_next_word(&line, &word))
		if (parse_is(name, key))
			return parse_u64(word.s, word.n, ret) < 0 ? -EBADMSG : 0;
	return -ENODATA;
}
