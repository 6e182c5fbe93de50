/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/attach.c user/attach_events.c ; libs: */
/*
 * test_attach.c - from what a kernel allows, what was asked for and what was
 * refused, to the backend of each hook and the reason that doctor prints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/attach.h"

static struct kernel_facts facts;
static attach_refusals none, refusals;
static struct attach_plan plan;

static void make_facts(void)
{
	memset(&facts, 0, sizeof(facts));
	memset(refusals, 0, sizeof(refusals));
	for (int h = 0; h < FC_HOOKS; h++)
		facts.has_function[h] = attach_hooks[h].function;
	facts.has_capability = true;
	memset(none, 0, sizeof(none));
	attach_leave_out(none, &facts, OPT_AUTO);
	attach_leave_out(refusals, &facts, OPT_AUTO);
}

static void refuse(enum kernel_mechanism m, enum kernel_stage stage, int error)
{
	facts.trial[m] = (struct kernel_trial){.stage = stage, .error = error};
}

static void must_be(enum fc_hook h, enum fc_backend b, const char *why)
{
	if (plan.hook[h].backend != b)
		fail_msg("%s is %s and not %s", attach_hooks[h].name,
			 attach_backend_name(plan.hook[h].backend), attach_backend_name(b));
	if (!strstr(plan.hook[h].why, why))
		fail_msg("%s: '%s' does not say '%s'", attach_hooks[h].name, plan.hook[h].why, why);
}

/* All hooks that are a function; the others are tracepoints everywhere. */
static void all_must_be(enum fc_backend b, const char *why)
{
	for (int h = 0; h < FC_HOOKS; h++)
		if (attach_hooks[h].function && !attach_hooks[h].after)
			must_be(h, b, why);
}

static void hooks(void **state _unused_)
{
	for (int h = 0; h < FC_HOOKS; h++) {
		const struct attach_hook *k = &attach_hooks[h];

		assert_non_null(k->name);
		assert_non_null(k->sees);
		assert_true(k->function || k->program[FC_BACKEND_TRACEPOINT] || k->by_sys_exit);
		assert_null(k->program[FC_BACKEND_NONE]);
		assert_true(!k->function || (k->program[FC_BACKEND_FEXIT] &&
					     (k->after || k->program[FC_BACKEND_KPROBE])));
		/* The programs of hook.bpf.h are named after their function. */
		if (k->function && k->by_sys_exit) {
			assert_non_null(strstr(k->program[FC_BACKEND_FEXIT], k->function));
			assert_non_null(strstr(k->program[FC_BACKEND_KPROBE], k->function));
		}
		for (int other = 0; other < h; other++)
			assert_string_not_equal(k->name, attach_hooks[other].name);
	}
	assert_string_equal(attach_backend_name(FC_BACKEND_FEXIT), "fexit");
	assert_string_equal(attach_backend_name(FC_BACKEND_KPROBE), "kprobe");
	assert_string_equal(attach_backend_name(FC_BACKEND_TRACEPOINT), "tracepoint");
	assert_string_equal(attach_backend_name(FC_BACKEND_NONE), "none");
	assert_string_equal(attach_backend_name(FC_BACKENDS), "none");
	assert_string_equal(attach_backend_name(-1), "none");
}

static void ordinary(void **state _unused_)
{
	make_facts();
	memset(&plan, 0xaa, sizeof(plan));
	attach_plan(&plan, &facts, OPT_AUTO, none);
	all_must_be(FC_BACKEND_FEXIT, "the cheapest that works");
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
	assert_false(attach_uses_sys_exit(&plan));
}

/* Where fexit may miss a call, what looks at an entry cannot move later: it begins where none is.
 */
static void preemptible(void **state _unused_)
{
	const char *const why = "fexit would miss calls: this kernel preempts";

	make_facts();
	facts.may_preempt = true;
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_SEMOP, FC_BACKEND_KPROBE, why);
	must_be(FC_HOOK_ARGS, FC_BACKEND_KPROBE, why);
	must_be(FC_HOOK_ALLOC_FD, FC_BACKEND_FEXIT, "the cheapest that works");
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
	attach_plan(&plan, &facts, OPT_FEXIT, none);
	must_be(FC_HOOK_SEMOP, FC_BACKEND_FEXIT, "as asked with --backend");
	refuse(KERNEL_KPROBE, KERNEL_AT_ATTACH, -ENOENT);
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_SEMOP, FC_BACKEND_FEXIT, "kprobe is refused here at attach");
}

