// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/oomd.c user/field.c ; libs: */
/*
 * test_oomd.c - systemd-oomd's mark on a directory that stands in for a cgroup.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/oomd.h"

static char root[] = "/tmp/failcnt-oomd-XXXXXX";
static char a[64], b[64];
static struct event e;
static struct death_facts d;

static int setup(void **state _unused_)
{
	if (!mkdtemp(root))
		return -1;
	snprintf(a, sizeof(a), "%s/a", root);
	snprintf(b, sizeof(b), "%s/a/b", root);
	return mkdir(a, 0755) || mkdir(b, 0755) ? -1 : 0;
}

static int teardown(void **state _unused_)
{
	rmdir(b);
	rmdir(a);
	rmdir(root);
	return 0;
}

static void killed_by(const char *comm, const char *requested, const char *cgroup)
{
	d = (struct death_facts){.sig = SIGKILL};
	event_init(&e, EVENT_KILLED);
	event_int(&e, FIELD_PPID, 1);
	event_int(&e, FIELD_BY_PID, 815);
	event_str(&e, FIELD_BY_COMM, comm);
	event_str(&e, FIELD_REQUESTED_BY, requested);
	event_str(&e, FIELD_CGROUP, cgroup);
}

static void marks(void **state _unused_)
{
	if (setxattr(root, "user.test", "1", 1, 0) < 0)
		skip(); /* no such attributes on this file system */
	/* No mark anywhere: somebody of that name; unless it is in the service itself. */
	killed_by("systemd-oomd", "oomd", "/a/b");
	oomd_event(&e, &d, root);
	assert_int_equal(d.oomd, OOMD_UNMARKED);
	assert_string_equal(event_text(&e, FIELD_REQUESTED_BY), "other");
	killed_by("systemd-oomd", "oomd", "/a/b");
	event_int(&e, FIELD_PPID, 815);
	oomd_event(&e, &d, root);
	assert_string_equal(event_text(&e, FIELD_REQUESTED_BY), "parent");
	killed_by("systemd-oomd", "oomd", "/a/b");
	event_str(&e, FIELD_BY_UNIT, "systemd-oomd.service");
	oomd_event(&e, &d, root);
	assert_string_equal(event_text(&e, FIELD_REQUESTED_BY), "oomd");
	/* On a cgroup above. */
	assert_int_equal(setxattr(a, "user.oomd_ooms", "3", 1, 0), 0);
	killed_by("systemd-oomd", "oomd", "/a/b");
	oomd_event(&e, &d, root);
	assert_int_equal(d.oomd, OOMD_MARKED);
	assert_string_equal(event_text(&e, FIELD_REQUESTED_BY), "oomd");
	assert_string_equal(event_text(&e, FIELD_OOMD_CGROUP), "/a");
	assert_int_equal(event_num(&e, FIELD_OOMD_OOMS), 3);
	/* A mark says nothing of others, nor of other killers. */
	killed_by("bash", "other", "/a/b");
	oomd_event(&e, &d, root);
	assert_string_equal(event_text(&e, FIELD_REQUESTED_BY), "other");
	assert_false(event_has(&e, FIELD_OOMD_CGROUP));
	killed_by("earlyoom", "oomd", "/a/b");
	oomd_event(&e, &d, root);
	assert_int_equal(d.oomd, OOMD_UNKNOWN);
	assert_string_equal(event_text(&e, FIELD_REQUESTED_BY), "oomd");
}

/* What cannot be looked at is not known: the name is all there is. */
static void unknown(void **state _unused_)
{
	killed_by("systemd-oomd", "oomd", "/gone/b");
	oomd_event(&e, &d, root);
	assert_int_equal(d.oomd, OOMD_UNKNOWN);
	assert_string_equal(event_text(&e, FIELD_REQUESTED_BY), "oomd");
	killed_by("systemd-oomd", "oomd", "/a");
	oomd_event(&e, &d, NULL);
	assert_int_equal(d.oomd, OOMD_UNKNOWN);
	event_clear(&e, FIELD_CGROUP);
	oomd_event(&e, &d, root);
	assert_int_equal(d.oomd, OOMD_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
