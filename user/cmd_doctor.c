// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_doctor.c - what this kernel allows, which backend each hook got and why,
 * what it misses there, whether it really sees, and what was lost.
 */
#include <sys/utsname.h>

#include "attach.h"
#include "catalogue.h"
#include "cmd.h"
#include "counter.h"
#include "holders_iter.h"
#include "kernel.h"
#include "log.h"
#include "obstacle.h"
#include "oom_switches.h"
#include "selftest.h"
#include "tracer.h"
#include "watcher.h"

static void print_trial(const char *name, const struct kernel_trial *t, const char *works)
{
	if (t->stage == KERNEL_WORKS)
		printf("  %-20s %s\n", name, works);
	else
		printf("  %-20s refused at %s: %s\n", name,
		       t->stage == KERNEL_AT_LOAD ? "load" : "attach", strerror(-t->error));
}

/* How the process that looks for holders finds them. */
static void print_holders(void)
{
	_cleanup_(holders_iter_closep) struct holders_iter *it = NULL;
	char why[HOLDERS_ITER_WHY];

	if (holders_iter_open(&it, why) < 0)
		printf("  %-20s found by walking /proc; BPF iterators: %s\n", "holders", why);
	else
		printf("  %-20s found by BPF iterators (iter/task, iter/task_file)%s\n", "holders",
		       holders_iter_one(it) ? ""
					    : "; one process alone by /proc/PID/fd: this kernel's "
					      "iterators know only all");
}

static void print_kernel(const struct kernel_facts *k)
{
	struct utsname u;

	if (uname(&u) == 0)
		printf("failcnt %s on %s %s %s\n\nWhat this kernel allows\n", FAILCNT_VERSION,
		       u.sysname, u.release, u.machine);
	for (int m = 0; m < KERNEL_MECHANISMS; m++)
		print_trial(kernel_mechanism_name(m), &k->trial[m], "works");
	printf("  %-20s %s\n", "BTF", k->btf_error ? "missing: /sys/kernel/btf/vmlinux" : "works");
	printf("  %-20s %s\n", "privileges",
	       k->has_capability ? "enough"
				 : "missing: run it as root, or with CAP_BPF and CAP_PERFMON");
	printf("  %-20s %s\n", "preemption",
	       k->may_preempt ? "possible: fexit and raw tracepoint programs may miss calls, and "
				"these are counted"
			      : "none: no program misses a call");
	printf("  %-20s cgroup v%d\n", "memory", k->memory_is_v1 ? 1 : 2);
	print_holders();
}

/* Returns how many hooks that should be there are not. */
static unsigned int print_hooks(const struct attach_plan *plan, const struct tracer *t)
{
	unsigned int missing = 0;

	printf("\nHooks\n  %-20s %-11s %-8s %s\n", "hook", "backend", "missed", "for");
	for (int h = 0; h < FC_HOOKS; h++) {
		const struct attach_hook *hook = &attach_hooks[h];
		const struct attach_choice *c = &plan->hook[h];
		unsigned long long missed = t ? tracer_missed(t, h) : 0;

		if (c->left_out)
			continue;
		printf("  %-20s %-11s %-8llu %s\n", hook->name, attach_backend_name(c->backend),
		       missed, hook->sees);
		if (c->why[0])
			printf("  %-20s   because: %s\n", "", c->why);
		if (hook->misses[c->backend])
			printf("  %-20s   does not see: %s\n", "", hook->misses[c->backend]);
		if (c->backend == FC_BACKEND_NONE && !c->left_out && !hook->optional &&
		    !hook->opt_in && !hook->module)
			missing++;
	}
	return missing;
}

static void print_events(void)
{
	printf("\nWhat --backend=events sees\n");
	for (unsigned int r = FC_RESOURCE_NONE + 1; r < FC_RESOURCES; r++)
		if (attach_events_see(r))
			printf("  %-20s %s\n", catalogue_get(r)->id, attach_events_see(r));
	printf("  %-20s who sent the signal, or what the process did\n", "any other kill");
	printf("\nWhat it does not see, for want of hooks on system calls\n ");
	for (unsigned int r = FC_RESOURCE_NONE + 1, n = 0; r < FC_RESOURCES; r++)
		if (!attach_events_see(r))
			printf("%s%s", n++ % 8 == 7 ? "\n  " : " ", catalogue_get(r)->id);
	putchar('\n');
}

static unsigned int print_selftest(struct tracer *t, const struct kernel_facts *k)
{
	struct selftest tests[SELFTEST_MAX];
	unsigned int n, failed = 0;

	printf("\nSelf-test: each failure is provoked in a namespace, rlimit or cgroup of its "
	       "own\n");
	fflush(stdout);
	n = selftest_run(t, k, tests);
	for (unsigned int i = 0; i < n; i++) {
		const struct selftest *s = &tests[i];
		const struct resource *r = catalogue_get(s->resource);
		const char *id = r ? r->id : "killed";

		printf("  %-17s %-28s ", id, s->name);
		if (s->result == SELFTEST_SEEN)
			printf("seen after %llu us", (unsigned long long)s->latency_us);
		else if (s->result == SELFTEST_NOT_SEEN)
			printf("NOT SEEN through %s", attach_hooks[s->hook].name);
		else
			printf("not tried: %s", s->why);
		if (s->tries > 1 && s->result == SELFTEST_SEEN)
			printf(", at try %u: this kernel preempts, and so programs miss calls",
			       s->tries);
		else if (s->tries > 1 && s->result == SELFTEST_NOT_SEEN)
			printf(" in %u tries", s->tries);
		putchar('\n');
		failed += s->result == SELFTEST_NOT_SEEN;
	}
	printf("  %-17s %-28s not tried: the limit is the whole host's\n", "file-max",
	       "open files");
	printf("  %-17s %-28s not tried: the limit is the whole host's\n", "nr-open",
	       "descriptors");
	return failed;
}

