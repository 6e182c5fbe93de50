/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hugetlb.bpf.h - huge pages: why mmap and shmget said ENOMEM, and why a fault ended in SIGBUS.
 *
 * hugetlb_reserve_pages() (mm/hugetlb.c) promises pages for a mapping, and alloc_hugetlb_folio()
 * (before 6.4 alloc_huge_page()) gives one where none was promised: MAP_NORESERVE. Both ask the
 * reservation or usage limit of the cgroup, then the size of the hugetlbfs mount, then the pool of
 * that page size: what is free and not promised, and what overcommit may add. A pool that may grow
 * and finds no memory in one piece is no limit, and not told.
 */
#ifndef FAILCNT_HUGETLB_BPF_H
#define FAILCNT_HUGETLB_BPF_H

#include "commit.bpf.h"
#include "where.bpf.h"

#define MAP_HUGETLB 0x40000
#define SHM_HUGETLB 04000
#define HUGE_SIZE_SHIFT 26 /* of both flags: log2 of the size, 0: the default */
#define HUGE_SIZE_MASK 0x3f
#define HUGETLB_LEVELS 8

/* 6.17 made a number of what had been true or false. From BTF. */
const volatile bool hugetlb_reserve_is_bool;
#define RESERVE_FAILED(ret) (hugetlb_reserve_is_bool ? !((ret)&0xff) : (ret) < 0)

static __always_inline __u32 page_order(struct hstate *h)
{
	return BPF_CORE_READ(h, order) & 31;
}

/* What is in use or promised, and how many there can be. */
static __always_inline bool pool_full(struct refusal *w, struct hstate *h, __u64 asked)
{
	__u64 all = BPF_CORE_READ(h, nr_huge_pages), extra = BPF_CORE_READ(h, surplus_huge_pages);
	__u64 over = BPF_CORE_READ(h, nr_overcommit_huge_pages);

	w->resource = FC_HUGEPAGES;
	w->held = all - BPF_CORE_READ(h, free_huge_pages) + BPF_CORE_READ(h, resv_huge_pages);
	w->limit = all - extra + over;
	w->asked = asked;
	w->more[0] = 4096ULL << page_order(h);
	w->more[1] = all - extra;
	w->more[2] = over;
	w->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_ASKED | FC_HAS_MORE;
	return w->held + asked > w->limit;
}

static __always_inline bool mount_full(struct refusal *w, struct inode *inode,
				       struct hugepage_subpool *pool, __u64 asked)
{
	long max = pool ? BPF_CORE_READ(pool, max_hpages) : -1;
	long used = BPF_CORE_READ(pool, used_hpages);

	if (max < 0 || used + asked <= (__u64)max)
		return false;
	w->variant = FC_VARIANT_HUGETLB_MOUNT;
	w->held = used;
	w->limit = max;
	note_device(w, BPF_CORE_READ(inode, i_sb));
	return true;
}

/* Which of the sizes: its place in the kernel's table; -1: the table is hidden. */
static __always_inline int size_index(struct hstate *h)
{
	__u64 offset = (__u64)h - (__u64)ADDR(hstates);

	if (!ADDR(hstates))
		return -1;
	return offset / bpf_core_type_size(struct hstate);
}

static __always_inline struct cgroup_subsys_state *hugetlb_css(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;

	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, hugetlb_cgrp_id))
		bpf_probe_read_kernel(
			&css, sizeof(css),
			(void *)__builtin_preserve_access_index(&set->subsys) +
				8 * bpf_core_enum_value(enum cgroup_subsys_id, hugetlb_cgrp_id));
	return css;
}

/* __hugetlb_cgroup_charge_cgroup() of mm/hugetlb_cgroup.c: upwards, the first that is full. */
static __always_inline bool cgroup_full(struct refusal *w, struct hstate *h, __u64 asked, bool rsvd)
{
	struct cgroup_subsys_state *css = hugetlb_css();
	__u64 pages = asked << page_order(h);
	int index = size_index(h), i;

	if (index < 0 || index >= HUGE_SIZES)
		return false;
	for (i = 0; i < HUGETLB_LEVELS; i++) {
		struct hugetlb_cgroup *g =
			(void *)css - bpf_core_field_offset(struct hugetlb_cgroup, css);
		struct page_counter *c =
			rsvd ? __builtin_preserve_access_index(&g->rsvd_hugepage[0])
			     : __builtin_preserve_access_index(&g->hugepage[0]);

		if (!css)
			return false;
		c = (void *)c + index * bpf_core_type_size(struct page_counter);
		w->held = BPF_CORE_READ(c, usage.counter);
		w->limit = BPF_CORE_READ(c, max);
		if (w->held + pages > w->limit)
			break;
		css = BPF_CORE_READ(css, parent);
	}
	if (i == HUGETLB_LEVELS)
		return false;
	w->variant = rsvd ? FC_VARIANT_HUGETLB_RSVD : FC_VARIANT_HUGETLB_CGROUP;
	w->held *= 4096;
	w->limit *= 4096;
	w->asked = pages * 4096;
	w->owner = BPF_CORE_READ(css, cgroup, kn);
	w->more[3] = BPF_CORE_READ(css, cgroup, root, hierarchy_id) != 0;
	return true;
}

