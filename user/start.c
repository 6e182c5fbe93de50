// SPDX-License-Identifier: GPL-2.0-only
/*
 * start.c - from the options to a running tracer.
 */
#include "start.h"

#include <unistd.h>

#include "catalogue.h"
#include "log.h"

static const enum kernel_mechanism needed[] = {
	[OPT_AUTO] = KERNEL_BPF,
	[OPT_FEXIT] = KERNEL_FEXIT,
	[OPT_KPROBE] = KERNEL_KPROBE,
	[OPT_TRACEPOINT] = KERNEL_RAW_TP,
};

const char *start_obstacle(const struct kernel_facts *facts, enum opt_backend wanted)
{
	static char text[256];
	const struct kernel_trial *t = &facts->trial[KERNEL_BPF];

	if (t->error == -ENOSYS || t->error == -EINVAL)
		return "this kernel has no BPF ring buffer (Linux 5.8 or later is needed); boot a newer kernel, or "
		       "go on with counters";
	if (!facts->has_capability)
		return "no permission to load BPF programs: run it as root (sudo failcnt), or with CAP_BPF and "
		       "CAP_PERFMON";
	if (t->stage != KERNEL_WORKS) {
		snprintf(text, sizeof(text),
			 "the kernel refuses BPF to this process (%s): a container needs CAP_BPF and CAP_PERFMON and "
			 "no seccomp filter on bpf(2)",
			 strerror(-t->error));
		return text;
	}
	if (facts->btf_error)
		return "this kernel has no BTF (/sys/kernel/btf/vmlinux): boot one built with "
		       "CONFIG_DEBUG_INFO_BTF=y, as every Debian kernel since 5.10 is";
	t = &facts->trial[needed[wanted]];
	if (wanted != OPT_AUTO && t->stage != KERNEL_WORKS) {
		snprintf(text, sizeof(text), "this kernel refuses %s at %s (%s): leave --backend=auto to choose",
			 kernel_mechanism_name(needed[wanted]),
			 t->stage == KERNEL_AT_LOAD ? "load" : "attach", strerror(-t->error));
		return text;
	}
	return NULL;
}

static uint64_t read_sysctl(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	unsigned long long n = 0;

	return f && fscanf(f, "%llu", &n) == 1 ? n : 0;
}

static void fill_options(struct tracer_options *t, const struct options *o)
{
	t->backend = o->backend;
	t->pid = o->has_pid ? o->pid : 0;
	t->uid = o->uid;
	t->has_uid = o->has_uid;
	for (unsigned int i = 0; i < o->n_resources; i++)
		t->want[catalogue_by_id(o->resources[i])] = true;
	if (o->kills && o->n_resources == 0)
		t->want[FC_MEMORY] = true; /* refusals need not even be counted */
}

int start_tracer(struct tracer **ret, const struct options *o)
{
	struct tracer_options t = {};
	struct kernel_facts facts;
	const char *obstacle;
	int err;

	kernel_probe(&facts);
	obstacle = start_obstacle(&facts, o->backend);
	if (obstacle) {
		log_error("%s", obstacle);
		return -EPERM;
	}
	fill_options(&t, o);
	err = tracer_open(ret, &facts, &t);
	if (err < 0) {
		log_error("no hook could be attached (%s): failcnt doctor tells what this kernel refuses",
			  strerror(-err));
		return err;
	}
	tracer_set_hints(*ret, read_sysctl("/proc/sys/fs/nr_open"), read_sysctl("/proc/sys/fs/file-max"));
	return 0;
}
