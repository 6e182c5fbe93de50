/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fold.h - what of the kernel's fold table has been told already. The kernel
 * only counts up; the difference to what was told is the next record, so no
 * reading can lose or double a refusal.
 */
#ifndef FAILCNT_FOLD_H
#define FAILCNT_FOLD_H

#include "../bpf/event.h"
#include "util.h"

struct folds;

int folds_new(struct folds **ret);
void folds_free(struct folds *f);

/* Whose limit it is, where it is set, and what the remedy needs: as in struct fc_refused. */
struct fold_limit {
	uint64_t more[FC_MORE];
	uint32_t has; /* FC_HAS_UID, _DEV, _MORE */
	uint32_t ns, limit_uid, dev;
	uint8_t ns_kind, variant;
};

struct fold_limit fold_limit_of(const struct fc_refused *r);

/* What a record that came whole told; it serves the folded ones that follow. */
struct fold_known {
	char *cgroup, *limit_cgroup; /* owned by the table; NULL: unknown */
	uint64_t cgroup_id;          /* of cgroup: it may be in another by now */
	bool whole;                  /* there was one, and limit is of the latest */
	bool mixed;                  /* they did not agree whose limit it is */
	struct fold_limit limit;
};

void folds_note(struct folds *f, const struct fc_refused *r, const char *cgroup);

/*
 * The kernel's entry stands at fold->count: returns how many are new since the
 * last call for this key, and *ret, valid until the next call; untouched for 0.
 */
uint64_t folds_new_since(struct folds *f, const struct fc_fold_key *key, const struct fc_fold *fold,
			 const struct fold_known **ret);

/* The same for an entry of the table by program. */
uint64_t folds_new_of_program(struct folds *f, const struct fc_coarse_key *key, uint64_t count);

/* The process is gone and its entry taken out of the kernel's table. */
void folds_forget(struct folds *f, const struct fc_fold_key *key);

/* ---- fold_gone.c ---- */

struct fold_gone_look {
	uint64_t now;   /* CLOCK_BOOTTIME ns */
	uint32_t sweep; /* counts up */
	bool crowded;   /* a shell that starts thousands of programs a second fills the table */
	bool sees_all;  /* fold_sees_all() */
};

/* Are we in the first pid namespace? */
bool fold_sees_all(void);
/* May key's entry, which counted last then (ns), be taken out? */
bool fold_gone(const struct fc_fold_key *key, const struct fold_gone_look *look, uint64_t last);

size_t folds_count(const struct folds *f);

#endif
