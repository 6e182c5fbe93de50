// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_run.c - runs a command and tells at its end what it and its children
 * were refused.
 *
 * stdout is the command's alone. The report goes to stderr when it has ended,
 * or with --json the events do, as they happen; a file (--output) has them
 * without what the command itself writes. The exit status is the command's,
 * whatever became of our own output.
 */
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "cmd.h"
#include "log.h"
#include "run_child.h"
#include "run_report.h"
#include "session.h"

#define PATIENT_SLICES 10 /* of a tenth of a second, when the command has ended */

struct run {
	struct options options; /* and the filter of its descendants */
	struct session session;
	struct run_child child;
	struct run_report *report;
	int waited; /* slices */
};

static void on_signal(void *arg)
{
	struct run *r = arg;

	run_child_signals(&r->child);
	r->session.stop = r->child.ended;
}

/* Who reads our stderr may be slow; the command's signals are not to wait for that. */
static bool is_patient(void *arg)
{
	struct run *r = arg;

	on_signal(r);
	return !r->child.ended || r->waited++ < PATIENT_SLICES;
}

static void on_event(void *arg, const struct event *e)
{
	struct run *r = arg;

	run_report_add(r->report, e);
}

/* The kernel's own clock, which BPF reads, where ours is that of a time namespace (in ns). */
static int64_t clock_offset(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/timens_offsets", "re");
	long long s, ns;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "boottime %lld %lld", &s, &ns) == 2)
			return s * 1000000000LL + ns;
	return 0;
}

static void watch_only_child(struct run *r)
{
	struct stat ns;

	r->options.tree = (uint64_t)getpid();
	r->options.tree_ns = stat("/proc/self/ns/pid", &ns) == 0 ? (uint32_t)ns.st_ino : 0;
	r->options.tree_since = r->child.tree.since - (uint64_t)clock_offset();
}

/* It is not alone in this: the report must not be the place where an error ends. */
static void write_stderr(const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(STDERR_FILENO, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		left -= (size_t)n;
	}
}

static void report(struct run *r)
{
	const struct options *o = &r->options;
	_cleanup_free_ char *text = NULL;
	char ended[64];
	int status = r->child.status;
	struct run_report_look look = {.utc = o->utc,
				       .color = options_color(o, STDERR_FILENO),
				       .quiet = o->quiet,
				       .name = o->rest[0],
				       .ended = ended};

	if (status > 128 && r->child.killed)
		snprintf(ended, sizeof(ended), "was ended by SIG%s",
			 sigabbrev_np(status - 128) ? sigabbrev_np(status - 128) : "RT");
	else
		snprintf(ended, sizeof(ended), "ended with exit status %d", status);
	if (run_report_text(r->report, &look, &text) == 0)
		write_stderr(text);
	else
		log_error("out of memory: the report is lost");
}

static void tell_rest(struct run *r, int exec_error, int running)
{
	uint64_t untold = stream_untold(&r->session.stream);

	if (exec_error)
		log_error("cannot run %s: %s", r->options.rest[0], strerror(exec_error));
	if (untold || (r->session.unwritten < 0 && r->session.unwritten != -EPIPE))
		log_error("%llu events could not be written", (unsigned long long)untold);
	if (running > 0)
		log_info("%d process%s of it go%s on running; %s no longer watched", running,
			 running == 1 ? "" : "es", running == 1 ? "es" : "",
			 running == 1 ? "it is" : "they are");
}

/* Watching has failed: the command goes on, and its exit status is waited for. */
static void wait_for_child(struct run *r)
{
	struct pollfd p = {.fd = r->child.signals, .events = POLLIN};

	while (!r->child.ended)
		if (poll(&p, 1, -1) > 0)
			run_child_signals(&r->child);
}

static int watch_child(struct run *r)
{
	int err, exec_error, running;

	session_started(&r->session);
	run_child_release(&r->child);
	err = session_loop(&r->session);
	if (err < 0)
		log_error("watching has stopped: %s; %s goes on", strerror(-err),
			  r->options.rest[0]);
	wait_for_child(r);
	running = run_tree_running(&r->child.tree);
	session_finish(&r->session);
	exec_error = run_child_exec_error(&r->child);
	if (!r->options.json && (!exec_error || run_report_any(r->report)))
		report(r);
	tell_rest(r, exec_error, running);
	return r->child.status;
}

static int open_all(struct run *r)
{
	struct session_use use = {.options = &r->options,
				  .fd = r->child.signals,
				  .readable = on_signal,
				  .patient = is_patient,
				  .told = on_event,
				  .out = r->options.json ? STDERR_FILENO : -1,
				  .arg = r};

	watch_only_child(r);
	if (run_report_new(&r->report) < 0 || session_open(&r->session, &use) < 0)
		return EXIT_NOTHING;
	if (session_attach(&r->session) == 0)
		return EXIT_DONE;
	if (r->session.tracer)
		return EXIT_NOTHING; /* not for want of rights */
	log_info("%s has not been run: counters alone do not tell which process was refused",
		 r->options.rest[0]);
	return EXIT_DENIED;
}

/*
 * A shell that runs a script ends its loop at Ctrl-C only if the command died of it; "$?" is 130
 * both ways.
 */
static void die_interrupted(void)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGINT);
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

int cmd_run(const struct options *o)
{
	static struct run r;
	int status, err;

	if (!o->rest[0]) {
		log_usage("run", "what to run is missing: -- CMD ...; see failcnt run --help");
		return EXIT_USAGE;
	}
	r.options = *o;
	r.options.unrequested = true; /* who presses Ctrl-C needs no report of it */
	err = run_child_start(&r.child, o->rest);
	if (err < 0) {
		log_error("cannot start a process: %s", strerror(-err));
		status = EXIT_NOTHING;
	} else {
		status = open_all(&r);
		if (status == EXIT_DONE)
			status = watch_child(&r);
	}
	session_close(&r.session);
	run_report_free(r.report);
	run_child_close(&r.child);
	if (r.child.killed && status == 128 + SIGINT)
		die_interrupted();
	return status;
}
