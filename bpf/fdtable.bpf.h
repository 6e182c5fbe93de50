/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fdtable.bpf.h - how many descriptors are open in a table of them.
 */
#ifndef FAILCNT_FDTABLE_BPF_H
#define FAILCNT_FDTABLE_BPF_H

#include "compat.bpf.h"

#define OPEN_FDS_WORDS 128 /* of 64 descriptors, from the lowest free one on */

/*
 * Open descriptors in the words of a map from that of next on; TOO_MANY_WORDS: not all were looked at.
 * Global: the verifier goes through the loop once for a program, and not once for each call of it.
 */
#define TOO_MANY_WORDS (1ULL << 63)

__noinline __u64 count_descriptors(__u64 map, __u32 words, __u32 next)
{
	__u32 at = next / 64, i;
	__u64 n = next;

	for (i = 0; i < OPEN_FDS_WORDS; i++, at++) {
		__u64 w = 0;

		if (at >= words)
			return n;
		bpf_probe_read_kernel(&w, sizeof(w), (unsigned long *)map + at);
		if (i == 0)
			w &= ~0ULL << (next % 64);
		/* Bits of a word, as in lib/hweight.c: BPF has no popcount. */
		w -= (w >> 1) & 0x5555555555555555ULL;
		w = (w & 0x3333333333333333ULL) + ((w >> 2) & 0x3333333333333333ULL);
		w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
		n += w * 0x0101010101010101ULL >> 56;
	}
	return TOO_MANY_WORDS;
}

/*
 * Open descriptors. All below next_fd are open (fs/file.c keeps it at or below
 * the lowest free one), so only the words from there on need counting.
 */
static __always_inline bool open_descriptors(struct files_struct *files, __u64 *ret)
{
	struct fdtable *fdt = BPF_CORE_READ(files, fdt);
	__u64 n = count_descriptors((__u64)BPF_CORE_READ(fdt, open_fds),
				    (BPF_CORE_READ(fdt, max_fds) + 63) / 64,
				    BPF_CORE_READ(files, next_fd));

	if (n == TOO_MANY_WORDS)
		return false; /* a huge table behind a lowered limit: the collector counts */
	*ret = n;
	return true;
}

#endif
