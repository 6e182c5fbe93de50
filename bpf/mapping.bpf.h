/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mapping.bpf.h - which file is mapped at an address of the current process. Only for processes
 * that die of a fault: their memory is gone when the collector looks.
 */
#ifndef FAILCNT_MAPPING_BPF_H
#define FAILCNT_MAPPING_BPF_H

#include "memory.bpf.h"
#include "space.bpf.h"

#define HUGETLBFS_MAGIC 0x958458f6

/* Before 6.1 the mappings of a process were in a red-black tree. */
static __always_inline __u64 find_in_tree(struct mm_struct *mm, __u64 addr)
{
	struct vm_area_struct___rb *vma = NULL;
	struct mm_struct___rb *old = (void *)mm;
	struct rb_node *node;
	int i;

	if (!bpf_core_field_exists(struct mm_struct___rb, mm_rb) ||
	    !bpf_core_field_exists(struct vm_area_struct___rb, vm_rb))
		return 0;
	asm volatile("" : "+r"(old));
	node = BPF_CORE_READ(old, mm_rb.rb_node);
	for (i = 0; i < 34 && node; i++) {
		struct vm_area_struct *at;

		vma = (void *)node - bpf_core_field_offset(struct vm_area_struct___rb, vm_rb);
		at = (void *)vma;
		if (addr >= BPF_CORE_READ(at, vm_end))
			node = BPF_CORE_READ(node, rb_right);
		else if (addr < BPF_CORE_READ(at, vm_start))
			node = BPF_CORE_READ(node, rb_left);
		else
			return (__u64)at;
	}
	return 0;
}

/*
 * From 6.1 on they are in a maple tree (lib/maple_tree.c, mtree_range_walk()): a node's pivots are
 * the last addresses of its slots, ascending, 0 behind the last. A node's address has its type in
 * bits 3 to 6. It is read without a lock: what comes out is checked by the caller.
 */
#define PIVOTS 15      /* of the largest node */
#define MAPLE_LEVELS 6 /* of 10 to 16 slots each: more than a million mappings */

static __always_inline __u64 find_in_maple(struct mm_struct *mm, __u64 addr)
{
	struct mm_struct___maple *new = (void *)mm;
	__u64 entry, pivot[PIVOTS];
	int level, i;

	if (!bpf_core_field_exists(struct mm_struct___maple, mm_mt) ||
	    !bpf_core_field_exists(struct maple_tree, ma_root) ||
	    !bpf_core_field_exists(struct maple_range_64, pivot) ||
	    !bpf_core_field_exists(struct maple_arange_64, slot))
		return 0;
	asm volatile("" : "+r"(new));
	entry = (__u64)BPF_CORE_READ(new, mm_mt.ma_root);
	if ((entry & 3) != 2) /* xa_is_node(): else a single mapping, or none */
		return 0;
	for (level = 0; level < MAPLE_LEVELS; level++) {
		__u64 node = entry & ~0xffULL, slot = 0, here = 1, type = entry >> 3 & 0xf;

		if (entry < 4096)
			return 0;
		/* Of a maple_arange_64, of 9 pivots, some slots too: as numbers those are above any
		 * address of a process, so that they end the search. */
		if (bpf_probe_read_kernel(
			    pivot, sizeof(pivot),
			    (void *)(node + bpf_core_field_offset(struct maple_range_64, pivot))))
			return 0;
		/* here &= pivot < addr && pivot != 0, without a branch for the verifier to follow;
		 * pivots are odd, so that half of them is enough to compare */
		for (i = 0; i < PIVOTS; i++) {
			here &= ((pivot[i] >> 1) - (addr >> 1)) >> 63;
			here &= (pivot[i] | -pivot[i]) >> 63;
			slot += here;
		}
		node += type == 3 /* maple_arange_64 */
				? bpf_core_field_offset(struct maple_arange_64, slot)
				: bpf_core_field_offset(struct maple_range_64, slot);
		if (bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(node + 8 * (slot & 15))))
			return 0;
		if (type < 2) /* maple_dense, maple_leaf_64 */
			return entry;
	}
	return 0;
}

/* Where the mapping of addr should be; 0: nowhere. Global: verified once, and not at each call. */
__noinline __u64 find_mapping(__u64 mm, __u64 addr)
{
	__u64 vma = find_in_maple((void *)mm, addr);

	return vma ? vma : find_in_tree((void *)mm, addr);
}

static __noinline int fill_mapping(struct fc_mapping *m, __u64 addr)
{
	struct mm_struct *mm = current_mm();
	struct vm_area_struct *vma;
	struct super_block *sb;
	struct file *file;
	__u64 start;

	if (!m)
		return 0;
	m->flags = m->pad = 0;
	m->offset = m->size = 0;
	m->name[0] = '\0';
	if (!mm)
		return 0;
	m->flags |= FC_MAP_LOOKED;
	vma = (void *)find_mapping((__u64)mm, addr);
	if (!vma || BPF_CORE_READ(vma, vm_mm) != mm)
		return 0;
	start = BPF_CORE_READ(vma, vm_start);
	if (addr < start || addr >= BPF_CORE_READ(vma, vm_end))
		return 0;
	m->flags |= FC_MAP_FOUND;
	file = BPF_CORE_READ(vma, vm_file);
	if (!file)
		return 0;
	m->flags |= FC_MAP_FILE;
	m->offset = addr - start + (BPF_CORE_READ(vma, vm_pgoff) << page_shift);
	m->size = BPF_CORE_READ(file, f_inode, i_size);
	bpf_probe_read_kernel_str(m->name, sizeof(m->name),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	sb = BPF_CORE_READ(file, f_inode, i_sb);
	if (BPF_CORE_READ(sb, s_magic) == HUGETLBFS_MAGIC)
		m->flags |= FC_MAP_HUGE;
	if (BPF_CORE_READ(sb, s_magic) == TMPFS_MAGIC)
		m->flags |= FC_MAP_TMPFS;
	return 0;
}

#endif
