// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_signals.c - sigpending: for whom the queued signals of a user wait. A
 * timer of timer_create() has taken one in advance (kernel/time/posix-timers.c).
 *
 * How many wait for a process only an iterator can count. /proc tells the sum
 * of the user, and for whom any wait at all.
 */
#include "../bpf/holders.h"
#include "holders_priv.h"

struct signals {
	struct tally *waiting; /* "PID": n signals */
	uint64_t of_user;      /* 0: unknown */
	bool counted;
	struct gather *g;
};

static int on_thread(struct gather *g, const struct fc_iter_task *t, void *arg)
{
	struct signals *s = arg;
	char key[24];

	if (t->has & FC_ITER_CUT)
		g->f->incomplete = true; /* so many at least */
	snprintf(key, sizeof(key), "%u", t->pid);
	tally_add(s->waiting, key, t->pending, 0);
	return 0;
}

static void on_waiting(void *arg, const struct tally_entry *e)
{
	struct signals *s = arg;
	struct proc p = {.dir = -1};
	struct holder h;

	if (proc_open(s->g, strtoll(e->key, NULL, 10), &p) < 0)
		return;
	holder_of(&h, &p, e->n);
	proc_close(&p);
	util_strlcpy(h.kind, "signals waiting", sizeof(h.kind));
	gather_offer(s->g, &h);
}

static int on_timer(struct gather *g _unused_, char *line, void *arg)
{
	*(uint64_t *)arg += util_after(line, "ID: ") != NULL; /* show_timer() of fs/proc/base.c */
	return 0;
}

static int on_timers(struct gather *g, const struct proc *p, void *arg _unused_)
{
	uint64_t timers = 0;
	struct holder h;

	if (read_lines(g, p->dir, "timers", on_timer, &timers) < 0 || !timers)
		return 0;
	holder_of(&h, p, timers);
	util_strlcpy(h.kind, "timers", sizeof(h.kind));
	gather_offer(g, &h);
	return 0;
}

static int on_proc(struct gather *g, const struct proc *p, void *arg)
{
	struct signals *s = arg;
	struct proc_status status;
	struct holder h;

	if (proc_status(p, &status) < 0 || !owner_counts(g, p, &status, OWNER_REAL))
		return 0;
	if (status.sigq > s->of_user)
		s->of_user = status.sigq;
	if (status.pending && !s->counted) {
		holder_of(&h, p, 0);
		h.have &= ~(unsigned int)HOLDER_HELD; /* how many is not told */
		util_strlcpy(h.kind, "signals waiting", sizeof(h.kind));
		gather_offer(g, &h);
	}
	if (p->dir < 0)
		return proc_visit(g, p->pid, NULL, on_timers, NULL);
	return on_timers(g, p, NULL);
}

static void says_waiting(struct gather *g)
{
	const struct holder *top = &g->f->holder[0];
	char name[GATHER_NAME];

	if (!g->f->n || g->ask->limit <= 0 || top->held * 2 < g->ask->limit)
		return;
	if (util_streq(top->kind, "timers"))
		gather_says(g,
			    "%s (pid %lld) has %lld timer%s of timer_create(), and each holds one "
			    "queued signal: it looks as if it did not delete them, and raising the "
			    "limit only delays it.",
			    gather_name(top->comm, name), (long long)top->pid, (long long)top->held,
			    top->held == 1 ? "" : "s");
	else
		gather_says(g,
			    "%s%lld %s for %s (pid %lld), which does not take them: it "
			    "blocks them, or is stopped; raising the limit only delays it.",
			    g->f->incomplete ? "At least " : "", (long long)top->held,
			    top->held == 1 ? "signal waits" : "signals wait",
			    gather_name(top->comm, name), (long long)top->pid);
}

int gather_sigpending(struct gather *g)
{
	struct signals s = {.g = g};
	int r = tally_new(&s.waiting);

	util_strlcpy(g->f->measure, "signals", sizeof(g->f->measure));
	if (!r)
		s.counted = walk_pending(g, on_thread, &s) == 0;
	if (!r)
		r = proc_walk_status(g, &(struct walk_where){.by = OWNER_REAL}, on_proc, &s);
	if (!r) {
		tally_each(s.waiting, on_waiting, &s);
		says_waiting(g);
	}
	if (!r && !s.counted && s.of_user) {
		struct holder h = {.have = HOLDER_UID | HOLDER_HELD,
				   .uid = g->ask->limit_uid,
				   .held = (int64_t)s.of_user};

		util_strlcpy(h.kind, "signals of the user", sizeof(h.kind));
		gather_offer(g, &h);
	}
	tally_free(s.waiting);
	return r;
}
