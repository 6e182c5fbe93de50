/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A procfs made of files for the tests of holders: processes with descriptors
 * that are dangling links, as procfs shows them.
 */
#ifndef HOLDERS_FIXTURE_H
#define HOLDERS_FIXTURE_H

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "../../user/holders.h"

static char fixture[64];
static struct holders_env env;
static struct holders_ask ask;
static struct holders_found found;

static void fixture_path(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = snprintf(buf, size, "%s/", fixture);

	vsnprintf(buf + n, size - (size_t)n, fmt, ap);
	for (char *at = buf + strlen(fixture) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(buf, 0755);
		*at = '/';
	}
}

static void put(const char *text, const char *fmt, ...)
{
	char path[4096];
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	fixture_path(path, sizeof(path), fmt, ap);
	va_end(ap);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

_unused_ static void put_link(const char *target, const char *fmt, ...)
{
	char path[4096];
	va_list ap;

	va_start(ap, fmt);
	fixture_path(path, sizeof(path), fmt, ap);
	va_end(ap);
	assert_int_equal(symlink(target, path), 0);
}

/* start: clock ticks since boot */
static void put_proc(int pid, const char *comm, int uid, int ppid, char state, int threads,
		     unsigned long start)
{
	char text[512];

	snprintf(text, sizeof(text), "%s\n", comm);
	put(text, "proc/%d/comm", pid);
	snprintf(text, sizeof(text),
		 "Name:\t%s\nState:\t%c (x)\nPid:\t%d\nPPid:\t%d\nUid:\t%d\t%d\t%d\t%d\n"
		 "VmRSS:\t%d kB\nVmData:\t%d kB\nVmStk:\t132 kB\nHugetlbPages:\t%d kB\n"
		 "Threads:\t%d\nSigQ:\t0/100\n",
		 comm, state, pid, ppid, uid, uid, uid, uid, pid * 10, pid * 20,
		 pid == 3 ? 4096 : 0, threads);
	put(text, "proc/%d/status", pid);
	snprintf(text, sizeof(text), "%d (%s) %c %d 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 %d 0 %lu 0 0\n",
		 pid, comm, state, ppid, threads, start);
	put(text, "proc/%d/stat", pid);
}

static int fixture_open(void **state _unused_)
{
	char proc[128];

	strcpy(fixture, "/tmp/failcnt-holders.XXXXXX");
	assert_non_null(mkdtemp(fixture));
	snprintf(proc, sizeof(proc), "%s/proc", fixture);
	mkdir(proc, 0755);
	env = (struct holders_env){.proc = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				   .page_size = 4096};
	assert_true(env.proc >= 0);
	memset(&ask, 0, sizeof(ask));
	ask.seq = 7;
	ask.uid = ask.limit_uid = ask.held = ask.limit = -1;
	return 0;
}

static int fixture_close(void **state _unused_)
{
	char command[128];

	counters_close(env.counters);
	close(env.proc);
	snprintf(command, sizeof(command), "rm -rf %s", fixture);
	return system(command) == 0 ? 0 : -1;
}

_unused_ static int gather(const char *resource, int64_t pid)
{
	util_strlcpy(ask.resource, resource, sizeof(ask.resource));
	ask.pid = pid;
	return holders_gather(&env, &ask, &found);
}

#define assert_has(text, part)                                    \
	do {                                                      \
		if (!strstr(text, part))                          \
			fail_msg("no \"%s\" in: %s", part, text); \
	} while (0)

#endif
