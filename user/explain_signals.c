/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_signals.c - sigpending, cpu, fsize: queued signals, and limits that
 * the kernel enforces with a signal.
 */
#include "explain_priv.h"

/* The new hard limit: never below the present one, nor below soft. */
static uint64_t new_hard(const struct event *e, uint64_t soft)
{
	uint64_t hard = (uint64_t)event_num(e, FIELD_LIMIT_HARD);

	/* It comes with each limit: what no number tells is unlimited. */
	if (!event_has(e, FIELD_LIMIT_HARD))
		return UINT64_MAX;
	return hard < soft ? soft : hard;
}

static void says_queue(struct explain *x)
{
	const struct event *e = x->e;
	long long held = (long long)event_num(e, FIELD_HELD);
	bool known = event_has(e, FIELD_HELD);

	explain_add(&x->says, " %s ", because(x));
	if (known)
		explain_add(&x->says, "%lld", held);
	else
		explain_add(&x->says, "too many");
	explain_add(&x->says, " signal%s (timers count too) %s queued for the processes of %s",
		    known && held == 1 ? "" : "s", known && held == 1 ? "is" : "are",
		    event_has(e, FIELD_LIMIT_UID) ? "user" : "one user");
	if (event_has(e, FIELD_LIMIT_UID))
		explain_add(&x->says, " %lld", (long long)event_num(e, FIELD_LIMIT_UID));
	if (event_has(e, FIELD_LIMIT))
		explain_add(&x->says, " and the limit is %lld",
			    (long long)event_num(e, FIELD_LIMIT));
	explain_add(&x->says, " (RLIMIT_SIGPENDING, \"ulimit -i\")");
}

/* The limit is that of the process which was to get the signal: more[0]. */
void explain_sigpending(struct explain *x)
{
	const struct event *e = x->e;
	long long target = (long long)x->facts->more[0], pid = (long long)event_num(e, FIELD_PID);
	uint64_t soft = more_than(e), hard = new_hard(e, soft);
	bool other = target && target != pid;

	if (pid)
		says_who(x);
	else
		explain_add(&x->says, "A real-time signal");
	if (call_is(x, "timer_create"))
		explain_add(&x->says, " could not make a timer");
	else if (pid)
		explain_add(&x->says, " could not send a signal");
	if (other)
		explain_add(&x->says, " to process %lld", target);
	if (!pid)
		explain_add(&x->says, " was lost");
	says_queue(x);
	if (pid)
		explain_add(&x->says, "; the program reports \"Resource temporarily unavailable\"");
	says_end(x);
	if (!event_has(e, FIELD_LIMIT) || (!pid && !target))
		fix_line(x, "# raise RLIMIT_SIGPENDING of the process that is to get the signals: "
			    "prlimit --pid PID --sigpending=SOFT:HARD");
	else if (other && hard == UINT64_MAX)
		fix_line(x, "prlimit --pid %lld --sigpending=%llu:unlimited", target,
			 (unsigned long long)soft);
	else if (other)
		fix_line(x, "prlimit --pid %lld --sigpending=%llu:%llu", target,
			 (unsigned long long)soft, (unsigned long long)hard);
	else
		fix_rlimit(x, "sigpending", "LimitSIGPENDING", soft, hard);
	fix_line(x, "# which processes share that queue, and how full it is: "
		    "grep -H SigQ /proc/[0-9]*/status");
}

void explain_cpu(struct explain *x)
{
	const struct event *e = x->e;
	bool killed = util_streq(event_text(e, FIELD_SIGNAL), "SIGKILL");
	uint64_t soft = more_than(e), limit = (uint64_t)event_num(e, FIELD_LIMIT), hard;

	/* With each SIGXCPU the kernel itself raises the soft limit by a second
	 * (check_process_timers() of kernel/time/posix-cpu-timers.c). */
	if (soft < limit + 2)
		soft = limit + 2;
	hard = new_hard(e, soft);
	says_who(x);
	explain_add(&x->says,
		    killed ? " was killed %s it had used " : " was told to stop %s it had used ",
		    because(x));
	if (event_has(e, FIELD_HELD))
		explain_add(&x->says, "%lld s of ", (long long)event_num(e, FIELD_HELD));
	explain_add(&x->says, "processor time");
	if (event_has(e, FIELD_LIMIT))
		explain_add(&x->says, " and its %s limit is %lld s", killed ? "hard" : "soft",
			    (long long)event_num(e, FIELD_LIMIT));
	explain_add(&x->says, " (RLIMIT_CPU, \"ulimit -t\")%s",
		    killed ? "; a shell says \"Killed\""
			   : "; unless it is prepared it dies of SIGXCPU, and a shell says \"CPU "
			     "time limit exceeded\"");
	says_end(x);
	if (event_has(e, FIELD_LIMIT) && killed)
		fix_rlimit_lasting(x, "cpu", "LimitCPU", soft, hard);
	else if (event_has(e, FIELD_LIMIT))
		fix_rlimit(x, "cpu", "LimitCPU", soft, hard);
	fix_line(x,
		 "# from the start: prlimit --cpu=SECONDS COMMAND; for a loop that never ends no "
		 "limit is high enough");
}

void explain_fsize(struct explain *x)
{
	const struct event *e = x->e;
	uint64_t soft = more_than(e);

	says_who(x);
	explain_add(&x->says, " could not make a file larger %s ", because(x));
	if (event_has(e, FIELD_HELD)) {
		explain_add(&x->says, "the file has ");
		says_bytes(x, (uint64_t)event_num(e, FIELD_HELD));
		explain_add(&x->says, " and ");
	}
	explain_add(&x->says, "this process may not write beyond ");
	if (event_has(e, FIELD_LIMIT))
		says_bytes(x, (uint64_t)event_num(e, FIELD_LIMIT));
	else
		explain_add(&x->says, "its limit");
	explain_add(&x->says,
		    " of any (RLIMIT_FSIZE, \"ulimit -f\"); unless it is prepared it dies of "
		    "SIGXFSZ, \"File size limit exceeded\", else it reports \"File too large\"; no "
		    "disk is full");
	says_end(x);
	if (event_has(e, FIELD_LIMIT))
		fix_rlimit(x, "fsize", "LimitFSIZE", soft, new_hard(e, soft));
	else
		fix_line(x, "# raise RLIMIT_FSIZE: prlimit --pid PID --fsize=SOFT:HARD");
}
