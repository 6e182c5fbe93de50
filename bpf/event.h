/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h - the records on the wire between bpf/ and user/.
 *
 * Every record begins with its type and its own size, so that the collector
 * can reject what it does not know without trusting a byte of it. Records have
 * fixed sizes; sizes and offsets are asserted at the end, for both compilers.
 *
 * Some limits answer with a signal and no errno (RLIMIT_CPU): err is then FC_ERR_SIGNAL + signal.
 *
 * Times are CLOCK_BOOTTIME nanoseconds. Amounts are in the unit named in the
 * comment; a field whose FC_HAS_ bit is not set is unknown, whatever it holds.
 */
#ifndef FAILCNT_WIRE_H
#define FAILCNT_WIRE_H

#ifndef __bpf__
#include <linux/types.h>
#include <stddef.h>
#endif

#define FC_COMM 16
#define FC_PATH 768   /* bytes of cgroup path components, leaf first, each ended by NUL */
#define FC_OBJECT 256 /* bytes of a path that was to be opened */
#define FC_MORE 4     /* numbers for the remedy */
#define FC_ERR_SIGNAL 0x2000

enum fc_resource {
	FC_RESOURCE_NONE,
#define RESOURCE(name, ...) FC_##name,
#include "resources.def"
	FC_RESOURCES,
};

enum fc_type {
	FC_TYPE_REFUSED = 1,
	FC_TYPE_OOM = 2,
	FC_TYPE_FREED = 3,
	FC_TYPE_DEATH = 8,
};

enum fc_backend {
	FC_BACKEND_NONE,
	FC_BACKEND_FEXIT,
	FC_BACKEND_KPROBE,
	FC_BACKEND_TRACEPOINT,
	FC_BACKENDS,
};

/* A hook is a place in the kernel; each backend has its own program for it. */
enum fc_hook {
#define HOOK(name, ...) FC_HOOK_##name,
#include "hooks.def"
#undef HOOK
	FC_HOOKS,
};

/* What a system call is to us; its numbers differ between architectures. */
enum fc_call {
	FC_CALL_OTHER,
#define CALL(name, ...) FC_CALL_##name,
#include "calls.def"
#undef CALL
	FC_CALLS,
};

/* What /proc/sys says, where the kernel hides its variables. */
enum fc_hint {
#define HINT(name, ...) FC_HINT_##name,
#include "hints.def"
#undef HINT
	FC_HINTS,
};
#define FC_CALL_NUMBERS 512 /* above any system call's number */

/* Another limit of the same resource; numbers count from 1 through all resources. */
enum fc_variant {
	FC_VARIANT_NONE,
#define RESOURCE(...)
#define VARIANT(resource, name, ...) FC_VARIANT_##name,
#include "resources.def"
	FC_VARIANTS,
};

/* The namespace that a limit belongs to. */
enum fc_ns {
	FC_NS_NONE,
	FC_NS_IPC,
	FC_NS_PID,
	FC_NS_USER,
	FC_NS_MNT,
	FC_NS_NET,
	FC_NS_KINDS,
};

enum fc_has {
	FC_HAS_HELD = 1 << 0,
	FC_HAS_LIMIT = 1 << 1,
	FC_HAS_HARD = 1 << 2,
	FC_HAS_ASKED = 1 << 3,
	FC_HAS_SYSCALL = 1 << 4,
	FC_HAS_CERTAIN = 1 << 5, /* the cause was seen, not inferred */
	FC_HAS_COMPAT = 1 << 6,  /* a 32-bit system call: its own numbers */
	FC_HAS_PATH = 1 << 7,    /* object holds a path */
	FC_HAS_SOCK = 1 << 8,    /* sock: what socket() asked for, or where accept() listens */
	FC_HAS_KEY = 1 << 9,     /* key: an IPC key */
	FC_HAS_MEMCG = 1 << 10,
	FC_HAS_MEMSW = 1 << 11, /* v1: memory + swap; it is charged before memory */
	FC_HAS_SWAP = 1 << 12,
	FC_HAS_EVENTS = 1 << 13,
	FC_HAS_CONTEXT = 1 << 14, /* constraint, order, gfp, points: from struct oom_control */
	FC_HAS_FAILCNT = 1 << 15,
	FC_HAS_CUT = 1 << 16,   /* some cgroup path did not fit */
	FC_HAS_WHO = 1 << 17,   /* refused: it was the current task; else nobody in particular */
	FC_HAS_UID = 1 << 18,   /* limit_uid: the user whose limit it is */
	FC_HAS_DEV = 1 << 19,   /* dev: the file system that is full */
	FC_HAS_OWNER = 1 << 20, /* owner: the cgroup whose limit it is */
	FC_HAS_MORE = 1 << 21,  /* more: what the remedy needs, by resource */
};

