/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity_event.c - puts the identity of a process into its event, with the
 * program it runs from /proc where the process is still the same one.
 */
#include "identity.h"

#include <ctype.h>
#include <fcntl.h>

#define NSEC_PER_SEC 1000000000ULL

/* Field 22 of /proc/PID/stat, in clock ticks since boot. */
static int start_ticks(int proc_fd, long long pid, uint64_t *ret)
{
	_cleanup_close_ int fd = -1;
	char text[1024];
	ssize_t n;
	const char *at;

	snprintf(text, sizeof(text), "%lld/stat", pid);
	fd = openat(proc_fd, text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	/* The comm can hold blanks and brackets: only the last bracket ends it. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at || !isdigit((unsigned char)*at))
		return -EBADMSG;
	*ret = strtoull(at, NULL, 10);
	return 0;
}

/*
 * The link first: if its process is there still when it has been read, it was its. One descriptor
 * is made for an event, and no more: what is refused at the same time may fill the processor.
 */
static void set_exe(struct event *e, int proc_fd, uint64_t start_boot_ns)
{
	uint64_t ticks = 0, hz = (uint64_t)sysconf(_SC_CLK_TCK), want;
	long long pid = event_num(e, FIELD_PID);
	char name[40], target[4096];
	ssize_t n;

	snprintf(name, sizeof(name), "%lld/exe", pid);
	n = readlinkat(proc_fd, name, target, sizeof(target));
	if (n <= 0 || start_ticks(proc_fd, pid, &ticks) < 0)
		return;
	want = start_boot_ns / (NSEC_PER_SEC / hz);
	if (ticks + 1 < want || ticks > want + 1)
		return;
	event_strn(e, FIELD_EXE, target, (size_t)n);
	if ((size_t)n == sizeof(target))
		event_cut(e, FIELD_EXE);
}

/* Only vzkernel has CTIDs; elsewhere a cgroup that is a bare number is just that. */
static bool has_openvz(int proc_fd)
{
	return proc_fd < 0 || faccessat(proc_fd, "vz", F_OK, 0) == 0 ||
	       faccessat(proc_fd, "user_beancounters", F_OK, 0) == 0;
}

void identity_event(struct event *e, int proc_fd, uint64_t start_boot_ns)
{
	struct identity id;

	identity_cgroup(event_text(e, FIELD_CGROUP), &id);
	if (id.runtime && util_streq(id.runtime, "openvz") && !has_openvz(proc_fd)) {
		id.container[0] = '\0';
		id.runtime = NULL;
	}
	event_str(e, FIELD_SYSTEMD_UNIT, id.unit);
	event_str(e, FIELD_CONTAINER, id.container);
	if (id.container[0])
		event_static(e, FIELD_CONTAINER_RUNTIME, id.runtime);
	event_str(e, FIELD_POD_UID, id.pod_uid);
	if (proc_fd >= 0 && start_boot_ns && event_has(e, FIELD_PID))
		set_exe(e, proc_fd, start_boot_ns);
}
