/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notify.h - tells the service manager how we are: sd_notify(3), without its
 * library.
 */
#ifndef FAILCNT_NOTIFY_H
#define FAILCNT_NOTIFY_H

#include "util.h"

/*
 * state: "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=..." lines. 0, also where nobody wants to
 * know ($NOTIFY_SOCKET is not set); -errno.
 */
int notify(const char *state);

/* How often WATCHDOG=1 is to come, half of what is allowed; 0: nobody waits for it. */
uint64_t notify_watchdog_ms(void);

#endif
