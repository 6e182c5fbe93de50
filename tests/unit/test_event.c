/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/event.c user/event_oom.c user/field.c user/catalogue.c user/attach.c ; libs: */
/*
 * test_event.c - each field of a record arrives in its own field of the event,
 * and what a record does not know is absent. What is wrong with a record is
 * test_event_bad.c's business.
 */
#include "event_fixture.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static void refused(void **state _unused_)
{
	static const enum field all[] = {
		FIELD_TIME,       FIELD_UPTIME_US,   FIELD_RESOURCE,  FIELD_LIMIT_NAME,
		FIELD_MEASURE,    FIELD_ERRNO,       FIELD_HELD,      FIELD_LIMIT,
		FIELD_LIMIT_HARD, FIELD_ASKED,       FIELD_NAMESPACE, FIELD_OBJECT,
		FIELD_CERTAIN,    FIELD_BACKEND,     FIELD_PID,       FIELD_TID,
		FIELD_PPID,       FIELD_UID,         FIELD_VPID,      FIELD_STARTED_AT,
		FIELD_COMM,       FIELD_PARENT_COMM, FIELD_CGROUP,    FIELD_CGROUP_ID,
	};
	struct fc_refused r;

	make_refused(&r);
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_int_equal(e.kind, EVENT_REFUSED);
	must_have_only(all, ARRAY_SIZE(all));
	must_be(FIELD_TIME, OFFSET + 123456789012);
	must_be(FIELD_UPTIME_US, 123456789);
	must_say(FIELD_RESOURCE, "semmns");
	must_say(FIELD_LIMIT_NAME, "kernel.sem[1] SEMMNS");
	must_say(FIELD_MEASURE, "semaphores");
	must_say(FIELD_ERRNO, "ENOSPC");
	must_be(FIELD_HELD, 8);
	must_be(FIELD_LIMIT, 10);
	must_be(FIELD_LIMIT_HARD, 20);
	must_be(FIELD_ASKED, 3);
	must_say(FIELD_NAMESPACE, "ipc:[4026532201]");
	must_say(FIELD_OBJECT, "IPC key 0x00004711");
	must_be(FIELD_CERTAIN, true);
	must_say(FIELD_BACKEND, "kprobe");
	must_be(FIELD_PID, 4711);
	must_be(FIELD_TID, 4712);
	must_be(FIELD_PPID, 4710);
	must_be(FIELD_UID, 1000);
	must_be(FIELD_VPID, 7);
	must_be(FIELD_STARTED_AT, OFFSET - 5 + 70000004711);
	must_say(FIELD_COMM, "postgres");
	must_say(FIELD_PARENT_COMM, "parent");
	must_say(FIELD_CGROUP, "/system.slice/a.service");
	must_be(FIELD_CGROUP_ID, 6305);
	assert_int_equal(facts.resource, FC_SEMMNS);
	assert_int_equal(facts.start, 70000004711);
	assert_int_equal(facts.pid, 4711);
	assert_int_equal(facts.tid, 4712);
	assert_int_equal(facts.hook, FC_HOOK_NEWARY);
	assert_int_equal(facts.time, 123456789012);
	assert_false(facts.by_walk);
	for (int i = 0; i < 4; i++)
		assert_int_equal(facts.more[i], 250 + i);
}

/* A limit that answers with a signal: whole, folded, and where the fold table had no room. */
static void signals(void **state _unused_)
{
	struct fc_fold_key key = {.resource = FC_CPU, .err = FC_ERR_SIGNAL + 24};
	const struct fc_coarse_key coarse = {.resource = FC_CPU};
	struct fc_overflow o = {.err = FC_ERR_SIGNAL + 9};
	const struct fold_known known = {};
	struct fc_fold fold = {};
	struct fc_refused r;

	make_refused(&r);
	r.resource = FC_CPU;
	r.err = FC_ERR_SIGNAL + 24;
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_SIGNAL, "SIGXCPU");
	assert_false(event_has(&e, FIELD_ERRNO));
	r.err = FC_ERR_SIGNAL + SIGRTMIN + 3;
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_SIGNAL, "SIGRTMIN+3");
	r.err = FC_ERR_SIGNAL + 33; /* has no name: the C library's own */
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_ERRNO) || event_has(&e, FIELD_SIGNAL));
	event_decode_fold(&e, &facts, &key, &fold, 3, &known, &v1);
	must_say(FIELD_SIGNAL, "SIGXCPU");
	assert_false(event_has(&e, FIELD_ERRNO));
	event_decode_overflow(&e, &coarse, &o, 3, &v1);
	must_say(FIELD_SIGNAL, "SIGKILL");
	/* with an errno as well */
	r.resource = FC_FSIZE;
	r.err = EFBIG;
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_ERRNO, "EFBIG");
	must_say(FIELD_SIGNAL, "SIGXFSZ");
}

