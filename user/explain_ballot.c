// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_ballot.c - why the OOM killer took this one: what it held, what oom_score_adj did to
 * that, who came next, who was left out; and memory that no process holds.
 */
#include "explain_priv.h"

#define MIB (1ULL << 20)
#define ADJ_RECENT_NS 60000000000LL

/* The victim's place on the ballot; NULL: it was not weighed, or there is none. */
static const struct event_candidate *find_victim(const struct event *e, unsigned int *ret_at)
{
	for (unsigned int i = 0; event_has(e, FIELD_CANDIDATES) && i < e->candidates.n; i++) {
		if (e->candidates.c[i].pid != event_num(e, FIELD_PID))
			continue;
		*ret_at = i;
		return &e->candidates.c[i];
	}
	return NULL;
}

/* Pages as bytes. */
static uint64_t page_bytes(const struct explain *x, int64_t pages)
{
	uint64_t page = x->facts->page_size ? x->facts->page_size : 4096;

	return (uint64_t)llabs(pages) * page;
}

static void says_adj(struct explain *x, const struct event_candidate *c)
{
	int64_t by = c->points - (int64_t)(c->held / (int64_t)page_bytes(x, 1));

	if (!c->score_adj)
		return;
	explain_add(&x->says, ", %s by its oom_score_adj of %lld as if it had ",
		    c->score_adj > 0 ? "raised" : "lowered", (long long)c->score_adj);
	says_bytes(x, page_bytes(x, by));
	explain_add(&x->says, c->score_adj > 0 ? " more" : " less");
}

static void says_ago(struct explain *x, int64_t ns)
{
	int64_t s = ns / 1000000000;

	if (s < 1)
		explain_add(&x->says, " less than a second before");
	else if (s < 120)
		explain_add(&x->says, " %lld second%s before", (long long)s, s == 1 ? "" : "s");
	else if (s < 7200)
		explain_add(&x->says, " %lld minutes before", (long long)(s / 60));
	else
		explain_add(&x->says, " %lld hours before", (long long)(s / 3600));
}

/* Whoever set it was often the victim itself, under another name, before it ran its program. */
static void says_adj_setter(struct explain *x, bool inherited)
{
	const struct event *e = x->e;
	int64_t by = event_num(e, FIELD_ADJ_BY_PID);
	const char *comm = event_text(e, FIELD_ADJ_BY_COMM);
	bool own = by == (inherited ? event_num(e, FIELD_ADJ_OF_PID) : event_num(e, FIELD_PID));

	explain_add(&x->says, own ? " by itself" : " by ");
	if (!own) {
		says_name(x, *comm ? comm : "process");
		explain_add(&x->says, " (pid %lld, uid %lld)", (long long)by,
			    (long long)event_num(e, FIELD_ADJ_BY_UID));
	} else if (*comm && !inherited && !util_streq(comm, event_text(e, FIELD_COMM))) {
		explain_add(&x->says, ", then called ");
		says_name(x, comm);
	}
	if (event_has(e, FIELD_ADJ_BY_PARENT_COMM) && by != 1) {
		explain_add(&x->says, " under ");
		says_name(x, event_text(e, FIELD_ADJ_BY_PARENT_COMM));
	}
}

/* Who made it likelier, or just now less unlikely, to be chosen. */
static void says_adj_set(struct explain *x)
{
	const struct event *e = x->e;
	int64_t ago = event_num(e, FIELD_TIME) - event_num(e, FIELD_ADJ_SET_AT);
	int64_t adj = event_num(e, FIELD_OOM_SCORE_ADJ);
	bool inherited = event_has(e, FIELD_ADJ_OF_PID);

	if (!event_has(e, FIELD_ADJ_SET_AT) || ago < 0 ||
	    (adj <= 0 && (ago > ADJ_RECENT_NS || event_num(e, FIELD_ADJ_FROM) >= adj)))
		return;
	explain_add(&x->says, "; its oom_score_adj was ");
	if (inherited) {
		explain_add(&x->says, "inherited from ");
		says_name(x, event_has(e, FIELD_ADJ_OF_COMM) ? event_text(e, FIELD_ADJ_OF_COMM)
							     : "process");
		explain_add(&x->says, " (pid %lld), whose was ",
			    (long long)event_num(e, FIELD_ADJ_OF_PID));
	}
	explain_add(&x->says, "set");
	if (event_has(e, FIELD_ADJ_FROM))
		explain_add(&x->says, " from %lld", (long long)event_num(e, FIELD_ADJ_FROM));
	explain_add(&x->says, " to %lld", (long long)adj);
	says_adj_setter(x, inherited);
	says_ago(x, ago);
}

static void says_next(struct explain *x)
{
	const struct event *e = x->e;
	const struct event_candidate *next = &e->candidates.c[1];

	if (e->candidates.n < 2)
		return;
	explain_add(&x->says, "; next was ");
	says_name(x, next->comm[0] ? next->comm : "process");
	explain_add(&x->says, " (pid %lld) with ", (long long)next->pid);
	says_bytes(x, (uint64_t)next->held);
	if (next->score_adj)
		explain_add(&x->says, " and an oom_score_adj of %lld", (long long)next->score_adj);
}

static void says_exempt(struct explain *x)
{
	const struct event *e = x->e;
	int64_t n = event_num(e, FIELD_EXEMPTED_TOTAL);

	if (n <= 0)
		return;
	explain_add(&x->says, "; %lld process%s exempt (oom_score_adj -1000)", (long long)n,
		    n == 1 ? " was" : "es were");
	for (unsigned int i = 0; i < e->exempted.n && i < 3; i++) {
		explain_add(&x->says, i ? ", " : ": ");
		says_name(x, e->exempted.c[i].comm[0] ? e->exempted.c[i].comm : "?");
	}
	if (n > 3)
		explain_add(&x->says, " ...");
}

void says_ballot(struct explain *x)
{
	const struct event *e = x->e;
	unsigned int at = 0;
	const struct event_candidate *c = find_victim(e, &at);
	long long total = event_num(e, FIELD_CANDIDATES_TOTAL);

	if (!c)
		return;
	if (total <= 1) {
		explain_add(&x->says, "; it was the only process that could be chosen");
	} else if (at == 0) {
		explain_add(&x->says,
			    "; of %lld processes weighed it had the most points: ", total);
		says_bytes(x, (uint64_t)c->held);
		explain_add(&x->says, " of memory, swap and page tables");
		says_adj(x, c);
		says_next(x);
	}
	says_exempt(x);
	if (total > 1 && at == 0)
		says_adj_set(x);
}

/* Files on tmpfs and shared memory belong to no process: killing frees none of it. */
void says_shmem(struct explain *x)
{
	int64_t shmem, used = event_num(x->e, FIELD_HELD);

	if (!event_pair_num(x->e, FIELD_MEMORY, "shmem", &shmem) || used <= 0 ||
	    (uint64_t)shmem < 8 * MIB || shmem < used / 2)
		return;
	explain_add(&x->says, "; ");
	says_bytes(x, (uint64_t)shmem);
	explain_add(&x->says, " of the ");
	says_bytes(x, (uint64_t)used);
	explain_add(&x->says, " are files on tmpfs and shared memory, which no kill gives back: "
			      "they stay until they are removed");
	fix_line(x, "# look what fills tmpfs: df -h -t tmpfs; du -xsh /dev/shm /tmp /run; ipcs -m");
}
