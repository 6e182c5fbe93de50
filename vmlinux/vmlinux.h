/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmlinux.h - the kernel types and fields that bpf/ reads, and no others.
 *
 * Written by hand, the same for every architecture: CO-RE relocates each
 * access to the running kernel's layout, so only names and kinds of types
 * matter here, not offsets or order. A suffix ___x is a flavour: the same
 * kernel type in another version's shape, used behind bpf_core_field_exists().
 *
 * tests/vm/btf_check takes every field from here and looks it up in the BTF of
 * each kernel of the matrix. A field that some kernel lacks is marked with a
 * comment "guarded: WHY"; the check fails for one that is missing unmarked, or
 * of another kind.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef unsigned long size_t;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
typedef unsigned long size_t;
enum { false, true };

/* Of the BPF interface itself: stable numbers (include/uapi/linux/bpf.h). */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };
enum { BPF_RB_NO_WAKEUP = 1 };
enum { BPF_F_MMAPABLE = 1024 };
enum bpf_func_id {
	BPF_FUNC_task_pt_regs = 175,         /* guarded: from 5.15 */
	BPF_FUNC_get_current_task_btf = 158, /* guarded: from 5.11 */
	BPF_FUNC_loop = 181,                 /* guarded: from 5.17 */
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

/* The classic tracepoint raw_syscalls:sys_exit. */
struct trace_event_raw_sys_exit {
	long id;
	long ret;
};

#if defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};
struct pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
	__u64 orig_x0;
	__s32 syscallno;
};
#else
struct pt_regs {
	unsigned long bx;
	unsigned long r10;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long sp;
};
#endif

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;
typedef struct {
	u32 val;
} kuid_t;

struct percpu_counter {
	s64 count;
	s32 *counters;
};

/* fs/ */
struct in6_addr {
}; /* 16 bytes, read as a whole */
typedef struct {
	struct net *net;
} possible_net_t;
struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
	__be16 skc_dport;
	u16 skc_num;
	u32 skc_rcv_saddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct proto *skc_prot;
	possible_net_t skc_net;
};
struct sock {
	struct sock_common __sk_common;
	u32 sk_ack_backlog;
	u32 sk_max_ack_backlog;
	u16 sk_type;
	u16 sk_protocol;
	struct mem_cgroup *sk_memcg;
};
struct socket {
	struct sock *sk;
};
struct block_device;
struct file_system_type {
	const char *name;
};
struct super_block {
	struct file_system_type *s_type;
	unsigned int s_dev;
	unsigned long s_magic;
	void *s_fs_info;
	struct block_device *s_bdev;
};
struct hlist_node {
	struct hlist_node *next;
};
struct hlist_head {
	struct hlist_node *first;
};
struct inode {
	unsigned short i_mode;
	unsigned int i_rdev;
	unsigned long i_ino;
	struct super_block *i_sb;
	unsigned char i_blkbits;
	long long i_size;
	struct hlist_head i_dentry;
};
struct address_space {
	struct inode *host;
};
struct qstr {
	const unsigned char *name;
};
struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct super_block *d_sb;
	union {
		struct hlist_node d_alias; /* guarded: of d_u before 7.x alone */
	} d_u;                             /* guarded: before 7.x */
};
struct dentry___alias {
	struct hlist_node d_alias; /* guarded: from 7.x, in a union without a name */
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct fs_struct {
	struct path root;
	struct path pwd;
};
struct file {
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
	long long f_pos;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};
struct files_struct {
	struct fdtable *fdt;
	unsigned int next_fd;
};
struct files_stat_struct {
	unsigned long max_files;
};

/* fs/ext4, mm/shmem.c, fs/quota */
struct ext4_super_block {
	u32 s_r_blocks_count_lo; /* little-endian */
};
struct ext4_sb_info {
	unsigned int s_cluster_bits;
	struct ext4_super_block *s_es;
	atomic64_t s_resv_clusters;
	struct percpu_counter s_freeclusters_counter;
	struct percpu_counter s_freeinodes_counter;
	struct percpu_counter s_dirtyclusters_counter;
};
struct shmem_sb_info {
	unsigned long max_blocks;
	struct percpu_counter used_blocks;
	unsigned long max_inodes;
	unsigned long free_inodes; /* guarded: before 6.6 */
	unsigned long free_ispace; /* guarded: from 6.6, in bytes */
};
enum quota_type { USRQUOTA };
struct kqid {
	kuid_t uid; /* in a union with gid and projid */
	enum quota_type type;
};
struct mem_dqblk {
	s64 dqb_bhardlimit;
	s64 dqb_bsoftlimit;
	s64 dqb_curspace;
	s64 dqb_rsvspace;
	s64 dqb_ihardlimit;
	s64 dqb_isoftlimit;
	s64 dqb_curinodes;
	s64 dqb_btime;
	s64 dqb_itime;
};
struct dquot {
	struct kqid dq_id;
	struct mem_dqblk dq_dqb;
};
struct ext4_inode_info {
	struct inode vfs_inode;
	struct dquot *i_dquot[3];
};

/* kernfs and cgroups */
struct kernfs_node {
	struct kernfs_node *parent; /* guarded: __parent from 6.15 on */
	const char *name;
	u64 id;
};
struct kernfs_node___rcu {
	struct kernfs_node *__parent; /* guarded: parent before 6.15 */
};
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};
struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};
enum cgroup_subsys_id { memory_cgrp_id, pids_cgrp_id, hugetlb_cgrp_id };

