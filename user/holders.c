// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders.c - which gatherer knows of a resource; the largest of what it
 * finds; and that as the fields of a followup.
 */
#include <stdarg.h>
#include <time.h>

#include "holders_priv.h"
#include "utf8.h"

/* Whose limit: of the whole machine, of a user, of the process itself; or what the event names. */
enum whose { HOST, USER, PROCESS };

static const struct gatherer {
	const char *resource;
	gather_fn *gather;
	enum whose whose;
} gatherers[] = {
	{"nofile", gather_own_files, PROCESS},
	{"nr-open", gather_own_files, PROCESS},
	{"file-max", gather_file_max, HOST},
	{"inotify-instances", gather_inotify_instances, USER},
	{"inotify-watches", gather_inotify_watches, USER},
	{"epoll-watches", gather_epoll, USER},
	{"pty", gather_pty, HOST},
	{"aio", gather_aio, HOST},
	{"disk", gather_disk, HOST},
	{"mounts", gather_mounts, PROCESS},
	{"keys", gather_keys, USER},
	{"nproc", gather_user_tasks, USER},
	{"threads-max", gather_all_tasks, HOST},
	{"pid-max", gather_all_tasks, HOST},
	{"pids", gather_cgroup_tasks, HOST},
	{"semmni", gather_sem, HOST},
	{"semmns", gather_sem, HOST},
	{"shmmni", gather_shm, HOST},
	{"shmall", gather_shm, HOST},
	{"msgmni", gather_msg, HOST},
	{"memory", gather_memory, HOST},
	{"hugepages", gather_hugepages, HOST},
	{"commit", gather_commit, HOST},
	{"map-count", gather_map_count, PROCESS},
	{"as", gather_map_bytes, PROCESS},
	{"data", gather_map_bytes, PROCESS},
	{"memlock", gather_map_locked, PROCESS},
	{"sigpending", gather_sigpending, USER},
	{"conntrack", gather_conntrack, HOST},
	{"neighbours", gather_neighbours, HOST},
	{"tcp-mem", gather_socket_memory, HOST},
	{"udp-mem", gather_socket_memory, HOST},
};

static const struct gatherer *find(const char *resource)
{
	for (size_t i = 0; i < ARRAY_SIZE(gatherers); i++)
		if (util_streq(gatherers[i].resource, resource))
			return &gatherers[i];
	return NULL;
}

bool holders_known(const char *resource)
{
	return find(resource) != NULL;
}

void holders_owner(const struct holders_ask *ask, char key[HOLDERS_KEY], char program[HOLDERS_KEY])
{
	const struct gatherer *known = find(ask->resource);
	enum whose whose = known ? known->whose : HOST;

	program[0] = '\0';
	if (whose == PROCESS) {
		snprintf(key, HOLDERS_KEY, "%s pid %lld", ask->resource, (long long)ask->pid);
		snprintf(program, HOLDERS_KEY, "%s %s %s", ask->resource, ask->comm, ask->cgroup);
	} else if (whose == USER) {
		snprintf(key, HOLDERS_KEY, "%s uid %lld user %u", ask->resource,
			 (long long)ask->limit_uid, ask->user_ns);
	} else if (ask->ipc_ns) {
		snprintf(key, HOLDERS_KEY, "%s ipc %u", ask->resource, ask->ipc_ns);
	} else if (ask->pid_ns) {
		snprintf(key, HOLDERS_KEY, "%s pid namespace %u", ask->resource, ask->pid_ns);
	} else if (ask->net_ns) {
		snprintf(key, HOLDERS_KEY, "%s net %u", ask->resource, ask->net_ns);
	} else {
		snprintf(key, HOLDERS_KEY, "%s %s%s%s", ask->resource, ask->limit_cgroup,
			 ask->device, ask->mount);
	}
}

static int64_t number_of(const struct event *e, enum field f, int64_t otherwise)
{
	return event_has(e, f) ? event_num(e, f) : otherwise;
}

static uint32_t namespace_of(const struct event *e, const char *kind)
{
	const char *inode = util_after(event_text(e, FIELD_NAMESPACE), kind);

	return inode ? (uint32_t)strtoul(inode, NULL, 10) : 0;
}

