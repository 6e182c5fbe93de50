// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: limits of a user: inotify, fanotify, namespaces, each in a user namespace of its own;
 * epoll and keys, as a user that nobody else is.
 */
#define _GNU_SOURCE
#include "provoke_user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef FAN_REPORT_FID
#define FAN_REPORT_FID 0x00000200
#endif

char user_namespace[64];

/* In which its creator is root, so that nsenter(1) finds the uid it wants. */
void own_user_namespace(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	ssize_t len;

	if (unshare(CLONE_NEWUSER))
		skip("unshare(CLONE_NEWUSER): %s", strerror(errno));
	write_file("/proc/self/setgroups", "deny");
	if (write_file("/proc/self/uid_map", "0 %u 1", uid) ||
	    write_file("/proc/self/gid_map", "0 %u 1", gid))
		skip("the user namespace cannot be mapped");
	len = readlink("/proc/self/ns/user", user_namespace, sizeof(user_namespace) - 1);
	user_namespace[len > 0 ? len : 0] = '\0';
}

/* user.NAME of this user namespace. */
void own_user_limit(const char *name, long limit)
{
	char path[128];
	int err;

	own_user_namespace();
	snprintf(path, sizeof(path), "/proc/sys/user/%s", name);
	err = write_file(path, "%ld", limit);
	if (err)
		skip("%s: %s", path, strerror(-err));
}

void must_work_at(long ret, const char *what)
{
	if (ret < 0)
		fail(what);
}

void must_fail_at(long ret, int err, const char *what)
{
	if (ret >= 0)
		errno = 0;
	if (ret >= 0 || errno != err)
		fail(what);
}

/* A refusal by a limit of the user namespace. */
void told_user_limit(const char *resource, const char *name, const char *err, const char *call,
		     long limit)
{
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"%s\",\"limit_name\":\"%s\",\"errno\":\"%s\","
	      "\"syscall\":\"%s\",\"held\":%ld,\"limit\":%ld,\"asked\":1,\"limit_uid\":0,"
	      "\"namespace\":\"%s\"}",
	      resource, name, err, call, limit, limit, user_namespace);
}

void become_user(uid_t uid)
{
	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		skip("cannot be another user: %s", strerror(errno));
}

/* ---- inotify ---- */

static bool another_instance(void)
{
	return inotify_init1(IN_CLOEXEC) >= 0;
}

static int inotify_instances(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_user_limit("max_inotify_instances", 2);
	must_work_at(inotify_init1(0), "inotify_init1");
	must_work_at(inotify_init1(0), "inotify_init1");
	must_fail_at(inotify_init1(0), EMFILE, "inotify_init1 at the limit");
	told_user_limit("inotify-instances", "user.max_inotify_instances", "EMFILE",
			"inotify_init1", 2);
	prove(another_instance);
	return 0;
}

static int inotify_flood(int argc, char **argv)
{
	long n = number(argc, argv, 0, 100000);

	own_user_limit("max_inotify_instances", 1);
	must_work_at(inotify_init1(0), "inotify_init1");
	for (long i = 0; i < n; i++)
		must_fail_at(inotify_init1(0), EMFILE, "inotify_init1 at the limit");
	truth(getpid(), n,
	      "\"expect\":{\"resource\":\"inotify-instances\",\"errno\":\"EMFILE\",\"held\":1,"
	      "\"limit\":1,\"namespace\":\"%s\"}",
	      user_namespace);
	return 0;
}

/* Full of descriptors, and the lowest one freed and taken again. */
static int inotify_nofile(int argc, char **argv)
{
	struct rlimit r = {64, 64};

	(void)argc, (void)argv;
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	if (setrlimit(RLIMIT_NOFILE, &r))
		fail("setrlimit");
	while (dup(0) >= 0)
		;
	close(10);
	must_work_at(dup(0), "dup");
	must_fail_at(inotify_init1(0), EMFILE, "inotify_init1 without a descriptor");
	/* The first refusal ended the loop. */
	truth(getpid(), 2,
	      "\"expect\":{\"resource\":\"nofile\",\"errno\":\"EMFILE\",\"held\":64,\"limit\":64}");
	return 0;
}

static int watch_fd;

static bool another_watch(void)
{
	return inotify_add_watch(watch_fd, "/sys", IN_CREATE) >= 0;
}

static int inotify_watches(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_user_limit("max_inotify_watches", 2);
	watch_fd = inotify_init1(0);
	must_work_at(inotify_add_watch(watch_fd, "/", IN_CREATE), "inotify_add_watch");
	must_work_at(inotify_add_watch(watch_fd, "/dev", IN_CREATE), "inotify_add_watch");
	must_fail_at(inotify_add_watch(watch_fd, "/proc", IN_CREATE), ENOSPC, "watch at the limit");
	told_user_limit("inotify-watches", "user.max_inotify_watches", "ENOSPC",
			"inotify_add_watch", 2);
	prove(another_watch);
	return 0;
}

