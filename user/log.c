// SPDX-License-Identifier: GPL-2.0-only
/*
 * log.c - one message, one line, one write. Messages carry names that others
 * chose, so whatever is not printable leaves as \xNN.
 */
#include <stdarg.h>

#include "log.h"
#include "utf8.h"

#define LINE_MAX_BYTES 4096

static enum log_level level_max = LOG_INFO;

void log_set_level(enum log_level max)
{
	level_max = max;
}

enum log_level log_get_level(void)
{
	return level_max;
}

static void emit(const char *command, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
	size_t len = 0, done = 0;
	int saved = errno;
	int n;

	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		goto out;
	if ((size_t)n >= sizeof(text))
		n = (int)utf8_cut(text, sizeof(text) - 1);
	len = (size_t)snprintf(line, sizeof(line), "failcnt%s%.32s: ", *command ? " " : "",
			       command);
	len += utf8_visible(text, (size_t)n, line + len, sizeof(line) - len - 1, NULL);
	line[len++] = '\n';
	while (done < len) {
		ssize_t w = write(STDERR_FILENO, line + done, len - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			break; /* there is no other place to complain */
		done += (size_t)w;
	}
out:
	errno = saved;
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > level_max)
		return;
	va_start(ap, fmt);
	emit("", fmt, ap);
	va_end(ap);
}

void log_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(command, fmt, ap);
	va_end(ap);
}
