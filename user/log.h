/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log.h - everything that is not data goes to stderr through here.
 */
#ifndef FAILCNT_LOG_H
#define FAILCNT_LOG_H

#include "util.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level max); /* default LOG_INFO; -q LOG_ERROR, -v LOG_DEBUG */
enum log_level log_get_level(void);
/* "failcnt: TEXT\n" in one write. */
void log_print(enum log_level level, const char *fmt, ...) _printf_(2, 3);
/* "failcnt COMMAND: TEXT\n", whatever the level: an error of the command line. */
void log_usage(const char *command, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

#endif
