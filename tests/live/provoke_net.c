// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of the network: memory of sockets, neighbours, ports, backlogs, orphans. Each in a
 * network namespace of its own, which has a loopback and nothing else; what is the host's is
 * changed only in a virtual machine.
 */
#define _GNU_SOURCE
#include "provoke_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

char net_namespace[64];

struct sockaddr_in address(const char *ip, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

void interface_up(const char *name)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		fail("socket");
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	r.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &r))
		fail(name);
	close(fd);
}

void own_network(void)
{
	ssize_t len;

	if (unshare(CLONE_NEWNET))
		skip("unshare(CLONE_NEWNET): %s", strerror(errno));
	len = readlink("/proc/self/ns/net", net_namespace, sizeof(net_namespace) - 1);
	net_namespace[len > 0 ? len : 0] = '\0';
	interface_up("lo");
}

int listener(const char *ip, int port, int backlog)
{
	struct sockaddr_in a = address(ip, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (void *)&a, sizeof(a)) || listen(fd, backlog))
		fail("listen");
	return fd;
}

/* ---- ports ---- */

int connect_to(int port)
{
	struct sockaddr_in to = address("127.0.0.1", port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		fail("socket");
	if (connect(fd, (void *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool port_again(void)
{
	return connect_to(4711) >= 0;
}

static int ports(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_network();
	if (write_file("/proc/sys/net/ipv4/ip_local_port_range", "50000 50007"))
		skip("net.ipv4.ip_local_port_range: %s", strerror(errno));
	listener("127.0.0.1", 4711, 64);
	for (int i = 0; i < 8; i++)
		if (connect_to(4711) < 0)
			fail("connect before the limit");
	if (connect_to(4711) >= 0 || errno != EADDRNOTAVAIL)
		fail("connect not refused as expected");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"ports\",\"errno\":\"EADDRNOTAVAIL\",\"syscall\":"
	      "\"connect\","
	      "\"limit_name\":\"net.ipv4.ip_local_port_range\",\"measure\":\"ports\",\"held\":8,"
	      "\"limit\":8,\"asked\":1,\"namespace\":\"%s\",\"object\":\"127.0.0.1:4711\"}",
	      net_namespace);
	prove(port_again);
	return 0;
}

/* The same errno without a limit: an address that is nobody's here, and a connection that exists.
 */
static int ports_other(int argc, char **argv)
{
	struct sockaddr_in from = address("127.0.0.1", 40000), to = address("127.0.0.1", 4711);
	const int on = 1;
	int fd[2];

	(void)argc, (void)argv;
	own_network();
	listener("127.0.0.1", 4711, 64);
	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(fd[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd[i], (void *)&from, sizeof(from)))
			fail("bind");
	}
	if (connect(fd[0], (void *)&to, sizeof(to)))
		fail("connect");
	if (!connect(fd[1], (void *)&to, sizeof(to)) || errno != EADDRNOTAVAIL)
		fail("a second connection of the same ports");
	from = address("192.0.2.1", 0);
	if (!bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&from, sizeof(from)) ||
	    errno != EADDRNOTAVAIL)
		fail("bind to a strange address");
	truth(getpid(), 2, "\"errno\":\"EADDRNOTAVAIL\",\"limit_reached\":false");
	return 0;
}

/* ---- backlog ---- */

long counted(const char *counter)
{
	char names[4096], values[4096];
	FILE *f = fopen("/proc/self/net/netstat", "re");
	long found = -1;

	while (f && found < 0 && fgets(names, sizeof(names), f) &&
	       fgets(values, sizeof(values), f)) {
		char *n, *v, *name = strtok_r(names, " \n", &n),
			     *value = strtok_r(values, " \n", &v);

		for (; name && value;
		     name = strtok_r(NULL, " \n", &n), value = strtok_r(NULL, " \n", &v))
			if (!strcmp(name, counter))
				found = atol(value);
	}
	if (f)
		fclose(f);
	return found;
}

static int backlog_fd, backlog_asked;

/* As a program that is started anew: it asks for as many as it did. */
static bool listen_again(void)
{
	return listen(backlog_fd, backlog_asked) == 0 && connect_to(4712) >= 0;
}

/* A queue for one lets two in; the third SYN is dropped, and the kernel sends it again after a
 * second: it is looked at before. */
static int fill_backlog(int asked)
{
	struct sockaddr_in to = address("127.0.0.1", 4712);
	long before, after;
	int fd;

	backlog_asked = asked;
	backlog_fd = listener("127.0.0.1", 4712, asked);
	before = counted("ListenOverflows");
	for (int i = 0; i < 2; i++)
		if (connect_to(4712) < 0)
			fail("connect before the limit");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(fd, (void *)&to, sizeof(to));
	usleep(100000);
	close(fd);
	after = counted("ListenOverflows");
	if (after != before + 1) {
		errno = 0;
		fail("ListenOverflows did not count one");
	}
	truth(getpid(), 1,
	      "\"nobody\":true,\"expect\":{\"pid\":null,\"resource\":\"backlog\",\"errno\":null,"
	      "\"limit_name\":\"listen "
	      "backlog\",\"measure\":\"connections\",\"held\":2,\"limit\":1,"
	      "\"namespace\":\"%s\",\"object\":\"127.0.0.1:4712\",\"fix\":{\"re\":\"%s\"}}",
	      net_namespace, asked > 1 ? "net.core.somaxconn=" : "raise backlog");
	return 0;
}

static int backlog(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_network();
	return fill_backlog(1);
}

/* The program asked for more: the namespace gave less. */
int backlog_max(int argc, char **argv)
{
	(void)argc, (void)argv;
	own_network();
	if (write_file("/proc/sys/net/core/somaxconn", "1"))
		skip("net.core.somaxconn: %s", strerror(errno));
	fill_backlog(64);
	prove(listen_again);
	return 0;
}

/* ---- neighbours ---- */

static const char threshold[] = "/proc/sys/net/ipv4/neigh/default/gc_thresh3";

static int ask_for(int host)
{
	struct sockaddr_in to = address("10.99.0.0", 9);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, err;

	/* Without it UDP keeps ENOBUFS to itself (udp_send_skb() of net/ipv4/udp.c). */
	setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	to.sin_addr.s_addr = htonl(ntohl(to.sin_addr.s_addr) + host);
	err = sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static bool neighbour_again(void)
{
	return ask_for(200) == 0;
}

/* A tun device answers nothing, so that its neighbours stay unresolved. */
static void own_ethernet(void)
{
	struct ifreq r = {.ifr_name = "tap0",
			  .ifr_flags = 0x0002 | 0x1000 /* IFF_TAP | IFF_NO_PI */};
	struct sockaddr_in *a = (void *)&r.ifr_addr;
	int tun = open("/dev/net/tun", O_RDWR), fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (tun < 0 || ioctl(tun, 0x400454ca /* TUNSETIFF */, &r))
		skip("/dev/net/tun: %s", strerror(errno));
	*a = address("10.99.0.254", 0);
	if (ioctl(fd, SIOCSIFADDR, &r))
		fail("SIOCSIFADDR");
	*a = address("255.255.255.0", 0);
	if (ioctl(fd, SIOCSIFNETMASK, &r))
		fail("SIOCSIFNETMASK");
	interface_up("tap0");
	close(fd);
}

/* The table is the host's, its limit too: the entries of all namespaces count. */
static int neighbours(int argc, char **argv)
{
	const int limit = 16;
	int err = 0, i;

	(void)argc, (void)argv;
	need_vm();
	write_until_exit("/proc/sys/net/ipv4/neigh/default/gc_thresh1", "8");
	write_until_exit("/proc/sys/net/ipv4/neigh/default/gc_thresh2", "16");
	write_until_exit(threshold, "16");
	own_ethernet();
	for (i = 1; i < 100 && !err; i++)
		err = ask_for(i);
	if (err != -ENOBUFS && err != -EINVAL) { /* ip_finish_output2() of 5.10 */
		errno = -err;
		fail("sendto not refused as expected");
	}
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"neighbours\",\"errno\":\"ENOBUFS\",\"syscall\":"
	      "\"sendto\","
	      "\"limit_name\":\"net.ipv4.neigh.default.gc_thresh3\",\"measure\":\"entries\","
	      "\"held\":{\"min\":%d,\"max\":%d},\"limit\":%d,\"asked\":1,"
	      "\"backend\":\"tracepoint\"},\"holders\":[{\"kind\":\"INCOMPLETE entries\","
	      "\"object\":\"tap0\",\"held\":{\"min\":1,\"max\":%d}}]",
	      limit, limit + 1, limit, limit + 1);
	hold("neighbours");
	prove(neighbour_again);
	return 0;
}

/* ---- conntrack ---- */

static const char conntrack_max[] = "/proc/sys/net/netfilter/nf_conntrack_max";

static int datagram_to(int port)
{
	struct sockaddr_in to = address("127.0.0.1", port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), err;

	err = sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static long drops(void)
{
	char line[512];
	FILE *f = fopen("/proc/net/stat/nf_conntrack", "re");
	unsigned int n = 0, of_cpu;

	if (f && fgets(line, sizeof(line), f))
		while (fgets(line, sizeof(line), f))
			/* the eleventh of the columns: drop */
			if (sscanf(line, "%*x %*x %*x %*x %*x %*x %*x %*x %*x %*x %x", &of_cpu) ==
			    1)
				n += of_cpu;
	if (f)
		fclose(f);
	return n;
}

static bool conntrack_again(void)
{
	return datagram_to(30000) == 0;
}

/* Every datagram to another port is a connection to follow; the kernel drops unanswered ones early
 * to make room, so that not each one more is refused. */
static int conntrack(int argc, char **argv)
{
	long before, refused = 0;

	(void)argc, (void)argv;
	need_vm();
	if (access(conntrack_max, W_OK))
		skip("no conntrack in this kernel");
	interface_up("lo");
	if (datagram_to(20000) ||
	    read_number("/proc/sys/net/netfilter/nf_conntrack_count", NULL) < 1)
		skip("conntrack follows nothing here: no firewall asks it to");
	write_until_exit(conntrack_max, "8");
	before = drops();
	/* Few: the kernel writes ten lines about the network in five seconds, of all sorts
	 * together. */
	for (int i = 1; i < 14; i++)
		refused += datagram_to(20000 + i) != 0;
	if (drops() == before) {
		errno = 0;
		fail("nothing was dropped");
	}
	truth(getpid(), drops() - before,
	      "\"some\":true,\"nobody\":true,\"eperm\":%ld,\"expect\":{\"pid\":{\"in\":[null,%d]},"
	      "\"resource\":\"conntrack\",\"errno\":null,\"measure\":\"entries\","
	      "\"limit_name\":\"net.netfilter.nf_conntrack_max\",\"limit\":8,"
	      "\"held\":{\"min\":8,\"max\":64}}," TOLD_BY_KERNEL_LOG
	      ",\"holders\":[{\"kind\":\"connections "
	      "from\",\"object\":\"127.0.0.1\",\"held\":{\"min\":1,"
	      "\"max\":64}},{\"kind\":\"connections "
	      "to\",\"object\":\"127.0.0.1\",\"held\":{\"min\":1,"
	      "\"max\":64}}]",
	      refused, getpid());
	hold("conntrack");
	prove(conntrack_again);
	return 0;
}

const struct provocation net_provocations[] = {
	{"ports", ports, "connect: no port of the range is free", "ports"},
	{"ports-other", ports_other, "EADDRNOTAVAIL twice, neither by the range", NULL},
	{"backlog", backlog, "a SYN that finds the backlog full", "backlog"},
	{"conntrack", conntrack, "VM: more connections than conntrack may follow", "conntrack"},
	{"neighbours", neighbours, "VM: sendto to one neighbour too many", "neighbours"},
	{0},
};
