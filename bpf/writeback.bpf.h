/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writeback.bpf.h - data that a write() took, and that could not be stored when it was written
 * back later: delayed allocation, network file systems, thin volumes.
 *
 * filemap_set_wb_err(mapping, eseq) is told for each page or request that failed, of a kernel
 * thread, in softirq, or by whoever served the request: current is a bystander, unless it waits
 * for this very file. eseq (lib/errseq.c) is the errno and a counter, which goes on only when
 * somebody has asked for the error (fsync, or close where the file system asks there): as long as
 * it stays the same it is one failure, and told once. Of what was under way together some may fail
 * only after fsync has returned: that belongs to it.
 */
#ifndef FAILCNT_WRITEBACK_BPF_H
#define FAILCNT_WRITEBACK_BPF_H

#include "space.bpf.h"

#define ERRSEQ_ERRNO 0xfff /* MAX_ERRNO: the low bits of errseq_t */

struct wb_key {
	__u64 host; /* the inode: its address, and what tells another one at that address */
	__u64 ino;
	__u64 dev;
};
#define UNDER_WAY_NS 250000000

struct wb_error {
	__u64 told, last;
	__u32 eseq, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, struct wb_key);
	__type(value, struct wb_error);
} wb_errors SEC(".maps");

/* Told already? What fails still after a while of quiet is told anew. */
static __always_inline bool same_error(struct inode *host, struct super_block *sb, __u32 eseq)
{
	struct wb_key key = {.host = (__u64)host,
			     .ino = BPF_CORE_READ(host, i_ino),
			     .dev = BPF_CORE_READ(sb, s_dev)};
	struct wb_error now = {.last = bpf_ktime_get_boot_ns(), .eseq = eseq};
	struct wb_error *before = bpf_map_lookup_elem(&wb_errors, &key);
	bool same =
		before &&
		((__s64)(now.last - before->told) < UNDER_WAY_NS ||
		 (before->eseq == eseq && (__s64)(now.last - before->last) < (__s64)FOLD_QUIET_NS));

	now.told = same ? before->told : now.last;
	bpf_map_update_elem(&wb_errors, &key, &now, BPF_ANY);
	return same;
}

/* Is the call under way an fsync() of this file? Then the errno will be its own. */
static __always_inline bool waits_for(const struct task_regs *regs, struct inode *host)
{
	struct file *file;

	if (in_interrupt() || regs->nr < 0 || regs->call != FC_CALL_FSYNC)
		return false;
	file = file_of_fd(regs->arg[0]);
	return file && BPF_CORE_READ(file, f_inode) == host;
}

/* Where the dentry of that link in the inode's list begins; 0: not known here. */
static __always_inline __u64 dentry_of(__u64 link)
{
	if (bpf_core_field_exists(struct dentry, d_u))
		return link - bpf_core_field_offset(struct dentry, d_u);
	if (bpf_core_field_exists(struct dentry___alias, d_alias))
		return link - bpf_core_field_offset(struct dentry___alias, d_alias);
	return 0;
}

/* One of the names of the file. */
static __always_inline void fill_name(struct fc_refused *r, struct inode *host)
{
	__u64 link = (__u64)BPF_CORE_READ(host, i_dentry.first);
	struct dentry *d = link ? (void *)dentry_of(link) : NULL;

	if (d && bpf_probe_read_kernel_str(r->object, sizeof(r->object),
					   BPF_CORE_READ(d, d_name.name)) > 1)
		r->has |= FC_HAS_PATH;
}

/* Not inline: hook.bpf.h tells why. */
static __noinline int writeback_failed(struct address_space *mapping, __u32 eseq)
{
	struct refusal w = {.hook = FC_HOOK_WRITEBACK, .backend = FC_BACKEND_TRACEPOINT};
	struct inode *host = BPF_CORE_READ(mapping, host);
	struct super_block *sb = BPF_CORE_READ(host, i_sb);
	struct refused_call c = {};
	struct fc_refused *r;

	if (same_error(host, sb, eseq))
		return 0;
	w.err = eseq & ERRSEQ_ERRNO;
	w.resource = w.err == ENOSPC ? FC_DISK : FC_QUOTA;
	note_device(&w, sb);
	current_regs(&c.regs);
	if (!waits_for(&c.regs, host)) {
		w.nobody = true;
		w.ns_kind = w.ns = 0;
	}
	r = refused_begin(&w, &c.regs);
	if (r) {
		fill_name(r, host);
		bpf_ringbuf_submit(r, 0);
	}
	return 0;
}

SEC("raw_tp/filemap_set_wb_err")
int rawtp_filemap_set_wb_err(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 err = ctx->args[1] & ERRSEQ_ERRNO;

	if (err == ENOSPC || err == EDQUOT)
		writeback_failed((void *)ctx->args[0], ctx->args[1]);
	return 0;
}

#endif
