// SPDX-License-Identifier: GPL-2.0-only
/*
 * look.c - which recording is looked at, and which part of it.
 */
#include "look.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "import_file.h"
#include "json_read.h"
#include "log.h"
#include "when.h"

/* Begins like a JSON line, and no store does. A pipe, as of <(failcnt watch --json), can be
 * nothing else, and only be read once. */
static bool is_lines(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	char first;

	if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       pread(fd, &first, 1, 0) == 1 && first == '{';
}

static int add_line(struct store *s, const char *line, size_t n, unsigned long long *strange)
{
	static struct event e;

	if (n == 0)
		return 0;
	if (json_read_event(&e, line, n) < 0) {
		++*strange;
		return 0;
	}
	return store_add(s, &e, line, n);
}

static int read_lines(struct store *s, FILE *f, const char *name)
{
	_cleanup_free_ char *line = NULL;
	unsigned long long strange = 0, n = 0;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &size, f)) >= 0) {
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		err = add_line(s, line, (size_t)len, &strange);
		n++;
	}
	if (!err && ferror(f))
		err = -EIO;
	if (!err)
		err = store_commit(s, false);
	if (err < 0)
		log_error("%s cannot be read: %s", name, strerror(-err));
	else if (strange && strange == n)
		log_error("%s holds no events of failcnt: what failcnt watch --json writes is "
			  "wanted",
			  name);
	else if (strange)
		log_warn("%llu of %llu lines were no events of failcnt and are left out", strange,
			 n);
	return err ? err : strange && strange == n ? -EBADMSG : 0;
}

static int open_lines(struct store **ret, const char *path)
{
	bool is_stdin = util_streq(path, "-");
	_cleanup_fclose_ FILE *f = is_stdin ? NULL : fopen(path, "re");
	struct store *s = NULL;
	int err = 0;

	if (!is_stdin && !f) {
		err = -errno;
		log_error("%s cannot be read: %s", path, strerror(-err));
		return err;
	}
	err = store_open(&s, NULL, STORE_MEMORY);
	if (err < 0)
		log_error("%s", s ? store_why(s) : strerror(-err));
	else
		err = read_lines(s, is_stdin ? stdin : f, is_stdin ? "standard input" : path);
	if (err < 0)
		store_close(s);
	else
		*ret = s;
	return err;
}

struct reading {
	struct store *s;
	uint64_t found;
	int err;
};

static void on_log_event(void *arg, struct event *e)
{
	struct reading *r = arg;

	r->found += e->kind == EVENT_KILLED || e->kind == EVENT_REFUSED;
	if (!r->err)
		r->err = store_add(r->s, e, NULL, 0);
}

static int read_log(struct store *s, const struct options *o)
{
	const char *name = import_file_name(o->from);
	struct reading r = {.s = s};
	struct import_stats stats;
	int err = import_file(o->from, o, &stats, on_log_event, &r);

	if (err < 0)
		return err;
	import_file_warn(&stats);
	err = r.err ? r.err : store_commit(s, false);
	if (err < 0) {
		log_error("%s cannot be looked at: %s", name,
			  *store_why(s) ? store_why(s) : strerror(-err));
	} else if (r.found == 0) {
		log_error("%s tells of no kill and no limit that was reached (%llu line%s read)",
			  name, (unsigned long long)stats.lines, stats.lines == 1 ? "" : "s");
		err = -ENODATA;
	}
	return err;
}

static int open_log(struct store **ret, const struct options *o)
{
	struct store *s = NULL;
	int err = store_open(&s, NULL, STORE_MEMORY);

	if (err < 0)
		log_error("%s", s ? store_why(s) : strerror(-err));
	else
		err = read_log(s, o);
	if (err < 0)
		store_close(s);
	else
		*ret = s;
	return err;
}

