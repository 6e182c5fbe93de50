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

#define EINVAL 22
#define ENOSPC 28

enum { SEM_MSL, SEM_MNS, SEM_OPM, SEM_MNI }; /* sem_ctls[] */

#define IPC_SEMGET 2 /* include/uapi/linux/ipc.h */

/* Numbers of system calls: native, and of i386. -1: there is none. */
const volatile __s32 nr_semget = -1, nr_semget_compat = -1, nr_ipc_compat = -1;

struct sem_state {
	__u64 nsems, used, in_use;
	int ctl[4];
	struct ipc_namespace *ns;
	__s32 key;
	bool has_key;
};

static __always_inline void read_sem(struct sem_state *s, struct task_regs *regs)
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
	later = regs->compat && regs->nr == nr_ipc_compat;
	s->has_key = regs->nr >= 0;
	s->key = (__s32)(later ? regs->arg[1] : regs->arg[0]);
	s->nsems = (__u32)(later ? regs->arg[2] : regs->arg[1]);
}

static __always_inline void emit_sem(struct sem_state *s, __u16 resource, __u16 err, bool certain,
				     __u8 hook, __u8 backend)
{
	struct ipc_namespace *ns = s->ns;
	struct task_regs regs;
	struct fc_refused *r = refused_begin(resource, err, hook, backend, &regs);

	if (!r)
		return;
	if (resource == FC_SEMMNI) {
		r->held = s->in_use;
		r->limit = s->ctl[SEM_MNI];
		r->asked = 1;
	} else if (resource == FC_SEMMNS) {
		r->held = s->used;
		r->limit = s->ctl[SEM_MNS];
		r->asked = s->nsems;
	} else {
		r->limit = s->ctl[SEM_MSL]; /* of one set: nothing is held of it */
		r->asked = s->nsems;
	}
	r->has |= FC_HAS_LIMIT | FC_HAS_ASKED;
	if (resource != FC_SEMMSL)
		r->has |= FC_HAS_HELD;
	if (certain)
		r->has |= FC_HAS_CERTAIN;
	if (s->has_key) {
		r->key = s->key;
		r->has |= FC_HAS_KEY;
	}
	__builtin_memcpy(r->sem, s->ctl, sizeof(r->sem));
	r->ns = BPF_CORE_READ(ns, ns.inum);
	bpf_ringbuf_submit(r, 0);
}

static __always_inline void refuse_set(long ret, __u8 hook, __u8 backend)
{
	struct sem_state s;
	struct task_regs regs;
	bool mns, mni;

	current_regs(&regs);
	read_sem(&s, &regs);
	mns = s.used + s.nsems > (__u32)s.ctl[SEM_MNS];
	mni = s.in_use >= (__u32)s.ctl[SEM_MNI];
	emit_sem(&s, mns ? FC_SEMMNS : FC_SEMMNI, ENOSPC, mns || mni, hook, backend);
}

static __always_inline void refuse_set_size(long ret, __u8 hook, __u8 backend)
{
	struct sem_state s;
	struct task_regs regs;

	current_regs(&regs);
	/* Where the compiler did not inline, the copy serves native calls too: told once. */
	if (hook == FC_HOOK_SEMGET_COMPAT && !regs.compat)
		return;
	read_sem(&s, &regs);
	/* EINVAL has other meanings; this one is decided by the numbers, and tested first. */
	if ((__s32)s.nsems > s.ctl[SEM_MSL])
		emit_sem(&s, FC_SEMMSL, EINVAL, true, hook, backend);
}

ON_RETURN(FC_HOOK_NEWARY, newary, 2, int, ret == -ENOSPC, refuse_set)
#if defined(__TARGET_ARCH_arm64)
ON_RETURN(FC_HOOK_SEMGET, __arm64_sys_semget, 1, int, ret == -EINVAL, refuse_set_size)
#else
ON_RETURN(FC_HOOK_SEMGET, __x64_sys_semget, 1, int, ret == -EINVAL, refuse_set_size)
ON_RETURN(FC_HOOK_SEMGET_IA32, __ia32_sys_semget, 1, int, ret == -EINVAL, refuse_set_size)
#endif
ON_RETURN(FC_HOOK_SEMGET_COMPAT, ksys_semget, 3, int, ret == -EINVAL, refuse_set_size)

#endif
