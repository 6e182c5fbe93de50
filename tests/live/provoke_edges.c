// SPDX-License-Identifier: GPL-2.0-only
/*
 * One errno, and the limit behind it is not the one that first comes to mind: ENOSPC of a tmpfs
 * that is not full, ENFILE of sockets for root, packets dropped for a cgroup's limit and not for
 * the host's.
 */
#define _GNU_SOURCE
#include "provoke_net.h"
#include "provoke_space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- tmpfs, and what the kernel promises ---- */

#define PAGE 4096L
/* More than the kernel keeps back from so large a process: a 32nd of it. */
#define LEFT (16 * MIB)

static long in_meminfo(const char *key)
{
	return read_number("/proc/meminfo", key) * 1024;
}

/* Mode 2, and all but a little promised to us. */
static void promise_all(void)
{
	long left;

	need_vm();
	write_until_exit("/proc/sys/vm/overcommit_memory", "2");
	write_until_exit("/proc/sys/vm/overcommit_ratio", "50");
	left = in_meminfo("CommitLimit") - in_meminfo("Committed_AS") - LEFT;
	if (left > 0 && mmap(NULL, left, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0) == MAP_FAILED)
		fail("mmap");
}

static void told_commit(const char *call, long asked)
{
	long limit = in_meminfo("CommitLimit") / PAGE;

	truth(getpid(), 1,
	      "\"never\":\"disk\",\"expect\":{\"resource\":\"commit\",\"errno\":\"ENOSPC\","
	      "\"syscall\":\"%s\",\"limit_name\":\"CommitLimit\",\"measure\":\"pages\","
	      "\"limit\":%ld,\"held\":{\"min\":%ld,\"max\":%ld},\"asked\":%ld,\"object\":\"full\","
	      "\"namespace\":null,\"says\":{\"re\":\"No space left on device\"}}",
	      call, limit, limit - 8192, limit, asked);
}

static bool allocates(void)
{
	return fallocate(space_written, 0, 0, 2 * LEFT) == 0;
}

static int commit_fallocate(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=64m");
	space_written = new_file();
	promise_all();
	if (allocates() || errno != ENOSPC)
		fail("fallocate not refused");
	told_commit("fallocate", 2 * LEFT / PAGE);
	prove(allocates);
	usleep(300000);
	return 0;
}

/* Page by page; what was written is given back at once, for others need promises too. */
static int commit_write(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=64m");
	space_written = new_file();
	promise_all();
	fill_file(space_written, ENOSPC);
	if (ftruncate(space_written, 0))
		fail("ftruncate");
	told_commit("write", 1);
	usleep(300000);
	return 0;
}

/* ---- unix sockets: twice fs.file-max, root's too ---- */

static bool another_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static void told_sockets(const char *call)
{
	/* Before 5.16 unix_create() made ENOMEM of it. */
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"file-max\",\"limit_name\":\"twice fs.file-max\","
	      "\"measure\":\"unix sockets\",\"errno\":\"%s\",\"syscall\":\"%s\",\"limit\":4,"
	      "\"held\":{\"min\":4,\"max\":64},\"asked\":1}",
	      errno == ENOMEM ? "ENOMEM" : "ENFILE", call);
}

static int file_max_unix(int argc, char **argv)
{
	(void)argc, (void)argv;
	need_vm();
	for (int i = 0; i < 6; i++)
		if (!another_socket())
			fail("socket");
	write_until_exit("/proc/sys/fs/file-max", "2");
	if (another_socket() || (errno != ENFILE && errno != ENOMEM))
		fail("socket not refused");
	told_sockets("socket");
	prove(another_socket);
	return 0;
}

/* The other end is made by connect(). */
static int file_max_connect(int argc, char **argv)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int at = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), from;
	socklen_t size = sizeof(sa_family_t) + 1 + 8; /* an abstract name */

	(void)argc, (void)argv;
	need_vm();
	snprintf(a.sun_path + 1, 9, "%08d", getpid());
	from = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < 4; i++)
		another_socket();
	if (at < 0 || from < 0 || bind(at, (void *)&a, size) || listen(at, 4))
		fail("listen");
	write_until_exit("/proc/sys/fs/file-max", "2");
	if (!connect(from, (void *)&a, size) || (errno != ENFILE && errno != ENOMEM))
		fail("connect not refused");
	told_sockets("connect");
	return 0;
}

/* ---- memory of sockets: a cgroup's limit, not the host's ---- */

static void leave(const struct group *g)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/cgroup.procs", g->of->mount);
	if (write_file(path, "%d", getpid()))
		fail(path);
}

/* A socket counts for the cgroup it was made in. That limit is full; the host is above the first
 * number of udp_mem, where a socket may be refused as well. */
