// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_file.c - reading below a root directory: a file whole and with a
 * bound, a directory's subdirectories. procfs and cgroupfs files have no size,
 * so the end is where read() says 0.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "counter_priv.h"

#define FIRST_CAP 4096

/* NONBLOCK: a FIFO in a root that somebody else made must not hold us. */
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK)

static int open_at(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = resolve,
	};
	long fd;

	while (*path == '/')
		path++;
	if (!*path)
		path = ".";
	/* EAGAIN: a rename somewhere made the kernel unsure of a ".." in a link; openat2(2). */
	for (int tries = 0; tries < 8; tries++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN)
			break;
	}
	/* Kernels without openat2 (OpenVZ's among them), and filters that do not know it. */
	if (errno == ENOSYS || errno == EPERM) {
		fd = openat(dirfd, path, flags | O_CLOEXEC);
		if (fd >= 0)
			return (int)fd;
	}
	return -errno;
}

int counter_open(const struct counters *c, const char *path, int flags)
{
	return open_at(c->root_fd, path, flags, RESOLVE_IN_ROOT);
}

int counter_open_beneath(int dirfd, const char *path, int flags)
{
	return open_at(dirfd, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

static int grow(struct counter_buf *b)
{
	size_t cap = b->cap ? b->cap * 2 : FIRST_CAP;
	char *s = realloc(b->s, cap);

	if (!s)
		return -ENOMEM;
	b->s = s;
	b->cap = cap;
	return 0;
}

/* Errors that say that there is nothing to read, from open and read alike, become -ENOENT. */
static int absent(int err)
{
	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENODEV:     /* the cgroup was removed while open */
	case ESRCH:      /* the process has gone */
	case EOPNOTSUPP: /* v1 memsw without swap accounting */
	case EINVAL:     /* a sysctl or procfs file that cannot be read now */
	case EISDIR:
	case ELOOP: /* a link where none belongs */
		return -ENOENT;
	case EPERM:
		return -EACCES;
	default:
		return -err;
	}
}

int counter_slurp_fd(struct counter_buf *b, int fd, size_t max)
{
	b->n = 0;
	for (;;) {
		ssize_t n;
		int r;

		if (b->n == b->cap) {
			r = grow(b);
			if (r < 0)
				return r;
		}
		n = read(fd, b->s + b->n, b->cap - b->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return absent(errno);
		if (n == 0)
			return 0;
		b->n += (size_t)n;
		if (b->n > max)
			return -EFBIG;
	}
}

int counter_slurp_at(struct counter_buf *b, int dirfd, const char *path, size_t max)
{
	_cleanup_close_ int fd = openat(dirfd, path, READ_FLAGS | O_NOFOLLOW);

	if (fd < 0)
		return absent(errno);
	return counter_slurp_fd(b, fd, max);
}

int counter_slurp(struct counters *c, const char *path, size_t max)
{
	_cleanup_close_ int fd = counter_open(c, path, READ_FLAGS);

	if (fd < 0)
		return absent(-fd);
	return counter_slurp_fd(&c->buf, fd, max);
}

void counter_names_free(struct counter_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct counter_names){0};
}

static int names_add(struct counter_names *names, const char *name)
{
	if (names->n == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 16;
		char **p = reallocarray(names->names, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		names->names = p;
		names->cap = cap;
	}
	names->names[names->n] = strdup(name);
	if (!names->names[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

static bool is_subdir(DIR *dir, const struct dirent *e)
{
	struct stat st;

	if (util_streq(e->d_name, ".") || util_streq(e->d_name, ".."))
		return false;
	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Numbers by value, as people read them; pids and container ids. */
static int by_name(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static void names_freep(struct counter_names *names)
{
	counter_names_free(names);
}

int counter_subdirs(int fd, struct counter_names *ret)
{
	_cleanup_(names_freep) struct counter_names names = {0};
	_cleanup_(closedirp) DIR *dir = fdopendir(fd);
	const struct dirent *e;
	int r;

	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	while ((e = readdir(dir))) {
		if (!is_subdir(dir, e))
			continue;
		r = names_add(&names, e->d_name);
		if (r < 0)
			return r;
	}
	if (names.n)
		qsort(names.names, names.n, sizeof(*names.names), by_name);
	*ret = names;
	names = (struct counter_names){0};
	return 0;
}
