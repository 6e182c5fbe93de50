// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline.c - what happens to a decoded event before it is written.
 */
#include "pipeline.h"

#include <fcntl.h>
#include <time.h>

#include "cgroup_id.h"
#include "explain.h"
#include "identity.h"
#include "kmsg.h"
#include "led.h"
#include "mounts.h"
#include "oom_memory.h"
#include "oomd.h"
#include "verdict.h"

#define KMSG_SINCE_US 2000000 /* how far back a line about a victim can lie */

#define VICTIMS 64

struct victim {
	uint64_t start;
	uint32_t pid;
};

struct pipeline {
	const struct event_context *context;
	char memory_mount[256];
	bool again;
	int proc, nr_open;
	int log; /* /dev/kmsg; -1: not readable, then causes stay inferred */
	struct kmsg kmsg;
	struct verdict_group group;
	struct victim told[VICTIMS]; /* the latest kills */
	unsigned int n_told;
	struct mounts_memory mounts;
	struct led *led;
	struct cgroup_ids *cgroups; /* NULL: ids tell nothing here */
};

int pipeline_new(struct pipeline **ret, const struct pipeline_options *o)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->led = led_new();
	if (!p->led) {
		free(p);
		return -ENOMEM;
	}
	p->context = o->context;
	p->again = o->again;
	util_strlcpy(p->memory_mount, o->memory_mount, sizeof(p->memory_mount));
	p->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->nr_open = openat(p->proc, "sys/fs/nr_open", O_RDONLY | O_CLOEXEC);
	p->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (p->log >= 0)
		lseek(p->log, 0, SEEK_END);
	if (o->memory_mount[0])
		cgroup_ids_new(&p->cgroups, o->memory_mount);
	*ret = p;
	return 0;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	util_closep(&p->proc);
	util_closep(&p->nr_open);
	util_closep(&p->log);
	led_free(p->led);
	cgroup_ids_free(p->cgroups);
	free(p);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

void pipeline_tick(struct pipeline *p)
{
	if (p->log >= 0)
		kmsg_read(&p->kmsg, p->log, now_us());
}

int pipeline_log_fd(const struct pipeline *p)
{
	return p->log;
}

static void judge(struct pipeline *p, struct event *e, struct event_facts *facts)
{
	uint64_t now = now_us(), since = now > KMSG_SINCE_US ? now - KMSG_SINCE_US : 0;
	const struct kmsg_victim *v;

	if (e->kind != EVENT_KILLED || !facts->by_walk)
		return;
	pipeline_tick(p); /* what the kernel printed before the kill is there already */
	v = kmsg_find_victim(&p->kmsg, facts->pid, since);
	if (v && v->line.nodes[0] && p->proc >= 0)
		facts->node_pages = oom_memory_nodes(p->proc, v->line.nodes);
	verdict_oom(e, facts, &p->kmsg, since, &p->group);
}

static uint64_t read_nr_open(const struct pipeline *p)
{
	char text[32] = "";

	if (p->nr_open < 0 || pread(p->nr_open, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return strtoull(text, NULL, 10);
}

/* With memory.oom.group the kernel goes over its first victim again (and 7.x marks it twice). */
static bool killed_before(struct pipeline *p, const struct event_facts *facts)
{
	for (unsigned int i = 0; i < VICTIMS; i++)
		if (p->told[i].pid == facts->pid && p->told[i].start == facts->start)
			return true;
	p->told[p->n_told++ % VICTIMS] = (struct victim){.start = facts->start, .pid = facts->pid};
	return false;
}

/* A program that kills for want of memory: was it one, and how did the host stand? */
static void judge_oomd(const struct pipeline *p, struct event *e, struct event_facts *facts)
{
	static const struct fc_host unknown;

	oomd_event(e, &facts->death,
		   p->context->memory_is_v1 || !p->memory_mount[0] ? NULL : p->memory_mount);
	if (util_streq(event_text(e, FIELD_REQUESTED_BY), "oomd"))
		oom_memory_host(e, &unknown, p->proc, p->context->page_size);
}

/* A device: of a mount that has a limit of its own, devpts and hugetlbfs. */
static bool about_mount(const struct event *e, const struct event_facts *facts)
{
	return facts->resource == FC_DISK || facts->resource == FC_INODES ||
	       facts->resource == FC_QUOTA || event_has(e, FIELD_DEVICE);
}

/* By ourselves: a helper that took too long, or a signal that run was sent and passed on. */
static bool killed_by_us(const struct event *e)
{
	return e->kind == EVENT_KILLED && event_has(e, FIELD_BY_PID) &&
	       event_num(e, FIELD_BY_PID) == getpid();
}

/* What came from a table has the cgroup's id alone. One that was too long is told as cut. */
static void find_cgroup(struct pipeline *p, struct event *e)
{
	uint64_t id = (uint64_t)event_num(e, FIELD_CGROUP_ID);

	if (event_has(e, FIELD_CGROUP))
		cgroup_ids_note(p->cgroups, id, event_text(e, FIELD_CGROUP));
	else if (!(e->cut[FIELD_CGROUP / 64] >> FIELD_CGROUP % 64 & 1))
		event_str(e, FIELD_CGROUP, cgroup_ids_path(p->cgroups, id));
}

/* "Hugepagesize:    2048 kB": default_hugepagesz= of the boot line may have made it another. */
static uint64_t read_huge_page(const struct pipeline *p)
{
	_cleanup_close_ int fd = openat(p->proc, "meminfo", O_RDONLY | O_CLOEXEC);
	static const char key[] = "\nHugepagesize:";
	char text[8192] = "", *at;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

bool pipeline_run(struct pipeline *p, struct event *e, struct event_facts *facts)
{
	struct explain_facts now = {
		.page_size = p->context->page_size,
		.memory_is_v1 = p->context->memory_is_v1,
		.memory_mount = p->memory_mount[0] ? p->memory_mount : NULL,
		.memsw = facts->memsw,
		.again = p->again,
		.unsure = facts->unsure,
	};

	if (killed_by_us(e) || (e->kind == EVENT_KILLED && killed_before(p, facts)))
		return false;
	find_cgroup(p, e);
	memcpy(now.host_ns, p->context->host_ns, sizeof(p->context->host_ns));
	memcpy(now.more, facts->more, sizeof(now.more));
	now.has_more = facts->has_more;
	now.hard_unlimited = facts->hard_unlimited;
	if (facts->resource == FC_NOFILE || facts->resource == FC_NR_OPEN)
		now.nr_open = read_nr_open(p);
	if (facts->resource == FC_HUGEPAGES)
		now.huge_page = read_huge_page(p);
	if (about_mount(e, facts) && p->proc >= 0)
		mounts_event(e, facts, p->proc, &p->mounts, &now.space);
	if (facts->host)
		oom_memory_host(e, facts->host, p->proc, p->context->page_size);
	judge(p, e, facts);
	if (facts->death.sig)
		judge_oomd(p, e, facts);
	led_event(p->led, e, facts);
	if (facts->death.sig)
		now.death = &facts->death;
	identity_event(e, p->proc, facts->start);
	explain_event(e, &now);
	led_says(e);
	return true;
}
