// SPDX-License-Identifier: GPL-2.0-only
/*
 * freed.c - kills that wait for the end of their victim's memory.
 */
#include "freed.h"

#include <fcntl.h>

void freed_note(struct freed *f, const struct event *e, const struct event_facts *facts,
		int64_t seq, uint64_t now_ms)
{
	struct freed_kill *k = &f->kill[f->n % FREED_MAX];

	if (e->kind != EVENT_KILLED || !facts->host || !seq || !facts->start)
		return;
	f->n++;
	*k = (struct freed_kill){.start = facts->start,
				 .due_ms = now_ms + FREED_WAIT_MS,
				 .seq = seq,
				 .pid = facts->pid};
	util_strlcpy(k->comm, event_text(e, FIELD_COMM), sizeof(k->comm));
}

static void follow_up(struct event *e, const struct freed_kill *k)
{
	event_init(e, EVENT_FOLLOWUP);
	event_int(e, FIELD_OF_SEQ, k->seq);
	event_static(e, FIELD_RESOURCE, "memory");
	event_int(e, FIELD_PID, k->pid);
	event_str(e, FIELD_COMM, k->comm);
}

bool freed_record(struct freed *f, struct event *e, const struct fc_freed *r,
		  const struct event_context *c)
{
	for (unsigned int i = 0; i < FREED_MAX; i++) {
		struct freed_kill *k = &f->kill[i];

		if (!k->start || k->start != r->start || k->pid != r->pid)
			continue;
		follow_up(e, k);
		event_time(e, r->h.time, c);
		if (r->h.time >= r->killed)
			event_u64(e, FIELD_FREED_MS, (r->h.time - r->killed) / 1000000);
		k->start = 0;
		return true;
	}
	return false;
}

static bool is_there(int proc, uint32_t pid)
{
	char path[16];

	snprintf(path, sizeof(path), "%u", pid);
	return faccessat(proc, path, F_OK, 0) == 0;
}

uint64_t freed_next(const struct freed *f)
{
	uint64_t next = UINT64_MAX;

	for (unsigned int i = 0; i < FREED_MAX; i++)
		if (f->kill[i].start && f->kill[i].due_ms < next)
			next = f->kill[i].due_ms;
	return next;
}

bool freed_due(const struct freed *f, uint64_t now_ms)
{
	for (unsigned int i = 0; i < FREED_MAX; i++)
		if (f->kill[i].start && now_ms >= f->kill[i].due_ms)
			return true;
	return false;
}

bool freed_late(struct freed *f, struct event *e, int proc, uint64_t now_ms)
{
	for (unsigned int i = 0; i < FREED_MAX; i++) {
		struct freed_kill *k = &f->kill[i];
		bool there;

		if (!k->start || now_ms < k->due_ms)
			continue;
		k->start = 0;
		there = is_there(proc, k->pid);
		if (!there)
			continue;
		follow_up(e, k);
		event_fmt(e, FIELD_SAYS,
			  "The memory of process %u is not known to be free %d seconds after the "
			  "kill: something keeps it in the kernel, such as a file system that does "
			  "not answer (its state is in /proc/%u/stack).",
			  k->pid, FREED_WAIT_MS / 1000, k->pid);
		return true;
	}
	return false;
}
