/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * files.bpf.h - descriptors and open files: EMFILE and ENFILE.
 *
 * alloc_fd() (fs/file.c) gives every descriptor there is; it refuses with
 * EMFILE when the number reaches the caller's RLIMIT_NOFILE, and before that
 * fs.nr_open. alloc_empty_file() (fs/file_table.c) gives every struct file; it
 * refuses with ENFILE at fs.file-max, unless the caller has CAP_SYS_ADMIN.
 */
#ifndef FAILCNT_FILES_BPF_H
#define FAILCNT_FILES_BPF_H

#include "hook.bpf.h"

#define ENFILE 23
#define EMFILE 24
#define RLIMIT_NOFILE 7
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define OPEN_FDS_WORDS 128 /* of 64 descriptors, from the lowest free one on */

/* Variables of the kernel, where its symbol table tells their addresses. */
extern const void sysctl_nr_open __ksym __weak;
extern const void nr_files __ksym __weak;
extern const void files_stat __ksym __weak;
extern const void __per_cpu_offset __ksym __weak;

/* What /proc/sys says, for kernels that hide those addresses. */
__u64 hint_nr_open, hint_file_max;

/* Numbers of this architecture's system calls whose argument tells what was wanted; -1: none. */
const volatile __s32 nr_open = -1, nr_openat = -1, nr_openat2 = -1, nr_creat = -1, nr_socket = -1,
		     nr_accept = -1, nr_accept4 = -1, nr_fcntl = -1;

static __always_inline __u64 current_nr_open(void)
{
	unsigned int n = 0;

	if (&sysctl_nr_open)
		bpf_probe_read_kernel(&n, sizeof(n), &sysctl_nr_open);
	return n ? n : hint_nr_open;
}

/*
 * Open descriptors. All below next_fd are open (fs/file.c keeps it at or below
 * the lowest free one), so only the words from there on need counting.
 */
static __always_inline bool open_descriptors(struct files_struct *files, __u64 *ret)
{
	struct fdtable *fdt = BPF_CORE_READ(files, fdt);
	unsigned long *map = BPF_CORE_READ(fdt, open_fds);
	__u32 words = (BPF_CORE_READ(fdt, max_fds) + 63) / 64;
	__u32 next = BPF_CORE_READ(files, next_fd), at = next / 64, i;
	__u64 n = next;

	for (i = 0; i < OPEN_FDS_WORDS; i++, at++) {
		__u64 w = 0;

		if (at >= words) {
			*ret = n;
			return true;
		}
		bpf_probe_read_kernel(&w, sizeof(w), map + at);
		if (i == 0)
			w &= ~0ULL << (next % 64);
		/* Bits of a word, as in lib/hweight.c: BPF has no popcount. */
		w -= (w >> 1) & 0x5555555555555555ULL;
		w = (w & 0x3333333333333333ULL) + ((w >> 2) & 0x3333333333333333ULL);
		w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
		n += w * 0x0101010101010101ULL >> 56;
	}
	return false; /* a huge table behind a lowered limit: the collector counts */
}

