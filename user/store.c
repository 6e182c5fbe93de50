// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.c - the file: found, checked, opened, locked, closed, and what to say
 * when any of that fails.
 *
 * What is opened is looked at first without SQLite, which would make a journal
 * beside a file that is nobody's.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "store_priv.h"

#define BUSY_MS 1000
#define MAGIC "SQLite format 3"
#define APPLICATION_AT 68 /* sqlite.org/fileformat2.html, 1.3 */
#define HEADER 100

int store_say(struct store *s, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	return err;
}

static int say_disk(struct store *s, int err)
{
	if ((err == ENOSPC || err == EDQUOT) && s->mode == STORE_VACUUM)
		return store_say(s, -ENOSPC,
				 "the disk of %s is full, and dropping needs some MiB itself: make "
				 "room there first",
				 s->path);
	if (err == ENOSPC || err == EDQUOT)
		return store_say(s, -ENOSPC,
				 "the disk of %s is full: make room there, or keep less with "
				 "failcnt vacuum --max-size",
				 s->path);
	if (err == EROFS)
		return store_say(s, -EROFS,
				 "%s is on a read-only file system: name another file with --store",
				 s->path);
	if (err == EACCES || err == EPERM)
		return store_say(s, -EACCES, "%s may not be %s: run it as root", s->path,
				 s->mode == STORE_READ ? "read" : "written");
	return store_say(s, -EIO, "%s: %s", s->path, strerror(err));
}

