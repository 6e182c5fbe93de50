/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipc_more.bpf.h - shared memory and message queues: why shmget(), msgget() and mq_open() said no.
 *
 * newseg() (ipc/shm.c) and newque() (ipc/msg.c) run under the ids' lock, which is still held when
 * they return, so the numbers decide: ENOSPC is SHMALL when shm_tot and the new pages exceed it,
 * which is tested first, else SHMMNI or MSGMNI when in_use has reached it (ipc_addid). What is
 * neither is not told: there are other reasons, such as no inode for the segment.
 *
 * mqueue_create_attr() (ipc/mqueue.c) is called through a pointer by mq_open(): ENOSPC is
 * fs.mqueue.queues_max, EMFILE the RLIMIT_MSGQUEUE of the user. A full table of descriptors is
 * EMFILE too, but then it is not called at all.
 */
#ifndef FAILCNT_IPC_MORE_BPF_H
#define FAILCNT_IPC_MORE_BPF_H

#include "files.bpf.h"
#include "ipc.bpf.h"

#define RLIMIT_MSGQUEUE 12
#define MQ_PRIO_MAX 32768 /* include/uapi/linux/mqueue.h */

enum { IPC_SEM_IDS, IPC_MSG_IDS, IPC_SHM_IDS }; /* ids[] */

/* Bytes. */
const volatile __u32 page_size = 4096;

static __always_inline bool refuse_in_ns(struct refusal *w, struct ipc_namespace *ns,
					 __u16 resource, __u64 limit, __u64 asked)
{
	w->resource = resource;
	w->limit = limit;
	w->asked = asked;
	w->has |= FC_HAS_LIMIT | FC_HAS_ASKED;
	w->ns_kind = FC_NS_IPC;
	w->ns = BPF_CORE_READ(ns, ns.inum);
	return true;
}

/* key is the first argument of shmget() and msgget(). */
static __always_inline void set_key(struct refusal *w, const struct refused_call *c)
{
	w->key = (__s32)ipc_arg(&c->regs, 0);
	w->has |= FC_HAS_KEY;
}

static __always_inline bool refuse_segment(struct refusal *w, const struct refused_call *c)
{
	struct ipc_namespace *ns = current_ipc_ns();
	__u64 size = ipc_arg(&c->regs, 1), pages = size / page_size + (size % page_size != 0);
	__u64 max = BPF_CORE_READ(ns, shm_ctlmax), all = BPF_CORE_READ(ns, shm_ctlall);
	__u64 total = BPF_CORE_READ(ns, shm_tot), mni = BPF_CORE_READ(ns, shm_ctlmni);
	__u64 in_use = BPF_CORE_READ(ns, ids[IPC_SHM_IDS].in_use);

	if (ipc_call(&c->regs) != FC_CALL_SHMGET)
		return false;
	set_key(w, c);
	w->more[0] = max;
	w->more[1] = all;
	w->more[2] = total;
	w->more[3] = page_size;
	w->has |= FC_HAS_MORE | FC_HAS_CERTAIN;
	if (c->ret == -EINVAL) {
		/* At sys_exit it may have been a segment of that key which is smaller. */
		if (c->by_exit && w->key != 0)
			w->has &= ~FC_HAS_CERTAIN;
		return size > max && refuse_in_ns(w, ns, FC_SHMMAX, max, size);
	}
	w->has |= FC_HAS_HELD;
	w->held = total;
	if (total + pages > all || total + pages < total)
		return refuse_in_ns(w, ns, FC_SHMALL, all, pages);
	w->held = in_use;
	return in_use >= mni && refuse_in_ns(w, ns, FC_SHMMNI, mni, 1);
}

static __always_inline bool refuse_queue(struct refusal *w, const struct refused_call *c)
{
	struct ipc_namespace *ns = current_ipc_ns();
	__u64 mni = BPF_CORE_READ(ns, msg_ctlmni);

	if (ipc_call(&c->regs) != FC_CALL_MSGGET)
		return false;
	set_key(w, c);
	w->held = BPF_CORE_READ(ns, ids[IPC_MSG_IDS].in_use);
	w->has |= FC_HAS_HELD | FC_HAS_CERTAIN;
	return w->held >= mni && refuse_in_ns(w, ns, FC_MSGMNI, mni, 1);
}

/* refuse_queue() once more, with loads alone. */
static __always_inline __u64 sure_queue(void)
{
	struct ipc_namespace *ns;
	struct typed_call c;

	if (!typed_call(&c) || c.call != FC_CALL_MSGGET || !c.task->nsproxy)
		return 0;
	ns = c.task->nsproxy->ipc_ns;
	if (!ns || (__u32)ns->ids[IPC_MSG_IDS].in_use < ns->msg_ctlmni)
		return 0;
	return REPEAT_AT(FC_REPEAT_MSGMNI, ns->ns.inum);
}

/* refuse_segment() once more, with loads alone. */
static __always_inline __u64 sure_segment(long ret)
{
	struct ipc_namespace *ns;
	struct typed_call c;
	__u64 size, pages;

	if (ret != -ENOSPC || !typed_call(&c) || c.call != FC_CALL_SHMGET || !c.task->nsproxy)
		return 0;
	ns = c.task->nsproxy->ipc_ns;
	if (!ns)
		return 0;
	size = TASK_ARG1(c.regs);
	pages = size / page_size + (size % page_size != 0);
	if (ns->shm_tot + pages > ns->shm_ctlall || ns->shm_tot + pages < pages)
		return REPEAT_AT(FC_REPEAT_SHMALL, ns->ns.inum);
	return (__s64)ns->ids[IPC_SHM_IDS].in_use >= ns->shm_ctlmni
		       ? REPEAT_AT(FC_REPEAT_SHMMNI, ns->ns.inum)
		       : 0;
}

