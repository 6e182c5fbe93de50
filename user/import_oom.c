// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_oom.c - puts the lines of one report of the OOM killer together: who
 * asked, whose limit, the memory, the table of tasks, who was chosen, who was
 * killed.
 *
 * A log may begin or end in the middle of a report, and any part may be
 * missing: the kernel leaves out all but the last line when there are too
 * many, and rsyslog loses some on top. What joins the lines of one kill is
 * kmsg.c, for live records and for these.
 */
#include <ctype.h>

#include "import_priv.h"

/* So many lines that belong to nothing (a stack trace has 60) end a report; so does this time. */
#define STRAY_LINES 1000
#define REPORT_US 120000000ULL
#define REAPED_LINES 400
#define TWICE_US 2000000
#define TWICE_LINES 200

static bool is_report(const struct import_oom *o)
{
	return o->active && !o->spent;
}

bool import_oom_reading(struct import *im)
{
	if (is_report(&im->oom) && im->stats.lines - im->oom.last_line > STRAY_LINES)
		import_oom_end(im);
	return is_report(&im->oom);
}

static bool same_host(const struct import_oom *o, const struct import_msg *m)
{
	return !o->first.host[0] || !m->prefix.host[0] || util_streq(o->first.host, m->prefix.host);
}

/* Does m come so long after the last line that it is of something else? */
static bool is_past(const struct import *im, const struct import_msg *m)
{
	const struct import_oom *o = &im->oom;
	const struct import_stamp *a = &o->first.at, *b = &m->prefix.at;

	if (!same_host(o, m) || im->stats.lines - o->last_line > STRAY_LINES)
		return true;
	if (a->has_uptime && b->has_uptime)
		return b->uptime + 1000000 < a->uptime || b->uptime > a->uptime + REPORT_US;
	return a->has_time && b->has_time && llabs(b->time - a->time) > (int64_t)REPORT_US * 1000;
}

void import_oom_start(struct import *im, const struct import_msg *m)
{
	struct import_oom *o = &im->oom;
	struct import_tasks tasks = {.row = o->tasks.row, .room = o->tasks.room};
	bool is_cut = is_report(o);

	if (is_cut)
		import_oom_end(im);
	memset(o, 0, offsetof(struct import_oom, kmsg));
	memset((char *)o + offsetof(struct import_oom, first), 0,
	       sizeof(*o) - offsetof(struct import_oom, first));
	kmsg_init(&o->kmsg);
	o->tasks = tasks;
	o->memcg = (struct import_memcg){false, -1, -1, -1, -1, -1, -1, -1};
	o->active = true;
	o->first = m->prefix;
	o->first_line = o->last_line = im->stats.lines;
	snprintf(o->begins, sizeof(o->begins), "%.90s", m->text);
}

/* "Kill process 812 (java) score 900 or sacrifice child": it, or a child of it. */
static void chosen_only(struct import *im)
{
	struct import_oom *o = &im->oom;
	struct kmsg_victim v = {.line = o->chosen, .chosen = true};
	struct import_msg m = {.text = "", .prefix = o->chosen_at, .repeats = 1};

	if (o->kmsg.has_asked)
		util_strlcpy(v.asker, o->kmsg.asked.comm, sizeof(v.asker));
	import_oom_killed(im, &v, &m, false);
}

/* A report that ends without a kill: who was chosen dies for certain, but nobody saw it. */
void import_oom_end(struct import *im)
{
	struct import_oom *o = &im->oom;
	struct import_msg m = {.text = "", .prefix = o->first, .repeats = 1};
	const struct kmsg_victim *last =
		o->kmsg.n ? &o->kmsg.victims[(o->kmsg.n - 1) % KMSG_VICTIMS] : NULL;

	if (is_report(o)) {
		if (im->stats.cut++ == 0)
			util_strlcpy(im->stats.first_cut, o->begins, sizeof(im->stats.first_cut));
		if (last && last->line.kind == KMSG_OOM)
			import_oom_killed(im, last, &m, false);
		else if (o->has_chosen)
			chosen_only(im);
	}
	o->active = false;
	import_flush(im);
}

