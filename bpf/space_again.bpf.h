/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space_again.bpf.h - a full file system, once more (repeat.bpf.h): what a log writer is refused
 * that tries again and again.
 *
 * ENOSPC of a write to a regular file has one meaning, no blocks; of tmpfs also that memory may not
 * be promised any more, which is never so but in overcommit mode 2 (commit.bpf.h). So it is enough
 * to know which file system it is, and where a function of its own refuses not even that.
 */
#ifndef FAILCNT_SPACE_AGAIN_BPF_H
#define FAILCNT_SPACE_AGAIN_BPF_H

#include "commit.bpf.h"
#include "where.bpf.h"

/* Where note_told() has something to leave, only a second look leaves it. */
static __always_inline bool sure_space(void)
{
	return !exit_serves[FC_HOOK_OTHER_FS] || exit_serves[FC_HOOK_EXT4_FULL];
}

static __always_inline bool writes_fd(__u8 call)
{
	return call == FC_CALL_WRITE || call == FC_CALL_PWRITE || call == FC_CALL_WRITE_FD;
}

/* Of the call that writes to a regular file: where that lies; NULL: it is another call or file. */
static __always_inline struct super_block *written_sb(void)
{
	struct typed_call c;
	struct fdtable *fdt;
	struct inode *inode;
	struct file *file = NULL;
	__u64 fd;

	/* A 32-bit program has the descriptor elsewhere. */
	if (!typed_call(&c) || !c.task->files || !writes_fd(c.call))
		return NULL;
	fdt = c.task->files->fdt;
	fd = (__u32)TASK_ARG0(c.regs);
	if (!fdt || fd >= fdt->max_fds ||
	    bpf_probe_read_kernel(&file, sizeof(file), (void *)fdt->fd + 8 * fd) || !file)
		return NULL;
	inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return NULL;
	return BPF_CORE_READ(inode, i_sb);
}

/* What has to be equal: the file system that was written to. */
#define AT_DEVICE(verdict, sb) REPEAT_AT(verdict, BPF_CORE_READ(sb, s_dev))

/* device: fexit reads it in the function's own arguments, and hands it on. */
static __always_inline __u64 sure_shmem_write(long ret, __u8 backend, __u64 device)
{
	struct super_block *sb;

	if (ret != -ENOSPC || !sure_space() || overcommit_mode() == OVERCOMMIT_NEVER)
		return 0;
	if (backend == FC_BACKEND_FEXIT)
		return REPEAT_AT(FC_REPEAT_TMPFS, device);
	sb = written_sb();
	return sb ? AT_DEVICE(FC_REPEAT_TMPFS, sb) : 0;
}

static __always_inline __u64 sure_ext4(__u8 backend, __u64 device)
{
	struct super_block *sb;
	struct typed_call c;

	if (!sure_space())
		return 0;
	if (backend == FC_BACKEND_FEXIT)
		return typed_call(&c) && writes_fd(c.call) ? REPEAT_AT(FC_REPEAT_EXT4, device) : 0;
	sb = written_sb();
	return sb ? AT_DEVICE(FC_REPEAT_EXT4, sb) : 0;
}

/* At sys_exit: on which kind of file system. */
static __always_inline __u64 sure_write(void)
{
	struct super_block *sb = written_sb();
	__u64 magic;

	if (!sb)
		return 0;
	magic = BPF_CORE_READ(sb, s_magic);
	if (magic == TMPFS_MAGIC)
		return sure_space() && overcommit_mode() != OVERCOMMIT_NEVER
			       ? AT_DEVICE(FC_REPEAT_TMPFS, sb)
			       : 0;
	if (magic == EXT4_SUPER_MAGIC)
		return AT_DEVICE(FC_REPEAT_EXT4, sb);
	return magic == OVERLAYFS_SUPER_MAGIC || magic == BTRFS_SUPER_MAGIC ||
			       BPF_CORE_READ(sb, s_bdev)
		       ? AT_DEVICE(FC_REPEAT_OTHER_FS, sb)
		       : 0;
}

#endif
