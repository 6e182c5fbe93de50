/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe_missed.bpf.h - what a return probe missed, on kernels that do not tell.
 *
 * A kretprobe that has no room for one more call counts it (kretprobe.nmissed), and so does a
 * kprobe that is met inside another (kprobe.nmissed). From 6.7 on the link tells the sum of both;
 * before, nobody does. But while the program of a kretprobe runs, current_kprobe points to that
 * very probe
 * (__kretprobe_trampoline_handler(), since 6.1 kretprobe_rethook_handler(), of kernel/kprobes.c).
 * So each refusal that is seen brings the number along, and the collector tells what is new in it.
 */
#ifndef FAILCNT_PROBE_MISSED_BPF_H
#define FAILCNT_PROBE_MISSED_BPF_H

#include "emit.bpf.h"

__u64 probe_missed[FC_HOOKS + 1]; /* since it was attached */

static __noinline int probe_note_missed(__u8 hook)
{
	struct bpf_link_info *info = NULL;
	__u32 cpu = bpf_get_smp_processor_id();
	struct kretprobe *probe = NULL;
	__u64 offset = 0;

	if (bpf_core_field_exists(info->perf_event.kprobe.missed))
		return 0;
	if (hook > FC_HOOKS || cpu >= possible_cpus || !ADDR(__per_cpu_offset) ||
	    !ADDR(current_kprobe))
		return 0;
	bpf_probe_read_kernel(&offset, sizeof(offset),
			      (const void *)ADDR(__per_cpu_offset) + 8 * cpu);
	/* kp is the first in it. */
	bpf_probe_read_kernel(&probe, sizeof(probe), (const void *)ADDR(current_kprobe) + offset);
	if (probe)
		probe_missed[hook] =
			(__u64)BPF_CORE_READ(probe, nmissed) + BPF_CORE_READ(probe, kp.nmissed);
	return 0;
}

#endif