/* A bit of `has` decides, whatever the field holds. */
static void refused_unknown(void **state _unused_)
{
	static const struct {
		unsigned int has;
		enum field field;
	} bits[] = {
		{FC_HAS_HELD, FIELD_HELD},       {FC_HAS_LIMIT, FIELD_LIMIT},
		{FC_HAS_HARD, FIELD_LIMIT_HARD}, {FC_HAS_ASKED, FIELD_ASKED},
		{FC_HAS_KEY, FIELD_OBJECT},
	};
	struct fc_refused r;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		make_refused(&r);
		r.has &= ~bits[i].has;
		assert_int_equal(DECODE(&r, &v1), 0);
		for (size_t j = 0; j < ARRAY_SIZE(bits); j++)
			assert_int_equal(event_has(&e, bits[j].field), i != j);
	}
	make_refused(&r);
	r.has = FC_HAS_WHO;
	r.ns = 0;
	r.who.vpid = r.who.pid;
	r.who.cgroup_id = 0;
	r.who.comm[0] = r.who.parent_comm[0] = '\0';
	memset(r.more, 0xff, sizeof(r.more)); /* nobody said that they mean anything */
	assert_int_equal(DECODE(&r, &v1), 0);
	must_be(FIELD_CERTAIN, false);
	assert_false(event_has(&e, FIELD_NAMESPACE));
	assert_false(event_has(&e, FIELD_VPID));
	assert_false(event_has(&e, FIELD_CGROUP_ID));
	assert_false(event_has(&e, FIELD_COMM));
	assert_false(event_has(&e, FIELD_PARENT_COMM));
	assert_false(event_has(&e, FIELD_SYSCALL));
	assert_int_equal(facts.more[0] | facts.more[3], 0);
	r.who.vpid = 0;
	r.err = 4000; /* a number without a name */
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_VPID));
	must_say(FIELD_ERRNO, "4000");
}

/* The limit's owner, its other name, and a refusal that is nobody's in particular. */
static void refused_owner(void **state _unused_)
{
	static const char path[] = "c\0b";
	struct fc_refused r;

	make_refused(&r);
	r.has |= FC_HAS_OWNER | FC_HAS_UID | FC_HAS_DEV;
	r.resource = FC_KEYS;
	r.variant = FC_VARIANT_KEYS_BYTES;
	r.limit_uid = 1000;
	r.dev = 8 << 20 | 17;
	r.ns_kind = FC_NS_USER;
	r.owner.len = sizeof(path);
	memcpy(r.owner.text, path, sizeof(path));
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_RESOURCE, "keys");
	must_say(FIELD_LIMIT_NAME, "kernel.keys.maxbytes");
	must_say(FIELD_MEASURE, "bytes");
	must_be(FIELD_LIMIT_UID, 1000);
	must_say(FIELD_DEVICE, "8:17");
	must_say(FIELD_NAMESPACE, "user:[4026532201]");
	must_say(FIELD_LIMIT_CGROUP, "/b/c");
	r.has &= ~(FC_HAS_WHO | FC_HAS_OWNER);
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_PID));
	assert_false(event_has(&e, FIELD_LIMIT_CGROUP));
	r.resource = FC_NOFILE; /* the variant of another resource */
	assert_int_equal(DECODE(&r, &v1), -EBADMSG);
}

