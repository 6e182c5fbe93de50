/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_memory.c - as, data, stack, map-count, commit: the sentence names the limit and how
 * it looks from outside, and the remedy is computed from what was held and asked for.
 */
#include "explain_fixture.h"

#include "../../user/hints.h"

#include <fcntl.h>
#include <sys/stat.h>

#define GIB (1LL << 30)
#define MIB (1LL << 20)

static void refused(const char *resource, const char *measure, const char *call, int64_t held,
		    int64_t limit, int64_t hard, int64_t asked)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_MEASURE, measure);
	event_str(&e, FIELD_COMM, "java");
	event_str(&e, FIELD_ERRNO, "ENOMEM");
	event_int(&e, FIELD_PID, 812);
	event_int(&e, FIELD_PPID, 800);
	event_bool(&e, FIELD_CERTAIN, true);
	if (call)
		event_str(&e, FIELD_SYSCALL, call);
	amounts(held, limit, hard, asked);
}

static void of_unit(const char *unit)
{
	char cgroup[128];

	snprintf(cgroup, sizeof(cgroup), "/system.slice/%s", unit);
	event_str(&e, FIELD_CGROUP, cgroup);
	event_str(&e, FIELD_SYSTEMD_UNIT, unit);
}

static void address_space(void **state _unused_)
{
	refused("as", "bytes", "mmap", 4 * GIB - 100 * MIB, 4 * GIB, 4 * GIB, GIB);
	of_unit("app.service");
	assert_string_equal(says(NULL),
			    "java (pid 812) of app.service could not map 1 GiB of memory because "
			    "it had 3.9 GiB of "
			    "address space and its limit (RLIMIT_AS, \"ulimit -v\") is 4 GiB; the "
			    "program reports "
			    "\"Cannot allocate memory\", however much the machine has left.");
	/* never below what was wanted, an eighth on top, nor below twice the limit */
	assert_has(fixed(), "prlimit --pid 812 --as=8589934592:8589934592");
	assert_has(fixed(), "LimitAS=8589934592:8589934592");
	assert_has(fixed(), "systemctl restart app.service");
}

static void address_space_unlimited_above(void **state _unused_)
{
	refused("as", "bytes", "brk", GIB, GIB, INT64_MAX, 8 * GIB);
	assert_has(says(NULL), "could not make its heap 8 GiB larger because");
	assert_has(fixed(),
		   "prlimit --pid 812 --as=10871635968:unlimited"); /* 9 GiB and an eighth */
}

static void address_space_at_a_fault(void **state _unused_)
{
	refused("as", "bytes", NULL, GIB, GIB, -1, 4096);
	assert_has(says(NULL), "could not make its stack 4 KiB larger");
	assert_has(says(NULL), "SIGSEGV");
	assert_lacks(says(NULL), "reports");
	assert_has(fixed(), "prlimit --pid 800 --as=2147483648:unlimited"); /* the parent's */
}

static void shmat_inferred(void **state _unused_)
{
	refused("as", "bytes", "shmat", GIB, 2 * GIB, 2 * GIB, -1);
	event_bool(&e, FIELD_CERTAIN, false);
	assert_has(says(NULL), "could not attach a segment of shared memory probably because");
	assert_has(fixed(), "--as=4294967296:4294967296");
}

static void data(void **state _unused_)
{
	refused("data", "bytes", "mprotect", MIB, 2 * MIB, 64 * MIB, 16 * MIB);
	assert_has(says(NULL),
		   "could not change the protection of 16 MiB of its memory because it had "
		   "1 MiB of data and its limit (RLIMIT_DATA, \"ulimit -d\") is 2 MiB");
	assert_has(fixed(), "prlimit --pid 812 --data=20054016:67108864");
}

static void stack(void **state _unused_)
{
	refused("stack", "bytes", NULL, 8 * MIB, 8 * MIB, INT64_MAX, 8192);
	assert_has(says(NULL),
		   "java (pid 812) could not make its stack 8 KiB larger because it had 8 MiB of "
		   "stack "
		   "and its limit (RLIMIT_STACK, \"ulimit -s\") is 8 MiB; it gets SIGSEGV "
		   "(\"Segmentation fault\"), as for a wrong pointer.");
	/* The process is dead: the parent's limit is what the next one inherits. */
	assert_has(fixed(), "prlimit --pid 800 --stack=16777216:unlimited");
	assert_lacks(fixed(), "--pid 812");
	assert_has(fixed(), "# a recursion that never ends");
}

