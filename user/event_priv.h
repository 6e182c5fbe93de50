/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event_priv.h - between event.c, event_oom.c and event_death.c.
 */
#ifndef FAILCNT_EVENT_PRIV_H
#define FAILCNT_EVENT_PRIV_H

#include "event.h"

/* boot_ns + offset; wraps. */
int64_t event_add_ns(uint64_t boot_ns, int64_t offset);
int event_set_path(struct event *e, enum field f, const struct fc_path *p);
int event_set_who(struct event *e, const struct fc_who *w, const struct event_context *c);
void event_set_resource(struct event *e, unsigned int resource);
int event_decode_oom(struct event *e, struct event_facts *facts, const struct fc_oom *o,
		     const struct event_context *c);

/* event_ballot.c: whom the OOM killer weighed, and the memory of the cgroup; -EBADMSG */
int event_decode_ballot(struct event *e, const struct fc_oom *o, const struct event_context *c);
void event_decode_split(struct event *e, const struct fc_oom *o, const struct event_context *c);
/* "SIGKILL", "SIGRTMIN+3" */
void event_set_signal(struct event *e, int sig);
int event_decode_death(struct event *e, struct event_facts *facts, const struct fc_death *d,
		       const struct event_context *c);

#endif
