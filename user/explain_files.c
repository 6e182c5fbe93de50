/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_files.c - nofile, nr-open, file-max: no more descriptors.
 *
 * Programs hide these errors behind others: a resolver that cannot open its
 * files says "host not found", the loader speaks of shared libraries, a server
 * is silent. The system call and its object tell which it will be.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strcasestr, memrchr */
#endif

#include "explain_priv.h"

/* Above this no program gains, and those that close all they could have open lose. */
#define SOFT_ENOUGH 1048576
/* The hard limit that systemd gives where nobody says otherwise */
#define HARD_USUAL 524288
/* The largest fs.nr_open that the kernel takes: sysctl_nr_open_max in fs/file.c */
#define NR_OPEN_MAX 2147483584ULL

static bool is_library(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *so = strstr(name, ".so");

	return util_after(name, "lib") && so && (so[3] == '\0' || so[3] == '.');
}

/* What the user of the program will see; NULL: just the error. */
static const char *symptom(const struct explain *x)
{
	static const char *const resolver[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf",
					       "/etc/nsswitch.conf", "/etc/gai.conf"};
	static const char lookup[] = "name lookups then fail as \"host not found\"";
	const char *object = event_text(x->e, FIELD_OBJECT);

	if (call_is(x, "accept accept4"))
		return "clients wait in the listen backlog until they time out or are reset";
	if (call_is(x, "recvmsg recvmmsg"))
		return "a descriptor that another process sent it was dropped";
	if (util_after(object, "socket AF_INET") && strstr(object, "SOCK_DGRAM"))
		return lookup;
	for (size_t i = 0; i < ARRAY_SIZE(resolver); i++) {
		if (util_streq(object, resolver[i]))
			return lookup;
	}
	if (object[0] == '/' && strstr(object, "/libnss_"))
		return lookup;
	if (object[0] == '/' && is_library(object))
		return "the program then says \"error while loading shared libraries\"";
	return NULL;
}

static void says_action(struct explain *x)
{
	const char *object = event_text(x->e, FIELD_OBJECT);

	says_who(x);
	if (call_is(x, "accept accept4")) {
		explain_add(&x->says, " could not accept a connection%s", object[0] ? " on " : "");
		says_name(x, object);
	} else if (call_is(x, "socket socketpair")) {
		explain_add(&x->says, " could not make a socket");
	} else if (call_is(x, "connect")) {
		explain_add(&x->says, " could not connect");
	} else if (call_is(x, "pipe pipe2")) {
		explain_add(&x->says, " could not make a pipe");
	} else if (call_is(x, "recvmsg recvmmsg")) {
		explain_add(&x->says, " could not receive a descriptor");
	} else if (call_is(x, "dup dup3 fcntl fcntl64")) {
		explain_add(&x->says, " could not duplicate a descriptor");
	} else if (object[0] == '/' || call_is(x, "open openat openat2 creat")) {
		explain_add(&x->says, " could not open %s", object[0] ? "" : "another file");
		says_name(x, object);
	} else {
		explain_add(&x->says, " could not get another file descriptor");
		if (event_has(x->e, FIELD_SYSCALL))
			explain_add(&x->says, " from %s", event_text(x->e, FIELD_SYSCALL));
	}
}

/* "because it had 1024 files open (sockets and pipes are files too)" */
static void says_held(struct explain *x, const char *whose)
{
	explain_add(&x->says, " %s %s had ", because(x), whose);
	if (event_has(x->e, FIELD_HELD))
		says_number(x, event_num(x->e, FIELD_HELD), "file open", "files open");
	else
		explain_add(&x->says, "too many files open");
	explain_add(&x->says, " (sockets and pipes are files too)");
}

static void says_limit(struct explain *x, const char *whose)
{
	const char *seen = symptom(x);

	if (event_has(x->e, FIELD_LIMIT))
		explain_add(&x->says, " and %s is %lld", whose,
			    (long long)event_num(x->e, FIELD_LIMIT));
	else
		explain_add(&x->says, " for %s", whose);
	if (seen)
		explain_add(&x->says, "; %s", seen);
	says_end(x);
}