/* The end of a function: by its tracepoint where there is one, and never by a return probe. */
static void after(void **state _unused_)
{
	make_facts();
	attach_plan(&plan, &facts, OPT_KPROBE, none);
	must_be(FC_HOOK_OOM_FREED, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
	facts.no_tracepoint[FC_HOOK_OOM_FREED] = "this kernel has no tracepoint exit_mmap";
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_OOM_FREED, FC_BACKEND_FEXIT, "the cheapest that works");
	attach_plan(&plan, &facts, OPT_KPROBE, none);
	must_be(FC_HOOK_OOM_FREED, FC_BACKEND_NONE, "this hook is a tracepoint");
}

/* Lockdown, or KPROBES=n: no trampolines and no probes, but tracepoints. */
static void locked_down(void **state _unused_)
{
	make_facts();
	refuse(KERNEL_FEXIT, KERNEL_AT_LOAD, -EPERM);
	refuse(KERNEL_KPROBE, KERNEL_AT_ATTACH, -ENOENT);
	attach_plan(&plan, &facts, OPT_AUTO, none);
	all_must_be(FC_BACKEND_TRACEPOINT,
		    "fexit is refused here at load: Operation not permitted");
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
	assert_true(attach_uses_sys_exit(&plan));
	refuse(KERNEL_RAW_TP, KERNEL_AT_LOAD, -EACCES);
	attach_plan(&plan, &facts, OPT_AUTO, none);
	all_must_be(FC_BACKEND_NONE, "fexit is refused here at load");
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_NONE,
		"tracepoint is refused here at load: Permission denied");
	assert_false(attach_uses_sys_exit(&plan));
}

/* arm64 before it had trampolines: the load goes through, the attach does not. */
static void refused_at_attach(void **state _unused_)
{
	make_facts();
	refuse(KERNEL_FEXIT, KERNEL_AT_ATTACH, -ENOTSUP);
	attach_plan(&plan, &facts, OPT_AUTO, none);
	all_must_be(FC_BACKEND_KPROBE, "fexit is refused here at attach: Operation not supported");
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
	assert_false(attach_uses_sys_exit(&plan));
}

static void no_function(void **state _unused_)
{
	make_facts();
	facts.has_function[FC_HOOK_NEWARY] = false;
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_NEWARY, FC_BACKEND_TRACEPOINT, "this kernel has no function newary");
	must_be(FC_HOOK_ALLOC_FD, FC_BACKEND_FEXIT, "the cheapest that works");
	assert_true(attach_uses_sys_exit(&plan));
	make_facts();
	facts.has_function[FC_HOOK_OOM_KILL] = false; /* a tracepoint of its own */
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_OOM_KILL, FC_BACKEND_TRACEPOINT, "no function __oom_kill_process");
	assert_false(attach_uses_sys_exit(&plan));
	refuse(KERNEL_RAW_TP, KERNEL_AT_LOAD, -EPERM);
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_OOM_KILL, FC_BACKEND_NONE, "no function __oom_kill_process");
	make_facts();
	facts.has_function[FC_HOOK_OOM_VICTIM] = false; /* it never had one: nothing lost */
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
}

/* One that the kernel refuses costs the others nothing. */
static void each_alone(void **state _unused_)
{
	for (int h = 0; h < FC_HOOKS; h++) {
		if (!attach_hooks[h].function || attach_hooks[h].after)
			continue;
		make_facts();
		refusals[h][FC_BACKEND_FEXIT] =
			(struct attach_refusal){.refused = true, .error = -EINVAL};
		attach_plan(&plan, &facts, OPT_AUTO, refusals);
		for (int other = 0; other < FC_HOOKS; other++)
			if (other != h && attach_hooks[other].function &&
			    !attach_hooks[other].after)
				must_be(other, FC_BACKEND_FEXIT, "the cheapest that works");
		must_be(h, FC_BACKEND_KPROBE, "fexit was refused at load: Invalid argument");
		refusals[h][FC_BACKEND_KPROBE] = (struct attach_refusal){
			.refused = true, .error = -EADDRNOTAVAIL, .at_attach = true};
		attach_plan(&plan, &facts, OPT_AUTO, refusals);
		must_be(h, FC_BACKEND_TRACEPOINT, "fexit was refused at load: Invalid argument");
		assert_int_equal(attach_uses_sys_exit(&plan),
				 attach_hooks[h].by_sys_exit && !attach_hooks[h].optional);
		refusals[h][FC_BACKEND_TRACEPOINT] =
			(struct attach_refusal){.refused = true, .error = -EPERM};
		attach_plan(&plan, &facts, OPT_AUTO, refusals);
		must_be(h, FC_BACKEND_NONE, "fexit was refused at load: Invalid argument");
		assert_false(attach_uses_sys_exit(&plan));
	}
	make_facts();
	refusals[FC_HOOK_OOM_VICTIM][FC_BACKEND_TRACEPOINT] =
		(struct attach_refusal){.refused = true, .error = -EPERM, .at_attach = true};
	attach_plan(&plan, &facts, OPT_AUTO, refusals);
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_NONE,
		"tracepoint was refused at attach: Operation not permitted");
	all_must_be(FC_BACKEND_FEXIT, "the cheapest that works");
}

