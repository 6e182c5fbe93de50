/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * net.bpf.h - sockets, neighbours, conntrack, ports, backlogs.
 *
 * Much of the network runs in softirq, where current is whoever was interrupted: such a refusal is
 * nobody's, and the socket says what it was for. Each site below is reached only when something is
 * refused, or once for each connection:
 *   sock_exceed_buf_limit   tracepoint, net/core/sock.c __sk_mem_raise_allocated(): no more memory
 *   neigh_create            tracepoint, net/core/neighbour.c: without an entry, for gc_thresh3
 *   tcp_check_oom()         net/ipv4/tcp.c: a connection is reset for want of memory or orphans
 *   tcp_conn_request()      net/ipv4/tcp_input.c: a SYN arrives; dropped first where the queue of
 *                           those not accepted yet is full
 *   tcp_v4_syn_recv_sock()  net/ipv4/tcp_ipv4.c, and its twin for IPv6: the same at the last ACK
 *   __inet_hash_connect()   net/ipv4/inet_hashtables.c: all ports of the range are taken
 *   __nf_conntrack_alloc()  net/netfilter/nf_conntrack_core.c: the table is full
 */
#ifndef FAILCNT_NET_BPF_H
#define FAILCNT_NET_BPF_H

#include "files.bpf.h"

#define SKB_PAGES 32 /* what one packet may ask for, of 64 KiB and their overhead */

/* Is current the one that asked? */
static __always_inline bool nobody_asked(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, flags) & PF_KTHREAD || in_interrupt();
}

static __always_inline struct net *sock_net(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net);
}

static __always_inline void in_net(struct refusal *w, struct net *net)
{
	w->ns_kind = FC_NS_NET;
	w->ns = BPF_CORE_READ(net, ns.inum);
}

/* ---- memory of sockets ---- */

/* "TCP", "TCPv6", "MPTCP", "UDP", "UDPv6", "UDP-Lite", ...; others have no row. */
static __always_inline __u16 memory_of(struct proto *prot)
{
	char name[4] = "";

	bpf_probe_read_kernel(name, sizeof(name), __builtin_preserve_access_index(&prot->name));
	if (name[0] == 'T' && name[1] == 'C' && name[2] == 'P')
		return FC_TCP_MEM;
	if (name[0] == 'U' && name[1] == 'D' && name[2] == 'P')
		return FC_UDP_MEM;
	return FC_RESOURCE_NONE;
}

static __always_inline bool memory_limit(struct refusal *w, struct proto *prot)
{
	long *limits = BPF_CORE_READ(prot, sysctl_mem);
	long limit[3] = {};

	w->resource = memory_of(prot);
	if (w->resource == FC_RESOURCE_NONE || !limits)
		return false;
	bpf_probe_read_kernel(limit, sizeof(limit), limits);
	w->limit = w->more[2] = limit[2];
	w->more[0] = limit[0];
	w->more[1] = limit[1];
	w->has |= FC_HAS_LIMIT | FC_HAS_MORE;
	return true;
}

/*
 * Is the memory of the cgroup that the socket counts for full, there or above? Then that refuses
 * first, whatever the host has. On v1 sockets have a counter of their own there.
 */
static __noinline bool sock_memcg_full(struct sock *sk)
{
	struct mem_cgroup *memcg = BPF_CORE_READ(sk, sk_memcg);
	struct page_counter *c;
	int i;

	if (!memcg)
		return false;
	if (!memory_is_v1)
		c = __builtin_preserve_access_index(&memcg->memory);
	else if (bpf_core_field_exists(memcg->tcpmem))
		c = __builtin_preserve_access_index(&memcg->tcpmem);
	else
		return false;
	for (i = 0; i < MEMCG_LEVELS && c; i++) {
		if (BPF_CORE_READ(c, usage.counter) + SKB_PAGES > (__s64)BPF_CORE_READ(c, max))
			return true;
		c = BPF_CORE_READ(c, parent);
	}
	return false;
}

/*
 * Below the limit it was the cgroup's memory that refused, which is told by its own counters and
 * kills. Between the second and the third value of the sysctl a socket may be refused what others
 * still get: held says how far it is.
 */
