// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_fs.c - blocks and inodes of each file system that is mounted, with
 * the mount point as the owner: "fs:/var".
 *
 * statfs(2) of a network file system whose server has gone never returns, and
 * neither does a look-up of a path that leads across one. So only file systems
 * that live on this machine are asked, and none that is mounted below one that
 * does not; FUSE is as far away as its daemon. What cannot be written cannot
 * run full: read-only ones are left out.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "counter_priv.h"

struct mount {
	char *point; /* as we see it */
	char dev[24];
	bool remote, wanted;
};

struct mounts {
	struct mount *m;
	size_t n, cap;
};

static void mounts_done(struct mounts *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->m[i].point);
	free(all->m);
}

static bool listed(struct parse_text type, const char *const *names)
{
	for (; *names; names++)
		if (parse_is(type, *names))
			return true;
	return false;
}

/* Somebody else must answer: a server, a daemon, the other nodes of a cluster. */
static bool is_remote(struct parse_text type)
{
	static const char *const names[] = {"nfs",       "nfs4",   "cifs",    "smb3",   "smbfs",
					    "ncpfs",     "afs",    "coda",    "ceph",   "9p",
					    "lustre",    "gfs2",   "ocfs2",   "gpfs",   "virtiofs",
					    "fuse",      "pvfs2",  "ncp",     "beegfs", "orangefs",
					    "glusterfs", "autofs", "fuseblk", "davfs",  NULL};

	return listed(type, names) || (type.n > 5 && memcmp(type.s, "fuse.", 5) == 0);
}

/* Space that runs out, here: on a block device, in memory, or on what lies below. */
static bool is_local(struct parse_text type, struct parse_text source)
{
	static const char *const names[] = {"tmpfs", "devtmpfs", "overlay", "zfs", "bcachefs",
					    "ubifs", "jffs2",    "btrfs",   NULL};

	return listed(type, names) || (source.n && source.s[0] == '/');
}

/* What parse_mount() leaves out: device numbers, and the source. */
static int device_and_source(struct parse_text line, char *dev, size_t size,
			     struct parse_text *ret_source)
{
	struct parse_text word = {0};

	for (int i = 0; i < 3; i++)
		if (!parse_next_word(&line, &word))
			return -EBADMSG;
	if (word.n >= size)
		return -EBADMSG;
	snprintf(dev, size, "%.*s", (int)word.n, word.s);
	do {
		if (!parse_next_word(&line, &word))
			return -EBADMSG;
	} while (!parse_is(word, "-"));
	return parse_next_word(&line, &word) && parse_next_word(&line, ret_source) ? 0 : -EBADMSG;
}

static int add_mount(struct counters *c, struct mounts *all, struct parse_text line)
{
	struct mount new = {0};
	struct parse_text source;
	struct parse_mount m;
	char point[PATH_MAX];
	const char *below;

	if (parse_mount(line, &m) < 0 || parse_unescape(m.point, point, sizeof(point)) < 0 ||
	    device_and_source(line, new.dev, sizeof(new.dev), &source) < 0)
		return 0;
	/* The mountinfo of a root directory's own procfs may name points as we see them. */
	below = c->root_path[0] ? util_after(point, c->root_path) : NULL;
	if (!below || below[0] != '/')
		below = point;
	new.remote = is_remote(m.fstype);
	new.wanted = !new.remote &&is_local(m.fstype, source) && !parse_in_list(m.options, "ro");
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 32;
		struct mount *p = reallocarray(all->m, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		all->m = p;
		all->cap = cap;
	}
	new.point = strdup(below);
	if (!new.point)
		return -ENOMEM;
	all->m[all->n++] = new;
	return 0;
}

static bool is_below(const char *path, const char *above)
{
	const char *rest = util_after(path, above);

	return rest && (util_streq(above, "/") || rest[0] == '/' || !rest[0]);
}

