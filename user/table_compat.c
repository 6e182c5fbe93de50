// SPDX-License-Identifier: GPL-2.0-only
/*
 * table_compat.c - the rows of user_beancounters under their old names, for
 * the scripts that were made for that file.
 *
 * Each row says which counter row of today it is, in which unit, and refusals
 * of which resources it counts. What this kernel does not tell is "-": awk
 * compares that with 0 as a string, and '-' stands before '0', so that neither
 * '$NF > 0' nor '$3 > 0' finds it.
 */
#include <limits.h>
#include <sys/stat.h>

#include "catalogue.h"
#include "parse.h"
#include "table_compat.h"

#define NO_LIMIT "9223372036854775807"

struct spec {
	const char *name;
	const char *row;  /* of the host; NULL: none, or several: see sum() */
	enum scale scale; /* of that row */
	const char *cgroup, *user;
	enum scale cgroup_scale;
	const char *counts; /* ids of the catalogue, ended by ' ' each */
};

/* UB_RESOURCES of the OpenVZ kernels, in the order of kernel/ub/beancounter.c */
static const struct spec specs[] = {
	{.name = "kmemsize", .cgroup = "kmem"},
	{.name = "lockedpages", .counts = "memlock "},
	{.name = "privvmpages",
	 .row = "commit",
	 .scale = TO_PAGES,
	 .counts = "as data stack commit "},
	{.name = "shmpages", .row = "shmall", .counts = "shmall "},
	{.name = "dummy"},
	{.name = "numproc",
	 .row = "threads-max",
	 .cgroup = "pids",
	 .user = "nproc",
	 .counts = "nproc threads-max pid-max pids "},
	{.name = "physpages",
	 .row = "memory",
	 .scale = TO_PAGES,
	 .cgroup = "memory",
	 .cgroup_scale = TO_PAGES},
	{.name = "vmguarpages"},
	{.name = "oomguarpages", .counts = "memory "},
	{.name = "numtcpsock", .row = "numtcpsock", .counts = "tcp-orphans "},
	{.name = "numflock", .row = "numflock"},
	{.name = "numpty", .row = "pty", .counts = "pty "},
	{.name = "numsiginfo", .user = "sigpending", .counts = "sigpending "},
	{.name = "tcpsndbuf", .row = "tcp-mem", .scale = TO_BYTES, .counts = "tcp-mem "},
	{.name = "tcprcvbuf", .row = "tcp-mem", .scale = TO_BYTES, .counts = "tcp-mem "},
	{.name = "othersockbuf"},
	{.name = "dgramrcvbuf", .row = "udp-mem", .scale = TO_BYTES, .counts = "udp-mem "},
	{.name = "numothersock", .row = "numothersock", .counts = "ports "},
	{.name = "dcachesize"},
	{.name = "numfile", .row = "file-max", .counts = "nofile nr-open file-max "},
	{.name = "dummy"},
	{.name = "dummy"},
	{.name = "dummy"},
	{.name = "numiptent", .row = "conntrack", .counts = "conntrack "},
};

/* The kernel's own count of one resource, or ours. */
static int count_one(const struct compat *x, unsigned int resource, uint64_t *ret)
{
	const char *id = catalogue_get(resource)->id;
	const struct counter_row *r = compat_find(x, id);
	int64_t since;

	if (util_streq(id, "memory") && x->kind == OWNER_CGROUP)
		r = compat_find(x, "memory.oom_kill");
	if (r && r->have & COUNTER_FAILCNT) {
		*ret = r->failcnt;
		return 0;
	}
	return published_get(x->p, x->c, x->owner, resource, ret, &since);
}

/* Nothing happened only where that is known of every resource that the row counts. */
static void count(const struct compat *x, const struct spec *s, struct counter_row *to)
{
	unsigned int known = 0, asked = 0;
	uint64_t sum = 0, n;

	for (const char *at = s->counts; at && *at; at = strchr(at, ' ') + 1) {
		char id[32];
		unsigned int resource;

		snprintf(id, sizeof(id), "%.*s", (int)strcspn(at, " "), at);
		resource = catalogue_by_id(id);
		if (!resource)
			continue;
		asked++;
		if (count_one(x, resource, &n) < 0)
			continue;
		known++;
		sum += n;
	}
	/* Where nobody watches, the kernel's own counter, if it has one: conntrack, pids. */
	if (!known) {
		const struct counter_row *r =
			compat_find(x, x->kind == OWNER_HOST ? s->row : s->cgroup);

		if (r && s->counts && r->have & COUNTER_FAILCNT) {
			asked = known = 1;
			sum = r->failcnt;
		}
	}
	if (sum == 0 && (!known || known < asked))
		return;
	to->failcnt = sum;
	to->have |= COUNTER_FAILCNT;
}

static void fill(const struct compat *x, const struct spec *s, struct counter_row *to)
{
	if (util_streq(s->name, "dummy")) {
		to->have = COUNTER_HELD | COUNTER_MAXHELD | COUNTER_BARRIER | COUNTER_LIMIT |
			   COUNTER_FAILCNT;
		return;
	}
	if (x->kind == OWNER_HOST) {
		compat_take(x, compat_find(x, s->row), s->scale, to);
		compat_sum_host(x, s->name, to);
	} else if (x->kind == OWNER_CGROUP) {
		compat_take(x, compat_find(x, s->cgroup), s->cgroup_scale, to);
		compat_sum_cgroup(x, s->name, to);
	} else {
		compat_take(x, compat_find(x, s->user), ONE, to);
	}
	count(x, s, to);
	/* Whatever has no limit of its own today. */
	if (!(to->have & COUNTER_LIMIT))
		to->limit = COUNTER_UNLIMITED;
	if (!(to->have & COUNTER_BARRIER))
		to->barrier = to->limit;
	to->have |= COUNTER_LIMIT | COUNTER_BARRIER;
}

