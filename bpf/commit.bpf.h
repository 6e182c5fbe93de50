/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * commit.bpf.h - overcommit: was it refused because the kernel would not promise more memory?
 *
 * __vm_enough_memory() (mm/util.c) is asked for every private writable mapping, for each of them
 * again at a fork, and for every new page of tmpfs: too hot for a hook. It decides by numbers which
 * are the same a moment later, because it takes back what it counted when it refuses:
 *
 *   mode 0   pages > RAM + swap: one request that could never be kept
 *   mode 2   Committed_AS + pages >= CommitLimit - reserves
 *
 * The kernel compares the middle of a counter per processor, without what these have not added
 * yet; so both that and the exact sum (Committed_AS of /proc/meminfo) count here.
 */
#ifndef FAILCNT_COMMIT_BPF_H
#define FAILCNT_COMMIT_BPF_H

#include "hook.bpf.h"

#define OVERCOMMIT_GUESS 0 /* include/uapi/linux/mman.h */
#define OVERCOMMIT_NEVER 2
#define CAP_SYS_ADMIN 21
#define HUGE_SIZES 4 /* HUGE_MAX_HSTATE of include/asm-generic/hugetlb.h and its architectures */

/* What /proc says of variables, for kernels that hide their addresses. */
struct fc_memory_hints hint_memory;

#define KERNEL_VALUE(type, symbol, otherwise)                                 \
	({                                                                    \
		type v_ = (type)(otherwise);                                  \
		if (ADDR(symbol))                                             \
			bpf_probe_read_kernel(&v_, sizeof(v_), ADDR(symbol)); \
		v_;                                                           \
	})

#define KIB_PAGES(kib) ((kib) >> (page_shift - 10))

static __always_inline __u64 host_pages(void)
{
	return KERNEL_VALUE(__u64, _totalram_pages, hint_memory.ram);
}

static __always_inline __u64 swap_pages(void)
{
	return KERNEL_VALUE(__u64, total_swap_pages, hint_memory.swap);
}

static __always_inline int overcommit_mode(void)
{
	return KERNEL_VALUE(int, sysctl_overcommit_memory, hint_memory.overcommit);
}

/* hugetlb_total_pages() of mm/hugetlb.c */
static __always_inline __u64 huge_pages(void)
{
	int sizes = KERNEL_VALUE(int, hugetlb_max_hstate, 0), i;
	__u64 n = 0;

	for (i = 0; i < HUGE_SIZES; i++) {
		struct hstate *h = (void *)ADDR(hstates) + i * bpf_core_type_size(struct hstate);

		if (i >= sizes || !ADDR(hstates))
			break;
		n += BPF_CORE_READ(h, nr_huge_pages) << (BPF_CORE_READ(h, order) & 31);
	}
	return n;
}

/* vm_commit_limit() of mm/util.c */
static __always_inline __u64 commit_limit(__u64 kbytes, __u32 ratio)
{
	if (!ADDR(_totalram_pages))
		return hint_memory.commit_limit;
	if (kbytes)
		return KIB_PAGES(kbytes) + swap_pages();
	return (host_pages() - huge_pages()) * ratio / 100 + swap_pages();
}

/* Committed_AS: the exact sum, and what the kernel itself compares. */
static __always_inline bool committed_pages(__u64 *ret_sum, __u64 *ret_middle)
{
	const struct percpu_counter *c = (const void *)ADDR(vm_committed_as);
	__s64 middle;

	if (!ADDR(vm_committed_as) || !ADDR(__per_cpu_offset))
		return false;
	middle = BPF_CORE_READ(c, count);
	*ret_sum = percpu_total(c, COUNTER_CPUS);
	*ret_middle = middle > 0 ? middle : 0;
	return true;
}

/* What __vm_enough_memory() keeps back from this process. */
static __always_inline __u64 commit_reserve(struct task_struct *task, struct mm_struct *mm)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u64 user = KIB_PAGES(KERNEL_VALUE(__u64, sysctl_user_reserve_kbytes, 1 << 17));
	__u64 part = BPF_CORE_READ(mm, total_vm) / 32, caps = 0;

	/* 6.3 made kernel_cap_t one number; the bits lie the same. */
	bpf_core_read(&caps, sizeof(caps), &cred->cap_effective);
	if (part > user)
		part = user;
	if (!(caps >> CAP_SYS_ADMIN & 1))
		part += KIB_PAGES(KERNEL_VALUE(__u64, sysctl_admin_reserve_kbytes, 1 << 13));
	return part;
}

/*
 * Does it refuse that many more? 0: no; else what it went by. Not static, and a number only, so
 * that the verifier walks it once: emit.bpf.h.
 */
#define COMMIT_REFUSED 1
#define COMMIT_CERTAIN 2
#define COMMIT_HELD 4 /* pages that are promised, from bit 5; bits 3 and 4: the mode */
#define COMMIT_MODE(found) ((found) >> 3 & 3)
#define COMMIT_PAGES(found) ((found) >> 5)

__noinline __u64 commit_refuses(__u64 pages)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 ratio = KERNEL_VALUE(__u32, sysctl_overcommit_ratio, hint_memory.ratio);
	__u64 kbytes = KERNEL_VALUE(__u64, sysctl_overcommit_kbytes, hint_memory.kbytes);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 found = COMMIT_REFUSED, sum = 0, middle = 0, limit, need;
	int mode = overcommit_mode();

	if (!pages || !mm)
		return 0;
	if (mode == OVERCOMMIT_GUESS) {
		limit = host_pages() + swap_pages();
		if (!limit || pages <= limit)
			return 0;
		found |= COMMIT_CERTAIN;
	} else if (mode == OVERCOMMIT_NEVER) {
		limit = commit_limit(kbytes, ratio);
		need = pages + commit_reserve(task, mm);
		if (!limit)
			return 0;
		if (committed_pages(&sum, &middle)) {
			if (sum + need < limit && middle + need < limit)
				return 0;
			found |= COMMIT_HELD | COMMIT_CERTAIN;
		} else if (need < limit) {
			return 0; /* how much is promised nobody tells here */
		}
	} else {
		return 0;
	}
	return found | (__u64)mode << 3 | sum << 5;
}

/* Not inline: it is the last question of many hooks. w->err stays: tmpfs makes it ENOSPC. */
static __noinline bool refuse_commit(struct refusal *w, __u64 pages)
{
	__u64 found = w ? commit_refuses(pages) : 0, kbytes;
	__u32 ratio;

	if (!found)
		return false;
	ratio = KERNEL_VALUE(__u32, sysctl_overcommit_ratio, hint_memory.ratio);
	kbytes = KERNEL_VALUE(__u64, sysctl_overcommit_kbytes, hint_memory.kbytes);
	if (COMMIT_MODE(found) == OVERCOMMIT_GUESS) {
		w->variant = FC_VARIANT_COMMIT_ONE;
		w->limit = host_pages() + swap_pages();
	} else {
		w->limit = commit_limit(kbytes, ratio);
	}
	w->resource = FC_COMMIT;
	w->held = COMMIT_PAGES(found);
	w->asked = pages;
	w->has = FC_HAS_LIMIT | FC_HAS_ASKED | FC_HAS_MORE;
	if (found & COMMIT_HELD)
		w->has |= FC_HAS_HELD;
	if (found & COMMIT_CERTAIN)
		w->has |= FC_HAS_CERTAIN;
	w->more[0] = COMMIT_MODE(found);
	w->more[1] = ratio;
	w->more[2] = kbytes;
	w->more[3] = swap_pages();
	return true;
}

#endif
