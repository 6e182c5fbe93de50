// SPDX-License-Identifier: GPL-2.0-only
/*
 * watcher.c - decides what is read when: a cgroup that the kernel says has
 * counted, at once but at most twice in settle_ms; what never
 * notifies, once an interval; the chain of an event, when it is due. What a
 * reading means is correlate.c's business, which cgroups there are that of
 * watcher_tree.c.
 */
#include <limits.h>
#include <time.h>

#include "counter_priv.h"
#include "hang.h"
#include "watcher.h"
#include "watcher_tree.h"

#define POLL_PAUSE 20 /* looking takes at most a twentieth of a processor */

struct watcher {
	struct watcher_options o;
	struct counters *c;
	struct correlate *correlate;
	struct counter_table table;
	uint64_t poll_at;     /* when the next look is due, where anything needs one */
	uint64_t interval_ms; /* between two: that of the options, or more */
	uint64_t reads, unfollowed;
	bool has_ubc, ubc_read; /* ubc_read: in this round */
	bool first;
	uint64_t now_ms;                          /* of the call that runs */
	void (*emit)(void *arg, struct event *e); /* of the call that runs; NULL: nobody is told */
	void *arg;
	bool hangs_are_told; /* by a hook */
	struct tree tree;
};

static struct correlate_now now_of(uint64_t now_ms, bool all)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (struct correlate_now){
		.ms = now_ms,
		.realtime_ns = real.tv_sec * INT64_C(1000000000) + real.tv_nsec,
		.uptime_us = boot.tv_sec * INT64_C(1000000) + boot.tv_nsec / 1000,
		.all = all,
	};
}

/* Once a round for each owner. One that has gone has no rows; its ancestors have counted it. */
static int read_cgroup(struct watcher *w, enum counter_source s, const char *owner, bool as_is)
{
	int r;

	if (!counters_have(w->c, s) || correlate_is_read(w->correlate, s, owner))
		return 0;
	counter_table_clear(&w->table);
	w->reads++;
	r = counters_read_cgroup(w->c, s, util_after(owner, "cgroup:"), &w->table);
	if (!r)
		r = correlate_rows(w->correlate, &w->table, as_is, w->now_ms);
	return r == -ENOMEM ? r : 0;
}

/* A full cgroup whose OOM killer is switched off; at the start oom_switches() tells of those. */
static void look_for_hang(struct watcher *w, struct tree_node *n)
{
	const struct correlate_now now = now_of(w->now_ms, false);
	static struct event e;

	if (n->hierarchy != TREE_MEMORY || !hang_look(w->c, n->path, &n->hangs, &e) || !w->emit ||
	    w->hangs_are_told)
		return;
	event_int(&e, FIELD_TIME, now.realtime_ns);
	event_int(&e, FIELD_UPTIME_US, now.uptime_us);
	w->emit(w->arg, &e);
}

static int read_node(struct watcher *w, struct tree_node *n)
{
	_cleanup_free_ char *owner = NULL;
	int r;

	if (asprintf(&owner, "cgroup:%s", n->path) < 0) {
		owner = NULL;
		return -ENOMEM;
	}
	r = read_cgroup(w, tree_source(n), owner, w->first || n->as_is);
	n->as_is = false;
	/* Until the first run the caller's clock is not known. */
	n->n_read = w->first ? 0 : n->n_read ? 2 : 1;
	n->read_before = n->read_at;
	n->read_at = w->now_ms;
	tree_clean(&w->tree, n);
	look_for_hang(w, n);
	return r;
}

/* All containers are one file. */
static int read_ubc(struct watcher *w)
{
	int r;

	if (!w->has_ubc || w->ubc_read)
		return 0;
	w->ubc_read = true;
	counter_table_clear(&w->table);
	w->reads++;
	r = counter_ubc_read(w->c, NULL, &w->table);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = correlate_rows(w->correlate, &w->table, w->first, w->now_ms);
	if (!r)
		correlate_gone_ubc(w->correlate);
	return r;
}

static int read_chain(void *arg, const char *owner)
{
	struct watcher *w = arg;
	int r;

	if (!util_after(owner, "cgroup:"))
		return read_ubc(w);
	r = read_cgroup(w, COUNTER_CGROUP1, owner, false);
	return r < 0 ? r : read_cgroup(w, COUNTER_CGROUP2, owner, false);
}

/*
 * A cgroup at its limit counts a hundred times a second: it is read a few times. Two readings may
 * follow each other at once: a cgroup that was just made and read can count and be gone again
 * before settle_ms are over.
 */
static uint64_t readable_at(const struct watcher *w, const struct tree_node *n)
{
	return n->n_read > 1 ? n->read_before + w->o.settle_ms : 0;
}

static int read_dirty(struct watcher *w, bool all)
{
	struct tree_node *n, *next;
	int r = 0;

	for (n = w->tree.dirty; n && !r; n = next) {
		next = n->dirty_next;
		if (all || readable_at(w, n) <= w->now_ms)
			r = read_node(w, n);
	}
	return r;
}

