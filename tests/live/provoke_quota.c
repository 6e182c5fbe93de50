// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals by a quota, of bytes and of inodes, on ext4 in a virtual machine.
 */
#define _GNU_SOURCE
#include "provoke_space.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROJECT 77
#define PROJECT_QUOTA 2 /* PRJQUOTA of linux/quota.h */

static void limit_quota(int type, int id, long bytes, long inodes)
{
	struct dqblk q = {
		.dqb_bhardlimit = bytes / 1024, .dqb_ihardlimit = inodes, .dqb_valid = QIF_LIMITS};

	if (syscall(SYS_quotactl, QCMD(Q_SETQUOTA, type), space_loop, id, &q))
		skip("quotactl: %s", strerror(errno));
}

/* Root passes any quota. */
static void as_somebody(void)
{
	if (setresgid(SOMEBODY, SOMEBODY, 0) || setresuid(SOMEBODY, SOMEBODY, 0))
		fail("uid");
}

static int quota_bytes(int type, const char *name, const char *flag)
{
	int fd;

	own_ext4("usrquota,grpquota");
	limit_quota(type, SOMEBODY, 100 * 1024, 0);
	fd = space_written = new_file();
	if (fchown(fd, SOMEBODY, SOMEBODY))
		fail("fchown");
	as_somebody();
	fill_file(fd, EDQUOT);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"quota\",\"errno\":\"EDQUOT\",\"syscall\":\"write\","
	      "\"object\":\"full\",\"held\":102400,\"limit\":102400,\"measure\":\"bytes\","
	      "\"limit_name\":\"quota of a %s\",\"mount\":\"%s\",\"filesystem\":\"ext4\","
	      "\"says\":{\"re\":\"quota of %s %d \"},"
	      "\"fix\":{\"re\":\"setquota %s %d 0 200 0 0 %s\"}}",
	      name, space_dir, name, SOMEBODY, flag, SOMEBODY, space_dir);
	prove(write_again);
	usleep(300000);
	if (setresuid(0, 0, 0))
		fail("uid");
	return 0;
}

static int quota_user(int argc, char **argv)
{
	(void)argc, (void)argv;
	return quota_bytes(USRQUOTA, "user", "-u");
}

static int quota_group(int argc, char **argv)
{
	(void)argc, (void)argv;
	return quota_bytes(GRPQUOTA, "group", "-g");
}

/* Three inodes, `had` of which there are: the last is refused, and told as `limit_name`. */
static int quota_inodes_of(const char *limit_name, int had)
{
	if (chmod(space_dir, 0777) || chdir(space_dir))
		fail(space_dir);
	as_somebody();
	for (int i = had; i < 3; i++)
		close(make_file("file%d"));
	if (space_made != 3 - had || make_file("file%d") >= 0 || errno != EDQUOT)
		fail("open not refused");
	/* At sys_exit the new file is not there any more: which quota it was is not known. */
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"quota\",\"errno\":\"EDQUOT\",\"object\":\"file%d\","
	      "\"held\":3,\"limit\":3,\"measure\":\"inodes\",\"limit_name\":\"inode quota of a "
	      "%s\",\"mount\":\"%s\"},"
	      "\"tracepoint\":{\"held\":null,\"limit\":null,\"measure\":{\"any\":true},"
	      "\"limit_name\":{\"any\":true},\"limit_uid\":null,\"certain\":false}",
	      space_made, limit_name, space_dir);
	prove(make_again);
	usleep(300000);
	if (setresuid(0, 0, 0))
		fail("uid");
	return 0;
}

static int quota_inodes(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ext4("usrquota,grpquota");
	limit_quota(USRQUOTA, SOMEBODY, 0, 3);
	return quota_inodes_of("user", 0);
}

static int quota_group_inodes(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ext4("usrquota,grpquota");
	limit_quota(GRPQUOTA, SOMEBODY, 0, 3);
	return quota_inodes_of("group", 0);
}

/* FS_IOC_FSSETXATTR: as xfs_quota and chattr -p do. */
static void of_project(int fd, unsigned int project, unsigned int flags)
{
	struct fsxattr attr;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attr))
		skip("FS_IOC_FSGETXATTR: %s", strerror(errno));
	attr.fsx_projid = project;
	attr.fsx_xflags |= flags;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &attr))
		skip("FS_IOC_FSSETXATTR: %s", strerror(errno));
}

static int quota_project(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ext4("prjquota");
	limit_quota(PROJECT_QUOTA, PROJECT, 100 * 1024, 0);
	space_written = new_file();
	of_project(space_written, PROJECT, 0);
	if (fchown(space_written, SOMEBODY, SOMEBODY))
		fail("fchown");
	as_somebody();
	fill_file(space_written, EDQUOT);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"quota\",\"errno\":\"EDQUOT\",\"syscall\":\"write\","
	      "\"object\":\"full\",\"held\":102400,\"limit\":102400,\"measure\":\"bytes\","
	      "\"limit_name\":\"quota of a project\",\"mount\":\"%s\",\"filesystem\":\"ext4\","
	      "\"says\":{\"re\":\"quota of project %d \"}}",
	      space_dir, PROJECT);
	prove(write_again);
	usleep(300000);
	if (setresuid(0, 0, 0))
		fail("uid");
	return 0;
}

/* Its directory is of the project too, and hands that on. */
static int quota_project_inodes(int argc, char **argv)
{
	int dir;

	(void)argc, (void)argv;
	own_ext4("prjquota");
	limit_quota(PROJECT_QUOTA, PROJECT, 0, 3);
	dir = open(space_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		fail(space_dir);
	of_project(dir, PROJECT, FS_XFLAG_PROJINHERIT);
	close(dir);
	return quota_inodes_of("project", 1);
}

const struct provocation quota_provocations[] = {
	{"quota-user", quota_user, "write: quota of a user", "quota"},
	{"quota-group", quota_group, "write: quota of a group", "quota"},
	{"quota-project", quota_project, "write: quota of a project", "quota"},
	{"quota-inodes", quota_inodes, "open: inode quota of a user", "quota"},
	{"quota-group-inodes", quota_group_inodes, "open: inode quota of a group", "quota"},
	{"quota-project-inodes", quota_project_inodes, "open: that of a project", "quota"},
	{0},
};
