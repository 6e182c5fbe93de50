// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_ballot.c - decode: whom the OOM killer weighed, and what the memory of the cgroup was made
 * of at that moment.
 */
#include "event_priv.h"

#define MIB (1 << 20)

static int by_points(const void *pa, const void *pb)
{
	const struct fc_candidate *a = pa, *b = pb;

	return a->points == b->points ? 0 : a->points > b->points ? -1 : 1;
}

static int64_t bytes_of(const struct fc_candidate *c, const struct event_context *x)
{
	uint64_t pages = c->rss + c->swap + c->pgtables;

	/* No host has so many: wrapped round, it would be a lie. */
	return pages > (uint64_t)INT64_MAX / x->page_size ? INT64_MAX
							  : (int64_t)(pages * x->page_size);
}

static void add_candidate(struct event *e, enum field f, const struct fc_candidate *c,
			  const struct event_context *x)
{
	struct event_candidate *to = event_candidate_add(e, f);
	char comm[FC_COMM + 1] = "";

	if (!to)
		return;
	memcpy(comm, c->comm, FC_COMM);
	*to = (struct event_candidate){.pid = c->pid,
				       .score_adj = c->score_adj,
				       .points = c->points,
				       .held = bytes_of(c, x),
				       .comm = event_keep(e, comm)};
}

/* Of two with the same points the kernel takes the one that it comes to later. */
static void victim_first(struct fc_candidate *c, unsigned int n, uint32_t victim)
{
	for (unsigned int i = 1; i < n && c[i].points == c[0].points; i++) {
		struct fc_candidate first = c[0];

		if (c[i].pid != victim)
			continue;
		c[0] = c[i];
		c[i] = first;
	}
}

int event_decode_ballot(struct event *e, const struct fc_oom *o, const struct event_context *x)
{
	static const char *const from[] = {
		[FC_BALLOT_DECISION] = "decision",
		[FC_BALLOT_TASKS] = "tasks",
	};
	struct fc_ballot b = o->ballot;

	if (b.source >= ARRAY_SIZE(from) || b.n > FC_CANDIDATES || b.n_exempt > FC_EXEMPT ||
	    b.n > b.total || b.n_exempt > b.exempt_total)
		return -EBADMSG;
	if (b.source == FC_BALLOT_NONE || b.total == 0)
		return 0;
	qsort(b.candidate, b.n, sizeof(b.candidate[0]), by_points);
	victim_first(b.candidate, b.n, o->victim.pid);
	for (unsigned int i = 0; i < b.n; i++)
		add_candidate(e, FIELD_CANDIDATES, &b.candidate[i], x);
	event_int(e, FIELD_CANDIDATES_TOTAL, b.total);
	event_static(e, FIELD_CANDIDATES_FROM, from[b.source]);
	for (unsigned int i = 0; i < b.n_exempt; i++)
		add_candidate(e, FIELD_EXEMPTED, &b.exempt[i], x);
	if (b.exempt_total)
		event_int(e, FIELD_EXEMPTED_TOTAL, b.exempt_total);
	return 0;
}

/* The kernel's sums lag by up to two seconds where it did not add them up for its log: then they
 * say nothing of this moment, and are left out. */
static bool adds_up(const struct fc_split *s, uint64_t usage)
{
	uint64_t sum = s->anon + s->file + s->kernel + s->sock;
	uint64_t off = sum > usage ? sum - usage : usage - sum;

	return off <= usage / 8 + 4 * MIB;
}

void event_decode_split(struct event *e, const struct fc_oom *o, const struct event_context *x)
{
	const struct fc_split *s = &o->split;
	const struct {
		unsigned int has;
		const char *key;
		uint64_t bytes;
	} parts[] = {
		{FC_SPLIT_ANON, "anon", s->anon},    {FC_SPLIT_FILE, "file", s->file},
		{FC_SPLIT_SHMEM, "shmem", s->shmem}, {FC_SPLIT_KERNEL, "kernel", s->kernel},
		{FC_SPLIT_SOCK, "sock", s->sock},
	};
	const struct fc_page_counter *m = &o->memcg.memory, *swap = &o->memcg.swap;
	const unsigned int all = FC_SPLIT_ANON | FC_SPLIT_FILE | FC_SPLIT_KERNEL | FC_SPLIT_SOCK;
	uint64_t most = (uint64_t)INT64_MAX / x->page_size, used = swap->usage;

	if (m->usage < most && (s->has & all) == all && adds_up(s, m->usage * x->page_size))
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
			if (s->has & parts[i].has && parts[i].bytes <= INT64_MAX)
				event_pair(e, FIELD_MEMORY, parts[i].key, (int64_t)parts[i].bytes);
	/* v1 counts memory and swap together. */
	if (o->has & FC_HAS_MEMSW)
		used = swap->usage > m->usage ? swap->usage - m->usage : 0;
	else if (!(o->has & FC_HAS_SWAP))
		return;
	if (used < most)
		event_pair(e, FIELD_MEMORY, "swap", (int64_t)(used * x->page_size));
	if (!(o->has & FC_HAS_MEMSW) && swap->max < most)
		event_pair(e, FIELD_MEMORY, "swap_limit", (int64_t)(swap->max * x->page_size));
}
