/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_user.c - inotify, fanotify, namespaces; epoll, mounts, aio, ptys, keys: limits of which
 * hardly anybody has heard, whose errors speak of something else: files, disks, quotas.
 *
 * The first three are counted for a user in each user namespace upwards, and any of them may
 * refuse. In the first one the limits of inotify and fanotify have names of their own below fs.; in
 * the others only those below user. exist.
 */
#include "explain_priv.h"

#include "../bpf/event.h"

#define SYSCTL_INT_MAX INT32_MAX
#define PTYS_MAX 1048576 /* NR_UNIX98_PTY_MAX of include/linux/devpts_fs.h */

/* What is counted for users of user namespaces. */
static const struct kind {
	const char *limit_name, *wanted /* after an article: one */, *many;
} kinds[] = {
	{"fs.inotify.max_user_instances", "an inotify instance", "inotify instances"},
	{"user.max_inotify_instances", "an inotify instance", "inotify instances"},
	{"fs.inotify.max_user_watches", "an inotify watch", "inotify watches"},
	{"user.max_inotify_watches", "an inotify watch", "inotify watches"},
	{"fs.fanotify.max_user_groups", "a fanotify group", "fanotify groups"},
	{"user.max_fanotify_groups", "a fanotify group", "fanotify groups"},
	{"fs.fanotify.max_user_marks", "a fanotify mark", "fanotify marks"},
	{"user.max_fanotify_marks", "a fanotify mark", "fanotify marks"},
	{"user.max_user_namespaces", "a user namespace", "user namespaces"},
	{"user.max_pid_namespaces", "a PID namespace", "PID namespaces"},
	{"user.max_uts_namespaces", "a UTS namespace", "UTS namespaces"},
	{"user.max_ipc_namespaces", "an IPC namespace", "IPC namespaces"},
	{"user.max_net_namespaces", "a network namespace", "network namespaces"},
	{"user.max_mnt_namespaces", "a mount namespace", "mount namespaces"},
	{"user.max_cgroup_namespaces", "a cgroup namespace", "cgroup namespaces"},
	{"user.max_time_namespaces", "a time namespace", "time namespaces"},
};

static const struct kind *kind_of(const struct explain *x)
{
	const char *name = event_text(x->e, FIELD_LIMIT_NAME);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (util_streq(kinds[i].limit_name, name))
			return &kinds[i];
	return NULL;
}

/* The error that the program prints is about something else. */
static void says_misleading(struct explain *x)
{
	const char *err = event_text(x->e, FIELD_ERRNO);

	if (util_streq(err, "EMFILE"))
		explain_add(&x->says,
			    "; the program reports \"Too many open files\", but it is not "
			    "the limit of files that is reached");
	else if (util_streq(err, "ENOSPC"))
		explain_add(&x->says, "; the program reports \"No space left on device\", but no "
				      "disk is full");
	else if (util_streq(err, "EDQUOT"))
		explain_add(&x->says, "; the program reports \"Disk quota exceeded\", but it is no "
				      "quota of a disk");
	says_end(x);
}

/* "user 1000 has 128 inotify instances" */
static void says_user_has(struct explain *x, const char *one, const char *many)
{
	if (event_has(x->e, FIELD_LIMIT_UID))
		explain_add(&x->says, " %s user %lld has ", because(x),
			    (long long)event_num(x->e, FIELD_LIMIT_UID));
	else
		explain_add(&x->says, " %s its user has ", because(x));
	if (event_has(x->e, FIELD_HELD))
		says_number(x, event_num(x->e, FIELD_HELD), one, many);
	else
		explain_add(&x->says, "too many %s", many);
}

static void says_limit(struct explain *x)
{
	if (event_has(x->e, FIELD_LIMIT))
		explain_add(&x->says, " and the limit is %lld",
			    (long long)event_num(x->e, FIELD_LIMIT));
	explain_add(&x->says, " (%s", event_text(x->e, FIELD_LIMIT_NAME));
}

static uint64_t at_most(uint64_t n, uint64_t max)
{
	return n < max ? n : max;
}

static bool above_own(const struct explain *x)
{
	return x->facts->has_more && x->facts->more[0];
}

/*
 * In another user namespace than the host's: through the process that was refused, or, where the
 * limit is of a namespace around its own, through whichever process is in that one. With the
 * credentials of the caller, for the namespace may have no root to become.
 */
