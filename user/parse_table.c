// SPDX-License-Identifier: GPL-2.0-only
/*
 * parse_table.c - the files that are tables: user_beancounters, mountinfo,
 * /proc/sysvipc, key-users, locks.
 */
#include "parse.h"

/* What a 32 bit kernel writes for no limit: its LONG_MAX and ULONG_MAX. */
#define UNLIMITED_32BIT INT32_MAX
#define UNLIMITED_32BIT_ULONG UINT32_MAX

/* The columns of user_beancounters: "%10s  %-12s %20lu ...", in older 32 bit kernels "%10lu". */
#define UBC_UID_WIDTH 10
#define UBC_NARROW_HELD_END (12 + 1 + 10)

#define UBC_OWNER_MAX 64

static int column_index(struct parse_text heading, const char *name)
{
	struct parse_text word;

	for (int i = 0; parse_next_word(&heading, &word); i++)
		if (parse_is(word, name))
			return i;
	return -EBADMSG;
}

int parse_column(struct parse_text t, const char *heading, uint64_t unit, struct parse_column *ret)
{
	struct parse_column c = {0};
	struct parse_text line;
	uint64_t v;
	bool whole;
	int index;

	if (!parse_next_line(&t, &line, &whole) || !whole)
		return -EBADMSG;
	index = column_index(line, heading);
	if (index < 0)
		return index;
	while (parse_next_line(&t, &line, &whole)) {
		struct parse_text word = {0};

		if (!whole)
			return -EBADMSG;
		for (int i = 0; i <= index; i++)
			if (!parse_next_word(&line, &word))
				return -EBADMSG;
		if (parse_u64(word.s, word.n, &v) < 0)
			return -EBADMSG;
		v = v / unit + (v % unit != 0);
		if (__builtin_add_overflow(c.sum, v, &c.sum))
			return -EBADMSG;
		c.max = v > c.max ? v : c.max;
		c.count++;
	}
	*ret = c;
	return 0;
}

int parse_count_locks(struct parse_text t, uint64_t *ret)
{
	struct parse_text line, number, kind;
	uint64_t n = 0;
	bool whole;

	while (parse_next_line(&t, &line, &whole)) {
		if (!whole || !parse_next_word(&line, &number) || !parse_next_word(&line, &kind))
			return -EBADMSG;
		n += !parse_is(kind, "->");
	}
	*ret = n;
	return 0;
}

int parse_key_user(struct parse_text line, struct parse_key_user *ret)
{
	struct parse_key_user k;
	struct parse_text word[5];

	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		if (!parse_next_word(&line, &word[i]))
			return -EBADMSG;
	if (word[0].s[word[0].n - 1] != ':' || parse_u64(word[0].s, word[0].n - 1, &k.uid) < 0 ||
	    k.uid > UINT32_MAX || parse_pair(word[3], &k.keys, &k.keys_max) < 0 ||
	    parse_pair(word[4], &k.bytes, &k.bytes_max) < 0)
		return -EBADMSG;
	*ret = k;
	return 0;
}

int parse_mount(struct parse_text line, struct parse_mount *ret)
{
	struct parse_mount m = {0};
	struct parse_text word, source;

	/* proc(5): id parent device root point options [optional ...] - type source options */
	for (int i = 1; i <= 6; i++) {
		if (!parse_next_word(&line, &word))
			return -EBADMSG;
		if (i == 4)
			m.root = word;
		if (i == 5)
			m.point = word;
	}
	do {
		if (!parse_next_word(&line, &word))
			return -EBADMSG;
	} while (!parse_is(word, "-"));
	if (!parse_next_word(&line, &m.fstype) || !parse_next_word(&line, &source))
		return -EBADMSG;
	if (!parse_next_word(&line, &m.options))
		m.options = (struct parse_text){"", 0};
	*ret = m;
	return 0;
}

static bool octal_escape(struct parse_text t, char *ret)
{
	int v = 0;

	if (t.n < 4 || t.s[0] != '\\')
		return false;
	for (int i = 1; i < 4; i++) {
		if (t.s[i] < '0' || t.s[i] > '7')
			return false;
		v = v * 8 + (t.s[i] - '0');
	}
	*ret = (char)v;
	return v <= UINT8_MAX;
}

