// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders.bpf.c - who holds what, from the kernel's own lists: the process that
 * looks for holders (user/holders_helper.c) loads this object and reads it, in
 * place of opening files of /proc by the thousand. It is on nobody's path: it
 * runs in the read() of that process and never else.
 *
 * Process numbers are those of the first pid namespace, as in all of bpf/.
 */
#include "vmlinux.h"

#include "fdtable.bpf.h"
#include "holders.h"

#define EXIT_ZOMBIE 0x20   /* include/linux/sched.h */
#define SIGNALS_MAX 4096   /* of one queue that are counted */
#define CGROUP_LEVELS 16   /* deeper nobody nests them */
#define NS_LEVELS 33       /* of user and pid namespaces: the kernel allows 32 below the first */
#define S_IFMT 0170000     /* include/uapi/linux/stat.h */
#define S_IFCHR 0020000    /* include/uapi/linux/stat.h */
#define PTMX (5 << 20 | 2) /* dev_t inside the kernel: include/linux/kdev_t.h */

/* include/uapi/linux/magic.h */
#define ANON_INODE_FS_MAGIC 0x09041934
#define SOCKFS_MAGIC 0x534F434B
#define PIPEFS_MAGIC 0x50495045

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fc_iter_want);
} wanted SEC(".maps");

static __always_inline struct fc_iter_want *want_what(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&wanted, &zero);
}

