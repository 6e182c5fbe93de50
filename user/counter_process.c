// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_process.c - the limits of one process, /proc/PID/limits, with what
 * the process holds of each. The barrier is the soft limit: it is the one that
 * refuses, and the process may raise it to the hard one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <fcntl.h>

#include "counter_priv.h"

/* Usage that is a line of /proc/PID/status stands in the table, the rest has a function. */
struct process;
struct rlimit_row {
	const char *name;  /* the rlimit's, in small letters */
	const char *label; /* in /proc/PID/limits */
	const char *unit;
	const char *held, *maxheld; /* keys of /proc/PID/status */
	int (*usage)(struct process *p, uint64_t *ret);
};

struct process {
	struct counters *c;
	int dir;
	struct counter_buf limits, status;
	int status_result;
	unsigned int percent; /* only what is that full matters; 0: everything does */
};

static int usage_cpu(struct process *p, uint64_t *ret)
{
	long ticks = sysconf(_SC_CLK_TCK);
	uint64_t v = 0;
	int r;

	r = counter_slurp_at(&p->c->buf, p->dir, "stat", COUNTER_FILE_MAX);
	if (!r)
		r = parse_stat_cpu(counter_text(&p->c->buf), &v);
	if (r < 0)
		return r;
	*ret = v / (ticks > 0 ? (uint64_t)ticks : 100);
	return 0;
}

/* The kernel counts tasks of a real user id, not of a process. */
static int usage_nproc(struct process *p, uint64_t *ret)
{
	uint64_t uid = 0;
	int r = p->status_result;

	if (!r)
		r = parse_colon(counter_text(&p->status), "Uid:", &uid);
	if (!r && uid > UINT32_MAX)
		r = -EBADMSG;
	return r < 0 ? r : counter_user_tasks(p->c, (uint32_t)uid, ret);
}

