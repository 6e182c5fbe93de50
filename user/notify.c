// SPDX-License-Identifier: GPL-2.0-only
/*
 * notify.c - one datagram to $NOTIFY_SOCKET; a name that begins with @ is an
 * abstract one (unix(7)).
 */
#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "parse.h"

int notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	_cleanup_close_ int fd = -1;

	if (n == 0)
		return 0;
	if ((*path != '/' && *path != '@') || n >= sizeof(to.sun_path))
		return -EINVAL;
	memcpy(to.sun_path, path, n);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return -errno;
	return 0;
}

uint64_t notify_watchdog_ms(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t n;

	if (!us || parse_u64(us, strlen(us), &n) < 0)
		return 0;
	if (pid && (uint64_t)strtoull(pid, NULL, 10) != (uint64_t)getpid())
		return 0;
	return n / 2000;
}