static __always_inline void fill_listener(struct fc_refused *r, struct task_struct *task, __u32 fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL, **table = BPF_CORE_READ(fdt, fd);
	struct socket *socket;
	struct sock *sk;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return;
	bpf_probe_read_kernel(&file, sizeof(file), table + fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	r->sock.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->sock.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (r->sock.family == 2) /* AF_INET */
		bpf_probe_read_kernel(
			r->sock.addr, 4,
			__builtin_preserve_access_index(&sk->__sk_common.skc_rcv_saddr));
	else if (r->sock.family == 10) /* AF_INET6 */
		bpf_probe_read_kernel(
			r->sock.addr, 16,
			__builtin_preserve_access_index(&sk->__sk_common.skc_v6_rcv_saddr));
	r->has |= FC_HAS_SOCK;
}

/* What it tried to open or connect. */
static __always_inline void fill_object(struct fc_refused *r, struct task_struct *task,
					struct task_regs *regs)
{
	const char *path = NULL;

	if (regs->nr < 0 || regs->compat)
		return;
	if (regs->nr == nr_openat || regs->nr == nr_openat2)
		path = (const char *)regs->arg[1];
	else if (regs->nr == nr_open || regs->nr == nr_creat)
		path = (const char *)regs->arg[0];
	if (path) {
		if (bpf_probe_read_user_str(r->object, sizeof(r->object), path) > 0)
			r->has |= FC_HAS_PATH;
		return;
	}
	if (regs->nr == nr_socket) {
		r->sock.family = regs->arg[0];
		/* SOCK_NONBLOCK and SOCK_CLOEXEC lie above; both fit in 20 bits, kept folded
		 * into 16. */
		r->sock.type = (regs->arg[1] & 0x7fff) | (regs->arg[1] & 02000000 ? 0x8000 : 0);
		r->has |= FC_HAS_SOCK;
	} else if (regs->nr == nr_accept || regs->nr == nr_accept4) {
		fill_listener(r, task, regs->arg[0]);
	}
}

static __always_inline void refuse_descriptor(long ret, __u8 hook, __u8 backend)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 cur = BPF_CORE_READ(task, signal, rlim[RLIMIT_NOFILE].rlim_cur);
	__u64 most = current_nr_open();
	__u16 resource = FC_NOFILE;
	struct fc_refused *r;
	struct task_regs regs;

	/* The rlimit is tested first, so nr_open refuses only below it. */
	if (most && most < cur && BPF_CORE_READ(task, files, next_fd) < cur)
		resource = FC_NR_OPEN;
	r = refused_begin(resource, EMFILE, hook, backend, &regs);
	if (!r)
		return;
	if (open_descriptors(BPF_CORE_READ(task, files), &r->held))
		r->has |= FC_HAS_HELD;
	r->limit = resource == FC_NOFILE ? cur : most;
	r->hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_NOFILE].rlim_max);
	r->asked = 1;
	r->has |= FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_ASKED;
	/* Seen in alloc_fd itself, or decided by the kernel's own numbers right after. */
	if (backend != FC_BACKEND_TRACEPOINT || (r->has & FC_HAS_HELD && r->held >= r->limit) ||
	    regs.nr == nr_fcntl)
		r->has |= FC_HAS_CERTAIN;
	fill_object(r, task, &regs);
	bpf_ringbuf_submit(r, 0);
}

/* The exact sum of a percpu counter: what the kernel tests before it says ENFILE. */
static __always_inline __u64 open_files(void)
{
	const struct percpu_counter *c = (const void *)&nr_files;
	__s64 n = BPF_CORE_READ(c, count);
	void *percpu = BPF_CORE_READ(c, counters);
	__u32 cpu;

	for (cpu = 0; cpu < 512; cpu++) {
		__u64 offset = 0;
		__s32 delta = 0;

		if (cpu >= possible_cpus || !&__per_cpu_offset)
			break;
		bpf_probe_read_kernel(&offset, sizeof(offset),
				      (const void *)&__per_cpu_offset + 8 * cpu);
		bpf_probe_read_kernel(&delta, sizeof(delta), percpu + offset);
		n += delta;
	}
	return n > 0 ? n : 0;
}

static __always_inline __u64 current_file_max(void)
{
	if (&files_stat)
		return BPF_CORE_READ((const struct files_stat_struct *)&files_stat, max_files);
	return hint_file_max;
}

static __always_inline void refuse_file(long ret, __u8 hook, __u8 backend)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fc_refused *r;
	struct task_regs regs;

	r = refused_begin(FC_FILE_MAX, ENFILE, hook, backend, &regs);
	if (!r)
		return;
	if (&nr_files) {
		r->held = open_files();
		r->has |= FC_HAS_HELD;
	}
	r->limit = current_file_max();
	if (r->limit)
		r->has |= FC_HAS_LIMIT;
	r->asked = 1;
	r->has |= FC_HAS_ASKED;
	if (backend != FC_BACKEND_TRACEPOINT || (r->has & FC_HAS_HELD && r->held >= r->limit))
		r->has |= FC_HAS_CERTAIN;
	fill_object(r, task, &regs);
	bpf_ringbuf_submit(r, 0);
}

ON_RETURN(FC_HOOK_ALLOC_FD, alloc_fd, 3, int, ret == -EMFILE, refuse_descriptor)
ON_RETURN(FC_HOOK_ALLOC_EMPTY_FILE, alloc_empty_file, 2, long, ret == -ENFILE, refuse_file)

#endif