/* mm/ */
struct list_head {
	struct list_head *next;
};
typedef struct {
	unsigned long bits[1];
} nodemask_t;
struct page_counter {
	atomic_long_t usage;
	unsigned long max;
	unsigned long watermark;
	unsigned long failcnt;
	struct page_counter *parent;
};
enum memcg_memory_event {
	MEMCG_OOM,
	MEMCG_OOM_KILL,
	MEMCG_OOM_GROUP_KILL /* guarded: from 5.17 */
};
enum node_stat_item {
	NR_INACTIVE_ANON,
	NR_INACTIVE_FILE,
	NR_ACTIVE_FILE,
	NR_SLAB_RECLAIMABLE_B,
	NR_SLAB_UNRECLAIMABLE_B,
	NR_ANON_MAPPED,
	NR_FILE_PAGES,
	NR_SHMEM,
	NR_KERNEL_MISC_RECLAIMABLE,
	NR_KERNEL_STACK_KB
};
enum memcg_stat_item {
	MEMCG_SOCK,
	MEMCG_PERCPU_B,
	MEMCG_KMEM, /* guarded: from 5.18 */
	MEMCG_NR_STAT
};
struct memcg_vmstats {
	long state[1]; /* guarded: from 5.13 */
};
struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
	struct page_counter swap; /* in a union with memsw of v1 */
	struct page_counter tcpmem; /* guarded: not without MEMCG_V1 */
	bool oom_group;
	atomic_long_t memory_events[1];
	struct memcg_vmstats *vmstats; /* guarded: not a pointer before 6.1 */
};
struct mem_cgroup___array {
	atomic_long_t vmstats[1]; /* guarded: before 5.13 */
};
struct hugepage_subpool {
	long max_hpages;
	long used_hpages;
};
struct hstate {
	unsigned int order;
	unsigned long nr_huge_pages;
	unsigned long free_huge_pages;
	unsigned long resv_huge_pages;
	unsigned long surplus_huge_pages;
	unsigned long nr_overcommit_huge_pages;
};
struct hugetlbfs_sb_info {
	struct hstate *hstate;
	struct hugepage_subpool *spool;
};
struct hugetlb_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter hugepage[1];
	struct page_counter rsvd_hugepage[1];
};
struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct mm_struct *vm_mm;
	struct file *vm_file;
	unsigned long vm_pgoff;
};
struct mm_struct {
	unsigned long locked_vm;
	unsigned long def_flags;
	struct percpu_counter rss_stat[4]; /* guarded: from 6.2 */
	atomic_long_t hugetlb_usage;
	atomic_long_t pgtables_bytes;
	unsigned long total_vm, data_vm, stack_vm;
	unsigned long task_size, mmap_base;
	unsigned long start_data, end_data, start_brk, brk, env_end;
	int map_count;
};
struct mm_rss_stat {
	atomic_long_t count[4]; /* guarded: before 6.2 */
};
struct mm_struct___atomic {
	struct mm_rss_stat rss_stat; /* guarded: before 6.2 */
};
struct mempolicy {
	unsigned short mode;
	nodemask_t nodes; /* guarded: from 5.14 */
};
struct mempolicy___v {
	union {
		nodemask_t nodes; /* guarded: before 5.14 */
	} v;                      /* guarded: before 5.14 */
};
enum oom_constraint { CONSTRAINT_NONE };
struct oom_control {
	struct mem_cgroup *memcg;
	nodemask_t *nodemask;
	unsigned int gfp_mask;
	int order;
	unsigned long totalpages;
	struct task_struct *chosen;
	long chosen_points;
	enum oom_constraint constraint;
};
enum zone_stat_item { NR_FREE_PAGES };

