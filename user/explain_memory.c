// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_memory.c - as, data, stack, map-count, commit: "Cannot allocate memory" while there is
 * memory, and a SIGSEGV that is no wrong pointer.
 *
 * Address space is not memory: a limit on it refuses what would never have been touched. Where
 * the limit is not the fault - a recursion without end, a million maps, one request larger than
 * the machine - the remedy says so.
 */
#include "explain_priv.h"

/* vm.max_map_count is an int. */
#define MAPS_MAX INT32_MAX
/* So many maps are rarely meant; programs that need many document some 262,144. */
#define MAPS_LEAK 1048576
/* At most so much of the stack is for arguments: _STK_LIM / 4 * 3 of fs/exec.c */
#define ARGS_MAX (6ULL << 20)
/* What the kernel keeps back from CommitLimit: vm.user_reserve_kbytes and admin_reserve_kbytes,
 * which are at most these unless somebody raised them (mm/mmap.c) */
#define COMMIT_RESERVE ((128ULL + 8) << 20)

enum { OVERCOMMIT_GUESS = 0, OVERCOMMIT_NEVER = 2 };

static uint64_t num(const struct explain *x, enum field f)
{
	return (uint64_t)event_num(x->e, f);
}

static void says_asked(struct explain *x, uint64_t bytes, const char *more)
{
	if (bytes) {
		explain_add(&x->says, " ");
		says_bytes(x, bytes);
	}
	explain_add(&x->says, "%s", more);
}

/* Files in memory (tmpfs): what they get must be promised too, and ENOSPC is what they say. */
static bool is_tmpfs(const struct explain *x)
{
	return util_streq(event_text(x->e, FIELD_ERRNO), "ENOSPC");
}

static void says_file(struct explain *x)
{
	const char *object = event_text(x->e, FIELD_OBJECT);

	explain_add(&x->says, "%s", object[0] ? "" : "a file");
	says_name(x, object);
	explain_add(&x->says, " on a file system in memory (tmpfs)");
}

/* bytes: how much it asked for; 0: unknown, or not the point */
static void says_action(struct explain *x, uint64_t bytes)
{
	says_who(x);
	explain_add(&x->says, " could not");
	if (call_is(x, "brk")) {
		explain_add(&x->says, " make its heap");
		says_asked(x, bytes, " larger");
	} else if (call_is(x, "mremap")) {
		explain_add(&x->says, " make a memory map");
		says_asked(x, bytes, " larger");
	} else if (call_is(x, "munmap")) {
		explain_add(&x->says, " give back a part of a memory map, whose rest would be one "
				      "map more,");
	} else if (call_is(x, "mprotect pkey_mprotect")) {
		explain_add(&x->says, " change the protection of");
		says_asked(x, bytes, bytes ? " of its memory" : " a part of a memory map");
	} else if (call_is(x, "shmat")) {
		explain_add(&x->says, " attach a segment of shared memory");
	} else if (call_is(x, "shmget")) {
		explain_add(&x->says, " make a segment of");
		says_asked(x, bytes, " shared memory");
	} else if (call_is(x, "fork vfork clone clone3")) {
		explain_add(&x->says, " start another process, for which the kernel would promise "
				      "all its memory once more,");
	} else if (is_tmpfs(x)) {
		explain_add(&x->says, " put");
		says_asked(x, bytes, " into ");
		says_file(x);
	} else if (call_is(x, "mmap mmap2") || event_has(x->e, FIELD_SYSCALL)) {
		explain_add(&x->says, " map");
		says_asked(x, bytes, bytes ? " of memory" : " more memory");
	} else {
		explain_add(&x->says, " make its stack");
		says_asked(x, bytes, " larger");
	}
}

/* What is seen from outside: the message of an errno, or the signal of a page fault. */
static void says_symptom(struct explain *x, bool free_memory)
{
	if (!event_has(x->e, FIELD_SYSCALL)) {
		explain_add(&x->says, "; it gets SIGSEGV (\"Segmentation fault\"), as for a wrong "
				      "pointer");
	} else if (util_streq(event_text(x->e, FIELD_ERRNO), "ENOMEM")) {
		explain_add(&x->says, "; the program reports \"Cannot allocate memory\"%s",
			    free_memory ? ", however much the machine has left" : "");
	} else if (is_tmpfs(x)) {
		explain_add(&x->says, "; the program reports \"No space left on device\", though "
				      "the file system is not full");
	}
	says_end(x);
}

