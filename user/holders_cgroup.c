// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_cgroup.c - memory, and what else is charged to cgroups: which of them
 * and which processes have it. A cgroup is told without what its children
 * have, so that the sum is the whole.
 */
#include <fcntl.h>

#include "holders_priv.h"

#define DEPTH 16

struct usage {
	struct gather *g;
	const char *file;
	char path[4096]; /* of the cgroup being read */
	bool nested;     /* the top is told only where there is something below it */
};

/* What cgroup at dir has in all; offers what it has without its children. 0: unknown. */
static uint64_t read_usage(struct usage *u, int dir, unsigned int depth)
{
	size_t end = strlen(u->path);
	uint64_t all = 0, below = 0;
	bool children = false;
	const struct dirent *e;
	struct holder h = {.have = HOLDER_HELD};
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	while (d && depth < DEPTH && !gather_late(u->g) && (e = readdir(d))) {
		_cleanup_close_ int child = -1;

		if (e->d_name[0] == '.' || e->d_type == DT_REG ||
		    end + strlen(e->d_name) + 2 > sizeof(u->path))
			continue;
		child = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child < 0)
			continue;
		children = true;
		snprintf(u->path + end, sizeof(u->path) - end, "%s%s",
			 end && u->path[end - 1] == '/' ? "" : "/", e->d_name);
		below += read_usage(u, child, depth + 1);
		u->path[end] = '\0';
	}
	if (d)
		closedir(d);
	if (read_u64(dir, u->file, &all) < 0)
		return below;
	if (all > below && (children || depth || !u->nested) &&
	    util_strlcpy(h.cgroup, u->path, sizeof(h.cgroup))) {
		h.held = (int64_t)(all - below);
		gather_offer(u->g, &h);
	}
	return all > below ? all : below;
}

int cgroups_offer(struct gather *g, const char *controller, const char *path, const char *file)
{
	struct usage u = {.g = g, .file = file, .nested = true};
	_cleanup_close_ int dir = -1;
	bool v1;
	int r = cgroup_open(g, controller, path, &dir, &v1);

	if (r < 0)
		return r;
	util_strlcpy(u.path, path, sizeof(u.path));
	read_usage(&u, dir, 0);
	return 0;
}

static int on_rss(struct gather *g, const struct proc *p, void *arg _unused_)
{
	struct proc_status s;
	struct holder h;

	if (proc_status(p, &s) < 0 || !s.rss)
		return 0;
	holder_of(&h, p, s.rss);
	gather_offer(g, &h);
	return 0;
}

static int on_shmem(struct gather *g _unused_, char *line, void *arg)
{
	const char *rest = util_after(line, "total_shmem ");
	uint64_t *shmem = arg;

	/* v1 says shmem of the cgroup alone and total_shmem with its children; v2 shmem with them.
	 */
	if (!rest && !*shmem)
		rest = util_after(line, "shmem ");
	if (rest)
		*shmem = strtoull(rest, NULL, 10);
	return 0;
}

/* Memory that no kill of a process gives back. */
static void says_shmem(struct gather *g, int dir, uint64_t all)
{
	uint64_t shmem = 0;

	/* Right after a kill of a whole group there is next to nothing, and nothing to say of it.
	 */
	if (read_lines(g, dir, "memory.stat", on_shmem, &shmem) < 0 || shmem < 1 << 20 ||
	    shmem * 2 < all)
		return;
	gather_says(g,
		    "%llu MiB of its %llu MiB are shared memory and files on tmpfs: they stay when "
		    "processes are killed, until the files are removed or the segments freed.",
		    (unsigned long long)(shmem >> 20), (unsigned long long)(all >> 20));
}

/* The processes first: their rows and those of cgroups count the same bytes, each in its own way.
 */
int gather_memory(struct gather *g)
{
	const char *path = g->ask->limit_cgroup[0] ? g->ask->limit_cgroup : "/";
	struct usage u = {.g = g};
	_cleanup_close_ int dir = -1;
	struct walk_where where = {};
	uint64_t all;
	bool v1 = false;
	int r;

	util_strlcpy(g->f->measure, "bytes", sizeof(g->f->measure));
	if (g->ask->limit_cgroup[0])
		where = (struct walk_where){.controller = "memory", .path = path};
	r = proc_walk_top(g, &where, WALK_RSS, on_rss, NULL);
	if (cgroup_open(g, "memory", path, &dir, &v1) < 0)
		return r;
	util_strlcpy(u.path, path, sizeof(u.path));
	u.file = v1 ? "memory.usage_in_bytes" : "memory.current";
	all = read_usage(&u, dir, 0);
	if (g->ask->limit_cgroup[0])
		says_shmem(g, dir, all);
	return 0;
}

static int on_huge(struct gather *g, const struct proc *p, void *arg _unused_)
{
	struct proc_status s;
	struct holder h;

	if (proc_status(p, &s) < 0 || !s.huge)
		return 0;
	holder_of(&h, p, s.huge);
	gather_offer(g, &h);
	return 0;
}

int gather_hugepages(struct gather *g)
{
	util_strlcpy(g->f->measure, "bytes", sizeof(g->f->measure));
	return proc_walk_top(g, &(struct walk_where){}, WALK_HUGE, on_huge, NULL);
}

/* What CommitLimit counts are private writable mappings: VmData and VmStk come next to that. */
static int on_commit(struct gather *g, const struct proc *p, void *arg _unused_)
{
	struct proc_status s;
	struct holder h;

	if (proc_status(p, &s) < 0 || !s.data)
		return 0;
	holder_of(&h, p, s.data);
	gather_offer(g, &h);
	return 0;
}

int gather_commit(struct gather *g)
{
	util_strlcpy(g->f->measure, "bytes", sizeof(g->f->measure));
	return proc_walk_top(g, &(struct walk_where){}, WALK_DATA, on_commit, NULL);
}
