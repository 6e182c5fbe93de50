// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_log.c - the kernel log as a source of a session's events, and what is
 * left to see where no hook could be attached.
 */
#include "log.h"
#include "session_priv.h"

/* Not that of another root, and nothing in it is of one command's children. */
void session_log_open(struct session *s, void (*on_event)(void *arg, struct event *e))
{
	const struct options *o = s->use.options;
	struct kernel_log_options lo = {.fd = -1,
					.plan = s->tracer ? tracer_plan(s->tracer) : NULL,
					.context = &s->stream.context,
					.on_event = on_event,
					.arg = s};
	int err = o->tree || o->root ? 0 : kernel_log_open(&s->log, &lo);

	if (err < 0 && o->backend == OPT_EVENTS)
		log_warn("the kernel log cannot be read (%s): what only it tells is missing",
			 strerror(-err));
	else if (err < 0)
		log_debug("/dev/kmsg: %s", strerror(-err));
}

void session_log_run(struct session *s, uint64_t now_ms)
{
	int err = kernel_log_run(s->log, now_ms);

	if (err == 0)
		return;
	log_warn("the kernel log can be read no more: %s", strerror(-err));
	kernel_log_close(s->log);
	s->log = NULL;
}

const char *session_rest(const struct session *s)
{
	if (s->watcher && s->log)
		return "failure counters and the kernel log alone: what fails is seen, and not "
		       "always who";
	if (s->watcher)
		return "failure counters alone: what fails is seen, not who";
	return s->log ? "the kernel log alone: what it does not say is not seen" : NULL;
}
