/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * info_priv.h - between the files of info.
 */
#ifndef FAILCNT_INFO_PRIV_H
#define FAILCNT_INFO_PRIV_H

#include "info.h"

void info_key(const char *key);
/* Somebody else's text: nothing in it drives the terminal. */
void info_text(const char *s, size_t n);
/* Of several lines the others stand below the first. */
void info_lines(const char *key, const char *s);
/* All of e that the head of the page does not say. */
void info_fields(const struct event *e, const struct info_options *o);

#endif