static void print_row(FILE *out, const char *uid, const struct counter_row *r)
{
	const struct {
		enum counter_have what;
		uint64_t v;
	} columns[] = {
		{COUNTER_HELD, r->held},       {COUNTER_MAXHELD, r->maxheld},
		{COUNTER_BARRIER, r->barrier}, {COUNTER_LIMIT, r->limit},
		{COUNTER_FAILCNT, r->failcnt},
	};

	fprintf(out, "%10s  %-12s", uid, r->name);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		char buf[24];
		const char *s = table_value(r, columns[i].what, columns[i].v, buf);

		fprintf(out, " %20s", util_streq(s, "unlimited") ? NO_LIMIT : s);
	}
	fputc('\n', out);
}

/* The first column is a number: of a cgroup its id, which is its directory's inode. */
static int label(struct compat *x, char *buf, size_t size)
{
	const char *path = util_after(x->owner, "cgroup:"), *uid = util_after(x->owner, "uid:");
	char full[PATH_MAX + 256];
	struct stat st;

	if (util_streq(x->owner, "host")) {
		x->kind = OWNER_HOST;
		snprintf(buf, size, "0:");
		return 0;
	}
	if (uid) {
		x->kind = OWNER_USER;
		snprintf(buf, size, "%.16s:", uid);
		return 0;
	}
	if (util_after(x->owner, "ct:")) {
		x->kind = OWNER_CONTAINER;
		snprintf(buf, size, "%.64s:", x->owner + strlen("ct:"));
		return 0;
	}
	if (!path)
		return -EINVAL;
	x->kind = OWNER_CGROUP;
	if ((counters_cgroup_path(x->c, COUNTER_CGROUP2, NULL, path, NULL, full, sizeof(full)) <
		     0 ||
	     stat(full, &st) < 0) &&
	    (counters_cgroup_path(x->c, COUNTER_CGROUP1, "memory", path, NULL, full, sizeof(full)) <
		     0 ||
	     stat(full, &st) < 0))
		return -ENOENT;
	snprintf(buf, size, "%llu:", (unsigned long long)st.st_ino);
	return 0;
}

/* A container that has its rows in a file of its own, /proc/bc/ID/resources: they are the old ones.
 */
static void print_container(FILE *out, const struct counter_table *t, const char *uid)
{
	for (size_t i = 0; i < t->n_rows; i++)
		print_row(out, i ? "" : uid, &t->rows[i]);
}

static void print_own(FILE *out, const struct compat *x, const char *uid)
{
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		struct counter_row row = {0};

		util_strlcpy(row.name, specs[i].name, sizeof(row.name));
		fill(x, &specs[i], &row);
		print_row(out, i ? "" : uid, &row);
	}
}

int table_compat(FILE *out, struct counters *c, const struct counter_table *t,
		 const struct published *p, const char *owner)
{
	struct compat x = {.c = c,
			   .t = t,
			   .p = p,
			   .owner = owner ? owner : "host",
			   .page = (uint64_t)sysconf(_SC_PAGESIZE)};
	char uid[72];
	int r = label(&x, uid, sizeof(uid));

	if (r < 0)
		return r;
	errno = 0;
	fprintf(out, "Version: 2.5\n%10s  %-12s %20s %20s %20s %20s %20s\n", "uid", "resource",
		"held", "maxheld", "barrier", "limit", "failcnt");
	if (x.kind == OWNER_CONTAINER)
		print_container(out, t, uid);
	else
		print_own(out, &x, uid);
	return table_written(out);
}

/* The two lines above, then the lines of one container. */
static int print_block(FILE *out, struct parse_text text, const char *id)
{
	struct parse_text line;
	struct parse_ubc u;
	bool whole, ours = false, found = false;

	while (parse_next_line(&text, &line, &whole)) {
		bool heading = parse_ubc_line(line, whole, &u) == PARSE_UBC_BLANK;

		if (u.owner.n)
			ours = parse_is(u.owner, id);
		found |= ours;
		if (ours || heading)
			fprintf(out, "%.*s\n", (int)line.n, line.s);
	}
	return found ? 0 : -ENOENT;
}

int table_compat_ubc(FILE *out, struct counters *c, const char *owner)
{
	_cleanup_free_ char *s = NULL, *head = NULL;
	const char *id = NULL;
	size_t n, size;
	FILE *f;
	int r;

	if (owner)
		id = util_streq(owner, "host") ? "0" : util_after(owner, "ct:");
	if (owner && !id)
		return -ENOENT;
	r = counters_slurp_ubc(c, &s, &n);
	if (r < 0)
		return r == -EACCES ? -ENOENT : r;
	errno = 0;
	if (!id) {
		fwrite(s, 1, n, out);
		return table_written(out);
	}
	f = open_memstream(&head, &size);
	if (!f)
		return -ENOMEM;
	r = print_block(f, (struct parse_text){s, n}, id);
	fclose(f);
	if (!r)
		fwrite(head, 1, size, out);
	return r ? r : table_written(out);
}
