/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/catalogue.c user/explain*.c user/table*.c user/counter*.c ; libs: */
/*
 * test_catalogue_rows.c - what was asked for, row by row, against what there is.
 *
 * The list below is the catalogue as its authors wrote it, and not made from bpf/resources.def: a
 * row that is lost there is missed here. Each must have its limits by name, its unit, the old
 * counters that it answers to, a row of the host's table, a sentence of its own and a remedy; and
 * remedies.txt, which prove.sh obeys, must say of each limit what helps.
 */
#include "explain_fixture.h"

#include "../../user/catalogue.h"
#include "../../user/table.h"

static const struct asked {
	const char *id;
	const char *errors;      /* one that a program gets, or "" */
	const char *limits[9];   /* names, or parts of them */
	const char *measures[3]; /* of any of its limits */
	const char *ubc;         /* rows of user_beancounters */
} catalogue[] = {
	{"nofile", "EMFILE", {"RLIMIT_NOFILE"}, {"files"}, "numfile"},
	{"nr-open", "EMFILE", {"fs.nr_open"}, {"files"}, "numfile"},
	{"file-max", "ENFILE", {"fs.file-max"}, {"files"}, "numfile"},
	{"inotify-instances",
	 "EMFILE",
	 {"fs.inotify.max_user_instances", "user.max_inotify_instances"},
	 {"instances"},
	 ""},
	{"inotify-watches",
	 "ENOSPC",
	 {"fs.inotify.max_user_watches", "user.max_inotify_watches"},
	 {"watches"},
	 ""},
	{"epoll-watches", "ENOSPC", {"fs.epoll.max_user_watches"}, {"watches"}, ""},
	{"fanotify-groups", "EMFILE", {"fs.fanotify.", "user.max_fanotify_groups"}, {"groups"}, ""},
	{"fanotify-marks", "ENOSPC", {"fs.fanotify.", "user.max_fanotify_marks"}, {"marks"}, ""},
	{"mounts", "ENOSPC", {"fs.mount-max"}, {"mounts"}, ""},
	{"aio", "EAGAIN", {"fs.aio-max-nr"}, {"requests"}, ""},
	{"pty", "ENOSPC", {"kernel.pty.max", "max= of the devpts mount"}, {"ptys"}, "numpty"},
	{"keys",
	 "EDQUOT",
	 {"kernel.keys.maxkeys", "kernel.keys.maxbytes", "root_maxkeys", "root_maxbytes"},
	 {"keys", "bytes"},
	 ""},
	{"semmni", "ENOSPC", {"kernel.sem[3] SEMMNI"}, {"sets"}, ""},
	{"semmns", "ENOSPC", {"kernel.sem[1] SEMMNS"}, {"semaphores"}, ""},
	{"semmsl", "EINVAL", {"kernel.sem[0] SEMMSL"}, {"semaphores"}, ""},
	{"semopm", "E2BIG", {"kernel.sem[2] SEMOPM"}, {"operations"}, ""},
	{"semvmx", "ERANGE", {"SEMVMX"}, {"value"}, ""},
	{"shmmni", "ENOSPC", {"kernel.shmmni"}, {"segments"}, ""},
	{"shmall", "ENOSPC", {"kernel.shmall"}, {"pages"}, "shmpages"},
	{"shmmax", "EINVAL", {"kernel.shmmax"}, {"bytes"}, ""},
	{"msgmni", "ENOSPC", {"kernel.msgmni"}, {"queues"}, ""},
	{"mq-bytes", "EMFILE", {"RLIMIT_MSGQUEUE"}, {"bytes"}, ""},
	{"mq-queues", "ENOSPC", {"fs.mqueue.queues_max"}, {"queues"}, ""},
	{"nproc", "EAGAIN", {"RLIMIT_NPROC"}, {"tasks"}, "numproc"},
	{"threads-max", "EAGAIN", {"kernel.threads-max"}, {"tasks"}, "numproc"},
	{"pid-max", "EAGAIN", {"kernel.pid_max"}, {"pids"}, "numproc"},
	{"pids", "EAGAIN", {"pids.max"}, {"tasks"}, "numproc"},
	{"namespaces",
	 "ENOSPC",
	 {"user.max_user_namespaces", "user.max_pid_namespaces", "user.max_uts_namespaces",
	  "user.max_ipc_namespaces", "user.max_net_namespaces", "user.max_mnt_namespaces",
	  "user.max_cgroup_namespaces", "user.max_time_namespaces"},
	 {"namespaces"},
	 ""},
	{"as", "ENOMEM", {"RLIMIT_AS"}, {"bytes"}, "privvmpages"},
	{"data", "ENOMEM", {"RLIMIT_DATA"}, {"bytes"}, "privvmpages"},
	{"stack", "", {"RLIMIT_STACK"}, {"bytes"}, "privvmpages"},
	{"memlock", "ENOMEM", {"RLIMIT_MEMLOCK"}, {"bytes"}, "lockedpages"},
	{"map-count", "ENOMEM", {"vm.max_map_count"}, {"maps"}, ""},
	{"commit", "ENOMEM", {"CommitLimit", "vm.overcommit_memory"}, {"pages"}, "privvmpages"},
	{"hugepages",
	 "ENOMEM",
	 {"vm.nr_hugepages", "hugetlb.*.max", "hugetlb.*.rsvd.max", "size= of the hugetlbfs mount"},
	 {"huge pages", "bytes"},
	 ""},
	{"memory",
	 "ENOMEM",
	 {"memory.max", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"},
	 {"bytes"},
	 "oomguarpages physpages kmemsize"},
	{"swap", "", {"memory.swap.max"}, {"bytes"}, "swappages"},
	{"sigpending", "EAGAIN", {"RLIMIT_SIGPENDING"}, {"signals"}, "numsiginfo"},
	{"cpu", "", {"RLIMIT_CPU"}, {"seconds"}, ""},
	{"fsize", "EFBIG", {"RLIMIT_FSIZE"}, {"bytes"}, ""},
	{"disk", "ENOSPC", {"file system"}, {"bytes"}, ""},
	{"inodes", "ENOSPC", {"file system"}, {"inodes"}, ""},
	{"quota",
	 "EDQUOT",
	 {"quota of a user", "quota of a group", "quota of a project", "inode quota of a user",
	  "inode quota of a group", "inode quota of a project"},
	 {"bytes", "inodes"},
	 ""},
	{"tcp-mem", "", {"net.ipv4.tcp_mem"}, {"pages"}, "tcpsndbuf tcprcvbuf othersockbuf"},
	{"udp-mem", "", {"net.ipv4.udp_mem[2]", "net.ipv4.udp_mem[0]"}, {"pages"}, "dgramrcvbuf"},
	{"tcp-orphans", "", {"net.ipv4.tcp_max_orphans"}, {"sockets"}, "numtcpsock"},
	{"neighbours", "ENOBUFS", {"net.ipv4.neigh.", "net.ipv6.neigh."}, {"entries"}, ""},
	{"conntrack", "EPERM", {"net.netfilter.nf_conntrack_max"}, {"entries"}, "numiptent"},
	{"ports", "EADDRNOTAVAIL", {"net.ipv4.ip_local_port_range"}, {"ports"}, "numothersock"},
	{"backlog", "", {"listen backlog"}, {"connections"}, ""},
};

/* Limits of a resource, its own first; -1: no more. */
static bool limit_of(unsigned int resource, unsigned int n, const char **ret_name,
		     const char **ret_measure)
{
	unsigned int seen = 0;

	for (unsigned int v = 0; v < 128; v++)
		if (catalogue_variant(resource, v, ret_name, ret_measure) && seen++ == n)
			return true;
	return false;
}

static bool has_limit(unsigned int resource, const char *part, bool measure)
{
	const char *name, *unit;

	for (unsigned int n = 0; limit_of(resource, n, &name, &unit); n++)
		if (measure ? util_streq(unit, part) : strstr(name, part) != NULL)
			return true;
	return false;
}

static void all_are_there(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(catalogue); i++) {
		const struct asked *a = &catalogue[i];
		unsigned int r = catalogue_by_id(a->id);

		if (r == FC_RESOURCE_NONE)
			fail_msg("bpf/resources.def has no %s", a->id);
		for (size_t k = 0; k < ARRAY_SIZE(a->limits) && a->limits[k]; k++)
			if (!has_limit(r, a->limits[k], false))
				fail_msg("no limit of %s is named %s", a->id, a->limits[k]);
		for (size_t k = 0; k < ARRAY_SIZE(a->measures) && a->measures[k]; k++)
			if (!has_limit(r, a->measures[k], true))
				fail_msg("no limit of %s is counted in %s", a->id, a->measures[k]);
	}
	/* And none is there that nobody asked for. */
	assert_int_equal(ARRAY_SIZE(catalogue), FC_RESOURCES - 1);
}

