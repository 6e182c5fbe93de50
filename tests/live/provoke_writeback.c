// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data that write() took and that could not be stored later: ENOSPC and EDQUOT that only fsync()
 * shows. The file system is a FUSE server of ours, a child, that lets the kernel keep what is
 * written (FUSE_WRITEBACK_CACHE) and has no room when it comes: as NFS, delayed allocation and
 * thin volumes do. fs/fuse/file.c fuse_writepage_end() notes the error, for each request.
 *
 * It is mounted for the whole machine: only there failcnt can tell where a device is mounted, for
 * what is written back is nobody's.
 */
#define _GNU_SOURCE
#include "provoke_space.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT FUSE_ROOT_ID
#define FILE_ID 2
#define LARGEST (128 * 1024)

static int channel, refusal;

static void answer(const struct fuse_in_header *in, int err, const void *data, size_t size)
{
	static char buf[sizeof(struct fuse_out_header) + 4096];
	struct fuse_out_header h = {.unique = in->unique, .error = -err};

	h.len = sizeof(h) + (err ? 0 : size);
	memcpy(buf, &h, sizeof(h));
	if (!err && size)
		memcpy(buf + sizeof(h), data, size);
	if (write(channel, buf, h.len) < 0 && errno != ENOENT)
		_exit(1);
}

static struct fuse_attr attributes(uint64_t id)
{
	return (struct fuse_attr){.ino = id,
				  .mode = id == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644,
				  .nlink = 1,
				  .blksize = 4096};
}

static void answer_init(const struct fuse_in_header *in, const struct fuse_init_in *i)
{
	struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
				    .minor = i->minor < 31 ? i->minor : 31,
				    .max_readahead = i->max_readahead,
				    .flags = FUSE_WRITEBACK_CACHE | FUSE_BIG_WRITES,
				    .max_background = 8,
				    .max_write = LARGEST,
				    .time_gran = 1};

	answer(in, 0, &out, sizeof(out));
}

static void answer_one(const struct fuse_in_header *in)
{
	struct fuse_attr_out attr = {.attr_valid = 60, .attr = attributes(in->nodeid)};
	struct fuse_entry_out entry = {.nodeid = FILE_ID,
				       .entry_valid = 60,
				       .attr_valid = 60,
				       .attr = attributes(FILE_ID)};
	struct fuse_statfs_out space = {.st = {.blocks = 16, .bsize = 4096, .frsize = 4096}};
	struct fuse_open_out opened = {0};

	switch (in->opcode) {
	case FUSE_INIT:
		answer_init(in, (const void *)(in + 1));
		return;
	case FUSE_LOOKUP:
		answer(in, 0, &entry, sizeof(entry));
		return;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		answer(in, 0, &attr, sizeof(attr));
		return;
	case FUSE_OPEN:
		answer(in, 0, &opened, sizeof(opened));
		return;
	case FUSE_STATFS:
		answer(in, 0, &space, sizeof(space));
		return;
	case FUSE_WRITE:
		answer(in, refusal, NULL, 0);
		return;
	case FUSE_RELEASE:
	case FUSE_FLUSH:
		answer(in, 0, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return; /* nobody waits */
	default:
		answer(in, ENOSYS, NULL, 0);
	}
}

static _Noreturn void serve(void)
{
	static char buf[LARGEST + 4096] __attribute__((aligned(8)));
	ssize_t n;

	for (;;) {
		n = read(channel, buf, sizeof(buf));
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			answer_one((const void *)buf);
		else if (n < 0 && errno != EINTR && errno != ENOENT)
			_exit(0); /* unmounted */
	}
}

static void gone(void)
{
	umount2(space_dir, MNT_DETACH);
}

/* The file of the server, open for writing. */
static int own_fuse(int err)
{
	char options[128];
	struct stat st;
	pid_t server;
	int fd;

	need_vm();
	refusal = err;
	channel = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (channel < 0)
		skip("/dev/fuse: %s", strerror(errno));
	snprintf(space_dir, sizeof(space_dir), "/tmp/failcnt-provoke-%d", getpid());
	mkdir_until_exit(space_dir);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", channel);
	if (mount("provoke", space_dir, "fuse", MS_NOSUID | MS_NODEV, options))
		skip("mount fuse: %s", strerror(errno));
	atexit(gone);
	server = spawn();
	if (!server)
		serve();
	if (stat(space_dir, &st))
		fail(space_dir);
	snprintf(space_device, sizeof(space_device), "%u:%u", (unsigned)(st.st_dev >> 8 & 0xfff),
		 (unsigned)(st.st_dev & 0xff));
	snprintf(space_path, sizeof(space_path), "%s/late", space_dir);
	fd = open(space_path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail(space_path);
	return fd;
}

/* More than one request, so that more than one fails. */
static int written_back(int err, const char *resource, const char *name)
{
	static char data[3 * LARGEST];
	int fd = own_fuse(err);

	if (write(fd, data, sizeof(data)) != sizeof(data))
		fail("write");
	if (!fsync(fd) || errno != err)
		fail("fsync not refused as expected");
	truth(getpid(), 1,
	      "\"nobody\":true,\"expect\":{\"pid\":null,\"resource\":\"%s\",\"errno\":\"%s\","
	      "\"syscall\":null,\"object\":\"late\",\"mount\":\"%s\",\"device\":\"%s\","
	      "\"filesystem\":\"fuse\",\"backend\":\"tracepoint\",\"certain\":false,"
	      "\"says\":{\"re\":\"[Dd]ata written earlier to late could not be stored\"}}",
	      resource, name, space_dir, space_device);
	usleep(300000); /* while it is looked at */
	close(fd);
	return 0;
}

static int late_disk(int argc, char **argv)
{
	(void)argc, (void)argv;
	return written_back(ENOSPC, "disk", "ENOSPC");
}

static int late_quota(int argc, char **argv)
{
	(void)argc, (void)argv;
	return written_back(EDQUOT, "quota", "EDQUOT");
}

const struct provocation writeback_provocations[] = {
	{"late-disk", late_disk, "VM: fsync: no room for what was written before", "disk"},
	{"late-quota", late_quota, "VM: fsync: no quota for what was written before", "quota"},
	{0},
};
