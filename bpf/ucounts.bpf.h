/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ucounts.bpf.h - what a user may have of inotify, fanotify and namespaces.
 *
 * inc_ucount(ns, uid, type) (kernel/ucount.c) counts one more for that user of that user
 * namespace, then for the creator of that namespace in the namespace above, and so on up to the
 * first. NULL: at one of them ucount_max[type] was reached, or the counter of the first level did
 * not exist and there was no memory for it. What was counted below is taken back; so the lowest
 * level that is full is the one that refused.
 */
#ifndef FAILCNT_UCOUNTS_BPF_H
#define FAILCNT_UCOUNTS_BPF_H

#include "files.bpf.h"

#define UCOUNT_LEVELS 12     /* of 33 possible: each costs the verifier time at the start */
#define UCOUNT_LEVELS_EXIT 6 /* where each of eight kinds of namespaces is looked at */
#define UCOUNT_BUCKET 32     /* users with the same hash, looked at */
#define UCOUNT_HASH_BITS 10  /* UCOUNTS_HASHTABLE_BITS */
#define GOLDEN_RATIO_64 0x61C8864680B583EBULL /* hash_64() of include/linux/hash.h */

/* Which kinds there are depends on the configuration, and so do their numbers. */
#define UCOUNT_NONE 0xffffffffU
#define UCOUNT(name)                                           \
	(bpf_core_enum_value_exists(enum ucount_type, name)    \
		 ? bpf_core_enum_value(enum ucount_type, name) \
		 : UCOUNT_NONE)

struct ucount_look {
	struct user_namespace *ns; /* of the first level, and its user */
	struct ucounts *first;     /* its counter; NULL: none known */
	__u32 uid;
	__u32 type;
};

/* Both were int before 5.14 and are long since. */
static __always_inline __s64 ucount_max(struct user_namespace *ns, __u32 type)
{
	void *at = __builtin_preserve_access_index(&ns->ucount_max);
	__u32 size = bpf_core_field_size(ns->ucount_max[0]);
	__s64 n = 0;

	bpf_probe_read_kernel(&n, size == 4 ? 4 : 8, at + type * size);
	return n;
}

/* Of no counter: 0, for reading at such an address fails. */
static __always_inline __s64 ucount_held(struct ucounts *u, __u32 type)
{
	void *at = __builtin_preserve_access_index(&u->ucount);
	__u32 size = bpf_core_field_size(u->ucount[0]);
	__s64 n = 0;

	bpf_probe_read_kernel(&n, size == 4 ? 4 : 8, at + type * size);
	return n;
}

/* Walks one hash chain: it ends with NULL, or with an odd number since it is an hlist_nulls. */
static __noinline struct ucounts *hashed_ucounts(struct user_namespace *ns, __u32 uid)
{
	__u64 hash = (uid + (__u64)ns) * GOLDEN_RATIO_64 >> (64 - UCOUNT_HASH_BITS);
	__u32 offset = bpf_core_field_exists(struct ucounts, node)
			       ? bpf_core_field_offset(struct ucounts, node)
			       : 0; /* hlist_node: the first field */
	__u64 at = 0;
	int i;

	if (!ADDR(ucounts_hashtable))
		return NULL;
	bpf_probe_read_kernel(&at, sizeof(at), (const void *)ADDR(ucounts_hashtable) + 8 * hash);
	for (i = 0; i < UCOUNT_BUCKET && at && !(at & 1); i++) {
		struct ucounts *u = (void *)(at - offset);

		if (BPF_CORE_READ(u, ns) == ns && BPF_CORE_READ(u, uid.val) == uid)
			return u;
		if (bpf_probe_read_kernel(&at, sizeof(at), (void *)at) < 0)
			break;
	}
	return NULL;
}

/* The counter of a user of a namespace: mostly that of the process itself. */
static __always_inline struct ucounts *find_ucounts(struct user_namespace *ns, __u32 uid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);

	if (bpf_core_field_exists(cred->ucounts)) {
		struct ucounts *own = BPF_CORE_READ(cred, ucounts);

		if (own && BPF_CORE_READ(own, ns) == ns && BPF_CORE_READ(own, uid.val) == uid)
			return own;
	}
	return hashed_ucounts(ns, uid);
}

