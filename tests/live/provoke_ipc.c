// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of semaphores: each in an IPC namespace of its own, whose kernel.sem is made small.
 */
#define _GNU_SOURCE
#include "provoke_ipc.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

char ipc_namespace[64];

void own_ipc(const char *path, const char *format, ...)
{
	char value[64];
	va_list args;
	ssize_t len;
	int err;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (unshare(CLONE_NEWIPC))
		skip("unshare(CLONE_NEWIPC): %s", strerror(errno));
	err = path ? write_file(path, "%s", value) : 0;
	if (err)
		skip("%s: %s", path, strerror(-err));
	len = readlink("/proc/self/ns/ipc", ipc_namespace, sizeof(ipc_namespace) - 1);
	ipc_namespace[len > 0 ? len : 0] = '\0';
}

void must_work(long ret)
{
	if (ret < 0)
		fail("refused before the limit");
}

void must_fail(long ret, int err)
{
	if (ret >= 0 || errno != err)
		fail("not refused as expected");
}

#ifdef __x86_64__
int compat_call(long nr, long b, long c, long d, long si, long di)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(b), "c"(c), "d"(d), "S"(si), "D"(di)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)ret == -ENOSYS)
		skip("this kernel runs no 32-bit programs");
	return (int)ret;
}

void ipc32_must_fail(long call, long first, long second, long third, void *at, int err)
{
	int ret = compat_call(117, call, first, second, third, (long)at);

	errno = ret < 0 ? -ret : 0;
	must_fail(-1, err);
}
#endif

/* The order is that of /proc/sys/kernel/sem. */
static void own_sem(int semmsl, int semmns, int semopm, int semmni)
{
	own_ipc("/proc/sys/kernel/sem", "%d %d %d %d", semmsl, semmns, semopm, semmni);
}

static void own_limits(int semmsl, int semmns, int semmni)
{
	own_sem(semmsl, semmns, 32, semmni);
}

static int get(int nsems)
{
	return semget(IPC_PRIVATE, nsems, IPC_CREAT | 0600);
}

static bool sets_again(void)
{
	return get(1) >= 0;
}

static int refuse_sets(long n)
{
	own_limits(250, 32000, 4);
	for (int i = 0; i < 4; i++)
		must_work(get(1));
	for (long i = 0; i < n; i++)
		must_fail(get(1), ENOSPC);
	truth(getpid(), n,
	      "\"errno\":\"ENOSPC\",\"held\":4,\"limit\":4,\"namespace\":\"%s\","
	      "\"limit_name\":\"kernel.sem[3] SEMMNI\"",
	      ipc_namespace);
	prove(sets_again);
	return 0;
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
	return refuse_sets(1);
}

static int sem_mni_flood(int argc, char **argv)
{
	return refuse_sets(number(argc, argv, 0, 100000));
}

static int sem_mns(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_limits(250, 10, 128);
	must_work(get(8));
	must_fail(get(8), ENOSPC);
	truth(getpid(), 1,
	      "\"errno\":\"ENOSPC\",\"held\":8,\"asked\":8,\"limit\":10,"
	      "\"namespace\":\"%s\",\"limit_name\":\"kernel.sem[1] SEMMNS\"",
	      ipc_namespace);
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
	      ipc_namespace);
	prove(six_in_one);
	return 0;
}

#ifdef __x86_64__
/* Numbers of asm/unistd_32.h; kernels without 32-bit programs have neither. */
static int sem_msl_compat(const char *name, long nr, bool by_ipc)
{
	int ret;

	own_limits(5, 32000, 128);
	ret = by_ipc ? compat_call(nr, 2 /* SEMGET */, IPC_PRIVATE, 6, 0600, 0)
		     : compat_call(nr, IPC_PRIVATE, 6, 0600, 0, 0);
	if (ret != -EINVAL) {
		errno = ret < 0 ? -ret : 0;
		fail(name);
	}
	truth(getpid(), 1,
	      "\"errno\":\"EINVAL\",\"asked\":6,\"limit\":5,\"namespace\":\"%s\","
	      "\"syscall\":\"%s\",\"limit_name\":\"kernel.sem[0] SEMMSL\"",
	      ipc_namespace, name);
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

static int set;

static long operate(size_t n, short by)
{
	struct sembuf ops[3] = {{0, by, 0}, {1, by, 0}, {2, by, 0}};

	return semop(set, ops, n);
}

static bool operations_again(void)
{
	return operate(3, 1) == 0;
}

static int sem_opm(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_sem(250, 32000, 2, 128);
	set = get(4);
	must_fail(operate(3, 1), E2BIG);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"semopm\",\"errno\":\"E2BIG\",\"asked\":3,\"limit\":2,"
	      "\"held\":null,\"limit_name\":\"kernel.sem[2] SEMOPM\",\"measure\":\"operations\","
	      "\"syscall\":{\"re\":\"^sem(timed)?op$\"},\"object\":null,\"namespace\":\"%s\"}",
	      ipc_namespace);
	prove(operations_again);
	return 0;
}

