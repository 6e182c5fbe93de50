// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of a stack that grows, of arguments that do not fit on one, and of promises:
 * overcommit; and the same signal and errno where no limit was reached.
 */
#define _GNU_SOURCE
#include "provoke.h"
#include "provoke_memory.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL_STACK MIB
#define ONE_STRING (128 * 1024L) /* MAX_ARG_STRLEN of include/uapi/linux/binfmts.h */

/* ---- stack -------------------------------------------------------------- */

static volatile long deepest;

static __attribute__((noinline)) long recurse(long bytes)
{
	volatile char frame[2 * PAGE];

	frame[0] = frame[PAGE] = 1;
	deepest++;
	return bytes > 0 ? recurse(bytes - 2 * PAGE) + frame[0] : frame[PAGE];
}

/* A child's stack grows by so much: does it live? */
static bool stack_of(long bytes, pid_t *ret_pid)
{
	struct rlimit none = {0, 0};
	pid_t pid = spawn();

	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		recurse(bytes);
		_exit(0);
	}
	*ret_pid = pid;
	return WIFEXITED(reap(pid));
}

static bool grows_stack(void)
{
	pid_t pid;

	return stack_of(SMALL_STACK * 3 / 2, &pid);
}

static int stack_overflow(int argc, char **argv)
{
	pid_t pid;

	(void)argc, (void)argv;
	limit_to(RLIMIT_STACK, SMALL_STACK);
	if (stack_of(SMALL_STACK * 3 / 2, &pid))
		fail("the stack grew");
	truth(pid, 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"stack\",\"limit_name\":\"RLIMIT_"
	      "STACK\","
	      "\"measure\":\"bytes\",\"errno\":\"ENOMEM\",\"syscall\":null,\"limit\":%ld,"
	      "\"held\":{\"min\":%ld,\"max\":%ld},\"asked\":{\"min\":%ld,\"max\":%ld},"
	      "\"says\":{\"re\":\"SIGSEGV\"}}",
	      SMALL_STACK, SMALL_STACK - 4 * PAGE, SMALL_STACK, PAGE, 4 * PAGE);
	prove(grows_stack);
	return 0;
}

static int as_stack(int argc, char **argv)
{
	long held = size_of("VmSize:"), limit = held + MIB;
	pid_t pid;

	(void)argc, (void)argv;
	limit_to(RLIMIT_AS, limit);
	if (stack_of(4 * MIB, &pid))
		fail("the stack grew");
	truth(pid, 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"as\",\"errno\":\"ENOMEM\","
	      "\"syscall\":null,\"limit\":%ld,\"held\":{\"min\":%ld,\"max\":%ld},"
	      "\"says\":{\"re\":\"SIGSEGV\"}}",
	      limit, limit - 4 * PAGE, limit);
	return 0;
}

/* Three strings of 100 KB: more than a quarter of the stack. One that is too long for any stack. */
static bool executes(long length, int strings, pid_t *ret_pid)
{
	static char string[ONE_STRING + 1];
	char *args[] = {"provoke", "LIST", string, string, string, NULL};
	char *none[] = {NULL};
	pid_t pid = spawn();

	if (!pid) {
		memset(string, 'x', length);
		args[2 + strings] = NULL;
		close(1);
		execve("/proc/self/exe", args, none);
		_exit(errno == E2BIG ? 7 : 1);
	}
	*ret_pid = pid;
	return WEXITSTATUS(reap(pid)) != 7;
}

static bool executes_again(void)
{
	pid_t pid;

	return executes(100000, 3, &pid);
}

static int stack_args(int argc, char **argv)
{
	pid_t pid;

	(void)argc, (void)argv;
	limit_to(RLIMIT_STACK, SMALL_STACK);
	if (executes(100000, 3, &pid))
		fail("not refused");
	truth(pid, 1,
	      "\"errno\":\"E2BIG\",\"expect\":{\"resource\":\"stack\",\"errno\":\"E2BIG\","
	      "\"limit_name\":\"a quarter of RLIMIT_STACK\",\"syscall\":\"execve\",\"held\":null,"
	      "\"limit\":%ld,\"asked\":{\"min\":%ld,\"max\":300100}}",
	      SMALL_STACK / 4, SMALL_STACK / 4);
	prove(executes_again);
	return 0;
}

/* ---- commit ------------------------------------------------------------- */

static long commit_size;

static bool maps_commit(void)
{
	void *p = mmap(NULL, commit_size, RW, PRIVATE, -1, 0);

	return p != MAP_FAILED && munmap(p, commit_size) == 0;
}

static int commit_one(int argc, char **argv)
{
	long limit = in_file("/proc/meminfo", "MemTotal:") + in_file("/proc/meminfo", "SwapTotal:");

	(void)argc, (void)argv;
	if (read_number("/proc/sys/vm/overcommit_memory", NULL) != 0)
		skip("vm.overcommit_memory is not 0");
	commit_size = limit * 1024 + 1024 * MIB;
	must_be(!maps_commit(), ENOMEM);
	truth(getpid(), 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"commit\",\"measure\":\"pages\","
	      "\"limit_name\":{\"re\":\"RAM and swap\"},\"errno\":\"ENOMEM\",\"syscall\":\"mmap\","
	      "\"held\":null,\"limit\":%ld,\"asked\":%ld}",
	      limit / 4, commit_size / PAGE);
	return 0;
}

