/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * util.h - the few things that every module uses: cleanup attributes, sizes,
 * bounded strings.
 *
 * Convention of the house: a function returns 0 or -errno, leaves its outputs
 * untouched when it fails, and frees what it took through _cleanup_ variables
 * so that it has one exit. Nothing below main() calls exit().
 */
#ifndef FAILCNT_UTIL_H
#define FAILCNT_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))

static inline void util_freep(void *p)
{
	free(*(void **)p);
}

static inline void util_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void util_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ _cleanup_(util_freep)
#define _cleanup_close_ _cleanup_(util_closep)
#define _cleanup_fclose_ _cleanup_(util_fclosep)

/* Hands over a pointer that a _cleanup_free_ variable would have freed. */
#define TAKE_PTR(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

/* Hands over a descriptor that a _cleanup_close_ variable would have closed. */
static inline int util_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline bool util_streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* The rest of s behind prefix, or NULL when s does not begin with it. */
static inline const char *util_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* Is word one of the words of list, which are separated by blanks? */
static inline bool util_listed(const char *list, const char *word)
{
	size_t n = strlen(word), len;

	for (const char *at = list; n && *at; at += len) {
		at += strspn(at, " ");
		len = strcspn(at, " ");
		if (len == n && memcmp(at, word, n) == 0)
			return true;
	}
	return false;
}

/* Copies at most size - 1 bytes and always ends the string; tells whether all of it fitted. */
static inline bool util_strlcpy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);
	bool fits = n < size;

	if (!fits)
		n = size - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return fits;
}

#endif
