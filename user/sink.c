// SPDX-License-Identifier: GPL-2.0-only
/*
 * sink.c - whole lines onto a descriptor that may be slow, full, or gone.
 *
 * One event is one write(2). Where the kernel takes only part of it the rest
 * is written after it; where that fails too, the part is taken back from a
 * file that is ours alone, and otherwise the next line begins with a newline,
 * so that only the torn line itself cannot be read. What could not be written
 * keeps its number: the gap in seq shows where it is missing.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

#include "sink_priv.h"

/* A reader that takes nothing for so long has what it misses counted as lost. */
#define PATIENCE_MS 1000
#define SLICE_MS 100

struct sink {
	sink_format_fn *format;
	struct sink_options options;
	const char *stage;
	int (*take)(void *arg, const struct event *e, const char *line, size_t n); /* or NULL */
	void *take_arg;
	int fd;       /* -1 with take */
	char *path;   /* NULL: the descriptor is the caller's */
	int pipe;     /* the caller's pipe opened anew, to wait for it with an end; -1: none */
	bool torn;    /* the last line has no end */
	bool stalled; /* the reader's patience is used up: do not wait again until it reads */
	int64_t seq;
	uint64_t lost;
	char buf[1 + SINK_BUFFER]; /* the first byte: room for the newline after a torn line */
};

/*
 * write(2) to a pipe that nobody reads would never return, not even for Ctrl-C. O_NONBLOCK belongs
 * to the open file, which others may share, so the pipe is opened once more.
 */
static int open_pipe_again(int fd)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

bool sink_can_write(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

int sink_new(struct sink **ret, enum sink_kind kind, int fd, const struct sink_options *o)
{
	static sink_format_fn *const formats[] = {
		[SINK_TEXT] = sink_text_format,
		[SINK_JSON] = sink_json_format,
	};
	struct sink *s;

	if ((unsigned int)kind >= ARRAY_SIZE(formats) || fd < 0)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->format = formats[kind];
	s->stage = "sink";
	s->pipe = open_pipe_again(fd);
	s->fd = s->pipe >= 0 ? s->pipe : fd;
	if (o)
		s->options = *o;
	*ret = s;
	return 0;
}

int sink_new_on(struct sink **ret, const char *stage,
		int (*take)(void *arg, const struct event *e, const char *line, size_t n),
		void *arg)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->format = sink_json_format;
	s->stage = stage;
	s->take = take;
	s->take_arg = arg;
	s->fd = s->pipe = -1;
	*ret = s;
	return 0;
}

/* A program that died while it wrote has left a line without an end. */
static bool ends_torn(const char *path, const struct stat *st)
{
	_cleanup_close_ int fd = -1;
	char last;

	if (!S_ISREG(st->st_mode) || st->st_size == 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd >= 0 && pread(fd, &last, 1, st->st_size - 1) == 1 && last != '\n';
}

static int open_path(const char *path, int *ret_fd, bool *ret_torn)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret_torn = ends_torn(path, &st);
	*ret_fd = util_take_fd(&fd);
	return 0;
}

int sink_open(struct sink **ret, enum sink_kind kind, const char *path,
	      const struct sink_options *o)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int fd = -1;
	struct sink *s = NULL;
	bool torn;
	int err;

	if (!copy)
		return -ENOMEM;
	err = open_path(path, &fd, &torn);
	if (err)
		return err;
	err = sink_new(&s, kind, fd, o);
	if (err)
		return err;
	s->fd = util_take_fd(&fd);
	s->path = TAKE_PTR(copy);
	s->torn = torn;
	*ret = s;
	return 0;
}

int sink_reopen(struct sink *s)
{
	int fd = -1, err;
	bool torn = false;

	if (!s->path)
		return 0;
	err = open_path(s->path, &fd, &torn);
	if (err)
		return err; /* the old file is better than none */
	close(s->fd);
	s->fd = fd;
	s->torn = torn;
	s->stalled = false;
	return 0;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	if (s->path)
		close(s->fd);
	util_closep(&s->pipe);
	free(s->path);
	free(s);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until the reader takes something; -EAGAIN when it is past deadline. */
static int wait_writable(struct sink *s, int64_t deadline)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	int64_t left = deadline - now_ms();
	int n;

	if (s->stalled || (left <= 0 && !s->options.patient))
		return -EAGAIN;
	n = poll(&p, 1, s->options.patient ? SLICE_MS : (int)left);
	if (n < 0 && errno != EINTR)
		return -errno;
	if (n <= 0 && s->options.patient && !s->options.patient(s->options.patient_arg))
		return -EAGAIN;
	return 0; /* whatever happened, the next write tells */
}

/* Takes the first done bytes of a line back, if nobody has written behind them. */
static bool take_back(const struct sink *s, size_t done)
{
	struct stat st;
	off_t at;

	if (!s->path || fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	at = lseek(s->fd, 0, SEEK_CUR); /* O_APPEND: behind what was written last */
	return at == st.st_size && at >= (off_t)done && ftruncate(s->fd, at - (off_t)done) == 0;
}

static int write_whole(struct sink *s, const char *buf, size_t len)
{
	int64_t deadline = now_ms() + PATIENCE_MS;
	size_t done = 0;
	int err = 0;

	while (done < len && !err) {
		ssize_t n = write(s->fd, buf + done, len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0)
			err = -EIO;
		else if (errno == EAGAIN)
			err = wait_writable(s, deadline);
		else if (errno != EINTR)
			err = -errno;
	}
	s->stalled = err == -EAGAIN;
	if (!err)
		s->torn = false;
	else if (done > 0 && !take_back(s, done))
		s->torn = true;
	return err;
}

/* What a line stands for: a folded one for many, the stream's own lines for nothing that happened.
 */
static uint64_t weight(const struct event *e)
{
	switch (e->kind) {
	case EVENT_REFUSED:
		return event_has(e, FIELD_COUNT) ? (uint64_t)event_num(e, FIELD_COUNT) : 1;
	case EVENT_LOST:
		return (uint64_t)event_num(e, FIELD_LOST);
	case EVENT_KILLED:
	case EVENT_COUNTED:
	case EVENT_ROW:
		return 1;
	default:
		return 0;
	}
}

int sink_write(struct sink *s, struct event *e, int64_t *ret_seq)
{
	size_t len;
	int err = -EMSGSIZE;

	s->seq++;
	if (!s->options.unnumbered)
		event_int(e, FIELD_SEQ, s->seq);
	s->buf[0] = '\n';
	len = s->format(&s->options, e, s->buf + 1, SINK_BUFFER);
	if (len > 0 && s->take)
		err = s->take(s->take_arg, e, s->buf + 1, len);
	else if (len > 0)
		err = s->torn ? write_whole(s, s->buf, len + 1) : write_whole(s, s->buf + 1, len);
	if (err) {
		s->lost += weight(e);
		return err;
	}
	if (ret_seq)
		*ret_seq = s->seq;
	return 0;
}

bool sink_writes(const struct sink *s)
{
	return !s->take;
}

const char *sink_path(const struct sink *s)
{
	return s->path;
}

const char *sink_stage(const struct sink *s)
{
	return s->stage;
}

uint64_t sink_lost(const struct sink *s)
{
	return s->lost;
}
