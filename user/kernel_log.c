// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_log.c - /dev/kmsg, live, through the reader of imported logs.
 *
 * A line may belong to the one before: what was read is told when the next
 * line shows that it was whole, or after a moment in which nothing came.
 */
#include "kernel_log.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "catalogue.h"
#include "import_priv.h"

/* The lines of one report come together: each is in the log before the next is made. */
#define QUIET_MS 300
/* printk's clock stops while the machine sleeps; what looks so far behind has not waited here. */
#define SLEPT_NS 5000000000LL
/* Suppressed repeats belong to what was told a moment ago. */
#define SUPPRESSED_MS 60000

struct kernel_log {
	struct import
		*im; /* NULL until there is something to read: it and its tables take half a MiB */
	int fd;
	bool kills;                /* told from here */
	bool hooked[FC_RESOURCES]; /* a hook tells of its refusals */
	const struct event_context *context;
	void (*on_event)(void *arg, struct event *e);
	void *arg;
	int64_t offset; /* ns from printk's clock to CLOCK_BOOTTIME */
	bool has_offset;
	uint64_t next_seq;
	uint64_t told;  /* ms when a refusal was told; 0: never */
	uint64_t quiet; /* ms when what waits is told; UINT64_MAX: nothing waits */
	uint64_t now;   /* ms, of this call */
};

/* What a line of import_lines.c is about, and the hook that sees it as well. */
static const struct {
	enum fc_resource resource;
	enum fc_hook hook;
} also_hooked[] = {
	{FC_FILE_MAX, FC_HOOK_ALLOC_EMPTY_FILE},
	{FC_PIDS, FC_HOOK_COPY_PROCESS},
	{FC_CONNTRACK, FC_HOOK_CONNTRACK_ALLOC},
	{FC_NEIGHBOURS, FC_HOOK_NEIGH_CREATE},
	{FC_TCP_ORPHANS, FC_HOOK_TCP_CHECK_OOM},
	{FC_TCP_MEM, FC_HOOK_SOCK_MEM},
	{FC_BACKLOG, FC_HOOK_TCP_CONN_REQUEST},
	{FC_COMMIT, FC_HOOK_MMAP},
	{FC_DATA, FC_HOOK_MMAP},
	/* "Out of memory and no killable processes": what a full cgroup refuses */
	{FC_MEMORY, FC_HOOK_MEMCG_RECLAIM},
};

static int64_t boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* "net_ratelimit: 12 callbacks suppressed": of what was told, or of what others tell? */
static bool is_ours(const struct kernel_log *l, const struct event *e)
{
	static const char of_kills[] =
		"show_signal_msg show_signal oom_kill_process dump_header do_trap print_oom_kill";

	if (event_has(e, FIELD_HOOK) && util_listed(of_kills, event_text(e, FIELD_HOOK)))
		return l->kills;
	/* mm/util.c: says that RAM and swap are committed, and nothing else */
	if (event_has(e, FIELD_HOOK) && l->hooked[FC_COMMIT] &&
	    util_streq(event_text(e, FIELD_HOOK), "__vm_enough_memory"))
		return false;
	return l->told && l->now - l->told < SUPPRESSED_MS;
}

static void on_import(void *arg, struct event *e)
{
	struct kernel_log *l = arg;
	unsigned int resource = catalogue_by_id(event_text(e, FIELD_RESOURCE));

	if (e->kind == EVENT_KILLED && !l->kills)
		return;
	if (e->kind == EVENT_REFUSED && l->hooked[resource])
		return;
	if (e->kind == EVENT_LOST && !is_ours(l, e))
		return;
	if (e->kind == EVENT_REFUSED)
		l->told = l->now;
	if (e->kind != EVENT_LOST)
		event_static(e, FIELD_BACKEND, "kmsg");
	if (event_has(e, FIELD_UPTIME_US) && l->has_offset)
		event_time(e, (uint64_t)(event_num(e, FIELD_UPTIME_US) * 1000 + l->offset),
			   l->context);
	l->on_event(l->arg, e);
}

