// SPDX-License-Identifier: GPL-2.0-only
/*
 * event.c - decode: bytes from the ring become an event.
 */
#include "event_priv.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>

#include "attach.h"
#include "catalogue.h"

#define PATH_TEXT 4096
#define MAX_ERRNO 4095

/* Of a time that no clock shows either: it must wrap, and not be undefined. */
int64_t event_add_ns(uint64_t boot_ns, int64_t offset)
{
	return (int64_t)(boot_ns + (uint64_t)offset);
}

void event_time(struct event *e, uint64_t boot_ns, const struct event_context *c)
{
	event_int(e, FIELD_TIME, event_add_ns(boot_ns, c->boot_to_real));
	event_u64(e, FIELD_UPTIME_US, boot_ns / 1000);
}

int event_path(const struct fc_path *p, char *buf, size_t size)
{
	size_t used = 0, end = p->len;

	if (p->len > FC_PATH || size < 2 || p->cut > 1)
		return -EBADMSG;
	if (p->len && p->text[p->len - 1] != '\0')
		return -EBADMSG;
	/* Leaf first on the wire: walk the components from the last one back. */
	while (end > 0) {
		size_t start = end - 1; /* at the NUL of this component */

		while (start > 0 && p->text[start - 1] != '\0')
			start--;
		if (used + (end - start) + 1 > size)
			return -EBADMSG;
		buf[used++] = '/';
		memcpy(buf + used, p->text + start, end - 1 - start);
		used += end - 1 - start;
		end = start;
	}
	if (used == 0)
		buf[used++] = '/';
	buf[used] = '\0';
	return 0;
}

int event_set_path(struct event *e, enum field f, const struct fc_path *p)
{
	char text[FC_PATH + 16];
	int err = event_path(p, text, sizeof(text));

	if (err < 0)
		return err;
	if (p->cut) { /* the components nearest the root are missing: no path, and it is said */
		event_cut(e, f);
		return 0;
	}
	event_str(e, f, text);
	return 0;
}

int event_set_who(struct event *e, const struct fc_who *w, const struct event_context *c)
{
	event_int(e, FIELD_PID, w->pid);
	event_int(e, FIELD_TID, w->tid);
	event_int(e, FIELD_PPID, w->ppid);
	event_int(e, FIELD_UID, w->uid);
	if (w->vpid && w->vpid != w->pid)
		event_int(e, FIELD_VPID, w->vpid);
	event_int(e, FIELD_STARTED_AT, event_add_ns(w->start, c->start_to_real));
	event_strn(e, FIELD_COMM, w->comm, FC_COMM);
	event_strn(e, FIELD_PARENT_COMM, w->parent_comm, FC_COMM);
	if (w->cgroup_id)
		event_u64(e, FIELD_CGROUP_ID, w->cgroup_id);
	return event_set_path(e, FIELD_CGROUP, &w->cgroup);
}

void event_set_resource(struct event *e, unsigned int resource)
{
	const struct resource *r = catalogue_get(resource);

	if (!r)
		return;
	event_static(e, FIELD_RESOURCE, r->id);
	event_static(e, FIELD_LIMIT_NAME, r->limit_name);
	event_static(e, FIELD_MEASURE, r->measure);
}

static void set_limit(struct event *e, unsigned int resource, const struct fold_limit *l)
{
	static const char *const kinds[FC_NS_KINDS] = {
		[FC_NS_IPC] = "ipc", [FC_NS_PID] = "pid", [FC_NS_USER] = "user",
		[FC_NS_MNT] = "mnt", [FC_NS_NET] = "net",
	};
	const char *limit_name, *measure;

	if (l->variant && catalogue_variant(resource, l->variant, &limit_name, &measure)) {
		event_static(e, FIELD_LIMIT_NAME, limit_name);
		event_static(e, FIELD_MEASURE, measure);
	}
	if (l->ns && l->ns_kind != FC_NS_NONE && l->ns_kind < FC_NS_KINDS)
		event_fmt(e, FIELD_NAMESPACE, "%s:[%u]", kinds[l->ns_kind], l->ns);
	if (l->has & FC_HAS_UID)
		event_int(e, FIELD_LIMIT_UID, l->limit_uid);
	if (l->has & FC_HAS_DEV)
		event_fmt(e, FIELD_DEVICE, "%u:%u", l->dev >> 20, l->dev & 0xfffff);
}

static void set_more(struct event_facts *facts, const struct fold_limit *l)
{
	facts->has_more = l->has & FC_HAS_MORE;
	memcpy(facts->more, l->more, sizeof(facts->more));
}

void event_set_signal(struct event *e, int sig)
{
	const char *name = sigabbrev_np(sig);

	if (name)
		event_fmt(e, FIELD_SIGNAL, "SIG%s", name);
	else if (sig >= SIGRTMIN)
		event_fmt(e, FIELD_SIGNAL, "SIGRTMIN+%d", sig - SIGRTMIN);
}

