// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a person is told where nothing can be traced: one sentence, the true
 * reason first, and the next step.
 */
/* needs: user/obstacle.c user/kernel.c user/attach.c ; libs: -lbpf */
#include <setjmp.h>
#include <stddef.h>
#include <stdarg.h>
#include <cmocka.h>

#include "obstacle.h"

static struct kernel_facts all_works(void)
{
	struct kernel_facts f = {.has_capability = true};

	return f;
}

static void test_nothing_in_the_way(void **state)
{
	struct kernel_facts f = all_works();
	char why[OBSTACLE_TEXT] = "untouched";

	(void)state;
	for (int w = OPT_AUTO; w <= OPT_TRACEPOINT; w++)
		assert_false(obstacle(&f, w, why, sizeof(why)));
	assert_string_equal(why, "untouched");
}

static void expect(const struct kernel_facts *f, enum opt_backend wanted, const char *part)
{
	char why[OBSTACLE_TEXT];

	assert_true(obstacle(f, wanted, why, sizeof(why)));
	if (!strstr(why, part))
		fail_msg("'%s' says nothing of '%s'", why, part);
	assert_null(strchr(why, '\n'));
	assert_non_null(strchr(why, ':')); /* the next step follows */
}

static void test_each_obstacle(void **state)
{
	struct kernel_facts f = all_works();

	(void)state;
	f.trial[KERNEL_BPF] = (struct kernel_trial){KERNEL_AT_LOAD, -ENOSYS};
	f.has_capability = false; /* an old kernel's user is not sent to sudo in vain */
	f.btf_error = -ENOENT;
	expect(&f, OPT_AUTO, "no BPF ring buffer");
	f.trial[KERNEL_BPF].error = -EPERM;
	expect(&f, OPT_AUTO, "run it as root");
	f.has_capability = true;
	expect(&f, OPT_AUTO, "seccomp");
	f.trial[KERNEL_BPF] = (struct kernel_trial){KERNEL_WORKS, 0};
	expect(&f, OPT_AUTO, "no BTF");
}

static void test_forced_backend(void **state)
{
	struct kernel_facts f = all_works();
	char why[OBSTACLE_TEXT];

	(void)state;
	f.trial[KERNEL_FEXIT] = (struct kernel_trial){KERNEL_AT_LOAD, -EPERM};
	f.trial[KERNEL_KPROBE] = (struct kernel_trial){KERNEL_AT_ATTACH, -ENOENT};
	expect(&f, OPT_FEXIT, "fexit at load");
	expect(&f, OPT_KPROBE, "kprobe at attach");
	assert_false(obstacle(&f, OPT_TRACEPOINT, why, sizeof(why)));
	assert_false(obstacle(&f, OPT_AUTO, why, sizeof(why)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_in_the_way),
		cmocka_unit_test(test_each_obstacle),
		cmocka_unit_test(test_forced_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
