// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_host.c - limits of the whole host with their usage: a table of rows,
 * each member with the file, and the place in it, that tells it.
 *
 * Sysctls are described in Documentation/admin-guide/sysctl/; those of System V
 * IPC, and of the network, are the ones of the reader's own namespaces.
 */
#include "counter_priv.h"

enum how {
	NOTHING,
	NTH,   /* the number at place arg of the first line */
	COLON, /* "key: number" */
	SOCK,  /* sockstat, key is "LINE KEY" */
	COUNT, /* entries of a table with headings */
	SUM,   /* of column key, in units of arg */
	MOST,  /* the largest of column key */
	TASKS, /* /proc/loadavg */
	LOCKS, /* /proc/locks */
	NEIGH, /* /proc/net/stat/arp_cache */
};

struct where {
	enum how how;
	const char *file; /* below proc/ */
	const char *key;
	unsigned int arg;
};

struct host_row {
	const char *name, *unit;
	struct where held, barrier, limit;
};

#define SYSCTL(f, i)                                     \
	{                                                \
		.how = NTH, .file = "sys/" f, .arg = (i) \
	}
#define SOCKSTAT(k)                                             \
	{                                                       \
		.how = SOCK, .file = "net/sockstat", .key = (k) \
	}
#define PAGES 0 /* arg of SUM: this machine's page size */

static const struct host_row host_rows[] = {
	{"file-max", "files", SYSCTL("fs/file-nr", 0), .limit = SYSCTL("fs/file-max", 0)},
	{"nr-open", "files", .limit = SYSCTL("fs/nr_open", 0)},
	{"semmsl",
	 "semaphores",
	 {MOST, "sysvipc/sem", "nsems", 1},
	 .limit = SYSCTL("kernel/sem", 0)},
	{"semmns",
	 "semaphores",
	 {SUM, "sysvipc/sem", "nsems", 1},
	 .limit = SYSCTL("kernel/sem", 1)},
	{"semopm", "operations", .limit = SYSCTL("kernel/sem", 2)},
	{"semmni", "sets", {COUNT, "sysvipc/sem", "nsems", 1}, .limit = SYSCTL("kernel/sem", 3)},
	{"shmmni",
	 "segments",
	 {COUNT, "sysvipc/shm", "size", 1},
	 .limit = SYSCTL("kernel/shmmni", 0)},
	{"shmall",
	 "pages",
	 {SUM, "sysvipc/shm", "size", PAGES},
	 .limit = SYSCTL("kernel/shmall", 0)},
	{"shmmax", "bytes", {MOST, "sysvipc/shm", "size", 1}, .limit = SYSCTL("kernel/shmmax", 0)},
	{"msgmni",
	 "queues",
	 {COUNT, "sysvipc/msg", "msqid", 1},
	 .limit = SYSCTL("kernel/msgmni", 0)},
	/* Ids are held by process groups and sessions too: tasks are the least that is taken. */
	{"pid-max",
	 "pids",
	 {.how = TASKS, .file = "loadavg"},
	 .limit = SYSCTL("kernel/pid_max", 0)},
	{"threads-max",
	 "tasks",
	 {.how = TASKS, .file = "loadavg"},
	 .limit = SYSCTL("kernel/threads-max", 0)},
	{"pty", "ptys", SYSCTL("kernel/pty/nr", 0), .limit = SYSCTL("kernel/pty/max", 0)},
	{"aio", "requests", SYSCTL("fs/aio-nr", 0), .limit = SYSCTL("fs/aio-max-nr", 0)},
	{"numflock", "locks", .held = {.how = LOCKS, .file = "locks"}},
	{"dcachesize", "entries", .held = SYSCTL("fs/dentry-state", 0)},
	{"inode-nr", "inodes", .held = SYSCTL("fs/inode-nr", 0)},
	{"conntrack", "entries", SYSCTL("net/netfilter/nf_conntrack_count", 0),
	 .limit = SYSCTL("net/netfilter/nf_conntrack_max", 0)},
	{"tcp-mem", "pages", SOCKSTAT("TCP: mem"), SYSCTL("net/ipv4/tcp_mem", 1),
	 SYSCTL("net/ipv4/tcp_mem", 2)},
	{"udp-mem", "pages", SOCKSTAT("UDP: mem"), SYSCTL("net/ipv4/udp_mem", 1),
	 SYSCTL("net/ipv4/udp_mem", 2)},
	{"tcp-orphans", "sockets", SOCKSTAT("TCP: orphan"),
	 .limit = SYSCTL("net/ipv4/tcp_max_orphans", 0)},
	{"numtcpsock", "sockets", .held = SOCKSTAT("TCP: alloc")},
	{"neighbours",
	 "entries",
	 {.how = NEIGH, .file = "net/stat/arp_cache"},
	 SYSCTL("net/ipv4/neigh/default/gc_thresh2", 0),
	 SYSCTL("net/ipv4/neigh/default/gc_thresh3", 0)},
};

static int slurp_proc(struct counters *c, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "proc/%s", file);
	return counter_slurp(c, path, COUNTER_TABLE_FILE_MAX);
}

static int sockstat(struct parse_text text, const char *where, uint64_t *ret)
{
	const char *blank = strchr(where, ' ');
	char line[16];

	snprintf(line, sizeof(line), "%.*s", (int)(blank - where), where);
	return parse_sockstat(text, line, blank + 1, ret);
}

static int column(struct parse_text text, const struct where *w, uint64_t *ret)
{
	uint64_t unit = w->arg == PAGES ? (uint64_t)sysconf(_SC_PAGESIZE) : w->arg;
	struct parse_column col;
	int r;

	r = parse_column(text, w->key, unit, &col);
	if (r < 0)
		return r;
	*ret = w->how == COUNT ? col.count : w->how == SUM ? col.sum : col.max;
	return 0;
}

