// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c - the command line: one typed table, from which come the parser
 * (getopt_long), the checks and the help. To add an option, add its member to
 * struct options and its row here.
 *
 * Nothing is read halfway: "12abc" is no number, and what is out of range or
 * unknown is refused with the next step.
 */
#include <getopt.h>
#include <stdarg.h>

#include "catalogue.h"
#include "log.h"
#include "options_priv.h"

#define AT(member) offsetof(struct options, member)
#define ALL (OPT_WATCH | OPT_TABLE | OPT_DOCTOR | OPT_RUN)
#define LIVE (OPT_WATCH | OPT_RUN)
#define PID_LAST INT32_MAX
#define UID_LAST (UINT32_MAX - 1)     /* the last one means "no user" */
#define MS_LAST (INT64_MAX / 1000000) /* so that it fits in 64 bits of nanoseconds */
#define COMM_MAX 15                   /* TASK_COMM_LEN - 1, include/linux/sched.h */

static const char *const backend_words[] = {[OPT_AUTO] = "auto",
					    [OPT_FEXIT] = "fexit",
					    [OPT_KPROBE] = "kprobe",
					    [OPT_TRACEPOINT] = "tracepoint",
					    NULL};
static const char *const color_words[] = {[OPT_COLOR_AUTO] = "auto",
					  [OPT_COLOR_ALWAYS] = "always",
					  [OPT_COLOR_NEVER] = "never",
					  NULL};

static bool is_resource(const char *s)
{
	return catalogue_by_id(s) != FC_RESOURCE_NONE;
}

static bool is_errno(const char *s)
{
	return catalogue_errno_by_name(s) != 0;
}

static bool is_comm(const char *s)
{
	return *s && strlen(s) <= COMM_MAX;
}

static bool is_absolute(const char *s)
{
	return *s == '/';
}

static bool is_filled(const char *s)
{
	return *s != '\0';
}

static bool is_output(const char *s)
{
	const char *file = util_after(s, "json:");

	return file && *file;
}

static void known_resources(char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int i = FC_RESOURCE_NONE + 1; i < FC_RESOURCES && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
					catalogue_get(i)->id);
}