/* In the first user namespace the sysctl has another name. */
static int inotify_instances_host(int argc, char **argv)
{
	(void)argc, (void)argv;
	need_vm();
	write_until_exit("/proc/sys/fs/inotify/max_user_instances", "1");
	if (!spawn()) {
		become_user(OWN_UID + 4);
		must_work_at(inotify_init1(0), "inotify_init1");
		must_fail_at(inotify_init1(0), EMFILE, "inotify_init1 at the limit");
		truth(getpid(), 1,
		      "\"expect\":{\"resource\":\"inotify-instances\",\"errno\":\"EMFILE\","
		      "\"limit_name\":\"fs.inotify.max_user_instances\",\"held\":1,\"limit\":1,"
		      "\"limit_uid\":%d,\"namespace\":\"user:[4026531837]\"}",
		      OWN_UID + 4);
		prove(another_instance);
		_exit(0);
	}
	return reap(-1) != 0;
}

/* The namespace itself allows more: the one around it does not. */
static int inotify_watches_above(int argc, char **argv)
{
	char outer[sizeof(user_namespace)];

	(void)argc, (void)argv;
	own_user_limit("max_inotify_watches", 2);
	strcpy(outer, user_namespace);
	if (!spawn()) { /* so that there is a process to enter it by */
		pause();
		_exit(0);
	}
	own_user_namespace();
	watch_fd = inotify_init1(0);
	must_work_at(inotify_add_watch(watch_fd, "/", IN_CREATE), "inotify_add_watch");
	must_work_at(inotify_add_watch(watch_fd, "/dev", IN_CREATE), "inotify_add_watch");
	must_fail_at(inotify_add_watch(watch_fd, "/proc", IN_CREATE), ENOSPC, "watch at the limit");
	strcpy(user_namespace, outer);
	told_user_limit("inotify-watches", "user.max_inotify_watches", "ENOSPC",
			"inotify_add_watch", 2);
	prove(another_watch);
	return 0;
}

/* ---- fanotify: reporting by file handle is for everybody ---- */

static int new_group(void)
{
	return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
}

static bool another_group(void)
{
	return new_group() >= 0;
}

static int must_have_group(void)
{
	int fd = new_group();

	if (fd < 0)
		skip("fanotify_init: %s", strerror(errno));
	return fd;
}

static int fanotify_groups(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_user_limit("max_fanotify_groups", 1);
	must_have_group();
	must_fail_at(new_group(), EMFILE, "fanotify_init at the limit");
	told_user_limit("fanotify-groups", "user.max_fanotify_groups", "EMFILE", "fanotify_init",
			1);
	prove(another_group);
	return 0;
}

static int mark(const char *path)
{
	return fanotify_mark(watch_fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path);
}

static bool another_mark(void)
{
	return mark("/tmp") >= 0;
}

static int fanotify_marks(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_user_limit("max_fanotify_marks", 1);
	watch_fd = must_have_group();
	if (mark("/"))
		skip("fanotify_mark: %s", strerror(errno));
	must_fail_at(mark("/tmp"), ENOSPC, "fanotify_mark at the limit");
	told_user_limit("fanotify-marks", "user.max_fanotify_marks", "ENOSPC", "fanotify_mark", 1);
	prove(another_mark);
	return 0;
}

/* ---- epoll: all of a user's together ---- */

static int epoll_fd;

static int add_watch(void)
{
	struct epoll_event e = {.events = EPOLLIN};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, eventfd(0, 0), &e);
}

static bool another_epoll_watch(void)
{
	return add_watch() == 0;
}

static int epoll_watches(int argc, char **argv)
{
	(void)argc, (void)argv;
	need_vm();
	write_until_exit("/proc/sys/fs/epoll/max_user_watches", "3");
	if (!spawn()) {
		become_user(OWN_UID);
		epoll_fd = epoll_create1(0);
		for (int i = 0; i < 3; i++)
			must_work_at(add_watch(), "epoll_ctl");
		must_fail_at(add_watch(), ENOSPC, "epoll_ctl at the limit");
		truth(getpid(), 1,
		      "\"expect\":{\"resource\":\"epoll-watches\",\"errno\":\"ENOSPC\","
		      "\"limit_name\":\"fs.epoll.max_user_watches\",\"syscall\":\"epoll_ctl\","
		      "\"held\":3,\"limit\":3,\"asked\":1,\"uid\":%d}",
		      OWN_UID);
		prove(another_epoll_watch);
		_exit(0);
	}
	return reap(-1) != 0;
}

const struct provocation user_provocations[] = {
	{"inotify-instances", inotify_instances, "inotify_init1: too many instances",
	 "inotify-instances"},
	{"inotify-host", inotify_instances_host, "VM: as inotify-instances, of the host's limit",
	 "inotify-instances"},
	{"inotify-flood", inotify_flood, "[N] N instances too many", "inotify-instances"},
	{"inotify-nofile", inotify_nofile, "inotify_init1 and dup at RLIMIT_NOFILE", "nofile"},
	{"inotify-watches", inotify_watches, "inotify_add_watch: too many", "inotify-watches"},
	{"inotify-watches-above", inotify_watches_above,
	 "the limit of the user namespace around refuses a watch", "inotify-watches"},
	{"fanotify-groups", fanotify_groups, "fanotify_init: too many groups", "fanotify-groups"},
	{"fanotify-marks", fanotify_marks, "fanotify_mark: too many marks", "fanotify-marks"},
	{"epoll-watches", epoll_watches, "VM: epoll_ctl: too many of one user", "epoll-watches"},
	{0},
};
