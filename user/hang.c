// SPDX-License-Identifier: GPL-2.0-only
/*
 * hang.c - the opposite of a kill.
 *
 * With oom_kill_disable a page fault that finds the cgroup full sleeps in
 * mem_cgroup_oom_synchronize() of mm/memcontrol.c (memcontrol-v1.c) until the limit is raised or
 * memory is freed; under_oom of memory.oom_control is 1 meanwhile, for the cgroup and for all below
 * it, which inherit the switch as well: the topmost is told. The counters of v1 are looked at once
 * an interval anyway, and this is read where that file has changed.
 */
#include "hang.h"

#include <fcntl.h>
#include <limits.h>

#include "explain.h"
#include "parse.h"

#define WAITERS 4096 /* processes of a cgroup that are looked at */

static bool file_of(const struct counters *c, const char *path, const char *file, char *text,
		    size_t size)
{
	_cleanup_close_ int fd = -1;
	char name[PATH_MAX + 256];
	ssize_t n;

	if (counters_cgroup_path(c, COUNTER_CGROUP1, "memory", path, file, name, sizeof(name)) < 0)
		return false;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

static bool is_hanging(const struct counters *c, const char *path)
{
	char text[256];
	uint64_t off, under;

	if (!file_of(c, path, "memory.oom_control", text, sizeof(text)))
		return false;
	return parse_keyed((struct parse_text){text, strlen(text)}, "oom_kill_disable", &off) ==
		       0 &&
	       off &&
	       parse_keyed((struct parse_text){text, strlen(text)}, "under_oom", &under) == 0 &&
	       under;
}

static bool parent_hangs(const struct counters *c, const char *path)
{
	char up[PATH_MAX], *slash;

	if (!util_strlcpy(up, path, sizeof(up)))
		return false;
	slash = strrchr(up, '/');
	if (!slash || !slash[1])
		return false;
	slash[slash == up] = '\0';
	return is_hanging(c, up);
}

static bool number_of(const struct counters *c, const char *path, const char *file, uint64_t *ret)
{
	char text[64];

	return file_of(c, path, file, text, sizeof(text)) &&
	       parse_value((struct parse_text){text, strlen(text)}, ret) == 0;
}

static bool proc_text(struct counters *c, const char *pid, const char *file, char *buf, size_t size)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	size_t n;

	snprintf(path, sizeof(path), "proc/%s/%s", pid, file);
	if (counters_slurp(c, path, &text, &n) < 0 || !text)
		return false;
	util_strlcpy(buf, text, size);
	buf[strcspn(buf, "\n")] = '\0';
	return *buf;
}

/* Who it is, as /proc says. */
static void set_who(struct counters *c, const char *pid, const char *comm, struct event *e)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	uint64_t n;
	size_t len;

	event_int(e, FIELD_PID, strtoll(pid, NULL, 10));
	event_int(e, FIELD_TID, strtoll(pid, NULL, 10));
	event_str(e, FIELD_COMM, comm);
	snprintf(path, sizeof(path), "proc/%s/status", pid);
	if (counters_slurp(c, path, &text, &len) < 0 || !text)
		return;
	if (parse_colon((struct parse_text){text, len}, "PPid:", &n) == 0)
		event_u64(e, FIELD_PPID, n);
	if (parse_colon((struct parse_text){text, len}, "Uid:", &n) == 0)
		event_u64(e, FIELD_UID, n);
}

/* One that waits; the kernel says where it sleeps, but not to everybody. */
static void set_waiter(struct counters *c, const char *path, struct event *e)
{
	static char text[WAITERS * 8];
	char *at = text, *pid, where[128], comm[64];

	if (!file_of(c, path, "cgroup.procs", text, sizeof(text)))
		return;
	while ((pid = strsep(&at, "\n"))) {
		if (!*pid || strspn(pid, "0123456789") != strlen(pid) ||
		    !proc_text(c, pid, "wchan", where, sizeof(where)) || !strstr(where, "oom") ||
		    !proc_text(c, pid, "comm", comm, sizeof(comm)))
			continue;
		set_who(c, pid, comm, e);
		event_str(e, FIELD_CGROUP, path);
		return;
	}
}

bool hang_look(struct counters *c, const char *path, bool *hangs, struct event *e)
{
	struct explain_facts facts = {.memory_is_v1 = true};
	bool before = *hangs;
	char mount[256];
	uint64_t n;

	*hangs = is_hanging(c, path);
	if (!*hangs || before || parent_hangs(c, path))
		return false;
	event_init(e, EVENT_REFUSED);
	event_static(e, FIELD_RESOURCE, "memory");
	event_static(e, FIELD_MEASURE, "bytes");
	event_static(e, FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	if (number_of(c, path, "memory.usage_in_bytes", &n))
		event_u64(e, FIELD_HELD, n);
	if (number_of(c, path, "memory.limit_in_bytes", &n))
		event_u64(e, FIELD_LIMIT, n);
	event_str(e, FIELD_LIMIT_CGROUP, path);
	event_bool(e, FIELD_OOM_KILL_DISABLE, true);
	event_bool(e, FIELD_CERTAIN, true);
	event_static(e, FIELD_BACKEND, "counter");
	set_waiter(c, path, e);
	if (counters_cgroup_path(c, COUNTER_CGROUP1, "memory", "/", NULL, mount, sizeof(mount)) ==
	    0)
		facts.memory_mount = mount;
	explain_event(e, &facts);
	return true;
}
