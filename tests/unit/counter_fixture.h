/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counter_fixture.h - what the tests of the counter modules share: the way to
 * the fixtures, trees made for one test, and looking up a row.
 */
#ifndef COUNTER_FIXTURE_H
#define COUNTER_FIXTURE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../../user/counter.h"

#ifndef FIXTURES
#define FIXTURES "tests/fixtures"
#endif

#define ALL_FIVE \
	(COUNTER_HELD | COUNTER_MAXHELD | COUNTER_BARRIER | COUNTER_LIMIT | COUNTER_FAILCNT)

_unused_ static const char *fixture(const char *name)
{
	static char path[PATH_MAX];
	const char *dir = getenv("FAILCNT_FIXTURES");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : FIXTURES, name);
	return path;
}

_unused_ static struct counters *open_root(const char *root)
{
	const struct counter_options o = {.root = root};
	struct counters *c = NULL;

	assert_int_equal(counters_open(&c, &o), 0);
	assert_non_null(c);
	return c;
}

_unused_ static const struct counter_row *row_of(const struct counter_table *t, const char *owner,
						 const char *name)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (util_streq(counter_owner(t, &t->rows[i]), owner) &&
		    util_streq(t->rows[i].name, name))
			return &t->rows[i];
	return NULL;
}

/* A row with exactly these members, whose values are given in the order of the columns. */
#define assert_row(t, owner, row_name, ...) \
	assert_row_at(t, owner, row_name, (const uint64_t[]){__VA_ARGS__}, __LINE__)
_unused_ static void assert_row_at(const struct counter_table *t, const char *owner,
				   const char *name, const uint64_t *want, int line)
{
	const struct counter_row *r = row_of(t, owner, name);
	const uint64_t *w = want + 1;

	if (!r)
		fail_msg("line %d: no row %s of %s", line, name, owner);
	if (r->have != want[0])
		fail_msg("line %d: %s of %s has 0x%x, not 0x%x", line, name, owner, r->have,
			 (unsigned int)want[0]);
	const struct {
		unsigned int what;
		uint64_t v;
	} got[] = {
		{COUNTER_HELD, r->held},       {COUNTER_MAXHELD, r->maxheld},
		{COUNTER_BARRIER, r->barrier}, {COUNTER_LIMIT, r->limit},
		{COUNTER_FAILCNT, r->failcnt}, {COUNTER_FAILCNT_LOCAL, r->failcnt_local},
	};
	for (size_t i = 0; i < ARRAY_SIZE(got); i++)
		if (r->have & got[i].what && got[i].v != *w++)
			fail_msg("line %d: %s of %s: member 0x%x is %llu, not %llu", line, name,
				 owner, got[i].what, (unsigned long long)got[i].v,
				 (unsigned long long)w[-1]);
}

/* A directory of the test's own; remove_tree() takes it away again. */
_unused_ static char *make_tree(void)
{
	char template[] = "/tmp/failcnt-test-XXXXXX";

	assert_non_null(mkdtemp(template));
	return strdup(template);
}

_unused_ static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
			       struct FTW *ftw _unused_)
{
	return remove(path);
}

_unused_ static void remove_tree(char *root)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(root);
}

/* Writes a file, making the directories on the way. */
_unused_ static void put_bytes(const char *root, const char *path, const char *bytes, size_t n)
{
	char full[PATH_MAX];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

_unused_ static void put_text(const char *root, const char *path, const char *text)
{
	put_bytes(root, path, text, strlen(text));
}

#endif