void holders_ask_of(struct holders_ask *ask, const struct event *e, int64_t seq)
{
	bool killed = e->kind == EVENT_KILLED;

	*ask = (struct holders_ask){
		.seq = seq,
		.pid = number_of(e, FIELD_PID, 0),
		.uid = number_of(e, FIELD_UID, -1),
		.limit_uid = number_of(e, FIELD_LIMIT_UID, number_of(e, FIELD_UID, -1)),
		.held = number_of(e, FIELD_HELD, -1),
		.limit = number_of(e, FIELD_LIMIT, -1),
		.uptime_us = number_of(e, FIELD_UPTIME_US, 0),
		.killed = killed,
	};
	util_strlcpy(ask->resource, event_text(e, FIELD_RESOURCE), sizeof(ask->resource));
	util_strlcpy(ask->comm, event_text(e, FIELD_COMM), sizeof(ask->comm));
	util_strlcpy(ask->measure, event_text(e, FIELD_MEASURE), sizeof(ask->measure));
	util_strlcpy(ask->device, event_text(e, FIELD_DEVICE), sizeof(ask->device));
	/* Half a path is another path. */
	if (!util_strlcpy(ask->cgroup, event_text(e, FIELD_CGROUP), sizeof(ask->cgroup)))
		ask->cgroup[0] = '\0';
	if (!util_strlcpy(ask->limit_cgroup,
			  event_text(e, killed ? FIELD_MEMCG : FIELD_LIMIT_CGROUP),
			  sizeof(ask->limit_cgroup)))
		ask->limit_cgroup[0] = '\0';
	if (!util_strlcpy(ask->mount, event_text(e, FIELD_MOUNT), sizeof(ask->mount)))
		ask->mount[0] = '\0';
	ask->ipc_ns = namespace_of(e, "ipc:[");
	ask->net_ns = namespace_of(e, "net:[");
	ask->user_ns = namespace_of(e, "user:[");
	ask->pid_ns = namespace_of(e, "pid:[");
	ask->ipv6 = strstr(event_text(e, FIELD_LIMIT_NAME), "ipv6") != NULL;
}

int holders_gather(const struct holders_env *env, const struct holders_ask *ask,
		   struct holders_found *f)
{
	const struct gatherer *known = find(ask->resource);
	struct gather g = {.env = env, .ask = ask, .f = f};

	memset(f, 0, sizeof(*f));
	f->seq = ask->seq;
	util_strlcpy(f->resource, ask->resource, sizeof(f->resource));
	util_strlcpy(f->measure, ask->measure, sizeof(f->measure));
	return known ? known->gather(&g) : -ENOTSUP;
}

bool gather_late(struct gather *g)
{
	struct timespec ts;

	if (!g->env->deadline_ms)
		return false;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	if (ts.tv_sec * 1000ULL + (uint64_t)ts.tv_nsec / 1000000 < g->env->deadline_ms)
		return false;
	g->f->incomplete = true;
	return true;
}

void gather_offer(struct gather *g, const struct holder *h)
{
	struct holders_found *f = g->f;
	unsigned int at = f->n;

	f->total++;
	while (at > 0 && f->holder[at - 1].held < h->held)
		at--;
	if (at == EVENT_HOLDER_MAX)
		return;
	if (f->n < EVENT_HOLDER_MAX)
		f->n++;
	memmove(&f->holder[at + 1], &f->holder[at], (f->n - at - 1) * sizeof(*h));
	f->holder[at] = *h;
}

void gather_says(struct gather *g, const char *fmt, ...)
{
	char *says = g->f->says;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(says, sizeof(g->f->says), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(g->f->says))
		says[0] = '\0'; /* half a sentence may say the contrary */
}

void gather_fix(struct gather *g, const char *fmt, ...)
{
	char *fix = g->f->fix;
	size_t used = strlen(fix), room = sizeof(g->f->fix) - used;
	va_list ap;
	int n, first = used ? 1 : 0;

	if (room < 2)
		return;
	if (first)
		fix[used] = '\n';
	va_start(ap, fmt);
	n = vsnprintf(fix + used + first, room - first, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room - first)
		fix[0] = '\0';
}

const char *gather_name(const char *name, char buf[GATHER_NAME])
{
	size_t n = utf8_visible(name, strlen(name), buf, GATHER_NAME - 1, NULL);

	buf[n] = '\0';
	return buf;
}

void holder_of(struct holder *h, const struct proc *p, uint64_t held)
{
	*h = (struct holder){
		.have = HOLDER_PID | HOLDER_HELD, .pid = p->pid, .held = (int64_t)held};
	util_strlcpy(h->comm, p->comm, sizeof(h->comm));
}

void holders_tell(const struct holders_found *f, struct event *e)
{
	for (unsigned int i = 0; i < f->n; i++) {
		const struct holder *from = &f->holder[i];
		struct event_holder *h = event_holder_add(e);

		if (!h)
			break;
		*h = (struct event_holder){.have = from->have,
					   .pid = from->pid,
					   .uid = from->uid,
					   .held = from->held,
					   .count = from->count,
					   .last_pid = from->last_pid,
					   .dead = from->dead,
					   .comm = event_keep(e, from->comm),
					   .kind = event_keep(e, from->kind),
					   .cgroup = event_keep(e, from->cgroup),
					   .object = event_keep(e, from->object)};
	}
	event_int(e, FIELD_OF_SEQ, f->seq);
	event_str(e, FIELD_RESOURCE, f->resource);
	if (f->n > 0) {
		event_u64(e, FIELD_HOLDERS_TOTAL, f->total);
		event_str(e, FIELD_MEASURE, f->measure);
	}
	if (f->incomplete)
		event_bool(e, FIELD_HOLDERS_INCOMPLETE, true);
	event_str(e, FIELD_SAYS, f->says);
	event_str(e, FIELD_FIX, f->fix);
}
