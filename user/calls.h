/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls.h - what each system call's number means to bpf/: bpf/calls.def,
 * turned into tables of this architecture.
 */
#ifndef FAILCNT_CALLS_H
#define FAILCNT_CALLS_H

#include "../bpf/event.h"
#include "util.h"

struct calls {
	uint8_t of[2][FC_CALL_NUMBERS];  /* enum fc_call; [1]: of 32-bit programs */
	uint64_t errnos[FC_CALLS];       /* bit e & 63: a limit can refuse the call with errno e */
	uint64_t by_nr[FC_CALL_NUMBERS]; /* the same by number, native and 32-bit, and what counts
					    for all */
};

void calls_fill(struct calls *ret);

#endif
