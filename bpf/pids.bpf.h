/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pids.bpf.h - pids.max of a cgroup, and the notes with which a fork's inner functions tell
 * copy_process() which limit it was (tasks.bpf.h).
 *
 * A fork bomb in a container is refused for ever: so what pids_can_fork() leaves is no more than
 * a mark, where copy_process() will count it without a second look (repeat.bpf.h).
 */
#ifndef FAILCNT_PIDS_BPF_H
#define FAILCNT_PIDS_BPF_H

#include "rlimit.bpf.h"

#define CGROUP_LEVELS 16
#define NOTE_VALID_NS 100000000ULL /* a note older than this is not of this fork */

/*
 * Which limit it was, and its numbers: from an inner function when it refused, or found when
 * copy_process() returned. The functions that find it are not static, because the verifier goes
 * through such a function once and not once for each way to it; they can only return a number, so
 * that they leave a note.
 */
struct task_note {
	__u64 time, held, limit, hard;
	struct kernfs_node *owner;
	__u32 has, ns, limit_uid;
	__u16 resource;
	__u8 ns_kind;
	bool v1;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HANDOVER_SLOTS);
	__type(key, __u64); /* thread */
	__type(value, struct task_note);
} task_notes SEC(".maps");

static __always_inline int leave_note(struct task_note *note)
{
	__u64 thread = bpf_get_current_pid_tgid();

	note->time = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&task_notes, &thread, note, BPF_ANY);
	return 1;
}

static __always_inline bool take_note(struct refusal *w)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct task_note *note = bpf_map_lookup_elem(&task_notes, &thread);

	if (!note)
		return false;
	w->resource = note->resource;
	w->has = note->has;
	w->held = note->held;
	w->limit = note->limit;
	w->hard = note->hard;
	w->owner = note->owner;
	w->ns = note->ns;
	w->ns_kind = note->ns_kind;
	w->limit_uid = note->limit_uid;
	w->more[0] = note->v1;
	bpf_map_delete_elem(&task_notes, &thread);
	return bpf_ktime_get_boot_ns() - note->time < NOTE_VALID_NS;
}

/* A moment later others may have exited: then what is nearly full is the likely one. */
static __always_inline bool is_full(__u64 held, __u64 limit, int exactly)
{
	__u64 slack = limit / 8 < 64 ? limit / 8 : 64;

	return limit < NO_LIMIT && held + 1 + (exactly ? 0 : slack) > limit;
}

static __always_inline struct cgroup_subsys_state *pids_css(struct css_set *set)
{
	struct cgroup_subsys_state *css = NULL;

	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		bpf_probe_read_kernel(
			&css, sizeof(css),
			(void *)__builtin_preserve_access_index(&set->subsys) +
				8 * bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
	return css;
}

/*
 * pids_try_charge() of kernel/cgroup/pids.c: upwards, without the root; the first that is full.
 * cgroups: a struct css_set, 0: those of the caller.
 */
__noinline int note_pids(__u64 cgroups, int exactly)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct css_set *set = cgroups ? (struct css_set *)cgroups : BPF_CORE_READ(task, cgroups);
	struct task_note n = {.resource = FC_PIDS, .has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_MORE};
	struct cgroup_subsys_state *css = pids_css(set), *parent;
	int i;

	for (i = 0; i < CGROUP_LEVELS; i++) {
		struct pids_cgroup *p =
			(void *)css - bpf_core_field_offset(struct pids_cgroup, css);

		parent = css ? BPF_CORE_READ(css, parent) : NULL;
		if (!parent)
			return 0;
		n.held = BPF_CORE_READ(p, counter.counter);
		n.limit = BPF_CORE_READ(p, limit.counter);
		if (is_full(n.held, n.limit, exactly))
			break;
		css = parent;
	}
	if (i == CGROUP_LEVELS)
		return 0;
	n.owner = BPF_CORE_READ(css, cgroup, kn);
	n.v1 = BPF_CORE_READ(css, cgroup, root, hierarchy_id) != 0;
	if (exactly)
		n.has |= FC_HAS_CERTAIN;
	return leave_note(&n);
}

/*
 * What pids_can_fork() leaves of a thread, until copy_process() returns: that there is a note; or
 * no more than this, where it is one more of those that copy_process() tells without a second look.
 * With the same last bits of its number another thread may be lost: then the numbers decide.
 */
#define PIDS_AGAIN_LEVELS 4 /* where it is mostly full: further up it is looked for again */
#define PIDS_MARKS 1024
#define PIDS_NOTED (1ULL << 63)
__u64 pids_marks[PIDS_MARKS];

static __always_inline __u64 *pids_mark(void)
{
	__u64 i = (__u32)bpf_get_current_pid_tgid() & (PIDS_MARKS - 1);

	asm volatile("" : "+r"(i)); /* the register that has bounds is the one that is used */
	return &pids_marks[i];
}

/* What is left of this thread: 0: nothing. */
static __always_inline __u64 take_pids_mark(void)
{
	__u64 *mark = pids_mark(), left = *mark;

	if ((left & ~PIDS_NOTED) != bpf_get_current_pid_tgid())
		return 0;
	*mark = 0;
	return left;
}

/* In which cgroups the thread is: what has to be equal besides. Not 0, which no slot has. */
static __always_inline __u32 pids_place(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return (__u32)((__u64)BPF_CORE_READ(task, cgroups) >> 3) | 1;
}

