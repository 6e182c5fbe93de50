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
	HEX,   /* column key of a table of /proc/net/stat, over all processors */
	STAT,  /* netstat, key is "LINE KEY" */
	LINES, /* of the file */
	FIXED, /* arg: no file tells it */
};

struct where {
	enum how how;
	const char *file; /* below proc/ */
	const char *key;
	unsigned int arg;
};

struct host_row {
	const char *name, *unit;
	struct where held, barrier, limit, failcnt;
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
	/* SEMVMX, include/uapi/linux/sem.h */
	{"semvmx", "value", .limit = {.how = FIXED, .arg = 32767}},
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
	 .limit = SYSCTL("net/netfilter/nf_conntrack_max", 0),
	 .failcnt = {.how = HEX, .file = "net/stat/nf_conntrack", .key = "drop"}},
	{"tcp-mem", "pages", SOCKSTAT("TCP: mem"), SYSCTL("net/ipv4/tcp_mem", 1),
	 .limit = SYSCTL("net/ipv4/tcp_mem", 2)},
	{"udp-mem", "pages", SOCKSTAT("UDP: mem"), SYSCTL("net/ipv4/udp_mem", 1),
	 .limit = SYSCTL("net/ipv4/udp_mem", 2)},
	{"tcp-orphans", "sockets", SOCKSTAT("TCP: orphan"),
	 .limit = SYSCTL("net/ipv4/tcp_max_orphans", 0)},
	{"numtcpsock", "sockets", .held = SOCKSTAT("TCP: alloc")},
	{"neighbours",
	 "entries",
	 {.how = NEIGH, .file = "net/stat/arp_cache"},
	 SYSCTL("net/ipv4/neigh/default/gc_thresh2", 0),
	 SYSCTL("net/ipv4/neigh/default/gc_thresh3", 0),
	 {.how = HEX, .file = "net/stat/arp_cache", .key = "table_fulls"}},
	/* ListenOverflows: a connection that found the queue of its listener full, tcp_ipv4.c */
	{"backlog", "connections", .limit = SYSCTL("net/core/somaxconn", 0),
	 .failcnt = {.how = STAT, .file = "net/netstat", .key = "TcpExt: ListenOverflows"}},
	{"mounts",
	 "mounts",
	 {.how = LINES, .file = "self/mountinfo"},
	 .limit = SYSCTL("fs/mount-max", 0)},
	/* Limits of each user, process or object: usage is theirs. */
	{"inotify-instances", "instances", .limit = SYSCTL("fs/inotify/max_user_instances", 0)},
	{"inotify-watches", "watches", .limit = SYSCTL("fs/inotify/max_user_watches", 0)},
	{"epoll-watches", "watches", .limit = SYSCTL("fs/epoll/max_user_watches", 0)},
	{"fanotify-groups", "groups", .limit = SYSCTL("fs/fanotify/max_user_groups", 0)},
	{"fanotify-marks", "marks", .limit = SYSCTL("fs/fanotify/max_user_marks", 0)},
	{"keys", "keys", .limit = SYSCTL("kernel/keys/maxkeys", 0)},
	{"keys.bytes", "bytes", .limit = SYSCTL("kernel/keys/maxbytes", 0)},
	{"map-count", "maps", .limit = SYSCTL("vm/max_map_count", 0)},
	{"namespaces.cgroup", "namespaces", .limit = SYSCTL("user/max_cgroup_namespaces", 0)},
	{"namespaces.ipc", "namespaces", .limit = SYSCTL("user/max_ipc_namespaces", 0)},
	{"namespaces.mnt", "namespaces", .limit = SYSCTL("user/max_mnt_namespaces", 0)},
	{"namespaces.net", "namespaces", .limit = SYSCTL("user/max_net_namespaces", 0)},
	{"namespaces.pid", "namespaces", .limit = SYSCTL("user/max_pid_namespaces", 0)},
	{"namespaces.time", "namespaces", .limit = SYSCTL("user/max_time_namespaces", 0)},
	{"namespaces.user", "namespaces", .limit = SYSCTL("user/max_user_namespaces", 0)},
	{"namespaces.uts", "namespaces", .limit = SYSCTL("user/max_uts_namespaces", 0)},
};

static int slurp_proc(struct counters *c, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "proc/%s", file);
	return counter_slurp(c, path, COUNTER_TABLE_FILE_MAX);
}

/* where is "LINE KEY". */
static int line_key(struct parse_text text, const char *where,
		    int (*parse)(struct parse_text, const char *, const char *, uint64_t *),
		    uint64_t *ret)
{
	const char *blank = strchr(where, ' ');
	char line[16];

	snprintf(line, sizeof(line), "%.*s", (int)(blank - where), where);
	return parse(text, line, blank + 1, ret);
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

	if (w->how == FIXED) {
		*ret = w->arg;
		return 0;
	}
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
		return line_key(text, w->key, parse_sockstat, ret);
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
	case HEX:
		return parse_net_stat_sum(text, w->key, ret);
	case STAT:
		return line_key(text, w->key, parse_netstat, ret);
	case LINES:
		return parse_count_lines(text, NULL, ret);
	case FIXED:
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

	r = look(c, w, what == COUNTER_BARRIER || what == COUNTER_LIMIT, &v);
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
	if (!r)
		r = put(c, &h->failcnt, COUNTER_FAILCNT, &row);
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
		r = counter_host_sums(c, t);
	if (!r)
		r = counter_fs_read(c, t);
	if (r < 0 || t->n_rows == rows)
		counter_table_cut(t, rows, owners);
	return r;
}
