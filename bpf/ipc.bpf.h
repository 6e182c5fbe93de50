/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipc.bpf.h - System V semaphores: why semget(), semop() and semctl() said no.
 *
 * newary() (ipc/sem.c) makes a set: it refuses with ENOSPC first when
 * used_sems + nsems exceeds SEMMNS, later in ipc_addid() when in_use reaches
 * SEMMNI. Both run under the ids' lock, which is still held when newary
 * returns, so the numbers decide. SEMMSL is tested in ksys_semget(), which is
 * inlined into the system calls (native, and i386's of its own); its surviving
 * copy serves only ipc(2) of 32-bit programs. Hence three hooks for it.
 *
 * A set that newary() made is noted with its maker, which the kernel does not keep: maker.h.
 *
 * semop() may sleep for hours, so that kretprobes of do_semtimedop() would all be taken and miss
 * calls. What it tests first, nsops against SEMOPM (E2BIG), is tested here at its entry; ERANGE
 * comes from perform_atomic_semop(), which runs under a lock. An operation that slept before it was
 * out of range is tried by whoever woke it, and not told: it was not the current task's.
 */
#ifndef FAILCNT_IPC_BPF_H
#define FAILCNT_IPC_BPF_H

#include "hook.bpf.h"
#include "maker.h"

enum { SEM_MSL, SEM_MNS, SEM_OPM, SEM_MNI }; /* sem_ctls[] */

/* ipc(2) of 32-bit programs: include/uapi/linux/ipc.h */
enum {
	IPC_SEMOP = 1,
	IPC_SEMGET = 2,
	IPC_SEMCTL = 3,
	IPC_SEMTIMEDOP = 4,
	IPC_MSGGET = 13,
	IPC_SHMGET = 23
};

/* semctl(): include/uapi/linux/sem.h; 32-bit programs may add IPC_64 */
#define SETVAL 16
#define SETALL 17
#define IPC_64 0x100
#define SEMVMX 32767 /* SEMAEM, the most that SEM_UNDO remembers, is the same */

/* Which call it is, whichever way it was made. */
static __always_inline __u8 ipc_call(const struct task_regs *regs)
{
	if (regs->call != FC_CALL_IPC)
		return regs->call;
	switch (regs->arg[0] & 0xffff) { /* the upper half is a version */
	case IPC_SEMOP:
	case IPC_SEMTIMEDOP:
		return FC_CALL_SEMOP;
	case IPC_SEMGET:
		return FC_CALL_SEMGET;
	case IPC_SEMCTL:
		return FC_CALL_SEMCTL;
	case IPC_MSGGET:
		return FC_CALL_MSGGET;
	case IPC_SHMGET:
		return FC_CALL_SHMGET;
	}
	return FC_CALL_OTHER;
}

/* Argument i of it: those of ipc(CALL, first, second, third, pointer) stand one later. */
static __always_inline __u64 ipc_arg(const struct task_regs *regs, int i)
{
	return regs->call == FC_CALL_IPC ? regs->arg[i + 1] : regs->arg[i];
}

static __always_inline struct ipc_namespace *current_ipc_ns(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, nsproxy, ipc_ns);
}

struct sem_state {
	__u64 nsems, used, in_use;
	int ctl[4];
	struct ipc_namespace *ns;
	__s32 key;
	bool has_key;
};

static __always_inline void read_sem(struct sem_state *s, const struct task_regs *regs)
{
	struct ipc_namespace *ns = current_ipc_ns();

	s->ns = ns;
	bpf_core_read(s->ctl, sizeof(s->ctl), &ns->sem_ctls);
	s->used = BPF_CORE_READ(ns, used_sems);
	s->in_use = BPF_CORE_READ(ns, ids[0].in_use);
	s->has_key = regs->nr >= 0;
	s->key = (__s32)ipc_arg(regs, 0);
	s->nsems = (__u32)ipc_arg(regs, 1);
}

