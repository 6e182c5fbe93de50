/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroup_id.h - the path of a cgroup from its id. Records that come whole have the path, read in
 * the kernel; what was counted there, or left in a table, has only the id.
 */
#ifndef FAILCNT_CGROUP_ID_H
#define FAILCNT_CGROUP_ID_H

#include "util.h"

struct cgroup_ids;

/* mount: where the hierarchy that the ids are of is mounted. -errno where ids tell nothing here. */
int cgroup_ids_new(struct cgroup_ids **ret, const char *mount);
void cgroup_ids_free(struct cgroup_ids *c);

/* A whole record told it; it serves when the cgroup is gone. */
void cgroup_ids_note(struct cgroup_ids *c, uint64_t id, const char *path);

/* NULL: unknown. Valid until the next call. c may be NULL. */
const char *cgroup_ids_path(struct cgroup_ids *c, uint64_t id);

#endif
