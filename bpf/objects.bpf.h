/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * objects.bpf.h - limits on objects of the host: epoll watches, mounts, asynchronous requests,
 * pseudo terminals. Each function that is hooked has no other reason for that errno.
 */
#ifndef FAILCNT_OBJECTS_BPF_H
#define FAILCNT_OBJECTS_BPF_H

#include "files.bpf.h"
#include "ucounts.bpf.h"
#include "where.bpf.h"

#define O_CREAT 0100

/* What /proc/sys says, for kernels that hide the addresses of variables. */
__u64 hints[FC_HINTS];

/* A variable of 4 or 8 bytes; false: nobody knows where it is. */
#define kernel_number(n, symbol, size) \
	(ADDR(symbol) && bpf_probe_read_kernel(n, size, ADDR(symbol)) == 0)

static __always_inline __u64 hint_or(__u64 n, enum fc_hint hint)
{
	return n ? n : hints[hint];
}

/* ---- epoll: ep_insert() tests the watches of who made the epoll (fs/eventpoll.c) ---- */

static __always_inline bool epoll_held(struct user_struct *user, __u64 *ret)
{
	struct user_struct___atomic *old = (void *)user;

	if (!bpf_core_field_exists(user->epoll_watches.count)) {
		*ret = BPF_CORE_READ(old, epoll_watches.counter);
		return true;
	}
	if (!ADDR(__per_cpu_offset))
		return false;
	*ret = percpu_total(__builtin_preserve_access_index(&user->epoll_watches), COUNTER_CPUS);
	return true;
}

static __always_inline bool refuse_epoll(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct user_struct *user = BPF_CORE_READ(task, cred, user);
	struct file *file = NULL;
	__u64 max = 0;

	/* By io_uring the arguments are elsewhere: then mostly the caller made it. */
	if (c->regs.call == FC_CALL_EPOLL_CTL)
		file = file_of_fd(c->regs.arg[0]);
	if (file) {
		struct eventpoll *ep = BPF_CORE_READ(file, private_data);

		user = BPF_CORE_READ(ep, user);
	}
	kernel_number(&max, max_user_watches, 8);
	w->resource = FC_EPOLL_WATCHES;
	w->limit = hint_or(max, FC_HINT_EPOLL_WATCHES);
	w->asked = 1;
	w->has = FC_HAS_ASKED | FC_HAS_CERTAIN | (w->limit ? FC_HAS_LIMIT : 0);
	if (epoll_held(user, &w->held))
		w->has |= FC_HAS_HELD;
	return true;
}

ON_RETURN_SURE(FC_HOOK_EPOLL_CTL, do_epoll_ctl, int, ret == -ENOSPC, REPEAT_AT(FC_REPEAT_EPOLL, 1),
	       refuse_epoll)

/* ---- mounts: count_mounts(ns, mount) (fs/namespace.c) ---- */

static __always_inline void read_mounts(struct refusal *w, struct mnt_namespace *ns)
{
	struct mnt_namespace___old *old = (void *)ns;
	__u32 max = 0;

	if (bpf_core_field_exists(ns->nr_mounts))
		w->held = BPF_CORE_READ(ns, nr_mounts);
	else
		w->held = BPF_CORE_READ(old, mounts);
	w->held += BPF_CORE_READ(ns, pending_mounts);
	kernel_number(&max, sysctl_mount_max, 4);
	w->resource = FC_MOUNTS;
	w->limit = hint_or(max, FC_HINT_MOUNT_MAX);
	w->ns_kind = FC_NS_MNT;
	w->ns = BPF_CORE_READ(ns, ns.inum);
	w->has = FC_HAS_HELD | (w->limit ? FC_HAS_LIMIT : 0);
}

static __always_inline bool refuse_mount(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	bool full;

	read_mounts(w, c->has_args ? (void *)c->arg[0] : BPF_CORE_READ(task, nsproxy, mnt_ns));
	full = w->limit && w->held >= w->limit;
	/* Else it was a whole tree of mounts, bound or propagated: of what size is not known. */
	if (full) {
		w->asked = 1;
		w->has |= FC_HAS_ASKED;
	}
	if (c->by_exit && !full)
		return false;
	w->has |= FC_HAS_CERTAIN;
	return true;
}

ON_RETURN_ARGS(FC_HOOK_COUNT_MOUNTS, count_mounts, int, ret == -ENOSPC, refuse_mount)

/* ---- aio: ioctx_alloc(nr_events) (fs/aio.c) ---- */