static __always_inline bool repeats_pids(__u32 way, __u32 place)
{
	struct fc_repeat *r = repeat_slot(way, REPEAT_AT(FC_REPEAT_PIDS, place));

	return r && r->place == place && r->notes == repeat_notes && repeat_thread(r) &&
	       bpf_ktime_get_boot_ns() < r->until;
}

/* Not where it is about the cgroups of another: CLONE_INTO_CGROUP. */
static __always_inline bool pids_again(__u8 backend, __u64 cgroups)
{
	struct task_struct *task;
	__u32 place;

	if (!TYPED_TASK || !repeat_alone() || hook_handover[FC_HOOK_PIDS_CAN_FORK] ||
	    hook_elsewhere(FC_HOOK_PIDS_CAN_FORK, backend == FC_BACKEND_FEXIT))
		return false;
	task = (void *)bpf_get_current_task_btf();
	place = pids_place();
	/* As they are: fexit's has a type, and may be compared but not calculated with. */
	if ((__u64)task->cgroups != cgroups ||
	    (!repeats_pids(FC_REPEAT_FEXIT, place) && !repeats_pids(FC_REPEAT_KPROBE, place)))
		return false;
	*pids_mark() = bpf_get_current_pid_tgid();
	return true;
}

/* It was it, whoever left since. */
static __always_inline int note_seen_pids(__u64 cgroups)
{
	struct task_note n = {.resource = FC_PIDS, .has = FC_HAS_CERTAIN};

	return note_pids(cgroups, 1) || leave_note(&n);
}

/* The cgroups may be others than the caller's. */
static __always_inline bool can_fork_refused(struct refusal *w, const struct refused_call *c)
{
	__u64 cgroups = 0;

	/* As a number: a function that is verified by itself takes no pointer of the kernel. */
	if (c->has_args)
		bpf_probe_read_kernel(&cgroups, sizeof(cgroups), &c->arg[1]);
	note_seen_pids(cgroups);
	*pids_mark() = bpf_get_current_pid_tgid() | PIDS_NOTED;
	return false;
}

/*
 * At sys_exit the numbers decide: all that any_full() asks before, but what user namespaces above
 * the own one allow.
 */
__noinline __u64 sure_pids(void)
{
	struct cgroup_subsys_state *css, *parent;
	struct task_struct *task;
	int i, max = 0, count = 0;

	if (!TYPED_TASK)
		return 0;
	task = (void *)bpf_get_current_task_btf();
	if (!task->real_cred || !task->real_cred->user_ns || task->real_cred->user_ns->level)
		return 0;
	if (ADDR(nr_threads) && ADDR(max_threads)) {
		bpf_probe_read_kernel(&max, sizeof(max), ADDR(max_threads));
		bpf_probe_read_kernel(&count, sizeof(count), ADDR(nr_threads));
		if (count >= max)
			return 0;
	}
	css = pids_css(BPF_CORE_READ(task, cgroups));
	for (i = 0; i < PIDS_AGAIN_LEVELS && css; i++) {
		struct pids_cgroup *p =
			(void *)css - bpf_core_field_offset(struct pids_cgroup, css);

		parent = BPF_CORE_READ(css, parent);
		if (!parent)
			return 0;
		if (is_full(BPF_CORE_READ(p, counter.counter), BPF_CORE_READ(p, limit.counter), 1))
			return REPEAT_AT(FC_REPEAT_PIDS, pids_place());
		css = parent;
	}
	return 0;
}

/* Place 0, that no slot has: it is to be taken with its note. */
static __always_inline __u64 sure_task(bool by_exit)
{
	__u64 mark = take_pids_mark(), at;

	if (mark)
		return by_exit ? 0
			       : REPEAT_AT(FC_REPEAT_PIDS, mark & PIDS_NOTED ? 0 : pids_place());
	at = sure_nproc();
	return at || !by_exit ? at : sure_pids();
}

REFUSED_FUNCTION(FC_HOOK_PIDS_CAN_FORK, pids_can_fork, true, can_fork_refused, tell(&w, &c.regs))
KEEP_ARGS_(FC_HOOK_PIDS_CAN_FORK, pids_can_fork)

/* (task, cgroups) */
SEC("fexit/pids_can_fork")
int fexit_pids_can_fork(unsigned long long *ctx)
{
	int ret = fexit_ret(ctx, FC_HOOK_PIDS_CAN_FORK);

	if (ret == -EAGAIN &&
	    !pids_again(FC_BACKEND_FEXIT, FEXIT_ARG(ctx, FC_HOOK_PIDS_CAN_FORK, 1)))
		refused_pids_can_fork(ret, FC_BACKEND_FEXIT, 0,
				      FEXIT_ARG(ctx, FC_HOOK_PIDS_CAN_FORK, 1), 0);
	return 0;
}

SEC("kretprobe/pids_can_fork")
int kretprobe_pids_can_fork(struct pt_regs *ctx)
{
	__u64 key = bpf_get_current_pid_tgid() << 8 | FC_HOOK_PIDS_CAN_FORK;
	int ret = PT_REGS_RC(ctx);
	struct kept_args *k;

	if (ret != -EAGAIN)
		return 0;
	probe_note_missed(FC_HOOK_PIDS_CAN_FORK);
	k = bpf_map_lookup_elem(&kept, &key);
	if (!k || !pids_again(FC_BACKEND_KPROBE, k->arg[1]))
		refused_pids_can_fork(ret, FC_BACKEND_KPROBE, 0, 0, 0);
	return 0;
}

#endif
