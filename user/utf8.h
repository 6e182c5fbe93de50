/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * utf8.h - names of processes, files and cgroups are bytes that somebody else
 * chose. Here is told which of them are text, and how the rest is shown.
 *
 * Header only, so that json.c, field.c and log.c need nothing else linked.
 */
#ifndef FAILCNT_UTF8_H
#define FAILCNT_UTF8_H

#include "util.h"

/*
 * The length of the UTF-8 sequence that s (n bytes) begins with, and its code
 * point; 0 where it begins with none: stray, overlong, surrogate, above
 * U+10FFFF, or cut off. Outputs untouched then.
 */
static inline size_t utf8_next(const char *s, size_t n, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *u = (const unsigned char *)s;
	size_t len = 0;
	uint32_t code;

	if (n == 0)
		return 0;
	if (u[0] < 0x80)
		len = 1, code = u[0];
	else if ((u[0] & 0xe0) == 0xc0)
		len = 2, code = u[0] & 0x1f;
	else if ((u[0] & 0xf0) == 0xe0)
		len = 3, code = u[0] & 0x0f;
	else if ((u[0] & 0xf8) == 0xf0)
		len = 4, code = u[0] & 0x07;
	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (u[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return len;
}

static inline bool utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/* Draws nothing but moves or turns what stands around it: line ends, marks of direction. */
static inline bool utf8_is_invisible(uint32_t code)
{
	return code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x2069) ||
	       code == 0xfeff;
}

/* How many of the first n bytes of s remain so that a text cut there has no half character. */
static inline size_t utf8_cut(const char *s, size_t n)
{
	uint32_t code;

	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = s[n - back];

		if ((c & 0xc0) == 0x80)
			continue;
		/* The beginning of a sequence: whole, or longer than what is left of the text? */
		if (c >= 0xc2 && c <= 0xf4 && !utf8_next(s + n - back, back, &code))
			return n - back;
		break;
	}
	return n;
}

/*
 * Writes s for a terminal: printable text as it is, every other byte as \xNN,
 * so that no name drives it. Whole characters only, at most size bytes, no NUL.
 * Returns how many it wrote; *ret_taken, unless NULL, how many bytes of s.
 */
static inline size_t utf8_visible(const char *s, size_t n, char *buf, size_t size,
				  size_t *ret_taken)
{
	static const char digits[] = "0123456789abcdef";
	size_t in = 0, out = 0;

	while (in < n) {
		uint32_t code;
		size_t len = utf8_next(s + in, n - in, &code);

		if (len > 0 && !utf8_is_control(code) && !utf8_is_invisible(code)) {
			if (size - out < len)
				break;
			memcpy(buf + out, s + in, len);
			in += len;
			out += len;
			continue;
		}
		if (len == 0)
			len = 1;
		if (size - out < 4 * len)
			break;
		for (; len > 0; len--, in++) {
			buf[out++] = '\\';
			buf[out++] = 'x';
			buf[out++] = digits[(unsigned char)s[in] >> 4];
			buf[out++] = digits[(unsigned char)s[in] & 15];
		}
	}
	if (ret_taken)
		*ret_taken = in;
	return out;
}

#endif
