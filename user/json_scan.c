// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_scan.c - JSON by the letter (RFC 8259), one value at a time, no byte
 * read behind the end.
 */
#include "json_scan.h"

#define DEPTH_MAX 16

void json_blanks(struct json_reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || *r->p == '\n'))
		r->p++;
}

bool json_next_is(struct json_reader *r, char c)
{
	json_blanks(r);
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

bool json_word(struct json_reader *r, const char *w)
{
	size_t n = strlen(w);

	json_blanks(r);
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, w, n) != 0)
		return false;
	r->p += n;
	return true;
}

static int hex4(struct json_reader *r, uint32_t *ret)
{
	uint32_t v = 0;

	if (r->end - r->p < 4)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *d = memchr(digits, r->p[i] | 0x20, 16);

		if (!d)
			return -EBADMSG;
		v = v << 4 | (uint32_t)(d - digits);
	}
	r->p += 4;
	*ret = v;
	return 0;
}

static void add_code(struct json_reader *r, uint32_t c)
{
	char *t = r->text + r->len;

	if (c < 0x80) {
		t[0] = (char)c;
		r->len += 1;
	} else if (c < 0x800) {
		t[0] = (char)(0xc0 | c >> 6);
		t[1] = (char)(0x80 | (c & 0x3f));
		r->len += 2;
	} else if (c < 0x10000) {
		t[0] = (char)(0xe0 | c >> 12);
		t[1] = (char)(0x80 | (c >> 6 & 0x3f));
		t[2] = (char)(0x80 | (c & 0x3f));
		r->len += 3;
	} else {
		t[0] = (char)(0xf0 | c >> 18);
		t[1] = (char)(0x80 | (c >> 12 & 0x3f));
		t[2] = (char)(0x80 | (c >> 6 & 0x3f));
		t[3] = (char)(0x80 | (c & 0x3f));
		r->len += 4;
	}
}

/* Behind "\u"; two of them make one character above U+FFFF. */
static int escaped_code(struct json_reader *r)
{
	uint32_t c, low;

	if (hex4(r, &c) < 0 || c == 0 || (c >= 0xdc00 && c <= 0xdfff))
		return -EBADMSG;
	if (c >= 0xd800 && c <= 0xdbff) {
		if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u')
			return -EBADMSG;
		r->p += 2;
		if (hex4(r, &low) < 0 || low < 0xdc00 || low > 0xdfff)
			return -EBADMSG;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	add_code(r, c);
	return 0;
}

static int escaped(struct json_reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (r->p == r->end)
		return -EBADMSG;
	if (*r->p == 'u') {
		r->p++;
		return escaped_code(r);
	}
	at = memchr(from, *r->p, sizeof(from) - 1);
	if (!at)
		return -EBADMSG;
	r->p++;
	r->text[r->len++] = to[at - from];
	return 0;
}

/* Into r->text. An escape is never shorter than what it stands for, so it fits. */
int json_string(struct json_reader *r)
{
	if (!json_next_is(r, '"'))
		return -EBADMSG;
	r->len = 0;
	while (r->p < r->end && *r->p != '"') {
		if ((unsigned char)*r->p < 0x20)
			return -EBADMSG;
		if (*r->p != '\\')
			r->text[r->len++] = *r->p++;
		else if (r->p++, escaped(r) < 0)
			return -EBADMSG;
	}
	if (r->p == r->end)
		return -EBADMSG;
	r->p++;
	r->text[r->len] = '\0';
	return 0;
}

int json_integer(struct json_reader *r, int64_t *ret)
{
	bool minus = json_next_is(r, '-');
	const char *begin = r->p;
	uint64_t v = 0;

	for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
		if (v > (uint64_t)INT64_MAX / 10 - 1)
			return -EBADMSG;
		v = v * 10 + (uint64_t)(*r->p - '0');
	}
	if (r->p == begin || (r->p - begin > 1 && *begin == '0'))
		return -EBADMSG;
	if (r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E'))
		return -EBADMSG;
	*ret = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}

int json_boolean(struct json_reader *r, bool *ret)
{
	bool yes = json_word(r, "true");

	if (!yes && !json_word(r, "false"))
		return -EBADMSG;
	*ret = yes;
	return 0;
}

int json_skip(struct json_reader *r, int depth)
{
	char close = json_next_is(r, '{') ? '}' : json_next_is(r, '[') ? ']' : '\0';

	if (!close && r->p < r->end && *r->p == '"')
		return json_string(r);
	if (!close && (json_word(r, "null") || json_word(r, "true") || json_word(r, "false")))
		return 0;
	if (!close) { /* a number, of any kind */
		const char *begin = r->p;

		while (r->p < r->end && memchr("-+.0123456789eE", *r->p, 15))
			r->p++;
		return r->p > begin ? 0 : -EBADMSG;
	}
	if (depth == DEPTH_MAX)
		return -EBADMSG;
	if (json_next_is(r, close))
		return 0;
	do {
		if (close == '}' && (json_string(r) < 0 || !json_next_is(r, ':')))
			return -EBADMSG;
		if (json_skip(r, depth + 1) < 0)
			return -EBADMSG;
	} while (json_next_is(r, ','));
	return json_next_is(r, close) ? 0 : -EBADMSG;
}

int json_object(struct json_reader *r, json_take_fn *take, void *into)
{
	char key[64];
	int err;

	if (!json_next_is(r, '{'))
		return -EBADMSG;
	if (json_next_is(r, '}'))
		return 0;
	do {
		if (json_string(r) < 0 || !json_next_is(r, ':'))
			return -EBADMSG;
		util_strlcpy(key, r->text, sizeof(key));
		json_blanks(r);
		err = take(r, into, key);
		if (err < 0)
			return err;
	} while (json_next_is(r, ','));
	return json_next_is(r, '}') ? 0 : -EBADMSG;
}
