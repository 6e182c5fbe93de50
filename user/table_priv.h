/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table_priv.h - what the table_*.c files share: columns as text.
 */
#ifndef FAILCNT_TABLE_PRIV_H
#define FAILCNT_TABLE_PRIV_H

#include "table.h"

/* The kernel wrote "%10s  %-12s %20lu %20lu %20lu %20lu %20lu". */
#define TABLE_UID_WIDTH 10
#define TABLE_NAME_WIDTH 12
#define TABLE_VALUE_WIDTH 20

/* A name made visible, with suffix behind it; the caller's. NULL: no memory. */
char *table_visible(const char *name, const char *suffix);

/* One member of a row: "-" unknown, "unlimited", or its digits in buf (24 bytes). */
const char *table_value(const struct counter_row *r, enum counter_have what, uint64_t v, char *buf);

/* 0, or the error that out has. */
int table_written(FILE *out);

#endif
