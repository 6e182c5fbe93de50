/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FAILCNT_TYPES_H
#define FAILCNT_TYPES_H

#include <bpf/btf.h>
#include <stddef.h>

/*
 * *ret has the types of from[0], the kernel, that are called as one of ours; and of the modules
 * that come after it, which are split from it, what the kernel itself does not have. 0 or -errno.
 */
int types_pick(struct btf **ret, const struct btf *ours, struct btf *const *from, size_t n);

#endif
