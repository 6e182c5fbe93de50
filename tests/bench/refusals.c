// SPDX-License-Identifier: GPL-2.0-only
/*
 * refusals.c - is refused a descriptor so many times in a row, and says what processor time one of
 * these calls took, in nanoseconds. What watches it has to have counted as many. The
 * file is not there, and not looked for: a descriptor is taken first (fs/open.c, do_sys_openat2()).
 *
 *   refusals N
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 16 /* of descriptors */

static long cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	long n = argc == 2 ? atol(argv[1]) : 0, refused = 0, begin;
	struct rlimit r = {LIMIT, LIMIT};

	if (n < 1 || setrlimit(RLIMIT_NOFILE, &r) < 0)
		return 2;
	/* Used up without a refusal: the highest comes last. */
	while (dup(1) < LIMIT - 1)
		;
	begin = cpu_ns();
	for (long i = 0; i < n; i++)
		refused += open("/refused", O_RDONLY) < 0 && errno == EMFILE;
	printf("%ld\n", (cpu_ns() - begin) / n);
	return refused != n;
}
