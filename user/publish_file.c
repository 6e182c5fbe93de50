// SPDX-License-Identifier: GPL-2.0-only
/*
 * publish_file.c - the directory of published counts: who may write there,
 * whose file is whose, and which of them nobody keeps any more.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

#include "parse.h"
#include "publish_priv.h"

static int read_small(int dirfd, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return (int)n;
}

int publish_start_of(int64_t pid, uint64_t *ret)
{
	char path[40], text[1024];
	int n;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	n = read_small(AT_FDCWD, path, text, sizeof(text));
	return n < 0 ? n : parse_stat_start((struct parse_text){text, (size_t)n}, ret);
}

/* Of what process and boot a file is, by its first lines. */
static bool is_stale(int dir, const char *name, const char *boot_line, const char *ns_line)
{
	const char *at, *pid_line;
	long long pid, start;
	uint64_t now;
	char text[512];

	if (read_small(dir, name, text, sizeof(text)) < 0)
		return false;
	if (!strstr(text, boot_line))
		return true;
	/* In another pid namespace its number says nothing here. */
	pid_line = strstr(text, "\npid ");
	at = strstr(text, ns_line);
	if (!pid_line || !at || sscanf(pid_line, " pid %lld %lld", &pid, &start) != 2)
		return false;
	return publish_start_of(pid, &now) < 0 || now != (uint64_t)start;
}

static void clean(int dirfd, const char *boot_line, const char *ns_line)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		util_closep(&fd);
		return;
	}
	while ((e = readdir(dir)))
		if ((e->d_name[0] != '.' || strstr(e->d_name, ".new")) &&
		    is_stale(dirfd, e->d_name, boot_line, ns_line))
			unlinkat(dirfd, e->d_name, 0);
	closedir(dir);
}

int publish_open_dir(const char *root)
{
	char run[PATH_MAX];
	_cleanup_close_ int above = -1, fd = -1;
	struct stat st;

	if (snprintf(run, sizeof(run), "%s/run", root ? root : "") >= (int)sizeof(run))
		return -ENAMETOOLONG;
	above = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (above < 0)
		return -errno;
	if (mkdirat(above, "failcnt", 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(above, "failcnt", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid())
		return -EPERM;
	fchmod(fd, 0755); /* whatever the umask */
	return util_take_fd(&fd);
}

int publish_name(struct publish *p, bool complete, const char *unseen)
{
	char boot[64] = "", boot_line[80], ns_line[40];
	struct stat ns = {0};
	uint64_t start = 0;
	struct timespec now;
	int err = publish_start_of(getpid(), &start);

	if (err < 0 ||
	    read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) < 0)
		return err < 0 ? err : -ENOENT;
	boot[strcspn(boot, "\n")] = '\0';
	if (stat("/proc/self/ns/pid", &ns) < 0)
		return -errno;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(boot_line, sizeof(boot_line), "\nboot_id %s\n", boot);
	snprintf(ns_line, sizeof(ns_line), "\npid_ns %llu\n", (unsigned long long)ns.st_ino);
	snprintf(p->name, sizeof(p->name), "%d-%llu", getpid(), (unsigned long long)start);
	snprintf(p->head, sizeof(p->head),
		 "failcnt-counts 1%spid %d %llu%ssince %lld\ncomplete %d\n%s", boot_line, getpid(),
		 (unsigned long long)start, ns_line,
		 (long long)now.tv_sec * 1000000000 + now.tv_nsec, complete, unseen);
	clean(p->dir, boot_line, ns_line);
	return 0;
}