/* A line that only a new report can have: what the last one knew is not its. */
static void need_report(struct import *im, const struct import_msg *m)
{
	if (!is_report(&im->oom) || is_past(im, m))
		import_oom_start(im, m);
	im->oom.last_line = im->stats.lines;
}

/* Nobody dies twice within two seconds. */
static bool twice_told(struct import *im, int64_t pid, const struct import_msg *m)
{
	const struct import_stamp *now = &m->prefix.at;

	for (size_t i = 0; i < ARRAY_SIZE(im->recent); i++) {
		const struct import_recent *r = &im->recent[i];
		bool near = im->stats.lines - r->line < TWICE_LINES;

		if (r->pid != pid)
			continue;
		if (r->at.has_uptime && now->has_uptime)
			near = llabs((int64_t)(now->uptime - r->at.uptime)) < TWICE_US;
		else if (r->at.has_time && now->has_time)
			near = llabs(now->time - r->at.time) < TWICE_US * 1000LL;
		if (near)
			return true;
	}
	im->recent[im->n_recent++ % IMPORT_RECENT] =
		(struct import_recent){pid, *now, im->stats.lines};
	return false;
}

/* Of an "oom-kill:" line of which only the beginning is there. */
static void take_part(const struct import_oom *o, struct kmsg_line *l)
{
	static const struct {
		const char *words;
		enum fc_constraint constraint;
	} names[] = {{"constraint=CONSTRAINT_NONE,", FC_CONSTRAINT_NONE},
		     {"constraint=CONSTRAINT_CPUSET,", FC_CONSTRAINT_CPUSET},
		     {"constraint=CONSTRAINT_MEMORY_POLICY,", FC_CONSTRAINT_MEMORY_POLICY},
		     {"constraint=CONSTRAINT_MEMCG,", FC_CONSTRAINT_MEMCG}};

	for (size_t i = 0; i < ARRAY_SIZE(names) && o->part[0]; i++) {
		if (!strstr(o->part, names[i].words) || l->have & KMSG_HAS_CONSTRAINT)
			continue;
		l->constraint = names[i].constraint;
		l->have |= KMSG_HAS_CONSTRAINT;
	}
}

static void on_killed(struct import *im, struct kmsg_line *l, const struct import_msg *m)
{
	struct import_oom *o = &im->oom;
	const struct kmsg_victim *v;

	if (!o->active || is_past(im, m) || (o->spent && !o->kmsg.in_group))
		import_oom_start(im, m);
	take_part(o, l);
	if (o->has_chosen && !o->spent)
		l->memcg |= o->chosen.memcg; /* of it, or of its parent */
	kmsg_add(&o->kmsg, l, m->prefix.at.uptime, im->stats.lines);
	v = &o->kmsg.victims[(o->kmsg.n - 1) % KMSG_VICTIMS];
	o->last_line = im->stats.lines;
	if (!twice_told(im, l->pid, m))
		import_oom_killed(im, v, m, true);
	o->spent = true;
	o->tasks.columns = 0;
}

/* "Task in /a/b killed as a result of limit of /a", until 5.0 */
static bool task_in(struct import *im, const struct import_msg *m)
{
	static const char words[] = " killed as a result of limit of ";
	const char *path = util_after(m->text, "Task in "), *end = strstr(m->text, words);
	struct import_oom *o = &im->oom;

	if (!path || !end || end < path)
		return false;
	need_report(im, m);
	snprintf(o->task_cgroup, sizeof(o->task_cgroup), "%.*s", (int)(end - path), path);
	snprintf(o->limit_cgroup, sizeof(o->limit_cgroup), "%s", end + strlen(words));
	return true;
}

/* "CPU: 1 PID: 812 Comm: java Not tainted ..."; 2.6: "Pid: 812, comm: java Not tainted ..." */
static bool asker(struct import_oom *o, const char *s)
{
	const char *comm;
	int64_t pid = -1;

	if (util_after(s, "CPU: ") && strstr(s, " PID: ")) {
		pid = import_number(s, " PID: ");
		comm = strstr(s, " Comm: ");
		comm = comm ? comm + 7 : NULL;
	} else if (util_after(s, "Pid: ")) {
		pid = import_number(s, "Pid: ");
		comm = strstr(s, ", comm: ");
		comm = comm ? comm + 8 : NULL;
	} else {
		return false;
	}
	if (comm && pid > 0 && o->kmsg.has_asked && util_after(comm, o->kmsg.asked.comm))
		o->asker_pid = pid;
	return true;
}