struct fc_header {
	__u32 type; /* enum fc_type */
	__u32 size; /* of the whole record */
	__u64 time; /* CLOCK_BOOTTIME ns: when the kernel did it */
};

/* A path of a cgroup: components from the leaf upwards; user/ turns it round. */
struct fc_path {
	__u32 len; /* bytes used of text, with the NULs; 0: the root of the hierarchy, or unknown */
	__u32 cut; /* 1: there were more or longer components */
	char text[FC_PATH];
};

/* Who it was. Read in the kernel, for it can be gone when the collector looks. */
struct fc_who {
	__u64 start;     /* CLOCK_BOOTTIME ns when the process started */
	__u64 cgroup_id; /* kernfs id: inode number of the directory */
	__u32 pid, tid, ppid, uid;
	__u32 vpid; /* pid in its own pid namespace */
	__u32 pad;
	char comm[FC_COMM]; /* of the thread */
	char parent_comm[FC_COMM];
	struct fc_path cgroup; /* v1: in the memory hierarchy */
};

struct fc_sock {
	__u16 family; /* AF_ */
	__u16 type;   /* SOCK_ with its flags; 0: an address follows */
	__u16 port;   /* host byte order; of the listening socket */
	__u16 pad;
	__u8 addr[16];
};

struct fc_refused {
	struct fc_header h;
	__u16 resource; /* enum fc_resource */
	__u16 err;      /* positive errno, or FC_ERR_SIGNAL + signal; 0: nobody is told one */
	__u8 hook;      /* enum fc_hook */
	__u8 backend;   /* enum fc_backend */
	__u8 ns_kind;   /* enum fc_ns */
	__u8 variant;   /* enum fc_variant */
	__u32 has;      /* enum fc_has */
	__s32 syscall;  /* number of this architecture */
	__u64 held, limit, hard, asked; /* in the measure of the resource, or of the variant */
	/*
	 * FC_HAS_MORE: other numbers that the remedy must know, by resource:
	 *   semmni, semmns, semmsl, semopm   kernel.sem of that namespace
	 *   backlog                          net.core.somaxconn of that namespace
	 *   ports                            lowest and highest of the range
	 *   tcp-mem, udp-mem                 the three numbers of the sysctl
	 *   shmmax, shmall, shmmni           shmmax (bytes), shmall (pages), pages used, page size
	 *   sigpending                       pid of the process that was to get the signal
	 *   commit   vm.overcommit_memory, _ratio, _kbytes; pages of swap
	 *   stack    STACK_ARGS only: RLIMIT_STACK, soft
	 *   hugepages                        [0] bytes of one, [1] pages that are always there
	 *                                    (nr_hugepages), [2] nr_overcommit_hugepages,
	 *                                    [3] 1: the cgroup is in a hierarchy of version 1
	 *   pids                             [0] 1: the cgroup is in a hierarchy of version 1
	 *   inotify-*, fanotify-*, namespaces   [0] 1: the limit is of another user namespace than
	 *                                    the process's own, one above it
	 *   pty                              kernel.pty.max, kernel.pty.reserve
	 *   quota    type << 32 | id (type 0 user, 1 group, 2 project), the soft limit, and of the
	 *            other measure, inodes or bytes, the soft and the hard limit; 0: none
	 */
	__u64 more[FC_MORE];
	__u32 ns;  /* inode number of the namespace */
	__s32 key; /* IPC key */
	__u32 limit_uid;
	__u32 dev; /* dev_t of the kernel: major << 20 | minor */
	struct fc_sock sock;
	struct fc_who who;
	struct fc_path owner; /* the cgroup whose limit refused */
	char object[FC_OBJECT];
};

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
	__u32 pad;
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

