/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the provocations of the network share: provoke_net.c has it.
 */
#ifndef PROVOKE_NET_H
#define PROVOKE_NET_H

#include <netinet/in.h>

#include "provoke.h"

/* Of the namespace that own_network() made, as /proc/PID/ns/net names it. */
extern char net_namespace[64];

/* With nothing but a loopback interface. */
void own_network(void);
struct sockaddr_in address(const char *ip, int port);
void interface_up(const char *name);
/* On this host: a descriptor, or -1. */
int connect_to(int port);
/* A counter of /proc/net/netstat; -1: there is none. */
long counted(const char *counter);
int listener(const char *ip, int port, int backlog);

/* Far from backlog and udp-mem, which they look like: all of them are nobody's. provoke_net.c,
 * provoke_socket.c */
int backlog_max(int argc, char **argv);
int udp_mem_min(int argc, char **argv);

/* No tracepoint tells of it, but a line of the kernel log does, without numbers. */
#define TOLD_BY_KERNEL_LOG \
	"\"tracepoint\":{\"backend\":\"kmsg\",\"pid\":null,\"held\":null,\"limit\":null}"

#endif
