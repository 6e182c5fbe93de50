// SPDX-License-Identifier: GPL-2.0-only
/*
 * table_oom.c - who would be killed next: a sentence or two, then the
 * candidates, those that are exempt at the end.
 */
#include "table_priv.h"

static int print_sentences(FILE *out, const struct oom_rank *r)
{
	_cleanup_free_ char *asked = table_visible(r->asked ? r->asked : "", "");
	_cleanup_free_ char *domain = table_visible(r->domain ? r->domain : "", "");
	_cleanup_free_ char *group = table_visible(r->group ? r->group : "", "");
	_cleanup_free_ char *comm = table_visible(r->n ? r->c[0].comm : "", "");
	size_t eligible = oom_rank_eligible(r);
	char why[160];

	if (!asked || !domain || !group || !comm)
		return -ENOMEM;
	if (r->asked && !r->domain)
		fprintf(out,
			"%s has no memory limit, nor has any cgroup above it: only the host's "
			"memory "
			"can run out; these are its processes.\n",
			asked);
	else if (r->asked && !util_streq(r->asked, r->domain))
		fprintf(out,
			"%s has no memory limit of its own: the limit of %s would be met, and a "
			"process taken from all below that; these are those of %s.\n",
			asked, domain, asked);
	if (oom_rank_panics(r))
		fprintf(out, "vm.panic_on_oom is %d: the kernel would panic and kill nobody.\n",
			r->panic_on_oom);
	else if (r->kill_disabled)
		fprintf(out,
			"memory.oom_control of %s says oom_kill_disable: its processes would hang, "
			"none "
			"would be killed.\n",
			domain);
	else if (r->kill_allocating && !r->domain)
		fprintf(out,
			"vm.oom_kill_allocating_task is set: whoever asks for memory then would "
			"be killed, whatever its points.\n");
	if (eligible == 0) {
		fprintf(out, "No process could be killed.\n");
		return 0;
	}
	oom_rank_why(r, 0, why, sizeof(why));
	fprintf(out, "First by points: %s (pid %llu): %s.\n", comm, (unsigned long long)r->c[0].pid,
		why);
	if (r->group)
		fprintf(out,
			"With it all processes of %s would go (memory.oom.group), but for the "
			"exempt.\n",
			group);
	return 0;
}

static int print_candidate(FILE *out, const struct oom_rank *r, size_t i)
{
	const struct oom_candidate *o = &r->c[i];
	_cleanup_free_ char *comm = table_visible(o->comm, "");
	char why[160], rank[24] = "-", score[24] = "-", points[24] = "-";

	if (!comm)
		return -ENOMEM;
	if (!o->exempt) {
		snprintf(rank, sizeof(rank), "%zu", i + 1);
		snprintf(points, sizeof(points), "%lld", (long long)o->points);
	}
	if (o->has_score)
		snprintf(score, sizeof(score), "%llu", (unsigned long long)o->score);
	oom_rank_why(r, i, why, sizeof(why));
	fprintf(out, "%4s %8llu %-15s %6s %6lld %10s %12llu %12llu  %s\n", rank,
		(unsigned long long)o->pid, comm, score, (long long)o->adj, points,
		(unsigned long long)(o->rss >> 10), (unsigned long long)(o->swap >> 10), why);
	return 0;
}

int table_oom_print(FILE *out, const struct oom_rank *r, unsigned int most)
{
	size_t eligible = oom_rank_eligible(r), shown;
	int err;

	errno = 0;
	shown = most && eligible > most ? most : eligible;
	err = print_sentences(out, r);
	if (err < 0)
		return err;
	fprintf(out, "%4s %8s %-15s %6s %6s %10s %12s %12s  %s\n", "rank", "pid", "comm", "score",
		"adj", "points", "rss_kib", "swap_kib", "why");
	for (size_t i = 0; !err && i < r->n; i++)
		if (i < shown || i >= eligible)
			err = print_candidate(out, r, i);
	return err < 0 ? err : table_written(out);
}
