/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - which events a person asked for. Pure. What the kernel can filter
 * it does as well (tracer_options); this is the whole of it.
 */
#ifndef FAILCNT_FILTER_H
#define FAILCNT_FILTER_H

#include "field.h"
#include "options.h"

/* Losses and the stream's own lines always pass. A followup passes with its event. */
bool filter_pass(const struct event *e, const struct options *o);

#endif
