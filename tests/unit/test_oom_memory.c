// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/oom_memory.c user/parse.c user/field.c ; libs: */
/*
 * test_oom_memory.c - the pages of some of the nodes.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/oom_memory.h"

static void nodes(void **state _unused_)
{
	char dir[] = "/tmp/failcnt-nodes-XXXXXX", path[64];
	FILE *f;
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/zoneinfo", dir);
	f = fopen(path, "w");
	for (int node = 0; node < 12; node++)
		fprintf(f,
			"Node %d, zone      DMA\n  per-node stats\n      nr_inactive_anon 7\n"
			"  pages free     61\n        low      9\n        present  %d\n"
			"        managed  3\nNode %d, zone   Normal\n  pages free 6\n"
			"        present  1000\n",
			node, node, node);
	fclose(f);
	fd = open(dir, O_PATH | O_DIRECTORY);
	assert_int_equal(oom_memory_nodes(fd, "1"), 1001);
	assert_int_equal(oom_memory_nodes(fd, "0,2-3,11"), 4016);
	assert_int_equal(oom_memory_nodes(fd, "12"), 0);
	assert_int_equal(oom_memory_nodes(fd, ""), 0);
	assert_int_equal(oom_memory_nodes(fd, "x"), 0);
	close(fd);
	unlink(path);
	rmdir(dir);
	fd = open("/", O_PATH | O_DIRECTORY);
	assert_int_equal(oom_memory_nodes(fd, "0"), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nodes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