static void lost_records(struct kernel_log *l, uint64_t n)
{
	static struct event e;

	event_init(&e, EVENT_LOST);
	event_u64(&e, FIELD_LOST, n);
	event_static(&e, FIELD_STAGE, "kmsg");
	l->on_event(l->arg, &e);
}

/* Reading takes time, so that the least distance between the two clocks is the true one. */
static void learn_offset(struct kernel_log *l, uint64_t usec)
{
	int64_t offset = boot_ns() - (int64_t)usec * 1000;

	if (!l->has_offset || offset < l->offset || offset - l->offset > SLEPT_NS)
		l->offset = offset;
	l->has_offset = true;
}

static int start_reading(struct kernel_log *l)
{
	struct import_options io = {.has_boot = true, .boot_ns = l->context->boot_to_real};
	struct import *im = malloc(sizeof(*im));
	int err = im ? import_init(im, &io, on_import, l) : -ENOMEM;

	if (err < 0)
		free(im);
	else
		l->im = im;
	return err;
}

static void take_record(struct kernel_log *l, const char *record, size_t n)
{
	struct kmsg_head head;

	if (kmsg_parse_head(record, n, &head) < 0)
		return;
	if (l->next_seq && head.seq > l->next_seq)
		lost_records(l, head.seq - l->next_seq);
	l->next_seq = head.seq + 1;
	/* Anybody may write to /dev/kmsg, but not as the kernel: devkmsg_write() sees to it. */
	if (head.facility != 0)
		return;
	if (!l->im && start_reading(l) < 0) {
		lost_records(l, 1);
		return;
	}
	learn_offset(l, head.usec);
	import_line(l->im, record, (size_t)(head.text + head.len - record));
	l->quiet = l->now + QUIET_MS;
}

void kernel_log_flush(struct kernel_log *l)
{
	if (!l)
		return;
	if (l->im)
		import_end(l->im);
	l->quiet = UINT64_MAX;
}

int kernel_log_run(struct kernel_log *l, uint64_t now_ms)
{
	char record[8192]; /* CONSOLE_EXT_LOG_MAX: no record is longer */

	if (!l)
		return 0;
	l->now = now_ms;
	for (;;) {
		ssize_t n = read(l->fd, record, sizeof(record));

		if (n > 0)
			take_record(l, record, (size_t)n);
		else if (n == 0 || errno == EAGAIN)
			break;
		else if (errno != EPIPE && errno != EINTR) /* EPIPE: overrun, the sequence tells */
			return -errno;
	}
	if (now_ms >= l->quiet)
		kernel_log_flush(l);
	return 0;
}

int kernel_log_fd(const struct kernel_log *l)
{
	return l ? l->fd : -1;
}

uint64_t kernel_log_due(const struct kernel_log *l)
{
	return l ? l->quiet : UINT64_MAX;
}

static void leave_to_hooks(struct kernel_log *l, const struct attach_plan *plan)
{
	l->kills = !plan || !attach_sees(plan, FC_HOOK_DEATH_DELIVER);
	for (size_t i = 0; plan && i < ARRAY_SIZE(also_hooked); i++)
		l->hooked[also_hooked[i].resource] = attach_sees(plan, also_hooked[i].hook);
}

static int open_log(struct kernel_log *l)
{
	l->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (l->fd < 0 || lseek(l->fd, 0, SEEK_END) < 0)
		return -errno;
	return 0;
}

int kernel_log_open(struct kernel_log **ret, const struct kernel_log_options *o)
{
	struct kernel_log *l = calloc(1, sizeof(*l));
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->context = o->context;
	l->on_event = o->on_event;
	l->arg = o->arg;
	l->quiet = UINT64_MAX;
	l->fd = o->fd;
	leave_to_hooks(l, o->plan);
	if (l->fd < 0)
		err = open_log(l);
	if (err < 0) {
		kernel_log_close(l);
		return err;
	}
	*ret = l;
	return 0;
}

void kernel_log_close(struct kernel_log *l)
{
	if (!l)
		return;
	if (l->im)
		import_done(l->im);
	free(l->im);
	util_closep(&l->fd);
	free(l);
}