/* ipc/ */
struct ns_common {
	unsigned int inum;
};
struct ipc_ids {
	int in_use;
};
struct ipc_params {
	union {
		int nsems;
	} u;
};
struct ipc_namespace {
	struct ipc_ids ids[3]; /* semaphores, messages, shared memory */
	int sem_ctls[4];       /* SEMMSL, SEMMNS, SEMOPM, SEMMNI */
	int used_sems;
	unsigned int msg_ctlmni;
	size_t shm_ctlmax;
	size_t shm_ctlall;
	unsigned long shm_tot;
	int shm_ctlmni;
	unsigned int mq_queues_count;
	unsigned int mq_queues_max;
	unsigned int mq_msg_max;
	unsigned int mq_msgsize_max;
	unsigned int mq_msg_default;
	unsigned int mq_msgsize_default;
	struct ns_common ns;
};
struct sem_queue {
	struct pid *pid;
};
struct mq_attr {
	long mq_maxmsg;
	long mq_msgsize;
};
struct msg_msg { /* only its size, as of the next */
	long m_type;
};
struct posix_msg_tree_node {
	int priority;
};
struct nsproxy {
	struct ipc_namespace *ipc_ns;
	struct pid_namespace *pid_ns_for_children;
	struct mnt_namespace *mnt_ns;
};

/* users. What a user has of an rlimit that counts by user: 5.14 moved it from user_struct to
 * ucounts, where 6.0 gave it an array of its own. */
enum rlimit_type {
	UCOUNT_RLIMIT_NPROC,      /* guarded: from 5.19 */
	UCOUNT_RLIMIT_MSGQUEUE,   /* guarded: from 6.0 */
	UCOUNT_RLIMIT_SIGPENDING, /* guarded: from 6.0 */
	UCOUNT_RLIMIT_MEMLOCK     /* guarded: from 5.19 */
};
struct user_namespace {
	int level;
	struct ucounts *ucounts;
	long rlimit_max[1]; /* guarded: from 5.19 */
	struct ns_common ns;
	long ucount_max[12]; /* int before 5.14 */
};
struct hlist_nulls_node {
};
struct ucounts {
	struct hlist_nulls_node node; /* guarded: hlist_node before 6.14 */
	struct user_namespace *ns;
	kuid_t uid;
	atomic_long_t rlimit[4];  /* guarded: from 6.0 */
	atomic_long_t ucount[12]; /* atomic_t before 5.14 */
};
struct user_struct {
	kuid_t uid;
	atomic_t processes;       /* guarded: before 5.14 */
	atomic_t sigpending;      /* guarded: before 5.14 */
	unsigned long mq_bytes;   /* guarded: before 5.14 */
	unsigned long locked_shm; /* guarded: before 5.14 */
	atomic_long_t locked_vm;
	struct percpu_counter epoll_watches; /* guarded: from 5.15 */
};
struct io_ring_ctx {
	struct user_struct *user;
};

/* net/ */
struct local_ports {
	u32 range; /* guarded: an array of two ints before 6.8, read as such by its size */
};
struct local_ports___pair {
	int range[2]; /* guarded: one word from 6.8 on */
};
struct netns_ipv4 {
	struct local_ports ip_local_ports;
};
struct netns_ipv4___pair {
	struct local_ports___pair ip_local_ports;
};
struct netns_core {
	int sysctl_somaxconn;
};
struct net_generic;
struct net {
	struct ns_common ns;
	struct netns_core core;
	struct netns_ipv4 ipv4;
	struct net_generic *gen;
};
struct netns_ct {
	atomic_t count; /* guarded: before 5.11 */
};
struct net___old {
	struct netns_ct ct; /* guarded: without conntrack there is none */
};
struct nf_conntrack_net { /* of the module nf_conntrack */
	atomic_t count;   /* guarded: from 5.11 on, and with the module */
};
struct proto {
	atomic_long_t *memory_allocated;
	long *sysctl_mem;
	char name[32];
};
struct neigh_table {
	int family;
	int gc_thresh3;
	atomic_t gc_entries;
};
#if !defined(__TARGET_ARCH_arm64)
struct pcpu_hot {
	int preempt_count; /* guarded: from 6.2 to 6.14 */
};
#endif