static void print_switch(void *arg _unused_, const char *sentence)
{
	printf("  %s\n", sentence);
}

static void print_counters(const struct options *o)
{
	static const char *const names[COUNTER_SOURCES] = {
		[COUNTER_UBC] = "user_beancounters", [COUNTER_CGROUP1] = "cgroup v1",
		[COUNTER_CGROUP2] = "cgroup v2",     [COUNTER_HOST] = "host",
		[COUNTER_PROCESS] = "process",       [COUNTER_USER] = "user",
	};
	struct counter_options co = {.root = o->root, .beancounters = o->beancounters};
	_cleanup_(counters_closep) struct counters *c = NULL;

	printf("\nCounters\n");
	if (counters_open(&c, &co) < 0) {
		printf("  none can be read\n");
		return;
	}
	for (int s = 0; s < COUNTER_SOURCES; s++)
		printf("  %-20s %s\n", names[s],
		       counters_have(c, s) ? "there" : "not on this machine");
	printf("\nWhere memory runs out\n");
	if (oom_switches(c, print_switch, NULL) == 0)
		printf("  the OOM killer acts, for the host and in every control group\n");
}

struct losses {
	unsigned long long n;
};

static void on_lost(void *arg, const char *stage, const char *hook, uint64_t n)
{
	struct losses *l = arg;

	printf("  %llu lost at stage %s%s%s\n", (unsigned long long)n, stage, hook ? ", hook " : "",
	       hook ? hook : "");
	l->n += n;
}

static void ignore_record(void *arg _unused_, const void *data _unused_, size_t size _unused_)
{
}

static void ignore_fold(void *arg _unused_, const struct fc_fold_key *key _unused_,
			const struct fc_fold *fold _unused_, uint64_t n _unused_,
			const struct fold_known *known _unused_)
{
}

static void ignore_overflow(void *arg _unused_, const struct fc_coarse_key *key _unused_,
			    const struct fc_overflow *o _unused_, uint64_t n _unused_)
{
}

static void print_losses(struct tracer *t)
{
	struct losses l = {};
	struct tracer_events ev = {.record = ignore_record,
				   .fold = ignore_fold,
				   .overflow = ignore_overflow,
				   .lost = on_lost,
				   .arg = &l};

	printf("\nLosses while this ran\n");
	tracer_sweep(t, &ev, false);
	if (l.n == 0)
		printf("  none\n");
}

static void print_map(void *arg _unused_, const char *name, uint32_t entries, uint64_t bytes)
{
	printf("  %-20s %8llu KiB  %u entries\n", name, (unsigned long long)(bytes + 1023) / 1024,
	       entries);
}

static void print_memory(const struct tracer *t, bool each)
{
	unsigned long long kib = tracer_memory(t, NULL, NULL) / 1024;

	printf("\nBPF maps: %llu KiB at most%s\n", kib, each ? "" : " (-v lists them)");
	if (each)
		tracer_memory(t, print_map, NULL);
}

/* What a watch wakes up for while nothing happens. */
static void print_wakeups(const struct tracer *t, const struct options *o)
{
	struct counter_options co = {.root = o->root, .beancounters = o->beancounters};
	struct watcher_options wo = {.interval_ms = o->interval_ms, .settle_ms = o->interval_ms};
	_cleanup_(counters_closep) struct counters *c = NULL;
	unsigned long long refresh = tracer_refresh_ms(t), misses = tracer_misses_ms(t);
	struct watcher *w = NULL;
	bool polls;

	polls = counters_open(&c, &co) == 0 && watcher_open(&w, c, &wo) == 0 && watcher_polls(w);
	watcher_close(w);
	printf("\nWake-ups while nothing happens\n");
	if (polls)
		printf("  each %llu ms: counters that do not tell when they move (cgroup v1, "
		       "user_beancounters)\n",
		       (unsigned long long)o->interval_ms);
	if (refresh)
		printf("  each %llu ms: limits that this kernel tells in /proc/sys alone\n",
		       refresh);
	if (misses)
		printf("  each %llu ms: how many calls programs missed, for this kernel may "
		       "preempt "
		       "them\n",
		       misses);
	if (!polls && !refresh && !misses)
		printf("  none\n");
}

static int examine(const struct kernel_facts *k, const struct options *o)
{
	struct tracer_options to = {.backend = o->backend};
	struct tracer *t = NULL;
	unsigned int missing, failed;
	int err = tracer_open(&t, k, &to);

	if (err < 0) {
		log_error("no hook could be attached: %s", strerror(-err));
		return EXIT_DENIED;
	}
	missing = print_hooks(tracer_plan(t), t);
	if (o->backend == OPT_EVENTS)
		print_events();
	failed = print_selftest(t, k);
	print_losses(t);
	print_memory(t, o->verbose);
	print_wakeups(t, o);
	tracer_close(t);
	print_counters(o);
	if (missing + failed == 0) {
		printf("\nEverything that can work here works.\n");
		return EXIT_DONE;
	}
	printf("\n%u hook%s missing, %u failure%s not seen.\n", missing,
	       missing == 1 ? " is" : "s are", failed, failed == 1 ? " was" : "s were");
	return EXIT_NOTHING;
}

int cmd_doctor(const struct options *o)
{
	struct kernel_facts k;
	char why[OBSTACLE_TEXT];

	kernel_probe(&k);
	print_kernel(&k);
	if (!obstacle(&k, o->backend, why, sizeof(why)))
		return examine(&k, o);
	print_counters(o);
	fflush(stdout);
	log_error("%s", why);
	return EXIT_DENIED;
}