/* "because it had 3.9 GiB of address space and its limit (RLIMIT_AS, "ulimit -v") is 4 GiB" */
static void says_rlimit(struct explain *x, const char *of, const char *limit)
{
	explain_add(&x->says, " %s it had ", because(x));
	if (event_has(x->e, FIELD_HELD)) {
		says_bytes(x, num(x, FIELD_HELD));
		explain_add(&x->says, " of %s", of);
	} else {
		explain_add(&x->says, "too much %s", of);
	}
	explain_add(&x->says, " and %s", limit);
	if (event_has(x->e, FIELD_LIMIT)) {
		explain_add(&x->says, " is ");
		says_bytes(x, num(x, FIELD_LIMIT));
	}
}

/* The hard limit where it is known; UINT64_MAX: unlimited. */
static uint64_t hard_at_least(const struct explain *x, uint64_t soft)
{
	uint64_t hard = event_has(x->e, FIELD_LIMIT_HARD) ? num(x, FIELD_LIMIT_HARD) : UINT64_MAX;

	return hard < soft ? soft : hard >= INT64_MAX ? UINT64_MAX : hard;
}

/* It is dead, or what it wanted to start is: who starts it anew hands its own limit on. */
static void fix_parent(struct explain *x, const char *option, const char *directive, uint64_t soft)
{
	uint64_t hard = hard_at_least(x, soft);
	long long parent = (long long)event_num(x->e, FIELD_PPID);
	char h[24] = "unlimited";

	if (hard != UINT64_MAX)
		snprintf(h, sizeof(h), "%llu", (unsigned long long)hard);
	if (x->facts->again && !own_service(x))
		fix_shell(x, option, soft);
	else if (parent > 1 && !own_service(x))
		fix_line(x,
			 "prlimit --pid %lld --%s=%llu:%s  "
			 "# its parent: what that starts from now on",
			 parent, option, (unsigned long long)soft, h);
	fix_rlimit_lasting(x, option, directive, soft, hard);
	if (!x->fix.n)
		fix_line(x, "# start it with a higher limit: prlimit --%s=%llu:%s COMMAND", option,
			 (unsigned long long)soft, h);
}

static void fix_bytes(struct explain *x, const char *option, const char *directive)
{
	uint64_t soft = more_than(x->e);

	if (!soft) {
		fix_line(x, "# raise the limit: prlimit --pid PID --%s=SOFT:HARD", option);
		return;
	}
	if (event_has(x->e, FIELD_SYSCALL))
		fix_rlimit(x, option, directive, soft, hard_at_least(x, soft));
	else /* a fault that ends in SIGSEGV */
		fix_parent(x, option, directive, soft);
}

void explain_as(struct explain *x)
{
	says_action(x, num(x, FIELD_ASKED));
	says_rlimit(x, "address space", "its limit (RLIMIT_AS, \"ulimit -v\")");
	says_symptom(x, true);
	fix_bytes(x, "as", "LimitAS");
}

void explain_data(struct explain *x)
{
	says_action(x, num(x, FIELD_ASKED));
	says_rlimit(x, "data", "its limit (RLIMIT_DATA, \"ulimit -d\")");
	says_symptom(x, true);
	fix_bytes(x, "data", "LimitDATA");
}

static void explain_args(struct explain *x)
{
	uint64_t limit = num(x, FIELD_LIMIT), want = more_than(x->e);

	says_who(x);
	explain_add(&x->says,
		    " could not start a program %s its arguments and environment take "
		    "more than ",
		    because(x));
	says_bytes(x, limit);
	explain_add(&x->says, limit >= ARGS_MAX
				      ? ", the most that the kernel allows"
				      : ", a quarter of the limit for its stack (RLIMIT_STACK)");
	explain_add(&x->says, "; the shell says \"Argument list too long\"");
	says_end(x);
	if (limit < ARGS_MAX)
		fix_parent(x, "stack", "LimitSTACK", 4 * (want < ARGS_MAX ? want : ARGS_MAX));
	fix_line(x, "# fewer at a time do it too: find ... -exec COMMAND {} + ; or xargs");
}

void explain_stack(struct explain *x)
{
	uint64_t want = more_than(x->e);

	if (util_streq(event_text(x->e, FIELD_ERRNO), "E2BIG")) {
		explain_args(x);
		return;
	}
	says_action(x, num(x, FIELD_ASKED));
	says_rlimit(x, "stack", "its limit (RLIMIT_STACK, \"ulimit -s\")");
	if (event_has(x->e, FIELD_SYSCALL)) {
		explain_add(&x->says, "; the system call fails with \"Bad address\"");
		says_end(x);
	} else {
		says_symptom(x, false);
	}
	if (want)
		fix_parent(x, "stack", "LimitSTACK", want);
	fix_line(x, "# a recursion that never ends fills any stack: then the program is to change");
}

