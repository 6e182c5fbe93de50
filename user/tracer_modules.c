// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_modules.c - hooks whose functions are in modules of the kernel that are loaded while we
 * run.
 *
 * The kernel tells of each module that is loaded (bpf/modules.bpf.h). When it is one that a hook
 * waits for, the object is opened once more with the programs of that hook alone: only now libbpf
 * finds the module's types, variables and functions. It shares all maps with the first one, but
 * for the constants. A kprobe does not keep its module: when that goes and comes again, the same is
 * done anew. Nothing here runs but when a module is loaded.
 */
#include "tracer_priv.h"

#include <bpf/btf.h>

#include "log.h"

#define PROGRAM "rawtp_module_load"

static void want(struct failcnt_bpf *s, const char *name)
{
	struct bpf_program *p = name ? bpf_object__find_program_by_name(s->obj, name) : NULL;

	if (p)
		bpf_program__set_autoload(p, true);
}

/* Hooks that do without a function need not wait for it. */
static bool waits(const struct tracer *t, int h)
{
	return attach_hooks[h].module && t->plan.hook[h].backend != FC_BACKEND_TRACEPOINT &&
	       t->options.backend != OPT_TRACEPOINT;
}

void tracer_modules_choose(struct tracer *t)
{
	for (int h = 0; h < FC_HOOKS; h++)
		if (waits(t, h))
			want(t->skel, PROGRAM);
}

static struct bpf_link *attach(struct tracer *t, struct failcnt_bpf *s, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(s->obj, name);

	if (!p || bpf_program__fd(p) < 0) {
		errno = ENOENT;
		return NULL;
	}
	return tracer_attach(t, p);
}

void tracer_modules_attach(struct tracer *t)
{
	t->modules = attach(t, t->skel, PROGRAM);
	if (!t->modules)
		log_debug("modules that are loaded later are not looked at: %s", strerror(errno));
}

static int share_maps(struct failcnt_bpf *s, const struct failcnt_bpf *with)
{
	struct bpf_map *m;

	bpf_object__for_each_map (m, s->obj) {
		const char *name = bpf_map__name(m);
		struct bpf_map *other = bpf_object__find_map_by_name(with->obj, name);
		int err;

		if (strstr(name, ".rodata"))
			continue;
		err = other ? bpf_map__reuse_fd(m, bpf_map__fd(other)) : -ENOENT;
		if (err < 0)
			return err;
	}
	return 0;
}

static int load_late(struct tracer *t, int h, enum fc_backend b, struct failcnt_bpf *s)
{
	const struct attach_hook *hook = &attach_hooks[h];
	struct bpf_program *p;
	int err;

	bpf_object__for_each_program (p, s->obj)
		bpf_program__set_autoload(p, false);
	want(s, hook->program[b]);
	if (b == FC_BACKEND_KPROBE)
		want(s, hook->entry);
	err = share_maps(s, t->skel);
	if (err < 0)
		return err;
	tracer_rodata(t, s);
	err = failcnt_bpf__load(s);
	if (err < 0)
		return err;
	if (b == FC_BACKEND_KPROBE && hook->entry) {
		t->entry_link[h] = attach(t, s, hook->entry);
		if (!t->entry_link[h])
			return -errno;
	}
	t->link[h] = attach(t, s, hook->program[b]);
	return t->link[h] ? 0 : -errno;
}

static void let_go(struct tracer *t, int h)
{
	bpf_link__destroy(t->link[h]);
	bpf_link__destroy(t->spare_link[h]);
	bpf_link__destroy(t->entry_link[h]);
	t->link[h] = t->spare_link[h] = t->entry_link[h] = NULL;
	t->spare[h] = NULL;
	failcnt_bpf__destroy(t->late[h]);
	t->late[h] = NULL;
}

static void find_anew(struct tracer *t, int h)
{
	struct btf *btf = btf__load_vmlinux_btf();

	t->facts.has_function[h] = false;
	t->facts.nargs[h] = 0;
	t->facts.fexit[h] = (struct kernel_trial){};
	ksyms_find(&t->facts.ksyms);
	if (btf)
		kernel_find_modules(&t->facts, btf);
	btf__free(btf);
}

static void module_came(struct tracer *t, int h)
{
	const struct attach_hook *hook = &attach_hooks[h];
	struct attach_plan plan;
	enum fc_backend b;
	int err;

	find_anew(t, h);
	attach_plan(&plan, &t->facts, t->options.backend, t->refusals);
	b = plan.hook[h].backend;
	if (!hook->program[b])
		return; /* the function is elsewhere now, or nothing can be attached to it */
	let_go(t, h);
	t->late[h] = tracer_object();
	err = t->late[h] ? load_late(t, h, b, t->late[h]) : -errno;
	if (err < 0) {
		log_warn("the module %s was loaded, and %s cannot be attached to: %s; restart "
			 "failcnt to try again",
			 attach_module(h), hook->name, strerror(-err));
		let_go(t, h);
		return;
	}
	t->plan.hook[h] = plan.hook[h];
	log_info("the module %s was loaded: %s is attached (%s)", attach_module(h), hook->name,
		 hook->sees);
}

bool tracer_modules_record(struct tracer *t, const void *data, size_t size)
{
	const struct fc_module *m = data;
	char name[sizeof(m->name)];

	if (size < sizeof(m->h) || m->h.type != FC_TYPE_MODULE)
		return false;
	if (size < sizeof(*m) || m->h.size != sizeof(*m))
		return true;
	util_strlcpy(name, m->name, sizeof(name));
	for (int h = 0; h < FC_HOOKS; h++)
		if (waits(t, h) && attach_module(h) && util_streq(attach_module(h), name))
			module_came(t, h);
	return true;
}

void tracer_modules_close(struct tracer *t)
{
	bpf_link__destroy(t->modules);
	t->modules = NULL;
	for (int h = 0; h < FC_HOOKS; h++)
		failcnt_bpf__destroy(t->late[h]);
	memset(t->late, 0, sizeof(t->late));
}
