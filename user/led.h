/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * led.h - what led to a kill: the refusals of the minute before it, and the kills that others
 * followed from. Bounded; what is oldest makes room.
 */
#ifndef FAILCNT_LED_H
#define FAILCNT_LED_H

#include "event.h"

struct led;

/* NULL: out of memory. */
struct led *led_new(void);
void led_free(struct led *l);

/* Of each event as it comes, in order, before it is explained. A refusal is remembered. A kill gets
 * BEFORE, and of a death by a signal what other events tell of it is filled in. */
void led_event(struct led *l, struct event *e, struct event_facts *f);

/* Ends SAYS with a sentence about BEFORE, where there is one. Pure. */
void led_says(struct event *e);

#endif
