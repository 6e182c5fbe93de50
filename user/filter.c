// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.c - which events a person asked for.
 */
#include "filter.h"

#include "requested.h"

static bool below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	while (n > 1 && prefix[n - 1] == '/')
		n--;
	if (n == 1 && prefix[0] == '/')
		return path[0] == '/';
	return strncmp(path, prefix, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static bool in_cgroup(const struct event *e, const char *prefix)
{
	const char *owner;

	if (below(event_text(e, FIELD_CGROUP), prefix) || below(event_text(e, FIELD_MEMCG), prefix))
		return true;
	owner = util_after(event_text(e, FIELD_OWNER), "cgroup:");
	return owner && below(owner, prefix);
}

static bool resource_wanted(const struct event *e, const struct options *o)
{
	if (o->n_resources == 0)
		return true;
	for (unsigned int i = 0; i < o->n_resources; i++)
		if (util_streq(event_text(e, FIELD_RESOURCE), o->resources[i]))
			return true;
	return false;
}

bool filter_pass(const struct event *e, const struct options *o)
{
	bool process = o->has_pid || o->has_uid || o->name || o->errno_name || o->tree;

	if (e->kind != EVENT_REFUSED && e->kind != EVENT_KILLED && e->kind != EVENT_COUNTED)
		return true;
	if (e->kind == EVENT_COUNTED && process)
		return false; /* a counter knows no process */
	if (o->kills && e->kind != EVENT_KILLED)
		return false;
	if (o->unrequested && requested_plainly(e))
		return false;
	if (o->has_pid && (!event_has(e, FIELD_PID) || event_num(e, FIELD_PID) != (int64_t)o->pid))
		return false;
	if (o->has_uid && (!event_has(e, FIELD_UID) || event_num(e, FIELD_UID) != (int64_t)o->uid))
		return false;
	if (o->name && !util_streq(event_text(e, FIELD_COMM), o->name))
		return false;
	if (o->errno_name && !util_streq(event_text(e, FIELD_ERRNO), o->errno_name))
		return false;
	if (o->cgroup && !in_cgroup(e, o->cgroup))
		return false;
	return resource_wanted(e, o);
}
