// SPDX-License-Identifier: GPL-2.0-only
/*
 * mounts.c - from a device number or a path to the file system that was full.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_PATH */
#endif

#include "mounts.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "catalogue.h"

#define FEW 64 /* as many may have been given back since */

/* Local file systems: on a device, in memory, or on others of these (an overlay of a network file
 * system is none that the kernel takes as upper layer). */
static const char local[] =
	"ext2 ext3 ext4 xfs btrfs f2fs tmpfs devtmpfs ramfs vfat msdos exfat ntfs3 "
	"overlay zfs reiserfs jfs udf bcachefs ubifs jffs2 nilfs2 minix erofs "
	"squashfs iso9660 hfs hfsplus rootfs";

/* Virtual ones, that are often mount points above others. */
static const char passed[] =
	"proc sysfs cgroup cgroup2 debugfs tracefs securityfs bpf mqueue devpts "
	"hugetlbfs configfs pstore";

static int take(struct parse_text from, char *to, size_t size)
{
	if (from.n >= size)
		return -ENAMETOOLONG;
	memcpy(to, from.s, from.n);
	to[from.n] = '\0';
	return 0;
}

static bool parse_device(struct parse_text line, uint32_t *major, uint32_t *minor)
{
	char text[64];
	size_t n = line.n < sizeof(text) - 1 ? line.n : sizeof(text) - 1;

	memcpy(text, line.s, n);
	text[n] = '\0';
	return sscanf(text, "%*u %*u %u:%u", major, minor) == 2;
}

static int read_line(struct parse_text line, struct mounts_found *ret, bool *ret_whole)
{
	struct parse_mount m;
	int err = parse_mount(line, &m);

	memset(ret, 0, sizeof(*ret));
	if (err < 0)
		return err;
	err = parse_unescape(m.point, ret->point, sizeof(ret->point));
	if (err < 0)
		return err;
	err = take(m.fstype, ret->fstype, sizeof(ret->fstype));
	if (err < 0)
		return err;
	*ret_whole = m.root.n == 1 && m.root.s[0] == '/';
	return parse_device(line, &ret->major, &ret->minor) ? 0 : -EBADMSG;
}

