/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fdtable.bpf.h - how many descriptors are open in a table of them.
 */
#ifndef FAILCNT_FDTABLE_BPF_H
#define FAILCNT_FDTABLE_BPF_H

#include "compat.bpf.h"

#define OPEN_FDS_WORDS 128 /* of 64 descriptors, from the lowest free one on */

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

#endif
