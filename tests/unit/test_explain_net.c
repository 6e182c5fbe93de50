/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_explain_net.c - refusals of the network: often nobody in particular, and a remedy that keeps
 * the numbers which stand beside the one to raise.
 */
#include "explain_fixture.h"

static void refused(const char *resource, const char *limit_name, int64_t pid, int64_t held,
		    int64_t limit)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_LIMIT_NAME, limit_name);
	event_int(&e, FIELD_HELD, held);
	event_int(&e, FIELD_LIMIT, limit);
	event_bool(&e, FIELD_CERTAIN, true);
	if (!pid)
		return;
	event_int(&e, FIELD_PID, pid);
	event_str(&e, FIELD_COMM, "curl");
}

static void must_have(enum field f, const char *part)
{
	if (!strstr(event_text(&e, f), part))
		fail_msg("no \"%s\" in: %s", part, event_text(&e, f));
}

static void must_lack(enum field f, const char *part)
{
	if (strstr(event_text(&e, f), part))
		fail_msg("\"%s\" in: %s", part, event_text(&e, f));
}

static void ports(void **state _unused_)
{
	struct explain_facts facts = {.has_more = true, .more = {32768, 60999}};

	refused("ports", "net.ipv4.ip_local_port_range", 7, 28232, 28232);
	event_int(&e, FIELD_ASKED, 1);
	event_str(&e, FIELD_OBJECT, "10.0.0.1:5432");
	explain_event(&e, &facts);
	must_have(FIELD_SAYS, "curl (pid 7) could not connect to 10.0.0.1:5432 because none of the "
			      "28232 local ports");
	must_have(FIELD_FIX, "sysctl -w net.ipv4.ip_local_port_range=\"9072 65535\"\n");
	/* in a network namespace of its own */
	event_str(&e, FIELD_NAMESPACE, "net:[4026532177]");
	facts.host_ns[FC_NS_NET] = 4026531840;
	explain_event(&e, &facts);
	must_have(FIELD_FIX, "nsenter -t 7 -n sysctl -w net.ipv4.ip_local_port_range=");
	must_lack(FIELD_FIX, "sysctl.d");
	/* nothing is left to add */
	refused("ports", "net.ipv4.ip_local_port_range", 7, 64512, 64512);
	facts.more[0] = 1024;
	facts.more[1] = 65535;
	explain_event(&e, &facts);
	must_lack(FIELD_FIX, "sysctl -w");
	must_have(FIELD_FIX, "# the range cannot grow");
}

static void backlog(void **state _unused_)
{
	struct explain_facts facts = {.has_more = true, .more = {4096}};

	refused("backlog", "listen backlog", 0, 129, 128);
	event_str(&e, FIELD_OBJECT, "0.0.0.0:80");
	explain_event(&e, &facts);
	must_have(FIELD_SAYS,
		  "A connection to 0.0.0.0:80 was not taken because the program there had "
		  "129 waiting");
	must_have(FIELD_FIX, "# the program itself asked for 128");
	must_lack(FIELD_FIX, "sysctl -w");
	facts.more[0] = 128; /* what cut it */
	explain_event(&e, &facts);
	must_have(FIELD_FIX, "sysctl -w net.core.somaxconn=\"256\"");
	/* Of another namespace, and nobody's: through whoever is in there. */
	facts.host_ns[FC_NS_NET] = 8;
	event_str(&e, FIELD_NAMESPACE, "net:[4026532115]");
	explain_event(&e, &facts);
	must_have(
		FIELD_FIX,
		"for p in /proc/[0-9]*; do [ \"$(readlink $p/ns/net)\" = \"net:[4026532115]\" ] && "
		"nsenter -t ${p#/proc/} -n sysctl -w net.core.somaxconn=\"256\" && break; done\n");
	must_lack(FIELD_FIX, "/etc/sysctl.d");
}

static void socket_memory(void **state _unused_)
{
	struct explain_facts facts = {.has_more = true, .more = {88, 120, 180}, .page_size = 4096};

	refused("udp-mem", "net.ipv4.udp_mem[2]", 0, 200, 180);
	explain_event(&e, &facts);
	must_have(FIELD_SAYS, "A UDP socket got no memory");
	must_have(FIELD_SAYS, "800 KiB and may have 720 KiB");
	must_have(FIELD_FIX,
		  "sh -c 'set -- $(cat /proc/sys/net/ipv4/udp_mem) && n=360 && "
		  "sysctl -w net.ipv4.udp_mem=\"$(($1 > n ? $1 : n)) $(($2 > n ? $2 : n)) ");
	refused("tcp-mem", "net.ipv4.tcp_mem[2]", 9, 200, 180);
	explain_event(&e, &facts);
	must_have(FIELD_SAYS, "curl (pid 9) got no memory for data of a TCP socket");
	must_have(FIELD_FIX,
		  " && n=360 && sysctl -w net.ipv4.tcp_mem=\"$1 $2 $(($3 > n ? $3 : n))\"");
	/* of repeats only the limit is known */
	refused("udp-mem", "net.ipv4.udp_mem[2]", 0, 200, 180);
	event_clear(&e, FIELD_HELD);
	explain_event(&e, NULL);
	must_have(FIELD_SAYS, "all of them together have too much and may have 720 KiB");
	must_have(FIELD_FIX, " && n=360 && ");
}

static void tables(void **state _unused_)
{
	refused("neighbours", "net.ipv4.neigh.default.gc_thresh3", 0, 1024, 1024);
	explain_event(&e, NULL);
	must_have(FIELD_FIX, "sysctl -w net.ipv4.neigh.default.gc_thresh3=2048\n");
	refused("neighbours", "net.ipv6.neigh.default.gc_thresh3", 3, 1024, 1024);
	explain_event(&e, NULL);
	must_have(FIELD_SAYS, "curl (pid 3) could not send to a neighbour");
	must_have(FIELD_FIX, "net.ipv6.neigh.default.gc_thresh3=2048\n");
	refused("conntrack", "net.netfilter.nf_conntrack_max", 0, 65536, 65536);
	explain_event(&e, NULL);
	must_have(FIELD_SAYS, "65536 of 65536 entries");
	must_have(FIELD_FIX, "sysctl -w net.netfilter.nf_conntrack_max=131072\n");
	must_have(FIELD_FIX, "echo 32768 > /sys/module/nf_conntrack/parameters/hashsize");
	refused("tcp-orphans", "net.ipv4.tcp_max_orphans", 0, 65537, 65536);
	explain_event(&e, NULL);
	must_have(FIELD_FIX, "sysctl -w net.ipv4.tcp_max_orphans=131072\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(backlog),
		cmocka_unit_test(socket_memory),
		cmocka_unit_test(tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