int store_fail(struct store *s)
{
	int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_CANTOPEN;
	int os = s->db ? sqlite3_system_errno(s->db) : 0;

	/* What ->> says of a line that is none any more: each was valid when it was written. */
	if (s->db && util_streq(sqlite3_errmsg(s->db), "malformed JSON"))
		code = SQLITE_CORRUPT;
	switch (code & 0xff) {
	case SQLITE_FULL:
		return say_disk(s, ENOSPC);
	case SQLITE_READONLY:
		if (code == SQLITE_READONLY_DBMOVED)
			return store_say(s, -ENOENT, "%s was removed or replaced meanwhile",
					 s->path);
		return say_disk(s, access(s->path, W_OK) < 0 ? errno : EROFS);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return store_say(s, -EBUSY, "%s is locked by another program: try again", s->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return store_say(s, -EBADMSG,
				 "%s is damaged (%s): move it away and failcnt record begins a new "
				 "one; sqlite3 FILE .recover may save what it holds",
				 s->path, sqlite3_errmsg(s->db));
	case SQLITE_NOMEM:
		return store_say(s, -ENOMEM, "out of memory");
	default:
		if (os)
			return say_disk(s, os);
		return store_say(s, -EIO, "%s: %s", s->path,
				 s->db ? sqlite3_errmsg(s->db) : "it cannot be opened");
	}
}

uint64_t store_unreadable(const struct store *s)
{
	return s->unreadable;
}

const char *store_why(const struct store *s)
{
	return s->why;
}

int store_exec(struct store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_fail(s);
}

int store_number(struct store *s, const char *sql, int64_t *ret)
{
	_cleanup_stmt_ sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
		return store_fail(s);
	switch (sqlite3_step(q)) {
	case SQLITE_ROW:
		*ret = sqlite3_column_int64(q, 0);
		return 0;
	case SQLITE_DONE:
		return -ENODATA;
	default:
		return store_fail(s);
	}
}

/* The directory of the file, made where only its last part is missing. */
static int make_directory(struct store *s)
{
	_cleanup_free_ char *copy = strdup(s->path);
	char *dir;

	if (!copy)
		return -ENOMEM;
	dir = dirname(copy);
	if (mkdir(dir, 0750) < 0 && errno != EEXIST) {
		if (errno == ENOENT)
			return store_say(s, -ENOENT, "there is no directory for %s: make %s first",
					 s->path, dir);
		return say_disk(s, errno);
	}
	return 0;
}

static int open_file(struct store *s, int *ret)
{
	struct stat st;
	int fd = -1, err;

	if (s->mode == STORE_WRITE) {
		err = make_directory(s);
		if (err < 0)
			return err;
		fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	} else {
		fd = open(s->path, (s->mode == STORE_READ ? O_RDONLY : O_RDWR) | O_CLOEXEC |
					   O_NOCTTY | O_NONBLOCK); /* a FIFO */
	}
	if (fd >= 0) {
		/* what SQLite makes beside it gets the same; whatever the umask is */
		if (s->mode == STORE_WRITE && fstat(fd, &st) == 0 && st.st_size == 0 &&
		    S_ISREG(st.st_mode))
			(void)!fchmod(fd, 0640);
		*ret = fd;
		return 0;
	}
	if (errno == ENOENT && s->mode == STORE_WRITE)
		return store_say(s, -ENOENT,
				 "%s is a symbolic link to a place that is not there: mend it, or "
				 "name another with --store",
				 s->path);
	if (errno == ENOENT)
		return store_say(s, -ENOENT,
				 "there is no store %s: failcnt record makes one, --store names "
				 "another",
				 s->path);
	if (errno == EISDIR)
		return store_say(s, -EBADMSG, "%s is a directory: --store wants a file", s->path);
	return say_disk(s, errno);
}

/* Is it ours? An empty file is a store to be made. */
static int check_header(struct store *s, int fd)
{
	unsigned char h[HEADER];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return say_disk(s, errno);
	if (S_ISDIR(st.st_mode))
		return store_say(s, -EBADMSG, "%s is a directory: --store wants a file", s->path);
	n = S_ISREG(st.st_mode) ? pread(fd, h, sizeof(h), 0) : 0;
	if (n < 0)
		return say_disk(s, errno);
	if (n == 0 && S_ISREG(st.st_mode)) {
		if (s->mode == STORE_WRITE)
			return 0;
		return store_say(s, -ENOENT, "%s is empty: nothing was recorded into it yet",
				 s->path);
	}
	if ((size_t)n < sizeof(MAGIC) || memcmp(h, MAGIC, sizeof(MAGIC)) != 0)
		return store_say(s, -EBADMSG,
				 "%s is no store of failcnt: name one with --store (a recording of "
				 "JSON lines is read from standard input, --store -)",
				 s->path);
	if (n < HEADER)
		return store_say(s, -EBADMSG, "%s is damaged: it is cut off", s->path);
	if (h[APPLICATION_AT] << 24 == (STORE_APPLICATION >> 24 << 24) &&
	    (h[APPLICATION_AT + 1] << 16 | h[APPLICATION_AT + 2] << 8 | h[APPLICATION_AT + 3]) ==
		    (STORE_APPLICATION & 0xffffff))
		return 0;
	return store_say(s, -EBADMSG,
			 "%s belongs to another program (it is an SQLite file, but no store of "
			 "failcnt): name another with --store",
			 s->path);
}

static int lock_file(struct store *s, int fd)
{
	if (s->mode != STORE_WRITE || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return store_say(s, -EBUSY,
			 "another failcnt records into %s: stop it, or name another file with "
			 "--store",
			 s->path);
}

bool store_beside(const struct store *s, const char *end)
{
	_cleanup_free_ char *path = NULL;

	return asprintf(&path, "%s%s", s->path, end) > 0 && access(path, F_OK) == 0;
}

static int open_uri(struct store *s, const char *more, int flags)
{
	_cleanup_free_ char *uri = malloc(3 * strlen(s->path) + 64);
	char *at = uri;

	if (!uri)
		return -ENOMEM;
	at += sprintf(at, "file:");
	for (const char *p = s->path; *p; p++)
		at += sprintf(at, strchr("?#%", *p) ? "%%%02X" : "%c", *p);
	sprintf(at, "%s", more);
	sqlite3_close(s->db);
	s->db = NULL;
	if (sqlite3_open_v2(uri, &s->db, flags | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
		return store_fail(s);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	return store_functions(s);
}

/*
 * Where nobody records and there is no log beside it, the file is all, and nothing is made beside
 * it. A copy with its log may be in a directory where no index of that can be made: the index is
 * then kept in memory, which needs nobody to write meanwhile (unix-none locks nothing).
 */
static int open_to_read(struct store *s)
{
	bool log = store_beside(s, "-wal");
	int64_t n;
	int err = open_uri(s, s->watched || log ? "?mode=ro" : "?mode=ro&immutable=1",
			   SQLITE_OPEN_READONLY);

	if (err == 0 && store_number(s, "PRAGMA schema_version", &n) == 0)
		return 0;
	if (err == 0 && (sqlite3_errcode(s->db) & 0xff) != SQLITE_CANTOPEN &&
	    (sqlite3_errcode(s->db) & 0xff) != SQLITE_READONLY)
		return store_fail(s);
	err = open_uri(s, "?mode=ro&vfs=unix-none", SQLITE_OPEN_READONLY);
	if (err == 0)
		err = store_exec(s, "PRAGMA locking_mode=EXCLUSIVE");
	return err ? err : store_number(s, "PRAGMA schema_version", &n);
}

static int open_to_write(struct store *s)
{
	int err = open_uri(s, "?mode=rw", SQLITE_OPEN_READWRITE);

	if (err == 0)
		err = store_schema(s);
	if (err == 0)
		err = store_exec(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
				    "PRAGMA journal_size_limit=4194304; PRAGMA temp_store=MEMORY;"
				    "PRAGMA secure_delete=OFF");
	return err;
}

static int open_memory(struct store *s)
{
	if (sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
	    SQLITE_OK)
		return store_fail(s);
	return store_functions(s) ? -EIO : store_schema(s);
}

void store_forget(struct store *s)
{
	for (int i = 0; i < STORE_SQLS; i++) {
		sqlite3_finalize(s->sql[i]);
		s->sql[i] = NULL;
	}
	incident_tracker_free(s->tracker);
	s->tracker = NULL;
	store_series_free(s);
}

void store_shut(struct store *s)
{
	store_forget(s);
	sqlite3_close(s->db);
	s->db = NULL;
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

int store_reopen(struct store *s)
{
	int fd = -1, err;

	if (s->mode == STORE_MEMORY)
		return s->db ? 0 : open_memory(s);
	store_shut(s);
	err = open_file(s, &fd);
	if (err < 0)
		return err;
	err = check_header(s, fd);
	if (!err)
		err = lock_file(s, fd);
	if (!err && s->mode == STORE_READ)
		s->watched = flock(fd, LOCK_SH | LOCK_NB) < 0;
	if (s->mode == STORE_READ || err)
		close(fd);
	else
		s->lock = fd;
	if (!err)
		err = s->mode == STORE_READ ? open_to_read(s) : open_to_write(s);
	if (!err && s->mode == STORE_READ)
		err = store_schema(s);
	if (err)
		store_shut(s);
	else
		s->why[0] = '\0';
	return err;
}

/*
 * Somebody has removed or replaced the file, and what goes into it is nowhere. Where it was moved
 * away, the run did not end in it as if it had been killed: it goes on in another. What stands only
 * in the log is brought home then: the log has the old name still, and SQLite would leave it
 * behind.
 */
bool store_gone(struct store *s)
{
	_cleanup_stmt_ sqlite3_stmt *q = NULL;
	struct stat now, ours;

	if (s->lock < 0 || fstat(s->lock, &ours) < 0 ||
	    (stat(s->path, &now) == 0 && now.st_ino == ours.st_ino && now.st_dev == ours.st_dev))
		return false;
	if (sqlite3_prepare_v2(s->db, "UPDATE watch SET stopped = alive WHERE run = ?", -1, &q,
			       NULL) == SQLITE_OK) {
		sqlite3_bind_text(q, 1, s->run, -1, SQLITE_STATIC);
		sqlite3_step(q);
		sqlite3_reset(q);
	}
	sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return true;
}

int store_open(struct store **ret, const char *path, enum store_mode mode)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->mode = mode;
	s->lock = -1;
	s->path = strdup(path ? path : "memory");
	if (!s->path) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return store_reopen(s);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->pending)
		store_commit(s, true);
	store_shut(s);
	free(s->queue);
	free(s->hello);
	free(s->path);
	free(s);
}
