// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_sweep.c - what a session looks for when it wakes up: records, what the kernel counted in
 * silence, its log, and kills whose memory is still not free.
 */
#include <fcntl.h>
#include <time.h>

#include "publish.h"
#include "session_sweep.h"
#include "trim.h"

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

void session_freed(struct session *s, const void *data, size_t size)
{
	const struct fc_freed *r = data;
	static struct event e;

	if (size < sizeof(*r) || r->h.size != sizeof(*r))
		s->events.lost(s, "decode", NULL, 1);
	else if (freed_record(&s->freed, &e, r, &s->stream.context))
		session_tell(s, &e, false);
}

static void tell_late(struct session *s)
{
	_cleanup_close_ int proc = -1;
	static struct event e;

	if (!freed_due(&s->freed, now_ms()))
		return;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (freed_late(&s->freed, &e, proc, now_ms()))
		session_tell(s, &e, false);
}

void session_sweep(struct session *s, bool may_move)
{
	bool found = s->tracer && tracer_sweep(s->tracer, &s->events, may_move);

	if (s->tracer)
		pipeline_tick(s->pipeline);
	publish_flush(s->publish, now_ms());
	stream_report_sinks(&s->stream);
	stream_complain(&s->stream);
	/* What telling needed is given back as well. */
	if (pace_swept(&s->pace,
		       found || publish_pending(s->publish) || stream_sinks_pending(&s->stream),
		       now_ms()))
		trim_memory();
}

/* What the kernel says of hooks; -errno. */
int session_run_tracer(struct session *s)
{
	int n;

	if (!s->tracer)
		return 0;
	stream_clock(&s->stream);
	n = tracer_consume(s->tracer, &s->events);
	if (n < 0)
		return -EIO;
	if (n > 0)
		pace_active(&s->pace, now_ms());
	if (pace_refresh(&s->pace, now_ms()))
		tracer_memory_hints(s->tracer);
	tell_late(s);
	return 0;
}

/* Lines are read soon after they were written: of a victim's only the latest are about it. */
void session_run_log(struct session *s)
{
	pipeline_tick(s->pipeline);
	pace_log_read(&s->pace, now_ms());
}
