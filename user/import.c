// SPDX-License-Identifier: GPL-2.0-only
/*
 * import.c - reads a log in blocks and looks at each line once. Only lines that
 * hold one of the phrases, or stand in the middle of a report, are taken apart.
 */
#include "import.h"

#include <ctype.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "catalogue.h"
#include "import_priv.h"
#include "import_scan.h"

#define BLOCK ((size_t)1 << 20)
#define LOOK 65536 /* what tells whether it is text */

struct event *import_begin(struct import *im, enum event_kind kind, const struct import_msg *m)
{
	const struct import_stamp *at = &m->prefix.at;
	struct event *e = &im->event;

	import_flush(im);
	event_init(e, kind);
	if (at->has_uptime)
		event_u64(e, FIELD_UPTIME_US, at->uptime);
	if (at->has_time)
		event_int(e, FIELD_TIME, at->time);
	else if (at->has_uptime && im->has_boot)
		event_int(e, FIELD_TIME, (int64_t)((uint64_t)im->boot + at->uptime * 1000));
	event_str(e, FIELD_HOST, m->prefix.host);
	if (kind != EVENT_LOST)
		event_static(e, FIELD_BACKEND, "import");
	return e;
}

void import_emit(struct import *im)
{
	im->held = false;
	im->on_event(im->arg, &im->event);
}

void import_hold(struct import *im)
{
	im->held = true;
	im->held_line = im->stats.lines;
}

void import_flush(struct import *im)
{
	if (im->held)
		import_emit(im);
}

void import_resource(struct event *e, unsigned int resource)
{
	const struct resource *r = catalogue_get(resource);

	if (!r)
		return;
	event_static(e, FIELD_RESOURCE, r->id);
	event_static(e, FIELD_LIMIT_NAME, r->limit_name);
	event_static(e, FIELD_MEASURE, r->measure);
}

/* Copies a line without colours (ECMA-48), carriage returns and the holes that a crash leaves. */
static void clean(char *to, size_t size, const char *s, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n && len + 1 < size; i++) {
		if (s[i] == '\033' && i + 1 < n && s[i + 1] == '[') {
			for (i += 2; i < n && (s[i] < '@' || s[i] > '~'); i++)
				;
			continue;
		}
		if (s[i] && s[i] != '\r')
			to[len++] = s[i];
	}
	while (len > 0 && (to[len - 1] == ' ' || to[len - 1] == '\t'))
		len--;
	to[len] = '\0';
	/* quoted-printable, RFC 2045: what mails make of '=' */
	if (strstr(to, "order=3D") || strstr(to, "mask=3D") || strstr(to, "constraint=3D"))
		for (char *at = strstr(to, "=3D"); at; at = strstr(at + 1, "=3D"))
			memmove(at + 1, at + 3, strlen(at + 3) + 1);
}

/*
 * Where a second message begins in a line that has lost its end: "...uid=1000[30930.543901] Out",
 * or whose end became a blank, after another such stamp and a text.
 */
static char *glued(char *s)
{
	static const char between[] = " \t>]`|";
	char *first = NULL; /* what follows the first stamp */

	for (char *at = strchr(s, '['); at; at = strchr(at + 1, '[')) {
		size_t whole = strspn(at + 1, " 0123456789");

		if (at[1 + whole] != '.' || strspn(at + 2 + whole, "0123456789") != 6 ||
		    at[8 + whole] != ']')
			continue;
		if ((at > s && !strchr(between, at[-1])) ||
		    (first && first + strspn(first, between) < at))
			return at;
		first = at + 9 + whole;
	}
	return NULL;
}

/* A line without its colours: one message, or several that are glued together. */
static void take_line(struct import *im, char *line)
{
	while (line) {
		char *next = glued(line), *end = next ? next : line + strlen(line), kept;
		struct scan_hit hit;

		if (end - line >= IMPORT_LINE_MAX)
			end = line + IMPORT_LINE_MAX - 1;
		while (next && end > line && end[-1] == ' ')
			end--;
		kept = *end;
		*end = '\0';
		hit = scan_line(line, (size_t)(end - line));
		import_text(im, line, hit.kind == SCAN_NONE ? SIZE_MAX : hit.at);
		*end = kept;
		line = next;
	}
}

void import_line(struct import *im, const char *s, size_t n)
{
	struct scan_hit hit = scan_line(s, n);
	_cleanup_free_ char *whole = NULL;
	char line[IMPORT_LINE_MAX];

	im->stats.lines++;
	if (hit.kind == SCAN_NONE && !im->pending.is && !im->record.is && !import_oom_reading(im))
		return;
	clean(line, sizeof(line), s, n);
	if (hit.kind != SCAN_NONE || im->is_records) {
		bool record = import_record_line(im, line);

		if (record || hit.kind != SCAN_NONE)
			im->is_records = record;
		if (record)
			return;
	}
	whole = n >= sizeof(line) ? malloc(n + 1) : NULL; /* many messages */
	if (whole)
		clean(whole, n + 1, s, n);
	take_line(im, whole ? whole : line);
}

void import_end(struct import *im)
{
	import_pending_flush(im);
	if (im->oom.active)
		import_oom_end(im);
	import_flush(im);
}

