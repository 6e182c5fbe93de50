// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls.c - which number is which call: by the names of the catalogue, so that
 * bpf/ knows no numbers and calls.def no architecture.
 */
#include "calls.h"

#include "catalogue.h"

#define IS(e) FC_ERRNO(e)

static const struct {
	const char *names;
	uint64_t errnos;
} calls[FC_CALLS] = {
#define CALL(name, names, errnos) [FC_CALL_##name] = {names, errnos},
#include "../bpf/calls.def"
#undef CALL
};

static unsigned int call_named(const char *name)
{
	for (unsigned int c = FC_CALL_OTHER + 1; name && c < FC_CALLS; c++)
		if (util_listed(calls[c].names, name))
			return c;
	return FC_CALL_OTHER;
}

void calls_fill(struct calls *ret)
{
	for (int compat = 0; compat < 2; compat++)
		for (int nr = 0; nr < FC_CALL_NUMBERS; nr++)
			ret->of[compat][nr] = call_named(catalogue_syscall(nr, compat));
	for (unsigned int c = 0; c < FC_CALLS; c++)
		ret->errnos[c] = calls[c].errnos;
	for (int nr = 0; nr < FC_CALL_NUMBERS; nr++)
		ret->by_nr[nr] =
			FC_EVERY_CALL | calls[ret->of[0][nr]].errnos | calls[ret->of[1][nr]].errnos;
}
