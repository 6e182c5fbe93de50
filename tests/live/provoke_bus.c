// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIGBUS for want of something that is counted: a huge page, a block of the file system below a
 * mapping. In virtual machines, for both are the whole machine's.
 */
#define _GNU_SOURCE
#include "provoke_space.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "provoke_death.h"

#define HUGE (2 * MIB)

/* The pool has one page, nobody has promised it to anybody, and this process takes two. */
static int no_huge_page(int argc, char **argv)
{
	static const char path[] = "/proc/sys/vm/nr_hugepages";
	pid_t pid;

	(void)argc, (void)argv;
	need_vm();
	if (read_number("/proc/meminfo", "Hugepagesize") != HUGE / 1024)
		skip("huge pages are of another size");
	write_until_exit(path, "1");
	if (read_number(path, NULL) != 1)
		skip("no memory in one piece for a huge page");
	pid = spawn();
	if (!pid) {
		char *p = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		*(volatile char *)p = 1;
		*(volatile char *)(p + HUGE) = 1;
		_exit(1);
	}
	must_die(reap(pid), SIGBUS);
	truth(pid, 1,
	      "\"dies\":{\"cause\":\"fault\",\"signal\":\"SIGBUS\",\"si_code\":2,"
	      "\"fault_addr\":{\"any\":true},\"says\":{\"re\":\"no huge page left\"},"
	      "\"fix\":{\"re\":\"vm.nr_hugepages|with the refusal right before: hugepages\"}}");
	return 0;
}

/* A file with a hole, larger than what is left: the hole is filled page by page until no block is.
 */
static int full_disk(int argc, char **argv)
{
	struct statfs s;
	size_t size;
	pid_t pid;

	(void)argc, (void)argv;
	own_ext4(NULL);
	if (statfs(space_dir, &s))
		fail("statfs");
	size = (size_t)s.f_blocks * s.f_bsize + MIB;
	pid = spawn();
	if (!pid) {
		int fd = open(space_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		char *p = ftruncate(fd, (off_t)size)
				  ? MAP_FAILED
				  : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (p == MAP_FAILED)
			_exit(1);
		for (size_t at = 0; at < size; at += 4096)
			*(volatile char *)(p + at) = 1;
		_exit(1);
	}
	must_die(reap(pid), SIGBUS);
	truth(pid, 1,
	      "\"dies\":{\"cause\":\"fault\",\"signal\":\"SIGBUS\",\"si_code\":2,"
	      "\"says\":{\"re\":\"file system of full, which it had mapped, is full\"}},"
	      "\"tracepoint\":{\"says\":{\"re\":\"it is full, or a disk has failed\"}}");
	usleep(300000); /* until it was looked at */
	return 0;
}

const struct provocation bus_provocations[] = {
	{"die-huge", no_huge_page, "VM: SIGBUS for lack of a huge page", NULL},
	{"die-disk", full_disk, "VM: SIGBUS: a full ext4 below a mapping", NULL},
	{0},
};
