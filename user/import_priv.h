/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * import_priv.h - between the parts of import: import.c reads lines,
 * import_record.c takes them out of JSON, import_join.c puts wrapped ones
 * together, and the rest make events of them, one file for each sort.
 */
#ifndef FAILCNT_IMPORT_PRIV_H
#define FAILCNT_IMPORT_PRIV_H

#include "import.h"
#include "import_prefix.h"
#include "kmsg.h"

#define IMPORT_LINE_MAX 16384 /* what of one line is looked at; journal records are this long */
#define IMPORT_TEXT_MAX 4096  /* of one message */

#define IMPORT_RECENT 64

/* One message, its prefix taken off. */
struct import_msg {
	const char *text; /* ends with NUL */
	struct import_prefix prefix;
	unsigned int repeats; /* "message repeated N times"; else 1 */
};

/* "memory: usage 1kB, limit 2kB, failcnt 3", in bytes; limit UINT64_MAX: none */
struct import_usage {
	bool has;
	uint64_t usage, limit, failcnt;
};

/* A row of the table of tasks. Pages, but pgtables: bytes. */
struct import_task {
	int64_t pid, rss, swap, pgtables, adj;
	uint32_t uid;
	bool has_adj;
	char comm[FC_COMM];
};

#define IMPORT_TASKS_MAX 65536 /* what is above is counted, and not ranked */

struct import_tasks {
	unsigned char column[16]; /* enum import_column, in the order of the heading */
	unsigned int columns;     /* 0: no table */
	struct import_task *row;
	size_t n, room;
	size_t total, exempt; /* rows of those that may be killed, and of those that may not */
};

/* The host's memory as show_mem() prints it, in pages; swap in KiB. Sums are 0 where unknown. */
struct import_memory {
	bool has;
	int64_t anon, file, shmem, free, slab, slab_unreclaimable, pagetables;
	int64_t ram, reserved;
	bool has_swap;
	int64_t swap_free_kib, swap_total_kib;
	bool other_nodes; /* a node other than 0 was printed */
};

/* What a control group's memory is made of, bytes; -1 unknown. */
struct import_memcg {
	bool reading; /* lines of statistics may follow */
	int64_t anon, file, shmem, kernel, sock, slab, swap;
};

/* One report of the OOM killer, as far as it was read. */
struct import_oom {
	bool active; /* something of it was read */
	bool spent;  /* its victim was told: what follows belongs to a group kill or to the next */
	struct kmsg kmsg;
	struct import_prefix first; /* of its first line */
	uint64_t first_line, last_line;
	char begins[96]; /* its first line, for the person who looks for it */
	int64_t asker_pid;
	char task_cgroup[KMSG_PATH], limit_cgroup[KMSG_PATH];
	struct import_usage memory, memsw, swap;
	bool is_v1;
	bool has_chosen;
	struct kmsg_line chosen;
	struct import_prefix chosen_at;
	char part[KMSG_TEXT]; /* "oom-kill:" whose end is on other lines */
	struct import_memory host;
	struct import_memcg memcg;
	struct import_tasks tasks;
};

/* A message whose end may stand on the next line. */
struct import_pending {
	bool is;
	unsigned int guessed;
	struct import_msg msg;
	char text[IMPORT_TEXT_MAX];
};

/* A record of several lines: what is known of it so far. */
struct import_record {
	bool is; /* it has a message */
	struct import_stamp at;
	enum import_origin origin;
	char host[64], ident[32];
	char text[IMPORT_TEXT_MAX];
};

struct import {
	struct import_options o;
	struct import_stats stats;
	void (*on_event)(void *arg, struct event *e);
	void *arg;
	int64_t now; /* for dates without a year */
	bool has_boot;
	int64_t boot;
	struct import_pending pending;
	struct import_record record;
	bool is_records;           /* the lines are such records, those without a phrase too */
	struct import_prefix lone; /* a stamp whose text is on the next line */
	uint64_t lone_line;
	struct import_oom oom;
	struct event event; /* being made, or held back for what belongs to it still */
	bool held;
	uint64_t held_line;
	uint64_t refused_line; /* the latest refusal; 0 none */
	uint64_t hung_line;    /* the latest "blocked for more than": its line, 0 none */
	struct import_stamp hung_at;
	unsigned int hung;
	/* Victims of late: a group's first one is printed twice, and so is what is pasted twice. */
	struct import_recent {
		int64_t pid;
		struct import_stamp at;
		uint64_t line;
	} recent[IMPORT_RECENT];
	unsigned int n_recent;
	/* a death is told by the kernel and by the auditor or the dumper: once is enough */
	int64_t last_fault_pid;
	uint64_t last_fault_line;
};

/* import.c: what reading a file does, for a line at a time. s: n bytes, without the newline. */
void import_line(struct import *im, const char *s, size_t n);
/* The end of the text. */
void import_end(struct import *im);
int import_init(struct import *im, const struct import_options *o,
		void (*on_event)(void *arg, struct event *e), void *arg);
void import_done(struct import *im);

/* import_record.c: is s (of JSON, or of a journal export) part of a record? Then nobody else may
 * take it. */
bool import_record_line(struct import *im, const char *s);

/* import_join.c: takes a message; it is read when the next line shows that it was whole. at: where
 * in s a phrase begins; SIZE_MAX none. */
void import_text(struct import *im, const char *s, size_t at);
void import_message(struct import *im, const struct import_msg *m); /* a whole one, now */
void import_pending_flush(struct import *im);

/* Makes im->event of that kind with time, host and backend, after what was held has gone out. */
struct event *import_begin(struct import *im, enum event_kind kind, const struct import_msg *m);
/* It goes out now. */
void import_emit(struct import *im);
/* It waits for a line that belongs to it. */
void import_hold(struct import *im);
void import_flush(struct import *im);
void import_resource(struct event *e, unsigned int resource);

/* Each says whether the message was its own. */
bool import_oom_line(struct import *im, const struct import_msg *m);
bool import_lines_line(struct import *im, const struct import_msg *m);
bool import_fault_line(struct import *im, const struct import_msg *m);
bool import_daemon_line(struct import *im, const struct import_msg *m);

void import_oom_start(struct import *im, const struct import_msg *m); /* a new report begins */
void import_oom_end(struct import *im);     /* of the text, or of what belongs together */
bool import_oom_reading(struct import *im); /* any line may belong to it */

/* import_oom_event.c: the event of one killed process */
void import_oom_killed(struct import *im, const struct kmsg_victim *v, const struct import_msg *m,
		       bool seen);

/* import_tasks.c */
bool import_tasks_heading(struct import_tasks *t, const char *s);
unsigned int import_tasks_columns(const char *s); /* known ones of a heading; 0: it is none */
bool import_tasks_row(struct import_tasks *t, const char *s);
bool import_tasks_is_row(const struct import_tasks *t, const char *s);
const struct import_task *import_tasks_find(const struct import_tasks *t, int64_t pid);
bool import_tasks_have_swap(const struct import_tasks *t);
bool import_tasks_have_adj(const struct import_tasks *t); /* oom_score_adj, and not oom_adj */
void import_tasks_free(struct import_tasks *t);
/* Sets CANDIDATES. total: pages of what was full, 0 unknown; page: bytes */
void import_tasks_rank(const struct import_tasks *t, struct event *e, int64_t total, int64_t page);

/* import_memory.c */
bool import_usage_line(struct import_oom *oom, const char *s);
bool import_memory_line(struct import_memory *m, const char *s);
bool import_memcg_line(struct import_memcg *m, const char *s);

/* A number behind key, or -1. */
int64_t import_number(const char *s, const char *key);

#endif
