/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event_fixture.h - what the tests of decode share: a refusal and a kill with a
 * value of its own in every field, and decoding from a copy that is exactly as
 * long as it says, so that the sanitizer sees a read behind it.
 */
#ifndef EVENT_FIXTURE_H
#define EVENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/event.h"

#define PAGE 4096
#define OFFSET 1700000000000000000LL /* CLOCK_REALTIME - CLOCK_BOOTTIME */
/* The most that a page counter holds: LONG_MAX / PAGE_SIZE, its "no limit". */
#define NO_LIMIT ((uint64_t)INT64_MAX / PAGE)

static struct event e;
static struct event_facts facts;

static const struct event_context v1 = {.boot_to_real = OFFSET,
					.start_to_real = OFFSET - 5,
					.page_size = PAGE,
					.memory_is_v1 = true};
static const struct event_context v2 = {
	.boot_to_real = OFFSET, .start_to_real = OFFSET - 5, .page_size = PAGE};

/* Components from the leaf up, each with its NUL. */
_unused_ static void set_wire_path(struct fc_path *p, const char *components, size_t n)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->text, components, n);
	p->len = (uint32_t)n;
}
#define PATH(p, components) set_wire_path(p, components, sizeof(components))

_unused_ static void make_who(struct fc_who *w, uint32_t pid, const char *comm)
{
	memset(w, 0, sizeof(*w));
	w->start = 70000000000 + pid;
	w->cgroup_id = 6305;
	w->pid = pid;
	w->tid = pid + 1;
	w->ppid = pid - 1;
	w->uid = 1000;
	w->vpid = 7;
	util_strlcpy(w->comm, comm, FC_COMM);
	util_strlcpy(w->parent_comm, "parent", FC_COMM);
	PATH(&w->cgroup, "a.service\0system.slice");
}

_unused_ static void make_refused(struct fc_refused *r)
{
	memset(r, 0, sizeof(*r));
	r->h = (struct fc_header){
		.type = FC_TYPE_REFUSED, .size = sizeof(*r), .time = 123456789012};
	r->resource = FC_SEMMNS;
	r->err = ENOSPC;
	r->hook = FC_HOOK_NEWARY;
	r->backend = FC_BACKEND_KPROBE;
	r->has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_HARD | FC_HAS_ASKED | FC_HAS_CERTAIN |
		 FC_HAS_KEY | FC_HAS_WHO | FC_HAS_MORE;
	r->held = 8;
	r->limit = 10;
	r->hard = 20;
	r->asked = 3;
	r->ns_kind = FC_NS_IPC;
	r->ns = 4026532201;
	r->key = 0x4711;
	for (int i = 0; i < 4; i++)
		r->more[i] = 250 + i;
	make_who(&r->who, 4711, "postgres");
	memset(r->object, 'x', FC_OBJECT); /* nobody said that there is a path */
}

_unused_ static void make_oom(struct fc_oom *o)
{
	memset(o, 0, sizeof(*o));
	o->h = (struct fc_header){.type = FC_TYPE_OOM, .size = sizeof(*o), .time = 123456789012};
	o->has = FC_HAS_CONTEXT | FC_HAS_CERTAIN | FC_HAS_MEMCG | FC_HAS_EVENTS | FC_HAS_FAILCNT |
		 FC_HAS_SWAP;
	o->hook = FC_HOOK_OOM_VICTIM;
	o->backend = FC_BACKEND_FEXIT;
	o->constraint = FC_CONSTRAINT_MEMCG;
	o->points = 900;
	o->total_pages = 8192;
	o->group_id = 77;
	o->rss_anon = 100;
	o->rss_file = 20;
	o->rss_shmem = 3;
	o->swap = 4;
	o->pgtables = 110592;
	o->score_adj = -998;
	make_who(&o->victim, 4711, "java");
	make_who(&o->trigger, 815, "bystander");
	PATH(&o->trigger.cgroup, "b.service\0system.slice");
	o->memcg.id = 6305;
	o->memcg.memory = (struct fc_page_counter){
		.usage = 8190, .max = 8192, .watermark = 8192, .failcnt = 12};
	o->memcg.swap = (struct fc_page_counter){.usage = 4, .max = 100};
	o->memcg.oom = 2;
	o->memcg.oom_kill = 5;
	PATH(&o->memcg.path, "system.slice");
}

_unused_ static int decode_n(const void *data, size_t n, const struct event_context *c)
{
	void *copy = malloc(n ? n : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, data, n);
	err = event_decode(&e, &facts, copy, n, c);
	free(copy);
	return err;
}
/* Of a whole record. */
#define DECODE(record, c) decode_n(record, sizeof(*(record)), c)

_unused_ static bool is_cut(enum field f)
{
	return e.cut[f / 64] >> f % 64 & 1;
}

_unused_ static void must_be(enum field f, int64_t v)
{
	if (!event_has(&e, f))
		fail_msg("%s is absent", field_defs[f].key);
	if (e.num[f] != v)
		fail_msg("%s is %lld and not %lld", field_defs[f].key, (long long)e.num[f],
			 (long long)v);
}

_unused_ static void must_say(enum field f, const char *text)
{
	if (!util_streq(event_text(&e, f), text))
		fail_msg("%s is '%s' and not '%s'", field_defs[f].key, event_text(&e, f), text);
}

/* Nothing but these, and what every event has. */
_unused_ static void must_have_only(const enum field *list, size_t n)
{
	for (int f = 0; f < FIELDS; f++) {
		bool wanted = f == FIELD_SCHEMA || f == FIELD_EVENT;

		for (size_t i = 0; i < n; i++)
			wanted |= list[i] == (enum field)f;
		if (event_has(&e, f) != wanted)
			fail_msg("%s is %s", field_defs[f].key, wanted ? "absent" : "there");
	}
}

#endif
