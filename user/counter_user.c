// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter_user.c - what the kernel counts for each user: tasks, signals, keys,
 * and what counter_fdinfo.c finds.
 *
 * No file tells a user's tasks: one pass over /proc adds up the threads of the
 * processes of each real user id, which is what RLIMIT_NPROC is compared with.
 * The limit itself belongs to processes; the one shown is that of one of them.
 * Processes outside the reader's pid namespace, or hidden from it (hidepid),
 * are not counted.
 */
#include <fcntl.h>

#include "counter_priv.h"

struct user {
	uint32_t uid;
	uint64_t tasks;
	char pid[16]; /* one of its processes */
	bool malformed;
	bool fds_seen, fds_hidden; /* the descriptors of some process of it, not of all */
};

struct counter_users {
	struct user *u; /* by uid */
	size_t n, cap;
	bool with_fds;
	struct counter_fds fds;
	int max_maps_result;
	uint64_t max_maps; /* vm.max_map_count */
};

static void users_done(struct counter_users *all)
{
	free(all->u);
	free(all->fds.f);
}

/* The user of that id, made where it is new. */
static struct user *user_of(struct counter_users *all, uint32_t uid)
{
	size_t at = all->n;

	while (at > 0 && all->u[at - 1].uid >= uid)
		at--;
	if (at < all->n && all->u[at].uid == uid)
		return &all->u[at];
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 32;
		struct user *p = reallocarray(all->u, cap, sizeof(*p));

		if (!p)
			return NULL;
		all->u = p;
		all->cap = cap;
	}
	memmove(&all->u[at + 1], &all->u[at], (all->n - at) * sizeof(*all->u));
	all->u[at] = (struct user){.uid = uid};
	all->n++;
	return &all->u[at];
}

static int add_process(struct counters *c, struct counter_users *all, const char *pid)
{
	uint64_t uid = 0, threads;
	char path[64];
	struct user *u;
	int r;

	snprintf(path, sizeof(path), "proc/%s/status", pid);
	r = counter_slurp(c, path, COUNTER_FILE_MAX);
	if (!r)
		r = parse_colon(counter_text(&c->buf), "Uid:", &uid);
	/* It has exited, or tells nothing. */
	if (r < 0 || uid > UINT32_MAX)
		return r == -ENOMEM ? r : 0;
	u = user_of(all, (uint32_t)uid);
	if (!u)
		return -ENOMEM;
	if (!u->pid[0])
		util_strlcpy(u->pid, pid, sizeof(u->pid));
	if (parse_colon(counter_text(&c->buf), "Threads:", &threads) < 0 ||
	    __builtin_add_overflow(u->tasks, threads, &u->tasks))
		u->malformed = true;
	if (!all->with_fds)
		return 0;
	r = counter_fds_add(c, &all->fds, (uint32_t)uid, pid);
	u->fds_seen |= r == 0;
	u->fds_hidden |= r < 0 && r != -ENOENT;
	return r == -ENOMEM ? r : 0;
}

static int users_scan(struct counters *c, struct counter_users *ret)
{
	int fd = counter_open(c, "proc", O_RDONLY | O_DIRECTORY);
	struct counter_names names = {0};
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = counter_subdirs(fd, &names);
	for (size_t i = 0; !r && i < names.n; i++) {
		const char *name = names.names[i];

		if (strlen(name) < 12 && !name[strspn(name, "0123456789")])
			r = add_process(c, ret, name);
	}
	counter_names_free(&names);
	return r;
}

int counter_users_keep(struct counters *c)
{
	struct counter_users *all = calloc(1, sizeof(*all));
	int r;

	if (!all)
		return -ENOMEM;
	r = users_scan(c, all);
	if (r < 0) {
		users_done(all);
		free(all);
		return r;
	}
	counter_users_drop(c);
	all->max_maps_result = counter_max_maps(c, &all->max_maps);
	c->users = all;
	return 0;
}

int counter_max_maps(struct counters *c, uint64_t *ret)
{
	int r;

	if (c->users && c->users->max_maps_result == 0)
		*ret = c->users->max_maps;
	if (c->users)
		return c->users->max_maps_result;
	r = counter_slurp(c, "proc/sys/vm/max_map_count", COUNTER_FILE_MAX);
	return r < 0 ? r : parse_value(counter_text(&c->buf), ret);
}

void counter_users_drop(struct counters *c)
{
	if (c->users)
		users_done(c->users);
	free(c->users);
	c->users = NULL;
}

int counter_user_tasks(struct counters *c, uint32_t uid, uint64_t *ret)
{
	_cleanup_(users_done) struct counter_users own = {0};
	const struct counter_users *all = c->users ? c->users : &own;
	int r;

	r = c->users ? 0 : users_scan(c, &own);
	for (size_t i = 0; !r && i < all->n; i++) {
		if (all->u[i].uid != uid)
			continue;
		if (all->u[i].malformed)
			return -EBADMSG;
		*ret = all->u[i].tasks;
		return 0;
	}
	return r < 0 ? r : -ENODATA;
}