static void unlimited(void **state _unused_)
{
	struct fc_refused r;

	make_refused(&r);
	r.limit = UINT64_MAX;
	r.hard = UINT64_MAX;
	r.held = ((uint64_t)1 << 53) + 1;
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_LIMIT));
	must_be(FIELD_LIMIT_UNLIMITED, true);
	assert_false(event_has(&e, FIELD_LIMIT_HARD));
	assert_false(event_has(&e, FIELD_HELD));
}

static void syscalls(void **state _unused_)
{
	struct fc_refused r;

	make_refused(&r);
	r.syscall = __NR_openat;
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_SYSCALL));
	r.has |= FC_HAS_SYSCALL;
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_SYSCALL, "openat");
	r.syscall = 395; /* shmget of 32-bit programs; unused otherwise */
	r.has |= FC_HAS_COMPAT;
	assert_int_equal(DECODE(&r, &v1), 0);
#ifdef __x86_64__
	must_say(FIELD_SYSCALL, "shmget");
#endif
	for (int nr = -3; nr < 3000; nr += 7) {
		r.syscall = nr;
		assert_int_equal(DECODE(&r, &v1), 0);
	}
	r.syscall = INT32_MIN;
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_SYSCALL));
	r.syscall = INT32_MAX;
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_SYSCALL));
}

static void paths_of_objects(void **state _unused_)
{
	struct fc_refused r;

	make_refused(&r);
	r.has |= FC_HAS_PATH | FC_HAS_SOCK; /* a path says more than a key */
	strcpy(r.object, "/etc/resolv.conf");
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_OBJECT, "/etc/resolv.conf");
	assert_false(is_cut(FIELD_OBJECT));
	memset(r.object, 'y', FC_OBJECT);
	r.object[FC_OBJECT - 2] = '\0';
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_int_equal(strlen(event_text(&e, FIELD_OBJECT)), FC_OBJECT - 2);
	assert_false(is_cut(FIELD_OBJECT));
	r.object[FC_OBJECT - 2] = 'y'; /* as long as can be: there may have been more */
	r.object[FC_OBJECT - 1] = '\0';
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_int_equal(strlen(event_text(&e, FIELD_OBJECT)), FC_OBJECT - 1);
	assert_true(is_cut(FIELD_OBJECT));
	r.object[0] = '\0';
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_OBJECT));
}

static void sockets(void **state _unused_)
{
	static const struct {
		struct fc_sock sock;
		const char *says;
	} cases[] = {
		{{.family = AF_INET, .type = SOCK_STREAM}, "socket AF_INET SOCK_STREAM"},
		{{.family = AF_INET6, .type = SOCK_DGRAM | 0x8000 | SOCK_NONBLOCK},
		 "socket AF_INET6 SOCK_DGRAM"},
		{{.family = AF_UNIX, .type = SOCK_SEQPACKET}, "socket AF_UNIX SOCK_SEQPACKET"},
		{{.family = AF_NETLINK, .type = SOCK_RAW}, "socket AF_NETLINK SOCK_RAW"},
		{{.family = AF_INET, .type = 4}, "socket family 2 type 4"},
		{{.family = AF_INET, .type = 15}, "socket family 2 type 15"},
		{{.family = AF_INET, .type = 16}, "socket family 2 type 0"},
		{{.family = 65535, .type = SOCK_STREAM}, "socket family 65535 type 1"},
		{{.family = AF_INET, .port = 80, .addr = {127, 0, 0, 1}}, "127.0.0.1:80"},
		{{.family = AF_INET6, .port = 65535, .addr = {[15] = 1}}, "[::1]:65535"},
		{{.family = AF_UNIX}, "AF_UNIX listener"},
		{{.family = 65535}, ""},
	};
	struct fc_refused r;

	make_refused(&r);
	r.has = FC_HAS_SOCK;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		r.sock = cases[i].sock;
		assert_int_equal(DECODE(&r, &v1), 0);
		must_say(FIELD_OBJECT, cases[i].says);
	}
	r.has = FC_HAS_KEY;
	r.key = 0;
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_OBJECT, "IPC_PRIVATE");
	r.key = -1;
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_OBJECT, "IPC key 0xffffffff");
}

