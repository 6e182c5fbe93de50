/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_read.h - a JSON line of the contract becomes the event that it was
 * written from. Pure: no allocation, and no byte of the line is trusted.
 *
 * Keys that this version does not know are passed over, so that what a newer
 * one wrote can be read as far as it goes.
 */
#ifndef FAILCNT_JSON_READ_H
#define FAILCNT_JSON_READ_H

#include "field.h"

/* A line longer than this is nobody's: twice what json.h writes. */
#define JSON_READ_MAX 16384

/*
 * Reads the n bytes of line (a newline at its end is fine) into e, which is initialised here.
 * -EBADMSG: no JSON object, or a known key has another type; -EPROTO: another schema; -ENOMSG: a
 * kind of event that this version does not know. e is then not to be used.
 */
int json_read_event(struct event *e, const char *line, size_t n);

#endif