/* below: the variant in any user namespace but the first, where fs.* means something else */
static const struct {
	__u16 resource;
	__u8 variant, below, err;
} ucount_kinds[16] = {
	[1] = {FC_INOTIFY_INSTANCES, FC_VARIANT_NONE, FC_VARIANT_INOTIFY_INSTANCES_NS, EMFILE},
	[2] = {FC_FANOTIFY_GROUPS, FC_VARIANT_NONE, FC_VARIANT_FANOTIFY_GROUPS_NS, EMFILE},
	[3] = {FC_INOTIFY_WATCHES, FC_VARIANT_NONE, FC_VARIANT_INOTIFY_WATCHES_NS, ENOSPC},
	[4] = {FC_FANOTIFY_MARKS, FC_VARIANT_NONE, FC_VARIANT_FANOTIFY_MARKS_NS, ENOSPC},
	[5] = {FC_NAMESPACES, FC_VARIANT_NONE, FC_VARIANT_NONE, ENOSPC},
	[6] = {FC_NAMESPACES, FC_VARIANT_NS_PID, FC_VARIANT_NS_PID, ENOSPC},
	[7] = {FC_NAMESPACES, FC_VARIANT_NS_UTS, FC_VARIANT_NS_UTS, ENOSPC},
	[8] = {FC_NAMESPACES, FC_VARIANT_NS_IPC, FC_VARIANT_NS_IPC, ENOSPC},
	[9] = {FC_NAMESPACES, FC_VARIANT_NS_NET, FC_VARIANT_NS_NET, ENOSPC},
	[10] = {FC_NAMESPACES, FC_VARIANT_NS_MNT, FC_VARIANT_NS_MNT, ENOSPC},
	[11] = {FC_NAMESPACES, FC_VARIANT_NS_CGROUP, FC_VARIANT_NS_CGROUP, ENOSPC},
	[12] = {FC_NAMESPACES, FC_VARIANT_NS_TIME, FC_VARIANT_NS_TIME, ENOSPC},
};

#define KIND_AT(name, kind) (UCOUNT(name) < 16 ? (__u64)(kind) << (4 * (UCOUNT(name) & 15)) : 0)

/*
 * Our number of the kernel's kind; 0: not in the catalogue. By a table and not by comparisons: the
 * verifier would walk all that follows once for each kind.
 */
static __always_inline __u32 ucount_kind(__u32 type)
{
	__u64 kinds = KIND_AT(UCOUNT_INOTIFY_INSTANCES, 1) | KIND_AT(UCOUNT_FANOTIFY_GROUPS, 2) |
		      KIND_AT(UCOUNT_INOTIFY_WATCHES, 3) | KIND_AT(UCOUNT_FANOTIFY_MARKS, 4) |
		      KIND_AT(UCOUNT_USER_NAMESPACES, 5) | KIND_AT(UCOUNT_PID_NAMESPACES, 6) |
		      KIND_AT(UCOUNT_UTS_NAMESPACES, 7) | KIND_AT(UCOUNT_IPC_NAMESPACES, 8) |
		      KIND_AT(UCOUNT_NET_NAMESPACES, 9) | KIND_AT(UCOUNT_MNT_NAMESPACES, 10) |
		      KIND_AT(UCOUNT_CGROUP_NAMESPACES, 11) | KIND_AT(UCOUNT_TIME_NAMESPACES, 12);

	return type < 16 ? kinds >> (4 * type) & 15 : 0;
}

static __always_inline bool ucount_resource(struct refusal *w, struct user_namespace *ns,
					    __u32 type)
{
	__u32 kind = ucount_kind(type);
	bool first = !BPF_CORE_READ(ns, ucounts); /* nobody made it */

	w->resource = ucount_kinds[kind & 15].resource;
	w->variant = first ? ucount_kinds[kind & 15].variant : ucount_kinds[kind & 15].below;
	w->err = ucount_kinds[kind & 15].err;
	return kind;
}

static __always_inline void refused_by(struct refusal *w, struct user_namespace *ns, __u32 uid,
				       __s64 held, __s64 max)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	w->held = held;
	w->limit = max;
	w->limit_uid = uid;
	w->ns_kind = FC_NS_USER;
	w->ns = BPF_CORE_READ(ns, ns.inum);
	w->more[0] = ns != BPF_CORE_READ(task, cred, user_ns);
	w->asked = 1;
	w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_ASKED | FC_HAS_UID | FC_HAS_MORE;
}

