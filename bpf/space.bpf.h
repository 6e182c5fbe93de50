/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space.bpf.h - blocks and inodes of file systems: ENOSPC. Quotas are in quota.bpf.h, what
 * fails when it is written back in writeback.bpf.h.
 *
 * ext4 asks ext4_should_retry_alloc() (fs/ext4/balloc.c) after each ENOSPC whether to try once
 * more; its "no" is what the program gets, for blocks and for inodes. It runs only then.
 * tmpfs refuses in shmem_inode_acct_blocks(), but twice for each refusal, and with huge pages also
 * where smaller ones then succeed: only its callers know the outcome, shmem_write_begin() and
 * shmem_fallocate() (mm/shmem.c). Inodes it refuses in shmem_get_inode().
 * What other file systems refuse is seen where the system call ends, which is opt-in.
 *
 * ENOSPC has other causes too: a full directory index, an attribute that is too large, and on tmpfs
 * memory that may not be committed any more. So the file system's own counters decide; where they
 * cannot be read here, the collector asks statfs (user/mounts.c).
 */
#ifndef FAILCNT_SPACE_BPF_H
#define FAILCNT_SPACE_BPF_H

#include "quota.bpf.h"
#include "space_again.bpf.h"

#define BOGO_INODE_SIZE 1024 /* mm/shmem.c */
#define SPACE_CPUS 128       /* fewer: a refusal reads two such counters */

static __always_inline bool makes_inode(const struct task_regs *regs)
{
	return regs->call == FC_CALL_OPEN || regs->call == FC_CALL_OPENAT ||
	       regs->call == FC_CALL_MAKE_PATH || regs->call == FC_CALL_MAKE_AT ||
	       regs->call == FC_CALL_SYMLINK || regs->call == FC_CALL_SYMLINKAT;
}

static __always_inline bool writes(const struct task_regs *regs)
{
	return regs->call == FC_CALL_WRITE || regs->call == FC_CALL_PWRITE ||
	       regs->call == FC_CALL_WRITE_FD || regs->call == FC_CALL_WRITE_THIRD_FD ||
	       regs->call == FC_CALL_FALLOCATE;
}

/* Bytes that the call wanted to write; 0: not known, or none in particular. */
static __always_inline __u64 bytes_asked(const struct task_regs *regs)
{
	if (regs->call == FC_CALL_WRITE || regs->call == FC_CALL_PWRITE)
		return regs->arg[2];
	/* 32-bit programs pass the length in halves. */
	if (regs->call == FC_CALL_FALLOCATE && !regs->compat)
		return regs->arg[3];
	return 0;
}

static __always_inline void refuse_bytes(struct refusal *w, const struct refused_call *c)
{
	w->resource = FC_DISK;
	w->asked = bytes_asked(&c->regs);
	if (w->asked)
		w->has |= FC_HAS_ASKED;
}

static __always_inline void refuse_inode(struct refusal *w)
{
	w->resource = FC_INODES;
	w->asked = 1;
	w->has |= FC_HAS_ASKED;
}

/*
 * ext4_has_free_clusters() of fs/ext4/balloc.c: what is free must exceed what is promised to
 * delayed writes and what is reserved, of which root has the use. By how many clusters it does.
 */
static __noinline __u64 ext4_room(struct super_block *sb)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct ext4_sb_info *sbi = BPF_CORE_READ(sb, s_fs_info);
	__u64 free = percpu_total(__builtin_preserve_access_index(&sbi->s_freeclusters_counter),
				  SPACE_CPUS);
	__u64 dirty = percpu_total(__builtin_preserve_access_index(&sbi->s_dirtyclusters_counter),
				   SPACE_CPUS);
	__u64 reserved = BPF_CORE_READ(sbi, s_resv_clusters.counter);

	if (BPF_CORE_READ(task, cred, fsuid.val))
		reserved += BPF_CORE_READ(sbi, s_es, s_r_blocks_count_lo) >>
			    BPF_CORE_READ(sbi, s_cluster_bits);
	return free > dirty + reserved ? free - dirty - reserved : 0;
}

/* Some clusters or inodes may have been freed by others meanwhile; then it is not certain. */
#define SLACK 64

static __always_inline bool refuse_ext4(struct refusal *w, const struct refused_call *c,
					struct super_block *sb)
{
	struct ext4_sb_info *sbi = BPF_CORE_READ(sb, s_fs_info);
	__u64 room = 0;

	/* The inode comes first: a full inode table is found before a block is asked for. */
	if (makes_inode(&c->regs) &&
	    percpu_total(__builtin_preserve_access_index(&sbi->s_freeinodes_counter), SPACE_CPUS) ==
		    0) {
		refuse_inode(w);
	} else {
		refuse_bytes(w, c);
		room = ext4_room(sb);
	}
	if (room == 0)
		w->has |= FC_HAS_CERTAIN;
	return room < SLACK;
}

