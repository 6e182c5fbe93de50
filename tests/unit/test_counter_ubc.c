// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/parse.c user/parse_table.c user/counter.c user/counter_file.c user/counter_ubc.c
 * user/counter_hierarchy.c user/counter_cgroup.c user/counter_host.c user/counter_process.c
 * user/counter_user.c */
/*
 * test_counter_ubc.c - OpenVZ's tables: whole ones, and every way of being
 * damaged that must not make a wrong number.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mman.h>

#include "counter_fixture.h"

#define WHOLE_ROW ALL_FIVE

/* Reads one table file through a root that has nothing else. */
static int read_as(const char *file, const char *owner, struct counter_table *t)
{
	const struct counter_options o = {.root = fixture("beancounters"), .beancounters = file};
	_cleanup_(counters_closep) struct counters *c = NULL;

	assert_int_equal(counters_open(&c, &o), 0);
	assert_true(counters_have(c, COUNTER_UBC));
	return counters_read(c, owner, t);
}

static void read_fixture(const char *name, struct counter_table *t)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", fixture("beancounters/"));
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "%s", name);
	assert_int_equal(read_as(path, NULL, t), 0);
}

/* Bytes as a file without a place on any disk. */
static int read_bytes(const char *bytes, size_t n, const char *owner, struct counter_table *t)
{
	_cleanup_close_ int fd = memfd_create("beancounters", 0);
	char path[64];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return read_as(path, owner, t);
}

static void one_container(void **state _unused_)
{
	struct counter_table t = {0};

	read_fixture("vps-entry-plan.txt", &t);
	assert_int_equal(t.n_rows, 20);
	assert_int_equal(t.n_owners, 1);
	assert_row(&t, "ct:43287", "kmemsize", WHOLE_ROW, 6457561, 8370195, 35565240, 36830248, 0);
	assert_row(&t, "ct:43287", "physpages", WHOLE_ROW, 41693, 57164, 0, COUNTER_UNLIMITED, 0);
	assert_row(&t, "ct:43287", "numfile", WHOLE_ROW, 1065, 1461, 9312, 9312, 0);
	assert_row(&t, "ct:43287", "numiptent", WHOLE_ROW, 30, 30, 256, 256, 0);
	assert_null(row_of(&t, "ct:43287", "dummy"));
	assert_string_equal(row_of(&t, "ct:43287", "kmemsize")->unit, "bytes");
	assert_string_equal(row_of(&t, "ct:43287", "numfile")->unit, "files");
	assert_int_equal(t.rows[0].source, COUNTER_UBC);
	counter_table_free(&t);
}

static void many_containers(void **state _unused_)
{
	struct counter_table t = {0};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", fixture("beancounters/host-3-containers.txt"));
	assert_int_equal(read_as(path, NULL, &t), 0);
	assert_int_equal(t.n_owners, 4);
	assert_string_equal(t.owners[0], "ct:103");
	assert_string_equal(t.owners[3], "ct:0");
	assert_row(&t, "ct:103", "numproc", WHOLE_ROW, 240, 240, 240, 240, 17);
	assert_row(&t, "ct:102", "privvmpages", WHOLE_ROW, 557056, 557060, 524288, 557056, 161);
	assert_row(&t, "ct:102", "swappages", WHOLE_ROW, 0, 0, 0, 65536, 4);
	assert_row(&t, "ct:0", "numfile", WHOLE_ROW, 70, 71, COUNTER_UNLIMITED, COUNTER_UNLIMITED,
		   0);

	counter_table_clear(&t);
	assert_int_equal(read_as(path, "ct:102", &t), 0);
	assert_int_equal(t.n_owners, 1);
	assert_int_equal(t.n_rows, 21);
	counter_table_clear(&t);
	assert_int_equal(read_as(path, "ct:10", &t), -ENOENT);
	assert_int_equal(t.n_rows, 0);
	counter_table_free(&t);
}

static void narrow_columns(void **state _unused_)
{
	struct counter_table t = {0};

	read_fixture("narrow-32bit.txt", &t);
	assert_row(&t, "ct:77", "kmemsize", WHOLE_ROW, 1234567, 2345678, COUNTER_UNLIMITED,
		   COUNTER_UNLIMITED, 0);
	assert_row(&t, "ct:77", "oomguarpages", WHOLE_ROW, 9, 9, 6144, COUNTER_UNLIMITED, 0);
	assert_row(&t, "ct:77", "numfile", WHOLE_ROW, 5, 6, 2147483646, 2147483646, 1);
	counter_table_free(&t);
}

