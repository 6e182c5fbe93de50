/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_oom_fix.c - remedies where memory is full. How the limit of a
 * control group is raised: explain_cgroup.c.
 */
#include "explain_priv.h"

#define MIB (1ULL << 20)

/* Half as much again, at least 64 MiB more, in whole MiB. */
static uint64_t more_memory(const struct event *e)
{
	uint64_t limit = (uint64_t)event_num(e, FIELD_LIMIT);
	uint64_t more = limit / 2 > 64 * MIB ? limit / 2 : 64 * MIB;

	return (limit + more + MIB - 1) / MIB;
}

static bool fix_container(struct explain *x, const struct identity *id, unsigned long long mib)
{
	const struct event *e = x->e;
	const char *runtime = id->runtime ? id->runtime : "";
	uint64_t limit = (uint64_t)event_num(e, FIELD_LIMIT) / MIB, memsw = x->facts->memsw;

	if (id->pod_uid[0]) {
		fix_line(x,
			 "# raise resources.limits.memory of the container in the pod with the uid "
			 "%s to %lluMi or more",
			 id->pod_uid, mib);
		return true;
	}
	if (util_streq(runtime, "openvz")) {
		fix_line(x, "vzctl set %s --ram %lluM --save", id->container, mib);
		return true;
	}
	if (!util_streq(runtime, "docker") && !util_streq(runtime, "podman"))
		return false;
	if (memsw == UINT64_MAX) {
		fix_line(x, "%s update --memory %lluM --memory-swap -1 %s", runtime, mib,
			 id->container);
		return true;
	}
	/* The swap on top stays what it is; unknown, it is as much as the memory, which is what
	 * these runtimes give by themselves. */
	memsw = memsw / MIB > limit ? mib + memsw / MIB - limit : memsw ? mib : 2 * mib;
	fix_line(x, "%s update --memory %lluM --memory-swap %lluM %s", runtime, mib,
		 (unsigned long long)memsw, id->container);
	return true;
}

static bool is_v1(const struct explain *x)
{
	const char *name = event_text(x->e, FIELD_LIMIT_NAME);

	return x->facts->memory_is_v1 || util_after(name, "memory.limit_in") ||
	       util_after(name, "memory.memsw");
}

/* Is there a limit of memory and swap together? systemd sets none, and knows none to raise. */
static bool has_sum(const struct explain *x)
{
	uint64_t memsw = x->facts->memsw;

	return is_v1(x) && (util_after(event_text(x->e, FIELD_LIMIT_NAME), "memory.memsw") ||
			    (memsw && memsw != UINT64_MAX));
}

static void fix_file(struct explain *x, const char *memcg, unsigned long long mib)
{
	bool v1 = is_v1(x);
	unsigned long long limit = (unsigned long long)event_num(x->e, FIELD_LIMIT), sum;
	const char *mount = x->facts->memory_mount;
	const char *file = util_streq(memcg, "/") ? "" : memcg;
	bool sum_only;
	char path[1024], quoted[QUOTED_MAX];

	if (!mount)
		mount = v1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
	if ((size_t)snprintf(path, sizeof(path), "%s%s", mount, file) >= sizeof(path) ||
	    strstr(path, "/../") || !shell_quote(quoted, path)) {
		fix_line(x, "# raise the memory limit of this control group to %llu MiB", mib);
		return;
	}
	if (!v1) {
		fix_line(x, "echo %lluM > %s/memory.max", mib, quoted);
		return;
	}
	sum_only = util_after(event_text(x->e, FIELD_LIMIT_NAME), "memory.memsw");
	/* memsw may never be below memory, and bounds it: it goes up first, if it is there. It may
	 * be as full as memory is: the swap on top stays what it is. */
	sum = mib;
	if (!sum_only && x->facts->memsw > limit && x->facts->memsw != UINT64_MAX)
		sum += (x->facts->memsw - limit + MIB - 1) / MIB;
	fix_line(x,
		 "m=%s; s=$m/memory.memsw.limit_in_bytes; [ ! -e \"$s\" ] || "
		 "[ \"$(cat \"$s\")\" -ge %llu ] || echo %lluM > \"$s\"",
		 quoted, sum * MIB, sum);
	if (!sum_only)
		fix_line(x, "echo %lluM > \"$m\"/memory.limit_in_bytes", mib);
	else /* where memory alone has the same limit, it is full as well */
		fix_line(x,
			 "l=$m/memory.limit_in_bytes; [ \"$(cat \"$l\")\" -lt %llu ] || "
			 "echo %lluM > \"$l\"",
			 limit, mib);
}

