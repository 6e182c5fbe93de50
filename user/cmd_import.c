// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_import.c - a kernel log in, events out, as watch would have told them.
 * Needs no root, no BPF and no store.
 */
#include <fcntl.h>
#include <time.h>

#include "cmd.h"
#include "filter.h"
#include "import.h"
#include "log.h"
#include "sink.h"
#include "when.h"

struct importing {
	const struct options *o;
	int64_t since, until;
	struct sink *sink[2]; /* stdout, and what --output names */
	unsigned int sinks;
	uint64_t told, unwritten;
	bool reader_gone;
	int err; /* of the first line that could not be written */
	struct import_stats sum;
};

/* Of an event without a time nobody knows whether it is meant: it is shown. */
static bool in_time(const struct importing *w, const struct event *e)
{
	int64_t t = event_num(e, FIELD_TIME);

	return !event_has(e, FIELD_TIME) || (t >= w->since && t <= w->until);
}

static void on_event(void *arg, struct event *e)
{
	struct importing *w = arg;

	if (w->reader_gone || !in_time(w, e) || !filter_pass(e, w->o))
		return;
	w->told++;
	for (unsigned int i = 0; i < w->sinks; i++) {
		int err = sink_write(w->sink[i], e, NULL);

		if (err == -EPIPE && i == 0)
			w->reader_gone = true;
		else if (err < 0 && !w->err)
			w->err = err;
	}
}

static int open_sinks(struct importing *w)
{
	const char *path = w->o->output ? util_after(w->o->output, "json:") : NULL;
	struct sink_options so = {.utc = w->o->utc,
				  .color = options_color(w->o, STDOUT_FILENO),
				  .verbose = w->o->verbose > 0,
				  .date = true,
				  .unnumbered = true};
	int err = sink_new(&w->sink[0], w->o->json ? SINK_JSON : SINK_TEXT, STDOUT_FILENO, &so);

	if (err < 0)
		return err;
	w->sinks = 1;
	if (!path)
		return 0;
	err = sink_open(&w->sink[1], SINK_JSON, path, &so);
	if (err < 0) {
		log_error("cannot open %s for writing: %s", path, strerror(-err));
		return err;
	}
	w->sinks = 2;
	return 0;
}

static void complain(const char *name, int err)
{
	if (err == -EISDIR)
		log_error("%s is a directory: name the log files in it", name);
	else if (err == -ENODATA)
		log_error("%s is empty", name);
	else if (err == -EILSEQ)
		log_error(
			"%s is no text (of compressed files only gzip is read; of a journal file, "
			"journalctl -k --file %s | failcnt import -)",
			name, name);
	else
		log_error("cannot read %s: %s", name, strerror(-err));
}

static void add(struct importing *w, const char *name, const struct import_stats *s)
{
	w->sum.lines += s->lines;
	w->sum.killed += s->killed;
	w->sum.refused += s->refused;
	w->sum.lost += s->lost;
	w->sum.cut += s->cut;
	w->sum.too_long += s->too_long;
	if (s->cut && !w->sum.first_cut[0])
		util_strlcpy(w->sum.first_cut, s->first_cut, sizeof(w->sum.first_cut));
	if (s->ends_early)
		log_warn("%s: the compressed data is cut or damaged; what came before it was read",
			 name);
}

/* What options.c has found to be a time; false: none was given. */
static bool point(const struct importing *w, const char *s, int64_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return s && when_parse(s, (int64_t)now.tv_sec * 1000000000, w->o->utc, ret) == 0;
}

static int read_one(struct importing *w, const char *name)
{
	bool standard = util_streq(name, "-");
	_cleanup_close_ int opened = -1;
	struct import_stats stats = {0};
	struct import_options io = {.stats = &stats};
	int err;

	io.has_boot = point(w, w->o->boot_time, &io.boot_ns);
	if (!standard) {
		opened = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0) {
			log_error("cannot open %s: %s", name, strerror(errno));
			return -errno;
		}
	} else if (isatty(STDIN_FILENO)) {
		log_info("reading from the terminal; Ctrl-D ends the text");
	}
	err = import_read(standard ? STDIN_FILENO : opened, &io, on_event, w);
	add(w, standard ? "standard input" : name, &stats);
	if (err < 0)
		complain(standard ? "standard input" : name, err);
	return err;
}

static unsigned long long number(uint64_t n)
{
	return (unsigned long long)n;
}

static void summary(const struct importing *w)
{
	const struct import_stats *s = &w->sum;

	log_info("%llu line%s read, %llu kill%s and %llu refusal%s found%s", number(s->lines),
		 s->lines == 1 ? "" : "s", number(s->killed), s->killed == 1 ? "" : "s",
		 number(s->refused), s->refused == 1 ? "" : "s",
		 w->told < s->killed + s->refused ? ", not all of them shown" : "");
	if (s->lost)
		log_warn(
			"the log itself lost %llu messages of the kernel: there may have been more",
			number(s->lost));
	if (s->cut)
		log_warn("%llu report%s of the OOM killer without the line that says who was "
			 "killed; the first begins: %s",
			 number(s->cut), s->cut == 1 ? "" : "s", s->first_cut);
	if (s->too_long)
		log_warn("%llu line%s longer than a megabyte: only the beginning was read",
			 number(s->too_long), s->too_long == 1 ? "" : "s");
}

int cmd_import(const struct options *o)
{
	static struct importing w;
	bool failed = false;
	int status = EXIT_NOTHING;

	w = (struct importing){.o = o, .since = INT64_MIN, .until = INT64_MAX};
	point(&w, o->since, &w.since);
	point(&w, o->until, &w.until);
	if (open_sinks(&w) < 0)
		goto out;
	for (unsigned int i = 0; i < (o->n_match ? o->n_match : 1) && !w.reader_gone; i++)
		failed |= read_one(&w, o->n_match ? o->match[i] : "-") < 0;
	if (w.sum.lines)
		summary(&w);
	if (w.err)
		log_error("cannot write the output: %s", strerror(-w.err));
	status = !failed && !w.err && (w.told || w.reader_gone) ? EXIT_DONE : EXIT_NOTHING;
out:
	for (unsigned int i = 0; i < w.sinks; i++)
		sink_free(w.sink[i]);
	return status;
}
