// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_sweep.c - what is done once a second: repeats are read from the fold
 * table, losses from wherever they are counted, and hooks that miss calls on a
 * preemptible kernel move to a backend that does not.
 */
#include "tracer_priv.h"

#include <time.h>

#include "log.h"

#define BATCH 256

/* struct bpf_link_info as of 6.7, where perf events tell what a probe missed; our headers are
 * older. */
struct link_info_kprobe {
	uint32_t type, id, prog_id, pad;
	uint32_t perf_type, pad2;
	uint64_t func_name;
	uint32_t name_len, offset;
	uint64_t addr, missed, cookie;
};

const char *tracer_spare(struct tracer *t, enum fc_hook h)
{
	const struct kernel_trial *k = &t->facts.trial[KERNEL_KPROBE];

	/* Both are the tracepoint backend, so that --backend=tracepoint may move as well. */
	t->spare_sys_exit =
		!t->no_spare && t->facts.may_preempt &&
		(t->options.backend == OPT_AUTO || t->options.backend == OPT_TRACEPOINT) &&
		t->facts.trial[KERNEL_TRACEPOINT].stage == KERNEL_WORKS;
	if (t->no_spare || !t->facts.may_preempt || t->options.backend != OPT_AUTO ||
	    t->plan.hook[h].backend != FC_BACKEND_FEXIT || k->stage != KERNEL_WORKS)
		return NULL;
	/* OOM kills run one at a time, under oom_lock: nothing to miss there. */
	if (!attach_hooks[h].on_return)
		return NULL;
	return attach_hooks[h].program[FC_BACKEND_KPROBE];
}

uint64_t tracer_program_missed(const struct bpf_program *p)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (!p || bpf_program__fd(p) < 0 ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &size) < 0)
		return 0;
	return info.recursion_misses;
}

static uint64_t probe_missed(const struct bpf_link *link)
{
	struct link_info_kprobe info = {};
	uint32_t size = sizeof(info);

	if (!link || bpf_link__fd(link) < 0 ||
	    bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &size) < 0 ||
	    info.type != 7) /* PERF_EVENT */
		return 0;
	return size >= sizeof(info) ? info.missed : 0;
}

uint64_t tracer_missed(const struct tracer *t, enum fc_hook h)
{
	const char *name = attach_hooks[h].program[t->plan.hook[h].backend];
	uint64_t n;

	if (!name ||
	    (attach_shared(h) && h != FC_HOOK_DEATH_SIGNAL)) /* told once of each program */
		return 0;
	n = tracer_program_missed(
		bpf_object__find_program_by_name((t->late[h] ? t->late[h] : t->skel)->obj, name));
	/* The one, or the other, is 0: bpf/probe_missed.bpf.h. */
	if (t->plan.hook[h].backend == FC_BACKEND_KPROBE)
		n += probe_missed(t->spare_link[h] ? t->spare_link[h] : t->link[h]) +
		     t->skel->bss->probe_missed[h];
	return n;
}

uint32_t tracer_makers(const struct tracer *t)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_map__fd(t->skel->maps.makers), &info, &size) < 0
		       ? 0
		       : info.id;
}

void tracer_tell_missed(struct tracer *t, const struct tracer_events *ev, enum fc_hook h,
			uint64_t n)
{
	if (n > t->missed_told[h])
		ev->lost(ev->arg, "hook", attach_hooks[h].name, n - t->missed_told[h]);
	t->missed_told[h] = n;
}

void tracer_tell_missed_exits(struct tracer *t, const struct tracer_events *ev, uint64_t n)
{
	if (n > t->sys_exit_told)
		ev->lost(ev->arg, "hook", "sys_exit", n - t->sys_exit_told);
	t->sys_exit_told = n;
}

static bool sweep_misses(struct tracer *t, const struct tracer_events *ev, bool may_move)
{
	bool found = false;
	uint64_t n;

	for (int h = 0; h < FC_HOOKS; h++) {
		n = tracer_missed(t, h);
		if (n <= t->missed_told[h])
			continue;
		tracer_tell_missed(t, ev, h, n);
		found = true;
		if (may_move && t->spare[h])
			tracer_move_hook(t, h, ev);
	}
	n = t->sys_exit ? tracer_program_missed(
				  bpf_object__find_program_by_name(t->skel->obj, RAW_SYS_EXIT))
			: t->sys_exit_told;
	if (n > t->sys_exit_told) {
		tracer_tell_missed_exits(t, ev, n);
		found = true;
		if (may_move && t->spare_sys_exit)
			tracer_move_sys_exit(t, ev);
	}
	return found;
}

