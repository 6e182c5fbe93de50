// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_sockets.c - what a process's sockets are: protocol and, for TCP, the
 * state. /proc/PID/fd knows only the inode; the tables of the process's network
 * namespace, /proc/PID/net, know the rest.
 */
#include "../bpf/holders.h"
#include "holders_priv.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct table {
	const char *file, *name;
	unsigned int inode; /* column, from 0 */
	bool tcp;
};

/* Columns: the headings of net/ipv4/tcp_ipv4.c, udp.c, unix/af_unix.c, netlink/af_netlink.c,
 * packet/af_packet.c. The IP tables have two words under one heading in places. */
static const struct table tables[] = {
	{"net/tcp", "TCP sockets", 9, true},          {"net/tcp6", "TCP sockets", 9, true},
	{"net/unix", "unix sockets", 6, false},       {"net/udp", "UDP sockets", 9, false},
	{"net/udp6", "UDP sockets", 9, false},
#define RARE_FROM 5
	{"net/netlink", "netlink sockets", 9, false}, {"net/packet", "packet sockets", 8, false},
	{"net/raw", "raw sockets", 9, false},         {"net/raw6", "raw sockets", 9, false},
	{"net/icmp", "ICMP sockets", 9, false},       {"net/icmp6", "ICMP sockets", 9, false},
};

/* include/net/tcp_states.h */
static const char *const states[] = {
	[1] = "ESTABLISHED", [2] = "SYN_SENT",  [3] = "SYN_RECV", [4] = "FIN_WAIT1",
	[5] = "FIN_WAIT2",   [6] = "TIME_WAIT", [7] = "CLOSE",    [8] = "CLOSE_WAIT",
	[9] = "LAST_ACK",    [10] = "LISTEN",   [11] = "CLOSING",
};

struct reading {
	const struct table *table;
	struct socket_kinds *k;
	uint64_t *inodes; /* sorted; a found one stays, for it can stand in one table only */
	size_t n;
	uint64_t found;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* How many descriptors lead to this socket: a dup has the same inode. */
static uint64_t times(const struct reading *r, uint64_t inode)
{
	const uint64_t *at = bsearch(&inode, r->inodes, r->n, sizeof(inode), by_number);
	const uint64_t *from = at, *end = r->inodes + r->n;

	if (!at)
		return 0;
	while (from > r->inodes && from[-1] == inode)
		from--;
	while (at < end && *at == inode)
		at++;
	return (uint64_t)(at - from);
}

/* Words of a line in place; at most max, the rest is left alone. What is not there is "". */
static unsigned int split(char *line, char *words[], unsigned int max)
{
	static char none[1];
	unsigned int n = 0;
	char *save = NULL;

	for (unsigned int i = 0; i < max; i++)
		words[i] = none;
	for (char *w = strtok_r(line, " \t", &save); w && n < max; w = strtok_r(NULL, " \t", &save))
		words[n++] = w;
	return n;
}

/* The port stands behind the last colon, in hexadecimal. */
static unsigned long port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? strtoul(colon + 1, NULL, 16) : 0;
}

static void add_ports(struct socket_kinds *k, const char *kind, char *words[], uint64_t fds)
{
	char key[128];

	snprintf(key, sizeof(key), "%s\tlocal port %lu", kind, port_of(words[1]));
	tally_add(k->ports, key, fds, 0);
	if (port_of(words[2]) == 0)
		return;
	snprintf(key, sizeof(key), "%s\tremote port %lu", kind, port_of(words[2]));
	tally_add(k->ports, key, fds, 0);
}

static int on_socket(struct gather *g _unused_, char *line, void *arg)
{
	struct reading *r = arg;
	char *words[12], kind[64];
	unsigned int n = split(line, words, ARRAY_SIZE(words));
	unsigned long state;
	uint64_t inode, fds;

	if (n <= r->table->inode ||
	    parse_u64(words[r->table->inode], strlen(words[r->table->inode]), &inode) < 0 || !inode)
		return 0;
	fds = times(r, inode);
	if (!fds)
		return 0;
	r->found += fds;
	if (!r->table->tcp) {
		tally_add(r->k->kinds, r->table->name, fds, 0);
		return 0;
	}
	state = strtoul(words[3], NULL, 16);
	snprintf(kind, sizeof(kind), "%s in %s", r->table->name,
		 state < ARRAY_SIZE(states) && states[state] ? states[state] : "another state");
	tally_add(r->k->kinds, kind, fds, 0);
	add_ports(r->k, kind, words, fds);
	return 0;
}

#define TCP_CLOSE 7 /* neither bound for good nor connected: no table has it */

bool sockets_known(const struct fc_iter_fd *f, struct socket_kinds *k)
{
	bool ip = f->family == AF_INET || f->family == AF_INET6;
	char local[32], remote[32], *words[] = {NULL, local, remote}, kind[64];
	const char *name = NULL;

	if (f->family == AF_UNIX)
		name = "unix sockets";
	else if (ip && f->type == SOCK_STREAM && f->protocol == IPPROTO_TCP)
		name = f->state == TCP_CLOSE ? "other sockets" : "TCP sockets";
	else if (ip && f->type == SOCK_DGRAM && f->protocol == IPPROTO_UDP)
		name = f->local ? "UDP sockets" : "other sockets";
	if (!name)
		return false;
	if (!util_streq(name, "TCP sockets")) {
		tally_add(k->kinds, name, 1, 0);
		return true;
	}
	snprintf(kind, sizeof(kind), "%s in %s", name,
		 f->state < ARRAY_SIZE(states) && states[f->state] ? states[f->state]
								   : "another state");
	snprintf(local, sizeof(local), ":%X", f->local);
	snprintf(remote, sizeof(remote), ":%X", f->remote);
	tally_add(k->kinds, kind, 1, 0);
	add_ports(k, kind, words, 1);
	return true;
}

int sockets_resolve(struct gather *g, const struct proc *p, uint64_t *inodes, size_t n,
		    struct socket_kinds *k)
{
	struct reading r = {.k = k, .inodes = inodes, .n = n};

	if (n == 0)
		return 0;
	qsort(inodes, n, sizeof(*inodes), by_number);
	for (size_t i = k->rare ? RARE_FROM : 0;
	     i < ARRAY_SIZE(tables) && r.found < n && !gather_late(g); i++) {
		r.table = &tables[i];
		read_lines(g, p->dir, tables[i].file, on_socket, &r); /* some are not there */
	}
	/* In no table: made and not connected, of another namespace, or a rarer family. */
	if (r.found < n)
		tally_add(k->kinds, g->f->incomplete ? "sockets" : "other sockets", n - r.found, 0);
	return 0;
}
