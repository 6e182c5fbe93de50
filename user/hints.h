/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hints.h - what /proc tells of limits that hooks compare with, for kernels that hide their
 * variables (no CONFIG_KALLSYMS_ALL). Elsewhere nobody looks at it.
 */
#ifndef FAILCNT_HINTS_H
#define FAILCNT_HINTS_H

#include "../bpf/event.h"
#include "util.h"

/* root: a directory that has proc and sys; what cannot be read stays 0. Pages, of page_size. */
void hints_memory(int root, uint64_t page_size, struct fc_memory_hints *ret);

#endif
