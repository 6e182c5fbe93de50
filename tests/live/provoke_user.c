// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: limits of a user: inotify, fanotify, namespaces, each in a user namespace of its own;
 * epoll and keys, as a user that nobody else is.
 */
#define _GNU_SOURCE
#include "provoke.h"

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

#define OWN_UID 54321 /* of nobody, and so are those that follow */

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef FAN_REPORT_FID
#define FAN_REPORT_FID 0x00000200
#endif

static char namespace[64];

/* In which its creator is root, so that nsenter(1) finds the uid it wants. */
static void own_user_namespace(void)
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
	len = readlink("/proc/self/ns/user", namespace, sizeof(namespace) - 1);
	namespace[len > 0 ? len : 0] = '\0';
}

/* user.NAME of this user namespace. */
static void own_limit(const char *name, long limit)
{
	char path[128];
	int err;

	own_user_namespace();
	snprintf(path, sizeof(path), "/proc/sys/user/%s", name);
	err = write_file(path, "%ld", limit);
	if (err)
		skip("%s: %s", path, strerror(-err));
}

static void must_get(long ret, const char *what)
{
	if (ret < 0)
		fail(what);
}

static void must_fail(long ret, int err, const char *what)
{
	if (ret >= 0)
		errno = 0;
	if (ret >= 0 || errno != err)
		fail(what);
}

/* A refusal by a limit of the user namespace. */
static void told(const char *resource, const char *name, const char *err, const char *call,
		 long limit)
{
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"%s\",\"limit_name\":\"%s\",\"errno\":\"%s\","
	      "\"syscall\":\"%s\",\"held\":%ld,\"limit\":%ld,\"asked\":1,\"limit_uid\":0,"
	      "\"namespace\":\"%s\"}",
	      resource, name, err, call, limit, limit, namespace);
}

static void become(uid_t uid)
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
	own_limit("max_inotify_instances", 2);
	must_get(inotify_init1(0), "inotify_init1");
	must_get(inotify_init1(0), "inotify_init1");
	must_fail(inotify_init1(0), EMFILE, "inotify_init1 at the limit");
	told("inotify-instances", "user.max_inotify_instances", "EMFILE", "inotify_init1", 2);
	prove(another_instance);
	return 0;
}

static int inotify_flood(int argc, char **argv)
{
	long n = number(argc, argv, 0, 100000);

	own_limit("max_inotify_instances", 1);
	must_get(inotify_init1(0), "inotify_init1");
	for (long i = 0; i < n; i++)
		must_fail(inotify_init1(0), EMFILE, "inotify_init1 at the limit");
	truth(getpid(), n,
	      "\"expect\":{\"resource\":\"inotify-instances\",\"errno\":\"EMFILE\",\"held\":1,"
	      "\"limit\":1,\"namespace\":\"%s\"}",
	      namespace);
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
	must_get(dup(0), "dup");
	must_fail(inotify_init1(0), EMFILE, "inotify_init1 without a descriptor");
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
	own_limit("max_inotify_watches", 2);
	watch_fd = inotify_init1(0);
	must_get(inotify_add_watch(watch_fd, "/", IN_CREATE), "inotify_add_watch");
	must_get(inotify_add_watch(watch_fd, "/dev", IN_CREATE), "inotify_add_watch");
	must_fail(inotify_add_watch(watch_fd, "/proc", IN_CREATE), ENOSPC, "watch at the limit");
	told("inotify-watches", "user.max_inotify_watches", "ENOSPC", "inotify_add_watch", 2);
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
		become(OWN_UID + 4);
		must_get(inotify_init1(0), "inotify_init1");
		must_fail(inotify_init1(0), EMFILE, "inotify_init1 at the limit");
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
	char outer[sizeof(namespace)];

	(void)argc, (void)argv;
	own_limit("max_inotify_watches", 2);
	strcpy(outer, namespace);
	if (!spawn()) { /* so that there is a process to enter it by */
		pause();
		_exit(0);
	}
	own_user_namespace();
	watch_fd = inotify_init1(0);
	must_get(inotify_add_watch(watch_fd, "/", IN_CREATE), "inotify_add_watch");
	must_get(inotify_add_watch(watch_fd, "/dev", IN_CREATE), "inotify_add_watch");
	must_fail(inotify_add_watch(watch_fd, "/proc", IN_CREATE), ENOSPC, "watch at the limit");
	strcpy(namespace, outer);
	told("inotify-watches", "user.max_inotify_watches", "ENOSPC", "inotify_add_watch", 2);
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
	own_limit("max_fanotify_groups", 1);
	must_have_group();
	must_fail(new_group(), EMFILE, "fanotify_init at the limit");
	told("fanotify-groups", "user.max_fanotify_groups", "EMFILE", "fanotify_init", 1);
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
	own_limit("max_fanotify_marks", 1);
	watch_fd = must_have_group();
	if (mark("/"))
		skip("fanotify_mark: %s", strerror(errno));
	must_fail(mark("/tmp"), ENOSPC, "fanotify_mark at the limit");
	told("fanotify-marks", "user.max_fanotify_marks", "ENOSPC", "fanotify_mark", 1);
	prove(another_mark);
	return 0;
}

