// SPDX-License-Identifier: GPL-2.0-only
/*
 * refusals.c - is refused something so many times in a row, and says what processor time one of
 * these calls took, in nanoseconds: the mean, but of forks the least (below). What watches it has
 * to have counted as many.
 *
 *   refusals [KIND] N     KIND: one of `kinds` below; default: open
 */
#define _GNU_SOURCE /* unshare */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 16 /* of descriptors, and of address space in MiB */
#define NOBODY_ELSE 54321
#define BATCH 20

static long turn;

static long cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static int limit_to(int which, rlim_t n)
{
	return setrlimit(which, &(struct rlimit){n, n});
}

static int write_number(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = -1;

	if (fd >= 0 && write(fd, text, strlen(text)) > 0)
		ret = 0;
	close(fd);
	return ret;
}

/* Used up without a refusal: the highest comes last. */
static int no_descriptors(void)
{
	if (limit_to(RLIMIT_NOFILE, LIMIT) < 0)
		return -1;
	while (dup(1) < LIMIT - 1)
		;
	return 0;
}

/* The file is not there, and not looked for: a descriptor is taken first (fs/open.c,
 * do_sys_openat2()). */
static long open_one(void)
{
	return open("/refused", O_RDONLY);
}

static long dup_one(void)
{
	return dup(1);
}

static long new_set(void)
{
	return semget(IPC_PRIVATE, 1, 0600);
}

static int no_sets(void)
{
	if (unshare(CLONE_NEWIPC) < 0 || write_number("/proc/sys/kernel/sem", "250 1000 32 4") < 0)
		return -1;
	for (int i = 0; i < 4; i++)
		if (new_set() < 0)
			return -1;
	return 0;
}

static long new_instance(void)
{
	return inotify_init1(IN_CLOEXEC);
}

/* A user that nobody else is, so that what there is of it is this process's. */
static int no_instances(void)
{
	char text[24];
	int n = 0;

	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	snprintf(text, sizeof(text), "%d", 2);
	if (write_number("/proc/sys/user/max_inotify_instances", text) < 0)
		return -1;
	while (n < 2 && new_instance() >= 0)
		n++;
	return n == 2 ? 0 : -1;
}

static long queue_one(void)
{
	siginfo_t info = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE};

	return syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info);
}

static int no_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	return limit_to(RLIMIT_SIGPENDING, 1) < 0 || setuid(NOBODY_ELSE) < 0 ? -1 : queue_one();
}

/* Without memory of its own, which is made before pids.max is asked (kernel/fork.c, copy_process())
 * and is six times the rest. */
