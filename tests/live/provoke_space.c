// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: blocks, inodes and quotas of file systems. Each is on a small file system of its own,
 * in a mount namespace of its own: a tmpfs, or in virtual machines the ext4 image that matrix.sh
 * makes (4 MiB, 32 inodes, 10 % reserved, with quotas), on a loop device.
 */
#define _GNU_SOURCE
#include "provoke_space.h"

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

char space_dir[64], space_path[128], space_device[64], space_loop[64];

static void unmount(void)
{
	if (chdir("/") == 0)
		umount2(space_dir, MNT_DETACH);
}

/* The directory itself is removed at exit, after the mount is gone. */
void own_mount(const char *source, const char *type, const char *options)
{
	struct stat st;

	snprintf(space_dir, sizeof(space_dir), "/tmp/failcnt-provoke-%d", getpid());
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		skip("unshare(CLONE_NEWNS): %s", strerror(errno));
	mkdir_until_exit(space_dir);
	if (mount(source, space_dir, type, 0, options))
		skip("mount %s: %s", type, strerror(errno));
	atexit(unmount);
	if (stat(space_dir, &st))
		fail(space_dir);
	snprintf(space_device, sizeof(space_device), "%u:%u", (unsigned)(st.st_dev >> 8 & 0xfff),
		 (unsigned)(st.st_dev & 0xff));
	snprintf(space_path, sizeof(space_path), "%s/full", space_dir);
}

/* The image is copied into memory: each provocation has its own. */
void own_ext4(const char *options)
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
	snprintf(space_loop, sizeof(space_loop), "/dev/loop%d", nr);
	fd = open(space_loop, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_SET_FD, memory) || ioctl(fd, LOOP_SET_STATUS64, &info))
		skip("%s: %s", space_loop, strerror(errno));
	own_mount(space_loop, "ext4", options);
	close(fd);
}

/* Blocks of one page: each is either written or not. Returns how many were. */
long fill_file(int fd, int err)
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

int new_file(void)
{
	int fd = open(space_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		fail(space_path);
	return fd;
}

int space_written = -1;

bool write_again(void)
{
	static const char block[BLOCK];

	return write(space_written, block, sizeof(block)) == sizeof(block);
}

static int disk_tmpfs(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=1m");
	space_written = new_file();
	fill_file(space_written, ENOSPC);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"disk\",\"errno\":\"ENOSPC\",\"syscall\":\"write\","
	      "\"object\":\"full\",\"held\":1048576,\"limit\":1048576,\"asked\":4096,"
	      "\"measure\":\"bytes\",\"mount\":\"%s\",\"device\":\"%s\",\"filesystem\":\"tmpfs\","
	      "\"fix\":{\"re\":\"mount -o remount,size=2097152 %s\"}}",
	      space_dir, space_device, space_dir);
	prove(write_again);
	usleep(300000); /* while it is looked at */
	return 0;
}

/* What fits is written, and the call succeeds: only inside it the refusal is seen. */
static int disk_short(int argc, char **argv)
{
	static const char blocks[4 * BLOCK];

	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=1m");
	space_written = new_file();
	if (fallocate(space_written, 0, 0, MIB - 2 * BLOCK) ||
	    lseek(space_written, MIB - 2 * BLOCK, SEEK_SET) < 0 ||
	    write(space_written, blocks, sizeof(blocks)) != 2 * BLOCK)
		fail("write not cut short");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"disk\",\"errno\":\"ENOSPC\",\"syscall\":\"write\","
	      "\"object\":\"full\",\"held\":1048576,\"limit\":1048576,\"asked\":16384,"
	      "\"mount\":\"%s\",\"filesystem\":\"tmpfs\"}",
	      space_dir);
	prove(write_again);
	usleep(300000);
	return 0;
}

static bool fallocate_again(void)
{
	return fallocate(space_written, 0, 0, 1536 * 1024) == 0;
}

static int disk_fallocate(int argc, char **argv)
{
	int fd;

	(void)argc, (void)argv;
	own_mount("tmpfs", "tmpfs", "size=1m");
	fd = space_written = new_file();
	if (!fallocate(fd, 0, 0, 1536 * 1024) || errno != ENOSPC)
		fail("fallocate not refused");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"disk\",\"errno\":\"ENOSPC\",\"syscall\":\"fallocate\","
	      "\"object\":\"full\",\"held\":0,\"limit\":1048576,\"asked\":1572864,"
	      "\"mount\":\"%s\",\"filesystem\":\"tmpfs\",\"says\":{\"re\":\"no room for 1.5 "
	      "MiB\"}}",
	      space_dir);
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
	      space_dir);
	usleep(300000);
	return 0;
}

