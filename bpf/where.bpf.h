/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * where.bpf.h - which file, and so which file system, a system call is about: by a descriptor
 * among its arguments, or by a path.
 *
 * A path is not walked here. Only a bare name tells the file system, for then it is that of the
 * directory: the current one, or that of the descriptor. Of other paths the collector finds out
 * where they lead (user/mounts.c).
 */
#ifndef FAILCNT_WHERE_BPF_H
#define FAILCNT_WHERE_BPF_H

#include "files.bpf.h"

/* include/uapi/linux/magic.h, and fs/ for those that are not there */
#define EXT4_SUPER_MAGIC 0xEF53
#define TMPFS_MAGIC 0x01021994
#define BTRFS_SUPER_MAGIC 0x9123683E
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define NFS_SUPER_MAGIC 0x6969
#define FUSE_SUPER_MAGIC 0x65735546
#define CIFS_SUPER_MAGIC 0xFF534D42
#define SMB2_SUPER_MAGIC 0xFE534D42
#define CEPH_SUPER_MAGIC 0x00c36400
#define V9FS_MAGIC 0x01021997
#define UBIFS_SUPER_MAGIC 0x24051905
#define ZFS_SUPER_MAGIC 0x2fc12fc1

#define S_IFREG 0100000
#define AT_FDCWD (-100)
#define O_CREAT 0100
#define O_TMPFILE_FLAG 020000000
#define BARE_NAME 64 /* longer ones are left to the collector */

/* ext2 has the same magic and other fields; ext4 serves ext3 too. */
static __always_inline bool is_ext4(struct super_block *sb)
{
	char name[8] = "";

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(sb, s_type, name));
	return name[0] == 'e' && name[1] == 'x' && name[2] == 't' &&
	       (name[3] == '4' || name[3] == '3') && name[4] == '\0';
}

enum fs_kind {
	FS_UNKNOWN, /* a path: the collector finds out where it leads */
	FS_NONE,    /* ENOSPC of a cgroup file, of resctrl or of configfs is about something else */
	FS_EXT4,
	FS_TMPFS,
	FS_OTHER,
};

/* Not inline: as part of exit_space() it told tmpfs from nothing on 5.10. */
static __noinline int kind_of(struct super_block *sb)
{
	__u64 magic = BPF_CORE_READ(sb, s_magic);

	if (magic == TMPFS_MAGIC)
		return FS_TMPFS;
	if (is_ext4(sb))
		return FS_EXT4;
	if (BPF_CORE_READ(sb, s_bdev))
		return FS_OTHER;
	switch (magic) {
	case BTRFS_SUPER_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
	case NFS_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CEPH_SUPER_MAGIC:
	case V9FS_MAGIC:
	case UBIFS_SUPER_MAGIC:
	case ZFS_SUPER_MAGIC:
		return FS_OTHER;
	default:
		return FS_NONE;
	}
}

/* The file that the call writes to; NULL: it has none, or no system call is under way. */
static __always_inline struct file *written_file(const struct task_regs *regs)
{
	if (regs->nr < 0)
		return NULL;
	switch (regs->call) {
	case FC_CALL_WRITE:
	case FC_CALL_PWRITE:
	case FC_CALL_FTRUNCATE:
	case FC_CALL_WRITE_FD:
	case FC_CALL_FALLOCATE:
		return file_of_fd(regs->arg[0]);
	case FC_CALL_WRITE_THIRD_FD:
		return file_of_fd(regs->arg[2]);
	default:
		return NULL;
	}
}

struct new_name {
	__u64 path; /* in user memory; 0: the call makes none */
	__s32 dir;
};

/* Of an open that may make a file, a mkdir, symlink, link or rename. */
static __always_inline struct new_name named(const struct task_regs *regs)
{
	struct new_name n = {.dir = AT_FDCWD};
	__u64 flags = O_CREAT;

	switch (regs->call) {
	case FC_CALL_OPEN: /* creat(path, mode) has no flags: its mode is not looked at */
		flags = regs->nr == (regs->compat ? 8 : 85) ? O_CREAT : regs->arg[1];
		n.path = regs->arg[0];
		break;
	case FC_CALL_OPENAT:
		flags = regs->arg[2];
		if (regs->nr == 437) /* openat2: struct open_how */
			bpf_probe_read_user(&flags, sizeof(flags), (void *)regs->arg[2]);
		n.dir = regs->arg[0];
		n.path = regs->arg[1];
		break;
	case FC_CALL_MAKE_PATH:
		n.path = regs->arg[0];
		break;
	case FC_CALL_SYMLINK:
	case FC_CALL_NAME_PATH:
		n.path = regs->arg[1];
		break;
	case FC_CALL_MAKE_AT:
		n.dir = regs->arg[0];
		n.path = regs->arg[1];
		break;
	case FC_CALL_SYMLINKAT:
		n.dir = regs->arg[1];
		n.path = regs->arg[2];
		break;
	case FC_CALL_NAME_AT:
		n.dir = regs->arg[2];
		n.path = regs->arg[3];
		break;
	}
	if (!(flags & (O_CREAT | O_TMPFILE_FLAG)))
		n.path = 0;
	return n;
}

