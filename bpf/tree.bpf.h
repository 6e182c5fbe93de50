/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tree.bpf.h - is this process one of those that `failcnt run` started? No hook
 * on fork: failcnt is a child subreaper, so every descendant keeps it as an
 * ancestor, also a daemon whose own parent has ended. Asked only of what was
 * refused or killed, by walking up from there.
 */
#ifndef FAILCNT_TREE_BPF_H
#define FAILCNT_TREE_BPF_H

#include "compat.bpf.h"

#define TREE_LEVELS 64 /* make in make in make takes two or three each */

/* Set by the collector before load. */
const volatile __u32 filter_tree;       /* tgid in its own pid namespace; 0: everybody */
const volatile __u32 filter_tree_ns;    /* inode number of that namespace */
const volatile __u64 filter_tree_since; /* CLOCK_BOOTTIME ns: children made before are not meant */

static __always_inline bool is_tree_root(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, signal, pids[1]); /* PIDTYPE_TGID */
	__u32 level = BPF_CORE_READ(pid, level);
	void *numbers = __builtin_preserve_access_index(&pid->numbers);
	struct upid *own = numbers + (level & 63) * bpf_core_type_size(struct upid);

	return (__u32)BPF_CORE_READ(own, nr) == filter_tree &&
	       BPF_CORE_READ(own, ns, ns.inum) == filter_tree_ns;
}

/* Below filter_tree, and not itself. A subprogram: it is verified once, and not in each hook. */
static __noinline bool in_tree(struct task_struct *task)
{
	int i;

	for (i = 0; i < TREE_LEVELS; i++) {
		struct task_struct *parent = BPF_CORE_READ(task, real_parent);

		if (!parent || parent == task)
			return false; /* init_task is its own parent */
		if (is_tree_root(parent))
			return BPF_CORE_READ(task, group_leader, start_boottime) >=
			       filter_tree_since;
		task = parent;
	}
	return false;
}

#endif
