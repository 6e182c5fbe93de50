/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * files.bpf.h - descriptors and open files: EMFILE and ENFILE.
 *
 * alloc_fd() (fs/file.c) gives every descriptor there is; it refuses with
 * EMFILE when the number reaches the caller's RLIMIT_NOFILE, and before that
 * fs.nr_open. alloc_empty_file() (fs/file_table.c) gives every struct file; it
 * refuses with ENFILE at fs.file-max, unless the caller has CAP_SYS_ADMIN.
 * unix_create1() (net/unix/af_unix.c) makes every unix socket, twice fs.file-max
 * of them at most, whoever asks.
 */
#ifndef FAILCNT_FILES_BPF_H
#define FAILCNT_FILES_BPF_H

#include "fdtable.bpf.h"
#include "hook.bpf.h"
#include "rlimit.bpf.h"

#define RLIMIT_NOFILE 7
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

/* What /proc/sys says, for kernels that hide the addresses of variables. */
__u64 hint_nr_open, hint_file_max;

/* A table this far from full was not what refused, even if another thread closed some since. */
#define SLACK 64

static __always_inline __u64 current_nr_open(void)
{
	unsigned int n = 0;

	if (ADDR(sysctl_nr_open))
		bpf_probe_read_kernel(&n, sizeof(n), ADDR(sysctl_nr_open));
	return n ? n : hint_nr_open;
}

/* The file behind a descriptor of current; NULL: there is none. */
static __always_inline struct file *file_of_fd(__u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL, **table = BPF_CORE_READ(fdt, fd);

	if (fd < BPF_CORE_READ(fdt, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), table + fd);
	return file;
}

/* The socket behind a descriptor of current; NULL: it is none. */
static __always_inline struct sock *sock_of_fd(__u32 fd)
{
	struct file *file = file_of_fd(fd);
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* Its own end: where it listens. */
static __always_inline void fill_local(struct fc_refused *r, struct sock *sk)
{
	r->sock.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->sock.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (r->sock.family == AF_INET)
		bpf_probe_read_kernel(
			r->sock.addr, 4,
			__builtin_preserve_access_index(&sk->__sk_common.skc_rcv_saddr));
	else if (r->sock.family == AF_INET6)
		bpf_probe_read_kernel(
			r->sock.addr, 16,
			__builtin_preserve_access_index(&sk->__sk_common.skc_v6_rcv_saddr));
	r->has |= FC_HAS_SOCK;
}

/* What it tried to open or connect. */
static __always_inline void fill_object(struct fc_refused *r, const struct task_regs *regs)
{
	const char *path = NULL;
	struct sock *sk;

	if (regs->nr < 0 || regs->compat)
		return;
	if (regs->call == FC_CALL_OPENAT)
		path = (const char *)regs->arg[1];
	else if (regs->call == FC_CALL_OPEN)
		path = (const char *)regs->arg[0];
	if (path) {
		if (bpf_probe_read_user_str(r->object, sizeof(r->object), path) > 0)
			r->has |= FC_HAS_PATH;
		return;
	}
	if (regs->call == FC_CALL_SOCKET) {
		r->sock.family = regs->arg[0];
		/* SOCK_NONBLOCK and SOCK_CLOEXEC lie above; both fit in 20 bits, kept folded
		 * into 16. */
		r->sock.type = (regs->arg[1] & 0x7fff) | (regs->arg[1] & 02000000 ? 0x8000 : 0);
		r->has |= FC_HAS_SOCK;
	} else if (regs->call == FC_CALL_ACCEPT) {
		sk = sock_of_fd(regs->arg[0]);
		if (sk)
			fill_local(r, sk);
	}
}

/*
 * Other limits hide behind EMFILE too: those of message queues, inotify and fanotify, and of some
 * drivers. Only fcntl(F_DUPFD) is refused for descriptors while there is room.
 */
static __always_inline bool emfile_is_other(const struct task_regs *regs, __u64 cur)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct files_struct *files = BPF_CORE_READ(task, files);
	/* These have a limit of their own, so that one descriptor is room enough. */
	bool own = regs->call == FC_CALL_INOTIFY_INIT || regs->call == FC_CALL_FANOTIFY_INIT ||
		   regs->call == FC_CALL_MQ_OPEN;
	__u64 most = current_nr_open(), n;

	if (most && most < cur)
		cur = most;
	if (regs->call == FC_CALL_FCNTL || BPF_CORE_READ(files, next_fd) >= cur)
		return false;
	/* next_fd alone says nothing: it is 0 in a process that has opened no file since its fork.
	 */
	if (!open_descriptors(files, &n))
		return own;
	return n + (own ? 0 : SLACK) < cur;
}

