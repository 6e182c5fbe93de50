// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors, and what a user or the host has only so many of. The guest's script has lowered the
 * limits of users (fs.inotify.*, fs.epoll.*, kernel.keys.*, fs.aio-max-nr, ...); each kind is a
 * user of its own, so that nobody else's are counted.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define WATCHED 30

static long any_descriptor(struct round *r)
{
	int pair[2];

	switch (pick(r, 10)) {
	case 0:
		return dup(0);
	case 1:
		return open("/dev/null", O_RDONLY);
	case 2:
		return socket(AF_UNIX, SOCK_STREAM, 0);
	case 3:
		return eventfd(0, 0);
	case 4:
		return epoll_create1(0);
	case 5:
		return timerfd_create(CLOCK_MONOTONIC, 0);
	case 6:
		return memfd_create("soak", 0);
	case 7:
		return pipe(pair);
	case 8:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	default:
		return fcntl(0, F_DUPFD_CLOEXEC, 3);
	}
}

static void nofile(struct round *r)
{
	limit(RLIMIT_NOFILE, 8 + pick(r, 20));
	while (r->left > 0) {
		tally(r, "nofile", any_descriptor(r));
		tally(r, DECOY, access("/nowhere", R_OK));
		tally(r, DECOY, dup(1000));
	}
}

/*
 * The host's, for a moment in which nobody else runs: real servers do not survive it. Root passes
 * this limit; writing to sysctl again needs root, and a file that is open already.
 */
static void file_max(struct round *r)
{
	const struct sched_param first = {.sched_priority = 1};
	int fd = open("/proc/sys/fs/file-max", O_RDWR);
	char before[32];
	ssize_t n = fd < 0 ? -1 : read(fd, before, sizeof(before));

	if (n <= 0 || sched_setscheduler(0, SCHED_FIFO, &first) || pwrite(fd, "1", 1, 0) != 1)
		fail("fs.file-max");
	if (!seteuid(user))
		while (r->left > 0)
			tally(r, "file-max", open("/dev/null", O_RDONLY));
	if (seteuid(0) || pwrite(fd, before, n, 0) != n)
		fail("fs.file-max");
}

static void inotify_instances(struct round *r)
{
	while (r->left > 0)
		tally(r, "inotify-instances", inotify_init1(IN_NONBLOCK));
}

static bool prepare_watches(void)
{
	char path[128];
	int i, fd;

	for (i = 0; i < WATCHED; i++) {
		snprintf(path, sizeof(path), "%s/room/%d", dir, i);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
		if (fd < 0 || fchmod(fd, 0666) || close(fd))
			fail(path);
	}
	return true;
}

static void inotify_watches(struct round *r)
{
	int fd = inotify_init1(IN_NONBLOCK), i = 0;
	char path[128], buf[256];

	while (r->left > 0) {
		/* One that is watched already needs no new watch. */
		snprintf(path, sizeof(path), "%s/room/%d", dir,
			 i++ < WATCHED ? i - 1 : WATCHED - 1);
		tally(r, "inotify-watches", inotify_add_watch(fd, path, IN_MODIFY));
		tally(r, DECOY, read(fd, buf, sizeof(buf)));                   /* EAGAIN */
		tally(r, DECOY, inotify_add_watch(fd, "/nowhere", IN_MODIFY)); /* ENOENT */
	}
}

static void epoll_watches(struct round *r)
{
	int ep = epoll_create1(0);

	while (r->left > 0) {
		struct epoll_event e = {.events = EPOLLIN};
		int fd = eventfd(0, EFD_NONBLOCK);

		if (tally(r, "epoll-watches", epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e)) < 0)
			close(fd);
		else
			tally(r, DECOY, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e)); /* EEXIST */
	}
}

static void fanotify_groups(struct round *r)
{
	while (r->left > 0)
		tally(r, "fanotify-groups",
		      fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY));
}

/* More than fs.aio-max-nr in one piece: whatever the others have. */
static void aio(struct round *r)
{
	aio_context_t context = 0;

	while (r->left > 0) {
		tally(r, "aio", syscall(SYS_io_setup, 64 + pick(r, 64), &context));
		tally(r, DECOY, syscall(SYS_io_setup, 0, &context)); /* EINVAL */
	}
}

static bool prepare_pty(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/room/pts", dir);
	return !mkdir(path, 0755) && !mount("devpts", path, "devpts", 0, "max=1,ptmxmode=666");
}

static void pty(struct round *r)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/room/pts/ptmx", dir);
	while (r->left > 0)
		tally(r, "pty", open(path, O_RDWR | O_NOCTTY));
}

static void keys(struct round *r)
{
	char name[32];
	int i = 0;

	while (r->left > 0) {
		snprintf(name, sizeof(name), "soak-%d", i++);
		tally(r, "keys",
		      syscall(SYS_add_key, "user", name, "x", 1, KEY_SPEC_PROCESS_KEYRING));
		tally(r, DECOY,
		      syscall(SYS_add_key, "nothing", name, "x", 1, KEY_SPEC_PROCESS_KEYRING));
	}
}

/* The guest's script has set user.max_uts_namespaces to 0. */
static void namespaces(struct round *r)
{
	while (r->left > 0) {
		tally(r, "namespaces", unshare(CLONE_NEWUTS));
		tally(r, DECOY, unshare(CLONE_VM | CLONE_NEWTIME | 0x10)); /* EINVAL */
	}
}

/* As many as fs.mount-max, and the one too many is the parent's: it counts that as well. */
static bool prepare_mounts(void)
{
	char path[128];
	struct round *r = round_now;

	snprintf(path, sizeof(path), "%s/mounts", dir);
	if (mkdir(path, 0755))
		return false;
	r->left = 1;
	while (r->left > 0)
		tally(r, "mounts", mount("none", path, "tmpfs", 0, "size=4k"));
	return true;
}

static void mounts(struct round *r)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/mounts", dir);
	while (r->left > 0) {
		tally(r, "mounts", mount("none", path, "tmpfs", 0, "size=4k"));
		tally(r, DECOY, mount("none", "/nowhere", "tmpfs", 0, NULL));
	}
}

const struct kind object_kinds[] = {
	{"nofile", "nofile", NULL, nofile, 0},
	{"file-max", "file-max", NULL, file_max, 0},
	{"inotify-instances", "inotify-instances", NULL, inotify_instances, 1},
	{"inotify-watches", "inotify-watches", prepare_watches, inotify_watches, 1},
	{"epoll-watches", "epoll-watches", NULL, epoll_watches, 1},
	{"fanotify-groups", "fanotify-groups", NULL, fanotify_groups, 1},
	{"aio", "aio", NULL, aio, 1},
	{"pty", "pty", prepare_pty, pty, 1},
	{"keys", "keys", NULL, keys, 1},
	{"namespaces", "namespaces", NULL, namespaces, 0},
	{"mounts", "mounts", prepare_mounts, mounts, 0},
	{0},
};