/* Fills w; the limit, what is held of it, what was asked for. */
static __always_inline bool refuse_sem(struct refusal *w, const struct sem_state *s, __u16 resource,
				       bool certain)
{
	struct ipc_namespace *ns = s->ns; /* CO-RE would take a field of ours for the kernel\'s */

	w->resource = resource;
	w->has = FC_HAS_LIMIT | FC_HAS_ASKED | FC_HAS_HELD | FC_HAS_MORE;
	if (resource == FC_SEMMNI) {
		w->held = s->in_use;
		w->limit = s->ctl[SEM_MNI];
		w->asked = 1;
	} else if (resource == FC_SEMMNS) {
		w->held = s->used;
		w->limit = s->ctl[SEM_MNS];
		w->asked = s->nsems;
	} else {
		/* Of one set, or of one call: nothing is held of it. */
		w->limit = s->ctl[resource == FC_SEMMSL ? SEM_MSL : SEM_OPM];
		w->asked = s->nsems;
		w->has &= ~FC_HAS_HELD;
	}
	if (certain)
		w->has |= FC_HAS_CERTAIN;
	if (s->has_key) {
		w->key = s->key;
		w->has |= FC_HAS_KEY;
	}
	w->more[0] = s->ctl[0];
	w->more[1] = s->ctl[1];
	w->more[2] = s->ctl[2];
	w->more[3] = s->ctl[3];
	w->ns_kind = FC_NS_IPC;
	w->ns = BPF_CORE_READ(ns, ns.inum);
	return true;
}

static __always_inline bool refuse_set(struct refusal *w, const struct refused_call *c)
{
	struct sem_state s;
	bool mns, mni;

	read_sem(&s, &c->regs);
	mns = s.used + s.nsems > (__u32)s.ctl[SEM_MNS];
	mni = s.in_use >= (__u32)s.ctl[SEM_MNI];
	return refuse_sem(w, &s, mns ? FC_SEMMNS : FC_SEMMNI, mns || mni);
}

static __always_inline bool refuse_set_size(struct refusal *w, const struct refused_call *c)
{
	struct sem_state s;

	/* Where the compiler did not inline, the copy serves native calls too: told once. */
	if (w->hook == FC_HOOK_SEMGET_COMPAT && !c->regs.compat)
		return false;
	read_sem(&s, &c->regs);
	/* EINVAL has other meanings; this one is decided by the numbers, and tested first. */
	return (__s32)s.nsems > s.ctl[SEM_MSL] && refuse_sem(w, &s, FC_SEMMSL, true);
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FC_MAKERS);
	__type(key, __u32);
	__type(value, struct fc_maker);
} makers SEC(".maps");

/* Nobody will ask where the events of these limits are filtered out. */
static __always_inline bool notes_makers(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf) &&
	       (!filter_resources || want_resource[FC_SEMMNI] || want_resource[FC_SEMMNS]);
}

/* A set was made: an array and typed loads, because this is on the way of what succeeds. */
static __always_inline void note_maker(__u32 ns, struct task_struct *task, __s32 id)
{
	__u32 slot = fc_maker_slot(ns, id);
	struct fc_maker *m = bpf_map_lookup_elem(&makers, &slot);
	/* bpf_get_current_comm() is 190 instructions; these two loads are 15. */
	const __u64 *from = (const void *)__builtin_preserve_access_index(&task->comm);
	__u64 *to;

	if (!m)
		return;
	to = (void *)m->comm;
	to[0] = from[0];
	to[1] = from[1];
	m->start = task->group_leader->start_boottime;
	m->pid = task->tgid;
	m->ns = ns;
	m->id = id;
}

/* refuse_set() once more, with loads alone. Memory is asked for in between: its lack is ENOMEM. */
static __always_inline __u64 sure_set_of(struct ipc_namespace *ns, __u32 nsems)
{
	if ((__u64)ns->used_sems + nsems > (__u32)ns->sem_ctls[SEM_MNS])
		return REPEAT_AT(FC_REPEAT_SEMMNS, ns->ns.inum);
	return (__u32)ns->ids[0].in_use >= (__u32)ns->sem_ctls[SEM_MNI]
		       ? REPEAT_AT(FC_REPEAT_SEMMNI, ns->ns.inum)
		       : 0;
}

