// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_table.c - counter rows now: all of them, those of user_beancounters, those
 * near their limits; or who the OOM killer would take. As text or JSON lines.
 */
#include <time.h>

#include "cmd.h"
#include "counter.h"
#include "log.h"
#include "stream.h"
#include "table_event.h"

#define OOM_SHOWN 20

struct shown {
	const struct options *o;
	const char *owner; /* NULL: all */
	struct counters *c;
	struct published *published;
};

/* Writes n events, each made by make() of its number. -errno, or an exit status. */
static int emit(const struct options *o, size_t n,
		void (*make)(struct event *e, const void *arg, size_t i), const void *arg)
{
	static struct event e;
	struct stream s;
	int err = stream_open(&s, o, NULL), why = 0;

	if (err < 0)
		return err;
	for (size_t i = 0; i < n && !s.reader_gone && !why; i++) {
		make(&e, arg, i);
		errno = 0;
		if (stream_emit(&s, &e) == 0)
			why = errno ? errno : EIO;
	}
	if (!s.reader_gone && why) {
		log_error("cannot write to standard output: %s", strerror(why));
		err = EXIT_NOTHING;
	}
	stream_close(&s);
	return err;
}

static void make_row(struct event *e, const void *arg, size_t i)
{
	const struct counter_table *t = arg;

	table_row_event(e, counter_owner(t, &t->rows[i]), &t->rows[i]);
}

static void make_near(struct event *e, const void *arg, size_t i)
{
	const struct table_near *n = arg;

	table_near_event(e, &n->rows[i]);
}

static void make_oom(struct event *e, const void *arg, size_t i)
{
	table_oom_event(e, arg, i);
}

static int print_rows(const struct shown *s, const struct counter_table *t)
{
	struct table_options to = {.all = s->o->verbose > 0 || s->owner};
	int hidden = table_print(stdout, t, &to);

	if (hidden < 0)
		return hidden;
	if (hidden > 0)
		log_info("%d row%s of cgroups without a limit or a failure not shown: -v shows all",
			 hidden, hidden == 1 ? "" : "s");
	return 0;
}

/* Whose numbers the last column has, where the kernel has none. */
static void say_since(const struct shown *s)
{
	uint64_t lost = published_lost(s->published);
	time_t since = (time_t)(published_since(s->published) / 1000000000);
	struct tm tm;
	char at[32];

	if (!localtime_r(&since, &tm) || !strftime(at, sizeof(at), "%F %T", &tm))
		return;
	log_info("failures that the kernel does not count are counted by failcnt since %s", at);
	if (lost)
		log_warn("%llu events were lost meanwhile: those counts are at least",
			 (unsigned long long)lost);
}

static int read_rows(struct shown *s, struct counter_table *t)
{
	int err = counters_read(s->c, s->owner, t), filled;

	if (err < 0)
		return err;
	filled = table_count(t, s->published, s->c);
	if (filled > 0)
		say_since(s);
	return filled < 0 ? filled : 0;
}

static int show_rows(struct shown *s)
{
	struct counter_table t = {};
	int err = read_rows(s, &t);

	if (err == 0 && t.n_rows == 0)
		err = -ENODATA;
	else if (err == 0)
		err = s->o->json ? emit(s->o, t.n_rows, make_row, &t) : print_rows(s, &t);
	counter_table_free(&t);
	return err;
}

static int show_compat(struct shown *s)
{
	struct counter_table t = {};
	int err = table_compat_ubc(stdout, s->c, s->owner);
	bool host = !s->owner || util_streq(s->owner, "host");

	if (err != -ENOENT)
		return err;
	err = counters_read(s->c, host ? "host" : s->owner, &t);
	if (!err && host)
		err = counters_read_users(s->c, &t);
	if (!err)
		err = table_compat(stdout, s->c, &t, s->published, s->owner);
	counter_table_free(&t);
	return err;
}

static int show_near(struct shown *s)
{
	struct table_near n = {.percent = (unsigned int)s->o->near};
	int err = table_near_read(&n, s->c, s->owner, s->published);

	if (err == 0 && n.hidden)
		log_info("the descriptors of %zu process%s may not be counted by you: run it as "
			 "root",
			 n.hidden, n.hidden == 1 ? "" : "es");
	if (err == 0 && n.n == 0) {
		log_info("nothing is at %u %% of its limit", n.percent);
		err = EXIT_NOTHING;
	} else if (err == 0) {
		err = s->o->json ? emit(s->o, n.n, make_near, &n) : table_near_print(stdout, &n);
	}
	table_near_free(&n);
	return err;
}

