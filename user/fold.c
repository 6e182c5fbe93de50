// SPDX-License-Identifier: GPL-2.0-only
/*
 * fold.c - what of the kernel's fold table has been told already.
 */
#include "fold.h"

#include "event.h"

/* Out of memory: the entry is not kept, and its refusals are told again as a whole count later. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(e) ((e)->unhashed = true)
#include <uthash.h>

struct entry {
	struct fc_fold_key key;
	uint64_t told;
	struct fold_known known;
	bool unhashed;
	UT_hash_handle hh;
};

/* The same of the table by program. */
struct program {
	struct fc_coarse_key key;
	uint64_t told;
	bool unhashed;
	UT_hash_handle hh;
};

struct folds {
	struct entry *table;
	struct program *programs;
};

int folds_new(struct folds **ret)
{
	struct folds *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	*ret = f;
	return 0;
}

static void entry_free(struct entry *e)
{
	free(e->known.cgroup);
	free(e->known.limit_cgroup);
	free(e);
}

void folds_free(struct folds *f)
{
	struct program *p, *next_program;
	struct entry *e, *next;

	if (!f)
		return;
	HASH_ITER (hh, f->programs, p, next_program) {
		HASH_DEL(f->programs, p);
		free(p);
	}
	HASH_ITER (hh, f->table, e, next) {
		HASH_DEL(f->table, e);
		entry_free(e);
	}
	free(f);
}

static struct entry *get(struct folds *f, const struct fc_fold_key *key)
{
	struct entry *e;

	HASH_FIND(hh, f->table, key, sizeof(*key), e);
	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->key = *key;
	HASH_ADD(hh, f->table, key, sizeof(e->key), e);
	if (e->unhashed) {
		entry_free(e);
		return NULL;
	}
	return e;
}

struct fold_limit fold_limit_of(const struct fc_refused *r)
{
	struct fold_limit l = {.has = r->has & (FC_HAS_UID | FC_HAS_DEV | FC_HAS_MORE),
			       .ns = r->ns,
			       .limit_uid = r->limit_uid,
			       .dev = r->dev,
			       .ns_kind = r->ns_kind,
			       .variant = r->variant};

	if (l.has & FC_HAS_MORE)
		memcpy(l.more, r->more, sizeof(l.more));
	return l;
}

static bool same_limit(const struct fold_limit *a, const struct fold_limit *b,
		       unsigned int resource)
{
	if (a->has != b->has || a->ns != b->ns || a->ns_kind != b->ns_kind ||
	    a->variant != b->variant || (a->has & FC_HAS_UID && a->limit_uid != b->limit_uid) ||
	    (a->has & FC_HAS_DEV && a->dev != b->dev))
		return false;
	/* There it is the process that was to get the signal, whose limit it is. */
	return resource != FC_SIGPENDING || a->more[0] == b->more[0];
}

void folds_note(struct folds *f, const struct fc_refused *r, const char *cgroup)
{
	struct fc_fold_key key = {
		.start = r->who.start, .pid = r->who.pid, .resource = r->resource, .err = r->err};
	struct fold_limit limit = fold_limit_of(r);
	struct entry *e = get(f, &key);
	char path[FC_PATH + 16];

	if (!e)
		return;
	e->known.mixed |= e->known.whole && !same_limit(&e->known.limit, &limit, r->resource);
	e->known.whole = true;
	e->known.limit = limit;
	if (e->known.cgroup && e->known.cgroup_id != r->who.cgroup_id) {
		free(e->known.cgroup);
		e->known.cgroup = NULL;
	}
	if (!e->known.cgroup && cgroup && cgroup[0])
		e->known.cgroup = strdup(cgroup);
	e->known.cgroup_id = r->who.cgroup_id;
	if (!(r->has & FC_HAS_OWNER) || r->owner.cut ||
	    event_path(&r->owner, path, sizeof(path)) < 0)
		return;
	if (!e->known.limit_cgroup)
		e->known.limit_cgroup = strdup(path);
	else
		e->known.mixed |= strcmp(e->known.limit_cgroup, path) != 0;
}

uint64_t folds_new_since(struct folds *f, const struct fc_fold_key *key, const struct fc_fold *fold,
			 const struct fold_known **ret)
{
	struct entry *e;
	uint64_t n;

	if (fold->count == 0)
		return 0; /* all of it came whole: nothing to remember */
	e = get(f, key);
	if (!e || fold->count <= e->told)
		return 0;
	n = fold->count - e->told;
	e->told = fold->count;
	*ret = &e->known;
	return n;
}

uint64_t folds_new_of_program(struct folds *f, const struct fc_coarse_key *key, uint64_t count)
{
	struct program *p;
	uint64_t n;

	HASH_FIND(hh, f->programs, key, sizeof(*key), p);
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return 0;
		p->key = *key;
		HASH_ADD(hh, f->programs, key, sizeof(p->key), p);
		if (p->unhashed) {
			free(p);
			return 0;
		}
	}
	if (count <= p->told)
		return 0;
	n = count - p->told;
	p->told = count;
	return n;
}

void folds_forget(struct folds *f, const struct fc_fold_key *key)
{
	struct entry *e;

	HASH_FIND(hh, f->table, key, sizeof(*key), e);
	if (!e)
		return;
	HASH_DEL(f->table, e);
	entry_free(e);
}

size_t folds_count(const struct folds *f)
{
	return HASH_COUNT(f->table);
}
