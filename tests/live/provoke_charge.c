// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls that a full memory cgroup refuses, and the same errno there for another reason.
 *
 * The process in the group cannot be killed (oom_score_adj -1000; on version 1 memory.oom_control),
 * so that the OOM killer finds nobody and the charge fails. A page fault of it would wait for ever:
 * what it will need is there before it joins. The limit is lowered to what the group has when it is
 * ready, not a page more.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
/* One of so many must be refused: what was charged beforehand is used up first. */
#define MANY 5000
#define FILLED (4 * MIB)

/* ---- what is refused: 0, or the errno ------------------------------------- */

static int makes_pipe(void)
{
	int fds[2];

	return pipe2(fds, O_CLOEXEC) ? errno : 0;
}

static int makes_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

/* They stay, for what one that ends gives back is there for the next. Their memory is ours, and a
 * page of it they need to stand on. */
#define CHILDREN 100
static char stacks[CHILDREN][PAGE] __attribute__((aligned(16)));
static pid_t children[CHILDREN];
static int n_children;

static int waits(void *parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == *(pid_t *)parent)
		pause();
	_exit(0);
}

/* All of them: what the refused ones gave back would be enough for one more. */
static int clones(void)
{
	static pid_t parent;
	int err = 0;

	parent = getpid();
	while (n_children < CHILDREN && !err) {
		pid_t pid = clone(waits, stacks[n_children] + PAGE, CLONE_VM | SIGCHLD, &parent);

		if (pid > 0)
			children[n_children++] = pid;
		else
			err = errno;
	}
	while (err && n_children) {
		kill(children[--n_children], SIGKILL);
		waitpid(children[n_children], NULL, 0);
	}
	return err;
}

static int makes_map(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
			       .key_size = 4,
			       .value_size = 8,
			       .max_entries = 1 << 17};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0 ? errno : 0;
}

static int file;
static char page[PAGE];

static int writes_tmpfs(void)
{
	return write(file, page, PAGE) < 0 ? errno : 0;
}

static int pipe_end;

static int grows_pipe(void)
{
	return fcntl(pipe_end, F_SETPIPE_SZ, 64 << 20) < 0 ? errno : 0;
}

