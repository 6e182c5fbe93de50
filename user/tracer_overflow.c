// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_overflow.c - refusals that the fold table had no room for (bpf/fold.bpf.h): by program,
 * and where there were too many of those as well, by resource.
 */
#include "tracer_priv.h"

#include "log.h"

#define BATCH 256
#define KEYS_MAX (1 << 20)

/* A small table shows that the sum stays exact when it is full: tests/bench/flood.sh. */
void tracer_fold_size(struct tracer *t)
{
	const char *text = getenv("FAILCNT_FOLD_KEYS");
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	if (!text)
		return;
	if (!n || n > KEYS_MAX || *end)
		log_warn("FAILCNT_FOLD_KEYS is a number from 1 to %d, not '%s'", KEYS_MAX, text);
	else if (bpf_map__set_max_entries(t->skel->maps.folds, n) < 0)
		log_warn("FAILCNT_FOLD_KEYS: %s", strerror(errno));
}

static bool sweep_resources(struct tracer *t, const struct tracer_events *ev)
{
	bool found = false;

	for (uint32_t i = 0; i < FC_RESOURCES; i++) {
		const struct fc_coarse_key key = {.resource = i};
		const volatile struct fc_overflow *at = &t->skel->bss->overflow[i];
		struct fc_overflow o = *at;

		if (o.count <= t->overflow_told[i])
			continue;
		ev->overflow(ev->arg, &key, &o, o.count - t->overflow_told[i]);
		t->overflow_told[i] = o.count;
		found = true;
	}
	return found;
}

bool tracer_overflow(struct tracer *t, const struct tracer_events *ev)
{
	static struct fc_coarse_key keys[BATCH];
	static struct fc_overflow values[BATCH];
	uint32_t in = 0, out = 0, n;
	bool first = true, found = sweep_resources(t, ev);
	int err;

	do {
		n = BATCH;
		err = tracer_walk(t, t->skel->maps.coarse, first ? NULL : &in, &out, keys, values,
				  &n);
		if (err < 0 && errno != ENOENT) {
			log_warn("the table of programs cannot be read: %s", strerror(errno));
			return true;
		}
		for (uint32_t i = 0; i < n; i++) {
			uint64_t new = folds_new_of_program(t->folds, &keys[i], values[i].count);

			if (new)
				ev->overflow(ev->arg, &keys[i], &values[i], new);
			found |= new > 0;
		}
		in = out;
		first = false;
	} while (err == 0);
	return found;
}
