/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_space.c - disk, inodes, quota: a file system that has no room.
 *
 * There is no command that makes room: what to do is said in lines that begin
 * with '#'. Only where the limit is a number, on tmpfs and of a quota, can it
 * be raised, in the mount namespace of the process where that is its own.
 */
#include "explain_priv.h"

#define PAGE 4096

static void says_file(struct explain *x)
{
	const char *object = event_text(x->e, FIELD_OBJECT);
	bool writes =
		call_is(x, "write pwrite64 writev pwritev pwritev2 sendfile sendfile64 splice "
			   "copy_file_range fallocate ftruncate ftruncate64");

	if (!event_has(x->e, FIELD_PID)) {
		explain_add(&x->says, "Data written earlier%s", object[0] ? " to " : "");
		says_name(x, object);
		explain_add(&x->says, " could not be stored");
		return;
	}
	says_who(x);
	if (call_is(x, "mkdir mkdirat"))
		explain_add(&x->says, " could not make the directory");
	else if (writes)
		explain_add(&x->says, " could not write%s", object[0] ? " to" : " to a file");
	else if (call_is(x, "fsync fdatasync"))
		explain_add(&x->says, " could not store what it had written%s",
			    object[0] ? " to" : "");
	else if (call_is(x, "link linkat rename renameat renameat2"))
		explain_add(&x->says, " could not give a file the name");
	else if (event_has(x->e, FIELD_SYSCALL))
		explain_add(&x->says, " could not create%s", object[0] ? "" : " a file");
	else
		explain_add(&x->says, " could not store data");
	if (object[0] && event_has(x->e, FIELD_SYSCALL)) {
		explain_add(&x->says, " ");
		says_name(x, object);
	}
}

/* Who wrote it is not there to be told: the kernel keeps the error for whoever asks. */
static void says_late(struct explain *x)
{
	if (!event_has(x->e, FIELD_PID))
		explain_add(&x->says, "; whoever wrote it learns of it from fsync, or not at all");
}

/* "the file system /var (ext4 on 8:1)" */
static void says_where(struct explain *x)
{
	const char *device = event_text(x->e, FIELD_DEVICE);
	const char *type = event_text(x->e, FIELD_FILESYSTEM);

	explain_add(&x->says, "the file system ");
	if (event_has(x->e, FIELD_MOUNT))
		says_name(x, event_text(x->e, FIELD_MOUNT));
	else if (device[0])
		explain_add(&x->says, "of device %s", device);
	else
		explain_add(&x->says, "that it is on");
	/* The device number of tmpfs and the like means nothing to anybody. */
	if (type[0] && device[0] && !util_after(device, "0:"))
		explain_add(&x->says, " (%s on %s)", type, device);
	else if (type[0])
		explain_add(&x->says, " (%s)", type);
}

/* "mount" and "du" in the mount namespace of the process; false: it is another's, and unknown. */
static bool prefix_of(const struct explain *x, char *buf, size_t size)
{
	return fix_prefix(x, buf, size);
}

static bool is_tmpfs(const struct explain *x)
{
	return util_streq(event_text(x->e, FIELD_FILESYSTEM), "tmpfs");
}

/* mount -o remount,OPTION=VALUE, and the lasting form. */
static void fix_tmpfs(struct explain *x, const char *option, uint64_t value)
{
	const char *runtime = event_text(x->e, FIELD_CONTAINER_RUNTIME);
	const char *point = event_text(x->e, FIELD_MOUNT);
	char prefix[64], quoted[QUOTED_MAX];
	unsigned long long v = value;

	if (!value || !shell_quote(quoted, point) || !prefix_of(x, prefix, sizeof(prefix)))
		return;
	fix_line(x, "%smount -o remount,%s=%llu %s", prefix, option, v, quoted);
	if (util_streq(point, "/dev/shm") && event_has(x->e, FIELD_POD_UID))
		fix_line(
			x,
			"# lasting: an emptyDir volume with medium: Memory on /dev/shm of the pod");
	else if (util_streq(point, "/dev/shm") &&
		 (util_streq(runtime, "docker") || util_streq(runtime, "podman")))
		fix_line(x, "# lasting: %s run --shm-size=%llu", runtime, v);
	else if (event_has(x->e, FIELD_CONTAINER))
		fix_line(x,
			 "# lasting: %s=%llu for this mount in the configuration of the container",
			 option, v);
	else
		fix_line(x, "# lasting: option %s=%llu of %s in /etc/fstab or its mount unit",
			 option, v, quoted);
}

