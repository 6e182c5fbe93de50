// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_net.c - conntrack by source and destination, neighbours by device and
 * state. In both the question is the same: connections that somebody wants, or
 * the traces of a scan, against which no larger table helps for long.
 *
 * Each is of one network namespace; the table of neighbours is one for all of
 * them, so that what others have is not shown.
 */
#include "holders_priv.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#define SCAN_LEAST 64 /* fewer show nothing */

/* Back in its own namespace when the question is answered: holders_helper.c. */
static int enter(struct gather *g)
{
	return g->env->enter_net ? g->env->enter_net(g->env->arg, g->ask->pid) : 0;
}

struct tracked {
	struct tally *sources, *destinations;
	uint64_t all, unreplied;
	struct gather *g;
	const char *kind;
};

/* The value behind key in line, ended there; NULL. */
static const char *value_of(const char *line, const char *key, char buf[64])
{
	const char *at = strstr(line, key);
	size_t n;

	if (!at)
		return NULL;
	at += strlen(key);
	n = strcspn(at, " \t");
	if (n >= 64)
		return NULL;
	memcpy(buf, at, n);
	buf[n] = '\0';
	return buf;
}

/* ct_seq_show() of net/netfilter/nf_conntrack_standalone.c: the first addresses are those of the
 * side that began. */
static int on_tracked(struct gather *g _unused_, char *line, void *arg)
{
	struct tracked *t = arg;
	char buf[64];
	const char *address = value_of(line, "src=", buf);

	if (!address)
		return 0;
	t->all++;
	t->unreplied += strstr(line, "[UNREPLIED]") != NULL;
	tally_add(t->sources, address, 1, 0);
	address = value_of(line, "dst=", buf);
	if (address)
		tally_add(t->destinations, address, 1, 0);
	return 0;
}

static void on_address(void *arg, const struct tally_entry *e)
{
	struct tracked *t = arg;
	struct holder h = {.have = HOLDER_HELD, .held = (int64_t)e->n};

	util_strlcpy(h.kind, t->kind, sizeof(h.kind));
	util_strlcpy(h.object, e->key, sizeof(h.object));
	gather_offer(t->g, &h);
}

static void says_tracked(struct gather *g, const struct tracked *t)
{
	const struct tally_entry *from = tally_top(t->sources, false);

	if (!from || t->all < SCAN_LEAST || g->f->incomplete)
		return;
	if (t->unreplied * 2 >= t->all)
		gather_says(g,
			    "%llu of the %llu tracked connections never got an answer, most of "
			    "them (%llu) from %s: that is a scan or a flood, and a larger table "
			    "fills up as well.",
			    (unsigned long long)t->unreplied, (unsigned long long)t->all,
			    (unsigned long long)from->n, from->key);
	else if (from->n * 2 >= t->all)
		gather_says(g, "%llu of the %llu tracked connections come from %s.",
			    (unsigned long long)from->n, (unsigned long long)t->all, from->key);
}

static int read_tracked(struct gather *g, struct tracked *t)
{
	int r;

	if ((r = tally_new(&t->sources)) < 0 || (r = tally_new(&t->destinations)) < 0)
		return r;
	r = enter(g);
	if (!r)
		r = read_lines(g, g->env->proc, "net/nf_conntrack", on_tracked, t);
	if (r < 0)
		return r;
	g->f->incomplete |= tally_other(t->sources) || tally_other(t->destinations);
	t->kind = "connections from";
	tally_each(t->sources, on_address, t);
	t->kind = "connections to";
	tally_each(t->destinations, on_address, t);
	says_tracked(g, t);
	return 0;
}

int gather_conntrack(struct gather *g)
{
	struct tracked t = {.g = g};
	int r;

	util_strlcpy(g->f->measure, "entries", sizeof(g->f->measure));
	r = read_tracked(g, &t);
	tally_free(t.sources);
	tally_free(t.destinations);
	return r;
}

struct neighbours {
	struct tally *kinds; /* "STATE\tDEVICE" */
	uint64_t all, unresolved;
	struct gather *g;
};

