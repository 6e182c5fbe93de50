// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_space.c - a full file system: the space of files that are deleted but
 * still open, which no search for large files finds; mounts by type; keys by user.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../bpf/holders.h"
#include "holders_priv.h"

#define DELETED_LEAST (64ull << 20) /* where the size of the file system is not known */

struct deleted {
	dev_t dev;
	struct tally *seen; /* inodes: several processes can have one file */
	uint64_t all, here;
	uint64_t largest;
	char name[192];
};

/* "8:1"; else the device that the mount point is on, as the refused process sees it. */
static int device_of(struct gather *g, dev_t *ret)
{
	const char *device = g->ask->device;
	unsigned int major, minor;
	char path[600], end;
	struct stat st;

	if (sscanf(device, "%u:%u%c", &major, &minor, &end) == 2) {
		*ret = makedev(major, minor);
		return 0;
	}
	if (g->ask->mount[0] != '/')
		return -ENOTSUP;
	snprintf(path, sizeof(path), "%lld/root%s", (long long)g->ask->pid, g->ask->mount);
	if (fstatat(g->env->proc, path, &st, 0) < 0)
		return -errno;
	*ret = st.st_dev;
	return 0;
}

static int on_fd(struct gather *g _unused_, const struct proc *p _unused_, int fds,
		 const char *name, const char *link, void *arg)
{
	struct deleted *d = arg;
	size_t n = strlen(link), end = strlen(" (deleted)");
	uint64_t bytes, before;
	struct tally_entry *e;
	char key[32];
	struct stat st;

	if (n <= end || !util_streq(link + n - end, " (deleted)") ||
	    fstatat(fds, name, &st, 0) < 0 || st.st_dev != d->dev || st.st_nlink)
		return 0;
	bytes = (uint64_t)st.st_blocks * 512;
	snprintf(key, sizeof(key), "%llu", (unsigned long long)st.st_ino);
	before = tally_size(d->seen);
	e = tally_add(d->seen, key, 1, bytes);
	if (!e || tally_size(d->seen) > before)
		d->all += bytes;
	d->here += bytes;
	if (bytes > d->largest) {
		d->largest = bytes;
		util_strlcpy(d->name, link, sizeof(d->name));
	}
	return 0;
}

static int on_proc(struct gather *g, const struct proc *p, void *arg)
{
	struct deleted *d = arg;
	struct holder h;

	d->here = d->largest = 0;
	if (proc_fds(g, p, on_fd, d) < 0 || !d->here)
		return 0;
	holder_of(&h, p, d->here);
	util_strlcpy(h.object, d->name, sizeof(h.object));
	gather_offer(g, &h);
	return 0;
}

int gather_disk(struct gather *g)
{
	struct deleted d = {0};
	const struct holder *top = &g->f->holder[0];
	bool bytes = util_streq(g->ask->measure, "bytes") && g->ask->limit > 0;
	char name[GATHER_NAME];
	int r = device_of(g, &d.dev);

	if (r < 0)
		return r;
	r = tally_new(&d.seen);
	if (r < 0)
		return r;
	util_strlcpy(g->f->measure, "bytes", sizeof(g->f->measure));
	r = proc_walk_fds(g, &(struct walk_fds){.kinds = 1U << FC_FD_DELETED}, on_proc, &d);
	tally_free(d.seen);
	if (!g->f->n || (bytes ? d.all < (uint64_t)g->ask->limit / 20 : d.all < DELETED_LEAST))
		return r;
	gather_says(
		g,
		"%llu MiB of this file system are files that are deleted but still open, most of "
		"them in %s (pid %lld); they take their space until it closes them or ends, and "
		"du does not find them.",
		(unsigned long long)(d.all >> 20), gather_name(top->comm, name),
		(long long)top->pid);
	gather_fix(g,
		   "# restart it, or have it open its files anew; which they are: ls -l "
		   "/proc/%lld/fd | grep deleted",
		   (long long)top->pid);
	return r;
}

struct mounts {
	struct gather *g;
	struct tally *types;
};

static int on_mount(struct gather *g _unused_, char *line, void *arg)
{
	struct mounts *m = arg;
	struct parse_mount mount;
	char type[64];

	if (parse_mount((struct parse_text){line, strlen(line)}, &mount) < 0)
		return 0;
	snprintf(type, sizeof(type), "%.*s mounts",
		 (int)(mount.fstype.n < 40 ? mount.fstype.n : 40), mount.fstype.s);
	tally_add(m->types, type, 1, 0);
	return 0;
}

static void on_type(void *arg, const struct tally_entry *e)
{
	struct mounts *m = arg;
	struct holder h = {.have = HOLDER_HELD, .held = (int64_t)e->n};

	util_strlcpy(h.kind, e->key, sizeof(h.kind));
	gather_offer(m->g, &h);
}

/* All of a namespace's mounts are in mountinfo, but those that its own root hides. */
int gather_mounts(struct gather *g)
{
	struct mounts m = {.g = g};
	struct proc p = {.dir = -1};
	int r = proc_open_asked(g, &p);

	if (r < 0)
		return r;
	r = tally_new(&m.types);
	if (!r)
		r = read_lines(g, p.dir, "mountinfo", on_mount, &m);
	if (!r)
		tally_each(m.types, on_type, &m);
	tally_free(m.types);
	proc_close(&p);
	return r;
}

static int on_keys(struct gather *g, char *line, void *arg _unused_)
{
	bool bytes = util_streq(g->ask->measure, "bytes");
	struct parse_key_user u;
	struct holder h = {.have = HOLDER_UID | HOLDER_HELD};

	if (parse_key_user((struct parse_text){line, strlen(line)}, &u) < 0)
		return 0;
	h.uid = (int64_t)u.uid;
	h.held = (int64_t)(bytes ? u.bytes : u.keys);
	gather_offer(g, &h);
	return 0;
}

int gather_keys(struct gather *g)
{
	return read_lines(g, g->env->proc, "key-users", on_keys, NULL);
}