/* Is path at or below point? */
static bool below(const char *path, const char *point)
{
	size_t n = strlen(point);

	if (n == 1)
		return path[0] == '/';
	return strncmp(path, point, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* Nothing on the way there may wait for a server. */
static bool may_ask(struct parse_text table, const struct mounts_found *m)
{
	struct parse_text line;
	struct mounts_found other;
	bool whole;

	if (!util_listed(local, m->fstype))
		return false;
	while (parse_next_line(&table, &line, &whole))
		if (read_line(line, &other, &whole) == 0 && below(m->point, other.point) &&
		    !util_listed(local, other.fstype) && !util_listed(passed, other.fstype))
			return false;
	return true;
}

int mounts_by_device(struct parse_text table, uint32_t major, uint32_t minor,
		     struct mounts_found *ret)
{
	struct parse_text t = table, line;
	struct mounts_found m, best;
	bool whole, found = false, best_whole = false, end;

	while (parse_next_line(&t, &line, &end)) {
		if (read_line(line, &m, &whole) < 0 || m.major != major || m.minor != minor)
			continue;
		/* The first is what a person mounted; bind mounts come later. */
		if (found && (best_whole || !whole))
			continue;
		best = m;
		best_whole = whole;
		found = true;
	}
	if (!found)
		return -ENOENT;
	best.may_ask = may_ask(table, &best);
	*ret = best;
	return 0;
}

int mounts_by_path(struct parse_text table, const char *path, struct mounts_found *ret)
{
	struct parse_text t = table, line;
	struct mounts_found m, best;
	bool whole, found = false, end;

	if (path[0] != '/' || strstr(path, "/../") || strstr(path, "//") || strstr(path, "/./"))
		return -ENOENT;
	while (parse_next_line(&t, &line, &end)) {
		if (read_line(line, &m, &whole) < 0 || !below(path, m.point))
			continue;
		/* Of two on one point the later one lies on top. */
		if (found && strlen(m.point) < strlen(best.point))
			continue;
		best = m;
		found = true;
	}
	if (!found)
		return -ENOENT;
	best.may_ask = may_ask(table, &best);
	*ret = best;
	return 0;
}

/* Below the root directory of the process, and through no link: a container cannot lead us
 * elsewhere, nor a link to where may_ask() did not look. */
static int open_below(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, root, util_streq(path, "/") ? "." : path + 1, &how,
			  sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int ask(int root, const char *point, struct statfs *ret)
{
	_cleanup_close_ int fd = open_below(root, point);

	if (fd < 0)
		return fd;
	return fstatfs(fd, ret) < 0 ? -errno : 0;
}

/* Is the directory of path really there, and not behind a link? */
static bool no_links(int root, const char *path)
{
	char dir[FC_OBJECT] = "/";
	_cleanup_close_ int fd = -1;
	char *slash;

	if (!util_strlcpy(dir, path, sizeof(dir)))
		return false;
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	fd = open_below(root, dir);
	return fd >= 0;
}

static struct mounts_usage usage_of(const struct statfs *s, bool inodes)
{
	uint64_t unit = (uint64_t)(s->f_frsize ? s->f_frsize : s->f_bsize);
	struct mounts_usage u = {.known = true,
				 .total = s->f_blocks * unit,
				 .free = s->f_bfree * unit,
				 .available = s->f_bavail * unit};

	if (inodes)
		u = (struct mounts_usage){.known = true,
					  .total = s->f_files,
					  .free = s->f_ffree,
					  .available = s->f_ffree};
	if (u.available > u.free)
		u.available = u.free;
	return u;
}

static void become(struct event *e, struct event_facts *facts, unsigned int resource)
{
	const struct resource *r = catalogue_get(resource);

	facts->resource = resource;
	event_static(e, FIELD_RESOURCE, r->id);
	event_static(e, FIELD_LIMIT_NAME, r->limit_name);
	event_static(e, FIELD_MEASURE, r->measure);
	event_int(e, FIELD_ASKED, 1);
}

unsigned int mounts_used_up(const char *fstype, const char *call, const struct statfs *s,
			    uint64_t asked, bool *ret_sure)
{
	uint64_t unit = s->f_bsize > 0 ? (uint64_t)s->f_bsize : 1;
	struct mounts_usage bytes = usage_of(s, false);
	bool makes =
		s->f_files && util_listed("open openat openat2 creat mkdir mkdirat mknod mknodat "
					  "symlink symlinkat",
					  call);

	*ret_sure = true;
	if (makes && !s->f_ffree)
		return FC_INODES;
	*ret_sure =
		false; /* shmem_mknod() of mm/shmem.c takes no block, only a long symlink does */
	if (makes && util_streq(fstype, "tmpfs") && !util_listed("symlink symlinkat", call))
		return FC_INODES;
	*ret_sure = s->f_blocks && bytes.available < (asked ? asked : unit);
	if (!*ret_sure && makes && s->f_ffree < FEW && s->f_ffree < bytes.available / unit)
		return FC_INODES;
	return FC_DISK;
}

/* Does the resource of the event, which the hook inferred, agree with what is free? */
static void decide(struct event *e, struct event_facts *facts, const struct statfs *s)
{
	bool sure;

	if (facts->resource != FC_DISK)
		return;
	if (mounts_used_up(event_text(e, FIELD_FILESYSTEM), event_text(e, FIELD_SYSCALL), s,
			   (uint64_t)event_num(e, FIELD_ASKED), &sure) == FC_INODES)
		become(e, facts, FC_INODES);
	if (sure)
		event_bool(e, FIELD_CERTAIN, true);
}

/* What is used up of what such a process may have, as df counts: of ext4 root may have all. */
static void set_usage(struct event *e, const struct mounts_usage *u)
{
	bool root = event_has(e, FIELD_UID) && event_num(e, FIELD_UID) == 0 &&
		    util_listed("ext2 ext3 ext4", event_text(e, FIELD_FILESYSTEM));
	uint64_t used = u->total - u->free;

	if (event_has(e, FIELD_HELD) || u->total == 0)
		return;
	event_u64(e, FIELD_HELD, used);
	event_u64(e, FIELD_LIMIT, root ? u->total : used + u->available);
}

static int find(const struct event *e, int root, struct parse_text table, struct mounts_found *ret)
{
	const char *object = event_text(e, FIELD_OBJECT);
	unsigned int major, minor;
	struct mounts_found m;
	int err;

	if (sscanf(event_text(e, FIELD_DEVICE), "%u:%u", &major, &minor) == 2)
		return mounts_by_device(table, major, minor, ret);
	err = mounts_by_path(table, object, &m);
	if (err < 0)
		return err;
	if (!m.may_ask || !no_links(root, object))
		return -ENOENT;
	*ret = m;
	return 0;
}

static void set_mount(struct event *e, const struct mounts_found *m)
{
	event_str(e, FIELD_MOUNT, m->point);
	event_str(e, FIELD_FILESYSTEM, m->fstype);
	event_fmt(e, FIELD_DEVICE, "%u:%u", m->major, m->minor);
}

/* Repeats were folded as what the hook took them for: what was found out of the first ones holds.
 */
static void recall(struct event *e, struct event_facts *facts, const struct mounts_memory *memory)
{
	for (size_t i = 0; i < ARRAY_SIZE(memory->was); i++) {
		if (!facts->pid || memory->was[i].pid != facts->pid ||
		    memory->was[i].start != facts->start)
			continue;
		set_mount(e, &memory->was[i].mount);
		if (memory->was[i].inodes && facts->resource == FC_DISK)
			become(e, facts, FC_INODES);
	}
}

static void remember(struct mounts_memory *memory, const struct event_facts *facts,
		     const struct mounts_found *m, bool inodes)
{
	size_t i = memory->next;

	for (size_t j = 0; j < ARRAY_SIZE(memory->was); j++)
		if (memory->was[j].pid == facts->pid && memory->was[j].start == facts->start)
			i = j;
	if (i == memory->next)
		memory->next = (memory->next + 1) % ARRAY_SIZE(memory->was);
	memory->was[i].pid = facts->pid;
	memory->was[i].start = facts->start;
	memory->was[i].inodes = inodes;
	memory->was[i].mount = *m;
}

void mounts_event(struct event *e, struct event_facts *facts, int proc_fd,
		  struct mounts_memory *memory, struct mounts_usage *ret)
{
	bool disk = facts->resource == FC_DISK;
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int root = -1;
	struct mounts_found m;
	struct parse_text table;
	struct statfs s;

	memset(ret, 0, sizeof(*ret));
	if (event_has(e, FIELD_COUNT)) {
		if (!facts->unsure)
			recall(e, facts, memory);
		return;
	}
	if (mounts_view(e, facts, proc_fd, &text, &table, &root) < 0 ||
	    find(e, root, table, &m) < 0)
		return;
	set_mount(e, &m);
	remember(memory, facts, &m, false);
	if (facts->resource == FC_QUOTA || !m.may_ask || ask(root, m.point, &s) < 0)
		return;
	decide(e, facts, &s);
	remember(memory, facts, &m, disk && facts->resource == FC_INODES);
	*ret = usage_of(&s, facts->resource == FC_INODES);
	set_usage(e, ret);
}
