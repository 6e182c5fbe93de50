/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - writes one event as one JSON line into a buffer. Pure: no I/O, no
 * allocation. Strings become valid UTF-8 whatever their bytes: control
 * characters as \u00XX, each invalid byte as a readable \xNN (see json.c).
 */
#ifndef FAILCNT_JSON_H
#define FAILCNT_JSON_H

#include "field.h"

/* Lines never exceed this, with the newline: rsyslog cuts at 8 KiB. */
#define JSON_LINE_MAX 7680

/*
 * Writes e and a newline into buf; returns the number of bytes, at most
 * JSON_LINE_MAX. Where the event is larger, its longest texts are cut and
 * arrays shortened, and the keys named in `truncated`. size >= JSON_LINE_MAX; where it is less
 * and the line does not fit, 0.
 */
size_t json_event(const struct event *e, char *buf, size_t size);

#endif
