// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_modules.c - functions of hooks that are in modules: which of them are here now.
 *
 * A module's BTF tells, with their arguments. The symbol table is read only for what has none: that
 * is a twentieth of a start.
 */
#include <bpf/btf.h>
#include <linux/bpf.h>

#include "attach.h"
#include "kernel.h"

static void note(struct kernel_facts *facts, const char *function, uint8_t nargs)
{
	for (int h = 0; h < FC_HOOKS; h++) {
		if (!attach_hooks[h].function || !util_streq(function, attach_hooks[h].function))
			continue;
		facts->has_function[h] = true;
		facts->nargs[h] = nargs;
	}
}

/* Its number of arguments; -errno: the module's BTF does not have it, or there is none. */
static int arguments(const char *module, const char *function, struct btf *vmlinux)
{
	struct btf *btf = btf__load_module_btf(module, vmlinux);
	int ret = -ENOENT;

	for (uint32_t id = btf__type_cnt(vmlinux); btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!btf_is_func(t) || !util_streq(btf__name_by_offset(btf, t->name_off), function))
			continue;
		ret = btf_vlen(btf__type_by_id(btf, t->type));
		break;
	}
	btf__free(btf);
	return ret;
}

static void ask_btf(struct kernel_facts *facts, struct btf *vmlinux)
{
	for (int h = 0; h < FC_HOOKS; h++) {
		const char *function = attach_hooks[h].function;
		int n;

		if (!attach_hooks[h].module || !function || facts->has_function[h])
			continue;
		n = arguments(attach_module(h), function, vmlinux);
		if (n >= 0)
			note(facts, function, n);
	}
}

/* Lines of /proc/modules begin with the name and a blank. */
static bool function_missing(const struct kernel_facts *facts)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/modules", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, " ")] = '\0';
		for (int h = 0; h < FC_HOOKS; h++)
			if (attach_hooks[h].module && !facts->has_function[h] &&
			    util_streq(line, attach_module(h)))
				return true;
	}
	return false;
}

/* What is in a module stands there as "address t name [module]". */
static void ask_symbols(struct kernel_facts *facts)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], name[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strchr(line, '[') || sscanf(line, "%*s %*[tTwW] %255s [", name) != 1)
			continue;
		for (int h = 0; h < FC_HOOKS; h++) {
			if (!attach_hooks[h].module || facts->has_function[h] ||
			    !util_streq(name, attach_hooks[h].function))
				continue;
			note(facts, name, 0);
			/* fexit finds it in BTF and nowhere else */
			facts->fexit[h] =
				(struct kernel_trial){.stage = KERNEL_AT_LOAD, .error = -ESRCH};
		}
	}
}

void kernel_find_modules(struct kernel_facts *facts, struct btf *vmlinux)
{
	ask_btf(facts, vmlinux);
	if (function_missing(facts))
		ask_symbols(facts);
}