static __always_inline struct cgroup_subsys_state *css_of(struct css_set *set, __u32 controller)
{
	void *subsys = __builtin_preserve_access_index(&set->subsys);
	struct cgroup_subsys_state *css = NULL;

	if (controller == FC_ITER_MEMORY &&
	    bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		subsys += 8 * bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	else if (controller == FC_ITER_PIDS &&
		 bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		subsys += 8 * bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
	else
		return NULL;
	bpf_probe_read_kernel(&css, sizeof(css), subsys);
	return css;
}

/* The address of a task as a number: what the verifier knows to be a task it passes to no function.
 */
static __always_inline __u64 address_of(struct task_struct *task)
{
	struct task_struct *volatile at = task;
	__u64 n = 0;

	bpf_probe_read_kernel(&n, sizeof(n), (const void *)&at);
	return n;
}

/*
 * The functions with loops are global, which the verifier looks at once and by themselves;
 * inside the program it would follow the rest of it from each turn. Their arguments must be
 * numbers.
 */
int in_cgroup(__u64 set, __u64 id, __u32 controller);
int counts_for(__u64 ucounts, __u32 user_ns, __u32 uid);
int in_pid_ns(__u64 pid_at, __u32 inum);
__u32 list_length(__u64 head_at);

/* Below a controller's cgroup everybody is charged to it. */
__noinline int in_cgroup(__u64 set, __u64 id, __u32 controller)
{
	struct cgroup_subsys_state *css = css_of((void *)set, controller);
	int i;

	for (i = 0; i < CGROUP_LEVELS && css; i++) {
		if (BPF_CORE_READ(css, cgroup, kn, id) == id)
			return 1;
		css = BPF_CORE_READ(css, parent);
	}
	return 0;
}

/*
 * What is counted in ucounts counts for that user of that user namespace, for whoever made this
 * namespace in the one above, and so on up to the first (inc_ucount() and inc_rlimit_ucounts() of
 * kernel/ucount.c): is the one that is asked for among them?
 */
__noinline int counts_for(__u64 ucounts, __u32 user_ns, __u32 uid)
{
	struct ucounts *u = (void *)ucounts;
	int i;

	for (i = 0; i < NS_LEVELS && u; i++) {
		struct user_namespace *ns = BPF_CORE_READ(u, ns);

		if (BPF_CORE_READ(u, uid.val) == uid &&
		    (user_ns ? BPF_CORE_READ(ns, ns.inum) == user_ns : !BPF_CORE_READ(ns, level)))
			return 1;
		u = BPF_CORE_READ(ns, ucounts);
	}
	return 0;
}

/* A task has a number in its pid namespace and in each above it. */
__noinline int in_pid_ns(__u64 pid_at, __u32 inum)
{
	struct pid *pid = (void *)pid_at;
	struct upid *lowest = __builtin_preserve_access_index(&pid->numbers[0]);
	struct pid_namespace *ns;
	int i;

	lowest = (void *)lowest + BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid);
	ns = BPF_CORE_READ(lowest, ns);
	for (i = 0; i < NS_LEVELS && ns; i++) {
		if (BPF_CORE_READ(ns, ns.inum) == inum)
			return 1;
		ns = BPF_CORE_READ(ns, parent);
	}
	return 0;
}

/* Entries of a list that others may change at the same time: what is freed meanwhile reads as
 * nothing. */
__noinline __u32 list_length(__u64 head_at)
{
	struct list_head *head = (void *)head_at;
	struct list_head *at = BPF_CORE_READ(head, next);
	__u32 n;

	for (n = 0; n < SIGNALS_MAX && at && at != head; n++)
		at = BPF_CORE_READ(at, next);
	return n;
}

static __always_inline void count_pending(struct fc_iter_task *t, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	__u64 own = address_of(task) + bpf_core_field_offset(struct task_struct, pending.list);
	__u32 n = list_length(own), shared = 0;

	if (t->pid == t->tid && signal)
		shared = list_length(
			(__u64)__builtin_preserve_access_index(&signal->shared_pending.list));
	t->pending = n + shared;
	if (n == SIGNALS_MAX || shared == SIGNALS_MAX)
		t->has |= FC_ITER_CUT;
}

static __always_inline void fill_memory(struct fc_iter_task *t, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__s64 huge;

	if (!mm)
		return;
	/* enum of include/linux/mm_types_task.h: files, anonymous, (swap), shared memory */
	t->rss = mm_rss(mm, 0) + mm_rss(mm, 1) + mm_rss(mm, 3);
	t->data = BPF_CORE_READ(mm, data_vm) + BPF_CORE_READ(mm, stack_vm);
	huge = BPF_CORE_READ(mm, hugetlb_usage.counter);
	t->huge = huge > 0 ? huge : 0;
	t->has |= FC_ITER_MM;
}

/* What /proc/PID/status says: fs/proc/array.c. */
static __always_inline void fill_process(struct fc_iter_task *t, struct task_struct *task)
{
	struct files_struct *files = BPF_CORE_READ(task, files);
	__u64 fds = 0;

	t->start = BPF_CORE_READ(task, start_boottime);
	t->ppid = BPF_CORE_READ(task, real_parent, tgid);
	t->uid = BPF_CORE_READ(task, real_cred, uid.val);
	t->euid = BPF_CORE_READ(task, real_cred, euid.val);
	t->threads = BPF_CORE_READ(task, signal, nr_threads);
	t->ipc_ns = BPF_CORE_READ(task, nsproxy, ipc_ns, ns.inum);
	if (BPF_CORE_READ(task, exit_state) & EXIT_ZOMBIE)
		t->has |= FC_ITER_ZOMBIE;
	if (!files || open_descriptors(files, &fds))
		t->has |= FC_ITER_FDS;
	t->fds = fds;
	bpf_probe_read_kernel_str(t->comm, sizeof(t->comm), task->comm);
}

/* Before 5.14 the user has one count, for all namespaces. */
static __always_inline bool counts_task(const struct fc_iter_want *want, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	if (want->pid_ns && !in_pid_ns((__u64)BPF_CORE_READ(task, thread_pid), want->pid_ns))
		return false;
	if (want->of_user != FC_ITER_RLIMIT)
		return true;
	if (bpf_core_field_exists(cred->ucounts))
		return counts_for((__u64)BPF_CORE_READ(cred, ucounts), want->user_ns, want->uid);
	return BPF_CORE_READ(cred, uid.val) == want->uid;
}

SEC("iter/task")
int each_task(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct fc_iter_want *want = want_what();
	struct fc_iter_task t = {};

	if (!task || !want)
		return 0;
	t.pid = task->tgid;
	t.tid = task->pid;
	if (t.pid != t.tid && !want->pending)
		return 0;
	if (want->cgroup &&
	    !in_cgroup((__u64)BPF_CORE_READ(task, cgroups), want->cgroup, want->controller))
		return 0;
	if (!counts_task(want, task))
		return 0;
	if (want->pending) {
		count_pending(&t, task);
		if (!t.pending)
			return 0;
	}
	fill_process(&t, task);
	fill_memory(&t, task);
	bpf_seq_write(seq, &t, sizeof(t));
	return 0;
}

static __always_inline __u32 kind_of(struct file *file, struct inode *inode)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

	switch (BPF_CORE_READ(inode, i_sb, s_magic)) {
	case ANON_INODE_FS_MAGIC:
		return FC_FD_ANON;
	case SOCKFS_MAGIC:
		return FC_FD_SOCKET;
	case PIPEFS_MAGIC:
		return FC_FD_PIPE;
	}
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFCHR &&
	    BPF_CORE_READ(inode, i_rdev) == PTMX)
		return FC_FD_PTMX;
	/* d_unlinked(): what prepend_path() of fs/d_path.c calls deleted */
	if (!BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(dentry, d_parent) != dentry)
		return FC_FD_DELETED;
	return FC_FD_FILE;
}