/* Where it is, and what holds what nobody sees. */
static void fix_look(struct explain *x, const char *du)
{
	char prefix[64], quoted[QUOTED_MAX];

	if (!shell_quote(quoted, event_text(x->e, FIELD_MOUNT)) ||
	    !prefix_of(x, prefix, sizeof(prefix)))
		return;
	fix_line(x, "# where it is: %s%s --max-depth=2 %s | sort -h | tail -n 20", prefix, du,
		 quoted);
	fix_line(x, "# deleted files that programs keep open: %slsof +aL1 %s", prefix, quoted);
}

/* Free, and not for everybody: what that is depends on the file system. */
static bool is_reserved(const struct explain *x)
{
	const struct mounts_usage *u = &x->facts->space;

	return u->known && !u->available && u->free &&
	       util_listed("ext2 ext3 ext4", event_text(x->e, FIELD_FILESYSTEM));
}

static bool is_btrfs(const struct explain *x)
{
	return util_streq(event_text(x->e, FIELD_FILESYSTEM), "btrfs");
}

static void says_room(struct explain *x, uint64_t held, uint64_t limit)
{
	const struct mounts_usage *u = &x->facts->space;

	explain_add(&x->says, ": ");
	says_bytes(x, limit > held ? limit - held : 0);
	explain_add(&x->says, " of ");
	says_bytes(x, u->known && u->total ? u->total : limit);
	explain_add(&x->says, " are free for it");
	if (!is_reserved(x))
		return;
	explain_add(&x->says, " (");
	says_bytes(x, u->free);
	explain_add(&x->says, " more are reserved for root)");
}

void explain_disk(struct explain *x)
{
	const struct mounts_usage *u = &x->facts->space;
	const struct event *e = x->e;
	bool sure = !event_has(e, FIELD_CERTAIN) || event_num(e, FIELD_CERTAIN);
	bool known = event_has(e, FIELD_LIMIT) && event_has(e, FIELD_HELD);
	uint64_t held = (uint64_t)event_num(e, FIELD_HELD);
	uint64_t limit = (uint64_t)event_num(e, FIELD_LIMIT);

	says_file(x);
	explain_add(&x->says, " %s ", because(x));
	says_where(x);
	if (known && held < limit && event_has(e, FIELD_ASKED)) {
		explain_add(&x->says, " has no room for ");
		says_bytes(x, (uint64_t)event_num(e, FIELD_ASKED));
	} else {
		/* Neither number is known: which of the two it was, only a look at it tells. */
		explain_add(&x->says, sure || known || u->known ? " is full"
								: " has no room or no inode left");
	}
	if (known)
		says_room(x, held, limit);
	if (!sure && u->known && u->available)
		explain_add(&x->says, "; a directory or an attribute may be what is full");
	says_late(x);
	says_end(x);
	if (is_tmpfs(x))
		fix_tmpfs(x, "size", (more_than(e) + PAGE - 1) / PAGE * PAGE);
	fix_look(x, "du -xh");
	if (is_btrfs(x))
		fix_line(x,
			 "# btrfs divides its room between data and metadata: btrfs filesystem "
			 "usage "
			 "shows which is full, btrfs balance start -dusage=10 gives back what is "
			 "half empty");
	if (is_reserved(x))
		fix_line(x, "# what is reserved for root can be made less: tune2fs -m 1 DEVICE");
	if (!x->fix.n)
		fix_line(x, "# df and df -i tell which; remove what is not needed, or enlarge the "
			    "file system");
}

void explain_inodes(struct explain *x)
{
	const struct event *e = x->e;
	const char *type = event_text(e, FIELD_FILESYSTEM);

	says_file(x);
	explain_add(&x->says, " %s ", because(x));
	says_where(x);
	explain_add(&x->says, " has no inode left, of which each file and directory takes one");
	if (event_has(e, FIELD_HELD) && event_has(e, FIELD_LIMIT))
		explain_add(&x->says, ": %lld of %lld are in use",
			    (long long)event_num(e, FIELD_HELD),
			    (long long)event_num(e, FIELD_LIMIT));
	explain_add(&x->says,
		    "; the program reports \"No space left on device\", however much is free");
	says_end(x);
	if (is_tmpfs(x))
		fix_tmpfs(x, "nr_inodes", more_than(e));
	else if (util_listed("ext2 ext3 ext4", type))
		fix_line(x,
			 "# inodes cannot be added to %s: remove files, or make it anew with "
			 "mkfs -N, or larger (resize2fs adds inodes with the room)",
			 type);
	fix_look(x, "du -x --inodes");
	if (!x->fix.n)
		fix_line(x, "# df -i tells which; remove files that are not needed, or enlarge the "
			    "file system");
}