void fix_memcg(struct explain *x)
{
	const struct event *e = x->e;
	enum field field = e->kind == EVENT_KILLED ? FIELD_MEMCG : FIELD_LIMIT_CGROUP;
	const char *memcg = event_text(e, field);
	unsigned long long mib = more_memory(e);
	char unit[256], quoted[QUOTED_MAX];
	struct identity id;
	bool cut = e->cut[field / 64] >> field % 64 & 1, is_unit;

	if (memcg[0] != '/' || cut || !event_has(e, FIELD_LIMIT)) {
		fix_line(x, "# raise the memory limit of the control group, or make the program "
			    "need less");
		return;
	}
	identity_cgroup(memcg, &id);
	if (cgroup_is_container(memcg, &id) && fix_container(x, &id, mib))
		return;
	if (id.pod_uid[0]) {
		fix_line(x, "# raise resources.limits.memory in the pod with the uid %s",
			 id.pod_uid);
		return;
	}
	is_unit = cgroup_unit(memcg, unit, sizeof(unit)) && shell_quote(quoted, unit);
	if (!is_unit || has_sum(x))
		fix_file(x, memcg, mib);
	if (is_unit)
		fix_line(x, "systemctl set-property %s MemoryMax=%lluM", quoted, mib);
}

void fix_global(struct explain *x)
{
	char quoted[QUOTED_MAX];

	fix_line(x, "# add memory or swap, or limit who grew");
	if (own_service(x) && shell_quote(quoted, x->id.unit))
		fix_line(x, "# for this one: systemctl set-property %s MemoryMax=...", quoted);
}

/* What the manuals of the usual victims say. */
void fix_manual(struct explain *x)
{
	const char *comm = event_text(x->e, FIELD_COMM);
	char dir[sizeof(x->id.unit) + 32], conf[QUOTED_MAX];

	if (util_streq(comm, "postgres") || util_streq(comm, "postmaster")) {
		snprintf(dir, sizeof(dir), "/etc/systemd/system/%s.d", x->id.unit);
		if (own_service(x) && shell_quote(conf, dir))
			fix_line(x,
				 "mkdir -p %s && printf '[Service]\\nOOMScoreAdjust=-1000\\n"
				 "Environment=PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj\\n"
				 "Environment=PG_OOM_ADJUST_VALUE=0\\n' > %s/oom.conf && "
				 "systemctl daemon-reload  # from the next start: the parent is "
				 "safe, "
				 "its children are not",
				 conf, conf);
		else
			fix_line(x, "# PostgreSQL's manual: start the parent with oom_score_adj "
				    "-1000, PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj and "
				    "PG_OOM_ADJUST_VALUE=0, so that only a child is killed");
		if (!event_has(x->e, FIELD_MEMCG))
			fix_line(x, "# PostgreSQL's manual, for a machine of its own: sysctl -w "
				    "vm.overcommit_memory=2, with vm.overcommit_ratio to fit");
	} else if (util_streq(comm, "mysqld") || util_streq(comm, "mariadbd")) {
		fix_line(x, "# or make it need less: innodb_buffer_pool_size and max_connections");
	} else if (util_streq(comm, "redis-server")) {
		fix_line(x, "# or make it need less: maxmemory and maxmemory-policy; Redis' manual "
			    "wants "
			    "vm.overcommit_memory=1");
	}
}
