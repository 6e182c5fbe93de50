// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_skmem.c - tcp-mem, udp-mem: whose sockets the memory is in, and
 * whether it is data that a program does not read or data that does not get out.
 *
 * What each socket has comes from the kernel's socket diagnosis
 * (net/core/sock_diag.c), or where that is missing from its queues in /proc/net;
 * whose it is from the descriptors. Of the network
 * namespace of the process that was refused, else of this one: the limit is the
 * whole host's.
 */
#include "../bpf/holders.h"
#include "holders_priv.h"

#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define SOCKETS_MAX 65536
#define TCP_LISTEN_STATE 10 /* TCP_LISTEN of include/net/tcp_states.h */

struct one_socket {
	uint64_t inode, received, sending;
	bool claimed;
};

struct skmem {
	struct gather *g;
	struct one_socket *at; /* sorted by inode when all are known */
	size_t n, cap;
	bool udp;
	uint64_t all, sockets, received,
		sending; /* of the process that is looked at; all: of all */
};

static int add_socket(struct skmem *s, uint64_t inode, uint64_t received, uint64_t sending)
{
	if (s->n == SOCKETS_MAX) {
		s->g->f->incomplete = true;
		return 0;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 256;
		struct one_socket *at = reallocarray(s->at, cap, sizeof(*at));

		if (!at)
			return -ENOMEM;
		s->at = at;
		s->cap = cap;
	}
	s->at[s->n++] = (struct one_socket){inode, received, sending, false};
	s->all += received + sending;
	return 0;
}

/* sk_get_meminfo() of net/core/sock.c. What is reserved ahead counts for the larger side. */
static int on_diag(void *arg, const struct nlmsghdr *m)
{
	const struct inet_diag_msg *d = NLMSG_DATA(m);
	int len = (int)m->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*d));

	if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY || len < 0)
		return 0;
	for (const struct rtattr *a = (const void *)(d + 1); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		uint32_t mem[SK_MEMINFO_BACKLOG + 1];
		uint64_t received, sending;

		if (a->rta_type != INET_DIAG_SKMEMINFO || RTA_PAYLOAD(a) < sizeof(mem))
			continue;
		memcpy(mem, RTA_DATA(a), sizeof(mem));
		received = (uint64_t)mem[SK_MEMINFO_RMEM_ALLOC] + mem[SK_MEMINFO_BACKLOG];
		sending = mem[SK_MEMINFO_WMEM_QUEUED];
		*(sending > received ? &sending : &received) += mem[SK_MEMINFO_FWD_ALLOC];
		return received + sending ? add_socket(arg, d->idiag_inode, received, sending) : 0;
	}
	return 0;
}

static int dump(struct gather *g, struct skmem *s, int family)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 d;
	} request = {
		.h = {.nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY},
		.d = {.sdiag_family = (uint8_t)family,
		      .sdiag_protocol = s->udp ? IPPROTO_UDP : IPPROTO_TCP,
		      .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
		      .idiag_states = ~0U},
	};

	return g->env->dump(g->env->arg, NETLINK_SOCK_DIAG, &request.h, g->env->deadline_ms,
			    on_diag, s);
}

/* get_tcp4_sock() of net/ipv4/tcp_ipv4.c and its like: what is queued, without its wrapping. Of one
 * that listens these are connections. */
static int on_line(struct gather *g _unused_, char *line, void *arg)
{
	unsigned long long sending, received, inode;
	unsigned int state;

	if (sscanf(line, " %*u: %*s %*s %x %llx:%llx %*s %*s %*u %*u %llu", &state, &sending,
		   &received, &inode) != 4 ||
	    state == TCP_LISTEN_STATE || sending + received == 0)
		return 0;
	return add_socket(arg, inode, received, sending);
}

/* The modules that answer a dump (tcp_diag, udp_diag) may be missing. */
static int read_queues(struct gather *g, struct skmem *s)
{
	int r = read_lines(g, g->env->proc, s->udp ? "net/udp" : "net/tcp", on_line, s);
	int r6 = r < 0 ? 0
		       : read_lines(g, g->env->proc, s->udp ? "net/udp6" : "net/tcp6", on_line, s);

	return r6 < 0 && r6 != -ENOENT ? r6 : r;
}