/* A 32-bit program has its arguments elsewhere. */
static __always_inline __u64 sure_set(void)
{
	struct ipc_namespace *ns;
	struct typed_call c;

	if (!typed_call(&c) || c.call != FC_CALL_SEMGET || !c.task->nsproxy)
		return 0;
	ns = c.task->nsproxy->ipc_ns;
	return ns ? sure_set_of(ns, (__u32)TASK_ARG1(c.regs)) : 0;
}

/* fexit has compared the function's own arguments, and hands on what they said. */
REPEATED_FUNCTION(FC_HOOK_NEWARY, newary, backend_ == FC_BACKEND_FEXIT ? arg2 : sure_set())
REFUSED_FUNCTION_(FC_HOOK_NEWARY, newary, false, repeated_newary(ret, backend_, arg2), refuse_set,
		  tell(&w, &c.regs))

/* (ns, params) */
SEC("fexit/newary")
int fexit_newary(unsigned long long *ctx)
{
	struct ipc_namespace *ns = (void *)ctx[0];
	struct ipc_params *params = (void *)ctx[1];
	int ret = ctx[2];

	if (ret >= 0 && notes_makers())
		note_maker(ns->ns.inum, (void *)bpf_get_current_task_btf(), ret);
	else if (ret == -ENOSPC)
		refused_newary(ret, FC_BACKEND_FEXIT, 0, 0, sure_set_of(ns, params->u.nsems));
	return 0;
}

SEC("kretprobe/newary")
int kretprobe_newary(struct pt_regs *ctx)
{
	int ret = PT_REGS_RC(ctx);
	struct task_struct *task;

	if (ret >= 0 && notes_makers()) {
		task = (void *)bpf_get_current_task_btf();
		note_maker(task->nsproxy->ipc_ns->ns.inum, task, ret);
	} else if (ret == -ENOSPC) {
		refused_newary(ret, FC_BACKEND_KPROBE, 0, 0, 0);
	}
	return 0;
}

ON_RETURN(FC_HOOK_SEMGET, SYSCALL_FN(semget), int, ret == -EINVAL, refuse_set_size)
#if !defined(__TARGET_ARCH_arm64)
ON_RETURN(FC_HOOK_SEMGET_IA32, __ia32_sys_semget, int, ret == -EINVAL, refuse_set_size)
#endif
ON_RETURN(FC_HOOK_SEMGET_COMPAT, ksys_semget, int, ret == -EINVAL, refuse_set_size)

/* semop(semid, operations, nsops); ipc(SEMOP, semid, nsops, 0, operations) has it there too. */
static __always_inline bool refuse_operations(struct refusal *w, const struct refused_call *c)
{
	struct sem_state s;

	read_sem(&s, &c->regs);
	s.has_key = false;
	s.nsems = (__u32)c->regs.arg[2];
	return s.nsems > (__u32)s.ctl[SEM_OPM] && refuse_sem(w, &s, FC_SEMOPM, true);
}

static __noinline int refused_semop(__u8 backend)
{
	struct refused_call c = {.ret = -E2BIG};
	struct refusal w = {.hook = FC_HOOK_SEMOP, .backend = backend, .err = E2BIG};

	current_regs(&c.regs);
	if (ipc_call(&c.regs) == FC_CALL_SEMOP && refuse_operations(&w, &c))
		tell(&w, &c.regs);
	return 0;
}

/* Before 5.14 a negative semid is refused first, with EINVAL. */
static __always_inline int semop_begins(__s32 semid, __u32 nsops, __u8 backend)
{
	struct ipc_namespace *ns = current_ipc_ns();
	int ctl[4] = {};

	bpf_core_read(ctl, sizeof(ctl), &ns->sem_ctls);
	return semid >= 0 && nsops > (__u32)ctl[SEM_OPM] ? refused_semop(backend) : 0;
}

