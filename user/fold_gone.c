// SPDX-License-Identifier: GPL-2.0-only
/*
 * fold_gone.c - does nobody count in this entry of the fold table any more? What a process counts
 * while its entry is taken out is lost, so that only that of one which is gone may be.
 *
 * The number in it is that of the first pid namespace. In another one (a container without
 * --pid=host) kill(2) and /proc know none of the others, or other processes by these numbers: they
 * would all be gone, also those in the midst of a flood. There, only long silence tells.
 */
#include <signal.h>
#include <sys/stat.h>

#include "fold.h"

#define FIRST_PID_NS 0xEFFFFFFCU /* PROC_PID_INIT_INO: include/linux/proc_ns.h */
#define QUIET_NS 10000000000ULL  /* quiet for so long, it is looked at: is its process gone? */
#define SILENT_NS 600000000000ULL
#define LOOK_EVERY 64 /* sweeps */

bool fold_sees_all(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PID_NS;
}

/* pid is gone, or another process by now. */
static bool process_gone(const struct fc_fold_key *key, uint32_t sweep)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned long long ticks;
	char path[32], line[1024], *at;
	long hz = sysconf(_SC_CLK_TCK);
	int i = 2;

	if (kill((pid_t)key->pid, 0) < 0)
		return errno == ESRCH;
	/* Is it another one by now? Of thousands that live, some are looked at in each sweep. */
	if ((key->pid + sweep) % LOOK_EVERY)
		return false;
	snprintf(path, sizeof(path), "/proc/%u/stat", key->pid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f) || hz <= 0)
		return false;
	/* Field 22, start time in ticks; the name before it may hold blanks and brackets. */
	for (at = strrchr(line, ')'); at && i < 22; i++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return false;
	return ticks > key->start / (1000000000ULL / (unsigned long long)hz) + 1;
}

bool fold_gone(const struct fc_fold_key *key, const struct fold_gone_look *look, uint64_t last)
{
	uint64_t quiet = look->crowded ? 0 : QUIET_NS;

	if (!key->pid)
		return false; /* nobody's: there is one for each resource and errno */
	if (!look->sees_all)
		return last + SILENT_NS < look->now;
	return last + quiet < look->now && process_gone(key, look->sweep);
}