static void old_counters(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(catalogue); i++) {
		const char *at = catalogue[i].ubc;
		unsigned int r = catalogue_by_id(catalogue[i].id);
		char row[32];
		int n;

		for (; sscanf(at, "%31s%n", row, &n) == 1; at += n)
			if (catalogue_relation(r, row) == RELATION_COINCIDENT)
				fail_msg("%s does not know %s", catalogue[i].id, row);
	}
}

/* Each has a row of the host, if only to say that nothing is known. */
static void table_rows(void **state _unused_)
{
	struct counter_options o = {.root = FIXTURES "/host"};
	struct counter_table t = {0};
	struct counters *c = NULL;

	assert_int_equal(counters_open(&c, &o), 0);
	assert_int_equal(counters_read(c, "host", &t), 0);
	assert_true(table_count(&t, NULL, c) >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(catalogue); i++) {
		const char *id = catalogue[i].id;
		bool found = false;

		for (size_t k = 0; k < t.n_rows && !found; k++) {
			const char *rest = util_after(t.rows[k].name, id);

			found = (rest && (!*rest || *rest == '.')) ||
				catalogue_relation(catalogue_by_id(id), t.rows[k].name) ==
					RELATION_OWN;
		}
		if (!found)
			fail_msg("the table of the host has no row of %s", id);
	}
	counter_table_free(&t);
	counters_closep(&c);
}