static __always_inline bool refuse_descriptor(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 cur = BPF_CORE_READ(task, signal, rlim[RLIMIT_NOFILE].rlim_cur);
	__u64 most = current_nr_open();

	if (c->by_exit && emfile_is_other(&c->regs, cur))
		return false;
	w->resource = FC_NOFILE;
	w->limit = cur;
	/* The rlimit is tested first, so nr_open refuses only below it. */
	if (most && most < cur && BPF_CORE_READ(task, files, next_fd) < cur) {
		w->resource = FC_NR_OPEN;
		w->limit = most;
	}
	w->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_NOFILE].rlim_max);
	w->asked = 1;
	w->has = FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_ASKED;
	/* Seen in alloc_fd itself; else the kernel's own numbers decide, right after. */
	if (!c->by_exit || c->regs.call == FC_CALL_FCNTL)
		w->has |= FC_HAS_CERTAIN;
	return true;
}

static __always_inline void finish_descriptor(struct fc_refused *r, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (open_descriptors(BPF_CORE_READ(task, files), &r->held)) {
		r->has |= FC_HAS_HELD;
		if (r->held >= r->limit)
			r->has |= FC_HAS_CERTAIN;
	}
	fill_object(r, &c->regs);
}

static __always_inline __u64 current_file_max(void)
{
	if (ADDR(files_stat))
		return BPF_CORE_READ((const struct files_stat_struct *)ADDR(files_stat), max_files);
	return hint_file_max;
}

/*
 * What was counted has been taken back: `unix_nr_socks > 2 * get_max_files()` held with one more.
 * Sure: the kernel itself said ENFILE, which there is for nothing else; before 5.16 it says NULL.
 */
static __always_inline bool refuse_unix(struct refusal *w, bool sure)
{
	__u64 n = 0;

	w->limit = 2 * current_file_max();
	if (ADDR(unix_nr_socks) && !bpf_probe_read_kernel(&n, sizeof(n), ADDR(unix_nr_socks)) &&
	    w->limit && n + 1 > w->limit)
		w->has |= FC_HAS_HELD;
	else if (!sure)
		return false;
	if (w->limit)
		w->has |= FC_HAS_LIMIT;
	w->held = n;
	w->resource = FC_FILE_MAX;
	w->variant = FC_VARIANT_UNIX_SOCKETS;
	w->asked = 1;
	w->has |= FC_HAS_ASKED | FC_HAS_CERTAIN;
	return true;
}

static __always_inline bool refuse_new_unix(struct refusal *w, const struct refused_call *c)
{
	w->err = c->ret ? ENFILE : ENOMEM; /* of NULL unix_create() makes ENOMEM */
	return refuse_unix(w, c->ret != 0);
}

/* At sys_exit: a call that makes a unix socket, itself or at the other end. */
static __always_inline bool makes_unix(const struct task_regs *regs)
{
	struct sock *sk;

	if (regs->call == FC_CALL_SOCKET || regs->call == FC_CALL_SOCKETPAIR)
		return regs->arg[0] == AF_UNIX;
	if (regs->call != FC_CALL_CONNECT)
		return false;
	sk = sock_of_fd(regs->arg[0]);
	return sk && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX;
}

/* With CAP_SYS_ADMIN no limit refuses: that ENFILE was another's, as the hard limit of pipe
 * buffers. */
