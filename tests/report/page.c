/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page.c - pages to look at and to measure, made of a model that is fed by hand:
 *   page SCENE >FILE.html      rich: a bad day; empty: a quiet one; full: as much of
 *                              everything as there can be, and names made to hurt
 */
#include <time.h>

#include "../../user/counter.h"
#include "../../user/report_html.h"

#define NS 1000000000LL
#define END (1795435200 * NS) /* 2026-11-23 12:00 UTC */
#define DAY (86400 * NS)

static struct event e;
static int64_t last_id;

static void must(int err)
{
	if (err < 0) {
		fprintf(stderr, "page: %s\n", strerror(-err));
		exit(1);
	}
}

static void begin(enum event_kind kind, int64_t time, const char *comm, int64_t pid,
		  const char *resource)
{
	event_init(&e, kind);
	event_int(&e, FIELD_TIME, time);
	event_str(&e, FIELD_COMM, comm);
	event_int(&e, FIELD_PID, pid);
	event_int(&e, FIELD_PPID, 1);
	event_int(&e, FIELD_UID, 998);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_HOST, "db1.example.org");
	event_str(&e, FIELD_BOOT_ID, "aae695b9-ad9c-4c40-bb11-7a829e47348f");
	event_int(&e, FIELD_STARTED_AT, time - 3600 * NS);
	event_bool(&e, FIELD_CERTAIN, true);
	event_str(&e, FIELD_BACKEND, "fexit");
}

static void usage(uint64_t held, uint64_t limit, const char *measure, const char *name)
{
	event_u64(&e, FIELD_HELD, held);
	event_u64(&e, FIELD_LIMIT, limit);
	event_str(&e, FIELD_MEASURE, measure);
	event_str(&e, FIELD_LIMIT_NAME, name);
}

static void incident(struct report *r, int64_t first, int64_t last, uint64_t refused,
		     uint64_t killed)
{
	struct incident i = {.id = ++last_id,
			     .first = first,
			     .last = last,
			     .refused = refused,
			     .killed = killed,
			     .events = 1,
			     .processes = 1,
			     .verdict = &e};

	must(report_add_incident(r, &i));
	must(report_add_count(r,
			      event_has(&e, FIELD_RESOURCE) ? event_text(&e, FIELD_RESOURCE)
							    : event_text(&e, FIELD_CAUSE),
			      last, 0, killed, 0));
	for (uint64_t k = 0; refused && k < 8; k++)
		must(report_add_count(r, event_text(&e, FIELD_RESOURCE),
				      first + (last - first) / 8 * (int64_t)k,
				      refused / 8 + (k < refused % 8), 0, 0));
}

