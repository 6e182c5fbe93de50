/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gfp.h - the flags of a request for pages, in the words that the kernel log uses. Pure.
 *
 * Which bit a flag has differs between kernels. Since 6.10 they are an enum
 * (include/linux/gfp_types.h,
 * ___GFP_ZERO_BIT ...), which BTF shows; before that they are macros, the same in 5.10 to 6.9 for
 * those in the table here. A bit that no name is known for stays a number.
 */
#ifndef FAILCNT_GFP_H
#define FAILCNT_GFP_H

#include "util.h"

#define GFP_WORDS 256

enum gfp_flag {
	GFP_DMA,
	GFP_HIGHMEM,
	GFP_DMA32,
	GFP_MOVABLE,
	GFP_RECLAIMABLE,
	GFP_HIGH,
	GFP_IO,
	GFP_FS,
	GFP_ZERO,
	GFP_ATOMIC,
	GFP_DIRECT_RECLAIM,
	GFP_KSWAPD_RECLAIM,
	GFP_WRITE,
	GFP_NOWARN,
	GFP_RETRY_MAYFAIL,
	GFP_NOFAIL,
	GFP_NORETRY,
	GFP_MEMALLOC,
	GFP_COMP,
	GFP_NOMEMALLOC,
	GFP_HARDWALL,
	GFP_THISNODE,
	GFP_ACCOUNT,
	/* What is above differs before 6.10. */
	GFP_ZEROTAGS,
	GFP_SKIP_ZERO,
	GFP_SKIP_KASAN,
	GFP_NOLOCKDEP,
	GFP_NO_OBJ_EXT,
	GFP_FLAGS,
};

/* mask: of each flag; 0: the kernel has none. All 0: as before 6.10. */
struct gfp_table {
	uint32_t mask[GFP_FLAGS];
};

/* Takes one enumerator of the kernel's, "___GFP_ZERO_BIT" = 8; others are passed over. */
void gfp_enumerator(struct gfp_table *t, const char *name, uint32_t bit);

/* "GFP_HIGHUSER_MOVABLE|__GFP_COMP"; returns buf. */
const char *gfp_words(char buf[GFP_WORDS], uint32_t flags, const struct gfp_table *t);

#endif
