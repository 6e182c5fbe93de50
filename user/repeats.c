// SPDX-License-Identifier: GPL-2.0-only
/*
 * repeats.c - reads what one program on each processor writes at the same time.
 */
#include "repeats.h"

#include <time.h>

#define TRIES 20
#define TRY_NS 1000000

/* False: it is on its way from one key to the next. */
static bool read_one(const struct fc_repeat *r, struct fc_repeat *ret)
{
	uint32_t turn = __atomic_load_n(&r->turn, __ATOMIC_ACQUIRE);

	if (turn & 1)
		return false;
	*ret = *(const volatile struct fc_repeat *)r;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&r->turn, __ATOMIC_RELAXED) == turn;
}

void repeats_read(struct repeats *r)
{
	const struct timespec a_moment = {.tv_nsec = TRY_NS};
	int tries = 0;

	r->n = 0;
	r->moving = false;
	for (uint32_t i = 0; i < r->size; i++) {
		bool whole;

		while (!(whole = read_one(&r->kernel[i], &r->read[r->n])) && tries++ < TRIES)
			nanosleep(&a_moment, NULL);
		if (!whole)
			r->moving = true;
		else if (r->read[r->n].key.pid)
			r->n++;
	}
}

static bool same(const struct fc_fold_key *a, const struct fc_fold_key *b)
{
	return a->start == b->start && a->pid == b->pid && a->resource == b->resource &&
	       a->err == b->err;
}

void repeats_add(const struct repeats *r, const struct fc_fold_key *key, struct fc_fold *fold)
{
	for (uint32_t i = 0; i < r->n; i++) {
		const struct fc_repeat *one = &r->read[i];

		if (!one->count || !same(&one->key, key))
			continue;
		fold->count += one->count;
		if (fold->last < one->last)
			fold->last = one->last;
	}
}

bool repeats_hold(const struct repeats *r, const struct fc_fold_key *key)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (same(&r->read[i].key, key))
			return true;
	return r->moving;
}
