/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_read.h - fills the model of a report from a store.
 */
#ifndef FAILCNT_REPORT_READ_H
#define FAILCNT_REPORT_READ_H

#include "report_model.h"

/*
 * What of s the report tells: of q what it says, else of the last day before now, or where all is
 * older, of the last day that there is. now: CLOCK_REALTIME ns; zone as of report_new().
 * *ret is freed with report_free(). -errno, see store_why().
 */
int report_read(struct report **ret, struct store *s, const struct store_query *q, int64_t now,
		long zone);

#endif
