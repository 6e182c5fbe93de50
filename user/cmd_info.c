// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_info.c - one incident in full: the newest that is asked for. With --json
 * all its events, which can be read again.
 */
#include "cmd.h"
#include "info.h"
#include "json.h"
#include "log.h"
#include "look.h"

struct one {
	int64_t id;
	uint64_t matching;
};

static int on_match(void *arg, const struct incident *i)
{
	struct one *one = arg;

	if (one->matching++ == 0)
		one->id = i->id;
	return 0;
}

struct shown {
	const struct options *o;
	struct store *s;
	int err;
};

static int show_text(void *arg, const struct incident *i)
{
	const struct shown *w = arg;
	struct info_options io = {.utc = w->o->utc,
				  .color = options_color(w->o, STDOUT_FILENO),
				  .all = w->o->verbose > 0};
	/* The reader's incident is overwritten by the next one that is read: this is the last. */
	return info_print(w->s, i, &io);
}

static int show_json(void *arg _unused_, const struct event *e, int64_t incident)
{
	static struct event shown;
	char line[JSON_LINE_MAX];

	shown = *e;
	event_int(&shown, FIELD_INCIDENT, incident);
	fwrite(line, 1, json_event(&shown, line, sizeof(line)), stdout);
	return ferror(stdout) ? -EPIPE : 0;
}

static int show(const struct options *o, struct store *s, int64_t id)
{
	struct store_query q = {.incident = id};
	struct shown w = {.o = o, .s = s};

	return o->json ? store_each_event(s, &q, show_json, &w)
		       : store_each_incident(s, &q, show_text, &w);
}

int cmd_info(const struct options *o)
{
	_cleanup_(store_closep) struct store *s = NULL;
	struct one one = {};
	struct store_query q;
	int err;

	if (look_query(&q, o, "info") < 0)
		return EXIT_USAGE;
	if (look_open(&s, o) < 0)
		return EXIT_NOTHING;
	q.newest = true;
	q.most = 100; /* enough to say that there are others */
	err = store_each_incident(s, &q, on_match, &one);
	if (!err && one.matching == 0) {
		look_damage(s);
		log_info("No incidents found.");
		return EXIT_NOTHING;
	}
	if (!err)
		err = show(o, s, one.id);
	if (err < 0 && err != -EPIPE) {
		if (*store_why(s))
			log_error("%s", store_why(s));
		else
			log_error("cannot write to standard output: %s", strerror(-err));
		return EXIT_NOTHING;
	}
	look_damage(s);
	if (one.matching > 1 && o->n_match)
		log_info("%llu%s more match: failcnt list shows them",
			 (unsigned long long)(one.matching - 1),
			 one.matching == q.most ? " or" : "");
	return EXIT_DONE;
}
