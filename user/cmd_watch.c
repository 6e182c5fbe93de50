// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_watch.c - live, of the whole host, until interrupted.
 */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "cmd.h"
#include "log.h"
#include "session.h"

struct watch {
	struct session session;
	int signals;
};

static void on_signal(void *arg)
{
	struct watch *w = arg;
	struct signalfd_siginfo info;

	while (read(w->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			stream_reopen(&w->session.stream);
		else
			w->session.stop = true;
	}
}

/* A slow reader is waited for, but not longer than the person who pressed Ctrl-C. */
static bool is_patient(void *arg)
{
	struct watch *w = arg;
	struct pollfd p = {.fd = w->signals, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
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

static void summary(const struct stream *s)
{
	const struct stream_totals *t = &s->totals[0];

	log_info("%llu refused, %llu killed, %llu counted, %s%llu lost",
		 (unsigned long long)t->refused, (unsigned long long)t->killed,
		 (unsigned long long)t->counted, t->lost_at_most ? "at most " : "",
		 (unsigned long long)(t->lost + stream_untold(s)));
	if (stream_untold(s))
		log_error("%llu of these could not be written",
			  (unsigned long long)stream_untold(s));
}

static int attach(struct session *s)
{
	int err = session_attach(s);

	if (err == 0)
		return EXIT_DONE;
	if (s->tracer)
		return EXIT_NOTHING; /* not for want of rights */
	if (!session_rest(s))
		return EXIT_DENIED; /* session_attach() has said why */
	log_info("watching on %s", session_rest(s));
	return EXIT_DONE;
}

static int status_of(const struct session *s, int err)
{
	if (err < 0) {
		log_error("stopped: %s", strerror(-err));
		return EXIT_NOTHING;
	}
	if (s->unwritten < 0 && s->unwritten != -EPIPE) {
		log_error("the output could not be written: %s", strerror(-s->unwritten));
		return EXIT_NOTHING;
	}
	if (stream_untold(&s->stream) && !s->stream.reader_gone)
		return EXIT_NOTHING; /* summary() has said how many */
	if (s->use.options->fail_on_loss && s->stream.totals[0].lost)
		return EXIT_LOSS;
	return EXIT_DONE;
}

int cmd_watch(const struct options *o)
{
	static struct watch w;
	struct session *s = &w.session;
	struct session_use use = {.options = o,
				  .readable = on_signal,
				  .patient = is_patient,
				  .out = STDOUT_FILENO,
				  .ends_with_reader = true,
				  .arg = &w};
	int status = EXIT_NOTHING, err;

	use.fd = w.signals = open_signals();
	if (session_open(s, &use) == 0)
		status = attach(s);
	if (status == EXIT_DONE) {
		session_started(s);
		err = session_loop(s);
		session_finish(s);
		summary(&s->stream);
		status = status_of(s, err);
	}
	session_close(s);
	util_closep(&w.signals);
	return status;
}