int space_made;

int make_file(const char *format)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name), format, space_made);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		space_made++;
	return fd;
}

bool make_again(void)
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
	snprintf(format, sizeof(format), "%s/file%%d", space_dir);
	make_until_full(format);
	snprintf(format, sizeof(format), "%s/file%d", space_dir, space_made);
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inodes\",\"errno\":\"ENOSPC\",\"held\":8,\"limit\":8,"
	      "\"asked\":1,\"measure\":\"inodes\",\"object\":\"%s\",\"mount\":\"%s\","
	      "\"fix\":{\"re\":\"mount -o remount,nr_inodes=16 \"}}",
	      format, space_dir);
	if (chdir(space_dir))
		fail(space_dir);
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
	if (chdir(space_dir))
		fail(space_dir);
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
	      space_dir);
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
	if (chdir(space_dir))
		fail(space_dir);
	close(new_file());
	if (!link("full", "other") || errno != ENOSPC)
		fail("link not refused");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inodes\",\"errno\":\"ENOSPC\",\"held\":2,\"limit\":2,"
	      "\"syscall\":\"link\",\"object\":\"other\",\"mount\":\"%s\"}",
	      space_dir);
	prove(link_again);
	usleep(300000);
	return 0;
}

/* To the last block: ext4 keeps back a little for what is not on the disk yet, so that near the end
 * nothing is; and the last blocks may be less than a page. */
static void fill_with_care(int fd)
{
	static const char block[BLOCK];
	struct statfs s;

	while (statfs(space_dir, &s) == 0 && s.f_bavail) {
		bool near = (long)s.f_bavail * s.f_bsize < 64 * BLOCK;
		size_t size = s.f_bavail > 16 ? sizeof(block) : (size_t)s.f_bsize;

		if (write(fd, block, size) != (ssize_t)size || (near && fsync(fd)))
			fail("write");
	}
}

/* As somebody: for root there is room left. */
static int disk_ext4(int argc, char **argv)
{
	struct statfs s;

	(void)argc, (void)argv;
	own_ext4(NULL);
	space_written = new_file();
	if (fchown(space_written, SOMEBODY, SOMEBODY) || setresuid(SOMEBODY, SOMEBODY, 0))
		fail("uid");
	fill_with_care(space_written);
	fill_file(space_written, ENOSPC);
	if (statfs(space_dir, &s) || s.f_bavail)
		fail("blocks are left");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"disk\",\"errno\":\"ENOSPC\",\"syscall\":\"write\","
	      "\"uid\":%d,\"object\":\"full\",\"held\":%ld,\"limit\":%ld,\"mount\":\"%s\","
	      "\"device\":\"%s\",\"filesystem\":\"ext4\","
	      "\"says\":{\"re\":\" 0 bytes of .* are free for it .[0-9.]+ [KM]iB more are "
	      "reserved\"}}",
	      SOMEBODY, (long)((s.f_blocks - s.f_bfree) * s.f_bsize),
	      (long)((s.f_blocks - s.f_bfree) * s.f_bsize), space_dir, space_device);
	usleep(300000);
	if (setresuid(0, 0, 0))
		fail("uid");
	return 0;
}

static int inodes_ext4(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_ext4(NULL);
	if (chdir(space_dir))
		fail(space_dir);
	make_until_full("file%d");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"inodes\",\"errno\":\"ENOSPC\",\"held\":32,\"limit\":32,"
	      "\"object\":\"file%d\",\"mount\":\"%s\",\"filesystem\":\"ext4\"}",
	      space_made, space_dir);
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

const struct provocation space_provocations[] = {
	{"disk-tmpfs", disk_tmpfs, "write: a tmpfs is full", "disk"},
	{"disk-short", disk_short, "write: a tmpfs has room for a part of it", "disk"},
	{"disk-fallocate", disk_fallocate, "fallocate: more than a tmpfs has", "disk"},
	{"disk-flood", disk_flood, "fallocate: the same N times (100000)", "disk"},
	{"disk-ext4", disk_ext4, "write: ext4 is full but for what is reserved", "disk"},
	{"inodes-tmpfs", inodes_tmpfs, "open: a tmpfs has no inode left", "inodes"},
	{"inodes-mkdir", inodes_mkdir, "mkdir: the same", "inodes"},
	{"inodes-link", inodes_link, "link: the same", "inodes"},
	{"inodes-ext4", inodes_ext4, "open: ext4 has no inode left", "inodes"},
	{"enospc-other", enospc_other, "ENOSPC, and no file system is full: no refusal", NULL},
	{0},
};
