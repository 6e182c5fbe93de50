// SPDX-License-Identifier: GPL-2.0-only
/*
 * The other limits that stand behind a resource: those of the host where a user namespace has its
 * own, root's where others have theirs, IPv6's beside IPv4's. All of them are the whole host's.
 */
#define _GNU_SOURCE
#include "provoke_net.h"
#include "provoke_user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef FAN_REPORT_FID
#define FAN_REPORT_FID 0x00000200
#endif

static int watched;

/* ---- inotify and fanotify in the first user namespace ---- */

/* `fill` uses up the limit of 1 and gives what one more returned. */
static int host_user_limit(const char *resource, const char *name, const char *err,
			   int (*fill)(void), bool (*again)(void), uid_t uid)
{
	char path[128] = "/proc/sys/";
	int want = !strcmp(err, "EMFILE") ? EMFILE : ENOSPC, status;

	need_vm();
	strcat(path, name);
	for (char *dot = strchr(path, '.'); dot; dot = strchr(dot, '.'))
		*dot = '/';
	write_until_exit(path, "1");
	if (!spawn()) {
		become_user(uid);
		must_fail_at(fill(), want, name);
		truth(getpid(), 1,
		      "\"expect\":{\"resource\":\"%s\",\"limit_name\":\"%s\",\"errno\":\"%s\","
		      "\"held\":1,\"limit\":1,\"asked\":1,\"limit_uid\":%d,"
		      "\"namespace\":\"user:[4026531837]\"}",
		      resource, name, err, uid);
		prove(again);
		_exit(0);
	}
	status = reap(-1);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int fill_watches(void)
{
	watched = inotify_init1(0);
	must_work_at(inotify_add_watch(watched, "/", IN_CREATE), "inotify_add_watch");
	return inotify_add_watch(watched, "/proc", IN_CREATE);
}

static bool another_watch(void)
{
	return inotify_add_watch(watched, "/sys", IN_CREATE) >= 0;
}

static int inotify_watches_host(int argc, char **argv)
{
	(void)argc, (void)argv;
	return host_user_limit("inotify-watches", "fs.inotify.max_user_watches", "ENOSPC",
			       fill_watches, another_watch, OWN_UID + 5);
}

static int new_group(void)
{
	return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
}

static int fill_groups(void)
{
	must_work_at(new_group(), "fanotify_init");
	return new_group();
}

static bool another_group(void)
{
	return new_group() >= 0;
}

static int fanotify_groups_host(int argc, char **argv)
{
	(void)argc, (void)argv;
	return host_user_limit("fanotify-groups", "fs.fanotify.max_user_groups", "EMFILE",
			       fill_groups, another_group, OWN_UID + 6);
}

static int mark(const char *path)
{
	return fanotify_mark(watched, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path);
}

static int fill_marks(void)
{
	watched = new_group();
	must_work_at(watched, "fanotify_init");
	if (mark("/"))
		skip("fanotify_mark: %s", strerror(errno));
	return mark("/tmp");
}

static bool another_mark(void)
{
	return mark("/tmp") >= 0;
}

static int fanotify_marks_host(int argc, char **argv)
{
	(void)argc, (void)argv;
	return host_user_limit("fanotify-marks", "fs.fanotify.max_user_marks", "ENOSPC", fill_marks,
			       another_mark, OWN_UID + 7);
}

/* ---- keys of root ---- */

static long add_key(int n, size_t size)
{
	static char payload[32768];
	char name[24];

	snprintf(name, sizeof(name), "failcnt%d", n);
	return syscall(SYS_add_key, "user", name, payload, size, KEY_SPEC_PROCESS_KEYRING);
}

/* Of root, from the line "0: usage nkeys/nikeys qnkeys/max qnbytes/max". */
static void root_has(long *keys, long *bytes)
{
	char line[128];
	FILE *f = fopen("/proc/key-users", "re");

	*keys = -1;
	while (f && *keys < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, " 0: %*d %*d/%*d %ld/%*d %ld", keys, bytes) != 2)
			*keys = -1;
	if (f)
		fclose(f);
	if (*keys < 0)
		skip("/proc/key-users does not tell");
}

static bool another_key(void)
{
	return add_key(1000, 8) >= 0;
}

static int keys_root(int argc, char **argv)
{
	long keys, bytes;
	char text[24];

	(void)argc, (void)argv;
	need_vm();
	if (add_key(0, 1) < 0)
		skip("add_key: %s", strerror(errno));
	root_has(&keys, &bytes);
	snprintf(text, sizeof(text), "%ld", keys + 1);
	write_until_exit("/proc/sys/kernel/keys/root_maxkeys", text);
	must_work_at(add_key(1, 1), "add_key before the limit");
	must_fail_at(add_key(2, 1), EDQUOT, "add_key at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"keys\",\"errno\":\"EDQUOT\",\"measure\":\"keys\","
	      "\"limit_name\":\"kernel.keys.root_maxkeys\",\"syscall\":\"add_key\",\"asked\":1,"
	      "\"held\":%ld,\"limit\":%ld,\"limit_uid\":0}",
	      keys + 1, keys + 1);
	prove(another_key);
	return 0;
}

static bool another_large_key(void)
{
	return add_key(1000, 15000) >= 0;
}

