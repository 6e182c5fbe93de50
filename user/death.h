/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * death.h - what is known of a process that died of a signal, beyond what the output shows: for
 * the words (requested.c, explain_death.c) and for what belongs together (led.c).
 */
#ifndef FAILCNT_DEATH_H
#define FAILCNT_DEATH_H

#include "../bpf/event.h"
#include "util.h"

/* The attribute of a cgroup that systemd-oomd sets before it kills. */
enum oomd_mark { OOMD_UNKNOWN, OOMD_UNMARKED, OOMD_MARKED };

struct death_facts {
	int sig; /* 0: this is no such death */
	enum fc_how how;
	unsigned int has; /* enum fc_death_has */
	int si_code;
	uint64_t addr;
	uint64_t limit;                      /* seconds or bytes; UINT64_MAX: none */
	int syscall;                         /* what seccomp did not allow, if has_syscall */
	bool has_syscall, syscall_32;        /* 32: the number is one of 32-bit programs */
	unsigned int code_flags, data_flags; /* enum fc_map_flags, around ip and addr */
	uint64_t data_offset, data_size;
	char data_name[FC_NAME];
	uint64_t sender_start;
	uint64_t shared_start; /* with shared_pid: whose address space it had */
	uint32_t shared_pid;
	enum oomd_mark oomd; /* set by oomd.c */
	/* set by led.c */
	unsigned int near;       /* enum fc_resource: refused to it right before; 0: nothing */
	const char *shared_comm; /* of shared_pid; NULL: unknown */
	bool ended_by_init;      /* the sender was the first process of a pid namespace */
};

#endif
