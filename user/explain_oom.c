/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_oom.c - the OOM killer: whose limit fired, who died for it, and who
 * only happened to ask.
 *
 * Three things are mixed up again and again: the control group whose limit was
 * full and the machine, which may have plenty of memory; the process that was
 * killed and the one that asked; the size of the victim and total_pages, which
 * is the size of what was full.
 */
#include "explain_priv.h"

static bool cause_is(const struct explain *x, const char *cause)
{
	return util_streq(event_text(x->e, FIELD_CAUSE), cause);
}

static bool of_memcg(const struct explain *x)
{
	return cause_is(x, "oom-memcg") ||
	       (cause_is(x, "oom-group") && event_has(x->e, FIELD_MEMCG));
}

static void says_victim(struct explain *x)
{
	const struct event *e = x->e;
	uint64_t rss = (uint64_t)event_num(e, FIELD_RSS_ANON) +
		       (uint64_t)event_num(e, FIELD_RSS_FILE) +
		       (uint64_t)event_num(e, FIELD_RSS_SHMEM);
	uint64_t swap = (uint64_t)event_num(e, FIELD_SWAP);

	explain_add(&x->says, "The kernel killed ");
	says_who(x);
	if (rss || swap) {
		explain_add(&x->says, ", which had ");
		says_bytes(x, rss);
		explain_add(&x->says, " of memory");
		if (swap) {
			explain_add(&x->says, " and ");
			says_bytes(x, swap);
			explain_add(&x->says, " of swap");
		}
		explain_add(&x->says, ",");
	}
}

static void says_memcg(struct explain *x)
{
	const struct event *e = x->e;
	const char *limit = event_text(e, FIELD_LIMIT_NAME);

	explain_add(&x->says, " %s the control group ", because(x));
	if (event_has(e, FIELD_MEMCG)) {
		says_name(x, event_text(e, FIELD_MEMCG));
		explain_add(&x->says, " ");
	} else {
		explain_add(&x->says, "it belongs to ");
	}
	explain_add(&x->says, "reached its own limit");
	if (event_has(e, FIELD_LIMIT)) {
		explain_add(&x->says, " of ");
		says_bytes(x, (uint64_t)event_num(e, FIELD_LIMIT));
	}
	if (limit[0])
		explain_add(&x->says, " (%s)", limit);
	explain_add(&x->says, "; the host itself had not run out of memory");
}

static void says_cause(struct explain *x)
{
	if (cause_is(x, "oom-sysrq"))
		explain_add(&x->says,
			    " because somebody asked for it by SysRq-f, not because memory "
			    "had run out");
	else if (of_memcg(x))
		says_memcg(x);
	else if (cause_is(x, "oom-cpuset"))
		explain_add(&x->says,
			    " %s the memory nodes that its cpuset allows were full; other nodes "
			    "may have had free memory",
			    because(x));
	else if (cause_is(x, "oom-mempolicy"))
		explain_add(&x->says,
			    " %s the memory nodes that a NUMA policy (mbind, numactl) allows were "
			    "full; other nodes may have had free memory",
			    because(x));
	else
		explain_add(&x->says, " %s the whole machine had run out of memory and swap",
			    because(x));
	if (cause_is(x, "oom-group"))
		explain_add(&x->says, "; it was not chosen itself but died with its group, as "
				      "memory.oom.group asks for");
}

static void says_bystander(struct explain *x)
{
	const struct event *e = x->e;

	if (cause_is(x, "oom-sysrq") || !event_has(e, FIELD_TRIGGER_PID) ||
	    event_num(e, FIELD_TRIGGER_PID) == event_num(e, FIELD_PID))
		return;
	explain_add(&x->says, "; ");
	if (event_has(e, FIELD_TRIGGER_COMM))
		says_name(x, event_text(e, FIELD_TRIGGER_COMM));
	else
		explain_add(&x->says, "process");
	explain_add(&x->says, " (pid %lld) only happened to ask for memory at that moment",
		    (long long)event_num(e, FIELD_TRIGGER_PID));
}

