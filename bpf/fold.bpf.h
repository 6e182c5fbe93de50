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
 * without looking at the limit again. Only where that errno has one meaning there (repeat_sure).
 */
#ifndef FAILCNT_FOLD_BPF_H
#define FAILCNT_FOLD_BPF_H

#include "compat.bpf.h"
#include "event.h"

#define FOLD_WHOLE \
	8 /* records of one key sent whole before it is folded: a resolver tries 4 files */
#define FOLD_QUIET_NS 5000000000ULL /* after so long without one, the next come whole again */
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

/* Set by the collector before load: a task may be preempted inside a program, or we do not know. */
const volatile bool may_preempt;

/*
 * The latest verdict on each processor, one for each kind of program, and what was counted under it
 * since. Nobody but that program writes there (repeat_alone()), and the collector only reads. So to
 * count one more is an addition, and no table is looked into; what was counted moves to the table
 * when the next process comes. Until then the collector adds it (user/repeats.c).
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FC_REPEAT_WAYS); /* for each processor, which the collector knows */
	__type(key, __u32);
	__type(value, struct fc_repeat);
} repeats SEC(".maps");

/*
 * Is a program of ours on a processor once at a time? Those of probes and of classic tracepoints
 * run with preemption off (trace_call_bpf()), the others too before 5.11; since 5.12 the kernel
 * skips one while a preempted task is inside it (bpf_prog_get_recursion_context(), then
 * prog->active).
 */
static __always_inline bool repeat_alone(void)
{
	return !may_preempt || bpf_core_field_exists(struct bpf_prog, active);
}

/* Functions that have one reason for that errno, and no memory to ask for before it. */
static __always_inline bool repeat_sure(__u8 hook, long ret)
{
	return hook == FC_HOOK_ALLOC_FD && ret == -EMFILE && repeat_alone();
}

static __always_inline __u32 repeat_function(__u8 hook)
{
	return 0x10000 | hook;
}

static __always_inline __u8 repeat_way(__u8 backend)
{
	return backend == FC_BACKEND_FEXIT ? FC_REPEAT_FEXIT : FC_REPEAT_KPROBE;
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

static __always_inline struct fc_repeat *repeat_slot(__u32 way)
{
	__u32 i = bpf_get_smp_processor_id() * FC_REPEAT_WAYS + way;

	return bpf_map_lookup_elem(&repeats, &i);
}

/*
 * The collector must not see a count twice, here and in the table: what is stored in this order
 * becomes visible in this order on x86. Elsewhere nothing is counted here.
 */
#if defined(__TARGET_ARCH_x86)
#define STORES_IN_ORDER true
#else
#define STORES_IN_ORDER false
#endif
#define THEN() asm volatile("" ::: "memory")

/* Counted under the verdict of a moment ago. */
static __always_inline bool repeat_count(__u32 way, __u32 place)
{
	struct fc_repeat *r = repeat_slot(way);
	struct fc_fold *f;
	__u64 now;

	/* Of another epoch: the table is to know when this one began. */
	if (!r || r->thread != bpf_get_current_pid_tgid() || r->place != place ||
	    r->epoch != fold_epoch)
		return false;
	now = bpf_ktime_get_boot_ns();
	if (now >= r->until)
		return false;
	if (STORES_IN_ORDER) {
		r->last = now;
		THEN();
		r->count++;
		return true;
	}
	f = bpf_map_lookup_elem(&folds, &r->key);
	if (!f)
		return false;
	fold_count(f, now);
	return true;
}

/* repeat_count() for functions. Not inline: the stack. */
static __noinline bool repeat_function_count(__u32 way, __u32 place)
{
	return repeat_count(way, place);
}

/*
 * From now on the slot is another key's. Where the old one's entry is gone, the collector has told
 * what was here (it forgets nobody who has a count here).
 */
static __always_inline void repeat_take(struct fc_repeat *r, const struct fc_fold_key *key)
{
	struct fc_fold_key old = r->key;
	__u64 n = r->count, last = r->last;
	struct fc_fold *f;

	r->turn++; /* odd: between the two */
	THEN();
	r->count = 0;
	THEN();
	f = n ? bpf_map_lookup_elem(&folds, &old) : NULL;
	if (f) {
		if (f->last < last)
			f->last = last;
		__sync_fetch_and_add(&f->count, n);
	}
	r->key = *key;
	THEN();
	r->turn++;
}

static __noinline int repeat_note(__u32 way, __u32 place, const struct fc_fold_key *key, __u64 now,
				  __u32 epoch)
{
	struct fc_repeat *r = repeat_slot(way);

	if (!r)
		return 0;
	if (r->key.start != key->start || r->key.pid != key->pid ||
	    r->key.resource != key->resource || r->key.err != key->err)
		repeat_take(r, key);
	r->thread = bpf_get_current_pid_tgid();
	r->place = place;
	r->epoch = epoch; /* when the table was told, not now */
	r->until = now + REPEAT_NS;
	return 0;
}

#endif
