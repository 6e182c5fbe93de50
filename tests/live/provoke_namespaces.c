// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of namespaces, each kind by the limit of a user namespace of its own.
 */
#define _GNU_SOURCE
#include "provoke_user.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

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
	own_user_limit(name, 1);
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
	told_user_limit("namespaces", name, "ENOSPC", call, 1);
}

static int refuse_namespace(const char *kind, int flag)
{
	fill_namespaces(kind, flag);
	must_fail_at(unshare(flag), ENOSPC, "unshare at the limit");
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
	must_fail_at(syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD, 0, 0,
			     0, 0),
		     ENOSPC, "clone at the limit");
	told_namespace("ipc", "clone");
	return 0;
}

static int namespaces_clone3(int argc, char **argv)
{
	struct clone_args args = {.flags = CLONE_NEWUTS, .exit_signal = SIGCHLD};

	(void)argc, (void)argv;
	fill_namespaces("uts", CLONE_NEWUTS);
	must_fail_at(syscall(SYS_clone3, &args, sizeof(args)), ENOSPC, "clone3 at the limit");
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

const struct provocation namespace_provocations[] = {
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
	{0},
};
