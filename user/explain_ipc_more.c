/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_ipc_more.c - shmmni, shmall, shmmax, msgmni, mq-bytes, mq-queues: shared memory and
 * message queues.
 *
 * They last longer than the programs that made them: what is full is often what a program that
 * crashed left behind.
 */
#include "explain_priv.h"

/* IPCMNI of the kernel (ipc/util.h), without ipcmni_extend */
#define IPCMNI 32768

enum shm { SHMMAX, SHMALL, SHM_PAGES, SHM_PAGE_SIZE }; /* more[]: bpf/event.h */

static uint64_t amount(const struct explain *x, enum field f)
{
	return (uint64_t)event_num(x->e, f);
}

/* what: the thing; unit: bytes in one of ASKED, 0: its number is no size. */
static void says_cannot(struct explain *x, const char *what, uint64_t unit)
{
	says_who(x);
	explain_add(&x->says, " could not make a %s", what);
	if (unit && event_has(x->e, FIELD_ASKED)) {
		explain_add(&x->says, " of ");
		says_bytes(x, amount(x, FIELD_ASKED) * unit);
	}
	explain_add(&x->says, " %s ", because(x));
}

void says_exist(struct explain *x, const char *what)
{
	unsigned long long held = amount(x, FIELD_HELD);

	if (event_has(x->e, FIELD_HELD))
		explain_add(&x->says, "%llu %s%s exist%s", held, what, held == 1 ? "" : "s",
			    held == 1 ? "s" : "");
	else
		explain_add(&x->says, "too many %ss exist", what);
	if (event_has(x->e, FIELD_LIMIT))
		explain_add(&x->says, " and the limit is %llu",
			    (unsigned long long)amount(x, FIELD_LIMIT));
}

/* "all segments together have 12 KiB and the limit is 16 KiB" */
static void says_together(struct explain *x, const char *whose, uint64_t unit)
{
	explain_add(&x->says, "%s", whose);
	if (event_has(x->e, FIELD_HELD)) {
		explain_add(&x->says, " have ");
		says_bytes(x, amount(x, FIELD_HELD) * unit);
	} else {
		explain_add(&x->says, " have too much");
	}
	if (event_has(x->e, FIELD_LIMIT)) {
		explain_add(&x->says, " and the limit is ");
		says_bytes(x, amount(x, FIELD_LIMIT) * unit);
	}
}

/* max: what the kernel takes at most for it. */
static void fix_number(struct explain *x, const char *key, uint64_t max)
{
	uint64_t want = more_than(x->e);
	char prefix[64], path[64];

	snprintf(path, sizeof(path), "/proc/sys/%s", key);
	for (char *dot = strchr(path, '.'); dot; dot = strchr(dot, '.'))
		*dot = '/';
	if (max == IPCMNI && amount(x, FIELD_LIMIT) >= max)
		fix_line(x, "# %d are the most, unless the kernel is booted with ipcmni_extend",
			 IPCMNI);
	else if (want)
		fix_sysctl(x, key, want < max ? want : max);
	else if (fix_prefix(x, prefix, sizeof(prefix)))
		fix_line(x, "%ssh -c 'sysctl -w %s=$(($(cat %s) * 2))'", prefix, key, path);
	else
		fix_line(x, "# raise %s in the IPC namespace of the process", key);
}

/* flag: of ipcs and ipcrm */
static void fix_leftovers(struct explain *x, const char *what, char flag)
{
	char prefix[64];

	if (fix_prefix(x, prefix, sizeof(prefix)))
		fix_line(x, "# %s that no program uses any more: %sipcs -%c -p ; %sipcrm -%c ID",
			 what, prefix, flag, prefix, flag);
}

void explain_shmmni(struct explain *x)
{
	says_cannot(x, "System V shared memory segment", 0);
	says_exist(x, "segment");
	says_ipc_end(x, "kernel.shmmni");
	fix_number(x, "kernel.shmmni", IPCMNI);
	fix_leftovers(x, "segments", 'm');
}

static uint64_t page_size(const struct explain *x)
{
	uint64_t n = x->facts->more[SHM_PAGE_SIZE];

	return n ? n : x->facts->page_size ? x->facts->page_size : 4096;
}

void explain_shmall(struct explain *x)
{
	says_cannot(x, "System V shared memory segment", page_size(x));
	says_together(x, "all segments together", page_size(x));
	says_ipc_end(x, "kernel.shmall, which counts pages");
	fix_number(x, "kernel.shmall", UINT64_MAX);
	fix_leftovers(x, "segments", 'm');
}

void explain_shmmax(struct explain *x)
{
	const uint64_t *now = x->facts->more;
	uint64_t asked = amount(x, FIELD_ASKED);
	uint64_t all = now[SHM_PAGES] + asked / page_size(x) + 1;

	says_cannot(x, "System V shared memory segment", 1);
	explain_add(&x->says, "one segment may not be so large");
	if (event_has(x->e, FIELD_LIMIT)) {
		explain_add(&x->says, ": the limit is ");
		says_bytes(x, amount(x, FIELD_LIMIT));
	}
	says_ipc_end(x, "kernel.shmmax");
	if (event_has(x->e, FIELD_LIMIT) && !asked && x->facts->has_more) {
		fix_line(x, "# it asked for more than any machine has: what it was told to ask for "
			    "is wrong");
		return;
	}
	fix_number(x, "kernel.shmmax", UINT64_MAX);
	/* It would be refused next. */
	if (now[SHMALL] && now[SHMALL] < all)
		fix_sysctl(x, "kernel.shmall", all > 2 * now[SHMALL] ? all : 2 * now[SHMALL]);
}

void explain_msgmni(struct explain *x)
{
	says_cannot(x, "System V message queue", 0);
	says_exist(x, "queue");
	says_ipc_end(x, "kernel.msgmni");
	fix_number(x, "kernel.msgmni", IPCMNI);
	fix_leftovers(x, "queues", 'q');
}

void explain_mq_queues(struct explain *x)
{
	says_cannot(x, "POSIX message queue", 0);
	says_exist(x, "queue");
	says_ipc_end(x, "fs.mqueue.queues_max; only CAP_SYS_RESOURCE may exceed it");
	fix_number(x, "fs.mqueue.queues_max", INT32_MAX);
	fix_line(x, "# queues that no program uses any more are files: "
		    "mount -t mqueue none DIR ; ls -l DIR ; rm DIR/NAME");
}

void explain_mq_bytes(struct explain *x)
{
	uint64_t soft = more_than(x->e), hard = amount(x, FIELD_LIMIT_HARD);
	char whose[64] = "the queues of its user";

	if (event_has(x->e, FIELD_LIMIT_UID))
		snprintf(whose, sizeof(whose), "the queues of its user (uid %llu)",
			 (unsigned long long)amount(x, FIELD_LIMIT_UID));
	says_cannot(x, "POSIX message queue", 1);
	says_together(x, whose, 1);
	says_ipc_end(x, "RLIMIT_MSGQUEUE, \"ulimit -q\": messages and what it takes to keep them");
	if (!event_has(x->e, FIELD_LIMIT) || !soft) {
		fix_line(x, "# raise RLIMIT_MSGQUEUE of the process, or of the one that made its "
			    "user namespace");
		return;
	}
	/* It comes with each limit: what no number tells is unlimited. */
	if (!event_has(x->e, FIELD_LIMIT_HARD))
		hard = UINT64_MAX;
	fix_rlimit(x, "msgqueue", "LimitMSGQUEUE", soft, hard < soft ? soft : hard);
}
