// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - live: from the ring to the line.
 *
 * One loop over some descriptors: the ring, the counters' notifications, the
 * command's own (its signals), the kernel log. An event is written the moment it
 * is read; what is only known later follows as `followup`. While nothing happens
 * nothing wakes it up, but for what pace.h says.
 */
#include "session_priv.h"

#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "filter.h"
#include "holders_watch.h"
#include "log.h"
#include "oom_switches.h"
#include "publish.h"
#include "session_sweep.h"
#include "start.h"
#include "trim.h"

#define SETTLE_MS 100

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static bool count_reached(const struct session *s)
{
	return s->use.options->count && s->told >= s->use.options->count;
}

/* Nobody is there to write for. */
static bool deserted(const struct session *s)
{
	return s->use.ends_with_reader && s->stream.reader_gone;
}

/* Whoever waits for the line has it before anything else is done. */
static int64_t tell_now(struct session *s, struct event *e, bool follow)
{
	bool counts =
		e->kind == EVENT_REFUSED || e->kind == EVENT_KILLED || e->kind == EVENT_COUNTED;
	int64_t seq;

	if (deserted(s) || (counts && count_reached(s)) || !filter_pass(e, s->use.options))
		return 0;
	seq = stream_emit(&s->stream, e);
	if (s->use.told)
		s->use.told(s->use.arg, e);
	if (follow && seq && s->watcher)
		watcher_event(s->watcher, e, seq, now_ms());
	holders_watch_event(s->holders, e, seq, now_ms());
	s->told += counts;
	if (counts && count_reached(s))
		s->stop = true; /* followups of what was told still come, from session_finish() */
	if (deserted(s))
		s->stop = true;
	return seq;
}

int64_t session_tell(struct session *s, struct event *e, bool follow)
{
	int64_t seq = tell_now(s, e, follow);

	pace_active(&s->pace, now_ms());
	publish_event(s->publish, e);
	return seq;
}

static void on_record(void *arg, const void *data, size_t size)
{
	static struct event e;
	struct event_facts facts;
	struct session *s = arg;

	if (size >= sizeof(struct fc_header) &&
	    ((const struct fc_header *)data)->type == FC_TYPE_FREED) {
		session_freed(s, data, size);
		return;
	}
	if (event_decode(&e, &facts, data, size, &s->stream.context) < 0) {
		s->events.lost(s, "decode", NULL, 1);
		return;
	}
	tracer_note_cgroup(s->tracer, data, event_text(&e, FIELD_CGROUP));
	if (pipeline_run(s->pipeline, &e, &facts))
		freed_note(&s->freed, &e, &facts, session_tell(s, &e, true), now_ms());
}

static void on_fold(void *arg, const struct fc_fold_key *key, const struct fc_fold *fold,
		    uint64_t n, const struct fold_known *known)
{
	static struct event e;
	struct event_facts facts;
	struct session *s = arg;

	event_decode_fold(&e, &facts, key, fold, n, known, &s->stream.context);
	pipeline_run(s->pipeline, &e, &facts);
	session_tell(s, &e, false);
}

static void on_overflow(void *arg, const struct fc_coarse_key *key, const struct fc_overflow *o,
			uint64_t n)
{
	static struct event e;
	struct session *s = arg;

	event_decode_overflow(&e, key, o, n, &s->stream.context);
	session_tell(s, &e, false);
}

static void on_lost(void *arg, const char *stage, const char *hook, uint64_t n)
{
	static struct event e;
	struct session *s = arg;

	stream_lost_event(&e, stage, hook, n);
	publish_lost(s->publish, n);
	stream_emit(&s->stream, &e);
	if (s->use.told)
		s->use.told(s->use.arg, &e);
}

static void on_moved(void *arg _unused_, const char *hook, const char *from, const char *to)
{
	log_warn("%s missed calls by %s on this preemptible kernel: moved to %s, which misses none",
		 hook, from, to);
}

static void on_counter(void *arg, struct event *e)
{
	struct session *s = arg;

	holders_watch_join(s->holders, e);
	session_tell(s, e, false);
}

static void on_log(void *arg, struct event *e)
{
	session_tell(arg, e, true);
}

