/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom_rank_priv.h - between oom_rank.c, which ranks processes, and
 * oom_domain.c, which knows what would run out and who goes with whom.
 */
#ifndef FAILCNT_OOM_RANK_PRIV_H
#define FAILCNT_OOM_RANK_PRIV_H

#include "oom_rank.h"

/* asked, domain, v1, total_pages and the switches. Errors as oom_rank_read(). */
int oom_rank_domain(struct oom_rank *r, struct counters *c, const char *owner);

/* group, once the first is known. */
void oom_rank_group(struct oom_rank *r, struct counters *c);

#endif
