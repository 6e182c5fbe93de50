/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * look.h - what the commands that look back have in common: which recording,
 * and which part of it.
 */
#ifndef FAILCNT_LOOK_H
#define FAILCNT_LOOK_H

#include "store.h"

/*
 * The recording that o names: a store, or JSON lines (of watch, list or info) in a file or, as "-",
 * on standard input; or a kernel log (--from). -errno after one sentence.
 */
int look_open(struct store **ret, const struct options *o);

/* Checks what look_open() is to open, the times and matches of o. -EINVAL after one sentence for
 * command. */
int look_query(struct store_query *q, const struct options *o, const char *command);

/* Says what of it could not be read, if anything. */
void look_damage(const struct store *s);

/* Who it happened to: "nginx[812]", "nginx (12 processes)", "cgroup:/a.slice". */
void look_who(const struct incident *i, char *buf, size_t size);

/* "killed", "refused" or "counted": the gravest that it was; *ret_n how often. */
const char *look_what(const struct incident *i, uint64_t *ret_n);

#endif
