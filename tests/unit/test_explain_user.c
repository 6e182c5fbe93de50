/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_user.c - inotify, fanotify, namespaces, epoll, mounts, aio, ptys, keys: the sysctl
 * of the namespace whose limit it is, entered the right way, and never lower than now.
 */
#include "explain_fixture.h"

#define HOST_NS "user:[4026531837]"
#define OTHER_NS "user:[4026532177]"

static void refused(const char *resource, const char *limit_name, const char *err, int64_t held,
		    int64_t limit, int64_t asked)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_LIMIT_NAME, limit_name);
	event_str(&e, FIELD_ERRNO, err);
	event_str(&e, FIELD_COMM, "a");
	event_int(&e, FIELD_PID, 5);
	event_bool(&e, FIELD_CERTAIN, true);
	if (held >= 0)
		event_int(&e, FIELD_HELD, held);
	if (limit >= 0)
		event_int(&e, FIELD_LIMIT, limit);
	if (asked >= 0)
		event_int(&e, FIELD_ASKED, asked);
}

static const char *explained(const struct explain_facts *f, enum field what)
{
	explain_event(&e, f);
	return event_text(&e, what);
}

static void of_the_host(void **state _unused_)
{
	refused("inotify-instances", "fs.inotify.max_user_instances", "EMFILE", 128, 128, 1);
	event_str(&e, FIELD_NAMESPACE, HOST_NS);
	event_int(&e, FIELD_LIMIT_UID, 1000);
	assert_string_equal(
		explained(NULL, FIELD_SAYS),
		"a (pid 5) could not make an inotify instance because user 1000 has 128 inotify "
		"instances and the limit is 128 (fs.inotify.max_user_instances); the program "
		"reports \"Too many open files\", but it is not the limit of files that is "
		"reached.");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w fs.inotify.max_user_instances=256\n");
	assert_has(event_text(&e, FIELD_FIX), "/etc/sysctl.d/90-fs.inotify.max_user_instances");
	assert_lacks(event_text(&e, FIELD_FIX), "nsenter");
	assert_lacks(event_text(&e, FIELD_FIX), "RLIMIT");
}

static void of_a_user_namespace(void **state _unused_)
{
	struct explain_facts above = {.more = {1}, .has_more = true};

	refused("inotify-watches", "user.max_inotify_watches", "ENOSPC", 10, 10, 1);
	event_str(&e, FIELD_NAMESPACE, OTHER_NS);
	assert_has(explained(NULL, FIELD_SAYS), "of its own user namespace");
	assert_has(event_text(&e, FIELD_SAYS), "no disk is full");
	assert_has(event_text(&e, FIELD_FIX), "nsenter -t 5 -U --preserve-credentials sysctl -w "
					      "user.max_inotify_watches=20\n");
	assert_lacks(event_text(&e, FIELD_FIX), "sysctl.d");
	/* of one around it: through another process, found by the namespace's number */
	refused("inotify-watches", "user.max_inotify_watches", "ENOSPC", 10, 10, 1);
	event_str(&e, FIELD_NAMESPACE, OTHER_NS);
	assert_has(explained(&above, FIELD_SAYS), "of a user namespace around its own");
	assert_has(event_text(&e, FIELD_FIX), "'" OTHER_NS "'");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w user.max_inotify_watches=20");
	assert_lacks(event_text(&e, FIELD_FIX), "nsenter -t 5 ");
	/* the host's, refused from within another one: no nsenter */
	refused("inotify-watches", "fs.inotify.max_user_watches", "ENOSPC", 10, 10, 1);
	event_str(&e, FIELD_NAMESPACE, HOST_NS);
	explained(&above, FIELD_SAYS);
	assert_lacks(event_text(&e, FIELD_FIX), "nsenter");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w fs.inotify.max_user_watches=20\n");
}

