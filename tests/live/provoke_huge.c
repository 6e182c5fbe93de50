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
#include <sys/stat.h>
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

static bool again_shmget(void)
{
	return shmget(IPC_PRIVATE, 3 * HUGE, SHM_HUGETLB | 0600) >= 0;
}

static int hugepages_shmget(int argc, char **argv)
{
	(void)argc, (void)argv;
	pool("2");
	if (unshare(CLONE_NEWIPC))
		skip("unshare(CLONE_NEWIPC)");
	must_be(shmget(IPC_PRIVATE, 3 * HUGE, SHM_HUGETLB | 0600) < 0, ENOMEM);
	truth(getpid(), 1, HUGE_TRUTH, "ENOMEM", "\"shmget\"", 0, 2, 3);
	prove(again_shmget);
	return 0;
}

#define TOUCHED 3

static const struct group *touch_in;

/* Touches pages that nobody promised, in a child: its wait status. */
static int touch_pages(const struct group *in, pid_t *ret)
{
	pid_t pid = spawn();

	if (!pid) {
		char *p;

		if (in)
			group_join(in);
		p = map_huge(TOUCHED, MAP_NORESERVE);
		for (long i = 0; p != MAP_FAILED && i < TOUCHED; i++)
			p[i * HUGE] = 1;
		_exit(p == MAP_FAILED);
	}
	*ret = pid;
	return reap(pid);
}

/* And dies of one. */
static pid_t touch_huge(const struct group *in)
{
	pid_t pid;
	int status = touch_pages(in, &pid);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGBUS)
		fail("no SIGBUS");
	touch_in = in;
	return pid;
}

static bool again_touch(void)
{
	pid_t pid;

	return touch_pages(touch_in, &pid) == 0;
}

static int hugepages_fault(int argc, char **argv)
{
	(void)argc, (void)argv;
	pool("2");
	truth(touch_huge(NULL), 1, HUGE_TRUTH, "ENOSPC", "null", 2, 2, 1);
	prove(again_touch);
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
	truth(touch_huge(&g), 1, GROUP_TRUTH, "ENOSPC", "max", 2 * HUGE, 2 * HUGE, HUGE, g.path);
	prove(again_touch);
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

static char mounted[64];

static void unmount(void)
{
	umount2(mounted, MNT_DETACH);
}

/* Nothing stays open, so that it can be mounted anew. */
static bool map_file(void)
{
	char path[80];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/file", mounted);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		fail(path);
	p = mmap(NULL, 3 * HUGE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return p != MAP_FAILED;
}

static int hugepages_mount(int argc, char **argv)
{
	(void)argc, (void)argv;
	pool("4");
	mkdir("/tmp", 0755);
	snprintf(mounted, sizeof(mounted), "/tmp/failcnt-huge-%d", getpid());
	mkdir_until_exit(mounted);
	if (mount("none", mounted, "hugetlbfs", 0, "size=4M,mode=0700"))
		skip("a hugetlbfs mount: %s", strerror(errno));
	atexit(unmount);
	must_be(!map_file(), ENOMEM);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"hugepages\",\"errno\":\"ENOMEM\",\"syscall\":\"mmap\","
	      "\"limit_name\":\"size= of the hugetlbfs mount\",\"held\":0,\"limit\":2,"
	      "\"asked\":3,\"mount\":\"%s\",\"filesystem\":\"hugetlbfs\"}",
	      mounted);
	prove(map_file);
	usleep(300000); /* while it is looked at */
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
