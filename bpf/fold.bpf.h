/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fold.bpf.h - repeats are counted here, in the kernel, and read once a second.
 *
 * Three tables, from fine to coarse: by process, resource and errno; where that is full, by the
 * name of the program, its user, resource and errno; and where that is full as well, by resource,
 * which never runs out. So the sum is exact with however few entries; only the names get fewer.
 *
 * A program in a retry loop is refused a million times a second, and pays for it each time. So the
 * verdict on a thread is kept for 10 ms: the same errno from the same place is counted under it
 * without looking at the limit again. Only where that errno has one meaning there (repeat_place).
 */
#ifndef FAILCNT_FOLD_BPF_H
#define FAILCNT_FOLD_BPF_H

#include "compat.bpf.h"
#include "event.h"

#define FOLD_WHOLE \
	8 /* records of one key sent whole before it is folded: a resolver tries 4 files */
#define FOLD_QUIET_NS 5000000000ULL /* after so long without one, the next come whole again */
#define REPEAT_SLOTS 1024
#define REPEAT_NS 10000000

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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FC_RESOURCES);
	__type(key, __u32);
	__type(value, struct fc_overflow);
} overflow SEC(".maps");

static const struct fc_overflow no_overflow;
static const struct fc_fold no_fold;

static __always_inline struct kernfs_node *task_cgroup_kn(struct task_struct *task);

