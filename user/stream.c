// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream.c - one run's output: what every line has in common, the sinks, and
 * the totals.
 */
#include "stream.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "log.h"

#define CLOCK_STEP_NS 1000000

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void stream_clock(struct stream *s)
{
	int64_t offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);

	/* The two are not read at one instant: a small difference is only that. */
	if (llabs(offset - s->context.boot_to_real) > CLOCK_STEP_NS)
		s->context.boot_to_real = offset;
}

static void read_boot_id(struct stream *s)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (f && !fgets(s->boot_id, sizeof(s->boot_id), f))
		s->boot_id[0] = '\0';
	s->boot_id[strcspn(s->boot_id, "\n")] = '\0';
}

static void name_run(struct stream *s)
{
	struct utsname u;
	uint64_t id;

	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != sizeof(id))
		id = (uint64_t)clock_ns(CLOCK_REALTIME) ^ (uint64_t)getpid() << 48;
	snprintf(s->run, sizeof(s->run), "%016llx", (unsigned long long)id);
	if (uname(&u) < 0)
		return;
	util_strlcpy(s->host, u.nodename, sizeof(s->host));
	util_strlcpy(s->kernel, u.release, sizeof(s->kernel));
	util_strlcpy(s->arch, u.machine, sizeof(s->arch));
}

static int open_sinks(struct stream *s, int fd, const struct options *o,
		      const struct stream_patience *p)
{
	struct sink_options so = {
		.utc = o->utc, .color = options_color(o, fd), .verbose = o->verbose > 0};
	const char *path;
	int err = 0;

	if (p) {
		so.patient = p->patient;
		so.patient_arg = p->arg;
	}
	path = o->output ? util_after(o->output, "json:") : NULL;
	if (path && !sink_can_write(fd))
		fd = -1; /* it was closed, and there is another */
	if (fd >= 0)
		err = sink_new(&s->sink[0], o->json ? SINK_JSON : SINK_TEXT, fd, &so);
	if (err < 0)
		return err;
	s->n_sinks = fd >= 0;
	if (!path)
		return 0;
	err = sink_open(&s->sink[s->n_sinks], SINK_JSON, path, &so);
	if (err < 0) {
		log_error("cannot open %s for writing: %s", path, strerror(-err));
		return err;
	}
	s->n_sinks++;
	return 0;
}

/*
 * Those of this process, which is where its commands will run. A service may have a mount namespace
 * of its own, made for it alone (ProtectSystem= and the like): commands run in its manager's.
 */
static void read_namespaces(struct event_context *c)
{
	bool service = getenv("NOTIFY_SOCKET") != NULL;
	static const char *const paths[FC_NS_KINDS] = {
		[FC_NS_IPC] = "/proc/self/ns/ipc",   [FC_NS_PID] = "/proc/self/ns/pid",
		[FC_NS_USER] = "/proc/self/ns/user", [FC_NS_MNT] = "/proc/self/ns/mnt",
		[FC_NS_NET] = "/proc/self/ns/net",
	};
	struct stat st;

	for (int k = 0; k < FC_NS_KINDS; k++)
		if (paths[k] && stat(paths[k], &st) == 0)
			c->host_ns[k] = st.st_ino;
	if (service && stat("/proc/1/ns/mnt", &st) == 0)
		c->host_ns[FC_NS_MNT] = st.st_ino;
}

int stream_open_on(struct stream *s, int fd, const struct options *o,
		   const struct stream_patience *p)
{
	int err;

	memset(s, 0, sizeof(*s));
	s->context.page_size = sysconf(_SC_PAGESIZE);
	read_namespaces(&s->context);
	stream_clock(s);
	s->context.start_to_real = s->context.boot_to_real;
	read_boot_id(s);
	name_run(s);
	err = open_sinks(s, fd, o, p);
	if (err < 0)
		stream_close(s);
	return err;
}

int stream_open(struct stream *s, const struct options *o, const struct stream_patience *p)
{
	return stream_open_on(s, STDOUT_FILENO, o, p);
}

void stream_add(struct stream *s, struct sink *sink)
{
	memmove(&s->sink[1], &s->sink[0], s->n_sinks * sizeof(s->sink[0]));
	s->sink[0] = sink;
	s->n_sinks++;
}

void stream_close(struct stream *s)
{
	for (unsigned int i = 0; i < s->n_sinks; i++)
		sink_free(s->sink[i]);
	s->n_sinks = 0;
}

void stream_reopen(struct stream *s)
{
	for (unsigned int i = 0; i < s->n_sinks; i++) {
		int err = sink_reopen(s->sink[i]);

		if (err < 0)
			log_error("cannot reopen the output: %s", strerror(-err));
	}
}

