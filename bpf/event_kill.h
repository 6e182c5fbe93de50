/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event_kill.h - the part of event.h that is about processes that were killed:
 * by the OOM killer, with its ballot and the memory of the cgroup and host, or
 * by any other signal. Included by event.h, whose types it is made of.
 */
#ifndef FAILCNT_WIRE_KILL_H
#define FAILCNT_WIRE_KILL_H

#ifndef FAILCNT_WIRE_H
#error "include event.h"
#endif

/* enum oom_constraint of the kernel (include/linux/oom.h), the same from 2.6 on. */
enum fc_constraint {
	FC_CONSTRAINT_NONE,
	FC_CONSTRAINT_CPUSET,
	FC_CONSTRAINT_MEMORY_POLICY,
	FC_CONSTRAINT_MEMCG,
};

/* A page counter of a memory cgroup, in pages: a complete beancounter row. */
struct fc_page_counter {
	__u64 usage, max, watermark, failcnt;
};

struct fc_memcg {
	__u64 id;                            /* kernfs id */
	struct fc_page_counter memory, swap; /* swap: v1 memsw, v2 swap */
	__u64 oom, oom_kill, oom_group_kill; /* memory.events of v2, oom_control of v1 */
	struct fc_path path;
};

/* A process that the OOM killer weighed (oom_badness() of mm/oom_kill.c). */
struct fc_candidate {
	__s64 points;              /* pages */
	__u64 rss, swap, pgtables; /* pages */
	__u32 pid;
	__s32 score_adj;
	char comm[FC_COMM];
};

#define FC_CANDIDATES 10
#define FC_EXEMPT 4

enum fc_ballot_source {
	FC_BALLOT_NONE,
	FC_BALLOT_DECISION, /* each as the kernel came to it, in this very decision */
	FC_BALLOT_TASKS,    /* by the same rule, of all tasks at the moment of the kill */
};

/* Those with the most points, in no order; and those who are exempt (-1000), the largest. */
struct fc_ballot {
	__u64 total_pages; /* what oom_score_adj is thousandths of */
	__u32 total;       /* candidates */
	__u32 exempt_total;
	__u8 n, n_exempt;
	__u8 source; /* enum fc_ballot_source */
	__u8 pad[5];
	struct fc_candidate candidate[FC_CANDIDATES], exempt[FC_EXEMPT];
};

enum fc_split_has {
	FC_SPLIT_ANON = 1 << 0,
	FC_SPLIT_FILE = 1 << 1,
	FC_SPLIT_SHMEM = 1 << 2,
	FC_SPLIT_KERNEL = 1 << 3,
	FC_SPLIT_SOCK = 1 << 4,
};

/* What a cgroup's memory is, in the terms of memory.stat: file has shmem in it. Bytes. */
struct fc_split {
	__u32 has; /* enum fc_split_has */
	__u32 pad;
	__u64 anon, file, shmem, kernel, sock;
};

enum fc_host_has {
	FC_HOST_FREE = 1 << 0,
	FC_HOST_SWAP = 1 << 1,
	FC_HOST_COMMITTED = 1 << 2,
	FC_HOST_HUGE = 1 << 3,
	FC_HOST_CACHE = 1 << 4, /* file, reclaimable, reserve */
};

/* The host's memory at that moment, in pages. */
struct fc_host {
	__u32 has; /* enum fc_host_has */
	__u32 pad;
	__u64 total, free, swap_total, swap_free, committed, huge;
	__u64 file, reclaimable, reserve; /* what MemAvailable is made of (si_mem_available()) */
};

/* The latest setting of an oom_score_adj. */
struct fc_adj {
	__u64 when; /* CLOCK_BOOTTIME ns; 0: none was seen */
	__s32 value, from;
	__u32 has_from;
	__u32 of_pid; /* whose it was: the victim's, or that of an ancestor of it */
	__u32 by_pid, by_uid;
	char of_comm[FC_COMM], by_comm[FC_COMM], by_parent_comm[FC_COMM];
};

struct fc_oom {
	struct fc_header h;
	__u32 has;
	__u8 hook, backend;
	__u8 constraint; /* enum fc_constraint */
	__u8 member;     /* killed with the group, not chosen */
	__s32 order;     /* -1: sysrq */
	__u32 gfp;
	__s64 points;      /* the kernel's score of the chosen one, pages */
	__u64 total_pages; /* size of the constraint, not of the victim */
	__u64 group_id;    /* kernfs id of the memory.oom.group cgroup; 0: none */
	__u64 rss_anon, rss_file, rss_shmem, swap; /* pages of the victim */
	__u64 pgtables;                            /* bytes */
	__s32 score_adj;
	__u32 pad;
	__u64 host_held; /* host-wide only: pages of RAM and swap in use */
	struct fc_who victim;
	struct fc_who trigger; /* who asked for the memory at that moment */
	struct fc_memcg memcg; /* whose limit fired */
	struct fc_ballot ballot;
	struct fc_split split;
	struct fc_host host;
	struct fc_adj adj; /* of the victim */
};

/* A victim's memory is free again. */
struct fc_freed {
	struct fc_header h;
	__u64 start;  /* of the victim's process */
	__u64 killed; /* CLOCK_BOOTTIME ns */
	__u32 pid;
	__u32 pad;
};

