// SPDX-License-Identifier: GPL-2.0-only
/* The other two things that the witness does: reading the kernel's accounting, and being a client.
 */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acct.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/*
 * "A PID SIGNAL COMM" for each process in the file of acct(2) that died of a signal: ac_exitcode is
 * its wait status (kernel/acct.c acct_collect(), of the thread group's leader).
 */
int read_acct(const char *path)
{
	FILE *f = fopen(path, "r");
	struct acct_v3 a;
	long n = 0;

	if (!f)
		fail(path);
	while (fread(&a, sizeof(a), 1, f) == 1) {
		n++;
		if ((a.ac_version & 0xf) != 3)
			fail("acct: not version 3");
		if (a.ac_exitcode & 0x7f)
			printf("A %u %u %.16s\n", a.ac_pid, a.ac_exitcode & 0x7f, a.ac_comm);
	}
	fclose(f);
	printf("X ended %ld\n", n);
	return 0;
}

/* PATH: makes the file and writes each death there from now on; NULL: no longer. */
int switch_acct(const char *path)
{
	FILE *f = path ? fopen(path, "w") : NULL;

	if (f)
		fclose(f);
	if ((path && !f) || acct(path))
		fail("acct");
	return 0;
}

static int connect_to(const char *where)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool path = where[0] == '/';
	int fd = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", where);
	in.sin_port = htons(atoi(where));
	if (fd < 0)
		return -1;
	if (connect(fd, path ? (void *)&un : (void *)&in, path ? sizeof(un) : sizeof(in))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* connect PORT|/SOCKET HOW_MANY HOLD_MS SECONDS: many at once that say nothing, again and again. */
int connect_often(int argc, char **argv)
{
	int fds[256], n = argc == 4 ? atoi(argv[1]) : 0, i;
	time_t end = time(NULL) + (argc == 4 ? atol(argv[3]) : 0);

	if (n < 1 || n > (int)ARRAY_SIZE(fds))
		return 2;
	while (time(NULL) < end) {
		for (i = 0; i < n; i++)
			fds[i] = connect_to(argv[0]);
		usleep(atoi(argv[2]) * 1000);
		for (i = 0; i < n; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		usleep(atoi(argv[2]) * 1000);
	}
	return 0;
}
