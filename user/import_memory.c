// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_memory.c - the state of memory in a report of the OOM killer: what
 * show_mem() prints of the host (mm/show_mem.c, before mm/page_alloc.c) and
 * mem_cgroup_print_oom_meminfo() of a control group (mm/memcontrol.c). Pure.
 *
 * Only sums over the host are taken; those of a node or zone begin with its name.
 */
#include <ctype.h>

#include "import_priv.h"

#define UNLIMITED_KIB 9007199254740000ULL /* PAGE_COUNTER_MAX, whatever the size of a page */

int64_t import_number(const char *s, const char *key)
{
	const char *at = strstr(s, key);
	char *end;
	long long v;

	if (!at)
		return -1;
	at += strlen(key);
	at += strspn(at, " ");
	if (!isdigit((unsigned char)*at))
		return -1;
	errno = 0;
	v = strtoll(at, &end, 10);
	return errno ? -1 : v;
}

/* "memory: usage 524288kB, limit 524288kB, failcnt 1293" */
static bool usage(struct import_usage *u, const char *s)
{
	int64_t used = import_number(s, "usage "), limit = import_number(s, "limit "),
		failcnt = import_number(s, "failcnt ");

	if (used < 0 || limit < 0 || used > INT64_MAX / 1024)
		return false;
	u->has = true;
	u->usage = (uint64_t)used * 1024;
	u->limit = (uint64_t)limit >= UNLIMITED_KIB ? UINT64_MAX : (uint64_t)limit * 1024;
	u->failcnt = failcnt < 0 ? 0 : (uint64_t)failcnt;
	return true;
}

bool import_usage_line(struct import_oom *oom, const char *s)
{
	if (util_after(s, "memory: usage "))
		return usage(&oom->memory, s);
	if (util_after(s, "memory+swap: usage ") || util_after(s, "kmem: usage "))
		oom->is_v1 = true;
	if (util_after(s, "memory+swap: usage "))
		return usage(&oom->memsw, s);
	if (util_after(s, "swap: usage "))
		return usage(&oom->swap, s);
	return util_after(s, "kmem: usage ") != NULL;
}

/* Adds what stands behind each of the keys, which end with ':'; *ret stays where none is there. */
static bool add(const char *s, const char *a, const char *b, int64_t *ret)
{
	int64_t first = import_number(s, a), second = b ? import_number(s, b) : -1;

	if (first < 0)
		return false;
	*ret = first + (second > 0 ? second : 0);
	return true;
}

static bool swap_line(struct import_memory *m, const char *s)
{
	int64_t v = -1;

	if (util_after(s, "Free swap")) {
		v = import_number(s, strchr(s, '=') ? "=" : ":");
		m->has_swap |= v >= 0;
		m->swap_free_kib = v < 0 ? 0 : v;
	} else if (util_after(s, "Total swap")) {
		v = import_number(s, "=");
		m->swap_total_kib = v < 0 ? 0 : v;
	}
	return v >= 0;
}

/* "2096990 pages RAM", "54379 pages reserved"; 2.6: "524288 pages of RAM", "9011 reserved pages" */
static bool pages_line(struct import_memory *m, const char *s)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || *end != ' ')
		return false;
	if (util_after(end, " pages RAM") || util_after(end, " pages of RAM"))
		m->ram = v;
	else if (util_after(end, " pages reserved") || util_after(end, " reserved pages"))
		m->reserved = v;
	else
		return util_after(end, " total pagecache pages") ||
		       util_after(end, " pages in swap cache") ||
		       util_after(end, " pages HighMem/MovableOnly");
	return true;
}

bool import_memory_line(struct import_memory *m, const char *s)
{
	bool known = false;

	s += strspn(s, " ");
	if (util_after(s, "Node ")) {
		if (import_number(s, "Node ") > 0)
			m->other_nodes = true;
		return true;
	}
	if (util_after(s, "Mem-Info:") || util_after(s, "Mem-info:"))
		return true;
	if (util_after(s, "active_anon:") || util_after(s, "Active_anon:")) {
		known = add(s, "ctive_anon:", "inactive_anon:", &m->anon);
		add(s, "active_file:", "inactive_file:", &m->file);
		m->has |= known;
	} else if (util_after(s, "active_file:")) {
		known = add(s, "active_file:", "inactive_file:", &m->file);
	} else if (util_after(s, "inactive_file:") || util_after(s, "unevictable:")) {
		known = true;
	}
	if (util_after(s, "free:") || (util_after(s, "Active:") && strstr(s, " free:"))) {
		known = add(s, "free:", NULL, &m->free);
		m->has |= known;
	}
	if (util_after(s, "mapped:") || util_after(s, "slab_reclaimable:") || known) {
		known |= add(s, "slab_reclaimable:", "slab_unreclaimable:", &m->slab) ||
			 add(s, " slab:", NULL, &m->slab);
		add(s, "slab_unreclaimable:", NULL, &m->slab_unreclaimable);
		known |= add(s, "pagetables:", NULL, &m->pagetables);
		known |= add(s, "shmem:", NULL, &m->shmem);
	}
	return known || swap_line(m, s) || pages_line(m, s);
}

/* "cache:0KB rss:512KB ...", one line until 5.2 */
static void memcg_old(struct import_memcg *m, const char *s)
{
	static const char *const keys[] = {" rss:", " cache:", " shmem:", " swap:"};
	int64_t *const to[] = {&m->anon, &m->file, &m->shmem, &m->swap};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int64_t v = import_number(s, keys[i]);

		if (v >= 0 && v < INT64_MAX / 1024)
			*to[i] = v * 1024;
	}
}

bool import_memcg_line(struct import_memcg *m, const char *s)
{
	static const struct {
		const char *key;
		size_t at;
	} keys[] = {
		{"anon", offsetof(struct import_memcg, anon)},
		{"file", offsetof(struct import_memcg, file)},
		{"shmem", offsetof(struct import_memcg, shmem)},
		{"kernel", offsetof(struct import_memcg, kernel)},
		{"sock", offsetof(struct import_memcg, sock)},
		{"slab", offsetof(struct import_memcg, slab)},
		/* v1: of the group itself, then with those below it */
		{"total_rss", offsetof(struct import_memcg, anon)},
		{"total_cache", offsetof(struct import_memcg, file)},
		{"total_shmem", offsetof(struct import_memcg, shmem)},
		{"total_swap", offsetof(struct import_memcg, swap)},
	};
	const char *rest = util_after(s, "Memory cgroup stats for ");
	size_t n = strcspn(s, " ");

	if (rest) {
		/* of the group whose limit fired; those of groups below it follow */
		if (m->reading)
			return true;
		*m = (struct import_memcg){true, -1, -1, -1, -1, -1, -1, -1};
		memcg_old(m, rest);
		return true;
	}
	if (!m->reading || n == 0 || s[n] != ' ' || strspn(s + n + 1, "0123456789") == 0 ||
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].key) == n && strncmp(s, keys[i].key, n) == 0)
			*(int64_t *)((char *)m + keys[i].at) = import_number(s + n, " ");
	return true;
}
