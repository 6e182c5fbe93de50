/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: all of user/ but main and the commands ; libs: json-c */
/*
 * test_import_fixtures.c - every log of tests/fixtures/kmsg becomes the events
 * of the .jsonl beside it. Only the keys that stand there are compared; a key
 * that is null there must be absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>

#include "../../user/import.h"
#include "../../user/json.h"

#define NOW 1796083200000000000LL /* 2026-12-01T00:00:00Z */

struct comparison {
	const char *name;
	FILE *expected;
	unsigned int n;
};

static void compare(const char *name, unsigned int n, struct json_object *got,
		    struct json_object *want)
{
	struct json_object_iterator it = json_object_iter_begin(want),
				    end = json_object_iter_end(want);

	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
		const char *key = json_object_iter_peek_name(&it);
		struct json_object *w = json_object_iter_peek_value(&it), *g = NULL;

		json_object_object_get_ex(got, key, &g);
		if (!json_object_equal(g, w))
			fail_msg("%s, event %u: %s is %s, not %s", name, n, key,
				 g ? json_object_to_json_string(g) : "absent",
				 w ? json_object_to_json_string(w) : "absent");
	}
}

static void on_event(void *arg, struct event *e)
{
	struct comparison *c = arg;
	struct json_object *got, *want;
	char line[JSON_LINE_MAX + 1], expected[8192];
	size_t len = json_event(e, line, JSON_LINE_MAX);

	line[len] = '\0';
	c->n++;
	if (!fgets(expected, sizeof(expected), c->expected))
		fail_msg("%s: one event more than expected: %s", c->name, line);
	got = json_tokener_parse(line);
	want = json_tokener_parse(expected);
	assert_non_null(got);
	if (!want)
		fail_msg("%s: line %u of the .jsonl is no JSON", c->name, c->n);
	compare(c->name, c->n, got, want);
	json_object_put(got);
	json_object_put(want);
}

static void one_log(const char *dir, const char *name)
{
	struct comparison c = {.name = name};
	struct import_options o = {.now_ns = NOW};
	char path[1024], rest[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	snprintf(path + strlen(path) - strlen(".txt"), 8, ".jsonl");
	c.expected = fopen(path, "re");
	if (!c.expected)
		fail_msg("%s is missing", path);
	assert_int_equal(import_read(fd, &o, on_event, &c), 0);
	if (fgets(rest, sizeof(rest), c.expected))
		fail_msg("%s: only %u events", name, c.n);
	fclose(c.expected);
	close(fd);
}

static void all_logs(void **state _unused_)
{
	const char *fixtures = getenv("FAILCNT_FIXTURES");
	struct dirent *d;
	unsigned int n = 0;
	char dir[400];
	DIR *logs;

	snprintf(dir, sizeof(dir), "%s/kmsg", fixtures ? fixtures : FIXTURES);
	logs = opendir(dir);
	assert_non_null(logs);
	while ((d = readdir(logs))) {
		size_t len = strlen(d->d_name);

		if (len < 5 || strcmp(d->d_name + len - 4, ".txt") != 0)
			continue;
		one_log(dir, d->d_name);
		n++;
	}
	closedir(logs);
	assert_true(n >= 30);
	print_message("%u logs\n", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_logs)};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