static void unlimited(void **state _unused_)
{
	struct counter_table t = {0};
	const uint64_t no = COUNTER_UNLIMITED;

	read_fixture("unlimited.txt", &t);
	assert_row(&t, "ct:5", "kmemsize", WHOLE_ROW, 1, 1, no, no, 0);
	assert_row(&t, "ct:5", "lockedpages", WHOLE_ROW, 1, 1, no, no, 0);
	assert_row(&t, "ct:5", "privvmpages", WHOLE_ROW, 1, 1, no, no, 0);
	assert_row(&t, "ct:5", "shmpages", WHOLE_ROW, 1, 1, no, UINT64_C(9223372036854710271), 0);
	assert_row(&t, "ct:5", "numproc", WHOLE_ROW, 1, 1, no, no, 0);
	/* 2 GiB less one is a limit like any other where the columns are those of 64 bits. */
	assert_row(&t, "ct:5", "numfile", WHOLE_ROW, 1, 1, 2147483647, 2147483647, 0);
	counter_table_free(&t);
}

static void uuid(void **state _unused_)
{
	struct counter_table t = {0};

	read_fixture("uuid-vz7.txt", &t);
	assert_int_equal(t.n_owners, 1);
	assert_row(&t, "ct:3b3f9c1e-0c51-4a2c-9d0e-7a6b1c2d3e4f", "kmemsize", WHOLE_ROW, 4, 8, 4000,
		   4400, 0);
	counter_table_free(&t);
}

static void truncated(void **state _unused_)
{
	struct counter_table t = {0};

	read_fixture("truncated.txt", &t);
	assert_int_equal(t.n_rows, 5);
	/* The limit ends in "2" of "240": it and the rest are not known. */
	assert_row(&t, "ct:43287", "numproc",
		   COUNTER_HELD | COUNTER_MAXHELD | COUNTER_BARRIER | COUNTER_MALFORMED, 41, 53,
		   240);
	counter_table_free(&t);
}

