// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_repeats.c - the array of repeats.h, mapped: it is read without bpf(2) (tracer_walk.c).
 */
#include "tracer_priv.h"

#include <sys/mman.h>

static size_t mapped(const struct repeats *r)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (r->size * sizeof(*r->kernel) + page - 1) / page * page;
}

int tracer_repeats_open(struct tracer *t)
{
	const struct bpf_map *m = t->skel->maps.repeats;
	struct repeats *r = &t->repeats;
	void *at;

	r->size = bpf_map__max_entries(m);
	r->read = calloc(r->size, sizeof(*r->read));
	if (!r->read)
		return -ENOMEM;
	at = mmap(NULL, mapped(r), PROT_READ, MAP_SHARED, bpf_map__fd(m), 0);
	if (at == MAP_FAILED)
		return -errno;
	r->kernel = at;
	return 0;
}

void tracer_repeats_close(struct tracer *t)
{
	if (t->repeats.kernel)
		munmap((void *)t->repeats.kernel, mapped(&t->repeats));
	free(t->repeats.read);
	t->repeats = (struct repeats){};
}