static long new_thread(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static long new_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static int no_processes(void)
{
	return limit_to(RLIMIT_NPROC, 1) < 0 || setuid(NOBODY_ELSE) < 0 ? -1 : 0;
}

static long new_mapping(void)
{
	return (long)mmap(NULL, LIMIT << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int no_space(void)
{
	return limit_to(RLIMIT_AS, LIMIT << 20);
}

#include "refusals_more.h"

/* Two limits behind one errno, in turn: SEMMNS (one more than SEMMNI would be too many as well, but
 * that is tested later, ipc/sem.c newary()) and SEMMNI; RLIMIT_DATA and RLIMIT_AS. */
static long new_set_or_large(void)
{
	return semget(IPC_PRIVATE, turn++ % 2 ? 1 : 250, 0600);
}

/* A full file system, and a device that only says so. */
static long write_or_pretend(void)
{
	static int pretends;

	if (!pretends)
		pretends = open("/dev/full", O_WRONLY | O_CLOEXEC);
	return turn++ % 2 ? write_line() : write(pretends, "", 1);
}

static long new_segment_or_large(void)
{
	return turn++ % 2 ? new_segment() : shmget(IPC_PRIVATE, 1 << 20, 0600);
}

static int no_segments_of_any_size(void)
{
	return no_segments() < 0 ? -1 : write_number("/proc/sys/kernel/shmall", "16");
}

static long new_heap_or_large(void)
{
	return grow_heap(turn++ % 2 ? 4096 : LIMIT << 20);
}

/* RLIMIT_DATA is asked first. */
static int no_data_or_heap(void)
{
	return limit_to(RLIMIT_DATA, 1 << 20) < 0 ? -1 : limit_to(RLIMIT_AS, 1 << 12);
}

/* RLIMIT_NPROC is asked first. */
static long new_process_of_user(void)
{
	struct rlimit r;

	getrlimit(RLIMIT_NPROC, &r);
	r.rlim_cur = turn++ % 2 ? 1 : r.rlim_max;
	setrlimit(RLIMIT_NPROC, &r);
	return new_process();
}

static int no_tasks_of_user(void)
{
	return no_tasks() < 0 || setuid(NOBODY_ELSE) < 0 ? -1 : 0;
}

static int no_sets_of_any_size(void)
{
	return no_sets() < 0 ? -1 : write_number("/proc/sys/kernel/sem", "250 100 32 4");
}

static long new_data_or_large(void)
{
	return turn++ % 2 ? new_mapping()
			  : (long)mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int no_data_or_space(void)
{
	return limit_to(RLIMIT_DATA, 1 << 19) < 0 ? -1 : no_space();
}

static const struct kind {
	const char *name;
	int (*prepare)(void);
	long (*refused)(void);
	int err;
} kinds[] = {
	{"open", no_descriptors, open_one, EMFILE},
	{"nofile", no_descriptors, dup_one, EMFILE},
	{"semget", no_sets, new_set, ENOSPC},
	{"inotify", no_instances, new_instance, EMFILE},
	{"sigqueue", no_signals, queue_one, EAGAIN},
	{"nproc", no_processes, new_process, EAGAIN},
	{"as", no_space, new_mapping, ENOMEM},
	{"pids", no_tasks, new_thread, EAGAIN},
	{"tmpfs", no_blocks, write_line, ENOSPC},
	{"ext4", no_ext4_blocks, write_line, ENOSPC},
	{"shmget", no_segments, new_segment, ENOSPC},
	{"map-count", no_maps, new_map, ENOMEM},
	{"brk", no_space, new_heap, ENOMEM},
	{"commit", no_promises, map_too_much, ENOMEM},
	{"tasks", no_tasks_of_user, new_process_of_user, EAGAIN},
	{"logs", no_blocks, write_or_pretend, ENOSPC},
	{"segments", no_segments_of_any_size, new_segment_or_large, ENOSPC},
	{"heap", no_data_or_heap, new_heap_or_large, ENOMEM},
	{"sems", no_sets_of_any_size, new_set_or_large, ENOSPC},
	{"maps", no_data_or_space, new_data_or_large, ENOMEM},
};

/*
 * copy_process() has a stack before it asks whether there may be one more task. It costs twice as
 * much to make one as to take one that RCU has given back, and which it is (and in whose time RCU
 * gives back) is chance: the mean of 20,000 differs by a fifth from run to run of the same kernel
 * with nothing attached. So of forks the cheapest batch is told, where no stack was made.
 */
static long measure(const struct kind *k, long n, long *ret_refused)
{
	long begin = cpu_ns(), start = begin, least = 0, now;

	for (long i = 1; i <= n; i++) {
		*ret_refused += k->refused() < 0 && errno == k->err;
		if (k->refused != new_process || i % BATCH)
			continue;
		now = cpu_ns();
		if (!least || now - start < least)
			least = now - start;
		start = now;
	}
	return least ? least / BATCH : (cpu_ns() - begin) / n;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[argc - 1]) : 0, refused = 0;
	const struct kind *k = kinds;

	for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, argv[1]))
			k = &kinds[i];
	if (n < 1 || (argc == 3 && strcmp(k->name, argv[1])) || k->prepare() < 0)
		return 2;
	printf("%ld\n", measure(k, n, &refused));
	return refused != n;
}
