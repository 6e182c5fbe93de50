// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_death.c - decode: a process that died of a signal. Who sent it, or what the process did.
 */
#include <linux/audit.h>
#include <signal.h>

#include "attach.h"
#include "catalogue.h"
#include "event_priv.h"
#include "identity.h"
#include "requested.h"

#define SIGNALS 64

/* What a process that finds a fault in itself dies of, or sends itself (death.bpf.h). */
static const char *death_cause(const struct fc_death *d)
{
	switch (d->how) {
	case FC_HOW_FAULT:
	case FC_HOW_SELF:
		return "fault";
	case FC_HOW_RLIMIT:
		return "rlimit";
	case FC_HOW_SECCOMP:
		return "seccomp";
	case FC_HOW_OOM_SHARED: /* which of them is found out from the victim's record: led.c */
		return "oom-group";
	case FC_HOW_UNKNOWN:
		if (d->sig == SIGSYS)
			return "seccomp";
		return d->sig == SIGXCPU || d->sig == SIGXFSZ ? "rlimit" : "signal";
	default:
		return "signal";
	}
}

static void set_limit(struct event *e, struct event_facts *facts, const struct fc_death *d)
{
	if (d->how != FC_HOW_RLIMIT)
		return;
	if (d->sig != SIGXFSZ && d->limit == UINT64_MAX) { /* it has none of CPU time */
		event_static(e, FIELD_LIMIT_NAME, "RLIMIT_RTTIME");
		return;
	}
	facts->resource = d->sig == SIGXFSZ ? FC_FSIZE : FC_CPU;
	event_set_resource(e, facts->resource);
	if (d->has & FC_HAS_LIMIT)
		event_u64(e, FIELD_LIMIT, d->limit);
}

static int set_sender(struct event *e, const struct fc_death *d)
{
	const struct fc_who *s = &d->sender;
	struct identity id;
	int err;

	if (!(d->has & (FC_DEATH_SENDER | FC_DEATH_SENDER_PID)))
		return 0;
	event_int(e, FIELD_BY_PID, s->pid);
	event_int(e, FIELD_BY_UID, s->uid);
	if (!(d->has & FC_DEATH_SENDER))
		return 0;
	event_strn(e, FIELD_BY_COMM, s->comm, FC_COMM);
	event_strn(e, FIELD_BY_PARENT_COMM, s->parent_comm, FC_COMM);
	err = event_set_path(e, FIELD_BY_CGROUP, &s->cgroup);
	if (err < 0)
		return err;
	identity_cgroup(event_text(e, FIELD_BY_CGROUP), &id);
	event_str(e, FIELD_BY_UNIT, id.unit);
	return 0;
}

/* seccomp says which system call it was */
static bool names_call(const struct fc_death *d)
{
	return d->how == FC_HOW_SECCOMP && !(d->has & FC_DEATH_STRICT) && d->code_si;
}

static bool of_32_bits(const struct fc_death *d)
{
	return d->arch && !(d->arch & __AUDIT_ARCH_64BIT);
}

static void set_fault(struct event *e, const struct fc_death *d)
{
	if (d->how == FC_HOW_FAULT || (d->how == FC_HOW_SECCOMP && d->code_si))
		event_int(e, FIELD_SI_CODE, d->code_si);
	if (d->has & FC_DEATH_ADDR)
		event_fmt(e, FIELD_FAULT_ADDR, "0x%llx", (unsigned long long)d->fault_addr);
	if (d->has & FC_DEATH_IP && d->code.flags & FC_MAP_FILE) {
		event_strn(e, FIELD_MAP_OBJECT, d->code.name, FC_NAME);
		event_fmt(e, FIELD_MAP_OFFSET, "0x%llx", (unsigned long long)d->code.offset);
	}
	if (names_call(d))
		event_static(e, FIELD_SYSCALL, catalogue_syscall(d->syscall, of_32_bits(d)));
}

static void keep_facts(struct event_facts *facts, const struct fc_death *d)
{
	struct death_facts *f = &facts->death;

	f->sig = d->sig;
	f->how = d->how;
	f->has = d->has;
	f->si_code = d->code_si;
	f->addr = d->fault_addr;
	f->limit = d->limit;
	f->has_syscall = names_call(d);
	f->syscall = d->syscall;
	f->syscall_32 = of_32_bits(d);
	f->code_flags = d->code.flags;
	f->data_flags = d->data.flags;
	f->data_offset = d->data.offset;
	f->data_size = d->data.size;
	if (d->data.flags & FC_MAP_FILE)
		snprintf(f->data_name, sizeof(f->data_name), "%.*s", FC_NAME - 1, d->data.name);
	f->sender_start = d->sender.start;
	f->shared_start = d->shared_start;
	f->shared_pid = d->shared_pid;
	f->ended_by_init = d->how == FC_HOW_NAMESPACE;
	facts->start = d->victim.start;
	facts->pid = d->victim.pid;
	facts->tid = d->tid;
	facts->hook = d->hook;
	facts->time = d->h.time;
}

/* What was seen happen, and not only its end. */
static bool is_certain(const struct fc_death *d)
{
	bool sent = d->how == FC_HOW_PROCESS || d->how == FC_HOW_NAMESPACE ||
		    d->how == FC_HOW_PARENT || d->how == FC_HOW_TRACER;

	return d->has & FC_HAS_CERTAIN && d->how != FC_HOW_UNKNOWN && d->how != FC_HOW_INJECTED &&
	       (!sent || d->has & (FC_DEATH_SENDER | FC_DEATH_SENDER_PID));
}

int event_decode_death(struct event *e, struct event_facts *facts, const struct fc_death *d,
		       const struct event_context *c)
{
	int err;

	if (d->sig == 0 || d->sig > SIGNALS || d->how >= FC_HOWS || d->hook >= FC_HOOKS ||
	    d->backend == FC_BACKEND_NONE || d->backend >= FC_BACKENDS)
		return -EBADMSG;
	event_init(e, EVENT_KILLED);
	event_time(e, d->h.time, c);
	event_static(e, FIELD_CAUSE, death_cause(d));
	event_set_signal(e, d->sig);
	event_bool(e, FIELD_CERTAIN, is_certain(d));
	event_static(e, FIELD_BACKEND, attach_backend_name(d->backend));
	set_limit(e, facts, d);
	set_fault(e, d);
	err = set_sender(e, d);
	if (err < 0)
		return err;
	keep_facts(facts, d);
	err = event_set_who(e, &d->victim, c);
	if (err < 0)
		return err;
	event_int(e, FIELD_TID, d->tid);
	if (d->has & FC_DEATH_LEFT)
		event_clear(e, FIELD_CGROUP);
	event_static(e, FIELD_REQUESTED_BY, requested_by(e, &facts->death));
	return 0;
}
