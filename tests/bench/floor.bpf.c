// SPDX-License-Identifier: GPL-2.0-only
/*
 * floor.bpf.c - failcnt with nothing in it: for each of its programs one of the same name, on the
 * same hook, that does nothing. What no watcher that attaches there can be cheaper than.
 *
 * run.sh makes the list FLOOR from failcnt's own object: EMPTY("fexit/alloc_fd", fexit_alloc_fd)
 * ...
 */
#define SEC(name) __attribute__((section(name), used))
#define EMPTY(section, name)        \
	SEC(section) int name(void) \
	{                           \
		return 0;           \
	}

#include FLOOR

char LICENSE[] SEC("license") = "GPL"; /* GPL-2.0-only, in the spelling that the kernel knows */
