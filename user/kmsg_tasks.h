/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmsg_tasks.h - the kernel log's table of tasks (dump_tasks() of mm/oom_kill.c): who could be
 * killed, with what the points are made of. Printed before the kill where vm.oom_dump_tasks is 1
 * and not too many kills came before. Pure.
 */
#ifndef FAILCNT_KMSG_TASKS_H
#define FAILCNT_KMSG_TASKS_H

#include "../bpf/event.h"
#include "field.h"
#include "util.h"

#define KMSG_TASKS 64

struct kmsg_task {
	int pid, score_adj;
	uint64_t pages;     /* resident and in swap */
	uint64_t pgtables;  /* bytes */
	char comm[FC_COMM]; /* as the log has it: not unescaped */
};

struct kmsg_tasks {
	bool open;                      /* a table has begun */
	bool wide;                      /* with rss_anon, rss_file, rss_shmem (from 6.8) */
	unsigned int n, total;          /* kept; in the table */
	unsigned int exempt;            /* of total: oom_score_adj -1000 */
	unsigned int of;                /* number of the victim that it was printed for; 0: none */
	uint64_t lost;                  /* what the reader had missed when the table began */
	struct kmsg_task t[KMSG_TASKS]; /* the largest */
};

/* Takes a line if it belongs to a table. lost: records missed until now. */
bool kmsg_tasks_line(struct kmsg_tasks *t, const char *text, size_t n, uint64_t lost);

/* The table is over: it was printed for victim number of. */
void kmsg_tasks_for(struct kmsg_tasks *t, unsigned int of, uint64_t lost);

/*
 * Sets CANDIDATES and EXEMPTED of e from the table. total_pages: what oom_score_adj is thousandths
 * of; 0: unknown, then only a table without any oom_score_adj tells the order. False: nothing set.
 */
bool kmsg_tasks_ballot(const struct kmsg_tasks *t, struct event *e, uint64_t total_pages,
		       uint64_t page_size);

#endif
