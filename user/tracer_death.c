// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_death.c - deaths for which the ring had no room, as when thousands of processes are killed
 * at once: the kernel side leaves them in its table of deaths (bpf/death.bpf.h). They are told from
 * there, with less about each; what that table had no room for either is told as lost.
 */
#include "tracer_priv.h"

#include <time.h>

#define BATCH 256
#define SOON_MS 100

static void make_record(struct tracer *t, struct fc_death *r, const struct fc_death_key *key,
			const struct fc_death_state *d)
{
	struct fc_death_key by = {.start = d->sender_start, .pid = d->sender_pid};
	static struct fc_death_sender sender;
	struct tracer_rank before;
	bool first, known = false;

	memset(r, 0, sizeof(*r));
	r->h = (struct fc_header){.type = FC_TYPE_DEATH, .size = sizeof(*r), .time = d->when};
	r->has = d->has | FC_DEATH_LEFT;
	r->hook = FC_HOOK_DEATH_EXIT;
	r->backend = FC_BACKEND_TRACEPOINT;
	r->sig = d->sig;
	r->how = d->how;
	r->code_si = d->code;
	r->limit = d->limit;
	r->shared_start = d->shared_start;
	r->shared_pid = d->shared_pid;
	r->tid = key->pid;
	r->victim.start = key->start;
	r->victim.pid = r->victim.tid = key->pid;
	r->victim.ppid = d->ppid;
	r->victim.uid = d->uid;
	r->victim.cgroup_id = d->cgroup_id;
	memcpy(r->victim.comm, d->comm, sizeof(d->comm));
	memcpy(r->victim.parent_comm, d->parent_comm, sizeof(d->parent_comm));
	if (by.pid) {
		first = tracer_first(t, &before);
		known = bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.senders), &by, &sender) == 0;
		if (first)
			tracer_last(&before);
	}
	if (known) {
		r->has |= FC_DEATH_SENDER;
		r->sender = sender.who;
	} else if (by.pid) {
		r->has |= FC_DEATH_SENDER_PID;
		r->sender.pid = by.pid;
		r->sender.start = by.start;
		r->sender.uid = d->sender_uid;
	}
}

/* How many of them were left here. */
static uint64_t tell_left(struct tracer *t, const struct tracer_events *ev,
			  const struct fc_death_key *keys, struct fc_death_state *deaths,
			  uint32_t n)
{
	struct tracer_rank before;
	static struct fc_death r;
	uint64_t told = 0;
	bool first;

	for (uint32_t i = 0; i < n; i++) {
		if (!deaths[i].left)
			continue;
		make_record(t, &r, &keys[i], &deaths[i]);
		ev->record(ev->arg, &r, sizeof(r));
		told++;
	}
	first = tracer_first(t, &before);
	for (uint32_t i = 0; i < n; i++) {
		if (!deaths[i].left)
			continue;
		deaths[i].left = 0;
		bpf_map_update_elem(bpf_map__fd(t->skel->maps.deaths), &keys[i], &deaths[i],
				    BPF_EXIST);
	}
	if (first)
		tracer_last(&before);
	return told;
}

bool tracer_deaths(struct tracer *t, const struct tracer_events *ev)
{
	static struct fc_death_state deaths[BATCH];
	static struct fc_death_key keys[BATCH];
	int err;
	uint32_t which = FC_STAT_DEATHS_LEFT, in = 0, out = 0, n;
	bool first = true;
	uint64_t left = t->skel->bss->stats[which];

	if (left <= t->stat_told[which])
		return false;
	do {
		n = BATCH;
		err = tracer_walk(t, t->skel->maps.deaths, first ? NULL : &in, &out, keys, deaths,
				  &n);
		if (err < 0 && errno != ENOENT)
			break; /* what was not found is lost */
		t->stat_told[which] += tell_left(t, ev, keys, deaths, n);
		in = out;
		first = false;
	} while (err == 0);
	if (left > t->stat_told[which]) {
		ev->lost(ev->arg, "ringbuf", NULL, left - t->stat_told[which]);
		t->stat_told[which] = left;
	}
	return true;
}

void tracer_deaths_soon(struct tracer *t, const struct tracer_events *ev)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
	if (now < t->deaths_at + SOON_MS)
		return;
	t->deaths_at = now;
	tracer_deaths(t, ev);
}
