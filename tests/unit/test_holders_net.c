/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_holders_net.c - who holds the network's tables and memory, and queued signals: from files
 * and netlink answers as kernels give them, and from this machine where it really happens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../../bpf/holders.h"
#include "../../user/holders_priv.h"
#include "../../user/holders_watch.h"
#include "holders_fixture.h"

/* Lines of ct_seq_show(), net/netfilter/nf_conntrack_standalone.c: a scan from one host. */
static void conntrack_scan(void **state _unused_)
{
	static char text[40000];
	size_t n = 0;

	for (int i = 0; i < 90; i++)
		n += (size_t)sprintf(
			text + n,
			"ipv4     2 tcp      6 118 SYN_SENT src=10.0.0.7 dst=192.0.2.%d "
			"sport=5%03d dport=22 [UNREPLIED] src=192.0.2.%d dst=10.0.0.7 "
			"sport=22 dport=5%03d mark=0 zone=0 use=2\n",
			i, i, i, i);
	for (int i = 0; i < 10; i++)
		n += (size_t)sprintf(
			text + n,
			"ipv4     2 udp      17 29 src=10.0.0.8 dst=10.0.0.1 sport=%d "
			"dport=53 src=10.0.0.1 dst=10.0.0.8 sport=53 dport=%d [ASSURED] "
			"mark=0 zone=0 use=2\n",
			i, i);
	put(text, "proc/net/nf_conntrack");
	assert_int_equal(gather("conntrack", 0), 0);
	assert_int_equal(found.total, 2 + 91);
	assert_string_equal(found.holder[0].kind, "connections from");
	assert_string_equal(found.holder[0].object, "10.0.0.7");
	assert_int_equal(found.holder[0].held, 90);
	assert_int_equal(found.holder[1].held, 10);
	assert_has(found.says, "90 of the 100 tracked connections never got an answer");
	assert_has(found.says, "(90) from 10.0.0.7");
	assert_string_equal(found.measure, "entries");
}

/* Many clients that are answered are no scan. */
static void conntrack_busy(void **state _unused_)
{
	static char text[40000];
	size_t n = 0;

	assert_int_equal(gather("conntrack", 0), -ENOENT);
	for (int i = 0; i < 100; i++)
		n += (size_t)sprintf(text + n,
				     "ipv4     2 tcp      6 431999 ESTABLISHED src=198.51.100.%d "
				     "dst=10.0.0.1 sport=4%03d dport=443 src=10.0.0.1 "
				     "dst=198.51.100.%d sport=443 dport=4%03d [ASSURED] use=1\n",
				     i, i, i, i);
	put(text, "proc/net/nf_conntrack");
	assert_int_equal(gather("conntrack", 0), 0);
	assert_string_equal(found.holder[0].kind, "connections to");
	assert_int_equal(found.holder[0].held, 100);
	assert_string_equal(found.says, "");
}

/* arp_seq_show() of net/ipv4/arp.c */
static void arp(void **state _unused_)
{
	static char text[20000];
	size_t n =
		(size_t)sprintf(text, "IP address       HW type     Flags       HW address       "
				      "     Mask     Device\n");

	for (int i = 0; i < 80; i++)
		n += (size_t)sprintf(
			text + n,
			"192.0.2.%-8d 0x1         0x%d         02:00:00:00:00:%02x     "
			"*        eth%d\n",
			i, i < 70 ? 0 : 2, i, i < 70 ? 0 : 1);
	sprintf(text + n, "192.0.2.99      0x1         0x6         02:00:00:00:00:01     *        "
			  "eth1\n");
	put(text, "proc/net/arp");
	assert_int_equal(gather("neighbours", 0), 0);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.holder[0].kind, "INCOMPLETE entries");
	assert_string_equal(found.holder[0].object, "eth0");
	assert_int_equal(found.holder[0].held, 70);
	assert_int_equal(found.holder[1].held, 10); /* the permanent one does not count */
	assert_has(found.says, "70 of the 80 neighbours here never answered");
	ask.ipv6 = true;
	assert_int_equal(gather("neighbours", 0), -ENOTSUP);
}

/* A kernel that answers a dump. */
struct answer {
	struct nlmsghdr h;
	union {
		struct ndmsg nd;
		struct {
			struct inet_diag_msg d;
			struct rtattr a;
			uint32_t mem[SK_MEMINFO_VARS];
		};
	};
};

static int answer(struct answer *a, int (*cb)(void *arg, const struct nlmsghdr *m), void *arg,
		  unsigned int type, size_t size)
{
	a->h.nlmsg_type = (uint16_t)type;
	a->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	return cb(arg, &a->h);
}

