// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_owner.c - for whom a process counts: its user in its user namespace,
 * then whoever made that namespace in the one above, and so on up to the first
 * (inc_ucount() and inc_rlimit_ucounts() of kernel/ucount.c). A root of the host
 * is not the root of a container, though the limit is of "uid 0" in both.
 *
 * Here it is found out by /proc/PID/ns; iterators ask the kernel's own counters.
 */
#include "../bpf/holders.h"
#include "holders_priv.h"

static bool wanted_ns(const struct holders_ask *ask, const struct owner_level *l)
{
	return ask->user_ns ? l->ns == ask->user_ns : l->first;
}

bool owner_counts(struct gather *g, const struct proc *p, const struct proc_status *s,
		  enum owner_by by)
{
	struct owner_level level[OWNER_LEVELS];
	int64_t uid = by == OWNER_EFFECTIVE ? s->euid : s->uid;
	int n;

	if (p->counted || g->ask->limit_uid < 0)
		return true;
	if (by == OWNER_ANY_NS || !g->env->user_levels)
		return uid == g->ask->limit_uid;
	n = g->env->user_levels(g->env->arg, p->dir, level, OWNER_LEVELS);
	if (n <= 0) /* it has gone */
		return false;
	for (int i = 0; i < n; i++) {
		if (wanted_ns(g->ask, &level[i]))
			return uid == g->ask->limit_uid;
		uid = level[i].owner;
	}
	return false;
}

bool owner_in_pid_ns(struct gather *g, const struct proc *p)
{
	if (p->counted || !g->ask->pid_ns || !g->env->in_pid_ns)
		return true;
	return g->env->in_pid_ns(g->env->arg, p->dir, g->ask->pid_ns);
}

void owner_want(const struct gather *g, enum owner_by by, struct fc_iter_want *want)
{
	if (g->ask->limit_uid < 0)
		return;
	want->of_user = by == OWNER_EFFECTIVE ? FC_ITER_INOTIFY : FC_ITER_RLIMIT;
	want->user_ns = g->ask->user_ns;
	want->uid = (uint32_t)g->ask->limit_uid;
}