static int sock_kmem_tcp(int argc, char **argv)
{
	static char data[32768];
	struct sockaddr_in to = address("127.0.0.1", 4716);
	struct hierarchy h;
	struct group g;
	int at, from;

	(void)argc, (void)argv;
	need_vm();
	find_hierarchy(&h, "memory");
	if (h.version != 1)
		skip("cgroup v2 has no limit of its own for the memory of sockets");
	interface_up("lo");
	make_group(&g, &h, NULL, NULL);
	group_set(&g, "memory.kmem.tcp.limit_in_bytes", "4096");
	group_join(&g);
	at = socket(AF_INET, SOCK_DGRAM, 0);
	leave(&g);
	from = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(at, (void *)&to, sizeof(to)))
		fail("bind");
	write_until_exit("/proc/sys/net/ipv4/udp_mem", "1 100000 200000");
	for (int i = 0; i < 32; i++)
		sendto(from, data, sizeof(data), 0, (void *)&to, sizeof(to));
	if (group_get(&g, "memory.kmem.tcp.failcnt", NULL) < 1) {
		errno = 0;
		fail("nothing was refused");
	}
	truth(getpid(), 1,
	      "\"limit_reached\":false,\"never\":\"udp-mem\",\"counted\":{\"owner\":\"cgroup:%s\","
	      "\"resource\":\"kmem.tcp\",\"says\":{\"re\":\"memory of sockets that the limit "
	      "refused\"}}",
	      g.path);
	usleep(2000000); /* counters of v1 are read at an interval */
	return 0;
}

/* Kernel memory alone: until 5.16. No hook sees it. */
static int memory_kmem(int argc, char **argv)
{
	struct hierarchy h;
	struct group g;
	int fds[2], n = 0;
	pid_t pid;

	(void)argc, (void)argv;
	find_hierarchy(&h, "memory");
	if (h.version != 1)
		skip("cgroup v2 has no limit of kernel memory");
	make_group(&g, &h, NULL, NULL);
	group_set(&g, "memory.kmem.limit_in_bytes", "%ld", 512 * 1024L);
	if (group_get(&g, "memory.kmem.limit_in_bytes", NULL) != 512 * 1024L)
		skip("a limit of kernel memory alone cannot be set on this kernel");
	/* The one in the group cannot even open a file any more. */
	pid = spawn();
	if (!pid) {
		group_join(&g);
		while (n < 500 && pipe(fds) == 0)
			n++;
		_exit(n == 500);
	}
	if (reap(pid) || group_get(&g, "memory.kmem.failcnt", NULL) < 1)
		fail("pipe not refused by the limit of kernel memory");
	truth(getpid(), 1,
	      "\"pids\":[%d,%d],\"limit_reached\":false,\"counted\":{\"owner\":\"cgroup:%s\","
	      "\"resource\":\"kmem\",\"says\":{\"re\":\"requests for kernel memory that the limit "
	      "refused\"}}",
	      getpid(), pid, g.path);
	usleep(2000000);
	return 0;
}

/* A sender whose cgroup is full and cannot be helped by a kill: nobody is in it. */
static int sock_memcg(int argc, char **argv)
{
	static char data[65536];
	int at, from, size = 64 << 20;
	struct hierarchy h;
	struct group g;
	long sent = 0;

	(void)argc, (void)argv;
	need_vm();
	find_hierarchy(&h, "memory");
	if (h.version != 2)
		skip("on cgroup v1 sockets have a limit of their own");
	interface_up("lo");
	make_group(&g, &h, NULL, NULL);
	group_join(&g);
	at = listener("127.0.0.1", 4717, 8);
	from = connect_to(4717);
	leave(&g);
	setsockopt(from, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	group_set(&g, "memory.max", "%ld", group_get(&g, "memory.current", NULL) + 64 * 1024);
	for (int i = 0; i < 64; i++) {
		ssize_t n = send(from, data, sizeof(data), MSG_DONTWAIT);

		sent += n > 0 ? n : 0;
	}
	if (at < 0 || group_get(&g, "memory.events", "max") < 1) {
		errno = 0;
		fail("nothing was refused");
	}
	truth(getpid(), 1,
	      "\"limit_reached\":false,\"sent\":%ld,\"never\":\"tcp-mem\",\"counted\":{\"owner\":"
	      "\"cgroup:%s\",\"resource\":\"memory.max\"}",
	      sent, g.path);
	usleep(1500000);
	return 0;
}

const struct provocation edge_provocations[] = {
	{"commit-tmpfs", commit_write, "VM: write to a tmpfs that is not full: overcommit",
	 "commit"},
	{"commit-fallocate", commit_fallocate, "VM: fallocate on one: the same", "commit"},
	{"file-max-unix", file_max_unix, "VM: socket: unix sockets, twice fs.file-max", "file-max"},
	{"file-max-connect", file_max_connect, "VM: connect: the same", "file-max"},
	{"sock-kmem-tcp", sock_kmem_tcp, "VM: datagrams beyond memory.kmem.tcp.limit_in_bytes",
	 NULL},
	{"sock-memcg", sock_memcg, "VM: a sender in a full cgroup: not tcp_mem", NULL},
	{"memory-kmem", memory_kmem, "pipe beyond memory.kmem.limit_in_bytes", NULL},
	{0},
};
