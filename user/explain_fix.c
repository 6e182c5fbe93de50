/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_fix.c - commands that many remedies share: a sysctl in the namespace
 * that it belongs to, and a limit of a process with its lasting form.
 */
#include "explain_priv.h"

#include "../bpf/event.h"

/* Kinds as in the text "ipc:[4026531839]"; first: PROC_*_INIT_INO of include/linux/proc_ns.h, the
 * host's own where nobody told (0: it has no fixed number); flag: of nsenter. */
static const struct {
	const char *prefix, *flag;
	enum fc_ns kind;
	uint32_t first;
} kinds[] = {
	{"ipc:[", "-i", FC_NS_IPC, 0xefffffffU},
	{"pid:[", "-p", FC_NS_PID, 0xeffffffcU},
	{"user:[", "-U", FC_NS_USER, 0xeffffffdU},
	{"mnt:[", "-m", FC_NS_MNT, 0},
	{"net:[", "-n", FC_NS_NET, 0},
};

/* -1: the event names no namespace. */
static int kind_of(const struct explain *x, unsigned long *ret_inode)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *digits = util_after(event_text(x->e, FIELD_NAMESPACE), kinds[i].prefix);

		if (!digits)
			continue;
		*ret_inode = strtoul(digits, NULL, 10);
		return (int)i;
	}
	return -1;
}

bool other_namespace(const struct explain *x)
{
	unsigned long inode, host;
	int kind = kind_of(x, &inode);

	if (kind < 0)
		return event_has(x->e, FIELD_CONTAINER);
	host = x->facts->host_ns[kinds[kind].kind];
	if (!host)
		host = kinds[kind].first;
	return host && inode != host;
}

bool fix_prefix(const struct explain *x, char *buf, size_t size)
{
	unsigned long inode;
	int kind = kind_of(x, &inode);

	buf[0] = '\0';
	if (!other_namespace(x))
		return true;
	/* What run has started is gone when this is read, and its namespaces with it. */
	if (!event_has(x->e, FIELD_PID) || kind < 0 || x->facts->again)
		return false;
	snprintf(buf, size, "nsenter -t %lld %s ", (long long)event_num(x->e, FIELD_PID),
		 kinds[kind].flag);
	return true;
}

bool fix_inside(struct explain *x, const char *command)
{
	unsigned long inode;
	int kind = kind_of(x, &inode);
	char prefix[64];

	if (fix_prefix(x, prefix, sizeof(prefix))) {
		fix_line(x, "%s%s", prefix, command);
		return true;
	}
	if (kind < 0 || event_has(x->e, FIELD_PID))
		return false;
	/* Nobody in particular was refused: whoever is in there lends its place. */
	fix_line(x,
		 "for p in /proc/[0-9]*; do [ \"$(readlink $p/ns/%.*s)\" = \"%s\" ] && nsenter -t "
		 "${p#/proc/} %s %s && break; done",
		 (int)strcspn(kinds[kind].prefix, ":"), kinds[kind].prefix,
		 event_text(x->e, FIELD_NAMESPACE), kinds[kind].flag, command);
	return true;
}

bool fix_mount_options(struct explain *x, const char *without, char *prefix, size_t size,
		       char mount[QUOTED_MAX])
{
	unsigned int major, minor;
	char of[24] = "self";

	if (sscanf(event_text(x->e, FIELD_DEVICE), "%u:%u", &major, &minor) != 2 ||
	    !shell_quote(mount, event_text(x->e, FIELD_MOUNT)) || !fix_prefix(x, prefix, size))
		return false;
	if (prefix[0])
		snprintf(of, sizeof(of), "%lld", (long long)event_num(x->e, FIELD_PID));
	fix_line(x,
		 "o=$(awk '$3 == \"%u:%u\" && $4 == \"/\" { print $6 \",\" $NF; exit }' "
		 "/proc/%s/mountinfo | sed 's/,%s=[^,]*//g')",
		 major, minor, of, without);
	return true;
}

static void sysctl_elsewhere(struct explain *x, const char *key, unsigned long long v)
{
	const char *runtime = event_text(x->e, FIELD_CONTAINER_RUNTIME);
	char prefix[64];

	if (!fix_prefix(x, prefix, sizeof(prefix))) {
		fix_line(x, "# in the namespace of the process: sysctl -w %s=%llu", key, v);
		return;
	}
	fix_line(x, "%ssysctl -w %s=%llu", prefix, key, v);
	if (event_has(x->e, FIELD_POD_UID))
		fix_line(x, "# lasting: %s in securityContext.sysctls of the pod", key);
	else if (util_streq(runtime, "docker") || util_streq(runtime, "podman"))
		fix_line(x, "# lasting: %s run --sysctl %s=%llu", runtime, key, v);
	else if (event_has(x->e, FIELD_CONTAINER))
		fix_line(x, "# lasting: %s in the configuration of the container", key);
}

