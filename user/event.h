/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h - decode: bytes from the ring become an event. Pure.
 *
 * A record is never trusted: type, size, every enum and every length are
 * checked; what is wrong is -EBADMSG and counted by the caller as lost, stage
 * `decode`.
 */
#ifndef FAILCNT_EVENT_H
#define FAILCNT_EVENT_H

#include "../bpf/event.h"
#include "death.h"
#include "field.h"
#include "fold.h"
#include "gfp.h"

struct event_context {
	int64_t boot_to_real;  /* nanoseconds to add to CLOCK_BOOTTIME for CLOCK_REALTIME */
	int64_t start_to_real; /* the same, fixed for a run: started_at is part of an identity */
	uint64_t page_size;    /* bytes */
	uint32_t host_ns[FC_NS_KINDS]; /* inode numbers of the host's namespaces; 0: unknown */
	bool memory_is_v1;
	struct gfp_table gfp; /* of this kernel */
};

/* What later stages need and no output shows. */
struct event_facts {
	unsigned int resource; /* enum fc_resource */
	uint64_t start;        /* CLOCK_BOOTTIME ns when the process started */
	uint32_t pid, tid;
	unsigned int hook;
	bool by_walk;      /* OOM: the constraint was inferred */
	bool memory_is_v1; /* OOM: which names the limits have */
	uint64_t group_id; /* OOM: memory.oom.group cgroup; 0: none */
	uint64_t time;     /* CLOCK_BOOTTIME ns */
	uint64_t memsw;    /* OOM: bytes of memory and swap that the cgroup may use; UINT64_MAX: no
			      limit */
	struct death_facts death; /* of a death by a signal; sig 0: none */
	bool hard_unlimited;      /* it is known, and there is no number for it */
	bool unsure;              /* repeats: whose limit it was is not known of all of them */
	bool has_more;
	uint64_t page_size;          /* OOM: bytes */
	const struct gfp_table *gfp; /* OOM: of the context */
	uint64_t node_pages;         /* OOM: of the nodes that the kernel log names; 0: unknown */
	const struct fc_host *host;  /* OOM: in the record; NULL: none */
	uint64_t more[FC_MORE];      /* what the remedy needs: bpf/event.h says what, by resource */
};

/* e is initialised here. */
int event_decode(struct event *e, struct event_facts *facts, const void *data, size_t size,
		 const struct event_context *c);

/* The record of n repeats of key, with what is known from one that came whole. */
void event_decode_fold(struct event *e, struct event_facts *facts, const struct fc_fold_key *key,
		       const struct fc_fold *fold, uint64_t n, const struct fold_known *known,
		       const struct event_context *c);

/* The record of n refusals for which the fold table had no room: no names. */
void event_decode_overflow(struct event *e, const struct fc_coarse_key *key,
			   const struct fc_overflow *o, uint64_t n, const struct event_context *c);

/* Writes a wire path as "/a/b" (root: "/"); returns -EBADMSG for one that is malformed. */
int event_path(const struct fc_path *p, char *buf, size_t size);

/* Sets TIME and UPTIME_US from CLOCK_BOOTTIME nanoseconds. */
void event_time(struct event *e, uint64_t boot_ns, const struct event_context *c);

#endif
