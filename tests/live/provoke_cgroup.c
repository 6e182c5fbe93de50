// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cgroups of either version for the provocations: a controller is looked for in
 * /proc/self/mountinfo, first in version 1, because what is mounted there is missing from
 * version 2.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is it one of the words of the text? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || strchr(" ,", at[-1])) && strchr(" ,\n", at[len]))
			return true;
	return false;
}

static bool serves(const char *type, const char *mount, const char *options, const char *controller)
{
	char path[300], controllers[256];

	if (!strcmp(type, "cgroup"))
		return has_word(options, controller);
	snprintf(path, sizeof(path), "%s/cgroup.controllers", mount);
	read_line(path, controllers, sizeof(controllers));
	return has_word(controllers, controller);
}

void find_hierarchy(struct hierarchy *h, const char *controller)
{
	char line[1024], mount[256], type[32], options[256];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	*h = (struct hierarchy){.controller = controller};
	while (f && fgets(line, sizeof(line), f)) {
		const char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*s %*s %*s %*s %255s", mount) != 1 ||
		    sscanf(dash, " - %31s %*s %255s", type, options) != 2 ||
		    strncmp(type, "cgroup", 6) || h->version == 1)
			continue;
		if (serves(type, mount, options, controller)) {
			h->version = type[6] == '2' ? 2 : 1;
			memcpy(h->mount, mount, sizeof(mount));
		}
	}
	if (f)
		fclose(f);
	if (!h->version)
		skip("no %s controller, neither in cgroup v1 nor v2", controller);
}

/* In version 2 the parent decides which controllers its children have. */
static void enable(const char *dir, const char *controller)
{
	char path[600], before[256];
	int err;

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", dir);
	read_line(path, before, sizeof(before));
	if (has_word(before, controller))
		return;
	/* Not undone: another test may rely on it by now, and it limits nobody. */
	err = write_file(path, "+%s", controller);
	if (err)
		skip("%s: +%s: %s", path, controller, strerror(-err));
}

void make_group(struct group *g, const struct hierarchy *h, const struct group *parent,
		const char *name)
{
	*g = (struct group){.of = h};
	if (parent)
		snprintf(g->path, sizeof(g->path), "%.90s/%.30s", parent->path, name);
	else
		snprintf(g->path, sizeof(g->path), "/failcnt-provoke-%d", getpid());
	snprintf(g->dir, sizeof(g->dir), "%s%s", h->mount, g->path);
	if (h->version == 2)
		enable(parent ? parent->dir : h->mount, h->controller);
	/* Two controllers of version 2 share the directory. */
	if (access(g->dir, F_OK))
		mkdir_until_exit(g->dir);
}

void group_set(const struct group *g, const char *file, const char *format, ...)
{
	char path[600], value[64];
	va_list args;
	int err;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", g->dir, file);
	err = write_file(path, "%s", value);
	if (err)
		skip("%s: %s", path, strerror(-err));
}

long group_get(const struct group *g, const char *file, const char *key)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", g->dir, file);
	return read_number(path, key);
}

void group_join(const struct group *g)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/cgroup.procs", g->dir);
	errno = -write_file(path, "0");
	if (errno) {
		perror(path);
		_exit(1);
	}
}
