/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom_rank.h - whom the OOM killer would take next, by the kernel's own rule.
 *
 * oom_badness() in mm/oom_kill.c: points are the pages of a process (resident,
 * in swap, its page tables) and oom_score_adj thousandths of the size of what
 * ran out; the highest goes. /proc/PID/oom_score is that for the host, on a
 * scale of 0 to 2000 (proc_oom_score() in fs/proc/base.c); for a cgroup, whose
 * size is its limit, no file tells it.
 */
#ifndef FAILCNT_OOM_RANK_H
#define FAILCNT_OOM_RANK_H

#include "counter.h"

struct oom_candidate {
	uint64_t pid;
	char comm[16];
	char *cgroup;               /* of its memory; NULL unknown */
	uint64_t rss, swap, tables; /* bytes */
	int64_t adj;                /* oom_score_adj */
	int64_t points;             /* pages; INT64_MIN where exempt */
	uint64_t score;             /* /proc/PID/oom_score, if has_score */
	bool has_score, exempt;
};

struct oom_rank {
	struct oom_candidate *c; /* who would go first stands first, the exempt last */
	size_t n, cap;
	uint64_t page_size, total_pages; /* of what would run out */
	uint64_t most;                   /* bytes: what the largest of those not exempt holds */
	char *asked;                     /* the cgroup that was asked for; NULL: the host */
	char *domain; /* the cgroup whose limit would be met; NULL: the host's memory */
	char *group;  /* memory.oom.group: this cgroup goes whole with the first; NULL: none */
	bool v1;
	bool kill_disabled;   /* v1 oom_control: its processes would hang, none would be killed */
	bool kill_allocating; /* vm.oom_kill_allocating_task: whoever asks dies, not the first */
	int panic_on_oom;     /* vm.panic_on_oom; -1 unknown */
};

/*
 * owner: NULL or "host", or "cgroup:PATH" for the processes of PATH and below,
 * measured against the limit of PATH, or of the nearest above that has one.
 * -EINVAL: another owner. -ENOENT: no such cgroup, or no memory controller.
 * r is freed with oom_rank_free() after success.
 */
int oom_rank_read(struct oom_rank *r, struct counters *c, const char *owner);
void oom_rank_free(struct oom_rank *r);

/* Candidates that are not exempt. */
size_t oom_rank_eligible(const struct oom_rank *r);

/* Why candidate i stands where it does, in words. */
void oom_rank_why(const struct oom_rank *r, size_t i, char *buf, size_t size);

/* Would the kernel panic, and kill nobody? */
bool oom_rank_panics(const struct oom_rank *r);

#endif