/* What others chose is kept as it is: each writer escapes it in its own way. */
static void names(void **state _unused_)
{
	struct fc_refused r;

	make_refused(&r);
	memcpy(r.who.comm, "a\nb\x1b[2J\xff\xc3(", 10);
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_COMM, "a\nb\x1b[2J\xff\xc3(");
	memset(r.who.comm, 'c', FC_COMM); /* no NUL: not one byte of what follows it */
	memset(r.who.parent_comm, 'p', FC_COMM);
	assert_int_equal(DECODE(&r, &v1), 0);
	must_say(FIELD_COMM, "cccccccccccccccc");
	must_say(FIELD_PARENT_COMM, "pppppppppppppppp");
}

static void fold(void **state _unused_)
{
	static const enum field all[] = {
		FIELD_TIME,       FIELD_UPTIME_US, FIELD_RESOURCE, FIELD_LIMIT_NAME, FIELD_MEASURE,
		FIELD_ERRNO,      FIELD_SYSCALL,   FIELD_PID,      FIELD_PPID,       FIELD_UID,
		FIELD_STARTED_AT, FIELD_COMM,      FIELD_CGROUP,   FIELD_CGROUP_ID,  FIELD_LIMIT,
		FIELD_LIMIT_HARD, FIELD_BACKEND,   FIELD_COUNT,    FIELD_FIRST,      FIELD_LAST,
	};
	static char cgroup[] = "/a";
	const struct fc_fold_key key = {
		.start = 500, .pid = 4711, .resource = FC_NOFILE, .err = EMFILE};
	struct fc_fold f = {.count = 1000,
			    .first = 600,
			    .last = 2000700,
			    .uid = 33,
			    .ppid = 9,
			    .syscall = __NR_dup,
			    .has = FC_HAS_SYSCALL | FC_HAS_LIMIT | FC_HAS_HARD,
			    .limit = 64,
			    .hard = 128,
			    .cgroup_id = 6305,
			    .backend = FC_BACKEND_FEXIT,
			    .hook = FC_HOOK_ALLOC_FD};
	const struct fold_known known = {.cgroup = cgroup, .cgroup_id = 6305}, unknown = {};

	memset(f.comm, 'n', FC_COMM);
	event_decode_fold(&e, &facts, &key, &f, 999, &known, &v1);
	must_have_only(all, ARRAY_SIZE(all));
	must_say(FIELD_EVENT, "refused");
	must_be(FIELD_TIME, OFFSET + 2000700); /* the latest */
	must_be(FIELD_UPTIME_US, 2000);
	must_say(FIELD_RESOURCE, "nofile");
	must_say(FIELD_ERRNO, "EMFILE");
	must_say(FIELD_SYSCALL, "dup");
	must_be(FIELD_PID, 4711);
	must_be(FIELD_PPID, 9);
	must_be(FIELD_UID, 33);
	must_be(FIELD_STARTED_AT, OFFSET - 5 + 500);
	must_say(FIELD_COMM, "nnnnnnnnnnnnnnnn");
	must_say(FIELD_CGROUP, "/a");
	must_be(FIELD_LIMIT, 64);
	must_be(FIELD_LIMIT_HARD, 128);
	must_say(FIELD_BACKEND, "fexit");
	must_be(FIELD_COUNT, 999); /* what is new, not what the table stands at */
	must_be(FIELD_FIRST, OFFSET + 600);
	must_be(FIELD_LAST, OFFSET + 2000700);
	assert_int_equal(facts.pid, 4711);
	assert_int_equal(facts.start, 500);
	assert_int_equal(facts.resource, FC_NOFILE);
	assert_int_equal(facts.time, 2000700);
	f.cgroup_id = f.has = 0;
	event_decode_fold(&e, &facts, &key, &f, 1, &unknown, &v1);
	assert_false(event_has(&e, FIELD_LIMIT));
	assert_false(event_has(&e, FIELD_LIMIT_HARD));
	assert_false(event_has(&e, FIELD_CGROUP));
	assert_false(event_has(&e, FIELD_CGROUP_ID));
	assert_false(event_has(&e, FIELD_SYSCALL));
}

