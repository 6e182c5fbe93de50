/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_space.c - full file systems: what is reserved is said, tmpfs and
 * quotas are raised by a command, and nothing that deletes is one.
 */
#include "explain_fixture.h"

#define GIB (1LL << 30)

static struct explain_facts facts;

static void refused(const char *resource, const char *call, const char *object, const char *type)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_MEASURE, util_streq(resource, "inodes") ? "inodes" : "bytes");
	event_str(&e, FIELD_SYSCALL, call);
	event_str(&e, FIELD_OBJECT, object);
	event_str(&e, FIELD_COMM, "postgres");
	event_int(&e, FIELD_PID, 812);
	event_str(&e, FIELD_DEVICE, util_streq(type, "tmpfs") ? "0:41" : "8:1");
	event_str(&e, FIELD_MOUNT, "/var/lib/postgresql");
	event_str(&e, FIELD_FILESYSTEM, type);
	event_bool(&e, FIELD_CERTAIN, true);
	facts = (struct explain_facts){.page_size = 4096};
}

static void must(const char *says, const char *fix)
{
	explain_event(&e, &facts);
	if (!strstr(event_text(&e, FIELD_SAYS), says))
		fail_msg("no \"%s\" in: %s", says, event_text(&e, FIELD_SAYS));
	if (!strstr(event_text(&e, FIELD_FIX), fix))
		fail_msg("no \"%s\" in: %s", fix, event_text(&e, FIELD_FIX));
}

/* Every line but those of mount and setquota is for a person to read. */
static void only_advice(const char *command)
{
	const char *line = event_text(&e, FIELD_FIX);

	while (line && *line) {
		if (line[0] != '#' && (!command || !strstr(line, command)))
			fail_msg("a command: %s", line);
		line = strchr(line, '\n');
		line += line ? 1 : 0;
	}
}

static void disk(void **state _unused_)
{
	refused("disk", "write", "0000000100000001", "ext4");
	amounts(19 * GIB, 19 * GIB, -1, 8192);
	facts.space = (struct mounts_usage){.known = true, .total = 20 * GIB, .free = GIB};
	must("postgres (pid 812) could not write to 0000000100000001 because the file system "
	     "/var/lib/postgresql (ext4 on 8:1) is full: 0 bytes of 20 GiB are free for it (1 GiB "
	     "more "
	     "are reserved for root).",
	     "# what is reserved for root can be made less: tune2fs -m 1 DEVICE");
	must("full", "# where it is: du -xh --max-depth=2 /var/lib/postgresql | sort -h");
	only_advice(NULL);
	/* Inferred, and there is room: something else may be full. */
	refused("disk", "mkdir", "base", "xfs");
	event_bool(&e, FIELD_CERTAIN, false);
	amounts(5 * GIB, 20 * GIB, -1, -1);
	facts.space = (struct mounts_usage){
		.known = true, .total = 20 * GIB, .free = 15 * GIB, .available = 15 * GIB};
	must("could not make the directory base probably because", "lsof +aL1 /var/lib/postgresql");
	must("; a directory or an attribute may be what is full.", "# ");
	/* Folded: no numbers, and none are made up. */
	refused("disk", "write", "", "ext4");
	event_clear(&e, FIELD_CERTAIN);
	event_int(&e, FIELD_LIMIT, 19 * GIB);
	event_int(&e, FIELD_COUNT, 12);
	must("could not write to a file because the file system /var/lib/postgresql (ext4 on 8:1) "
	     "is "
	     "full; this happened 12 times.",
	     "# ");
}