static void stack_of_a_service(void **state _unused_)
{
	refused("stack", "bytes", NULL, 8 * MIB, 8 * MIB, INT64_MAX, 8192);
	of_unit("app.service");
	says(NULL);
	assert_lacks(fixed(), "prlimit"); /* its parent is the service manager */
	assert_has(fixed(), "LimitSTACK=16777216:infinity");
}

static void stack_in_a_call(void **state _unused_)
{
	refused("stack", "bytes", "read", 8 * MIB, 8 * MIB, -1, 4096);
	assert_has(says(NULL), "\"Bad address\"");
	assert_lacks(says(NULL), "SIGSEGV");
}

static void args(void **state _unused_)
{
	refused("stack", "bytes", "execve", -1, 2 * MIB, -1, 2 * MIB + 512);
	event_str(&e, FIELD_ERRNO, "E2BIG");
	assert_has(says(NULL),
		   "its arguments and environment take more than 2 MiB, a quarter of the "
		   "limit for its stack (RLIMIT_STACK); the shell says \"Argument list too "
		   "long\"");
	assert_has(fixed(), "prlimit --pid 800 --stack=16777216:"); /* a quarter is 4 MiB then */
	assert_has(fixed(), "xargs");
}

/* No stack makes more room than 6 MiB. */
static void args_at_the_most(void **state _unused_)
{
	refused("stack", "bytes", "execve", -1, 6 * MIB, -1, 6 * MIB + 512);
	event_str(&e, FIELD_ERRNO, "E2BIG");
	assert_has(says(NULL), "6 MiB, the most that the kernel allows");
	assert_lacks(fixed(), "prlimit");
	assert_has(fixed(), "xargs");
	refused("stack", "bytes", "execve", -1, 5 * MIB, -1, 5 * MIB + 512);
	event_str(&e, FIELD_ERRNO, "E2BIG");
	says(NULL);
	assert_has(fixed(), "--stack=25165824:");
}

static void maps(void **state _unused_)
{
	refused("map-count", "maps", "mmap", 65531, 65530, -1, 1);
	assert_string_equal(
		says(NULL),
		"java (pid 812) could not map more memory because it had 65531 memory maps "
		"and vm.max_map_count is 65530; the program reports \"Cannot allocate "
		"memory\", however much the machine has left.");
	assert_has(fixed(), "sysctl -w vm.max_map_count=131060\n");
	assert_has(fixed(), "/etc/sysctl.d/90-vm.max_map_count.conf");
	assert_lacks(fixed(), "leak");
	refused("map-count", "maps", "munmap", 2097152, 2097152, -1, 1);
	assert_has(says(NULL),
		   "could not give back a part of a memory map, whose rest would be one "
		   "map more, because");
	assert_has(fixed(), "look like a leak");
	refused("map-count", "maps", "munmap", INT32_MAX, INT32_MAX, -1, 1);
	says(NULL);
	assert_lacks(fixed(), "sysctl");
}

static void one_request(void **state _unused_)
{
	struct explain_facts f = {.has_more = true, .more = {0, 50, 0, 0}, .page_size = 4096};

	refused("commit", "pages", "mmap", -1, GIB / 4096, -1, 64 * GIB / 4096);
	assert_has(says(&f),
		   "could not map 64 GiB of memory because that is more than the machine's "
		   "memory and swap together, 1 GiB (vm.overcommit_memory is 0");
	assert_lacks(fixed(), "overcommit_memory=");
	assert_lacks(fixed(), "sysctl");
	assert_has(fixed(), "swap");
}