/* Not inline: it needs a good part of the 512 bytes of stack that there are. */
static __noinline int coarse_count(__u16 resource, __u16 err, bool nobody, __u64 now)
{
	struct fc_coarse_key key = {.resource = resource, .err = err};
	struct fc_overflow *o;
	__u32 i = resource;

	if (!nobody) {
		key.uid = (__u32)bpf_get_current_uid_gid();
		bpf_get_current_comm(key.comm, sizeof(key.comm));
	}
	o = bpf_map_lookup_elem(&coarse, &key);
	if (!o) { /* another processor may be first */
		bpf_map_update_elem(&coarse, &key, &no_overflow, BPF_NOEXIST);
		o = bpf_map_lookup_elem(&coarse, &key);
	}
	if (!o)
		o = bpf_map_lookup_elem(&overflow, &i);
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
 * be first, or write at the same time: it is the same process, and writes the same.
 */
static __noinline struct fc_fold *fold_get(struct fc_fold_key *key, const struct task_regs *regs)
{
	struct fc_fold *f = bpf_map_lookup_elem(&folds, key);
	struct task_struct *task;
	struct kernfs_node *kn;

	if (f)
		return f;
	bpf_map_update_elem(&folds, key, &no_fold, BPF_NOEXIST);
	f = bpf_map_lookup_elem(&folds, key);
	if (!f || !key->pid)
		return f;
	task = (void *)bpf_get_current_task();
	f->syscall = regs->nr;
	f->has = (regs->nr >= 0 ? FC_HAS_SYSCALL : 0) | (regs->compat ? FC_HAS_COMPAT : 0);
	f->uid = (__u32)bpf_get_current_uid_gid();
	f->ppid = BPF_CORE_READ(task, real_parent, tgid);
	kn = task_cgroup_kn(task);
	f->cgroup_id = kn ? BPF_CORE_READ(kn, id) : 0;
	bpf_get_current_comm(f->comm, sizeof(f->comm));
	return f;
}

/*
 * The latest verdict on a thread at one place. Any processor may write a slot at any time, and be
 * preempted over it: what does not add up is no verdict.
 */
struct repeat {
	__u64 thread, start, until, regs;
	__u32 place; /* 0: none */
	__u16 resource, err;
	__u64 sum;
};
static struct repeat repeats[REPEAT_SLOTS];

/* Functions that have one reason for that errno, and no memory to ask for before it. */
static __always_inline bool repeat_sure(__u8 hook, long ret)
{
	return hook == FC_HOOK_ALLOC_FD && ret == -EMFILE;
}

static __always_inline __u32 repeat_function(__u8 hook)
{
	return 0x10000 | hook;
}

/* At sys_exit, by the number of the call; 0: more than one limit of it answers so. */
static __always_inline __u32 repeat_call(const struct task_regs *regs, __u8 hook, long ret)
{
	if (!repeat_sure(hook, ret) || regs->compat || regs->nr < 0 ||
	    regs->call == FC_CALL_INOTIFY_INIT || regs->call == FC_CALL_FANOTIFY_INIT ||
	    regs->call == FC_CALL_MQ_OPEN)
		return 0;
	return 1 + regs->nr;
}

static __always_inline __u64 repeat_sum(const struct repeat *r)
{
	__u64 what = (__u64)r->place << 32 | (__u32)r->resource << 16 | r->err;

	/* Odd numbers, each of its own. */
	return r->thread * 0x9e3779b97f4a7c15ULL + r->start * 0xc2b2ae3d27d4eb4fULL +
	       r->until * 0x165667b19e3779f9ULL + r->regs * 0x27d4eb2f165667c5ULL +
	       what * 0xd6e8feb86659fd93ULL + 1;
}

static __always_inline struct repeat *repeat_slot(__u64 thread, __u32 place)
{
	return &repeats[((__u32)thread + (place >> 16 ? place : 0)) & (REPEAT_SLOTS - 1)];
}

/* The registers of the calling thread lie where they lay. */
static __always_inline bool repeat_same_call(const struct repeat *r)
{
	struct pt_regs *regs = (void *)r->regs;
#if defined(__TARGET_ARCH_arm64)
	__u64 nr = (__u32)BPF_CORE_READ(regs, syscallno);
#else
	__u64 nr = BPF_CORE_READ(regs, orig_ax);
#endif

	return r->place == 1 + nr;
}

static __always_inline bool repeat_load(struct repeat *r, __u64 thread, __u32 place)
{
	const volatile struct repeat *slot = repeat_slot(thread, place);

	r->thread = slot->thread;
	if (r->thread != thread)
		return false;
	r->start = slot->start;
	r->until = slot->until;
	r->regs = slot->regs;
	r->place = slot->place;
	r->resource = slot->resource;
	r->err = slot->err;
	return slot->sum == repeat_sum(r);
}

/* Counted under the verdict of a moment ago. place 0: at sys_exit. */
static __always_inline bool repeat_count(__u32 place)
{
	__u64 thread = bpf_get_current_pid_tgid(), now;
	struct fc_fold_key key = {};
	struct fc_fold *f;
	struct repeat r;

	if (!repeat_load(&r, thread, place) || (place ? r.place != place : !repeat_same_call(&r)))
		return false;
	now = bpf_ktime_get_boot_ns();
	if (now >= r.until)
		return false;
	key.start = r.start;
	key.pid = thread >> 32;
	key.resource = r.resource;
	key.err = r.err;
	f = bpf_map_lookup_elem(&folds, &key);
	if (!f || f->burst < FOLD_WHOLE)
		return false;
	fold_count(f, now);
	return true;
}

/* repeat_count() for functions. Not inline: the stack. */
static __noinline bool repeat_function_count(__u32 place)
{
	return repeat_count(place);
}

static __noinline int repeat_note(__u32 place, const struct fc_fold_key *key, __u64 now)
{
	struct repeat r = {.thread = bpf_get_current_pid_tgid(),
			   .start = key->start,
			   .until = now + REPEAT_NS,
			   .place = place,
			   .resource = key->resource,
			   .err = key->err};

	void *regs;

	if (!(place >> 16)) { /* as a number: the verifier knows it for a pointer */
		regs = task_pt_regs((void *)bpf_get_current_task());
		bpf_probe_read_kernel(&r.regs, sizeof(r.regs), &regs);
	}
	r.sum = repeat_sum(&r);
	*repeat_slot(r.thread, place) = r;
	return 0;
}

#endif
