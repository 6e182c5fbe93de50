// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of file descriptors: RLIMIT_NOFILE in every way to ask for one, fs.nr_open, fs.file-max.
 *
 * Each function fills its own table exactly to the limit, without a refusal, and then asks for one
 * more: what it counts is what the kernel refused, no more and no less.
 */
#define _GNU_SOURCE
#include "provoke_files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT 64

int null_fd;

void limit_files(rlim_t limit)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		fail("getrlimit");
	r.rlim_cur = limit;
	if (setrlimit(RLIMIT_NOFILE, &r))
		fail("setrlimit");
}

void open_null(void)
{
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		fail("/dev/null");
}

/* The lowest free number is given: when the last one is, the table is full. */
static void fill(int limit)
{
	open_null();
	limit_files(limit);
	for (int fd = null_fd; fd < limit - 1;) {
		fd = dup(null_fd);
		if (fd < 0)
			fail("dup before the limit");
	}
}

/* Without a descriptor to read /proc/self/fd with. */
static int held(int below)
{
	int n = 0;

	for (int fd = 0; fd < below; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* `ret` is what the kernel answered; `more` is further JSON, or empty. */
int refused_file(long ret, int err, int limit, const char *more)
{
	if (ret >= 0 || errno != err)
		fail("not refused as expected");
	truth(getpid(), 1, "\"errno\":\"EMFILE\",\"held\":%d,\"limit\":%d%s", held(4096), limit,
	      more);
	return 0;
}

bool one_file_more(void)
{
	return dup(null_fd) >= 0;
}

static int nofile_dup(int argc, char **argv)
{
	(void)argc, (void)argv;
	fill(LIMIT);
	refused_file(dup(null_fd), EMFILE, LIMIT, ",\"syscall\":\"dup\"");
	prove(one_file_more);
	return 0;
}

static int nofile_open(int argc, char **argv)
{
	const char *path = argc ? argv[0] : "/etc/resolv.conf";
	char more[512];

	snprintf(more, sizeof(more), ",\"syscall\":\"openat\",\"object\":\"%s\"", path);
	fill(LIMIT);
	return refused_file(open(path, O_RDONLY | O_CLOEXEC), EMFILE, LIMIT, more);
}

static int nofile_socket(int argc, char **argv)
{
	(void)argc, (void)argv;
	fill(LIMIT);
	return refused_file(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), EMFILE,
			    LIMIT, ",\"syscall\":\"socket\"");
}

static int nofile_accept(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char more[64];

	(void)argc, (void)argv;
	if (server < 0 || bind(server, (void *)&at, len) || listen(server, 8) ||
	    getsockname(server, (void *)&at, &len))
		fail("listen on 127.0.0.1");
	if (!spawn()) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(client, (void *)&at, len))
			_exit(1);
		pause();
	}
	fill(LIMIT);
	snprintf(more, sizeof(more), ",\"syscall\":\"accept4\",\"port\":%d", ntohs(at.sin_port));
	return refused_file(accept4(server, NULL, NULL, SOCK_CLOEXEC), EMFILE, LIMIT, more);
}

/* Numbers below the wanted minimum stay free: refused with few descriptors open. */
static int nofile_fdupfd(int argc, char **argv)
{
	(void)argc, (void)argv;
	open_null();
	limit_files(LIMIT);
	for (int fd = 0; fd < LIMIT - 1;) {
		fd = fcntl(null_fd, F_DUPFD, LIMIT - 4);
		if (fd < 0)
			fail("F_DUPFD before the limit");
	}
	return refused_file(fcntl(null_fd, F_DUPFD, LIMIT - 4), EMFILE, LIMIT,
			    ",\"syscall\":\"fcntl\"");
}

/* The call succeeds: only a flag tells that the descriptor did not arrive. */
static int nofile_scm(int argc, char **argv)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.align = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec byte = {"x", 1};
	struct msghdr m = {.msg_iov = &byte,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	char in;
	int pair[2];

	(void)argc, (void)argv;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		fail("socketpair");
	memcpy(CMSG_DATA(&control.align), &pair[0], sizeof(int));
	if (sendmsg(pair[0], &m, 0) != 1)
		fail("sendmsg");
	fill(LIMIT);
	byte.iov_base = &in;
	if (recvmsg(pair[1], &m, 0) != 1 || !(m.msg_flags & MSG_CTRUNC))
		fail("recvmsg without MSG_CTRUNC");
	errno = EMFILE;
	return refused_file(-1, EMFILE, LIMIT, ",\"syscall\":\"recvmsg\",\"seen\":\"MSG_CTRUNC\"");
}

static int nofile_pipe(int argc, char **argv)
{
	int pair[2];

	(void)argc, (void)argv;
	fill(LIMIT);
	return refused_file(pipe2(pair, O_CLOEXEC), EMFILE, LIMIT, ",\"syscall\":\"pipe2\"");
}

static int nofile_lowered(int argc, char **argv)
{
	(void)argc, (void)argv;
	fill(2 * LIMIT);
	limit_files(LIMIT / 2);
	return refused_file(dup(null_fd), EMFILE, LIMIT / 2, ",\"syscall\":\"dup\"");
}

struct flood {
	pid_t pid;
	long refused;
};

/*
 * P processes start together and are refused N times each. None before all have filled their
 * tables: what succeeds amid a flood may be skipped like what is refused, and is no refusal.
 */
