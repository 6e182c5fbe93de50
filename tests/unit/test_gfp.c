// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flags of a request for pages. The words are what kernels printed beside the numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/gfp.h"

static void must_be(uint32_t flags, const struct gfp_table *t, const char *words)
{
	char buf[GFP_WORDS];

	assert_string_equal(gfp_words(buf, flags, t), words);
}

/* "invoked oom-killer: gfp_mask=..." of 5.10 to 6.9 */
static void before_the_enum(void **state)
{
	static const struct gfp_table none;

	(void)state;
	must_be(0xcc0, &none, "GFP_KERNEL");
	must_be(0x100cca, &none, "GFP_HIGHUSER_MOVABLE");
	must_be(0x140cca, &none, "GFP_HIGHUSER_MOVABLE|__GFP_COMP");
	must_be(0x100dca, &none, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
	must_be(0xdc0, &none, "GFP_KERNEL|__GFP_ZERO");
	must_be(0x400cc0, &none, "GFP_KERNEL_ACCOUNT");
	must_be(0xc40, &none, "GFP_NOFS");
	must_be(0x1, &none, "__GFP_DMA");
	must_be(0, &none, "0x0");
	/* above the table: no name is guessed */
	must_be(0x1000cc0, &none, "GFP_KERNEL|0x1000000");
}

/* Bits that lie elsewhere: only the kernel's own enum counts. */
static void from_the_enum(void **state)
{
	struct gfp_table t = {0};

	(void)state;
	gfp_enumerator(&t, "___GFP_ZERO_BIT", 20);
	gfp_enumerator(&t, "___GFP_IO_BIT", 0);
	gfp_enumerator(&t, "___GFP_FS_BIT", 1);
	gfp_enumerator(&t, "___GFP_DIRECT_RECLAIM_BIT", 2);
	gfp_enumerator(&t, "___GFP_KSWAPD_RECLAIM_BIT", 3);
	gfp_enumerator(&t, "___GFP_UNUSED_BIT", 4);
	gfp_enumerator(&t, "___GFP_LAST_BIT", 40);
	gfp_enumerator(&t, "ZERO_BIT", 5);
	must_be(0xf, &t, "GFP_KERNEL");
	must_be(0x10000f, &t, "GFP_KERNEL|__GFP_ZERO");
	must_be(0x3f, &t, "GFP_KERNEL|0x30");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_enum),
		cmocka_unit_test(from_the_enum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
