/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emit.bpf.h - from "this was refused" to a record: filter, reserve, fill,
 * submit, fold, count what is lost.
 *
 * A hook finds out what was refused and writes it into a struct refusal on its
 * stack: as little as names the limit, for most refusals are repeats. tell()
 * does the rest; what only a whole record needs is read after that.
 *
 * A refusal is either sent whole or counted in the fold table, never both and
 * never neither, so that the sum is exact whatever races. Where the ring is
 * full a refusal is folded too; a kill that finds no room is counted as lost.
 */
#ifndef FAILCNT_EMIT_BPF_H
#define FAILCNT_EMIT_BPF_H

#include "compat.bpf.h"
#include "event.h"
#include "repeat.bpf.h"
#include "tree.bpf.h"

#define PATH_COMPONENT 256 /* NAME_MAX and the NUL */
#define PATH_LEVELS 16

/* Set by the collector before load. */
const volatile __u32 filter_pid; /* 0: everybody */
const volatile __u32 filter_uid;
const volatile bool filter_by_uid;
const volatile bool filter_resources; /* then only those with want_resource */
const volatile bool want_resource[FC_RESOURCES + 1];
const volatile bool memory_is_v1; /* the memory controller is on a v1 hierarchy */
const volatile __u32 possible_cpus = 1;
const volatile __u32 page_shift = 12;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 19);
} events SEC(".maps");

/* Not in a map, nor is `overflow`: the collector reads them without bpf(2) (tracer_sweep.c). */
__u64 stats[FC_STATS];

static __always_inline void count_stat(enum fc_stat which)
{
	__sync_fetch_and_add(&stats[which], 1);
}

/* Components from the leaf to below the root, each with its NUL. */
static __always_inline void fill_path(struct fc_path *p, struct kernfs_node *kn)
{
	__u32 off = 0;
	int i;

	p->cut = 0;
	for (i = 0; i < PATH_LEVELS; i++) {
		struct kernfs_node *parent = kn ? kernfs_parent(kn) : NULL;
		long n;

		if (!parent)
			break;
		if (off > FC_PATH - PATH_COMPONENT) {
			p->cut = 1;
			break;
		}
		n = bpf_probe_read_kernel_str(p->text + off, PATH_COMPONENT,
					      BPF_CORE_READ(kn, name));
		if (n <= 0 || n > PATH_COMPONENT)
			break;
		off += n;
		kn = parent;
	}
	if (i == PATH_LEVELS)
		p->cut = 1;
	p->len = off;
}

static __always_inline struct kernfs_node *memcg_kn(struct mem_cgroup *memcg)
{
	return memcg ? BPF_CORE_READ(memcg, css.cgroup, kn) : NULL;
}

/* The cgroup that a person means: v2's, or the memory hierarchy's on v1. */
static __always_inline struct kernfs_node *task_cgroup_kn(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	if (memory_is_v1)
		return memcg_kn(css_set_memcg(set));
	return BPF_CORE_READ(set, dfl_cgrp, kn);
}

static __always_inline void fill_who(struct fc_who *w, struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct pid *pid = BPF_CORE_READ(task, signal, pids[1]); /* PIDTYPE_TGID */
	struct kernfs_node *kn = task_cgroup_kn(task);
	__u32 level = BPF_CORE_READ(pid, level);
	void *numbers = __builtin_preserve_access_index(&pid->numbers);
	struct upid *own = numbers + (level & 63) * bpf_core_type_size(struct upid);

	w->start = BPF_CORE_READ(task, group_leader, start_boottime);
	w->pid = BPF_CORE_READ(task, tgid);
	w->tid = BPF_CORE_READ(task, pid);
	w->ppid = BPF_CORE_READ(parent, tgid);
	w->uid = BPF_CORE_READ(task, cred, uid.val);
	w->vpid = BPF_CORE_READ(own, nr);
	w->pad = 0;
	bpf_probe_read_kernel_str(w->comm, FC_COMM, task->comm);
	bpf_probe_read_kernel_str(w->parent_comm, FC_COMM, parent->comm);
	w->cgroup_id = kn ? BPF_CORE_READ(kn, id) : 0;
	fill_path(&w->cgroup, kn);
}

