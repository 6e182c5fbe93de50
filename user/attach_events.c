// SPDX-License-Identifier: GPL-2.0-only
/*
 * attach_events.c - what --backend=events sees of each resource, in words.
 *
 * Its sources are the tracepoints of attach.c that no system call passes, the
 * counters that notify (counter_cgroup.c, counter_host.c), and the lines of
 * import_lines.c in the kernel log.
 */
#include "attach.h"

static const char *const seen[FC_RESOURCES] = {
	[FC_MEMORY] = "kills; memory.events of a cgroup",
	[FC_SWAP] = "memory.swap.events of a cgroup",
	[FC_PIDS] = "pids.events of a cgroup; the kernel log, once for each",
	[FC_HUGEPAGES] = "hugetlb.*.events of a cgroup",
	[FC_FILE_MAX] = "the kernel log, at a new maximum of open files",
	[FC_COMMIT] = "the kernel log (Linux 6.2 and later), at most ten in five seconds",
	[FC_DATA] = "the kernel log, once after boot",
	[FC_STACK] = "SIGSEGV of a full stack",
	[FC_SIGPENDING] = "signals that are not queued",
	[FC_CPU] = "SIGXCPU, SIGKILL",
	[FC_FSIZE] = "SIGXFSZ",
	[FC_DISK] = "what fails when it is written back later",
	[FC_QUOTA] = "what fails when it is written back later",
	[FC_TCP_MEM] = "a tracepoint; the kernel log",
	[FC_UDP_MEM] = "a tracepoint",
	[FC_TCP_ORPHANS] = "the kernel log",
	[FC_NEIGHBOURS] = "a tracepoint",
	[FC_CONNTRACK] = "the kernel log",
	[FC_BACKLOG] = "the kernel log, once for each port",
};

const char *attach_events_see(unsigned int resource)
{
	return resource < FC_RESOURCES ? seen[resource] : NULL;
}
