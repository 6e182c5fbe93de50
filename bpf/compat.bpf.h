/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.bpf.h - everything in which kernels differ, each with its reason. The
 * rest of bpf/ reads as if there were one kernel.
 */
#ifndef FAILCNT_COMPAT_BPF_H
#define FAILCNT_COMPAT_BPF_H

#include "vmlinux.h"

#include "event.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define PF_IO_WORKER 0x00000010 /* io_uring: its user registers mean nothing */
#define PF_KTHREAD 0x00200000
#define TS_COMPAT 0x0002 /* x86: in a 32-bit system call (asm/thread_info.h) */

#if defined(__TARGET_ARCH_arm64)
#define SYSCALL_PREFIX __arm64_sys_
#else
#define SYSCALL_PREFIX __x64_sys_
#endif

/* asm-generic/errno*.h: what limits refuse with */
#define EPERM 1
#define E2BIG 7
#define EAGAIN 11
#define ENOMEM 12
#define EINVAL 22
#define ENFILE 23
#define EMFILE 24
#define EFBIG 27
#define ENOSPC 28
#define ERANGE 34
#define EADDRNOTAVAIL 99
#define ENOBUFS 105
#define EDQUOT 122

/*
 * A zero of which the verifier does not know that it is one: what it knows it goes on to tell
 * apart, and walks all that follows once more for each combination of what was set and what was
 * not. A start waits for that.
 */
__u64 nothing;
#define ZERO() (*(volatile __u64 *)&nothing)

struct task_regs {
	__s64 nr; /* -1: not in a system call */
	__u64 arg[5];
	bool compat;
	__u8 call; /* enum fc_call */
};

/* Filled by the collector: what each number means, of native and of 32-bit calls. */
const volatile __u8 call_of[2][FC_CALL_NUMBERS];

static __always_inline struct pt_regs *task_pt_regs(struct task_struct *task)
{
	/* 5.15 brought a helper. On 7.3 the registers no longer lie at the end of the stack, so the
	 * arithmetic is only for kernels without the helper, where it holds. */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return (struct pt_regs *)((__u64)BPF_CORE_READ(task, stack) + 16384 -
				  bpf_core_type_size(struct pt_regs));
}

/* One register of the current task's, typed where the kernel knows how: that is one load. */
#define TASK_REG(to, reg)                                                                        \
	do {                                                                                     \
		if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))         \
			(to) = ((struct pt_regs *)bpf_task_pt_regs(                              \
					(void *)bpf_get_current_task_btf()))                     \
				       ->reg;                                                    \
		else                                                                             \
			(to) = BPF_CORE_READ(task_pt_regs((void *)bpf_get_current_task()), reg); \
	} while (0)

/* What typed registers tell: the system call, and the arguments that 64-bit programs have there. */
#if defined(__TARGET_ARCH_arm64)
#define TASK_NR(r) ((r)->syscallno)
#define TASK_ARG0(r) ((r)->orig_x0)
#define TASK_ARG1(r) ((r)->regs[1])
#define TASK_ARG2(r) ((r)->regs[2])
#define TASK_ARG3(r) ((r)->regs[3])
#define TASK_COMPAT(task, r) ((r)->pstate & 0x10) /* PSR_MODE32_BIT */
#else
#define TASK_NR(r) ((__s64)(r)->orig_ax)
#define TASK_ARG0(r) ((r)->di)
#define TASK_ARG1(r) ((r)->si)
#define TASK_ARG2(r) ((r)->dx)
#define TASK_ARG3(r) ((r)->r10)
#define TASK_COMPAT(task, r) ((task)->thread_info.status & TS_COMPAT)
#endif
/* Where variables of the kernel are, from its symbol table: NULL where it does not tell. */
#define KSYM(name) const volatile __u64 ksym_##name;
#include "ksyms.def"
#undef KSYM
#define ADDR(name) ((const char *)ksym_##name)

/* Which call of a 64-bit program. */
static __always_inline __u8 native_call(__u64 nr)
{
	__u64 i = nr & (FC_CALL_NUMBERS - 1);

	asm volatile("" : "+r"(i)); /* the register that has bounds is the one that is used */
	return nr < FC_CALL_NUMBERS ? call_of[0][i] : FC_CALL_OTHER;
}

