// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_vacuum.c - the limits of the store, now: also while somebody records.
 * It can be interrupted: what went until then is told, and the rest stays.
 */
#include <signal.h>
#include <time.h>

#include "cmd.h"
#include "log.h"
#include "store.h"
#include "when.h"

#define PROGRESS_S 3

static volatile sig_atomic_t interrupted;

static void on_signal(int sig _unused_)
{
	interrupted = 1;
}

static int progress(void *arg, const struct store_dropped *d)
{
	struct timespec *said = arg, now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec >= said->tv_sec + PROGRESS_S) {
		log_info("dropped %llu events, %llu MiB so far; Ctrl-C ends it",
			 (unsigned long long)d->events, (unsigned long long)d->bytes >> 20);
		*said = now;
	}
	return interrupted ? -EINTR : 0;
}

static void summary(const struct options *o, const struct store_dropped *d)
{
	char until[32];

	when_print(d->until, o->utc, false, until, sizeof(until));
	log_info(
		"dropped %llu events, %llu whole incidents and %llu samples, all until %s, for the "
		"limit of %s: %llu KiB",
		(unsigned long long)d->events, (unsigned long long)d->incidents,
		(unsigned long long)d->samples, until, d->why, (unsigned long long)d->bytes >> 10);
}

int cmd_vacuum(const struct options *o)
{
	_cleanup_(store_closep) struct store *s = NULL;
	const struct sigaction end = {.sa_handler = on_signal};
	struct store_dropped d = {};
	struct store_keep keep;
	struct timespec now, said;
	struct store_vacuum v = {.progress = progress, .arg = &said};
	int err;

	store_keep_default(&keep, o);
	err = store_open(&s, o->store ? o->store : STORE_PATH, STORE_VACUUM);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_MONOTONIC, &said);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	if (!err)
		err = store_vacuum(s, &keep, now.tv_sec * 1000000000LL + now.tv_nsec, &v, &d);
	if (d.why)
		summary(o, &d);
	if (err == -EINTR)
		log_error("interrupted before the limits held: run it again");
	else if (err < 0)
		log_error("%s", s ? store_why(s) : strerror(-err));
	else if (!d.why)
		log_info("nothing to drop: all is within the limits");
	return err < 0 ? EXIT_NOTHING : EXIT_DONE;
}