static void says_total(struct explain *x)
{
	uint64_t page = x->facts->page_size ? x->facts->page_size : 4096;

	if (!event_has(x->e, FIELD_TOTAL_PAGES) || cause_is(x, "oom-sysrq"))
		return;
	explain_add(&x->says, "; total_pages (");
	says_bytes(x, (uint64_t)event_num(x->e, FIELD_TOTAL_PAGES) * page);
	explain_add(&x->says, ") is the size of what was full, not of the victim");
}

void explain_oom(struct explain *x)
{
	says_victim(x);
	says_cause(x);
	says_ballot(x);
	says_bystander(x);
	says_total(x);
	if (of_memcg(x))
		says_shmem(x);
	says_end(x);
	if (cause_is(x, "oom-sysrq"))
		fix_line(x,
			 "# nothing to raise: look who wrote f to /proc/sysrq-trigger or pressed "
			 "Alt-SysRq-f");
	else if (of_memcg(x))
		fix_memcg(x);
	else if (cause_is(x, "oom-cpuset"))
		fix_line(x, "# allow it more memory nodes: cpuset.mems of its control group, or "
			    "AllowedMemoryNodes= of its unit");
	else if (cause_is(x, "oom-mempolicy"))
		fix_line(x,
			 "# let it use other nodes too: numactl --preferred instead of --membind");
	else
		fix_global(x);
	if (!cause_is(x, "oom-sysrq"))
		fix_manual(x);
}

/* What the program says may be anything but that memory is full. */
static const char *misleading(const char *err)
{
	if (util_streq(err, "ENFILE"))
		return "; ENFILE (\"too many open files in system\") only means here that there "
		       "was "
		       "no memory for it";
	if (util_streq(err, "ENOBUFS"))
		return "; ENOBUFS (\"no buffer space\") only means here that there was no memory "
		       "for it";
	return "; \"cannot allocate memory\" is about the group here, not about the host";
}

/* A page fault, which has no system call: with the OOM killer switched off the process waits. */
static void explain_stall(struct explain *x)
{
	const struct event *e = x->e;

	says_who(x);
	explain_add(&x->says, " waits for memory and does nothing else: the control group ");
	if (event_has(e, FIELD_LIMIT_CGROUP)) {
		says_name(x, event_text(e, FIELD_LIMIT_CGROUP));
		explain_add(&x->says, " ");
	} else {
		explain_add(&x->says, "it belongs to ");
	}
	explain_add(&x->says, "is at its own limit");
	if (event_has(e, FIELD_LIMIT)) {
		explain_add(&x->says, " of ");
		says_bytes(x, (uint64_t)event_num(e, FIELD_LIMIT));
	}
	explain_add(
		&x->says,
		" (%s), and its OOM killer is switched off (memory.oom_control), so that nobody is "
		"killed for it; the program looks as if it hung",
		event_text(e, FIELD_LIMIT_NAME));
	says_end(x);
	fix_memcg(x);
	fix_line(x,
		 "# or end a process of the group; or echo 0 into its memory.oom_control: then the "
		 "kernel kills one, now and in future");
}

void explain_charge(struct explain *x)
{
	const struct event *e = x->e;
	const char *call = event_text(e, FIELD_SYSCALL), *name = event_text(e, FIELD_LIMIT_NAME);

	if (event_num(e, FIELD_OOM_KILL_DISABLE)) {
		explain_hang(x);
		return;
	}
	if (!call[0]) {
		explain_stall(x);
		return;
	}
	says_who(x);
	explain_add(&x->says, " was refused memory in the kernel%s%s, %s the control group ",
		    call[0] ? " for " : "", call, because(x));
	if (event_has(e, FIELD_LIMIT_CGROUP)) {
		says_name(x, event_text(e, FIELD_LIMIT_CGROUP));
		explain_add(&x->says, " ");
	} else {
		explain_add(&x->says, "it belongs to ");
	}
	explain_add(&x->says, "was at its own limit");
	if (event_has(e, FIELD_LIMIT)) {
		explain_add(&x->says, " of ");
		says_bytes(x, (uint64_t)event_num(e, FIELD_LIMIT));
	}
	explain_add(&x->says,
		    " (%s), nothing in it could be reclaimed, and the OOM killer was not asked or "
		    "found nobody to kill",
		    name);
	explain_add(&x->says, "%s", misleading(event_text(e, FIELD_ERRNO)));
	says_end(x);
	fix_memcg(x);
}
