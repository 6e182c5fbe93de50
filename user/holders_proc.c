// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_proc.c - processes, their descriptors and files of lines, as the
 * gatherers read them: bounded by the time that is left.
 *
 * A process can end at any moment; it is then as if it had not been there.
 */
#include <ctype.h>
#include <fcntl.h>

#include "../bpf/holders.h"
#include "holders_priv.h"

#define CGROUP_DEPTH 16 /* deeper nobody nests them */

static void dir_closep(DIR **d)
{
	if (*d)
		closedir(*d);
}

static DIR *open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

ssize_t read_small(int dir, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t r = 0;

	if (fd < 0)
		return -errno;
	while (n < size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)r;
	if (r < 0)
		return -errno;
	buf[n] = '\0';
	return (ssize_t)n;
}

int read_u64(int dir, const char *path, uint64_t *ret)
{
	char text[64];
	ssize_t n = read_small(dir, path, text, sizeof(text));

	return n < 0 ? (int)n : parse_value((struct parse_text){text, (size_t)n}, ret);
}

int read_lines(struct gather *g, int dir, const char *path,
	       int (*cb)(struct gather *g, char *line, void *arg), void *arg)
{
	_cleanup_close_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char buf[65536];
	size_t n = 0;
	ssize_t r;

	if (fd < 0)
		return -errno;
	while ((r = read(fd, buf + n, sizeof(buf) - n)) > 0) {
		char *at = buf, *end;

		n += (size_t)r;
		while ((end = memchr(at, '\n', (size_t)(buf + n - at)))) {
			int stop;

			*end = '\0';
			stop = cb(g, at, arg);
			if (stop)
				return stop < 0 ? stop : 0;
			at = end + 1;
		}
		n = (size_t)(buf + n - at);
		memmove(buf, at, n);
		if (n == sizeof(buf))
			n = 0; /* no line of procfs is so long: what it was is not known */
		if (gather_late(g))
			return 0;
	}
	return r < 0 ? -errno : 0;
}

