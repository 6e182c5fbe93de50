/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain.c - picks the explainer of a resource, and holds what they share.
 *
 * A sentence is for somebody who never heard of the limit: who failed, at
 * what, why, and what that looks like from outside. A remedy is for a shell,
 * often root's: each name in it is quoted, and a text that did not fit is no
 * remedy at all, for half a command is another command.
 */
#include "explain_priv.h"
#include "utf8.h"

#include <stdarg.h>

static _printf_(2, 0) void explain_vadd(struct explain_text *t, const char *fmt, va_list ap)
{
	size_t room = sizeof(t->s) - t->n;
	int n = vsnprintf(t->s + t->n, room, fmt, ap);

	if (n < 0 || (size_t)n >= room) {
		t->cut = true;
		t->n += utf8_cut(t->s + t->n, strlen(t->s + t->n));
		t->s[t->n] = '\0';
		return;
	}
	t->n += (size_t)n;
}

void explain_add(struct explain_text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	explain_vadd(t, fmt, ap);
	va_end(ap);
}

void fix_line(struct explain *x, const char *fmt, ...)
{
	va_list ap;

	if (x->fix.n)
		explain_add(&x->fix, "\n");
	va_start(ap, fmt);
	explain_vadd(&x->fix, fmt, ap);
	va_end(ap);
}

void says_name(struct explain *x, const char *name)
{
	char shown[1024];
	size_t n = utf8_visible(name, strlen(name), shown, sizeof(shown) - 1, NULL);

	explain_add(&x->says, "%.*s", (int)n, shown);
}

void says_who(struct explain *x)
{
	const struct event *e = x->e;
	const char *comm = event_text(e, FIELD_COMM), *id = event_text(e, FIELD_CONTAINER);
	const char *runtime = event_text(e, FIELD_CONTAINER_RUNTIME);
	const char *unit = event_text(e, FIELD_SYSTEMD_UNIT);
	bool first = x->says.n == 0;

	if (comm[0]) {
		says_name(x, comm);
		if (event_has(e, FIELD_PID))
			explain_add(&x->says, " (pid %lld)", (long long)event_num(e, FIELD_PID));
	} else if (event_has(e, FIELD_PID)) {
		explain_add(&x->says, "%srocess %lld", first ? "P" : "p",
			    (long long)event_num(e, FIELD_PID));
	} else {
		explain_add(&x->says, "%s process", first ? "A" : "a");
	}
	if (id[0]) {
		explain_add(&x->says, " in %s%scontainer ", runtime, runtime[0] ? " " : "");
		/* Of a 64-digit id people use the first twelve. */
		if (strlen(id) == 64)
			explain_add(&x->says, "%.12s", id);
		else
			says_name(x, id);
	} else if (unit[0]) {
		explain_add(&x->says, " of ");
		says_name(x, unit);
	}
}

void says_bytes(struct explain *x, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double v = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		explain_add(&x->says, "%llu bytes", (unsigned long long)bytes);
		return;
	}
	for (; v >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1024;
	/* 512, 1.5, 1.46: as many digits as somebody reads */
	explain_add(&x->says, v >= 100 || v == (double)(uint64_t)v ? "%.0f %s" : "%.1f %s", v,
		    units[i]);
}

void says_number(struct explain *x, long long n, const char *one, const char *many)
{
	explain_add(&x->says, "%lld %s", n, n == 1 ? one : many);
}

const char *because(const struct explain *x)
{
	bool sure = !event_has(x->e, FIELD_CERTAIN) || event_num(x->e, FIELD_CERTAIN);

	return sure ? "because" : "probably because";
}

void says_end(struct explain *x)
{
	if (event_num(x->e, FIELD_COUNT) > 1)
		explain_add(&x->says, "; this happened %lld times",
			    (long long)event_num(x->e, FIELD_COUNT));
	explain_add(&x->says, ".");
}

bool shell_quote(char buf[QUOTED_MAX], const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./:=@%+,-";
	char *to = buf;
	size_t n = strlen(name);

	if (n == 0 || n >= QUOTED_MAX / 4 - 2 || name[0] == '-')
		return false;
	if (strspn(name, plain) == n)
		return util_strlcpy(buf, name, QUOTED_MAX);
	*to++ = '\'';
	for (; *name; name++) {
		if (*name < ' ' || *name > '~')
			return false;
		if (*name == '\'')
			to = stpcpy(to, "'\\'");
		*to++ = *name;
	}
	*to++ = '\'';
	*to = '\0';
	return true;
}

uint64_t more_than(const struct event *e)
{
	uint64_t limit = (uint64_t)event_num(e, FIELD_LIMIT), want;
	uint64_t asked = (uint64_t)event_num(e, FIELD_ASKED);

	if (!event_has(e, FIELD_LIMIT) && !event_has(e, FIELD_HELD) && !event_has(e, FIELD_ASKED))
		return 0;
	/* Sets are made one at a time, however many semaphores are in them. */
	if (asked == 0 || util_streq(event_text(e, FIELD_MEASURE), "sets"))
		asked = 1;
	want = (uint64_t)event_num(e, FIELD_HELD) + asked;
	want += want / 8;
	return want > 2 * limit ? want : 2 * limit;
}