static __noinline int exceed_buf_limit(struct sock *sk, struct proto *prot, long allocated)
{
	struct refused_call c = {};
	struct refusal w = {.hook = FC_HOOK_SOCK_MEM, .backend = FC_BACKEND_TRACEPOINT};
	struct fc_refused *r;

	if (!memory_limit(&w, prot))
		return 0;
	if (allocated <= (long)w.limit) {
		/* UDP knows no pressure: above the first number already a socket gets its minimum
		 * only. */
		if (w.resource != FC_UDP_MEM || allocated <= (long)w.more[0] || sock_memcg_full(sk))
			return 0;
		w.variant = FC_VARIANT_UDP_MEM_MIN;
		w.limit = w.more[0];
	}
	w.nobody = nobody_asked();
	w.held = allocated;
	w.has |= FC_HAS_HELD | FC_HAS_CERTAIN;
	current_regs(&c.regs);
	r = refused_begin(&w, &c.regs);
	if (r) {
		fill_local(r, sk);
		bpf_ringbuf_submit(r, 0);
	}
	return 0;
}

/* (sk, prot, allocated, kind) */
SEC("raw_tp/sock_exceed_buf_limit")
int rawtp_sock_exceed_buf_limit(struct bpf_raw_tracepoint_args *ctx)
{
	exceed_buf_limit((void *)ctx->args[0], (void *)ctx->args[1], ctx->args[2]);
	return 0;
}

/* 5.16 made the count a variable of each processor, and keeps their sum in tcp_orphan_cache. */
static __always_inline void orphans(struct refusal *w)
{
	__s64 n = 0;
	int max = 0;

	if (ADDR(sysctl_tcp_max_orphans) &&
	    !bpf_probe_read_kernel(&max, 4, ADDR(sysctl_tcp_max_orphans))) {
		w->limit = max;
		w->has |= FC_HAS_LIMIT;
	}
	if (ADDR(tcp_orphan_cache))
		bpf_probe_read_kernel(&n, 4, ADDR(tcp_orphan_cache));
	else if (ADDR(tcp_orphan_count))
		n = BPF_CORE_READ((const struct percpu_counter *)ADDR(tcp_orphan_count), count);
	else
		return;
	w->held = n;
	w->has |= FC_HAS_HELD;
}

/*
 * True: the connection is reset. tcp_too_many_orphans() is asked first, then tcp_out_of_memory(),
 * which is true above the limit: where memory is below, it was the orphans.
 */
static __always_inline bool refuse_orphan(struct refusal *w, const struct refused_call *c)
{
	struct sock *sk = (void *)c->arg[0];
	struct proto *prot;
	__s64 held = 0;

	if (!c->has_args)
		return false;
	prot = BPF_CORE_READ(sk, __sk_common.skc_prot);
	if (!memory_limit(w, prot))
		return false;
	bpf_probe_read_kernel(&held, sizeof(held), BPF_CORE_READ(prot, memory_allocated));
	w->err = 0;
	w->nobody = nobody_asked();
	if (held > (__s64)w->limit) {
		w->held = held;
		w->has |= FC_HAS_HELD;
	} else {
		w->resource = FC_TCP_ORPHANS;
		w->has = FC_HAS_CERTAIN;
		orphans(w);
	}
	return true;
}

ON_RETURN_ARGS(FC_HOOK_TCP_CHECK_OOM, tcp_check_oom, unsigned char, ret, refuse_orphan)

/* ---- neighbours ---- */

static __noinline int neighbour_refused(struct neigh_table *tbl)
{
	struct refused_call c = {};
	struct refusal w = {.hook = FC_HOOK_NEIGH_CREATE, .backend = FC_BACKEND_TRACEPOINT};

	w.resource = FC_NEIGHBOURS;
	w.err = ENOBUFS;
	w.limit = BPF_CORE_READ(tbl, gc_thresh3);
	w.held = BPF_CORE_READ(tbl, gc_entries.counter);
	/* Without memory for an entry there is none either. */
	if (w.held < w.limit)
		return 0;
	if (BPF_CORE_READ(tbl, family) == AF_INET6)
		w.variant = FC_VARIANT_NEIGH_IPV6;
	w.asked = 1;
	w.has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_ASKED | FC_HAS_CERTAIN;
	w.nobody = nobody_asked();
	current_regs(&c.regs);
	tell(&w, &c.regs);
	return 0;
}

