// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: sockets, neighbours, conntrack, ports, backlogs.
 */
#define _GNU_SOURCE
#include "provoke.h"

const struct provocation net_provocations[] = {
	{0},
};