int import_init(struct import *im, const struct import_options *o,
		void (*on_event)(void *arg, struct event *e), void *arg)
{
	int err = scan_init();

	if (err < 0)
		return err;
	memset(im, 0, sizeof(*im));
	im->o = *o;
	im->on_event = on_event;
	im->arg = arg;
	im->has_boot = o->has_boot;
	im->boot = o->boot_ns;
	im->now = o->now_ns;
	return 0;
}

void import_done(struct import *im)
{
	import_tasks_free(&im->oom.tasks);
}

/* Text has few control characters. Zeros alone are no sign: a crash leaves holes of them. */
static bool is_text(const unsigned char *s, size_t n)
{
	size_t odd = 0, zero = 0;

	if (n >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0))
		return false;
	for (size_t i = 0; i < n; i++) {
		zero += s[i] == 0;
		odd += s[i] && s[i] < ' ' && !strchr("\t\n\r\033\f\b", s[i]);
	}
	return odd <= (n - zero) / 20;
}

/* What makes text of a file that begins so; NULL: nothing that is known here. */
static const char *converter(const char *s, size_t n)
{
	static const struct {
		const char *magic, *command;
	} rows[] = {
		{"\xfd"
		 "7zXZ",
		 "xz -dc"},
		{"BZh", "bzip2 -dc"},
		{"\x28\xb5\x2f\xfd", "zstd -dc"},
		{"\x04\x22\x4d\x18", "lz4 -dc"},
		{"PK\x03\x04", "unzip -p"},
		{"LPKSHHRH", "journalctl -k --file"}, /* systemd's JOURNAL_FILE_FORMAT.md */
		{"\xff\xfe", "iconv -f UTF-16 -t UTF-8"},
		{"\xfe\xff", "iconv -f UTF-16 -t UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (n >= strlen(rows[i].magic) &&
		    memcmp(s, rows[i].magic, strlen(rows[i].magic)) == 0)
			return rows[i].command;
	return NULL;
}

struct reader {
	gzFile gz;
	char *buf; /* BLOCK bytes */
	size_t have;
	bool skip; /* the rest of a line that is too long */
	bool looked;
};

/* The lines that are whole; what is left stands at the beginning of buf then. */
static void take_lines(struct import *im, struct reader *r, bool last)
{
	char *at = r->buf, *end = r->buf + r->have, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (!r->skip)
			import_line(im, at, (size_t)(newline - at));
		r->skip = false;
		at = newline + 1;
	}
	if (at == r->buf && r->have == BLOCK && !r->skip) {
		import_line(im, at, BLOCK);
		im->stats.too_long++;
		r->skip = true;
	}
	if (r->skip)
		at = end;
	if (last && at < end)
		import_line(im, at, (size_t)(end - at));
	r->have = last ? 0 : (size_t)(end - at);
	memmove(r->buf, at, r->have);
}

static int read_all(struct import *im, struct reader *r)
{
	int n;

	do {
		n = gzread(r->gz, r->buf + r->have, (unsigned int)(BLOCK - r->have));
		if (n < 0) {
			int code;

			gzerror(r->gz, &code);
			if (code == Z_ERRNO)
				return errno ? -errno : -EIO;
			if (code == Z_MEM_ERROR)
				return -ENOMEM;
			im->stats.ends_early = true;
			break;
		}
		im->stats.bytes += (uint64_t)n;
		r->have += (size_t)n;
		if (!r->looked && r->have > 0) {
			im->stats.converter = converter(r->buf, r->have);
			if (im->stats.converter ||
			    !is_text((unsigned char *)r->buf, r->have < LOOK ? r->have : LOOK))
				return -EILSEQ;
			r->looked = true;
		}
		take_lines(im, r, false);
	} while (n > 0);
	take_lines(im, r, true);
	if (im->stats.bytes == 0)
		return im->stats.ends_early ? -EILSEQ : -ENODATA;
	return 0;
}

/* A log is as old as its file. */
static int64_t reference_time(const struct stat *st)
{
	struct timespec now;

	if (S_ISREG(st->st_mode))
		return (int64_t)st->st_mtim.tv_sec * 1000000000;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000;
}

int import_read(int fd, const struct import_options *o,
		void (*on_event)(void *arg, struct event *e), void *arg)
{
	_cleanup_free_ struct import *im = malloc(sizeof(*im));
	_cleanup_free_ char *buf = malloc(BLOCK);
	_cleanup_close_ int copy = -1;
	struct reader r = {.buf = buf};
	struct stat st;
	int err;

	if (!im || !buf)
		return -ENOMEM;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	err = import_init(im, o, on_event, arg);
	if (err < 0)
		return err;
	if (!im->now)
		im->now = reference_time(&st);
	copy = dup(fd);
	r.gz = copy < 0 ? NULL : gzdopen(copy, "rb");
	if (!r.gz)
		return errno ? -errno : -ENOMEM;
	util_take_fd(&copy);
	gzbuffer(r.gz, 1 << 18);
	err = read_all(im, &r);
	if (err == 0)
		import_end(im);
	if (gzclose(r.gz) == Z_BUF_ERROR)
		im->stats.ends_early = true;
	import_done(im);
	if (o->stats)
		*o->stats = im->stats;
	return err;
}
