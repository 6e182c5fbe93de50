/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/options.c user/options_value.c user/log.c user/parse.c user/catalogue.c ; libs: */
/*
 * test_options.c - what is accepted, what is refused, and what is said then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/options.h"

static const struct command watch = {.name = "watch", .options = OPT_WATCH, .args = ""};
static const struct command table = {
	.name = "table", .options = OPT_TABLE, .max_match = 1, .args = " [OWNER]"};

static const struct command run = {
	.name = "run", .options = OPT_RUN, .rest = true, .args = " -- CMD ..."};

static struct options o;
static char said[8192];

/* Parses a command line cut at blanks; what goes to stderr is in said. */
static int parse(const struct command *c, const char *line)
{
	static char copy[4096];
	char *argv[128] = {(char *)"failcnt"}, *save;
	int argc = 1, saved = dup(STDERR_FILENO), err;
	FILE *f = tmpfile();

	util_strlcpy(copy, line, sizeof(copy));
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	dup2(fileno(f), STDERR_FILENO);
	err = options_parse(&o, argc, argv, c);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(f);
	said[fread(said, 1, sizeof(said) - 1, f)] = '\0';
	fclose(f);
	return err;
}

static void defaults(void **state _unused_)
{
	assert_int_equal(parse(&watch, ""), 0);
	assert_string_equal(said, "");
	assert_false(o.has_pid || o.has_uid || o.kills || o.json || o.help || o.version);
	assert_int_equal(o.interval_ms, 700);
	assert_int_equal(o.duration_ms, 0);
	assert_int_equal(o.backend, OPT_AUTO);
	assert_null(o.output);
}

static void everything(void **state _unused_)
{
	assert_int_equal(
		parse(&watch,
		      "-p 4711 --uid=0 -n nginx -c /system.slice -r nofile --resource semmni -e "
		      "EMFILE "
		      "-k --unrequested -d 500ms --count 7 --json --output=json:/tmp/x --backend "
		      "kprobe "
		      "--interval=2s "
		      "--root /fixture --beancounters f --utc --color=never --fail-on-loss -qvv"),
		0);
	assert_int_equal(o.pid, 4711);
	assert_true(o.has_pid && o.has_uid && o.kills && o.json && o.utc && o.fail_on_loss);
	assert_true(o.unrequested);
	assert_int_equal(o.uid, 0);
	assert_string_equal(o.name, "nginx");
	assert_string_equal(o.cgroup, "/system.slice");
	assert_int_equal(o.n_resources, 2);
	assert_string_equal(o.resources[0], "nofile");
	assert_string_equal(o.resources[1], "semmni");
	assert_string_equal(o.errno_name, "EMFILE");
	assert_int_equal(o.duration_ms, 500);
	assert_int_equal(o.count, 7);
	assert_string_equal(o.output, "json:/tmp/x");
	assert_int_equal(o.backend, OPT_KPROBE);
	assert_int_equal(o.interval_ms, 2000);
	assert_string_equal(o.root, "/fixture");
	assert_string_equal(o.beancounters, "f");
	assert_int_equal(o.color, OPT_COLOR_NEVER);
	assert_true(o.quiet);
	assert_int_equal(o.verbose, 2);
	assert_int_equal(parse(&table, "ct:101 --json"), 0);
	assert_int_equal(o.n_match, 1);
	assert_string_equal(o.match[0], "ct:101");
	assert_int_equal(parse(&table, "-- --json"), 0);
	assert_string_equal(o.match[0], "--json");
	assert_int_equal(parse(&watch, "-r nofile -r nofile -u root"), 0);
	assert_int_equal(o.n_resources, 1); /* said twice */
	assert_true(o.has_uid);
	assert_int_equal(parse(&watch, "--help --bogus"), 0);
	assert_true(o.help);
	assert_int_equal(parse(&watch, "--version"), 0);
	assert_true(o.version);
}

static void durations(void **state _unused_)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {{"1ms", 1},
		    {"10s", 10000},
		    {"10", 10000},
		    {"1m", 60000},
		    {"2h", 7200000},
		    {"1d", 86400000},
		    {"9223372036854ms", 9223372036854}};
	static const char *const bad[] = {"0",
					  "0s",
					  "1x",
					  "s",
					  "-1s",
					  "1.5s",
					  "10s5",
					  "1S",
					  "9223372036855ms",
					  "18446744073709551616ms",
					  "999999999999999999d",
					  "+1s",
					  "1 s"};
	char line[64];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(line, sizeof(line), "--duration=%s", good[i].text);
		assert_int_equal(parse(&watch, line), 0);
		assert_int_equal(o.duration_ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "-d%s", bad[i]);
		assert_int_equal(parse(&watch, line), -EINVAL);
	}
	assert_int_equal(parse(&watch, "--interval=9ms"), -EINVAL);
}

