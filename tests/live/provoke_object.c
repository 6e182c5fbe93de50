// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: limits on objects of the host: mounts, asynchronous requests, pseudo terminals; in a
 * mount namespace and on a devpts of their own.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char namespace[64], dir[64];

static void own_mounts(void)
{
	ssize_t len;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		skip("no mount namespace of its own: %s", strerror(errno));
	len = readlink("/proc/self/ns/mnt", namespace, sizeof(namespace) - 1);
	namespace[len > 0 ? len : 0] = '\0';
	snprintf(dir, sizeof(dir), "/tmp/failcnt-provoke-%d", getpid());
	mkdir("/tmp", 0755);
	mkdir_until_exit(dir);
}

static int more_mounts(void)
{
	return mount("none", dir, "tmpfs", 0, "size=64k");
}

static bool another_mount(void)
{
	return more_mounts() == 0;
}

/* In reverse: the directory can be removed only then. */
static void unmount_all(void)
{
	while (umount2(dir, MNT_DETACH) == 0)
		;
}

static long fill_mounts(long leave)
{
	long limit = 2; /* below what a machine needs to run: it is never reached by accident */
	char line[512], value[32];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	while (f && fgets(line, sizeof(line), f))
		limit++;
	if (f)
		fclose(f);
	limit += 4;
	snprintf(value, sizeof(value), "%ld", limit);
	write_until_exit("/proc/sys/fs/mount-max", value);
	atexit(unmount_all);
	while (more_mounts() == 0)
		;
	if (errno != ENOSPC)
		fail("mount");
	for (long i = 0; i < leave; i++)
		if (umount2(dir, 0))
			fail("umount");
	return limit;
}

static int mounts(int argc, char **argv)
{
	long limit;

	(void)argc, (void)argv;
	need_vm();
	own_mounts();
	limit = fill_mounts(0);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"mounts\",\"errno\":\"ENOSPC\",\"syscall\":\"mount\","
	      "\"limit_name\":\"fs.mount-max\",\"held\":%ld,\"limit\":%ld,\"asked\":1,"
	      "\"namespace\":\"%s\"}",
	      limit, limit, namespace);
	prove(another_mount);
	return 0;
}

/* ---- aio: more than there are in all, which hurts nobody ---- */

static long wanted;

static bool another_context(void)
{
	aio_context_t ctx = 0;

	return syscall(SYS_io_setup, wanted, &ctx) == 0;
}

static int aio(int argc, char **argv)
{
	long limit = read_number("/proc/sys/fs/aio-max-nr", NULL);
	long held = read_number("/proc/sys/fs/aio-nr", NULL);

	(void)argc, (void)argv;
	if (limit < 0 || limit > 1000000)
		skip("fs.aio-max-nr is %ld", limit);
	if (getenv("FAILCNT_PROVE"))
		need_vm();
	wanted = limit + 1;
	if (another_context() || errno != EAGAIN)
		skip("io_setup: %s", strerror(errno));
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"aio\",\"errno\":\"EAGAIN\",\"syscall\":\"io_setup\","
	      "\"limit_name\":\"fs.aio-max-nr\",\"held\":%ld,\"limit\":%ld,\"asked\":%ld}",
	      held, limit, limit + 1);
	prove(another_context);
	return 0;
}

/* ---- ptys ---- */

static char ptmx[80];

static bool another_pty(void)
{
	return open(ptmx, O_RDWR | O_NOCTTY) >= 0;
}

static void own_devpts(const char *options)
{
	own_mounts();
	if (mount("none", dir, "devpts", 0, options))
		skip("mount devpts: %s", strerror(errno));
	atexit(unmount_all);
	snprintf(ptmx, sizeof(ptmx), "%s/ptmx", dir);
}

static int pty_devpts(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_devpts("newinstance,ptmxmode=0666,max=2");
	if (!another_pty() || !another_pty())
		fail("a pty before the limit");
	if (another_pty() || errno != ENOSPC)
		fail("a pty at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"pty\",\"errno\":\"ENOSPC\",\"syscall\":\"openat\","
	      "\"limit_name\":\"max= of the devpts mount\",\"held\":2,\"limit\":2,\"asked\":1,"
	      "\"mount\":\"%s\",\"filesystem\":\"devpts\",\"namespace\":\"%s\"},"
	      "\"tracepoint\":{\"held\":null,\"limit\":null,\"asked\":null,\"certain\":false,"
	      "\"mount\":null,\"filesystem\":null,\"namespace\":null}",
	      dir, namespace);
	prove(another_pty);
	usleep(300000); /* while it is looked at */
	return 0;
}

/* The reserve is for the host's own devpts: here the limit is what is above it. */
static int pty_max(int argc, char **argv)
{
	long reserve = read_number("/proc/sys/kernel/pty/reserve", NULL);
	long held = read_number("/proc/sys/kernel/pty/nr", NULL);
	char value[32];

	(void)argc, (void)argv;
	need_vm();
	if (reserve < 0)
		skip("no kernel.pty");
	snprintf(value, sizeof(value), "%ld", reserve + held + 3);
	write_until_exit("/proc/sys/kernel/pty/max", value);
	own_devpts("newinstance,ptmxmode=0666");
	if (!another_pty() || !another_pty())
		fail("a pty before the limit");
	if (another_pty() || errno != ENOSPC)
		fail("a pty at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"pty\",\"errno\":\"ENOSPC\",\"syscall\":\"openat\","
	      "\"limit_name\":\"kernel.pty.max\",\"held\":%ld,\"limit\":%ld,\"asked\":1}",
	      held + 2, held + 3);
	prove(another_pty);
	return 0;
}

const struct provocation object_provocations[] = {
	{"mounts", mounts, "VM: mount at fs.mount-max", "mounts"},
	{"aio", aio, "io_setup: more than fs.aio-max-nr", "aio"},
	{"pty-devpts", pty_devpts, "/dev/ptmx at the max= of its devpts", "pty"},
	{"pty-max", pty_max, "VM: /dev/ptmx at kernel.pty.max", "pty"},
	{0},
};
