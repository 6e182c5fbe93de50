/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders_iter.h - tasks and descriptors from the kernel's own lists, by BPF
 * iterators (bpf/holders.bpf.c), where this kernel and these privileges allow it.
 *
 * Whether they do is found by doing it: the programs are loaded, the iterators
 * created and read, and what they say of this very process is compared with
 * /proc. Where anything is refused or differs, /proc is walked instead.
 */
#ifndef FAILCNT_HOLDERS_ITER_H
#define FAILCNT_HOLDERS_ITER_H

#include "../bpf/holders.h"
#include "util.h"

struct holders_iter;

#define HOLDERS_ITER_WHY 256

/* 0; or -errno, and why, as "refused at load: ...". To be freed by holders_iter_close(). */
int holders_iter_open(struct holders_iter **ret, char why[HOLDERS_ITER_WHY]);
void holders_iter_close(struct holders_iter *it);

/* Whether the descriptors of one process can be had without those of all others (from 6.1). */
bool holders_iter_one(const struct holders_iter *it);

/*
 * Every process, or what want says, to cb until it returns other than 0. Descriptors: of one
 * process, or pid 0: of all; -ENOTSUP: not of one alone. -ETIME: at deadline_ms
 * (CLOCK_MONOTONIC; 0: none) it was not through.
 */
int holders_iter_tasks(struct holders_iter *it, const struct fc_iter_want *want,
		       uint64_t deadline_ms, int (*cb)(void *arg, const struct fc_iter_task *t),
		       void *arg);
int holders_iter_fds(struct holders_iter *it, const struct fc_iter_want *want, int64_t pid,
		     uint64_t deadline_ms, int (*cb)(void *arg, const struct fc_iter_fd *f),
		     void *arg);

static inline void holders_iter_closep(struct holders_iter **it)
{
	holders_iter_close(*it);
}

#endif