static __always_inline void fill_socket(struct fc_iter_fd *f, struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);

	if (!sk)
		return;
	f->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	f->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	f->local = BPF_CORE_READ(sk, __sk_common.skc_num);
	f->remote = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	f->type = BPF_CORE_READ(sk, sk_type);
	f->protocol = BPF_CORE_READ(sk, sk_protocol);
}

static __always_inline bool is_inotify(const char *name)
{
	/* "inotify", "[inotify]": the verifier wants no sum of a pointer and a condition. */
	return (name[0] == 'i' && name[1] == 'n' && name[2] == 'o' && name[3] == 't') ||
	       (name[0] == '[' && name[1] == 'i' && name[2] == 'n' && name[3] == 'o');
}

static __always_inline bool counts_inotify(const struct fc_iter_want *want, struct file *file,
					   const char *name)
{
	struct fsnotify_group *group = BPF_CORE_READ(file, private_data);

	return is_inotify(name) && counts_for((__u64)BPF_CORE_READ(group, inotify_data.ucounts),
					      want->user_ns, want->uid);
}

SEC("iter/task_file")
int each_file(struct bpf_iter__task_file *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct fc_iter_want *want = want_what();
	struct fc_iter_fd f = {};
	struct inode *inode;

	/* /proc/PID/fd has the leader's; a thread with a table of its own has another number. */
	if (!task || !file || !want || task->pid != task->tgid ||
	    (want->pid && (__u32)task->tgid != want->pid))
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	f.kind = kind_of(file, inode);
	if (f.kind >= FC_FD_KINDS || !(want->kinds & 1 << f.kind))
		return 0;
	f.pid = task->tgid;
	f.fd = ctx->fd;
	f.inode = BPF_CORE_READ(inode, i_ino);
	if (f.kind == FC_FD_SOCKET)
		fill_socket(&f, file);
	else if (f.kind == FC_FD_ANON)
		bpf_probe_read_kernel_str(f.name, sizeof(f.name),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (want->of_user == FC_ITER_INOTIFY && !counts_inotify(want, file, f.name))
		return 0;
	bpf_seq_write(seq, &f, sizeof(f));
	return 0;
}

char LICENSE[] SEC("license") = "GPL"; /* GPL-2.0-only, in the spelling that the kernel knows */