static __always_inline bool refuse_shmem_inode(struct refusal *w, struct super_block *sb)
{
	struct shmem_sb_info *sbi = BPF_CORE_READ(sb, s_fs_info);
	__u64 free;

	refuse_inode(w);
	w->limit = BPF_CORE_READ(sbi, max_inodes);
	/* 6.6 counts bytes, for extended attributes take of the same. */
	if (bpf_core_field_exists(sbi->free_ispace))
		free = BPF_CORE_READ(sbi, free_ispace) / BOGO_INODE_SIZE;
	else
		free = BPF_CORE_READ(sbi, free_inodes);
	if (!w->limit)
		return false; /* no memory for it */
	w->held = w->limit - free;
	w->has |= FC_HAS_HELD | FC_HAS_LIMIT;
	if (free > 0)
		return false; /* the same; or one was given back since */
	w->has |= FC_HAS_CERTAIN;
	return true;
}

static __always_inline bool refuse_shmem_blocks(struct refusal *w, const struct refused_call *c,
						struct super_block *sb)
{
	struct shmem_sb_info *sbi = BPF_CORE_READ(sb, s_fs_info);
	__u64 most = BPF_CORE_READ(sbi, max_blocks), used, need = 1;

	if (!most)
		return false; /* not limited: refuse_shmem_commit() */
	refuse_bytes(w, c);
	/* A write takes page by page, and keeps those; fallocate gives all back. */
	if (c->regs.call == FC_CALL_FALLOCATE && w->asked)
		need = (w->asked + (1ULL << page_shift) - 1) >> page_shift;
	used = percpu_total(__builtin_preserve_access_index(&sbi->used_blocks), SPACE_CPUS);
	if (used + need <= most)
		return false;
	w->held = used << page_shift;
	w->limit = most << page_shift;
	w->has |= FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_CERTAIN;
	return true;
}

/*
 * shmem_acct_blocks() of mm/shmem.c asks for each new page whether it may be promised, and makes
 * ENOSPC of a no. A write has one that it did not get; fallocate has given back what it got.
 */
static __always_inline bool refuse_shmem_commit(struct refusal *w, const struct refused_call *c)
{
	__u64 bytes = bytes_asked(&c->regs), pages = 1;

	if (c->regs.call == FC_CALL_FALLOCATE && bytes)
		pages = (bytes + (1ULL << page_shift) - 1) >> page_shift;
	if (!refuse_commit(w, pages))
		return false;
	w->ns_kind = FC_NS_NONE; /* the host's, whatever the mount */
	w->ns = 0;
	return true;
}

/*
 * Nothing but these two ends a write or fallocate with ENOSPC; but what shmem_fallocate() took it
 * gives back before it returns, and meanwhile others may have done so too: then neither shows.
 */
static __always_inline bool refuse_shmem_since(struct refusal *w, const struct refused_call *c,
					       struct super_block *sb)
{
	struct shmem_sb_info *sbi = BPF_CORE_READ(sb, s_fs_info);

	if (c->ret != -ENOSPC || !BPF_CORE_READ(sbi, max_blocks))
		return false;
	refuse_bytes(w, c);
	return true;
}

static __always_inline bool refuse_ext4_alloc(struct refusal *w, const struct refused_call *c)
{
	struct super_block *sb = (void *)c->arg[0];

	if (!c->has_args)
		return false;
	w->err = ENOSPC;
	note_told();
	note_device(w, sb);
	return refuse_ext4(w, c, sb);
}

/* kprobes do not have the arguments: to keep them would cost more than the write. */
static __always_inline struct inode *written_inode(const struct refused_call *c, bool mapping)
{
	struct address_space *of = (void *)c->arg[1]; /* CO-RE would take arg for the kernel's */
	struct file *file;

	if (c->has_args && mapping)
		return BPF_CORE_READ(of, host);
	file = c->has_args ? (struct file *)c->arg[0] : written_file(&c->regs);
	return file ? BPF_CORE_READ(file, f_inode) : NULL;
}

static __always_inline bool refuse_shmem(struct refusal *w, const struct refused_call *c,
					 struct inode *inode)
{
	struct super_block *sb = inode ? BPF_CORE_READ(inode, i_sb) : NULL;

	if (!sb || kind_of(sb) != FS_TMPFS)
		return false;
	note_told();
	note_device(w, sb);
	return refuse_shmem_blocks(w, c, sb) || refuse_shmem_commit(w, c) ||
	       refuse_shmem_since(w, c, sb);
}

