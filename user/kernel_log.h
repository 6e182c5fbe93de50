/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_log.h - live: what the kernel log says, for what no hook sees
 * (backend "kmsg").
 *
 * The words are those of import.h, read from /dev/kmsg as they are written.
 * Whatever a hook tells of is left to it; where no hook could be attached at
 * all, the log tells of kills too.
 */
#ifndef FAILCNT_KERNEL_LOG_H
#define FAILCNT_KERNEL_LOG_H

#include "attach.h"
#include "event.h"

struct kernel_log;

struct kernel_log_options {
	int fd; /* reads as /dev/kmsg does, not blocking, and is taken over; -1: that, from now on
		 */
	const struct attach_plan *plan; /* of the hooks; NULL: there are none. Only for the call */
	const struct event_context *context; /* outlives it */
	/* *e is the callee's until it returns */
	void (*on_event)(void *arg, struct event *e);
	void *arg;
};

/*
 * -errno where the log cannot be read: -EPERM (kernel.dmesg_restrict, and no CAP_SYSLOG), -ENOENT
 * (a container without /dev/kmsg). Freed by kernel_log_close().
 */
int kernel_log_open(struct kernel_log **ret, const struct kernel_log_options *o);
void kernel_log_close(struct kernel_log *l);

int kernel_log_fd(
	const struct kernel_log *l); /* readable when something was logged; l may be NULL */

/* CLOCK_MONOTONIC ms when kernel_log_run() is to be called though nothing is readable: a report
 * of several lines may have ended. UINT64_MAX: nothing is under way. */
uint64_t kernel_log_due(const struct kernel_log *l);

/* Reads what is there. -errno where it can be read no more. */
int kernel_log_run(struct kernel_log *l, uint64_t now_ms);

/* Tells what waits for more lines. */
void kernel_log_flush(struct kernel_log *l);

#endif
