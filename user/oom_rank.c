// SPDX-License-Identifier: GPL-2.0-only
/*
 * oom_rank.c - every process with its points, ordered as the OOM killer would.
 */
#include "oom_rank.h"
#include "oom_rank_priv.h"
#include "parse.h"

#define ADJ_MIN (-1000) /* OOM_SCORE_ADJ_MIN, include/uapi/linux/oom.h */

static int slurp(struct counters *c, uint64_t pid, const char *file, char **ret,
		 struct parse_text *ret_text)
{
	char path[64];
	size_t n;
	int r;

	snprintf(path, sizeof(path), "proc/%llu/%s", (unsigned long long)pid, file);
	r = counters_slurp(c, path, ret, &n);
	if (!r)
		*ret_text = (struct parse_text){*ret, n};
	return r;
}

/* "Name:\tcomm" of status. */
static void take_name(struct parse_text text, char *buf, size_t size)
{
	struct parse_text line;
	bool whole;

	while (parse_next_line(&text, &line, &whole)) {
		if (line.n < 6 || memcmp(line.s, "Name:\t", 6) != 0)
			continue;
		snprintf(buf, size, "%.*s", (int)(line.n - 6), line.s + 6);
		return;
	}
}

/* The path in the hierarchy that counts memory: "4:memory:/a" of v1, "0::/a" of v2. */
static char *take_cgroup(struct parse_text text, bool v1)
{
	struct parse_text line;
	bool whole;

	while (parse_next_line(&text, &line, &whole)) {
		const char *a = memchr(line.s, ':', line.n), *b;
		const char *end = line.s + line.n;

		b = a ? memchr(a + 1, ':', (size_t)(end - a - 1)) : NULL;
		if (!whole || !b)
			continue;
		if (v1 ? parse_in_list((struct parse_text){a + 1, (size_t)(b - a - 1)}, "memory")
		       : b == a + 1)
			return strndup(b + 1, (size_t)(end - b - 1));
	}
	return NULL;
}

static bool is_within(const char *path, const char *above)
{
	const char *rest = path ? util_after(path, above) : NULL;

	return rest && (util_streq(above, "/") || !*rest || *rest == '/');
}

/* Memory: -ENODATA for what has none, such as a kernel thread; it is never killed. */
static int read_memory(struct counters *c, struct oom_candidate *o)
{
	_cleanup_free_ char *s = NULL;
	struct parse_text text = {0};
	int r = slurp(c, o->pid, "status", &s, &text);

	if (!r)
		r = parse_colon(text, "VmRSS:", &o->rss);
	if (r < 0)
		return r;
	take_name(text, o->comm, sizeof(o->comm));
	/* Kernels without swap, or before the line, tell neither: nothing to add. */
	if (parse_colon(text, "VmSwap:", &o->swap) < 0)
		o->swap = 0;
	if (parse_colon(text, "VmPTE:", &o->tables) < 0)
		o->tables = 0;
	return 0;
}

static int read_score(struct counters *c, struct oom_candidate *o)
{
	_cleanup_free_ char *adj = NULL, *score = NULL;
	struct parse_text text = {0};
	int r = slurp(c, o->pid, "oom_score_adj", &adj, &text);

	if (!r)
		r = parse_signed(text, &o->adj);
	if (r < 0)
		return r;
	o->has_score = slurp(c, o->pid, "oom_score", &score, &text) == 0 &&
		       parse_value(text, &o->score) == 0;
	/* oom_unkillable_task(): the machine's init. In a container pid 1 has a score. */
	o->exempt = o->adj == ADJ_MIN || (o->pid == 1 && o->has_score && o->score == 0);
	return 0;
}

struct reading {
	struct oom_rank *rank;
	struct counters *c;
};

static int push(struct oom_rank *r, struct oom_candidate *o)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 256;
		struct oom_candidate *p = reallocarray(r->c, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		r->c = p;
		r->cap = cap;
	}
	r->c[r->n++] = *o;
	return 0;
}

