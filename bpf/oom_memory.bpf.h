/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom_memory.bpf.h - the memory at the moment of a kill: what a cgroup's is made of, and how the
 * host stands.
 *
 * memory.stat of a cgroup comes from memcg->vmstats (memcg_page_state() of mm/memcontrol.c), in
 * three shapes: an array of its own (before 5.13), a structure (to 6.0; not read), a pointer to
 * one. Since 6.11 its `state` holds only what is counted, and mem_cgroup_stats_index[] tells where.
 * The sums are as of the last flush: the kernel flushes them when it prints the memory of the
 * cgroup before a kill, and every two seconds. The collector looks whether they add up to the
 * usage.
 */
#ifndef FAILCNT_OOM_MEMORY_BPF_H
#define FAILCNT_OOM_MEMORY_BPF_H

#include "commit.bpf.h"

struct stat_table {
	const void *at;    /* NULL: not readable here */
	const __u8 *index; /* NULL: by the numbers of the enum themselves */
	__u8 first;        /* of index: what the first of all items has */
	__u32 n;
};

static __always_inline void stat_table(struct stat_table *t, struct mem_cgroup *memcg)
{
	t->at = t->index = NULL;
	t->first = 0;
	if (bpf_core_field_exists(memcg->vmstats) &&
	    bpf_core_field_exists(struct memcg_vmstats, state)) {
		struct memcg_vmstats *v = BPF_CORE_READ(memcg, vmstats);

		asm volatile("" : "+r"(v));
		t->at = __builtin_preserve_access_index(&v->state);
		t->n = bpf_core_field_size(v->state) / 8;
		if (t->n >= bpf_core_enum_value(enum memcg_stat_item, MEMCG_NR_STAT))
			return;
		if (!ADDR(mem_cgroup_stats_index)) {
			t->at = NULL;
			return;
		}
		t->index = (const void *)ADDR(mem_cgroup_stats_index);
		/* The first in memcg_node_stat_items[]: 1 while 0 meant "not counted", 0 since. */
		bpf_probe_read_kernel(
			&t->first, 1,
			t->index + bpf_core_enum_value(enum node_stat_item, NR_INACTIVE_ANON));
	} else if (bpf_core_field_exists(struct mem_cgroup___array, vmstats)) {
		struct mem_cgroup___array *old = (void *)memcg;

		t->at = __builtin_preserve_access_index(&old->vmstats);
		t->n = bpf_core_enum_value(enum memcg_stat_item, MEMCG_NR_STAT);
	}
}

/* False: it is not counted here. */
static __always_inline bool stat_read(const struct stat_table *t, __u32 item, __u64 *ret)
{
	__s64 n = 0;

	if (t->index) {
		__u8 at = 0;

		bpf_probe_read_kernel(&at, 1, t->index + item);
		item = (__u32)at - t->first;
	}
	if (!t->at || item >= t->n || bpf_probe_read_kernel(&n, sizeof(n), t->at + 8 * item) < 0)
		return false;
	*ret = n > 0 ? n : 0;
	return true;
}

#define NODE_STAT(item) bpf_core_enum_value(enum node_stat_item, item)
#define MEMCG_STAT(item) bpf_core_enum_value(enum memcg_stat_item, item)

/* MEMCG_KMEM, or what it is made of: slab, stacks and per-processor memory. */
static __always_inline bool kernel_bytes(const struct stat_table *t, __u64 *ret)
{
	__u64 n = 0, sum = 0;

	if (bpf_core_enum_value_exists(enum memcg_stat_item, MEMCG_KMEM)) {
		if (!stat_read(t, MEMCG_STAT(MEMCG_KMEM), &n))
			return false;
		*ret = n << page_shift;
		return true;
	}
	if (!stat_read(t, NODE_STAT(NR_SLAB_RECLAIMABLE_B), &sum) ||
	    !stat_read(t, NODE_STAT(NR_SLAB_UNRECLAIMABLE_B), &n))
		return false;
	sum += n;
	if (stat_read(t, NODE_STAT(NR_KERNEL_STACK_KB), &n))
		sum += n << 10;
	if (stat_read(t, MEMCG_STAT(MEMCG_PERCPU_B), &n))
		sum += n;
	*ret = sum;
	return true;
}

static __noinline int fill_split(struct fc_split *s, struct mem_cgroup *memcg)
{
	struct stat_table t;

	s->has = s->pad = 0;
	if (!memcg || !s)
		return 0;
	stat_table(&t, memcg);
	if (stat_read(&t, NODE_STAT(NR_ANON_MAPPED), &s->anon))
		s->has |= FC_SPLIT_ANON;
	if (stat_read(&t, NODE_STAT(NR_FILE_PAGES), &s->file))
		s->has |= FC_SPLIT_FILE;
	if (stat_read(&t, NODE_STAT(NR_SHMEM), &s->shmem))
		s->has |= FC_SPLIT_SHMEM;
	if (stat_read(&t, MEMCG_STAT(MEMCG_SOCK), &s->sock))
		s->has |= FC_SPLIT_SOCK;
	if (kernel_bytes(&t, &s->kernel))
		s->has |= FC_SPLIT_KERNEL;
	s->anon <<= page_shift;
	s->file <<= page_shift;
	s->shmem <<= page_shift;
	s->sock <<= page_shift;
	return 0;
}

static __always_inline __u64 host_stat(const void *table, __u32 item)
{
	__s64 n = 0;

	bpf_probe_read_kernel(&n, sizeof(n), table + 8 * item);
	return n > 0 ? n : 0;
}

/* The host, where the kernel's symbol table tells where to look. */
static __noinline int fill_host_memory(struct fc_host *h)
{
	if (!h)
		return 0;
	h->has = h->pad = 0;
	h->total = host_pages();
	h->swap_total = swap_pages();
	if (ADDR(vm_zone_stat)) {
		h->free = host_stat(ADDR(vm_zone_stat),
				    bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES));
		h->has |= FC_HOST_FREE;
	}
	if (ADDR(nr_swap_pages)) {
		h->swap_free = host_stat(ADDR(nr_swap_pages), 0);
		h->has |= FC_HOST_SWAP;
	}
	if (ADDR(vm_committed_as)) {
		h->committed = percpu_total((const void *)ADDR(vm_committed_as), COUNTER_CPUS);
		h->has |= FC_HOST_COMMITTED;
	}
	if (ADDR(hstates) && ADDR(hugetlb_max_hstate)) {
		h->huge = huge_pages();
		h->has |= FC_HOST_HUGE;
	}
	if (ADDR(vm_node_stat) && ADDR(totalreserve_pages)) {
		h->file = host_stat(ADDR(vm_node_stat), NODE_STAT(NR_ACTIVE_FILE)) +
			  host_stat(ADDR(vm_node_stat), NODE_STAT(NR_INACTIVE_FILE));
		h->reclaimable =
			host_stat(ADDR(vm_node_stat), NODE_STAT(NR_SLAB_RECLAIMABLE_B)) +
			host_stat(ADDR(vm_node_stat), NODE_STAT(NR_KERNEL_MISC_RECLAIMABLE));
		h->reserve = host_stat(ADDR(totalreserve_pages), 0);
		h->has |= FC_HOST_CACHE;
	}
	return 0;
}

#endif