static void flood(struct flood *f, long n, long procs)
{
	gate *start = gate_make(), *filled = gate_make();

	for (long p = 0; p < procs; p++) {
		pid_t pid = spawn();

		if (pid) {
			f[p].pid = pid;
			continue;
		}
		fill(LIMIT);
		__atomic_add_fetch(filled, 1, __ATOMIC_RELEASE);
		gate_wait(start);
		for (long i = 0; i < n; i++)
			f[p].refused += dup(null_fd) < 0 && errno == EMFILE;
		_exit(f[p].refused != n);
	}
	while (__atomic_load_n(filled, __ATOMIC_ACQUIRE) < procs) {
		siginfo_t ended = {0};

		if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid)
			fail("a process of the flood, before it");
		usleep(1000);
	}
	gate_open(start);
	for (long p = 0; p < procs; p++)
		if (reap(f[p].pid))
			fail("a process of the flood");
}

/* Threads of one process: one fold entry, written by several processors at once. */
#define FLOOD_THREADS 4

static void *flood_thread(void *arg)
{
	long n = *(long *)arg, refused = 0;

	for (long i = 0; i < n; i++)
		refused += dup(null_fd) < 0 && errno == EMFILE;
	return (void *)refused;
}

static int nofile_threads_flood(int argc, char **argv)
{
	long each = number(argc, argv, 0, 100000) / FLOOD_THREADS, *total = shared(sizeof(*total));
	pid_t pid = spawn();

	if (!pid) {
		pthread_t threads[FLOOD_THREADS];
		void *refused;

		fill(LIMIT);
		for (int i = 0; i < FLOOD_THREADS; i++)
			if (pthread_create(&threads[i], NULL, flood_thread, &each))
				_exit(1);
		for (int i = 0; i < FLOOD_THREADS; i++) {
			pthread_join(threads[i], &refused);
			*total += (long)refused;
		}
		_exit(*total != each * FLOOD_THREADS);
	}
	if (reap(pid))
		fail("the threads of the flood");
	truth(pid, *total, "\"errno\":\"EMFILE\",\"held\":%d,\"limit\":%d,\"syscall\":\"dup\"",
	      LIMIT, LIMIT);
	return 0;
}

static int report_flood(long n, long procs)
{
	struct flood *f = shared(procs * sizeof(*f));
	long total = 0;
	char *pids = malloc(procs * 12 + 1), *at = pids;

	flood(f, n, procs);
	*at = '\0';
	for (long p = 0; p < procs; p++) {
		total += f[p].refused;
		at += sprintf(at, "%s%d", p ? "," : "", f[p].pid);
	}
	truth(f[0].pid, total,
	      "\"errno\":\"EMFILE\",\"held\":%d,\"limit\":%d,\"syscall\":\"dup\","
	      "\"processes\":%ld,\"each\":%ld,\"pids\":[%s]",
	      LIMIT, LIMIT, procs, n, pids);
	free(pids);
	return 0;
}

static int nofile_flood(int argc, char **argv)
{
	return report_flood(number(argc, argv, 0, 100000), number(argc, argv, 1, 1));
}

static int nofile_many(int argc, char **argv)
{
	return report_flood(1, number(argc, argv, 0, 200));
}

/* One openat by way of the rings, without a library. */
static int nofile_iouring(int argc, char **argv)
{
	struct io_uring_params p = {0};
	int ring = syscall(SYS_io_uring_setup, 4, &p);
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	uint8_t *sq, *cq;

	(void)argc, (void)argv;
	if (ring < 0)
		skip("io_uring is unsupported: %s", strerror(errno));
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*cqe), PROT_READ | PROT_WRITE,
		  MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		   IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		fail("mmap of the rings");
	fill(LIMIT);
	sqe[0] = (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
				       .fd = AT_FDCWD,
				       .addr = (uintptr_t) "/etc",
				       .open_flags = O_RDONLY};
	((uint32_t *)(sq + p.sq_off.array))[0] = 0;
	atomic_store((_Atomic uint32_t *)(sq + p.sq_off.tail), 1);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		fail("io_uring_enter");
	cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	errno = -cqe->res;
	return refused_file(cqe->res, EMFILE, LIMIT,
			    ",\"syscall\":\"io_uring\",\"object\":\"/etc\"");
}

const struct provocation file_provocations[] = {
	{"nofile-dup", nofile_dup, "dup at RLIMIT_NOFILE", "nofile"},
	{"nofile-open", nofile_open, "[PATH] openat at RLIMIT_NOFILE", "nofile"},
	{"nofile-socket", nofile_socket, "socket at RLIMIT_NOFILE", "nofile"},
	{"nofile-accept", nofile_accept, "accept4 at RLIMIT_NOFILE", "nofile"},
	{"nofile-fdupfd", nofile_fdupfd, "F_DUPFD: refused with few descriptors open", "nofile"},
	{"nofile-scm", nofile_scm, "SCM_RIGHTS: the descriptor is lost, the call succeeds",
	 "nofile"},
	{"nofile-pipe", nofile_pipe, "pipe2 at RLIMIT_NOFILE", "nofile"},
	{"nofile-lowered", nofile_lowered, "the limit is lowered below what is open", "nofile"},
	{"nofile-flood", nofile_flood, "[N [P]] P processes refused N times each", "nofile"},
	{"nofile-threads-flood", nofile_threads_flood, "[N] four threads refused N times in all",
	 "nofile"},
	{"nofile-many", nofile_many, "[P] P processes refused once each", "nofile"},
	{"nofile-iouring", nofile_iouring, "openat by io_uring at RLIMIT_NOFILE", "nofile"},
	{0},
};