static __always_inline bool filtered_out(__u16 resource, bool nobody)
{
	if (nobody && (filter_pid || filter_by_uid || filter_tree))
		return true;
	if (filter_pid && filter_pid != bpf_get_current_pid_tgid() >> 32)
		return true;
	if (filter_by_uid && filter_uid != (__u32)bpf_get_current_uid_gid())
		return true;
	if (filter_resources && (resource >= FC_RESOURCES || !want_resource[resource]))
		return true;
	return filter_tree && !in_tree((void *)bpf_get_current_task());
}

/* What a hook found: a refusal, before it is known whether it is told whole. Zero it first. */
struct refusal {
	__u16 resource, err; /* err: positive */
	__u8 hook, backend, ns_kind, variant;
	__u32 has; /* FC_HAS_ of what is set here; FC_HAS_CERTAIN where the cause was seen */
	__u32 ns, limit_uid, dev;
	__s32 key;
	bool nobody;  /* in softirq, or a kernel thread: current is a bystander */
	__u8 way;     /* enum fc_repeat_way */
	__u8 verdict; /* what repeats need no second look for (repeat.bpf.h); 0: nothing */
	__u32 place;
	__u64 held, limit, hard, asked;
	__u64 more[FC_MORE];
	struct kernfs_node *owner; /* the cgroup whose limit it is */
};

/* With zeroes that the verifier does not know (compat.bpf.h tells why), but where all that follows
 * depends on it: most hooks leave these two alone. */
static __always_inline void refusal_clear(struct refusal *w)
{
	__u64 zero = ZERO(), *at = (__u64 *)w;

	for (unsigned int i = 0; i < sizeof(*w) / sizeof(*at); i++)
		at[i] = zero;
	w->owner = NULL;
	w->nobody = false;
}

static __always_inline void fill_refused(struct fc_refused *r, const struct refusal *w,
					 const struct task_regs *regs)
{
	r->h.type = FC_TYPE_REFUSED;
	r->h.size = sizeof(*r);
	r->resource = w->resource;
	r->err = w->err;
	r->hook = w->hook;
	r->backend = w->backend;
	r->ns_kind = w->ns_kind;
	r->variant = w->variant;
	r->has = w->has;
	r->held = w->held;
	r->limit = w->limit;
	r->hard = w->hard;
	r->asked = w->asked;
	__builtin_memcpy(r->more, w->more, sizeof(r->more));
	r->ns = w->ns;
	r->key = w->key;
	r->limit_uid = w->limit_uid;
	r->dev = w->dev;
	__builtin_memset(&r->sock, 0, sizeof(r->sock));
	r->object[0] = '\0';
	r->syscall = regs->nr;
	if (regs->nr >= 0 && !w->nobody)
		r->has |= FC_HAS_SYSCALL | (regs->compat ? FC_HAS_COMPAT : 0);
	if (w->owner) {
		r->has |= FC_HAS_OWNER;
		fill_path(&r->owner, w->owner);
	} else {
		r->owner.len = r->owner.cut = 0;
	}
	if (w->nobody) {
		__builtin_memset(&r->who, 0, __builtin_offsetof(struct fc_who, cgroup.text));
	} else {
		r->has |= FC_HAS_WHO;
		fill_who(&r->who, (void *)bpf_get_current_task());
	}
}

/* Of a refusal what decides whether it is told whole, in numbers. */
#define FOLD_WHAT(w)                                                      \
	((w)->resource | (__u64)(w)->err << 16 | (__u64)(w)->hook << 32 | \
	 (__u64)(w)->backend << 40 | (__u64)(w)->way << 48 | (__u64)(w)->nobody << 56)
#define FOLD_CALL(w, regs)                                 \
	((__u32)(regs)->nr | (__u64)(regs)->compat << 32 | \
	 (__u64)((w)->has & (FC_HAS_LIMIT | FC_HAS_HARD)) << 33)

#define FOLD_WHOSE 0xffffffU
/* With what the slots need (repeat.bpf.h), whose middle is free. */
#define FOLD_AT(w) (REPEAT_AT((w)->verdict, (w)->place) | (__u64)whose_limit(w) << 8)

