// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: queued signals, timers, and limits that end in a signal.
 */
#define _GNU_SOURCE
#include "provoke.h"

const struct provocation signal_provocations[] = {
	{0},
};
