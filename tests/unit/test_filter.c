/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/filter.c user/field.c ; libs: */
/*
 * test_filter.c - each filter alone and together, against events that match,
 * that do not, and that do not know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/filter.h"

static struct event e;
static const struct options all; /* no filter */

static void make(enum event_kind kind)
{
	event_init(&e, kind);
	event_int(&e, FIELD_PID, 4711);
	event_int(&e, FIELD_UID, 1000);
	event_static(&e, FIELD_COMM, "nginx");
	event_static(&e, FIELD_CGROUP, "/system.slice/nginx.service");
	event_static(&e, FIELD_RESOURCE, "nofile");
	event_static(&e, FIELD_ERRNO, "EMFILE");
}

static void make_counted(void)
{
	event_init(&e, EVENT_COUNTED);
	event_static(&e, FIELD_OWNER, "cgroup:/system.slice/nginx.service");
	event_static(&e, FIELD_RESOURCE, "memory");
}

static void none(void **state _unused_)
{
	for (int kind = EVENT_STARTED; kind < EVENT_KINDS; kind++) {
		make(kind);
		assert_true(filter_pass(&e, &all));
	}
}

/* What is told of the stream itself is never filtered. */
static void always(void **state _unused_)
{
	static const enum event_kind kinds[] = {EVENT_STARTED, EVENT_STOPPED, EVENT_LOST,
						EVENT_FOLLOWUP, EVENT_ROW};
	static const struct options nothing = {
		.pid = 1,
		.has_pid = true,
		.uid = 1,
		.has_uid = true,
		.name = "x",
		.cgroup = "/x",
		.errno_name = "EPERM",
		.resources = {"memory"},
		.n_resources = 1,
		.kills = true,
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		make(kinds[i]);
		assert_true(filter_pass(&e, &nothing));
	}
	make(EVENT_REFUSED);
	assert_false(filter_pass(&e, &nothing));
	make(EVENT_KILLED);
	assert_false(filter_pass(&e, &nothing));
	make_counted();
	assert_false(filter_pass(&e, &nothing));
}

static void processes(void **state _unused_)
{
	static const struct {
		struct options yes, no;
		enum field field;
	} cases[] = {
		{{.has_pid = true, .pid = 4711}, {.has_pid = true, .pid = 4712}, FIELD_PID},
		{{.has_uid = true, .uid = 1000}, {.has_uid = true, .uid = 0}, FIELD_UID},
		{{.name = "nginx"}, {.name = "ngin"}, FIELD_COMM},
		{{.name = "nginx"}, {.name = "nginx:"}, FIELD_COMM},
		{{.errno_name = "EMFILE"}, {.errno_name = "ENFILE"}, FIELD_ERRNO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int kind = EVENT_REFUSED; kind <= EVENT_KILLED; kind++) {
			make(kind);
			assert_true(filter_pass(&e, &cases[i].yes));
			assert_false(filter_pass(&e, &cases[i].no));
			event_clear(&e, cases[i].field); /* unknown: not shown to be the one */
			assert_false(filter_pass(&e, &cases[i].yes));
		}
		make_counted(); /* a counter knows no process */
		assert_false(filter_pass(&e, &cases[i].yes));
	}
	make(EVENT_REFUSED); /* user 0 is a user as others are */
	event_int(&e, FIELD_UID, 0);
	assert_true(filter_pass(&e, &cases[1].no));
	assert_false(filter_pass(&e, &cases[1].yes));
	event_clear(&e, FIELD_UID);
	assert_false(filter_pass(&e, &cases[1].no));
}

/* The kernel side knows who descends from whom; a counter never does. */
static void tree(void **state _unused_)
{
	const struct options o = {.tree = 4711};

	make(EVENT_REFUSED);
	event_int(&e, FIELD_PID, 4712);
	assert_true(filter_pass(&e, &o));
	make_counted();
	assert_false(filter_pass(&e, &o));
}

static bool in(const char *cgroup)
{
	const struct options o = {.cgroup = cgroup};

	return filter_pass(&e, &o);
}

static void cgroups(void **state _unused_)
{
	make(EVENT_REFUSED);
	assert_true(in("/"));
	assert_true(in("//"));
	assert_true(in("/system.slice"));
	assert_true(in("/system.slice/"));
	assert_true(in("/system.slice/nginx.service"));
	assert_true(in("/system.slice/nginx.service///"));
	assert_false(in("/system.slice/nginx.service/worker"));
	assert_false(in("/system.slice/nginx"));
	assert_false(in("/system"));
	assert_false(in("/nginx.service"));
	assert_false(in("system.slice"));
	event_static(&e, FIELD_CGROUP, "/");
	assert_true(in("/"));
	assert_false(in("/system.slice"));
	event_clear(&e, FIELD_CGROUP);
	assert_false(in("/system.slice"));
	make(EVENT_KILLED); /* or the one whose limit fired */
	event_static(&e, FIELD_MEMCG, "/user.slice");
	assert_true(in("/user.slice"));
	assert_true(in("/system.slice"));
	assert_false(in("/init.scope"));
	make_counted();
	assert_true(in("/system.slice"));
	assert_true(in("/"));
	assert_false(in("/user.slice"));
	event_static(&e, FIELD_OWNER, "ct:101");
	assert_false(in("/"));
	event_static(&e, FIELD_OWNER, "cgroup:/");
	assert_true(in("/"));
}

static void resources(void **state _unused_)
{
	struct options o = {.resources = {"semmni", "nofile"}, .n_resources = 2};

	make(EVENT_REFUSED);
	assert_true(filter_pass(&e, &o));
	o.n_resources = 1;
	assert_false(filter_pass(&e, &o));
	event_clear(&e, FIELD_RESOURCE);
	assert_false(filter_pass(&e, &o));
	o.resources[0] = "memory";
	make_counted();
	assert_true(filter_pass(&e, &o));
	event_static(&e, FIELD_RESOURCE, "pids");
	assert_false(filter_pass(&e, &o));
}

static void kills(void **state _unused_)
{
	const struct options o = {.kills = true};

	make(EVENT_KILLED);
	assert_true(filter_pass(&e, &o));
	make(EVENT_REFUSED);
	assert_false(filter_pass(&e, &o));
	make_counted();
	assert_false(filter_pass(&e, &o));
}

/* All of them must hold. */
static void together(void **state _unused_)
{
	const struct options good = {
		.has_pid = true,
		.pid = 4711,
		.has_uid = true,
		.uid = 1000,
		.name = "nginx",
		.cgroup = "/system.slice",
		.errno_name = "EMFILE",
		.resources = {"nofile"},
		.n_resources = 1,
	};
	struct options o = good;

	make(EVENT_REFUSED);
	assert_true(filter_pass(&e, &o));
	o.pid++;
	assert_false(filter_pass(&e, &o));
	o = good;
	o.uid++;
	assert_false(filter_pass(&e, &o));
	o = good;
	o.name = "apache2";
	assert_false(filter_pass(&e, &o));
	o = good;
	o.cgroup = "/user.slice";
	assert_false(filter_pass(&e, &o));
	o = good;
	o.errno_name = "ENOSPC";
	assert_false(filter_pass(&e, &o));
	o = good;
	o.resources[0] = "memory";
	assert_false(filter_pass(&e, &o));
	o = good;
	o.kills = true;
	assert_false(filter_pass(&e, &o));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none),      cmocka_unit_test(always),
		cmocka_unit_test(processes), cmocka_unit_test(cgroups),
		cmocka_unit_test(resources), cmocka_unit_test(kills),
		cmocka_unit_test(together),  cmocka_unit_test(tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