static int show_oom(struct shown *s)
{
	unsigned int most = s->o->verbose ? 0 : OOM_SHOWN;
	struct oom_rank rank;
	int err = oom_rank_read(&rank, s->c, s->owner);
	size_t eligible;

	if (err < 0)
		return err;
	eligible = oom_rank_eligible(&rank);
	if (rank.n == 0) {
		log_info("no process there has memory of its own");
		err = EXIT_NOTHING;
	} else if (s->o->json) {
		err = emit(s->o, rank.n, make_oom, &rank);
	} else {
		err = table_oom_print(stdout, &rank, most);
		if (err == 0 && most && eligible > most)
			log_info("%zu candidates more: -v shows all", eligible - most);
	}
	oom_rank_free(&rank);
	return err;
}

static int report(const struct options *o, int err, const char *owner)
{
	if (err == -EINVAL && o->oom)
		log_error("--oom ranks the processes of the host or of cgroup:/PATH, not of '%s'",
			  owner);
	else if (err == -EINVAL && o->compat)
		log_error("--compat has rows for host, ct:ID, cgroup:/PATH and uid:N, not for '%s'",
			  owner);
	else if (err == -EINVAL)
		log_error("'%s' is no owner: ct:ID, uid:N, pid:N, cgroup:/PATH, fs:/MOUNT or host",
			  owner);
	else if (err == -ENODATA && util_streq(owner, "cgroup:/"))
		log_error(
			"the root of cgroup v2 has no counters: it is the host, see failcnt table "
			"host");
	else if (err == -ENODATA)
		log_error("no counters found");
	else if (err == -ENOENT)
		log_error("there is no %s", owner);
	else if (err == -EACCES || err == -EPERM)
		log_error("the counters cannot be read: %s; run it as root", strerror(-err));
	else
		log_error("the counters cannot be read: %s", strerror(-err));
	return err == -EINVAL ? EXIT_USAGE : EXIT_NOTHING;
}

/* -p, -u and -c, which are the same everywhere, in the words of an OWNER; NULL: all. */
static int find_owner(const struct options *o, char *buf, size_t size, const char **ret)
{
	int n = 0;

	*ret = o->n_match ? o->match[0] : buf;
	if (o->n_match + o->has_pid + o->has_uid + (o->cgroup != NULL) > 1)
		return log_usage("table", "one owner, not several"), -EINVAL;
	if (o->has_pid)
		n = snprintf(buf, size, "pid:%llu", (unsigned long long)o->pid);
	else if (o->has_uid)
		n = snprintf(buf, size, "uid:%llu", (unsigned long long)o->uid);
	else if (o->cgroup)
		n = snprintf(buf, size, "cgroup:%s", o->cgroup);
	else if (!o->n_match)
		*ret = NULL;
	return (size_t)n < size ? 0 : -ENAMETOOLONG;
}

static bool is_contradiction(const struct options *o)
{
	if ((o->near > 0) + o->oom + o->compat > 1)
		log_usage("table", "one of --near, --oom and --compat, not several");
	else if (o->compat && o->json)
		log_usage("table", "--compat is a layout of text, and --json is none");
	else
		return false;
	return true;
}

int cmd_table(const struct options *o)
{
	struct counter_options co = {.root = o->root, .beancounters = o->beancounters};
	_cleanup_(published_freep) struct published *published = NULL;
	_cleanup_(counters_closep) struct counters *c = NULL;
	char owner[4096 + 8];
	struct shown s = {.o = o};
	int err;

	if (is_contradiction(o) || find_owner(o, owner, sizeof(owner), &s.owner) < 0)
		return EXIT_USAGE;
	err = counters_open(&c, &co);
	if (err == 0)
		err = published_read(&published, c);
	if (err < 0)
		return report(o, err, s.owner ? s.owner : "counters");
	s.c = c;
	s.published = published;
	err = o->near     ? show_near(&s)
	      : o->oom    ? show_oom(&s)
	      : o->compat ? show_compat(&s)
			  : show_rows(&s);
	if (err < 0 && ferror(stdout) && err != -EPIPE)
		log_error("cannot write to standard output: %s", strerror(-err));
	else if (err < 0 && err != -EPIPE)
		return report(o, err, s.owner ? s.owner : "counters");
	return err == -EPIPE ? EXIT_DONE : err < 0 ? EXIT_NOTHING : err;
}
