// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_death.c - a process that died of a signal: who sent it, and what that means.
 *
 * explain_fault.c has the signals that the processor sends.
 */
#include <signal.h>

#include "explain_priv.h"
#include "requested.h"

static bool died_of(const struct explain *x, const char *signals)
{
	return util_listed(signals, event_text(x->e, FIELD_SIGNAL));
}

static const struct death_facts *death(const struct explain *x)
{
	return x->facts->death;
}

/* "bash (pid 900, uid 1000) of cron.service, started by sshd" */
static void says_sender(struct explain *x)
{
	const struct event *e = x->e;

	if (!event_has(e, FIELD_BY_PID)) {
		explain_add(&x->says, "another process");
		return;
	}
	if (event_has(e, FIELD_BY_COMM)) {
		says_name(x, event_text(e, FIELD_BY_COMM));
		explain_add(&x->says, " (pid %lld, uid %lld)",
			    (long long)event_num(e, FIELD_BY_PID),
			    (long long)event_num(e, FIELD_BY_UID));
	} else {
		explain_add(&x->says, "process %lld (uid %lld)",
			    (long long)event_num(e, FIELD_BY_PID),
			    (long long)event_num(e, FIELD_BY_UID));
	}
	if (event_has(e, FIELD_BY_UNIT) &&
	    !util_streq(event_text(e, FIELD_BY_UNIT), event_text(e, FIELD_SYSTEMD_UNIT))) {
		explain_add(&x->says, " of ");
		says_name(x, event_text(e, FIELD_BY_UNIT));
	}
	if (event_has(e, FIELD_BY_PARENT_COMM) && event_num(e, FIELD_BY_PID) != 1) {
		explain_add(&x->says, " under ");
		says_name(x, event_text(e, FIELD_BY_PARENT_COMM));
	}
}

/* A server process of PostgreSQL, not the postmaster itself. */
static bool is_backend(const struct explain *x)
{
	static const char names[] = "postgres postmaster";

	return util_listed(names, event_text(x->e, FIELD_COMM)) &&
	       util_listed(names, event_text(x->e, FIELD_PARENT_COMM));
}

/* postmaster.c: whatever a backend dies of, but SIGTERM and the like, HandleChildCrash() follows.
 */
void says_postgres(struct explain *x)
{
	if (is_backend(x) && !died_of(x, "SIGTERM SIGINT SIGHUP"))
		explain_add(&x->says,
			    "; PostgreSQL takes that for a crash: unless this was its logger or "
			    "archiver it now ends all connections and recovers from its log");
}

/* Who is meant by "oomd", and how much memory there was. */
static void says_oomd(struct explain *x)
{
	const struct event *e = x->e;
	int64_t total, left;

	if (event_has(e, FIELD_OOMD_CGROUP)) {
		explain_add(&x->says, ", which had chosen the control group ");
		says_name(x, event_text(e, FIELD_OOMD_CGROUP));
		explain_add(&x->says, " (it has done so %lld time%s)",
			    (long long)event_num(e, FIELD_OOMD_OOMS),
			    event_num(e, FIELD_OOMD_OOMS) == 1 ? "" : "s");
	}
	explain_add(&x->says, ": that program kills when memory gets short, before the kernel has "
			      "to; it was not an administrator");
	if (!event_pair_num(e, FIELD_HOST_MEMORY, "total", &total) ||
	    !event_pair_num(e, FIELD_HOST_MEMORY, "available", &left))
		return;
	explain_add(&x->says, "; right after it ");
	says_bytes(x, (uint64_t)left);
	explain_add(&x->says, " of the host's ");
	says_bytes(x, (uint64_t)total);
	explain_add(&x->says, " were available");
}

static void says_requested(struct explain *x)
{
	const char *by = event_text(x->e, FIELD_REQUESTED_BY);
	bool hard = died_of(x, "SIGKILL SIGABRT");

	if (util_streq(by, "oomd"))
		says_oomd(x);
	else if (util_streq(by, "service-manager"))
		explain_add(&x->says, "%s",
			    hard ? ": that is how a service manager ends what does not stop in "
				   "time, or does not answer its watchdog"
				 : ": it stops its service");
	else if (util_streq(by, "container-runtime"))
		explain_add(&x->says, ": the container was being stopped or killed");
	else if (util_streq(by, "parent"))
		explain_add(&x->says, ", its own parent");
	else if (util_streq(by, "tty"))
		explain_add(&x->says, ", the shell of its terminal");
	if (death(x)->oomd == OOMD_UNMARKED && !util_streq(by, "oomd"))
		explain_add(&x->says,
			    ", which calls itself so; but systemd-oomd marks a control group "
			    "(user.oomd_ooms) before it kills, and this one has no mark");
	if (hard && !*by)
		explain_add(&x->says, "; it had no chance to clean up");
}

