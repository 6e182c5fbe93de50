/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_net.c - sockets, neighbours, conntrack, ports, backlogs.
 *
 * Little of this reaches a program as an errno: packets are dropped, connections reset, and what
 * somebody sees is a time-out on another machine. The sentence says what it looks like there.
 */
#include "explain_priv.h"

#define PORT_MAX 65535
#define PORT_FREE 1024 /* below: for services, and for root */
#define INT_LIMIT INT32_MAX

static void says_of(struct explain *x, const char *what)
{
	if (event_has(x->e, FIELD_HELD) && event_has(x->e, FIELD_LIMIT))
		explain_add(&x->says, ": %lld of %lld %s", (long long)event_num(x->e, FIELD_HELD),
			    (long long)event_num(x->e, FIELD_LIMIT), what);
	else if (event_has(x->e, FIELD_LIMIT))
		explain_add(&x->says, ": the limit is %lld %s",
			    (long long)event_num(x->e, FIELD_LIMIT), what);
}

/* A line in the network namespace that refused; key and value as sysctl takes them. */
static void fix_words(struct explain *x, const char *key, const char *value)
{
	char command[160];

	snprintf(command, sizeof(command), "sysctl -w %s=\"%s\"", key, value);
	if (!fix_inside(x, command))
		fix_line(x, "# in the network namespace that refused: %s", command);
	else if (!other_namespace(x))
		fix_line(x, "echo '%s = %s' > /etc/sysctl.d/90-%s.conf", key, value, key);
}

/* The three numbers of tcp_mem and udp_mem are the whole host's; the first two keep their value. */
void explain_socket_memory(struct explain *x)
{
	bool tcp = util_streq(event_text(x->e, FIELD_RESOURCE), "tcp-mem");
	const char *key = tcp ? "net.ipv4.tcp_mem" : "net.ipv4.udp_mem";
	const char *file = tcp ? "tcp_mem" : "udp_mem";
	uint64_t page = x->facts->page_size ? x->facts->page_size : 4096;
	unsigned long long want = more_than(x->e);

	if (event_has(x->e, FIELD_PID)) {
		says_who(x);
		explain_add(&x->says, " got no memory for data of a %s socket ",
			    tcp ? "TCP" : "UDP");
	} else {
		explain_add(&x->says, "A %s socket got no memory for data ", tcp ? "TCP" : "UDP");
	}
	explain_add(&x->says, "%s all of them together have ", because(x));
	if (event_has(x->e, FIELD_HELD))
		says_bytes(x, (uint64_t)event_num(x->e, FIELD_HELD) * page);
	else
		explain_add(&x->says, "too much");
	explain_add(&x->says, " and may have ");
	says_bytes(x, (uint64_t)event_num(x->e, FIELD_LIMIT) * page);
	explain_add(&x->says, " (%s); %s", event_text(x->e, FIELD_LIMIT_NAME),
		    tcp ? "connections stall, and data is dropped and sent again"
			: "datagrams are dropped, and nobody is told");
	says_end(x);
	if (want) {
		/*
		 * The present numbers are asked for when it runs, and the larger ones are taken.
		 * UDP knows no pressure: above the first number a socket that holds more than
		 * udp_rmem_min is refused (__sk_mem_raise_allocated() of net/core/sock.c), so that
		 * the third alone would give it nothing.
		 */
		fix_line(x,
			 tcp ? "sh -c 'set -- $(cat /proc/sys/net/ipv4/%s) && n=%llu && "
			       "sysctl -w %s=\"$1 $2 $(($3 > n ? $3 : n))\"'"
			     : "sh -c 'set -- $(cat /proc/sys/net/ipv4/%s) && n=%llu && "
			       "sysctl -w %s=\"$(($1 > n ? $1 : n)) $(($2 > n ? $2 : n)) "
			       "$(($3 > n ? $3 : n))\"'",
			 file, want, key);
		fix_line(x, "echo \"%s = $(cat /proc/sys/net/ipv4/%s)\" > /etc/sysctl.d/90-%s.conf",
			 key, file, key);
	}
	fix_line(x, "# a program that does not read is seen in the Recv-Q column of: ss -%sanp",
		 tcp ? "t" : "u");
}

void explain_orphans(struct explain *x)
{
	uint64_t want = more_than(x->e);

	explain_add(&x->says,
		    "A connection was reset while it was closing %s too many are kept that no "
		    "program holds any more",
		    because(x));
	says_of(x, "orphaned sockets (net.ipv4.tcp_max_orphans)");
	explain_add(&x->says, "; the other side may have lost the last data");
	says_end(x);
	if (want)
		fix_sysctl(x, "net.ipv4.tcp_max_orphans", want < INT_LIMIT ? want : INT_LIMIT);
	fix_line(x, "# each takes up to 64 KiB; shorter: net.ipv4.tcp_orphan_retries, "
		    "net.ipv4.tcp_fin_timeout");
}

