/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/mounts.c user/mounts_view.c user/parse.c user/parse_table.c user/field.c
 * user/catalogue.c ; libs: */
/*
 * test_mounts.c - from a device number or a path to a mount point; and nothing
 * is asked that could hang.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "../../user/mounts.h"

/* Laid out as Documentation/filesystems/proc.rst says of /proc/PID/mountinfo (3.5). */
static const char table[] =
	"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"23 22 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n"
	"24 22 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
	"25 24 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n"
	"30 22 8:17 /data /srv/bind rw,relatime shared:30 - xfs /dev/sdb1 rw\n"
	"31 22 8:17 / /var/lib/my\\040sql rw,relatime shared:31 - xfs /dev/sdb1 rw\n"
	"32 22 0:40 / /home rw,relatime shared:32 - nfs4 server:/home rw\n"
	"33 32 0:41 / /home/scratch rw shared:33 - tmpfs tmpfs rw,size=1024k\n"
	"34 22 0:42 / /mnt/auto rw shared:34 - autofs systemd-1 rw\n"
	"35 34 8:33 / /mnt/auto/disk rw shared:35 - ext4 /dev/sdc1 rw\n"
	"36 22 0:43 / /mnt/fuse rw shared:36 - fuse.sshfs host: rw\n"
	"37 22 0:44 / /tmp rw shared:37 - tmpfs tmpfs rw\n"
	"38 22 0:45 / /tmp rw shared:38 - tmpfs tmpfs rw\n"
	"broken\n"
	"39 22 0:xx / /bad rw shared:39 - tmpfs tmpfs rw\n";

static struct parse_text all(void)
{
	return (struct parse_text){.s = table, .n = sizeof(table) - 1};
}

static void by_device(void **state _unused_)
{
	static const struct {
		uint32_t major, minor;
		const char *point, *type;
		bool may_ask;
	} rows[] = {
		{8, 1, "/", "ext4", true},
		/* The whole file system, and not the part that is bound elsewhere. */
		{8, 17, "/var/lib/my sql", "xfs", true},
		{0, 40, "/home", "nfs4", false},
		/* Local, but the way there leads over a server. */
		{0, 41, "/home/scratch", "tmpfs", false},
		{8, 33, "/mnt/auto/disk", "ext4", false},
		{0, 43, "/mnt/fuse", "fuse.sshfs", false},
		{0, 26, "/sys/fs/cgroup", "cgroup2", false},
	};
	struct mounts_found m;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(mounts_by_device(all(), rows[i].major, rows[i].minor, &m), 0);
		assert_string_equal(m.point, rows[i].point);
		assert_string_equal(m.fstype, rows[i].type);
		assert_int_equal(m.may_ask, rows[i].may_ask);
		assert_int_equal(m.major, rows[i].major);
		assert_int_equal(m.minor, rows[i].minor);
	}
	m.point[0] = 'x';
	assert_int_equal(mounts_by_device(all(), 9, 9, &m), -ENOENT);
	assert_int_equal(m.point[0], 'x');
}

static void by_path(void **state _unused_)
{
	static const struct {
		const char *path, *point;
		uint32_t minor;
	} rows[] = {
		{"/etc/x", "/", 1},
		{"/homes/x", "/", 1},
		{"/home/x", "/home", 40},
		{"/home/scratch/a/b", "/home/scratch", 41},
		{"/var/lib/my sql/ibdata1", "/var/lib/my sql", 17},
		{"/tmp/x", "/tmp", 45}, /* the one on top */
	};
	static const char *const unknown[] = {"", "x", "a/b", "/tmp/../x", "/a//b", "/a/./b"};
	struct mounts_found m;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(mounts_by_path(all(), rows[i].path, &m), 0);
		assert_string_equal(m.point, rows[i].point);
		assert_int_equal(m.minor, rows[i].minor);
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_int_equal(mounts_by_path(all(), unknown[i], &m), -ENOENT);
}

static struct event e;
static struct event_facts facts;
static struct mounts_memory memory;

static void refused(unsigned int resource, const char *id)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, id);
	event_int(&e, FIELD_PID, getpid());
	event_int(&e, FIELD_UID, 1000);
	event_bool(&e, FIELD_CERTAIN, false);
	facts = (struct event_facts){.resource = resource,
				     .pid = (uint32_t)getpid(),
				     .start = 7,
				     .hook = FC_HOOK_OTHER_FS};
}

/* The real /proc: the root of this process, which some local file system holds. */
static void asks(void **state _unused_)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mounts_usage u;
	struct statfs s;
	struct stat st;

	if (stat("/", &st) < 0 || statfs("/", &s) < 0 || s.f_blocks == 0)
		skip();
	refused(FC_DISK, "disk");
	event_fmt(&e, FIELD_DEVICE, "%u:%u", major(st.st_dev), minor(st.st_dev));
	mounts_event(&e, &facts, proc, &memory, &u);
	if (!event_has(&e, FIELD_MOUNT) || !u.known)
		skip(); /* a subvolume has another number; a network file system is not asked */
	assert_string_equal(event_text(&e, FIELD_MOUNT), "/");
	assert_int_equal(u.total, s.f_blocks * (uint64_t)s.f_frsize);
	assert_true(u.available <= u.free && u.free <= u.total);
	assert_int_equal(event_num(&e, FIELD_HELD), u.total - u.free);
	/* Nothing is full: the cause stays inferred, and nobody says "inodes". */
	assert_false(event_num(&e, FIELD_CERTAIN));
	assert_int_equal(facts.resource, FC_DISK);
	/* What the kernel said itself stays. */
	refused(FC_DISK, "disk");
	event_fmt(&e, FIELD_DEVICE, "%u:%u", major(st.st_dev), minor(st.st_dev));
	event_int(&e, FIELD_HELD, 5);
	event_int(&e, FIELD_LIMIT, 6);
	mounts_event(&e, &facts, proc, &memory, &u);
	assert_int_equal(event_num(&e, FIELD_HELD), 5);
	assert_int_equal(event_num(&e, FIELD_LIMIT), 6);
	/* Repeats get the mount of the first ones, and no numbers of now. */
	refused(FC_DISK, "disk");
	event_int(&e, FIELD_COUNT, 9);
	mounts_event(&e, &facts, proc, &memory, &u);
	assert_string_equal(event_text(&e, FIELD_MOUNT), "/");
	assert_false(u.known || event_has(&e, FIELD_HELD));
}

