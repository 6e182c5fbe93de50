// SPDX-License-Identifier: GPL-2.0-only
/* Room: of a file, of a file system. And the decoys of every errno. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static char page[PAGE];

static void below(char *path, size_t size, const char *format, int n)
{
	int len = snprintf(path, size, "%s/", dir);

	snprintf(path + len, size - len, format, n);
}

static void fsize(struct round *r)
{
	char path[128];
	int fd;

	below(path, sizeof(path), "room/fsize-%d", getpid());
	fd = open(path, O_CREAT | O_RDWR, 0600);
	limit(RLIMIT_FSIZE, PAGE);
	signal(SIGXFSZ, SIG_IGN);
	while (r->left > 0) {
		if (pick(r, 2))
			tally(r, "fsize", pwrite(fd, page, PAGE, (1 + pick(r, 9)) * PAGE));
		else
			tally(r, "fsize", ftruncate(fd, (2 + pick(r, 9)) * PAGE));
	}
	unlink(path);
}

/* 64 KiB; written page by page, so that no write ends in the middle. */
static void disk(struct round *r)
{
	char path[128];
	int fd;
	long i = 0;

	below(path, sizeof(path), "disk/%d", getpid());
	fd = open(path, O_CREAT | O_RDWR, 0600);
	if (fd < 0)
		fail(path);
	while (r->left > 0)
		tally(r, "disk", pwrite(fd, page, PAGE, i++ * PAGE));
	unlink(path);
}

static void disk_fallocate(struct round *r)
{
	char path[128];
	int fd;

	below(path, sizeof(path), "disk/%d", getpid());
	fd = open(path, O_CREAT | O_RDWR, 0600);
	if (fd < 0)
		fail(path);
	while (r->left > 0)
		tally(r, "disk", fallocate(fd, 0, 0, MIB + pick(r, 9) * PAGE));
	unlink(path);
}

static void inodes(struct round *r)
{
	char path[128];
	int i = 0, made = 0;

	while (r->left > 0) {
		long ret;

		below(path, sizeof(path), "full/%d", i++);
		switch (pick(r, 3)) {
		case 0:
			ret = mkdir(path, 0755);
			break;
		case 1:
			ret = symlink("nowhere", path);
			break;
		default:
			ret = mknod(path, S_IFREG | 0600, 0);
			break;
		}
		if (tally(r, "inodes", ret) == 0)
			made = i;
	}
	while (made-- > 0) {
		below(path, sizeof(path), "full/%d", made);
		if (remove(path) && errno != ENOENT)
			fail(path);
	}
}

const struct kind space_kinds[] = {
	{"fsize", "fsize", NULL, fsize, 1},
	{"disk", "disk", NULL, disk, 1},
	{"disk-fallocate", "disk", NULL, disk_fallocate, 1},
	{"inodes", "inodes", NULL, inodes, 0},
	{0},
};

/* ---- the same errnos, and no limit ----------------------------------------- */

static long reads_empty_pipe(void)
{
	int fds[2];
	char c;
	long ret;

	if (pipe2(fds, O_NONBLOCK))
		return 0;
	ret = read(fds[0], &c, 1);
	close(fds[0]);
	close(fds[1]);
	return ret;
}

static long fills_pipe(void)
{
	int fds[2];
	long ret;

	if (pipe2(fds, O_NONBLOCK))
		return 0;
	do
		ret = write(fds[1], page, sizeof(page));
	while (ret > 0);
	close(fds[0]);
	close(fds[1]);
	return ret;
}

static long writes_dev_full(void)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	long ret = fd < 0 ? 0 : write(fd, page, 1); /* drivers/char/mem.c write_full(): ENOSPC */

	close(fd);
	return ret;
}

static long binds_elsewhere(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long ret;

	inet_pton(AF_INET, "192.0.2.1", &a.sin_addr);
	ret = bind(fd, (struct sockaddr *)&a, sizeof(a)); /* EADDRNOTAVAIL */
	close(fd);
	return ret;
}

static long truncates_too_far(void)
{
	int fd = memfd_create("soak", 0);
	long ret = ftruncate(fd, 0x7fffffffffffffff); /* EFBIG: s_maxbytes, or EINVAL */

	close(fd);
	return ret;
}

static long eventfd_would_block(void)
{
	uint64_t most = UINT64_MAX - 1;
	int fd = eventfd(1, EFD_NONBLOCK);
	long ret = write(fd, &most, sizeof(most));

	close(fd);
	return ret;
}

static long cwd_in_nothing(void)
{
	char c[1];

	return getcwd(c, 1) ? 0 : -1; /* ERANGE */
}

void decoys(struct round *r, int n)
{
	static long (*const all[])(void) = {
		reads_empty_pipe,  fills_pipe,          writes_dev_full, binds_elsewhere,
		truncates_too_far, eventfd_would_block, cwd_in_nothing};

	while (n-- > 0)
		tally(r, DECOY, all[pick(r, ARRAY_SIZE(all))]());
}