/* How a process came to the signal that it died of. */
enum fc_how {
	FC_HOW_UNKNOWN,
	FC_HOW_PROCESS, /* another process sent it */
	FC_HOW_SELF,
	FC_HOW_FAULT, /* for what the process itself did: code_si tells what */
	FC_HOW_TTY,   /* its terminal: a key, a hangup */
	FC_HOW_TIMER,
	FC_HOW_PIPE, /* it wrote to a pipe or socket that nobody reads */
	FC_HOW_RLIMIT,
	FC_HOW_SECCOMP,
	FC_HOW_NAMESPACE,  /* the first process of its pid namespace, the sender, ended */
	FC_HOW_PARENT,     /* its parent, the sender, ended, and it had asked for this signal */
	FC_HOW_OOM_SHARED, /* it had the address space of a victim of the OOM killer */
	FC_HOW_KERNEL,     /* the kernel, for another reason */
	FC_HOW_TRACER,     /* who traced it, the sender, killed it with ptrace(2), or ended */
	FC_HOW_INJECTED,   /* inferred: who traced it, the sender, had it go on with this signal */
	FC_HOWS,
};

/* fc_death.has: FC_HAS_CERTAIN, FC_HAS_LIMIT, and these */
enum fc_death_has {
	FC_DEATH_LEFT = 1 << 23,       /* of the victim only numbers and names are known */
	FC_DEATH_SENDER = 1 << 24,     /* sender is whole */
	FC_DEATH_SENDER_PID = 1 << 25, /* only its pid, uid and start are known */
	FC_DEATH_NOINFO = 1 << 26,     /* without siginfo, as cgroup.kill does */
	FC_DEATH_BY_SESSION = 1 << 27, /* the sender leads the session of the victim's terminal */
	FC_DEATH_IP = 1 << 28,
	FC_DEATH_ADDR = 1 << 29,
	FC_DEATH_STRICT = 1 << 30, /* seccomp's strict mode */
};

enum fc_map_flags {
	FC_MAP_LOOKED = 1 << 0,
	FC_MAP_FOUND = 1 << 1,
	FC_MAP_FILE = 1 << 2, /* name, offset and size are of the file that is mapped there */
	FC_MAP_HUGE = 1 << 3, /* huge pages */
	FC_MAP_TMPFS = 1 << 4,
};

#define FC_NAME 96

struct fc_mapping {
	__u32 flags; /* enum fc_map_flags */
	__u32 pad;
	__u64 offset; /* in the file */
	__u64 size;   /* of the file, bytes */
	char name[FC_NAME];
};

/* A process died of a signal. */
struct fc_death {
	struct fc_header h;
	__u32 has;
	__u8 hook, backend;
	__u8 sig, how; /* how: enum fc_how */
	__s32 code_si; /* si_code */
	__s32 syscall; /* FC_HOW_SECCOMP: what was not allowed */
	__u32 tid;     /* the thread that saw it first */
	__u32 pdeath;
	__u64 fault_addr, ip;
	__u64 limit;        /* FC_HOW_RLIMIT: seconds or bytes */
	__u64 shared_start; /* FC_HOW_OOM_SHARED: the victim */
	__u32 shared_pid;
	__u32 arch;                   /* of syscall: AUDIT_ARCH_ of linux/audit.h; 0: unknown */
	struct fc_mapping code, data; /* around ip and fault_addr */
	struct fc_who victim, sender;
};

struct fc_death_key {
	__u64 start; /* with pid the identity of a process */
	__u32 pid, pad;
};

/* What is known of the signal that a process dies of; kept from its sending until it is told. */
struct fc_death_state {
	__u64 sender_start, limit, shared_start;
	__u32 sender_pid, sender_uid, shared_pid;
	__s32 code; /* si_code */
	__u32 has;
	__u8 sig, how;
	__u8 sealed; /* the process was ended when it was sent: no later one matters */
	__u8 told;
	/* The ring was full until its end: who it was, for the collector to find here. */
	__u32 left;
	__u32 uid, ppid, vpid;
	__u64 when, cgroup_id;
	char comm[FC_COMM], parent_comm[FC_COMM];
};

struct fc_death_sender {
	__u64 when;
	struct fc_who who;
};

FC_ASSERT_OFFSET(struct fc_oom, points, 32);
FC_ASSERT_OFFSET(struct fc_oom, victim, 112);
FC_ASSERT_SIZE(struct fc_memcg, 8 + 64 + 24 + 8 + FC_PATH);
FC_ASSERT_SIZE(struct fc_candidate, 40 + FC_COMM);
FC_ASSERT_SIZE(struct fc_ballot, 24 + (FC_CANDIDATES + FC_EXEMPT) * sizeof(struct fc_candidate));
FC_ASSERT_SIZE(struct fc_split, 48);
FC_ASSERT_SIZE(struct fc_host, 80);
FC_ASSERT_SIZE(struct fc_oom, 112 + 2 * sizeof(struct fc_who) + sizeof(struct fc_memcg) +
				      sizeof(struct fc_ballot) + sizeof(struct fc_split) +
				      sizeof(struct fc_host) + sizeof(struct fc_adj));
FC_ASSERT_SIZE(struct fc_adj, 32 + 3 * FC_COMM);
FC_ASSERT_SIZE(struct fc_freed, 40);
FC_ASSERT_SIZE(struct fc_mapping, 24 + FC_NAME);
FC_ASSERT_OFFSET(struct fc_death, fault_addr, 40);
FC_ASSERT_SIZE(struct fc_death, 80 + 2 * sizeof(struct fc_mapping) + 2 * sizeof(struct fc_who));
FC_ASSERT_SIZE(struct fc_death_state, 112);

#endif
