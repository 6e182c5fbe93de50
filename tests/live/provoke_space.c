// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: blocks, inodes and quotas of file systems.
 */
#define _GNU_SOURCE
#include "provoke.h"

const struct provocation space_provocations[] = {
	{0},
};
