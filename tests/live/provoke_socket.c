// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of the memory of sockets: what tcp_mem and udp_mem allow, and orphans.
 */
#define _GNU_SOURCE
#include "provoke_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Each processor keeps up to 1 MiB of it without counting (SK_MEMORY_PCPU_RESERVE). */
#define MANY 128

static int udp_from, udp_at;
static struct sockaddr_in udp_to;

/* How many of n large datagrams arrive; they wait until somebody has looked whose they are. */
static long arrive(int n, bool looked_at)
{
	static char data[32768];
	long arrived = 0;

	for (int i = 0; i < n; i++)
		if (sendto(udp_from, data, sizeof(data), 0, (void *)&udp_to, sizeof(udp_to)) < 0)
			fail("sendto");
	if (looked_at)
		hold("udp-mem");
	while (recv(udp_at, data, sizeof(data), MSG_DONTWAIT) > 0)
		arrived++;
	return arrived;
}

static long fitted;

static bool one_datagram_more(void)
{
	return arrive(fitted + 1, false) == fitted + 1;
}

/* Three numbers of pages; which of them refuses. */
static int beyond_udp_mem(const char *numbers, int which)
{
	int size = 64 << 20;
	long dropped;

	need_vm();
	write_until_exit("/proc/sys/net/ipv4/udp_mem", numbers);
	interface_up("lo");
	udp_to = address("127.0.0.1", 4713);
	udp_at = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(udp_at, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(udp_at, (void *)&udp_to, sizeof(udp_to)))
		fail("bind");
	udp_from = socket(AF_INET, SOCK_DGRAM, 0);
	fitted = arrive(MANY, true);
	dropped = MANY - fitted;
	if (dropped < 1) {
		errno = 0;
		fail("nothing was dropped");
	}
	truth(getpid(), dropped,
	      "\"nobody\":true,\"expect\":{\"pid\":null,\"resource\":\"udp-mem\",\"errno\":null,"
	      "\"limit_name\":\"net.ipv4.udp_mem[%d]\",\"measure\":\"pages\","
	      "\"held\":{\"min\":32,\"max\":1024},\"limit\":32,\"backend\":\"tracepoint\"},"
	      /* The sender's own may hold what is under way. */
	      "\"holders\":[{\"pid\":%d,\"kind\":\"UDP sockets, mostly received and not read\","
	      "\"count\":{\"min\":1,\"max\":2},\"held\":{\"min\":32768,\"max\":4194304}}]",
	      which, getpid());
	prove(one_datagram_more);
	return 0;
}

/* The third is the most that all sockets together may have. */
static int udp_mem(int argc, char **argv)
{
	(void)argc, (void)argv;
	return beyond_udp_mem("32 32 32", 2);
}

/* Above the first one a socket gets only what is promised to each. */
int udp_mem_min(int argc, char **argv)
{
	(void)argc, (void)argv;
	return beyond_udp_mem("32 64 65536", 0);
}

static int tcp_from;

/* What waits is sent at the next try of the kernel, within a few seconds. */
static bool sends_again(void)
{
	static char data[65536];

	for (int i = 0; i < 50; i++) {
		if (send(tcp_from, data, sizeof(data), MSG_DONTWAIT) > 0)
			return true;
		usleep(100000);
	}
	return false;
}

/* A sender that finds no memory waits, and the kernel tries again and again: nobody can count. */
static int tcp_mem(int argc, char **argv)
{
	static char data[65536];
	int at, from, size = 64 << 20, peer;
	long sent = 0;

	(void)argc, (void)argv;
	need_vm();
	interface_up("lo");
	at = listener("127.0.0.1", 4714, 8);
	from = tcp_from = connect_to(4714);
	peer = accept(at, NULL, NULL);
	setsockopt(peer, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(from, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	write_until_exit("/proc/sys/net/ipv4/tcp_mem", "8 16 32");
	for (int i = 0; i < 64; i++) {
		ssize_t n = send(from, data, sizeof(data), MSG_DONTWAIT);

		sent += n > 0 ? n : 0;
	}
	truth(getpid(), 1,
	      "\"some\":true,\"nobody\":true,\"sent\":%ld,\"expect\":{\"pid\":{\"in\":[null,%d]},"
	      "\"resource\":\"tcp-mem\",\"errno\":null,\"limit_name\":\"net.ipv4.tcp_mem[2]\","
	      "\"measure\":\"pages\",\"held\":{\"min\":32,\"max\":65536},\"limit\":32,"
	      "\"backend\":\"tracepoint\"},\"holders\":[{\"pid\":%d,\"count\":{\"min\":1,"
	      "\"max\":2},\"kind\":{\"re\":\"^TCP sockets, mostly (received and not read|sent and "
	      "not "
	      "acknowledged)$\"},\"held\":{\"min\":32768,\"max\":67108864}}]",
	      sent, getpid(), getpid());
	hold("tcp-mem");
	prove(sends_again);
	return 0;
}

/* Closed with data that nobody reads: TCP keeps them without a program. */
static void orphan(int at, int port)
{
	static char data[65536];
	int fd = connect_to(port);

	if (fd < 0 || accept(at, NULL, NULL) < 0)
		fail("connect");
	while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	close(fd);
}

static int orphans_at;

/* The kernel counts them every 100 ms, and from 200 ms on its timers end some. */
static bool orphan_again(void)
{
	long before;

	while (read_number("/proc/net/sockstat", "orphan") < 4)
		orphan(orphans_at, 4715);
	usleep(120000);
	before = counted("TCPAbortOnMemory");
	orphan(orphans_at, 4715);
	return counted("TCPAbortOnMemory") == before;
}

static int tcp_orphans(int argc, char **argv)
{
	int at;

	(void)argc, (void)argv;
	need_vm();
	interface_up("lo");
	at = orphans_at = listener("127.0.0.1", 4715, 64);
	write_until_exit("/proc/sys/net/ipv4/tcp_max_orphans", "3");
	for (int i = 0; i < 4; i++)
		orphan(at, 4715);
	usleep(250000); /* the kernel counts them every 100 ms */
	orphan(at, 4715);
	/* Timers of those that are left find out as well, in nobody's name. */
	truth(getpid(), 1,
	      "\"some\":true,\"nobody\":true,"
	      "\"expect\":{\"pid\":{\"in\":[null,%d]},\"resource\":\"tcp-orphans\",\"errno\":null,"
	      "\"limit_name\":\"net.ipv4.tcp_max_orphans\",\"measure\":\"sockets\","
	      "\"held\":{\"min\":2,\"max\":8},\"limit\":3}," TOLD_BY_KERNEL_LOG,
	      getpid());
	prove(orphan_again);
	return 0;
}

const struct provocation socket_provocations[] = {
	{"tcp-mem", tcp_mem, "VM: a connection beyond tcp_mem", "tcp-mem"},
	{"tcp-orphans", tcp_orphans, "VM: one orphan too many", "tcp-orphans"},
	{"udp-mem", udp_mem, "VM: datagrams beyond udp_mem", "udp-mem"},
	{0},
};