bool own_service(const struct explain *x)
{
	const char *unit = x->id.unit;
	size_t n = strlen(unit);

	return n > 8 && util_streq(unit + n - 8, ".service") && !x->id.user_unit &&
	       util_streq(unit, event_text(x->e, FIELD_SYSTEMD_UNIT));
}

/* A resource that has no explainer: what the catalogue knows is still a sentence. */
static void explain_any(struct explain *x)
{
	const struct event *e = x->e;
	const char *call = event_text(e, FIELD_SYSCALL);
	const char *limit = event_text(e, FIELD_LIMIT_NAME);

	says_who(x);
	explain_add(&x->says, x->e->kind == EVENT_KILLED ? " was killed" : " was refused ");
	if (e->kind == EVENT_REFUSED)
		explain_add(&x->says, "%s", call[0] ? call : "something");
	explain_add(&x->says, " %s the limit %s is reached", because(x),
		    limit[0] ? limit : event_text(e, FIELD_RESOURCE));
	if (event_has(e, FIELD_HELD) && event_has(e, FIELD_LIMIT))
		explain_add(&x->says, ": %lld of %lld %s", (long long)event_num(e, FIELD_HELD),
			    (long long)event_num(e, FIELD_LIMIT), event_text(e, FIELD_MEASURE));
	says_end(x);
}

/* Resources, separated by blanks, that one function explains; a section for each file. */
static const struct {
	const char *resources;
	void (*explain)(struct explain *x);
} explainers[] = {
	/* explain_files.c */
	{"nofile", explain_nofile},
	{"nr-open", explain_nr_open},
	{"file-max", explain_file_max},
	/* explain_ipc.c */
	{"semmni", explain_semmni},
	{"semmns", explain_semmns},
	{"semmsl", explain_semmsl},
	{"semopm", explain_semopm},
	{"semvmx", explain_semvmx},
	/* explain_ipc_more.c */
	{"shmmni", explain_shmmni},
	{"shmall", explain_shmall},
	{"shmmax", explain_shmmax},
	{"msgmni", explain_msgmni},
	{"mq-bytes", explain_mq_bytes},
	{"mq-queues", explain_mq_queues},
	/* explain_user.c */
	{"inotify-instances inotify-watches fanotify-groups fanotify-marks namespaces",
	 explain_ucount},
	{"epoll-watches", explain_epoll_watches},
	{"mounts", explain_mounts},
	{"aio", explain_aio},
	{"pty", explain_pty},
	{"keys", explain_keys},

	/* explain_tasks.c */
	{"nproc", explain_nproc},
	{"threads-max", explain_threads_max},
	{"pid-max", explain_pid_max},
	{"pids", explain_pids},

	/* explain_memory.c */
	{"as", explain_as},
	{"data", explain_data},
	{"stack", explain_stack},
	{"memory", explain_charge},
	{"map-count", explain_map_count},
	{"commit", explain_commit},

	/* explain_locked.c */
	{"memlock", explain_memlock},
	{"hugepages", explain_hugepages},

	/* explain_signals.c */
	{"sigpending", explain_sigpending},
	{"cpu", explain_cpu},
	{"fsize", explain_fsize},

	/* explain_space.c */
	{"disk", explain_disk},
	{"inodes", explain_inodes},
	{"quota", explain_quota},

	/* explain_net.c */
	{"tcp-mem udp-mem", explain_socket_memory},
	{"tcp-orphans", explain_orphans},
	{"neighbours", explain_neighbours},
	{"conntrack", explain_conntrack},
	{"ports", explain_ports},
	{"backlog", explain_backlog},
};

void explain_event(struct event *e, const struct explain_facts *facts)
{
	static const struct explain_facts none;
	struct explain x = {.e = e, .facts = facts ? facts : &none};
	const char *resource = event_text(e, FIELD_RESOURCE);
	void (*explain)(struct explain * x) = explain_any;

	if (e->kind != EVENT_REFUSED && e->kind != EVENT_KILLED)
		return;
	identity_cgroup(event_text(e, FIELD_CGROUP), &x.id);
	for (size_t i = 0; i < ARRAY_SIZE(explainers); i++) {
		if (util_listed(explainers[i].resources, resource))
			explain = explainers[i].explain;
	}
	if (util_after(event_text(e, FIELD_CAUSE), "oom-"))
		explain = explain_oom;
	if (x.facts->death)
		explain = explain_death;
	explain(&x);
	event_str(e, FIELD_SAYS, x.says.s);
	if (x.says.cut)
		event_cut(e, FIELD_SAYS);
	if (x.facts->unsure)
		return;
	if (!x.fix.cut)
		event_str(e, FIELD_FIX, x.fix.s);
	else
		event_cut(e, FIELD_FIX);
}