static void fix_sent(struct explain *x)
{
	const struct event *e = x->e;
	const char *by = event_text(e, FIELD_REQUESTED_BY), *unit = event_text(e, FIELD_BY_UNIT);
	char word[QUOTED_MAX];

	if (util_streq(by, "service-manager") && own_service(x) && shell_quote(word, x->id.unit))
		fix_line(x, "# why it was stopped: journalctl -u %s", word);
	else if (util_streq(by, "oomd") && unit[0] && shell_quote(word, unit))
		fix_line(x, "# why: journalctl -u %s; and see which control group had grown", word);
	/* SD_MESSAGE_UNIT_OOMD_KILL of systemd's sd-messages.h */
	if (util_streq(by, "oomd") && event_has(e, FIELD_OOMD_CGROUP))
		fix_line(x, "# all that it killed so far: journalctl "
			    "MESSAGE_ID=d989611b15e44c9dbf31e3c81256e4ed");
	else if (util_streq(by, "oomd") || util_streq(by, "other"))
		fix_line(x, "# nothing to raise: ask who runs as uid %lld why it was sent",
			 (long long)event_num(e, FIELD_BY_UID));
	if (util_streq(by, "oomd") && util_streq(event_text(e, FIELD_BY_COMM), "systemd-oomd") &&
	    own_service(x) && shell_quote(word, x->id.unit))
		fix_line(x, "systemctl set-property %s ManagedOOMPreference=avoid", word);
}

static void explain_sent(struct explain *x)
{
	bool hard = died_of(x, "SIGKILL");

	says_who(x);
	explain_add(&x->says, " was killed with %s by ", event_text(x->e, FIELD_SIGNAL));
	says_sender(x);
	if (hard && death(x)->has & FC_DEATH_NOINFO)
		explain_add(&x->says, " through its control group (cgroup.kill)");
	says_requested(x);
	if (!hard && !died_of(x, "SIGABRT"))
		explain_add(&x->says, "; it has no handler for that signal");
	says_postgres(x);
	fix_sent(x);
}

/* ptrace(2): gdb, strace, a sandbox */
static void explain_traced(struct explain *x)
{
	bool ended = death(x)->how == FC_HOW_TRACER && death(x)->si_code == SI_KERNEL;

	says_who(x);
	explain_add(&x->says, " was killed with %s %s ", event_text(x->e, FIELD_SIGNAL),
		    ended ? "because the process that traced it ended," : "by");
	says_sender(x);
	if (ended)
		explain_add(&x->says, ": it had asked the kernel for that (PTRACE_O_EXITKILL)");
	else
		explain_add(&x->says, ", which traced it, as a debugger does (ptrace)");
}

static void explain_tty(struct explain *x)
{
	says_who(x);
	explain_add(&x->says, " was ended with %s by its terminal: %s",
		    event_text(x->e, FIELD_SIGNAL),
		    died_of(x, "SIGHUP")    ? "it was closed, or its connection was lost"
		    : died_of(x, "SIGQUIT") ? "somebody pressed Ctrl-\\"
					    : "somebody pressed Ctrl-C");
	if (died_of(x, "SIGHUP"))
		fix_line(x, "# what is to outlive a terminal: systemd-run --user --scope, nohup, "
			    "setsid or tmux");
}

/* The kernel itself, or in the process's own name. */
static void explain_by_kernel(struct explain *x)
{
	const char *signal = event_text(x->e, FIELD_SIGNAL);

	says_who(x);
	switch (death(x)->how) {
	case FC_HOW_PIPE:
		explain_add(&x->says,
			    " was ended with SIGPIPE because it wrote to a pipe or socket that "
			    "nobody reads any more, and does not handle that");
		if (!requested_is_shell(event_text(x->e, FIELD_PARENT_COMM)))
			fix_line(x, "# a server ignores SIGPIPE and looks at EPIPE: in a unit "
				    "IgnoreSIGPIPE=yes (the default) does so");
		break;
	case FC_HOW_TIMER:
		explain_add(&x->says,
			    " was ended with %s because a timer that it had set itself (alarm, "
			    "setitimer, timer_create) ran out, and it has no handler for it",
			    signal);
		break;
	case FC_HOW_NAMESPACE:
		explain_add(&x->says,
			    " was killed with %s because the first process of its pid "
			    "namespace ended, ",
			    signal);
		says_sender(x);
		explain_add(&x->says, ": the kernel then ends all others in it, as with a "
				      "container");
		break;
	case FC_HOW_PARENT:
		explain_add(&x->says, " was ended with %s because its parent ended, ", signal);
		says_sender(x);
		explain_add(&x->says, ": it had asked for that itself (PR_SET_PDEATHSIG)");
		break;
	case FC_HOW_UNKNOWN:
		explain_add(&x->says, " died of %s; who sent it was not seen", signal);
		break;
	default:
		explain_add(&x->says, " was ended with %s by the kernel itself", signal);
	}
}