void fix_sysctl(struct explain *x, const char *key, uint64_t value)
{
	unsigned long long v = value;
	unsigned long inode;

	if (kind_of(x, &inode) >= 0 && other_namespace(x)) {
		sysctl_elsewhere(x, key, v);
		return;
	}
	fix_line(x, "sysctl -w %s=%llu", key, v);
	fix_line(x, "echo '%s = %llu' > /etc/sysctl.d/90-%s.conf", key, v, key);
}

bool call_is(const struct explain *x, const char *calls)
{
	return util_listed(calls, event_text(x->e, FIELD_SYSCALL));
}

/* "65536" or "unlimited", or systemd's "infinity" */
static void amount(char buf[24], uint64_t v, const char *unlimited)
{
	if (v == UINT64_MAX)
		util_strlcpy(buf, unlimited, 24);
	else
		snprintf(buf, 24, "%llu", (unsigned long long)v);
}

static void lasting_container(struct explain *x, const char *item, const char *directive,
			      const char *soft, const char *hard)
{
	const char *runtime = event_text(x->e, FIELD_CONTAINER_RUNTIME);

	if (event_has(x->e, FIELD_POD_UID))
		fix_line(x,
			 "# lasting: the runtime on the node sets it: %s= of containerd.service or "
			 "crio.service, then make the pod anew",
			 directive);
	else if (util_streq(runtime, "lxc"))
		fix_line(x, "# lasting: lxc.prlimit.%s = %s:%s in the container's configuration",
			 item, soft, hard);
	else
		fix_line(x, "# lasting: start the container with --ulimit %s=%s:%s", item,
			 soft[0] == 'u' ? "-1" : soft, hard[0] == 'u' ? "-1" : hard);
}

static void lasting_unit(struct explain *x, const char *item, const char *directive, uint64_t soft,
			 uint64_t hard)
{
	char dir[sizeof(x->id.unit) + 32], quoted[QUOTED_MAX], conf[QUOTED_MAX], s[24], h[24];

	amount(s, soft, "infinity");
	amount(h, hard, "infinity");
	snprintf(dir, sizeof(dir), "/etc/systemd/system/%s.d", x->id.unit);
	if (!shell_quote(quoted, x->id.unit) || !shell_quote(conf, dir))
		return;
	fix_line(x,
		 "mkdir -p %s && printf '[Service]\\n%s=%s:%s\\n' > %s/limit-%s.conf && "
		 "systemctl daemon-reload && systemctl restart %s",
		 conf, directive, s, h, conf, item, quoted);
}

/* limits.conf(5) counts processor time in minutes and sizes in KiB, but message queues in bytes. */
static void lasting_login(struct explain *x, const char *item, uint64_t soft)
{
	uint64_t unit = util_streq(item, "cpu")                                     ? 60
			: util_listed("as core data fsize memlock rss stack", item) ? 1024
										    : 1;
	char s[24];

	amount(s, soft == UINT64_MAX ? soft : soft / unit + (soft % unit != 0), "unlimited");
	/* pam_limits sets it. ":UID" is exactly that user. */
	fix_line(x,
		 "echo ':%lld - %s %s' >> /etc/security/limits.d/90-%s.conf  "
		 "# from the next login",
		 (long long)event_num(x->e, FIELD_UID), item, s, item);
}

void fix_rlimit_lasting(struct explain *x, const char *item, const char *directive, uint64_t soft,
			uint64_t hard)
{
	char s[24], h[24];

	amount(s, soft, "unlimited");
	amount(h, hard, "unlimited");
	if (event_has(x->e, FIELD_POD_UID) || event_has(x->e, FIELD_CONTAINER))
		lasting_container(x, item, directive, s, h);
	else if (own_service(x))
		lasting_unit(x, item, directive, soft, hard);
	else if (event_has(x->e, FIELD_UID) && x->id.unit[0])
		lasting_login(x, item, soft);
}

void fix_shell(struct explain *x, const char *option, uint64_t soft)
{
	char s[24];

	amount(s, soft, "unlimited");
	/* Its own hard limit is not to come down, and goes up only where it must. */
	fix_line(x,
		 "prlimit --pid $$ --%s=%s: || prlimit --pid $$ --%s=%s:%s  "
		 "# then run it again from this shell",
		 option, s, option, s, s);
}

void fix_rlimit(struct explain *x, const char *option, const char *directive, uint64_t soft,
		uint64_t hard)
{
	char s[24], h[24];

	amount(s, soft, "unlimited");
	amount(h, hard < soft ? soft : hard, "unlimited");
	if (x->facts->again && !own_service(x))
		fix_shell(x, option, soft);
	else if (event_has(x->e, FIELD_PID) && !x->facts->again)
		fix_line(x, "prlimit --pid %lld --%s=%s:%s", (long long)event_num(x->e, FIELD_PID),
			 option, s, h);
	fix_rlimit_lasting(x, option, directive, soft, hard);
}
