// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_preempt.c - whether this kernel takes the processor from a program that runs in it, so
 * that others miss calls meanwhile.
 */
#include <sys/utsname.h>

#include "kernel.h"

/*
 * "PREEMPT_DYNAMIC" may preempt or not, as was configured and the boot line said: debugfs has the
 * choice in brackets, "none (voluntary) full". Where nobody tells, it counts as able to.
 */
bool kernel_may_preempt(void)
{
	_cleanup_fclose_ FILE *f = NULL;
	struct utsname u;
	char line[256];

	if (uname(&u) < 0 || !strstr(u.version, "PREEMPT"))
		return false;
	if (!strstr(u.version, "PREEMPT_DYNAMIC"))
		return true;
	f = fopen("/sys/kernel/debug/sched/preempt", "re");
	if (!f || !fgets(line, sizeof(line), f))
		return true;
	return !strstr(line, "(none)") && !strstr(line, "(voluntary)");
}