static const struct row rows[] = {
	{.name = "pid",
	 .letter = 'p',
	 .type = ROW_U64,
	 .commands = OPT_WATCH,
	 .at = AT(pid),
	 .at_more = AT(has_pid),
	 .min = 1,
	 .max = PID_LAST,
	 .arg = "PID",
	 .help = "only this process"},
	{.name = "uid",
	 .letter = 'u',
	 .type = ROW_USER,
	 .commands = LIVE,
	 .at = AT(uid),
	 .at_more = AT(has_uid),
	 .max = UID_LAST,
	 .arg = "USER",
	 .wants = "a user's number or name",
	 .help = "only this user, by number or name"},
	{.name = "name",
	 .letter = 'n',
	 .type = ROW_STRING,
	 .commands = LIVE,
	 .at = AT(name),
	 .ok = is_comm,
	 .arg = "COMM",
	 .wants = "the name that ps -o comm shows, at most 15 bytes long",
	 .help = "only processes of this name (as ps -o comm shows it)"},
	{.name = "cgroup",
	 .letter = 'c',
	 .type = ROW_STRING,
	 .commands = LIVE,
	 .at = AT(cgroup),
	 .ok = is_absolute,
	 .arg = "PATH",
	 .wants = "a path from the root of the hierarchy such as /system.slice",
	 .help = "only this cgroup and those below it"},
	{.name = "resource",
	 .letter = 'r',
	 .type = ROW_LIST,
	 .commands = LIVE,
	 .at = AT(resources),
	 .at_more = AT(n_resources),
	 .ok = is_resource,
	 .known = known_resources,
	 .arg = "ID",
	 .help = "only this resource; may be given several times"},
	{.name = "errno",
	 .letter = 'e',
	 .type = ROW_STRING,
	 .commands = LIVE,
	 .at = AT(errno_name),
	 .ok = is_errno,
	 .arg = "NAME",
	 .wants = "an error such as EMFILE",
	 .help = "only refusals with this error, such as EMFILE"},
	{.name = "kills",
	 .letter = 'k',
	 .type = ROW_FLAG,
	 .commands = LIVE,
	 .at = AT(kills),
	 .help = "only kills"},
	{.name = "unrequested",
	 .type = ROW_FLAG,
	 .commands = OPT_WATCH,
	 .at = AT(unrequested),
	 .help = "no kills that systemd, a container runtime or a terminal asked for"},
	{.name = "duration",
	 .letter = 'd',
	 .type = ROW_DURATION,
	 .commands = OPT_WATCH,
	 .at = AT(duration_ms),
	 .min = 1,
	 .max = MS_LAST,
	 .arg = "TIME",
	 .help = "stop after this time: 10s, 1m, 500ms"},
	{.name = "count",
	 .type = ROW_U64,
	 .commands = OPT_WATCH,
	 .at = AT(count),
	 .min = 1,
	 .max = INT64_MAX,
	 .arg = "N",
	 .help = "stop after N events"},
	{.name = "json",
	 .type = ROW_FLAG,
	 .commands = LIVE | OPT_TABLE,
	 .at = AT(json),
	 .help = "one JSON object a line"},
	{.name = "near",
	 .type = ROW_U64,
	 .commands = OPT_TABLE,
	 .at = AT(near),
	 .min = 1,
	 .max = 100,
	 .arg = "PERCENT",
	 .help = "only what is so full or fuller, processes too"},
	{.name = "oom",
	 .type = ROW_FLAG,
	 .commands = OPT_TABLE,
	 .at = AT(oom),
	 .help = "whom the OOM killer would take next, and why"},
	{.name = "compat",
	 .type = ROW_FLAG,
	 .commands = OPT_TABLE,
	 .at = AT(compat),
	 .help = "the rows of user_beancounters, in its layout"},
	{.name = "output",
	 .type = ROW_STRING,
	 .commands = LIVE,
	 .at = AT(output),
	 .ok = is_output,
	 .arg = "json:FILE",
	 .wants = "json:FILE",
	 .help = "also append JSON lines to FILE; SIGHUP opens it anew"},
	{.name = "backend",
	 .type = ROW_ENUM,
	 .commands = LIVE | OPT_DOCTOR,
	 .at = AT(backend),
	 .words = backend_words,
	 .arg = "WAY",
	 .help = "how to attach: auto, fexit, kprobe or tracepoint"},
	{.name = "interval",
	 .type = ROW_DURATION,
	 .commands = OPT_WATCH,
	 .at = AT(interval_ms),
	 .min = 10,
	 .max = MS_LAST,
	 .arg = "TIME",
	 .help = "how often counters are read that cannot notify (default 700ms)"},
	{.name = "root",
	 .type = ROW_STRING,
	 .commands = ALL,
	 .at = AT(root),
	 .ok = is_filled,
	 .arg = "DIR",
	 .wants = "a directory",
	 .help = "read procfs, sysfs and cgroups below DIR"},
	{.name = "beancounters",
	 .type = ROW_STRING,
	 .commands = OPT_WATCH | OPT_TABLE,
	 .at = AT(beancounters),
	 .ok = is_filled,
	 .arg = "FILE",
	 .wants = "a file",
	 .help = "read FILE as /proc/user_beancounters"},
	{.name = "utc",
	 .type = ROW_FLAG,
	 .commands = LIVE,
	 .at = AT(utc),
	 .help = "show times in UTC"},
	{.name = "color",
	 .type = ROW_ENUM,
	 .commands = LIVE,
	 .at = AT(color),
	 .words = color_words,
	 .arg = "WHEN",
	 .help = "auto, always or never"},
	{.name = "fail-on-loss",
	 .type = ROW_FLAG,
	 .commands = OPT_WATCH,
	 .at = AT(fail_on_loss),
	 .help = "exit status 4 if events were lost"},
	{.name = "quiet",
	 .letter = 'q',
	 .type = ROW_FLAG,
	 .commands = ALL,
	 .at = AT(quiet),
	 .help = "nothing on stderr but errors"},
	{.name = "verbose",
	 .letter = 'v',
	 .type = ROW_COUNT,
	 .commands = ALL,
	 .at = AT(verbose),
	 .help = "say more"},
	{.name = "help",
	 .letter = 'h',
	 .type = ROW_FLAG,
	 .commands = ALL,
	 .at = AT(help),
	 .help = "this text"},
	{.name = "version",
	 .type = ROW_FLAG,
	 .commands = ALL,
	 .at = AT(version),
	 .help = "the version"},
};