enum { USER, GROUP, PROJECT };

/* setquota(8) sets all four at once: the others keep their value. Bytes in units of 1 KiB. */
static void fix_quota(struct explain *x, int type, unsigned long id)
{
	static const char *const flags[] = {[USER] = "-u", [GROUP] = "-g", [PROJECT] = "-P"};
	bool inodes = util_streq(event_text(x->e, FIELD_MEASURE), "inodes");
	uint64_t hard = (uint64_t)event_num(x->e, FIELD_LIMIT_HARD), soft = x->facts->more[1];
	uint64_t limit = (uint64_t)event_num(x->e, FIELD_LIMIT), want = more_than(x->e);
	uint64_t other_soft = x->facts->more[2], other_hard = x->facts->more[3];
	char prefix[64], quoted[QUOTED_MAX];

	if (!shell_quote(quoted, event_text(x->e, FIELD_MOUNT)) ||
	    !prefix_of(x, prefix, sizeof(prefix)))
		return;
	/* Refused by the soft limit when grace was over: the hard one stands above. */
	if (soft)
		soft = limit == soft ? want : soft + (want - limit);
	if (hard)
		hard = hard < want ? want : hard;
	if (!inodes) {
		soft = (soft + 1023) / 1024;
		hard = (hard + 1023) / 1024;
	} else {
		other_soft = (other_soft + 1023) / 1024;
		other_hard = (other_hard + 1023) / 1024;
	}
	fix_line(x, "%ssetquota %s %lu %llu %llu %llu %llu %s", prefix, flags[type], id,
		 (unsigned long long)(inodes ? other_soft : soft),
		 (unsigned long long)(inodes ? other_hard : hard),
		 (unsigned long long)(inodes ? soft : other_soft),
		 (unsigned long long)(inodes ? hard : other_hard), quoted);
}

void explain_quota(struct explain *x)
{
	static const char *const owners[] = {
		[USER] = "user", [GROUP] = "group", [PROJECT] = "project"};
	bool inodes = util_streq(event_text(x->e, FIELD_MEASURE), "inodes");
	unsigned int type = (unsigned int)(x->facts->more[0] >> 32);
	unsigned long id = (uint32_t)x->facts->more[0];
	bool known = x->facts->has_more && type <= PROJECT;

	says_file(x);
	if (known)
		explain_add(&x->says, " %s the %squota of %s %lu on ", because(x),
			    inodes ? "inode " : "", owners[type], id);
	else
		explain_add(&x->says, " %s a quota on ", because(x));
	says_where(x);
	explain_add(&x->says, " is used up");
	if (event_has(x->e, FIELD_HELD) && inodes) {
		explain_add(&x->says, ": %lld of %lld files",
			    (long long)event_num(x->e, FIELD_HELD),
			    (long long)event_num(x->e, FIELD_LIMIT));
	} else if (event_has(x->e, FIELD_HELD)) {
		explain_add(&x->says, ": ");
		says_bytes(x, (uint64_t)event_num(x->e, FIELD_HELD));
		explain_add(&x->says, " of ");
		says_bytes(x, (uint64_t)event_num(x->e, FIELD_LIMIT));
	}
	if (known && x->facts->more[1] &&
	    x->facts->more[1] == (uint64_t)event_num(x->e, FIELD_LIMIT))
		explain_add(&x->says, ", above the soft limit for longer than its time of grace");
	if (event_has(x->e, FIELD_PID))
		explain_add(&x->says, "; the program reports \"Disk quota exceeded\"");
	says_late(x);
	says_end(x);
	if (known && event_has(x->e, FIELD_LIMIT))
		fix_quota(x, (int)type, id);
	if (!x->fix.n)
		fix_line(x,
			 "# remove files of that owner, or raise the quota: repquota -a shows all");
}
