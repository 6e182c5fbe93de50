// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest_limits.c - refuse yourself memory and processes, by rlimits of this process alone.
 */
#include "selftest_priv.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static bool small_limit(int which, rlim_t soft)
{
	struct rlimit r;

	if (getrlimit(which, &r) < 0)
		return false;
	r.rlim_cur = soft;
	return setrlimit(which, &r) == 0;
}

/* Less than this process has already. */
int refuse_as(void)
{
	if (!small_limit(RLIMIT_AS, 4096))
		return IMPOSSIBLE;
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		       ? PROVOKED
		       : IMPOSSIBLE;
}

/* brk() of the kernel has no errno: it returns what the heap's end still is. */
int refuse_data(void)
{
	long end = syscall(SYS_brk, 0);

	if (!small_limit(RLIMIT_DATA, 4096))
		return IMPOSSIBLE;
	return syscall(SYS_brk, end + 65536) == end ? PROVOKED : IMPOSSIBLE;
}

/* As somebody who is not exempt, for this process alone. */
static bool as_nobody(int limit, rlim_t soft)
{
	const struct rlimit r = {soft, soft};

	return setrlimit(limit, &r) == 0 && setgid(65534) == 0 && setuid(65534) == 0;
}

int refuse_nproc(void)
{
	pid_t pid;

	if (!as_nobody(RLIMIT_NPROC, 0))
		return IMPOSSIBLE;
	pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 && errno == EAGAIN ? PROVOKED : IMPOSSIBLE;
}

int refuse_memlock(void)
{
	static char page[4096];

	if (!as_nobody(RLIMIT_MEMLOCK, 0))
		return IMPOSSIBLE;
	return mlock(page, sizeof(page)) < 0 && errno == EPERM ? PROVOKED : IMPOSSIBLE;
}
