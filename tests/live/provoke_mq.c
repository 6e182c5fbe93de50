// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of shared memory and message queues, System V's and POSIX's: each in an IPC namespace
 * of its own, whose limits are made small; those that count by user, as a user who has nothing.
 */
#define _GNU_SOURCE
#include "provoke_ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

#define NOBODY_ELSE 54321 /* a uid */
#define PAGE 4096L

static long segment(long size)
{
	return shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
}

static long queue(void)
{
	return msgget(IPC_PRIVATE, IPC_CREAT | 0600);
}

#define EXPECT(resource, err, call)                                                                \
	"\"expect\":{\"resource\":\"" resource "\",\"errno\":\"" err "\",\"syscall\":\"" call "\"" \
	","

static bool segment_again(void)
{
	return segment(PAGE) >= 0;
}

static int shm_mni(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/kernel/shmmni", "2");
	must_work(segment(1));
	must_work(segment(1));
	must_fail(segment(1), ENOSPC);
	truth(getpid(), 1,
	      EXPECT("shmmni", "ENOSPC", "shmget") "\"held\":2,\"limit\":2,\"asked\":1,"
						   "\"measure\":\"segments\",\"object\":\"IPC_"
						   "PRIVATE\",\"namespace\":\"%s\"}",
	      ipc_namespace);
	prove(segment_again);
	return 0;
}

static bool two_pages_again(void)
{
	return segment(2 * PAGE) >= 0;
}

static int shm_all(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/kernel/shmall", "4");
	must_work(segment(2 * PAGE + 1));
	must_fail(segment(2 * PAGE), ENOSPC);
	truth(getpid(), 1,
	      EXPECT("shmall", "ENOSPC", "shmget") "\"held\":3,\"limit\":4,\"asked\":2,"
						   "\"measure\":\"pages\",\"namespace\":\"%s\"}",
	      ipc_namespace);
	prove(two_pages_again);
	return 0;
}

static bool large_again(void)
{
	return segment(2 * PAGE + 1) >= 0;
}

static int shm_max(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/kernel/shmmax", "%ld", 2 * PAGE);
	must_fail(segment(2 * PAGE + 1), EINVAL);
	truth(getpid(), 1,
	      EXPECT("shmmax", "EINVAL", "shmget") "\"held\":null,\"limit\":8192,\"asked\":8193,"
						   "\"measure\":\"bytes\",\"namespace\":\"%s\"}",
	      ipc_namespace);
	prove(large_again);
	return 0;
}

/* With a key it could have been a smaller segment that exists: only sys_exit cannot tell. */
static int shm_max_key(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/kernel/shmmax", "%ld", 2 * PAGE);
	must_fail(shmget(4711, 2 * PAGE + 1, IPC_CREAT | 0600), EINVAL);
	truth(getpid(), 1,
	      EXPECT("shmmax", "EINVAL", "shmget") "\"limit\":8192,\"asked\":8193,"
						   "\"object\":\"IPC key 0x00001267\"},"
						   "\"tracepoint\":{\"certain\":false}");
	return 0;
}

/* The same errnos without a limit: nothing may be reported. */
static int shm_einval(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/kernel/shmmax", "%ld", 2 * PAGE);
	must_fail(segment(0), EINVAL);
	must_work(shmget(4711, PAGE, IPC_CREAT | 0600));
	must_fail(shmget(4711, PAGE + 1, 0600), EINVAL);
	truth(getpid(), 2, "\"errno\":\"EINVAL\",\"limit_reached\":false");
	return 0;
}

static bool queue_again(void)
{
	return queue() >= 0;
}

static int msg_mni(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/kernel/msgmni", "2");
	must_work(queue());
	must_work(queue());
	must_fail(queue(), ENOSPC);
	truth(getpid(), 1,
	      EXPECT("msgmni", "ENOSPC", "msgget") "\"held\":2,\"limit\":2,\"asked\":1,"
						   "\"measure\":\"queues\",\"object\":\"IPC_"
						   "PRIVATE\",\"namespace\":\"%s\"}",
	      ipc_namespace);
	prove(queue_again);
	return 0;
}

#ifdef __x86_64__
static int shm_max_ipc32(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/kernel/shmmax", "%ld", 2 * PAGE);
	ipc32_must_fail(23 /* SHMGET */, IPC_PRIVATE, 2 * PAGE + 1, 0600, NULL, EINVAL);
	truth(getpid(), 1, EXPECT("shmmax", "EINVAL", "ipc") "\"limit\":8192,\"asked\":8193}");
	return 0;
}

