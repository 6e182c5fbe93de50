// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_move.c - hooks that miss calls on a preemptible kernel move to a program that misses none,
 * while they run: hook.bpf.h, "Moving a running hook".
 */
#include "tracer_priv.h"

#include <sys/sysinfo.h>
#include <time.h>

#include "log.h"

#define HANDOVER_NS 20000000 /* both programs run: longer than any call that is under way */

static void pause_ns(long ns)
{
	struct timespec ts = {.tv_nsec = ns};

	nanosleep(&ts, NULL);
}

/*
 * Calls that nobody told: at_attach is what the first program had missed when the second came, now
 * what it has missed since. From then on the second tells what the first misses. But a call that
 * was under way when it came is none of its, and of each thread it leaves out one more, for which
 * the first had made a mark before. It cannot be known of which: so all of them, and this is a
 * bound.
 */
static uint64_t missed_by_both(uint64_t at_attach, uint64_t now)
{
	struct sysinfo host = {};
	/* It has 16 bits for them. */
	uint64_t most = sysinfo(&host) == 0 && host.procs < 30000 ? 2 * host.procs : UINT64_MAX;

	return at_attach + (now - at_attach < most ? now - at_attach : most);
}

/*
 * hook.bpf.h, "Moving a running hook": both programs run, the first marks the
 * calls it told, the second takes the others; then the first falls silent.
 * ret_missed: what the first, from, has missed and the second did not tell.
 */
static int move(struct tracer *t, enum fc_hook h, const struct bpf_program *from,
		uint64_t *ret_missed)
{
	struct bpf_program *p = bpf_object__find_program_by_name(t->skel->obj, t->spare[h]);
	struct failcnt_bpf__bss *b = t->skel->bss;
	uint64_t at_attach;

	b->hook_via[h] = 1;
	b->hook_handover[h] = 1;
	t->spare_link[h] = p ? tracer_attach(t, p) : NULL;
	if (!t->spare_link[h]) {
		b->hook_handover[h] = 0;
		b->hook_via[h] = 0;
		return -errno;
	}
	at_attach = tracer_program_missed(from);
	pause_ns(HANDOVER_NS);
	*ret_missed = missed_by_both(at_attach, tracer_program_missed(from));
	b->hook_via[h] = 2;
	pause_ns(HANDOVER_NS);
	bpf_link__destroy(t->link[h]);
	t->link[h] = NULL;
	b->hook_handover[h] = 0;
	return 0;
}

void tracer_move_hook(struct tracer *t, enum fc_hook h, const struct tracer_events *ev)
{
	enum fc_backend was = t->plan.hook[h].backend;
	const struct bpf_program *from =
		bpf_object__find_program_by_name(t->skel->obj, attach_hooks[h].program[was]);
	uint64_t missed = t->missed_told[h];
	int err = 0;

	if (attach_hooks[h].entry) {
		struct bpf_program *p =
			bpf_object__find_program_by_name(t->skel->obj, attach_hooks[h].entry);

		t->entry_link[h] = p ? bpf_program__attach(p) : NULL;
		err = t->entry_link[h] ? 0 : -errno;
	}
	if (err == 0)
		err = move(t, h, from, &missed);

	t->spare[h] = NULL;
	if (err < 0) {
		log_warn("%s misses calls on this preemptible kernel and cannot move to kprobe: %s",
			 attach_hooks[h].name, strerror(-err));
		return;
	}
	tracer_tell_missed(t, ev, h, missed);
	t->plan.hook[h].backend = FC_BACKEND_KPROBE;
	util_strlcpy(t->plan.hook[h].why, "fexit missed calls: this kernel preempts", ATTACH_WHY);
	t->missed_told[h] = tracer_missed(t, h);
	ev->moved(ev->arg, attach_hooks[h].name, attach_backend_name(was), "kprobe");
}

/* Is it the program at sys_exit that tells of this hook? In a mixed plan others have their own. */
static bool served(const struct tracer *t, int h)
{
	return attach_hooks[h].by_sys_exit && t->plan.hook[h].backend == FC_BACKEND_TRACEPOINT;
}

void tracer_move_sys_exit(struct tracer *t, const struct tracer_events *ev)
{
	struct failcnt_bpf__bss *b = t->skel->bss;
	struct bpf_program *p = bpf_object__find_program_by_name(t->skel->obj, CLASSIC_SYS_EXIT);
	const struct bpf_program *raw =
		bpf_object__find_program_by_name(t->skel->obj, RAW_SYS_EXIT);
	uint64_t at_attach, missed;

	t->spare_sys_exit = false;
	for (int h = 0; h < FC_HOOKS; h++)
		b->hook_via[h] = b->hook_handover[h] = served(t, h);
	t->sys_exit_spare = p ? bpf_program__attach(p) : NULL;
	at_attach = tracer_program_missed(raw);
	pause_ns(HANDOVER_NS);
	missed = tracer_program_missed(raw);
	for (int h = 0; h < FC_HOOKS; h++)
		if (served(t, h))
			b->hook_via[h] = t->sys_exit_spare ? 2 : 0;
	pause_ns(HANDOVER_NS);
	if (t->sys_exit_spare) {
		bpf_link__destroy(t->sys_exit);
		t->sys_exit = NULL;
	}
	for (int h = 0; h < FC_HOOKS; h++)
		if (served(t, h))
			b->hook_handover[h] = 0;
	if (!t->sys_exit_spare) {
		log_warn("sys_exit misses calls on this preemptible kernel and cannot move: %s",
			 strerror(errno));
		return;
	}
	tracer_tell_missed_exits(t, ev, missed_by_both(at_attach, missed));
	ev->moved(ev->arg, "sys_exit", "raw tracepoint", "classic tracepoint");
}