static void fix_user_namespace(struct explain *x, const char *key, uint64_t value)
{
	unsigned long long v = value;
	char quoted[QUOTED_MAX];

	if (above_own(x) && shell_quote(quoted, event_text(x->e, FIELD_NAMESPACE)))
		fix_line(x,
			 "for p in /proc/[0-9]*; do [ \"$(readlink $p/ns/user)\" = %s ] && "
			 "nsenter -t ${p#/proc/} -U --preserve-credentials sysctl -w %s=%llu && "
			 "break; done",
			 quoted, key, v);
	else if (event_has(x->e, FIELD_PID) && !x->facts->again)
		fix_line(x, "nsenter -t %lld -U --preserve-credentials sysctl -w %s=%llu",
			 (long long)event_num(x->e, FIELD_PID), key, v);
	else
		fix_line(x, "# in the user namespace of the process: sysctl -w %s=%llu", key, v);
	fix_line(x,
		 "# lasting: a new user namespace has no such limit; what makes this one sets %s, "
		 "and must set it higher",
		 key);
}

static void fix_holders(struct explain *x, const char *what)
{
	fix_line(x,
		 "# which processes have them: find /proc/[0-9]*/fd -lname 'anon_inode:*%s*' "
		 "2>/dev/null | cut -d/ -f3 | sort | uniq -c | sort -n",
		 what);
}

void explain_ucount(struct explain *x)
{
	const struct kind *k = kind_of(x);
	uint64_t want = at_most(more_than(x->e), SYSCTL_INT_MAX);
	bool other = event_has(x->e, FIELD_NAMESPACE) && other_namespace(x);
	const char *key = event_text(x->e, FIELD_LIMIT_NAME);

	says_who(x);
	explain_add(&x->says, " could not make %s", k ? k->wanted : "another one");
	if (event_has(x->e, FIELD_LIMIT) && event_num(x->e, FIELD_LIMIT) == 0)
		explain_add(&x->says, " %s none are allowed (%s is 0", because(x), key);
	else {
		says_user_has(x, k ? strchr(k->wanted, ' ') + 1 : "of them",
			      k ? k->many : "of them");
		if (event_has(x->e, FIELD_LIMIT))
			explain_add(&x->says, " and the limit is %lld",
				    (long long)event_num(x->e, FIELD_LIMIT));
		explain_add(&x->says, " (%s", key);
	}
	if (other)
		explain_add(&x->says, above_own(x) ? ", of a user namespace around its own)"
						   : ", of its own user namespace)");
	else
		explain_add(&x->says, ")");
	says_misleading(x);
	if (want == 0)
		fix_line(x, "sysctl -w %s=$(($(sysctl -n %s) * 2))", key, key);
	else if (other)
		fix_user_namespace(x, key, want);
	else
		fix_sysctl(x, key, want);
	if (strstr(key, "notify"))
		fix_holders(x, strstr(key, "inotify") ? "inotify" : "fanotify");
}

void explain_epoll_watches(struct explain *x)
{
	uint64_t want = more_than(x->e);

	says_who(x);
	explain_add(&x->says, " could not add a descriptor to an epoll");
	says_user_has(x, "epoll watch", "epoll watches");
	says_limit(x);
	explain_add(&x->says, ")");
	says_misleading(x);
	if (want)
		fix_sysctl(x, "fs.epoll.max_user_watches", want);
	fix_holders(x, "eventpoll");
}

/* The limit is the host's, although each mount namespace is counted for itself. */
static void fix_of_host(struct explain *x, const char *key, uint64_t value)
{
	unsigned long long v = value;

	if (v == 0) {
		fix_line(x, "sysctl -w %s=$(($(sysctl -n %s) * 2))", key, key);
		return;
	}
	fix_line(x, "sysctl -w %s=%llu", key, v);
	fix_line(x, "echo '%s = %llu' > /etc/sysctl.d/90-%s.conf", key, v, key);
}

void explain_mounts(struct explain *x)
{
	const struct event *e = x->e;
	bool full = event_num(e, FIELD_HELD) >= event_num(e, FIELD_LIMIT);

	says_who(x);
	explain_add(&x->says, " could not mount %s its mount namespace has ",
		    event_has(e, FIELD_ASKED) || full ? because(x) : "a tree of mounts because");
	if (event_has(e, FIELD_HELD))
		says_number(x, event_num(e, FIELD_HELD), "mount", "mounts");
	else
		explain_add(&x->says, "too many mounts");
	says_limit(x);
	explain_add(&x->says, ")");
	says_misleading(x);
	fix_of_host(x, "fs.mount-max", at_most(more_than(e), SYSCTL_INT_MAX));
	if (event_has(e, FIELD_PID))
		fix_line(x,
			 "# mounted over and over, it is a leak: awk '{ print $5 }' "
			 "/proc/%lld/mountinfo | sort | uniq -c | sort -n | tail",
			 (long long)event_num(e, FIELD_PID));
}