/* Of an errno, or of a signal that stands for one. RLIMIT_FSIZE answers with both. */
static void set_errno(struct event *e, unsigned int resource, int err)
{
	const char *name = catalogue_errno(err);

	if (err == 0) /* a packet was dropped, a connection reset: nobody was told */
		return;
	if (resource == FC_FSIZE)
		event_static(e, FIELD_SIGNAL, "SIGXFSZ");
	if (err > FC_ERR_SIGNAL) {
		event_set_signal(e, err - FC_ERR_SIGNAL);
		return;
	}
	if (name)
		event_static(e, FIELD_ERRNO, name);
	else
		event_fmt(e, FIELD_ERRNO, "%d", err);
}

static void set_socket(struct event *e, const struct fc_sock *s)
{
	char addr[INET6_ADDRSTRLEN] = "";
	static const char *const types[] = {[SOCK_STREAM] = "SOCK_STREAM",
					    [SOCK_DGRAM] = "SOCK_DGRAM",
					    [SOCK_RAW] = "SOCK_RAW",
					    [SOCK_SEQPACKET] = "SOCK_SEQPACKET"};
	const char *family = s->family == AF_INET      ? "AF_INET"
			     : s->family == AF_INET6   ? "AF_INET6"
			     : s->family == AF_UNIX    ? "AF_UNIX"
			     : s->family == AF_NETLINK ? "AF_NETLINK"
						       : NULL;
	unsigned int type = s->type & 0xf;

	if (s->type) {
		if (family && type < ARRAY_SIZE(types) && types[type])
			event_fmt(e, FIELD_OBJECT, "socket %s %s", family, types[type]);
		else
			event_fmt(e, FIELD_OBJECT, "socket family %u type %u", s->family, type);
		return;
	}
	if ((s->family == AF_INET || s->family == AF_INET6) &&
	    inet_ntop(s->family, s->addr, addr, sizeof(addr)))
		event_fmt(e, FIELD_OBJECT, s->family == AF_INET6 ? "[%s]:%u" : "%s:%u", addr,
			  s->port);
	else if (family)
		event_fmt(e, FIELD_OBJECT, "%s listener", family);
}

static void set_object(struct event *e, const struct fc_refused *r)
{
	if (r->has & FC_HAS_PATH) {
		event_strn(e, FIELD_OBJECT, r->object, FC_OBJECT);
		if (strnlen(r->object, FC_OBJECT) >= FC_OBJECT - 1)
			event_cut(e, FIELD_OBJECT);
	} else if (r->has & FC_HAS_SOCK) {
		set_socket(e, &r->sock);
	} else if (r->has & FC_HAS_KEY) {
		if (r->key)
			event_fmt(e, FIELD_OBJECT, "IPC key 0x%08x", (unsigned int)r->key);
		else
			event_static(e, FIELD_OBJECT, "IPC_PRIVATE");
	}
}

static void set_syscall(struct event *e, int nr, unsigned int has)
{
	const char *name = has & FC_HAS_SYSCALL ? catalogue_syscall(nr, has & FC_HAS_COMPAT) : NULL;

	if (name)
		event_static(e, FIELD_SYSCALL, name);
}

static bool err_is_sound(unsigned int err)
{
	if (err > FC_ERR_SIGNAL)
		return err - FC_ERR_SIGNAL < NSIG;
	return err <= MAX_ERRNO;
}

static int decode_refused(struct event *e, struct event_facts *facts, const struct fc_refused *r,
			  const struct event_context *c)
{
	const struct {
		unsigned int has;
		enum field field;
		uint64_t value;
	} amounts[] = {
		{FC_HAS_HELD, FIELD_HELD, r->held},
		{FC_HAS_LIMIT, FIELD_LIMIT, r->limit},
		{FC_HAS_HARD, FIELD_LIMIT_HARD, r->hard},
		{FC_HAS_ASKED, FIELD_ASKED, r->asked},
	};
	const struct fold_limit limit = fold_limit_of(r);
	const char *limit_name, *measure;
	int err = 0;

	if (!catalogue_variant(r->resource, r->variant, &limit_name, &measure) ||
	    !err_is_sound(r->err) || r->hook >= FC_HOOKS || r->backend == FC_BACKEND_NONE ||
	    r->backend >= FC_BACKENDS || r->ns_kind >= FC_NS_KINDS)
		return -EBADMSG;
	event_init(e, EVENT_REFUSED);
	event_time(e, r->h.time, c);
	event_set_resource(e, r->resource);
	set_errno(e, r->resource, r->err);
	set_syscall(e, r->syscall, r->has);
	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
		if (r->has & amounts[i].has)
			event_u64(e, amounts[i].field, amounts[i].value);
	set_limit(e, r->resource, &limit);
	set_object(e, r);
	event_bool(e, FIELD_CERTAIN, r->has & FC_HAS_CERTAIN);
	event_static(e, FIELD_BACKEND, attach_backend_name(r->backend));
	facts->resource = r->resource;
	facts->start = r->who.start;
	facts->pid = r->who.pid;
	facts->tid = r->who.tid;
	facts->hook = r->hook;
	facts->time = r->h.time;
	facts->hard_unlimited = r->has & FC_HAS_HARD && r->hard == UINT64_MAX;
	set_more(facts, &limit);
	if (r->has & FC_HAS_OWNER)
		err = event_set_path(e, FIELD_LIMIT_CGROUP, &r->owner);
	if (err == 0 && r->has & FC_HAS_WHO)
		err = event_set_who(e, &r->who, c);
	return err;
}