static int one(void *arg, uint64_t pid)
{
	struct reading *g = arg;
	struct oom_rank *rank = g->rank;
	struct oom_candidate o = {.pid = pid};
	_cleanup_free_ char *s = NULL;
	struct parse_text text = {0};
	int r = slurp(g->c, pid, "cgroup", &s, &text);

	if (r == -ENOMEM)
		return r;
	o.cgroup = r < 0 ? NULL : take_cgroup(text, rank->v1);
	r = rank->asked && !is_within(o.cgroup, rank->asked) ? -ENODATA : read_memory(g->c, &o);
	if (!r)
		r = read_score(g->c, &o);
	if (!r)
		r = push(rank, &o);
	if (!r)
		return 0;
	free(o.cgroup);
	return r == -ENOMEM ? r : 0;
}

static uint64_t holds(const struct oom_candidate *o)
{
	return o->rss + o->swap + o->tables;
}

/* oom_badness() */
static void give_points(struct oom_rank *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct oom_candidate *o = &r->c[i];

		o->points = INT64_MIN;
		if (o->exempt)
			continue;
		o->points = (int64_t)(o->rss / r->page_size + o->swap / r->page_size +
				      o->tables / r->page_size) +
			    o->adj * (int64_t)(r->total_pages / 1000);
		if (holds(o) > r->most)
			r->most = holds(o);
	}
}

/* Of two with the same points the kernel takes the one it comes to later. */
static int by_points(const struct oom_candidate *a, const struct oom_candidate *b)
{
	if (a->points != b->points)
		return a->points > b->points ? -1 : 1;
	return a->pid > b->pid ? -1 : a->pid < b->pid;
}

static int by_score(const void *pa, const void *pb)
{
	const struct oom_candidate *a = pa, *b = pb;

	if (a->exempt != b->exempt)
		return a->exempt - b->exempt;
	if (a->has_score && b->has_score && a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return by_points(a, b);
}

/* The kernel's scores are the host's: in a cgroup the limit takes its place. */
static int by_limit(const void *pa, const void *pb)
{
	const struct oom_candidate *a = pa, *b = pb;

	return a->exempt != b->exempt ? a->exempt - b->exempt : by_points(a, b);
}

int oom_rank_read(struct oom_rank *r, struct counters *c, const char *owner)
{
	struct oom_rank rank = {.page_size = (uint64_t)sysconf(_SC_PAGESIZE)};
	struct reading g = {.rank = &rank, .c = c};
	int err = oom_rank_domain(&rank, c, owner);

	if (!err)
		err = counters_each_pid(c, one, &g);
	if (err < 0) {
		oom_rank_free(&rank);
		return err;
	}
	give_points(&rank);
	if (rank.n)
		qsort(rank.c, rank.n, sizeof(*rank.c), rank.domain ? by_limit : by_score);
	oom_rank_group(&rank, c);
	*r = rank;
	return 0;
}

void oom_rank_free(struct oom_rank *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->c[i].cgroup);
	free(r->c);
	free(r->asked);
	free(r->domain);
	free(r->group);
	*r = (struct oom_rank){0};
}

size_t oom_rank_eligible(const struct oom_rank *r)
{
	size_t n = 0;

	while (n < r->n && !r->c[n].exempt)
		n++;
	return n;
}

/* "1.5 GiB" */
static void amount(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double v = (double)bytes / 1024;
	size_t i = 0;

	for (; v >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1024;
	snprintf(buf, size, "%.1f %s", v, units[i]);
}

void oom_rank_why(const struct oom_rank *r, size_t i, char *buf, size_t size)
{
	const struct oom_candidate *o = &r->c[i];
	char held[32], moved[32];
	int n;

	amount(holds(o), held, sizeof(held));
	if (o->exempt) {
		snprintf(buf, size,
			 o->adj == ADJ_MIN ? "exempt: oom_score_adj is -1000"
					   : "exempt: init is never killed");
		return;
	}
	amount((uint64_t)llabs(o->adj) * (r->total_pages / 1000) * r->page_size, moved,
	       sizeof(moved));
	n = snprintf(buf, size, "%s %s", holds(o) == r->most ? "largest memory:" : "holds", held);
	if (o->adj && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, ", %s by oom_score_adj %lld (as if %s %s)",
			 o->adj > 0 ? "raised" : "lowered", (long long)o->adj, moved,
			 o->adj > 0 ? "more" : "less");
}

/* check_panic_on_oom(): 1 panics when the host is out of memory, 2 always. */
bool oom_rank_panics(const struct oom_rank *r)
{
	return r->panic_on_oom == 2 || (r->panic_on_oom == 1 && !r->domain);
}