/* Neighbours differ in their protection, so that none is merged. */
static int maps(void)
{
	static int n;

	return mmap(NULL, PAGE, n++ & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED
		       ? errno
		       : 0;
}

/* The last page of the heap is made another map, so that the next one is a new map. */
static int grows_heap(void)
{
	static int n;
	long end = (syscall(SYS_brk, 0) + PAGE - 1) / PAGE * PAGE + PAGE;

	if (syscall(SYS_brk, end) != end)
		return ENOMEM;
	return mprotect((void *)(end - PAGE), PAGE, n++ & 1 ? PROT_READ : PROT_NONE) ? errno : 0;
}

static char *hole;

/* A range with a hole, and no such range at all. */
static int other_enomem(void)
{
	if (!mprotect(hole, 3 * PAGE, PROT_READ) || errno != ENOMEM)
		return 0;
	return mmap(NULL, 1L << 57, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		       ? errno
		       : 0;
}

/* ---- the group ------------------------------------------------------------ */

struct charged {
	struct group above, below; /* below: where it is */
	pid_t pid;
	int err;
	long held;
};

static const char *file_of(const struct group *g, bool limit)
{
	if (g->of->version == 2)
		return limit ? "memory.max" : "memory.current";
	return limit ? "memory.limit_in_bytes" : "memory.usage_in_bytes";
}

/* What the processor has charged beforehand is still to be had: up to 64 pages. */
static long lower(const struct group *g)
{
	long now = -1, before = 0;

	while (now != before) {
		before = group_get(g, file_of(g, false), NULL);
		group_set(g, file_of(g, true), "%ld", before);
		now = group_get(g, file_of(g, false), NULL);
	}
	return now;
}

/* All that it touches later, of its stack too. */
static void prepare(void)
{
	static volatile char data[64 * 1024];
	volatile char stack[64 * 1024];
	const struct rlimit some = {8 * MIB, 8 * MIB}; /* before 5.11 that is for maps */
	int fds[2];

	for (size_t at = 0; at < sizeof(stack); at += PAGE)
		stack[at] = data[at] = 1;
	file = memfd_create("provoke", MFD_CLOEXEC);
	hole = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file < 0 || hole == MAP_FAILED || pipe2(fds, O_CLOEXEC) || munmap(hole + PAGE, PAGE))
		fail("prepare");
	pipe_end = fds[1];
	mlockall(MCL_CURRENT);
	setrlimit(RLIMIT_MEMLOCK, &some);
	memset(stacks, 1, sizeof(stacks));
	makes_pipe();
	makes_socket();
}

static _Noreturn void in_group(const struct group *g, int (*call)(void), struct attempt *a,
			       volatile int *ready, gate *start)
{
	int err = 0;

	prepare();
	if (g->of->version == 2 && write_file("/proc/self/oom_score_adj", "-1000"))
		fail("oom_score_adj");
	group_join(g);
	if (fallocate(file, 0, 0, FILLED) || lseek(file, FILLED, SEEK_SET) < 0)
		fail("fallocate");
	*ready = 1;
	gate_wait(start);
	for (int i = 0; i < MANY && !err; i++)
		err = call();
	attempt_refused(a, err, call);
}

/* At the limit of `above`; the process is in `below` where that is a group of its own. */
static struct attempt *refuse(struct charged *c, bool nested, int (*call)(void))
{
	static struct hierarchy h;
	struct attempt *a = attempt_make();
	volatile int *ready = shared(sizeof(*ready));
	gate *start = gate_make();
	int status;

	find_hierarchy(&h, "memory");
	make_group(&c->above, &h, NULL, NULL);
	c->below = c->above;
	if (h.version == 1 && group_get(&c->above, "memory.use_hierarchy", NULL) == 0)
		group_set(&c->above, "memory.use_hierarchy", "1");
	if (h.version == 1)
		group_set(&c->above, "memory.oom_control", "1");
	if (nested) {
		make_group(&c->below, &h, &c->above, "below");
	}
	c->pid = spawn();
	if (!c->pid)
		in_group(&c->below, call, a, ready, start);
	while (!*ready) {
		if (waitpid(c->pid, &status, WNOHANG) == c->pid)
			fail("the process in the group");
		usleep(1000);
	}
	c->held = lower(&c->above);
	gate_open(start);
	attempt_wait(a, c->pid, &c->err);
	return a;
}

static void told(const struct charged *c, const char *name, const char *call)
{
	/* How much was asked for at once, nobody knows: a charge of up to 8 pages did not fit. */
	truth(c->pid, 1,
	      "\"errno\":\"%s\",\"cgroup\":\"%s\",\"expect\":{\"resource\":\"memory\","
	      "\"errno\":\"%s\",\"syscall\":\"%s\",\"limit_name\":\"memory.max\","
	      "\"measure\":\"bytes\",\"limit\":%ld,\"held\":{\"min\":%ld,\"max\":%ld},"
	      "\"asked\":null,\"cgroup\":\"%s\",\"limit_cgroup\":\"%s\",\"certain\":false},"
	      "\"v1\":{\"limit_name\":\"memory.limit_in_bytes\"}",
	      name, c->below.path, name, call, c->held, c->held - 8 * PAGE, c->held, c->below.path,
	      c->above.path);
}

static int charge(const char *syscall, int (*call)(void), bool nested)
{
	struct charged c;
	struct attempt *a = refuse(&c, nested, call);

	if (!c.err || c.err == EPERM)
		skip(c.err ? "not allowed here" : "this kernel does not charge for it");
	told(&c, strerrorname_np(c.err), syscall);
	prove_child(a);
	return 0;
}

static int charge_pipe(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("pipe2", makes_pipe, false);
}

static int charge_socket(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("socket", makes_socket, false);
}

static int charge_clone(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("clone", clones, false);
}

static int charge_parent(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("clone", clones, true);
}

static int charge_bpf(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("bpf", makes_map, false);
}

static int charge_tmpfs(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("write", writes_tmpfs, false);
}

static int charge_setpipe(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("fcntl", grows_pipe, false);
}

static int charge_mmap(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("mmap", maps, false);
}

static int charge_brk(int argc, char **argv)
{
	(void)argc, (void)argv;
	return charge("brk", grows_heap, false);
}

/* The group is as full, and it was not for that. */
static int charge_other(int argc, char **argv)
{
	struct charged c;

	(void)argc, (void)argv;
	refuse(&c, false, other_enomem);
	if (c.err != ENOMEM)
		fail("not refused");
	truth(c.pid, 1, "\"errno\":\"ENOMEM\",\"limit_reached\":false");
	return 0;
}

const struct provocation charge_provocations[] = {
	{"charge-pipe", charge_pipe, "pipe2 in a full memory cgroup", "memory"},
	{"charge-setpipe", charge_setpipe, "F_SETPIPE_SZ in one", "memory"},
	{"charge-socket", charge_socket, "socket in one", "memory"},
	{"charge-clone", charge_clone, "clone in one", "memory"},
	{"charge-parent", charge_parent, "clone where the cgroup above is full", "memory"},
	{"charge-bpf", charge_bpf, "a BPF map in one", "memory"},
	{"charge-tmpfs", charge_tmpfs, "write to tmpfs in one", "memory"},
	{"charge-mmap", charge_mmap, "mmap in one", "memory"},
	{"charge-brk", charge_brk, "brk in one", "memory"},
	{"charge-other", charge_other, "ENOMEM for other reasons in one", NULL},
	{0},
};