/* (file or kiocb, mapping, ...) */
static __always_inline bool refuse_shmem_write(struct refusal *w, const struct refused_call *c)
{
	/* ENOMEM: the memory of a cgroup, which hook.bpf.h asks for first. */
	return c->ret != -ENOMEM && refuse_shmem(w, c, written_inode(c, true));
}

/* (file, mode, offset, length) */
static __always_inline bool refuse_shmem_fallocate(struct refusal *w, const struct refused_call *c)
{
	return refuse_shmem(w, c, written_inode(c, false));
}

static __always_inline bool refuse_shmem_new(struct refusal *w, const struct refused_call *c,
					     struct super_block *sb)
{
	if (!c->has_args)
		return false;
	w->err = ENOSPC; /* the earlier form says NULL */
	note_told();
	note_device(w, sb);
	if (refuse_shmem_inode(w, sb))
		return true;
	/* Given back since, or no memory for one. */
	return w->has & FC_HAS_LIMIT && w->limit - w->held < SLACK;
}

static __always_inline bool refuse_shmem_get(struct refusal *w, const struct refused_call *c)
{
	return refuse_shmem_new(w, c, (void *)c->arg[0]);
}

static __always_inline bool refuse_shmem_get_idmap(struct refusal *w, const struct refused_call *c)
{
	return refuse_shmem_new(w, c, (void *)c->arg[1]);
}

/* shmem_link(old_dentry, dir, dentry) */
static __always_inline bool refuse_shmem_link(struct refusal *w, const struct refused_call *c)
{
	struct inode *dir = (void *)c->arg[1];

	return refuse_shmem_new(w, c, BPF_CORE_READ(dir, i_sb));
}

/* The hook through which this refusal would have come, where the kernel has it. */
static __always_inline __u8 space_hook(const struct refused_call *c, int kind)
{
	if (kind == FS_EXT4 || (kind == FS_UNKNOWN && exit_serves[FC_HOOK_EXT4_FULL]))
		return FC_HOOK_EXT4_FULL;
	if (kind != FS_TMPFS)
		return FC_HOOK_OTHER_FS;
	if (c->regs.call == FC_CALL_FALLOCATE)
		return FC_HOOK_SHMEM_FALLOCATE;
	if (c->regs.call == FC_CALL_NAME_PATH || c->regs.call == FC_CALL_NAME_AT)
		return FC_HOOK_SHMEM_LINK;
	/* One of the two is there. */
	if (makes_inode(&c->regs))
		return exit_serves[FC_HOOK_SHMEM_INODE] ? FC_HOOK_SHMEM_INODE_IDMAP
							: FC_HOOK_SHMEM_INODE;
	return FC_HOOK_SHMEM_WRITE;
}

static __always_inline bool exit_enospc(struct refusal *w, const struct refused_call *c,
					struct super_block *sb, int kind)
{
	w->hook = space_hook(c, kind);
	if (!exit_serves[w->hook])
		return false;
	if (kind == FS_EXT4)
		return refuse_ext4(w, c, sb);
	if (kind == FS_TMPFS) {
		if (makes_inode(&c->regs) || w->hook == FC_HOOK_SHMEM_LINK) {
			if (refuse_shmem_inode(w, sb))
				return true;
			/* A name takes no block, but for a long symbolic link: another process gave
			 * an inode back since. */
			if (c->regs.call != FC_CALL_SYMLINK && c->regs.call != FC_CALL_SYMLINKAT)
				return w->has & FC_HAS_LIMIT;
			w->has &= ~(FC_HAS_ASKED | FC_HAS_HELD | FC_HAS_LIMIT);
		}
		return refuse_shmem_blocks(w, c, sb) || refuse_shmem_commit(w, c) ||
		       (writes(&c->regs) && refuse_shmem_since(w, c, sb));
	}
	refuse_bytes(w, c); /* or inodes: statfs tells */
	if (kind == FS_UNKNOWN) {
		w->more[0] = parent_sees_same();
		w->has |= FC_HAS_MORE;
	}
	return true;
}

/* At sys_exit: sys_exit.bpf.h says when. */
static __noinline bool exit_space(struct refusal *w, const struct refused_call *c)
{
	struct super_block *sb = NULL;
	int kind;

	if (c->ret != -ENOSPC && c->ret != -EDQUOT)
		return false;
	kind = find_sb(&c->regs, &sb);
	if (kind == FS_NONE)
		return false;
	if (kind != FS_EXT4 && kind != FS_TMPFS && was_told())
		return false;
	note_device(w, sb);
	return c->ret == -EDQUOT ? exit_edquot(w, c, kind) : exit_enospc(w, c, sb, kind);
}

#endif
