// SPDX-License-Identifier: GPL-2.0-only
/*
 * oom_domain.c - what would run out, and how large it is: the host's memory
 * and swap, or the limit of a cgroup (mem_cgroup_get_max() in mm/memcontrol.c);
 * and the switches that change what happens then.
 */
#include <limits.h>

#include "oom_rank_priv.h"
#include "parse.h"

static int read_cgroup(const struct counters *c, bool v1, const char *path, const char *file,
		       int (*parse)(struct parse_text, uint64_t *), uint64_t *ret)
{
	char full[PATH_MAX + 256], text[256];
	_cleanup_fclose_ FILE *f = NULL;
	size_t n;
	int r;

	r = counters_cgroup_path(c, v1 ? COUNTER_CGROUP1 : COUNTER_CGROUP2, "memory", path, file,
				 full, sizeof(full));
	if (r < 0)
		return r;
	f = fopen(full, "re");
	if (!f)
		return -errno;
	n = fread(text, 1, sizeof(text), f);
	return parse((struct parse_text){text, n}, ret);
}

static int kill_disable(struct parse_text t, uint64_t *ret)
{
	return parse_keyed(t, "oom_kill_disable", ret);
}

static bool sysctl(struct counters *c, const char *path, uint64_t *ret)
{
	_cleanup_free_ char *s = NULL;
	size_t n;

	return counters_slurp(c, path, &s, &n) == 0 &&
	       parse_value((struct parse_text){s, n}, ret) == 0;
}

/* constrained_alloc(): all memory and all swap. */
static int host_pages(struct counters *c, uint64_t page, uint64_t *ret_pages, uint64_t *ret_swap)
{
	_cleanup_free_ char *s = NULL;
	uint64_t memory = 0, swap = 0;
	size_t n;
	int r = counters_slurp(c, "proc/meminfo", &s, &n);

	if (!r)
		r = parse_colon((struct parse_text){s, n}, "MemTotal:", &memory);
	if (!r && parse_colon((struct parse_text){s, n}, "SwapTotal:", &swap) < 0)
		swap = 0;
	if (r < 0)
		return r;
	*ret_pages = (memory + swap) / page;
	*ret_swap = swap / page;
	return 0;
}

/* The pages that this cgroup may have; false: it has no limit of its own. */
static bool limit_pages(struct oom_rank *r, struct counters *c, const char *path, uint64_t swap,
			uint64_t *ret)
{
	uint64_t max = 0, more = COUNTER_UNLIMITED, swappiness = 1;

	if (read_cgroup(c, r->v1, path, r->v1 ? "memory.limit_in_bytes" : "memory.max",
			parse_value_limit, &max) < 0 ||
	    max == COUNTER_UNLIMITED)
		return false;
	max /= r->page_size;
	if (r->v1 && read_cgroup(c, true, path, "memory.swappiness", parse_value, &swappiness) < 0)
		swappiness = 1;
	else if (!r->v1)
		sysctl(c, "proc/sys/vm/swappiness", &swappiness);
	if (!swappiness)
		swap = 0;
	read_cgroup(c, r->v1, path, r->v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max",
		    parse_value_limit, &more);
	if (more != COUNTER_UNLIMITED) {
		more /= r->page_size;
		if (r->v1)
			more = more > max ? more - max : 0;
		if (more < swap)
			swap = more;
	}
	*ret = max + swap;
	return true;
}

/* PATH, or the nearest above it that has a limit; at the root the host's memory is the limit. */
static int find_domain(struct oom_rank *r, struct counters *c, uint64_t swap)
{
	_cleanup_free_ char *path = strdup(r->asked);

	if (!path)
		return -ENOMEM;
	while (path[1]) {
		uint64_t off = 0;
		char *slash;

		if (limit_pages(r, c, path, swap, &r->total_pages)) {
			if (r->v1 && read_cgroup(c, true, path, "memory.oom_control", kill_disable,
						 &off) < 0)
				off = 0;
			r->kill_disabled = off != 0;
			r->domain = TAKE_PTR(path);
			return 0;
		}
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
	}
	return 0;
}

static bool exists(struct counters *c, bool v1, const char *path)
{
	char full[PATH_MAX + 256];

	return counters_cgroup_path(c, v1 ? COUNTER_CGROUP1 : COUNTER_CGROUP2, "memory", path, NULL,
				    full, sizeof(full)) == 0 &&
	       access(full, F_OK) == 0;
}

int oom_rank_domain(struct oom_rank *r, struct counters *c, const char *owner)
{
	const char *path = owner ? util_after(owner, "cgroup:") : NULL;
	uint64_t swap = 0, v;
	size_t n;
	int err;

	if (owner && !path && !util_streq(owner, "host"))
		return -EINVAL;
	r->v1 = exists(c, true, "/");
	r->panic_on_oom = sysctl(c, "proc/sys/vm/panic_on_oom", &v) && v <= 2 ? (int)v : -1;
	r->kill_allocating = sysctl(c, "proc/sys/vm/oom_kill_allocating_task", &v) && v;
	err = host_pages(c, r->page_size, &r->total_pages, &swap);
	if (err < 0 || !path)
		return err;
	if (path[0] != '/')
		return -EINVAL;
	if (!exists(c, r->v1, path))
		return -ENOENT;
	r->asked = strdup(path);
	if (!r->asked)
		return -ENOMEM;
	n = strlen(r->asked);
	if (n > 1 && r->asked[n - 1] == '/')
		r->asked[n - 1] = '\0';
	return find_domain(r, c, swap);
}

/* mem_cgroup_get_oom_group(): the highest with oom.group on the way from the victim to the limit.
 */
void oom_rank_group(struct oom_rank *r, struct counters *c)
{
	_cleanup_free_ char *path = NULL;

	if (r->v1 || !oom_rank_eligible(r) || !r->c[0].cgroup)
		return;
	path = strdup(r->c[0].cgroup);
	while (path && path[0] == '/' && path[1]) {
		uint64_t on = 0;
		bool last = r->domain && util_streq(path, r->domain);
		char *slash;

		if (read_cgroup(c, false, path, "memory.oom.group", parse_value, &on) == 0 && on) {
			free(r->group);
			r->group = strdup(path);
		}
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
		if (last)
			break;
	}
}