/* A usage, or a limit, which may be none. */
static int look(struct counters *c, const struct where *w, bool limit, uint64_t *ret)
{
	struct parse_text text;
	int r;

	r = w->how == NOTHING ? -ENOENT : slurp_proc(c, w->file);
	if (r < 0)
		return r;
	text = counter_text(&c->buf);
	switch (w->how) {
	case NTH:
		return limit ? parse_nth_limit(text, w->arg, ret) : parse_nth(text, w->arg, ret);
	case COLON:
		return parse_colon(text, w->key, ret);
	case SOCK:
		return sockstat(text, w->key, ret);
	case COUNT:
	case SUM:
	case MOST:
		return column(text, w, ret);
	case TASKS:
		return parse_loadavg_tasks(text, ret);
	case LOCKS:
		return parse_count_locks(text, ret);
	case NEIGH:
		return parse_net_stat_entries(text, ret);
	case NOTHING:
		break;
	}
	return -ENOENT;
}

static int put(struct counters *c, const struct where *w, enum counter_have what,
	       struct counter_row *row)
{
	uint64_t v = 0;
	int r;

	r = look(c, w, what != COUNTER_HELD, &v);
	return counter_put(row, what, r, v);
}

static int add_row(struct counters *c, const struct host_row *h, struct counter_table *t)
{
	struct counter_row row = counter_row_of(COUNTER_HOST, h->name, h->unit);
	int r;

	r = put(c, &h->held, COUNTER_HELD, &row);
	if (!r)
		r = put(c, &h->barrier, COUNTER_BARRIER, &row);
	if (!r)
		r = put(c, &h->limit, COUNTER_LIMIT, &row);
	return r < 0 ? r : counter_add(t, &row);
}

/* CommitLimit refuses in mode 2 only (Documentation/mm/overcommit-accounting). */
static int add_commit(struct counters *c, struct counter_table *t)
{
	static const struct where mode = SYSCTL("vm/overcommit_memory", 0);
	struct host_row h = {"commit",
			     "bytes",
			     {COLON, "meminfo", "Committed_AS:", 0},
			     .limit = {COLON, "meminfo", "CommitLimit:", 0}};
	struct counter_row row = counter_row_of(COUNTER_HOST, h.name, h.unit);
	uint64_t v = 0, limit = 0;
	int r;

	r = put(c, &h.held, COUNTER_HELD, &row);
	if (r < 0)
		return r;
	r = look(c, &mode, false, &v);
	if (!r && v == 2)
		r = look(c, &h.limit, true, &limit);
	else if (!r)
		limit = COUNTER_UNLIMITED;
	r = counter_put(&row, COUNTER_LIMIT, r, limit);
	return r < 0 ? r : counter_add(t, &row);
}

/*
 * Of the default size. Held: in use or promised. Limit: what the pool may grow
 * to, the pages that are surplus already counting against nr_overcommit_hugepages.
 */
static int add_hugepages(struct counters *c, struct counter_table *t)
{
	static const char *const keys[] = {
		"HugePages_Total:", "HugePages_Free:", "HugePages_Rsvd:", "HugePages_Surp:"};
	static const struct where over = SYSCTL("vm/nr_overcommit_hugepages", 0);
	struct counter_row row = counter_row_of(COUNTER_HOST, "hugepages", "huge pages");
	uint64_t v[ARRAY_SIZE(keys)] = {0}, more = 0;
	int r;

	r = slurp_proc(c, "meminfo");
	for (size_t i = 0; !r && i < ARRAY_SIZE(keys); i++)
		r = parse_colon(counter_text(&c->buf), keys[i], &v[i]);
	if (!r && (v[1] > v[0] || v[2] > v[1] || v[3] > v[0]))
		r = -EBADMSG;
	if (counter_put(&row, COUNTER_HELD, r, v[0] - v[1] + v[2]) < 0)
		return -ENOMEM;
	if (!r)
		r = look(c, &over, false, &more);
	if (!r && __builtin_add_overflow(more, v[0] - v[3], &more))
		r = -EBADMSG;
	if (counter_put(&row, COUNTER_LIMIT, r, more) < 0)
		return -ENOMEM;
	return counter_add(t, &row);
}

/* "sockets: used" counts all families. */
static int add_othersock(struct counters *c, struct counter_table *t)
{
	struct counter_row row = counter_row_of(COUNTER_HOST, "numothersock", "sockets");
	uint64_t used = 0, tcp = 0;
	int r;

	r = slurp_proc(c, "net/sockstat");
	if (!r)
		r = parse_sockstat(counter_text(&c->buf), "sockets:", "used", &used);
	if (!r)
		r = parse_sockstat(counter_text(&c->buf), "TCP:", "alloc", &tcp);
	/* TCP's count takes in other network namespaces: then the difference says nothing. */
	if (!r && tcp > used)
		r = -ENODATA;
	r = counter_put(&row, COUNTER_HELD, r, used - tcp);
	return r < 0 ? r : counter_add(t, &row);
}

int counter_host_read(struct counters *c, struct counter_table *t)
{
	size_t owners = t->n_owners, rows = t->n_rows;
	int r;

	if (!c->have[COUNTER_HOST])
		return 0;
	r = counter_own(t, "host");
	for (size_t i = 0; !r && i < ARRAY_SIZE(host_rows); i++)
		r = add_row(c, &host_rows[i], t);
	if (!r)
		r = add_commit(c, t);
	if (!r)
		r = add_hugepages(c, t);
	if (!r)
		r = add_othersock(c, t);
	if (r < 0 || t->n_rows == rows)
		counter_table_cut(t, rows, owners);
	return r;
}