static int complain(const struct command *c, const char *fmt, ...) _printf_(2, 3);
static int complain(const struct command *c, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_usage(c->name, "%s; see failcnt %s --help", text, c->name);
	return -EINVAL;
}

/* An option that c does not have: one of another command, an abbreviation, or a slip. */
static int complain_unknown(const struct command *c, const char *given)
{
	size_t n = strcspn(given, "=");
	unsigned int nearest = 3; /* farther than two letters is another word */
	const struct row *guess = NULL;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)n, given);
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		unsigned int d = options_distance(name, r->name);

		if (d == 0)
			return complain(c, "--%s does not apply here", r->name);
		if (!(r->commands & c->options))
			continue;
		if (n > 0 && strncmp(r->name, name, n) == 0)
			d = 1;
		if (d < nearest && d < strlen(r->name)) {
			nearest = d;
			guess = r;
		}
	}
	if (guess)
		return complain(c, "there is no option --%s, did you mean --%s", name, guess->name);
	return complain(c, "there is no option --%s", name);
}

static const struct row *row_of(int code)
{
	if (code >= 256)
		return &rows[code - 256];
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++)
		if (r->letter == code)
			return r;
	return NULL;
}

static int take(struct options *o, int code, char **argv, const struct command *c)
{
	const struct row *r = row_of(code == '?' || code == ':' ? optopt : code);
	char wants[1024];

	if (code == '?' && optopt == 0)
		return complain_unknown(c, argv[optind - 1] + 2);
	if (code == '?' && optopt >= 256)
		return complain(c, "--%s takes no value", r->name);
	if (code == '?' && r)
		return complain(c, "--%s does not apply here", r->name);
	if (code == '?')
		return complain(c, "there is no option -%c", optopt);
	if (code != ':' && option_set(r, optarg, o) == 0)
		return 0;
	option_describe(r, wants, sizeof(wants));
	if (code == ':')
		return complain(c, "--%s wants %s", r->name, wants);
	return complain(c, "--%s wants %s, not '%.200s'", r->name, wants, optarg);
}

/* The tables of getopt_long: the rows that apply to c. */
static void build(const struct command *c, char *letters, struct option *longs)
{
	if (c->rest)
		*letters++ = '+'; /* the first word ends our options: the next are its own */
	*letters++ = ':';         /* messages are ours */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool has_arg = rows[i].arg != NULL;

		if (!(rows[i].commands & c->options))
			continue;
		*longs++ = (struct option){rows[i].name, has_arg, NULL, 256 + (int)i};
		if (rows[i].letter)
			*letters++ = rows[i].letter;
		if (rows[i].letter && has_arg)
			*letters++ = ':';
	}
	*letters = '\0';
	*longs = (struct option){0};
}

int options_parse(struct options *o, int argc, char **argv, const struct command *c)
{
	struct option longs[ARRAY_SIZE(rows) + 1];
	char letters[2 * ARRAY_SIZE(rows) + 3];
	struct options got = {.interval_ms = 700}; /* and the grace of `counted`: within a second */
	int code, err = 0;

	build(c, letters, longs);
	optind = 0; /* glibc: begin anew */
	while (!err && !got.help && !got.version &&
	       (code = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		err = take(&got, code, argv, c);
	if (err)
		return err;
	if (c->rest) {
		got.rest = argv + optind;
		optind = argc;
	}
	for (; !got.help && !got.version && optind < argc; optind++) {
		if (got.n_match == c->max_match || got.n_match == OPTIONS_MATCH_MAX)
			return complain(c, "too much: '%.200s'", argv[optind]);
		got.match[got.n_match++] = argv[optind];
	}
	*o = got;
	return 0;
}

void options_help(FILE *f, const struct command *c)
{
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		char left[48];

		if (!(r->commands & c->options))
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", r->letter ? '-' : ' ',
			 r->letter ? r->letter : ' ', r->letter ? "," : " ", r->name,
			 r->arg ? "=" : "", r->arg ? r->arg : "");
		fprintf(f, "  %-24s %s\n", left, r->help);
	}
}
