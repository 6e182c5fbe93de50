/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom_adj.bpf.h - who set oom_score_adj: the OOM killer takes whom that points to.
 *
 * __set_oom_adj() of fs/proc/base.c passes the tracepoint oom_score_adj_update, when the new value
 * is set, in the context of whoever writes to /proc/PID/oom_score_adj. Nothing else passes it, so
 * that it costs nothing elsewhere. What was set is kept here, by process, and read at a kill; it
 * wakes nobody up. The value before is known only where that one was seen to be set too.
 *
 * Children inherit: of a victim of whom nothing was set, the nearest ancestor is told that had been
 * given this very value before its descendants were made.
 */
#ifndef FAILCNT_OOM_ADJ_BPF_H
#define FAILCNT_OOM_ADJ_BPF_H

#include "death_sent.bpf.h"

#define ADJ_ANCESTORS 8

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct fc_death_key);
	__type(value, struct fc_adj);
} adjs SEC(".maps");

/* (task) */
SEC("raw_tp/oom_score_adj_update")
int rawtp_oom_adj(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0],
			   *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *cur = (void *)bpf_get_current_task();
	struct fc_death_key key = death_key_of(task);
	const struct fc_adj *old = bpf_map_lookup_elem(&adjs, &key);
	struct fc_adj a = {};

	a.when = bpf_ktime_get_boot_ns();
	a.value = BPF_CORE_READ(task, signal, oom_score_adj);
	if (old) {
		a.from = old->value;
		a.has_from = 1;
	}
	a.of_pid = key.pid;
	a.by_pid = BPF_CORE_READ(cur, tgid);
	a.by_uid = BPF_CORE_READ(cur, cred, uid.val);
	bpf_probe_read_kernel_str(a.of_comm, FC_COMM, leader->comm);
	bpf_probe_read_kernel_str(a.by_comm, FC_COMM, BPF_CORE_READ(cur, group_leader)->comm);
	bpf_probe_read_kernel_str(a.by_parent_comm, FC_COMM, BPF_CORE_READ(cur, real_parent)->comm);
	bpf_map_update_elem(&adjs, &key, &a, BPF_ANY);
	return 0;
}

static __always_inline void fill_adj(struct fc_adj *to, struct task_struct *victim, __s32 value)
{
	struct task_struct *task = BPF_CORE_READ(victim, group_leader);
	__u64 before = bpf_ktime_get_boot_ns();
	const struct fc_adj *a;

	__builtin_memset(to, 0, sizeof(*to));
	for (int i = 0; i < ADJ_ANCESTORS && task; i++) {
		struct fc_death_key key = death_key_of(task);

		if (key.pid == 0)
			return;
		a = bpf_map_lookup_elem(&adjs, &key);
		if (a) {
			if (a->value == value && a->when <= before)
				bpf_probe_read_kernel(to, sizeof(*to), a);
			return; /* what is above was not inherited */
		}
		before = key.start;
		task = BPF_CORE_READ(task, real_parent, group_leader);
	}
}

#endif
