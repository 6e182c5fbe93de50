// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: blocks, inodes and quotas of file systems. Each is on a small file system of its own,
 * in a mount namespace of its own: a tmpfs, or in virtual machines the ext4 image that matrix.sh
 * makes (4 MiB, 32 inodes, 10 % reserved, with quotas), on a loop device.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define IMAGE "/ext4.img"
#define BLOCK 4096
#define SOMEBODY 1000

static char dir[64], path[128], device[64], loop[64];

static void unmount(void)
{
	if (chdir("/") == 0)
		umount2(dir, MNT_DETACH);
}

/* The directory itself is removed at exit, after the mount is gone. */
static void own_mount(const char *source, const char *type, const char *options)
{
	struct stat st;

	snprintf(dir, sizeof(dir), "/tmp/failcnt-provoke-%d", getpid());
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		skip("unshare(CLONE_NEWNS): %s", strerror(errno));
	mkdir_until_exit(dir);
	if (mount(source, dir, type, 0, options))
		skip("mount %s: %s", type, strerror(errno));
	atexit(unmount);
	if (stat(dir, &st))
		fail(dir);
	snprintf(device, sizeof(device), "%u:%u", (unsigned)(st.st_dev >> 8 & 0xfff),
		 (unsigned)(st.st_dev & 0xff));
	snprintf(path, sizeof(path), "%s/full", dir);
}

/* The image is copied into memory: each provocation has its own. */
static void own_ext4(const char *options)
{
	struct stat st;
	int image, memory, control, fd, nr;
	struct loop_info64 info = {.lo_flags = LO_FLAGS_AUTOCLEAR};

	need_vm();
	image = open(IMAGE, O_RDONLY | O_CLOEXEC);
	if (image < 0 || fstat(image, &st))
		skip("%s: %s", IMAGE, strerror(errno));
	memory = memfd_create("ext4", MFD_CLOEXEC);
	if (memory < 0 || sendfile(memory, image, NULL, st.st_size) != st.st_size)
		fail("memfd");
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	nr = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	if (nr < 0)
		skip("/dev/loop-control: %s", strerror(errno));
	snprintf(loop, sizeof(loop), "/dev/loop%d", nr);
	fd = open(loop, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_SET_FD, memory) || ioctl(fd, LOOP_SET_STATUS64, &info))
		skip("%s: %s", loop, strerror(errno));
	own_mount(loop, "ext4", options);
	close(fd);
}

/* Blocks of one page: each is either written or not. Returns how many were. */
static long fill(int fd, int err)
{
	static const char block[BLOCK];
	long n = 0;

	for (;; n++) {
		ssize_t len = write(fd, block, sizeof(block));

		if (len < 0 && errno == err)
			return n;
		if (len != sizeof(block) || n == 1 << 20)
			fail("write");
	}
}

static int new_file(void)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		fail(path);
	return fd;
}

static int written = -1;

static bool write_again(void)
{
	static const char block[BLOCK];

	return write(written, block, sizeof(block)) == sizeof(block);
}

static int disk_tmpfs(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=1m");
	written = new_file();
	fill(written, ENOSPC);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"disk\",\"errno\":\"ENOSPC\",\"syscall\":\"write\","
	      "\"object\":\"full\",\"held\":1048576,\"limit\":1048576,\"asked\":4096,"
	      "\"measure\":\"bytes\",\"mount\":\"%s\",\"device\":\"%s\",\"filesystem\":\"tmpfs\","
	      "\"fix\":{\"re\":\"mount -o remount,size=2097152 %s\"}}",
	      dir, device, dir);
	prove(write_again);
	usleep(300000); /* while it is looked at */
	return 0;
}

static bool fallocate_again(void)
{
	return fallocate(written, 0, 0, 1536 * 1024) == 0;
}

static int disk_fallocate(int argc, char **argv)
{
	int fd;

	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=1m");
	fd = written = new_file();
	if (!fallocate(fd, 0, 0, 1536 * 1024) || errno != ENOSPC)
		fail("fallocate not refused");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"disk\",\"errno\":\"ENOSPC\",\"syscall\":\"fallocate\","
	      "\"object\":\"full\",\"held\":0,\"limit\":1048576,\"asked\":1572864,"
	      "\"mount\":\"%s\",\"filesystem\":\"tmpfs\",\"says\":{\"re\":\"no room for 1.5 "
	      "MiB\"}}",
	      dir);
	prove(fallocate_again);
	usleep(300000);
	return 0;
}

