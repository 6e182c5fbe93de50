// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_table.c - counter rows now, in the layout of user_beancounters or as JSON
 * lines.
 */
#include "cmd.h"
#include "counter.h"
#include "log.h"
#include "stream.h"
#include "table.h"

static const char *source_name(enum counter_source s)
{
	static const char *const names[COUNTER_SOURCES] = {
		[COUNTER_UBC] = "ubc",         [COUNTER_CGROUP1] = "cgroup1",
		[COUNTER_CGROUP2] = "cgroup2", [COUNTER_HOST] = "host",
		[COUNTER_PROCESS] = "process", [COUNTER_USER] = "user",
	};

	return names[s];
}

static void row_event(struct event *e, const struct counter_table *t, const struct counter_row *r)
{
	const struct {
		unsigned int have;
		enum field field;
		uint64_t value;
	} values[] = {
		{COUNTER_HELD, FIELD_HELD, r->held},
		{COUNTER_MAXHELD, FIELD_MAXHELD, r->maxheld},
		{COUNTER_BARRIER, FIELD_BARRIER, r->barrier},
		{COUNTER_LIMIT, FIELD_LIMIT, r->limit},
		{COUNTER_FAILCNT, FIELD_COUNTED_FAILCNT, r->failcnt},
	};

	event_init(e, EVENT_ROW);
	event_static(e, FIELD_SOURCE, source_name(r->source));
	event_str(e, FIELD_OWNER, counter_owner(t, r));
	event_str(e, FIELD_RESOURCE, r->name);
	event_str(e, FIELD_UNIT, r->unit);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (r->have & values[i].have)
			event_u64(e, values[i].field, values[i].value);
}

static int print_json(const struct counter_table *t, const struct options *o)
{
	static struct event e;
	struct stream s;
	int err = stream_open(&s, o, NULL);

	if (err < 0)
		return err;
	for (size_t i = 0; i < t->n_rows && !s.reader_gone; i++) {
		row_event(&e, t, &t->rows[i]);
		stream_emit(&s, &e);
	}
	if (!s.reader_gone && sink_lost(s.sink[0]) > 0)
		err = -EIO;
	stream_close(&s);
	return err;
}

static int print_text(const struct counter_table *t, const struct options *o)
{
	struct table_options to = {.all = o->verbose > 0 || o->n_match > 0};
	int hidden = table_print(stdout, t, &to);

	if (hidden < 0)
		return hidden;
	if (hidden > 0)
		log_info("%d row%s of cgroups without a limit or a failure not shown: -v shows all",
			 hidden, hidden == 1 ? "" : "s");
	return 0;
}

static int report(int err, const char *owner)
{
	if (err == -EINVAL)
		log_error("'%s' is no owner: ct:ID, uid:N, pid:N, cgroup:/PATH or host", owner);
	else if (err == -ENOENT)
		log_error("there is no %s", owner);
	else if (err == -EACCES || err == -EPERM)
		log_error("the counters cannot be read: %s; run it as root", strerror(-err));
	else
		log_error("the counters cannot be read: %s", strerror(-err));
	return err == -EINVAL ? EXIT_USAGE : EXIT_NOTHING;
}

int cmd_table(const struct options *o)
{
	struct counter_options co = {.root = o->root, .beancounters = o->beancounters};
	_cleanup_(counters_closep) struct counters *c = NULL;
	const char *owner = o->n_match ? o->match[0] : NULL;
	struct counter_table t = {};
	int err = counters_open(&c, &co);

	if (err == 0)
		err = counters_read(c, owner, &t);
	if (err < 0)
		return report(err, owner ? owner : "counters");
	if (t.n_rows == 0) {
		log_error("no counters found");
		counter_table_free(&t);
		return EXIT_NOTHING;
	}
	err = o->json ? print_json(&t, o) : print_text(&t, o);
	counter_table_free(&t);
	if (err < 0 && err != -EPIPE)
		log_error("cannot write to standard output: %s", strerror(-err));
	return err < 0 && err != -EPIPE ? EXIT_NOTHING : EXIT_DONE;
}
