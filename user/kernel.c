// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel.c - what this kernel allows, found by trying it.
 *
 * Each mechanism is tried once with a program of two instructions, "return 0",
 * first at load, then at attach. The trial targets are functions that hardly
 * ever run, so that the trial costs nobody anything.
 */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "attach.h"

#define TRIAL_FUNCTION "oom_kill_process"
#define TRIAL_TRACEPOINT "mark_victim"

/* r0 = 0; exit */
static const struct bpf_insn return_0[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	{.code = BPF_JMP | BPF_EXIT},
};

const char *kernel_mechanism_name(enum kernel_mechanism m)
{
	static const char *const names[KERNEL_MECHANISMS] = {
		[KERNEL_BPF] = "BPF",
		[KERNEL_FEXIT] = "fexit",
		[KERNEL_KPROBE] = "kprobe",
		[KERNEL_RAW_TP] = "raw tracepoint",
		[KERNEL_TRACEPOINT] = "classic tracepoint",
	};

	return names[m];
}

static int load_tiny(enum bpf_prog_type type, enum bpf_attach_type expected, int btf_id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = expected,
		    .attach_btf_id = btf_id);

	return bpf_prog_load(type, "failcnt_trial", "GPL", return_0, ARRAY_SIZE(return_0), &opts);
}

static struct kernel_trial trial(enum kernel_stage stage, int error)
{
	struct kernel_trial t = {.stage = error < 0 ? stage : KERNEL_WORKS,
				 .error = error < 0 ? error : 0};

	return t;
}

static struct kernel_trial try_bpf(void)
{
	_cleanup_close_ int map =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "failcnt_trial", 0, 0, 4096, NULL);

	return trial(KERNEL_AT_LOAD, map < 0 ? -errno : 0);
}

static struct kernel_trial try_fexit(const struct btf *btf)
{
	_cleanup_close_ int prog = -1, link = -1;
	int id;

	if (!btf)
		return trial(KERNEL_AT_LOAD, -ENOENT);
	id = btf__find_by_name_kind(btf, TRIAL_FUNCTION, BTF_KIND_FUNC);
	if (id < 0)
		return trial(KERNEL_AT_LOAD, id);
	prog = load_tiny(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, id);
	if (prog < 0)
		return trial(KERNEL_AT_LOAD, -errno);
	link = bpf_raw_tracepoint_open(NULL, prog);
	return trial(KERNEL_AT_ATTACH, link < 0 ? -errno : 0);
}

static int read_number(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	int n;

	if (!f)
		return -errno;
	return fscanf(f, "%d", &n) == 1 ? n : -EIO;
}

static struct kernel_trial try_kprobe(void)
{
	struct perf_event_attr attr = {.size = sizeof(attr), .config1 = (uintptr_t)TRIAL_FUNCTION};
	_cleanup_close_ int prog = -1, perf = -1;
	int type;

	prog = load_tiny(BPF_PROG_TYPE_KPROBE, 0, 0);
	if (prog < 0)
		return trial(KERNEL_AT_LOAD, -errno);
	type = read_number("/sys/bus/event_source/devices/kprobe/type");
	if (type < 0)
		return trial(KERNEL_AT_ATTACH, type);
	attr.type = type;
	perf = syscall(__NR_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (perf < 0 || ioctl(perf, PERF_EVENT_IOC_SET_BPF, prog) < 0)
		return trial(KERNEL_AT_ATTACH, -errno);
	return trial(KERNEL_WORKS, 0);
}

static struct kernel_trial try_raw_tp(void)
{
	_cleanup_close_ int prog = -1, link = -1;

	prog = load_tiny(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0);
	if (prog < 0)
		return trial(KERNEL_AT_LOAD, -errno);
	link = bpf_raw_tracepoint_open(TRIAL_TRACEPOINT, prog);
	return trial(KERNEL_AT_ATTACH, link < 0 ? -errno : 0);
}

/* Without tracefs there are no classic tracepoints: their numbers stand there. */
static struct kernel_trial try_tracepoint(void)
{
	_cleanup_close_ int prog = load_tiny(BPF_PROG_TYPE_TRACEPOINT, 0, 0);
	int id;