static void explain_one(const struct asked *a, const char *limit, const char *measure)
{
	char any[128];

	refused_db(a->id, a->errors[0] ? a->errors : "ENOSPC", 10, 10, 1);
	if (!a->errors[0])
		event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, a->id);
	event_str(&e, FIELD_LIMIT_NAME, limit);
	event_str(&e, FIELD_MEASURE, measure);
	amounts(10, 10, -1, 1);
	event_int(&e, FIELD_PID, 900);
	says(NULL);
	/* What explain_any() says of what it does not know. */
	snprintf(any, sizeof(any), "the limit %s is reached", limit);
	assert_lacks(event_text(&e, FIELD_SAYS), any);
	if (!event_text(&e, FIELD_SAYS)[0] || !fixed()[0])
		fail_msg("%s, %s: nothing is said of it", a->id, limit);
}

static void sentences(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(catalogue); i++) {
		const char *name, *measure;

		/* The page stays in memory: nobody is refused, see resources.def. */
		if (util_streq(catalogue[i].id, "swap"))
			continue;
		for (unsigned int n = 0;
		     limit_of(catalogue_by_id(catalogue[i].id), n, &name, &measure); n++)
			explain_one(&catalogue[i], name, measure);
	}
}

/* "ID | LIMIT | WAY": the way; NULL: no such line. */
static const char *way_of(FILE *f, const char *id, const char *limit)
{
	static char line[512];
	char want[256];

	snprintf(want, sizeof(want), "%s | %s | ", id, limit);
	rewind(f);
	while (fgets(line, sizeof(line), f))
		if (util_after(line, want))
			return line + strlen(want);
	return NULL;
}

static void remedies(void **state _unused_)
{
	FILE *f = fopen(FIXTURES "/../vm/remedies.txt", "re");
	unsigned int limits = 0, lines = 0;
	char line[512];

	assert_non_null(f);
	for (unsigned int r = 1; r < FC_RESOURCES; r++) {
		const char *id = catalogue_get(r)->id, *name, *measure;

		for (unsigned int n = 0; limit_of(r, n, &name, &measure); n++, limits++) {
			const char *way = way_of(f, id, name), *why;

			if (!way)
				fail_msg("remedies.txt has no \"%s | %s | ...\"", id, name);
			if (util_streq(way, "command\n") || util_streq(way, "command on v1\n"))
				continue;
			why = util_after(way, "by hand: ");
			if (!why)
				why = util_after(way, "no event: ");
			if (!why)
				why = util_after(way, "not proven: ");
			if (!why || strlen(why) < 10)
				fail_msg("%s | %s: no reason: %s", id, name, way);
		}
	}
	rewind(f);
	while (fgets(line, sizeof(line), f))
		lines += line[0] != '#' && line[0] != '\n';
	fclose(f);
	assert_int_equal(lines, limits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_there), cmocka_unit_test(old_counters),
		cmocka_unit_test(table_rows),    cmocka_unit_test(sentences),
		cmocka_unit_test(remedies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