static void count(struct stream_totals *t, const struct event *e)
{
	uint64_t n = event_has(e, FIELD_COUNT) ? (uint64_t)event_num(e, FIELD_COUNT) : 1;

	switch (e->kind) {
	case EVENT_REFUSED:
		t->refused += n;
		break;
	case EVENT_KILLED:
		t->killed++;
		break;
	case EVENT_COUNTED:
		t->counted++;
		break;
	case EVENT_LOST:
		t->lost += (uint64_t)event_num(e, FIELD_LOST);
		t->lost_at_most |= event_num(e, FIELD_AT_MOST) != 0;
		break;
	default:
		break;
	}
}

static void complete(struct stream *s, struct event *e)
{
	event_static(e, FIELD_BOOT_ID, s->boot_id);
	event_static(e, FIELD_RUN, s->run);
	event_static(e, FIELD_HOST, s->host);
	if (!event_has(e, FIELD_TIME))
		event_time(e, clock_ns(CLOCK_BOOTTIME), &s->context);
}

/* Only what a sink took counts in its totals; what it did not take it counts as lost itself. */
static int emit_to(struct stream *s, unsigned int i, struct event *e, int64_t *ret_seq)
{
	int err = sink_write(s->sink[i], e, ret_seq);

	if (err == 0)
		count(&s->totals[i], e);
	else if (err == -EPIPE && i == 0)
		s->reader_gone = true;
	return err;
}

int64_t stream_emit(struct stream *s, struct event *e)
{
	int64_t seq = 0, first = 0;

	complete(s, e);
	for (unsigned int i = 0; i < s->n_sinks; i++)
		if (emit_to(s, i, e, &seq) == 0 && !first)
			first = seq;
	return first;
}

void stream_lost_event(struct event *e, const char *stage, const char *hook, uint64_t n)
{
	event_init(e, EVENT_LOST);
	event_u64(e, FIELD_LOST, n);
	event_static(e, FIELD_STAGE, stage);
	if (hook)
		event_str(e, FIELD_HOOK, hook);
	/* A call that a program missed may have been one that succeeded: nobody saw. */
	if (util_streq(stage, "hook"))
		event_bool(e, FIELD_AT_MOST, true);
}

/* Each sink is told of its own losses alone: its reader adds up its lines. */
bool stream_sinks_pending(const struct stream *s)
{
	bool pending = false;

	for (unsigned int i = 0; i < s->n_sinks; i++)
		pending |= sink_lost(s->sink[i]) != s->told[i] && !(i == 0 && s->reader_gone);
	return pending;
}

void stream_report_sinks(struct stream *s)
{
	static struct event e;

	for (unsigned int i = 0; i < s->n_sinks; i++) {
		uint64_t before = sink_lost(s->sink[i]), n = before - s->told[i];
		int64_t seq;

		if (n == 0 || (i == 0 && s->reader_gone))
			continue;
		stream_lost_event(&e, sink_stage(s->sink[i]), NULL, n);
		complete(s, &e);
		s->trouble[i] = emit_to(s, i, &e, &seq);
		if (s->trouble[i] == 0)
			s->told[i] = before;
		else /* still full: it is told again, and this line was no event */
			s->told[i] += sink_lost(s->sink[i]) - before;
	}
}

/* A store says it itself. */
void stream_complain(struct stream *s)
{
	for (unsigned int i = 0; i < s->n_sinks; i++) {
		const char *path = sink_path(s->sink[i]);
		int err = s->trouble[i];

		if (err && !s->complained[i] && err != -EPIPE && sink_writes(s->sink[i]))
			log_error("%s cannot be written: %s; what is missing there is counted",
				  path ? path : "the output",
				  err == -EAGAIN ? "its reader takes nothing" : strerror(-err));
		s->complained[i] = err != 0;
	}
}

uint64_t stream_untold(const struct stream *s)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < s->n_sinks; i++)
		n += sink_lost(s->sink[i]) - s->told[i];
	return n;
}

int stream_stopped(struct stream *s)
{
	int64_t seq, now = clock_ns(CLOCK_BOOTTIME); /* one moment in every stream */
	static struct event e;
	int err = 0;

	for (unsigned int i = 0; i < s->n_sinks; i++) {
		const struct stream_totals *t = &s->totals[i];
		int r;

		event_init(&e, EVENT_STOPPED);
		event_time(&e, (uint64_t)now, &s->context);
		event_pair(&e, FIELD_TOTALS, "refused", (int64_t)t->refused);
		event_pair(&e, FIELD_TOTALS, "killed", (int64_t)t->killed);
		event_pair(&e, FIELD_TOTALS, "counted", (int64_t)t->counted);
		event_pair(&e, FIELD_TOTALS, "lost", (int64_t)t->lost);
		complete(s, &e);
		r = emit_to(s, i, &e, &seq);
		if (r < 0 && !err)
			err = r;
	}
	return err;
}