static void refused(void **state _unused_)
{
	static const struct {
		const struct command *c;
		const char *line, *says;
	} cases[] = {
		{&watch, "--pid 12abc",
		 "failcnt watch: --pid wants a number from 1 to 2147483647, "
		 "not '12abc'; see failcnt watch --help\n"},
		{&watch, "--pid=0", "not '0'"},
		{&watch, "--pid=-1", "not '-1'"},
		{&watch, "-p 2147483648", "not '2147483648'"},
		{&watch, "-p 99999999999999999999", "not '99999999999999999999'"},
		{&watch, "--pid=", "not ''"},
		{&watch, "--pid", "--pid wants a number"},
		{&watch, "-p", "--pid wants a number"},
		{&watch, "--uid=4294967295", "a user's number or name"},
		{&watch, "--uid=no-such-user", "a user's number or name"},
		{&watch, "-n sixteen-bytes-xx", "at most 15 bytes"},
		{&watch, "-c system.slice", "such as /system.slice"},
		{&watch, "-r no-file", "--resource wants one of nofile, nr-open, "},
		{&watch, "-r no-file", "not 'no-file': did you mean nofile; see failcnt watch"},
		{&watch, "-r nothing", "not 'nothing'; see"},
		{&watch, "-e EWRONG", "not 'EWRONG'"},
		{&watch, "--count=0", "a number from 1"},
		{&watch, "--output=x", "wants json:FILE"},
		{&watch, "--output=json:", "wants json:FILE"},
		{&watch, "--backend=ftrace",
		 "wants one of auto, fexit, kprobe, tracepoint, events, not"},
		{&watch, "--color=blue", "wants one of auto, always, never, not 'blue'"},
		{&watch, "--json=yes", "--json takes no value"},
		{&watch, "--jsno", "no option --jsno, did you mean --json;"},
		{&watch, "--recource=nofile", "no option --recource, did you mean --resource;"},
		{&watch, "--co", "no option --co, did you mean --co"}, /* ambiguous */
		{&watch, "--bogus", "there is no option --bogus;"},
		{&watch, "--store=x", "--store does not apply here"},
		{&watch, "-S 1", "--since does not apply here"},
		{&watch, "--", ""},
		{&watch, "nginx", "too much: 'nginx'"},
		{&table, "a b", "too much: 'b'"},
		{&table, "--name=a",
		 "failcnt table: --name does not apply here; see failcnt table"},
		{&table, "-na", "--name does not apply here"},
		{&table, "--pid=0", "not '0'"},
		{&watch, "--\033[2J", "no option --\\x1b[2J"},
		{&watch, "--backend=\xff", "not '\\xff'"},
	};

	assert_int_equal(parse(&watch, "-p 5"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int err = parse(cases[i].c, cases[i].line);

		if (!*cases[i].says) {
			assert_int_equal(err, 0);
			assert_int_equal(parse(&watch, "-p 5"), 0);
			continue;
		}
		assert_int_equal(err, -EINVAL);
		assert_non_null(strstr(said, cases[i].says));
		assert_int_equal(strcspn(said, "\n"), strlen(said) - 1); /* one sentence */
		assert_int_equal(o.pid, 5);                              /* untouched */
	}
}

static void repeated(void **state _unused_)
{
	char line[1024] = "-vvvvvvvv";

	for (int i = 0; i < OPTIONS_RESOURCES_MAX + 10; i++)
		strcat(line, i % 2 ? " -rnofile" : " -rmemory");
	assert_int_equal(parse(&watch, line), 0);
	assert_int_equal(o.verbose, 8);
	assert_int_equal(o.n_resources, 2);
}

static void help(void **state _unused_)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	options_help(f, &table);
	fclose(f);
	assert_non_null(strstr(text, "      --json               one JSON object a line\n"));
	assert_non_null(strstr(text, "  -h, --help "));
	assert_null(strstr(text, "--name"));
	for (const char *s = text; *s; s += strcspn(s, "\n") + 1)
		assert_true(strcspn(s, "\n") <= 80);
}

static void color(void **state _unused_)
{
	struct options c = {.color = OPT_COLOR_ALWAYS};

	assert_true(options_color(&c, -1));
	c.color = OPT_COLOR_NEVER;
	assert_false(options_color(&c, STDOUT_FILENO));
	c.color = OPT_COLOR_AUTO;
	assert_false(options_color(&c, -1));
}

static void distance(void **state _unused_)
{
	assert_int_equal(options_distance("", ""), 0);
	assert_int_equal(options_distance("", "abc"), 3);
	assert_int_equal(options_distance("abc", ""), 3);
	assert_int_equal(options_distance("json", "jsno"), 1);
	assert_int_equal(options_distance("watch", "wach"), 1);
	assert_int_equal(options_distance("watch", "wwatch"), 1);
	assert_int_equal(options_distance("table", "cable"), 1);
	assert_int_equal(options_distance("kitten", "sitting"), 3);
	assert_int_equal(options_distance("a", "a-word-that-is-much-longer-than-any-we-have"), 32);
}

/* What is to be run has options of its own. */
static void rest(void **state _unused_)
{
	static const char *const lines[] = {"-r nofile -- make -j2 --json",
					    "-r nofile make -j2 --json",
					    "-r nofile -- make -- --json"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(parse(&run, lines[i]), 0);
		assert_int_equal(o.n_resources, 1);
		assert_false(o.json);
		assert_int_equal(o.n_match, 0);
		assert_string_equal(o.rest[0], "make");
		assert_string_equal(o.rest[1], i == 2 ? "--" : "-j2");
		assert_string_equal(o.rest[2], "--json");
		assert_null(o.rest[3]);
	}
	assert_int_equal(parse(&run, "--json --"), 0);
	assert_true(o.json);
	assert_null(o.rest[0]);
	assert_int_equal(parse(&run, "--count 3 true"), -EINVAL);
	assert_string_equal(said,
			    "failcnt run: --count does not apply here; see failcnt run --help\n");
	assert_int_equal(parse(&run, "--help"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),  cmocka_unit_test(everything),
		cmocka_unit_test(durations), cmocka_unit_test(refused),
		cmocka_unit_test(repeated),  cmocka_unit_test(help),
		cmocka_unit_test(color),     cmocka_unit_test(distance),
		cmocka_unit_test(rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
