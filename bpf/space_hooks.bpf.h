/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space_hooks.bpf.h - the programs at the functions that find a file system full (space.bpf.h has
 * what they do). Where fexit knows the file system by an argument, a repeat is one there
 * (space_again.bpf.h).
 */
#ifndef FAILCNT_SPACE_HOOKS_BPF_H
#define FAILCNT_SPACE_HOOKS_BPF_H

#include "space.bpf.h"

/* Arguments for fexit alone: RETURN in hooks.def. */
#define ON_RETURN_FEXIT_ARGS(hook, fn, type, failed, body) \
	ON_RETURN_(hook, fn, true, type, failed, body, tell_whole(&w, &c, finish_space))
#define ON_RETURN_ARGS_WHOLE(hook, fn, type, failed, body)                               \
	ON_RETURN_(hook, fn, true, type, failed, body, tell_whole(&w, &c, finish_space)) \
	KEEP_ARGS_(hook, fn)

/* By hand: its second argument is an int *, which fexit may not load on 5.10. */
REFUSED_FUNCTION_SURE(FC_HOOK_EXT4_FULL, ext4_should_retry_alloc, true, sure_ext4(backend_, arg2),
		      refuse_ext4_alloc, tell_whole(&w, &c, finish_space))

SEC("fexit/ext4_should_retry_alloc")
int fexit_ext4_should_retry_alloc(unsigned long long *ctx)
{
	int ret = fexit_ret(ctx, FC_HOOK_EXT4_FULL);
	struct super_block *sb;

	if (ret != 0)
		return 0;
	sb = (void *)FEXIT_SLOT(ctx, 0);
	refused_ext4_should_retry_alloc(ret, FC_BACKEND_FEXIT, (__u64)sb, 0, sb->s_dev);
	return 0;
}

SEC("kretprobe/ext4_should_retry_alloc")
int kretprobe_ext4_should_retry_alloc(struct pt_regs *ctx)
{
	int ret = PT_REGS_RC(ctx);

	if (ret == 0)
		refused_ext4_should_retry_alloc(ret, FC_BACKEND_KPROBE, 0, 0, 0);
	return 0;
}

KEEP_ARGS_(FC_HOOK_EXT4_FULL, ext4_should_retry_alloc)

/* (file or kiocb, mapping, ...): by hand, for the device of the second one. */
#define SHMEM_WRITE_FAILED(ret) ((ret) == -ENOSPC || (ret) == -EDQUOT || (ret) == -ENOMEM)
REFUSED_FUNCTION_SURE(FC_HOOK_SHMEM_WRITE, shmem_write_begin, true,
		      sure_shmem_write(ret, backend_, arg2), refuse_shmem_write,
		      tell_whole(&w, &c, finish_space))

SEC("fexit/shmem_write_begin")
int fexit_shmem_write_begin(unsigned long long *ctx)
{
	int ret = fexit_ret(ctx, FC_HOOK_SHMEM_WRITE);
	struct address_space *mapping;

	if (!SHMEM_WRITE_FAILED(ret))
		return 0;
	mapping = (void *)FEXIT_SLOT(ctx, 1);
	refused_shmem_write_begin(ret, FC_BACKEND_FEXIT, FEXIT_SLOT(ctx, 0), (__u64)mapping,
				  mapping->host->i_sb->s_dev);
	return 0;
}

SEC("kretprobe/shmem_write_begin")
int kretprobe_shmem_write_begin(struct pt_regs *ctx)
{
	int ret = PT_REGS_RC(ctx);

	if (!SHMEM_WRITE_FAILED(ret))
		return 0;
	probe_note_missed(FC_HOOK_SHMEM_WRITE);
	refused_shmem_write_begin(ret, FC_BACKEND_KPROBE, 0, 0, 0);
	return 0;
}

ON_RETURN_FEXIT_ARGS(FC_HOOK_SHMEM_FALLOCATE, shmem_fallocate, long, ret == -ENOSPC,
		     refuse_shmem_fallocate)
ON_RETURN_ARGS_WHOLE(FC_HOOK_SHMEM_INODE, shmem_get_inode, long, ret == 0, refuse_shmem_get)
ON_RETURN_ARGS_WHOLE(FC_HOOK_SHMEM_INODE_IDMAP, __shmem_get_inode, long, ret == -ENOSPC,
		     refuse_shmem_get_idmap)
ON_RETURN_ARGS_WHOLE(FC_HOOK_SHMEM_LINK, shmem_link, int, ret == -ENOSPC, refuse_shmem_link)
ON_RETURN_ARGS_WHOLE(FC_HOOK_DQUOT_SPACE, __dquot_alloc_space, int, ret == -EDQUOT,
		     refuse_quota_space)
ON_RETURN_ARGS_WHOLE(FC_HOOK_DQUOT_INODE, dquot_alloc_inode, int, ret == -EDQUOT,
		     refuse_quota_inode)

#endif