/* By fallocate: nobody else here calls it, and on old kernels a kretprobe misses whom it finds
 * asleep in the function. */
static int disk_flood(int argc, char **argv)
{
	long n = number(argc, argv, 0, 100000);
	int fd;

	own_mount("tmpfs", "tmpfs", "size=64k");
	fd = new_file();
	for (long i = 0; i < n; i++)
		if (!fallocate(fd, 0, 0, MIB) || errno != ENOSPC)
			fail("fallocate not refused");
	truth(getpid(), n,
	      "\"expect\":{\"resource\":\"disk\",\"errno\":\"ENOSPC\",\"held\":0,"
	      "\"limit\":65536,\"mount\":\"%s\"}",
	      dir);
	usleep(300000);
	return 0;
}

static int made;

static int make_file(const char *format)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name), format, made);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		made++;
	return fd;
}

static bool make_again(void)
{
	return make_file("again%d") >= 0;
}

static void make_until_full(const char *format)
{
	int fd;

	while ((fd = make_file(format)) >= 0)
		close(fd);
	if (errno != ENOSPC)
		fail("open not refused as expected");
}

/* By a path, of which the tracepoint does not know where it leads. */
static int inodes_tmpfs(int argc, char **argv)
{
	char format[128];

	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=1m,nr_inodes=8");
	snprintf(format, sizeof(format), "%s/file%%d", dir);
	make_until_full(format);
	snprintf(format, sizeof(format), "%s/file%d", dir, made);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inodes\",\"errno\":\"ENOSPC\",\"held\":8,\"limit\":8,"
	      "\"asked\":1,\"measure\":\"inodes\",\"object\":\"%s\",\"mount\":\"%s\","
	      "\"fix\":{\"re\":\"mount -o remount,nr_inodes=16 \"}}",
	      format, dir);
	if (chdir(dir))
		fail(dir);
	prove(make_again);
	usleep(300000);
	return 0;
}

static bool mkdir_again(void)
{
	return mkdir("more", 0700) == 0;
}

static int inodes_mkdir(int argc, char **argv)
{
	char name[16];

	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=1m,nr_inodes=4");
	if (chdir(dir))
		fail(dir);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		if (mkdir(name, 0700))
			fail("mkdir");
	}
	if (!mkdir("more", 0700) || errno != ENOSPC)
		fail("mkdir not refused");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inodes\",\"errno\":\"ENOSPC\",\"held\":4,\"limit\":4,"
	      "\"syscall\":\"mkdir\",\"object\":\"more\",\"mount\":\"%s\","
	      "\"says\":{\"re\":\"could not make the directory more\"}}",
	      dir);
	prove(mkdir_again);
	usleep(300000);
	return 0;
}

static bool link_again(void)
{
	return link("full", "other") == 0;
}

static int inodes_link(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=1m,nr_inodes=2");
	if (chdir(dir))
		fail(dir);
	close(new_file());
	if (!link("full", "other") || errno != ENOSPC)
		fail("link not refused");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inodes\",\"errno\":\"ENOSPC\",\"held\":2,\"limit\":2,"
	      "\"syscall\":\"link\",\"object\":\"other\",\"mount\":\"%s\"}",
	      dir);
	prove(link_again);
	usleep(300000);
	return 0;
}

/* As somebody: for root there is room left. */
static int disk_ext4(int argc, char **argv)
{
	struct statfs s;

	(void)argc, (void)argv;
	own_ext4(NULL);
	written = new_file();
	if (fchown(written, SOMEBODY, SOMEBODY) || setresuid(SOMEBODY, SOMEBODY, 0))
		fail("uid");
	fill(written, ENOSPC);
	if (statfs(dir, &s) || s.f_bavail)
		fail("blocks are left");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"disk\",\"errno\":\"ENOSPC\",\"syscall\":\"write\","
	      "\"uid\":%d,\"object\":\"full\",\"held\":%ld,\"limit\":%ld,\"mount\":\"%s\","
	      "\"device\":\"%s\",\"filesystem\":\"ext4\","
	      "\"says\":{\"re\":\" 0 bytes of .* are free for it .[0-9.]+ [KM]iB more are "
	      "reserved\"}}",
	      SOMEBODY, (long)((s.f_blocks - s.f_bfree) * s.f_bsize),
	      (long)((s.f_blocks - s.f_bfree) * s.f_bsize), dir, device);
	usleep(300000);
	if (setresuid(0, 0, 0))
		fail("uid");
	return 0;
}

