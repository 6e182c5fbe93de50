/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmsg.c - joins the lines that the kernel prints about one OOM kill, and reads
 * them from /dev/kmsg.
 *
 * One kill is told in up to four lines: who asked ("invoked"), who was chosen
 * and for whose limit ("oom-kill:"), that it was killed, and which group dies
 * with it. The OOM killer holds one lock for all of them, so the lines of two
 * kills do not mix. The first two are ratelimited and may be missing; the
 * last but one is always there.
 */
#include "kmsg.h"

#define READ_MOST 4096
/* Members of a group die within moments of the line that says so; what is killed later, in a
 * storm whose first lines the kernel left out, is another kill. Microseconds of printk's clock. */
#define GROUP_WINDOW 1000000

void kmsg_init(struct kmsg *k)
{
	memset(k, 0, sizeof(*k));
}

static struct kmsg_victim *newest(struct kmsg *k)
{
	return k->n ? &k->victims[(k->n - 1) % KMSG_VICTIMS] : NULL;
}

static struct kmsg_victim *add_victim(struct kmsg *k, const struct kmsg_line *l)
{
	struct kmsg_victim *v;

	k->n++;
	v = newest(k);
	memset(v, 0, sizeof(*v));
	v->line = *l;
	return v;
}

static void take_asked(struct kmsg *k, struct kmsg_victim *v)
{
	if (!k->has_asked)
		return;
	memcpy(v->asker, k->asked.comm, sizeof(v->asker));
	v->line.order = k->asked.order;
	v->line.gfp = k->asked.gfp;
	v->line.have |= k->asked.have & (KMSG_HAS_ORDER | KMSG_HAS_GFP);
	k->has_asked = false;
}

static struct kmsg_victim *add_chosen(struct kmsg *k, const struct kmsg_line *l)
{
	struct kmsg_victim *v = add_victim(k, l);

	v->chosen = true;
	take_asked(k, v);
	k->in_group = false;
	return v;
}

/* The limit that killed the chosen one killed the members too. */
static void take_group(struct kmsg *k, struct kmsg_victim *v)
{
	const struct kmsg_victim *first = &k->victims[(k->group_of - 1) % KMSG_VICTIMS];

	v->member = true;
	memcpy(v->group, k->group_path, sizeof(v->group));
	/* in a large group the first one is gone from the ring: the member before knows as much */
	if (k->group_of == 0)
		return;
	if (k->n - k->group_of >= KMSG_VICTIMS)
		first = &k->victims[(k->n - 2) % KMSG_VICTIMS];
	memcpy(v->asker, first->asker, sizeof(v->asker));
	memcpy(v->line.oom_memcg, first->line.oom_memcg, sizeof(v->line.oom_memcg));
	v->line.constraint = first->line.constraint;
	v->line.order = first->line.order;
	v->line.gfp = first->line.gfp;
	v->line.doubtful = first->line.doubtful;
	v->line.have |= first->line.have & (KMSG_HAS_CONSTRAINT | KMSG_HAS_ORDER | KMSG_HAS_GFP);
}

static void take_sizes(struct kmsg_line *to, const struct kmsg_line *from)
{
	to->kind = KMSG_KILLED;
	to->memcg = from->memcg;
	to->have |= from->have;
	to->total_vm = from->total_vm;
	to->rss_anon = from->rss_anon;
	to->rss_file = from->rss_file;
	to->rss_shmem = from->rss_shmem;
	to->pgtables = from->pgtables;
	to->score_adj = from->score_adj;
	/* here nothing but a bracket stands around the comm: the better of the two */
	memcpy(to->comm, from->comm, sizeof(to->comm));
}

static struct kmsg_victim *add_killed(struct kmsg *k, const struct kmsg_line *l, uint64_t usec)
{
	struct kmsg_victim *v = newest(k);

	if (v && v->line.kind == KMSG_OOM && v->line.pid == l->pid) {
		take_sizes(&v->line, l);
		return v;
	}
	v = add_victim(k, l);
	if (k->in_group && !k->has_asked && usec - k->group_usec <= GROUP_WINDOW) {
		take_group(k, v);
		return v;
	}
	k->in_group = false;
	take_asked(k, v);
	if (l->memcg) {
		v->line.constraint = FC_CONSTRAINT_MEMCG;
		v->line.have |= KMSG_HAS_CONSTRAINT;
	}
	return v;
}

void kmsg_add(struct kmsg *k, const struct kmsg_line *l, uint64_t usec, uint64_t seen)
{
	struct kmsg_victim *v = NULL;

	switch (l->kind) {
	case KMSG_INVOKED:
		k->asked = *l;
		k->has_asked = true;
		break;
	case KMSG_OOM:
		v = add_chosen(k, l);
		kmsg_tasks_for(&k->tasks, k->n, k->lost + k->overruns);
		break;
	case KMSG_KILLED:
		v = add_killed(k, l, usec);
		break;
	case KMSG_GROUP:
		k->in_group = true;
		k->group_usec = usec;
		k->group_of = k->n;
		memcpy(k->group_path, l->task_memcg, sizeof(k->group_path));
		break;
	case KMSG_FILE_MAX:
		k->file_max_limit = l->limit;
		k->file_max_seen = seen;
		break;
	case KMSG_CHOSEN: /* itself or a child: the next line tells */
	case KMSG_OTHER:
		break;
	}
	if (v) {
		v->usec = usec;
		v->seen = seen;
	}
}

static void take_record(struct kmsg *k, const char *record, size_t n, uint64_t now)
{
	struct kmsg_head head;
	struct kmsg_line line;

	if (kmsg_parse_head(record, n, &head) < 0) {
		k->malformed++;
		return;
	}
	if (k->next_seq && head.seq > k->next_seq)
		k->lost += head.seq - k->next_seq;
	k->next_seq = head.seq + 1;
	/* Anybody may write to /dev/kmsg, but not as the kernel: devkmsg_write() sees to it. */
	if (head.facility == 0 &&
	    !kmsg_tasks_line(&k->tasks, head.text, head.len, k->lost + k->overruns) &&
	    kmsg_parse(head.text, head.len, &line) != KMSG_OTHER)
		kmsg_add(k, &line, head.usec, now);
}

int kmsg_read(struct kmsg *k, int fd, uint64_t now)
{
	char record[8192]; /* CONSOLE_EXT_LOG_MAX: no record is longer */
	int got = 0;

	while (got < READ_MOST) {
		ssize_t n = read(fd, record, sizeof(record));

		if (n > 0) {
			take_record(k, record, (size_t)n, now);
			got++;
		} else if (n < 0 && errno == EPIPE) {
			k->overruns++; /* the next read goes on with what is still there */
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n == 0 || errno == EAGAIN) {
			break;
		} else {
			return got ? got : -errno;
		}
	}
	return got;
}

const struct kmsg_victim *kmsg_find_victim(const struct kmsg *k, int pid, uint64_t since)
{
	unsigned int kept = k->n < KMSG_VICTIMS ? k->n : KMSG_VICTIMS;

	const struct kmsg_victim *newest = NULL;

	/* A group's first victim is printed twice: chosen, and again with the members. */
	for (unsigned int i = 1; i <= kept; i++) {
		const struct kmsg_victim *v = &k->victims[(k->n - i) % KMSG_VICTIMS];

		if (v->line.pid != pid || v->seen < since)
			continue;
		if (v->chosen)
			return v;
		if (!newest)
			newest = v;
	}
	return newest;
}
