// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer.c - the skeleton: open, load, attach, poll.
 *
 * The plan (attach.c) says which program each hook gets. A program that the
 * kernel refuses is noted, and everything is tried again with a plan that
 * knows it; since each refusal takes one choice away, that ends.
 */
#include "tracer_priv.h"

#include <stdarg.h>

#include "calls.h"
#include "log.h"
#include "trim.h"

/* What libbpf said last about a program: its API does not tell which one failed to load. */
static struct {
	char program[64];
	char text[256];
} libbpf_said;

static int on_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	static char line[65536]; /* a verifier's log */
	const char *name;

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	name = strstr(line, "prog '");
	if (name && (strstr(line, "failed") || strstr(line, "attach"))) {
		util_strlcpy(libbpf_said.program, name + 6, sizeof(libbpf_said.program));
		libbpf_said.program[strcspn(libbpf_said.program, "'")] = '\0';
		util_strlcpy(libbpf_said.text, line, sizeof(libbpf_said.text));
		libbpf_said.text[strcspn(libbpf_said.text, "\n")] = '\0';
	}
	log_debug("%s", line);
	return 0;
}

static struct bpf_program *find_program(struct tracer *t, const char *name)
{
	return name ? bpf_object__find_program_by_name(t->skel->obj, name) : NULL;
}

static void set_calls(struct failcnt_bpf *s)
{
	struct calls calls;

	calls_fill(&calls);
	memcpy((void *)s->rodata->call_of, calls.of, sizeof(calls.of));
	memcpy((void *)s->rodata->nr_errnos, calls.by_nr, sizeof(calls.by_nr));
	for (int c = 0; c < FC_CALLS; c++)
		s->rodata->call_errnos[c] = calls.errnos[c];
}

void tracer_rodata(const struct tracer *t, struct failcnt_bpf *s)
{
	int cpus = libbpf_num_possible_cpus();

	s->rodata->filter_pid = t->options.pid;
	s->rodata->filter_uid = t->options.uid;
	s->rodata->filter_by_uid = t->options.has_uid;
	s->rodata->filter_tree = t->options.tree;
	s->rodata->filter_tree_ns = t->options.tree_ns;
	s->rodata->filter_tree_since = t->options.tree_since;
	for (int i = 0; i < FC_RESOURCES; i++) {
		s->rodata->want_resource[i] = t->options.want[i];
		s->rodata->filter_resources |= t->options.want[i];
	}
	s->rodata->may_preempt = t->facts.may_preempt;
	s->rodata->memory_is_v1 = t->facts.memory_is_v1;
	s->rodata->hugetlb_reserve_is_bool = t->facts.hugetlb_reserve_is_bool;
	s->rodata->mark_victim_has_task = t->facts.mark_victim_has_task;
	s->rodata->page_size = sysconf(_SC_PAGESIZE);
	s->rodata->possible_cpus = cpus > 0 ? cpus : 1;
	s->rodata->page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	for (int h = 0; h < FC_HOOKS; h++) {
		s->rodata->hook_nargs[h] = t->facts.nargs[h];
		s->rodata->exit_serves[h] = attach_hooks[h].by_sys_exit &&
					    t->plan.hook[h].backend == FC_BACKEND_TRACEPOINT;
		s->rodata->signal_serves[h] =
			t->plan.hook[h].backend == FC_BACKEND_TRACEPOINT && attach_shared(h);
	}
#define KSYM(name) s->rodata->ksym_##name = t->facts.ksyms.name;
#include "../bpf/ksyms.def"
#undef KSYM
	set_calls(s);
}

static void want_program(struct tracer *t, const char *name)
{
	struct bpf_program *p = find_program(t, name);

	if (p)
		bpf_program__set_autoload(p, true);
}

