// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of semaphores: each in an IPC namespace of its own, whose kernel.sem is made small.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

static char namespace[64];

/* The order is that of /proc/sys/kernel/sem, without semopm. */
static void own_limits(int semmsl, int semmns, int semmni)
{
	ssize_t len;
	int err;

	if (unshare(CLONE_NEWIPC))
		skip("unshare(CLONE_NEWIPC): %s", strerror(errno));
	err = write_file("/proc/sys/kernel/sem", "%d %d 32 %d", semmsl, semmns, semmni);
	if (err)
		skip("/proc/sys/kernel/sem: %s", strerror(-err));
	len = readlink("/proc/self/ns/ipc", namespace, sizeof(namespace) - 1);
	namespace[len > 0 ? len : 0] = '\0';
}

static int get(int nsems)
{
	return semget(IPC_PRIVATE, nsems, IPC_CREAT | 0600);
}

static void must_get(int nsems)
{
	if (get(nsems) < 0)
		fail("semget before the limit");
}

static void must_fail(int ret, int err)
{
	if (ret >= 0 || errno != err)
		fail("semget not refused as expected");
}

static int refuse_sets(long n)
{
	own_limits(250, 32000, 4);
	for (int i = 0; i < 4; i++)
		must_get(1);
	for (long i = 0; i < n; i++)
		must_fail(get(1), ENOSPC);
	truth(getpid(), n,
	      "\"errno\":\"ENOSPC\",\"held\":4,\"limit\":4,\"namespace\":\"%s\","
	      "\"limit_name\":\"kernel.sem[3] SEMMNI\"",
	      namespace);
	return 0;
}

static bool one_set_more(void)
{
	return get(1) >= 0;
}

static bool eight_more(void)
{
	return get(8) >= 0;
}

static bool six_in_one(void)
{
	return get(6) >= 0;
}

static int sem_mni(int argc, char **argv)
{
	(void)argc, (void)argv;
	refuse_sets(1);
	prove(one_set_more);
	return 0;
}

static int sem_mni_flood(int argc, char **argv)
{
	return refuse_sets(number(argc, argv, 0, 100000));
}

static int sem_mns(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_limits(250, 10, 128);
	must_get(8);
	must_fail(get(8), ENOSPC);
	truth(getpid(), 1,
	      "\"errno\":\"ENOSPC\",\"held\":8,\"asked\":8,\"limit\":10,"
	      "\"namespace\":\"%s\",\"limit_name\":\"kernel.sem[1] SEMMNS\"",
	      namespace);
	prove(eight_more);
	return 0;
}

static int sem_msl(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_limits(5, 32000, 128);
	must_fail(get(6), EINVAL);
	truth(getpid(), 1,
	      "\"errno\":\"EINVAL\",\"asked\":6,\"limit\":5,\"namespace\":\"%s\","
	      "\"limit_name\":\"kernel.sem[0] SEMMSL\"",
	      namespace);
	prove(six_in_one);
	return 0;
}

#ifdef __x86_64__
/* A system call of a 32-bit program: int $0x80 makes it in a 64-bit one too. */
static long compat_call(long nr, long b, long c, long d, long si)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(b), "c"(c), "d"(d), "S"(si), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

/* Numbers of asm/unistd_32.h; kernels without 32-bit programs have neither. */
static int sem_msl_compat(const char *name, long nr, bool by_ipc)
{
	long ret;

	own_limits(5, 32000, 128);
	ret = by_ipc ? compat_call(nr, 2 /* SEMGET */, IPC_PRIVATE, 6, 0600)
		     : compat_call(nr, IPC_PRIVATE, 6, 0600, 0);
	if (ret == -ENOSYS)
		skip("this kernel runs no 32-bit programs");
	if (ret != -EINVAL) {
		errno = ret < 0 ? -ret : 0;
		fail(name);
	}
	truth(getpid(), 1,
	      "\"errno\":\"EINVAL\",\"asked\":6,\"limit\":5,\"namespace\":\"%s\","
	      "\"syscall\":\"%s\",\"limit_name\":\"kernel.sem[0] SEMMSL\"",
	      namespace, name);
	return 0;
}

static int sem_msl_ipc32(int argc, char **argv)
{
	(void)argc, (void)argv;
	return sem_msl_compat("ipc", 117, true);
}

static int sem_msl_semget32(int argc, char **argv)
{
	(void)argc, (void)argv;
	return sem_msl_compat("semget", 393, false);
}
#endif

/* The same errno without a limit: nothing may be reported. */
static int sem_einval(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_limits(250, 32000, 128);
	must_fail(get(0), EINVAL);
	if (semget(4711, 2, IPC_CREAT | 0600) < 0)
		fail("semget of a key");
	must_fail(semget(4711, 3, 0600), EINVAL);
	truth(getpid(), 2, "\"errno\":\"EINVAL\",\"limit_reached\":false,\"namespace\":\"%s\"",
	      namespace);
	return 0;
}

const struct provocation ipc_provocations[] = {
	{"sem-mni", sem_mni, "semget: too many sets", "semmni"},
	{"sem-mns", sem_mns, "semget: too many semaphores in all", "semmns"},
	{"sem-msl", sem_msl, "semget: too many semaphores in one set", "semmsl"},
#ifdef __x86_64__
	{"sem-msl-ipc32", sem_msl_ipc32, "ipc(2) of 32-bit programs: as sem-msl", "semmsl"},
	{"sem-msl-semget32", sem_msl_semget32, "semget of 32-bit programs: as sem-msl", "semmsl"},
#endif
	{"sem-mni-flood", sem_mni_flood, "[N] N sets too many", "semmni"},
	{"sem-einval", sem_einval, "semget: EINVAL twice, neither by a limit", NULL},
	{0},
};
