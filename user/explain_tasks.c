// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_tasks.c - nproc, threads-max, pid-max, pids: no more processes.
 *
 * All four look the same from outside: shells say "fork: retry: Resource
 * temporarily unavailable", servers log "can't create thread", and logins end
 * at once. A thread counts as much as a process.
 */
#include "explain_priv.h"

/* FUTEX_TID_MASK, the most that kernel.threads-max takes (MAX_THREADS in kernel/fork.c) */
#define THREADS_MOST 0x3fffffffULL
/* PID_MAX_LIMIT of 64-bit kernels (include/linux/threads.h) */
#define PIDS_MOST 4194304ULL

static void says_action(struct explain *x)
{
	says_who(x);
	if (call_is(x, "execve execveat"))
		explain_add(&x->says, " could not run another program");
	else
		explain_add(&x->says, " could not start another process or thread");
	explain_add(&x->says, " %s ", because(x));
}

/* " has 4 tasks, processes and threads together, and the limit is 4 (pids.max ...)"; what: without
 * its "s", more: what follows it */
static void says_full(struct explain *x, const char *what, const char *more, const char *name)
{
	const struct event *e = x->e;
	bool held = event_has(e, FIELD_HELD) && event_has(e, FIELD_LIMIT);
	long long n = event_num(e, held ? FIELD_HELD : FIELD_LIMIT);

	if (held)
		explain_add(&x->says, " has %lld", n);
	else if (event_has(e, FIELD_LIMIT))
		explain_add(&x->says, " has reached the limit of %lld", n);
	else
		explain_add(&x->says, " has too many");
	explain_add(&x->says, " %s%s%s", what, n == 1 && event_has(e, FIELD_LIMIT) ? "" : "s",
		    more);
	if (held)
		explain_add(&x->says, " and the limit is %lld",
			    (long long)event_num(e, FIELD_LIMIT));
	explain_add(&x->says, " (%s)", name);
}

/* What it looks like to who does not see this event. */
static void says_outside(struct explain *x)
{
	if (call_is(x, "execve execveat"))
		explain_add(&x->says,
			    "; setuid to that user had succeeded, the program then fails with "
			    "\"Resource temporarily unavailable\"");
	else
		explain_add(&x->says, "; programs report \"Resource temporarily unavailable\", "
				      "though it may be no memory that is missing");
	says_end(x);
}

static uint64_t at_most(uint64_t v, uint64_t most)
{
	return v < most ? v : most;
}

void explain_nproc(struct explain *x)
{
	const struct event *e = x->e;
	uint64_t want = more_than(e), hard = (uint64_t)event_num(e, FIELD_LIMIT_HARD);
	/* In a user namespace the limit above is what its maker had, once and for all. */
	bool inherited = event_has(e, FIELD_LIMIT) && !event_has(e, FIELD_LIMIT_HARD) &&
			 !x->facts->hard_unlimited;

	if (x->facts->hard_unlimited)
		hard = UINT64_MAX;
	says_action(x);
	explain_add(&x->says, "user ");
	explain_add(&x->says, "%lld",
		    (long long)event_num(e, event_has(e, FIELD_LIMIT_UID) ? FIELD_LIMIT_UID
									  : FIELD_UID));
	if (event_text(e, FIELD_NAMESPACE)[0])
		explain_add(&x->says, " in the namespace %s", event_text(e, FIELD_NAMESPACE));
	says_full(x, "task", ", processes and threads together, on this machine",
		  inherited ? "RLIMIT_NPROC when the user namespace was made"
			    : "RLIMIT_NPROC, \"ulimit -u\"");
	says_outside(x);
	if (want == 0) {
		fix_line(x, "# raise the limit of processes: prlimit --pid PID --nproc=SOFT:HARD");
		return;
	}
	if (inherited) {
		fix_line(x,
			 "# it cannot be raised any more: have the program that makes the user "
			 "namespace run with RLIMIT_NPROC of %llu or more (LimitNPROC= of its "
			 "unit), and start it anew",
			 (unsigned long long)want);
		return;
	}
	fix_rlimit(x, "nproc", "LimitNPROC", want, hard < want ? want : hard);
}

void explain_threads_max(struct explain *x)
{
	uint64_t want = more_than(x->e);

	says_action(x);
	explain_add(&x->says, "the whole machine");
	says_full(x, "task", ", processes and threads together,", "kernel.threads-max");
	says_outside(x);
	if (want)
		fix_sysctl(x, "kernel.threads-max", at_most(want, THREADS_MOST));
	else
		fix_line(x, "sysctl -w kernel.threads-max=$(($(cat /proc/sys/kernel/threads-max) "
			    "* 2))");
}

void explain_pid_max(struct explain *x)
{
	const struct event *e = x->e;
	uint64_t want = more_than(e);

	says_action(x);
	explain_add(&x->says, event_text(e, FIELD_NAMESPACE)[0] && other_namespace(x)
				      ? "its pid namespace"
				      : "the machine");
	says_full(x, "process and thread number", " in use", "kernel.pid_max");
	explain_add(&x->says, "; numbers below 300 are given out only once");
	says_outside(x);
	if ((uint64_t)event_num(e, FIELD_LIMIT) >= PIDS_MOST)
		fix_line(x, "# the kernel allows no more: find out who starts so many threads: ps "
			    "-eo nlwp,pid,comm --sort -nlwp | head");
	else if (want)
		fix_sysctl(x, "kernel.pid_max", at_most(want, PIDS_MOST));
	else
		fix_line(x, "sysctl -w kernel.pid_max=$(($(cat /proc/sys/kernel/pid_max) * 2))");
	/* Only who is in there can write it (pid_table_root_lookup() of kernel/pid.c), which takes
	 * a number. */
	if (want && event_has(e, FIELD_NAMESPACE) && other_namespace(x))
		fix_line(x,
			 "# does nsenter itself say \"Resource temporarily unavailable\": end one "
			 "process of that namespace first");
}

void explain_pids(struct explain *x)
{
	const struct event *e = x->e;
	const struct cgroup_limit limit = {
		.property = "TasksMax",
		.option = "--pids-limit",
		.pod = "podPidsLimit of the kubelet on this node",
		.controller = "pids",
		.file = "pids.max",
		.v1 = x->facts->has_more && x->facts->more[0],
	};
	const char *cgroup = event_text(e, FIELD_LIMIT_CGROUP);
	char value[24];

	says_action(x);
	explain_add(&x->says, "the control group ");
	if (cgroup[0])
		says_name(x, cgroup);
	else
		explain_add(&x->says, "that it belongs to");
	says_full(x, "task", ", processes and threads together,", "pids.max, TasksMax= of systemd");
	says_outside(x);
	snprintf(value, sizeof(value), "%llu", (unsigned long long)more_than(e));
	fix_cgroup(x, &limit, value);
}
