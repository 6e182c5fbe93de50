/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipc.bpf.h - System V semaphores: why semget() said no.
 *
 * newary() (ipc/sem.c) makes a set: it refuses with ENOSPC first when
 * used_sems + nsems exceeds SEMMNS, later in ipc_addid() when in_use reaches
 * SEMMNI. Both run under the ids' lock, which is still held when newary
 * returns, so the numbers decide. SEMMSL is tested in ksys_semget(), which is
 * inlined into the system calls (native, and i386's of its own); its surviving
 * copy serves only ipc(2) of 32-bit programs. Hence three hooks for it.
 */
#ifndef FAILCNT_IPC_BPF_H
#define FAILCNT_IPC_BPF_H

#include "hook.bpf.h"

enum { SEM_MSL, SEM_MNS, SEM_OPM, SEM_MNI }; /* sem_ctls[] */

#define IPC_SEMGET 2 /* include/uapi/linux/ipc.h */

struct sem_state {
	__u64 nsems, used, in_use;
	int ctl[4];
	struct ipc_namespace *ns;
	__s32 key;
	bool has_key;
};

static __always_inline void read_sem(struct sem_state *s, const struct task_regs *regs)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct ipc_namespace *ns = BPF_CORE_READ(task, nsproxy, ipc_ns);
	bool later;

	s->ns = ns;
	bpf_core_read(s->ctl, sizeof(s->ctl), &ns->sem_ctls);
	s->used = BPF_CORE_READ(ns, used_sems);
	s->in_use = BPF_CORE_READ(ns, ids[0].in_use);
	/* semget(key, nsems, flags); ipc(SEMGET, key, nsems, flags) of 32-bit programs is one
	 * later. */
	later = regs->call == FC_CALL_IPC;
	s->has_key = regs->nr >= 0;
	s->key = (__s32)(later ? regs->arg[1] : regs->arg[0]);
	s->nsems = (__u32)(later ? regs->arg[2] : regs->arg[1]);
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
		w->limit = s->ctl[SEM_MSL]; /* of one set: nothing is held of it */
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

ON_RETURN(FC_HOOK_NEWARY, newary, int, ret == -ENOSPC, refuse_set)
ON_RETURN(FC_HOOK_SEMGET, SYSCALL_FN(semget), int, ret == -EINVAL, refuse_set_size)
#if !defined(__TARGET_ARCH_arm64)
ON_RETURN(FC_HOOK_SEMGET_IA32, __ia32_sys_semget, int, ret == -EINVAL, refuse_set_size)
#endif
ON_RETURN(FC_HOOK_SEMGET_COMPAT, ksys_semget, int, ret == -EINVAL, refuse_set_size)

/* Which hook this system call would have come through; FC_HOOKS: it is no semget(). */
static __always_inline __u8 semget_hook(const struct task_regs *regs)
{
	if (regs->call == FC_CALL_SEMGET)
		return regs->compat ? FC_HOOK_SEMGET_IA32 : FC_HOOK_SEMGET;
	/* The upper half is a version. */
	if (regs->call == FC_CALL_IPC && (regs->arg[0] & 0xffff) == IPC_SEMGET)
		return FC_HOOK_SEMGET_COMPAT;
	return FC_HOOKS;
}

static __noinline bool exit_ipc(struct refusal *w, const struct refused_call *c)
{
	__u8 hook = semget_hook(&c->regs);

	if (hook == FC_HOOKS)
		return false;
	w->hook = c->ret == -ENOSPC ? FC_HOOK_NEWARY : hook;
	if (!exit_serves[w->hook])
		return false;
	return c->ret == -ENOSPC ? refuse_set(w, c) : refuse_set_size(w, c);
}

#endif
