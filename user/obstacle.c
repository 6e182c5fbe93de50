// SPDX-License-Identifier: GPL-2.0-only
/*
 * obstacle.c - why nothing can be traced here, in one sentence with the next
 * step. The order is that of what a person can do about it.
 */
#include "obstacle.h"

static const enum kernel_mechanism needed[] = {
	[OPT_AUTO] = KERNEL_BPF,      [OPT_FEXIT] = KERNEL_FEXIT,
	[OPT_KPROBE] = KERNEL_KPROBE, [OPT_TRACEPOINT] = KERNEL_RAW_TP,
	[OPT_EVENTS] = KERNEL_RAW_TP,
};

static bool say(char *buf, size_t size, const char *text)
{
	util_strlcpy(buf, text, size);
	return true;
}

/* bpf(2) itself: not there, not allowed, or forbidden to this process. */
static bool no_bpf(const struct kernel_facts *facts, char *buf, size_t size)
{
	const struct kernel_trial *t = &facts->trial[KERNEL_BPF];

	if (t->error == -ENOSYS || t->error == -EINVAL)
		return say(buf, size,
			   "this kernel has no BPF ring buffer: boot Linux 5.8 or later, or go on "
			   "with "
			   "counters alone");
	if (!facts->has_capability)
		return say(buf, size,
			   "no permission to load BPF programs: run it as root (sudo failcnt), or "
			   "with "
			   "CAP_BPF and CAP_PERFMON");
	if (t->stage == KERNEL_WORKS)
		return false;
	snprintf(buf, size,
		 "the kernel refuses BPF to this process (%s): a container needs CAP_BPF and "
		 "CAP_PERFMON and no seccomp filter on bpf(2)",
		 strerror(-t->error));
	return true;
}

bool obstacle(const struct kernel_facts *facts, enum opt_backend wanted, char *buf, size_t size)
{
	const struct kernel_trial *t = &facts->trial[needed[wanted]];

	if (no_bpf(facts, buf, size))
		return true;
	if (facts->btf_error)
		return say(buf, size,
			   "this kernel has no BTF (/sys/kernel/btf/vmlinux): boot one built with "
			   "CONFIG_DEBUG_INFO_BTF=y, as Debian's are");
	if (wanted == OPT_AUTO || t->stage == KERNEL_WORKS)
		return false;
	snprintf(buf, size, "this kernel refuses %s at %s (%s): leave --backend=auto to choose",
		 kernel_mechanism_name(needed[wanted]),
		 t->stage == KERNEL_AT_LOAD ? "load" : "attach", strerror(-t->error));
	return true;
}
