/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * catalogue.h - the words of the catalogue: bpf/resources.def expanded.
 */
#ifndef FAILCNT_CATALOGUE_H
#define FAILCNT_CATALOGUE_H

#include "../bpf/event.h"
#include "field.h"
#include "util.h"

struct resource {
	const char *id, *limit_name, *measure;
	const char *own; /* names of counter rows, separated by blanks */
	const char *related;
};

/* NULL for FC_RESOURCE_NONE and for what is out of range. */
const struct resource *catalogue_get(unsigned int resource);
/* The limit's name and measure; variant 0: the resource's own. False: no such pair. */
bool catalogue_variant(unsigned int resource, unsigned int variant, const char **ret_limit_name,
		       const char **ret_measure);
/* FC_RESOURCE_NONE: no such id. */
unsigned int catalogue_by_id(const char *id);
/* How a counter row named row stands to this resource. */
enum relation catalogue_relation(unsigned int resource, const char *row);
/* "EMFILE" of 24; NULL for what has no name. */
const char *catalogue_errno(int err);
int catalogue_errno_by_name(const char *name); /* 0: no such name */
/* "openat" of 257, of this architecture (compat: of its 32-bit calls); NULL unknown. */
const char *catalogue_syscall(int nr, bool compat);

#endif