static void promised(void **state _unused_)
{
	/* 1 GiB of memory, half of which may be promised, and 512 MiB of swap */
	struct explain_facts f = {.has_more = true, .more = {2, 50, 0, 131072}, .page_size = 4096};

	refused("commit", "pages", "clone", 250000, 262144, -1, 50000);
	assert_has(says(&f),
		   "could not start another process, for which the kernel would promise all "
		   "its memory once more, because the kernel has promised 977 MiB to all "
		   "processes (Committed_AS) and promises no more than 1 GiB (CommitLimit; "
		   "vm.overcommit_memory is 2), used or not; the program reports");
	/* 300000 pages, an eighth and the reserve: 372316, of which 131072 are swap */
	assert_has(fixed(), "sysctl -w vm.overcommit_ratio=93\n");
	assert_lacks(fixed(), "overcommit_memory=");
	f.more[2] = 524288;
	says(&f);
	assert_has(fixed(), "sysctl -w vm.overcommit_kbytes=964976\n");
	assert_lacks(fixed(), "ratio");
	/* a file of tmpfs */
	f.more[2] = 0;
	refused("commit", "pages", "write", 250000, 262144, -1, 1);
	event_str(&e, FIELD_ERRNO, "ENOSPC");
	event_str(&e, FIELD_OBJECT, "full");
	assert_has(says(&f), "could not put 4 KiB into full on a file system in memory (tmpfs) "
			     "because the kernel has promised");
	assert_has(says(&f), "the program reports \"No space left on device\", though the file "
			     "system is not full");
	assert_lacks(says(&f), "Cannot allocate memory");
}

/* Nothing of what explain wants is known: still a sentence, and no command made of nothing. */
static void unknown(void **state _unused_)
{
	static const char *const ids[] = {"as", "data", "stack", "map-count", "commit"};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		event_init(&e, EVENT_REFUSED);
		event_str(&e, FIELD_RESOURCE, ids[i]);
		assert_has(says(NULL), "A process could not");
		assert_lacks(fixed(), "--pid 0");
		assert_lacks(fixed(), "=0");
	}
}

static void put(int root, const char *path, const char *text)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void hints(void **state _unused_)
{
	static const char *const dirs[] = {"proc",
					   "proc/sys",
					   "proc/sys/vm",
					   "sys",
					   "sys/module",
					   "sys/module/kernel",
					   "sys/module/kernel/parameters"};
	static const char *const files[] = {"proc/meminfo", "proc/sys/vm/max_map_count",
					    "proc/sys/vm/overcommit_memory",
					    "sys/module/kernel/parameters/ignore_rlimit_data"};
	char dir[] = "/tmp/test_hints.XXXXXX";
	struct fc_memory_hints h = {};
	int root;

	assert_non_null(mkdtemp(dir));
	root = open(dir, O_PATH | O_DIRECTORY);
	hints_memory(root, 4096, &h);
	assert_int_equal(h.max_map_count, 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdirat(root, dirs[i], 0700), 0);
	put(root, files[0],
	    "MemTotal:       16384 kB\nSwapTotal:       8192 kB\n"
	    "CommitLimit:    12288 kB\nCommitted_AS:    400 kB\n");
	put(root, files[1], "65530\n");
	put(root, files[2], "2\n");
	put(root, files[3], "Y\n");
	hints_memory(root, 4096, &h);
	assert_int_equal(h.max_map_count, 65530);
	assert_int_equal(h.overcommit, 2);
	assert_int_equal(h.ram, 4096);
	assert_int_equal(h.swap, 2048);
	assert_int_equal(h.commit_limit, 3072);
	assert_true(h.ignore_data);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(root, files[i], 0);
	for (size_t i = ARRAY_SIZE(dirs); i-- > 0;)
		unlinkat(root, dirs[i], AT_REMOVEDIR);
	close(root);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_space),
		cmocka_unit_test(address_space_unlimited_above),
		cmocka_unit_test(address_space_at_a_fault),
		cmocka_unit_test(shmat_inferred),
		cmocka_unit_test(data),
		cmocka_unit_test(stack),
		cmocka_unit_test(stack_of_a_service),
		cmocka_unit_test(stack_in_a_call),
		cmocka_unit_test(args),
		cmocka_unit_test(args_at_the_most),
		cmocka_unit_test(maps),
		cmocka_unit_test(one_request),
		cmocka_unit_test(promised),
		cmocka_unit_test(unknown),
		cmocka_unit_test(hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
