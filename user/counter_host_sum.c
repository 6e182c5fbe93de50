// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_host_sum.c - rows of the host that no single number tells: memory
 * and swap, what was promised, huge pages, sockets, ports, message queues.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/vfs.h>

#include "counter_priv.h"

#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */

/* Several "Key: number" of one file; all of them or an error. */
static int colons(struct counters *c, const char *path, const char *const *keys, size_t n,
		  uint64_t *v)
{
	int r = counter_slurp(c, path, COUNTER_TABLE_FILE_MAX);

	for (size_t i = 0; !r && i < n; i++)
		r = parse_colon(counter_text(&c->buf), keys[i], &v[i]);
	return r;
}

static int sysctl(struct counters *c, const char *path, unsigned int index, uint64_t *ret)
{
	int r = counter_slurp(c, path, COUNTER_FILE_MAX);

	return r < 0 ? r : parse_nth(counter_text(&c->buf), index, ret);
}

/* Held: what is left when the kernel's own estimate of what can still be had is taken away. */
static int add_memory(struct counters *c, struct counter_table *t)
{
	static const char *const memory[] = {"MemTotal:", "MemAvailable:"};
	static const char *const swap[] = {"SwapTotal:", "SwapFree:"};
	struct {
		const char *name;
		const char *const *keys;
	} pools[] = {{"memory", memory}, {"swap", swap}};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(pools); i++) {
		struct counter_row row = counter_row_of(COUNTER_HOST, pools[i].name, "bytes");
		uint64_t v[2] = {0};

		r = colons(c, "proc/meminfo", pools[i].keys, 2, v);
		if (!r && v[1] > v[0])
			r = -EBADMSG;
		if (counter_put(&row, COUNTER_HELD, r, v[0] - v[1]) < 0 ||
		    counter_put(&row, COUNTER_LIMIT, r, v[0]) < 0)
			return -ENOMEM;
		r = counter_add(t, &row);
	}
	return r;
}

/* CommitLimit refuses in mode 2 only (Documentation/mm/overcommit-accounting). */
static int add_commit(struct counters *c, struct counter_table *t)
{
	static const char *const keys[] = {"Committed_AS:", "CommitLimit:"};
	struct counter_row row = counter_row_of(COUNTER_HOST, "commit", "bytes");
	uint64_t v[2] = {0}, mode = 0;
	int r;

	r = colons(c, "proc/meminfo", keys, 1, v);
	if (counter_put(&row, COUNTER_HELD, r, v[0]) < 0)
		return -ENOMEM;
	r = sysctl(c, "proc/sys/vm/overcommit_memory", 0, &mode);
	if (!r && mode == 2)
		r = colons(c, "proc/meminfo", keys, 2, v);
	else
		v[1] = COUNTER_UNLIMITED;
	r = counter_put(&row, COUNTER_LIMIT, r, v[1]);
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
	struct counter_row row = counter_row_of(COUNTER_HOST, "hugepages", "huge pages");
	uint64_t v[ARRAY_SIZE(keys)] = {0}, more = 0;
	int r;

	r = colons(c, "proc/meminfo", keys, ARRAY_SIZE(keys), v);
	if (!r && (v[1] > v[0] || v[2] > v[1] || v[3] > v[0]))
		r = -EBADMSG;
	if (counter_put(&row, COUNTER_HELD, r, v[0] - v[1] + v[2]) < 0)
		return -ENOMEM;
	if (!r)
		r = sysctl(c, "proc/sys/vm/nr_overcommit_hugepages", 0, &more);
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

	r = counter_slurp(c, "proc/net/sockstat", COUNTER_TABLE_FILE_MAX);
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

/* How many there are to one destination; each destination has them all again. */
static int add_ports(struct counters *c, struct counter_table *t)
{
	static const char path[] = "proc/sys/net/ipv4/ip_local_port_range";
	struct counter_row row = counter_row_of(COUNTER_HOST, "ports", "ports");
	uint64_t low = 0, high = 0;
	int r;

	r = sysctl(c, path, 0, &low);
	if (!r)
		r = sysctl(c, path, 1, &high);
	if (!r && low > high)
		r = -EBADMSG;
	r = counter_put(&row, COUNTER_LIMIT, r, high - low + 1);
	return r < 0 ? r : counter_add(t, &row);
}

/* The queues of our IPC namespace are the files of its mqueue file system, where it is mounted. */
static int count_queues(struct counters *c, uint64_t *ret)
{
	int fd = counter_open(c, "dev/mqueue", O_RDONLY | O_DIRECTORY);
	const struct dirent *e;
	struct statfs fs;
	uint64_t n = 0;
	DIR *dir;

	if (fd < 0)
		return -ENOENT;
	if (fstatfs(fd, &fs) < 0 || (!c->root_path[0] && fs.f_type != MQUEUE_MAGIC)) {
		close(fd);
		return -ENOENT;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((e = readdir(dir)))
		n += !util_streq(e->d_name, ".") && !util_streq(e->d_name, "..");
	closedir(dir);
	*ret = n;
	return 0;
}

static int add_queues(struct counters *c, struct counter_table *t)
{
	struct counter_row row = counter_row_of(COUNTER_HOST, "mq-queues", "queues");
	uint64_t n = 0, limit = 0;
	int r;

	r = sysctl(c, "proc/sys/fs/mqueue/queues_max", 0, &limit);
	if (counter_put(&row, COUNTER_LIMIT, r, limit) < 0 ||
	    counter_put(&row, COUNTER_HELD, r ? -ENOENT : count_queues(c, &n), n) < 0)
		return -ENOMEM;
	return counter_add(t, &row);
}

int counter_host_sums(struct counters *c, struct counter_table *t)
{
	static int (*const all[])(struct counters * c, struct counter_table * t) = {
		add_memory, add_commit, add_hugepages, add_othersock, add_ports, add_queues,
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(all); i++)
		r = all[i](c, t);
	return r;
}
