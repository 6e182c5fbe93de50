// SPDX-License-Identifier: GPL-2.0-only
/*
 * options_rows.c - the table of options. To add one, add its member to struct
 * options and its row here, in the order of the help.
 */
#include "catalogue.h"
#include "options_priv.h"
#include "store.h"
#include "when.h"

#define AT(member) offsetof(struct options, member)
#define LOOK (OPT_LIST | OPT_INFO | OPT_REPORT | OPT_IMPORT) /* back */
#define ALL (OPT_WATCH | OPT_TABLE | OPT_DOCTOR | OPT_RUN | OPT_RECORD | LOOK | OPT_VACUUM)
#define LIVE (OPT_WATCH | OPT_RUN)
#define PID_LAST INT32_MAX
#define UID_LAST (UINT32_MAX - 1)     /* the last one means "no user" */
#define MS_LAST (INT64_MAX / 1000000) /* so that it fits in 64 bits of nanoseconds */
#define COMM_MAX 15                   /* TASK_COMM_LEN - 1, include/linux/sched.h */

static const char *const backend_words[] = {
	[OPT_AUTO] = "auto",     [OPT_FEXIT] = "fexit",
	[OPT_KPROBE] = "kprobe", [OPT_TRACEPOINT] = "tracepoint",
	[OPT_EVENTS] = "events", NULL};
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