static void tmpfs(void **state _unused_)
{
	refused("disk", "write", "x", "tmpfs");
	amounts(1048576, 1048576, -1, 4096);
	must("(tmpfs) is full: 0 bytes of 1 MiB are free for it.",
	     "mount -o remount,size=2097152 /var/lib/postgresql\n");
	only_advice("mount -o remount");
	refused("disk", "fallocate", "x", "tmpfs");
	amounts(0, 1048576, -1, 8 * 1048576);
	must("has no room for 8 MiB: 1 MiB of 1 MiB are free for it.", "size=9437184 ");
	refused("inodes", "mkdir", "x", "tmpfs");
	amounts(8, 8, -1, 1);
	must("has no inode left, of which each file and directory takes one: 8 of 8 are in use",
	     "mount -o remount,nr_inodes=16 /var/lib/postgresql\n");
	/* In the mount namespace of the process. */
	event_str(&e, FIELD_NAMESPACE, "mnt:[4026532177]");
	facts.host_ns[FC_NS_MNT] = 4026531841U;
	must("no inode", "nsenter -t 812 -m mount -o remount,nr_inodes=16 ");
	must("no inode", "# where it is: nsenter -t 812 -m du -x --inodes");
	/* The name of a mount point is somebody's text. */
	event_str(&e, FIELD_MOUNT, "/tmp/a b;reboot");
	must("no inode", "nr_inodes=16 '/tmp/a b;reboot'\n");
	event_str(&e, FIELD_MOUNT, "/tmp/a\nreboot");
	explain_event(&e, &facts);
	only_advice(NULL);
}

static void inodes(void **state _unused_)
{
	refused("inodes", "openat", "/var/lib/postgresql/x", "ext4");
	amounts(1000, 1000, -1, 1);
	must("could not create /var/lib/postgresql/x because", "# inodes cannot be added to ext4");
	only_advice(NULL);
}

static void quota(void **state _unused_)
{
	refused("quota", "write", "x", "ext4");
	amounts(102400, 102400, -1, 4096);
	event_int(&e, FIELD_LIMIT_HARD, 102400);
	facts.has_more = true;
	facts.more[0] = 1000;
	facts.more[3] = 50; /* its inodes */
	must("because the quota of user 1000 on the file system /var/lib/postgresql (ext4 on 8:1) "
	     "is "
	     "used up: 100 KiB of 100 KiB; the program reports \"Disk quota exceeded\".",
	     "setquota -u 1000 0 200 0 50 /var/lib/postgresql");
	/* Refused by the soft limit: both are raised, by as much. */
	facts.more[0] = 1ULL << 32 | 27;
	facts.more[1] = 51200;
	event_int(&e, FIELD_LIMIT, 51200);
	event_int(&e, FIELD_HELD, 90000);
	must("quota of group 27", "setquota -g 27 104 104 0 50 /var/lib/postgresql");
	must("above the soft limit for longer than its time of grace", "");
	refused("quota", "mkdir", "x", "ext4");
	event_str(&e, FIELD_MEASURE, "inodes");
	amounts(3, 3, -1, 1);
	event_int(&e, FIELD_LIMIT_HARD, 3);
	facts.has_more = true;
	facts.more[0] = 2ULL << 32 | 5;
	facts.more[3] = 102400;
	must("inode quota of project 5", "setquota -P 5 0 100 0 6 /var/lib/postgresql");
	/* Nothing known: no command. */
	refused("quota", "mkdir", "x", "nfs4");
	must("because a quota on the file system", "# remove files of that owner");
	only_advice(NULL);
}

/* Written back by nobody in particular, or asked for by fsync. */
static void late(const char *resource, bool asked)
{
	refused(resource, asked ? "fsync" : "", "base/1234", "fuse");
	if (asked)
		return;
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_MEASURE, "bytes");
	event_str(&e, FIELD_OBJECT, "1234");
	event_str(&e, FIELD_DEVICE, "0:41");
	event_str(&e, FIELD_MOUNT, "/srv");
	event_str(&e, FIELD_FILESYSTEM, "nfs4");
	event_bool(&e, FIELD_CERTAIN, false);
}

static void written_back(void **state _unused_)
{
	late("disk", false);
	must("Data written earlier to 1234 could not be stored probably because the file system "
	     "/srv",
	     "");
	must("; whoever wrote it learns of it from fsync, or not at all.", "");
	late("quota", false);
	must("Data written earlier to 1234 could not be stored probably because a quota on", "");
	must("is used up; whoever wrote it learns of it from fsync, or not at all.", "");
	late("disk", true);
	must("postgres (pid 812) could not store what it had written to base/1234 because", "");
	if (strstr(event_text(&e, FIELD_SAYS), "whoever"))
		fail_msg("it has asked: %s", event_text(&e, FIELD_SAYS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disk),  cmocka_unit_test(tmpfs),        cmocka_unit_test(inodes),
		cmocka_unit_test(quota), cmocka_unit_test(written_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
