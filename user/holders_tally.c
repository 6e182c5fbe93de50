// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_tally.c - counts by text, as many texts as fit.
 */
#include "holders_priv.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct tally_node {
	UT_hash_handle hh;
	struct tally_entry e;
	char key[];
};

struct tally {
	struct tally_node *nodes;
	uint64_t other;
};

int tally_new(struct tally **ret)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*ret = t;
	return 0;
}

void tally_free(struct tally *t)
{
	struct tally_node *n, *next;

	if (!t)
		return;
	HASH_ITER (hh, t->nodes, n, next) {
		HASH_DEL(t->nodes, n);
		free(n);
	}
	free(t);
}

static struct tally_node *add_node(struct tally *t, const char *key)
{
	size_t len = strlen(key);
	struct tally_node *n = calloc(1, sizeof(*n) + len + 1);

	if (!n)
		return NULL;
	memcpy(n->key, key, len + 1);
	n->e.key = n->key;
	HASH_ADD_KEYPTR(hh, t->nodes, n->key, len, n);
	if (!n->hh.tbl) { /* no memory: uthash has not taken it */
		free(n);
		return NULL;
	}
	return n;
}

struct tally_entry *tally_add(struct tally *t, const char *key, uint64_t n, uint64_t amount)
{
	struct tally_node *node = NULL;

	HASH_FIND_STR(t->nodes, key, node);
	if (!node && HASH_COUNT(t->nodes) < TALLY_MAX)
		node = add_node(t, key);
	if (!node) {
		t->other += n;
		return NULL;
	}
	node->e.n += n;
	node->e.amount += amount;
	return &node->e;
}

uint64_t tally_other(const struct tally *t)
{
	return t->other;
}

size_t tally_size(const struct tally *t)
{
	return HASH_COUNT(t->nodes);
}

const struct tally_entry *tally_top(const struct tally *t, bool by_amount)
{
	const struct tally_entry *top = NULL;

	for (const struct tally_node *n = t->nodes; n; n = n->hh.next)
		if (!top || (by_amount ? n->e.amount > top->amount : n->e.n > top->n))
			top = &n->e;
	return top;
}

void tally_each(const struct tally *t, void (*cb)(void *arg, const struct tally_entry *e),
		void *arg)
{
	for (const struct tally_node *n = t->nodes; n; n = n->hh.next)
		cb(arg, &n->e);
}
