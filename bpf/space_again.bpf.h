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

static __always_inline __u64 sure_shmem_write(long ret)
{
	return ret == -ENOSPC && sure_space() && overcommit_mode() != OVERCOMMIT_NEVER
		       ? REPEAT_AT(FC_REPEAT_TMPFS, 1)
		       : 0;
}

static __always_inline __u64 sure_ext4(void)
{
	struct typed_call c;

	return sure_space() && typed_call(&c) &&
			       (c.call == FC_CALL_WRITE || c.call == FC_CALL_PWRITE ||
				c.call == FC_CALL_WRITE_FD)
		       ? REPEAT_AT(FC_REPEAT_EXT4, 1)
		       : 0;
}

/* At sys_exit: of a file on which file system. A 32-bit program has the descriptor elsewhere. */
static __always_inline __u64 sure_write(struct typed_call *c)
{
	struct fdtable *fdt;
	struct inode *inode;
	struct super_block *sb;
	struct file *file = NULL;
	__u64 fd, magic;

	if (!c->task->files)
		return 0;
	fdt = c->task->files->fdt;
	fd = (__u32)TASK_ARG0(c->regs);
	if (!fdt || fd >= fdt->max_fds ||
	    bpf_probe_read_kernel(&file, sizeof(file), (void *)fdt->fd + 8 * fd) || !file)
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	sb = BPF_CORE_READ(inode, i_sb);
	magic = BPF_CORE_READ(sb, s_magic);
	if (magic == TMPFS_MAGIC)
		return sure_shmem_write(-ENOSPC);
	if (magic == EXT4_SUPER_MAGIC)
		return REPEAT_AT(FC_REPEAT_EXT4, 1);
	return magic == OVERLAYFS_SUPER_MAGIC || magic == BTRFS_SUPER_MAGIC ||
			       BPF_CORE_READ(sb, s_bdev)
		       ? REPEAT_AT(FC_REPEAT_OTHER_FS, 1)
		       : 0;
}

#endif