	if (prog < 0)
		return trial(KERNEL_AT_LOAD, -errno);
	id = read_number("/sys/kernel/tracing/events/raw_syscalls/sys_exit/id");
	if (id < 0)
		id = read_number("/sys/kernel/debug/tracing/events/raw_syscalls/sys_exit/id");
	return trial(KERNEL_AT_ATTACH, id < 0 ? id : 0);
}

/* typedef void (*btf_trace_mark_victim)(void *, struct task_struct *, uid_t), or (void *, int):
 * backported to stable kernels, so only the type tells. */
static bool mark_victim_has_task(const struct btf *btf)
{
	const struct btf_type *t;
	int id = btf__find_by_name_kind(btf, "btf_trace_mark_victim", BTF_KIND_TYPEDEF);

	t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	t = t ? btf__type_by_id(btf, t->type) : NULL;
	if (!t || !btf_is_ptr(t))
		return false;
	t = btf__type_by_id(btf, t->type);
	if (!t || !btf_is_func_proto(t) || btf_vlen(t) < 2)
		return false;
	t = btf__type_by_id(btf, btf_params(t)[1].type);
	return t && btf_is_ptr(t);
}

static bool has_capability(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {};
	uint64_t have;

	if (syscall(__NR_capget, &h, d) < 0)
		return geteuid() == 0;
	have = (uint64_t)d[1].effective << 32 | d[0].effective;
	if (have & 1ULL << CAP_SYS_ADMIN)
		return true;
	return have & 1ULL << CAP_BPF && have & 1ULL << CAP_PERFMON;
}

/* /proc/self/cgroup has a line "N:...memory...:PATH" where memory is on a v1 hierarchy. */
static bool memory_is_v1(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/cgroup", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		char *list = strchr(line, ':'), *end = list ? strchr(list + 1, ':') : NULL;

		if (!end)
			continue;
		*end = '\0';
		for (char *save, *c = strtok_r(list + 1, ",", &save); c;
		     c = strtok_r(NULL, ",", &save))
			if (util_streq(c, "memory"))
				return true;
	}
	return false;
}

/* A function of type bool: in a register of which only the lowest byte counts. */
static bool returns_bool(const struct btf *btf, const char *function)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	t = t ? btf__type_by_id(btf, t->type) : NULL;
	id = t ? btf__resolve_type(btf, t->type) : -1;
	t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	return t && btf_is_int(t) && btf_int_encoding(t) & BTF_INT_BOOL;
}

/*
 * More arguments than fit into registers, or a structure among them: kernels before 6.6 and 6.0
 * make no trampoline for such a function. Found out here and not at the load of everything, which
 * would have to begin anew for each.
 */
#define REGISTER_ARGS 6

static bool is_unusual(const struct btf *btf, const struct btf_type *proto)
{
	const struct btf_param *p = btf_params(proto);

	for (int i = 0; i < btf_vlen(proto); i++) {
		int id = btf__resolve_type(btf, p[i].type);

		if (id > 0 && btf_is_composite(btf__type_by_id(btf, id)))
			return true;
	}
	return btf_vlen(proto) > REGISTER_ARGS;
}

static struct kernel_trial try_trampoline(int id)
{
	_cleanup_close_ int prog = load_tiny(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, id);
	_cleanup_close_ int link = -1;

	if (prog < 0)
		return trial(KERNEL_AT_LOAD, -errno);
	link = bpf_raw_tracepoint_open(NULL, prog);
	return trial(KERNEL_AT_ATTACH, link < 0 ? -errno : 0);
}

static void try_unusual(struct kernel_facts *facts, const struct btf *btf, const char *name, int id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	if (facts->trial[KERNEL_FEXIT].stage != KERNEL_WORKS ||
	    !is_unusual(btf, btf__type_by_id(btf, t->type)))
		return;
	for (int h = 0; h < FC_HOOKS; h++)
		if (attach_hooks[h].function && util_streq(name, attach_hooks[h].function))
			facts->fexit[h] = try_trampoline(id);
}

