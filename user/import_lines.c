// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_lines.c - limits of which the kernel log says in one line that they
 * were reached. Most name neither the process nor how full it was.
 *
 * Where the numbers are missing, the sentences of explain.c would have none to
 * show, and its commands none to compute: those rows bring their own.
 */
#include "catalogue.h"
#include "explain.h"
#include "identity.h"
#include "import_priv.h"

#define NEAR_LINES 2000

struct line_kind {
	const char *phrase;
	enum fc_resource resource;
	const char *errno_name; /* NULL: no call fails */
	bool certain;
	/* The rest of it; false: the line is cut or something else. NULL: there is no more */
	bool (*more)(struct event *e, const char *s);
	const char *says,
		*fix; /* NULL: explain.c knows; fix alone: it knows none without numbers */
};

static void rest_of_number(struct event *e, enum field f, const char *s, const char *key)
{
	int64_t v = import_number(s, key);

	if (v >= 0)
		event_int(e, f, v);
}

/* fs/file_table.c: "VFS: file-max limit 65536 reached" */
static bool file_max(struct event *e, const char *s)
{
	rest_of_number(e, FIELD_LIMIT, s, "file-max limit ");
	return event_has(e, FIELD_LIMIT) && strstr(s, " reached");
}

/* kernel/cgroup/pids.c: "cgroup: fork rejected by pids controller in /a/b": where the task is,
 * which may be below the group whose limit it was */
static bool pids(struct event *e, const char *s)
{
	const char *path = strstr(s, " controller in /");

	if (!path)
		return false;
	event_str(e, FIELD_CGROUP, path + strlen(" controller in "));
	identity_event(e, -1, 0);
	return true;
}

/* mm/util.c: "__vm_enough_memory: pid: 1, comm: x, bytes: 4096 not enough memory for the
 * allocation" */
static bool overcommit(struct event *e, const char *s)
{
	const char *comm = strstr(s, ", comm: "), *end = NULL;

	if (comm) {
		comm += strlen(", comm: ");
		end = strstr(comm, ", bytes: ");
		end = end ? end : strstr(comm, ", no");
	}
	if (!end)
		return false;
	rest_of_number(e, FIELD_PID, s, "pid: ");
	event_strn(e, FIELD_COMM, comm, (size_t)(end - comm));
	event_clear(e, FIELD_LIMIT_NAME); /* which of the two modes refused is not said */
	event_static(e, FIELD_MEASURE, "bytes");
	rest_of_number(e, FIELD_ASKED, end, "bytes: ");
	return event_has(e, FIELD_PID) && strstr(end, "enough memory");
}

/* mm/mmap.c: "mmap: x (812): VmData 4096 exceed data ulimit 1024. Update limits ..." */
static bool data(struct event *e, const char *s)
{
	const char *open = strstr(s, "): VmData "), *comm = strstr(s, "mmap: ");

	if (!open || !comm || comm > open)
		return false;
	comm += strlen("mmap: ");
	while (open > comm && *open != '(')
		open--;
	if (open <= comm)
		return false;
	event_strn(e, FIELD_COMM, comm, (size_t)(open - 1 - comm));
	rest_of_number(e, FIELD_PID, open, "(");
	rest_of_number(e, FIELD_HELD, open, "VmData ");
	rest_of_number(e, FIELD_LIMIT, open, "data ulimit ");
	return event_has(e, FIELD_LIMIT);
}

/* net/core/neighbour.c: "neighbour: ndisc_cache: neighbor table overflow!" */
static bool neighbours(struct event *e, const char *s)
{
	if (strstr(s, "ndisc_cache"))
		event_static(e, FIELD_LIMIT_NAME, "net.ipv6.neigh.default.gc_thresh3");
	return true;
}

/* net/ipv4/tcp_input.c: "TCP: request_sock_TCP: Possible SYN flooding on port [::]:80. Sending
 * cookies." With cookies connections are still made. */
static bool syn_flood(struct event *e, const char *s)
{
	const char *port = strstr(s, " on port ");
	size_t n;

	port += port ? strlen(" on port ") : 0;
	n = port ? strspn(port, "0123456789abcdef.:[]") : 0;
	while (n > 0 && port[n - 1] == '.')
		n--;
	if (n == 0)
		return false;
	event_fmt(e, FIELD_OBJECT, "%s%.*s", strspn(port, "0123456789") == n ? "port " : "", (int)n,
		  port);
	event_bool(e, FIELD_CERTAIN, strstr(s, "Dropping") != NULL);
	return true;
}

