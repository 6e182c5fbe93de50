// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest_ipc.c - refuse yourself System V IPC, message queues, signals and the growth of a file.
 */
#include "selftest_priv.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

static int refused(long ret, int err)
{
	return ret < 0 && errno == err ? PROVOKED : IMPOSSIBLE;
}

static bool no_more(int resource)
{
	const struct rlimit none = {0, 0};

	return setrlimit(resource, &none) == 0;
}

int refuse_semopm(void)
{
	struct sembuf ops[2] = {{.sem_op = 1}, {.sem_op = 1}};

	if (!selftest_own_ipc("/proc/sys/kernel/sem", "250 32000 1 128"))
		return IMPOSSIBLE;
	return refused(semop(semget(IPC_PRIVATE, 1, 0600), ops, 2), E2BIG);
}

int refuse_semvmx(void)
{
	struct sembuf op = {.sem_op = INT16_MAX};
	int id;

	if (unshare(CLONE_NEWIPC) < 0)
		return IMPOSSIBLE;
	id = semget(IPC_PRIVATE, 1, 0600);
	if (semop(id, &op, 1) < 0)
		return IMPOSSIBLE;
	return refused(semop(id, &op, 1), ERANGE);
}

int refuse_shmmni(void)
{
	if (!selftest_own_ipc("/proc/sys/kernel/shmmni", "0"))
		return IMPOSSIBLE;
	return refused(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
}

int refuse_shmall(void)
{
	if (!selftest_own_ipc("/proc/sys/kernel/shmall", "0"))
		return IMPOSSIBLE;
	return refused(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
}

int refuse_shmmax(void)
{
	if (!selftest_own_ipc("/proc/sys/kernel/shmmax", "1"))
		return IMPOSSIBLE;
	return refused(shmget(IPC_PRIVATE, 2, 0600), EINVAL);
}

int refuse_msgmni(void)
{
	if (!selftest_own_ipc("/proc/sys/kernel/msgmni", "0"))
		return IMPOSSIBLE;
	return refused(msgget(IPC_PRIVATE, 0600), ENOSPC);
}

int refuse_mq_bytes(void)
{
	if (unshare(CLONE_NEWIPC) < 0 || !no_more(RLIMIT_MSGQUEUE))
		return IMPOSSIBLE;
	return refused(mq_open("/failcnt", O_CREAT | O_RDWR, 0600, NULL), EMFILE);
}

int refuse_timer(void)
{
	timer_t timer;

	if (!no_more(RLIMIT_SIGPENDING))
		return IMPOSSIBLE;
	return refused(timer_create(CLOCK_MONOTONIC, NULL, &timer), EAGAIN);
}

int refuse_signal(void)
{
	if (!no_more(RLIMIT_SIGPENDING))
		return IMPOSSIBLE;
	return refused(sigqueue(getpid(), SIGRTMIN, (union sigval){0}), EAGAIN);
}

int refuse_fsize(void)
{
	int fd = memfd_create("failcnt", MFD_CLOEXEC);

	signal(SIGXFSZ, SIG_IGN);
	if (fd < 0 || !no_more(RLIMIT_FSIZE))
		return IMPOSSIBLE;
	return refused(ftruncate(fd, 1), EFBIG);
}
