/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h - the records on the wire between bpf/ and user/.
 *
 * Every record begins with its type and its own size, so that the collector
 * can reject what it does not know without trusting a byte of it. Records have
 * fixed sizes; sizes and offsets are asserted at the end, for both compilers.
 * Those of kills are in event_kill.h, included at the end.
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
	FC_TYPE_MODULE = 4, /* for the collector alone */
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

/* Errnos as bits of one word (calls.def), those above 64 folded into it. */
#define FC_ERRNO(e) (1ULL << (((e)-1) & 63))
/* Whatever the call: descriptors, files, memory of a cgroup (bpf/sys_exit.bpf.h) */
#define FC_EVERY_CALL (FC_ERRNO(EMFILE) | FC_ERRNO(ENFILE) | FC_ERRNO(ENOMEM) | FC_ERRNO(ENOBUFS))
/* All together; tests/unit/test_calls.c compares it with calls.def. */
#define FC_OUR_ERRNOS                                                                              \
	(FC_EVERY_CALL | FC_ERRNO(EPERM) | FC_ERRNO(E2BIG) | FC_ERRNO(EAGAIN) | FC_ERRNO(EINVAL) | \
	 FC_ERRNO(ENOSPC) | FC_ERRNO(ERANGE) | FC_ERRNO(EDQUOT))

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

/* A module of the kernel was loaded: functions that are hooked may be there now. */
struct fc_module {
	struct fc_header h;
	char name[64];
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
	 *   disk     [0] 1: a path that has the same meaning for the parent of the process
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
	__u16 changes; /* told whole because the limit was another one, since it was last quiet */
	__u32 whose;   /* a hash of what tells one limit from another: bpf/emit.bpf.h */
	char comm[FC_COMM];
	__u64 limit, hard; /* of the last one that was not folded; see has */
};

/*
 * What a program counted on one processor since its latest verdict (bpf/repeat.bpf.h): to be added
 * to the entry of that key. One for each verdict that may be given again without a second look, and
 * for each of the programs that may give it: REPEAT(VERDICT, hook, resource; FC_RESOURCES: any).
 */
enum fc_repeat_verdict {
	FC_REPEAT_NONE,
#define REPEAT(name, hook, resource) FC_REPEAT_##name,
#include "repeats.def"
#undef REPEAT
	FC_REPEAT_VERDICTS,
};

enum fc_repeat_way {
	FC_REPEAT_FEXIT,
	FC_REPEAT_KPROBE,
	FC_REPEAT_RAW_EXIT,
	FC_REPEAT_EXIT,
	FC_REPEAT_WAYS,
};

/* At sys_exit one program gives all of them: of a few at a time, by the number of the call. */
#define FC_REPEAT_CALLS 4                                              /* a power of two */
#define FC_REPEAT_SLOTS (2 * FC_REPEAT_VERDICTS + 2 * FC_REPEAT_CALLS) /* of each processor */

struct fc_repeat {
	__u32 turn; /* odd while it passes from one key to the next; 0: never used */
	__u32 tick; /* the jiffy in which `last` was read: the clock itself costs too much */
	__u64 count, last;
	struct fc_fold_key key;
	__u64 until; /* of the verdict, as what follows */
	__u32 tid, epoch;
	__u32 place; /* 0: none */
	__u32 notes; /* that inner functions had left by then */
};

/* Where the fold table is full: by program; and where that is full too, by resource. */
struct fc_coarse_key {
	char comm[FC_COMM]; /* empty: nobody's */
	__u32 uid;
	__u16 resource;
	__u16 err;
};

struct fc_overflow {
	__u64 count, first, last;
	__u32 epoch, err; /* err of this epoch; 0: more than one */
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
FC_ASSERT_SIZE(struct fc_fold_key, 16);
FC_ASSERT_SIZE(struct fc_fold, 96);
FC_ASSERT_SIZE(struct fc_repeat, 64); /* a line of the cache */
FC_ASSERT_SIZE(struct fc_coarse_key, 24);
FC_ASSERT_SIZE(struct fc_overflow, 32);

#include "event_kill.h"

#endif
