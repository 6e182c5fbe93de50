// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_cgroup.c - remedies for the limit of a control group.
 *
 * It is raised through whoever set it, for a value written behind the back of
 * systemd, docker or kubernetes lasts until they write theirs again; the file
 * of the control group is for groups that nobody manages.
 */
#include "explain_priv.h"

bool cgroup_unit(const char *path, char *buf, size_t size)
{
	static const char *const ends[] = {".slice", ".service", ".scope",
					   ".mount", ".socket",  ".swap"};
	size_t n = 0;
	bool leaf = false;

	for (path += strspn(path, "/"); *path; path += n, path += strspn(path, "/")) {
		size_t end = 0; /* which of ends */

		n = strcspn(path, "/");
		if (leaf || n >= size)
			return false;
		memcpy(buf, path, n);
		buf[n] = '\0';
		while (end < ARRAY_SIZE(ends) &&
		       (n <= strlen(ends[end]) ||
			strcmp(buf + n - strlen(ends[end]), ends[end]) != 0))
			end++;
		if (end == ARRAY_SIZE(ends))
			return false;
		leaf = end > 0;
	}
	/* systemd's own escape, as in see_unit() of identity.c */
	if (n > 1 && buf[0] == '_')
		memmove(buf, buf + 1, n);
	return n > 0;
}

bool cgroup_is_container(const char *path, const struct identity *id)
{
	const char *slash = strrchr(path, '/');

	return id->container[0] && slash && strstr(slash + 1, id->container);
}

/* Where a hierarchy is mounted: in version 1 each controller has one beside that of memory. */
static bool mount_of(const struct explain *x, const struct cgroup_limit *l, char *buf, size_t size)
{
	const char *memory = x->facts->memory_mount;
	const char *slash = memory ? strrchr(memory, '/') : NULL;

	/* Beside hierarchies of version 1 that of version 2 stands where systemd puts it. */
	if (!l->v1 && x->facts->memory_is_v1)
		return util_strlcpy(buf, "/sys/fs/cgroup/unified", size);
	if (!l->v1)
		return util_strlcpy(buf, memory ? memory : "/sys/fs/cgroup", size);
	if (!x->facts->memory_is_v1 || !slash)
		return (size_t)snprintf(buf, size, "/sys/fs/cgroup/%s", l->controller) < size;
	return (size_t)snprintf(buf, size, "%.*s/%s", (int)(slash - memory), memory,
				l->controller) < size;
}

static void fix_file(struct explain *x, const struct cgroup_limit *l, const char *cgroup,
		     const char *value)
{
	char mount[300], path[1300], quoted[QUOTED_MAX];

	if (!mount_of(x, l, mount, sizeof(mount)) ||
	    (size_t)snprintf(path, sizeof(path), "%s%s/%s", mount,
			     util_streq(cgroup, "/") ? "" : cgroup, l->file) >= sizeof(path) ||
	    strstr(path, "/../") || !shell_quote(quoted, path))
		fix_line(x, "# raise %s of this control group to %s", l->file, value);
	else
		fix_line(x, "echo %s > %s", value, quoted);
}

static bool fix_container(struct explain *x, const struct cgroup_limit *l,
			  const struct identity *id, const char *value)
{
	const char *runtime = id->runtime ? id->runtime : "";

	if (!l->option || (!util_streq(runtime, "docker") && !util_streq(runtime, "podman")))
		return false;
	fix_line(x, "%s update %s %s %s", runtime, l->option, value, id->container);
	return true;
}

void fix_cgroup(struct explain *x, const struct cgroup_limit *l, const char *value)
{
	const char *cgroup = event_text(x->e, FIELD_LIMIT_CGROUP);
	bool cut = x->e->cut[FIELD_LIMIT_CGROUP / 64] >> FIELD_LIMIT_CGROUP % 64 & 1;
	char unit[256], quoted[QUOTED_MAX];
	struct identity id;

	if (cgroup[0] != '/' || cut || !event_has(x->e, FIELD_LIMIT)) {
		fix_line(x, "# raise %s of the control group that is full", l->file);
		return;
	}
	identity_cgroup(cgroup, &id);
	if (id.pod_uid[0] && l->pod) {
		fix_line(x, "# raise %s to %s or more (pod uid %s)", l->pod, value, id.pod_uid);
		return;
	}
	if (cgroup_is_container(cgroup, &id) && fix_container(x, l, &id, value))
		return;
	if (l->property && cgroup_unit(cgroup, unit, sizeof(unit)) && shell_quote(quoted, unit))
		fix_line(x, "systemctl set-property %s %s=%s", quoted, l->property, value);
	else
		fix_file(x, l, cgroup, value);
}