void explain_map_count(struct explain *x)
{
	uint64_t limit = num(x, FIELD_LIMIT), want = more_than(x->e);

	says_action(x, 0);
	explain_add(&x->says, " %s it had ", because(x));
	if (event_has(x->e, FIELD_HELD))
		explain_add(&x->says, "%lld memory maps", (long long)num(x, FIELD_HELD));
	else
		explain_add(&x->says, "too many memory maps");
	explain_add(&x->says, " and vm.max_map_count is %lld", (long long)limit);
	says_symptom(x, true);
	if (limit >= MAPS_LEAK)
		fix_line(x,
			 "# more than a million maps look like a leak: "
			 "cut -d' ' -f6- /proc/%lld/maps | sort | uniq -c | sort -n | tail",
			 (long long)event_num(x->e, FIELD_PID));
	if (limit >= MAPS_MAX)
		fix_line(x, "# the kernel allows no more");
	else if (want)
		fix_sysctl(x, "vm.max_map_count", want < MAPS_MAX ? want : MAPS_MAX);
	else
		fix_line(x,
			 "sysctl -w vm.max_map_count=$(($(cat /proc/sys/vm/max_map_count) * 2))");
}

static uint64_t page_size(const struct explain *x)
{
	return x->facts->page_size ? x->facts->page_size : 4096;
}

static void fix_swap(struct explain *x, uint64_t pages)
{
	uint64_t mib = pages * page_size(x) / (1 << 20) + 1;

	fix_line(x,
		 "# or more swap: fallocate -l %lluM /swapfile && chmod 600 /swapfile && "
		 "mkswap /swapfile && swapon /swapfile",
		 (unsigned long long)mib);
}

/* One request larger than RAM and swap together */
static void explain_commit_one(struct explain *x, uint64_t page)
{
	uint64_t limit = num(x, FIELD_LIMIT), asked = num(x, FIELD_ASKED);

	explain_add(&x->says, " %s that is more than the machine's memory and swap together, ",
		    because(x));
	says_bytes(x, limit * page);
	explain_add(&x->says, " (vm.overcommit_memory is 0: the kernel refuses one request that it "
			      "could never keep)");
	says_symptom(x, false);
	fix_line(x, "# nothing is full: if so much is not meant, a size of the program's "
		    "configuration is wrong");
	fix_swap(x, (asked > limit ? asked - limit : asked) + asked / 8);
}

static void explain_commit_all(struct explain *x, uint64_t page)
{
	explain_add(&x->says, " %s the kernel ", because(x));
	if (event_has(x->e, FIELD_HELD)) {
		explain_add(&x->says, "has promised ");
		says_bytes(x, num(x, FIELD_HELD) * page);
		explain_add(&x->says, " to all processes (Committed_AS)");
	} else {
		explain_add(&x->says, "has promised as much as it may");
	}
	explain_add(&x->says, " and promises no more than ");
	says_bytes(x, num(x, FIELD_LIMIT) * page);
	explain_add(&x->says, " (CommitLimit; vm.overcommit_memory is 2), used or not");
	says_symptom(x, false);
}

/* A share of memory in percent, or an amount: whichever is set; mode 2 itself stays. */
static void fix_commit(struct explain *x, uint64_t page)
{
	uint64_t limit = num(x, FIELD_LIMIT), ratio = x->facts->more[1], kib = x->facts->more[2];
	uint64_t swap = x->facts->more[3], want;

	want = num(x, FIELD_HELD) + num(x, FIELD_ASKED);
	want += want / 8 + COMMIT_RESERVE / page;
	if (want <= limit)
		want = limit + limit / 8;
	if (kib)
		fix_sysctl(x, "vm.overcommit_kbytes", (want - swap) * (page / 1024));
	else if (ratio && limit > swap)
		/* limit - swap is ratio percent of memory */
		fix_sysctl(x, "vm.overcommit_ratio", (want - swap) * ratio / (limit - swap) + 1);
	fix_swap(x, want - limit);
}

void explain_commit(struct explain *x)
{
	uint64_t page = page_size(x);

	says_action(x, call_is(x, "fork vfork clone clone3") ? 0 : num(x, FIELD_ASKED) * page);
	if (x->facts->has_more && x->facts->more[0] == OVERCOMMIT_GUESS) {
		explain_commit_one(x, page);
		return;
	}
	explain_commit_all(x, page);
	if (x->facts->has_more && x->facts->more[0] == OVERCOMMIT_NEVER)
		fix_commit(x, page);
	else
		fix_line(x, "# CommitLimit follows from vm.overcommit_ratio or _kbytes, and swap");
}
