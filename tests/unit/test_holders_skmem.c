/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_holders_skmem.c - the memory of sockets where the kernel answers no dump: from the queues
 * that /proc/net shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "holders_fixture.h"

static int no_diag(void *arg _unused_, int protocol _unused_, struct nlmsghdr *request _unused_,
		   uint64_t deadline _unused_,
		   int (*cb)(void *arg, const struct nlmsghdr *m) _unused_, void *cb_arg _unused_)
{
	return -ENOENT; /* sock_diag_rcv_msg() of net/core/sock_diag.c: no handler */
}

/* Lines as get_tcp4_sock() of net/ipv4/tcp_ipv4.c and udp4_format_sock() of net/ipv4/udp.c print
 * them. */
static void put_queues(void)
{
	put_proc(5, "slow", 0, 1, 'S', 1, 1);
	put_link("socket:[100]", "proc/5/fd/3");
	put_link("socket:[101]", "proc/5/fd/4");
	put_link("socket:[102]", "proc/5/fd/5");
	put("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
	    "timeout inode\n"
	    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000080 00:00000000 00000000     0   "
	    "     0 100 1 0000000000000000 100 0 0 10 0\n"
	    "   1: 0100007F:1F90 0100007F:C001 01 00000000:00010000 00:00000000 00000000     0   "
	    "     0 101 1 0000000000000000 20 0 0 10 -1\n"
	    "   2: 0100007F:C002 0100007F:1F90 04 00003000:00000000 01:00000014 00000000     0   "
	    "     0 0 1 0000000000000000 20 4 0 10 -1\n",
	    "proc/net/tcp");
	put("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
	    "timeout inode ref pointer drops\n"
	    "  400: 00000000:1269 00000000:0000 07 00000000:00001000 00:00000000 00000000     0   "
	    "     0 102 2 0000000000000000 0\n",
	    "proc/net/udp");
}

static void queues(void **state _unused_)
{
	put_queues();
	env.dump = no_diag;
	assert_int_equal(gather("tcp-mem", 0), 0);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.holder[0].pid, 5);
	assert_int_equal(found.holder[0].held, 65536);
	assert_int_equal(found.holder[0].count, 1);
	assert_int_equal(found.holder[1].held, 0x3000);
	assert_has(found.holder[1].object, "closed by their program");
	assert_int_equal(gather("udp-mem", 0), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.holder[0].held, 4096);
	assert_string_equal(found.holder[0].kind, "UDP sockets, mostly received and not read");
}

/* Neither: then nothing is told, and not that there is nobody. */
static void nothing(void **state _unused_)
{
	put_proc(5, "slow", 0, 1, 'S', 1, 1);
	env.dump = no_diag;
	assert_int_equal(gather("tcp-mem", 0), -ENOENT);
	assert_int_equal(found.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(queues, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(nothing, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