/* Fills w with the level that is full; false: none is. */
static __noinline bool full_level(struct refusal *w, const struct ucount_look *l)
{
	struct user_namespace *ns = l->ns;
	struct ucounts *u = l->first;
	__u32 type = l->type;
	__s64 max, held;
	int i;

	if (type == UCOUNT_NONE)
		return false;
	for (i = 0; i < UCOUNT_LEVELS; i++) {
		max = ucount_max(ns, type);
		held = ucount_held(u, type);
		/* Of an unknown counter only this is known: it is not below 0. */
		if (held >= max)
			break;
		u = BPF_CORE_READ(ns, ucounts);
		if (!u)
			return false;
		ns = BPF_CORE_READ(u, ns);
	}
	if (i == UCOUNT_LEVELS)
		return false;
	refused_by(w, ns, u ? BPF_CORE_READ(u, uid.val) : l->uid, held, max);
	if (!u && max > 0)
		w->has &= ~FC_HAS_HELD;
	w->has |= FC_HAS_CERTAIN;
	return ucount_resource(w, ns, type);
}

/* ---- at sys_exit: the system call tells the kind ---- */

/* Watches and marks count for who made the group, whoever has its descriptor. */
static __always_inline void look_at_group(struct ucount_look *l, __u32 fd, bool inotify)
{
	struct file *file = file_of_fd(fd);
	struct fsnotify_group *group = file ? BPF_CORE_READ(file, private_data) : NULL;
	struct ucounts *u;

	if (!group)
		return;
	u = inotify ? BPF_CORE_READ(group, inotify_data.ucounts)
		    : BPF_CORE_READ(group, fanotify_data.ucounts);
	if (!u)
		return;
	l->first = u;
	l->ns = BPF_CORE_READ(u, ns);
	l->uid = BPF_CORE_READ(u, uid.val);
}

/* In the order in which copy_creds() and create_new_namespaces() make them. */
static __always_inline __u32 namespace_kind(int i, __u64 *flag)
{
	switch (i) {
	case 0:
		*flag = 0x10000000; /* CLONE_NEWUSER */
		return UCOUNT(UCOUNT_USER_NAMESPACES);
	case 1:
		*flag = 0x00020000; /* CLONE_NEWNS */
		return UCOUNT(UCOUNT_MNT_NAMESPACES);
	case 2:
		*flag = 0x04000000; /* CLONE_NEWUTS */
		return UCOUNT(UCOUNT_UTS_NAMESPACES);
	case 3:
		*flag = 0x08000000; /* CLONE_NEWIPC */
		return UCOUNT(UCOUNT_IPC_NAMESPACES);
	case 4:
		*flag = 0x20000000; /* CLONE_NEWPID */
		return UCOUNT(UCOUNT_PID_NAMESPACES);
	case 5:
		*flag = 0x02000000; /* CLONE_NEWCGROUP */
		return UCOUNT(UCOUNT_CGROUP_NAMESPACES);
	case 6:
		*flag = 0x40000000; /* CLONE_NEWNET */
		return UCOUNT(UCOUNT_NET_NAMESPACES);
	default:
		*flag = 0x00000080; /* CLONE_NEWTIME */
		return UCOUNT(UCOUNT_TIME_NAMESPACES);
	}
}

/*
 * The kinds, as bits in the order of namespace_kind(), that are full at some level. Without a
 * branch for each, which the verifier would follow in all combinations: signs tell. Above the last
 * level ns is NULL, and the sign of an address of the kernel is 1.
 */
static __noinline __u32 full_kinds(const struct ucount_look *l)
{
	struct user_namespace *ns = l->ns;
	struct ucounts *u = l->first;
	__u64 flag, full = 0;
	int i, k;

	for (i = 0; i < UCOUNT_LEVELS_EXIT; i++) {
		for (k = 0; k < 8; k++) {
			__u32 type = namespace_kind(k, &flag);
			__s64 room;

			if (type == UCOUNT_NONE)
				continue;
			room = ucount_max(ns, type) - ucount_held(u, type);
			full |= ((__u64)(room - 1) & (__u64)ns) >> 63 << k;
		}
		u = BPF_CORE_READ(ns, ucounts);
		ns = BPF_CORE_READ(u, ns);
	}
	return full;
}

/*
 * A user namespace that was to be made with the others is gone again, and its counters with it;
 * above it are those of the caller, as for the rest.
 */