static const char *state_name(unsigned int state)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
		{NUD_INCOMPLETE, "INCOMPLETE"}, {NUD_REACHABLE, "REACHABLE"},
		{NUD_STALE, "STALE"},           {NUD_DELAY, "DELAY"},
		{NUD_PROBE, "PROBE"},           {NUD_FAILED, "FAILED"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (state & names[i].bit)
			return names[i].name;
	return "other";
}

static void add_neighbour(struct neighbours *n, unsigned int state, const char *device)
{
	char key[96];

	n->all++;
	n->unresolved += (state & (NUD_INCOMPLETE | NUD_FAILED)) != 0;
	snprintf(key, sizeof(key), "%s\t%.40s", state_name(state), device);
	tally_add(n->kinds, key, 1, 0);
}

/* Permanent ones and those that need no address do not count: neigh_alloc() of
 * net/core/neighbour.c */
static int on_neighbour(void *arg, const struct nlmsghdr *m)
{
	const struct ndmsg *nd = NLMSG_DATA(m);
	char device[IF_NAMESIZE];

	if (m->nlmsg_type != RTM_NEWNEIGH || m->nlmsg_len < NLMSG_LENGTH(sizeof(*nd)) ||
	    nd->ndm_state & (NUD_PERMANENT | NUD_NOARP))
		return 0;
	if (!if_indextoname((unsigned int)nd->ndm_ifindex, device))
		snprintf(device, sizeof(device), "%d", nd->ndm_ifindex);
	add_neighbour(arg, nd->ndm_state, device);
	return 0;
}

/* arp_format_neigh_entry() of net/ipv4/arp.c: address, type, flags, ..., device; flags 0x0: not
 * resolved, 0x4: permanent. */
static int on_arp(struct gather *g _unused_, char *line, void *arg)
{
	char flags[16], device[64];

	if (sscanf(line, "%*s %*s %15s %*s %*s %63s", flags, device) != 2 ||
	    !util_after(flags, "0x") || strtoul(flags, NULL, 16) & 4)
		return 0;
	add_neighbour(arg, strtoul(flags, NULL, 16) ? NUD_REACHABLE : NUD_INCOMPLETE, device);
	return 0;
}

static void on_state(void *arg, const struct tally_entry *e)
{
	struct neighbours *n = arg;
	struct holder h = {.have = HOLDER_HELD, .held = (int64_t)e->n};
	const char *device = strchr(e->key, '\t');

	snprintf(h.kind, sizeof(h.kind), "%.*s entries", (int)(device - e->key), e->key);
	util_strlcpy(h.object, device + 1, sizeof(h.object));
	gather_offer(n->g, &h);
}

static int read_neighbours(struct gather *g, struct neighbours *n)
{
	struct {
		struct nlmsghdr h;
		struct ndmsg nd;
	} request = {
		.h = {.nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETNEIGH},
		.nd = {.ndm_family = g->ask->ipv6 ? AF_INET6 : AF_INET},
	};
	int r = enter(g);

	if (r < 0)
		return r;
	if (g->env->dump)
		return g->env->dump(g->env->arg, NETLINK_ROUTE, &request.h, g->env->deadline_ms,
				    on_neighbour, n);
	return g->ask->ipv6 ? -ENOTSUP : read_lines(g, g->env->proc, "net/arp", on_arp, n);
}

int gather_neighbours(struct gather *g)
{
	struct neighbours n = {.g = g};
	const struct tally_entry *top;
	int r = tally_new(&n.kinds);

	util_strlcpy(g->f->measure, "entries", sizeof(g->f->measure));
	if (!r)
		r = read_neighbours(g, &n);
	if (r == -ETIME) {
		g->f->incomplete = true;
		r = 0;
	}
	if (!r)
		tally_each(n.kinds, on_state, &n);
	top = r ? NULL : tally_top(n.kinds, false);
	if (top && n.all >= SCAN_LEAST && n.unresolved * 2 >= n.all && !g->f->incomplete)
		gather_says(
			g,
			"%llu of the %llu neighbours here never answered (INCOMPLETE or FAILED), "
			"most of them on %s: something asks for addresses that nobody has, as a "
			"scan does; a larger table fills up as well.",
			(unsigned long long)n.unresolved, (unsigned long long)n.all,
			strchr(top->key, '\t') + 1);
	tally_free(n.kinds);
	return r;
}
