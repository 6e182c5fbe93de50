/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keys.bpf.h - the quota of keys that each user has (security/keys/key.c).
 *
 * key_alloc(type, description, uid, ...) refuses with EDQUOT when qnkeys + 1 exceeds maxkeys, or
 * qnbytes with the description exceeds maxbytes; key_payload_reserve(key, datalen) when the payload
 * does. Root has limits of its own. The counters are those of the key's owner, in struct key_user,
 * which is in a tree by uid, and which every key of that user points to.
 */
#ifndef FAILCNT_KEYS_BPF_H
#define FAILCNT_KEYS_BPF_H

#include "objects.bpf.h"

#define KEY_USERS_DEPTH 32
#define KEY_DESCRIPTION 128 /* of the stack */

#define KEYCTL_UPDATE 2
#define KEYCTL_CHOWN 4

struct key_quota {
	__u32 uid, keys, bytes, max_keys, max_bytes;
	bool known; /* keys and bytes */
};

/* Where the tree is not to be found: the process's own keyrings are mostly the user's. */
static __always_inline struct key_user *user_of_keyrings(__u32 uid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct key *keys[] = {BPF_CORE_READ(cred, session_keyring),
			      BPF_CORE_READ(cred, process_keyring),
			      BPF_CORE_READ(cred, thread_keyring)};
	int i;

	for (i = 0; i < 3; i++) {
		struct key *key = keys[i];
		struct key_user *user = key ? BPF_CORE_READ(key, user) : NULL;

		if (user && BPF_CORE_READ(user, uid.val) == uid)
			return user;
	}
	return NULL;
}

static __noinline struct key_user *key_user_of(__u32 uid)
{
	struct rb_node *node;
	int i;

	if (!ADDR(key_user_tree))
		return user_of_keyrings(uid);
	node = BPF_CORE_READ((const struct rb_root *)ADDR(key_user_tree), rb_node);
	for (i = 0; i < KEY_USERS_DEPTH && node; i++) {
		struct key_user *user = (void *)node - bpf_core_field_offset(struct key_user, node);
		__u32 at = BPF_CORE_READ(user, uid.val);

		if (at == uid)
			return user;
		node = uid < at ? BPF_CORE_READ(node, rb_left) : BPF_CORE_READ(node, rb_right);
	}
	return NULL;
}

static __always_inline void read_quota(struct key_quota *q, __u32 uid, struct key_user *user)
{
	__u32 keys = 0, bytes = 0;

	q->uid = uid;
	q->known = user;
	q->keys = user ? BPF_CORE_READ(user, qnkeys) : 0;
	q->bytes = user ? BPF_CORE_READ(user, qnbytes) : 0;
	if (uid == 0) {
		kernel_number(&keys, key_quota_root_maxkeys, 4);
		kernel_number(&bytes, key_quota_root_maxbytes, 4);
		q->max_keys = hint_or(keys, FC_HINT_KEYS_ROOT);
		q->max_bytes = hint_or(bytes, FC_HINT_KEYS_ROOT_BYTES);
	} else {
		kernel_number(&keys, key_quota_maxkeys, 4);
		kernel_number(&bytes, key_quota_maxbytes, 4);
		q->max_keys = hint_or(keys, FC_HINT_KEYS);
		q->max_bytes = hint_or(bytes, FC_HINT_KEYS_BYTES);
	}
}

/* asked: bytes; 0: unknown */
static __always_inline void fill_quota(struct refusal *w, const struct key_quota *q, bool bytes,
				       __u64 asked, bool certain)
{
	bool root = q->uid == 0;

	w->resource = FC_KEYS;
	w->limit_uid = q->uid;
	w->has = FC_HAS_UID | (q->known ? FC_HAS_HELD : 0);
	if (bytes) {
		w->variant = root ? FC_VARIANT_KEYS_ROOT_BYTES : FC_VARIANT_KEYS_BYTES;
		w->held = q->bytes;
		w->limit = q->max_bytes;
		w->asked = asked;
	} else {
		w->variant = root ? FC_VARIANT_KEYS_ROOT : FC_VARIANT_NONE;
		w->held = q->keys;
		w->limit = q->max_keys;
		w->asked = 1;
	}
	if (w->asked)
		w->has |= FC_HAS_ASKED;
	if (w->limit)
		w->has |= FC_HAS_LIMIT;
	if (certain)
		w->has |= FC_HAS_CERTAIN;
}

/* With the NUL; 0: it is longer than can be looked at. */
static __noinline __u32 description_size(const char *text, bool of_user)
{
	char copy[KEY_DESCRIPTION];
	long n = of_user ? bpf_probe_read_user_str(copy, sizeof(copy), text)
			 : bpf_probe_read_kernel_str(copy, sizeof(copy), text);

	return n > 0 && n < (long)sizeof(copy) ? n : 0;
}

static __always_inline bool refuse_key(struct refusal *w, const struct refused_call *c)
{
	struct key_type *type = (void *)c->arg[0];
	__u32 uid = c->arg[2], size;
	struct key_quota q;
	bool keys;

	if (!c->has_args)
		return false;
	read_quota(&q, uid, key_user_of(uid));
	keys = q.known && q.keys + 1 > q.max_keys;
	size = description_size((const char *)c->arg[1], false);
	if (size)
		size += BPF_CORE_READ(type, def_datalen);
	if (keys || !q.known)
		fill_quota(w, &q, false, 0, keys);
	else
		fill_quota(w, &q, true, size, size && q.bytes + size > q.max_bytes);
	return true;
}

static __always_inline bool refuse_payload(struct refusal *w, const struct refused_call *c)
{
	struct key *key = (void *)c->arg[0];
	struct key_user *user;
	struct key_quota q;

	if (!c->has_args)
		return false;
	user = BPF_CORE_READ(key, user);
	read_quota(&q, BPF_CORE_READ(user, uid.val), user);
	fill_quota(w, &q, true, (__u32)c->arg[1] - BPF_CORE_READ(key, datalen), true);
	return true;
}

ON_RETURN_ARGS(FC_HOOK_KEY_ALLOC, key_alloc, long, ret == -EDQUOT, refuse_key)
ON_RETURN_ARGS(FC_HOOK_KEY_PAYLOAD_RESERVE, key_payload_reserve, int, ret == -EDQUOT,
	       refuse_payload)

/* EDQUOT of these calls is always of keys; which limit, the numbers tell. */
static __noinline bool refuse_key_exit(struct refusal *w, const struct task_regs *regs)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	bool keyctl = regs->call == FC_CALL_KEYCTL, add = regs->call == FC_CALL_ADD_KEY, bytes;
	__u32 uid = keyctl ? BPF_CORE_READ(cred, uid.val) : BPF_CORE_READ(cred, fsuid.val);
	bool update = keyctl && regs->arg[0] == KEYCTL_UPDATE;
	struct key_quota q;
	__u32 size = 0;

	/* The quota of somebody else: the new owner. */
	if (keyctl && regs->arg[0] == KEYCTL_CHOWN)
		return false;
	read_quota(&q, uid, key_user_of(uid));
	if (add)
		size = description_size((const char *)regs->arg[1], true);
	if (size)
		size += regs->arg[3]; /* plen */
	bytes = update || (q.known && q.keys + 1 <= q.max_keys);
	fill_quota(w, &q, bytes, size,
		   update || (q.known && (!bytes || (size && q.bytes + size > q.max_bytes))));
	return true;
}

#endif
