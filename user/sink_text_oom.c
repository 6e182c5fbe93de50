// SPDX-License-Identifier: GPL-2.0-only
/*
 * sink_text_oom.c - lines of an OOM kill as a person reads them: who was weighed with how many
 * points, who was exempt, and what the memory was.
 */
#include "sink_priv.h"

static void add_names(struct text *t, const struct event_ballot *b, bool points, unsigned int most)
{
	for (unsigned int i = 0; i < b->n && i < most; i++) {
		text_add(t, i ? ", " : "");
		text_add(t, b->c[i].comm && *b->c[i].comm ? b->c[i].comm : "pid ");
		text_f(t, "[%lld]", (long long)b->c[i].pid);
		if (!points)
			continue;
		text_add(t, " ");
		text_count(t, b->c[i].points);
		if (b->c[i].score_adj)
			text_f(t, " (adj %+lld)", (long long)b->c[i].score_adj);
	}
}

static void add_more(struct text *t, enum field total, unsigned int shown)
{
	long long n = event_num(t->e, total);

	if (n > shown)
		text_f(t, " and %lld more", n - shown);
}

static void add_pairs(struct text *t, const char *word, enum field f)
{
	const char *between = "";

	if (!event_has(t->e, f))
		return;
	text_f(t, "    %s: ", word);
	for (unsigned int i = 0; i < t->e->n_pairs; i++) {
		const struct event_pair *p = &t->e->pairs[i];

		if (p->field != f)
			continue;
		text_f(t, "%s%s ", between, p->key);
		text_bytes(t, p->value);
		between = ", ";
	}
	text_raw(t, "\n");
}

void text_oom(struct text *t)
{
	const struct event *e = t->e;
	unsigned int most = t->o->verbose ? EVENT_CANDIDATE_MAX : 5;

	if (event_has(e, FIELD_CANDIDATES)) {
		text_add(t, "    ballot: ");
		add_names(t, &e->candidates, true, most);
		add_more(t, FIELD_CANDIDATES_TOTAL,
			 e->candidates.n < most ? e->candidates.n : most);
		if (event_has(e, FIELD_EXEMPTED)) {
			text_add(t, "; exempt: ");
			add_names(t, &e->exempted, false, most);
			add_more(t, FIELD_EXEMPTED_TOTAL, e->exempted.n);
		}
		text_raw(t, "\n");
	}
	add_pairs(t, "memory", FIELD_MEMORY);
	add_pairs(t, event_num(e, FIELD_HOST_MEMORY_LATER) ? "host, a moment later" : "host",
		  FIELD_HOST_MEMORY);
}
