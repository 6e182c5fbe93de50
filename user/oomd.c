// SPDX-License-Identifier: GPL-2.0-only
/*
 * oomd.c - systemd-oomd marks what it kills.
 *
 * oomd_cgroup_kill() of systemd's src/oom/oomd-util.c counts in the attribute user.oomd_ooms of the
 * cgroup that it has chosen, then sends SIGKILL to each process in it and below, and counts these
 * in user.oomd_kill. Pid 1 looks at both when the cgroup is empty and writes a line to the journal
 * with the MESSAGE_ID SD_MESSAGE_UNIT_OOMD_KILL (systemd 249 and later; before, user.oomd_kill is
 * all there is, and it comes after the kill).
 *
 * So at a kill the mark is there, and a name proves less than that. It stays until the cgroup is
 * removed: alone it proves nothing, and so only the sender's name with it, or its unit, counts.
 */
#include "oomd.h"

#include <limits.h>
#include <sys/xattr.h>

/* 0; -ENODATA: it has no mark; else it is not known. */
static int read_mark(const char *path, uint64_t *ret)
{
	char text[32] = "";

	if (getxattr(path, "user.oomd_ooms", text, sizeof(text) - 1) < 0)
		return -errno;
	*ret = strtoull(text, NULL, 10);
	return 0;
}

/* The victim's own cgroup, or the nearest above it that is marked. */
static enum oomd_mark find_mark(struct event *e, const char *mount)
{
	enum oomd_mark mark = OOMD_UNMARKED;
	char path[PATH_MAX + 512], *cgroup, *slash;
	uint64_t n = 0;
	int err;

	if (!event_has(e, FIELD_CGROUP) ||
	    (size_t)snprintf(path, sizeof(path), "%s%s", mount, event_text(e, FIELD_CGROUP)) >=
		    sizeof(path))
		return OOMD_UNKNOWN;
	cgroup = path + strlen(mount);
	do {
		err = read_mark(path, &n);
		if (err == 0) {
			event_str(e, FIELD_OOMD_CGROUP, *cgroup ? cgroup : "/");
			event_u64(e, FIELD_OOMD_OOMS, n);
			return OOMD_MARKED;
		}
		if (err != -ENODATA) /* it is gone already, or the kernel has no such attributes */
			mark = OOMD_UNKNOWN;
		slash = strrchr(cgroup, '/');
		if (slash)
			*slash = '\0';
	} while (slash && *cgroup);
	return mark;
}

void oomd_event(struct event *e, struct death_facts *d, const char *mount)
{
	if (!util_streq(event_text(e, FIELD_REQUESTED_BY), "oomd") ||
	    !util_streq(event_text(e, FIELD_BY_COMM), "systemd-oomd"))
		return;
	d->oomd = mount ? find_mark(e, mount) : OOMD_UNKNOWN;
	if (d->oomd == OOMD_UNMARKED &&
	    !util_streq(event_text(e, FIELD_BY_UNIT), "systemd-oomd.service"))
		event_static(e, FIELD_REQUESTED_BY,
			     event_num(e, FIELD_BY_PID) == event_num(e, FIELD_PPID) ? "parent"
										    : "other");
}