static void oom(int64_t at)
{
	struct event_moved *m;

	begin(EVENT_KILLED, at, "postgres", 20412, "memory");
	event_str(&e, FIELD_CAUSE, "oom-memcg");
	event_str(&e, FIELD_SIGNAL, "SIGKILL");
	usage(8589934592, 8589934592, "bytes", "memory.max");
	event_str(&e, FIELD_MEMCG, "/system.slice/postgresql@15-main.service");
	event_str(&e, FIELD_CGROUP, "/system.slice/postgresql@15-main.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "postgresql@15-main.service");
	event_int(&e, FIELD_TRIGGER_PID, 31007);
	event_str(&e, FIELD_TRIGGER_COMM, "pg_dump");
	event_int(&e, FIELD_RSS_ANON, 5100273664);
	event_int(&e, FIELD_RSS_FILE, 12582912);
	event_int(&e, FIELD_RSS_SHMEM, 2147483648);
	event_int(&e, FIELD_PGTABLES, 14680064);
	event_int(&e, FIELD_OOM_SCORE_ADJ, 0);
	event_int(&e, FIELD_POINTS, 1772);
	event_str(
		&e, FIELD_SAYS,
		"The kernel killed postgres (pid 20412), which had 6.8 GiB of memory, because the "
		"control group /system.slice/postgresql@15-main.service reached its own limit of 8 "
		"GiB (memory.max); the host itself had not run out of memory; pg_dump (pid 31007) "
		"only happened to ask for memory at that moment.");
	event_str(&e, FIELD_FIX,
		  "systemctl set-property postgresql@15-main.service MemoryMax=12G\n"
		  "# or less of it: work_mem and max_connections in postgresql.conf");
	m = event_moved_add(&e);
	m->source = "cgroup2", m->resource = "memory.oom_kill", m->delta = 1;
	m->owner = "cgroup:/system.slice/postgresql@15-main.service";
	m = event_moved_add(&e);
	m->source = "cgroup2", m->resource = "memory.max", m->delta = 2417;
	m->relation = RELATION_RELATED,
	m->owner = "cgroup:/system.slice/postgresql@15-main.service";
}

static void fault(int64_t at)
{
	begin(EVENT_KILLED, at, "convert", 991, NULL);
	event_str(&e, FIELD_CAUSE, "fault");
	event_str(&e, FIELD_SIGNAL, "SIGSEGV");
	event_str(&e, FIELD_CGROUP, "/system.slice/docker-4f2a9c0be2d1.scope");
	event_bool(&e, FIELD_CERTAIN, false);
	event_str(&e, FIELD_SAYS,
		  "convert (pid 991) ended itself: it used memory that it does not have.");
}

static void files(int64_t at, const char *comm)
{
	begin(EVENT_REFUSED, at, comm, 812, "nofile");
	event_str(&e, FIELD_ERRNO, "EMFILE");
	event_str(&e, FIELD_SYSCALL, "accept4");
	usage(1024, 1024, "files", "RLIMIT_NOFILE");
	event_int(&e, FIELD_LIMIT_HARD, 524288);
	event_str(&e, FIELD_CGROUP, "/system.slice/nginx.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "nginx.service");
	event_fmt(&e, FIELD_SAYS,
		  "%s (pid 812) could not accept a connection because it had 1024 files open "
		  "(sockets "
		  "and pipes are files too) and its limit (RLIMIT_NOFILE, \"ulimit -n\") is 1024.",
		  comm);
	event_str(&e, FIELD_FIX,
		  "prlimit --pid 812 --nofile=4096:524288\nmkdir -p "
		  "/etc/systemd/system/nginx.service.d && printf "
		  "'[Service]\\nLimitNOFILE=4096:524288\\n' > "
		  "/etc/systemd/system/nginx.service.d/limits.conf && systemctl daemon-reload");
}

static void tasks(int64_t at)
{
	begin(EVENT_REFUSED, at, "java", 4711, "pids");
	event_str(&e, FIELD_ERRNO, "EAGAIN");
	usage(4915, 4915, "tasks", "pids.max");
	event_str(&e, FIELD_LIMIT_CGROUP, "/system.slice/tomcat9.service");
	event_str(
		&e, FIELD_SAYS,
		"java (pid 4711) could not start another thread because its control group has 4915 "
		"tasks and the limit is 4915 (pids.max, TasksMax= of systemd).");
	event_str(&e, FIELD_FIX, "systemctl set-property tomcat9.service TasksMax=9830");
}

/* A climb to the limit in the ten minutes before. */
static void chart(const struct report *r, struct report_card *c, const char *resource,
		  const char *unit, uint64_t limit, double start)
{
	static struct report_chart_maker m;
	char owner[256];
	int64_t from, to;

	report_chart_span(r, c, &from, &to);
	if (!report_chart_owner(c, 0, owner, sizeof(owner)))
		return;
	report_chart_begin(&m, c, from, to);
	for (int64_t at = from - 20 * NS; at < to; at += 15 * NS) {
		double x = at > c->id_last ? 0.4
					   : start + (1 - start) * (double)(at - from) /
							     (double)(c->id_last - from);
		struct store_sample s = {.time = at,
					 .source = "cgroup2",
					 .owner = owner,
					 .resource = resource,
					 .unit = unit,
					 .have = COUNTER_HELD | COUNTER_LIMIT,
					 .held = (uint64_t)((double)limit * (x < 0 ? 0 : x)),
					 .limit = limit};
		report_chart_sample(&m, &s);
	}
	report_chart_end(&m, c);
}

/* Each minute another refusal, and nobody samples the limit. */
static void told(const struct report *r, struct report_card *c, const char *comm)
{
	report_chart_points(r, c);
	for (int64_t at = c->id_first; at <= c->id_last;
	     at += (c->id_last - c->id_first) / 7 + NS) {
		files(at, comm);
		report_chart_point(c, &e);
	}
	report_chart_points_done(c);
}

static void found_holders(struct report_card *c)
{
	static const char *const names[] = {"nginx", "nginx", "php-fpm8.2"};

	event_init(&e, EVENT_FOLLOWUP);
	for (int i = 0; i < 3; i++) {
		struct event_holder *h = event_holder_add(&e);

		h->have = HOLDER_PID | HOLDER_HELD;
		h->pid = 812 + i;
		h->held = 1024 - 400 * i;
		h->comm = names[i];
		h->kind = i ? "" : "sockets in CLOSE_WAIT";
	}
	must(report_card_event(c, &e));
}

static void fill(const struct report *r, struct report_card *c, const char *comm)
{
	int64_t at = c->id_last;

	switch (c->kill ? (c->refused ? 0 : 1) : (c->incidents > 5 ? 2 : 3)) {
	case 0:
		begin(EVENT_REFUSED, at - 30 * NS, "postgres", 20412, "as");
		event_str(&e, FIELD_ERRNO, "ENOMEM");
		event_int(&e, FIELD_COUNT, 37);
		must(report_card_event(c, &e));
		oom(at);
		must(report_card_event(c, &e));
		must(report_card_verdict(c, &e));
		chart(r, c, "memory", "bytes", 8589934592, 0.55);
		break;
	case 1:
		fault(at);
		must(report_card_verdict(c, &e));
		break;
	case 2:
		files(at, comm);
		must(report_card_verdict(c, &e));
		found_holders(c);
		told(r, c, comm);
		break;
	default:
		tasks(at);
		must(report_card_verdict(c, &e));
		chart(r, c, "pids", "tasks", 4915, 0.8);
	}
}

static void lost(struct report *r, const char *stage, const char *hook, int64_t n)
{
	event_init(&e, EVENT_LOST);
	event_int(&e, FIELD_TIME, END - DAY / 2);
	event_str(&e, FIELD_STAGE, stage);
	event_str(&e, FIELD_HOOK, hook);
	event_int(&e, FIELD_LOST, n);
	must(report_add_event(r, &e));
}

static void rich(struct report *r)
{
	struct store_gap g = {.from = END - 10 * 3600 * NS, .to = END - 6 * 3600 * NS};
	struct store_dropped d = {
		.time = END - DAY / 3, .until = END - 30 * DAY, .events = 41877, .why = "size"};

	oom(END - 3 * 3600 * NS);
	incident(r, END - 3 * 3600 * NS - 40 * NS, END - 3 * 3600 * NS, 37, 1);
	oom(END - 11 * 3600 * NS);
	incident(r, END - 11 * 3600 * NS - 9 * NS, END - 11 * 3600 * NS, 12, 1);
	fault(END - 15 * 3600 * NS);
	incident(r, END - 15 * 3600 * NS, END - 15 * 3600 * NS, 0, 1);
	for (int64_t h = 1; h < 9; h++) {
		files(END - (24 - h) * 3600 * NS, "nginx");
		incident(r, END - (24 - h) * 3600 * NS, END - (24 - h) * 3600 * NS + 900 * NS,
			 (uint64_t)(h * h * h * 97), 0);
	}
	tasks(END - 2 * 3600 * NS);
	incident(r, END - 2 * 3600 * NS - 20 * NS, END - 2 * 3600 * NS, 24, 0);
	must(report_add_count(r, "conntrack", END - 5 * 3600 * NS, 0, 0, 311));
	report_add_gap(r, g.from, g.to, "the recorder was killed");
	g = (struct store_gap){
		.from = END - 20 * 60 * NS,
		.to = END - 18 * 60 * NS,
	};
	report_add_gap(r, g.from, g.to, "the recorder was stopped");
	report_add_dropped(r, &d);
	lost(r, "ringbuf", NULL, 12);
	must(report_add_top(&r->cgroups, "/system.slice/nginx.service", 125712, 0));
	must(report_add_top(&r->cgroups, "/system.slice/postgresql@15-main.service", 49, 2));
	must(report_add_top(&r->cgroups, "/system.slice/tomcat9.service", 24, 0));
	must(report_add_top(&r->programs, "nginx", 125712, 0));
	must(report_add_top(&r->programs, "postgres", 49, 2));
	must(report_add_top(&r->programs, "java", 24, 0));
}

/* Every name that could break out of its place, or push others out of theirs. */
static const char *const hostile[] = {
	"<script>alert(1)",
	"\"><img src=x>",
	"a&amp;b'c\"d",
	"\xe2\x80\xae"
	"evil\xe2\x80\xac",
	"\033[2J\x01\xff\xfe",
	"שלום עולם",
	"--><!--]]>",
	"{}:root{color:red}",
	"/very/long/cgroup/path/without/any/blank/kubepods.slice/kubepods-burstable.slice/"
	"kubepods-burstable-pod6f1c5f0e_2f6c_4f8e_9c9d_0123456789ab.slice/"
	"cri-containerd-3b6b5e1cbf4b0ef6df0a5f3b1f1b8d1e4c5a6b7c8d9e0f1a2b3c4d5e6f708192.scope",
	"WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"};

static void full(struct report *r)
{
	char name[320];

	for (int i = 0; i < 200; i++) {
		const char *bad = hostile[i % (int)ARRAY_SIZE(hostile)];

		snprintf(name, sizeof(name), "%d %s", i, bad);
		for (int b = 0; b < 400; b++)
			must(report_add_count(r, name, END - DAY + DAY / 400 * b,
					      (uint64_t)(i + b) * 977 % 100000, (b * i) % 97 == 0,
					      (b + i) % 31 == 0));
		begin(i % 2 ? EVENT_KILLED : EVENT_REFUSED, END - DAY / 2, name, 4194304,
		      i % 2 ? NULL : "nofile");
		event_str(&e, FIELD_CAUSE, i % 2 ? bad : NULL);
		event_str(&e, FIELD_SYSTEMD_UNIT, bad);
		incident(r, END - DAY + DAY / 201 * i, END - DAY + DAY / 201 * i + NS, 99999999,
			 i % 2);
		must(report_add_top(&r->cgroups, name, 1u << (31 - i % 31), (uint64_t)i));
		must(report_add_top(&r->programs, name, 1u << (31 - i % 31), (uint64_t)i));
		lost(r, i % 3 ? "hook" : bad, bad, 1000000 + i);
		report_add_gap(r, END - DAY / 200 * (i + 1), END - DAY / 200 * (i + 1) + DAY / 900,
			       "the recorder was killed");
		report_add_dropped(r, &(struct store_dropped){.time = END - NS,
							      .until = END - 90 * DAY,
							      .events = 10000000,
							      .why = "free space"});
	}
}

static void fill_hostile(struct report_card *c, unsigned int i)
{
	const char *bad = hostile[i % ARRAY_SIZE(hostile)];

	begin(c->kill ? EVENT_KILLED : EVENT_REFUSED, c->id_last, bad, 4194304,
	      c->kill ? NULL : "nofile");
	for (int f = 0; f < FIELDS; f++) {
		if (field_defs[f].type == TYPE_STR && !event_has(&e, f))
			event_str(&e, f, bad);
		else if (field_defs[f].type == TYPE_INT && !event_has(&e, f))
			event_int(&e, f, 9007199254740991);
	}
	event_str(&e, FIELD_MEASURE, i % 2 ? "bytes" : "semaphores");
	event_fmt(&e, FIELD_SAYS, "%s was refused %s because %s.", bad, bad, bad);
	event_fmt(&e, FIELD_FIX, "echo '%s' > %s\n# %s", bad, bad, bad);
	for (int k = 0; k < EVENT_HOLDER_MAX + 1; k++) {
		struct event_holder *h = event_holder_add(&e);

		if (!h)
			break;
		*h = (struct event_holder){.have = 63,
					   .pid = 4194304,
					   .uid = 4294967294,
					   .held = 1ll << (k + 30),
					   .count = 3,
					   .last_pid = 4194304,
					   .dead = k % 2,
					   .comm = bad,
					   .kind = k % 3 ? "" : bad,
					   .cgroup = bad,
					   .object = bad};
	}
	must(report_card_verdict(c, &e));
	for (int k = 0; k < 9; k++) {
		begin(EVENT_REFUSED, c->id_last, hostile[k], k, "nofile");
		must(report_card_event(c, &e));
	}
}

int main(int argc, char **argv)
{
	const char *scene = argc > 1 ? argv[1] : "rich";
	struct report_look look = {.utc = true, .now = END, .store = "/var/lib/failcnt/failcnt.db"};
	struct report *r;
	bool is_full = util_streq(scene, "full");

	must(report_new(&r, END - DAY, END, 0));
	event_init(&e, EVENT_STARTED);
	event_str(&e, FIELD_HOST, is_full ? hostile[0] : "db1.example.org");
	event_str(&e, FIELD_KERNEL, is_full ? hostile[1] : "6.12.57+deb13-amd64");
	event_str(&e, FIELD_VERSION, is_full ? hostile[2] : "0.1.0");
	must(report_add_event(r, &e));
	if (is_full)
		full(r);
	else if (!util_streq(scene, "empty"))
		rich(r);
	look.filter = is_full ? hostile[8] : NULL;
	must(report_finish(r));
	for (unsigned int i = 0; i < r->n_kills; i++)
		is_full ? fill_hostile(&r->kills[i], i) : fill(r, &r->kills[i], "");
	for (unsigned int i = 0; i < r->n_refusals; i++)
		is_full ? fill_hostile(&r->refusals[i], i) : fill(r, &r->refusals[i], "nginx");
	must(report_html(stdout, r, &look));
	report_free(r);
	return 0;
}