SEC("fentry/do_semtimedop")
int fentry_do_semtimedop(unsigned long long *ctx)
{
	return semop_begins(ctx[0], ctx[2], FC_BACKEND_FEXIT);
}

SEC("kprobe/do_semtimedop")
int kprobe_do_semtimedop(struct pt_regs *ctx)
{
	return semop_begins(PT_REGS_PARM1(ctx), PT_REGS_PARM3(ctx), FC_BACKEND_KPROBE);
}

static __always_inline bool refuse_over_semvmx(struct refusal *w)
{
	w->resource = FC_SEMVMX;
	w->limit = SEMVMX;
	w->has |= FC_HAS_LIMIT | FC_HAS_CERTAIN;
	return true;
}

/* (sma, queue): ERANGE of semop() has no other cause. */
static __always_inline bool refuse_value(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct sem_queue *queue = (void *)c->arg[1];

	if (!c->by_exit &&
	    (!c->has_args || BPF_CORE_READ(queue, pid) != BPF_CORE_READ(task, signal, pids[1])))
		return false;
	return ipc_call(&c->regs) == FC_CALL_SEMOP && refuse_over_semvmx(w);
}

/* ERANGE means a negative value as well. ipc(2) has the value in the program's memory. */
static __always_inline bool refuse_set_value(struct refusal *w, const struct refused_call *c)
{
	__s32 value = (__s32)c->regs.arg[3];

	if (ipc_call(&c->regs) != FC_CALL_SEMCTL)
		return false;
	if (c->regs.call == FC_CALL_IPC) {
		const void *at = (const void *)c->regs.arg[4];

		if (bpf_probe_read_user(&value, sizeof(value), at))
			return false;
	}
	if (value <= SEMVMX)
		return false;
	w->asked = value;
	w->has = FC_HAS_ASKED;
	return refuse_over_semvmx(w);
}

/* Values are unsigned shorts there: ERANGE is one too high. */
static __always_inline bool refuse_set_values(struct refusal *w, const struct refused_call *c)
{
	return ipc_call(&c->regs) == FC_CALL_SEMCTL && refuse_over_semvmx(w);
}

ON_RETURN_ARGS(FC_HOOK_SEMOP_VALUE, perform_atomic_semop, int, ret == -ERANGE, refuse_value)
ON_RETURN(FC_HOOK_SEMCTL_SETVAL, semctl_setval, int, ret == -ERANGE, refuse_set_value)
ON_RETURN(FC_HOOK_SEMCTL_SETALL, semctl_main, int, ret == -ERANGE, refuse_set_values)

static __always_inline bool exit_semget(struct refusal *w, const struct refused_call *c)
{
	w->hook = c->regs.call == FC_CALL_IPC ? FC_HOOK_SEMGET_COMPAT
		  : c->regs.compat            ? FC_HOOK_SEMGET_IA32
					      : FC_HOOK_SEMGET;
	if (c->ret == -ENOSPC)
		w->hook = FC_HOOK_NEWARY;
	if (!exit_serves[w->hook])
		return false;
	if (c->ret == -ENOSPC)
		return refuse_set(w, c);
	return c->ret == -EINVAL && refuse_set_size(w, c);
}

static __always_inline bool exit_semop(struct refusal *w, const struct refused_call *c)
{
	w->hook = c->ret == -E2BIG ? FC_HOOK_SEMOP : FC_HOOK_SEMOP_VALUE;
	if (!exit_serves[w->hook])
		return false;
	if (c->ret == -E2BIG)
		return refuse_operations(w, c);
	return c->ret == -ERANGE && refuse_value(w, c);
}

static __always_inline bool exit_semctl(struct refusal *w, const struct refused_call *c)
{
	bool all = (ipc_arg(&c->regs, 2) & ~IPC_64) == SETALL;

	w->hook = all ? FC_HOOK_SEMCTL_SETALL : FC_HOOK_SEMCTL_SETVAL;
	if (!exit_serves[w->hook] || c->ret != -ERANGE)
		return false;
	return all ? refuse_set_values(w, c) : refuse_set_value(w, c);
}

#endif
