// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_watch.c - live: from the ring to the line.
 *
 * One loop over four descriptors: the ring, the counters' notifications, the
 * signals, and the clock of the next sweep. An event is written the moment it
 * is read; what is only known later follows as `followup`.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

#include "cmd.h"
#include "counter.h"
#include "filter.h"
#include "log.h"
#include "pipeline.h"
#include "publish.h"
#include "start.h"
#include "stream.h"
#include "tracer.h"
#include "watcher.h"

#define SWEEP_MS 1000
#define SETTLE_MS 100

struct watch {
	const struct options *options;
	struct stream stream;
	struct pipeline *pipeline;
	struct tracer *tracer; /* NULL: counters alone */
	struct counters *counters;
	struct watcher *watcher; /* NULL: no counters */
	struct publish *publish; /* NULL: not for others, see publish_open() */
	int signals;
	uint64_t told; /* events written, for --count */
	bool stop;
	int unwritten; /* -errno of the last line */
	struct tracer_events events;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static bool count_reached(const struct watch *w)
{
	return w->options->count && w->told >= w->options->count;
}

static void tell(struct watch *w, struct event *e, bool follow)
{
	bool counts =
		e->kind == EVENT_REFUSED || e->kind == EVENT_KILLED || e->kind == EVENT_COUNTED;
	int64_t seq;

	publish_event(w->publish, e);
	if (w->stop || (counts && count_reached(w)) || !filter_pass(e, w->options))
		return;
	seq = stream_emit(&w->stream, e);
	if (follow && seq && w->watcher)
		watcher_event(w->watcher, e, seq, now_ms());
	w->told += counts;
	if (counts && count_reached(w))
		w->stop = true; /* followups of what was told still come, from finish() */
	if (w->stream.reader_gone)
		w->stop = true;
}

static void on_record(void *arg, const void *data, size_t size)
{
	static struct event e;
	struct event_facts facts;
	struct watch *w = arg;

	if (event_decode(&e, &facts, data, size, &w->stream.context) < 0) {
		stream_lost(&w->stream, "decode", NULL, 1);
		publish_lost(w->publish, 1);
		return;
	}
	tracer_note_cgroup(w->tracer, data, event_text(&e, FIELD_CGROUP));
	if (pipeline_run(w->pipeline, &e, &facts))
		tell(w, &e, true);
}

static void on_fold(void *arg, const struct fc_fold_key *key, const struct fc_fold *fold,
		    uint64_t n, const struct fold_known *known)
{
	static struct event e;
	struct event_facts facts;
	struct watch *w = arg;

	event_decode_fold(&e, &facts, key, fold, n, known, &w->stream.context);
	pipeline_run(w->pipeline, &e, &facts);
	tell(w, &e, false);
}

static void on_overflow(void *arg, unsigned int resource, const struct fc_overflow *o, uint64_t n)
{
	static struct event e;
	struct watch *w = arg;

	event_decode_overflow(&e, resource, o, n, &w->stream.context);
	tell(w, &e, false);
}

static void on_lost(void *arg, const char *stage, const char *hook, uint64_t n)
{
	struct watch *w = arg;

	stream_lost(&w->stream, stage, hook, n);
	publish_lost(w->publish, n);
}

static void on_moved(void *arg, const char *hook, const char *from, const char *to)
{
	(void)arg;
	log_warn("%s missed calls by %s on this preemptible kernel: moved to %s, which misses none",
		 hook, from, to);
}

static void on_counter(void *arg, struct event *e)
{
	struct watch *w = arg;

	tell(w, e, false);
}

static void tell_started(struct watch *w)
{
	static struct event e;
	unsigned int n[FC_BACKENDS] = {};

	event_init(&e, EVENT_STARTED);
	event_static(&e, FIELD_VERSION, FAILCNT_VERSION);
	event_static(&e, FIELD_KERNEL, w->stream.kernel);
	event_static(&e, FIELD_ARCH, w->stream.arch);
	for (int h = 0; w->tracer && h < FC_HOOKS; h++)
		n[tracer_plan(w->tracer)->hook[h].backend]++;
	for (int b = FC_BACKEND_FEXIT; b < FC_BACKENDS; b++)
		event_pair(&e, FIELD_BACKENDS, attach_backend_name(b), n[b]);
	stream_emit(&w->stream, &e);
}

/* Counter rows are read and told; without a descriptor to wake up, at their own pace. */
static void run_watcher(struct watch *w)
{
	int err;

	if (!w->watcher)
		return;
	err = watcher_run(w->watcher, now_ms(), on_counter, w);
	if (err < 0)
		log_debug("counters: %s", strerror(-err));
}

static void on_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	while (read(w->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			stream_reopen(&w->stream);
		else
			w->stop = true;
	}
}

/* A slow reader is waited for, but not longer than the person who pressed Ctrl-C. */
static bool is_patient(void *arg)
{
	struct watch *w = arg;
	struct pollfd p = {.fd = w->signals, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

static int timeout_ms(struct watch *w, uint64_t sweep, uint64_t end)
{
	uint64_t now = now_ms(), due = UINT64_MAX;
	int t = w->watcher ? watcher_timeout(w->watcher, now) : -1;

	if (w->tracer)
		due = sweep;
	if (t >= 0 && now + t < due)
		due = now + t;
	if (end && end < due)
		due = end;
	if (due == UINT64_MAX)
		return -1;
	return due <= now ? 0 : due - now;
}

static void sweep_now(struct watch *w, bool may_move)
{
	stream_clock(&w->stream);
	if (w->tracer) {
		tracer_sweep(w->tracer, &w->events, may_move);
		pipeline_tick(w->pipeline);
	}
	publish_flush(w->publish, now_ms());
	stream_report_sinks(&w->stream);
}

static int loop(struct watch *w)
{
	struct pollfd p[] = {
		{.fd = w->signals, .events = POLLIN},
		{.fd = w->tracer ? tracer_fd(w->tracer) : -1, .events = POLLIN},
		{.fd = w->watcher ? watcher_fd(w->watcher) : -1, .events = POLLIN},
		{.fd = STDOUT_FILENO}, /* POLLERR: the reader of the pipe has gone */
	};
	uint64_t sweep = now_ms() + SWEEP_MS;
	uint64_t end = w->options->duration_ms ? now_ms() + w->options->duration_ms : 0;

	while (!w->stop) {
		int n = poll(p, ARRAY_SIZE(p), timeout_ms(w, sweep, end));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && p[0].revents)
			on_signal(w);
		if (w->tracer && tracer_consume(w->tracer, &w->events) < 0)
			return -EIO;
		run_watcher(w);
		if (n > 0 && p[3].revents & (POLLERR | POLLHUP))
			w->stop = w->stream.reader_gone = true;
		else if (n > 0 && p[3].revents)
			p[3].fd = -1; /* closed from the start: nobody to lose */
		if (now_ms() >= sweep) {
			sweep_now(w, true);
			sweep = now_ms() + SWEEP_MS;
		}
		if (end && now_ms() >= end)
			w->stop = true;
	}
	return 0;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void summary(const struct watch *w)
{
	const struct stream *s = &w->stream;
	const struct stream_totals *t = &s->totals[0];

	log_info("%llu refused, %llu killed, %llu counted, %llu lost",
		 (unsigned long long)t->refused, (unsigned long long)t->killed,
		 (unsigned long long)t->counted, (unsigned long long)(t->lost + stream_untold(s)));
	if (stream_untold(s))
		log_error("%llu of these could not be written",
			  (unsigned long long)stream_untold(s));
}

/* What is still under way is told before the last line. */
static void finish(struct watch *w)
{
	if (!w->stream.reader_gone && !count_reached(w)) {
		w->stop = false;
		if (w->tracer)
			tracer_consume(w->tracer, &w->events);
		sweep_now(w, false);
	}
	w->stop = false;
	if (w->watcher && !w->stream.reader_gone)
		watcher_flush(w->watcher, now_ms(), on_counter, w);
	if (!w->stream.reader_gone) {
		stream_report_sinks(&w->stream); /* so that `stopped` stays the last line */
		w->unwritten = stream_stopped(&w->stream);
	}
	summary(w);
}

static void open_counters(struct watch *w)
{
	const struct options *o = w->options;
	struct counter_options co = {.root = o->root, .beancounters = o->beancounters};
	struct watcher_options wo = {.interval_ms = o->interval_ms, .settle_ms = SETTLE_MS};
	int err = counters_open(&w->counters, &co);

	if (err == 0)
		err = watcher_open(&w->watcher, w->counters, &wo);
	if (err < 0)
		log_warn("counters cannot be read: %s; events come without failcnt rows",
			 strerror(-err));
}

static int open_pipeline(struct watch *w)
{
	char mount[256] = "";
	struct pipeline_options po = {.context = &w->stream.context, .memory_mount = mount};
	bool v1 = tracer_facts(w->tracer)->memory_is_v1;

	w->stream.context.memory_is_v1 = v1;
	if (w->counters)
		counters_cgroup_path(w->counters, v1 ? COUNTER_CGROUP1 : COUNTER_CGROUP2, "memory",
				     "/", NULL, mount, sizeof(mount));
	return pipeline_new(&w->pipeline, &po) < 0 ? EXIT_NOTHING : EXIT_DONE;
}

/* Who watches the OOM killer should not be its victim. */
static void stay_alive(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "-1000", 5) != 5)
		log_debug("not exempt from the OOM killer: %s", strerror(errno));
}

static int open_all(struct watch *w)
{
	struct stream_patience patience = {.patient = is_patient, .arg = w};
	int err;

	w->signals = open_signals();
	err = stream_open(&w->stream, w->options, &patience);
	if (err < 0)
		return EXIT_NOTHING;
	open_counters(w);
	err = start_tracer(&w->tracer, w->options);
	if (err == 0)
		stay_alive();
	if (err == 0)
		return open_pipeline(w);
	if (!w->watcher)
		return EXIT_DENIED; /* start_tracer has said why */
	log_info("watching on failure counters alone: what fails is seen, not who");
	return EXIT_DONE;
}

static void open_publish(struct watch *w)
{
	int err = publish_open(&w->publish, w->options, w->tracer ? tracer_plan(w->tracer) : NULL);

	if (err < 0)
		log_debug("table will not show these counts: %s", strerror(-err));
}

static int status_of(const struct watch *w, int err)
{
	if (err < 0) {
		log_error("stopped: %s", strerror(-err));
		return EXIT_NOTHING;
	}
	if (w->unwritten < 0 && w->unwritten != -EPIPE) {
		log_error("the output could not be written: %s", strerror(-w->unwritten));
		return EXIT_NOTHING;
	}
	if (stream_untold(&w->stream) && !w->stream.reader_gone)
		return EXIT_NOTHING; /* summary() has said how many */
	if (w->options->fail_on_loss && w->stream.totals[0].lost)
		return EXIT_LOSS;
	return EXIT_DONE;
}

int cmd_watch(const struct options *o)
{
	static struct watch w;
	int status, err;

	w = (struct watch){.options = o, .signals = -1};
	w.events = (struct tracer_events){.record = on_record,
					  .fold = on_fold,
					  .overflow = on_overflow,
					  .lost = on_lost,
					  .moved = on_moved,
					  .arg = &w};
	status = open_all(&w);
	if (status == EXIT_DONE) {
		open_publish(&w);
		tell_started(&w);
		err = loop(&w);
		finish(&w);
		status = status_of(&w, err);
	}
	publish_close(w.publish);
	stream_close(&w.stream);
	tracer_close(w.tracer);
	watcher_close(w.watcher);
	counters_close(w.counters);
	pipeline_free(w.pipeline);
	util_closep(&w.signals);
	return status;
}
