// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_files.c - nofile, nr-open: what the descriptors of one process are.
 *
 * Most of all whether they are of one kind: a program that serves more clients
 * than its limit allows has connections, one that forgets to close has the same
 * thing over and over, and then a higher limit only delays the end.
 */
#include "../bpf/holders.h"
#include "holders_priv.h"

#define LEAK_LEAST 32 /* fewer of a kind show nothing */

struct own {
	struct tally *kinds, *ports, *paths, *dirs;
	uint64_t *inodes;
	size_t n_inodes, cap_inodes;
	uint64_t fds;
	bool known; /* an iterator told of some */
	const struct proc *p;
	struct gather *g;
};

static int add_inode(struct own *o, uint64_t inode)
{
	if (o->n_inodes == o->cap_inodes) {
		size_t cap = o->cap_inodes ? o->cap_inodes * 2 : 256;
		uint64_t *p = reallocarray(o->inodes, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		o->inodes = p;
		o->cap_inodes = cap;
	}
	o->inodes[o->n_inodes++] = inode;
	return 0;
}

/* A file, by its path and by the directory that it is in. */
static void add_path(struct own *o, const char *link)
{
	char dir[4096];
	char *slash;

	tally_add(o->kinds, util_after(link, "/memfd:") ? "memfd files" : "files", 1, 0);
	tally_add(o->paths, link, 1, 0);
	util_strlcpy(dir, link, sizeof(dir));
	slash = strrchr(dir, '/');
	if (!slash)
		return;
	slash[slash == dir] = '\0';
	tally_add(o->dirs, dir, 1, 0);
}

/* "anon_inode:[eventfd]", and without brackets: inotify (fs/anon_inodes.c names them as asked). */
static void add_anonymous(struct own *o, const char *name)
{
	char kind[64];
	size_t n;

	name += *name == '[';
	n = strcspn(name, "]");
	snprintf(kind, sizeof(kind), "%.*s descriptors", (int)(n < 40 ? n : 40), name);
	tally_add(o->kinds, kind, 1, 0);
}

static int on_fd(struct gather *g _unused_, const struct proc *p _unused_, int fds _unused_,
		 const char *name _unused_, const char *link, void *arg)
{
	struct own *o = arg;
	const char *rest;

	o->fds++;
	rest = util_after(link, "socket:[");
	if (rest)
		return add_inode(o, strtoull(rest, NULL, 10));
	rest = util_after(link, "anon_inode:");
	if (rest)
		add_anonymous(o, rest);
	else if (util_after(link, "pipe:["))
		tally_add(o->kinds, "pipes", 1, 0);
	else if (link[0] == '/')
		add_path(o, link);
	else
		tally_add(o->kinds, "other descriptors", 1, 0);
	return 0;
}

/* What needs no look at where it leads. */
static int on_known(struct gather *g _unused_, const struct fc_iter_fd *f, void *arg)
{
	struct own *o = arg;
	struct socket_kinds k = {.kinds = o->kinds, .ports = o->ports};
	char name[FC_ITER_NAME + 1];

	if (f->kind != FC_FD_SOCKET && f->kind != FC_FD_PIPE && f->kind != FC_FD_ANON)
		return -ENOTSUP;
	o->fds++;
	o->known = true;
	if (f->kind == FC_FD_PIPE) {
		tally_add(o->kinds, "pipes", 1, 0);
	} else if (f->kind == FC_FD_ANON) {
		snprintf(name, sizeof(name), "%.*s", FC_ITER_NAME, f->name);
		add_anonymous(o, name);
	} else if (!sockets_known(f, &k)) {
		return add_inode(o, f->inode);
	}
	return 0;
}

struct port {
	const char *kind;
	const struct tally_entry *top;
};

static void on_port(void *arg, const struct tally_entry *e)
{
	struct port *p = arg;
	const char *rest = util_after(e->key, p->kind);

	if (rest && *rest == '\t' && (!p->top || e->n > p->top->n))
		p->top = e;
}

/* What most of a kind have in common. */
static void common(const struct own *o, const struct tally_entry *e, char *buf, size_t size)
{
	const struct tally_entry *path = tally_top(o->paths, false);
	const struct tally_entry *dir = tally_top(o->dirs, false);
	struct port port = {.kind = e->key};

	buf[0] = '\0';
	tally_each(o->ports, on_port, &port);
	if (port.top && port.top->n * 2 >= e->n)
		util_strlcpy(buf, strchr(port.top->key, '\t') + 1, size);
	if (!util_streq(e->key, "files") && !util_streq(e->key, "memfd files"))
		return;
	if (path && path->n * 2 >= e->n)
		util_strlcpy(buf, path->key, size);
	else if (dir && dir->n * 2 >= e->n)
		snprintf(buf, size, "in %s", dir->key);
}

static void on_kind(void *arg, const struct tally_entry *e)
{
	struct own *o = arg;
	struct holder h;

	holder_of(&h, o->p, e->n);
	util_strlcpy(h.kind, e->key, sizeof(h.kind));
	common(o, e, h.object, sizeof(h.object));
	gather_offer(o->g, &h);
}

/* What changes the advice: a kind that nobody wants many of. Only of all descriptors is it said. */
static void says_leak(struct own *o)
{
	const struct tally_entry *top = tally_top(o->kinds, false);
	const struct tally_entry *path = tally_top(o->paths, false);
	unsigned long long all = o->fds;
	char who[GATHER_NAME], name[GATHER_NAME], where[224] = "", object[192];

	if (!top || o->g->f->incomplete)
		return;
	gather_name(o->p->comm, who);
	common(o, top, object, sizeof(object));
	if (object[0])
		snprintf(where, sizeof(where), ", most of them with %s", object);
	if (util_streq(top->key, "TCP sockets in CLOSE_WAIT") && top->n >= LEAK_LEAST &&
	    top->n * 2 >= o->fds)
		gather_says(
			o->g,
			"%llu of the %llu descriptors of %s (pid %lld) are TCP sockets in "
			"CLOSE_WAIT%s: the other side has closed these connections and the program "
			"does not; raising the limit only delays it.",
			(unsigned long long)top->n, all, who, (long long)o->p->pid, where);
	else if (path && path->n >= LEAK_LEAST && path->n * 2 >= o->fds)
		gather_says(
			o->g,
			"%llu of the %llu descriptors of %s (pid %lld) are one and the same file, "
			"%s: if the program only opens it again and never closes it, raising the "
			"limit only delays it.",
			(unsigned long long)path->n, all, who, (long long)o->p->pid,
			gather_name(path->key, name));
	else if (strstr(top->key, " descriptors") && top->n >= LEAK_LEAST &&
		 top->n * 10 >= o->fds * 8)
		gather_says(
			o->g,
			"%llu of the %llu descriptors of %s (pid %lld) are %s: no program needs "
			"that many of them, it looks like a leak, and raising the limit only "
			"delays it.",
			(unsigned long long)top->n, all, who, (long long)o->p->pid, top->key);
}

static int own_files(struct gather *g, const struct proc *p, struct own *o)
{
	struct socket_kinds k;
	int r;

	if ((r = tally_new(&o->kinds)) < 0 || (r = tally_new(&o->ports)) < 0 ||
	    (r = tally_new(&o->paths)) < 0 || (r = tally_new(&o->dirs)) < 0)
		return r;
	r = proc_fds_known(g, p, on_known, on_fd, o);
	if (r < 0)
		return r;
	k = (struct socket_kinds){o->kinds, o->ports, o->known};
	r = sockets_resolve(g, p, o->inodes, o->n_inodes, &k);
	if (r < 0)
		return r;
	tally_each(o->kinds, on_kind, o);
	says_leak(o);
	return 0;
}

int gather_own_files(struct gather *g)
{
	struct proc p = {.dir = -1};
	struct own o = {.g = g, .p = &p};
	int r = proc_open_asked(g, &p);

	if (r < 0)
		return r;
	util_strlcpy(g->f->measure, "files", sizeof(g->f->measure));
	r = own_files(g, &p, &o);
	tally_free(o.kinds);
	tally_free(o.ports);
	tally_free(o.paths);
	tally_free(o.dirs);
	free(o.inodes);
	proc_close(&p);
	return r;
}
