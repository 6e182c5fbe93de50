// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of which it matters who is told as a holder: the same user has as much of it where it
 * does not count for the limit that refused. And the wait until somebody has looked.
 */
#define _GNU_SOURCE
#include "provoke_user.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- until it was looked at ---- */

static off_t events_before;

/* What was told when the process began is of others. */
__attribute__((constructor)) static void note_events(void)
{
	const char *path = getenv("FAILCNT_EVENTS");
	struct stat st;

	events_before = path && stat(path, &st) == 0 ? st.st_size : 0;
}

/* Holders of that resource, in a line written since. */
static bool told(const char *path, const char *resource)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, key[64];
	size_t size = 0;
	bool found = false;

	snprintf(key, sizeof(key), "\"resource\":\"%s\"", resource);
	if (!f)
		return false;
	fseek(f, events_before, SEEK_SET);
	while (!found && getline(&line, &size, f) > 0)
		found = strstr(line, "\"holders\":") && strstr(line, key);
	free(line);
	fclose(f);
	return found;
}

void hold(const char *resource)
{
	const char *path = getenv("FAILCNT_EVENTS");

	for (int i = 0; path && i < 200 && !told(path, resource); i++)
		usleep(50000);
}

/* ---- others ---- */

static void ready(gate *g, long ret)
{
	if (ret < 0)
		_exit(1);
	gate_open(g);
	for (;;)
		pause();
}

/* Three instances of the same user where the limit of the new namespace does not count them. */
static void bystander(void)
{
	gate *g = gate_make();

	if (!spawn()) {
		inotify_init1(0);
		inotify_init1(0);
		ready(g, inotify_init1(0));
	}
	gate_wait(g);
}

static int holders_userns(int argc, char **argv)
{
	(void)argc, (void)argv;
	bystander();
	own_user_limit("max_inotify_instances", 2);
	must_work_at(inotify_init1(0), "inotify_init1");
	must_work_at(inotify_init1(0), "inotify_init1");
	must_fail_at(inotify_init1(0), EMFILE, "inotify_init1 at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inotify-instances\",\"errno\":\"EMFILE\",\"held\":2,"
	      "\"limit\":2,\"namespace\":\"%s\"},\"holders_total\":1,\"holders\":[{\"pid\":%d,"
	      "\"held\":2}]",
	      user_namespace, getpid());
	hold("inotify-instances");
	return 0;
}

/* The limit of the namespace around: what is below it counts, whoever has it there; what is beside
 * it does not. */
static int holders_userns_above(int argc, char **argv)
{
	char outer[sizeof(user_namespace)];
	int fd;

	(void)argc, (void)argv;
	bystander();
	own_user_limit("max_inotify_watches", 2);
	strcpy(outer, user_namespace);
	own_user_namespace();
	fd = inotify_init1(0);
	must_work_at(inotify_add_watch(fd, "/", IN_CREATE), "inotify_add_watch");
	must_work_at(inotify_add_watch(fd, "/dev", IN_CREATE), "inotify_add_watch");
	must_fail_at(inotify_add_watch(fd, "/proc", IN_CREATE), ENOSPC, "watch at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inotify-watches\",\"errno\":\"ENOSPC\",\"held\":2,"
	      "\"limit\":2,\"namespace\":\"%s\"},\"holders_total\":1,\"holders\":[{\"pid\":%d,"
	      "\"held\":2,\"count\":1}]",
	      outer, getpid());
	hold("inotify-watches");
	return 0;
}

/* A task of that user in a namespace that root has made: counted there, and for root; before 5.14
 * it is counted for the user, and then it is one of the three. */
static void elsewhere(uid_t uid)
{
	gate *made = gate_make(), *mapped = gate_make(), *there = gate_make();
	char path[64];
	pid_t pid = spawn();

	if (!pid) {
		if (unshare(CLONE_NEWUSER))
			_exit(1);
		gate_open(made);
		gate_wait(mapped);
		/* Another user's process does not hear of its parent's end any more: once again. */
		ready(there, -(setresuid(0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL)));
	}
	gate_wait(made);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (write_file(path, "0 %u 1", uid))
		skip("the user namespace cannot be mapped");
	gate_open(mapped);
	gate_wait(there);
}

static pid_t pids[3];

static int fork_at_limit(uid_t uid)
{
	struct rlimit r = {3, 3};

	if (setresgid(uid, uid, uid) || setrlimit(RLIMIT_NPROC, &r) || setresuid(uid, uid, uid))
		return errno;
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return errno;
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	return 0;
}

static int holders_nproc(int argc, char **argv)
{
	uid_t uid = 100000 + getpid();
	int *err = shared(sizeof(*err));
	pid_t pid;

	(void)argc, (void)argv;
	elsewhere(uid);
	pid = spawn();
	if (!pid) {
		*err = fork_at_limit(uid);
		if (*err == EAGAIN) {
			truth(getpid(), 1,
			      "\"expect\":{\"resource\":\"nproc\",\"errno\":\"EAGAIN\",\"held\":3,"
			      "\"limit\":3,\"limit_uid\":%u,\"namespace\":null},"
			      "\"holders_total\":1,\"holders\":[{\"uid\":%u,\"held\":{\"min\":2,"
			      "\"max\":3}}]",
			      uid, uid);
			hold("nproc");
		}
		for (int i = 0; i < 2 && pids[i] > 0; i++)
			kill(pids[i], SIGKILL);
		_exit(0);
	}
	reap(pid);
	errno = *err;
	if (*err != EAGAIN)
		fail("fork not refused");
	return 0;
}

const struct provocation holder_provocations[] = {
	{"holders-userns", holders_userns, "inotify_init1: the host's root has some too",
	 "inotify-instances"},
	{"holders-userns-above", holders_userns_above, "a watch: the same, from a namespace below",
	 "inotify-watches"},
	{"holders-nproc", holders_nproc, "fork: the user has tasks in another's namespace too",
	 "nproc"},
	{0},
};
