// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_tree.c - which processes descend from this one, by the parents in /proc.
 */
#include "run_tree.h"

#include <dirent.h>
#include <fcntl.h>

#define LEVELS 64 /* as many as bpf/tree.bpf.h climbs */

struct stat_line {
	char state;
	pid_t ppid;
	uint64_t start; /* clock ticks after boot */
};

/* proc_pid_stat(5): pid (comm) state ppid ... starttime is the 22nd; comm may hold blanks and ")".
 */
static int parse(const char *line, struct stat_line *ret)
{
	const char *at = strrchr(line, ')');
	unsigned long long start;
	char state;
	int ppid;

	if (!at || sscanf(at + 1, " %c %d", &state, &ppid) != 2)
		return -EBADMSG;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &start) != 1)
		return -EBADMSG;
	*ret = (struct stat_line){.state = state, .ppid = ppid, .start = start};
	return 0;
}

static int read_stat(const struct run_tree *t, pid_t pid, struct stat_line *ret)
{
	char path[32], line[1024];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", (int)pid);
	fd = openat(t->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, line, sizeof(line) - 1);
	if (n < 0)
		return -errno;
	line[n] = '\0';
	return parse(line, ret);
}

/* A child of root: made for what we run, and not before? Clock ticks are coarse: a tick of grace.
 */
static bool is_recent(const struct run_tree *t, const struct stat_line *s)
{
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t tick = 1000000000ULL / (uint64_t)(hz > 0 ? hz : 100);

	return s->start + 1 >= t->since / tick;
}

static bool descends(const struct run_tree *t, struct stat_line s)
{
	for (int i = 0; i < LEVELS; i++) {
		if (s.ppid == t->root)
			return is_recent(t, &s);
		if (s.ppid <= 0 || read_stat(t, s.ppid, &s) < 0)
			return false;
	}
	return false;
}

bool run_tree_has(const struct run_tree *t, pid_t pid)
{
	struct stat_line s;

	return read_stat(t, pid, &s) == 0 && descends(t, s);
}

static void util_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

int run_tree_running(const struct run_tree *t)
{
	_cleanup_(util_closedirp) DIR *d = NULL;
	_cleanup_close_ int fd = openat(t->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	int n = 0;

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d)
		return -errno;
	util_take_fd(&fd); /* d's now */
	while ((e = readdir(d))) {
		int pid = atoi(e->d_name);
		struct stat_line s = {};

		if (pid <= 0 || read_stat(t, pid, &s) < 0)
			continue;
		n += s.state != 'Z' && s.state != 'X' && descends(t, s);
	}
	return n;
}