void explain_neighbours(struct explain *x)
{
	const char *key = event_text(x->e, FIELD_LIMIT_NAME);
	uint64_t want = more_than(x->e);

	if (event_has(x->e, FIELD_PID)) {
		says_who(x);
		explain_add(&x->says, " could not send to a neighbour ");
	} else {
		explain_add(&x->says, "A packet could not be sent to a neighbour ");
	}
	explain_add(&x->says, "%s the table of hardware addresses is full", because(x));
	says_of(x, "entries");
	explain_add(&x->says,
		    " (%s, the whole host's, containers included); hosts of the same "
		    "network cannot be reached",
		    key);
	says_end(x);
	if (want && key[0])
		fix_sysctl(x, key, want < INT_LIMIT ? want : INT_LIMIT);
}

void explain_conntrack(struct explain *x)
{
	uint64_t want = more_than(x->e);

	explain_add(&x->says,
		    "A packet of a new connection was dropped %s the table of the connections that "
		    "the firewall follows is full",
		    because(x));
	says_of(x, "entries (net.netfilter.nf_conntrack_max)");
	explain_add(&x->says, "; clients time out, and senders here may see \"Operation not "
			      "permitted\"");
	says_end(x);
	if (!want)
		return;
	/* It can be written in the first network namespace only, whose value counts for all. */
	fix_line(x, "sysctl -w net.netfilter.nf_conntrack_max=%llu", (unsigned long long)want);
	fix_line(x,
		 "echo 'net.netfilter.nf_conntrack_max = %llu' > "
		 "/etc/sysctl.d/90-net.netfilter.nf_conntrack_max.conf",
		 (unsigned long long)want);
	fix_line(x, "echo %llu > /sys/module/nf_conntrack/parameters/hashsize",
		 (unsigned long long)(want / 4));
}

void explain_ports(struct explain *x)
{
	uint64_t want = more_than(x->e), low = PORT_FREE;
	const char *to = event_text(x->e, FIELD_OBJECT);
	const uint64_t *now = x->facts->more;
	char value[32];

	says_who(x);
	explain_add(&x->says, " could not connect%s", to[0] ? " to " : "");
	says_name(x, to);
	explain_add(&x->says,
		    " %s none of the %lld local ports for outgoing connections is free for "
		    "that destination (net.ipv4.ip_local_port_range)",
		    because(x), (long long)event_num(x->e, FIELD_LIMIT));
	says_end(x);
	if (want < PORT_MAX - PORT_FREE)
		low = PORT_MAX + 1 - want;
	if (x->facts->has_more && (now[0] > low || now[1] < PORT_MAX)) {
		snprintf(value, sizeof(value), "%llu %u",
			 (unsigned long long)(now[0] < low ? now[0] : low), PORT_MAX);
		fix_words(x, "net.ipv4.ip_local_port_range", value);
	} else {
		fix_line(x,
			 "# the range cannot grow: let the program keep its connections, or give "
			 "it another source address");
	}
	fix_line(x, "# closed ones hold a port for a minute more: sysctl net.ipv4.tcp_tw_reuse ; "
		    "ss -tan state time-wait");
}

void explain_backlog(struct explain *x)
{
	const char *at = event_text(x->e, FIELD_OBJECT);
	uint64_t limit = (uint64_t)event_num(x->e, FIELD_LIMIT), somaxconn = x->facts->more[0];
	char value[32];

	explain_add(&x->says, "A connection%s", at[0] ? " to " : "");
	says_name(x, at);
	explain_add(&x->says,
		    " was not taken %s the program there had %lld waiting that it did not "
		    "accept, and its queue is for %llu; the client waits, tries again and "
		    "times out",
		    because(x), (long long)event_num(x->e, FIELD_HELD), (unsigned long long)limit);
	says_end(x);
	fix_line(x, "# is the program busy or stuck? ss -ltnp shows its queue: Recv-Q of Send-Q");
	if (!x->facts->has_more || limit < somaxconn) {
		fix_line(x,
			 "# the program itself asked for %llu: raise backlog in its configuration "
			 "and restart it",
			 (unsigned long long)limit);
		return;
	}
	/* listen() is cut to it when the program starts. */
	snprintf(value, sizeof(value), "%llu", (unsigned long long)more_than(x->e));
	fix_words(x, "net.core.somaxconn", value);
	fix_line(x, "# then a backlog as large in the program's configuration, and restart it");
}