/* The soft limit goes up to the hard one, if that helps: the administrator allowed it already. */
static uint64_t new_soft(uint64_t want, uint64_t hard)
{
	if (hard < want)
		return want;
	return hard <= SOFT_ENOUGH ? hard : want > SOFT_ENOUGH ? want : SOFT_ENOUGH;
}

/* In a shell, for what it starts: the hard limit is not to come down. */
static void fix_again(struct explain *x, uint64_t soft, bool allowed)
{
	unsigned long long s = soft;

	if (allowed)
		fix_line(x, "ulimit -Sn %llu  # then run it again from this shell", s);
	else
		fix_line(x,
			 "ulimit -Sn %llu || ulimit -n %llu  # then run it again from this shell",
			 s, s);
}

void explain_nofile(struct explain *x)
{
	const struct event *e = x->e;
	bool known = event_has(e, FIELD_LIMIT_HARD);
	uint64_t hard = (uint64_t)event_num(e, FIELD_LIMIT_HARD), want = more_than(e), soft;
	unsigned long long pid = (unsigned long long)event_num(e, FIELD_PID), s, h;

	says_action(x);
	says_held(x, "it");
	says_limit(x, "its limit (RLIMIT_NOFILE, \"ulimit -n\")");
	if (want == 0) {
		fix_line(x,
			 "# raise the limit of open files: prlimit --pid PID --nofile=SOFT:HARD");
		return;
	}
	soft = new_soft(want, hard);
	if (hard < soft)
		hard = soft;
	s = soft;
	h = hard;
	if (x->facts->nr_open && hard > x->facts->nr_open)
		fix_sysctl(x, "fs.nr_open", hard < NR_OPEN_MAX ? hard : NR_OPEN_MAX);
	if (x->facts->again) {
		if (!own_service(x)) /* that has its own limits: below */
			fix_again(x, soft,
				  known && soft <= (uint64_t)event_num(e, FIELD_LIMIT_HARD));
	} else if (pid && known) {
		fix_line(x, "prlimit --pid %llu --nofile=%llu:%llu", pid, s, h);
	} else if (pid) { /* the hard limit is not to come down */
		fix_line(x,
			 "h=$(prlimit --pid %llu --nofile --noheadings --raw --output=HARD); "
			 "[ \"$h\" -ge %llu ] || h=%llu; prlimit --pid %llu --nofile=%llu:$h",
			 pid, s, s, pid, s);
	}
	fix_rlimit_lasting(x, "nofile", "LimitNOFILE", soft,
			   known || hard > HARD_USUAL ? hard : HARD_USUAL);
}

void explain_nr_open(struct explain *x)
{
	uint64_t want = more_than(x->e);

	says_action(x);
	says_held(x, "it");
	says_limit(x,
		   "the most that any process here may have, whatever its own limit (fs.nr_open)");
	if ((uint64_t)event_num(x->e, FIELD_LIMIT) >= NR_OPEN_MAX)
		fix_line(x, "# the kernel allows no more: find out what the process keeps open");
	else if (want)
		fix_sysctl(x, "fs.nr_open", want < NR_OPEN_MAX ? want : NR_OPEN_MAX);
	else
		fix_line(x, "sysctl -w fs.nr_open=$(($(cat /proc/sys/fs/nr_open) * 2))");
}

void explain_file_max(struct explain *x)
{
	bool sockets = util_streq(event_text(x->e, FIELD_MEASURE), "unix sockets");
	uint64_t want = more_than(x->e);

	says_action(x);
	if (sockets) {
		explain_add(&x->says, " %s ", because(x));
		if (event_has(x->e, FIELD_HELD))
			says_number(x, event_num(x->e, FIELD_HELD), "unix socket exists",
				    "unix sockets exist");
		else
			explain_add(&x->says, "too many unix sockets exist");
		explain_add(&x->says, " on the whole machine");
		says_limit(x, "the most there may be, root's too (twice fs.file-max)");
		want = (want + 1) / 2;
	} else {
		says_held(x, "the whole machine");
		says_limit(x, "the limit for all processes but root's together (fs.file-max)");
	}
	if (want)
		fix_sysctl(x, "fs.file-max", want);
	else
		fix_line(x, "sysctl -w fs.file-max=$(($(cat /proc/sys/fs/file-max) * 2))");
}