static bool must_poll(const struct watcher *w)
{
	return w->tree.n_polls || w->tree.n_unwatched || w->has_ubc;
}

static int poll_node(struct watcher *w, struct tree_node *n)
{
	if (n->polls && !n->unwatched)
		return tree_poll(&w->tree, n) ? read_node(w, n) : 0;
	return n->unwatched ? read_node(w, n) : 0;
}

static uint64_t spent_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000ULL + (uint64_t)ts.tv_nsec / 1000000;
}

static int poll_nodes(struct watcher *w)
{
	struct tree_node *n, *next;
	int r = read_ubc(w);

	/* Directories nobody tells of: what was made or removed in them. */
	HASH_ITER (hh, w->tree.nodes, n, next)
		if (!r && n->unwatched)
			tree_rescan(&w->tree, n);
	if (!r)
		r = tree_scan(&w->tree);
	for (n = w->tree.nodes; n && !r; n = n->hh.next)
		r = poll_node(w, n);
	return r;
}

/* Thousands of cgroups that must be asked take a while: then more seldom. */
static int poll_all(struct watcher *w)
{
	uint64_t from = spent_ms();
	int r = must_poll(w) ? poll_nodes(w) : 0;

	w->interval_ms = (spent_ms() - from) * POLL_PAUSE;
	if (w->interval_ms < w->o.interval_ms)
		w->interval_ms = w->o.interval_ms;
	w->poll_at = w->now_ms + w->interval_ms;
	return r;
}

int watcher_open(struct watcher **ret, struct counters *c, const struct watcher_options *o)
{
	const struct correlate_options co = {o->settle_ms, o->interval_ms};
	struct watcher *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->o = *o;
	w->interval_ms = o->interval_ms;
	w->c = c;
	w->tree.fd = -1;
	w->has_ubc = counters_have(c, COUNTER_UBC);
	w->first = true;
	r = correlate_new(&w->correlate, &co);
	if (!r)
		r = tree_open(&w->tree, c, w->correlate);
	for (struct tree_node *n = w->tree.nodes; n && !r; n = n->hh.next) {
		/* Before the reading: what moves in between is then seen next time. */
		if (n->polls)
			tree_poll(&w->tree, n);
		r = read_node(w, n);
	}
	if (!r)
		r = read_ubc(w);
	w->first = false;
	if (r < 0)
		watcher_close(w);
	else
		*ret = w;
	return r;
}

void watcher_close(struct watcher *w)
{
	if (!w)
		return;
	tree_close(&w->tree);
	correlate_free(w->correlate);
	counter_table_free(&w->table);
	free(w);
}

void watcher_leave_hangs(struct watcher *w)
{
	w->hangs_are_told = true;
}

int watcher_fd(const struct watcher *w)
{
	return w->tree.fd;
}

void watcher_event(struct watcher *w, const struct event *e, int64_t seq, uint64_t now_ms)
{
	w->unfollowed += correlate_event(w->correlate, e, seq, now_ms) < 0;
}

int watcher_timeout(const struct watcher *w, uint64_t now_ms)
{
	uint64_t due = correlate_due(w->correlate);

	for (const struct tree_node *n = w->tree.dirty; n; n = n->dirty_next)
		if (readable_at(w, n) < due)
			due = readable_at(w, n);
	if (must_poll(w) && w->poll_at < due)
		due = w->poll_at;
	if (due == UINT64_MAX)
		return -1;
	if (due <= now_ms)
		return 0;
	return due - now_ms > INT_MAX ? INT_MAX : (int)(due - now_ms);
}

static int run(struct watcher *w, uint64_t now_ms, bool all,
	       void (*emit)(void *arg, struct event *e), void *arg)
{
	const struct correlate_now now = now_of(now_ms, all);
	int r;

	w->now_ms = now_ms;
	w->emit = emit;
	w->arg = arg;
	w->ubc_read = false;
	correlate_round(w->correlate);
	r = tree_drain(&w->tree);
	if (!r && (all || w->poll_at <= now_ms))
		r = poll_all(w);
	if (!r)
		r = read_dirty(w, all);
	if (!r)
		r = correlate_chains(w->correlate, &now, read_chain, w);
	correlate_lag(w->correlate, w->tree.n_unwatched ? w->interval_ms : 0);
	correlate_run(w->correlate, &now, emit, arg);
	w->emit = NULL;
	return r;
}

int watcher_run(struct watcher *w, uint64_t now_ms, void (*emit)(void *arg, struct event *e),
		void *arg)
{
	return run(w, now_ms, false, emit, arg);
}

int watcher_flush(struct watcher *w, uint64_t now_ms, void (*emit)(void *arg, struct event *e),
		  void *arg)
{
	return run(w, now_ms, true, emit, arg);
}

bool watcher_polls(const struct watcher *w)
{
	return must_poll(w);
}

unsigned int watcher_polled(const struct watcher *w)
{
	return w->tree.n_unwatched;
}

uint64_t watcher_reads(const struct watcher *w)
{
	return w->reads;
}

uint64_t watcher_unfollowed(const struct watcher *w)
{
	return w->unfollowed;
}