/*
 * Whose limit it is, as a number of 24 bits (FOLD_AT()): a process may meet those of two
 * namespaces, file systems or users in turn. And how high: it may be changed meanwhile.
 */
static __always_inline __u32 whose_limit(const struct refusal *w)
{
	__u64 h = w->limit ^ (__u64)w->variant << 56;

	h = (h ^ (__u64)w->owner) * 31 + w->ns;
	h = (h * 31 + w->dev) * 31 + w->limit_uid;
	return (h ^ h >> 32) & FOLD_WHOSE;
}

/* What is folded is told as those that came whole: so of another limit one more does. */
static __always_inline void fold_other_limit(struct fc_fold *f, __u32 whose)
{
	if (f->whose != whose && f->burst >= FOLD_WHOLE && f->changes < FOLD_CHANGES) {
		f->changes++;
		f->burst = FOLD_WHOLE - 1;
	}
	f->whose = whose;
}

static __always_inline void fold_key(struct fc_fold_key *key, __u64 what)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!(what >> 56)) {
		key->start = BPF_CORE_READ(task, group_leader, start_boottime);
		key->pid = bpf_get_current_pid_tgid() >> 32;
	}
	key->resource = (__u16)what;
	key->err = (__u16)(what >> 16);
}

/*
 * When it was, where it is to be told whole; 0: it was filtered out, or has been counted. Not
 * static, and with numbers only: so the verifier walks it once, and not once for each way on which
 * a hook comes to a refusal. A start waits for that.
 */
__noinline __u64 fold_or_tell(__u64 what, __u64 at, __u64 limit, __u64 hard, __u64 call)
{
	bool nobody = what >> 56;
	struct fc_fold_key key = {};
	struct fc_fold *f;
	__u64 now;

	if (filtered_out((__u16)what, nobody))
		return 0;
	now = bpf_ktime_get_boot_ns();
	fold_key(&key, what);
	f = fold_get(&key, (__s32)call, call >> 32 & 1);
	if (!f) {
		coarse_count(key.resource, key.err, nobody, now);
		return 0;
	}
	f->backend = (__u8)(what >> 40);
	f->hook = (__u8)(what >> 32);
	/* Signed: another thread may have stored a later time than ours. */
	if (f->burst && (__s64)(now - f->last) > (__s64)FOLD_QUIET_NS)
		f->burst = f->changes = 0;
	fold_other_limit(f, at >> 8 & FOLD_WHOSE);
	if (f->burst >= FOLD_WHOLE) {
		fold_count(f, now);
		if (repeat_fits(REPEAT_VERDICT(at), key.resource) && !nobody && !filter_by_uid)
			repeat_note((__u8)(what >> 48), at, &key, now, f->epoch);
		return 0;
	}
	f->burst++;
	f->limit = limit;
	f->hard = hard;
	f->has |= call >> 33;
	f->last = now;
	return now;
}

/* There was no room for the record: it is counted after all. */
__noinline int fold_ring_full(__u64 what, __u64 now)
{
	struct fc_fold_key key = {};
	struct fc_fold *f;

	count_stat(FC_STAT_RING_FOLDED);
	fold_key(&key, what);
	f = bpf_map_lookup_elem(&folds, &key);
	if (f)
		fold_count(f, now);
	else
		coarse_count(key.resource, key.err, what >> 56, now);
	return 0;
}

/*
 * A record to complete and submit, or NULL when this refusal was filtered out
 * or has been counted already.
 */
static __always_inline struct fc_refused *refused_begin(const struct refusal *w,
							const struct task_regs *regs)
{
	__u64 what = FOLD_WHAT(w), now;
	struct fc_refused *r;

	now = fold_or_tell(what, FOLD_AT(w), w->limit, w->hard, FOLD_CALL(w, regs));
	if (!now)
		return NULL;
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		fold_ring_full(what, now);
		return NULL;
	}
	r->h.time = now;
	fill_refused(r, w, regs);
	return r;
}

/* For a record that needs nothing more. */
static __always_inline void tell(const struct refusal *w, const struct task_regs *regs)
{
	struct fc_refused *r = refused_begin(w, regs);

	if (r)
		bpf_ringbuf_submit(r, 0);
}

#endif
