// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: address space, locked memory, maps, commit, huge pages.
 */
#define _GNU_SOURCE
#include "provoke.h"

const struct provocation memory_provocations[] = {
	{0},
};