/* A question that was dropped, or never answered, leaves an event without holders: that is said. */
static void report_skipped(const struct session *s)
{
	unsigned long long skipped = holders_watch_skipped(s->holders);
	unsigned long long unanswered = holders_watch_unanswered(s->holders);
	unsigned long long n = skipped + unanswered;

	if (n)
		log_info("who holds it is missing %llu time%s: %llu not looked for because too "
			 "many limits came at once, %llu not found out in time",
			 n, n == 1 ? "" : "s", skipped, unanswered);
}

/* What a command's children alone are refused is no count of the host's. */
static void open_publish(struct session *s)
{
	int err = s->use.options->tree ? 0
				       : publish_open(&s->publish, s->use.options,
						      s->tracer ? tracer_plan(s->tracer) : NULL);

	if (err < 0)
		log_debug("table will not show these counts: %s", strerror(-err));
}

void session_started(struct session *s)
{
	static struct event e;
	unsigned int n[FC_BACKENDS] = {};

	open_publish(s);
	event_init(&e, EVENT_STARTED);
	event_static(&e, FIELD_VERSION, FAILCNT_VERSION);
	event_static(&e, FIELD_KERNEL, s->stream.kernel);
	event_static(&e, FIELD_ARCH, s->stream.arch);
	for (int h = 0; s->tracer && h < FC_HOOKS; h++)
		n[tracer_plan(s->tracer)->hook[h].backend]++;
	for (int b = FC_BACKEND_FEXIT; b < FC_BACKENDS; b++)
		event_pair(&e, FIELD_BACKENDS, attach_backend_name(b), n[b]);
	stream_emit(&s->stream, &e);
}

/* Counter rows are read and told; without a descriptor to wake up, at their own pace. */
static void run_watcher(struct session *s)
{
	int err;

	if (!s->watcher)
		return;
	err = watcher_run(s->watcher, now_ms(), on_counter, s);
	if (err < 0)
		log_debug("counters: %s", strerror(-err));
}

static int timeout_ms(struct session *s, uint64_t end)
{
	uint64_t now = now_ms(), due = holders_watch_due(s->holders);
	int t = s->watcher ? watcher_timeout(s->watcher, now) : -1;

	if (pace_due(&s->pace, now) < due)
		due = pace_due(&s->pace, now);
	if (s->tracer && freed_next(&s->freed) < due)
		due = freed_next(&s->freed);
	if (kernel_log_due(s->log) < due)
		due = kernel_log_due(s->log);
	if (t >= 0 && now + t < due)
		due = now + t;
	if (end && end < due)
		due = end;
	if (due == UINT64_MAX)
		return -1;
	return due <= now ? 0 : due - now;
}

int session_loop(struct session *s)
{
	struct pollfd p[] = {
		{.fd = s->use.fd, .events = POLLIN},
		{.fd = s->tracer ? tracer_fd(s->tracer) : -1, .events = POLLIN},
		{.fd = s->watcher ? watcher_fd(s->watcher) : -1, .events = POLLIN},
		/* POLLERR: the reader of the pipe has gone */
		{.fd = s->use.ends_with_reader ? s->use.out : -1},
		{.events = POLLIN}, /* the holders */
		{.events = POLLIN}, /* the kernel log, of kills */
		{.events = POLLIN}, /* the same, of what no hook sees */
	};
	uint64_t ms = s->use.options->duration_ms, end = ms ? now_ms() + ms : 0;

	trim_memory();
	while (!s->stop) {
		int n;

		p[4].fd = holders_watch_fd(s->holders);
		p[5].fd = s->tracer && pace_log_open(&s->pace, now_ms())
				  ? pipeline_log_fd(s->pipeline)
				  : -1;
		p[6].fd = kernel_log_fd(s->log);
		n = poll(p, ARRAY_SIZE(p), timeout_ms(s, end));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && p[0].revents)
			s->use.readable(s->use.arg);
		if (session_run_tracer(s) < 0)
			return -EIO;
		if (n > 0 && p[5].revents)
			session_run_log(s);
		session_log_run(s, now_ms());
		run_watcher(s);
		holders_watch_run(s->holders, now_ms(), on_counter, s);
		if (n > 0 && p[3].revents & (POLLERR | POLLHUP))
			s->stop = s->stream.reader_gone = true;
		else if (n > 0 && p[3].revents)
			p[3].fd = -1; /* closed from the start: nobody to lose */
		if (pace_sweep_due(&s->pace, now_ms()))
			session_sweep(s, true);
		if (end && now_ms() >= end)
			s->stop = true;
	}
	return 0;
}