static int fake_neighbours(void *arg _unused_, int protocol, struct nlmsghdr *request,
			   uint64_t deadline _unused_,
			   int (*cb)(void *arg, const struct nlmsghdr *m), void *cb_arg)
{
	static const uint16_t states[] = {NUD_FAILED, NUD_STALE, NUD_PERMANENT, NUD_NOARP};

	assert_int_equal(protocol, NETLINK_ROUTE);
	assert_int_equal(request->nlmsg_type, RTM_GETNEIGH);
	for (int i = 0; i < 200; i++) {
		struct answer a = {.nd = {.ndm_state = states[i % 4],
					  .ndm_ifindex = (int)if_nametoindex("lo")}};

		answer(&a, cb, cb_arg, RTM_NEWNEIGH, sizeof(a.nd));
		answer(&a, cb, cb_arg, RTM_NEWNEIGH, sizeof(a.nd) - 4); /* cut: nobody's */
	}
	return 0;
}

static void neighbours_of_netlink(void **state _unused_)
{
	env.dump = fake_neighbours;
	assert_int_equal(gather("neighbours", 0), 0);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.holder[0].held, 50);
	assert_string_equal(found.holder[0].object, "lo");
	assert_has(found.says, "50 of the 100 neighbours");
}

static int fake_sockets(void *arg _unused_, int protocol, struct nlmsghdr *request,
			uint64_t deadline _unused_, int (*cb)(void *arg, const struct nlmsghdr *m),
			void *cb_arg)
{
	const struct inet_diag_req_v2 *d = NLMSG_DATA(request);

	assert_int_equal(protocol, NETLINK_SOCK_DIAG);
	if (d->sdiag_family != AF_INET)
		return 0;
	for (unsigned int i = 0; i < 6; i++) {
		struct answer a = {.d = {.idiag_inode = i < 4 ? 100 + i : 0},
				   .a = {.rta_type = INET_DIAG_SKMEMINFO,
					 .rta_len = RTA_LENGTH(sizeof(a.mem))}};

		a.mem[i < 3 ? SK_MEMINFO_RMEM_ALLOC : SK_MEMINFO_WMEM_QUEUED] = 100000;
		a.mem[SK_MEMINFO_FWD_ALLOC] = 1000;
		answer(&a, cb, cb_arg, SOCK_DIAG_BY_FAMILY,
		       sizeof(a.d) + sizeof(a.a) + sizeof(a.mem));
		a.a.rta_len = RTA_LENGTH(8); /* an older kernel's, too short */
		answer(&a, cb, cb_arg, SOCK_DIAG_BY_FAMILY, sizeof(a.d) + sizeof(a.a) + 8);
	}
	return 0;
}

static void socket_memory(void **state _unused_)
{
	assert_int_equal(gather("tcp-mem", 0), -ENOTSUP);
	put_proc(5, "slow", 0, 1, 'S', 1, 1);
	put_link("socket:[100]", "proc/5/fd/3");
	put_link("socket:[101]", "proc/5/fd/4");
	put_link("socket:[102]", "proc/5/fd/5");
	put_link("socket:[102]", "proc/5/fd/6"); /* a dup: once */
	put_proc(6, "fast", 0, 1, 'S', 1, 1);
	put_link("socket:[103]", "proc/6/fd/3");
	env.dump = fake_sockets;
	assert_int_equal(gather("tcp-mem", 0), 0);
	assert_int_equal(found.n, 3);
	assert_int_equal(found.holder[0].pid, 5);
	assert_int_equal(found.holder[0].held, 303000);
	assert_int_equal(found.holder[0].count, 3);
	assert_has(found.holder[0].kind, "TCP sockets, mostly received and not read");
	assert_int_equal(found.holder[1].held, 202000);
	assert_int_equal(found.holder[1].have & HOLDER_PID, 0);
	assert_has(found.holder[1].object, "closed by their program");
	assert_has(found.holder[2].kind, "not acknowledged");
	assert_has(found.says, "slow (pid 5) has received and does not read, in 3 sockets");
	assert_string_equal(found.measure, "bytes");
}

/* /proc alone: for whom any wait, the timers, and the sum of the user. */
static void signals_of_proc(void **state _unused_)
{
	put_proc(5, "deaf", 1000, 1, 'S', 1, 1);
	put("Name:\tdeaf\nState:\tS (x)\nPPid:\t1\nUid:\t1000\t1000\t1000\t1000\nThreads:\t1\n"
	    "SigQ:\t90/100\nSigPnd:\t0000000000000000\nShdPnd:\t0000000200000000\n",
	    "proc/5/status");
	put_proc(6, "ticker", 1000, 1, 'S', 1, 1);
	put("ID: 0\nsignal: 34/00\nnotify: signal/pid.6\nClockID: 0\nID: 1\nsignal: 34/00\n",
	    "proc/6/timers");
	ask.limit_uid = 1000;
	ask.limit = 100;
	assert_int_equal(gather("sigpending", 5), 0);
	assert_int_equal(found.n, 3);
	assert_string_equal(found.holder[0].kind, "signals of the user");
	assert_int_equal(found.holder[0].held, 90);
	assert_string_equal(found.holder[1].kind, "timers");
	assert_int_equal(found.holder[1].held, 2);
	assert_int_equal(found.holder[2].pid, 5);
	assert_int_equal(found.holder[2].have & HOLDER_HELD, 0);
}

