/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * correlate.h - which failure counters moved with an event, and which moved
 * without one. Pure: rows and events in, verdicts out, time as an argument.
 *
 * A baseline holds the last known rows of every owner. Rows read anew are
 * compared with it; each row that moved is either told with an event that was
 * waiting for it (`followup`) or, after a grace in which the event may still
 * arrive, on its own (`counted`).
 */
#ifndef FAILCNT_CORRELATE_H
#define FAILCNT_CORRELATE_H

#include "counter.h"
#include "field.h"

/* See watcher.h for the part with descriptors. */

#endif