static __always_inline bool refuse_huge(struct refusal *w, struct inode *inode, __u64 asked,
					bool reserving)
{
	struct hugetlbfs_sb_info *info = BPF_CORE_READ(inode, i_sb, s_fs_info);
	struct hstate *h = BPF_CORE_READ(info, hstate);
	__u64 held, limit;
	bool full;

	if (!h)
		return false;
	full = pool_full(w, h, asked);
	held = w->held;
	limit = w->limit;
	w->has |= FC_HAS_CERTAIN;
	if (cgroup_full(w, h, asked, true) || (!reserving && cgroup_full(w, h, asked, false)) ||
	    mount_full(w, inode, BPF_CORE_READ(info, spool), asked))
		return true;
	w->held = held;
	w->limit = limit;
	return full;
}

/* hugetlb_reserve_pages(inode, from, to): the caller says ENOMEM, whatever it was. */
static __always_inline bool refuse_reserve(struct refusal *w, const struct refused_call *c)
{
	__u64 from = c->arg[1], to = c->arg[2];

	w->err = ENOMEM;
	return c->has_args && to > from &&
	       refuse_huge(w, (struct inode *)c->arg[0], to - from, true);
}

/* alloc_hugetlb_folio(vma, address, cow_from_owner): with the last one the kernel takes the page
 * from a child and tries again. */
static __always_inline bool refuse_huge_page(struct refusal *w, const struct refused_call *c)
{
	struct vm_area_struct *vma = (void *)c->arg[0];
	struct inode *inode;

	if (!c->has_args || (__u8)c->arg[2])
		return false;
	inode = BPF_CORE_READ(vma, vm_file, f_inode);
	return refuse_huge(w, inode, 1, false);
}

ON_RETURN_ARGS(FC_HOOK_HUGETLB_RESERVE, hugetlb_reserve_pages, long, RESERVE_FAILED(ret),
	       refuse_reserve)
ON_RETURN_ARGS(FC_HOOK_HUGE_PAGE, alloc_huge_page, long, ret == -ENOSPC, refuse_huge_page)
ON_RETURN_ARGS(FC_HOOK_HUGE_FOLIO, alloc_hugetlb_folio, long, ret == -ENOSPC, refuse_huge_page)

/* The pool that the flags of mmap and shmget name; NULL: the table is hidden, or no such size. */
static __always_inline struct hstate *pool_named(__u64 flags)
{
	__u32 log = flags >> HUGE_SIZE_SHIFT & HUGE_SIZE_MASK, i, index = 0;
	void *at = (void *)ADDR(hstates);

	if (!ADDR(hstates) || (!log && !ADDR(default_hstate_idx)))
		return NULL;
	if (!log) {
		bpf_probe_read_kernel(&index, sizeof(index), ADDR(default_hstate_idx));
		return at + (index & 3) * bpf_core_type_size(struct hstate);
	}
	for (i = 0; i < HUGE_SIZES; i++, at += bpf_core_type_size(struct hstate))
		if (page_order(at) + 12 == log)
			return at;
	return NULL;
}

/* At the end of mmap and shmget only the pool is looked at. */
static __always_inline bool exit_hugetlb(struct refusal *w, const struct refused_call *c)
{
	bool shm = c->regs.call == FC_CALL_SHMGET;
	__u64 flags = shm ? c->regs.arg[2] : c->regs.arg[3], size;
	struct hstate *h;

	if (c->ret != -ENOMEM || !(flags & (shm ? SHM_HUGETLB : MAP_HUGETLB)))
		return false;
	h = pool_named(flags);
	if (!h)
		return false;
	size = 4096ULL << page_order(h);
	if (!pool_full(w, h, (c->regs.arg[1] + size - 1) >> (page_order(h) + 12)))
		return false;
	w->has |= FC_HAS_CERTAIN;
	return true;
}

#endif