int look_open(struct store **ret, const struct options *o)
{
	const char *path = o->store ? o->store : STORE_PATH;
	struct store *s = NULL;
	int err;

	if (o->from)
		return open_log(ret, o);
	if (util_streq(path, "-") || is_lines(path))
		return open_lines(ret, path);
	err = store_open(&s, path, STORE_READ);
	if (err == 0 && store_lacks_log(s))
		log_warn("%s was never closed, and its log %s-wal is not beside it: if it was "
			 "copied while "
			 "failcnt recorded into it, copy that as well, or the newest events are "
			 "missing",
			 path, path);
	if (err < 0) {
		log_error("%s", s ? store_why(s) : strerror(-err));
		store_close(s);
		return err;
	}
	*ret = s;
	return 0;
}

void look_damage(const struct store *s)
{
	uint64_t n = store_unreadable(s);

	if (n)
		log_warn("%llu event%s could not be read and %s left out: the file is damaged",
			 (unsigned long long)n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int check_match(const char *m, const char *command)
{
	size_t n = strcspn(m, "=");
	char key[64];

	if (!m[n] || *m == '/')
		return 0;
	snprintf(key, sizeof(key), "%.*s", (int)n, m);
	if (util_streq(key, "id") &&
	    (!m[n + 1] || strspn(m + n + 1, "0123456789") != strlen(m + n + 1))) {
		log_usage(command,
			  "'%.100s': id= wants the number of an incident, as failcnt list shows it",
			  m);
		return -EINVAL;
	}
	if (util_streq(key, "id") || field_by_key(key) >= 0)
		return 0;
	log_usage(command,
		  "there is no field '%s' in '%.100s': the keys of the JSON are meant, such as "
		  "errno=EMFILE, or id=N; see failcnt %s --help",
		  key, m, command);
	return -EINVAL;
}

int look_query(struct store_query *q, const struct options *o, const char *command)
{
	int64_t now = now_ns();
	struct store_query got = {.options = o};
	int err = 0;

	if (o->from && o->store) {
		log_usage(command, "--from and --store: only one of them can be looked at");
		return -EINVAL;
	}
	if (o->boot_time && !o->from) {
		log_usage(command, "--boot-time is of a kernel log: name it with --from");
		return -EINVAL;
	}
	if (o->since)
		err = when_parse(o->since, now, o->utc, &got.since);
	if (!err && o->until)
		err = when_parse(o->until, now, o->utc, &got.until);
	if (err) {
		log_usage(command, "--since and --until want " WHEN_WANTS);
		return -EINVAL;
	}
	if (got.since && got.until && got.until < got.since) {
		log_usage(command, "--until is before --since: nothing can be between");
		return -EINVAL;
	}
	for (unsigned int i = 0; i < o->n_match; i++)
		if (check_match(o->match[i], command) < 0)
			return -EINVAL;
	*q = got;
	return 0;
}

const char *look_what(const struct incident *i, uint64_t *ret_n)
{
	if (i->killed) {
		*ret_n = i->killed;
		return "killed";
	}
	*ret_n = i->refused ? i->refused : i->counted;
	return i->refused ? "refused" : "counted";
}

void look_who(const struct incident *i, char *buf, size_t size)
{
	const struct event *v = i->verdict;

	if (event_has(v, FIELD_COMM) && i->processes > 1)
		snprintf(buf, size, "%s (%llu processes)", v->str[FIELD_COMM],
			 (unsigned long long)i->processes);
	else if (event_has(v, FIELD_COMM) && event_has(v, FIELD_PID))
		snprintf(buf, size, "%s[%lld]", v->str[FIELD_COMM], (long long)v->num[FIELD_PID]);
	else if (event_has(v, FIELD_COMM) || event_has(v, FIELD_OWNER))
		snprintf(buf, size, "%s",
			 event_has(v, FIELD_COMM) ? v->str[FIELD_COMM] : v->str[FIELD_OWNER]);
	else if (v->n_moved && v->moved[0].owner)
		snprintf(buf, size, "%s", v->moved[0].owner);
	else
		snprintf(buf, size, "-");
}
