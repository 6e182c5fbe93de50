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
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false, true };

/* Of the BPF interface itself: stable numbers (include/uapi/linux/bpf.h). */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };
enum { BPF_RB_NO_WAKEUP = 1 };
enum bpf_func_id {
	BPF_FUNC_task_pt_regs = 175,         /* guarded: from 5.15 */
	BPF_FUNC_get_current_task_btf = 158, /* guarded: from 5.11 */
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
struct sock_common {
	unsigned short skc_family;
	u16 skc_num;
	u32 skc_rcv_saddr;
	struct in6_addr skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
};
struct socket {
	struct sock *sk;
};
struct super_block {
	void *s_fs_info;
};
struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
};
struct file {
	void *private_data;
	struct inode *f_inode;
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
struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
	struct page_counter swap; /* in a union with memsw of v1 */
	bool oom_group;
	atomic_long_t memory_events[1];
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
	struct file *vm_file;
};
struct mm_struct {
	unsigned long total_vm;
	unsigned long locked_vm;
	unsigned long def_flags;
	struct percpu_counter rss_stat[4]; /* guarded: from 6.2 */
	atomic_long_t pgtables_bytes;
};
struct mm_rss_stat {
	atomic_long_t count[4]; /* guarded: before 6.2 */
};
struct mm_struct___atomic {
	struct mm_rss_stat rss_stat; /* guarded: before 6.2 */
};
enum oom_constraint { CONSTRAINT_NONE };
struct oom_control {
	struct mem_cgroup *memcg;
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
struct ipc_namespace {
	struct ipc_ids ids[3]; /* semaphores, messages, shared memory */
	int sem_ctls[4];       /* SEMMSL, SEMMNS, SEMOPM, SEMMNI */
	int used_sems;
	struct ns_common ns;
};
struct nsproxy {
	struct ipc_namespace *ipc_ns;
	struct pid_namespace *pid_ns_for_children;
};

/* users */
enum rlimit_type {
	UCOUNT_RLIMIT_NPROC,  /* guarded: from 5.19 */
	UCOUNT_RLIMIT_MEMLOCK /* guarded: from 5.19 */
};
struct user_namespace {
	int level;
	struct ucounts *ucounts;
	long rlimit_max[1]; /* guarded: from 5.19 */
	struct ns_common ns;
};
struct ucounts {
	struct user_namespace *ns;
	kuid_t uid;
	atomic_long_t rlimit[1]; /* guarded: from 5.19 */
};
struct user_struct {
	kuid_t uid;
	atomic_t processes;       /* guarded: before 5.14 */
	unsigned long locked_shm; /* guarded: before 5.14 */
	atomic_long_t locked_vm;
};
struct io_ring_ctx {
	struct user_struct *user;
};

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
struct signal_struct {
	struct pid *pids[4];
	struct rlimit rlim[16];
	short oom_score_adj;
	struct mm_struct *oom_mm;
};
typedef struct {
} kernel_cap_t; /* 8 bytes, read as a whole */
struct cred {
	kuid_t uid;
	kernel_cap_t cap_effective;
	struct user_struct *user;
	struct user_namespace *user_ns;
	struct ucounts *ucounts; /* guarded: from 5.14 */
};
#if !defined(__TARGET_ARCH_arm64)
struct thread_info {
	u32 status;
};
#endif
struct task_struct {
#if !defined(__TARGET_ARCH_arm64)
	struct thread_info thread_info;
#endif
	void *stack;
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 start_boottime;
	const struct cred *real_cred;
	const struct cred *cred;
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct mm_struct *mm;
};

#pragma clang attribute pop

#endif
