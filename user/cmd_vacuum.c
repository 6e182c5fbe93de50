// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_vacuum.c - the limits of the store, now: also while somebody records.
 */
#include <time.h>

#include "cmd.h"
#include "log.h"
#include "store.h"
#include "when.h"

int cmd_vacuum(const struct options *o)
{
	_cleanup_(store_closep) struct store *s = NULL;
	struct store_dropped d = {};
	struct store_keep keep;
	struct timespec now;
	char until[32];
	int err;

	store_keep_default(&keep, o);
	err = store_open(&s, o->store ? o->store : STORE_PATH, STORE_VACUUM);
	clock_gettime(CLOCK_REALTIME, &now);
	if (!err)
		err = store_vacuum(s, &keep, now.tv_sec * 1000000000LL + now.tv_nsec, true, &d);
	if (err < 0) {
		log_error("%s", s ? store_why(s) : strerror(-err));
		return EXIT_NOTHING;
	}
	if (d.events == 0) {
		log_info("nothing to drop: all is within the limits");
		return EXIT_DONE;
	}
	when_print(d.until, o->utc, false, until, sizeof(until));
	log_info(
		"dropped %llu events, %llu whole incidents and %llu samples, all until %s, for the "
		"limit of %s: %llu KiB",
		(unsigned long long)d.events, (unsigned long long)d.incidents,
		(unsigned long long)d.samples, until, d.why, (unsigned long long)d.bytes >> 10);
	return EXIT_DONE;
}