static void forced(void **state _unused_)
{
	static const struct {
		enum opt_backend wanted;
		enum fc_backend backend;
		enum kernel_mechanism mechanism;
	} ways[] = {
		{OPT_FEXIT, FC_BACKEND_FEXIT, KERNEL_FEXIT},
		{OPT_KPROBE, FC_BACKEND_KPROBE, KERNEL_KPROBE},
		{OPT_TRACEPOINT, FC_BACKEND_TRACEPOINT, KERNEL_RAW_TP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		make_facts();
		attach_plan(&plan, &facts, ways[i].wanted, none);
		all_must_be(ways[i].backend, "as asked with --backend");
		must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
		assert_int_equal(attach_uses_sys_exit(&plan), ways[i].wanted == OPT_TRACEPOINT);
		/* What was asked for and cannot be had is not replaced. */
		refuse(ways[i].mechanism, KERNEL_AT_LOAD, -EPERM);
		attach_plan(&plan, &facts, ways[i].wanted, none);
		all_must_be(FC_BACKEND_NONE, "is refused here at load");
	}
	make_facts();
	refusals[FC_HOOK_SEMGET][FC_BACKEND_KPROBE] =
		(struct attach_refusal){.refused = true, .error = -EINVAL, .at_attach = true};
	attach_plan(&plan, &facts, OPT_KPROBE, refusals);
	must_be(FC_HOOK_SEMGET, FC_BACKEND_NONE, "kprobe was refused at attach");
	must_be(FC_HOOK_NEWARY, FC_BACKEND_KPROBE, "as asked");
}

/* What no kernel must have, hook by hook: one more or less is a decision, and not an oversight. */
static void optional_ones(void **state _unused_)
{
	static const enum fc_hook known[] = {
		FC_HOOK_SEMGET_COMPAT,   FC_HOOK_SEMGET_IA32,       FC_HOOK_PIDS_CAN_FORK,
		FC_HOOK_EXECVE_IA32,     FC_HOOK_MREMAP_IA32,       FC_HOOK_BRK_IA32,
		FC_HOOK_MEMCG_RECLAIM,   FC_HOOK_MEMCG_STALL,       FC_HOOK_CREATE_PIPE,
		FC_HOOK_PIPE_FCNTL,      FC_HOOK_SOCK_CREATE,       FC_HOOK_BPF,
		FC_HOOK_IO_ACCOUNT_MEM,  FC_HOOK_IO_ACCOUNT,        FC_HOOK_ACCOUNT_LOCKED_VM,
		FC_HOOK_HUGETLB_RESERVE, FC_HOOK_HUGE_PAGE,         FC_HOOK_HUGE_FOLIO,
		FC_HOOK_SHMEM_INODE,     FC_HOOK_SHMEM_INODE_IDMAP, FC_HOOK_CONNTRACK_ALLOC,
		FC_HOOK_OOM_EVALUATE,    FC_HOOK_OOM_FREED,         FC_HOOK_OOM_ADJ,
		FC_HOOK_UNIX_CREATE,
	};

	for (int h = 0; h < FC_HOOKS; h++) {
		bool listed = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			listed |= known[i] == (enum fc_hook)h;
		if (attach_hooks[h].optional != listed)
			fail_msg("%s is %soptional", attach_hooks[h].name, listed ? "not " : "");
	}
}

/* ksys_semget is there for 32-bit programs: no reason to trace every system call of the host. */
static void optional(void **state _unused_)
{
	make_facts();
	assert_true(attach_hooks[FC_HOOK_SEMGET_COMPAT].optional);
	facts.has_function[FC_HOOK_SEMGET_COMPAT] = false;
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_SEMGET_COMPAT, FC_BACKEND_TRACEPOINT, "no function ksys_semget");
	assert_false(attach_uses_sys_exit(&plan));
}

/* What taxes every call is there for those who ask, or where sys_exit is traced anyway. */
static void opt_in(void **state _unused_)
{
	make_facts();
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_OTHER_FS, FC_BACKEND_NONE, "opt-in: it would tax every system call");
	assert_false(attach_uses_sys_exit(&plan));
	memset(none, 0, sizeof(none)); /* asked for */
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_OTHER_FS, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
	must_be(FC_HOOK_ALLOC_FD, FC_BACKEND_FEXIT, "the cheapest that works");
	assert_true(attach_uses_sys_exit(&plan));
	attach_leave_out(none, &facts, OPT_TRACEPOINT);
	attach_plan(&plan, &facts, OPT_TRACEPOINT, none);
	must_be(FC_HOOK_OTHER_FS, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
	refuse(KERNEL_FEXIT, KERNEL_AT_LOAD, -EPERM);
	refuse(KERNEL_KPROBE, KERNEL_AT_ATTACH, -ENOENT);
	attach_leave_out(none, &facts, OPT_AUTO);
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_OTHER_FS, FC_BACKEND_TRACEPOINT, "a tracepoint on every backend");
}