int proc_open(struct gather *g, int64_t pid, struct proc *ret)
{
	struct proc p = {.pid = pid};
	char name[24];
	ssize_t n;

	snprintf(name, sizeof(name), "%lld", (long long)pid);
	p.dir = openat(g->env->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p.dir < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read_small(p.dir, "comm", p.comm, sizeof(p.comm));
	if (n < 0) {
		proc_close(&p);
		return -ESRCH;
	}
	p.comm[strcspn(p.comm, "\n")] = '\0';
	*ret = p;
	return 0;
}

int proc_start(const struct proc *p, uint64_t *ret)
{
	char text[1024];
	ssize_t n = p->task ? 0 : read_small(p->dir, "stat", text, sizeof(text));
	/* The comm can hold blanks and brackets: only the last bracket ends it. */
	const char *at = n <= 0 ? NULL : strrchr(text, ')');

	if (p->task) {
		*ret = p->task->start / (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
		return 0;
	}
	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at || !isdigit((unsigned char)*at))
		return -EBADMSG;
	*ret = strtoull(at, NULL, 10);
	return 0;
}

int proc_open_asked(struct gather *g, struct proc *ret)
{
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t start = 0;
	struct proc p = {.dir = -1};
	int r;

	if (g->ask->pid <= 0)
		return -ESRCH;
	r = proc_open(g, g->ask->pid, &p);
	if (r < 0)
		return r;
	/* Whoever started later only has its pid. */
	if (g->ask->uptime_us && (proc_start(&p, &start) < 0 ||
				  start / (uint64_t)hz * 1000000 > (uint64_t)g->ask->uptime_us)) {
		proc_close(&p);
		return -ESRCH;
	}
	*ret = p;
	return 0;
}

bool proc_alive(struct gather *g, int64_t pid)
{
	char name[24];

	snprintf(name, sizeof(name), "%lld", (long long)pid);
	return faccessat(g->env->proc, name, F_OK, 0) == 0;
}

static int64_t first_number(const char *text, const char *key)
{
	uint64_t v;

	return parse_colon((struct parse_text){text, strlen(text)}, key, &v) < 0 || v > INT64_MAX
		       ? -1
		       : (int64_t)v;
}

static uint64_t bytes_or_0(const char *text, const char *key)
{
	int64_t v = first_number(text, key);

	return v < 0 ? 0 : (uint64_t)v;
}

static bool mask_is_set(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at && strtoull(at + strlen(key), NULL, 16);
}

int proc_status(const struct proc *p, struct proc_status *ret)
{
	char text[8192];
	const char *state, *uids;
	uint64_t sigq;
	ssize_t n;

	if (p->known) {
		*ret = *p->known;
		return 0;
	}
	n = read_small(p->dir, "status", text, sizeof(text));
	if (n < 0)
		return (int)n;
	*ret = (struct proc_status){
		.ppid = first_number(text, "PPid:"),
		.uid = first_number(text, "Uid:"),
		.threads = first_number(text, "Threads:"),
		.rss = bytes_or_0(text, "VmRSS:"),
		.data = bytes_or_0(text, "VmData:") + bytes_or_0(text, "VmStk:"),
		.huge = bytes_or_0(text, "HugetlbPages:"),
	};
	util_strlcpy(ret->comm, p->comm, sizeof(ret->comm));
	if (parse_sigq((struct parse_text){text, (size_t)n}, &sigq) == 0)
		ret->sigq = sigq;
	ret->pending = mask_is_set(text, "\nSigPnd:\t") || mask_is_set(text, "\nShdPnd:\t");
	uids = strstr(text, "\nUid:\t");
	uids = uids ? strchr(uids + 6, '\t') : NULL;
	ret->euid = uids ? strtoll(uids + 1, NULL, 10) : ret->uid;
	state = strstr(text, "\nState:\t");
	ret->state = state ? state[8] : '?';
	return 0;
}

int proc_visit(struct gather *g, int64_t pid, const struct proc_only *only, proc_fn *cb, void *arg)
{
	struct proc p = {.dir = -1};
	int r = proc_open(g, pid, &p);

	if (r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -EACCES)
		g->f->incomplete = true;
	if (r < 0)
		return 0;
	p.only = only;
	p.counted = only && only->counted;
	r = cb(g, &p, arg);
	proc_close(&p);
	return r;
}

static int walk_asked(struct gather *g, proc_fn *cb, void *arg)
{
	struct proc p = {.dir = -1};
	int r = proc_open_asked(g, &p);

	g->f->incomplete = true;
	if (r < 0)
		return r;
	r = cb(g, &p, arg);
	proc_close(&p);
	return r < 0 ? r : 0;
}

int proc_walk(struct gather *g, proc_fn *cb, void *arg)
{
	_cleanup_(dir_closep) DIR *d = NULL;
	const struct dirent *e;
	int r = 0;

	if (g->ask->self_only)
		return walk_asked(g, cb, arg);
	d = open_dir(g->env->proc, ".");
	if (!d)
		return -errno;
	while (!r && !gather_late(g) && (e = readdir(d))) {
		if (isdigit((unsigned char)e->d_name[0]))
			r = proc_visit(g, strtoll(e->d_name, NULL, 10), NULL, cb, arg);
	}
	return r < 0 ? r : 0;
}

int cgroup_open(struct gather *g, const char *controller, const char *path, int *ret, bool *ret_v1)
{
	char dir[4096];
	bool v1 = true;
	int fd, r;

	if (!g->env->counters || !path[0])
		return -ENOENT;
	r = counters_cgroup_path(g->env->counters, COUNTER_CGROUP1, controller, path, NULL, dir,
				 sizeof(dir));
	if (r < 0) {
		v1 = false;
		r = counters_cgroup_path(g->env->counters, COUNTER_CGROUP2, controller, path, NULL,
					 dir, sizeof(dir));
	}
	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	*ret_v1 = v1;
	return 0;
}

struct cgroup_walk {
	proc_fn *cb;
	void *arg;
};

static int visit_line(struct gather *g, char *line, void *arg)
{
	const struct cgroup_walk *w = arg;

	return gather_late(g) ? 1 : proc_visit(g, strtoll(line, NULL, 10), NULL, w->cb, w->arg);
}

static int walk_below(struct gather *g, int dir, const struct cgroup_walk *w, unsigned int depth)
{
	_cleanup_(dir_closep) DIR *d = open_dir(dir, ".");
	const struct dirent *e;
	int r = read_lines(g, dir, "cgroup.procs", visit_line, (void *)w);

	while (r >= 0 && d && depth < CGROUP_DEPTH && !gather_late(g) && (e = readdir(d))) {
		_cleanup_close_ int below = -1;

		if (e->d_name[0] == '.' || e->d_type == DT_REG)
			continue;
		below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (below >= 0)
			r = walk_below(g, below, w, depth + 1);
	}
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r; /* gone; a threaded cgroup */
}

int proc_walk_cgroup(struct gather *g, const char *controller, const char *path, proc_fn *cb,
		     void *arg)
{
	struct cgroup_walk w = {cb, arg};
	_cleanup_close_ int dir = -1;
	bool v1;
	int r;

	if (g->ask->self_only)
		return walk_asked(g, cb, arg);
	r = cgroup_open(g, controller, path, &dir, &v1);
	return r < 0 ? r : walk_below(g, dir, &w, 0);
}

/* Where one leads; closed meanwhile: it is none. */
static int visit_fd(struct gather *g, const struct proc *p, int fds, const char *name, fd_fn *cb,
		    void *arg)
{
	char link[4096];
	ssize_t len = readlinkat(fds, name, link, sizeof(link) - 1);

	if (len < 0)
		return 0;
	link[len] = '\0';
	return cb(g, p, fds, name, link, arg);
}

int proc_fds(struct gather *g, const struct proc *p, fd_fn *cb, void *arg)
{
	_cleanup_(dir_closep) DIR *d = open_dir(p->dir, "fd");
	const struct dirent *e;
	unsigned int n = 0;
	char name[16];
	int r = 0;

	if (!d)
		return errno == ENOENT ? -ESRCH : -errno;
	for (size_t i = 0; !r && p->only && i < p->only->n; i++) {
		snprintf(name, sizeof(name), "%u", p->only->fd[i].fd);
		r = visit_fd(g, p, dirfd(d), name, cb, arg);
		if (++n % 256 == 0 && gather_late(g))
			break;
	}
	while (!r && !p->only && (e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		r = visit_fd(g, p, dirfd(d), e->d_name, cb, arg);
		if (++n % 256 == 0 && gather_late(g))
			break;
	}
	return r < 0 ? r : 0;
}