/* One mount a file system, the shortest way to it; later ones at a point hide the earlier. */
static void choose(struct mounts *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct mount *m = &all->m[i];

		for (size_t j = 0; j < all->n && m->wanted; j++) {
			const struct mount *other = &all->m[j];

			if (j == i)
				continue;
			if (other->remote && is_below(m->point, other->point)) {
				m->remote = true;
				m->wanted = false;
			}
			if (j > i && util_streq(other->point, m->point))
				m->wanted = false;
			if (other->wanted && util_streq(other->dev, m->dev) &&
			    strlen(other->point) < strlen(m->point))
				m->wanted = false;
		}
	}
	for (size_t i = 0; i < all->n; i++)
		for (size_t j = i + 1; j < all->n && all->m[i].wanted; j++)
			if (util_streq(all->m[i].dev, all->m[j].dev))
				all->m[j].wanted = false;
}

static int mounts_find(struct counters *c, struct mounts *ret)
{
	struct parse_text text, line;
	bool whole;
	int r;

	r = counter_slurp(c, "proc/self/mountinfo", COUNTER_MOUNTINFO_MAX);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	text = counter_text(&c->buf);
	while (!r && parse_next_line(&text, &line, &whole))
		r = whole ? add_mount(c, ret, line) : 0;
	if (!r)
		choose(ret);
	return r;
}

/* The file system at this point, unless another one hides it there. */
static int ask(const struct counters *c, const struct mount *m, struct statfs *ret)
{
	_cleanup_close_ int fd = counter_open(c, m->point, O_PATH);
	struct statfs fs;
	struct stat st;
	char dev[24];

	if (fd < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -ENOENT;
	snprintf(dev, sizeof(dev), "%u:%u", major(st.st_dev), minor(st.st_dev));
	/* btrfs gives each subvolume a device number of its own; so do fixtures. */
	if (!c->root_path[0] && fs.f_type != 0x9123683E && !util_streq(dev, m->dev))
		return -ENOENT;
	*ret = fs;
	return 0;
}

/*
 * Barrier: where everybody but root meets the end, for some blocks are kept
 * back. A tmpfs without a size has no blocks, a file system that makes inodes
 * as it goes has no inodes: no limit.
 */
static int add_rows(struct counters *c, const struct mount *m, struct counter_table *t)
{
	struct counter_row disk = counter_row_of(COUNTER_HOST, "disk", "bytes");
	struct counter_row inodes = counter_row_of(COUNTER_HOST, "inodes", "inodes");
	struct statfs fs;
	uint64_t unit;
	int r;

	if (ask(c, m, &fs) < 0 || fs.f_bfree > fs.f_blocks || fs.f_bavail > fs.f_bfree)
		return 0;
	r = counter_own(t, "fs:%s", m->point);
	unit = (uint64_t)(fs.f_frsize ? fs.f_frsize : fs.f_bsize);
	if (!r && fs.f_blocks) {
		uint64_t held = (fs.f_blocks - fs.f_bfree) * unit;

		counter_put(&disk, COUNTER_HELD, 0, held);
		counter_put(&disk, COUNTER_BARRIER, 0, held + fs.f_bavail * unit);
		counter_put(&disk, COUNTER_LIMIT, 0, fs.f_blocks * unit);
		r = counter_add(t, &disk);
	}
	if (!r && fs.f_files && fs.f_ffree <= fs.f_files) {
		counter_put(&inodes, COUNTER_HELD, 0, fs.f_files - fs.f_ffree);
		counter_put(&inodes, COUNTER_LIMIT, 0, fs.f_files);
		r = counter_add(t, &inodes);
	}
	return r;
}

int counter_fs_read(struct counters *c, struct counter_table *t)
{
	_cleanup_(mounts_done) struct mounts all = {0};
	int r = mounts_find(c, &all);

	for (size_t i = 0; !r && i < all.n; i++)
		if (all.m[i].wanted)
			r = add_rows(c, &all.m[i], t);
	return r;
}

/* Asked for by name: also where another mount of the same file system has a shorter one. */
int counter_fs_read_one(struct counters *c, const char *point, struct counter_table *t)
{
	_cleanup_(mounts_done) struct mounts all = {0};
	size_t rows = t->n_rows, owners = t->n_owners;
	int r;

	if (point[0] != '/')
		return -EINVAL;
	r = mounts_find(c, &all);
	for (size_t i = all.n; !r && i > 0; i--) {
		const struct mount *m = &all.m[i - 1];

		if (!util_streq(m->point, point) || m->remote)
			continue;
		r = add_rows(c, m, t);
		break;
	}
	if (r || t->n_rows > rows)
		return r;
	counter_table_cut(t, rows, owners);
	return -ENOENT;
}