static void namespaces(void **state _unused_)
{
	refused("namespaces", "user.max_net_namespaces", "ENOSPC", 7, 7, 1);
	event_str(&e, FIELD_NAMESPACE, HOST_NS);
	assert_has(explained(NULL, FIELD_SAYS), "could not make a network namespace");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w user.max_net_namespaces=14\n");
	/* forbidden altogether */
	refused("namespaces", "user.max_user_namespaces", "ENOSPC", 0, 0, 1);
	event_str(&e, FIELD_NAMESPACE, HOST_NS);
	assert_has(explained(NULL, FIELD_SAYS), "because none are allowed");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w user.max_user_namespaces=1\n");
	/* never above what the kernel takes */
	refused("namespaces", "user.max_user_namespaces", "ENOSPC", INT32_MAX, INT32_MAX, 1);
	event_str(&e, FIELD_NAMESPACE, HOST_NS);
	explained(NULL, FIELD_SAYS);
	assert_has(event_text(&e, FIELD_FIX), "=2147483647\n");
}

static void objects(void **state _unused_)
{
	struct explain_facts pty = {.more = {4096, 1024}, .has_more = true};

	refused("epoll-watches", "fs.epoll.max_user_watches", "ENOSPC", -1, 100, 1);
	assert_has(explained(NULL, FIELD_SAYS), "too many epoll watches");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w fs.epoll.max_user_watches=200");
	/* counted in a mount namespace, but the host's limit */
	refused("mounts", "fs.mount-max", "ENOSPC", 100, 100, 1);
	event_str(&e, FIELD_NAMESPACE, "mnt:[4026532999]");
	explained(&(struct explain_facts){.host_ns = {[FC_NS_MNT] = 7}}, FIELD_SAYS);
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w fs.mount-max=200\n");
	assert_lacks(event_text(&e, FIELD_FIX), "nsenter");
	refused("aio", "fs.aio-max-nr", "EAGAIN", 60000, 65536, 200000);
	assert_has(explained(NULL, FIELD_SAYS), "for 200000 requests");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w fs.aio-max-nr=292500\n");
	/* what is kept for the host comes on top */
	refused("pty", "kernel.pty.max", "ENOSPC", 3071, 3072, 1);
	assert_has(explained(&pty, FIELD_SAYS), "less the 1024");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w kernel.pty.max=7168\n");
	refused("pty", "max= of the devpts mount", "ENOSPC", 2, 2, 1);
	assert_has(explained(NULL, FIELD_FIX), "max=4");
	assert_lacks(event_text(&e, FIELD_FIX), "sysctl -w");
	/* Where it is known which one: the options that it has, and the new limit. */
	event_static(&e, FIELD_NAMESPACE, "mnt:[4026532115]");
	event_static(&e, FIELD_DEVICE, "0:45");
	event_static(&e, FIELD_MOUNT, "/dev/pts");
	explained(&(struct explain_facts){.host_ns = {[FC_NS_MNT] = 8}}, FIELD_FIX);
	assert_has(event_text(&e, FIELD_FIX),
		   "o=$(awk '$3 == \"0:45\" && $4 == \"/\" { print $6 \",\" $NF; exit }' "
		   "/proc/5/mountinfo | sed 's/,max=[^,]*//g')\n"
		   "nsenter -t 5 -m mount -o remount,\"$o,max=4\" /dev/pts\n");
}

static void keys(void **state _unused_)
{
	refused("keys", "kernel.keys.maxbytes", "EDQUOT", 15000, 20000, 40000);
	event_str(&e, FIELD_MEASURE, "bytes");
	event_int(&e, FIELD_LIMIT_UID, 33);
	assert_has(explained(NULL, FIELD_SAYS), "user 33 has 15000 bytes of keys");
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w kernel.keys.maxbytes=61875\n");
	refused("keys", "kernel.keys.root_maxkeys", "EDQUOT", 200, 200, 1);
	explained(NULL, FIELD_SAYS);
	assert_has(event_text(&e, FIELD_FIX), "sysctl -w kernel.keys.root_maxkeys=400\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_host), cmocka_unit_test(of_a_user_namespace),
		cmocka_unit_test(namespaces),  cmocka_unit_test(objects),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
