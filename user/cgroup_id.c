// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroup_id.c - the path of a cgroup from its id, by way of the file handle that kernfs makes of
 * it (fs/kernfs/mount.c: FILEID_KERNFS, and the id). Only in the host's cgroup namespace, where a
 * path below the mount is the path.
 */
#include "cgroup_id.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define KEPT 1024
#define FILEID_KERNFS 0xfe           /* include/linux/exportfs.h, from 5.5 on */
#define HOST_CGROUP_NS 4026531835ULL /* PROC_CGROUP_INIT_INO of include/linux/proc_ns.h */

struct kept {
	uint64_t id;
	char *path;
};

/* By the lowest bits of the id: who comes later takes the place. */
struct cgroup_ids {
	int mount;
	char point[PATH_MAX];
	struct kept kept[KEPT];
};

int cgroup_ids_new(struct cgroup_ids **ret, const char *mount)
{
	_cleanup_free_ struct cgroup_ids *c = calloc(1, sizeof(*c));
	struct stat ns;

	if (!c)
		return -ENOMEM;
	if (stat("/proc/self/ns/cgroup", &ns) < 0)
		return -errno;
	if (ns.st_ino != HOST_CGROUP_NS)
		return -ENOTSUP;
	if (!realpath(mount, c->point))
		return -errno;
	c->mount = open(c->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->mount < 0)
		return -errno;
	*ret = TAKE_PTR(c);
	return 0;
}

void cgroup_ids_free(struct cgroup_ids *c)
{
	if (!c)
		return;
	close(c->mount);
	for (int i = 0; i < KEPT; i++)
		free(c->kept[i].path);
	free(c);
}

void cgroup_ids_note(struct cgroup_ids *c, uint64_t id, const char *path)
{
	struct kept *k;
	char *copy;

	if (!c || !id || !path || !path[0])
		return;
	k = &c->kept[id % KEPT];
	if (k->id == id && k->path && util_streq(k->path, path))
		return;
	copy = strdup(path);
	if (!copy)
		return;
	free(k->path);
	*k = (struct kept){.id = id, .path = copy};
}

static int ask_kernel(const struct cgroup_ids *c, uint64_t id, char *path, size_t size)
{
	struct {
		struct file_handle h;
		uint64_t id;
	} handle = {.h = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS}};
	size_t n = strlen(c->point);
	char link[64], target[PATH_MAX];
	_cleanup_close_ int fd = -1;
	ssize_t len;

	memcpy(handle.h.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(c->mount, &handle.h, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	/* Elsewhere, or removed: "... (deleted)" */
	if (strncmp(target, c->point, n) != 0 || (target[n] && target[n] != '/') ||
	    access(target, F_OK) < 0)
		return -ENOENT;
	util_strlcpy(path, target[n] ? target + n : "/", size);
	return 0;
}

const char *cgroup_ids_path(struct cgroup_ids *c, uint64_t id)
{
	char path[PATH_MAX] = "";
	struct kept *k;

	if (!c || !id)
		return NULL;
	k = &c->kept[id % KEPT];
	if (k->id != id) {
		if (ask_kernel(c, id, path, sizeof(path)) < 0)
			return NULL;
		cgroup_ids_note(c, id, path);
	}
	return k->id == id ? k->path : NULL;
}
