/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders.h - who holds the resource that ran out, most first, and what of it
 * changes the advice: 29,000 sockets in CLOSE_WAIT are a leak, not a small limit.
 *
 * Reads procfs and cgroups below descriptors, so that fixtures stand in; it is
 * given the fields of a `refused` or `killed` event and changes nothing. It can
 * take seconds, and a process that holds its own mmap_lock can keep a reader of
 * its maps for as long as it likes: holders_watch.c asks from a process of its own.
 */
#ifndef FAILCNT_HOLDERS_H
#define FAILCNT_HOLDERS_H

#include "counter.h"
#include "field.h"

struct holders_iter;
struct nlmsghdr;

/* What is asked: fields of the event. Strings "" and numbers without their flag: unknown. */
struct holders_ask {
	int64_t seq;
	char resource[32];
	char comm[64];
	char measure[32];
	char cgroup[512];       /* on v1 in the memory hierarchy */
	char limit_cgroup[512]; /* whose limit refused; OOM: memcg */
	char mount[512], device[64];
	int64_t pid; /* 0: unknown */
	int64_t uid; /* of the process; -1 unknown */
	int64_t limit_uid;
	int64_t held, limit; /* -1 unknown */
	int64_t uptime_us;   /* when; 0 unknown: what started later is another process */
	uint32_t ipc_ns;     /* inode of the IPC namespace; 0 unknown */
	uint32_t makers;     /* number of the BPF map of who made semaphore sets; 0: none */
	uint32_t net_ns;     /* the same of the network namespace */
	uint32_t user_ns;    /* whose limit it is, limit_uid's in it; 0: unknown, or the first */
	uint32_t pid_ns;     /* whose limit it is; 0: the host's */
	bool ipv6;           /* neighbours: of IPv6 */
	bool killed;
	bool self_only; /* a storm: look at the process that was refused and at no other */
};

/* One holder, with room of its own. The meanings are those of struct event_holder. */
struct holder {
	unsigned int have;
	int64_t pid, uid, held, count, last_pid;
	bool dead;
	char comm[64], kind[64], cgroup[192], object[192];
};

struct holders_found {
	int64_t seq;
	char resource[32];
	char measure[32]; /* of held, where no kind says another */
	uint64_t total;   /* how many there are; the largest of them are here */
	unsigned int n;
	int status;      /* what holders_gather() returned */
	bool incomplete; /* the time was up, or something could not be read */
	char says[1024]; /* "": nothing that changes the advice */
	char fix[2048];
	struct holder holder[EVENT_HOLDER_MAX];
};

/* The process that made a semaphore set, also where it has ended. */
struct sem_maker {
	int64_t pid;
	uint64_t start; /* nanoseconds since boot */
	char comm[16];
};

/* A user namespace, and who made it, as a uid of the first one; -1 unknown. */
#define OWNER_LEVELS 33 /* include/linux/user_namespace.h allows 32 below the first */
struct owner_level {
	uint32_t ns; /* inode */
	int64_t owner;
	bool first;
};

struct holders_env {
	int proc;                  /* procfs */
	struct counters *counters; /* for the directories of cgroups; NULL: none are read */
	struct holders_iter *iter; /* NULL: /proc is walked */
	uint64_t page_size;
	uint64_t deadline_ms; /* CLOCK_MONOTONIC; 0: none */
	/* Enters the IPC namespace of a process, so that /proc/sysvipc is its; NULL: it is already.
	 */
	int (*enter_ipc)(void *arg, int64_t pid);
	/* semctl(GETPID): who operated the semaphore last; 0 nobody; -errno. NULL: not to be asked.
	 */
	int64_t (*sem_pid)(void *arg, int64_t id, unsigned int number);
	/* Who made a set of that namespace (inode); false: unknown. NULL: not to be asked. */
	bool (*sem_maker)(void *arg, uint64_t ipc_ns, int64_t id, struct sem_maker *ret);
	/* The same for the network namespace; a process that is not known (0): only where the
	 * namespace is. */
	int (*enter_net)(void *arg, int64_t pid);
	/* The user namespace of a process (its directory below /proc) and those above it, lowest
	 * first: how many; -errno. NULL: not to be asked. */
	int (*user_levels)(void *arg, int proc, struct owner_level *ret, int max);
	/* Whether it is in that pid namespace (inode) or below it. NULL: not to be asked. */
	bool (*in_pid_ns)(void *arg, int proc, uint32_t ns);
	/* Sends a netlink request for a dump, each answer to cb until it returns other than 0.
	 * -ETIME: not through at deadline_ms. NULL: not to be asked. */
	int (*dump)(void *arg, int protocol, struct nlmsghdr *request, uint64_t deadline_ms,
		    int (*cb)(void *arg, const struct nlmsghdr *m), void *cb_arg);
	void *arg;
};

/* Whether anything is known of who holds this resource. */
bool holders_known(const char *resource);

/*
 * Whose limit it is, as one text with the resource: "nofile pid 812". The same
 * text is the same limit. *ret_program, where the limit is that of a process:
 * the program that is at it, "nofile nginx /system.slice/nginx.service"; else "".
 */
#define HOLDERS_KEY 1200
void holders_owner(const struct holders_ask *ask, char key[HOLDERS_KEY], char program[HOLDERS_KEY]);

/* Copies what is asked out of a `refused` or `killed` event. */
void holders_ask_of(struct holders_ask *ask, const struct event *e, int64_t seq);

/*
 * 0, also where nobody was found (n 0); -ESRCH the process has gone and with it
 * what it held; -ENOTSUP; -ENOMEM. f is filled in any case with what there is.
 */
int holders_gather(const struct holders_env *env, const struct holders_ask *ask,
		   struct holders_found *f);

/* Puts it into a `followup`: HOLDERS, and SAYS and FIX where they change the advice. */
void holders_tell(const struct holders_found *f, struct event *e);

#endif