static void explain_shared(struct explain *x)
{
	const char *comm = death(x)->shared_comm;

	explain_add(&x->says, "The kernel killed ");
	says_who(x);
	explain_add(&x->says, " because it had the same memory as ");
	if (comm && *comm)
		says_name(x, comm);
	else
		explain_add(&x->says, "process");
	explain_add(&x->says, " (pid %u), the victim that the OOM killer had chosen",
		    death(x)->shared_pid);
	fix_line(x, "# what helps is told with the kill of pid %u", death(x)->shared_pid);
}

static void explain_seccomp(struct explain *x)
{
	const char *call = event_text(x->e, FIELD_SYSCALL);

	says_who(x);
	explain_add(&x->says, " was killed with %s by its own seccomp filter",
		    event_text(x->e, FIELD_SIGNAL));
	if (death(x)->has & FC_DEATH_STRICT)
		explain_add(&x->says, " (strict mode: it may only read, write and exit)");
	else if (call[0])
		explain_add(&x->says, ", which does not allow %s", call);
	else if (death(x)->has_syscall)
		explain_add(&x->says, ", which does not allow system call %d%s", death(x)->syscall,
			    death(x)->syscall_32 ? " of 32-bit programs" : "");
	else
		explain_add(&x->says, ", for a system call that it does not allow");
	if (x->id.container[0])
		fix_line(x, "# allow the system call in the seccomp profile of the container");
	else if (own_service(x))
		fix_line(x, "# allow the system call in SystemCallFilter= of the unit");
	else
		fix_line(x, "# whoever set the filter has to allow the system call: the program "
			    "itself, or what started it");
}

static void explain_rlimit(struct explain *x)
{
	const struct death_facts *d = death(x);
	bool size = died_of(x, "SIGXFSZ");

	says_who(x);
	explain_add(&x->says, " was killed with %s because ", event_text(x->e, FIELD_SIGNAL));
	if (size)
		explain_add(&x->says, "it tried to make a file larger than it may (RLIMIT_FSIZE");
	else if (util_streq(event_text(x->e, FIELD_LIMIT_NAME), "RLIMIT_RTTIME"))
		explain_add(&x->says,
			    "it ran too long as a real-time task without sleeping (RLIMIT_RTTIME");
	else
		explain_add(&x->says, "it has used all processor time that it may (RLIMIT_CPU");
	if (d->has & FC_HAS_LIMIT && d->limit != UINT64_MAX) {
		explain_add(&x->says, ", ");
		if (size)
			says_bytes(x, d->limit);
		else
			explain_add(&x->says, "%llu second%s", (unsigned long long)d->limit,
				    d->limit == 1 ? "" : "s");
	}
	explain_add(&x->says, ")");
	fix_line(x,
		 "# start it with a larger limit (ulimit -%c), %s= in its unit, or "
		 "/etc/security/limits.conf for a login",
		 size ? 'f' : 't', size ? "LimitFSIZE" : "LimitCPU");
}

void explain_death(struct explain *x)
{
	const char *cause = event_text(x->e, FIELD_CAUSE);

	if (death(x)->how == FC_HOW_OOM_SHARED)
		explain_shared(x);
	else if (util_streq(cause, "fault"))
		explain_fault(x);
	else if (util_streq(cause, "rlimit"))
		explain_rlimit(x);
	else if (util_streq(cause, "seccomp"))
		explain_seccomp(x);
	else if (death(x)->how == FC_HOW_PROCESS)
		explain_sent(x);
	else if (death(x)->how == FC_HOW_TRACER || death(x)->how == FC_HOW_INJECTED)
		explain_traced(x);
	else if (death(x)->how == FC_HOW_TTY)
		explain_tty(x);
	else
		explain_by_kernel(x);
	says_end(x);
}