/* Repeats of one process, resource and errno are counted here and read once a second. */
struct fc_fold_key {
	__u64 start; /* with pid the identity of a process */
	__u32 pid;
	__u16 resource;
	__u16 err;
};

struct fc_fold {
	__u64 count; /* refusals counted here and not sent whole, since the entry was made */
	__u64 first; /* of the current epoch */
	__u64 last;
	__u32 epoch;
	__u32 burst; /* records sent whole since it was last quiet */
	__u32 uid;
	__u32 ppid;
	__s32 syscall;
	__u32 has;
	__u64 cgroup_id;
	__u8 backend;
	__u8 hook;
	__u16 pad;
	__u32 ns;
	char comm[FC_COMM];
};

/* Where the fold table is full: one counter a resource, which never runs out. */
struct fc_overflow {
	__u64 count, first, last;
	__u32 epoch, err;
};

enum fc_stat {
	FC_STAT_RING_FULL,   /* kills that found no room in the ring */
	FC_STAT_RING_FOLDED, /* refusals that found no room and were counted in the fold table */
	FC_STAT_DEATHS_LEFT, /* deaths that found no room and are kept in the table of deaths */
	FC_STATS,
};

/* What /proc tells of memory, for kernels that hide their variables. Pages, but kbytes. */
struct fc_memory_hints {
	__u64 max_map_count, overcommit, ratio, kbytes;
	__u64 ram, swap, commit_limit;
	__u64 ignore_data; /* ignore_rlimit_data of the kernel's command line */
};

#define FC_ASSERT_OFFSET(type, member, at) \
	_Static_assert(__builtin_offsetof(type, member) == (at), #type "." #member)
#define FC_ASSERT_SIZE(type, n) _Static_assert(sizeof(type) == (n), #type)

FC_ASSERT_SIZE(struct fc_header, 16);
FC_ASSERT_SIZE(struct fc_path, 8 + FC_PATH);
FC_ASSERT_SIZE(struct fc_who, 40 + 2 * FC_COMM + 8 + FC_PATH);
FC_ASSERT_SIZE(struct fc_sock, 24);
FC_ASSERT_OFFSET(struct fc_refused, held, 32);
FC_ASSERT_OFFSET(struct fc_refused, ns, 96);
FC_ASSERT_OFFSET(struct fc_refused, who, 136);
FC_ASSERT_SIZE(struct fc_refused, 136 + sizeof(struct fc_who) + sizeof(struct fc_path) + FC_OBJECT);
_Static_assert(FC_HOOKS < 256 && FC_VARIANTS < 256 && FC_CALLS < 256, "one byte each");
FC_ASSERT_OFFSET(struct fc_oom, points, 32);
FC_ASSERT_OFFSET(struct fc_oom, victim, 112);
FC_ASSERT_SIZE(struct fc_memcg, 8 + 64 + 24 + 8 + FC_PATH);
FC_ASSERT_SIZE(struct fc_candidate, 40 + FC_COMM);
FC_ASSERT_SIZE(struct fc_ballot, 24 + (FC_CANDIDATES + FC_EXEMPT) * sizeof(struct fc_candidate));
FC_ASSERT_SIZE(struct fc_split, 48);
FC_ASSERT_SIZE(struct fc_host, 80);
FC_ASSERT_SIZE(struct fc_oom, 112 + 2 * sizeof(struct fc_who) + sizeof(struct fc_memcg) +
				      sizeof(struct fc_ballot) + sizeof(struct fc_split) +
				      sizeof(struct fc_host));
FC_ASSERT_SIZE(struct fc_freed, 40);
FC_ASSERT_SIZE(struct fc_mapping, 24 + FC_NAME);
FC_ASSERT_OFFSET(struct fc_death, fault_addr, 40);
FC_ASSERT_SIZE(struct fc_death, 80 + 2 * sizeof(struct fc_mapping) + 2 * sizeof(struct fc_who));
FC_ASSERT_SIZE(struct fc_death_state, 112);
FC_ASSERT_SIZE(struct fc_fold_key, 16);
FC_ASSERT_SIZE(struct fc_fold, 80);
FC_ASSERT_SIZE(struct fc_overflow, 32);

#endif