/* "oom-kill:" is printed in pieces; another processor's line may stand between them. */
static bool oom_piece(struct import *im, const struct import_msg *m, struct kmsg_line *l)
{
	struct import_oom *o = &im->oom;
	size_t n = strlen(o->part);
	bool begins = util_after(m->text, "oom-kill:") != NULL;

	if (!begins && (n == 0 || (*m->text != ',' && !strstr(m->text, ",pid="))))
		return false;
	need_report(im, m);
	if (begins)
		n = 0;
	util_strlcpy(o->part + n, m->text, sizeof(o->part) - n);
	if (kmsg_parse(o->part, strlen(o->part), l) == KMSG_OOM) {
		kmsg_add(&o->kmsg, l, m->prefix.at.uptime, im->stats.lines);
		o->part[0] = '\0';
	}
	return true;
}

/* "oom_reaper: reaped process 812 (java), now anon-rss:0kB, ...": of the one that is held */
static bool reaped(struct import *im, const struct import_msg *m)
{
	int64_t pid = import_number(m->text, "reaped process ");
	const struct import_stamp *at = &m->prefix.at;
	struct event *e = &im->event;
	int64_t ms = -1;

	if (!util_after(m->text, "oom_reaper: "))
		return false;
	if (!im->held || pid != event_num(e, FIELD_PID))
		return true;
	if (at->has_uptime && event_has(e, FIELD_UPTIME_US))
		ms = ((int64_t)at->uptime - event_num(e, FIELD_UPTIME_US)) / 1000;
	if (ms >= 0 && strstr(m->text, "anon-rss:0kB"))
		event_int(e, FIELD_FREED_MS, ms);
	import_flush(im);
	return true;
}

/* What is told of the memory and the tasks, between who asked and who is killed. */
static bool in_report(struct import *im, const struct import_msg *m)
{
	struct import_oom *o = &im->oom;
	const char *s = m->text;

	if (import_tasks_heading(&o->tasks, s)) {
		o->memcg.reading = false;
		return true;
	}
	if (o->tasks.columns)
		return import_tasks_row(&o->tasks, s);
	return asker(o, s) || import_memcg_line(&o->memcg, s) || import_memory_line(&o->host, s);
}

static bool is_begin(const char *s)
{
	return import_tasks_columns(s) || util_after(s, "memory: usage ") ||
	       util_after(s, "Mem-Info:") || util_after(s, "Mem-info:");
}

bool import_oom_line(struct import *im, const struct import_msg *m)
{
	struct import_oom *o = &im->oom;
	size_t n = strlen(m->text);
	struct kmsg_line l;

	if (im->held && im->stats.lines - im->held_line > REAPED_LINES)
		import_flush(im);
	if (reaped(im, m) || oom_piece(im, m, &l) || task_in(im, m))
		return true;
	if (kmsg_parse(m->text, n, &l) == KMSG_OTHER)
		kmsg_parse_old(m->text, n, &l);
	switch (l.kind) {
	case KMSG_INVOKED:
		import_oom_start(im, m);
		kmsg_add(&o->kmsg, &l, m->prefix.at.uptime, im->stats.lines);
		return true;
	case KMSG_CHOSEN:
		need_report(im, m);
		o->chosen = l;
		o->chosen_at = m->prefix;
		o->has_chosen = true;
		return true;
	case KMSG_KILLED:
		on_killed(im, &l, m);
		return true;
	case KMSG_GROUP:
		kmsg_add(&o->kmsg, &l, m->prefix.at.uptime, im->stats.lines);
		return true;
	default:
		break;
	}
	if (is_begin(m->text))
		need_report(im, m);
	if (!is_report(o) || is_past(im, m))
		return false;
	if (!import_usage_line(o, m->text) && !in_report(im, m))
		return false;
	o->last_line = im->stats.lines;
	return true;
}
