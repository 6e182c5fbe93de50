// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the table of subcommands, and which of them is meant.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "cmd.h"
#include "log.h"
#include "sink.h"
#include "store.h"

#ifndef FAILCNT_VERSION
#define FAILCNT_VERSION "unknown"
#endif

static const struct command commands[] = {
	{.name = "watch",
	 .run = cmd_watch,
	 .options = OPT_WATCH,
	 .args = "",
	 .help = "report refusals and kills as they happen (the default command)",
	 .more = "  failcnt                          everything, until Ctrl-C\n"
		 "  failcnt -n nginx -r nofile       what nginx is refused when its files run out\n"
		 "  failcnt -r disk                  full file systems, and only so those of "
		 "xfs, btrfs, NFS ...\n"
		 "  failcnt --kills --json           kills, as JSON lines\n"
		 "  failcnt -d 1m --count 100        for a minute, or 100 events\n"},
	{.name = "run",
	 .run = cmd_run,
	 .options = OPT_RUN,
	 .rest = true,
	 .args = " -- CMD ...",
	 .help = "run CMD and report what it and its children were refused; CMD's exit status",
	 .more = "  failcnt run -- nginx -g 'daemon off;'   why it does not start\n"
		 "  failcnt run --output=json:log -- make   and every event, as JSON lines in log\n"
		 "  (stdout is CMD's alone: the report, or with --json the events, go to "
		 "stderr)\n"},
	{.name = "table",
	 .run = cmd_table,
	 .options = OPT_TABLE,
	 .max_match = 1,
	 .args = " [OWNER]",
	 .help = "counters now, in the layout of /proc/user_beancounters",
	 .more = "  failcnt table                    the host, every container, cgroup and user\n"
		 "  failcnt table pid:4711           one process; also uid:N, ct:ID, fs:/MOUNT, "
		 "host\n"
		 "  failcnt table cgroup:/user.slice one cgroup; -p, -u and -c do as well\n"
		 "  failcnt table --near 80          what is 80 % full or more, before it fails\n"
		 "  failcnt table --oom              who would be killed next, and why\n"
		 "  failcnt table --compat           for scripts made for user_beancounters\n"},
	{.name = "import",
	 .run = cmd_import,
	 .options = OPT_IMPORT,
	 .max_match = OPTIONS_MATCH_MAX,
	 .args = " [FILE|-]...",
	 .help = "what a kernel log tells of kills and limits, from any machine; no root",
	 .more = "  journalctl -k | failcnt import   or dmesg, /var/log/messages, a pasted ticket\n"
		 "  failcnt import -k kern.log.2.gz  only the kills; -S and -U only a part of "
		 "it\n"
		 "  failcnt import --store s.db kern.log*   to look at with list, info, report "
		 "--store s.db\n"},
	{.name = "record",
	 .run = cmd_record,
	 .options = OPT_RECORD,
	 .args = "",
	 .help = "keep what watch shows, and samples of counters, to look back at",
	 .more = "  failcnt record                   until SIGTERM, into " STORE_PATH "\n"
		 "  failcnt record --max-age 7d --max-size 500M\n"},
	{.name = "list",
	 .run = cmd_list,
	 .options = OPT_LIST,
	 .max_match = OPTIONS_MATCH_MAX,
	 .args = " [MATCH ...]",
	 .help = "what was recorded, one incident a line, newest last",
	 .more = "  failcnt list -S yesterday        since midnight of yesterday\n"
		 "  failcnt list -k postgres         kills of a program\n"
		 "  failcnt list errno=EMFILE /system.slice   any key of the JSON; a path\n"
		 "  failcnt list --store - <FILE     of what watch --json has written\n"
		 "  failcnt list --from kern.log     of a kernel log; also info, report; - is "
		 "stdin\n"},
	{.name = "info",
	 .run = cmd_info,
	 .options = OPT_INFO,
	 .max_match = OPTIONS_MATCH_MAX,
	 .args = " [MATCH ...]",
	 .help = "everything about one incident, the newest that matches",
	 .more = "  failcnt info                     what happened last\n"
		 "  failcnt info 4711                to the process 4711\n"
		 "  journalctl -k | failcnt info --from -   what the kernel log tells last\n"
		 "  failcnt info id=12 --json        all events of incident 12\n"},
	{.name = "report",
	 .run = cmd_report,
	 .options = OPT_REPORT,
	 .max_match = OPTIONS_MATCH_MAX,
	 .args = " [MATCH ...]",
	 .help = "a page to look at: when, who was killed, which limits, what helps",
	 .more = "  failcnt report -o r.html         the last day; nothing else is needed to see "
		 "it\n"
		 "  failcnt report -S -7d -o r.html  the last week; -S, -U, filters and MATCH as "
		 "in list\n"
		 "  failcnt report --store s.db -o - >r.html   of a copied store\n"},
	{.name = "vacuum",
	 .run = cmd_vacuum,
	 .options = OPT_VACUUM,
	 .args = "",
	 .help = "drop what is beyond the limits of the store now",
	 .more = "  failcnt vacuum --max-age 30d\n"},
	{.name = "doctor",
	 .run = cmd_doctor,
	 .options = OPT_DOCTOR,
	 .args = "",
	 .help = "what this kernel allows, and how each hook is attached",
	 .more = "  failcnt doctor                   if an event is missing, begin here\n"},
};