/* A path behind a link, or of nowhere: no mount is better than a wrong one. */
static void links(void **state _unused_)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char dir[] = "/tmp/failcnt-mounts-XXXXXX", link[64], path[96];
	struct mounts_usage u;

	assert_non_null(mkdtemp(dir));
	snprintf(link, sizeof(link), "%s.link", dir);
	assert_int_equal(symlink(dir, link), 0);
	snprintf(path, sizeof(path), "%s/new", link);
	refused(FC_DISK, "disk");
	event_str(&e, FIELD_OBJECT, path);
	mounts_event(&e, &facts, proc, &memory, &u);
	unlink(link);
	rmdir(dir);
	assert_false(event_has(&e, FIELD_MOUNT) || u.known);
	refused(FC_DISK, "disk");
	event_str(&e, FIELD_OBJECT, "relative/new");
	mounts_event(&e, &facts, proc, &memory, &u);
	assert_false(event_has(&e, FIELD_MOUNT) || u.known);
}

/* What a process meant that is gone already its parent knows, where the kernel saw that both see
 * the same. */
static void gone(void **state _unused_)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mounts_usage u;
	char namespace[64];
	ssize_t n = readlink("/proc/self/ns/mnt", namespace, sizeof(namespace) - 1);
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	assert_true(n > 0 && child > 0 && waitpid(child, NULL, 0) == child);
	namespace[n] = '\0';
	for (int i = 0; i < 3; i++) {
		refused(FC_DISK, "disk");
		event_int(&e, FIELD_PID, child);
		event_int(&e, FIELD_PPID, getpid());
		event_str(&e, FIELD_NAMESPACE, i == 1 ? "mnt:[1]" : namespace);
		event_str(&e, FIELD_OBJECT, "/new");
		facts.has_more = true;
		facts.more[0] = i != 2;
		mounts_event(&e, &facts, proc, &memory, &u);
		assert_int_equal(event_has(&e, FIELD_MOUNT), i == 0);
	}
	memset(&facts, 0, sizeof(facts));
}

/* Somebody may have given back an inode or a block before the collector comes to ask. */
static void used_up(void **state _unused_)
{
	static const struct {
		const char *fstype, *call;
		uint64_t files, inodes, blocks, asked;
		unsigned int resource;
		bool sure;
	} rows[] = {
		{"tmpfs", "openat", 16, 0, 16, 0, FC_INODES, true},
		{"tmpfs", "openat", 16, 9, 1, 0, FC_INODES, false},
		{"tmpfs", "mkdir", 100000, 70000, 0, 0, FC_INODES, false},
		{"tmpfs", "symlink", 16, 9, 0, 0, FC_DISK, true},
		{"tmpfs", "symlinkat", 16, 9, 16, 0, FC_INODES, false},
		{"tmpfs", "openat", 0, 0, 16, 0, FC_DISK, false}, /* nr_inodes=0: any number */
		{"tmpfs", "write", 16, 0, 0, 4096, FC_DISK, true},
		{"tmpfs", "write", 16, 0, 16, 4096, FC_DISK, false},
		{"tmpfs", "fallocate", 16, 9, 16, 65536, FC_DISK, false}, /* it would just fit */
		{"tmpfs", "fallocate", 16, 9, 16, 65537, FC_DISK, true},
		{"ext4", "openat", 32, 0, 900, 0, FC_INODES, true},
		{"ext4", "openat", 32, 3, 900, 0, FC_INODES, false},
		{"ext4", "openat", 32000, 20000, 0, 0, FC_DISK, true},
		{"ext4", "openat", 32000, 20000, 90000, 0, FC_DISK, false},
		{"ext4", "mkdir", 32, 31, 7, 0, FC_DISK, false},
		{"btrfs", "openat", 0, 0, 5, 0, FC_DISK, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct statfs s = {.f_bsize = 4096,
				   .f_blocks = 1000,
				   .f_bfree = rows[i].blocks,
				   .f_bavail = rows[i].blocks,
				   .f_files = rows[i].files,
				   .f_ffree = rows[i].inodes};
		bool sure = !rows[i].sure;

		assert_int_equal(
			mounts_used_up(rows[i].fstype, rows[i].call, &s, rows[i].asked, &sure),
			rows[i].resource);
		assert_int_equal(sure, rows[i].sure);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_device), cmocka_unit_test(by_path), cmocka_unit_test(asks),
		cmocka_unit_test(links),     cmocka_unit_test(gone),    cmocka_unit_test(used_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