/* A row with the limits of one of the user's processes. */
static int add_rlimit(struct counters *c, const struct user *u, struct counter_row row,
		      const char *label, int held_result, uint64_t held, struct counter_table *t)
{
	uint64_t soft = 0, hard = 0;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "proc/%s/limits", u->pid);
	r = counter_slurp(c, path, COUNTER_FILE_MAX);
	if (!r)
		r = parse_rlimit(counter_text(&c->buf), label, &soft, &hard);
	if (counter_put(&row, COUNTER_BARRIER, r, soft) < 0 ||
	    counter_put(&row, COUNTER_LIMIT, r, hard) < 0 ||
	    counter_put(&row, COUNTER_HELD, held_result, held) < 0)
		return -ENOMEM;
	return counter_add(t, &row);
}

static int add_nproc(struct counters *c, const struct user *u, struct counter_table *t)
{
	return add_rlimit(c, u, counter_row_of(COUNTER_USER, "nproc", "tasks"), "Max processes",
			  u->malformed ? -EBADMSG : 0, u->tasks, t);
}

/* Each process shows how many signals are queued for its user. */
static int add_sigpending(struct counters *c, const struct user *u, struct counter_table *t)
{
	uint64_t held = 0;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "proc/%s/status", u->pid);
	r = counter_slurp(c, path, COUNTER_FILE_MAX);
	if (!r)
		r = parse_sigq(counter_text(&c->buf), &held);
	return add_rlimit(c, u, counter_row_of(COUNTER_USER, "sigpending", "signals"),
			  "Max pending signals", r, held, t);
}

/* Told only where every process of the user could be looked into. */
static int add_fds(struct counters *c, const struct counter_users *all, const struct user *u,
		   struct counter_table *t)
{
	struct counter_fd_usage usage;

	if (!u->fds_seen || u->fds_hidden || all->fds.unknown)
		return 0;
	counter_fds_count(&all->fds, u->uid, &usage);
	return counter_fds_rows(c, &usage, t);
}

static int add_keys(const struct parse_key_user *k, struct counter_table *t)
{
	struct counter_row keys = counter_row_of(COUNTER_USER, "keys", "keys");
	struct counter_row bytes = counter_row_of(COUNTER_USER, "keys.bytes", "bytes");
	int r;

	counter_put(&keys, COUNTER_HELD, 0, k->keys);
	counter_put(&keys, COUNTER_LIMIT, 0, k->keys_max);
	counter_put(&bytes, COUNTER_HELD, 0, k->bytes);
	counter_put(&bytes, COUNTER_LIMIT, 0, k->bytes_max);
	r = counter_add(t, &keys);
	return r < 0 ? r : counter_add(t, &bytes);
}

/* The line of one user in the text of key-users. */
static int find_keys(struct parse_text text, uint32_t uid, struct parse_key_user *ret)
{
	struct parse_text line;
	bool whole;

	while (parse_next_line(&text, &line, &whole))
		if (whole && parse_key_user(line, ret) == 0 && ret->uid == uid)
			return 0;
	return -ENODATA;
}

/* Users that have keys but no process are users too. */
static int add_key_owners(struct parse_text text, struct counter_users *all)
{
	struct parse_key_user k;
	struct parse_text line;
	bool whole;

	while (parse_next_line(&text, &line, &whole))
		if (whole && parse_key_user(line, &k) == 0 && !user_of(all, (uint32_t)k.uid))
			return -ENOMEM;
	return 0;
}

static int add_user(struct counters *c, const struct counter_users *all, const struct user *u,
		    struct parse_text keys, struct counter_table *t)
{
	struct parse_key_user k;
	int r;

	r = counter_own(t, "uid:%u", u->uid);
	if (!r && u->pid[0])
		r = add_nproc(c, u, t);
	if (!r && u->pid[0])
		r = add_sigpending(c, u, t);
	if (!r)
		r = add_fds(c, all, u, t);
	if (!r && find_keys(keys, u->uid, &k) == 0)
		r = add_keys(&k, t);
	return r;
}

int counter_user_read(struct counters *c, int64_t uid, struct counter_table *t)
{
	_cleanup_(users_done) struct counter_users all = {.with_fds = true};
	_cleanup_free_ char *text = NULL;
	struct parse_text keys = {0};
	bool found = false;
	int r;

	r = c->have[COUNTER_USER] ? users_scan(c, &all) : 0;
	if (!r)
		r = counter_slurp(c, "proc/key-users", COUNTER_TABLE_FILE_MAX);
	if (r == -ENOMEM)
		return r;
	if (!r && c->buf.n) {
		/* A copy: the buffer is needed for each user's limits. */
		text = malloc(c->buf.n);
		if (!text)
			return -ENOMEM;
		memcpy(text, c->buf.s, c->buf.n);
		keys = (struct parse_text){text, c->buf.n};
	}
	counter_fds_sort(c, &all.fds);
	r = add_key_owners(keys, &all);
	for (size_t i = 0; !r && i < all.n; i++) {
		if (uid >= 0 && all.u[i].uid != uid)
			continue;
		found = true;
		r = add_user(c, &all, &all.u[i], keys, t);
	}
	return r < 0 || found || uid < 0 ? r : -ENOENT;
}
