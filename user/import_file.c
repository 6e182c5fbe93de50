// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_file.c - a kernel log that the command line names: opened, read, and
 * what is wrong with it said.
 */
#include "import_file.h"

#include <fcntl.h>
#include <time.h>

#include "log.h"
#include "when.h"

const char *import_file_name(const char *file)
{
	return util_streq(file, "-") ? "standard input" : file;
}

static void complain(const char *name, int err, const char *converter)
{
	if (err == -EISDIR)
		log_error("%s is a directory: name the log files in it", name);
	else if (err == -ENODATA)
		log_error("%s is empty", name);
	else if (err == -EILSEQ && converter)
		log_error("%s is no text yet: %s %s | failcnt import - (or list, info, report "
			  "--from -)",
			  name, converter, util_streq(name, "standard input") ? "FILE" : name);
	else if (err == -EILSEQ)
		log_error(
			"%s is no text (of compressed files only gzip is read; of a journal file, "
			"journalctl -k --file FILE | failcnt import -)",
			name);
	else
		log_error("cannot read %s: %s", name, strerror(-err));
}

/* options.c has found it to be a time. */
static bool boot_time(const struct options *o, int64_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return o->boot_time &&
	       when_parse(o->boot_time, (int64_t)now.tv_sec * 1000000000, o->utc, ret) == 0;
}

int import_file(const char *file, const struct options *o, struct import_stats *stats,
		void (*on_event)(void *arg, struct event *e), void *arg)
{
	bool standard = util_streq(file, "-");
	struct import_options io = {.stats = stats};
	_cleanup_close_ int opened = -1;
	int err;

	*stats = (struct import_stats){0};
	io.has_boot = boot_time(o, &io.boot_ns);
	if (!standard) {
		opened = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0) {
			err = -errno;
			log_error("cannot open %s: %s", file, strerror(-err));
			return err;
		}
	} else if (isatty(STDIN_FILENO)) {
		log_info("reading from the terminal; Ctrl-D ends the text");
	}
	err = import_read(standard ? STDIN_FILENO : opened, &io, on_event, arg);
	if (stats->ends_early)
		log_warn("%s: the compressed data is cut or damaged; what came before it was read",
			 import_file_name(file));
	if (err < 0)
		complain(import_file_name(file), err, stats->converter);
	return err;
}

void import_file_warn(const struct import_stats *s)
{
	if (s->lost)
		log_warn(
			"the log itself lost %llu messages of the kernel: there may have been more",
			(unsigned long long)s->lost);
	if (s->cut)
		log_warn("%llu report%s of the OOM killer without the line that says who was "
			 "killed; the first begins: %s",
			 (unsigned long long)s->cut, s->cut == 1 ? "" : "s", s->first_cut);
	if (s->too_long)
		log_warn("%llu line%s longer than a megabyte: only the beginning was read",
			 (unsigned long long)s->too_long, s->too_long == 1 ? "" : "s");
}