/* Mode 2 from now on; gives what is left. */
static long strict(void)
{
	need_vm();
	write_until_exit("/proc/sys/vm/overcommit_memory", "2");
	write_until_exit("/proc/sys/vm/overcommit_ratio", "50"); /* a proof changes it */
	return (in_file("/proc/meminfo", "CommitLimit:") -
		in_file("/proc/meminfo", "Committed_AS:")) *
	       1024;
}

static void told_commit(const char *call, long asked)
{
	long limit = in_file("/proc/meminfo", "CommitLimit:") / 4;
	long held = in_file("/proc/meminfo", "Committed_AS:") / 4;

	truth(getpid(), 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"commit\",\"measure\":\"pages\","
	      "\"limit_name\":\"CommitLimit\",\"errno\":\"ENOMEM\",\"syscall\":\"%s\","
	      "\"held\":{\"min\":%ld,\"max\":%ld},\"limit\":%ld,\"asked\":{\"min\":%ld,\"max\":%ld}"
	      "}",
	      call, held - 4096, held + 4096, limit, asked / PAGE, asked / PAGE + 2048);
}

/* brk(2) leaves the errno to the C library. */
static bool heap_commit(void)
{
	long now = syscall(SYS_brk, 0);

	errno = ENOMEM;
	return syscall(SYS_brk, now + commit_size) == now + commit_size;
}

static int commit_brk(int argc, char **argv)
{
	(void)argc, (void)argv;
	commit_size = strict() + 16 * MIB;
	must_be(!heap_commit(), ENOMEM);
	told_commit("brk", commit_size);
	prove(heap_commit);
	return 0;
}

static int commit_mmap(int argc, char **argv)
{
	(void)argc, (void)argv;
	commit_size = strict() + 16 * MIB;
	must_be(!maps_commit(), ENOMEM);
	told_commit("mmap", commit_size);
	prove(maps_commit);
	return 0;
}

static bool forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 && WIFEXITED(reap(pid));
}

static int commit_fork(int argc, char **argv)
{
	(void)argc, (void)argv;
	commit_size = strict() / 10 * 7;
	if (mmap(NULL, commit_size, RW, PRIVATE, -1, 0) == MAP_FAILED)
		fail("mmap");
	must_be(!forks(), ENOMEM);
	told_commit("clone", commit_size);
	prove(forks);
	return 0;
}

static bool makes_segment(void)
{
	return shmget(IPC_PRIVATE, commit_size, 0600) >= 0;
}

static int commit_shmget(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (unshare(CLONE_NEWIPC))
		skip("unshare: %s", strerror(errno));
	commit_size = strict() + 16 * MIB;
	must_be(!makes_segment(), ENOMEM);
	told_commit("shmget", commit_size);
	prove(makes_segment);
	return 0;
}

/* ---- where no limit was reached ------------------------------------------ */

/* Faults that are no full stack: nothing there, and far below the stack pointer. */
static int segv_other(int argc, char **argv)
{
	pid_t pids[2];

	(void)argc, (void)argv;
	limit_to(RLIMIT_STACK, SMALL_STACK);
	for (int i = 0; i < 2; i++) {
		pids[i] = spawn();
		if (!pids[i]) {
			struct rlimit none = {0, 0};
			char here;
			volatile char *at = i ? &here - 2 * SMALL_STACK : (char *)8;

			setrlimit(RLIMIT_CORE, &none);
			*at = 1;
			_exit(0);
		}
		if (!WIFSIGNALED(reap(pids[i])))
			fail("no signal");
	}
	truth(pids[0], 2,
	      "\"pids\":[%d,%d],\"limit_reached\":false,\"dies\":{\"cause\":\"fault\","
	      "\"signal\":\"SIGSEGV\"}",
	      pids[0], pids[1]);
	return 0;
}

static int args_one(int argc, char **argv)
{
	pid_t pid;

	(void)argc, (void)argv;
	if (executes(ONE_STRING, 1, &pid))
		fail("not refused");
	truth(pid, 1, "\"errno\":\"E2BIG\",\"limit_reached\":false");
	return 0;
}

const struct provocation commit_provocations[] = {
	{"as-stack", as_stack, "a stack that grows at RLIMIT_AS: SIGSEGV", "as"},
	{"stack-overflow", stack_overflow, "a stack larger than RLIMIT_STACK: SIGSEGV", "stack"},
	{"stack-args", stack_args, "execve with arguments larger than the stack allows", "stack"},
	{"commit-one", commit_one, "mmap of more than RAM and swap, in overcommit mode 0",
	 "commit"},
	{"commit-mmap", commit_mmap, "mmap at CommitLimit, in mode 2", "commit"},
	{"commit-brk", commit_brk, "brk at CommitLimit", "commit"},
	{"commit-fork", commit_fork, "fork at CommitLimit", "commit"},
	{"commit-shmget", commit_shmget, "shmget at CommitLimit", "commit"},
	{"segv-other", segv_other, "SIGSEGV near no stack", NULL},
	{"args-one", args_one, "execve with one string of 128 KiB: no setting", NULL},
	{0},
};