/* What is still under way is told before the last line. */
void session_finish(struct session *s)
{
	if (!deserted(s) && !count_reached(s)) {
		if (s->tracer)
			tracer_consume(s->tracer, &s->events);
		session_sweep(s, false);
	}
	if (!deserted(s)) {
		session_log_run(s, now_ms());
		kernel_log_flush(s->log);
	}
	if (s->watcher && !deserted(s))
		watcher_flush(s->watcher, now_ms(), on_counter, s);
	if (!deserted(s)) {
		holders_watch_flush(s->holders, now_ms(), on_counter, s);
		stream_report_sinks(&s->stream); /* so that `stopped` stays the last line */
		s->unwritten = stream_stopped(&s->stream);
	}
	report_skipped(s);
}

static void warn(void *arg, const char *sentence)
{
	(void)arg;
	log_warn("%s", sentence);
}

static void open_counters(struct session *s)
{
	const struct options *o = s->use.options;
	struct counter_options co = {.root = o->root, .beancounters = o->beancounters};
	struct watcher_options wo = {.interval_ms = o->interval_ms, .settle_ms = SETTLE_MS};
	int err = counters_open(&s->counters, &co);

	if (err == 0 && !o->tree)
		oom_switches(s->counters, warn, NULL);
	if (err == 0 && s->stream.n_sinks)
		err = watcher_open(&s->watcher, s->counters, &wo);
	if (err < 0)
		log_warn("counters cannot be read: %s; events come without failcnt rows",
			 strerror(-err));
}

int session_open(struct session *s, const struct session_use *use)
{
	struct stream_patience patience = {.patient = use->patient, .arg = use->arg};
	int err;

	*s = (struct session){.use = *use};
	pace_init(&s->pace, 0, 0, now_ms());
	s->events = (struct tracer_events){.record = on_record,
					   .fold = on_fold,
					   .overflow = on_overflow,
					   .lost = on_lost,
					   .moved = on_moved,
					   .arg = s};
	err = stream_open_on(&s->stream, use->out, use->options, &patience);
	if (use->sink && err < 0)
		sink_free(use->sink);
	else if (use->sink)
		stream_add(&s->stream, use->sink);
	if (err == 0)
		open_counters(s);
	return err;
}

static int open_pipeline(struct session *s)
{
	char mount[256] = "";
	struct pipeline_options po = {.context = &s->stream.context,
				      .memory_mount = mount,
				      .again = s->use.options->tree != 0};
	bool v1 = tracer_facts(s->tracer)->memory_is_v1;

	s->stream.context.memory_is_v1 = v1;
	s->stream.context.gfp = tracer_facts(s->tracer)->gfp;
	if (s->counters)
		counters_cgroup_path(s->counters, v1 ? COUNTER_CGROUP1 : COUNTER_CGROUP2, "memory",
				     "/", NULL, mount, sizeof(mount));
	return pipeline_new(&s->pipeline, &po);
}

int session_attach(struct session *s)
{
	int err = start_tracer(&s->tracer, s->use.options);

	session_log_open(s, on_log);
	if (err < 0)
		return err;
	if (s->watcher && attach_sees(tracer_plan(s->tracer), FC_HOOK_MEMCG_STALL))
		watcher_leave_hangs(s->watcher);
	start_stay_alive();
	/* Not for a command's own children: it would be one of them, and its report has no room. */
	if (!s->use.options->tree)
		s->holders = holders_watch_new(s->use.options->root, s->stream.context.page_size,
					       s->watcher ? 2 * SETTLE_MS : 0);
	holders_watch_makers(s->holders, tracer_makers(s->tracer));
	err = open_pipeline(s);
	if (err < 0)
		log_error("cannot start: %s", strerror(-err));
	pace_init(&s->pace, tracer_refresh_ms(s->tracer), tracer_misses_ms(s->tracer), now_ms());
	return err;
}

void session_close(struct session *s)
{
	stream_close(&s->stream);
	kernel_log_close(s->log);
	holders_watch_free(s->holders);
	publish_close(s->publish);
	/* inotify waits for a grace period of the kernel, some 15 ms */
	if (s->tracer && s->watcher)
		tracer_close_later(s->tracer, watcher_fd(s->watcher));
	tracer_close(s->tracer);
	watcher_close(s->watcher);
	counters_close(s->counters);
	pipeline_free(s->pipeline);
}
