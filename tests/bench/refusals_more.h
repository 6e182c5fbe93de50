/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refusals_more.h - part of refusals.c: tasks of a cgroup, blocks, shared memory, mappings and the
 * heap, used up without a refusal, and asked for once more.
 */
#ifndef FAILCNT_REFUSALS_MORE_H
#define FAILCNT_REFUSALS_MORE_H

/* A group of its own, which is left behind; version 1 or 2. */
static int no_tasks(void)
{
	static const char *const roots[] = {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"};
	const char *root = roots[access(roots[0], F_OK) < 0];
	char path[80];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", root);
	write_number(path, "+pids"); /* of version 2 */
	snprintf(path, sizeof(path), "%s/refusals-%d", root, getpid());
	if (mkdir(path, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/refusals-%d/pids.max", root, getpid());
	if (write_number(path, "1") < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/refusals-%d/cgroup.procs", root, getpid());
	return write_number(path, "0");
}

static int log_fd;

/* As programs write their logs. */
static long write_line(void)
{
	static const char line[100];

	return write(log_fd, line, sizeof(line));
}

static int no_blocks(void)
{
	static const char all[64 << 10];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("refusals", "/tmp", "tmpfs", 0, "size=64k") < 0)
		return -1;
	log_fd = open("/tmp/full", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return write(log_fd, all, sizeof(all)) == sizeof(all) ? 0 : -1;
}

/* The guest has made it, and filled it. */
static int no_ext4_blocks(void)
{
	log_fd = open("/ext4/full", O_WRONLY | O_APPEND | O_CLOEXEC);
	return log_fd;
}

static long new_segment(void)
{
	return shmget(IPC_PRIVATE, 4096, 0600);
}

static int no_segments(void)
{
	if (unshare(CLONE_NEWIPC) < 0 || write_number("/proc/sys/kernel/shmmni", "2") < 0)
		return -1;
	return new_segment() < 0 || new_segment() < 0 ? -1 : 0;
}

static long count_maps(void)
{
	static char text[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	long n = 0;
	ssize_t len;

	while ((len = read(fd, text, sizeof(text) - 1)) > 0) {
		text[len] = '\0';
		for (ssize_t i = 0; i < len; i++)
			n += text[i] == '\n';
		n -= strstr(text, "[vsyscall]") != NULL; /* is none */
	}
	close(fd);
	return n;
}

static long map_page(int prot)
{
	return (long)mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long new_map(void)
{
	return map_page(PROT_READ);
}

/* One may be more than the limit says (mm/mmap.c, do_mmap()). */
static int no_maps(void)
{
	char text[24] = "";
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	long max, n;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	max = atol(text);
	/* Neighbours that differ stay two. */
	for (n = count_maps(); n <= max; n = n < max - 8 ? n + 1 : count_maps())
		if (map_page(turn++ % 2 ? PROT_READ : PROT_NONE) < 0)
			return -1;
	return 0;
}

/* brk() has no errno: it says where the heap ends. */
static long grow_heap(long bytes)
{
	static long end;

	if (!end)
		end = syscall(SYS_brk, 0);
	errno = ENOMEM;
	return syscall(SYS_brk, end + bytes) < end + bytes ? -1 : 0;
}

static long new_heap(void)
{
	return grow_heap(LIMIT << 20);
}

/* More than all memory and swap, however much that is. */
static long map_too_much(void)
{
	return (long)mmap(NULL, 1L << 45, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);
}

static int no_promises(void)
{
	return 0;
}

#endif