static int usage_nofile(struct process *p, uint64_t *ret)
{
	int fd = openat(p->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct dirent *e;
	uint64_t n = 0;
	DIR *dir;

	/* Another user's descriptors may not be seen. */
	if (fd < 0)
		return errno == EACCES ? -EACCES : -ENOENT;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	errno = 0;
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	/* A process that exits while being read has no number, least of all a partial one. */
	if (errno)
		return -ENOENT;
	*ret = n;
	return 0;
}

static int usage_sigpending(struct process *p, uint64_t *ret)
{
	return p->status_result < 0 ? p->status_result : parse_sigq(counter_text(&p->status), ret);
}

static const struct rlimit_row rows[] = {
	{"cpu", "Max cpu time", "seconds", .usage = usage_cpu},
	{"fsize", "Max file size", .unit = "bytes"},
	{"data", "Max data size", "bytes", .held = "VmData:"},
	{"stack", "Max stack size", "bytes", .held = "VmStk:"},
	{"core", "Max core file size", .unit = "bytes"},
	{"rss", "Max resident set", "bytes", .held = "VmRSS:", .maxheld = "VmHWM:"},
	{"nproc", "Max processes", "tasks", .usage = usage_nproc},
	{"nofile", "Max open files", "files", .usage = usage_nofile},
	{"memlock", "Max locked memory", "bytes", .held = "VmLck:"},
	{"as", "Max address space", "bytes", .held = "VmSize:", .maxheld = "VmPeak:"},
	{"locks", "Max file locks", .unit = "locks"},
	{"sigpending", "Max pending signals", "signals", .usage = usage_sigpending},
	{"msgqueue", "Max msgqueue size", .unit = "bytes"},
	{"nice", "Max nice priority", .unit = NULL},
	{"rtprio", "Max realtime priority", .unit = NULL},
	{"rttime", "Max realtime timeout", .unit = "microseconds"},
};

static int put_status(struct process *p, const char *key, enum counter_have what,
		      struct counter_row *row)
{
	uint64_t v = 0;
	int r = p->status_result;

	if (!key)
		return 0;
	if (!r)
		r = parse_colon(counter_text(&p->status), key, &v);
	return counter_put(row, what, r, v);
}

/*
 * Can be seen, without counting, to be below the share that is asked for. FDSize
 * is how many descriptors the table has room for now.
 */
static bool is_far(const struct process *p, const struct rlimit_row *spec, uint64_t soft)
{
	uint64_t size;

	if (!p->percent)
		return false;
	if (soft == COUNTER_UNLIMITED)
		return true;
	return spec->usage == usage_nofile && p->status_result == 0 &&
	       parse_colon(counter_text(&p->status), "FDSize:", &size) == 0 &&
	       size < soft / 100 * p->percent;
}

static int add_row(struct process *p, const struct rlimit_row *spec, struct counter_table *t)
{
	struct counter_row row = counter_row_of(COUNTER_PROCESS, spec->name, spec->unit);
	uint64_t soft = 0, hard = 0, v = 0;
	int limits, r;

	limits = parse_rlimit(counter_text(&p->limits), spec->label, &soft, &hard);
	if (limits == -ENODATA)
		return 0;
	r = counter_put(&row, COUNTER_BARRIER, limits, soft);
	if (!r)
		r = counter_put(&row, COUNTER_LIMIT, limits, hard);
	if (!r)
		r = put_status(p, spec->held, COUNTER_HELD, &row);
	if (!r)
		r = put_status(p, spec->maxheld, COUNTER_MAXHELD, &row);
	if (!r && spec->usage && (limits < 0 || !is_far(p, spec, soft))) {
		int usage = spec->usage(p, &v);

		t->hidden |= usage == -EACCES;
		r = counter_put(&row, COUNTER_HELD, usage, v);
	}
	return r < 0 ? r : counter_add(t, &row);
}

/*
 * The kernel compares mm->map_count. Every mapping has a page at least: a
 * process too small to come near need not be asked, where only that counts.
 */
static int add_map_count(struct process *p, struct counter_table *t)
{
	struct counter_row row = counter_row_of(COUNTER_PROCESS, "map-count", "maps");
	uint64_t held = 0, limit = 0, size;
	int r;

	r = counter_max_maps(p->c, &limit);
	if (counter_put(&row, COUNTER_LIMIT, r, limit) < 0)
		return -ENOMEM;
	if (p->percent &&
	    (p->status_result < 0 || parse_colon(counter_text(&p->status), "VmSize:", &size) < 0 ||
	     size / (uint64_t)sysconf(_SC_PAGESIZE) < limit / 100 * p->percent))
		return 0;
	r = counter_slurp_at(&p->c->buf, p->dir, "maps", COUNTER_MAPS_MAX);
	if (!r)
		r = parse_count_maps(counter_text(&p->c->buf), &held);
	/* Kernel threads have none, and no limit of them; what may not be read has one all the
	 * same. */
	if (r == -ENOENT || (!r && !held))
		return 0;
	r = counter_put(&row, COUNTER_HELD, r, held);
	return r < 0 ? r : counter_add(t, &row);
}

static void process_done(struct process *p)
{
	util_closep(&p->dir);
	free(p->limits.s);
	free(p->status.s);
}

int counter_process_near(struct counters *c, uint64_t pid, unsigned int percent,
			 struct counter_table *t)
{
	_cleanup_(process_done) struct process p = {.c = c, .dir = -1, .percent = percent};
	char path[64];
	int r;

	snprintf(path, sizeof(path), "proc/%llu", (unsigned long long)pid);
	p.dir = counter_open(c, path, O_RDONLY | O_DIRECTORY);
	if (p.dir < 0)
		return p.dir == -ENOMEM ? p.dir : -ENOENT;
	r = counter_slurp_at(&p.limits, p.dir, "limits", COUNTER_FILE_MAX);
	if (r < 0)
		return r;
	p.status_result = counter_slurp_at(&p.status, p.dir, "status", COUNTER_FILE_MAX);
	r = counter_own(t, "pid:%llu", (unsigned long long)pid);
	for (size_t i = 0; !r && i < ARRAY_SIZE(rows); i++)
		r = add_row(&p, &rows[i], t);
	if (!r)
		r = add_map_count(&p, t);
	return r;
}

int counter_process_read(struct counters *c, uint64_t pid, struct counter_table *t)
{
	return counter_process_near(c, pid, 0, t);
}

int counters_each_pid(struct counters *c, int (*cb)(void *arg, uint64_t pid), void *arg)
{
	int fd = counter_open(c, "proc", O_RDONLY | O_DIRECTORY);
	struct counter_names names = {0};
	uint64_t pid;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = counter_subdirs(fd, &names);
	for (size_t i = 0; !r && i < names.n; i++)
		if (parse_u64(names.names[i], strlen(names.names[i]), &pid) == 0)
			r = cb(arg, pid);
	counter_names_free(&names);
	return r;
}

struct each_process {
	struct counters *c;
	unsigned int percent;
	int (*cb)(void *arg, const struct counter_table *t);
	void *arg;
	struct counter_table t;
};

static int each_process(void *arg, uint64_t pid)
{
	struct each_process *e = arg;
	int r;

	counter_table_clear(&e->t);
	r = counter_process_near(e->c, pid, e->percent, &e->t);
	/* It has exited, or is hidden. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return e->cb(e->arg, &e->t);
}

int counters_each_process(struct counters *c, unsigned int percent,
			  int (*cb)(void *arg, const struct counter_table *t), void *arg)
{
	struct each_process e = {.c = c, .percent = percent, .cb = cb, .arg = arg};
	int r;

	r = counter_users_keep(c);
	if (!r)
		r = counters_each_pid(c, each_process, &e);
	counter_users_drop(c);
	counter_table_free(&e.t);
	return r;
}
