// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_record.c - the daemon: what watch shows, into the store.
 *
 * One descriptor wakes it beside the events: an epoll of its signals and of
 * one timer, which is set to whatever is due first. Where the store cannot be
 * written, lines wait in memory, and each second it is tried again.
 */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <time.h>

#include "cmd.h"
#include "log.h"
#include "notify.h"
#include "session.h"
#include "sink_store.h"
#include "store.h"
#include "trim.h"
#include "when.h"

#define COMMIT_MS 500  /* after the first event that waits: on disk within a second */
#define RETRY_MS 1000  /* while the store cannot be written */
#define ALIVE_MS 30000 /* how exactly the end of a recorder that died is known */
#define VACUUM_MS 60000
#define VACUUM_MORE_MS 1000 /* where the last one had more to do */
#define MIB (1ULL << 20)

struct record {
	const struct options *o;
	struct session session;
	struct store *store;
	struct store_keep keep;
	struct counter_table rows;
	int wake, signals, timer;
	uint64_t commit, alive, sample, vacuum, watchdog; /* CLOCK_MONOTONIC ms when due */
	uint64_t watchdog_ms;
	bool sure;   /* the next commit holds a kill */
	int failing; /* -errno of the store, said already */
};

static const char *store_path(const struct options *o)
{
	return o->store ? o->store : STORE_PATH;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static int64_t real_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void arm(struct record *r)
{
	uint64_t due = earlier(earlier(r->commit, r->alive), earlier(r->sample, r->vacuum));
	struct itimerspec t = {};

	due = earlier(due, r->watchdog);
	t.it_value.tv_sec = (time_t)(due / 1000);
	t.it_value.tv_nsec = (long)(due % 1000) * 1000000 + 1; /* 0 would disarm it */
	timerfd_settime(r->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* What systemctl status shows. */
static void tell_manager(const struct record *r, const char *more)
{
	char text[768];

	if (r->failing)
		snprintf(text, sizeof(text), "%sSTATUS=%s; events are kept in memory", more,
			 store_why(r->store));
	else
		snprintf(text, sizeof(text), "%sSTATUS=recording into %s", more, store_path(r->o));
	notify(text);
}

/* Once when it begins, once when it is over. */
static void say_failing(struct record *r, int err)
{
	bool changed = err != r->failing;

	if (err && err != r->failing)
		log_error("%s; events are kept in memory until then", store_why(r->store));
	else if (!err && r->failing)
		log_info("the store can be written again");
	r->failing = err;
	if (changed)
		tell_manager(r, "");
}

static void commit(struct record *r)
{
	int err;

	if (store_pending(r->store))
		store_alive(r->store, real_ns());
	err = store_commit(r->store, r->sure);
	say_failing(r, err);
	r->commit = err ? now_ms() + RETRY_MS : UINT64_MAX;
	if (!err)
		r->sure = false;
}

static void sample(struct record *r)
{
	int err = 0;

	if (r->session.counters && !r->failing) {
		counter_table_clear(&r->rows);
		counters_read(r->session.counters, NULL, &r->rows);
		err = store_sample(r->store, &r->rows, real_ns());
	}
	if (err)
		log_debug("no sample: %s", store_why(r->store));
	r->sample = now_ms() + r->o->sample_ms;
}

static void vacuum(struct record *r)
{
	struct store_dropped d = {};
	char until[32];
	int err = r->failing && r->failing != -ENOSPC
			  ? 0
			  : store_vacuum(r->store, &r->keep, real_ns(), NULL, &d);

	r->vacuum = now_ms() + (d.why ? VACUUM_MORE_MS : VACUUM_MS);
	if (err)
		log_debug("nothing dropped: %s", store_why(r->store));
	if (!d.events)
		return;
	when_print(d.until, r->o->utc, false, until, sizeof(until));
	log_info("dropped %llu events until %s for the limit of %s", (unsigned long long)d.events,
		 until, d.why);
}

static void tick(struct record *r)
{
	uint64_t now = now_ms();

	if (now >= r->alive) {
		store_alive(r->store, real_ns());
		r->alive = now + ALIVE_MS;
		r->commit = now;
	}
	if (now >= r->commit)
		commit(r);
	if (now >= r->sample)
		sample(r);
	if (now >= r->vacuum)
		vacuum(r);
	if (now >= r->watchdog) {
		notify("WATCHDOG=1");
		r->watchdog = now + r->watchdog_ms;
	}
	if (r->session.pace.asleep) {
		store_trim(r->store);
		trim_memory();
	}
}

static void on_told(void *arg, const struct event *e)
{
	struct record *r = arg;
	uint64_t due = now_ms() + (e->kind == EVENT_KILLED ? 0 : COMMIT_MS);

	r->sure |= e->kind == EVENT_KILLED;
	if (r->failing || due >= r->commit)
		return;
	r->commit = due;
	arm(r);
}

static void on_signal(struct record *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			r->session.stop = true;
			continue;
		}
		commit(r);
		stream_reopen(&r->session.stream);
		say_failing(r, store_reopen(r->store));
		store_alive(r->store,
			    real_ns()); /* in a new file too: since when somebody watches */
		r->commit = now_ms();
	}
}

static void on_wake(void *arg)
{
	struct record *r = arg;
	uint64_t ticks;

	on_signal(r);
	if (read(r->timer, &ticks, sizeof(ticks)) != sizeof(ticks))
		log_debug("woken without a tick");
	tick(r);
	arm(r);
}

static int open_wake(struct record *r)
{
	struct epoll_event ev = {.events = EPOLLIN};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r->wake = epoll_create1(EPOLL_CLOEXEC);
	if (r->signals < 0 || r->timer < 0 || r->wake < 0 ||
	    epoll_ctl(r->wake, EPOLL_CTL_ADD, r->signals, &ev) < 0 ||
	    epoll_ctl(r->wake, EPOLL_CTL_ADD, r->timer, &ev) < 0) {
		log_error("cannot start: %s", strerror(errno));
		return -errno;
	}
	return 0;
}

static int attach(struct session *s)
{
	int err = session_attach(s);

	if (err == 0)
		return EXIT_DONE;
	if (s->tracer)
		return EXIT_NOTHING;
	if (!session_rest(s))
		return EXIT_DENIED; /* session_attach() has said why */
	log_info("recording %s", session_rest(s));
	return EXIT_DONE;
}

static void begin(struct record *r)
{
	session_started(&r->session);
	r->sure = true; /* that somebody watches is to survive as well */
	r->watchdog_ms = notify_watchdog_ms();
	r->watchdog = r->watchdog_ms ? 0 : UINT64_MAX;
	r->alive = now_ms() + ALIVE_MS;
	commit(r);
	tick(r); /* the first sample */
	arm(r);
	tell_manager(r, "READY=1\n");
	log_info(r->failing ? "recording in memory until %s can be written" : "recording into %s",
		 store_path(r->o));
}

/* The last lines and whatever still waits. */
static int end(struct record *r)
{
	const struct stream_totals *t = &r->session.stream.totals[0];
	uint64_t untold;

	notify("STOPPING=1");
	commit(r);
	session_finish(&r->session);
	r->sure = true;
	commit(r);
	untold = stream_untold(&r->session.stream);
	log_info("%llu refused, %llu killed, %llu counted, %s%llu lost",
		 (unsigned long long)t->refused, (unsigned long long)t->killed,
		 (unsigned long long)t->counted, t->lost_at_most ? "at most " : "",
		 (unsigned long long)(t->lost + untold));
	if (store_pending(r->store) || untold) {
		log_error("%llu lines could not be written and are lost",
			  (unsigned long long)(store_pending(r->store) + untold));
		return EXIT_NOTHING;
	}
	return r->o->fail_on_loss && t->lost ? EXIT_LOSS : EXIT_DONE;
}

static int run(struct record *r)
{
	struct session_use use = {.options = r->o,
				  .fd = r->wake,
				  .readable = on_wake,
				  .told = on_told,
				  .out = -1,
				  .arg = r};
	int status = EXIT_NOTHING, err;

	err = sink_store_new(&use.sink, r->store);
	if (err == 0 && session_open(&r->session, &use) == 0)
		status = attach(&r->session);
	if (status == EXIT_DONE) {
		begin(r);
		err = session_loop(&r->session);
		status = end(r);
	}
	if (err < 0) {
		log_error("stopped: %s", strerror(-err));
		status = EXIT_NOTHING;
	}
	session_close(&r->session);
	return status;
}

int cmd_record(const struct options *o)
{
	static struct record r;
	int status = EXIT_NOTHING, err;

	r.o = o;
	r.wake = r.signals = r.timer = -1;
	r.commit = r.alive = UINT64_MAX;
	err = store_open(&r.store, store_path(o), STORE_WRITE);
	if (!r.store) {
		log_error("cannot start: %s", strerror(-err));
		return EXIT_NOTHING;
	}
	say_failing(&r, err);
	store_keep_default(&r.keep, o);
	if (open_wake(&r) == 0)
		status = run(&r);
	store_close(r.store);
	counter_table_free(&r.rows);
	util_closep(&r.wake);
	util_closep(&r.signals);
	util_closep(&r.timer);
	return status;
}