void explain_aio(struct explain *x)
{
	const struct event *e = x->e;

	says_who(x);
	explain_add(&x->says, " could not set up asynchronous I/O");
	if (event_has(e, FIELD_ASKED)) {
		explain_add(&x->says, " for ");
		says_number(x, event_num(e, FIELD_ASKED), "request", "requests");
	}
	explain_add(&x->says, " %s all processes together ", because(x));
	if (event_has(e, FIELD_HELD)) {
		explain_add(&x->says, "have ");
		says_number(x, event_num(e, FIELD_HELD), "request set up", "requests set up");
	} else {
		explain_add(&x->says, "would have too many set up");
	}
	says_limit(x);
	explain_add(&x->says, "); a database then starts without it, or not at all");
	says_end(x);
	fix_of_host(x, "fs.aio-max-nr", more_than(e));
}

static void fix_devpts(struct explain *x)
{
	const char *runtime = event_text(x->e, FIELD_CONTAINER_RUNTIME);
	char prefix[64], mount[QUOTED_MAX];
	unsigned long long want = more_than(x->e);

	if (!want) {
		fix_line(x, "# raise max= of the devpts mount, and see kernel.pty.max");
		return;
	}
	if (!fix_mount_options(x, "max", prefix, sizeof(prefix), mount)) {
		fix_line(x, "# mount the devpts of the container with max=%llu or more, or none",
			 want);
		return;
	}
	fix_line(x, "%smount -o remount,\"$o,max=%llu\" %s", prefix, want, mount);
	if (util_streq(runtime, "lxc"))
		fix_line(x, "# lasting: lxc.pty.max = %llu in the container's configuration", want);
	else
		fix_line(x, "# lasting: max=%llu, or none, where %s is mounted: %s", want, mount,
			 event_has(x->e, FIELD_CONTAINER) ? "the configuration of the container"
							  : "/etc/fstab, or the program that does");
}

void explain_pty(struct explain *x)
{
	const struct event *e = x->e;
	const char *name = event_text(e, FIELD_LIMIT_NAME);
	bool devpts = !util_streq(name, "kernel.pty.max");
	/* What the host keeps for itself is on top of the limit of the others. */
	uint64_t kept =
		x->facts->has_more ? x->facts->more[0] - (uint64_t)event_num(e, FIELD_LIMIT) : 0;

	says_who(x);
	explain_add(&x->says, " could not open a pseudo terminal %s ", because(x));
	if (event_has(e, FIELD_HELD))
		says_number(x, event_num(e, FIELD_HELD), "is in use", "are in use");
	else
		explain_add(&x->says, "too many are in use");
	says_limit(x);
	if (!devpts && kept && event_has(e, FIELD_LIMIT))
		explain_add(&x->says, ", less the %llu that kernel.pty.reserve keeps for the host",
			    (unsigned long long)kept);
	explain_add(&x->says, "); logins, ssh, screen and \"docker exec -t\" fail then");
	says_end(x);
	if (devpts)
		fix_devpts(x);
	else if (!event_has(e, FIELD_LIMIT))
		fix_line(x, "# compare kernel.pty.nr with kernel.pty.max, less kernel.pty.reserve; "
			    "if there is room, it is max= of the devpts mount");
	else
		fix_of_host(x, "kernel.pty.max", at_most(more_than(e) + kept, PTYS_MAX));
}

void explain_keys(struct explain *x)
{
	bool bytes = util_streq(event_text(x->e, FIELD_MEASURE), "bytes");

	says_who(x);
	explain_add(&x->says, " could not store a key in the kernel");
	says_user_has(x, bytes ? "byte of keys" : "key", bytes ? "bytes of keys" : "keys");
	says_limit(x);
	explain_add(&x->says, ")");
	says_misleading(x);
	fix_of_host(x, event_text(x->e, FIELD_LIMIT_NAME),
		    at_most(more_than(x->e), SYSCTL_INT_MAX));
	fix_line(x, "# whose they are: cat /proc/key-users ; keys that nobody needs any more are a "
		    "leak: keyctl show, keyctl reap");
}
