/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rlimit.bpf.h - what limits of a process and of a user share: their values, how much a user has
 * of them, and who is exempt.
 *
 * Some rlimits are counted for a user, not for a process. Since 5.14 such a count is kept for each
 * pair of user and user namespace (struct ucounts), and a namespace counts for the user who made
 * it as well: the limit there is what that user's was when the namespace was made.
 */
#ifndef FAILCNT_RLIMIT_BPF_H
#define FAILCNT_RLIMIT_BPF_H

#include "hook.bpf.h"

#define RLIMIT_NPROC 6
#define RLIMIT_MEMLOCK 8

#define CAP_IPC_LOCK 14
#define CAP_SYS_ADMIN 21
#define CAP_SYS_RESOURCE 24

#define USERNS_LEVELS 8 /* deeper ones are not looked at: the kernel allows 32 */
#define NO_LIMIT (~0ULL >> 1)

/*
 * How much of it the user has. 5.19 gave rlimits an array of their own (commit de399236e240), and
 * only from then on it is read: RLIMIT_COUNTED says whether it can be.
 */
#define RLIMIT_COUNTED(u, type) \
	(bpf_core_enum_value_exists(enum rlimit_type, type) && bpf_core_field_exists((u)->rlimit))
#define RLIMIT_COUNT(u, type)                                                             \
	({                                                                                \
		__s64 n_ = 0;                                                             \
		if (RLIMIT_COUNTED(u, type))                                              \
			bpf_probe_read_kernel(                                            \
				&n_, sizeof(n_),                                          \
				(void *)__builtin_preserve_access_index(&(u)->rlimit) +   \
					8 * bpf_core_enum_value(enum rlimit_type, type)); \
		n_;                                                                       \
	})

/* What a user namespace allows the user who made it. */
#define RLIMIT_OF_USERNS(ns, type)                                                           \
	({                                                                                   \
		__u64 n_ = NO_LIMIT;                                                         \
		if (bpf_core_enum_value_exists(enum rlimit_type, type) &&                    \
		    bpf_core_field_exists((ns)->rlimit_max))                                 \
			bpf_probe_read_kernel(                                               \
				&n_, sizeof(n_),                                             \
				(void *)__builtin_preserve_access_index(&(ns)->rlimit_max) + \
					8 * bpf_core_enum_value(enum rlimit_type, type));    \
		n_;                                                                          \
	})

/* capable(): in the initial user namespace. 6.3 made one number of the two words. */
static __always_inline bool is_capable(struct task_struct *task, int cap)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u64 caps = 0;

	if (BPF_CORE_READ(cred, user_ns, level))
		return false;
	bpf_probe_read_kernel(&caps, sizeof(caps),
			      __builtin_preserve_access_index(&cred->cap_effective));
	return caps >> cap & 1;
}

/* The soft and the hard limit of the process. */
static __always_inline void fill_rlimit(struct refusal *w, struct task_struct *task, int limit)
{
	w->limit = BPF_CORE_READ(task, signal, rlim[limit].rlim_cur);
	w->hard = BPF_CORE_READ(task, signal, rlim[limit].rlim_max);
	w->has |= FC_HAS_LIMIT | FC_HAS_HARD;
}

/* Whose count it is: the user, and the user namespace where that is not the initial one. */
static __always_inline void fill_user(struct refusal *w, struct ucounts *u)
{
	struct user_namespace *ns = BPF_CORE_READ(u, ns);

	w->limit_uid = BPF_CORE_READ(u, uid.val);
	w->has |= FC_HAS_UID;
	if (BPF_CORE_READ(ns, level)) {
		w->ns_kind = FC_NS_USER;
		w->ns = BPF_CORE_READ(ns, ns.inum);
	}
}

/*
 * note_nproc() of tasks.bpf.h once more: the first thing that is asked, and of the own namespace
 * first. With loads, but for the count: before 6.2 the verifier knows no array of atomic_long_t
 * (btf_struct_walk() does not look behind a typedef there). Who may be exempt is looked at in full.
 */
#define MAY_BE_EXEMPT (1U << CAP_SYS_RESOURCE | 1U << CAP_SYS_ADMIN) /* of the lower word */

static __always_inline __u64 sure_nproc(void)
{
	const struct cred *cred, *real;
	struct task_struct *task;
	struct user_struct *user;
	struct ucounts *u = NULL;
	__u64 limit, caps;
	__s64 held;

	if (!TYPED_TASK || !bpf_core_enum_value_exists(enum rlimit_type, UCOUNT_RLIMIT_NPROC) ||
	    !bpf_core_field_exists(u->rlimit))
		return 0;
	task = (void *)bpf_get_current_task_btf();
	real = task->real_cred;
	cred = task->cred;
	if (!real || !cred || !task->signal)
		return 0;
	user = real->user;
	u = real->ucounts;
	caps = bpf_core_field_offset(cred->cap_effective);
	asm volatile("" : "+r"(caps)); /* its type is of another size than what is loaded */
	if (!user || !u || !user->uid.val || *(__u32 *)((void *)cred + caps) & MAY_BE_EXEMPT)
		return 0;
	held = RLIMIT_COUNT(u, UCOUNT_RLIMIT_NPROC);
	limit = task->signal->rlim[RLIMIT_NPROC].rlim_cur;
	if (limit >= NO_LIMIT || held < 0 || (__u64)held + 1 <= limit)
		return 0;
	return REPEAT_AT(FC_REPEAT_NPROC, 1 + u->uid.val);
}

#endif