static int msg_mni_ipc32(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/kernel/msgmni", "1");
	must_work(queue());
	ipc32_must_fail(13 /* MSGGET */, IPC_PRIVATE, IPC_CREAT | 0600, 0, NULL, ENOSPC);
	truth(getpid(), 1, EXPECT("msgmni", "ENOSPC", "ipc") "\"held\":1,\"limit\":1}");
	return 0;
}
#endif

static long open_queue(const char *name, long messages, long size)
{
	struct mq_attr attr = {.mq_maxmsg = messages, .mq_msgsize = size};

	return mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
}

/* No capability raises a limit, and no other process has anything of it. */
static void become_nobody_else(void)
{
	if (setresgid(NOBODY_ELSE, NOBODY_ELSE, NOBODY_ELSE) ||
	    setresuid(NOBODY_ELSE, NOBODY_ELSE, NOBODY_ELSE))
		skip("setresuid: %s", strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
}

static bool mq_again(void)
{
	return open_queue("/third", 10, 1024) >= 0;
}

/* Of each message the kernel takes its size and two structs of 48 bytes: mqueue_get_inode(). */
static int mq_bytes(int argc, char **argv)
{
	struct rlimit limit = {20000, 30000};

	(void)argc, (void)argv;
	own_ipc(NULL, " ");
	if (setrlimit(RLIMIT_MSGQUEUE, &limit))
		fail("setrlimit");
	become_nobody_else();
	must_work(open_queue("/first", 10, 1024));
	must_fail(open_queue("/second", 10, 1000), EMFILE);
	truth(getpid(), 1,
	      EXPECT("mq-bytes", "EMFILE", "mq_open") "\"held\":11200,\"limit\":20000,\"asked\":"
						      "10960,\"limit_hard\":30000,"
						      "\"measure\":\"bytes\",\"limit_name\":"
						      "\"RLIMIT_MSGQUEUE\",\"limit_uid\":%d,"
						      "\"uid\":%d}",
	      NOBODY_ELSE, NOBODY_ELSE);
	prove(mq_again);
	return 0;
}

static int mq_queues(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/fs/mqueue/queues_max", "1");
	become_nobody_else();
	must_work(open_queue("/first", 1, 8));
	must_fail(open_queue("/second", 1, 8), ENOSPC);
	truth(getpid(), 1,
	      EXPECT("mq-queues", "ENOSPC",
		     "mq_open") "\"held\":1,\"limit\":1,\"asked\":1,"
				"\"measure\":\"queues\",\"namespace\":\"%s\"}",
	      ipc_namespace);
	prove(mq_again);
	return 0;
}

/* The same errno, but it is the table of descriptors that is full. */
static int mq_nofile(int argc, char **argv)
{
	struct rlimit limit = {3, 3};

	(void)argc, (void)argv;
	own_ipc(NULL, " ");
	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("setrlimit");
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	must_fail(open_queue("/first", 10, 1024), EMFILE);
	truth(getpid(), 1, EXPECT("nofile", "EMFILE", "mq_open") "\"held\":3,\"limit\":3}");
	return 0;
}

static int mq_einval(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ipc("/proc/sys/fs/mqueue/msg_max", "10");
	become_nobody_else();
	must_fail(open_queue("/first", 11, 1024), EINVAL);
	truth(getpid(), 1, "\"errno\":\"EINVAL\",\"limit_reached\":false");
	return 0;
}

const struct provocation mq_provocations[] = {
	{"shm-mni", shm_mni, "shmget: too many segments", "shmmni"},
	{"shm-all", shm_all, "shmget: too many pages in all", "shmall"},
	{"shm-max", shm_max, "shmget: a segment too large", "shmmax"},
	{"shm-max-key", shm_max_key, "shmget with a key: as shm-max", "shmmax"},
	{"shm-einval", shm_einval, "shmget: EINVAL twice, neither by a limit", NULL},
	{"msg-mni", msg_mni, "msgget: too many queues", "msgmni"},
#ifdef __x86_64__
	{"shm-max-ipc32", shm_max_ipc32, "ipc(2) of 32-bit programs: as shm-max", "shmmax"},
	{"msg-mni-ipc32", msg_mni_ipc32, "ipc(2) of 32-bit programs: as msg-mni", "msgmni"},
#endif
	{"mq-bytes", mq_bytes, "mq_open: too many bytes of one user", "mq-bytes"},
	{"mq-queues", mq_queues, "mq_open: too many queues", "mq-queues"},
	{"mq-nofile", mq_nofile, "mq_open: no descriptor left", "nofile"},
	{"mq-einval", mq_einval, "mq_open: EINVAL of more messages than may be", NULL},
	{0},
};