/* Only the chosen programs are loaded, and those that a hook may move to. */
static void choose_programs(struct tracer *t)
{
	struct bpf_program *p;

	bpf_object__for_each_program (p, t->skel->obj)
		bpf_program__set_autoload(p, false);
	for (int h = 0; h < FC_HOOKS; h++) {
		enum fc_backend b = t->plan.hook[h].backend;

		want_program(t, attach_hooks[h].program[b]);
		t->spare[h] = tracer_spare(t, h);
		if (t->spare[h])
			want_program(t, t->spare[h]);
		if (t->spare[h] || b == FC_BACKEND_KPROBE)
			want_program(t, attach_hooks[h].entry);
	}
	if (attach_uses_sys_exit(&t->plan)) {
		want_program(t, RAW_SYS_EXIT);
		if (t->spare_sys_exit)
			want_program(t, CLASSIC_SYS_EXIT);
	}
	tracer_modules_choose(t);
	bpf_object__for_each_program (p, t->skel->obj)
		if (!bpf_program__autoload(p))
			tracer_leave_out(p);
}

/* Which choice is behind the program that libbpf named: that one falls back. */
static bool note_refusal(struct tracer *t, int error, bool at_attach)
{
	const char *name = libbpf_said.program;
	bool noted = false;

	for (int h = 0; h < FC_HOOKS; h++) {
		if (t->spare[h] &&
		    (util_streq(t->spare[h], name) ||
		     (attach_hooks[h].entry && util_streq(attach_hooks[h].entry, name)))) {
			t->no_spare =
				true; /* only hooks without a place to move to are poorer for it */
			return true;
		}
		for (int b = 0; b < FC_BACKENDS; b++) {
			const char *p = attach_hooks[h].program[b];

			if (b == FC_BACKEND_KPROBE && attach_hooks[h].entry &&
			    util_streq(attach_hooks[h].entry, name))
				p = name;
			if (!p || !util_streq(p, name) || t->refusals[h][b].refused)
				continue;
			t->refusals[h][b] = (struct attach_refusal){
				.refused = true, .error = error, .at_attach = at_attach};
			return true;
		}
	}
	for (int h = 0; util_streq(name, RAW_SYS_EXIT) && h < FC_HOOKS; h++) {
		struct attach_refusal *r = &t->refusals[h][FC_BACKEND_TRACEPOINT];

		if (!attach_hooks[h].by_sys_exit || r->refused)
			continue;
		*r = (struct attach_refusal){
			.refused = true, .error = error, .at_attach = at_attach};
		noted = true;
	}
	if (util_streq(name, CLASSIC_SYS_EXIT) && t->spare_sys_exit) {
		t->no_spare = true;
		noted = true;
	}
	return noted;
}

static int attach_one(struct tracer *t, const char *name, struct bpf_link **ret)
{
	struct bpf_program *p = find_program(t, name);
	struct bpf_link *link;

	util_strlcpy(libbpf_said.program, name, sizeof(libbpf_said.program));
	if (!p)
		return -ENOENT;
	link = tracer_attach(t, p);
	if (!link)
		return -errno;
	*ret = link;
	return 0;
}

static int attach_all(struct tracer *t)
{
	int err = 0;

	tracer_modules_attach(t);
	for (int h = 0; h < FC_HOOKS; h++) {
		enum fc_backend b = t->plan.hook[h].backend;
		const char *name = attach_hooks[h].program[b];
		bool shared = b == FC_BACKEND_TRACEPOINT && attach_shared(h);

		if (!name || t->link[h] || (shared && t->signal_sent))
			continue;
		if (b == FC_BACKEND_KPROBE && attach_hooks[h].entry)
			err = attach_one(t, attach_hooks[h].entry, &t->entry_link[h]);
		if (err == 0)
			err = attach_one(t, name, &t->link[h]);
		if (err < 0)
			return err;
		t->signal_sent |= shared;
	}
	if (!attach_uses_sys_exit(&t->plan))
		return 0;
	return attach_one(t, RAW_SYS_EXIT, &t->sys_exit);
}

static void unload(struct tracer *t)
{
	for (int h = 0; h < FC_HOOKS; h++) {
		bpf_link__destroy(t->link[h]);
		bpf_link__destroy(t->spare_link[h]);
		bpf_link__destroy(t->entry_link[h]);
		t->link[h] = t->spare_link[h] = t->entry_link[h] = NULL;
	}
	t->signal_sent = false;
	bpf_link__destroy(t->sys_exit);
	bpf_link__destroy(t->sys_exit_spare);
	t->sys_exit = t->sys_exit_spare = NULL;
	tracer_modules_close(t);
	tracer_repeats_close(t);
	if (!t->closing)
		tracer_probes_remove(t, getpid());
	ring_buffer__free(t->ring);
	t->ring = NULL;
	failcnt_bpf__destroy(t->skel);
	t->skel = NULL;
}