static __always_inline __u32 full_namespaces(const struct ucount_look *l, __u64 flags)
{
	__u32 full = full_kinds(l), type;
	__u64 flag;
	int k;

	for (k = 0; k < 8; k++) {
		type = namespace_kind(k, &flag);
		if (full >> k & 1 && flags & flag)
			return type;
	}
	return UCOUNT_NONE;
}

static __always_inline __u32 type_of_call(const struct ucount_look *l, const struct task_regs *regs)
{
	__u64 flags = regs->arg[0];

	switch (regs->call) {
	case FC_CALL_INOTIFY_INIT:
		return UCOUNT(UCOUNT_INOTIFY_INSTANCES);
	case FC_CALL_INOTIFY_ADD_WATCH:
		return UCOUNT(UCOUNT_INOTIFY_WATCHES);
	case FC_CALL_FANOTIFY_INIT:
		return UCOUNT(UCOUNT_FANOTIFY_GROUPS);
	case FC_CALL_FANOTIFY_MARK:
		return UCOUNT(UCOUNT_FANOTIFY_MARKS);
	case FC_CALL_MOUNT_DETACHED:
		return UCOUNT(UCOUNT_MNT_NAMESPACES);
	case FC_CALL_CLONE3: /* flags: the first field of struct clone_args */
		if (bpf_probe_read_user(&flags, sizeof(flags), (void *)flags) < 0)
			return UCOUNT_NONE;
	}
	return full_namespaces(l, flags);
}

/*
 * What the verifier knows of a number it forgets on the way through the map that w is in at
 * sys_exit: else it walks on once for each value and way here (sys_exit.bpf.h).
 */
static __always_inline __u64 forgotten(struct refusal *w, __u64 n)
{
	volatile __u64 *p = &w->more[3];

	*p = n;
	n = *p;
	*p = 0;
	return n;
}

static __noinline bool refuse_ucount_exit(struct refusal *w, const struct task_regs *regs)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct ucount_look l = {.ns = BPF_CORE_READ(cred, user_ns),
				.uid = BPF_CORE_READ(cred, euid.val)};

	if (regs->call == FC_CALL_INOTIFY_ADD_WATCH || regs->call == FC_CALL_FANOTIFY_MARK)
		look_at_group(&l, regs->arg[0], regs->call == FC_CALL_INOTIFY_ADD_WATCH);
	else
		l.first = find_ucounts(l.ns, l.uid);
	l.first = (void *)forgotten(w, (__u64)l.first);
	l.ns = (void *)forgotten(w, (__u64)l.ns);
	l.uid = forgotten(w, l.uid);
	l.type = forgotten(w, type_of_call(&l, regs));
	return full_level(w, &l);
}

/* ---- the hook ---- */

/*
 * What inotify_init() asks for everybody knows: inotify_new_group() of inotify_user.c says
 * inc_ucount(current_user_ns(), current_euid(), UCOUNT_INOTIFY_INSTANCES), and nothing else in that
 * call asks. So a kprobe need not keep its arguments.
 */
static __always_inline bool asks_for_instance(__u8 call)
{
	return call == FC_CALL_INOTIFY_INIT && UCOUNT(UCOUNT_INOTIFY_INSTANCES) != UCOUNT_NONE;
}

static __always_inline void args_of_instance(struct ucount_look *l)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);

	l->ns = BPF_CORE_READ(cred, user_ns);
	l->uid = BPF_CORE_READ(cred, euid.val);
	l->type = UCOUNT(UCOUNT_INOTIFY_INSTANCES);
}

static __always_inline bool refuse_ucount(struct refusal *w, const struct refused_call *c)
{
	struct ucount_look l = {.uid = c->arg[1], .type = c->arg[2]};

	/* What was kept may be of an earlier call. */
	if (w->backend == FC_BACKEND_KPROBE && asks_for_instance(c->regs.call))
		args_of_instance(&l);
	else if (!c->has_args)
		return false;
	else /* Read, not copied: fexit's have a type, and the hash calculates with this one. */
		bpf_probe_read_kernel(&l.ns, sizeof(l.ns), &c->arg[0]);
	l.first = find_ucounts(l.ns, l.uid);
	if (full_level(w, &l))
		return true;
	/*
	 * Somebody gave one back since; or, where the counter did not exist, there was no memory.
	 * In the first case it was a limit, but which level's is not known.
	 */
	if (!l.first || !ucount_resource(w, l.ns, l.type))
		return false;
	refused_by(w, l.ns, l.uid, ucount_held(l.first, l.type), ucount_max(l.ns, l.type));
	return true;
}

#endif
