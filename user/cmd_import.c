// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_import.c - a kernel log in, events out, as watch would have told them.
 * Needs no root and no BPF. With --store they go into a recording instead, each once.
 */
#include <time.h>

#include "cmd.h"
#include "filter.h"
#include "import_file.h"
#include "json.h"
#include "log.h"
#include "sink.h"
#include "store.h"
#include "when.h"

#define COMMIT_EVENTS 4096

struct importing {
	const struct options *o;
	int64_t since, until;
	struct sink *sink[2]; /* stdout, and what --output names */
	unsigned int sinks;
	uint64_t told, unwritten;
	struct store *store; /* NULL: they are shown */
	uint64_t added, known;
	int store_err; /* of the first event that it could not take */
	bool reader_gone;
	int err; /* of the first line that could not be written */
	struct import_stats sum;
};

static bool stopped(const struct importing *w)
{
	return w->store ? w->store_err < 0 : w->reader_gone;
}

/* Of an event without a time nobody knows whether it is meant: it is shown. */
static bool in_time(const struct importing *w, const struct event *e)
{
	int64_t t = event_num(e, FIELD_TIME);

	return !event_has(e, FIELD_TIME) || (t >= w->since && t <= w->until);
}

static void keep(struct importing *w, const struct event *e)
{
	char line[JSON_LINE_MAX];
	size_t n = json_event(e, line, sizeof(line));
	int err = n == 0 ? -EMSGSIZE : store_import_known(w->store, e, line, n);

	if (err == 0) {
		err = store_add(w->store, e, line, n);
		w->added += err == 0;
		if (!err && store_pending(w->store) >= COMMIT_EVENTS)
			err = store_commit(w->store, false);
	} else if (err > 0) {
		w->known++;
		err = 0;
	}
	if (err < 0)
		w->store_err = err;
}

static void on_event(void *arg, struct event *e)
{
	struct importing *w = arg;

	if (stopped(w) || !in_time(w, e) || !filter_pass(e, w->o))
		return;
	w->told++;
	if (w->store)
		keep(w, e);
	for (unsigned int i = 0; i < w->sinks && !w->reader_gone; i++) {
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
	int err = 0;

	if ((w->o->json || !w->store) && (!path || sink_can_write(STDOUT_FILENO)))
		err = sink_new(&w->sink[w->sinks++], w->o->json ? SINK_JSON : SINK_TEXT,
			       STDOUT_FILENO, &so);
	if (!err && path) {
		err = sink_open(&w->sink[w->sinks++], SINK_JSON, path, &so);
		if (err < 0)
			log_error("cannot open %s for writing: %s", path, strerror(-err));
	}
	return err;
}

static void add(struct importing *w, const struct import_stats *s)
{
	w->sum.lines += s->lines;
	w->sum.killed += s->killed;
	w->sum.refused += s->refused;
	w->sum.lost += s->lost;
	w->sum.cut += s->cut;
	w->sum.too_long += s->too_long;
	if (s->cut && !w->sum.first_cut[0])
		util_strlcpy(w->sum.first_cut, s->first_cut, sizeof(w->sum.first_cut));
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
	struct import_stats stats;
	int err = w->store ? store_import_begin(w->store) : 0;

	if (err < 0) {
		w->store_err = err;
		return err;
	}
	err = import_file(name, w->o, &stats, on_event, w);
	add(w, &stats);
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
		 w->told >= s->killed + s->refused ? ""
		 : w->store                        ? ", not all of them asked for"
						   : ", not all of them shown");
	if (w->store && !w->store_err)
		log_info("%llu event%s added to %s, %llu %s there already", number(w->added),
			 w->added == 1 ? "" : "s", w->o->store, number(w->known),
			 w->known == 1 ? "was" : "were");
	import_file_warn(s);
}

static int open_store(struct importing *w)
{
	int err = w->o->store ? store_open(&w->store, w->o->store, STORE_WRITE) : 0;

	if (err < 0)
		log_error("%s", w->store ? store_why(w->store) : strerror(-err));
	return err;
}

/* What came before a failure is kept, and known when the log is imported again. */
static void finish_store(struct importing *w)
{
	int err = w->store && !w->store_err ? store_commit(w->store, true) : w->store_err;

	w->store_err = err;
	if (err < 0)
		log_error("%s", *store_why(w->store) ? store_why(w->store) : strerror(-err));
}

int cmd_import(const struct options *o)
{
	static struct importing w;
	bool failed = false;
	int status = EXIT_NOTHING;

	w = (struct importing){.o = o, .since = INT64_MIN, .until = INT64_MAX};
	point(&w, o->since, &w.since);
	point(&w, o->until, &w.until);
	if (open_store(&w) < 0 || open_sinks(&w) < 0)
		goto out;
	for (unsigned int i = 0; i < (o->n_match ? o->n_match : 1) && !stopped(&w); i++)
		failed |= read_one(&w, o->n_match ? o->match[i] : "-") < 0;
	finish_store(&w);
	if (w.sum.lines)
		summary(&w);
	if (w.err)
		log_error("cannot write the output: %s", strerror(-w.err));
	status = !failed && !w.err && !w.store_err && (w.told || w.reader_gone) ? EXIT_DONE
										: EXIT_NOTHING;
out:
	for (unsigned int i = 0; i < w.sinks; i++)
		sink_free(w.sink[i]);
	store_close(w.store);
	return status;
}