/* ---- namespaces: one is had by a child; this process asks for a second ---- */

static int namespace_flag;

static bool another_namespace(void)
{
	return unshare(namespace_flag) == 0;
}

static void fill_namespaces(const char *kind, int flag)
{
	char name[64];
	int ready[2];
	char byte = 1;

	snprintf(name, sizeof(name), "max_%s_namespaces", kind);
	own_limit(name, 1);
	namespace_flag = flag;
	if (pipe(ready))
		fail("pipe");
	if (!spawn()) {
		byte = unshare(flag) == 0;
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	if (read(ready[0], &byte, 1) != 1 || !byte)
		skip("unshare(%s) is not possible", kind);
}

static void told_namespace(const char *kind, const char *call)
{
	char name[64];

	snprintf(name, sizeof(name), "user.max_%s_namespaces", kind);
	told("namespaces", name, "ENOSPC", call, 1);
}

static int refuse_namespace(const char *kind, int flag)
{
	fill_namespaces(kind, flag);
	must_fail(unshare(flag), ENOSPC, "unshare at the limit");
	told_namespace(kind, "unshare");
	prove(another_namespace);
	return 0;
}

#define NAMESPACE(kind, flag)                               \
	static int namespaces_##kind(int argc, char **argv) \
	{                                                   \
		(void)argc, (void)argv;                     \
		return refuse_namespace(#kind, flag);       \
	}
NAMESPACE(user, CLONE_NEWUSER)
NAMESPACE(pid, CLONE_NEWPID)
NAMESPACE(uts, CLONE_NEWUTS)
NAMESPACE(ipc, CLONE_NEWIPC)
NAMESPACE(net, CLONE_NEWNET)
NAMESPACE(mnt, CLONE_NEWNS)
NAMESPACE(cgroup, CLONE_NEWCGROUP)
NAMESPACE(time, CLONE_NEWTIME)

/* Of several kinds at once it is one that refuses. */
static int namespaces_clone(int argc, char **argv)
{
	(void)argc, (void)argv;
	fill_namespaces("ipc", CLONE_NEWIPC);
	must_fail(syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD, 0, 0, 0,
			  0),
		  ENOSPC, "clone at the limit");
	told_namespace("ipc", "clone");
	return 0;
}

static int namespaces_clone3(int argc, char **argv)
{
	struct clone_args args = {.flags = CLONE_NEWUTS, .exit_signal = SIGCHLD};

	(void)argc, (void)argv;
	fill_namespaces("uts", CLONE_NEWUTS);
	must_fail(syscall(SYS_clone3, &args, sizeof(args)), ENOSPC, "clone3 at the limit");
	told_namespace("uts", "clone3");
	return 0;
}

/* The same errno without a limit that can be set: 32 levels are the most. */
static int user_namespace_depth(int argc, char **argv)
{
	int n = 0;

	(void)argc, (void)argv;
	while (unshare(CLONE_NEWUSER) == 0 && n < 64) {
		n++;
		if (write_file("/proc/self/uid_map", "0 0 1"))
			break;
		write_file("/proc/self/setgroups", "deny");
		if (write_file("/proc/self/gid_map", "0 0 1"))
			break;
	}
	if (errno != ENOSPC && errno != EUSERS)
		skip("unshare(CLONE_NEWUSER): %s", strerror(errno));
	truth(getpid(), 1, "\"errno\":\"ENOSPC\",\"limit_reached\":false,\"levels\":%d", n);
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
		become(OWN_UID);
		epoll_fd = epoll_create1(0);
		for (int i = 0; i < 3; i++)
			must_get(add_watch(), "epoll_ctl");
		must_fail(add_watch(), ENOSPC, "epoll_ctl at the limit");
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

/* ---- keys ---- */

static long add_key(int n, size_t size)
{
	static char payload[32768];
	char name[24];

	snprintf(name, sizeof(name), "failcnt%d", n);
	return syscall(SYS_add_key, "user", name, payload, size, KEY_SPEC_PROCESS_KEYRING);
}

static bool another_key(void)
{
	return add_key(1000, 8) >= 0;
}

/* Each key takes little; the keyring that holds them is one too. */
static int keys_number(int argc, char **argv)
{
	long limit = read_number("/proc/sys/kernel/keys/maxkeys", NULL);
	int n = 0;

	(void)argc, (void)argv;
	if (limit < 0 || limit > 1000)
		skip("kernel.keys.maxkeys is %ld", limit);
	if (getenv("FAILCNT_PROVE"))
		need_vm();
	become(OWN_UID + 1);
	while (add_key(n, 1) >= 0)
		n++;
	if (errno != EDQUOT)
		skip("add_key: %s", strerror(errno));
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"keys\",\"errno\":\"EDQUOT\",\"measure\":\"keys\","
	      "\"limit_name\":\"kernel.keys.maxkeys\",\"syscall\":\"add_key\",\"asked\":1,"
	      "\"held\":%ld,\"limit\":%ld,\"limit_uid\":%d}",
	      limit, limit, OWN_UID + 1);
	prove(another_key);
	return 0;
}

static bool another_large_key(void)
{
	return add_key(1000, 15000) >= 0;
}

/* By the payload; by the description alone it would be another hook. */
static int keys_bytes(int argc, char **argv)
{
	long limit = read_number("/proc/sys/kernel/keys/maxbytes", NULL);

	(void)argc, (void)argv;
	if (limit < 16000 || limit > 30000)
		skip("kernel.keys.maxbytes is %ld", limit);
	if (getenv("FAILCNT_PROVE"))
		need_vm();
	become(OWN_UID + 2);
	if (add_key(1, 15000) < 0)
		skip("add_key: %s", strerror(errno));
	must_fail(add_key(2, 15000), EDQUOT, "add_key at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"keys\",\"errno\":\"EDQUOT\",\"measure\":\"bytes\","
	      "\"limit_name\":\"kernel.keys.maxbytes\",\"syscall\":\"add_key\","
	      "\"asked\":{\"min\":15000,\"max\":15100},\"held\":{\"min\":15000,\"max\":15200},"
	      "\"limit\":%ld,\"limit_uid\":%d}",
	      limit, OWN_UID + 2);
	prove(another_large_key);
	return 0;
}

/* What is stored for this user, from the line "UID: usage nkeys/nikeys qnkeys/max qnbytes/max". */
static long key_bytes(uid_t uid)
{
	char line[128];
	long bytes = -1;
	FILE *f = fopen("/proc/key-users", "re");

	while (f && bytes < 0 && fgets(line, sizeof(line), f))
		if (strtoul(line, NULL, 10) == uid)
			sscanf(line, "%*u: %*d %*d/%*d %*d/%*d %ld", &bytes);
	if (f)
		fclose(f);
	return bytes;
}

/* The description does not fit any more: there are 4 bytes left. */
static int keys_description(int argc, char **argv)
{
	long limit = read_number("/proc/sys/kernel/keys/maxbytes", NULL), held;

	(void)argc, (void)argv;
	if (limit < 16000 || limit > 30000)
		skip("kernel.keys.maxbytes is %ld", limit);
	become(OWN_UID + 3);
	if (add_key(1, 1) < 0)
		skip("add_key: %s", strerror(errno));
	held = key_bytes(OWN_UID + 3);
	if (held < 0)
		skip("/proc/key-users does not tell");
	must_get(add_key(1, 1 + limit - held - 4), "add_key of what is left");
	must_fail(add_key(2, 1), EDQUOT, "add_key at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"keys\",\"errno\":\"EDQUOT\",\"measure\":\"bytes\","
	      "\"limit_name\":\"kernel.keys.maxbytes\",\"syscall\":\"add_key\","
	      "\"asked\":{\"min\":9,\"max\":10},\"held\":{\"min\":%ld,\"max\":%ld},"
	      "\"limit\":%ld,\"limit_uid\":%d}",
	      limit - 4, limit, limit, OWN_UID + 3); /* the link takes 4 bytes for a moment */
	return 0;
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
	{"namespaces-user", namespaces_user, "unshare(CLONE_NEWUSER): too many", "namespaces"},
	{"namespaces-pid", namespaces_pid, "unshare(CLONE_NEWPID): too many", "namespaces"},
	{"namespaces-uts", namespaces_uts, "unshare(CLONE_NEWUTS): too many", "namespaces"},
	{"namespaces-ipc", namespaces_ipc, "unshare(CLONE_NEWIPC): too many", "namespaces"},
	{"namespaces-net", namespaces_net, "unshare(CLONE_NEWNET): too many", "namespaces"},
	{"namespaces-mnt", namespaces_mnt, "unshare(CLONE_NEWNS): too many", "namespaces"},
	{"namespaces-cgroup", namespaces_cgroup, "unshare(CLONE_NEWCGROUP): too many",
	 "namespaces"},
	{"namespaces-time", namespaces_time, "unshare(CLONE_NEWTIME): too many", "namespaces"},
	{"namespaces-clone", namespaces_clone, "clone of three kinds: too many of one",
	 "namespaces"},
	{"namespaces-clone3", namespaces_clone3, "clone3: too many UTS namespaces", "namespaces"},
	{"userns-depth", user_namespace_depth, "32 user namespaces in one another: no limit", NULL},
	{"epoll-watches", epoll_watches, "VM: epoll_ctl: too many of one user", "epoll-watches"},
	{"keys", keys_number, "add_key: too many keys", "keys"},
	{"keys-bytes", keys_bytes, "add_key: too many bytes of payload", "keys"},
	{"keys-description", keys_description, "add_key: too many bytes of description", "keys"},
	{0},
};