/* Their names begin with a few pairs of letters, and a kernel has 60,000 functions. */
static bool may_be_hook(const char *name)
{
	static uint64_t pairs[256][4];
	static bool filled;
	const uint8_t *f = (const uint8_t *)name;

	for (int h = 0; h < FC_HOOKS && !filled; h++) {
		const uint8_t *g = (const uint8_t *)attach_hooks[h].function;

		if (g)
			pairs[g[0]][g[1] >> 6] |= 1ULL << (g[1] & 63);
	}
	filled = true;
	return f[0] && pairs[f[0]][f[1] >> 6] >> (f[1] & 63) & 1;
}

static bool note_function(struct kernel_facts *facts, const char *name, uint8_t nargs)
{
	bool noted = false;

	for (int h = 0; h < FC_HOOKS && may_be_hook(name); h++) {
		if (!attach_hooks[h].function || !util_streq(name, attach_hooks[h].function))
			continue;
		facts->has_function[h] = noted = true;
		facts->nargs[h] = nargs;
	}
	return noted;
}

/* Without BTF, and for what is in modules, the symbol table tells whether a function exists. */
static void find_symbols(struct kernel_facts *facts)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	char type, name[256];

	while (f && fscanf(f, "%*s %c %255s%*[^\n]", &type, name) == 2)
		if (strchr("tTwW", type))
			note_function(facts, name, 0);
}

/* enum { ___GFP_DMA_BIT, ... }: without a name, known by its first enumerator */
static void find_gfp(struct kernel_facts *facts, const struct btf *btf, const struct btf_type *t)
{
	const struct btf_enum *v = btf_enum(t);

	if (!btf_vlen(t) || !util_streq(btf__name_by_offset(btf, v[0].name_off), "___GFP_DMA_BIT"))
		return;
	for (int i = 0; i < btf_vlen(t); i++)
		gfp_enumerator(&facts->gfp, btf__name_by_offset(btf, v[i].name_off),
			       (uint32_t)v[i].val);
}

/* One pass over all types: a search for each function would be fifty. */
static void find_functions(struct kernel_facts *facts, const struct btf *btf)
{
	uint32_t n = btf__type_cnt(btf);

	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		const char *name;

		if (btf_is_enum(t) && !t->name_off)
			find_gfp(facts, btf, t);
		if (!btf_is_func(t))
			continue;
		name = btf__name_by_offset(btf, t->name_off);
		if (note_function(facts, name, btf_vlen(btf__type_by_id(btf, t->type))))
			try_unusual(facts, btf, name, id);
	}
}

/* Known before the load of everything, which would have to begin anew. */
static void find_tracepoints(struct kernel_facts *facts, const struct btf *btf)
{
	if (btf__find_by_name_kind(btf, "btf_trace_exit_mmap", BTF_KIND_TYPEDEF) <= 0)
		facts->no_tracepoint[FC_HOOK_OOM_FREED] = "this kernel has no tracepoint exit_mmap";
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_loop, NULL) != 1)
		facts->no_tracepoint[FC_HOOK_OOM_EVALUATE] =
			"this kernel has no bpf_loop to go over all tasks with";
}

void kernel_probe(struct kernel_facts *ret)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* what is refused here is no error */
	struct btf *btf = btf__load_vmlinux_btf();

	memset(ret, 0, sizeof(*ret));
	if (!btf)
		ret->btf_error = -errno;
	ret->has_capability = has_capability();
	ret->may_preempt = kernel_may_preempt();
	ret->memory_is_v1 = memory_is_v1();
	ret->trial[KERNEL_BPF] = try_bpf();
	ret->trial[KERNEL_FEXIT] = try_fexit(btf);
	ret->trial[KERNEL_KPROBE] = try_kprobe();
	ret->trial[KERNEL_RAW_TP] = try_raw_tp();
	ret->trial[KERNEL_TRACEPOINT] = try_tracepoint();
	if (btf) {
		find_functions(ret, btf);
		find_tracepoints(ret, btf);
		kernel_find_modules(ret, btf);
		ret->hugetlb_reserve_is_bool = returns_bool(btf, "hugetlb_reserve_pages");
		ret->mark_victim_has_task = mark_victim_has_task(btf);
	} else {
		find_symbols(ret);
	}
	ksyms_find(&ret->ksyms);
	btf__free(btf);
	libbpf_set_print(print);
}