/* The system call that current is in, with its first five arguments. */
static __always_inline void current_regs(struct task_regs *r)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 zero = ZERO(), compat = 0, i;
	struct pt_regs *regs;

	r->nr = zero - 1;
	*(__u8 *)&r->compat = zero; /* a bool would be compared */
	r->call = FC_CALL_OTHER + zero;
	for (int i = 0; i < 5; i++)
		r->arg[i] = zero;
	if (BPF_CORE_READ(task, flags) & (PF_IO_WORKER | PF_KTHREAD))
		return;
	regs = task_pt_regs(task);
#if defined(__TARGET_ARCH_arm64)
	r->nr = BPF_CORE_READ(regs, syscallno);
	r->arg[0] = BPF_CORE_READ(regs, orig_x0);
	r->arg[1] = BPF_CORE_READ(regs, regs[1]);
	r->arg[2] = BPF_CORE_READ(regs, regs[2]);
	r->arg[3] = BPF_CORE_READ(regs, regs[3]);
	r->arg[4] = BPF_CORE_READ(regs, regs[4]);
	compat = BPF_CORE_READ(regs, pstate) / 0x10 & 1; /* PSR_MODE32_BIT */
	*(__u8 *)&r->compat = compat;
#else
	r->nr = (__s64)BPF_CORE_READ(regs, orig_ax);
	/* Not by the code segment: a 64-bit program may say int $0x80 too. */
	compat = BPF_CORE_READ(task, thread_info.status) / TS_COMPAT & 1;
	barrier_var(compat);
	*(__u8 *)&r->compat = compat;
	barrier_var(compat); /* the compiler would store each value where it is known */
	if (compat) {        /* i386: ebx, ecx, edx, esi, edi */
		r->arg[0] = (__u32)BPF_CORE_READ(regs, bx);
		r->arg[1] = (__u32)BPF_CORE_READ(regs, cx);
		r->arg[2] = (__u32)BPF_CORE_READ(regs, dx);
		r->arg[3] = (__u32)BPF_CORE_READ(regs, si);
		r->arg[4] = (__u32)BPF_CORE_READ(regs, di);
	} else {
		r->arg[0] = BPF_CORE_READ(regs, di);
		r->arg[1] = BPF_CORE_READ(regs, si);
		r->arg[2] = BPF_CORE_READ(regs, dx);
		r->arg[3] = BPF_CORE_READ(regs, r10);
		r->arg[4] = BPF_CORE_READ(regs, r8);
	}
#endif
	i = (r->nr & (FC_CALL_NUMBERS - 1)) + compat * FC_CALL_NUMBERS;
	barrier_var(i); /* 5.10 wants the bounds in the register that is used */
	i &= 2 * FC_CALL_NUMBERS - 1;
	if (!((__u64)r->nr / FC_CALL_NUMBERS))
		r->call = (&call_of[0][0])[i];
}

/* 6.15 renamed kernfs_node.parent to __parent (it became an RCU pointer). */
static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn)
{
	if (bpf_core_field_exists(struct kernfs_node___rcu, __parent))
		return BPF_CORE_READ((struct kernfs_node___rcu *)kn, __parent);
	return BPF_CORE_READ(kn, parent);
}

/* 6.2 made rss_stat an array of percpu counters; `count` lags behind by what
 * its processors have not added yet, at most 32 pages each (the kernel log of 7.x adds them up). */
static __always_inline __u64 mm_rss(struct mm_struct *mm, int member)
{
	struct mm_struct___atomic *old = (void *)mm;
	__s64 n = 0;
	void *at;

	if (bpf_core_field_exists(old->rss_stat.count)) {
		at = __builtin_preserve_access_index(&old->rss_stat.count);
		at += member * 8;
	} else {
		at = __builtin_preserve_access_index(&mm->rss_stat);
		at += member * bpf_core_type_size(struct percpu_counter) +
		      bpf_core_field_offset(struct percpu_counter, count);
	}
	bpf_probe_read_kernel(&n, sizeof(n), at);
	return n > 0 ? n : 0; /* both forms may be briefly negative */
}

