/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fold.bpf.h - repeats are counted here, in the kernel, and read once a second.
 *
 * Three tables, from fine to coarse: by process, resource and errno; where that is full, by the
 * name of the program, its user, resource and errno; and where that is full as well, by resource,
 * which never runs out. So the sum is exact with however few entries; only the names get fewer.
 *
 * Those that come fast one after the other are counted without a look at it: repeat.bpf.h.
 */
#ifndef FAILCNT_FOLD_BPF_H
#define FAILCNT_FOLD_BPF_H

#include "compat.bpf.h"
#include "event.h"

#define FOLD_WHOLE \
	8 /* records of one key sent whole before it is folded: a resolver tries 4 files */
#define FOLD_CHANGES 8              /* and of other limits, one of each (emit.bpf.h) */
#define FOLD_QUIET_NS 5000000000ULL /* after so long without one, the next come whole again */

/* Written by the collector while running. */
__u32 fold_epoch = 1; /* one higher after each reading of the fold table */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fc_fold_key);
	__type(value, struct fc_fold);
} folds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct fc_coarse_key);
	__type(value, struct fc_overflow);
} coarse SEC(".maps");

struct fc_overflow overflow[FC_RESOURCES];

static const struct fc_overflow no_overflow;
static const struct fc_fold no_fold;

static __always_inline struct kernfs_node *task_cgroup_kn(struct task_struct *task);

/* Not inline: it needs a good part of the 512 bytes of stack that there are. */
static __noinline int coarse_count(__u16 resource, __u16 err, bool nobody, __u64 now)
{
	struct fc_coarse_key key = {.resource = resource, .err = err};
	struct fc_overflow *o;
	__u64 i = resource;

	if (!nobody) {
		key.uid = (__u32)bpf_get_current_uid_gid();
		bpf_get_current_comm(key.comm, sizeof(key.comm));
	}
	o = bpf_map_lookup_elem(&coarse, &key);
	if (!o) { /* another processor may be first */
		bpf_map_update_elem(&coarse, &key, &no_overflow, BPF_NOEXIST);
		o = bpf_map_lookup_elem(&coarse, &key);
	}
	asm volatile("" : "+r"(i)); /* the register that is compared is the one that is used */
	if (!o && i < FC_RESOURCES)
		o = &overflow[i];
	if (!o)
		return 0;
	if (o->epoch != fold_epoch || !o->first) {
		o->first = now;
		o->epoch = fold_epoch;
		o->err = err;
	}
	o->last = now;
	if (o->err != err)
		o->err = 0; /* of more than one: not told */
	__sync_fetch_and_add(&o->count, 1);
	return 0;
}

static __always_inline void fold_count(struct fc_fold *f, __u64 now)
{
	if (f->epoch != fold_epoch) {
		f->first = now;
		f->epoch = fold_epoch;
	}
	f->last = now;
	__sync_fetch_and_add(&f->count, 1);
}

/*
 * Filled where it lies, and not on the stack, of which there is too little. Another processor may
 * be first, or write at the same time: it is the same process, and writes the same. Filled anew
 * after each reading: it may run another program by now, as another user, in another cgroup.
 */
static __noinline struct fc_fold *fold_get(struct fc_fold_key *key, __s32 nr, bool compat)
{
	struct fc_fold *f = bpf_map_lookup_elem(&folds, key);
	struct task_struct *task;
	struct kernfs_node *kn;

	if (f && f->epoch == fold_epoch)
		return f;
	if (!f) {
		bpf_map_update_elem(&folds, key, &no_fold, BPF_NOEXIST);
		f = bpf_map_lookup_elem(&folds, key);
	}
	if (!f || !key->pid)
		return f;
	task = (void *)bpf_get_current_task();
	f->syscall = nr;
	f->has = (f->has & (FC_HAS_LIMIT | FC_HAS_HARD)) | (nr >= 0 ? FC_HAS_SYSCALL : 0) |
		 (compat ? FC_HAS_COMPAT : 0);
	f->uid = (__u32)bpf_get_current_uid_gid();
	f->ppid = BPF_CORE_READ(task, real_parent, tgid);
	kn = task_cgroup_kn(task);
	f->cgroup_id = kn ? BPF_CORE_READ(kn, id) : 0;
	bpf_get_current_comm(f->comm, sizeof(f->comm));
	return f;
}

#endif