/* One attempt with the present plan. */
static int load_and_attach(struct tracer *t, bool *ret_at_attach)
{
	_cleanup_close_ int types = -1;
	int err;

	*ret_at_attach = false;
	libbpf_said.program[0] = '\0';
	t->skel = tracer_object_typed(&types);
	if (!t->skel)
		return -errno;
	choose_programs(t);
	tracer_rodata(t, t->skel);
	tracer_fold_size(t);
	bpf_map__set_max_entries(t->skel->maps.repeats,
				 FC_REPEAT_SLOTS * t->skel->rodata->possible_cpus);
	err = failcnt_bpf__load(t->skel);
	if (err == 0)
		err = tracer_repeats_open(t);
	if (err < 0)
		return err;
	*ret_at_attach = true;
	return attach_all(t);
}

static bool anything_planned(const struct attach_plan *p)
{
	for (int h = 0; h < FC_HOOKS; h++)
		if (p->hook[h].backend != FC_BACKEND_NONE)
			return true;
	return false;
}

static int on_record(void *arg, void *data, size_t size)
{
	struct tracer *t = arg;

	if (!tracer_modules_record(t, data, size))
		t->events->record(t->events->arg, data, size);
	return 0; /* anything else would end the poll */
}

/* The kernel has its own copy: the object that is linked in, 1.6 MB, is read once, and what libbpf
 * made of it, as much again, is freed at the end without a look at it. */
static void forget_instructions(const struct tracer *t)
{
	struct bpf_program *p;

	trim_unread(t->skel->skeleton->data, t->skel->skeleton->data_sz);
	bpf_object__for_each_program (p, t->skel->obj)
		trim_unread(bpf_program__insns(p),
			    bpf_program__insn_cnt(p) * sizeof(struct bpf_insn));
}

int tracer_open(struct tracer **ret, const struct kernel_facts *facts,
		const struct tracer_options *o)
{
	struct tracer *t = calloc(1, sizeof(*t));
	bool at_attach;
	int err;

	if (!t)
		return -ENOMEM;
	t->facts = *facts;
	t->options = *o;
	libbpf_set_print(on_libbpf);
	if (!t->options.want[FC_DISK] && !t->options.want[FC_INODES] && !t->options.want[FC_QUOTA])
		attach_leave_out(t->refusals, facts, o->backend);
	err = folds_new(&t->folds);
	while (err == 0) {
		attach_plan(&t->plan, facts, o->backend, t->refusals);
		if (!anything_planned(&t->plan)) {
			err = -ENOTSUP;
			break;
		}
		err = load_and_attach(t, &at_attach);
		if (err == 0)
			break;
		unload(t);
		if (!note_refusal(t, err, at_attach)) {
			log_error("libbpf: %s",
				  libbpf_said.text[0] ? libbpf_said.text : strerror(-err));
			break;
		}
		err = 0;
	}
	if (err == 0) {
		t->ring = ring_buffer__new(bpf_map__fd(t->skel->maps.events), on_record, t, NULL);
		if (!t->ring)
			err = -errno;
	}
	if (err < 0) {
		tracer_close(t);
		return err;
	}
	forget_instructions(t);
	*ret = t;
	return 0;
}

void tracer_close(struct tracer *t)
{
	if (!t)
		return;
	if (t->skel)
		tracer_detach(t);
	unload(t);
	folds_free(t->folds);
	free(t);
}

const struct attach_plan *tracer_plan(const struct tracer *t)
{
	return &t->plan;
}

int tracer_fd(const struct tracer *t)
{
	return ring_buffer__epoll_fd(t->ring);
}

int tracer_consume(struct tracer *t, const struct tracer_events *ev)
{
	int n;

	t->events = ev;
	n = ring_buffer__consume(t->ring);
	if (n > 0)
		tracer_deaths_soon(t, ev);
	return n;
}

void tracer_note_cgroup(struct tracer *t, const void *record, const char *cgroup)
{
	const struct fc_refused *r = record;

	if (r->h.type == FC_TYPE_REFUSED)
		folds_note(t->folds, r, cgroup);
}