static const struct command *find(const char *name)
{
	const struct command *guess = NULL;

	for (const struct command *c = commands; c < commands + ARRAY_SIZE(commands); c++) {
		if (util_streq(c->name, name))
			return c;
		if (options_distance(c->name, name) <= 2)
			guess = c;
	}
	if (guess)
		log_error("there is no command '%s', did you mean '%s'? See failcnt --help", name,
			  guess->name);
	else
		log_error("there is no command '%s'; see failcnt --help", name);
	return NULL;
}

static void help_command(const struct command *c)
{
	printf("failcnt %s - %s\n\nUsage: failcnt %s [OPTIONS]%s\n\nOptions:\n", c->name, c->help,
	       c->name, c->args);
	options_help(stdout, c);
	printf("\nExamples:\n%s", c->more);
}

static void help_all(void)
{
	printf("failcnt - what this host ran out of: who, which limit, how full, how to raise it\n"
	       "\nUsage: failcnt [COMMAND] [OPTIONS]\n\nCommands:\n");
	for (const struct command *c = commands; c < commands + ARRAY_SIZE(commands); c++)
		printf("  %s%-*s %s\n", c->name, 23 - (int)strlen(c->name), c->args, c->help);
	printf("\nOptions of watch (others: failcnt COMMAND --help):\n");
	options_help(stdout, &commands[0]);
	printf("\nExamples:\n");
	for (const struct command *c = commands; c < commands + ARRAY_SIZE(commands); c++)
		printf("%s", c->more);
	printf("\nExit status: 0 done; 1 nothing found, or failed; 2 usage; 3 the kernel or the\n"
	       "privileges do not allow it; 4 events were lost and --fail-on-loss was given.\n"
	       "run: that of CMD, 128 + N if signal N killed it, 127 or 126 if it could not be "
	       "run.\n");
}

/* A closed descriptor would go to the next file opened, and data to that file. */
static void keep_standard_fds(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null",
				    (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

/* Is stdout where the lines of this command go? */
static bool prints(const struct command *c, const struct options *o)
{
	if (c->options & (OPT_RUN | OPT_RECORD | OPT_VACUUM) || o->output)
		return false;
	if (c->options == OPT_REPORT)
		return !o->html || util_streq(o->html, "-");
	return c->options != OPT_IMPORT || !o->store || o->json;
}

/* Said before anything is watched or read for nobody. */
static bool can_print(const struct command *c, const struct options *o)
{
	if (!prints(c, o) || sink_can_write(STDOUT_FILENO))
		return true;
	log_error("cannot write to standard output: %s%s", strerror(EBADF),
		  c->options == OPT_WATCH ? "; --output=json:FILE writes elsewhere" : "");
	return false;
}

static void ignore(int sig)
{
	(void)sig;
}

/* A function, and not SIG_IGN: that would outlive exec(2), and what we run is to find it as we did.
 */
static void ignore_sigpipe(void)
{
	if (signal(SIGPIPE, ignore) == SIG_IGN)
		signal(SIGPIPE, SIG_IGN);
}

/* Nobody reads stdout any more: a pipe or socket whose other end is closed. */
static bool reader_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	return poll(&p, 1, 0) > 0 && p.revents & (POLLERR | POLLHUP);
}

/* Writes what stdio still holds; a reader that has gone ends the program quietly. */
static int finish(int status)
{
	bool failed = ferror(stdout);

	errno = 0;
	if ((fflush(stdout) != 0 || failed) && status == EXIT_DONE && !reader_gone()) {
		/* Where it failed long ago the error is forgotten: another byte meets it again. */
		if (!errno && write(STDOUT_FILENO, "\n", 1) == 1)
			errno = EIO;
		log_error("cannot write to standard output: %s", strerror(errno ? errno : EIO));
		status = EXIT_NOTHING;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct command *c = NULL;
	struct options o;
	bool help = argc > 1 && util_streq(argv[1], "help");
	int status = EXIT_DONE;

	keep_standard_fds();
	ignore_sigpipe();
	if (help) {
		argc--;
		argv++;
	}
	if (argc > 1 && argv[1][0] != '-') {
		c = find(argv[1]);
		if (!c)
			return EXIT_USAGE;
		argc--;
		argv++;
	}
	if (options_parse(&o, argc, argv, c ? c : &commands[0]) < 0)
		return EXIT_USAGE;
	log_set_level(o.quiet ? LOG_ERROR : o.verbose ? LOG_DEBUG : LOG_INFO);
	if (help || o.help)
		c ? help_command(c) : help_all();
	else if (o.version)
		printf("failcnt %s\n", FAILCNT_VERSION);
	else if (can_print(c ? c : &commands[0], &o))
		status = (c ? c : &commands[0])->run(&o);
	else
		status = EXIT_NOTHING;
	return finish(status);
}