/* What an iterator tells of a socket has the names that the tables of /proc give. */
static void sockets_of_iterator(void **state _unused_)
{
	struct fc_iter_fd f = {.family = AF_INET,
			       .type = SOCK_STREAM,
			       .protocol = 6,
			       .state = 8,
			       .local = 8080,
			       .remote = 50000};
	struct socket_kinds k = {};

	assert_int_equal(tally_new(&k.kinds), 0);
	assert_int_equal(tally_new(&k.ports), 0);
	assert_true(sockets_known(&f, &k));
	assert_string_equal(tally_top(k.kinds, false)->key, "TCP sockets in CLOSE_WAIT");
	assert_int_equal(tally_size(k.ports), 2);
	f.state = 7; /* in no table */
	assert_true(sockets_known(&f, &k));
	f.type = SOCK_DGRAM;
	f.protocol = 17;
	f.family = AF_INET6;
	assert_true(sockets_known(&f, &k));
	f.local = 0;
	assert_true(sockets_known(&f, &k));
	assert_int_equal(tally_size(k.kinds), 3);
	assert_int_equal(tally_add(k.kinds, "other sockets", 0, 0)->n, 2);
	assert_int_equal(tally_add(k.kinds, "UDP sockets", 0, 0)->n, 1);
	f.protocol = 1; /* ping: only its table knows whether it is bound */
	assert_false(sockets_known(&f, &k));
	f.family = AF_NETLINK;
	assert_false(sockets_known(&f, &k));
	f.family = AF_UNIX;
	assert_true(sockets_known(&f, &k));
	tally_free(k.kinds);
	tally_free(k.ports);
}

/* ---- this machine ---- */

static struct event e, told;
static unsigned int n_told;

static void emit(void *arg _unused_, struct event *from)
{
	n_told++;
	told = *from;
}

static void ask_really(struct holders_watch *w, const char *resource, int64_t pid, int64_t limit)
{
	struct pollfd p = {.fd = holders_watch_fd(w), .events = POLLIN};

	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_COMM, "x");
	event_int(&e, FIELD_PID, pid);
	event_int(&e, FIELD_UID, getuid());
	event_int(&e, FIELD_LIMIT, limit);
	n_told = 0;
	holders_watch_event(w, &e, 1, 1000);
	assert_int_equal(poll(&p, 1, 10000), 1);
	holders_watch_run(w, 1000, emit, NULL);
}

static const struct event_holder *holder_of_pid(int64_t pid)
{
	for (unsigned int i = 0; i < told.n_holders; i++)
		if (told.holders[i].have & HOLDER_PID && told.holders[i].pid == pid)
			return &told.holders[i];
	return NULL;
}

static pid_t deaf_child(void)
{
	pid_t pid;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return pid;
}

/* A child blocks what it is sent: with an iterator it is counted. */
static void really_signals(void **state _unused_)
{
	struct holders_watch *w = holders_watch_new(NULL, 4096, 0);
	pid_t pid = deaf_child();
	const struct event_holder *h;

	assert_true(pid > 0);
	for (int i = 0; i < 500; i++)
		assert_int_equal(sigqueue(pid, SIGRTMIN, (union sigval){.sival_int = i}), 0);
	ask_really(w, "sigpending", pid, 600);
	assert_int_equal(n_told, 1);
	h = holder_of_pid(pid);
	assert_non_null(h);
	if (h->have & HOLDER_HELD) {
		assert_int_equal(h->held, 500);
		assert_has(event_text(&told, FIELD_SAYS), "500 signals wait for");
	} else {
		print_message("no iterators here: how many wait is not counted\n");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	holders_watch_free(w);
}

/* A connection into which data are written that nobody reads. */
static void really_socket_memory(void **state _unused_)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), r;
	struct holders_watch *w = holders_watch_new(NULL, 4096, 0);
	const struct event_holder *h;
	static char data[100000];
	socklen_t size = sizeof(a);

	assert_int_equal(bind(s, (void *)&a, size), 0);
	assert_int_equal(listen(s, 1), 0);
	assert_int_equal(getsockname(s, (void *)&a, &size), 0);
	assert_int_equal(connect(c, (void *)&a, size), 0);
	r = accept(s, NULL, NULL);
	assert_true(r >= 0);
	assert_true(send(c, data, sizeof(data), MSG_DONTWAIT) > 0);
	ask_really(w, "tcp-mem", getpid(), 100000);
	holders_watch_free(w);
	close(c);
	close(r);
	close(s);
	if (!n_told || !(h = holder_of_pid(getpid())))
		skip(); /* no socket diagnosis in this kernel */
	assert_true(h->held >= 50000);
	assert_true(h->count >= 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(conntrack_scan),        TEST(conntrack_busy), TEST(arp),
		TEST(neighbours_of_netlink), TEST(socket_memory),  TEST(signals_of_proc),
		TEST(sockets_of_iterator),   TEST(really_signals), TEST(really_socket_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
