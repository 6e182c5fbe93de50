/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quota.bpf.h - quotas of users, groups and projects: EDQUOT.
 *
 * fs/quota/dquot.c: __dquot_alloc_space() and dquot_alloc_inode() charge up to three quotas, and
 * refuse with EDQUOT for one that would pass its hard limit, or its soft limit when the time of
 * grace is over. Which one it was, the quotas themselves tell: ext4 keeps them in its inodes, in a
 * place that BTF knows.
 *
 * ext4 asks for many blocks at once and, refused, for one less, down to a single one
 * (ext4_mb_new_blocks): only that last refusal is one. tmpfs asks twice for each, and for a huge
 * page first: of its blocks only sys_exit tells.
 */
#ifndef FAILCNT_QUOTA_BPF_H
#define FAILCNT_QUOTA_BPF_H

#include "where.bpf.h"

#define MAXQUOTAS 3 /* enum quota_type: user, group, project */

static __always_inline struct dquot *quota_of(struct inode *inode, int type)
{
	struct dquot *dq = NULL;
	void *at = inode;

	if (!bpf_core_field_exists(struct ext4_inode_info, i_dquot))
		return NULL;
	at += bpf_core_field_offset(struct ext4_inode_info, i_dquot) -
	      bpf_core_field_offset(struct ext4_inode_info, vfs_inode);
	bpf_probe_read_kernel(&dq, sizeof(dq), at + 8 * type);
	return dq;
}

/* Would n more pass this quota? soft: the soft limit is looked at, where grace has begun. */
static __always_inline bool quota_full(struct refusal *w, struct dquot *dq, bool inodes, bool soft,
				       __u64 n)
{
	__u64 held, hard, limit, low, grace;

	if (inodes) {
		hard = BPF_CORE_READ(dq, dq_dqb.dqb_ihardlimit);
		low = BPF_CORE_READ(dq, dq_dqb.dqb_isoftlimit);
		held = BPF_CORE_READ(dq, dq_dqb.dqb_curinodes);
		grace = BPF_CORE_READ(dq, dq_dqb.dqb_itime);
	} else {
		hard = BPF_CORE_READ(dq, dq_dqb.dqb_bhardlimit);
		low = BPF_CORE_READ(dq, dq_dqb.dqb_bsoftlimit);
		held = BPF_CORE_READ(dq, dq_dqb.dqb_curspace) +
		       BPF_CORE_READ(dq, dq_dqb.dqb_rsvspace);
		grace = BPF_CORE_READ(dq, dq_dqb.dqb_btime);
	}
	limit = soft ? (grace ? low : 0) : hard;
	if (!limit || held + n <= limit)
		return false;
	w->held = held;
	w->limit = limit;
	w->hard = hard;
	w->more[1] = low;
	w->more[2] = inodes ? BPF_CORE_READ(dq, dq_dqb.dqb_bsoftlimit)
			    : BPF_CORE_READ(dq, dq_dqb.dqb_isoftlimit);
	w->more[3] = inodes ? BPF_CORE_READ(dq, dq_dqb.dqb_bhardlimit)
			    : BPF_CORE_READ(dq, dq_dqb.dqb_ihardlimit);
	return true;
}

static __always_inline __u8 quota_variant(int type, bool inodes)
{
	if (inodes)
		return type == 0   ? FC_VARIANT_QUOTA_INODES
		       : type == 1 ? FC_VARIANT_QUOTA_GROUP_INODES
				   : FC_VARIANT_QUOTA_PROJECT_INODES;
	return type == 0   ? FC_VARIANT_NONE
	       : type == 1 ? FC_VARIANT_QUOTA_GROUP
			   : FC_VARIANT_QUOTA_PROJECT;
}

/* Which quota of this inode refused n more; false: none that is known here. */
static __noinline bool find_quota(struct refusal *w, struct inode *inode, bool inodes, __u64 n)
{
	int i;

	for (i = 0; i < 2 * MAXQUOTAS; i++) {
		int type = i % MAXQUOTAS;
		struct dquot *dq = quota_of(inode, type);

		if (!dq || !quota_full(w, dq, inodes, i >= MAXQUOTAS, n))
			continue;
		w->variant = quota_variant(type, inodes);
		w->limit_uid = BPF_CORE_READ(dq, dq_id.uid.val);
		w->more[0] = (__u64)type << 32 | w->limit_uid;
		w->has |= FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_MORE;
		if (w->hard)
			w->has |= FC_HAS_HARD;
		if (type == 0)
			w->has |= FC_HAS_UID;
		return true;
	}
	return false;
}

/* The errno has no other meaning for a file: that it was a quota is certain. */
static __always_inline void refuse_quota(struct refusal *w, struct inode *inode, bool inodes,
					 __u64 n)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);

	w->resource = FC_QUOTA;
	w->variant = quota_variant(0, inodes);
	w->asked = n;
	w->has = FC_HAS_CERTAIN | FC_HAS_ASKED;
	note_device(w, sb);
	if (kind_of(sb) == FS_EXT4)
		find_quota(w, inode, inodes, n);
}

/* The least that a file system asks for at once. */
static __always_inline __u64 quota_unit(struct inode *inode)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	__u64 unit = 1ULL << (BPF_CORE_READ(inode, i_blkbits) & 31);
	struct ext4_sb_info *sbi;

	if (kind_of(sb) == FS_EXT4) {
		sbi = BPF_CORE_READ(sb, s_fs_info);
		unit <<= BPF_CORE_READ(sbi, s_cluster_bits) & 31;
	}
	return unit;
}

/* __dquot_alloc_space(inode, number, flags) */
static __always_inline bool refuse_quota_space(struct refusal *w, const struct refused_call *c)
{
	struct inode *inode = (void *)c->arg[0];
	struct super_block *sb;

	if (!c->has_args || c->arg[1] > quota_unit(inode))
		return false;
	sb = BPF_CORE_READ(inode, i_sb);
	if (kind_of(sb) == FS_TMPFS)
		return false; /* twice each, and where a smaller page then succeeds */
	note_told();
	refuse_quota(w, inode, false, c->arg[1]);
	return true;
}

static __always_inline bool refuse_quota_inode(struct refusal *w, const struct refused_call *c)
{
	if (!c->has_args)
		return false;
	note_told();
	refuse_quota(w, (void *)c->arg[0], true, 1);
	return true;
}

/* At sys_exit: of a descriptor the quotas are known; a new file is not there any more. */
static __always_inline bool exit_edquot(struct refusal *w, const struct refused_call *c, int kind)
{
	bool kept = kind == FS_EXT4 || kind == FS_TMPFS;
	struct file *file = written_file(&c->regs);
	struct inode *inode;

	w->hook = !kept && !exit_serves[FC_HOOK_DQUOT_INODE] ? FC_HOOK_OTHER_FS
		  : file                                     ? FC_HOOK_DQUOT_SPACE
							     : FC_HOOK_DQUOT_INODE;
	if (!exit_serves[w->hook])
		return false;
	if (!file) {
		w->resource = FC_QUOTA;
		return true; /* of blocks or of inodes */
	}
	inode = BPF_CORE_READ(file, f_inode);
	refuse_quota(w, inode, false, 1ULL << (BPF_CORE_READ(inode, i_blkbits) & 31));
	return true;
}

#endif