static __always_inline bool refuse_file(struct refusal *w, const struct refused_call *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (c->by_exit && is_capable(task, CAP_SYS_ADMIN))
		return false;
	w->limit = current_file_max();
	if (ADDR(nr_files)) {
		/* What the kernel tests before it says ENFILE. */
		w->held = percpu_total((const void *)ADDR(nr_files), COUNTER_CPUS);
		w->has |= FC_HAS_HELD;
	}
	if (w->limit)
		w->has |= FC_HAS_LIMIT;
	if (c->by_exit && ADDR(nr_files) && w->limit && w->held + SLACK < w->limit)
		return false;
	w->resource = FC_FILE_MAX;
	w->asked = 1;
	w->has |= FC_HAS_ASKED;
	if (!c->by_exit || (w->has & FC_HAS_HELD && w->held >= w->limit))
		w->has |= FC_HAS_CERTAIN;
	return true;
}

static __always_inline bool refuse_new_file(struct refusal *w, const struct refused_call *c)
{
	return c->ret == -ENFILE && refuse_file(w, c);
}

static __always_inline void finish_file(struct fc_refused *r, const struct refused_call *c)
{
	fill_object(r, &c->regs);
}

/* RLIMIT_NOFILE or fs.nr_open, and no memory before it */
ON_RETURN_WHOLE_SURE(FC_HOOK_ALLOC_FD, alloc_fd, int, ret == -EMFILE,
		     REPEAT_AT(FC_REPEAT_ALLOC_FD, 1), refuse_descriptor, finish_descriptor)
/*
 * ENOMEM too: the memory of a cgroup, which hook.bpf.h asks for first. One comparison for both, and
 * then a number for it: to some verifiers (5.10, 6.1) it is a pointer, which no function that is
 * verified by itself takes for a number.
 */
static __always_inline bool new_file_failed(long *ret)
{
	long err = 0;

	if ((unsigned long)*ret < (unsigned long)-ENFILE)
		return false;
	if (*ret == -ENFILE)
		err = -ENFILE;
	else if (*ret == -ENOMEM)
		err = -ENOMEM;
	barrier_var(err);
	*ret = err;
	return err;
}

ON_RETURN_WHOLE_SURE(FC_HOOK_ALLOC_EMPTY_FILE, alloc_empty_file, long, new_file_failed(&ret),
		     ret == -ENFILE ? REPEAT_AT(FC_REPEAT_FILE, 1) : 0, refuse_new_file,
		     finish_file)

/* NULL: only kernels that say so, or no memory. */
ON_RETURN_WHOLE(FC_HOOK_UNIX_CREATE, unix_create1, long, ret == 0 || ret == -ENFILE,
		refuse_new_unix, finish_file)

/* At sys_exit, whatever the call: these two errnos are for files, unless the numbers say no. */
static __noinline bool exit_files(struct refusal *w, const struct refused_call *c)
{
	if (c->ret == -EMFILE) {
		w->hook = FC_HOOK_ALLOC_FD;
		return exit_serves[w->hook] && refuse_descriptor(w, c);
	}
	if ((c->ret == -ENFILE || c->ret == -ENOMEM) && exit_serves[FC_HOOK_UNIX_CREATE] &&
	    makes_unix(&c->regs) && refuse_unix(w, false)) {
		w->hook = FC_HOOK_UNIX_CREATE;
		return true;
	}
	if (c->ret == -ENFILE) {
		w->hook = FC_HOOK_ALLOC_EMPTY_FILE;
		return exit_serves[w->hook] && refuse_file(w, c);
	}
	return false;
}

/* Both kinds in one, for the one place at sys_exit where a record is completed. */
static __always_inline void finish_exit(struct fc_refused *r, const struct refused_call *c)
{
	if (c->ret == -EMFILE && r->hook == FC_HOOK_ALLOC_FD)
		finish_descriptor(r, c);
	else if (r->hook == FC_HOOK_ALLOC_EMPTY_FILE || r->hook == FC_HOOK_UNIX_CREATE)
		finish_file(r, c);
}

#endif