static uint64_t now_boot(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static bool tell_fold(struct tracer *t, const struct tracer_events *ev,
		      const struct fc_fold_key *key, const struct fc_fold *fold)
{
	const struct fold_known *known = NULL;
	uint64_t n = folds_new_since(t->folds, key, fold, &known);

	if (n)
		ev->fold(ev->arg, key, fold, n, known);
	return n > 0;
}

/*
 * Its process is gone, so that nothing counts there any more: what was read before may be less. But
 * as long as some of it is elsewhere (repeats.h) it must have a place to go to.
 */
static void forget_fold(struct tracer *t, const struct tracer_events *ev,
			const struct fc_fold_key *key)
{
	int fd = bpf_map__fd(t->skel->maps.folds);
	struct tracer_rank before;
	struct fc_fold last;
	bool first;

	repeats_read(&t->repeats);
	if (repeats_hold(&t->repeats, key))
		return;
	first = tracer_first(t, &before);
	if (bpf_map_lookup_elem(fd, key, &last) == 0) {
		tell_fold(t, ev, key, &last);
		if (bpf_map_delete_elem(fd, key) == 0)
			folds_forget(t->folds, key);
	}
	if (first)
		tracer_last(&before);
}

/* Was there something new in it? */
static bool sweep_fold(struct tracer *t, const struct tracer_events *ev,
		       const struct fc_fold_key *key, const struct fc_fold *fold,
		       const struct fold_gone_look *look)
{
	bool found = tell_fold(t, ev, key, fold);

	if (fold_gone(key, look, fold->last))
		forget_fold(t, ev, key);
	return found;
}

/* While it is more than half full, those who find no room in it are counted in silence. */
static bool sweep_folds(struct tracer *t, const struct tracer_events *ev)
{
	static struct fc_fold_key keys[BATCH];
	static struct fc_fold values[BATCH];
	uint32_t in = 0, out = 0, n, entries = 0;
	bool first = true, found = false;
	struct fold_gone_look look = {.now = now_boot(),
				      .sweep = ++t->sweeps,
				      .crowded = t->folds_crowded,
				      .sees_all = fold_sees_all()};
	int err;

	do {
		n = BATCH;
		err = tracer_walk(t, t->skel->maps.folds, first ? NULL : &in, &out, keys, values,
				  &n);
		if (err < 0 && errno != ENOENT) {
			log_warn("the fold table cannot be read: %s", strerror(errno));
			return true;
		}
		/* What came whole before it was folded is told before. */
		if (n) {
			tracer_consume(t, ev);
			repeats_read(&t->repeats);
		}
		for (uint32_t i = 0; i < n; i++)
			repeats_add(&t->repeats, &keys[i], &values[i]);
		for (uint32_t i = 0; i < n; i++)
			found |= sweep_fold(t, ev, &keys[i], &values[i], &look);
		entries += n;
		in = out;
		first = false;
	} while (err == 0);
	t->folds_crowded = entries > bpf_map__max_entries(t->skel->maps.folds) / 2;
	return found || t->folds_crowded;
}

static bool sweep_stats(struct tracer *t, const struct tracer_events *ev)
{
	uint32_t i = FC_STAT_RING_FULL;
	uint64_t n = t->skel->bss->stats[i];

	if (n <= t->stat_told[i])
		return false;
	ev->lost(ev->arg, "ringbuf", NULL, n - t->stat_told[i]);
	t->stat_told[i] = n;
	return true;
}

bool tracer_sweep(struct tracer *t, const struct tracer_events *ev, bool may_move)
{
	bool found = sweep_folds(t, ev);

	found |= tracer_overflow(t, ev);
	t->skel->data->fold_epoch++;
	found |= sweep_stats(t, ev);
	found |= tracer_deaths(t, ev);
	found |= sweep_misses(t, ev, may_move);
	return found;
}