/* What mqueue_get_inode() charges for a queue: its messages and the nodes of their tree. */
static __always_inline __u64 mqueue_bytes(__u64 messages, __u64 size)
{
	__u64 nodes = messages < MQ_PRIO_MAX ? messages : MQ_PRIO_MAX;

	return messages * size + messages * bpf_core_type_size(struct msg_msg) +
	       nodes * bpf_core_type_size(struct posix_msg_tree_node);
}

/* mq_open(name, flags, mode, attr): what the kernel made of attr, or at sys_exit attr itself. */
static __always_inline bool mqueue_asked(const struct refused_call *c, struct ipc_namespace *ns,
					 __u64 *ret)
{
	const struct mq_attr *attr = (void *)(c->by_exit ? c->regs.arg[3] : c->arg[2]);
	long user[3] = {}; /* flags, messages, size: include/uapi/linux/mqueue.h */
	__u32 messages, size, max;

	if (c->by_exit ? c->regs.compat : !c->has_args)
		return false;
	if (!attr) {
		messages = BPF_CORE_READ(ns, mq_msg_default);
		max = BPF_CORE_READ(ns, mq_msg_max);
		messages = messages < max ? messages : max;
		size = BPF_CORE_READ(ns, mq_msgsize_default);
		max = BPF_CORE_READ(ns, mq_msgsize_max);
		size = size < max ? size : max;
		*ret = mqueue_bytes(messages, size);
	} else if (c->by_exit) {
		if (bpf_probe_read_user(user, sizeof(user), attr))
			return false;
		*ret = mqueue_bytes(user[1], user[2]);
	} else {
		*ret = mqueue_bytes(BPF_CORE_READ(attr, mq_maxmsg),
				    BPF_CORE_READ(attr, mq_msgsize));
	}
	return true;
}

static __always_inline bool refuse_mq_bytes(struct refusal *w, const struct refused_call *c,
					    struct ipc_namespace *ns)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	bool held = cred_rlimit(cred, UCOUNT_RLIMIT_MSGQUEUE, mq_bytes, &w->held);
	bool asked = mqueue_asked(c, ns, &w->asked);

	w->resource = FC_MQ_BYTES;
	w->limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_MSGQUEUE].rlim_cur);
	w->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_MSGQUEUE].rlim_max);
	w->limit_uid = BPF_CORE_READ(cred, uid.val);
	w->has = FC_HAS_HARD | FC_HAS_UID | (asked ? FC_HAS_ASKED : 0);
	if (!c->by_exit || (held && asked && w->held + w->asked > w->limit))
		w->has |= FC_HAS_CERTAIN;
	/* Where there was room, it was the limit of a user namespace around this one. */
	if (!held || !asked || w->held + w->asked > w->limit)
		w->has |= FC_HAS_LIMIT | (held ? FC_HAS_HELD : 0);
	return true;
}

static __always_inline bool refuse_mqueue(struct refusal *w, const struct refused_call *c)
{
	struct dentry *dentry = (void *)c->arg[0];
	struct ipc_namespace *ns =
		c->has_args ? BPF_CORE_READ(dentry, d_sb, s_fs_info) : current_ipc_ns();
	__u64 max = BPF_CORE_READ(ns, mq_queues_max);

	if (c->ret == -EMFILE)
		return refuse_mq_bytes(w, c, ns);
	w->held = BPF_CORE_READ(ns, mq_queues_count);
	w->has |= FC_HAS_HELD;
	if (!c->by_exit || w->held >= max)
		w->has |= FC_HAS_CERTAIN;
	return refuse_in_ns(w, ns, FC_MQ_QUEUES, max, 1);
}

ON_RETURN_SURE(FC_HOOK_NEWSEG, newseg, int, ret == -EINVAL || ret == -ENOSPC, sure_segment(ret),
	       refuse_segment)
ON_RETURN_SURE(FC_HOOK_NEWQUE, newque, int, ret == -ENOSPC, sure_queue(), refuse_queue)
ON_RETURN_ARGS(FC_HOOK_MQUEUE, mqueue_create_attr, int, ret == -ENOSPC || ret == -EMFILE,
	       refuse_mqueue)

static __always_inline bool exit_mq_open(struct refusal *w, const struct refused_call *c)
{
	w->hook = FC_HOOK_MQUEUE;
	if (!exit_serves[w->hook] || (c->ret != -EMFILE && c->ret != -ENOSPC))
		return false;
	refuse_mqueue(w, c);
	/* exit_files() had a look at the descriptors first, unless alloc_fd tells of them
	 * elsewhere: then only the numbers tell whose EMFILE it is. */
	return c->ret != -EMFILE || exit_serves[FC_HOOK_ALLOC_FD] || w->has & FC_HAS_CERTAIN;
}

static __noinline bool exit_ipc(struct refusal *w, const struct refused_call *c)
{
	switch (ipc_call(&c->regs)) {
	case FC_CALL_SEMGET:
		return exit_semget(w, c);
	case FC_CALL_SEMOP:
		return exit_semop(w, c);
	case FC_CALL_SEMCTL:
		return exit_semctl(w, c);
	case FC_CALL_SHMGET:
		w->hook = FC_HOOK_NEWSEG;
		return exit_serves[w->hook] && (c->ret == -EINVAL || c->ret == -ENOSPC) &&
		       refuse_segment(w, c);
	case FC_CALL_MSGGET:
		w->hook = FC_HOOK_NEWQUE;
		return exit_serves[w->hook] && c->ret == -ENOSPC && refuse_queue(w, c);
	case FC_CALL_MQ_OPEN:
		return exit_mq_open(w, c);
	}
	return false;
}

#endif
