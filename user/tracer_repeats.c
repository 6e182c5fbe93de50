// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_repeats.c - what programs counted under a verdict that still holds (bpf/fold.bpf.h), which
 * is not in the fold table yet.
 *
 * The kernel moves such a count into the table when another process is refused on that processor:
 * it is taken away here first, and then added there. So who reads the table first and this second
 * never counts anything twice; what was on its way he finds the next time.
 */
#include "tracer_priv.h"

#include <sys/mman.h>
#include <time.h>

#define TRIES 20
#define TRY_NS 1000000

static size_t size_of(const struct tracer *t)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (t->nrepeats * sizeof(*t->repeats) + page - 1) / page * page;
}

int tracer_repeats_open(struct tracer *t)
{
	void *at;

	t->nrepeats = bpf_map__max_entries(t->skel->maps.repeats);
	t->read = calloc(t->nrepeats, sizeof(*t->read));
	if (!t->read)
		return -ENOMEM;
	at = mmap(NULL, size_of(t), PROT_READ, MAP_SHARED, bpf_map__fd(t->skel->maps.repeats), 0);
	if (at == MAP_FAILED)
		return -errno;
	t->repeats = at;
	return 0;
}

void tracer_repeats_close(struct tracer *t)
{
	if (t->repeats)
		munmap((void *)t->repeats, size_of(t));
	t->repeats = NULL;
	free(t->read);
	t->read = NULL;
}

/* False: it is on its way from one key to the next. */
static bool read_one(const struct fc_repeat *r, struct fc_repeat *ret)
{
	uint64_t turn = __atomic_load_n(&r->turn, __ATOMIC_ACQUIRE);

	if (turn & 1)
		return false;
	*ret = *(const volatile struct fc_repeat *)r;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&r->turn, __ATOMIC_RELAXED) == turn;
}

/* A task may have been preempted on the way: it gets some time. */
void tracer_repeats_read(struct tracer *t)
{
	const struct timespec a_moment = {.tv_nsec = TRY_NS};
	int tries = 0;

	t->nread = 0;
	t->repeats_moving = false;
	for (uint32_t i = 0; i < t->nrepeats; i++) {
		struct fc_repeat *r = &t->read[t->nread];
		bool whole;

		while (!(whole = read_one(&t->repeats[i], r)) && tries++ < TRIES)
			nanosleep(&a_moment, NULL);
		if (!whole)
			t->repeats_moving = true;
		else if (r->key.pid)
			t->nread++;
	}
}

static bool same(const struct fc_fold_key *a, const struct fc_fold_key *b)
{
	return a->start == b->start && a->pid == b->pid && a->resource == b->resource &&
	       a->err == b->err;
}

void tracer_repeats_add(const struct tracer *t, const struct fc_fold_key *key, struct fc_fold *fold)
{
	for (uint32_t i = 0; i < t->nread; i++) {
		const struct fc_repeat *r = &t->read[i];

		if (!r->count || !same(&r->key, key))
			continue;
		fold->count += r->count;
		if (fold->last < r->last)
			fold->last = r->last;
	}
}

bool tracer_repeats_hold(const struct tracer *t, const struct fc_fold_key *key)
{
	for (uint32_t i = 0; i < t->nread; i++)
		if (same(&t->read[i].key, key))
			return true;
	return t->repeats_moving;
}