/* include/linux/preempt.h: serving a softirq, a hard interrupt or an NMI */
#define IN_INTERRUPT 0x00ff0100

#if defined(__TARGET_ARCH_arm64)
static __always_inline bool in_interrupt(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.preempt_count) & IN_INTERRUPT;
}
#else
/* A variable of each processor; 6.2 to 6.14 had it inside pcpu_hot. By address and not by
 * type: 5.10 refuses a program that names a typed one which it does not have. */
static __always_inline bool in_interrupt(void)
{
	__u64 offset = 0, at = (__u64)ADDR(__preempt_count);
	__u32 count = 0;

	if (!at && ADDR(pcpu_hot) && bpf_core_field_exists(struct pcpu_hot, preempt_count))
		at = (__u64)ADDR(pcpu_hot) + bpf_core_field_offset(struct pcpu_hot, preempt_count);
	/* Where the kernel hides its symbols, nobody is named. */
	if (!at || !ADDR(__per_cpu_offset))
		return true;
	bpf_probe_read_kernel(&offset, sizeof(offset),
			      (const void *)ADDR(__per_cpu_offset) +
				      8 * bpf_get_smp_processor_id());
	bpf_probe_read_kernel(&count, sizeof(count), (const void *)(at + offset));
	return count & IN_INTERRUPT;
}
#endif

/* Which controllers exist decides the numbers of the rest: only BTF knows them. */
static __always_inline struct mem_cgroup *css_set_memcg(struct css_set *set)
{
	void *subsys = __builtin_preserve_access_index(&set->subsys);
	struct cgroup_subsys_state *css = NULL;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	bpf_probe_read_kernel(
		&css, sizeof(css),
		subsys + 8 * bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	if (!css)
		return NULL;
	return (void *)css - bpf_core_field_offset(struct mem_cgroup, css);
}

/*
 * What the user of cred has of an rlimit that counts by user. type: of enum rlimit_type; before
 * 5.14 a field of user_struct had it (they all left at once). False: neither is here (5.14 to 5.19,
 * of another shape).
 */
#define cred_rlimit(cred, type, field, ret)                                                 \
	({                                                                                  \
		const struct cred *cred_ = (cred);                                          \
		bool found_ = true;                                                         \
		if (bpf_core_field_exists(struct ucounts, rlimit) &&                        \
		    bpf_core_enum_value_exists(enum rlimit_type, type)) {                   \
			struct ucounts *u_ = BPF_CORE_READ(cred_, ucounts);                 \
			__s64 n_ = 0;                                                       \
			asm volatile("" : "+r"(u_));                                        \
			bpf_probe_read_kernel(                                              \
				&n_, sizeof(n_),                                            \
				(void *)__builtin_preserve_access_index(&u_->rlimit) +      \
					8 * bpf_core_enum_value(enum rlimit_type, type));   \
			*(ret) = n_ > 0 ? n_ : 0;                                           \
		} else if (bpf_core_field_exists(struct user_struct, sigpending)) {         \
			struct user_struct *u_ = BPF_CORE_READ(cred_, user);                \
			asm volatile("" : "+r"(u_));                                        \
			*(ret) = 0;                                                         \
			bpf_probe_read_kernel(ret, bpf_core_field_size(u_->field),          \
					      __builtin_preserve_access_index(&u_->field)); \
		} else {                                                                    \
			found_ = false;                                                     \
		}                                                                           \
		found_;                                                                     \
	})

#define memcg_event(memcg, event)                                                                  \
	({                                                                                         \
		__s64 n_ = 0;                                                                      \
		if (bpf_core_enum_value_exists(enum memcg_memory_event, event))                    \
			bpf_probe_read_kernel(                                                     \
				&n_, sizeof(n_),                                                   \
				(void *)__builtin_preserve_access_index(&(memcg)->memory_events) + \
					8 * bpf_core_enum_value(enum memcg_memory_event, event));  \
		n_;                                                                                \
	})

#endif