static const struct line_kind kinds[] = {
	{"VFS: file-max limit ", FC_FILE_MAX, "ENFILE", true, file_max, NULL, NULL},
	{"fork rejected by pids controller", FC_PIDS, "EAGAIN", true, pids,
	 "A process could not start another process or thread because its control group, or one "
	 "above it, had as many tasks as its limit allows (pids.max, TasksMax= of systemd); the "
	 "kernel writes this once for each group, however often it happens.",
	 "# raise TasksMax= of the unit, --pids-limit of the container, or pids.max of this "
	 "control "
	 "group; cat pids.max pids.events in it and above it shows which one was full"},
	{"conntrack: table full, dropping packet", FC_CONNTRACK, NULL, true, NULL, NULL,
	 "# sysctl net.netfilter.nf_conntrack_max shows the limit, "
	 "net.netfilter.nf_conntrack_count "
	 "what is held; raise the limit, or find with conntrack -L who makes so many"},
	{"able overflow", FC_NEIGHBOURS, "ENOBUFS", true, neighbours, NULL, NULL},
	{"orphaned sockets", FC_TCP_ORPHANS, NULL, true, NULL, NULL, NULL},
	{"TCP: out of memory", FC_TCP_MEM, NULL, true, NULL,
	 "A TCP connection was reset or got no memory for its data because all TCP sockets "
	 "together had as much as they may (net.ipv4.tcp_mem).",
	 "# sysctl net.ipv4.tcp_mem shows the limit in pages, the third of its numbers; raise "
	 "that, "
	 "and look with ss -tanp for programs that do not read (Recv-Q)"},
	/* until 3.5: either of the two limits above */
	{"Out of socket memory", FC_TCP_MEM, NULL, false, NULL,
	 "A TCP connection was reset because there were too many orphaned sockets "
	 "(net.ipv4.tcp_max_orphans) or too much memory in TCP sockets (net.ipv4.tcp_mem): this "
	 "kernel says the same of both.",
	 "# compare the limits with cat /proc/net/sockstat (orphan, mem), and raise the one that "
	 "is "
	 "near"},
	{"ossible SYN flooding on port ", FC_BACKLOG, NULL, false, syn_flood,
	 "More clients wanted to connect at once than the listening program's queue holds; that is "
	 "an attack, or a program that is slow to accept, or a backlog that is too small.",
	 "# see the queue with ss -ltn (Recv-Q of Send-Q); raise the backlog in the program's "
	 "configuration and net.core.somaxconn, then restart the program"},
	{"__vm_enough_memory: ", FC_COMMIT, "ENOMEM", true, overcommit,
	 "This process got no memory because the kernel has promised as much as it may "
	 "(vm.overcommit_memory), used or not; programs report \"Cannot allocate memory\".",
	 "# compare Committed_AS with CommitLimit in /proc/meminfo; add swap, or raise "
	 "vm.overcommit_ratio where vm.overcommit_memory is 2"},
	{" exceed data ulimit ", FC_DATA, "ENOMEM", true, data, NULL, NULL},
};

static bool refuse(struct import *im, const struct line_kind *k, const struct import_msg *m)
{
	struct event *e = import_begin(im, EVENT_REFUSED, m);

	import_resource(e, k->resource);
	event_bool(e, FIELD_CERTAIN, k->certain);
	event_static(e, FIELD_ERRNO, k->errno_name);
	if (k->more && !k->more(e, m->text))
		return false;
	if (m->repeats > 1)
		event_int(e, FIELD_COUNT, m->repeats);
	if (k->says) {
		event_static(e, FIELD_SAYS, k->says);
		event_static(e, FIELD_FIX, k->fix);
	} else {
		explain_event(e, NULL);
		if (k->fix)
			event_static(e, FIELD_FIX, k->fix);
	}
	im->stats.refused += m->repeats;
	im->refused_line = im->stats.lines;
	import_emit(im);
	return true;
}

