/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * repeat.bpf.h - one more of what was told already, at the price of an addition.
 *
 * A program in a retry loop is refused a million times a second, and pays for it each time. So the
 * verdict on a thread is kept for 10 ms: what is sure to be the same is counted under it without
 * reading all that names the limit. A wrong verdict is worse than none, so it is the same only if
 *
 *   - the errno has one meaning there; or the numbers that decide it in the kernel are compared
 *     here as well, by typed loads, and say what they said then;
 *   - no inner function has left a note since, that it was another limit (repeat_notes): a cgroup's
 *     memory (memcg.bpf.h), a number of a process (tasks.bpf.h).
 *
 * Whoever finds out returns REPEAT_AT(verdict, place); the place is what has to be equal besides:
 * the number of a call, what was counted, whose limit it was. Kernels without typed loads look each
 * time.
 */
#ifndef FAILCNT_REPEAT_BPF_H
#define FAILCNT_REPEAT_BPF_H

#include "fold.bpf.h"

#define REPEAT_NS 10000000
#define REPEAT_AT(verdict, place) ((__u64)(place) << 32 | (verdict))
#define REPEAT_VERDICT(at) ((__u32)(at)&0xff)
#define REPEAT_PLACE(at) ((__u32)((at) >> 32))

/* Does this kernel tell a program of the types of what it loads: the task, and its registers? */
#define TYPED_TASK bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)
#define TYPED_REGS bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs)

/* The system call of a 64-bit program, typed. False: there is none, or no types here. */
struct typed_call {
	struct task_struct *task;
	struct pt_regs *regs;
	__u8 call;
};

static __always_inline bool typed_call(struct typed_call *c)
{
	if (!TYPED_REGS)
		return false;
	c->task = (void *)bpf_get_current_task_btf();
	if (c->task->flags & (PF_IO_WORKER | PF_KTHREAD))
		return false;
	c->regs = (void *)bpf_task_pt_regs((void *)c->task);
	c->call = native_call(TASK_NR(c->regs));
	return !TASK_COMPAT(c->task, c->regs);
}

/* Of each verdict. */
static const __u16 repeat_resource[FC_REPEAT_VERDICTS] = {
#define REPEAT(name, hook, resource) [FC_REPEAT_##name] = resource,
#include "repeats.def"
#undef REPEAT
};

/* How many notes inner functions have left. */
__u32 repeat_notes;

/* Set by the collector before load: a task may be preempted inside a program, or we do not know. */
const volatile bool may_preempt;

/*
 * The latest verdicts on each processor, and what was counted under them since. Nobody but that
 * program writes there (repeat_alone()), and the collector only reads. So to count one more is an
 * addition, and no table is looked into; what was counted moves to the table when the next process
 * comes. Until then the collector adds it (user/repeats.c).
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FC_REPEAT_SLOTS); /* for each processor, which the collector knows */
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

static __always_inline __u32 repeat_way(__u8 backend)
{
	return backend == FC_BACKEND_FEXIT ? FC_REPEAT_FEXIT : FC_REPEAT_KPROBE;
}

static __always_inline struct fc_repeat *repeat_slot(__u32 way, __u64 at)
{
	__u32 i = bpf_get_smp_processor_id() * FC_REPEAT_SLOTS;

	if (way == FC_REPEAT_FEXIT || way == FC_REPEAT_KPROBE)
		i += way * FC_REPEAT_VERDICTS + REPEAT_VERDICT(at);
	else
		i += 2 * FC_REPEAT_VERDICTS + (way - FC_REPEAT_RAW_EXIT) * FC_REPEAT_CALLS +
		     (REPEAT_PLACE(at) & (FC_REPEAT_CALLS - 1));
	return bpf_map_lookup_elem(&repeats, &i);
}

/* Is what was found out what that verdict says? */
static __always_inline bool repeat_fits(__u32 verdict, __u16 resource)
{
	if (verdict == FC_REPEAT_NONE || verdict >= FC_REPEAT_VERDICTS)
		return false;
	return repeat_resource[verdict] == FC_RESOURCES ? resource != FC_MEMORY
							: resource == repeat_resource[verdict];
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

/* The thread of then? Its number alone may be another's as soon as it has ended. */
static __always_inline bool repeat_thread(const struct fc_repeat *r)
{
	struct task_struct *task;

	if (!TYPED_TASK) {
		task = (void *)bpf_get_current_task();
		return r->tid == (__u32)bpf_get_current_pid_tgid() &&
		       r->key.start == BPF_CORE_READ(task, group_leader, start_boottime);
	}
	task = (void *)bpf_get_current_task_btf();
	return r->tid == (__u32)task->pid && r->key.start == task->group_leader->start_boottime;
}

/* Counted under the verdict of a moment ago. */
static __always_inline bool repeat_count(__u32 way, __u64 at)
{
	struct fc_repeat *r = repeat_slot(way, at);
	__u32 tick = (__u32)bpf_jiffies64();
	struct fc_fold *f;
	__u64 now;

	/* Of another epoch: the table is to know when this one began. */
	if (!r || r->place != REPEAT_PLACE(at) || r->notes != repeat_notes ||
	    r->epoch != fold_epoch || !repeat_thread(r))
		return false;
	/* The clock is a third of the price, so that it is read once a tick. */
	if (STORES_IN_ORDER && r->tick == tick) {
		r->count++;
		return true;
	}
	now = bpf_ktime_get_boot_ns();
	if (now >= r->until)
		return false;
	if (STORES_IN_ORDER) {
		r->last = now;
		r->tick = tick;
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

static __noinline int repeat_note(__u32 way, __u64 at, const struct fc_fold_key *key, __u64 now,
				  __u32 epoch)
{
	struct fc_repeat *r = repeat_slot(way, at);

	if (!r)
		return 0;
	if (r->key.start != key->start || r->key.pid != key->pid ||
	    r->key.resource != key->resource || r->key.err != key->err)
		repeat_take(r, key);
	r->tid = (__u32)bpf_get_current_pid_tgid();
	r->place = REPEAT_PLACE(at);
	r->notes = repeat_notes;
	r->epoch = epoch; /* when the table was told, not now */
	r->until = now + REPEAT_NS;
	r->last = now;
	r->tick = (__u32)bpf_jiffies64();
	return 0;
}

#endif