/* A file system that is not there has nothing to tell. */
static void module(void **state _unused_)
{
	make_facts();
	assert_true(attach_hooks[FC_HOOK_EXT4_FULL].module);
	facts.has_function[FC_HOOK_EXT4_FULL] = false;
	attach_plan(&plan, &facts, OPT_AUTO, none);
	must_be(FC_HOOK_EXT4_FULL, FC_BACKEND_NONE, "its module is not loaded");
	assert_false(attach_uses_sys_exit(&plan));
	must_be(FC_HOOK_EXT4_FULL, FC_BACKEND_NONE, "watch attaches when it is");
	attach_plan(&plan, &facts, OPT_TRACEPOINT, none);
	must_be(FC_HOOK_EXT4_FULL, FC_BACKEND_TRACEPOINT, "as asked");
}

/* Which module to wait for stands nowhere but there. */
static void modules(void **state _unused_)
{
	for (int h = 0; h < FC_HOOKS; h++)
		assert_int_equal(attach_hooks[h].module, attach_module(h) != NULL);
}

/* --backend=events: tracepoints of its own, nothing at sys_exit, and no way to another backend. */
static void events(void **state _unused_)
{
	make_facts();
	attach_plan(&plan, &facts, OPT_EVENTS, none);
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_TRACEPOINT, "as asked");
	must_be(FC_HOOK_DEATH_DELIVER, FC_BACKEND_TRACEPOINT, "as asked");
	must_be(FC_HOOK_STACK, FC_BACKEND_TRACEPOINT, "as asked");
	must_be(FC_HOOK_ALLOC_FD, FC_BACKEND_NONE, "hooks no system call");
	must_be(FC_HOOK_OTHER_FS, FC_BACKEND_NONE, "hooks no system call");
	must_be(FC_HOOK_MEMCG_RECLAIM, FC_BACKEND_NONE, "of no use");
	assert_false(attach_uses_sys_exit(&plan));
	assert_true(plan.hook[FC_HOOK_ALLOC_FD].left_out);
	assert_true(attach_sees(&plan, FC_HOOK_STACK));
	assert_false(attach_sees(&plan, FC_HOOK_ALLOC_FD));
	for (int h = 0; h < FC_HOOKS; h++)
		assert_true(plan.hook[h].backend == FC_BACKEND_TRACEPOINT || plan.hook[h].left_out);
	/* what the kernel refuses is missing, and not left out */
	refuse(KERNEL_RAW_TP, KERNEL_AT_LOAD, -EPERM);
	attach_plan(&plan, &facts, OPT_EVENTS, none);
	must_be(FC_HOOK_OOM_VICTIM, FC_BACKEND_NONE, "refused here at load");
	assert_false(plan.hook[FC_HOOK_OOM_VICTIM].left_out);
	assert_string_equal(attach_events_see(FC_CONNTRACK), "the kernel log");
	assert_null(attach_events_see(FC_NOFILE));
	assert_null(attach_events_see(FC_RESOURCES));
}

/* The reason always fits and always ends, whatever the kernel's words are. */
static void long_words(void **state _unused_)
{
	make_facts();
	for (int error = 1; error < 200; error++) {
		refuse(KERNEL_FEXIT, KERNEL_AT_ATTACH, -error);
		refuse(KERNEL_KPROBE, KERNEL_AT_LOAD, -error);
		refuse(KERNEL_RAW_TP, KERNEL_AT_LOAD, -error);
		attach_plan(&plan, &facts, OPT_AUTO, none);
		for (int h = 0; h < FC_HOOKS; h++)
			assert_in_range(strnlen(plan.hook[h].why, ATTACH_WHY), 1, ATTACH_WHY - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks),       cmocka_unit_test(ordinary),
		cmocka_unit_test(preemptible), cmocka_unit_test(after),
		cmocka_unit_test(locked_down), cmocka_unit_test(refused_at_attach),
		cmocka_unit_test(no_function), cmocka_unit_test(each_alone),
		cmocka_unit_test(forced),      cmocka_unit_test(events),
		cmocka_unit_test(optional),    cmocka_unit_test(long_words),
		cmocka_unit_test(opt_in),      cmocka_unit_test(module),
		cmocka_unit_test(modules),     cmocka_unit_test(optional_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