int parse_unescape(struct parse_text t, char *buf, size_t size)
{
	size_t out = 0;

	/* Each escape is shorter behind than before: text that fits needs no second look. */
	for (size_t i = 0; i < t.n; i++) {
		char c = t.s[i];

		if (octal_escape((struct parse_text){t.s + i, t.n - i}, &c))
			i += 3;
		if (!c)
			return -EBADMSG;
		if (out + 1 >= size)
			return -ENAMETOOLONG;
		buf[out++] = c;
	}
	if (!size)
		return -ENAMETOOLONG;
	buf[out] = '\0';
	return 0;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A container's number, or in Virtuozzo 7 its UUID. */
static bool is_owner(struct parse_text t)
{
	for (size_t i = 0; i < t.n; i++)
		if (!is_alnum(t.s[i]) && t.s[i] != '-')
			return false;
	return t.n > 0 && t.n <= UBC_OWNER_MAX;
}

static bool is_row_name(struct parse_text t)
{
	for (size_t i = 0; i < t.n; i++)
		if (!is_alnum(t.s[i]) && t.s[i] != '_')
			return false;
	return t.n > 0 && t.n < 32 && (t.s[0] < '0' || t.s[0] > '9');
}

static bool known_headings(struct parse_text line)
{
	static const char *const names[] = {"uid",     "resource", "held",   "maxheld",
					    "barrier", "limit",    "failcnt"};
	struct parse_text word;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!parse_next_word(&line, &word) || !parse_is(word, names[i]))
			return false;
	return !parse_next_word(&line, &word);
}

static int ubc_value(struct parse_text word, int column, bool narrow, uint64_t *ret)
{
	bool limit = column == PARSE_UBC_BARRIER || column == PARSE_UBC_LIMIT;
	uint64_t v;
	int r;

	r = limit ? parse_limit(word.s, word.n, &v) : parse_u64(word.s, word.n, &v);
	if (r < 0)
		return r;
	/* Held and above LONG_MAX: a counter that went below zero; the kernel prints "%lu". */
	if (!limit && v > INT64_MAX)
		return -ERANGE;
	if (limit && narrow && (v == UNLIMITED_32BIT || v == UNLIMITED_32BIT_ULONG))
		v = PARSE_UNLIMITED;
	*ret = v;
	return 0;
}

static void ubc_values(struct parse_text line, bool whole, struct parse_ubc *ret)
{
	const char *end = line.s + line.n;
	struct parse_text word;
	bool narrow = false;
	int i;

	for (i = 0; i < PARSE_UBC_COLUMNS && parse_next_word(&line, &word); i++) {
		bool cut = !whole && word.s + word.n == end;

		if (i == PARSE_UBC_HELD)
			narrow = word.s + word.n == ret->name.s + UBC_NARROW_HELD_END;
		if (parse_is(word, "-"))
			continue;
		if (cut || ubc_value(word, i, narrow, &ret->value[i]) < 0)
			ret->malformed = true;
		else
			ret->have |= 1u << i;
	}
	ret->malformed |= i < PARSE_UBC_COLUMNS;
	/* One too few or too many in a whole line: which column is whose, nobody knows. */
	if ((whole && i < PARSE_UBC_COLUMNS) || parse_next_word(&line, &word)) {
		ret->malformed = true;
		ret->have = 0;
	}
}

enum parse_ubc_kind parse_ubc_line(struct parse_text line, bool whole, struct parse_ubc *ret)
{
	struct parse_text all = line, word;
	struct parse_ubc u = {0};

	*ret = u;
	if (!parse_next_word(&line, &word))
		return PARSE_UBC_BLANK;
	if (parse_is(word, "Version:"))
		return parse_next_word(&line, &word) && word.n > 2 && !memcmp(word.s, "2.", 2)
			       ? PARSE_UBC_BLANK
			       : PARSE_UBC_FOREIGN;
	if (parse_is(word, "uid"))
		return known_headings(all) ? PARSE_UBC_BLANK : PARSE_UBC_FOREIGN;
	u.indented = word.s - all.s >= UBC_UID_WIDTH;
	if (word.s[word.n - 1] == ':' && is_owner((struct parse_text){word.s, word.n - 1})) {
		u.owner = (struct parse_text){word.s, word.n - 1};
		u.indented = false;
		if (!parse_next_word(&line, &word))
			word.n = 0;
	}
	ret->owner = u.owner;
	ret->indented = u.indented;
	if (!is_row_name(word) || (!whole && !line.n))
		return PARSE_UBC_GARBAGE;
	u.name = word;
	ubc_values(line, whole, &u);
	*ret = u;
	return PARSE_UBC_ROW;
}