static bool is_when(const char *s)
{
	int64_t t; /* now: any time will do to see that it can be read */

	return when_parse(s, 2000000000000000000LL, true, &t) == 0;
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

const struct row option_rows[] = {
	{.name = "pid",
	 .letter = 'p',
	 .type = ROW_U64,
	 .commands = OPT_WATCH | OPT_TABLE | OPT_RECORD | LOOK,
	 .at = AT(pid),
	 .at_more = AT(has_pid),
	 .min = 1,
	 .max = PID_LAST,
	 .arg = "PID",
	 .help = "only this process"},
	{.name = "uid",
	 .letter = 'u',
	 .type = ROW_USER,
	 .commands = LIVE | OPT_TABLE | OPT_RECORD | LOOK,
	 .at = AT(uid),
	 .at_more = AT(has_uid),
	 .max = UID_LAST,
	 .arg = "USER",
	 .wants = "a user's number or name",
	 .help = "only this user, by number or name"},
	{.name = "name",
	 .letter = 'n',
	 .type = ROW_STRING,
	 .commands = LIVE | OPT_RECORD | LOOK,
	 .at = AT(name),
	 .ok = is_comm,
	 .arg = "COMM",
	 .wants = "the name that ps -o comm shows, at most 15 bytes long",
	 .help = "only processes of this name (as ps -o comm shows it)"},
	{.name = "cgroup",
	 .letter = 'c',
	 .type = ROW_STRING,
	 .commands = LIVE | OPT_TABLE | OPT_RECORD | LOOK,
	 .at = AT(cgroup),
	 .ok = is_absolute,
	 .arg = "PATH",
	 .wants = "a path from the root of the hierarchy such as /system.slice",
	 .help = "only this cgroup and those below it"},
	{.name = "resource",
	 .letter = 'r',
	 .type = ROW_LIST,
	 .commands = LIVE | OPT_RECORD | LOOK,
	 .at = AT(resources),
	 .at_more = AT(n_resources),
	 .ok = is_resource,
	 .known = known_resources,
	 .arg = "ID",
	 .help = "only this resource; may be given several times"},
	{.name = "errno",
	 .letter = 'e',
	 .type = ROW_STRING,
	 .commands = LIVE | OPT_RECORD | LOOK,
	 .at = AT(errno_name),
	 .ok = is_errno,
	 .arg = "NAME",
	 .wants = "an error such as EMFILE",
	 .help = "only refusals with this error, such as EMFILE"},
	{.name = "kills",
	 .letter = 'k',
	 .type = ROW_FLAG,
	 .commands = LIVE | OPT_RECORD | LOOK,
	 .at = AT(kills),
	 .help = "only kills"},
	{.name = "unrequested",
	 .type = ROW_FLAG,
	 .commands = OPT_WATCH | OPT_RECORD | (LOOK & ~OPT_IMPORT),
	 .at = AT(unrequested),
	 .help = "no kills that systemd, a container runtime or a terminal asked for"},
	{.name = "since",
	 .letter = 'S',
	 .type = ROW_STRING,
	 .commands = LOOK,
	 .at = AT(since),
	 .ok = is_when,
	 .arg = "TIME",
	 .wants = WHEN_WANTS,
	 .help = "only what went on at or after: 02:00, yesterday, '1 hour ago'"},
	{.name = "until",
	 .letter = 'U',
	 .type = ROW_STRING,
	 .commands = LOOK,
	 .at = AT(until),
	 .ok = is_when,
	 .arg = "TIME",
	 .wants = WHEN_WANTS,
	 .help = "only what began at or before"},
	{.name = "boot-time",
	 .type = ROW_STRING,
	 .commands = LOOK,
	 .at = AT(boot_time),
	 .ok = is_when,
	 .arg = "TIME",
	 .wants = WHEN_WANTS,
	 .help = "when that machine was booted, for a log without dates"},
	{.name = "duration",
	 .letter = 'd',
	 .type = ROW_DURATION,
	 .commands = OPT_WATCH | OPT_RECORD,
	 .at = AT(duration_ms),
	 .min = 1,
	 .max = MS_LAST,
	 .arg = "TIME",
	 .help = "stop after this time: 10s, 1m, 500ms"},
	{.name = "count",
	 .type = ROW_U64,
	 .commands = OPT_WATCH | OPT_RECORD,
	 .at = AT(count),
	 .min = 1,
	 .max = INT64_MAX,
	 .arg = "N",
	 .help = "stop after N events"},
	{.name = "json",
	 .type = ROW_FLAG,
	 .commands = LIVE | OPT_TABLE | OPT_LIST | OPT_INFO | OPT_IMPORT,
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
	{.name = "store",
	 .type = ROW_STRING,
	 .commands = OPT_RECORD | OPT_LIST | OPT_INFO | OPT_REPORT | OPT_VACUUM,
	 .at = AT(store),
	 .ok = is_filled,
	 .arg = "FILE",
	 .wants = "a file",
	 .help = "the recording (default " STORE_PATH ")"},
	{.name = "store",
	 .type = ROW_STRING,
	 .commands = OPT_IMPORT,
	 .at = AT(store),
	 .ok = is_filled,
	 .arg = "FILE",
	 .wants = "a file",
	 .help = "add them to this recording, each once, instead of showing them"},
	{.name = "from",
	 .type = ROW_STRING,
	 .commands = LOOK & ~OPT_IMPORT,
	 .at = AT(from),
	 .ok = is_filled,
	 .arg = "FILE",
	 .wants = "a kernel log, or - for standard input",
	 .help = "look at a kernel log, as import reads it, instead; - is standard input"},
	{.name = "max-size",
	 .type = ROW_SIZE,
	 .commands = OPT_RECORD | OPT_VACUUM,
	 .at = AT(max_bytes),
	 .min = 1 << 20,
	 .max = INT64_MAX,
	 .arg = "SIZE",
	 .help = "drop the oldest above it (default a tenth of the disk, at most 1G)"},
	{.name = "max-age",
	 .type = ROW_DURATION,
	 .commands = OPT_RECORD | OPT_VACUUM,
	 .at = AT(max_age_ms),
	 .min = 1000,
	 .max = MS_LAST,
	 .arg = "TIME",
	 .help = "drop what is older (default 90d)"},
	{.name = "keep-free",
	 .type = ROW_SIZE,
	 .commands = OPT_RECORD | OPT_VACUUM,
	 .at = AT(free_bytes),
	 .at_more = AT(has_free_bytes),
	 .max = INT64_MAX,
	 .arg = "SIZE",
	 .help = "drop the oldest where less is free (default 5 % of it, at most 1G)"},
	{.name = "html",
	 .letter = 'o',
	 .type = ROW_STRING,
	 .commands = OPT_REPORT,
	 .at = AT(html),
	 .ok = is_filled,
	 .arg = "FILE",
	 .wants = "a file such as report.html, or - for standard output",
	 .help = "where the page goes; - is standard output"},
	{.name = "output",
	 .type = ROW_STRING,
	 .commands = LIVE | OPT_RECORD | OPT_IMPORT,
	 .at = AT(output),
	 .ok = is_output,
	 .arg = "json:FILE",
	 .wants = "json:FILE",
	 .help = "also append JSON lines to FILE; SIGHUP opens it anew"},
	{.name = "backend",
	 .type = ROW_ENUM,
	 .commands = LIVE | OPT_RECORD | OPT_DOCTOR,
	 .at = AT(backend),
	 .words = backend_words,
	 .arg = "WAY",
	 .help = "how to attach: auto, fexit, kprobe, tracepoint; events: no system calls"},
	{.name = "interval",
	 .type = ROW_DURATION,
	 .commands = OPT_WATCH,
	 .at = AT(interval_ms),
	 .min = 10,
	 .max = MS_LAST,
	 .arg = "TIME",
	 .help = "how often counters are read that cannot notify (default 700ms)"},
	{.name = "interval",
	 .type = ROW_DURATION,
	 .commands = OPT_RECORD,
	 .at = AT(sample_ms),
	 .min = 1000,
	 .max = MS_LAST,
	 .arg = "TIME",
	 .help = "how often counter rows are sampled (default 10s)"},
	{.name = "root",
	 .type = ROW_STRING,
	 .commands = ALL & ~OPT_IMPORT,
	 .at = AT(root),
	 .ok = is_filled,
	 .arg = "DIR",
	 .wants = "a directory",
	 .help = "read procfs, sysfs and cgroups below DIR"},
	{.name = "beancounters",
	 .type = ROW_STRING,
	 .commands = OPT_WATCH | OPT_RECORD | OPT_TABLE,
	 .at = AT(beancounters),
	 .ok = is_filled,
	 .arg = "FILE",
	 .wants = "a file",
	 .help = "read FILE as /proc/user_beancounters"},
	{.name = "utc",
	 .type = ROW_FLAG,
	 .commands = LIVE | LOOK | OPT_VACUUM,
	 .at = AT(utc),
	 .help = "show times in UTC"},
	{.name = "color",
	 .type = ROW_ENUM,
	 .commands = LIVE | OPT_LIST | OPT_INFO | OPT_IMPORT,
	 .at = AT(color),
	 .words = color_words,
	 .arg = "WHEN",
	 .help = "auto, always or never"},
	{.name = "fail-on-loss",
	 .type = ROW_FLAG,
	 .commands = OPT_WATCH | OPT_RECORD,
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

const size_t option_rows_n = ARRAY_SIZE(option_rows);
_Static_assert(ARRAY_SIZE(option_rows) <= OPTION_ROWS_MAX, "raise it");
