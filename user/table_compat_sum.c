// SPDX-License-Identifier: GPL-2.0-only
/*
 * table_compat_sum.c - numbers of user_beancounters that no one counter row of
 * today tells: kernel memory, locked memory, what the OOM killer guards,
 * signals of all users.
 */
#include <limits.h>

#include "parse.h"
#include "table_compat.h"

const struct counter_row *compat_find(const struct compat *x, const char *name)
{
	for (size_t i = 0; name && i < x->t->n_rows; i++)
		if (util_streq(x->t->rows[i].name, name) &&
		    util_streq(counter_owner(x->t, &x->t->rows[i]), x->owner))
			return &x->t->rows[i];
	return NULL;
}

static uint64_t scaled(const struct compat *x, uint64_t v, enum scale s)
{
	if (v == COUNTER_UNLIMITED || s == ONE)
		return v;
	return s == TO_PAGES ? v / x->page : v * x->page;
}

void compat_take(const struct compat *x, const struct counter_row *from, enum scale s,
		 struct counter_row *to)
{
	if (!from)
		return;
	to->have |= from->have & (COUNTER_HELD | COUNTER_MAXHELD | COUNTER_BARRIER | COUNTER_LIMIT);
	to->held = scaled(x, from->held, s);
	to->maxheld = scaled(x, from->maxheld, s);
	to->barrier = scaled(x, from->barrier, s);
	to->limit = scaled(x, from->limit, s);
}

static void set_held(struct counter_row *to, uint64_t v)
{
	to->held = v;
	to->have |= COUNTER_HELD;
}

/* A number in a file of the cgroup; 0 or -errno. */
static int in_cgroup(const struct compat *x, const char *file, const char *key, uint64_t *ret)
{
	const char *path = util_after(x->owner, "cgroup:");
	char full[PATH_MAX + 256], text[8192];
	int r = -ENOENT;

	for (int v1 = 0; path && v1 < 2 && r == -ENOENT; v1++) {
		_cleanup_fclose_ FILE *f = NULL;
		size_t n;

		if (counters_cgroup_path(x->c, v1 ? COUNTER_CGROUP1 : COUNTER_CGROUP2, "memory",
					 path, file, full, sizeof(full)) < 0)
			continue;
		f = fopen(full, "re");
		if (!f)
			continue;
		n = fread(text, 1, sizeof(text), f);
		r = key ? parse_keyed((struct parse_text){text, n}, key, ret)
			: parse_value_limit((struct parse_text){text, n}, ret);
	}
	return r;
}

/* Several numbers of meminfo together; all or none. */
static int meminfo(const struct compat *x, const char *const *keys, uint64_t *ret)
{
	_cleanup_free_ char *s = NULL;
	uint64_t sum = 0, v;
	size_t n;
	int r = counters_slurp(x->c, "proc/meminfo", &s, &n);

	for (; !r && *keys; keys++) {
		r = parse_colon((struct parse_text){s, n}, *keys, &v);
		sum += r ? 0 : v;
	}
	if (!r)
		*ret = sum;
	return r;
}

/* "dentry ACTIVE TOTAL SIZE ...": slabinfo is root's alone. */
static int dentries(const struct compat *x, uint64_t *ret)
{
	_cleanup_free_ char *s = NULL;
	struct parse_text text, line, word;
	uint64_t v[3];
	bool whole;
	size_t n;
	int r = counters_slurp(x->c, "proc/slabinfo", &s, &n);

	text = (struct parse_text){s, n};
	while (!r && parse_next_line(&text, &line, &whole)) {
		if (!parse_next_word(&line, &word) || !parse_is(word, "dentry"))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(v); i++)
			if (!parse_next_word(&line, &word) || parse_u64(word.s, word.n, &v[i]) < 0)
				return -EBADMSG;
		*ret = v[1] * v[2];
		return 0;
	}
	return r ? r : -ENODATA;
}

static void signals_of_all(const struct compat *x, struct counter_row *to)
{
	uint64_t sum = 0;
	bool any = false;

	for (size_t i = 0; i < x->t->n_rows; i++) {
		const struct counter_row *r = &x->t->rows[i];

		if (r->source != COUNTER_USER || !util_streq(r->name, "sigpending"))
			continue;
		if (!(r->have & COUNTER_HELD))
			return;
		sum += r->held;
		any = true;
	}
	if (any)
		set_held(to, sum);
}

/* Memory and swap together are what the OOM killer guards. */
static void add_swap(const struct compat *x, struct counter_row *to)
{
	const struct counter_row *swap = compat_find(x, "swap");

	compat_take(x, compat_find(x, "memory"), TO_PAGES, to);
	if (to->have & COUNTER_HELD && swap && swap->have & COUNTER_HELD)
		to->held += swap->held / x->page;
	if (to->have & COUNTER_LIMIT && to->limit != COUNTER_UNLIMITED && swap &&
	    swap->have & COUNTER_LIMIT)
		to->limit = swap->limit == COUNTER_UNLIMITED ? COUNTER_UNLIMITED
							     : to->limit + swap->limit / x->page;
	to->have &= ~(unsigned int)(COUNTER_MAXHELD | COUNTER_BARRIER);
}

void compat_sum_host(const struct compat *x, const char *name, struct counter_row *to)
{
	static const char *const kernel[] = {"Slab:", "KernelStack:", "PageTables:", NULL};
	static const char *const locked[] = {"Mlocked:", NULL};
	const struct counter_row *pids;
	uint64_t v;

	if (util_streq(name, "kmemsize") && meminfo(x, kernel, &v) == 0)
		set_held(to, v);
	if (util_streq(name, "lockedpages") && meminfo(x, locked, &v) == 0)
		set_held(to, v / x->page);
	if (util_streq(name, "oomguarpages"))
		add_swap(x, to);
	if (util_streq(name, "numsiginfo"))
		signals_of_all(x, to);
	if (util_streq(name, "dcachesize") && dentries(x, &v) == 0)
		set_held(to, v);
	/* Whichever comes first. */
	pids = util_streq(name, "numproc") ? compat_find(x, "pid-max") : NULL;
	if (pids && pids->have & COUNTER_LIMIT && pids->limit < to->limit)
		to->limit = pids->limit;
}

void compat_sum_cgroup(const struct compat *x, const char *name, struct counter_row *to)
{
	uint64_t v;

	if (util_streq(name, "kmemsize") && in_cgroup(x, "memory.stat", "kernel", &v) == 0)
		set_held(to, v);
	if (util_streq(name, "lockedpages") && in_cgroup(x, "memory.stat", "unevictable", &v) == 0)
		set_held(to, v / x->page);
	if (util_streq(name, "shmpages") && in_cgroup(x, "memory.stat", "shmem", &v) == 0)
		set_held(to, v / x->page);
	if (util_streq(name, "oomguarpages"))
		add_swap(x, to);
	if (util_streq(name, "vmguarpages") && in_cgroup(x, "memory.min", NULL, &v) == 0) {
		to->barrier = scaled(x, v, TO_PAGES);
		to->have |= COUNTER_BARRIER;
	}
}
