// SPDX-License-Identifier: GPL-2.0-only
/*
 * gfp.c - the flags of a request for pages, in words.
 */
#include "gfp.h"

static const char *const names[GFP_FLAGS] = {
	[GFP_DMA] = "DMA",
	[GFP_HIGHMEM] = "HIGHMEM",
	[GFP_DMA32] = "DMA32",
	[GFP_MOVABLE] = "MOVABLE",
	[GFP_RECLAIMABLE] = "RECLAIMABLE",
	[GFP_HIGH] = "HIGH",
	[GFP_IO] = "IO",
	[GFP_FS] = "FS",
	[GFP_ZERO] = "ZERO",
	[GFP_ATOMIC] = "ATOMIC",
	[GFP_DIRECT_RECLAIM] = "DIRECT_RECLAIM",
	[GFP_KSWAPD_RECLAIM] = "KSWAPD_RECLAIM",
	[GFP_WRITE] = "WRITE",
	[GFP_NOWARN] = "NOWARN",
	[GFP_RETRY_MAYFAIL] = "RETRY_MAYFAIL",
	[GFP_NOFAIL] = "NOFAIL",
	[GFP_NORETRY] = "NORETRY",
	[GFP_MEMALLOC] = "MEMALLOC",
	[GFP_COMP] = "COMP",
	[GFP_NOMEMALLOC] = "NOMEMALLOC",
	[GFP_HARDWALL] = "HARDWALL",
	[GFP_THISNODE] = "THISNODE",
	[GFP_ACCOUNT] = "ACCOUNT",
	[GFP_ZEROTAGS] = "ZEROTAGS",
	[GFP_SKIP_ZERO] = "SKIP_ZERO",
	[GFP_SKIP_KASAN] = "SKIP_KASAN",
	[GFP_NOLOCKDEP] = "NOLOCKDEP",
	[GFP_NO_OBJ_EXT] = "NO_OBJ_EXT",
};

#define F(flag) (1u << GFP_##flag)
#define RECLAIM (F(DIRECT_RECLAIM) | F(KSWAPD_RECLAIM))
#define KERNEL (RECLAIM | F(IO) | F(FS))
#define USER (KERNEL | F(HARDWALL))
#define MOVABLE (USER | F(HIGHMEM) | F(MOVABLE))
#define LIGHT ((MOVABLE | F(COMP) | F(NOMEMALLOC) | F(NOWARN)) & ~RECLAIM)

/* __def_gfpflag_names of include/trace/events/mmflags.h: the first that fits is taken. */
static const struct {
	const char *name;
	uint32_t flags; /* bits by enum gfp_flag */
} groups[] = {
	{"GFP_TRANSHUGE", LIGHT | F(DIRECT_RECLAIM)},
	{"GFP_TRANSHUGE_LIGHT", LIGHT},
	{"GFP_HIGHUSER_MOVABLE", MOVABLE | F(SKIP_KASAN)},
	{"GFP_HIGHUSER_MOVABLE", MOVABLE},
	{"GFP_HIGHUSER", USER | F(HIGHMEM)},
	{"GFP_USER", USER},
	{"GFP_KERNEL_ACCOUNT", KERNEL | F(ACCOUNT)},
	{"GFP_KERNEL", KERNEL},
	{"GFP_NOFS", RECLAIM | F(IO)},
	{"GFP_ATOMIC", F(HIGH) | F(ATOMIC) | F(KSWAPD_RECLAIM)},
	{"GFP_ATOMIC", F(HIGH) | F(KSWAPD_RECLAIM)},
	{"GFP_NOIO", RECLAIM},
};

void gfp_enumerator(struct gfp_table *t, const char *name, uint32_t bit)
{
	const char *flag = util_after(name, "___GFP_");
	size_t n = flag ? strlen(flag) : 0;

	if (n < 5 || bit > 31 || !util_streq(flag + n - 4, "_BIT"))
		return;
	for (int f = 0; f < GFP_FLAGS; f++)
		if (strlen(names[f]) == n - 4 && memcmp(names[f], flag, n - 4) == 0)
			t->mask[f] = 1u << bit;
}

static bool is_known(const struct gfp_table *t)
{
	return t->mask[GFP_ZERO] != 0;
}

static uint32_t mask_of(const struct gfp_table *t, int f)
{
	return is_known(t) ? t->mask[f] : f < GFP_ZEROTAGS ? 1u << f : 0;
}

static void add(char buf[GFP_WORDS], const char *before, const char *word)
{
	size_t n = strlen(buf);

	snprintf(buf + n, GFP_WORDS - n, "%s%s%s", n ? "|" : "", before, word);
}

const char *gfp_words(char buf[GFP_WORDS], uint32_t flags, const struct gfp_table *t)
{
	uint32_t set = 0; /* by enum gfp_flag */
	char hex[16];

	buf[0] = '\0';
	for (int f = 0; f < GFP_FLAGS; f++) {
		uint32_t mask = mask_of(t, f);

		if (!mask || !(flags & mask))
			continue;
		set |= 1u << f;
		flags &= ~mask;
	}
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if ((set & groups[i].flags) != groups[i].flags)
			continue;
		add(buf, "", groups[i].name);
		set &= ~groups[i].flags;
		break;
	}
	for (int f = 0; f < GFP_FLAGS; f++)
		if (set >> f & 1)
			add(buf, "__GFP_", names[f]);
	if (flags || !buf[0]) {
		snprintf(hex, sizeof(hex), "0x%x", flags);
		add(buf, "", hex);
	}
	return buf;
}
