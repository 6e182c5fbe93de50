// SPDX-License-Identifier: GPL-2.0-only
/*
 * mounts_view.c - whose mount table and root directory tell what a path of the process means: its
 * own; of what is gone before anybody looks, its parent's where that saw the same; for a device
 * number ours.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_PATH */
#endif

#include "mounts.h"

#include <fcntl.h>

#define TABLE_MAX (1 << 20)

static int read_table(int proc_fd, const char *who, char **ret, struct parse_text *ret_text)
{
	char name[32];
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = malloc(TABLE_MAX);
	size_t used = 0;
	ssize_t n;

	if (!text)
		return -ENOMEM;
	snprintf(name, sizeof(name), "%s/mountinfo", who);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (used < TABLE_MAX && (n = read(fd, text + used, TABLE_MAX - used)) > 0)
		used += (size_t)n;
	if (used == 0)
		return -ENOENT;
	*ret_text = (struct parse_text){.s = text, .n = used};
	*ret = TAKE_PTR(text);
	return 0;
}

static int open_root(int proc_fd, const char *who)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%s/root", who);
	fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Is it in the mount namespace that the kernel told of? */
static bool has_namespace(int proc_fd, const char *who, const char *namespace)
{
	char name[40], link[64];
	ssize_t n;

	snprintf(name, sizeof(name), "%s/ns/mnt", who);
	n = readlinkat(proc_fd, name, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	return util_streq(link, namespace);
}

static int open_who(int proc_fd, const char *who, char **ret, struct parse_text *ret_table,
		    int *ret_root)
{
	_cleanup_close_ int root = open_root(proc_fd, who);
	int err = root < 0 ? root : read_table(proc_fd, who, ret, ret_table);

	if (err < 0)
		return err;
	*ret_root = util_take_fd(&root);
	return 0;
}

static int open_pid(int proc_fd, long long pid, const char *namespace, char **ret,
		    struct parse_text *ret_table, int *ret_root)
{
	char who[24];

	snprintf(who, sizeof(who), "%lld", pid);
	if (namespace && !has_namespace(proc_fd, who, namespace))
		return -ESRCH;
	return open_who(proc_fd, who, ret, ret_table, ret_root);
}

int mounts_view(const struct event *e, const struct event_facts *facts, int proc_fd, char **ret,
		struct parse_text *ret_table, int *ret_root)
{
	/* FC_DISK alone: bpf/event.h */
	bool parent = facts->resource == FC_DISK && facts->has_more && facts->more[0];
	int err = -ENOENT;

	if (event_has(e, FIELD_PID))
		err = open_pid(proc_fd, event_num(e, FIELD_PID), NULL, ret, ret_table, ret_root);
	if (err < 0 && parent && event_has(e, FIELD_PPID))
		err = open_pid(proc_fd, event_num(e, FIELD_PPID), event_text(e, FIELD_NAMESPACE),
			       ret, ret_table, ret_root);
	if (err < 0 && event_has(e, FIELD_DEVICE))
		err = open_who(proc_fd, "self", ret, ret_table, ret_root);
	return err;
}
