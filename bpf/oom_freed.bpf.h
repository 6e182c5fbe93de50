/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom_freed.bpf.h - when the memory of a victim was free again: exit_mmap() of the address space
 * that mark_oom_victim() kept in signal->oom_mm (mm/mmap.c). That keeps the structure, so that its
 * address means no other one until the process is gone.
 *
 * exit_mmap() ends every process and every exec: all that it costs where nobody was killed is the
 * look at freed_pending.
 */
#ifndef FAILCNT_OOM_FREED_BPF_H
#define FAILCNT_OOM_FREED_BPF_H

#include "emit.bpf.h"

#define FREED_MAX 256
#define FREED_FORGET_NS 120000000000ULL /* the collector waits for 60 seconds */

__u32 freed_pending; /* victims in `freeing`; may be too high, and never too low */

struct freeing {
	__u64 start, killed;
	__u32 pid, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FREED_MAX);
	__type(key, __u64); /* struct mm_struct * */
	__type(value, struct freeing);
} freeing SEC(".maps");

static __always_inline void freed_expect(struct mm_struct *mm, __u64 start, __u32 pid, __u64 now)
{
	struct freeing f = {.start = start, .killed = now, .pid = pid};
	__u64 key = (__u64)mm;

	if (mm && bpf_map_update_elem(&freeing, &key, &f, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&freed_pending, 1);
}

static __noinline int freed_now(__u64 mm)
{
	struct freeing *f = bpf_map_lookup_elem(&freeing, &mm);
	struct fc_freed *r;
	__u64 now;

	if (!f)
		return 0;
	now = bpf_ktime_get_boot_ns();
	r = now - f->killed < FREED_FORGET_NS ? bpf_ringbuf_reserve(&events, sizeof(*r), 0) : NULL;
	if (r) {
		r->h.type = FC_TYPE_FREED;
		r->h.size = sizeof(*r);
		r->h.time = now;
		r->start = f->start;
		r->killed = f->killed;
		r->pid = f->pid;
		r->pad = 0;
		bpf_ringbuf_submit(r, 0);
	}
	if (bpf_map_delete_elem(&freeing, &mm) == 0)
		__sync_fetch_and_add(&freed_pending, -1);
	return 0;
}

SEC("fexit/exit_mmap")
int fexit_exit_mmap(unsigned long long *ctx)
{
	return freed_pending ? freed_now(ctx[0]) : 0;
}

/* (mm): at the end of exit_mmap(), from 6.1 on. */
SEC("raw_tp/exit_mmap")
int rawtp_exit_mmap(struct bpf_raw_tracepoint_args *ctx)
{
	return freed_pending ? freed_now(ctx->args[0]) : 0;
}

#endif
