// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of huge pages: the pool is the whole host's, so that all of them need a virtual machine.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE (2 * MIB)

static void pool(const char *n)
{
	static const char path[] = "/proc/sys/vm/nr_hugepages";

	need_vm();
	if (read_number("/proc/meminfo", "Hugepagesize") != HUGE / 1024)
		skip("huge pages are of another size");
	write_until_exit(path, n);
	if (read_number(path, NULL) != atol(n))
		skip("no memory in one piece for %s huge pages", n);
}

static void *map_huge(long n, int flags)
{
	return mmap(NULL, n * HUGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | flags, -1, 0);
}

static void must_be(bool refused, int err)
{
	if (!refused || errno != err)
		fail("huge pages not refused");
}

#define HUGE_TRUTH                                                                                \
	"\"expect\":{\"resource\":\"hugepages\",\"errno\":\"%s\",\"syscall\":%s,"                 \
	"\"limit_name\":\"vm.nr_hugepages\",\"measure\":\"huge pages\",\"held\":%d,\"limit\":%d," \
	"\"asked\":%d,\"fix\":{\"re\":\"nr_hugepages\"}}"

static bool again_mmap(void)
{
	return map_huge(4, 0) != MAP_FAILED;
}

static int hugepages_mmap(int argc, char **argv)
{
	(void)argc, (void)argv;
	pool("3");
	if (map_huge(2, 0) == MAP_FAILED)
		fail("mmap before the limit");
	must_be(map_huge(4, 0) == MAP_FAILED, ENOMEM);
	truth(getpid(), 1, HUGE_TRUTH, "ENOMEM", "\"mmap\"", 2, 3, 4);
	prove(again_mmap);
	return 0;
}

static int hugepages_shmget(int argc, char **argv)
{
	(void)argc, (void)argv;
	pool("2");
	if (unshare(CLONE_NEWIPC))
		skip("unshare(CLONE_NEWIPC)");
	must_be(shmget(IPC_PRIVATE, 3 * HUGE, SHM_HUGETLB | 0600) < 0, ENOMEM);
	truth(getpid(), 1, HUGE_TRUTH, "ENOMEM", "\"shmget\"", 0, 2, 3);
	return 0;
}

/* Touches n pages that nobody promised, and dies of one. */
static pid_t touch_huge(long n, const struct group *in)
{
	pid_t pid = spawn();
	int status;

	if (!pid) {
		char *p;

		if (in)
			group_join(in);
		p = map_huge(n, MAP_NORESERVE);
		for (long i = 0; p != MAP_FAILED && i < n; i++)
			p[i * HUGE] = 1;
		_exit(1);
	}
	status = reap(pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGBUS)
		fail("no SIGBUS");
	return pid;
}

static int hugepages_fault(int argc, char **argv)
{
	(void)argc, (void)argv;
	pool("2");
	truth(touch_huge(3, NULL), 1, HUGE_TRUTH, "ENOSPC", "null", 2, 2, 1);
	return 0;
}

static void huge_group(struct hierarchy *h, struct group *g, const char *file)
{
	char name[64];

	pool("4");
	find_hierarchy(h, "hugetlb");
	make_group(g, h, NULL, NULL);
	snprintf(name, sizeof(name), "hugetlb.2MB.%s%s", file,
		 h->version == 2 ? "max" : "limit_in_bytes");
	group_set(g, name, "%ld", 2 * HUGE);
}

#define GROUP_TRUTH                                                                                \
	"\"expect\":{\"resource\":\"hugepages\",\"errno\":\"%s\",\"limit_name\":\"hugetlb.*.%s\"," \
	"\"measure\":\"bytes\",\"held\":%ld,\"limit\":%ld,\"asked\":%ld,\"limit_cgroup\":\"%s\","  \
	"\"fix\":{\"re\":\"hugetlb.2MB\"}}"

static int hugepages_cgroup(int argc, char **argv)
{
	struct hierarchy h;
	struct group g;

	(void)argc, (void)argv;
	huge_group(&h, &g, "");
	truth(touch_huge(3, &g), 1, GROUP_TRUTH, "ENOSPC", "max", 2 * HUGE, 2 * HUGE, HUGE, g.path);
	return 0;
}

static int map_three(void)
{
	return map_huge(3, 0) == MAP_FAILED ? errno : 0;
}

static int hugepages_rsvd(int argc, char **argv)
{
	struct hierarchy h;
	struct group g;
	struct attempt *attempt = attempt_make();
	pid_t pid;
	int err;

	(void)argc, (void)argv;
	huge_group(&h, &g, "rsvd.");
	pid = spawn();
	if (!pid) {
		group_join(&g);
		attempt_refused(attempt, map_three(), map_three);
	}
	if (attempt_wait(attempt, pid, &err) || err != ENOMEM)
		fail("mmap not refused");
	truth(pid, 1, GROUP_TRUTH, "ENOMEM", "rsvd.max", 0L, 2 * HUGE, 3 * HUGE, g.path);
	prove_child(attempt);
	return 0;
}

static int hugepages_mount(int argc, char **argv)
{
	char path[64];
	int fd;

	(void)argc, (void)argv;
	pool("4");
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc/sys", "hugetlbfs", 0, "size=4M"))
		skip("a hugetlbfs mount: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/sys/file");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must_be(fd >= 0 && mmap(NULL, 3 * HUGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED,
		ENOMEM);
	close(fd);
	umount2("/proc/sys", MNT_DETACH);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"hugepages\",\"errno\":\"ENOMEM\",\"syscall\":\"mmap\","
	      "\"limit_name\":\"size= of the hugetlbfs "
	      "mount\",\"held\":0,\"limit\":2,\"asked\":3}");
	return 0;
}

const struct provocation huge_provocations[] = {
	{"hugepages-mmap", hugepages_mmap, "mmap(MAP_HUGETLB) beyond the pool", "hugepages"},
	{"hugepages-shmget", hugepages_shmget, "shmget(SHM_HUGETLB)", "hugepages"},
	{"hugepages-fault", hugepages_fault, "SIGBUS for lack of a huge page", "hugepages"},
	{"hugepages-cgroup", hugepages_cgroup, "the same, by hugetlb.2MB.max", "hugepages"},
	{"hugepages-rsvd", hugepages_rsvd, "mmap at hugetlb.2MB.rsvd.max", "hugepages"},
	{"hugepages-mount", hugepages_mount, "mmap at the size of a mount", "hugepages"},
	{0},
};