static int keys_root_bytes(int argc, char **argv)
{
	long keys, bytes;
	char text[24];

	(void)argc, (void)argv;
	need_vm();
	if (add_key(0, 1) < 0)
		skip("add_key: %s", strerror(errno));
	root_has(&keys, &bytes);
	snprintf(text, sizeof(text), "%ld", bytes + 20000);
	write_until_exit("/proc/sys/kernel/keys/root_maxbytes", text);
	must_work_at(add_key(1, 15000), "add_key before the limit");
	must_fail_at(add_key(2, 15000), EDQUOT, "add_key at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"keys\",\"errno\":\"EDQUOT\",\"measure\":\"bytes\","
	      "\"limit_name\":\"kernel.keys.root_maxbytes\",\"syscall\":\"add_key\","
	      "\"asked\":{\"min\":15000,\"max\":15100},\"held\":{\"min\":%ld,\"max\":%ld},"
	      "\"limit\":%ld,\"limit_uid\":0}",
	      bytes + 15000, bytes + 15200, bytes + 20000);
	prove(another_large_key);
	return 0;
}

/* ---- neighbours of IPv6 ---- */

static unsigned int tap_index;

static struct sockaddr_in6 neighbour(int host)
{
	struct sockaddr_in6 a = {
		.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_scope_id = tap_index};

	a.sin6_addr.s6_addr[0] = 0xfd;
	a.sin6_addr.s6_addr[14] = host >> 8;
	a.sin6_addr.s6_addr[15] = host;
	return a;
}

/* A tap device answers nothing, so that its neighbours stay unresolved. */
static void own_ethernet(void)
{
	struct ifreq r = {.ifr_name = "tap6", .ifr_flags = IFF_TAP | IFF_NO_PI};
	struct in6_ifreq a = {.ifr6_addr = neighbour(0xfff).sin6_addr, .ifr6_prefixlen = 64};
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC), fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (tun < 0 || ioctl(tun, TUNSETIFF, &r))
		skip("/dev/net/tun: %s", strerror(errno));
	/* Without it an address of its own must wait for a second. */
	if (fd < 0 || write_file("/proc/sys/net/ipv6/conf/tap6/accept_dad", "0"))
		skip("IPv6: %s", strerror(errno));
	interface_up("tap6");
	a.ifr6_ifindex = tap_index = if_nametoindex("tap6");
	if (ioctl(fd, SIOCSIFADDR, &a))
		fail("SIOCSIFADDR");
	close(fd);
}

static int ask_for(int host)
{
	struct sockaddr_in6 to = neighbour(host);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), on = 1, err;

	/* Without it UDP keeps ENOBUFS to itself. */
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	err = sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) < 0 ? errno : 0;
	close(fd);
	return err;
}

static bool neighbour_again(void)
{
	return ask_for(200) == 0;
}

static int neighbours_ipv6(int argc, char **argv)
{
	const int limit = 32;
	int err = 0;

	(void)argc, (void)argv;
	need_vm();
	own_ethernet();
	write_until_exit("/proc/sys/net/ipv6/neigh/default/gc_thresh1", "16");
	write_until_exit("/proc/sys/net/ipv6/neigh/default/gc_thresh2", "32");
	write_until_exit("/proc/sys/net/ipv6/neigh/default/gc_thresh3", "32");
	for (int i = 1; i < 100 && !err; i++)
		err = ask_for(i);
	if (err != ENOBUFS && err != EINVAL) { /* ip6_finish_output2() */
		errno = err;
		fail("sendto not refused as expected");
	}
	/* The kernel itself asks for neighbours there (multicast listeners), in nobody's name. */
	truth(getpid(), 1,
	      "\"some\":true,\"nobody\":true,\"expect\":{\"pid\":{\"in\":[null,%d]},"
	      "\"resource\":\"neighbours\",\"errno\":\"ENOBUFS\","
	      "\"limit_name\":\"net.ipv6.neigh.default.gc_thresh3\",\"measure\":\"entries\","
	      "\"held\":{\"min\":%d,\"max\":%d},\"limit\":%d,\"asked\":1,"
	      "\"backend\":\"tracepoint\"}",
	      getpid(), limit, limit + 1, limit);
	prove(neighbour_again);
	return 0;
}

const struct provocation variant_provocations[] = {
	{"inotify-watches-host", inotify_watches_host, "VM: watches, of the host's limit",
	 "inotify-watches"},
	{"fanotify-groups-host", fanotify_groups_host, "VM: groups, of the host's limit",
	 "fanotify-groups"},
	{"fanotify-marks-host", fanotify_marks_host, "VM: marks, of the host's limit",
	 "fanotify-marks"},
	{"keys-root", keys_root, "VM: add_key: too many keys of root", "keys"},
	{"keys-root-bytes", keys_root_bytes, "VM: add_key: too many bytes of root", "keys"},
	{"backlog-max", backlog_max, "a queue that net.core.somaxconn made short", "backlog"},
	{"udp-mem-min", udp_mem_min, "VM: datagrams beyond the first of udp_mem", "udp-mem"},
	{"neighbours-ipv6", neighbours_ipv6, "VM: too many neighbours of IPv6", "neighbours"},
	{0},
};
