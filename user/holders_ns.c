// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_ns.c - the user and pid namespaces of a process and those above them,
 * as nsfs tells: NS_GET_PARENT and NS_GET_OWNER_UID of ioctl_ns(2).
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "holders_ns.h"

#define FIRST_USER_NS 0xEFFFFFFDU /* PROC_USER_INIT_INO: include/linux/proc_ns.h */

static uint32_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : (uint32_t)st.st_ino;
}

/* One that is above our own is not shown (EPERM), and none is above the first. */
static void climb(int *fd)
{
	int above = ioctl(*fd, NS_GET_PARENT);

	close(*fd);
	*fd = above;
}

int ns_user_levels(void *arg _unused_, int proc, struct owner_level *ret, int max)
{
	_cleanup_close_ int fd = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
	int n = 0;

	if (fd < 0)
		return -errno;
	for (; fd >= 0 && n < max; n++) {
		uid_t owner = 0;

		ret[n] = (struct owner_level){.ns = inode_of(fd), .owner = -1};
		ret[n].first = ret[n].ns == FIRST_USER_NS;
		if (!ret[n].first && ioctl(fd, NS_GET_OWNER_UID, &owner) == 0)
			ret[n].owner = owner;
		climb(&fd);
	}
	return n;
}

bool ns_in_pid_ns(void *arg _unused_, int proc, uint32_t ns)
{
	_cleanup_close_ int fd = openat(proc, "ns/pid", O_RDONLY | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < OWNER_LEVELS; i++) {
		if (inode_of(fd) == ns)
			return true;
		climb(&fd);
	}
	return false;
}