/* Has the path one component? Then it is made where the directory is. */
static __noinline bool bare_name(__u64 path)
{
	char text[BARE_NAME] = "";
	long n = bpf_probe_read_user_str(text, sizeof(text), (void *)path);
	int i;

	if (n <= 1 || n >= BARE_NAME)
		return false;
	for (i = 0; i < BARE_NAME; i++) {
		if (text[i] == '\0')
			return true;
		if (text[i] == '/')
			return false;
	}
	return false;
}

static __always_inline struct super_block *directory_sb(__s32 dir)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file;

	if (dir == AT_FDCWD)
		return BPF_CORE_READ(task, fs, pwd.dentry, d_sb);
	file = file_of_fd(dir);
	return file ? BPF_CORE_READ(file, f_inode, i_sb) : NULL;
}

/* The file system that the call is about; *ret is set where it is known. */
static __always_inline int find_sb(const struct task_regs *regs, struct super_block **ret)
{
	struct file *file = written_file(regs);
	struct super_block *sb = NULL;
	struct new_name name;

	if (file) {
		if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFREG)
			return FS_NONE; /* /dev/full, the end of a block device */
		sb = BPF_CORE_READ(file, f_inode, i_sb);
	} else {
		name = named(regs);
		if (!name.path)
			return FS_NONE;
		if (bare_name(name.path))
			sb = directory_sb(name.dir);
	}
	*ret = sb;
	return sb ? kind_of(sb) : FS_UNKNOWN;
}

/*
 * Where OTHER_FS looks at all calls, and functions tell of ext4 and tmpfs: threads that were told
 * of in this call, for those calls that do not show which file system they are about.
 */
#define SAME_CALL_NS 100000000

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HANDOVER_SLOTS);
	__type(key, __u64); /* thread */
	__type(value, __u64);
} space_told SEC(".maps");

static __always_inline void note_told(void)
{
	__u64 key = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	if (exit_serves[FC_HOOK_OTHER_FS] && !exit_serves[FC_HOOK_EXT4_FULL])
		bpf_map_update_elem(&space_told, &key, &now, BPF_ANY);
}

static __always_inline bool was_told(void)
{
	__u64 key = bpf_get_current_pid_tgid();
	__u64 *when = bpf_map_lookup_elem(&space_told, &key);
	bool told = when && bpf_ktime_get_ns() - *when < SAME_CALL_NS;

	if (when)
		bpf_map_delete_elem(&space_told, &key);
	return told;
}

/* Which file system (NULL: it is not known), and in whose view of the mounts it has a name. */
static __always_inline void note_device(struct refusal *w, struct super_block *sb)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (sb) {
		w->dev = BPF_CORE_READ(sb, s_dev);
		w->has |= FC_HAS_DEV;
	}
	/* loop devices and writeback work for others */
	w->nobody = BPF_CORE_READ(task, flags) & PF_KTHREAD;
	if (w->nobody)
		return;
	w->ns_kind = FC_NS_MNT;
	w->ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* Has a path the same meaning for the parent? Who is refused a file is often gone at once:
 * mkdir(1), touch(1). */
static __always_inline bool parent_sees_same(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);

	return BPF_CORE_READ(task, nsproxy, mnt_ns) == BPF_CORE_READ(parent, nsproxy, mnt_ns) &&
	       BPF_CORE_READ(task, fs, root.mnt) == BPF_CORE_READ(parent, fs, root.mnt) &&
	       BPF_CORE_READ(task, fs, root.dentry) == BPF_CORE_READ(parent, fs, root.dentry);
}

/* The path that was to be made; of a descriptor the last name. */
static __always_inline void finish_space(struct fc_refused *r, const struct refused_call *c)
{
	struct file *file = written_file(&c->regs);
	struct new_name name;

	r->object[0] = '\0';
	if (c->regs.nr < 0)
		return;
	if (file) {
		if (bpf_probe_read_kernel_str(r->object, sizeof(r->object),
					      BPF_CORE_READ(file, f_path.dentry, d_name.name)) > 1)
			r->has |= FC_HAS_PATH;
		return;
	}
	name = named(&c->regs);
	if (name.path &&
	    bpf_probe_read_user_str(r->object, sizeof(r->object), (void *)name.path) > 1)
		r->has |= FC_HAS_PATH;
}

#endif