/* Whose limit it is does not follow from the resource: repeats say what the whole record said. */
static void fold_of_whole(void **state _unused_)
{
	const struct fc_fold_key key = {
		.start = 500, .pid = 4711, .resource = FC_INOTIFY_INSTANCES, .err = EMFILE};
	const struct fc_fold f = {.count = 1, .has = FC_HAS_LIMIT, .limit = 1};
	struct fold_known known = {.whole = true,
				   .limit = {.variant = FC_VARIANT_INOTIFY_INSTANCES_NS,
					     .ns_kind = FC_NS_USER,
					     .ns = 4026532201,
					     .has = FC_HAS_UID | FC_HAS_DEV | FC_HAS_MORE,
					     .limit_uid = 33,
					     .dev = 8 << 20 | 3,
					     .more = {1, 2}}};

	event_decode_fold(&e, &facts, &key, &f, 1, &known, &v1);
	must_say(FIELD_LIMIT_NAME, "user.max_inotify_instances");
	must_say(FIELD_NAMESPACE, "user:[4026532201]");
	must_be(FIELD_LIMIT_UID, 33);
	must_say(FIELD_DEVICE, "8:3");
	assert_true(facts.has_more && facts.more[1] == 2 && !facts.unsure);
	assert_false(event_has(&e, FIELD_CERTAIN));
	known.mixed = true;
	event_decode_fold(&e, &facts, &key, &f, 1, &known, &v1);
	assert_true(facts.unsure);
	must_be(FIELD_CERTAIN, 0);
	must_say(FIELD_LIMIT_NAME, "user.max_inotify_instances");
	assert_false(facts.has_more || event_has(&e, FIELD_NAMESPACE) ||
		     event_has(&e, FIELD_LIMIT_UID) || event_has(&e, FIELD_DEVICE));
	known = (struct fold_known){};
	event_decode_fold(&e, &facts, &key, &f, 1, &known, &v1);
	assert_true(facts.unsure);
	assert_false(event_has(&e, FIELD_NAMESPACE) || event_has(&e, FIELD_LIMIT_UID));
	must_be(FIELD_CERTAIN, 0);
}

static void overflow(void **state _unused_)
{
	static const enum field all[] = {
		FIELD_TIME,  FIELD_UPTIME_US, FIELD_RESOURCE, FIELD_LIMIT_NAME, FIELD_MEASURE,
		FIELD_ERRNO, FIELD_COUNT,     FIELD_FIRST,    FIELD_LAST,       FIELD_SAYS,
	};
	struct fc_coarse_key coarse = {.resource = FC_FILE_MAX, .uid = 33};
	const struct fc_overflow o = {.count = 70, .first = 1000, .last = 5000, .err = ENFILE};

	event_decode_overflow(&e, &coarse, &o, 69, &v1);
	must_have_only(all, ARRAY_SIZE(all));
	must_say(FIELD_EVENT, "refused");
	must_say(FIELD_RESOURCE, "file-max");
	must_say(FIELD_ERRNO, "ENFILE");
	must_be(FIELD_COUNT, 69);
	must_be(FIELD_FIRST, OFFSET + 1000);
	must_be(FIELD_LAST, OFFSET + 5000);
	must_be(FIELD_TIME, OFFSET + 5000);
	must_be(FIELD_UPTIME_US, 5);
	memcpy(coarse.comm, "nginx", 6);
	event_decode_overflow(&e, &coarse, &o, 1, &v1);
	must_say(FIELD_COMM, "nginx");
	must_be(FIELD_UID, 33);
	assert_false(event_has(&e, FIELD_PID));
	must_say(FIELD_SAYS, "1 more refusal is told together, because more processes were refused "
			     "at once than are counted one by one: of processes called nginx.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(signals),
		cmocka_unit_test(refused_unknown),
		cmocka_unit_test(refused_owner),
		cmocka_unit_test(unlimited),
		cmocka_unit_test(syscalls),
		cmocka_unit_test(paths_of_objects),
		cmocka_unit_test(sockets),
		cmocka_unit_test(names),
		cmocka_unit_test(fold),
		cmocka_unit_test(fold_of_whole),
		cmocka_unit_test(overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
