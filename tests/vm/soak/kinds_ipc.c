// SPDX-License-Identifier: GPL-2.0-only
/*
 * What runs out in the load's own IPC namespace. prepare_ipc() takes all sets, segments and queues
 * that there are, so that which limit refuses follows from the size asked for (ipc/sem.c newary(),
 * ipc/shm.c newseg(), ipc/util.c ipc_addid()).
 */
#define _GNU_SOURCE
#include "load.h"

#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEMMSL 100
#define SEMMNS 120
#define SEMOPM 8
#define SEMVMX 32767 /* include/uapi/linux/sem.h */
#define SHMMAX (64 * PAGE)
#define SHMALL 100

static int sems = -1;

static bool prepare_ipc(void)
{
	int i;

	if (sems >= 0)
		return true;
	if (!set("/proc/sys/kernel/sem", "%d %d %d 2", SEMMSL, SEMMNS, SEMOPM) ||
	    !set("/proc/sys/kernel/shmmni", "2") || !set("/proc/sys/kernel/shmall", "%d", SHMALL) ||
	    !set("/proc/sys/kernel/shmmax", "%ld", SHMMAX) ||
	    !set("/proc/sys/kernel/msgmni", "2") || !set("/proc/sys/fs/mqueue/queues_max", "1"))
		return false;
	for (i = 0; i < 2; i++) {
		sems = semget(IPC_PRIVATE, 30, 0666);
		if (sems < 0 || shmget(IPC_PRIVATE, 30 * PAGE, 0666) < 0 ||
		    msgget(IPC_PRIVATE, 0666) < 0)
			fail("System V IPC");
	}
	if (mq_open("/full", O_CREAT | O_RDONLY, 0666, NULL) < 0)
		fail("mq_open");
	return true;
}

static void semmni(struct round *r)
{
	while (r->left > 0)
		tally(r, "semmni", semget(IPC_PRIVATE, 1 + pick(r, 50), 0600));
	/* NULL sets and less than none: the same call, and no limit. */
	tally(r, DECOY, semget(IPC_PRIVATE, -1, 0600));
	tally(r, DECOY, semget(IPC_PRIVATE, 0, 0600));
}

static void semmns(struct round *r)
{
	while (r->left > 0)
		tally(r, "semmns", semget(IPC_PRIVATE, SEMMNS - 59 + pick(r, 30), 0600));
}

static void semmsl(struct round *r)
{
	while (r->left > 0)
		tally(r, "semmsl", semget(IPC_PRIVATE, SEMMSL + 1 + pick(r, 9), 0600));
}

static void semopm(struct round *r)
{
	struct sembuf ops[SEMOPM + 8] = {{0}};
	struct sembuf one = {.sem_op = -1, .sem_flg = IPC_NOWAIT};

	while (r->left > 0) {
		tally(r, "semopm", semop(sems, ops, SEMOPM + 1 + pick(r, 7)));
		tally(r, DECOY, semop(sems, &one, 1)); /* EAGAIN: it is 0 */
	}
}

static void semvmx(struct round *r)
{
	while (r->left > 0) {
		struct sembuf up = {
			.sem_num = 1 + pick(r, 5), .sem_op = SEMVMX, .sem_flg = IPC_NOWAIT};

		if (pick(r, 2))
			tally(r, "semvmx", semctl(sems, 0, SETVAL, SEMVMX + 1 + (int)pick(r, 9)));
		else
			tally(r, "semvmx", semop(sems, &up, 1));
	}
}

static void shmmni(struct round *r)
{
	while (r->left > 0)
		tally(r, "shmmni", shmget(IPC_PRIVATE, (1 + pick(r, 30)) * PAGE, 0600));
	tally(r, DECOY, shmget(IPC_PRIVATE, 0, 0600));
}

static void shmall(struct round *r)
{
	while (r->left > 0)
		tally(r, "shmall", shmget(IPC_PRIVATE, (SHMALL - 59 + pick(r, 20)) * PAGE, 0600));
}

static void shmmax(struct round *r)
{
	while (r->left > 0)
		tally(r, "shmmax", shmget(IPC_PRIVATE, SHMMAX + 1 + pick(r, PAGE), 0600));
}

static void msgmni(struct round *r)
{
	struct {
		long type;
		char text[8];
	} m;

	while (r->left > 0) {
		tally(r, "msgmni", msgget(IPC_PRIVATE, 0600));
		tally(r, DECOY, msgrcv(0x7fff0000, &m, sizeof(m.text), 0, IPC_NOWAIT));
	}
}

static void mq_name(struct round *r, char *name, size_t size)
{
	snprintf(name, size, "/soak-%d-%d", getpid(), (int)pick(r, 1000));
}

/* As a user: CAP_SYS_RESOURCE passes it (ipc/mqueue.c mqueue_create_attr()). */
static void mq_queues(struct round *r)
{
	char name[32];

	while (r->left > 0) {
		mq_name(r, name, sizeof(name));
		tally(r, "mq-queues", mq_open(name, O_CREAT | O_RDWR, 0600, NULL));
		tally(r, DECOY, mq_open(name, O_RDWR)); /* ENOENT */
	}
}

static void mq_bytes(struct round *r)
{
	char name[32];

	limit(RLIMIT_MSGQUEUE, 1000);
	while (r->left > 0) {
		mq_name(r, name, sizeof(name));
		tally(r, "mq-bytes", mq_open(name, O_CREAT | O_RDWR, 0600, NULL));
	}
}

const struct kind ipc_kinds[] = {
	{"semmni", "semmni", prepare_ipc, semmni, 1},
	{"semmns", "semmns", prepare_ipc, semmns, 0},
	{"semmsl", "semmsl", prepare_ipc, semmsl, 1},
	{"semopm", "semopm", prepare_ipc, semopm, 0},
	{"semvmx", "semvmx", prepare_ipc, semvmx, 0},
	{"shmmni", "shmmni", prepare_ipc, shmmni, 1},
	{"shmall", "shmall", prepare_ipc, shmall, 1},
	{"shmmax", "shmmax", prepare_ipc, shmmax, 0},
	{"msgmni", "msgmni", prepare_ipc, msgmni, 1},
	{"mq-queues", "mq-queues", prepare_ipc, mq_queues, 1},
	{"mq-bytes", "mq-bytes", prepare_ipc, mq_bytes, 0},
	{0},
};