static int inodes_ext4(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ext4(NULL);
	if (chdir(dir))
		fail(dir);
	make_until_full("file%d");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inodes\",\"errno\":\"ENOSPC\",\"held\":32,\"limit\":32,"
	      "\"object\":\"file%d\",\"mount\":\"%s\",\"filesystem\":\"ext4\"}",
	      made, dir);
	usleep(300000);
	return 0;
}

/* ENOSPC, and there is room: an attribute that is larger than a block may hold. */
static int enospc_other(int argc, char **argv)
{
	static char value[3000];
	int full, file;

	(void)argc, (void)argv;
	own_ext4("user_xattr");
	file = new_file();
	memset(value, 'x', sizeof(value));
	if (!fsetxattr(file, "user.large", value, sizeof(value), 0) || errno != ENOSPC)
		fail("attribute not refused");
	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (full < 0 || write(full, value, 1) >= 0 || errno != ENOSPC)
		fail("/dev/full");
	truth(getpid(), 2, "\"errno\":\"ENOSPC\",\"limit_reached\":false");
	return 0;
}

static void limit_quota(int type, int id, long bytes, long inodes)
{
	struct dqblk q = {
		.dqb_bhardlimit = bytes / 1024, .dqb_ihardlimit = inodes, .dqb_valid = QIF_LIMITS};

	if (syscall(SYS_quotactl, QCMD(Q_SETQUOTA, type), loop, id, &q))
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
	fd = written = new_file();
	if (fchown(fd, SOMEBODY, SOMEBODY))
		fail("fchown");
	as_somebody();
	fill(fd, EDQUOT);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"quota\",\"errno\":\"EDQUOT\",\"syscall\":\"write\","
	      "\"object\":\"full\",\"held\":102400,\"limit\":102400,\"measure\":\"bytes\","
	      "\"limit_name\":\"quota of a %s\",\"mount\":\"%s\",\"filesystem\":\"ext4\","
	      "\"says\":{\"re\":\"quota of %s %d \"},"
	      "\"fix\":{\"re\":\"setquota %s %d 0 200 0 0 %s\"}}",
	      name, dir, name, SOMEBODY, flag, SOMEBODY, dir);
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

static int quota_inodes(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ext4("usrquota,grpquota");
	limit_quota(USRQUOTA, SOMEBODY, 0, 3);
	if (chmod(dir, 0777) || chdir(dir))
		fail(dir);
	as_somebody();
	for (int i = 0; i < 3; i++)
		close(make_file("file%d"));
	if (made != 3 || make_file("file%d") >= 0 || errno != EDQUOT)
		fail("open not refused");
	/* At sys_exit the new file is not there any more: which quota it was is not known. */
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"quota\",\"errno\":\"EDQUOT\",\"object\":\"file3\","
	      "\"held\":3,\"limit\":3,\"measure\":\"inodes\",\"limit_name\":\"inode quota of a "
	      "user\","
	      "\"mount\":\"%s\",\"limit_uid\":%d},"
	      "\"tracepoint\":{\"held\":null,\"limit\":null,\"measure\":{\"any\":true},"
	      "\"limit_name\":{\"any\":true},\"limit_uid\":null,\"certain\":false}",
	      dir, SOMEBODY);
	prove(make_again);
	usleep(300000);
	if (setresuid(0, 0, 0))
		fail("uid");
	return 0;
}

const struct provocation space_provocations[] = {
	{"disk-tmpfs", disk_tmpfs, "write: a tmpfs is full", "disk"},
	{"disk-fallocate", disk_fallocate, "fallocate: more than a tmpfs has", "disk"},
	{"disk-flood", disk_flood, "fallocate: the same N times (100000)", "disk"},
	{"disk-ext4", disk_ext4, "write: ext4 is full but for what is reserved", "disk"},
	{"inodes-tmpfs", inodes_tmpfs, "open: a tmpfs has no inode left", "inodes"},
	{"inodes-mkdir", inodes_mkdir, "mkdir: the same", "inodes"},
	{"inodes-link", inodes_link, "link: the same", "inodes"},
	{"inodes-ext4", inodes_ext4, "open: ext4 has no inode left", "inodes"},
	{"enospc-other", enospc_other, "ENOSPC, and no file system is full: no refusal", NULL},
	{"quota-user", quota_user, "write: quota of a user", "quota"},
	{"quota-group", quota_group, "write: quota of a group", "quota"},
	{"quota-inodes", quota_inodes, "open: inode quota of a user", "quota"},
	{0},
};
