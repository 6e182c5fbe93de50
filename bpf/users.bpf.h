/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * users.bpf.h - limits of a user, and of the host's objects, as sys_exit sees them: inotify,
 * fanotify, namespaces (ucounts.bpf.h); epoll, mounts, aio, ptys (objects.bpf.h); keys.
 */
#ifndef FAILCNT_USERS_BPF_H
#define FAILCNT_USERS_BPF_H

#include "keys.bpf.h"
#include "objects.bpf.h"
#include "ucounts.bpf.h"

/* Which hook this refusal would have come through; FC_HOOKS: none of these. */
static __always_inline __u8 users_hook(const struct refused_call *c)
{
	switch (c->regs.call) {
	case FC_CALL_INOTIFY_INIT:
	case FC_CALL_FANOTIFY_INIT:
		return c->ret == -EMFILE ? FC_HOOK_INC_UCOUNT : FC_HOOKS;
	case FC_CALL_INOTIFY_ADD_WATCH:
	case FC_CALL_FANOTIFY_MARK:
	case FC_CALL_CLONE:
	case FC_CALL_CLONE3:
	case FC_CALL_UNSHARE:
	case FC_CALL_MOUNT_DETACHED:
		return c->ret == -ENOSPC ? FC_HOOK_INC_UCOUNT : FC_HOOKS;
	case FC_CALL_EPOLL_CTL:
		return c->ret == -ENOSPC ? FC_HOOK_EPOLL_CTL : FC_HOOKS;
	case FC_CALL_MOUNT:
		return c->ret == -ENOSPC ? FC_HOOK_COUNT_MOUNTS : FC_HOOKS;
	case FC_CALL_IO_SETUP:
		return c->ret == -EAGAIN ? FC_HOOK_IOCTX_ALLOC : FC_HOOKS;
	case FC_CALL_OPEN:
	case FC_CALL_OPENAT:
		return c->ret == -ENOSPC ? FC_HOOK_DEVPTS_NEW_INDEX : FC_HOOKS;
	case FC_CALL_ADD_KEY:
	case FC_CALL_REQUEST_KEY:
	case FC_CALL_KEYCTL:
		return c->ret == -EDQUOT ? FC_HOOK_KEY_ALLOC : FC_HOOKS;
	default:
		return FC_HOOKS;
	}
}

/* Is the process's own user, in its own namespace, at its limit of inotify instances? */
static __always_inline __u64 sure_instances(struct task_struct *task)
{
	const struct cred *cred = task->cred;
	__u32 type = UCOUNT(UCOUNT_INOTIFY_INSTANCES);
	struct user_namespace *ns;
	__s64 held = 0, limit = -1;
	struct ucounts *u = NULL;

	if (!cred || type == UCOUNT_NONE || !bpf_core_field_exists(cred->ucounts) ||
	    bpf_core_field_size(u->ucount[0]) != 8)
		return 0;
	u = cred->ucounts;
	ns = cred->user_ns;
	if (!u || !ns || !u->ns || u->uid.val != cred->euid.val || u->ns->ns.inum != ns->ns.inum)
		return 0;
	bpf_probe_read_kernel(&held, sizeof(held),
			      (void *)__builtin_preserve_access_index(&u->ucount) + 8 * type);
	bpf_probe_read_kernel(&limit, sizeof(limit),
			      (void *)__builtin_preserve_access_index(&ns->ucount_max) + 8 * type);
	return limit >= 0 && held >= limit
		       ? REPEAT_AT(FC_REPEAT_INSTANCES, u->uid.val * 31 + ns->ns.inum)
		       : 0;
}

/* The kind is what it is told as, whichever level was full; of the same user and namespace. */
static __always_inline __u32 whose_ucounts(void)
{
	const struct cred *cred;
	struct user_namespace *ns;

	if (!TYPED_TASK)
		return 0;
	cred = ((struct task_struct *)bpf_get_current_task_btf())->cred;
	if (!cred)
		return 0;
	ns = cred->user_ns;
	return ns ? cred->euid.val * 31 + ns->ns.inum : 0;
}

static __always_inline __u64 sure_ucount(__u8 backend, __u64 type)
{
	__u64 key = bpf_get_current_pid_tgid() << 8 | FC_HOOK_INC_UCOUNT;
	struct kept_args *k;
	struct typed_call c;

	if (backend == FC_BACKEND_KPROBE) {
		if (typed_call(&c) && asks_for_instance(c.call))
			return REPEAT_AT(FC_REPEAT_INSTANCES, whose_ucounts());
		k = bpf_map_lookup_elem(&kept, &key);
		if (!k)
			return 0;
		type = k->arg[2];
	}
	return REPEAT_AT(FC_REPEAT_UCOUNT, (1 + (__u32)type) * 997 + whose_ucounts());
}

ON_RETURN_SURE_(FC_HOOK_INC_UCOUNT, inc_ucount, true, long, ret == 0, sure_ucount(backend_, arg2),
		refuse_ucount, tell(&w, &c.regs))

SEC("kprobe/inc_ucount")
int kprobe_inc_ucount(struct pt_regs *ctx)
{
	struct typed_call c;

	return typed_call(&c) && asks_for_instance(c.call) ? 0 : keep_args(FC_HOOK_INC_UCOUNT, ctx);
}

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_users(struct refusal *w, const struct refused_call *c)
{
	__u8 hook = users_hook(c);

	if (hook >= FC_HOOKS || !exit_serves[hook])
		return false;
	w->hook = hook;
	switch (hook) {
	case FC_HOOK_INC_UCOUNT:
		return refuse_ucount_exit(w, &c->regs);
	case FC_HOOK_EPOLL_CTL:
		return refuse_epoll(w, c);
	case FC_HOOK_COUNT_MOUNTS:
		return refuse_mount(w, c);
	case FC_HOOK_IOCTX_ALLOC:
		return refuse_aio(w, c);
	case FC_HOOK_DEVPTS_NEW_INDEX:
		return refuse_pty_exit(w, c);
	default:
		return refuse_key_exit(w, &c->regs);
	}
}

#endif
