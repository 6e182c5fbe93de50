// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of locked memory: RLIMIT_MEMLOCK, each in a process that gave up CAP_IPC_LOCK.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
#define LIMIT (16 * PAGE)
#define USER 46172

static struct attempt *attempt;

/* Runs `refused` as a user with that limit; it returns the errno. */
static pid_t as_user(long limit, int (*refused)(void), int expected)
{
	struct rlimit r = {limit, 4 * limit};
	int status, err;
	pid_t pid;

	attempt = attempt_make();
	pid = spawn();

	if (!pid) {
		if (unshare(CLONE_NEWIPC) || setrlimit(RLIMIT_MEMLOCK, &r) || setgid(USER) ||
		    setuid(USER))
			_exit(77);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		attempt_refused(attempt, refused(), refused);
	}
	status = attempt_wait(attempt, pid, &err);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("setuid, or a namespace of its own");
	if (err == ENOSYS)
		skip("this kernel has no such system call");
	if (status || err != expected) {
		errno = err;
		fail("not refused as expected");
	}
	return pid;
}

static void *pages(long n)
{
	return mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int memlock(long limit, int (*refused)(void), const char *name, int err, const char *call,
		   long held, long asked, const char *more)
{
	pid_t pid = as_user(limit, refused, err);

	truth(pid, 1,
	      "\"expect\":{\"resource\":\"memlock\",\"errno\":\"%s\",\"syscall\":\"%s\","
	      "\"limit_name\":\"RLIMIT_MEMLOCK\",\"measure\":\"bytes\",\"held\":%ld,\"asked\":%ld,"
	      "\"limit\":%ld,\"limit_hard\":%ld,\"fix\":{\"re\":\"prlimit --pid %d --memlock=\"}%s",
	      name, call, held, asked, limit, 4 * limit, pid, more);
	prove_child(attempt);
	return 0;
}

static int lock_too_much(void)
{
	return mlock(pages(17), 17 * PAGE) ? errno : 0;
}

static int memlock_mlock(int argc, char **argv)
{
	(void)argc, (void)argv;
	return memlock(LIMIT, lock_too_much, "ENOMEM", ENOMEM, "mlock", 0, 17 * PAGE,
		       ",\"limit_uid\":null}");
}

/* Whether the second overlaps the first is not seen: then it would fit. */
static int lock_twice(void)
{
	if (mlock(pages(10), 10 * PAGE))
		return -errno;
	return mlock(pages(10), 10 * PAGE) ? errno : 0;
}

static int memlock_twice(int argc, char **argv)
{
	(void)argc, (void)argv;
	return memlock(LIMIT, lock_twice, "ENOMEM", ENOMEM, "mlock", 10 * PAGE, 10 * PAGE,
		       ",\"certain\":false}");
}

static int memlock_zero(int argc, char **argv)
{
	(void)argc, (void)argv;
	return memlock(0, lock_too_much, "EPERM", EPERM, "mlock", 0, 17 * PAGE, "}");
}

static int lock_all(void)
{
	return mlockall(MCL_CURRENT) ? errno : 0;
}

static int memlock_all(int argc, char **argv)
{
	pid_t pid = as_user(LIMIT, lock_all, ENOMEM);

	(void)argc, (void)argv;
	truth(pid, 1,
	      "\"expect\":{\"resource\":\"memlock\",\"errno\":\"ENOMEM\",\"syscall\":\"mlockall\","
	      "\"held\":0,\"limit\":%ld,\"asked\":{\"min\":%ld,\"max\":%ld}}",
	      LIMIT, LIMIT, 64 * MIB);
	prove_child(attempt);
	return 0;
}

static int map_locked(void)
{
	void *p = mmap(NULL, 17 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int memlock_mmap(int argc, char **argv)
{
	(void)argc, (void)argv;
	return memlock(LIMIT, map_locked, "EAGAIN", EAGAIN, "mmap", 0, 17 * PAGE, "}");
}

static int memlock_mmap_zero(int argc, char **argv)
{
	(void)argc, (void)argv;
	return memlock(0, map_locked, "EPERM", EPERM, "mmap", 0, 17 * PAGE, "}");
}

/* All that is mapped from now on is locked. */
static int map_in_future(void)
{
	if (mlockall(MCL_FUTURE))
		return -errno;
	return pages(17) == MAP_FAILED ? errno : 0;
}

static int memlock_future(int argc, char **argv)
{
	(void)argc, (void)argv;
	return memlock(LIMIT, map_in_future, "EAGAIN", EAGAIN, "mmap", 0, 17 * PAGE, "}");
}

/* The heap too. brk(2) leaves the errno to the C library. */
static int heap_in_future(void)
{
	long now = syscall(SYS_brk, 0);

	if (mlockall(MCL_FUTURE))
		return -errno;
	return syscall(SYS_brk, now + 17 * PAGE) == now + 17 * PAGE ? 0 : ENOMEM;
}

static int memlock_brk(int argc, char **argv)
{
	(void)argc, (void)argv;
	return memlock(LIMIT, heap_in_future, "ENOMEM", ENOMEM, "brk", 0, 17 * PAGE, "}");
}

static int grow_locked(void)
{
	void *p = pages(10);

	if (mlock(p, 10 * PAGE))
		return -errno;
	return mremap(p, 10 * PAGE, 20 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0;
}

static int memlock_mremap(int argc, char **argv)
{
	(void)argc, (void)argv;
	return memlock(LIMIT, grow_locked, "EAGAIN", EAGAIN, "mremap", 10 * PAGE, 10 * PAGE, "}");
}

static int lock_segment(void)
{
	int id = shmget(IPC_PRIVATE, 17 * PAGE, 0600), err;

	if (id < 0)
		return -errno;
	err = shmctl(id, SHM_LOCK, NULL) ? errno : 0;
	shmctl(id, IPC_RMID, NULL);
	return err;
}

static int memlock_shm(int argc, char **argv)
{
	char more[96];

	(void)argc, (void)argv;
	snprintf(more, sizeof(more),
		 ",\"limit_uid\":%d},\"tracepoint\":{\"asked\":null,\"certain\":false}", USER);
	return memlock(LIMIT, lock_segment, "ENOMEM", ENOMEM, "shmctl", 0, 17 * PAGE, more);
}

static int register_buffers(void)
{
	struct io_uring_params params = {};
	struct iovec buffer = {pages(17), 17 * PAGE};
	long fd = syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0)
		return errno;
	/* Pages that are there: the kernel pins them first. */
	memset(buffer.iov_base, 1, buffer.iov_len);
	return syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &buffer, 1) < 0 ? errno
											   : 0;
}

static int memlock_iouring(int argc, char **argv)
{
	char more[96];

	(void)argc, (void)argv;
	/* Newer kernels count the ring itself too. */
	snprintf(more, sizeof(more), ",\"limit_uid\":%d,\"held\":{\"min\":0,\"max\":16384}}", USER);
	return memlock(LIMIT, register_buffers, "ENOMEM", ENOMEM, "io_uring_register", 0, 17 * PAGE,
		       more);
}

/* ENOMEM, because nothing is mapped there. */
static int lock_nothing(void)
{
	char *p = pages(4);

	munmap(p + 2 * PAGE, 2 * PAGE);
	return mlock(p, 4 * PAGE) ? errno : 0;
}

static int mlock_unmapped(int argc, char **argv)
{
	pid_t pid = as_user(LIMIT, lock_nothing, ENOMEM);

	(void)argc, (void)argv;
	truth(pid, 1, "\"errno\":\"ENOMEM\",\"limit_reached\":false");
	return 0;
}

/* EPERM for another reason: a file that may not be written. */
static int map_forbidden(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int mmap_forbidden(int argc, char **argv)
{
	pid_t pid = as_user(LIMIT, map_forbidden, EACCES);

	(void)argc, (void)argv;
	truth(pid, 1, "\"errno\":\"EACCES\",\"limit_reached\":false");
	return 0;
}

const struct provocation locked_provocations[] = {
	{"memlock-mlock", memlock_mlock, "mlock beyond RLIMIT_MEMLOCK", "memlock"},
	{"memlock-twice", memlock_twice, "the second mlock, which no longer fits", "memlock"},
	{"memlock-zero", memlock_zero, "mlock with a limit of 0: EPERM", "memlock"},
	{"memlock-all", memlock_all, "mlockall(MCL_CURRENT)", "memlock"},
	{"memlock-mmap", memlock_mmap, "mmap(MAP_LOCKED)", "memlock"},
	{"memlock-mmap-zero", memlock_mmap_zero, "mmap(MAP_LOCKED), limit 0: EPERM", "memlock"},
	{"memlock-future", memlock_future, "mmap after mlockall(MCL_FUTURE)", "memlock"},
	{"memlock-brk", memlock_brk, "brk after mlockall(MCL_FUTURE)", "memlock"},
	{"memlock-mremap", memlock_mremap, "mremap of locked memory", "memlock"},
	{"memlock-shm", memlock_shm, "shmctl(SHM_LOCK)", "memlock"},
	{"memlock-iouring", memlock_iouring, "buffers of io_uring", "memlock"},
	{"mlock-unmapped", mlock_unmapped, "mlock of what is not mapped: ENOMEM, no limit", NULL},
	{"mmap-forbidden", mmap_forbidden, "mmap of a file that may not be written", NULL},
	{0},
};