/* Cut at every byte: no row may differ from the whole one's, but by what it lacks. */
static void cut_everywhere(void **state _unused_)
{
	struct counter_table whole = {0}, t = {0};
	char text[8192];
	FILE *f = fopen(fixture("beancounters/vps-entry-plan.txt"), "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_int_equal(read_bytes(text, n, NULL, &whole), 0);
	for (size_t cut = 0; cut < n; cut++) {
		counter_table_clear(&t);
		assert_int_equal(read_bytes(text, cut, NULL, &t), 0);
		for (size_t i = 0; i < t.n_rows; i++) {
			const struct counter_row *r = &t.rows[i], *w = &whole.rows[i];

			if (util_streq(r->name, "?"))
				continue;
			assert_string_equal(r->name, w->name);
			assert_string_equal(counter_owner(&t, r), "ct:43287");
			assert_true(!(r->have & COUNTER_HELD) || r->held == w->held);
			assert_true(!(r->have & COUNTER_MAXHELD) || r->maxheld == w->maxheld);
			assert_true(!(r->have & COUNTER_BARRIER) || r->barrier == w->barrier);
			assert_true(!(r->have & COUNTER_LIMIT) || r->limit == w->limit);
			assert_true(!(r->have & COUNTER_FAILCNT) || r->failcnt == w->failcnt);
			assert_true(r->have & COUNTER_MALFORMED || r->have == WHOLE_ROW);
		}
	}
	counter_table_free(&t);
	counter_table_free(&whole);
}

static void negative(void **state _unused_)
{
	struct counter_table t = {0};
	const unsigned int bad = COUNTER_MALFORMED;

	read_fixture("negative.txt", &t);
	assert_row(&t, "ct:43287", "privvmpages", (WHOLE_ROW & ~COUNTER_HELD) | bad, 135946, 524288,
		   557056, 0);
	assert_row(&t, "ct:43287", "numproc", (WHOLE_ROW & ~COUNTER_MAXHELD) | bad, 41, 240, 240,
		   0);
	assert_row(&t, "ct:43287", "numfile", (WHOLE_ROW & ~COUNTER_BARRIER) | bad, 1065, 1461,
		   9312, 0);
	counter_table_free(&t);
}

static void huge(void **state _unused_)
{
	struct counter_table t = {0};

	read_fixture("huge.txt", &t);
	assert_row(&t, "ct:43287", "kmemsize", (WHOLE_ROW & ~COUNTER_HELD) | COUNTER_MALFORMED,
		   8370195, 35565240, 36830248, 0);
	assert_row(&t, "ct:43287", "numproc", (WHOLE_ROW & ~COUNTER_HELD) | COUNTER_MALFORMED, 53,
		   240, 240, 0);
	counter_table_free(&t);
}

static void binary(void **state _unused_)
{
	struct counter_table t = {0};

	read_fixture("binary.txt", &t);
	assert_row(&t, "ct:43287", "privvmpages", (WHOLE_ROW & ~COUNTER_HELD) | COUNTER_MALFORMED,
		   135946, 524288, 557056, 0);
	assert_null(row_of(&t, "ct:43287", "numproc"));
	assert_row(&t, "ct:43287", "?", COUNTER_MALFORMED);
	/* The damage is behind the uid column: the rows below are still this container's. */
	assert_row(&t, "ct:43287", "numfile", WHOLE_ROW, 1065, 1461, 9312, 9312, 0);
	counter_table_free(&t);
}

static void id_lost(void **state _unused_)
{
	static const char *const files[] = {"id-lost.txt", "id-garbled.txt"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct counter_table t = {0};

		read_fixture(files[i], &t);
		assert_int_equal(t.n_owners, 2);
		assert_string_equal(t.owners[0], "ct:102");
		assert_row(&t, "ct:102", "numfile", WHOLE_ROW, 40, 42, 2000, 2200, 0);
		assert_row(&t, "ct:?", "numfile", WHOLE_ROW, 20, 21, 1000, 1100, 0);
		counter_table_free(&t);
	}
}

static void missing_and_added(void **state _unused_)
{
	struct counter_table t = {0};

	read_fixture("row-missing.txt", &t);
	assert_int_equal(t.n_rows, 19);
	assert_null(row_of(&t, "ct:43287", "numproc"));
	counter_table_clear(&t);
	read_fixture("column-missing.txt", &t);
	assert_row(&t, "ct:43287", "numproc", COUNTER_MALFORMED);
	counter_table_clear(&t);
	read_fixture("column-added.txt", &t);
	assert_row(&t, "ct:43287", "numproc", COUNTER_MALFORMED);
	assert_row(&t, "ct:43287", "numfile", WHOLE_ROW, 1065, 1461, 9312, 9312, 0);
	counter_table_free(&t);
}

static void foreign(void **state _unused_)
{
	static const char *const files[] = {"version-3.txt", "other-headings.txt"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct counter_table t = {0};

		read_fixture(files[i], &t);
		assert_int_equal(t.n_rows, 1);
		assert_row(&t, "ct:?", "?", COUNTER_MALFORMED);
		counter_table_free(&t);
	}
}

static void empty(void **state _unused_)
{
	struct counter_table t = {0};

	assert_int_equal(read_bytes("", 0, NULL, &t), 0);
	assert_int_equal(t.n_rows, 0);
	assert_int_equal(read_bytes("\0\0\n\0", 4, NULL, &t), 0);
	assert_int_equal(t.n_rows, 1);
	assert_row(&t, "ct:?", "?", COUNTER_MALFORMED);
	counter_table_free(&t);
}

/* One line of 1 MB, then a row that is well. */
static void long_line(void **state _unused_)
{
	static const char row[] = "\n       12:  numfile  1 2 3 4 5\n";
	struct counter_table t = {0};
	size_t n = 1 << 20;
	char *text = malloc(n + sizeof(row));

	assert_non_null(text);
	memset(text, '7', n);
	memcpy(text + n, row, sizeof(row));
	assert_int_equal(read_bytes(text, n + sizeof(row) - 1, NULL, &t), 0);
	assert_int_equal(t.n_rows, 2);
	assert_row(&t, "ct:?", "?", COUNTER_MALFORMED);
	assert_row(&t, "ct:12", "numfile", WHOLE_ROW, 1, 2, 3, 4, 5);
	counter_table_free(&t);
	free(text);
}

static size_t write_containers(char *text, size_t containers)
{
	size_t n = 0;

	for (size_t i = 0; i < containers; i++) {
		char id[24];

		snprintf(id, sizeof(id), "%zu:", 100 + i);
		for (int k = 0; k < 25; k++)
			n += (size_t)sprintf(text + n,
					     "%10s  row%04d      %20d %20d %20d %20d %20d\n",
					     k ? "" : id, k, 1, 2, 3, 4, k);
	}
	return n;
}

static void bound(void **state _unused_)
{
	struct counter_table t = {0};
	size_t n, row = 131 * 25;
	char *text = malloc(2000 * row + 1);

	assert_non_null(text);
	n = write_containers(text, 900);
	assert_true(n < 4u << 20);
	assert_int_equal(read_bytes(text, n, NULL, &t), 0);
	assert_int_equal(t.n_rows, 900 * 25);
	assert_int_equal(t.n_owners, 900);
	assert_row(&t, "ct:999", "row0024", WHOLE_ROW, 1, 2, 3, 4, 24);

	counter_table_clear(&t);
	n = write_containers(text, 1400);
	assert_true(n > 4u << 20);
	assert_int_equal(read_bytes(text, n, NULL, &t), -EFBIG);
	assert_int_equal(t.n_rows, 1);
	assert_row(&t, "ct:?", "?", COUNTER_MALFORMED);
	counter_table_free(&t);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_container),  cmocka_unit_test(many_containers),
		cmocka_unit_test(narrow_columns), cmocka_unit_test(unlimited),
		cmocka_unit_test(uuid),           cmocka_unit_test(truncated),
		cmocka_unit_test(cut_everywhere), cmocka_unit_test(negative),
		cmocka_unit_test(huge),           cmocka_unit_test(binary),
		cmocka_unit_test(id_lost),        cmocka_unit_test(missing_and_added),
		cmocka_unit_test(foreign),        cmocka_unit_test(empty),
		cmocka_unit_test(long_line),      cmocka_unit_test(bound),
	};

	return cmocka_run_group_tests_name("counter_ubc", tests, NULL, NULL);
}