/* (tbl, dev, pkey, n, exempt_from_gc) */
SEC("raw_tp/neigh_create")
int rawtp_neigh_create(struct bpf_raw_tracepoint_args *ctx)
{
	if (!ctx->args[3])
		neighbour_refused((void *)ctx->args[0]);
	return 0;
}

/* ---- the queue of a listening socket ---- */

static __noinline int backlog_full(struct sock *sk, __u8 hook, __u8 backend)
{
	struct refused_call c = {};
	struct refusal w = {.hook = hook, .backend = backend, .resource = FC_BACKLOG};
	struct net *net = sock_net(sk);
	struct fc_refused *r;

	w.held = BPF_CORE_READ(sk, sk_ack_backlog);
	w.limit = BPF_CORE_READ(sk, sk_max_ack_backlog);
	w.more[0] = BPF_CORE_READ(net, core.sysctl_somaxconn);
	w.has = FC_HAS_HELD | FC_HAS_LIMIT | FC_HAS_CERTAIN | FC_HAS_MORE;
	w.nobody = true; /* the one that connects is often on another machine */
	in_net(&w, net);
	r = refused_begin(&w, &c.regs);
	if (r) {
		fill_local(r, sk);
		bpf_ringbuf_submit(r, 0);
	}
	return 0;
}

/* sk_acceptq_is_full(): one more than the backlog is let in. */
#define BACKLOG_IS_FULL(sk) \
	(BPF_CORE_READ(sk, sk_ack_backlog) > BPF_CORE_READ(sk, sk_max_ack_backlog))

/* Both find out at their very beginning, so that the entry tells as much as the return. */
#define ON_CONNECTION(hook, fn, i)                                                                \
	SEC("fentry/" #fn)                                                                        \
	int fentry_##fn(unsigned long long *ctx)                                                  \
	{                                                                                         \
		struct sock *sk = (struct sock *)ctx[i];                                          \
		if (BACKLOG_IS_FULL(sk))                                                          \
			backlog_full(sk, hook, FC_BACKEND_FEXIT);                                 \
		return 0;                                                                         \
	}                                                                                         \
	SEC("kprobe/" #fn)                                                                        \
	int kprobe_##fn(struct pt_regs *ctx)                                                      \
	{                                                                                         \
		struct sock *sk = (struct sock *)((i) ? PT_REGS_PARM3(ctx) : PT_REGS_PARM1(ctx)); \
		if (BACKLOG_IS_FULL(sk))                                                          \
			backlog_full(sk, hook, FC_BACKEND_KPROBE);                                \
		return 0;                                                                         \
	}

ON_CONNECTION(FC_HOOK_TCP_CONN_REQUEST, tcp_conn_request, 2)
ON_CONNECTION(FC_HOOK_TCP_V4_SYN_RECV, tcp_v4_syn_recv_sock, 0)
ON_CONNECTION(FC_HOOK_TCP_V6_SYN_RECV, tcp_v6_syn_recv_sock, 0)

/* ---- ports ---- */

struct sock_addr {
	__u16 family, port; /* port: network byte order */
	__u8 addr4[4];
	__u8 addr6[16]; /* behind IPv6's flow label, which lies where IPv4's address is */
};

/* Lowest and highest port; since 6.8 both lie in one word. */
static __always_inline void ports_of(struct net *net, int range[2])
{
	struct netns_ipv4___pair *pair = (void *)__builtin_preserve_access_index(&net->ipv4);
	struct netns_ipv4 *one = __builtin_preserve_access_index(&net->ipv4);
	__u32 word;

	if (bpf_core_field_exists(one->ip_local_ports.range)) {
		word = BPF_CORE_READ(one, ip_local_ports.range);
		range[0] = word & 0xffff;
		range[1] = word >> 16;
	} else {
		bpf_core_read(range, 2 * sizeof(int), &pair->ip_local_ports.range);
	}
}

/*
 * With a port of its own already, the same connection existed: another EADDRNOTAVAIL. Else every
 * port of the range was tried, and none was free for that destination.
 */
static __always_inline bool refuse_port(struct refusal *w, const struct refused_call *c)
{
	struct sock *sk = c->has_args  ? (struct sock *)c->arg[1]
			  : c->by_exit ? NULL
				       : sock_of_fd(c->regs.arg[0]);
	int range[2] = {};
	struct net *net;

	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_num))
		return false;
	net = sock_net(sk);
	w->resource = FC_PORTS;
	ports_of(net, range);
	w->limit = range[1] - range[0] + 1;
	w->held = w->limit;
	w->asked = 1;
	w->more[0] = range[0];
	w->more[1] = range[1];
	w->has = FC_HAS_LIMIT | FC_HAS_HELD | FC_HAS_ASKED | FC_HAS_MORE | FC_HAS_CERTAIN;
	in_net(w, net);
	return true;
}

