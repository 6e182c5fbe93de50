// SPDX-License-Identifier: GPL-2.0-only
/*
 * start.c - from the options to a running tracer.
 */
#include "start.h"

#include <fcntl.h>
#include <unistd.h>

#include "catalogue.h"
#include "log.h"
#include "obstacle.h"

static uint64_t read_sysctl(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	unsigned long long n = 0;

	return f && fscanf(f, "%llu", &n) == 1 ? n : 0;
}

static void set_hints(struct tracer *t)
{
	static const char *const paths[FC_HINTS] = {
#define HINT(name, path) [FC_HINT_##name] = "/proc/sys/" path,
#include "../bpf/hints.def"
#undef HINT
	};

	for (int h = 0; h < FC_HINTS; h++)
		tracer_set_hint(t, h, read_sysctl(paths[h]));
}

static void fill_options(struct tracer_options *t, const struct options *o)
{
	t->backend = o->backend;
	t->pid = o->has_pid ? o->pid : 0;
	t->uid = o->uid;
	t->has_uid = o->has_uid;
	t->tree = (uint32_t)o->tree;
	t->tree_ns = o->tree_ns;
	t->tree_since = o->tree_since;
	for (unsigned int i = 0; i < o->n_resources; i++)
		t->want[catalogue_by_id(o->resources[i])] = true;
	if (o->kills && o->n_resources == 0)
		t->want[FC_MEMORY] = true; /* refusals need not even be counted */
}

/* Asked for, and out of sight. */
static void warn_unseen(const struct options *o)
{
	for (unsigned int i = 0; i < o->n_resources; i++)
		if (!attach_events_see(catalogue_by_id(o->resources[i])))
			log_warn("--backend=events does not see %s: no counter and no line of the "
				 "kernel log tells of it; leave --backend=auto to choose",
				 o->resources[i]);
}

void start_stay_alive(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "-1000", 5) != 5)
		log_debug("the OOM killer may choose this process: %s (exempt with "
			  "CAP_SYS_RESOURCE, or OOMScoreAdjust=-1000 in its unit)",
			  strerror(errno));
}

int start_tracer(struct tracer **ret, const struct options *o)
{
	struct tracer_options t = {};
	struct kernel_facts facts;
	char why[OBSTACLE_TEXT];
	int err;

	kernel_probe(&facts);
	if (obstacle(&facts, o->backend, why, sizeof(why))) {
		log_error("%s", why);
		return -EPERM;
	}
	fill_options(&t, o);
	if (o->backend == OPT_EVENTS)
		warn_unseen(o);
	err = tracer_open(ret, &facts, &t);
	if (err < 0) {
		log_error("no hook could be attached (%s): failcnt doctor tells what this kernel "
			  "refuses",
			  strerror(-err));
		return err;
	}
	tracer_set_hints(*ret, read_sysctl("/proc/sys/fs/nr_open"),
			 read_sysctl("/proc/sys/fs/file-max"));
	tracer_memory_hints(*ret);
	tracer_set_task_hints(*ret, read_sysctl("/proc/sys/kernel/threads-max"),
			      read_sysctl("/proc/sys/kernel/pid_max"));
	set_hints(*ret);
	return 0;
}