static int read_sockets(struct gather *g, struct skmem *s)
{
	int r = dump(g, s, AF_INET);

	if (!r)
		r = dump(g, s, AF_INET6);
	return r < 0 && r != -ETIME && !s->n ? read_queues(g, s) : r;
}

static int by_inode(const void *a, const void *b)
{
	uint64_t x = ((const struct one_socket *)a)->inode;
	uint64_t y = ((const struct one_socket *)b)->inode;

	return x < y ? -1 : x > y;
}

static int on_fd(struct gather *g _unused_, const struct proc *p _unused_, int fds _unused_,
		 const char *name _unused_, const char *link, void *arg)
{
	struct skmem *s = arg;
	const char *rest = util_after(link, "socket:[");
	struct one_socket key = {.inode = rest ? strtoull(rest, NULL, 10) : 0}, *found;

	found = key.inode ? bsearch(&key, s->at, s->n, sizeof(key), by_inode) : NULL;
	/* Inherited ones are told of the first that has them. */
	if (!found || found->claimed)
		return 0;
	found->claimed = true;
	s->sockets++;
	s->received += found->received;
	s->sending += found->sending;
	return 0;
}

static void offer(struct skmem *s, struct holder *h)
{
	const char *what = s->udp ? "UDP" : "TCP";

	h->have |= HOLDER_HELD | HOLDER_COUNT;
	h->held = (int64_t)(s->received + s->sending);
	h->count = (int64_t)s->sockets;
	snprintf(h->kind, sizeof(h->kind), "%s sockets, mostly %s", what,
		 s->received >= s->sending ? "received and not read" : "sent and not acknowledged");
	gather_offer(s->g, h);
}

static int on_proc(struct gather *g, const struct proc *p, void *arg)
{
	struct skmem *s = arg;
	struct holder h;
	int r;

	s->sockets = s->received = s->sending = 0;
	r = proc_fds(g, p, on_fd, s);
	if (r == -EACCES || r == -EPERM)
		g->f->incomplete = true;
	if (!s->sockets)
		return 0;
	holder_of(&h, p, 0);
	offer(s, &h);
	return 0;
}

/* Closed by their program, with data that is still to go out. */
static void offer_orphans(struct skmem *s)
{
	struct holder h = {};

	s->sockets = s->received = s->sending = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (s->at[i].inode)
			continue;
		s->sockets++;
		s->received += s->at[i].received;
		s->sending += s->at[i].sending;
	}
	if (!s->sockets)
		return;
	util_strlcpy(h.object, "closed by their program, not yet gone", sizeof(h.object));
	offer(s, &h);
}

static void says_unread(struct gather *g, const struct skmem *s)
{
	const struct holder *top = &g->f->holder[0];
	char name[GATHER_NAME];

	if (!g->f->n || g->f->incomplete || !(top->have & HOLDER_PID) ||
	    (uint64_t)top->held * 2 < s->all || !strstr(top->kind, "not read"))
		return;
	gather_says(g,
		    "%llu of the %llu KiB in sockets here are data that %s (pid %lld) has received "
		    "and does not read, in %lld socket%s: it is too slow, or stuck, and a higher "
		    "limit only delays it.",
		    (unsigned long long)top->held >> 10, (unsigned long long)s->all >> 10,
		    gather_name(top->comm, name), (long long)top->pid, (long long)top->count,
		    top->count == 1 ? "" : "s");
}

int gather_socket_memory(struct gather *g)
{
	struct skmem s = {.g = g, .udp = util_streq(g->ask->resource, "udp-mem")};
	int r = g->env->dump ? 0 : -ENOTSUP;

	util_strlcpy(g->f->measure, "bytes", sizeof(g->f->measure));
	if (!r && g->env->enter_net)
		r = g->env->enter_net(g->env->arg, g->ask->pid);
	if (!r)
		r = read_sockets(g, &s);
	if (r == -ETIME) {
		g->f->incomplete = true;
		r = 0;
	}
	if (!r && s.n) {
		qsort(s.at, s.n, sizeof(*s.at), by_inode);
		r = proc_walk_fds(g, &(struct walk_fds){.kinds = 1U << FC_FD_SOCKET}, on_proc, &s);
		offer_orphans(&s);
		says_unread(g, &s);
	}
	free(s.at);
	return r;
}