#define OVER_SEMVMX                                                                               \
	"\"expect\":{\"resource\":\"semvmx\",\"errno\":\"ERANGE\",\"limit\":32767,\"held\":null," \
	"\"measure\":\"value\",\"limit_name\":\"SEMVMX\",\"namespace\":null,"

static int sem_vmx(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_limits(250, 32000, 128);
	set = get(3);
	if (semctl(set, 0, SETVAL, 32767))
		fail("semctl(SETVAL)");
	must_fail(operate(1, 1), ERANGE);
	truth(getpid(), 1, OVER_SEMVMX "\"asked\":null,\"syscall\":{\"re\":\"^sem(timed)?op$\"}}");
	return 0;
}

/* It waits for the first semaphore; when that is raised, the second would become too high. */
static int sem_vmx_slept(int argc, char **argv)
{
	struct sembuf both[2] = {{0, -1, 0}, {1, 1, 0}};
	pid_t pid;

	(void)argc, (void)argv;
	own_limits(250, 32000, 128);
	set = get(2);
	if (semctl(set, 1, SETVAL, 32767))
		fail("semctl(SETVAL)");
	pid = spawn();
	if (!pid)
		_exit(semop(set, both, 2) < 0 && errno == ERANGE ? 0 : 1);
	for (int i = 0; i < 200 && semctl(set, 0, GETNCNT) == 0; i++)
		usleep(10000);
	if (operate(1, 1) || reap(pid))
		fail("the semop that slept");
	truth(pid, 1, OVER_SEMVMX "\"asked\":null,\"ppid\":%d}", getpid());
	return 0;
}

/* A set value, all values, and a value of 32-bit programs. */
static int sem_vmx_setval(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_limits(250, 32000, 128);
	must_fail(semctl(get(1), 0, SETVAL, 32768), ERANGE);
	truth(getpid(), 1, OVER_SEMVMX "\"asked\":32768,\"syscall\":\"semctl\"}");
	return 0;
}

static int sem_vmx_setall(int argc, char **argv)
{
	unsigned short values[2] = {1, 40000};

	(void)argc, (void)argv;
	own_limits(250, 32000, 128);
	must_fail(semctl(get(2), 0, SETALL, values), ERANGE);
	truth(getpid(), 1, OVER_SEMVMX "\"asked\":null,\"syscall\":\"semctl\"}");
	return 0;
}

#ifdef __x86_64__
static int sem_opm_ipc32(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_sem(250, 32000, 2, 128);
	ipc32_must_fail(1 /* SEMOP */, get(4), 3, 0, NULL, E2BIG);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"semopm\",\"errno\":\"E2BIG\",\"asked\":3,\"limit\":2,"
	      "\"syscall\":\"ipc\"}");
	return 0;
}

static int sem_vmx_ipc32(int argc, char **argv)
{
	static int value = 40000; /* its address fits in 32 bits: this program is static */

	(void)argc, (void)argv;
	own_limits(250, 32000, 128);
	ipc32_must_fail(3 /* SEMCTL */, get(1), 0, SETVAL, &value, ERANGE);
	truth(getpid(), 1, OVER_SEMVMX "\"asked\":40000,\"syscall\":\"ipc\"}");
	return 0;
}
#endif

/* A negative value is out of range, and no limit. */
static int sem_erange(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_sem(250, 32000, 3, 128);
	must_fail(semctl(get(1), 0, SETVAL, -1), ERANGE);
	truth(getpid(), 1, "\"errno\":\"ERANGE\",\"limit_reached\":false");
	return 0;
}

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
	      ipc_namespace);
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
	{"sem-opm", sem_opm, "semop: too many operations", "semopm"},
	{"sem-vmx", sem_vmx, "semop: a value too high", "semvmx"},
	{"sem-vmx-slept", sem_vmx_slept, "semop that slept: a value too high", "semvmx"},
	{"sem-vmx-setval", sem_vmx_setval, "semctl(SETVAL): a value too high", "semvmx"},
	{"sem-vmx-setall", sem_vmx_setall, "semctl(SETALL): a value too high", "semvmx"},
#ifdef __x86_64__
	{"sem-opm-ipc32", sem_opm_ipc32, "ipc(2) of 32-bit programs: as sem-opm", "semopm"},
	{"sem-vmx-ipc32", sem_vmx_ipc32, "ipc(2) of 32-bit programs: as sem-vmx-setval", "semvmx"},
#endif
	{"sem-mni-flood", sem_mni_flood, "[N] N sets too many", "semmni"},
	{"sem-erange", sem_erange, "semctl: ERANGE of a negative value", NULL},
	{"sem-einval", sem_einval, "semget: EINVAL twice, neither by a limit", NULL},
	{0},
};