static __always_inline bool refuse_aio(struct refusal *w, const struct refused_call *c)
{
	__u64 max = 0;

	kernel_number(&max, aio_max_nr, 8);
	w->resource = FC_AIO;
	w->limit = hint_or(max, FC_HINT_AIO_MAX_NR);
	w->has = FC_HAS_CERTAIN | (w->limit ? FC_HAS_LIMIT : 0);
	if (kernel_number(&w->held, aio_nr, 8))
		w->has |= FC_HAS_HELD;
	if (c->regs.call == FC_CALL_IO_SETUP) {
		w->asked = (__u32)c->regs.arg[0];
		w->has |= FC_HAS_ASKED;
	}
	return true;
}

ON_RETURN_SURE(FC_HOOK_IOCTX_ALLOC, ioctx_alloc, long, ret == -EAGAIN, REPEAT_AT(FC_REPEAT_AIO, 1),
	       refuse_aio)

/*
 * ---- ptys: devpts_new_index(fsi) (fs/devpts/inode.c) ----
 *
 * Refuses when one more would make pty_count >= pty_limit, less pty_reserve for any devpts but the
 * host's own; and when all numbers below the mount's max= are taken.
 */
struct ptys {
	__u32 count, limit, reserve;
	bool known;
};

static __always_inline void read_ptys(struct ptys *p)
{
	p->count = p->limit = p->reserve = 0;
	p->known = kernel_number(&p->count, pty_count, 4);
	kernel_number(&p->limit, pty_limit, 4);
	p->limit = hint_or(p->limit, FC_HINT_PTY_MAX);
	if (!kernel_number(&p->reserve, pty_reserve, 4))
		p->reserve = hints[FC_HINT_PTY_RESERVE];
}

static __always_inline void fill_ptys(struct refusal *w, const struct ptys *p, __u32 limit)
{
	w->resource = FC_PTY;
	w->held = p->count;
	w->limit = limit;
	w->asked = 1;
	w->more[0] = p->limit;
	w->more[1] = p->reserve;
	w->has = FC_HAS_ASKED | FC_HAS_LIMIT | FC_HAS_MORE | (p->known ? FC_HAS_HELD : 0);
}

static __always_inline bool refuse_pty(struct refusal *w, const struct refused_call *c)
{
	struct pts_fs_info *fsi = (void *)c->arg[0];
	struct ptys p;
	__u32 limit;

	read_ptys(&p);
	if (!c->has_args) {
		fill_ptys(w, &p, p.count + 1 >= p.limit ? p.limit : p.limit - p.reserve);
		return true;
	}
	limit = p.limit - (BPF_CORE_READ(fsi, mount_opts.reserve) ? 0 : p.reserve);
	fill_ptys(w, &p, limit);
	if (p.known && p.count + 1 < limit) {
		w->variant = FC_VARIANT_PTY_DEVPTS;
		w->limit = BPF_CORE_READ(fsi, mount_opts.max);
		w->held = w->limit; /* ida_alloc_max() found none free */
		note_device(w, BPF_CORE_READ(fsi, sb));
	}
	if (p.known)
		w->has |= FC_HAS_CERTAIN;
	return true;
}

ON_RETURN_ARGS(FC_HOOK_DEVPTS_NEW_INDEX, devpts_new_index, int, ret == -ENOSPC, refuse_pty)

/* openat2() has a pointer to struct open_how there, whose first field are the flags. */
static __always_inline __u64 open_flags(__u64 arg)
{
	__u64 flags = 0;

	if (!(arg >> 32))
		return arg;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)arg);
	return flags;
}

/* Does the path end in "ptmx", and is it not to be made? */
static __noinline bool opens_ptmx(const struct task_regs *regs)
{
	bool at = regs->call == FC_CALL_OPENAT;
	const char *path = (const char *)(at ? regs->arg[1] : regs->arg[0]);
	char text[64];
	__u32 tail = 0;
	long n;

	n = bpf_probe_read_user_str(text, sizeof(text), path);
	if (n < 5 || n >= (long)sizeof(text))
		return false;
	if (bpf_probe_read_user(&tail, sizeof(tail), path + n - 5) < 0)
		return false;
	return tail == 0x786d7470 /* "ptmx" */ &&
	       !(open_flags(at ? regs->arg[2] : regs->arg[1]) & O_CREAT);
}

/* Without the mount: only the count of all tells. */
static __always_inline bool refuse_pty_exit(struct refusal *w, const struct refused_call *c)
{
	struct ptys p;
	__u32 most;

	if (!opens_ptmx(&c->regs))
		return false;
	read_ptys(&p);
	most = p.limit - p.reserve;
	if (p.known && p.count + 1 < most) {
		w->resource = FC_PTY;
		w->variant = FC_VARIANT_PTY_DEVPTS;
		return true;
	}
	fill_ptys(w, &p, p.count + 1 >= p.limit ? p.limit : most);
	if (p.known)
		w->has |= FC_HAS_CERTAIN;
	else
		w->has &= ~(FC_HAS_LIMIT | FC_HAS_MORE); /* this one or the mount's: who knows */
	return true;
}

#endif
