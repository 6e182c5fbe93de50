// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_report.c - a page to look at, of what was recorded. It is made in memory, written beside
 * its place and then moved there: nobody sees half of it, and what stood there
 * is only replaced where it was a report too.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd.h"
#include "import_file.h"
#include "log.h"
#include "look.h"
#include "report_html.h"
#include "report_read.h"

#define MODE 0640 /* as the store: it tells who does what on this host */

/* The filters, as they would be typed again. */
static void add(char *buf, size_t size, const char *option, const char *value)
{
	size_t n = strlen(buf);

	snprintf(buf + n, size - n, "%s%s%s%s", n ? " " : "", option, *option && *value ? " " : "",
		 value);
}

static const char *filter(const struct options *o, char *buf, size_t size)
{
	char number[24];

	buf[0] = '\0';
	if (o->has_pid) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)o->pid);
		add(buf, size, "-p", number);
	}
	if (o->has_uid) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)o->uid);
		add(buf, size, "-u", number);
	}
	if (o->name)
		add(buf, size, "-n", o->name);
	if (o->cgroup)
		add(buf, size, "-c", o->cgroup);
	for (unsigned int i = 0; i < o->n_resources; i++)
		add(buf, size, "-r", o->resources[i]);
	if (o->errno_name)
		add(buf, size, "-e", o->errno_name);
	if (o->kills)
		add(buf, size, "-k", "");
	if (o->unrequested)
		add(buf, size, "--unrequested", "");
	for (unsigned int i = 0; i < o->n_match; i++)
		add(buf, size, "", o->match[i]);
	return buf[0] ? buf : NULL;
}

/* Empty, or a page that says it is one of ours. */
static bool is_ours(int fd)
{
	char head[2048];
	ssize_t n = pread(fd, head, sizeof(head) - 1, 0);

	if (n <= 0)
		return n == 0;
	head[n] = '\0';
	return strstr(head, "<meta name=\"generator\" content=\"failcnt ") != NULL;
}

/* 1: path is no regular file and is written to as it is; 0: it may be replaced. */
static int may_write(const char *path, mode_t *mode)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int err = fd < 0 ? -errno : 0;

	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		log_error("%s: %s", path, strerror(errno));
		return -errno;
	}
	if (S_ISDIR(st.st_mode)) {
		log_error("%s is a directory: name the file in it, such as %s/report.html", path,
			  path);
		return -EISDIR;
	}
	if (!S_ISREG(st.st_mode))
		return 1;
	if (err) {
		log_error("%s is there and cannot be read: %s; give another name", path,
			  strerror(-err));
		return err;
	}
	if (!is_ours(fd)) {
		log_error(
			"%s is there and is no report of failcnt: give another name, or remove it",
			path);
		return -EEXIST;
	}
	*mode = st.st_mode & 07777;
	return 0;
}

/* The page in memory: it is small, and what fails while writing is then known exactly. */
struct text {
	char *data;
	size_t n;
};

static int make_page(struct text *ret, const struct report *r, const struct report_look *look)
{
	struct text t = {};
	FILE *f = open_memstream(&t.data, &t.n);
	int err = f ? report_html(f, r, look) : -ENOMEM;

	if (f && fclose(f) != 0 && !err)
		err = -ENOMEM;
	if (err)
		free(t.data);
	else
		*ret = t;
	return err;
}

static int write_page(int fd, const struct text *t)
{
	for (size_t done = 0; done < t->n;) {
		ssize_t n = write(fd, t->data + done, t->n - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

/* The file that a symbolic link names is replaced, and the link stays. */
static int replace(const char *path, mode_t mode, const struct text *t)
{
	char real[PATH_MAX], dir[PATH_MAX], temporary[PATH_MAX];
	_cleanup_close_ int fd = -1;
	int err;

	if (!realpath(path, real) && !util_strlcpy(real, path, sizeof(real)))
		return -ENAMETOOLONG;
	util_strlcpy(dir, real, sizeof(dir));
	if (snprintf(temporary, sizeof(temporary), "%s/.failcnt-report.XXXXXX", dirname(dir)) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fchmod(fd, mode) < 0 ? -errno : write_page(fd, t);
	if (!err && close(util_take_fd(&fd)) < 0)
		err = -errno;
	if (!err && rename(temporary, real) < 0)
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}

static int write_to(const char *path, const struct text *t)
{
	mode_t mask = umask(0), mode = MODE & ~mask;
	_cleanup_close_ int fd = -1;
	int kind, err;

	umask(mask);
	kind = may_write(path, &mode);
	if (kind < 0)
		return kind;
	if (kind == 0) {
		err = replace(path, mode, t);
	} else {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		err = fd < 0 ? -errno : write_page(fd, t);
	}
	if (err < 0 && err != -EPIPE)
		log_error("%s cannot be written: %s", path, strerror(-err));
	return err;
}

static int write_stdout(const struct text *t)
{
	int err = write_page(STDOUT_FILENO, t);

	if (err < 0 && err != -EPIPE)
		log_error("cannot write to standard output: %s", strerror(-err));
	return err;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Where the page goes; NULL: it was not said. */
static const char *place(const struct options *o)
{
	if (o->html)
		return o->html;
	if (!isatty(STDOUT_FILENO))
		return "-";
	log_usage("report", "where the page goes is missing: -o report.html, or -o - for standard "
			    "output; see failcnt report --help");
	return NULL;
}

int cmd_report(const struct options *o)
{
	_cleanup_(report_freep) struct report *r = NULL;
	_cleanup_(store_closep) struct store *s = NULL;
	struct report_look look = {.utc = o->utc, .now = now_ns()};
	const char *to = place(o);
	struct text page = {};
	struct store_query q;
	char text[2048];
	int err;

	if (!to || look_query(&q, o, "report") < 0)
		return EXIT_USAGE;
	if (look_open(&s, o) < 0)
		return EXIT_NOTHING;
	err = report_read(&r, s, &q, look.now, report_zone(o->utc, look.now));
	if (err < 0) {
		log_error("%s", *store_why(s) ? store_why(s) : strerror(-err));
		return EXIT_NOTHING;
	}
	look_damage(s);
	look.filter = filter(o, text, sizeof(text));
	look.store = o->from                     ? import_file_name(o->from)
		     : !o->store                 ? STORE_PATH
		     : util_streq(o->store, "-") ? "standard input"
						 : o->store;
	look.from = o->from ? "--from" : o->store ? "--store" : NULL;
	if (look.from && util_streq(o->from ? o->from : o->store, "-"))
		look.from = NULL; /* nobody can read that again */
	err = make_page(&page, r, &look);
	if (err < 0)
		log_error("the page cannot be made: %s", strerror(-err));
	else
		err = util_streq(to, "-") ? write_stdout(&page) : write_to(to, &page);
	free(page.data);
	if (err < 0)
		return err == -EPIPE ? EXIT_DONE : EXIT_NOTHING;
	if (r->incidents == 0)
		log_info("No incidents found: the page says so.");
	return r->incidents == 0 ? EXIT_NOTHING : EXIT_DONE;
}
