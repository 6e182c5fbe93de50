/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_locked.c - locked memory and huge pages: whose limit, and as much more as was
 * missing.
 */
#include "explain_fixture.h"

#define MIB (1LL << 20)

static void refused(const char *resource, const char *limit_name, const char *call, int64_t held,
		    int64_t asked, int64_t limit)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_LIMIT_NAME, limit_name);
	event_static(&e, FIELD_ERRNO, call[0] ? "ENOMEM" : "ENOSPC");
	event_str(&e, FIELD_SYSCALL, call);
	event_str(&e, FIELD_COMM, "db");
	event_int(&e, FIELD_PID, 900);
	event_bool(&e, FIELD_CERTAIN, true);
	amounts(held, limit, -1, asked);
}

static void memlock(void **state _unused_)
{
	refused("memlock", "RLIMIT_MEMLOCK", "mlock", 0, 8 * MIB, 65536);
	event_int(&e, FIELD_LIMIT_HARD, 65536);
	event_str(&e, FIELD_CGROUP, "/system.slice/db.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "db.service");
	assert_string_equal(
		says(NULL),
		"db (pid 900) of db.service could not lock memory in RAM because it has "
		"0 bytes locked, asked for 8 MiB more, and the limit is 64 KiB "
		"(RLIMIT_MEMLOCK, \"ulimit -l\"); memory itself is not short.");
	assert_has(fixed(), "prlimit --pid 900 --memlock=9437184:9437184\n");
	assert_has(fixed(), "LimitMEMLOCK=9437184:9437184");
	/* of a user, with how much it was unknown; the hard limit is not to come down */
	refused("memlock", "RLIMIT_MEMLOCK", "shmctl", 4096, -1, 65536);
	event_int(&e, FIELD_LIMIT_HARD, 1 * MIB);
	event_int(&e, FIELD_LIMIT_UID, 1000);
	assert_has(says(NULL), "could not lock shared memory in RAM because user 1000 has 4 KiB "
			       "locked, and the limit");
	assert_string_equal(fixed(), "prlimit --pid 900 --memlock=131072:1048576");
	/* unlimited: it stays so; and of repeats only the limit is known */
	event_clear(&e, FIELD_LIMIT_HARD);
	event_clear(&e, FIELD_HELD);
	assert_has(says(NULL), "because user 1000 has too much locked, and the limit");
	assert_string_equal(fixed(), "prlimit --pid 900 --memlock=131072:unlimited");
	/* nothing is allowed at all */
	refused("memlock", "RLIMIT_MEMLOCK", "mmap", 0, 4096, 0);
	event_int(&e, FIELD_LIMIT_HARD, 0);
	says(NULL);
	assert_string_equal(fixed(), "prlimit --pid 900 --memlock=5120:5120");
}

static void pool(void **state _unused_)
{
	struct explain_facts f = {.has_more = true, .more = {2 * MIB, 8, 2, 0}};

	/* 8 there, 2 that may be added: 9 of 10 in use, 4 asked for, so 3 are missing */
	refused("hugepages", "vm.nr_hugepages", "mmap", 9, 4, 10);
	assert_has(says(&f), "because of the 10 huge pages of 2 MiB that this machine may have "
			     "(vm.nr_hugepages and nr_overcommit_hugepages) 9 are in use or "
			     "promised and it needed 4 more; ordinary memory may be plenty.");
	assert_has(fixed(), "sysctl -w vm.nr_hugepages=11\n");
	f.more[0] = 1024 * MIB;
	refused("hugepages", "vm.nr_hugepages", "", 10, 1, 10);
	assert_has(says(&f), "touched memory for which there was no huge page because");
	assert_has(event_text(&e, FIELD_SAYS), "SIGBUS");
	assert_has(fixed(), "echo 9 > /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages\n");
	/* The machine was booted with default_hugepagesz=1G: the sysctl is about that size. */
	f.huge_page = 1024 * MIB;
	says(&f);
	assert_has(fixed(), "sysctl -w vm.nr_hugepages=9\n");
	f.more[0] = 2 * MIB;
	says(&f);
	assert_has(fixed(), "echo 9 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages\n");
	/* nothing known of the pool */
	refused("hugepages", "vm.nr_hugepages", "mmap", 9, 4, 10);
	says(NULL);
	assert_true(fixed()[0] == '#');
}

static void bounds(void **state _unused_)
{
	struct explain_facts f = {.has_more = true, .more = {2 * MIB, 8, 0, 0}};

	refused("hugepages", "hugetlb.*.max", "", 4 * MIB, 2 * MIB, 4 * MIB);
	event_str(&e, FIELD_LIMIT_CGROUP, "/db");
	assert_has(says(&f), "the control group /db has 4 MiB of huge pages and may have 4 MiB "
			     "(hugetlb.2MB.max)");
	assert_string_equal(fixed(), "echo 8388608 > /sys/fs/cgroup/db/hugetlb.2MB.max");
	f.more[3] = 1;
	refused("hugepages", "hugetlb.*.rsvd.max", "mmap", 0, 6 * MIB, 4 * MIB);
	event_str(&e, FIELD_LIMIT_CGROUP, "/db");
	says(&f);
	assert_string_equal(
		fixed(),
		"echo 8388608 > /sys/fs/cgroup/hugetlb/db/hugetlb.2MB.rsvd.limit_in_bytes");
	refused("hugepages", "size= of the hugetlbfs mount", "mmap", 0, 3, 2);
	assert_has(says(&f), "the hugetlbfs mount is full: 0 of 2 pages, 3 more asked for");
	assert_has(fixed(), "size=8192K");
	/* A remount would say that it succeeded, and change nothing. */
	assert_lacks(fixed(), "-o remount");
	event_static(&e, FIELD_DEVICE, "0:30");
	event_static(&e, FIELD_MOUNT, "/dev/huge pages");
	says(&f);
	assert_has(fixed(), "/proc/self/mountinfo | sed 's/,size=[^,]*//g')\n");
	assert_has(fixed(),
		   "umount '/dev/huge pages' && mount -t hugetlbfs -o \"$o,size=8192K\" none "
		   "'/dev/huge pages'\n");
	f.host_ns[FC_NS_MNT] = 8;
	event_static(&e, FIELD_NAMESPACE, "mnt:[4026532115]");
	says(&f);
	assert_true(fixed()[0] == '#' && !strchr(fixed(), '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memlock),
		cmocka_unit_test(pool),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