static __always_inline void finish_port(struct fc_refused *r, const struct refused_call *c)
{
	struct sock_addr to = {};

	if (c->regs.call != FC_CALL_CONNECT ||
	    bpf_probe_read_user(&to, sizeof(to), (const void *)c->regs.arg[1]))
		return;
	r->sock.family = to.family;
	r->sock.port = __builtin_bswap16(to.port);
	if (to.family == AF_INET6)
		__builtin_memcpy(r->sock.addr, to.addr6, sizeof(to.addr6));
	else
		__builtin_memcpy(r->sock.addr, to.addr4, sizeof(to.addr4));
	r->has |= FC_HAS_SOCK;
}

ON_RETURN_WHOLE(FC_HOOK_INET_HASH_CONNECT, __inet_hash_connect, int, ret == -EADDRNOTAVAIL,
		refuse_port, finish_port)

/* ---- conntrack ---- */

/* Of the module; 5.11 moved the count from struct net into the module's own part of it. */
static __always_inline __s32 tracked(struct net *net)
{
	struct net___old *old = (void *)net;
	struct nf_conntrack_net *own = NULL;
	void *gen, *at;
	__u32 id = 0;

	if (bpf_core_field_exists(old->ct.count))
		return BPF_CORE_READ(old, ct.count.counter);
	if (!ADDR(nf_conntrack_net_id) || !bpf_core_type_exists(struct nf_conntrack_net))
		return -1;
	bpf_probe_read_kernel(&id, sizeof(id), ADDR(nf_conntrack_net_id));
	gen = BPF_CORE_READ(net, gen);
	/* net_generic(): an array of pointers with a header of its own size */
	at = gen + 8ULL * id;
	bpf_probe_read_kernel(&own, sizeof(own), at);
	return own ? BPF_CORE_READ(own, count.counter) : -1;
}

/* -ENOMEM is also said without memory for an entry: then the table was not full. By now the count
 * has been taken back, so that it stands at the limit. */
static __always_inline bool refuse_track(struct refusal *w, const struct refused_call *c)
{
	struct net *net = (struct net *)c->arg[0];
	__u32 max = 0;
	__s32 held;

	if (!c->has_args || !ADDR(nf_conntrack_max))
		return false;
	bpf_probe_read_kernel(&max, sizeof(max), ADDR(nf_conntrack_max));
	held = tracked(net);
	if (held >= 0 && (__u32)held < max)
		return false;
	w->resource = FC_CONNTRACK;
	w->err = 0; /* the packet is dropped; a sender on this host gets EPERM from its firewall */
	w->limit = max;
	w->asked = 1;
	w->has = FC_HAS_LIMIT | FC_HAS_ASKED;
	if (held >= 0) {
		w->held = held;
		w->has |= FC_HAS_HELD | FC_HAS_CERTAIN;
	}
	w->nobody = nobody_asked();
	in_net(w, net);
	return true;
}

ON_RETURN_ARGS(FC_HOOK_CONNTRACK_ALLOC, __nf_conntrack_alloc, long, ret == -ENOMEM, refuse_track)

/* At sys_exit there is nothing to do: no return value tells which of these refused. */

#endif