int event_decode(struct event *e, struct event_facts *facts, const void *data, size_t size,
		 const struct event_context *c)
{
	const struct fc_header *h = data;
	struct event_facts found = {};
	int err = -EBADMSG;

	if (size < sizeof(*h) || h->size > size)
		return -EBADMSG;
	if (h->type == FC_TYPE_REFUSED && h->size == sizeof(struct fc_refused))
		err = decode_refused(e, &found, data, c);
	else if (h->type == FC_TYPE_OOM && h->size == sizeof(struct fc_oom))
		err = event_decode_oom(e, &found, data, c);
	else if (h->type == FC_TYPE_DEATH && h->size == sizeof(struct fc_death))
		err = event_decode_death(e, &found, data, c);
	if (err == 0)
		*facts = found;
	return err;
}

/* Of the process itself: who was refused and how much says all that the remedy needs. */
static bool own_limit(unsigned int resource)
{
	return resource == FC_NOFILE || resource == FC_AS || resource == FC_DATA ||
	       resource == FC_STACK || resource == FC_FSIZE || resource == FC_CPU;
}

void event_decode_fold(struct event *e, struct event_facts *facts, const struct fc_fold_key *key,
		       const struct fc_fold *fold, uint64_t n, const struct fold_known *known,
		       const struct event_context *c)
{
	/* Of more than one: the lines that came whole say whose. */
	const struct fold_limit unknown = {.variant = known->limit.variant};
	const struct fold_limit *limit = known->mixed ? &unknown : &known->limit;

	memset(facts, 0, sizeof(*facts));
	event_init(e, EVENT_REFUSED);
	event_time(e, fold->last, c);
	event_set_resource(e, key->resource);
	set_errno(e, key->resource, key->err);
	set_syscall(e, fold->syscall, fold->has);
	if (key->pid) {
		event_int(e, FIELD_PID, key->pid);
		event_int(e, FIELD_PPID, fold->ppid);
		event_int(e, FIELD_UID, fold->uid);
		event_int(e, FIELD_STARTED_AT, event_add_ns(key->start, c->start_to_real));
	}
	event_strn(e, FIELD_COMM, fold->comm, FC_COMM);
	if (fold->cgroup_id)
		event_u64(e, FIELD_CGROUP_ID, fold->cgroup_id);
	if (known->cgroup_id == fold->cgroup_id)
		event_str(e, FIELD_CGROUP, known->cgroup); /* else its id tells */
	event_str(e, FIELD_LIMIT_CGROUP, known->mixed ? NULL : known->limit_cgroup);
	set_limit(e, key->resource, limit);
	set_more(facts, limit);
	facts->unsure = known->mixed || (!known->whole && !own_limit(key->resource));
	if (facts->unsure)
		event_bool(e, FIELD_CERTAIN, false);
	if (fold->has & FC_HAS_LIMIT)
		event_u64(e, FIELD_LIMIT, fold->limit);
	if (fold->has & FC_HAS_HARD)
		event_u64(e, FIELD_LIMIT_HARD, fold->hard);
	event_static(e, FIELD_BACKEND, attach_backend_name(fold->backend));
	event_u64(e, FIELD_COUNT, n);
	event_int(e, FIELD_FIRST, event_add_ns(fold->first, c->boot_to_real));
	event_int(e, FIELD_LAST, event_add_ns(fold->last, c->boot_to_real));
	facts->resource = key->resource;
	facts->start = key->start;
	facts->pid = key->pid;
	facts->hook = fold->hook;
	facts->hard_unlimited = fold->has & FC_HAS_HARD && fold->hard == UINT64_MAX;
	facts->time = fold->last;
}

void event_decode_overflow(struct event *e, const struct fc_coarse_key *key,
			   const struct fc_overflow *o, uint64_t n, const struct event_context *c)
{
	bool named = key->comm[0] != '\0';

	event_init(e, EVENT_REFUSED);
	event_time(e, o->last, c);
	event_set_resource(e, key->resource);
	set_errno(e, key->resource, o->err);
	if (named) {
		event_strn(e, FIELD_COMM, key->comm, FC_COMM);
		event_int(e, FIELD_UID, key->uid);
	}
	event_u64(e, FIELD_COUNT, n);
	event_int(e, FIELD_FIRST, event_add_ns(o->first, c->boot_to_real));
	event_int(e, FIELD_LAST, event_add_ns(o->last, c->boot_to_real));
	event_fmt(
		e, FIELD_SAYS,
		"%llu more %s told together, because more processes were refused at once than are "
		"counted one by one%s%s.",
		(unsigned long long)n, n == 1 ? "refusal is" : "refusals are",
		named ? ": of processes called " : "", named ? event_text(e, FIELD_COMM) : "");
}
