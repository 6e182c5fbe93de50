/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * publish_priv.h - between publish.c, which counts, and publish_file.c, which
 * knows whose file is whose.
 */
#ifndef FAILCNT_PUBLISH_PRIV_H
#define FAILCNT_PUBLISH_PRIV_H

#define PUBLISH_UNSEEN 192
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(e) ((e)->unhashed = true)
#include <uthash.h>

#include "publish.h"

enum kind { KIND_OWNER, KIND_PID };

struct entry {
	enum kind kind;
	unsigned int resource;
	uint64_t n;
	int64_t pid;    /* KIND_PID */
	uint64_t start; /* ticks since boot */
	bool unhashed;
	UT_hash_handle hh;
	char key[]; /* "RESOURCE OWNER": id and escaped name */
};

struct publish {
	int dir;
	char name[48];
	char head[256 + PUBLISH_UNSEEN];
	uint64_t host[FC_RESOURCES];
	struct entry *entries;
	size_t n_owners, n_pids;
	uint64_t lost, unattributed, unattributed_pids;
	uint64_t left_out_at; /* ticks since boot: when a process last found no room */
	uint64_t written_at;  /* ms */
	bool changed;
};

/* When the process of that number started; the number alone may be another's by now. */
int publish_start_of(int64_t pid, uint64_t *ret);

/* The directory below root, made where it is not; a descriptor or -errno. */
int publish_open_dir(const char *root);

/* The file's name and its first lines; removes files of runs that are gone. */
/* unseen: lines, each ended. */
int publish_name(struct publish *p, bool complete, const char *unseen);

#endif