/* "net_ratelimit: 12 callbacks suppressed", "printk: 3 messages suppressed.",
 * "** 24 printk messages dropped **", "Missed 7 kernel messages" */
static bool suppressed(struct import *im, const struct import_msg *m)
{
	/* whose messages are of another sort */
	static const char own[] = "show_signal_msg show_signal oom_kill_process dump_header "
				  "__vm_enough_memory do_trap print_oom_kill";
	const char *s = m->text, *at;
	char name[40] = "";
	bool all = true;
	struct event *e;
	int64_t n;

	if (strstr(s, " callbacks suppressed") || strstr(s, " messages suppressed")) {
		at = util_after(s, "printk: ");
		s = at ? at : s;
		n = (int64_t)strcspn(s, ":");
		if (n < (int64_t)sizeof(name) && s[n] == ':')
			snprintf(name, sizeof(name), "%.*s", (int)n, s);
		n = import_number(s, name[0] ? ": " : "");
		all = util_listed(own, name) ||
		      (im->refused_line && im->stats.lines - im->refused_line < NEAR_LINES &&
		       (util_listed("net_ratelimit __ratelimit printk_ratelimit", name) ||
			!name[0]));
	} else if (strstr(s, " printk messages dropped")) {
		n = import_number(s, "** ");
	} else {
		n = strstr(s, " kernel messages") ? import_number(s, "issed ") : -1;
	}
	if (n <= 0 || !all)
		return false;
	e = import_begin(im, EVENT_LOST, m);
	event_int(e, FIELD_LOST, n);
	event_static(e, FIELD_STAGE, "kmsg");
	event_str(e, FIELD_HOOK, name);
	im->stats.lost += (uint64_t)n;
	import_emit(im);
	return true;
}

/* "INFO: task x:812 blocked for more than 120 seconds." is no event, but part of the next kill. */
static bool hung(struct import *im, const struct import_msg *m)
{
	if (!util_after(m->text, "INFO: task ") || !strstr(m->text, " blocked for more than "))
		return false;
	im->hung++;
	im->hung_line = im->stats.lines;
	im->hung_at = m->prefix.at;
	return true;
}

/* "Out of memory and no killable processes...", "Kernel panic - not syncing: Out of memory: ..." */
static bool nobody_killed(struct import *im, const struct import_msg *m)
{
	bool panic = util_after(m->text, "Kernel panic - not syncing: ") != NULL;
	struct event *e;

	if (panic && !strstr(m->text, "ut of memory") && !strstr(m->text, "deadlocked on memory"))
		return false;
	if (!panic && !util_after(m->text, "Out of memory and no killable processes"))
		return false;
	e = import_begin(im, panic ? EVENT_KILLED : EVENT_REFUSED, m);
	import_resource(e, FC_MEMORY);
	event_clear(e, FIELD_LIMIT_NAME);
	event_bool(e, FIELD_CERTAIN, true);
	if (panic) {
		event_static(e, FIELD_CAUSE, "oom-global");
		event_static(
			e, FIELD_SAYS,
			"The kernel stopped the whole machine because it had run out of "
			"memory: there was no process left to kill, or vm.panic_on_oom is set.");
		event_static(e, FIELD_FIX,
			     "# see sysctl vm.panic_on_oom; add memory or swap, or limit who grew");
		im->stats.killed++;
	} else {
		event_static(e, FIELD_ERRNO, "ENOMEM");
		if (im->oom.active && im->oom.kmsg.has_asked)
			event_str(e, FIELD_COMM, im->oom.kmsg.asked.comm);
		if (im->oom.active && im->oom.asker_pid > 0)
			event_int(e, FIELD_PID, im->oom.asker_pid);
		event_static(e, FIELD_SAYS,
			     "Memory had run out and the OOM killer found no process that it may "
			     "kill: all are exempt (oom_score_adj -1000) or belong to the kernel.");
		im->stats.refused++;
	}
	im->oom.spent = true; /* the report ends so, and is not cut */
	import_emit(im);
	return true;
}

bool import_lines_line(struct import *im, const struct import_msg *m)
{
	if (hung(im, m) || nobody_killed(im, m) || suppressed(im, m))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strstr(m->text, kinds[i].phrase))
			return refuse(im, &kinds[i], m);
	return false;
}
