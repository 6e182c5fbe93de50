// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: limits of a user and of the host's objects: inotify, fanotify, epoll, mounts, aio,
 * ptys, keys, namespaces.
 */
#define _GNU_SOURCE
#include "provoke.h"

const struct provocation user_provocations[] = {
	{0},
};