/* tasks */
struct pid_namespace {
	unsigned int pid_allocated;
	unsigned int level;
	int pid_max; /* guarded: from 6.14 */
	struct pid_namespace *parent;
	struct ns_common ns;
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pids_cgroup {
	struct cgroup_subsys_state css;
	atomic64_t counter;
	atomic64_t limit;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};
struct rlimit {
	unsigned long rlim_cur;
	unsigned long rlim_max;
};
struct task_cputime_atomic {
	atomic64_t utime;
	atomic64_t stime;
};
struct thread_group_cputimer {
	struct task_cputime_atomic cputime_atomic;
};
struct sigpending {
	struct list_head list;
};
struct signal_struct {
	int nr_threads;
	struct sigpending shared_pending;
	struct thread_group_cputimer cputimer;
	struct pid *pids[4];
	struct rlimit rlim[16];
	struct list_head thread_head;
	short oom_score_adj;
	struct mm_struct *oom_mm;
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	struct tty_struct *tty;
};
struct sigaction {
	void *sa_handler;
};
struct k_sigaction {
	struct sigaction sa;
};
struct sighand_struct {
	struct k_sigaction action[64];
};
struct seccomp {
	int mode;
};
typedef struct {
} kernel_cap_t; /* 8 bytes, read as a whole */
struct cred {
	kuid_t uid;
	kernel_cap_t cap_effective;
	kuid_t euid;
	kuid_t fsuid;
	struct key *session_keyring;
	struct key *process_keyring;
	struct key *thread_keyring;
	struct user_struct *user;
	struct user_namespace *user_ns;
	struct ucounts *ucounts; /* guarded: from 5.14 */
};
struct module {
	char name[56];
};
struct thread_info {
#if defined(__TARGET_ARCH_arm64)
	u64 preempt_count;
#else
	u32 status;
#endif
};
struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *parent; /* where ptrace is not 0: who traces it */
	unsigned int ptrace;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 start_boottime;
	const struct cred *real_cred;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct mm_struct *mm;
	int exit_state;
	struct sigpending pending;
	struct list_head tasks, thread_node;
	struct completion *vfork_done;
	nodemask_t mems_allowed;
	struct mempolicy *mempolicy;
	struct sighand_struct *sighand;
	struct seccomp seccomp;
	int exit_code;
	int pdeath_signal;
	struct mem_cgroup *memcg_in_oom; /* guarded: only with cgroup v1 */
};

/* Iterators: kernel/bpf/task_iter.c */
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

/* exec */
struct linux_binprm {
	struct mm_struct *mm;
	unsigned long p, argmin;
	int argc, envc;
	struct rlimit rlim_stack;
};

/* limits of a user: inotify, fanotify, namespaces; epoll, mounts, ptys, keys */
enum ucount_type {
	UCOUNT_USER_NAMESPACES,
	UCOUNT_PID_NAMESPACES,
	UCOUNT_UTS_NAMESPACES,
	UCOUNT_IPC_NAMESPACES,
	UCOUNT_NET_NAMESPACES,
	UCOUNT_MNT_NAMESPACES,
	UCOUNT_CGROUP_NAMESPACES,
	UCOUNT_TIME_NAMESPACES,
	UCOUNT_INOTIFY_INSTANCES,
	UCOUNT_INOTIFY_WATCHES,
	UCOUNT_FANOTIFY_GROUPS,
	UCOUNT_FANOTIFY_MARKS
};
struct inotify_group_private_data {
	struct ucounts *ucounts;
};
struct fanotify_group_private_data {
	struct ucounts *ucounts;
};
struct fsnotify_group {
	struct inotify_group_private_data inotify_data;
	struct fanotify_group_private_data fanotify_data;
};
struct user_struct___atomic {
	atomic_long_t epoll_watches; /* guarded: before 5.15 */
};
struct eventpoll {
	struct user_struct *user;
};
struct mnt_namespace {
	struct ns_common ns;
	unsigned int nr_mounts; /* guarded: mounts before 6.8 */
	unsigned int pending_mounts;
};
struct mnt_namespace___old {
	unsigned int mounts; /* guarded: nr_mounts from 6.8 on */
};
struct pts_mount_opts {
	int reserve;
	int max;
};
struct pts_fs_info {
	struct pts_mount_opts mount_opts;
	struct super_block *sb;
};
struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};
struct rb_root {
	struct rb_node *rb_node;
};
/* The mappings of a process */
struct vm_area_struct___rb {
	struct rb_node vm_rb; /* guarded: before 6.1 */
};
struct mm_struct___rb {
	struct rb_root mm_rb; /* guarded: before 6.1 */
};
struct maple_tree {
	void *ma_root; /* guarded: from 6.1 */
};
struct mm_struct___maple {
	struct maple_tree mm_mt; /* guarded: from 6.1 */
};
struct maple_range_64 {
	unsigned long pivot[15]; /* guarded: from 6.1 */
	void *slot[16];          /* guarded: from 6.1 */
};
struct maple_arange_64 {
	unsigned long pivot[9]; /* guarded: from 6.1 */
	void *slot[10];         /* guarded: from 6.1 */
};
struct key_user {
	struct rb_node node;
	kuid_t uid;
	int qnkeys;
	int qnbytes;
};
struct key_type {
	size_t def_datalen;
};
struct key {
	struct key_user *user;
	unsigned short datalen;
};
struct bpf_prog {
	int *active; /* guarded: from 5.12 */
};
struct kprobe {
	unsigned long nmissed;
};
struct kretprobe {
	struct kprobe kp;
	int nmissed;
};
struct bpf_link_info {
	union {
		struct {
			union {
				struct {
					__u64 missed; /* guarded: from 6.7 */
				} kprobe;             /* guarded: from 6.6 */
			};
		} perf_event; /* guarded: from 6.6 */
	};
};

#pragma clang attribute pop

#endif
